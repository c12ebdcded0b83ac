"""Quantized arrays stand for floats: what comes back is near what went in."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd

RNG = np.random.default_rng(6)


def quantized(x):
    return nd.contrib.quantize_v2(nd.array(x), out_type="int8")


@pytest.mark.parametrize("out_type", ["int8", "uint8"])
def test_quantization_is_undone_within_a_step(out_type):
    x = np.abs(RNG.normal(size=(4, 5)))
    numbers, low, high = nd.contrib.quantize_v2(nd.array(x), out_type=out_type)
    back = nd.contrib.dequantize(numbers, low, high).asnumpy()
    step = x.max() / (127 if out_type == "int8" else 255)
    assert np.abs(back - x).max() <= step


def test_a_quantized_dense_layer_is_near_the_float_one():
    x, w = RNG.normal(size=(3, 8)), RNG.normal(size=(4, 8))
    (qx, x0, x1), (qw, w0, w1) = quantized(x), quantized(w)
    sums, _, high = nd.contrib.quantized_fully_connected(
        qx, qw, min_data=x0, max_data=x1, min_weight=w0, max_weight=w1, num_hidden=4, no_bias=True
    )
    got = sums.asnumpy() * (high.asscalar() / (2**31 - 1))
    # two roundings of at most half a step each, summed over 8 products
    bound = 8 * (np.abs(x).max() * np.abs(w).max() / 127) * 1.1
    assert np.abs(got - x @ w.T).max() < bound


def test_requantizing_brings_sums_back_to_eight_bits():
    x = RNG.integers(-(2**30), 2**30, (3, 4)).astype("int32")
    ends = nd.array([-4.0]), nd.array([4.0])
    numbers, _, high = nd.contrib.requantize(nd.array(x, dtype="int32"), *ends)
    real = x * (4.0 / (2**31 - 1))
    back = numbers.asnumpy() * (high.asscalar() / 127)
    assert numbers.dtype == np.int8
    np.testing.assert_allclose(back, real, atol=high.asscalar() / 127)


@pytest.mark.parametrize("no_bias", [False, True])
@pytest.mark.parametrize("name", ["quantized_conv", "quantized_fully_connected"])
def test_symbols_of_quantized_layers_know_their_dtypes_without_shapes(name, no_bias):
    names = ["data", "weight", "bias", *(f"{e}_{x}" for x in ("data", "weight", "bias")
                                         for e in ("min", "max"))]  # fmt: skip
    given = [mx.sym.var(n) for n in names if not (no_bias and "bias" in n)]
    conv = name == "quantized_conv"
    attrs = {"kernel": (2, 2), "num_filter": 4} if conv else {"num_hidden": 4}
    net = getattr(mx.sym.contrib, name)(*given, no_bias=no_bias, **attrs)
    types, outputs, _ = net.infer_type(data="uint8")
    count = 2 if no_bias else 3
    assert [np.dtype(t).name for t in types[:count]] == ["uint8", *["int8"] * (count - 1)]
    assert {np.dtype(t).name for t in types[count:]} == {"float32"}
    assert [np.dtype(t).name for t in outputs] == ["int32", "float32", "float32"]
    shapes, _, _ = net.infer_shape(data=(2, 3, 5, 5) if conv else (2, 3))
    assert shapes[1] == ((4, 3, 2, 2) if conv else (4, 3))
    assert set(shapes[count:]) == {(1,)}
