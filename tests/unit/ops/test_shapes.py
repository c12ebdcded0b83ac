"""Reshape codes, joins and cuts: the rules that samples alone would not show."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.dialects.legacy.layout import legacy_shape, npx_shape
from dlstudio.errors import ArgumentError, DTypeError, ShapeError


@pytest.mark.parametrize(
    ("old", "codes", "reverse", "new"),
    [
        ((2, 3, 4), (4, 0, 2), False, (4, 3, 2)),
        ((2, 3, 4), (2, 0, 0), False, (2, 3, 4)),
        ((2, 3, 4), (6, 1, -1), False, (6, 1, 4)),
        ((2, 3, 4), (-2,), False, (2, 3, 4)),
        ((2, 3, 4), (2, -2), False, (2, 3, 4)),
        ((2, 3, 4), (-2, 1, 1), False, (2, 3, 4, 1, 1)),
        ((2, 3, 4), (-3, 4), False, (6, 4)),
        ((2, 3, 4, 5), (-3, -3), False, (6, 20)),
        ((2, 3, 4), (0, -3), False, (2, 12)),
        ((2, 3, 4), (-4, 1, 2, -2), False, (1, 2, 3, 4)),
        ((2, 3, 4), (2, -4, -1, 3, -2), False, (2, 1, 3, 4)),
        ((10, 5, 4), (-1, 0), False, (40, 5)),
        ((10, 5, 4), (-1, 0), True, (50, 4)),
    ],
)
def test_reshape_codes_of_the_mxnet_documentation(old, codes, reverse, new):
    assert legacy_shape(old, codes, reverse=reverse) == new


@pytest.mark.parametrize(
    ("old", "codes", "new"),
    [
        ((2, 3, 8), (-2, -2, 2, -1), (2, 3, 2, 4)),
        ((8, 3, 3, 3, 4, 4), (-6, 2, -1, -4), (2, 4, 3, 3, 3, 4, 4)),
        ((8, 3, 3, 3, 4, 4), (-5, -4), (24, 3, 3, 4, 4)),
        ((8, 1, 1, 1, 3), (-2, -3, -3, -3, -2), (8, 3)),
        ((8, 3, 3, 3, 4, 4), (-4,), (8, 3, 3, 3, 4, 4)),
        ((8, 1, 3), (-6, 2, -1, -3, -2), (2, 4, 3)),
    ],
)
def test_reshape_codes_of_npx(old, codes, new):
    assert npx_shape(old, codes, reverse=False) == new


def test_npx_reshape_refuses_zero():
    with pytest.raises(ShapeError, match="contains 0"):
        mx.npx.reshape(mx.np.ones((2, 3)), (0, 3))


def test_the_reshape_method_of_nd_is_a_view_and_that_of_np_a_copy():
    a = nd.zeros((2, 2))
    b = a.reshape((4,))
    b[0] = 5
    assert a[0, 0].asscalar() == 5
    c = mx.np.zeros((2, 2))
    d = c.reshape(4)
    d[0] = 5
    assert float(c[0, 0]) == 0


def test_a_transpose_never_changes_with_its_source():
    a = nd.array([[1.0, 2.0], [3.0, 4.0]])
    b = a.T
    a[:] = 0
    assert b.asnumpy().tolist() == [[1, 3], [2, 4]]


def test_reshape_methods_take_lengths_tuples_and_keywords():
    x = nd.arange(6)
    assert x.reshape(2, 3).shape == x.reshape((2, 3)).shape == x.reshape(shape=(2, 3)).shape
    with pytest.raises(ArgumentError, match="reshape"):
        x.reshape(2, 3, axis=1)


def test_fortran_order_runs_down_the_columns():
    x = np.arange(12.0).reshape(2, 3, 2)
    ours = mx.np.reshape(mx.np.array(x), (4, 3), order="F").asnumpy()
    np.testing.assert_array_equal(ours, x.reshape(4, 3, order="F"))


def test_concat_refuses_mixed_dtypes_and_np_concatenate_promotes():
    a, b = nd.ones((2,)), nd.ones((2,), dtype="float64")
    with pytest.raises(DTypeError, match="array 1 is float64"):
        nd.concat(a, b, dim=0)
    joined = mx.np.concatenate([a.as_np_ndarray(), b.as_np_ndarray()])
    assert joined.dtype == np.float64


def test_split_of_one_part_is_an_array_and_of_more_a_list():
    x = nd.ones((2, 4))
    assert nd.split(x, num_outputs=1).shape == (2, 4)
    assert [p.shape for p in nd.split(x, num_outputs=2, axis=1)] == [(2, 2), (2, 2)]
    assert [p.shape for p in nd.split_v2(x, (1, 3), axis=1)] == [(2, 1), (2, 2), (2, 1)]
