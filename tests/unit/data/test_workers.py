"""Batches made by worker processes: without a copy, without leftovers, with clear errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest

import dlstudio
from dlstudio.errors import DataError
from dlstudio.gluon.data import ArrayDataset, DataLoader, Dataset, SimpleDataset, shared
from dlstudio.trace import copies

pytestmark = pytest.mark.timeout(120)


class Images(Dataset):
    """Sample i is filled with i."""

    def __init__(self, count=48):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, idx):
        return np.full((3, 32, 32), idx, np.float32), idx


@pytest.fixture
def loader():
    made = DataLoader(Images(), 8, num_workers=2)
    yield made
    made._worker_pool().close()


def test_batches_come_complete_and_in_order_epoch_after_epoch(loader):
    for _ in range(2):
        seen = []
        for data, label in loader:
            assert data.shape == (8, 3, 32, 32)
            assert data.asnumpy()[:, 0, 0, 0].tolist() == label.asnumpy().tolist()
            seen += label.asnumpy().tolist()
        assert seen == list(range(48))


def test_a_batch_is_shared_memory_and_not_a_copy_of_it(loader):
    data, _ = next(iter(loader))

    base = data._data
    while isinstance(base, np.ndarray):
        base = base.base
    assert type(base).__name__ in ("mmap", "memoryview")


def test_the_ledger_counts_no_copy_for_batches_and_one_for_a_data_set_of_arrays(loader):
    with copies.ledger() as moved:
        list(loader)
    assert len(moved) == 0

    array = np.zeros((10, 4000), np.float32)
    with copies.ledger() as moved:
        list(DataLoader(ArrayDataset(array), 5, num_workers=2))
    assert moved.by_reason() == {"sent to another process": array.nbytes}


def _open_files():
    folders = [Path("/dev/shm"), Path("/proc/self/fd")]
    if not all(folder.is_dir() for folder in folders):
        pytest.skip("only Linux shows its shared memory and handles as files")
    return [len(list(folder.iterdir())) for folder in folders]


def test_no_file_and_no_handle_stays_behind(loader):
    list(loader)
    before = _open_files()

    for data, _ in loader:
        assert data.shape[0] == 8
    del data

    assert _open_files() == before


def test_keeping_many_batches_does_not_use_up_the_file_handles():
    loader = DataLoader(Images(2 * shared.MOST_MAPPED + 50), 2, num_workers=2)
    list(loader)
    before = _open_files()

    with copies.ledger() as moved:
        kept = [data for data, _ in loader]

    assert 0 < len(moved) < len(kept)  # what is beyond the limit is copied, and counted
    assert [int(data.asnumpy()[0, 0, 0, 0]) for data in kept] == list(range(0, 2 * len(kept), 2))
    files = [now - then for now, then in zip(_open_files(), before, strict=True)]
    assert max(files) <= shared.MOST_MAPPED + 1


def test_batches_stay_valid_after_the_workers_have_ended(loader):
    kept = [data for data, _ in loader]
    loader._worker_pool().close()

    assert [data.asnumpy()[0, 0, 0, 0] for data in kept] == [0, 8, 16, 24, 32, 40]


def test_batches_may_be_changed_in_place(loader):
    data, _ = next(iter(loader))

    data[:] = 5

    assert data.asnumpy().min() == 5


def test_two_passes_at_once_do_not_disturb_each_other(loader):
    pairs = zip(loader, loader, strict=True)

    assert all((a.asnumpy() == b.asnumpy()).all() for (a, _), (b, _) in pairs)


def test_a_pass_that_was_left_early_leaves_nothing_behind(loader):
    for _ in loader:
        break

    assert [int(label.asnumpy()[0]) for _, label in loader] == [0, 8, 16, 24, 32, 40]
    assert not loader._worker_pool()._answers


class Random(Images):
    def __getitem__(self, idx):
        return np.random.rand(3), idx


@pytest.mark.parametrize("workers", [1, 2])
def test_numpys_seed_fixes_augmentation_whatever_the_number_of_workers(workers):
    np.random.seed(11)
    draws = [data.asnumpy() for data, _ in DataLoader(Random(16), 4, num_workers=workers)]
    np.random.seed(11)
    again = [data.asnumpy() for data, _ in DataLoader(Random(16), 4, num_workers=2)]

    assert all((a == b).all() for a, b in zip(draws, again, strict=True))
    assert not (draws[0] == draws[1]).any()


@pytest.mark.parametrize("threads", [False, True])
def test_as_many_batches_are_made_ahead_as_prefetch_says(tmp_path, threads):
    class Noted(Images):
        def __getitem__(self, idx):
            (tmp_path / str(idx)).touch()  # what another process does must be seen from here
            return super().__getitem__(idx)

    epoch = iter(DataLoader(Noted(48), 4, num_workers=1, prefetch=3, thread_pool=threads))
    next(epoch)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 16 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)  # a fifth batch would begin now
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == list(range(16))
    assert len(list(epoch)) == 11


class Broken(Images):
    def __getitem__(self, idx):
        if idx == 13:
            raise KeyError("no such annotation")
        return super().__getitem__(idx)


def test_an_error_in_a_worker_shows_the_sample_and_the_workers_own_traceback():
    with pytest.raises(KeyError, match="no such annotation") as caught:
        list(DataLoader(Broken(), 8, num_workers=2))

    note = caught.value.__notes__[0]
    assert "sample 13 failed in a worker" in note
    assert 'raise KeyError("no such annotation")' in note
    assert "Fix:" in note


@pytest.mark.parametrize("threads", [False, True])
def test_after_an_error_of_the_dataset_the_next_batches_come(threads):
    batches, labels = iter(DataLoader(Broken(24), 4, num_workers=1, thread_pool=threads)), []
    for _ in range(6):
        try:
            labels.append(int(next(batches)[1].asnumpy()[0]))
        except KeyError:
            labels.append(-1)

    assert labels == [0, 4, 8, -1, 16, 20]
    assert next(batches, None) is None


class Ragged(Images):
    def __getitem__(self, idx):
        return np.zeros(idx + 1)


def test_samples_that_cannot_be_stacked_name_the_batch():
    with pytest.raises(DataError, match="different shapes") as caught:
        list(DataLoader(Ragged(), 3, num_workers=1))

    assert "batch of samples 0, 1, 2" in caught.value.__notes__[0]


class Deadly(Images):
    def __getitem__(self, idx):
        if idx == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(idx)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_worker_is_an_error_and_the_loader_can_be_used_again():
    loader = DataLoader(Deadly(), 8, num_workers=2)

    for _ in range(2):
        with pytest.raises(DataError, match="killed by SIGKILL") as caught:
            list(loader)
        assert "out of memory" in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_an_epoch_whose_workers_have_ended_says_so():
    batches = iter(DataLoader(Deadly(), 8, num_workers=1, timeout=60))
    for message in ("killed by SIGKILL", "workers of this epoch have ended"):
        with pytest.raises(DataError, match=message):
            list(batches)


class Stuck(Images):
    def __getitem__(self, idx):
        time.sleep(100)


def test_a_worker_that_takes_too_long_is_reported():
    loader = DataLoader(Stuck(), 8, num_workers=1, timeout=0.5)

    with pytest.raises(DataError, match=r"within 0\.5 seconds"):
        next(iter(loader))
    loader._worker_pool().close()


def test_after_an_interrupt_amid_a_message_the_loader_starts_afresh(loader, monkeypatch):
    def interrupted(connection):
        connection.recv_bytes()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shared, "receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(iter(loader))

    assert [int(label.asnumpy()[0]) for _, label in loader] == [0, 8, 16, 24, 32, 40]


class _Guarded(Images):
    """Holds what cannot be pickled, as open files and connections."""

    def __init__(self):
        super().__init__(6)
        self.lock = threading.Lock()


def test_a_dataset_that_cannot_be_sent_is_read_here_with_a_warning_that_says_why():
    loader = DataLoader(_Guarded(), 3, num_workers=2)

    with pytest.warns(UserWarning, match=r"cannot be sent to worker processes[\s\S]*thread_pool"):
        first = list(loader)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = list(loader)

    for epoch in (first, again):
        assert [label.asnumpy().tolist() for _, label in epoch] == [[0, 1, 2], [3, 4, 5]]


def test_classes_and_functions_defined_on_the_spot_can_be_sent():
    pytest.importorskip("cloudpickle")

    class Local(Images):
        def __getitem__(self, idx):
            return idx

    loader = DataLoader(Local(6), 3, num_workers=1, batchify_fn=lambda xs: -sum(xs))

    assert list(loader) == [-3, -12]


def test_a_batchify_function_may_return_tensors_and_other_things():
    from dlstudio import nd

    def batchify(samples):
        return {"sum": nd.array([sum(samples)]), "names": ["x"] * len(samples)}

    (batch,) = DataLoader(SimpleDataset([1, 2, 3]), 3, num_workers=1, batchify_fn=batchify)

    assert batch["sum"].asnumpy().tolist() == [6]
    assert batch["names"] == ["x", "x", "x"]


def test_a_dataset_of_tensors_reaches_the_workers():
    from dlstudio import nd

    data = nd.arange(40_000).reshape((10, 4000))

    batches = list(DataLoader(ArrayDataset(data, np.arange(10)), 5, num_workers=2))

    assert np.array_equal(np.concatenate([x.asnumpy() for x, _ in batches]), data.asnumpy())


_SCRIPT = """
    import os, sys, time
    import numpy as np
    from dlstudio.gluon.data import DataLoader, Dataset

    class Slow(Dataset):
        def __len__(self):
            return 1000
        def __getitem__(self, idx):
            return np.float32(os.getpid())

    print("script runs", flush=True)     # no `if __name__` guard: workers must not run this again
    loader = DataLoader(Slow(), 2, num_workers=2)
    print(*sorted({int(x) for batch in loader for x in batch.asnumpy()}), flush=True)
    ENDING
"""


def _run_script(tmp_path, ending):
    script = tmp_path / "train it.py"
    script.write_text(textwrap.dedent(_SCRIPT).replace("ENDING", ending), encoding="utf-8")
    found = [str(Path(dlstudio.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, found))},
    )


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(sys.platform == "win32", reason="looks for processes the POSIX way")
@pytest.mark.parametrize(
    "ending",
    ["", "os.kill(os.getpid(), 9)", "raise SystemExit(3)", "iter(loader); os._exit(1)"],
    ids=["normal", "killed", "exit", "abrupt"],
)
def test_workers_end_with_their_parent_and_a_script_needs_no_main_guard(tmp_path, ending):
    answer = _run_script(tmp_path, ending)

    banner, pids = answer.stdout.splitlines()
    assert banner == "script runs"
    workers = [int(pid) for pid in pids.split()]
    assert workers
    deadline = time.monotonic() + 20
    while any(map(_is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_is_running, workers))
    assert "Traceback" not in answer.stderr


def test_packed_arrays_survive_the_pipe_in_every_form():
    large = np.arange(100_000.0).reshape(100, 1000)
    sent = {
        "large": large,
        "same": large,
        "transposed": large.T,
        "small": np.arange(3),
        "empty": np.zeros((0, 4)),
        "text": "blau",
    }
    here, there = Pipe()
    with here, there:
        message = shared.pack(sent, [])
        message.send(here, os.getpid())
        received = shared.receive(there)
        message.close()

    assert received["text"] == "blau"
    assert len(message.blocks) == 1
    for name in ("large", "same", "transposed", "small", "empty"):
        assert np.array_equal(received[name], sent[name])


def test_privately_received_arrays_are_copied_when_written():
    here, there = Pipe()
    with here, there:
        message = shared.pack(np.zeros(10_000), [])
        message.send(here, os.getpid())
        message.send(here, os.getpid())
        mine, other = (shared.receive(there, private=True) for _ in range(2))
        message.close()

    mine[:] = 1

    assert other.sum() == 0
