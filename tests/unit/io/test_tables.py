"""CSVIter, MNISTIter, and the iterators around others."""

from __future__ import annotations

import gzip
import struct
import threading

import numpy as np
import pytest

from dlstudio.errors import DataError, FileFormatError, MissingFileError, ParamError
from dlstudio.io import (
    CSVIter,
    DataIter,
    MNISTIter,
    MXDataIter,
    NDArrayIter,
    PrefetchingIter,
    ResizeIter,
)


def rows(iterator):
    return [(batch.data[0].asnumpy()[:, 0].tolist(), batch.pad) for batch in iterator]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("".join(f"{i},{i + 0.5},-1\n" for i in range(5)), encoding="utf-8")
    return path


# ---- csv -----------------------------------------------------------------------------------------
def test_the_next_epoch_goes_on_after_the_lines_that_filled_the_last_batch(table):
    batches = CSVIter(data_csv=str(table), data_shape=(3,), batch_size=2)
    assert isinstance(batches, MXDataIter)
    assert rows(batches) == [([0, 1], 0), ([2, 3], 0), ([4, 0], 1)]
    assert rows(batches) == []
    batches.reset()
    assert rows(batches) == [([1, 2], 0), ([3, 4], 0)]
    batches.reset()
    assert rows(batches) == [([0, 1], 0), ([2, 3], 0), ([4, 0], 1)]


def test_without_rounding_zeros_fill_the_last_batch(table):
    batches = CSVIter(data_csv=table, data_shape=(3,), batch_size=2, round_batch=False)
    for _ in range(2):
        assert rows(batches) == [([0, 1], 0), ([2, 3], 0), ([4, 0], 1)]
        batches.reset()


def test_shapes_labels_and_dtypes(tmp_path, table):
    labels = tmp_path / "label.csv"
    labels.write_text("".join(f"{i}\n" for i in range(5)), encoding="utf-8")
    batches = CSVIter(
        data_csv=table, data_shape=(3, 1), label_csv=labels, batch_size=5, dtype="int32"
    )
    batch = batches.next()
    assert batch.data[0].shape == (5, 3, 1)
    assert batch.data[0].dtype == np.int32
    assert batch.label[0].asnumpy().tolist() == [0, 1, 2, 3, 4]
    assert batches.provide_data == [("data", (5, 3, 1))]
    assert batches.provide_label == [("softmax_label", (5,))]
    plain = CSVIter(data_csv=table, data_shape=(3,), batch_size=2).next()
    assert plain.label[0].asnumpy().tolist() == [0, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3\n1,x,3\n", "line 2"),
        ("1,2,3\n1,2\n", "line 2: 2 numbers"),
        ("", "no lines"),
    ],
)
def test_damaged_tables_name_the_line(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=message):
        CSVIter(data_csv=path, data_shape=(3,))


def test_tables_that_do_not_fit_are_refused(tmp_path, table):
    short = tmp_path / "short.csv"
    short.write_text("1\n2\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="5 lines"):
        CSVIter(data_csv=table, data_shape=(3,), label_csv=short)
    with pytest.raises(MissingFileError, match="nowhere"):
        CSVIter(data_csv=tmp_path / "nowhere.csv", data_shape=(3,))
    with pytest.raises(ParamError, match="batch_size"):
        CSVIter(data_csv=table, data_shape=(3,), batch_size=0)


# ---- mnist ---------------------------------------------------------------------------------------
@pytest.fixture
def digits(tmp_path):
    images = np.arange(10 * 28 * 28).reshape(10, 28, 28).astype(np.uint8)
    head = struct.pack(">4B3I", 0, 0, 8, 3, 10, 28, 28)
    (tmp_path / "images-idx3-ubyte").write_bytes(head + images.tobytes())
    labels = struct.pack(">4BI", 0, 0, 8, 1, 10) + bytes(range(10))
    (tmp_path / "labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return tmp_path, images


def mnist(folder, **options):
    image, label = folder / "images-idx3-ubyte", folder / "labels-idx1-ubyte"
    return MNISTIter(image=str(image), label=str(label), batch_size=4, silent=True, **options)


def test_digits_are_scaled_and_an_incomplete_batch_is_dropped(digits):
    folder, images = digits
    batches = list(mnist(folder, shuffle=False))
    assert [batch.label[0].asnumpy().tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert batches[0].data[0].shape == (4, 1, 28, 28)
    np.testing.assert_allclose(batches[0].data[0].asnumpy()[:, 0], images[:4] / 256, rtol=1e-6)
    flat = mnist(folder, flat=True, shuffle=False)
    assert flat.provide_data == [("data", (4, 784))]


def test_shuffled_digits_repeat_with_their_seed(digits):
    folder, _ = digits

    def order(seed):
        batches = mnist(folder, shuffle=True, seed=seed)
        first = [b.label[0].asnumpy().tolist() for b in batches]
        batches.reset()
        return first, [b.label[0].asnumpy().tolist() for b in batches]

    assert order(3) == order(3)
    assert order(3) != order(4)
    assert order(3)[0] != order(3)[1]


def test_digits_come_in_parts(digits):
    batches = mnist(digits[0], shuffle=False, num_parts=2, part_index=1)
    assert [b.label[0].asnumpy().tolist() for b in batches] == [[5, 6, 7, 8]]
    with pytest.raises(MissingFileError, match="images-idx3"):
        mnist(digits[0] / "nowhere")


# ---- around others -------------------------------------------------------------------------------
def test_a_resized_iterator_has_its_own_length():
    inner = NDArrayIter(np.arange(6.0).reshape(6, 1), batch_size=2)
    assert rows(ResizeIter(inner, 2)) == [([0, 1], 0), ([2, 3], 0)]
    longer = ResizeIter(NDArrayIter(np.arange(6.0).reshape(6, 1), batch_size=2), 4)
    assert [r for r, _ in rows(longer)] == [[0, 1], [2, 3], [4, 5], [0, 1]]
    longer.reset()
    assert len(rows(longer)) == 4
    going_on = ResizeIter(
        NDArrayIter(np.arange(6.0).reshape(6, 1), batch_size=2), 2, reset_internal=False
    )
    rows(going_on)
    going_on.reset()
    assert [r for r, _ in rows(going_on)] == [[4, 5], [0, 1]]
    with pytest.raises(ParamError, match="size"):
        ResizeIter(inner, 0)


class Recorder(NDArrayIter):
    """Notes in which threads its batches are made."""

    def next(self):
        self.threads = {*getattr(self, "threads", ()), threading.current_thread().name}
        return super().next()


def test_batches_are_made_ahead_in_a_thread_and_joined():
    x, y = np.arange(6.0).reshape(6, 1), np.arange(6.0)
    first, second = Recorder(x, y, batch_size=2), NDArrayIter(x + 10, batch_size=2)
    both = PrefetchingIter([first, second], rename_data=[{"data": "a"}, {"data": "b"}])
    assert [d.name for d in both.provide_data] == ["a", "b"]
    assert both.provide_label == [("softmax_label", (2,))]
    for _ in range(2):
        batches = list(both)
        assert [b.data[1].asnumpy()[0, 0] for b in batches] == [10, 12, 14]
        assert [b.label[0].asnumpy().tolist() for b in batches] == [[0, 1], [2, 3], [4, 5]]
        both.reset()
    assert all(name.startswith("dlstudio-prefetch") for name in first.threads)


def test_errors_of_the_thread_reach_the_program():
    class Broken(DataIter):
        provide_data = (("data", (2, 1)),)
        provide_label = ()

        def next(self):
            raise KeyError("no such annotation")

    with pytest.raises(KeyError, match="annotation"):
        PrefetchingIter(Broken()).next()


def test_iterators_of_different_lengths_are_refused():
    x = np.arange(6.0).reshape(6, 1)
    both = PrefetchingIter([NDArrayIter(x, batch_size=2), NDArrayIter(x[:4], batch_size=2)])
    with pytest.raises(DataError, match="iterator 1 ended"):
        list(both)
