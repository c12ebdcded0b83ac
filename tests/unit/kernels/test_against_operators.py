"""Every kernel against its operator's reference forward: on the operator's own samples and more."""

import numpy as np
import pytest

import dlstudio.graph.fused
import dlstudio.graph.pointwise
import dlstudio.ops  # noqa: F401  fills the table
from dlstudio import kernels
from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS
from dlstudio.testing.samples import SampleMaker

pytestmark = pytest.mark.usefixtures("compiled")


def single(x):
    """Floats as float32: other dtypes have no kernels."""
    x = np.ascontiguousarray(x)
    return x.astype("f4") if x.dtype.kind == "f" else x


def compare(op, inputs, attrs):
    """Run kernel and forward; whether there was a kernel."""
    ins = [None if x is None else single(x) for x in inputs]
    attrs = op.parse(attrs) | ({"training": attrs.get("training", True)} if op.flags.mode else {})
    expected = op.forward(np, *ins, **attrs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    outs = [np.full(np.shape(e), 77).astype(np.asarray(e).dtype) for e in expected]
    avals = [None if x is None else Aval(x.shape, x.dtype) for x in ins]
    kernel = kernels.find(op.name, avals, [Aval(o.shape, o.dtype) for o in outs], attrs)
    if kernel is None:
        return False
    kernel(*outs, *[x for x in ins if x is not None])
    for actual, wanted in zip(outs, expected, strict=True):
        # Both sum a few thousand float32 products at most, in different orders.
        np.testing.assert_allclose(actual, wanted, rtol=2e-5, atol=2e-5)
    return True


# Operators whose own samples lie outside what their kernels cover; test_small_kernels has theirs.
ELSEWHERE = {"sum", "pooling_grad"}


@pytest.mark.parametrize("name", kernels.supported())
def test_kernel_equals_forward_on_the_operators_samples(name):
    op = OPS[name]
    samples = op.samples(SampleMaker(7, np.float32))
    found = [compare(op, s.inputs, dict(s.attrs)) for s in samples]
    assert any(found) or name in ELSEWHERE


RNG = np.random.default_rng(3)
LAYERS = [
    # data, filters, kernel, stride, pad, groups
    ((5, 1, 28, 28), 6, (5, 5), (1, 1), (2, 2), 1),
    ((5, 6, 14, 14), 16, (5, 5), (1, 1), (0, 0), 1),
    ((3, 3, 17, 11), 32, (3, 3), (1, 1), (1, 1), 1),
    ((3, 4, 9, 9), 8, (3, 3), (2, 2), (1, 1), 2),
    ((2, 8, 7, 8), 8, (3, 3), (1, 1), (1, 1), 8),
]


def normal(*shape):
    return RNG.standard_normal(shape).astype("f4")


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("pool", [False, True])
def test_fused_convolution_layers_and_their_gradients(layer, pool):
    shape, filters, kernel, stride, pad, groups = layer
    window = dict(kernel=kernel, stride=stride, dilate=(1, 1), pad=pad, num_group=groups)
    x, b = normal(*shape), normal(filters)
    w = normal(filters, shape[1] // groups, *kernel)
    forward = OPS["fused_conv_relu_pool" if pool else "fused_conv_relu"]
    attrs = {**window, "num_filter": filters}
    assert compare(forward, (x, w, b), attrs)
    result = forward.forward(np, x, w, b, **attrs)
    y, kept = result if pool else (result, result)
    g = normal(*y.shape)
    assert compare(OPS["fused_conv_grad_data"], (g, kept, w), {**window, "data_shape": shape})
    weight_shape = {**window, "weight_shape": w.shape}
    # Sums over all images and positions: up to a few thousand terms.
    assert compare(OPS["fused_conv_grad_weight"], (g / 30, kept, x), weight_shape)
