"""Convolution, its gradients, and their fusions with bias, rectifier and pooling.

A fused layer never stores what lies between its parts: the forward rectifies and pools results as
they leave the registers, and its two backward steps read the pooled gradient through the codes
that the forward left (which of the four positions won, or that none did).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.kernels import conv_loops as loops
from dlstudio.kernels import conv_products as products
from dlstudio.kernels.conv_plan import Layer, data_gradient, forward, weight_gradient
from dlstudio.kernels.conv_rows import LOAD_MASKED, LOAD_PLAIN, LOAD_UNPOOLED

__all__ = ["BUILDERS", "KERNELS", "layer_of"]

Array = Any
Avals = tuple[Aval, ...]
Attrs = dict[str, Any]
Built = Callable[..., None] | None
KERNELS = loops.KERNELS
FLOAT32 = np.dtype(np.float32)


# ---- sizes -----------------------------------------------------------------------------------
def _pair(values: Sequence[int] | None, axes: int, default: int) -> tuple[int, int]:
    """Attribute of one or two axes as (rows, columns)."""
    given = tuple(values or ()) or (default,) * axes
    return (default, given[0]) if axes == 1 else (given[0], given[1])


def layer_of(data: Aval, weight: Aval, attrs: dict[str, Any]) -> Layer | None:
    """Sizes of a convolution, or None where these loops do not apply."""
    axes = data.ndim - 2
    if axes not in {1, 2} or attrs.get("layout") not in {None, "NCHW", "NCW"}:
        return None
    if data.dtype != FLOAT32 or weight.dtype != FLOAT32 or 0 in data.shape + weight.shape:
        return None
    H, W = (1, *data.shape[2:])[-2:]
    kernel_h, kernel_w = (1, *weight.shape[2:])[-2:]
    size, kernel = (H, W), (kernel_h, kernel_w)
    stride = _pair(attrs.get("stride"), axes, 1)
    dilate = _pair(attrs.get("dilate"), axes, 1)
    pad = _pair(attrs.get("pad"), axes, 0)
    reach = [d * (k - 1) + 1 for d, k in zip(dilate, kernel, strict=True)]
    out = [(n + 2 * p - r) // s + 1 for n, p, r, s in zip(size, pad, reach, stride, strict=True)]
    if min(out) < 1:
        return None
    return Layer(
        data.shape[0], data.shape[1], size, weight.shape[0], (out[0], out[1]), kernel,
        stride, dilate, pad, int(attrs.get("num_group", 1)),
    )  # fmt: skip


def _image(x: Array) -> Array:
    """(N, C, W) as (N, C, 1, W); four axes unchanged."""
    return x if x.ndim == 4 else x[:, :, None, :]


def _taps_last(weight: Array) -> Array:
    return weight.reshape(weight.shape[0], weight.shape[1], -1)


# ---- convolution -----------------------------------------------------------------------------
def _build_forward(*, relu: bool = False, pool: bool = False) -> Callable[..., Built]:
    def build(ins: Avals, outs: Avals, attrs: Attrs) -> Built:
        layer = layer_of(ins[0], ins[1], attrs)
        if layer is None or (pool and min(layer.out_size) < 2):
            return None
        if products.is_pointwise(layer) and not pool:
            return _build_product(layer, relu)
        if products.suits_products(layer) and not relu:
            return None
        run = forward(layer, relu=relu, pool=pool)

        def convolution(y: Array, *arrays: Array) -> None:
            data, weight, bias = (*arrays, None)[:3]
            run(_image(data), _taps_last(weight), _image(y), bias=bias)

        def pooled(y: Array, codes: Array, *arrays: Array) -> None:
            data, weight, bias = (*arrays, None)[:3]
            run(
                _image(data), _taps_last(weight), _image(y), bias=bias, y_codes=_image(codes)
            )  # fmt: skip

        return pooled if pool else convolution

    return build


def _build_product(layer: Layer, relu: bool) -> Callable[..., None]:
    run = products.forward(layer, relu=relu)

    def convolution(y: Array, *arrays: Array) -> None:
        data, weight, bias = (*arrays, None)[:3]
        run(data, weight, y, bias)

    return convolution


def _load_mode(ins: Avals) -> int:
    """How a fused gradient is read: through the codes of a pooling, or where the output is > 0."""
    return LOAD_UNPOOLED if ins[1].dtype == np.uint8 else LOAD_MASKED


def _companion(load: int, kept: Array) -> dict[str, Array]:
    return {"codes" if load == LOAD_UNPOOLED else "mask": _image(kept)}


def _build_grad_data(ins: Avals, outs: Avals, attrs: Attrs) -> Built:
    layer = layer_of(outs[0], ins[-1], attrs)
    if layer is None:
        return None
    plain = len(ins) == 2
    if plain and products.is_pointwise(layer):
        return products.grad_data(layer)
    if plain and products.suits_products(layer):
        return None
    load = LOAD_PLAIN if plain else _load_mode(ins)
    passes, gaps = data_gradient(layer, load=load)

    def grad_data(dx: Array, g: Array, *kept_weight: Array) -> None:
        *kept, weight = kept_weight
        extra = _companion(load, kept[0]) if kept else {}
        if gaps:
            dx.fill(0)
        for run in passes:
            run(_image(g), _taps_last(weight), _image(dx), **extra)

    return grad_data


def _build_grad_weight(ins: Avals, outs: Avals, attrs: Attrs) -> Built:
    layer = layer_of(ins[1], outs[0], attrs)
    if layer is None or products.suits_products(layer):
        return None
    run = weight_gradient(layer)

    def grad_weight(dw: Array, g: Array, data: Array) -> None:
        run(_image(g), _image(data), _taps_last(dw))

    return grad_weight


def _build_fused_grad_weight(ins: Avals, outs: Avals, attrs: Attrs) -> Built:
    layer = layer_of(ins[2], outs[0], attrs)
    if layer is None:
        return None
    load = _load_mode(ins)
    run = weight_gradient(layer, load=load)

    def grad_weight(dw: Array, dbias: Array, g: Array, kept: Array, data: Array) -> None:
        run(_image(g), _image(data), _taps_last(dw), bias=dbias, **_companion(load, kept))

    return grad_weight


BUILDERS = {
    "Convolution": _build_forward(),
    "convolution_grad_data": _build_grad_data,
    "convolution_grad_weight": _build_grad_weight,
    "fused_conv_relu": _build_forward(relu=True),
    "fused_conv_relu_pool": _build_forward(relu=True, pool=True),
    "fused_conv_grad_data": _build_grad_data,
    "fused_conv_grad_weight": _build_fused_grad_weight,
}
