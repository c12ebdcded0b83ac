"""Operators on random input: `np` against NumPy, `nd` against MXNet's rules, and nonsense.

Whatever is given to an operator, only results or errors of ours come out: never a bare error of
NumPy, numba or Python, which would not say what to do.
"""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import dlstudio as mx
from dlstudio import MXNetError
from dlstudio.core.dispatch import Attrs, create, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray
from dlstudio.testing.samples import SampleMaker

FEW = settings(max_examples=40, deadline=None, derandomize=True, database=None)
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "uint8", "int32", "int64")
ALL = (*FLOATS, *INTEGERS, "bool")


def numbers(dtype):
    if dtype == "bool":
        return st.booleans()
    low = 0 if dtype == "uint8" else -4
    return st.integers(low, 4) if dtype in INTEGERS else st.floats(low, 4, width=16)


@st.composite
def one_array(draw, dtypes=ALL, max_dims=3):
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=max_dims, min_side=0, max_side=3))
    dtype = draw(st.sampled_from(dtypes))
    return draw(arrays.arrays(dtype, shape, elements=numbers(dtype)))


@st.composite
def pair(draw, dtypes=ALL):
    shapes = draw(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
    kinds = draw(st.sampled_from(dtypes)), draw(st.sampled_from(dtypes))
    return [
        draw(arrays.arrays(kind, shape, elements=numbers(kind)))
        for kind, shape in zip(kinds, shapes.input_shapes, strict=True)
    ]


def same(ours, theirs, *, dtype=True):
    host = ours.asnumpy() if hasattr(ours, "asnumpy") else np.asarray(ours)
    assert host.shape == np.shape(theirs)
    if dtype:
        assert host.dtype == np.asarray(theirs).dtype
    loose = 1e-2 if host.dtype == np.float16 else 1e-5
    np.testing.assert_allclose(host, theirs, rtol=loose, atol=loose)


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# ---- np beside NumPy -------------------------------------------------------------------------
BINARY = """add subtract multiply maximum minimum equal not_equal less less_equal greater
greater_equal logical_and logical_or logical_xor""".split()
UNARY = "negative absolute square sign floor ceil trunc isnan isfinite logical_not".split()
REDUCTIONS = "sum prod max min mean any all argmax argmin".split()


@pytest.mark.parametrize("name", BINARY)
@FEW
@given(data=st.data())
def test_binary_operators_of_np_agree_with_numpy(name, data):
    x, y = data.draw(pair())
    try:
        expected = getattr(np, name)(x, y)
    except TypeError:  # NumPy has no difference of truth values
        return
    # mixed kinds promote to MXNet's float32 where NumPy goes to float64
    equal_kinds = x.dtype == y.dtype or expected.dtype == np.bool_
    same(getattr(mx.np, name)(mx.np.array(x), mx.np.array(y)), expected, dtype=equal_kinds)


@pytest.mark.parametrize("name", UNARY)
@FEW
@given(x=one_array((*FLOATS, *INTEGERS)))
def test_unary_operators_of_np_agree_with_numpy(name, x):
    same(getattr(mx.np, name)(mx.np.array(x)), getattr(np, name)(x))


@pytest.mark.parametrize("name", REDUCTIONS)
@FEW
@given(data=st.data())
def test_reductions_of_np_agree_with_numpy(name, data):
    x = data.draw(one_array())
    axis = data.draw(st.sampled_from([None, *range(-x.ndim, x.ndim)]))
    keepdims = data.draw(st.booleans())
    ours = mx.np.array(x)
    try:
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    except ValueError:  # the largest of no elements
        with pytest.raises(MXNetError):
            getattr(mx.np, name)(ours, axis=axis, keepdims=keepdims)
        return
    result = getattr(mx.np, name)(ours, axis=axis, keepdims=keepdims)
    same(result, expected, dtype=name not in ("mean", "sum", "prod"))


@FEW
@given(x=one_array(), axis=st.integers(-5, 5))
def test_an_axis_outside_is_refused_by_name(x, axis):
    if -max(1, x.ndim) <= axis < max(1, x.ndim):  # a scalar folds along 0 and -1, as in NumPy
        return
    with pytest.raises(MXNetError, match="axis"):
        mx.np.sum(mx.np.array(x), axis=axis)


@FEW
@given(data=st.data())
def test_indexing_agrees_with_numpy_for_any_key_of_integers(data):
    shape = data.draw(arrays.array_shapes(min_dims=1, max_dims=3, max_side=4))
    key = data.draw(arrays.integer_array_indices(shape))
    base = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    ours, theirs = mx.np.array(base), base.copy()
    same(ours[key], theirs[key])
    ours[key] = -1.0
    theirs[key] = -1.0
    same(ours, theirs)


# ---- nd beside MXNet's rules -----------------------------------------------------------------
@pytest.mark.parametrize("name", ["broadcast_add", "broadcast_mul", "broadcast_maximum"])
@FEW
@given(data=st.data())
def test_nd_wants_equal_dtypes_and_keeps_them(name, data):
    x, y = data.draw(pair((*FLOATS, *INTEGERS)))
    ours = [mx.nd.array(v, dtype=v.dtype) for v in (x, y)]
    function = getattr(mx.nd, name)
    if x.dtype != y.dtype:
        with pytest.raises(MXNetError):
            function(*ours)
        return
    result = function(*ours)
    assert result.asnumpy().dtype == x.dtype
    assert result.shape == np.broadcast_shapes(x.shape, y.shape)


@FEW
@given(pair=pair(FLOATS))
def test_elementwise_operators_of_nd_do_not_broadcast(pair):
    x, y = (mx.nd.array(v, dtype="float32") for v in pair)
    if x.shape == y.shape:
        assert mx.nd.elemwise_add(x, y).shape == x.shape
    else:
        with pytest.raises(MXNetError):
            mx.nd.elemwise_add(x, y)


@FEW
@given(x=one_array((*FLOATS, "int32")))
def test_comparisons_of_nd_answer_in_the_dtype_of_their_operands(x):
    ours = mx.nd.array(x, dtype=x.dtype)
    result = ours > 1
    assert result.asnumpy().dtype == x.dtype
    np.testing.assert_array_equal(result.asnumpy(), (x > 1).astype(x.dtype))


@FEW
@given(x=one_array(FLOATS))
def test_full_reductions_of_nd_have_one_axis(x):
    assert mx.nd.sum(mx.nd.array(x, dtype="float32")).shape == (1,)


@FEW
@given(data=st.data())
def test_positions_in_nd_are_float32(data):
    x = data.draw(arrays.arrays("float32", (2, 3), elements=numbers("float32")))
    for name in ("argmax", "argmin", "argsort", "topk"):
        assert getattr(mx.nd, name)(mx.nd.array(x), axis=1).asnumpy().dtype == np.float32


# ---- nonsense, to the whole table ------------------------------------------------------------
SHAPES = [(), (0,), (1,), (3,), (2, 3), (0, 3), (2, 0, 2), (1, 2, 3), (2, 3, 4, 4), (1, 1, 5, 5)]
VALUES = [
    -1, 0, 1, 2, 3, 7, -5, 0.5, -2.5, True, False, None, "x", "same", "valid", (1,), (2, 2),
    (0, 0), (3, -1), (-1, 1, 2), (1, 2, 3), [1, 2], {}, float("nan"), 1e30, 50, b"1", 1j, object(),
    np.array([1, 2]), np.float32(2), slice(1, 2), "float16", "int32",
]  # fmt: skip
TRIALS = 4
FOUNDED = sorted(n for n, op in OPS.items() if op.names.nd or op.names.np or op.names.npx)


def nonsense(rng):
    shape, dtype = SHAPES[rng.integers(len(SHAPES))], ALL[rng.integers(len(ALL))]
    values = np.asarray(rng.normal(size=shape) * 3)
    return NDArray._wrap(values.astype(dtype), mx.cpu())


def random_call(op, rng, *, from_sample):
    """Inputs and attributes for `op`: a sample with one operand spoilt, or anything at all."""
    attrs, inputs = {}, []
    if from_sample and op.samples:
        samples = op.samples(SampleMaker(int(rng.integers(1000))))
        sample = samples[rng.integers(len(samples))]
        inputs = [NDArray._wrap(np.array(x), mx.cpu()) for x in sample.inputs if x is not None]
        attrs = dict(sample.attrs)
        if inputs and rng.random() < 0.6:
            inputs[rng.integers(len(inputs))] = nonsense(rng)
    else:
        count = len(op.inputs) + (rng.integers(0, 2) if op.variadic else 0)
        inputs = [nonsense(rng) for _ in range(count)]
    for name in op.attrs:
        if rng.random() < 0.3:
            attrs[name] = VALUES[rng.integers(len(VALUES))]
    return inputs, attrs


def run(op, inputs, attrs):
    parsed = Attrs(op.parse(attrs))
    if inputs:
        invoke(op, inputs, parsed, NDArray)
    elif not op.inputs:
        create(op, parsed, mx.cpu(), NDArray)


@pytest.mark.parametrize("start", range(8))
def test_only_results_and_errors_of_ours_come_out_of_any_operator(start):
    rng = np.random.default_rng(start)
    leaks = []
    for name in FOUNDED[start::8]:
        op = OPS[name]
        for trial in range(0 if name == "Custom" else TRIALS):
            inputs, attrs = random_call(op, rng, from_sample=trial % 2 == 0)
            try:
                run(op, inputs, attrs)
            except MXNetError:
                pass
            except Exception as error:
                given = [(x.shape, str(x.dtype)) for x in inputs]
                leaks.append(f"{name} {given} {attrs}: {type(error).__name__}: {error}"[:300])
    assert not leaks, "\n".join(leaks)


@pytest.mark.parametrize("call", [
    lambda: mx.np.interp(mx.np.ones((2,)), mx.np.ones((3,)), mx.np.ones((4,))),
    lambda: mx.np.histogram(mx.np.ones((2,)), bins=-1),
    lambda: mx.np.linalg.cond(mx.np.ones((3,))),
    lambda: mx.np.random.choice(mx.np.ones((2, 2))),
    lambda: mx.np.random.multivariate_normal(mx.np.zeros(2), mx.np.array([[1, 2], [2, 1.0]])),
    lambda: mx.np.empty(mx.np.ones((2, 2))),
    lambda: mx.np.concatenate(2),
    lambda: mx.np.ones((2, 2)).item(),
    lambda: mx.nd.ones((2,)).astype("nonsense"),
    lambda: mx.nd.sin([[1.0], [1.0, 2.0]]),
    mx.nd.add_n,
    lambda: mx.nd.from_numpy([1, 2]),
    lambda: mx.nd.array([1], ctx=[1]),
    lambda: mx.nd.random_uniform(shape=(2,), out=3),
    lambda: bool(mx.np.ones((2,))),
    lambda: mx.nd.ones((3, 4)).slice_assign(mx.nd.ones((1,)), (0, 1), (2, 3)),
    lambda: mx.nd.onehot_encode(mx.nd.ones((2,)), mx.nd.ones((2,))),
])  # fmt: skip
def test_functions_outside_the_table_explain_too(call):
    with pytest.raises(MXNetError):
        call()


def test_what_the_users_own_function_raises_stays_what_it_is():
    def wrong(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        mx.np.apply_along_axis(wrong, 0, mx.np.ones((2, 2)))
