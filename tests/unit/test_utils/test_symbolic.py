"""Checks of symbols pass where they should, and fail where they should."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import test_utils
from dlstudio.errors import ArgumentError

A = np.array([[1.0, 2.0], [3.0, 4.0]])
B = np.array([[0.5, 1.5], [2.5, 3.5]])


@pytest.fixture(autouse=True)
def _seeded():
    np.random.seed(3)


def product():
    return mx.sym.var("a") * mx.sym.var("b")


def test_simple_forward_runs_on_numpy_arrays():
    assert test_utils.same(test_utils.simple_forward(product(), a=A, b=B), A * B)
    both = mx.sym.Group([product(), mx.sym.var("c")])
    assert len(test_utils.simple_forward(both, a=A, b=B, c=A)) == 2


@pytest.mark.parametrize("location", [[A, B], {"a": A, "b": B}])
def test_forward_is_compared(location):
    [out] = test_utils.check_symbolic_forward(product(), location, [A * B])
    assert out.shape == (2, 2)
    with pytest.raises(AssertionError, match="EXPECTED_"):
        test_utils.check_symbolic_forward(product(), location, [A + B])


@pytest.mark.parametrize("grad_req", ["write", "add", {"a": "write", "b": "add"}])
def test_backward_is_compared_for_every_request(grad_req):
    test_utils.check_symbolic_backward(product(), [A, B], [A], [A * B, A * A], grad_req=grad_req)
    with pytest.raises(AssertionError, match="BACKWARD_b"):
        test_utils.check_symbolic_backward(product(), [A, B], [A], {"b": B}, grad_req=grad_req)


def test_a_gradient_not_asked_for_must_stay_as_it_is():
    test_utils.check_symbolic_backward(product(), [A, B], A, {"a": A}, grad_req="null")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_agree_with_finite_differences(dtype):
    a = mx.sym.var("a")
    out = mx.sym.tanh(a * mx.sym.var("b")) * a
    rtol, atol = 1e-2, 1e-3  # float32: rounding over the step of 2**-9 costs three digits
    test_utils.check_numeric_gradient(out, [A / 4, B / 4], rtol=rtol, atol=atol, dtype=dtype)
    test_utils.check_numeric_gradient(
        out, {"a": A / 4, "b": B / 4}, grad_nodes={"a": "add"}, rtol=rtol, atol=atol, dtype=dtype
    )
    test_utils.check_numeric_gradient(
        out, [A / 4, B / 4], grad_nodes=["b"], rtol=rtol, atol=atol, dtype=dtype
    )


def test_a_wrong_gradient_is_found():
    blocked = mx.sym.BlockGrad(mx.sym.var("a")) * mx.sym.var("b")
    with pytest.raises(AssertionError, match="BACKWARD_a"):
        test_utils.check_numeric_gradient(blocked, [A, B])


def test_batch_norm_is_checked_with_its_states():
    out = mx.sym.BatchNorm(mx.sym.var("data"), fix_gamma=False, name="bn")
    data = np.random.normal(size=(4, 3)) * 2
    test_utils.check_numeric_gradient(
        out,
        [data, np.ones(3), np.zeros(3)],
        [np.zeros(3), np.ones(3)],
        rtol=1e-2,
        atol=1e-2,
        dtype=np.float64,
    )


def test_wrong_names_and_counts_are_explained():
    with pytest.raises(ArgumentError, match="'c' is not one of the symbol's"):
        test_utils.check_symbolic_forward(product(), {"c": A}, [A])
    with pytest.raises(ArgumentError, match="1 values were given"):
        test_utils.check_symbolic_forward(product(), [A], [A])
