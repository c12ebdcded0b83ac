"""Gradients through `mx.array_api`, and that complex numbers have none."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd
from dlstudio.errors import DTypeError, GradError
from tests.unit.array_api.compare import xp

X = np.array([[1.1, 2.2], [3.3, 5.4]])  # away from kinks
CALLS = {
    "sum of exponentials": lambda x: xp.sum(xp.exp(x)),
    "mean and variance": lambda x: xp.mean(x) + xp.var(x, correction=1),
    "clip": lambda x: xp.sum(xp.clip(x, 1.5, 4.0) ** 2),
    "where beside a number": lambda x: xp.sum(xp.where(x > 2, x * x, 0.0)),
    "sorted": lambda x: xp.sum(xp.sort(x, descending=True)[:, 0] ** 2),
    "running product": lambda x: xp.sum(xp.cumulative_prod(x, axis=1, include_initial=True)),
    "running sum": lambda x: xp.sum(xp.cumulative_sum(x, axis=0) ** 2),
    "differences": lambda x: xp.sum(xp.diff(x, axis=1, append=x[:, :1]) ** 3),
    "repeated": lambda x: xp.sum(xp.repeat(x, xp.asarray([2, 1]), axis=0) ** 2),
    "unstacked": lambda x: xp.sum(xp.multiply(*xp.unstack(x))),
    "stacked and rolled": lambda x: xp.sum(xp.stack([x, xp.roll(x, 1)]) ** 2),
    "taken": lambda x: xp.sum(xp.take(x, xp.asarray([1, 1]), axis=1) ** 2),
    "determinant": xp.linalg.det,
    "inverse": lambda x: xp.sum(xp.linalg.inv(x)),
    "singular values": lambda x: xp.sum(xp.linalg.svdvals(x)),
    "pseudo-inverse": lambda x: xp.sum(xp.linalg.pinv(x)),
    "norm": xp.linalg.vector_norm,
    "dot products": lambda x: xp.sum(xp.vecdot(x, x) ** 2),
    "logaddexp": lambda x: xp.sum(xp.logaddexp(x, 2.0)),
    "hypot": lambda x: xp.sum(xp.hypot(x, 3.0)),
    "operators": lambda x: ((x**2 + 1) / (x - 0.5) % 1.3 + x // 2 + abs(-x)).sum(),
}


@pytest.mark.parametrize("name", CALLS)
def test_gradients_are_those_of_central_differences(name):
    x = xp.asarray(X, copy=True)
    x.attach_grad()
    with autograd.record():
        y = CALLS[name](x)
    y.backward()
    slopes = np.zeros_like(X)
    for i in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[i] = 1e-6
        above, below = (float(CALLS[name](xp.asarray(X + s))) for s in (step, -step))
        slopes[i] = (above - below) / 2e-6
    np.testing.assert_allclose(x.grad.asnumpy(), slopes, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_running_product_is_right_at_zeros():
    host = np.array([2.0, 0.0, 3.0, 0.0, 5.0])
    x = xp.asarray(host, copy=True)
    x.attach_grad()
    with autograd.record():
        y = xp.sum(xp.cumulative_prod(x))
    y.backward()
    # 2 + 2·0 + 2·0·3 + …: only the first zero, and the 2, change anything
    assert x.grad.asnumpy().tolist() == [1.0, 2.0 + 2.0 * 3.0, 0.0, 0.0, 0.0]


def test_complex_arrays_take_no_gradient():
    with pytest.raises(DTypeError, match="complex128"):
        xp.asarray([1j]).attach_grad()


@pytest.mark.parametrize(
    "through",
    [
        lambda x: x * 1j,
        lambda x: x + xp.asarray([1j, 2j]),
        lambda x: xp.astype(x, xp.complex64),
        lambda x: xp.matmul(xp.asarray([[1j, 2j]]), x[:, None]),
    ],
)
def test_real_arrays_get_no_gradient_through_complex_numbers(through):
    x = xp.asarray([1.0, 2.0])
    x.attach_grad()
    with autograd.record(), pytest.raises(GradError, match="complex"):
        through(x)


def test_spectra_are_constants():
    x = mx.np.ones(4)
    x.attach_grad()
    with autograd.record():
        y = xp.abs(xp.fft.fft(x))
    assert y._entry is None
