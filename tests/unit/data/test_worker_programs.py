"""Workers of loaders know what the program around them has made and switched."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import dlstudio
from dlstudio.errors import DataError
from dlstudio.gluon.data import DataLoader, Dataset, SimpleDataset

pytestmark = pytest.mark.timeout(120)


_CELL = """
import numpy as np
from dlstudio.gluon.data import DataLoader, Dataset
from dlstudio.gluon.data.vision import transforms

class Defined(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, idx):
        return np.full((4, 4, 1), idx, np.uint8), idx

to_tensor = transforms.ToTensor()
loader = DataLoader(Defined().transform_first(lambda x: to_tensor(x) * 255), 4, num_workers=2)
[data.asnumpy().mean(axis=(1, 2, 3)).tolist() for data, label in loader]
"""


@pytest.mark.notebook
def test_a_dataset_defined_in_a_notebook_cell_works_in_workers(repository, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    import nbformat

    monkeypatch.setenv("PYTHONPATH", str(repository))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_CELL)])

    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()

    (answer,) = notebook.cells[0].outputs
    assert answer["data"]["text/plain"] == "[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]"


_OWN_CLASSES = """
import collections
from dlstudio.gluon.data import DataLoader, SimpleDataset

Batch = collections.namedtuple("Batch", "ids")

class Unreadable(Exception):
    def __init__(self, index, reason):
        super().__init__(index, reason)

def read(index):
    if index == 3:
        raise Unreadable(index, "no such clip")
    return index

dataset = SimpleDataset(range(4)).transform(read)
batches = iter(DataLoader(dataset, 2, num_workers=1, batchify_fn=Batch))
first = next(batches)
assert isinstance(first, Batch) and first.ids == [0, 1]
try:
    next(batches)
except Unreadable as error:
    print(error.args)
"""


def test_classes_of_a_script_come_home_from_workers_as_themselves(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(_OWN_CLASSES, encoding="utf-8")

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert done.stdout == "(3, 'no such clip')\n", done.stderr


def test_sparse_batches_stay_sparse():
    rows = np.eye(200, dtype=np.float32)
    matrix = dlstudio.nd.sparse.csr_matrix(rows)

    loader = DataLoader(SimpleDataset([matrix] * 2), 2, num_workers=1, batchify_fn=lambda x: x[0])

    (batch,) = loader
    assert batch.stype == "csr"
    assert np.array_equal(batch.asnumpy(), rows)


def test_bfloat16_comes_through_workers():
    pytest.importorskip("ml_dtypes")
    data = dlstudio.nd.arange(40_000).reshape((4, 10_000)).astype("bfloat16")

    loader = DataLoader(SimpleDataset(list(data)), 4, num_workers=1)

    (batch,) = loader
    assert str(np.dtype(batch.dtype)) == "bfloat16"
    assert np.array_equal(batch.asnumpy(), data.asnumpy())


def test_programs_that_import_mxnet_may_use_it_in_workers():
    program = """
    import dlstudio; dlstudio.install_as_mxnet()
    import mxnet as mx
    from mxnet.gluon.data import ArrayDataset, DataLoader

    def double(x):
        from mxnet import nd
        return mx.nd.array([x]) + nd.array([x])

    (batch,) = DataLoader(ArrayDataset([1, 2]).transform(double), 2, num_workers=1)
    assert batch.asnumpy().tolist() == [[2], [4]]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=100)


def test_workers_hand_out_arrays_of_the_dialect_that_the_program_has_set():
    names = DataLoader(SimpleDataset([0] * 2), 2, num_workers=1, batchify_fn=_names_of_switches)
    with dlstudio.util.np_array(True):
        np_names = DataLoader(
            SimpleDataset([0] * 2), 2, num_workers=1, batchify_fn=_names_of_switches
        )
        assert list(np_names) == [["array"]]

    assert list(names) == [[]]


def _names_of_switches(_):
    return ["array"] if dlstudio.util.is_np_array() else []


class _Inner(Dataset):
    """Reads another data set by a loader of its own."""

    def __len__(self):
        return 2

    def __getitem__(self, idx):
        return next(iter(DataLoader(SimpleDataset([idx]), 1, num_workers=1)))


def test_a_loader_inside_a_worker_is_told_to_have_no_workers():
    with pytest.raises(DataError, match=r"num_workers=0\) in data sets that workers"):
        list(DataLoader(_Inner(), 1, num_workers=1))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_process_has_loader_workers_of_its_own():
    program = """
    import multiprocessing
    from dlstudio.gluon.data import DataLoader

    def total(queue=None):
        found = [int(batch.sum().asscalar()) for batch in DataLoader([1, 2, 3], 2, num_workers=1)]
        return found if queue is None else queue.put(found)

    assert total() == [3, 3]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=total, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == [3, 3]
    child.join()
    assert total() == [3, 3]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=100)
