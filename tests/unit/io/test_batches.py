"""`mx.io`: descriptions, batches, and iterating over arrays."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio import nd
from dlstudio.errors import DTypeError, ParamError, ShapeError
from dlstudio.io import DataBatch, DataDesc, DataIter, NDArrayIter


def test_a_description_is_a_pair_with_dtype_and_layout():
    description = DataDesc("data", (32, 1, 28, 28))

    assert description == ("data", (32, 1, 28, 28))
    assert description.dtype is np.float32
    assert description.layout == "NCHW"
    assert DataDesc("x", (1,), "int32", "N").dtype == "int32"
    batches = NDArrayIter(nd.zeros((4, 3)), batch_size=2)
    assert str(batches.provide_data) == "[DataDesc[data,(2, 3),<class 'numpy.float32'>,NCHW]]"


@pytest.mark.parametrize(("layout", "axis"), [("NCHW", 0), ("TNC", 1), (None, 0), ("HW", -1)])
def test_the_batch_axis_is_where_the_layout_has_its_n(layout, axis):
    assert DataDesc.get_batch_axis(layout) == axis


def test_descriptions_are_made_of_shapes_and_types():
    shapes = [("a", (2, 3)), ("b", (2,))]

    assert [d.dtype for d in DataDesc.get_list(shapes, None)] == [np.float32, np.float32]
    assert [d.dtype for d in DataDesc.get_list(shapes, [("a", "f2"), ("b", "i4")])] == ["f2", "i4"]


def test_a_batch_wants_lists():
    batch = DataBatch([np.zeros((2, 3))], [np.zeros(2)], pad=1)

    assert str(batch) == "DataBatch: data shapes: [(2, 3)] label shapes: [(2,)]"
    with pytest.raises(DTypeError, match="data is a ndarray"):
        DataBatch(np.zeros(3))


def test_an_iterator_needs_next_only():
    class Three(DataIter):
        count = 0

        def next(self):
            if self.count == 3:
                raise StopIteration
            self.count += 1
            return DataBatch([], pad=self.count)

    assert [batch.pad for batch in Three()] == [1, 2, 3]


def epoch(iterator):
    return [(batch.data[0].asnumpy().tolist(), batch.pad) for batch in iterator]


def test_a_last_batch_is_padded_from_the_beginning():
    iterator = NDArrayIter(np.arange(5), batch_size=2)

    assert epoch(iterator) == [([0, 1], 0), ([2, 3], 0), ([4, 0], 1)]
    assert epoch(iterator) == []
    iterator.reset()
    assert len(epoch(iterator)) == 3


def test_a_last_batch_is_discarded():
    iterator = NDArrayIter(np.arange(5), batch_size=2, last_batch_handle="discard")

    assert epoch(iterator) == [([0, 1], 0), ([2, 3], 0)]


def test_a_last_batch_rolls_over_until_a_hard_reset():
    iterator = NDArrayIter(np.arange(5), batch_size=2, last_batch_handle="roll_over")

    assert epoch(iterator) == [([0, 1], 0), ([2, 3], 0)]
    iterator.reset()
    assert epoch(iterator) == [([4, 0], 0), ([1, 2], 0), ([3, 4], 0)]
    iterator.reset()
    epoch(iterator)
    iterator.hard_reset()
    assert epoch(iterator)[0] == ([0, 1], 0)


def test_labels_go_with_their_data_when_shuffled():
    np.random.seed(0)
    iterator = NDArrayIter(np.arange(100), np.arange(100) * 2, batch_size=10, shuffle=True)

    batches = list(iterator)

    data = np.concatenate([batch.data[0].asnumpy() for batch in batches])
    label = np.concatenate([batch.label[0].asnumpy() for batch in batches])
    assert sorted(data) == list(range(100))
    assert not np.array_equal(data, np.arange(100))
    assert np.array_equal(label, data * 2)


def test_arrays_are_described_by_name_shape_and_dtype():
    iterator = NDArrayIter([np.zeros((6, 2)), np.zeros((6, 3))], {"y": np.zeros(6)}, batch_size=3)

    assert iterator.provide_data == [("_0_data", (3, 2)), ("_1_data", (3, 3))]
    assert iterator.provide_label == [("y", (3,))]
    assert iterator.provide_data[0].dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (dict(data=np.zeros(5), label=np.zeros(4)), ShapeError),
        (dict(data=[]), ShapeError),
        (dict(data=[[1, 2], [3, 4]]), DTypeError),
        (dict(data=np.zeros(5), batch_size=6), ParamError),
        (dict(data=np.zeros(5), last_batch_handle="keep"), ParamError),
    ],
)
def test_senseless_arguments_are_refused(arguments, error):
    with pytest.raises(error, match="NDArrayIter: got"):
        NDArrayIter(**arguments)
