"""From samples to batches."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio.errors import DataError
from dlstudio.gluon.data import ArrayDataset, DataLoader, batchify
from dlstudio.gluon.data.batchify import default_batchify_fn


@pytest.mark.parametrize(
    ("samples", "dtype"),
    [
        ([1, 2, 3], np.int64),
        ([1.0, 2.0], np.float64),
        ([1, 2.5], np.float64),
        ([True, False], np.bool_),
        ([np.float32(1), np.float32(2)], np.float32),
        ([np.int32(1), np.int32(2)], np.int32),
        ([np.zeros((2, 3), np.uint8)] * 4, np.uint8),
        ([[1, 2], [3, 4]], np.int64),
    ],
)
def test_samples_are_stacked_in_their_own_dtype(samples, dtype):
    batch = default_batchify_fn(samples)

    assert batch.dtype == dtype
    assert np.array_equal(batch.asnumpy(), np.array(samples))


def test_fields_are_stacked_apart_also_in_nested_tuples():
    samples = [(np.zeros(2), (1, 5)), (np.ones(2), (2, 6))]

    data, (first, second) = default_batchify_fn(samples)

    assert data.asnumpy().tolist() == [[0, 0], [1, 1]]
    assert first.asnumpy().tolist() == [1, 2]
    assert second.asnumpy().tolist() == [5, 6]


def test_tensors_are_stacked_like_arrays():
    from dlstudio import nd

    batch = default_batchify_fn([nd.ones((2, 3)), nd.zeros((2, 3))])

    assert batch.shape == (2, 2, 3)
    assert batch.dtype == np.float32


def test_the_dialect_in_force_decides_the_class_of_a_batch():
    import dlstudio as mx

    mx.npx.set_np()
    try:
        batch = default_batchify_fn([1.0, 2.0])
    finally:
        mx.npx.reset_np()

    assert isinstance(batch, mx.np.ndarray)
    assert not isinstance(default_batchify_fn([1.0]), mx.np.ndarray)


def test_different_shapes_are_refused_with_the_shapes_and_two_ways_out():
    with pytest.raises(DataError, match=r"\(2,\), \(3,\)") as caught:
        default_batchify_fn([np.zeros(2), np.zeros(3), np.zeros(2)])

    assert "Resize" in str(caught.value)
    assert "Pad" in str(caught.value)


@pytest.mark.parametrize("sample", ["text", {"a": 1}, None])
def test_what_is_no_number_is_refused_with_its_type(sample):
    with pytest.raises(DataError, match=type(sample).__name__):
        default_batchify_fn([sample, sample])


def test_samples_with_different_numbers_of_fields_are_refused():
    with pytest.raises(DataError, match=r"\[2, 3\] fields"):
        default_batchify_fn([(1, 2), (1, 2, 3)])


def test_pad_fills_up_to_the_longest_and_rounds_up():
    pad = batchify.Pad(val=-1, round_to=4, dtype="float32")

    batch = pad([[1, 2, 3], [4], [5, 6, 7, 8, 9]])

    assert batch.dtype == np.float32
    assert batch.asnumpy().tolist() == [
        [1, 2, 3, -1, -1, -1, -1, -1],
        [4, -1, -1, -1, -1, -1, -1, -1],
        [5, 6, 7, 8, 9, -1, -1, -1],
    ]


def test_pad_fills_every_axis():
    batch = batchify.Pad()([np.ones((1, 3)), np.ones((2, 1))])

    assert batch.shape == (2, 2, 3)
    assert batch.asnumpy().sum() == 5


def test_group_treats_each_field_by_its_own_function():
    group = batchify.Group(batchify.Pad(), batchify.Stack())

    tokens, label = group([([1, 2], 0), ([3], 1)])

    assert tokens.asnumpy().tolist() == [[1, 2], [3, 0]]
    assert label.asnumpy().tolist() == [0, 1]


def test_group_refuses_samples_with_another_number_of_fields():
    with pytest.raises(DataError, match="3 fields, but there are 2"):
        batchify.Group(batchify.Stack(), batchify.Stack())([(1, 2, 3)])


def test_append_keeps_samples_apart_and_as_list_leaves_them_alone():
    first, second = batchify.Append()([np.zeros(2), np.zeros(3)])

    assert (first.shape, second.shape) == ((1, 2), (1, 3))
    assert batchify.AsList()(["a", "bc"]) == ["a", "bc"]


def test_a_loader_uses_the_batchify_function_it_is_given():
    loader = DataLoader(ArrayDataset(["a", "bc", "d"]), 2, batchify_fn=batchify.AsList())

    assert list(loader) == [["a", "bc"], ["d"]]


def test_pad_refuses_single_numbers_and_names_stack():
    with pytest.raises(DataError, match=r"single numbers, such as 1\.[\s\S]*Stack"):
        batchify.Pad()([1, 2])
