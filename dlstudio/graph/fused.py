"""Operators that the fuse pass puts in place of several: each has one compiled kernel.

Their forwards spell out what they stand for, and are what the kernels are tested against.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Shape
from dlstudio.core.registry import OPS, Flags, NotDifferentiable, op
from dlstudio.ops.nn_conv import GRAD_PARAMS
from dlstudio.ops.nn_rules import GEOMETRY

__all__ = [
    "CONV_GRAD_DATA",
    "CONV_GRAD_WEIGHT",
    "CONV_RELU",
    "CONV_RELU_POOL",
    "CROSS_ENTROPY",
    "CROSS_ENTROPY_GRAD",
    "DENSE_RELU",
    "RELU_BIAS_GRAD",
]

Array = Any
_INTERNAL = NotDifferentiable("it is made by the graph compiler after gradients")
_DEAD = 4  # as in `kernels.conv_loops`: the code of a pooled value that the rectifier cut off


def _relu(xp: Any, y: Array) -> Array:
    return xp.maximum(y, 0)


# ---- dense -----------------------------------------------------------------------------------
def _infer_dense(*avals: Any, **attrs: Any) -> Aval:
    return OPS["FullyConnected"].infer(*avals, **attrs)


@op(
    "fused_dense_relu",
    infer=_infer_dense,
    grad=_INTERNAL,
    samples=lambda s: [s((2, 3), (4, 3), (4,), num_hidden=4)],
)
def DENSE_RELU(  # noqa: N802  a record, not a function
    xp: Any, data: Array, weight: Array, bias: Array, *, num_hidden: int, no_bias: bool = False,
    flatten: bool = True,
) -> Array:  # fmt: skip
    """FullyConnected and then relu."""
    forward = OPS["FullyConnected"].forward
    return _relu(xp, forward(xp, data, weight, bias, num_hidden=num_hidden, flatten=flatten))


@op(
    "fused_relu_bias_grad",
    infer=lambda g, out: (Aval(tuple(g.shape), g.dtype), Aval(tuple(g.shape[1:]), g.dtype)),
    grad=_INTERNAL,
    outputs=2,
    flags=Flags(inplace=(0,)),
    samples=lambda s: [s((2, 3), np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]))],
)
def RELU_BIAS_GRAD(xp: Any, g: Array, out: Array) -> tuple[Array, Array]:  # noqa: N802
    """Gradients of ``out = relu(z + bias)`` for z (B, D) and bias (D,)."""
    dz = g * (out > 0)
    return dz, dz.sum(axis=0)


# ---- loss ------------------------------------------------------------------------------------
@op(
    "fused_cross_entropy",
    infer=lambda data, label, *, shape: (
        Aval(tuple(shape), data.dtype),
        Aval(tuple(data.shape), data.dtype),
    ),
    grad=_INTERNAL,
    outputs=2,
    params={"shape": Shape(0)},
    samples=lambda s: [
        s((2, 3), np.array([2.0, 0.0]), shape=(2,)),
        s((2, 2, 3), np.array([[0, 7], [-1, 1]]), shape=(2, 2, 1)),
    ],
)
def CROSS_ENTROPY(  # noqa: N802
    xp: Any, data: Array, label: Array, *, shape: Any
) -> tuple[Array, Array]:
    """``-log_softmax(data)[label]`` per row of the last axis, and the softmax for its gradient."""
    logs = OPS["log_softmax"].forward(xp, data, axis=-1)
    loss = -OPS["pick"].forward(xp, logs, label, axis=-1)
    return loss.reshape(shape), xp.exp(logs)


@op(
    "fused_cross_entropy_grad",
    infer=lambda g, prob, label: Aval(tuple(prob.shape), prob.dtype),
    grad=_INTERNAL,
    flags=Flags(inplace=(1,)),
    samples=lambda s: [
        s((2,), (2, 3), np.array([2.0, 0.0])),
        s((2, 2, 1), (2, 2, 3), np.array([[0, 7], [-1, 1]])),
    ],
)
def CROSS_ENTROPY_GRAD(xp: Any, g: Array, prob: Array, label: Array) -> Array:  # noqa: N802
    """Gradient of `fused_cross_entropy`: ``g * (prob - one_hot(label))``."""
    classes = prob.shape[-1]
    hit = xp.arange(classes) == xp.clip(label, 0, classes - 1).astype("int64")[..., None]
    return g.reshape(*prob.shape[:-1], 1) * (prob - hit.astype(prob.dtype))


# ---- convolution -----------------------------------------------------------------------------
_WINDOW = ("kernel", "stride", "dilate", "pad", "num_group", "layout")
_SAMPLE = dict(kernel=(2, 2), stride=(1, 1), dilate=(1, 1), pad=(1, 0), num_group=1, layout=None)
_KEPT = {k: GRAD_PARAMS[k] for k in _WINDOW}


def _infer_conv(*avals: Any, **attrs: Any) -> Aval:
    convolution = OPS["Convolution"]
    return convolution.infer(*avals, **{**convolution.attrs, **attrs})


def _infer_pooled(*avals: Any, **attrs: Any) -> tuple[Aval, Aval]:
    y = _infer_conv(*avals, **attrs)
    shape = (*y.shape[:2], y.shape[2] // 2, y.shape[3] // 2)
    return Aval(shape, y.dtype), Aval(shape, np.dtype(np.uint8))


@op(
    "fused_conv_relu",
    infer=_infer_conv,
    grad=_INTERNAL,
    params=GEOMETRY,
    samples=lambda s: [s((1, 2, 3, 4), (2, 2, 2, 2), (2,), num_filter=2, **_SAMPLE)],
)
def CONV_RELU(  # noqa: N802
    xp: Any, data: Array, weight: Array, bias: Array, *, kernel: Any = (), stride: Any = (),
    dilate: Any = (), pad: Any = (), num_filter: int = 0, num_group: int = 1,
    layout: str | None = None,
) -> Array:  # fmt: skip
    """Convolution and then relu."""
    window = dict(kernel=kernel, stride=stride, dilate=dilate, pad=pad, layout=layout)
    return _relu(
        xp,
        OPS["Convolution"].forward(
            xp, data, weight, bias, num_filter=num_filter, num_group=num_group, **window
        ),
    )


def _quads(x: Array) -> Array:
    """Window positions 0 … 3 of the 2 x 2 windows of (B, C, H, W), as (4, B, C, H // 2, W // 2)."""
    height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    return [x[:, :, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]


@op(
    "fused_conv_relu_pool",
    infer=_infer_pooled,
    grad=_INTERNAL,
    params=GEOMETRY,
    outputs=2,
    samples=lambda s: [s((1, 2, 4, 5), (2, 2, 2, 2), (2,), num_filter=2, **_SAMPLE)],
)
def CONV_RELU_POOL(  # noqa: N802
    xp: Any, data: Array, weight: Array, bias: Array, *, kernel: Any = (), stride: Any = (),
    dilate: Any = (), pad: Any = (), num_filter: int = 0, num_group: int = 1,
    layout: str | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Convolution, relu and the maximum of each 2 x 2 window.

    The second output tells which position won (0 … 3 in reading order), or 4 where relu cut off.
    """
    window = dict(kernel=kernel, stride=stride, dilate=dilate, pad=pad, layout=layout)
    y = xp.stack(
        _quads(
            OPS["Convolution"].forward(
                xp, data, weight, bias, num_filter=num_filter, num_group=num_group, **window
            )
        )
    )
    top = y.max(axis=0)
    codes = xp.where(top > 0, y.argmax(axis=0), _DEAD)
    return _relu(xp, top), codes.astype("uint8")


def _conv_gradient(xp: Any, g: Array, kept: Array, shape: tuple[int, ...]) -> Array:
    """Gradient of the convolution's own output, of `shape`, from that of the fused layer.

    `kept` is what the forward left: its output (relu alone), or the codes (relu and pooling).
    """
    if kept.dtype != "uint8":
        return g * (kept > 0)
    full = xp.zeros(shape, g.dtype)
    for code, part in enumerate(_quads(full)):
        part[...] = xp.where(kept == code, g, 0)
    return full


def _conv_shape(data_shape: Any, weight_shape: Any, window: dict[str, Any]) -> tuple[int, ...]:
    data, weight = (Aval(tuple(s), np.dtype("f4")) for s in (data_shape, weight_shape))
    given = {"num_filter": weight.shape[0], "no_bias": True}
    attrs = {**OPS["Convolution"].attrs, **window, **given}
    return _infer_conv(data, weight, **attrs).shape


# For data (1, 2, 3, 4) the convolution has shape (1, 2, 4, 3), pooled (1, 2, 2, 1).
_CODES = np.array([0, 4, 3, 1], np.uint8).reshape(1, 2, 2, 1)
_KEPT_SAMPLES = (((1, 2, 4, 3), (1, 2, 4, 3)), ((1, 2, 2, 1), _CODES))


@op(
    "fused_conv_grad_data",
    infer=lambda g, kept, weight, *, data_shape, **_: Aval(tuple(data_shape), g.dtype),
    grad=_INTERNAL,
    params={"data_shape": Shape(0), **_KEPT},
    samples=lambda s: [
        s(g, kept, (2, 2, 2, 2), data_shape=(1, 2, 3, 4), **_SAMPLE) for g, kept in _KEPT_SAMPLES
    ],
)
def CONV_GRAD_DATA(  # noqa: N802
    xp: Any, g: Array, kept: Array, weight: Array, *, data_shape: Any, kernel: Any, stride: Any,
    dilate: Any, pad: Any, num_group: int = 1, layout: str | None = None,
) -> Array:  # fmt: skip
    """Gradient for the data of `fused_conv_relu` or `fused_conv_relu_pool`."""
    window = dict(kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_group=num_group,
                  layout=layout)  # fmt: skip
    full = _conv_gradient(xp, g, kept, _conv_shape(data_shape, weight.shape, window))
    run = OPS["convolution_grad_data"].forward
    return run(xp, full, weight, data_shape=data_shape, **window)


@op(
    "fused_conv_grad_weight",
    infer=lambda g, kept, data, *, weight_shape, **_: (
        Aval(tuple(weight_shape), g.dtype),
        Aval(tuple(weight_shape[:1]), g.dtype),
    ),
    grad=_INTERNAL,
    outputs=2,
    params={"weight_shape": Shape(0), **_KEPT},
    samples=lambda s: [
        s(g, kept, (1, 2, 3, 4), weight_shape=(2, 2, 2, 2), **_SAMPLE) for g, kept in _KEPT_SAMPLES
    ],
)
def CONV_GRAD_WEIGHT(  # noqa: N802
    xp: Any, g: Array, kept: Array, data: Array, *, weight_shape: Any, kernel: Any, stride: Any,
    dilate: Any, pad: Any, num_group: int = 1, layout: str | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Gradients for weight and bias of `fused_conv_relu` or `fused_conv_relu_pool`."""
    window = dict(kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_group=num_group,
                  layout=layout)  # fmt: skip
    full = _conv_gradient(xp, g, kept, _conv_shape(data.shape, weight_shape, window))
    run = OPS["convolution_grad_weight"].forward
    dw = run(xp, full, data, weight_shape=weight_shape, **window)
    return dw, full.sum(axis=(0, *range(2, full.ndim)))
