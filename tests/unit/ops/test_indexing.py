"""``x[key]`` in both dialects, against NumPy where they agree with it."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.core import rows as core_rows
from dlstudio.errors import IndexRangeError, ParamError, ShapeError

BASE = np.arange(24, dtype="float32").reshape(2, 3, 4)
KEYS = [
    0, -1, slice(1, None), slice(None, None, -1), (slice(None), 1), (Ellipsis, 0),
    (0, Ellipsis, slice(1, 3)), None, (slice(None), None), (1, None, slice(0, 2)), [1, 0],
    (slice(None), [0, 2]), ([0, 1], [2, 0]), ([0, 1], slice(None), [1, 2]), (0, [1, 2]),
    ([[0], [1]], [[0, 2]]),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_reading_agrees_with_numpy(key):
    np.testing.assert_array_equal(mx.np.array(BASE)[key].asnumpy(), BASE[key])


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_writing_agrees_with_numpy(key):
    ours, theirs = mx.np.array(BASE), BASE.copy()
    ours[key] = 7.5
    theirs[key] = 7.5
    np.testing.assert_array_equal(ours.asnumpy(), theirs)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_the_gradient_counts_how_often_each_element_is_read(key):
    x = mx.np.array(BASE)
    x.attach_grad()
    with autograd.record():
        y = x[key]
    y.backward()
    counts = np.zeros_like(BASE)
    np.add.at(counts, key, 1)
    np.testing.assert_array_equal(x.grad.asnumpy(), counts)


def test_a_row_is_a_view_and_a_column_a_copy():
    x = nd.zeros((3, 2))
    row, column = x[1], x[:, 1]
    row[:] = 5
    column[:] = 9
    assert x.asnumpy().tolist() == [[0, 0], [5, 5], [0, 0]]


def test_a_row_of_a_recorded_array_is_a_view_as_well():
    x = nd.zeros((3, 2))
    x.attach_grad()
    with autograd.record():
        row = x[1]
    row[:] = 5
    assert x.asnumpy()[1].tolist() == [5, 5]


def test_a_row_of_a_transpose_writes_into_the_transpose_alone():
    x = nd.zeros((2, 2))
    t = x.T
    t[0][:] = 3
    assert t.asnumpy().tolist() == [[3, 3], [0, 0]]
    assert x.asnumpy().tolist() == [[0, 0], [0, 0]]


def test_nd_has_no_scalars():
    assert nd.ones((2, 2))[0, 0].shape == (1,)
    assert mx.np.ones((2, 2))[0, 0].shape == ()


def test_masks_belong_to_np():
    x = mx.np.arange(4)
    assert x[x > 1].asnumpy().tolist() == [2, 3]
    x[x > 1] = 0
    assert x.asnumpy().tolist() == [0, 1, 0, 0]
    with pytest.raises(ParamError, match="cannot be indexed by truth values"):
        nd.ones(2)[nd.array([True, False], dtype="bool")]


def test_an_index_outside_names_the_axis():
    with pytest.raises(IndexRangeError, match="index 5 is outside axis 1 of length 3"):
        nd.ones((2, 3))[:, 5]
    with pytest.raises(IndexError):
        nd.ones((2, 3))[2]


def test_a_value_that_does_not_fit_changes_nothing():
    x = nd.zeros((2, 3))
    with pytest.raises(ShapeError, match="cannot be written"):
        x[:] = nd.ones((2,))
    assert x.asnumpy().sum() == 0


def test_iteration_ends():
    assert [row.asnumpy().tolist() for row in nd.array([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]


def test_take_modes_differ_outside_the_axis():
    x, i = nd.array([10, 20, 30]), nd.array([-1, 0, 3])
    assert nd.take(x, i, mode="clip").asnumpy().tolist() == [10, 10, 30]
    assert nd.take(x, i, mode="wrap").asnumpy().tolist() == [30, 10, 10]
    with pytest.raises(IndexRangeError, match="index -1 is outside an axis of length 3"):
        nd.take(x, i, mode="raise")


def test_gather_nd_refuses_positions_outside():
    with pytest.raises(IndexRangeError, match="gather_nd"):
        nd.gather_nd(nd.ones((2, 2)), nd.array([[5], [0]]))


@pytest.mark.parametrize(("rows", "count", "shape"), [(500, 7, (3,)), (3, 900, (2, 5)), (9, 4, ())])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
def test_rows_that_come_several_times_add_up(rows, count, shape, dtype, monkeypatch):
    monkeypatch.setattr(core_rows, "_CELLS", 64)
    rng = np.random.default_rng(0)
    where = rng.integers(0, count, rows)
    values = rng.integers(-4, 5, (rows, *shape)).astype(dtype)
    total = np.zeros((count, *shape), dtype)
    expected = total.copy()
    np.add.at(expected, where, values)
    core_rows.add_rows(np, total, where, values)
    np.testing.assert_array_equal(total, expected)
