"""Eager calls of slow operators run compiled kernels."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import amp, config
from dlstudio.core.registry import OPS
from dlstudio.kernels import eager

pytestmark = pytest.mark.usefixtures("compiled")
RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape).astype("f4")


CALLS = {
    "Convolution": lambda x: mx.nd.Convolution(
        x, mx.nd.ones((8, 4, 3, 3)) / 9, mx.nd.arange(8), kernel=(3, 3), num_filter=8
    ),
    "Pooling": lambda x: mx.nd.Pooling(x, kernel=(2, 2), stride=(2, 2)),
    "BatchNorm": lambda x: mx.nd.BatchNorm(x, *(mx.nd.ones((4,)) for _ in range(4))),
    "LayerNorm": lambda x: mx.nd.LayerNorm(x, mx.nd.arange(12), mx.nd.arange(12)),
    "LeakyReLU": lambda x: mx.nd.LeakyReLU(x, act_type="gelu"),
    "softmax": mx.nd.softmax,
}


def values(call, x):
    """Result and gradient."""
    x = mx.nd.array(x)
    x.attach_grad()
    with mx.autograd.record():
        y = call(x)
        loss = (y * y).sum()
    loss.backward()
    return y.asnumpy(), x.grad.asnumpy()


@pytest.mark.parametrize("name", CALLS)
def test_a_kernel_is_chosen_and_agrees_with_numpy(name):
    x = normal(8, 4, 12, 12)
    with config.using(kernels="numpy"):
        expected = values(CALLS[name], x)
    chosen = OPS[name].run
    chosen.choices.clear()
    actual = values(CALLS[name], x)
    assert [c is not None for c in chosen.choices.values()] == [True]
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=2e-4, atol=2e-4)
    again = values(CALLS[name], x)
    assert len(chosen.choices) == 1
    assert all((a == b).all() for a, b in zip(actual, again, strict=True))


def test_operands_in_any_order_of_memory():
    x = normal(12, 12, 8, 4)
    turned = mx.nd.array(x).transpose((2, 3, 0, 1))
    straight = mx.nd.array(np.ascontiguousarray(x.transpose(2, 3, 0, 1)))
    y = [CALLS["Convolution"](a).asnumpy() for a in (turned, straight)]
    assert (y[0] == y[1]).all()


def test_small_arrays_and_other_dtypes_are_left_to_numpy():
    chosen = OPS["softmax"].run
    chosen.choices.clear()
    mx.nd.softmax(mx.nd.array(normal(3, 4)))
    assert not chosen.choices
    double = mx.nd.array(normal(64, 64), dtype="float64")
    assert mx.nd.softmax(double).dtype == np.float64
    assert list(chosen.choices.values()) == [None]


def test_kernels_kept_are_few():
    chosen = OPS["softmax"].run
    chosen.choices.clear()
    for n in range(eager._KEPT + 9):
        mx.nd.softmax(mx.nd.ones((512, n + 4)))
    assert 0 < len(chosen.choices) <= eager._KEPT


def test_errors_are_those_of_the_operator():
    with pytest.raises(mx.MXNetError, match="Convolution"):
        mx.nd.Convolution(mx.nd.ones((8, 4, 12, 12)), mx.nd.ones((8, 5, 3, 3)), mx.nd.ones((8,)),
                          kernel=(3, 3), num_filter=8)  # fmt: skip


def test_mixed_precision_casts_before_the_kernel():
    x = mx.nd.array(normal(8, 4, 12, 12))
    amp.init("float16")
    try:
        assert CALLS["Convolution"](x).dtype == np.float16
        assert CALLS["softmax"](x.astype("float16")).dtype == np.float32
    finally:
        amp.stop()
