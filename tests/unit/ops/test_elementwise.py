"""What the operator table cannot say about elementwise operators: dtype rules, edge values."""

import subprocess
import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.core.avals import Aval
from dlstudio.core.interpret import Avals, raw
from dlstudio.errors import DTypeError, ShapeError
from dlstudio.ops import special

F = raw(np)


def test_a_function_of_integers_keeps_their_dtype():
    assert F.exp(np.array([0, 1], "int32")).dtype == np.int32
    assert Avals.exp(Aval((2,), np.dtype("int32"))).dtype == np.int32


def test_functions_of_numbers_refuse_truth_values():
    with pytest.raises(DTypeError, match="not defined for truth values"):
        nd.exp(nd.array([True, False], dtype="bool"))


def test_a_number_takes_the_dtype_of_the_array_beside_it():
    x = nd.array([3, 1, 2], dtype="int32")
    with pytest.warns(UserWarning, match="2.5 beside an array of int32 counts as 2") as told:
        y = x + 2.5
    assert told[0].filename == __file__
    assert y.dtype == np.int32
    assert y.asnumpy().tolist() == [5, 3, 4]
    small = nd.array([3, 1], dtype="uint8")
    assert (small - 2).asnumpy().tolist() == [1, 255]  # wraps around, as in MXNet


def test_nd_refuses_mixed_dtypes_and_np_promotes():
    with pytest.raises(DTypeError, match="int32 and float32 differ"):
        nd.ones(2, dtype="int32") + nd.ones(2)
    total = mx.np.ones(2, dtype="int32") + mx.np.ones(2)
    assert total.dtype == np.float32  # not float64, as NumPy would have it


def test_nd_division_of_integers_drops_the_fraction_and_survives_zero():
    quotient = nd.array([7, -7, 1], dtype="int32") / nd.array([2, 2, 0], dtype="int32")
    assert quotient.asnumpy().tolist() == [3, -3, 0]
    assert (mx.np.array([1], dtype="int32") / mx.np.array([2], dtype="int32")).dtype == np.float32


def test_comparisons_answer_in_the_dtype_of_the_input_in_nd_and_truth_values_in_np():
    x = nd.array([1, 2], dtype="int32")
    assert (x > 1).dtype == np.int32
    assert (mx.np.array([1, 2]) > 1).dtype == np.bool_


def test_elemwise_operators_refuse_to_broadcast():
    with pytest.raises(ShapeError, match="differ"):
        nd.elemwise_add(nd.ones((2, 3)), nd.ones((3,)))


def test_a_tie_of_maximum_belongs_to_the_left_operand():
    one = np.ones(2)
    left, right = OPS_GRAD("maximum", one, one)
    assert left.tolist() == [1, 1]
    assert right.tolist() == [0, 0]


def OPS_GRAD(name, *inputs):  # noqa: N802
    from dlstudio.core.registry import OPS

    op = OPS[name]
    out = op.forward(np, *inputs)
    return op.grad(F, np.ones_like(out), out, *inputs)


@pytest.mark.parametrize(
    ("name", "function", "low", "high", "tolerance"),
    [
        ("erf", special.erf_of, -6, 6, 4e-16),
        ("gammaln", special._gammaln, 0.01, 60, 2e-13),
        ("psi", special._digamma, 0.01, 60, 1e-13),
    ],
)
def test_special_functions_agree_with_scipy(name, function, low, high, tolerance):
    scipy = pytest.importorskip("scipy.special")
    x = np.linspace(low, high, 4001)
    assert np.abs(function(np, x) - getattr(scipy, name)(x)).max() <= tolerance


def test_erf_of_short_numbers_is_rounded_once():
    scipy = pytest.importorskip("scipy.special")
    x = np.linspace(-6, 6, 100001, dtype="float32")
    found, exact = nd.erf(nd.array(x)).asnumpy(), scipy.erf(x.astype("float64"))
    assert (np.abs(found - exact) <= 1.1 * np.spacing(np.abs(exact).astype("float32"))).all()
    assert np.isnan(nd.erf(nd.array([np.nan])).asscalar())


@pytest.mark.parametrize("name", ["erf", "gamma", "gammaln", "erfinv"])
def test_special_functions_of_large_arrays_are_those_of_their_parts(name):
    x = np.random.default_rng(0).uniform(0.1, 0.9, (3, 7001)).astype("float32")
    whole = getattr(nd, name)(nd.array(x)).asnumpy()
    parts = [getattr(nd, name)(nd.array(row)).asnumpy() for row in x.T]
    np.testing.assert_array_equal(whole, np.stack(parts, axis=1))


def test_erfinv_undoes_erf_up_to_its_poles():
    x = np.array([-1.0, -0.999999, -0.5, 0.0, 0.3, 0.999999, 1.0, 1.5])
    y = special._erfinv(np, x)
    np.testing.assert_allclose(special.erf_of(np, y[1:-2]), x[1:-2], rtol=1e-12)
    assert y[0] == -np.inf
    assert y[-2] == np.inf
    assert np.isnan(y[-1])


def test_infinities_are_results_without_a_warning():
    code = "from dlstudio import nd; print(nd.log(nd.zeros(1)).asscalar())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "-inf"
    assert run.stderr == ""


def test_a_remainder_by_zero_is_zero_in_nd_even_in_place():
    x, y = np.array([5.0, 7.0]), np.array([0.0, 2.0])
    F.broadcast_mod(x, y, out=y)
    assert y.tolist() == [0, 1]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "float16"])
def test_where_takes_values_unchanged_and_may_write_over_an_input(dtype):
    chosen = np.array([True, False, True, False])
    x, y = np.array([1, 2, -3, 4], dtype), np.array([-5, 6, 7, -8], dtype)
    if np.dtype(dtype).kind == "f":
        x[:2], y[2:] = (-0.0, np.nan), (np.inf, -np.inf)
    expected = np.where(chosen, x, y)
    np.testing.assert_array_equal(F.where(chosen, x, y), expected)
    np.testing.assert_array_equal(F.where(chosen.astype(dtype), x.T, y), expected)
    np.testing.assert_array_equal(F.where(chosen, x, y, out=np.empty(4, dtype)), expected)
    for written in (0, 1):
        given = [nd.array(v, dtype=dtype) for v in (x, y)]
        nd.where(nd.array(chosen), *given, out=given[written])
        np.testing.assert_array_equal(given[written].asnumpy(), expected)


@pytest.mark.parametrize("act_type", ["leaky", "prelu", "elu", "selu"])
def test_activations_below_zero_keep_infinities_and_nan(act_type):
    x = np.array([-np.inf, -2.0, -0.0, 3.0, np.inf, np.nan], "float32")
    slope = 1.6732632 if act_type == "selu" else 0.25
    curved = np.expm1(x) if act_type in ("elu", "selu") else x
    expected = np.where(x > 0, x, slope * curved) * (1.0507010 if act_type == "selu" else 1)
    gamma = (np.array([0.25], "float32"),) if act_type == "prelu" else ()
    y = F.LeakyReLU(x, *gamma, act_type=act_type, slope=0.25)
    np.testing.assert_allclose(y, expected, rtol=1e-6)
