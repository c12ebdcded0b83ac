"""Laws of tensor operators on random shapes, dtypes and keys; NumPy is the authority for `np`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import dlstudio as mx
from dlstudio import autograd
from dlstudio.core.avals import aval_of
from dlstudio.core.interpret import Avals, raw

F = raw(np)
FEW = settings(max_examples=60, deadline=None)
SIDES = st.integers(0, 3)
SHAPES = st.lists(SIDES, max_size=4).map(tuple)


def floats(shape, dtype="float64"):
    return arrays.arrays(dtype, shape, elements=st.floats(-4, 4, width=32))


@st.composite
def broadcastable_pairs(draw):
    shapes = draw(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
    return tuple(draw(floats(shape)) for shape in shapes.input_shapes)


@FEW
@given(broadcastable_pairs())
def test_arithmetic_broadcasts_as_numpy_does(pair):
    x, y = pair
    for name in ("add", "subtract", "multiply", "maximum", "minimum"):
        ours = getattr(mx.np, name)(mx.np.array(x), mx.np.array(y)).asnumpy()
        np.testing.assert_array_equal(ours, getattr(np, name)(x, y))


@FEW
@given(broadcastable_pairs())
def test_sum_to_is_the_adjoint_of_broadcast_to(pair):
    x, y = pair
    shape = np.broadcast_shapes(x.shape, y.shape)
    weights = np.random.default_rng(0).standard_normal(shape)
    # <Bx, w> == <x, Bᵀw>, the definition of adjoint
    left = (F.broadcast_to(x, shape=shape) * weights).sum()
    right = (x * F.sum_to(weights, shape=x.shape)).sum()
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9)


@FEW
@given(st.data())
def test_reading_and_writing_agree_with_numpy_for_any_basic_key(data):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple))
    key = data.draw(arrays.basic_indices(shape, allow_newaxis=True))
    base = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    ours, theirs = mx.np.array(base), base.copy()
    np.testing.assert_array_equal(ours[key].asnumpy(), base[key])
    ours[key] = -1.0
    theirs[key] = -1.0
    np.testing.assert_array_equal(ours.asnumpy(), theirs)


@FEW
@given(st.data())
def test_index_arrays_agree_with_numpy_and_their_gradient_counts_reads(data):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    key = data.draw(arrays.integer_array_indices(shape))
    base = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    x = mx.np.array(base)
    x.attach_grad()
    with autograd.record():
        y = x[tuple(mx.np.array(i, dtype="int64") for i in key)]
    np.testing.assert_array_equal(y.asnumpy(), base[key])
    y.backward()
    counts = np.zeros_like(base)
    np.add.at(counts, key, 1)
    np.testing.assert_array_equal(x.grad.asnumpy(), counts)


@FEW
@given(st.data())
def test_reductions_agree_with_numpy_over_any_axes(data):
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple))
    x = data.draw(floats(shape))
    axis = data.draw(arrays.valid_tuple_axes(len(shape), min_size=1) | st.none())
    keepdims = data.draw(st.booleans())
    for name in ("sum", "mean", "max", "min", "var"):
        ours = getattr(mx.np, name)(mx.np.array(x), axis=axis, keepdims=keepdims).asnumpy()
        theirs = getattr(np, name)(x, axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@FEW
@given(st.data())
def test_inference_agrees_with_the_result_for_any_permutation_and_slice(data):
    shape = data.draw(SHAPES)
    x = np.zeros(shape)
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    turned = F.transpose(x, axes=order)
    assert Avals.transpose(aval_of(x), axes=order).shape == turned.shape
    bounds = [data.draw(st.none() | st.integers(-4, 4)) for _ in range(2 * len(shape))]
    steps = tuple(data.draw(st.sampled_from([None, 1, 2, -1, -2])) for _ in shape)
    given_bounds = {"begin": tuple(bounds[::2]), "end": tuple(bounds[1::2]), "step": steps}
    part = F.slice(turned, **given_bounds)
    assert Avals.slice(aval_of(turned), **given_bounds).shape == part.shape


@FEW
@given(st.data())
def test_splitting_undoes_concatenation(data):
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    count = data.draw(st.integers(1, 4))
    parts = [mx.np.array(data.draw(floats(shape))) for _ in range(count)]
    joined = mx.np.concatenate(parts, axis=axis)
    again = mx.np.split(joined, count, axis=axis)
    again = again if isinstance(again, (list, tuple)) else [again]
    for part, whole in zip(parts, again, strict=True):
        np.testing.assert_array_equal(part.asnumpy(), whole.asnumpy())


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@FEW
@given(st.data())
def test_topk_values_are_the_largest_in_order(dtype, data):
    shape = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 5)))
    x = data.draw(arrays.arrays(dtype, shape, elements=st.integers(-9, 9)))
    k = data.draw(st.integers(1, shape[1]))
    ours = mx.npx.topk(mx.np.array(x, dtype=dtype), k=k, ret_typ="value").asnumpy()
    np.testing.assert_array_equal(ours, -np.sort(-x, axis=1)[:, :k])
