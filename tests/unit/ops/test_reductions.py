"""Reductions: manners of the two dialects, and gradients at awkward places."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.core.interpret import raw
from dlstudio.errors import ParamError, ShapeError

F = raw(np)


def test_a_full_reduction_has_shape_one_in_nd_and_no_axes_in_np():
    assert nd.ones((2, 3)).sum().shape == (1,)
    assert mx.np.ones((2, 3)).sum().shape == ()


def test_exclude_reduces_the_other_axes():
    x = nd.array(np.arange(24).reshape(2, 3, 4))
    np.testing.assert_array_equal(
        nd.sum(x, axis=1, exclude=True).asnumpy(), np.arange(24).reshape(2, 3, 4).sum((0, 2))
    )


def test_an_empty_tuple_of_axes_means_all_of_them_in_nd():
    assert nd.sum(nd.ones((2, 3)), axis=()).asscalar() == 6


def test_integers_keep_their_dtype_in_sums_and_truth_values_are_counted():
    assert mx.np.ones(3, dtype="int32").sum().dtype == np.int32
    assert (mx.np.ones(3) > 0).sum().dtype == np.int64
    assert mx.np.ones(3, dtype="int32").mean().dtype == np.float32


def test_the_gradient_of_prod_is_right_where_elements_are_zero():
    x = mx.np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 5.0]])
    x.attach_grad()
    with autograd.record():
        y = x.prod(axis=1)
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), [[6, 0, 0], [0, 0, 0]])


def test_equal_extremes_all_get_the_gradient():
    x = nd.array([1.0, 2.0, 2.0])
    x.attach_grad()
    with autograd.record():
        y = x.max()
    y.backward()
    assert x.grad.asnumpy().tolist() == [0, 1, 1]


def test_the_gradient_of_a_norm_at_zero_is_zero():
    x = nd.zeros(3)
    x.attach_grad()
    with autograd.record():
        y = x.norm()
    y.backward()
    assert x.grad.asnumpy().tolist() == [0, 0, 0]


def test_norm_knows_orders_one_and_two():
    with pytest.raises(ParamError, match="must be 1 or 2"):
        nd.norm(nd.ones(3), ord=3)


def test_a_wrong_axis_is_named():
    with pytest.raises(ShapeError, match=r"axis=3 .* 2 dimensions"):
        nd.sum(nd.ones((2, 3)), axis=3)


def test_positions_come_in_the_dtype_of_the_input_in_nd_and_int64_in_np():
    assert nd.argmax(nd.ones((2, 3)), axis=1).dtype == np.float32
    assert mx.np.argmax(mx.np.ones((2, 3)), axis=1).dtype == np.int64


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min"])
@pytest.mark.parametrize("dtype", ["float32", "int32", "float16", "uint8"])
@pytest.mark.parametrize("axis", [-1, (2, 1)])
def test_a_few_innermost_elements_reduce_as_any_others(name, dtype, axis):
    x = np.random.default_rng(3).integers(0, 2, (700, 3, 4)).astype(dtype)
    x[5, 1, 2] = 7
    for keepdims in (False, True):
        y = getattr(F, name)(x, axis=axis, keepdims=keepdims)
        expected = getattr(np, name)(x.astype("float64"), axis=axis, keepdims=keepdims)
        assert y.shape == expected.shape
        np.testing.assert_allclose(y, expected.astype(y.dtype), rtol=1e-3)
        out = np.empty_like(y)
        assert getattr(F, name)(x, axis=axis, keepdims=keepdims, out=out) is out
        np.testing.assert_array_equal(out, y)
