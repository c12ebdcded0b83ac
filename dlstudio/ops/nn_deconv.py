"""Deconvolution (transposed convolution), im2col and col2im, UpSampling."""

from __future__ import annotations

from math import prod
from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Int, Shape
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.errors import ArgumentError, ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import (
    GEOMETRY,
    Window,
    aval,
    channels_last,
    expect_bias,
    expect_shape,
    tuple_of,
    window_of,
)
from dlstudio.ops.nn_windows import columns, scatter_columns

Array = Any


# ---- Deconvolution ---------------------------------------------------------------------------
def _output_space(
    space: tuple[int, ...], window: Window, adj: tuple[int, ...], target: tuple[int, ...]
) -> tuple[Window, tuple[int, ...]]:
    """Space of the result, and the window with the padding that leads there."""
    whole = [(n - 1) * s + r for n, s, r in zip(space, window.stride, window.reach, strict=True)]
    if any(target):
        for have, want in zip(whole, target, strict=True):
            if want > have:
                raise ParamError(
                    f"Deconvolution: parameter target_shape must be at most {tuple(whole)}, the "
                    f"size without padding. Got {target}."
                )
        pad = tuple((have - want + 1) // 2 for have, want in zip(whole, target, strict=True))
        return window._replace(pad=pad), target
    for s, a in zip(window.stride, adj, strict=True):
        if a >= s:
            raise ParamError(
                f"Deconvolution: parameter adj must be smaller than stride {window.stride}. "
                f"Got {adj}."
            )
    return window, tuple(n - 2 * p + a for n, p, a in zip(whole, window.pad, adj, strict=True))


def _complete_deconv(shapes: Any, attrs: Any) -> Any:
    data, filters = shapes[0], attrs["num_filter"]
    if data is None or len(data) < 3:
        return shapes
    return [data, _weight_shape(data, filters, attrs), (filters,)][: len(shapes)]


def _weight_shape(data: Any, num_filter: int, attrs: Any) -> tuple[int, ...]:
    each = num_filter // attrs["num_group"]
    if channels_last(attrs["layout"]):
        return (data[-1], *attrs["kernel"], each)
    return (data[1], each, *attrs["kernel"])


_TWO = dict(kernel=(2, 2), num_filter=2)


def _deconv_samples(s: Any) -> list[Any]:
    x, w = (1, 3, 2, 3), (3, 2, 2, 2)
    return [
        s(x, w, **_TWO),
        s(x, w, (2,), no_bias=False, stride=(2, 3), pad=(1, 0), adj=(1, 2), **_TWO),
        s(x, w, stride=(2, 2), target_shape=(3, 5), **_TWO),
        s((1, 4, 2, 2), (4, 1, 2, 2), num_group=2, dilate=(2, 1), **_TWO),
        s((1, 2, 3), (2, 3, 3), kernel=(3,), num_filter=3, stride=(2,)),
        s((1, 2, 1, 2, 2), (2, 1, 2, 1, 2), kernel=(2, 1, 2), num_filter=1),
        s((1, 2, 3, 3), (3, 2, 2, 2), layout="NHWC", **_TWO),
    ]


@composite(
    "Deconvolution",
    complete=_complete_deconv,
    macs=lambda ins, outs, attrs: ins[0].size * (ins[1].size // max(1, ins[1].shape[0])),
    input_names=lambda attrs: ("data", "weight", "bias")[: 2 if attrs["no_bias"] else 3],
    params={**GEOMETRY, "adj": Shape(0), "target_shape": Shape(0)},
    names=Names(nd="Deconvolution", npx="deconvolution"),
    flags=Flags(amp="fp16"),
    samples=_deconv_samples,
    errors=lambda s: [
        bad(s((1, 3, 4, 4), (3, 3, 2, 2), **_TWO), ShapeError, r"\(3, 2, 2, 2\)"),
        bad(s((1, 3, 4), (3, 2, 2, 2), **_TWO), ShapeError, "data with 4 axes"),
        bad(s((1, 2, 3, 3), (2, 2, 2, 2), adj=(1, 1), **_TWO), ParamError, "adj must be smaller"),
        bad(s((1, 2, 3, 3), (2, 2, 2, 2), no_bias=False, **_TWO), ArgumentError, "bias is missing"),
        bad(s((1, 2, 3, 3), (2, 2, 2, 2), target_shape=(9, 9), **_TWO), ParamError, "target_shape"),
    ],
)
def _(
    F: Any, data: Any, weight: Any, bias: Any = None, *, kernel: Any = (), stride: Any = (),
    dilate: Any = (), pad: Any = (), adj: Any = (), target_shape: Any = (), num_filter: int = 0,
    num_group: int = 1, workspace: int = 512, no_bias: bool = True, cudnn_tune: str | None = None,
    cudnn_off: bool = False, layout: str | None = None,
) -> Any:  # fmt: skip
    r"""Transposed convolution: the adjoint of `Convolution`, which enlarges space by the stride.

    Parameters
    ----------
    data : (B, C, *space), or (B, *space, C) with layout NHWC, NDHWC
    weight : (C, num_filter / num_group, *kernel), or (C, *kernel, num_filter / num_group)
    bias : (num_filter,), given with ``no_bias=False``
    adj : added to the size of the result, less than the stride
    target_shape : size of the result; `pad` and `adj` follow from it

    Returns
    -------
    (B, num_filter, *space) with
    ``space = stride * (size - 1) + dilate * (kernel - 1) + 1 - 2 * pad + adj``

    References
    ----------
    Zeiler et al., "Deconvolutional networks", CVPR 2010.
    """
    window = window_of("Deconvolution", kernel, stride, dilate, pad)
    n = len(kernel)
    _expect_deconv(data, weight, bias, n, num_filter, num_group, layout, kernel, no_bias=no_bias)
    last = channels_last(layout)
    space = tuple(data.shape[1:-1] if last else data.shape[2:])
    adj = tuple_of(adj, n, 0, "Deconvolution: parameter adj")
    target = tuple_of(target_shape, n, 0, "Deconvolution: parameter target_shape")
    window, size = _output_space(space, window, adj, target)
    shape = (data.shape[0], *size, num_filter) if last else (data.shape[0], num_filter, *size)
    y = F.convolution_grad_data(
        data, weight, data_shape=shape, num_group=num_group, layout=layout, **window._asdict()
    )
    if bias is None:
        return y
    return F.add(y, bias if last else F.reshape(bias, shape=(num_filter, *(1,) * n)))


def _expect_deconv(
    data: Any, weight: Any, bias: Any, n: int, num_filter: int, num_group: int, layout: Any,
    kernel: Any, *, no_bias: bool,
) -> None:  # fmt: skip
    expect_bias("Deconvolution", bias, no_bias=no_bias)
    if data.ndim != n + 2:
        raise ShapeError(
            explain(
                f"Deconvolution: data has shape {tuple(data.shape)}, kernel {kernel}.",
                f"data with {n + 2} axes: batch, channels and {n} of space.",
            )
        )
    channels = data.shape[-1] if channels_last(layout) else data.shape[1]
    if num_filter < 1 or channels % num_group or num_filter % num_group:
        raise ParamError(
            f"Deconvolution: parameter num_filter must be at least 1, and like the {channels} "
            f"channels divisible by num_group={num_group}. Got {num_filter}."
        )
    attrs = dict(num_group=num_group, layout=layout, kernel=kernel)
    shape = _weight_shape(tuple(data.shape), num_filter, attrs)
    expect_shape("Deconvolution", "weight", weight, shape, f"for data {tuple(data.shape)}")
    expect_shape("Deconvolution", "bias", bias, (num_filter,), "one number per filter")


# ---- im2col, col2im --------------------------------------------------------------------------
_PATCH = {name: GEOMETRY[name] for name in ("kernel", "stride", "dilate", "pad")}


def _patch_window(name: str, space: Any, kernel: Any, stride: Any, dilate: Any, pad: Any) -> Any:
    window = window_of(name, kernel, stride, dilate, pad)
    if len(space) != len(kernel):
        raise ShapeError(
            explain(
                f"{name}: space {tuple(space)}, kernel {kernel}.", "one entry per axis of space."
            )
        )
    steps = window.steps(tuple(space))
    if min(steps) < 1:
        raise ShapeError(
            explain(f"{name}: kernel {kernel} does not fit into {tuple(space)} with pad {pad}.")
        )
    return window, steps


def _infer_im2col(data: Any, *, kernel: Any, stride: Any, dilate: Any, pad: Any) -> Aval:
    _, steps = _patch_window("im2col", data.shape[2:], kernel, stride, dilate, pad)
    return aval((data.shape[0], data.shape[1] * prod(kernel), prod(steps)), data)


@op(
    "im2col",
    infer=_infer_im2col,
    grad=lambda F, g, out, data, **window: (
        F.col2im(g, output_size=tuple(data.shape[2:]), **window),
    ),
    params=_PATCH,
    names=Names(nd="im2col", npx="im2col"),
    samples=lambda s: [
        s(1, 2, 3, 3, kernel=(2, 2)),
        s(1, 2, 3, 4, kernel=(2, 2), stride=(2, 1), pad=(1, 0), dilate=(1, 2)),
    ],
    errors=lambda s: [
        bad(s((1, 2, 6), kernel=(2, 2)), ShapeError, "one entry per axis"),
        bad(s((1, 2, 3, 3), kernel=(4, 2)), ShapeError, "does not fit"),
    ],
)
def _(
    xp: Any, data: Array, *, kernel: Any, stride: Any = (), dilate: Any = (), pad: Any = ()
) -> Array:
    """Lay the windows of data (B, C, *space) out as columns (B, C * prod(kernel), windows)."""
    window, steps = _patch_window("im2col", data.shape[2:], kernel, stride, dilate, pad)
    return columns(xp, data, window, 1, steps)[:, 0].copy()


def _col2im_channels(
    data: Any, output_size: Any, kernel: Any, stride: Any, dilate: Any, pad: Any
) -> Any:
    window, steps = _patch_window("col2im", output_size, kernel, stride, dilate, pad)
    if data.ndim != 3 or data.shape[1] % prod(kernel) or data.shape[2] != prod(steps):
        raise ShapeError(
            explain(
                f"col2im: data has shape {tuple(data.shape)}.",
                f"(B, C * {prod(kernel)}, {prod(steps)}), as im2col makes of {output_size}.",
            )
        )
    return window, steps, data.shape[1] // prod(kernel)


def _infer_col2im(data: Any, *, output_size: Any, **window: Any) -> Aval:
    channels = _col2im_channels(data, output_size, **window)[2]
    return aval((data.shape[0], channels, *output_size), data)


@op(
    "col2im",
    infer=_infer_col2im,
    grad=lambda F, g, out, data, *, output_size, **window: (F.im2col(g, **window),),
    params={**_PATCH, "output_size": Shape(1)},
    names=Names(nd="col2im", npx="col2im"),
    samples=lambda s: [
        s((1, 8, 4), output_size=(3, 3), kernel=(2, 2)),
        s((1, 8, 6), output_size=(4, 5), kernel=(2, 2), stride=(2, 2), pad=(1, 0), dilate=(1, 2)),
    ],
    errors=lambda s: [
        bad(s((1, 8, 7), output_size=(4, 4), kernel=(2, 2)), ShapeError, r"\(B, C \* 4, 9\)")
    ],
)
def _(
    xp: Any, data: Array, *, output_size: Any, kernel: Any, stride: Any = (), dilate: Any = (),
    pad: Any = (),
) -> Array:  # fmt: skip
    """Add columns back to the cells they came from: the adjoint of `im2col`."""
    window, steps, channels = _col2im_channels(data, output_size, kernel, stride, dilate, pad)
    out = xp.zeros((data.shape[0], channels, *output_size), data.dtype)
    cols = data.reshape(data.shape[0], channels, *kernel, *steps)
    scatter_columns(xp, cols, window, steps, out)
    return out


# ---- UpSampling ------------------------------------------------------------------------------
def _nearest(F: Any, data: Any, scale: int) -> Any:
    return F.repeat(F.repeat(data, repeats=scale, axis=2), repeats=scale, axis=3)


def _combined(F: Any, maps: Any, mode: str) -> Any:
    if len(maps) == 1:
        return maps[0]
    if mode == "concat":
        return F.concatenate(*maps, axis=1)
    total = maps[0]
    for one in maps[1:]:
        total = F.add(total, one)
    return total


@composite(
    "UpSampling",
    params={
        "scale": Int(1),
        "sample_type": Choice("nearest", "bilinear"),
        "multi_input_mode": Choice("concat", "sum"),
        "num_args": Int(1),
        "num_filter": Int(0),
        "workspace": Int(0),
    },
    names=Names(nd="UpSampling"),
    samples=lambda s: [
        s((1, 2, 2, 3), scale=2, sample_type="nearest"),
        s((1, 2, 2, 1), (1, 1, 4, 2), scale=2, sample_type="nearest", num_args=2),
        s(
            (1, 2, 2, 1), (1, 2, 4, 2), scale=2, sample_type="nearest", multi_input_mode="sum",
            num_args=2,
        ),
        s((1, 2, 2, 2), (2, 1, 4, 4), scale=2, sample_type="bilinear", num_filter=2, num_args=2),
    ],
    errors=lambda s: [
        bad(s((2, 3), scale=2, sample_type="nearest"), ShapeError, r"\(B, C, H, W\)"),
        bad(
            s((1, 2, 2, 2), (2, 1, 3, 3), scale=2, sample_type="bilinear", num_filter=2),
            ShapeError, "weight has",
        ),
    ],
)  # fmt: skip
def _(
    F: Any, *data: Any, scale: int, sample_type: str, num_filter: int = 0,
    multi_input_mode: str = "concat", num_args: int = 1, workspace: int = 512,
) -> Any:  # fmt: skip
    """Enlarge maps (B, C, H, W) by `scale`, by repetition or with learned bilinear weights.

    "nearest" takes any number of maps, brings all to the size of the first times `scale`, and
    concatenates their channels or sums them. "bilinear" takes one map and the weight of a
    `Deconvolution`, (C, 1, K, K) with ``K = 2 * scale - scale % 2``, initialised by
    ``init.Bilinear``.
    """
    first = data[0]
    if first.ndim != 4:
        raise ShapeError(
            explain(f"UpSampling: data has shape {tuple(first.shape)}.", "four axes, (B, C, H, W).")
        )
    if sample_type == "bilinear":
        k = 2 * scale - scale % 2
        return F.Deconvolution(
            *data, kernel=(k, k), stride=(scale, scale), pad=((k - scale + 1) // 2,) * 2,
            num_filter=first.shape[1], num_group=first.shape[1],
        )  # fmt: skip
    size = first.shape[2] * scale
    maps = [_nearest(F, x, size // x.shape[2]) for x in data]
    return _combined(F, maps, multi_input_mode)
