"""Convolution and Deconvolution in one to three dimensions, grouped, dilated, both layouts.

The three bilinear maps between data, weight and output are operators of their own:

    Convolution(data, weight)               -> output
    convolution_grad_data(output, weight)   -> data       its adjoint in data; also Deconvolution
    convolution_grad_weight(output, data)   -> weight     its adjoint in weight

Each is linear in both operands, so their gradients close among the three, to any order.
"""

from __future__ import annotations

from math import prod
from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.interpret import Lazy
from dlstudio.core.params import Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ArgumentError, DTypeError, ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import (
    GEOMETRY,
    Window,
    aval,
    channels_last,
    expect_bias,
    expect_dtype,
    expect_float,
    expect_shape,
    narrow,
    per_filter,
    wide,
    window_of,
)
from dlstudio.ops.nn_windows import (
    batches,
    columns,
    columns_by_channel,
    offsets,
    padded,
    scatter_columns,
)

Array = Any

GRAD_PARAMS = {
    name: GEOMETRY[name] for name in ("kernel", "stride", "dilate", "pad", "num_group", "layout")
}


# ---- shapes ----------------------------------------------------------------------------------
def _split(shape: tuple[int, ...], layout: str | None) -> tuple[int, tuple[int, ...]]:
    """Channels and space of data (B, C, *space) or (B, *space, C)."""
    if channels_last(layout):
        return shape[-1], shape[1:-1]
    return shape[1], shape[2:]


def _join(first: int, channels: int, space: tuple[int, ...], layout: str | None) -> tuple[int, ...]:
    if channels_last(layout):
        return (first, *space, channels)
    return (first, channels, *space)


def channels_second(x: Array, layout: str | None) -> Array:
    """View with the channel axis second."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1)) if channels_last(layout) else x


def _as_layout(xp: Any, x: Array, layout: str | None) -> Array:
    if not channels_last(layout):
        return x
    return xp.ascontiguousarray(x.transpose(0, *range(2, x.ndim), 1))


def _expect_rank(op_name: str, data: Any, window: Window, layout: str | None) -> None:
    n = len(window.kernel)
    if data.ndim != n + 2:
        raise ShapeError(
            explain(
                f"{op_name}: data has shape {tuple(data.shape)}, kernel {window.kernel}.",
                f"data with {n + 2} axes: batch, channels and {n} of space.",
                "add the batch axis with data.expand_dims(0), or choose a kernel that fits.",
            )
        )
    if layout is not None and len(layout) != n + 2:
        raise ParamError(
            f"{op_name}: parameter layout must have {n + 2} letters for kernel {window.kernel}. "
            f"Got {layout!r}."
        )


def _expect_groups(op_name: str, channels: int, num_filter: int, num_group: int) -> None:
    if num_filter < 1:
        raise ParamError(
            f"{op_name}: parameter num_filter must be an integer >= 1. Got {num_filter}."
        )
    if channels % num_group or num_filter % num_group:
        raise ShapeError(
            explain(
                f"{op_name}: {channels} input channels and num_filter={num_filter} "
                f"with num_group={num_group}.",
                "both divisible by num_group: each group has its own channels and filters.",
                "num_group=1",
            )
        )


def _check_conv(
    data: Any, weight: Any, bias: Any, window: Window, num_filter: int, num_group: int,
    layout: str | None,
    *, no_bias: bool,
) -> tuple[int, ...]:  # fmt: skip
    """Check the inputs of Convolution; answer the output's space."""
    expect_bias("Convolution", bias, no_bias=no_bias)
    _expect_rank("Convolution", data, window, layout)
    channels, space = _split(data.shape, layout)
    _expect_groups("Convolution", channels, num_filter, num_group)
    shape = _join(num_filter, channels // num_group, window.kernel, layout)
    expect_shape("Convolution", "weight", weight, shape, f"for data {tuple(data.shape)}")
    expect_shape("Convolution", "bias", bias, (num_filter,), "one number per filter")
    expect_dtype("Convolution", data, weight=weight, bias=bias)
    steps = window.steps(space)
    if min(steps) < 1:
        raise _too_large(data, window, space)
    return steps


def _too_large(data: Any, window: Window, space: tuple[int, ...]) -> ShapeError:
    axes = zip(window.pad, window.reach, space, strict=True)
    return ShapeError(
        explain(
            f"Convolution: kernel {window.kernel} with dilate {window.dilate} does not fit "
            f"into data {tuple(data.shape)} with pad {window.pad}.",
            "a window no larger than the padded data.",
            f"pad={tuple(max(p, (r - n + 1) // 2) for p, r, n in axes)}",
        )
    )


def _infer_conv(
    data: Any, weight: Any, bias: Any = None, *, kernel: Any, stride: Any, dilate: Any, pad: Any,
    num_filter: int, num_group: int, no_bias: bool,
    layout: str | None, **_: Any,
) -> Aval:  # fmt: skip
    window = window_of("Convolution", kernel, stride, dilate, pad)
    steps = _check_conv(data, weight, bias, window, num_filter, num_group, layout, no_bias=no_bias)
    expect_float("Convolution", data)
    return aval(_join(data.shape[0], num_filter, steps, layout), data)


def _complete_conv(shapes: Any, attrs: Any) -> Any:
    data, filters, layout = shapes[0], attrs["num_filter"], attrs["layout"]
    if data is None or len(data) < 3:
        return shapes
    channels = _split(data, layout)[0]
    weight = _join(filters, channels // attrs["num_group"], attrs["kernel"], layout)
    return [data, weight, (filters,)][: len(shapes)]


def _not_channel(ndim: int, layout: str | None) -> tuple[int, ...]:
    return tuple(range(ndim - 1)) if channels_last(layout) else (0, *range(2, ndim))


def window_attrs(window: Window, num_group: int, layout: str | None) -> dict[str, Any]:
    """Attributes that describe the window, spelled out for the gradient operators."""
    return dict(window._asdict(), num_group=num_group, layout=layout)


def _grad_conv(
    F: Any, g: Any, out: Any, data: Any, weight: Any, bias: Any = None, *, kernel: Any, stride: Any,
    dilate: Any, pad: Any, num_group: int, layout: str | None, **_: Any,
) -> tuple[Any, ...]:  # fmt: skip
    window = window_of("Convolution", kernel, stride, dilate, pad)
    geometry = window_attrs(window, num_group, layout)
    return (
        Lazy(lambda: F.convolution_grad_data(g, weight, data_shape=tuple(data.shape), **geometry)),
        Lazy(
            lambda: F.convolution_grad_weight(g, data, weight_shape=tuple(weight.shape), **geometry)
        ),
        None if bias is None else F.sum(g, axis=_not_channel(g.ndim, layout)),
    )


# ---- the three maps on (B, C, *space) --------------------------------------------------------
def _convolve(xp: Any, x: Array, w: Array, window: Window, groups: int, out: Array) -> None:
    """Write the correlation of `x` (B, C, *space) with `w` (O, C/groups, *kernel) to `out`."""
    steps = out.shape[2:]
    B, filters = out.shape[:2]
    matrix = w.reshape(groups, filters // groups, -1)
    y = out.reshape(B, groups, filters // groups, prod(steps))
    for part in batches(B, matrix[0].shape[1] * groups * prod(steps) * x.dtype.itemsize):
        xp.matmul(matrix, columns(xp, x[part], window, groups, steps), out=y[part])


def _spread(xp: Any, g: Array, w: Array, window: Window, groups: int, out: Array) -> None:
    """Write the adjoint of `_convolve` in data, for `g` (B, O, *steps), to zeroed `out`."""
    if _worth_flipping(g.shape, out.shape, window):
        _convolve(xp, g, _flipped(w, groups), _flipped_window(window), groups, out)
        return
    steps = g.shape[2:]
    B, filters = g.shape[:2]
    matrix = w.reshape(groups, filters // groups, -1).transpose(0, 2, 1)
    y = g.reshape(B, groups, filters // groups, prod(steps))
    layout = (out.shape[1], *window.kernel, *steps)
    for part in batches(B, matrix.shape[1] * groups * prod(steps) * g.dtype.itemsize):
        cols = xp.matmul(matrix, y[part])
        scatter_columns(xp, cols.reshape(-1, *layout), window, steps, out[part])


def _worth_flipping(g: tuple[int, ...], data: tuple[int, ...], window: Window) -> bool:
    """Whether the adjoint is better computed as a convolution with the mirrored filters.

    It needs stride 1 and padding within the window, and pays where the columns of `g` are not much
    larger than those of the data: scattering costs about twice as much an element as gathering.
    """
    if max(window.stride) > 1 or any(p >= r for p, r in zip(window.pad, window.reach, strict=True)):
        return False
    return g[1] * prod(data[2:]) <= 2 * data[1] * prod(g[2:])


def _flipped(w: Array, groups: int) -> Array:
    """Filters (C, O/groups, *kernel) of the adjoint: mirrored in space, channels exchanged."""
    filters, channels, *kernel = w.shape[0] // groups, *w.shape[1:]
    w = w.reshape(groups, filters, channels, *kernel).swapaxes(1, 2)
    w = w[(slice(None),) * 3 + (slice(None, None, -1),) * len(kernel)]
    return w.reshape(groups * channels, filters, *kernel)


def _flipped_window(window: Window) -> Window:
    # without stride, the adjoint of a correlation is one with the mirrored filter, padded so that
    # every cell meets all filter positions that touched it
    pad = tuple(r - 1 - p for r, p in zip(window.reach, window.pad, strict=True))
    return window._replace(pad=pad)


def _correlate(
    xp: Any, g: Array, x: Array, window: Window, groups: int, shape: tuple[int, ...]
) -> Array:
    """Adjoint of `_convolve` in the weight: (O, C/groups, *kernel)."""
    steps = g.shape[2:]
    B, filters = g.shape[:2]
    if groups == filters and shape[1] == 1:  # depthwise: nothing to multiply as matrices
        return _correlate_depthwise(xp, g, x, window, shape)
    width, cells = prod(shape[1:]), prod(steps)
    total = xp.zeros((groups, filters // groups, width), g.dtype)
    y = g.reshape(B, groups, filters // groups, cells).transpose(1, 2, 0, 3)
    for part in batches(B, width * groups * cells * g.dtype.itemsize):
        # the batch joins the summed axis: one long product instead of B short ones
        left = y[:, :, part].reshape(groups, filters // groups, -1)
        cols = columns_by_channel(xp, x[part], window, groups, steps)
        total += xp.matmul(left, cols.transpose(0, 2, 1))
    return total.reshape(shape)


def _correlate_depthwise(
    xp: Any, g: Array, x: Array, window: Window, shape: tuple[int, ...]
) -> Array:
    total = xp.empty(shape, g.dtype)
    letters = "bc" + "xyz"[: g.ndim - 2]
    x = padded(xp, x, window.pad, window.pad)
    for position, cells in offsets(window, g.shape[2:]):
        seen = x[(slice(None), slice(None), *cells)]
        total[(slice(None), 0, *position)] = xp.einsum(f"{letters},{letters}->c", g, seen)
    return total


# ---- Convolution -----------------------------------------------------------------------------
_KEEP = dict(kernel=(2, 2), num_filter=2)


def _conv_samples(s: Any) -> list[Any]:
    x = (1, 2, 3, 4)
    return [
        s(x, (2, 2, 2, 2), (2,), **_KEEP),
        s(x, (2, 2, 2, 2), no_bias=True, stride=(2, 1), pad=(1, 0), **_KEEP),
        s(x, (2, 2, 2, 2), (2,), dilate=(1, 2), pad=(0, 1), layout="NCHW", **_KEEP),
        s(x, (4, 1, 2, 2), (4,), kernel=(2, 2), num_filter=4, num_group=2),
        s(x, (2, 2, 1, 1), (2,), kernel=(1, 1), num_filter=2),
        s((1, 2, 5), (2, 2, 3), (2,), kernel=(3,), stride=(2,), num_filter=2),
        s((1, 2, 2, 3, 2), (2, 2, 2, 2, 1), (2,), kernel=(2, 2, 1), num_filter=2),
        s((1, 3, 4, 2), (2, 2, 2, 2), (2,), layout="NHWC", stride=(1, 2), **_KEEP),
        s((1, 4, 2, 2), (2, 3, 1, 1), (2,), kernel=(3, 1), num_filter=2, num_group=2,
          layout="NHWC"),
        s(
            (1, 1, 2, 3, 2), (2, 1, 2, 1, 2), no_bias=True, kernel=(1, 2, 1), num_filter=2,
            layout="NDHWC",
        ),
        s((0, 2, 3, 4), (2, 2, 2, 2), (2,), **_KEEP),
    ]  # fmt: skip


@op(
    "Convolution",
    infer=_infer_conv,
    grad=_grad_conv,
    macs=per_filter,
    complete=_complete_conv,
    input_names=lambda attrs: ("data", "weight", "bias")[: 2 if attrs["no_bias"] else 3],
    params=GEOMETRY,
    names=Names(nd="Convolution Convolution_v1", npx="convolution"),
    flags=Flags(out=True, amp="fp16"),
    samples=_conv_samples,
    errors=lambda s: [
        bad(s((2, 3, 4), (2, 3, 2, 2), (2,), **_KEEP), ShapeError, "data with 4 axes"),
        bad(s((1, 3, 4, 4), (2, 2, 2, 2), (2,), **_KEEP), ShapeError, r"\(2, 3, 2, 2\)"),
        bad(s((1, 2, 4, 4), (2, 2, 2, 2), (3,), **_KEEP), ShapeError, r"bias has shape \(3,\)"),
        bad(s((1, 2, 1, 4), (2, 2, 2, 2), (2,), **_KEEP), ShapeError, "does not fit"),
        bad(s((1, 3, 4, 4), (2, 1, 2, 2), (2,), num_group=2, **_KEEP), ShapeError, "num_group=2"),
        bad(s((1, 2, 4, 4), (2, 2, 2, 2), (2,), stride=(1,), **_KEEP), ParamError, "stride must"),
        bad(s((1, 2, 4, 4), (2, 2, 2, 2), (2,), layout="NCW", **_KEEP), ParamError, "4 letters"),
        bad(s((1, 2, 4, 4), (2, 2, 2, 2), **_KEEP), ArgumentError, "bias is missing"),
        bad(
            s((1, 2, 4, 4), s.uniform(2, 2, 2, 2).astype("float32"), (2,), **_KEEP),
            DTypeError, "weight float32",
        ),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, weight: Array, bias: Array = None, *, kernel: Any = (), stride: Any = (),
    dilate: Any = (), pad: Any = (), num_filter: int = 0, num_group: int = 1,
    workspace: int = 1024, no_bias: bool = False, cudnn_tune: str | None = None,
    cudnn_off: bool = False, layout: str | None = None, out: Array = None,
) -> Array:  # fmt: skip
    r"""Slide filters over data and sum the products (a cross-correlation, not flipped).

    .. math:: out[b, o, p] = bias[o] + \sum_{c, k} weight[o, c, k] \cdot
        data[b, c, p \cdot stride + k \cdot dilate - pad]

    Parameters
    ----------
    data : (B, C, W), (B, C, H, W) or (B, C, D, H, W); channels last with layout NHWC, NDHWC
    weight : (num_filter, C / num_group, *kernel), or (num_filter, *kernel, C / num_group)
    bias : (num_filter,), absent with ``no_bias=True``
    kernel, stride, dilate, pad : one entry per space axis
    num_group : channels and filters are cut into that many independent groups

    Returns
    -------
    (B, num_filter, *space) with
    ``space = floor((size + 2 * pad - dilate * (kernel - 1) - 1) / stride) + 1``

    References
    ----------
    LeCun et al., "Gradient-based learning applied to document recognition", 1998.
    """
    window = window_of("Convolution", kernel, stride, dilate, pad)
    steps = _check_conv(data, weight, bias, window, num_filter, num_group, layout, no_bias=no_bias)
    x = wide(channels_second(data, layout))
    w = wide(channels_second(weight, layout))
    direct = _fits(out, x) and not channels_last(layout)
    y = out if direct else xp.empty((data.shape[0], num_filter, *steps), x.dtype)
    _convolve(xp, x, w, window, num_group, y)
    if bias is not None:
        y += bias.reshape(-1, *(1,) * len(steps))
    return y if direct else _deliver(_as_layout(xp, y, layout), data.dtype, out)


def _fits(out: Array, x: Array) -> bool:
    """Whether results can be computed right in `out`."""
    return out is not None and out.dtype == x.dtype and out.flags.c_contiguous


def _deliver(y: Array, dtype: Any, out: Array) -> Array:
    if out is None:
        return narrow(y, dtype)
    out[...] = y
    return out


# ---- its adjoint in data ---------------------------------------------------------------------
def _grad_of_grad_data(
    F: Any, u: Any, out: Any, g: Any, weight: Any, *, data_shape: Any, **geometry: Any
) -> tuple[Any, Any]:
    filters = weight.shape[0]
    return (
        F.Convolution(u, weight, num_filter=filters, no_bias=True, **geometry),
        F.convolution_grad_weight(g, u, weight_shape=tuple(weight.shape), **geometry),
    )


_GEOMETRY_SAMPLES = (
    (dict(kernel=(2, 2), stride=(1, 2), dilate=(1, 1), pad=(1, 0), num_group=1, layout=None),
     (1, 2, 3, 4), (2, 2, 2, 2), (1, 2, 4, 2)),
    (dict(kernel=(2,), stride=(1,), dilate=(2,), pad=(0,), num_group=2, layout="NCW"),
     (1, 2, 4), (2, 1, 2), (1, 2, 2)),
    (dict(kernel=(2, 1), stride=(1, 1), dilate=(1, 1), pad=(0, 0), num_group=1, layout="NHWC"),
     (1, 3, 2, 2), (2, 2, 1, 2), (1, 2, 2, 2)),
)  # fmt: skip


@op(
    "convolution_grad_data",
    infer=lambda g, weight, *, data_shape, **_: aval(data_shape, g),
    grad=_grad_of_grad_data,
    params={"data_shape": Shape(0), **GRAD_PARAMS},
    flags=Flags(out=True, amp="fp16"),
    samples=lambda s: [s(g, w, data_shape=x, **geo) for geo, x, w, g in _GEOMETRY_SAMPLES],
)
def _(
    xp: Any, g: Array, weight: Array, *, data_shape: Any, kernel: Any, stride: Any, dilate: Any,
    pad: Any, num_group: int = 1, layout: str | None = None, out: Array = None,
) -> Array:  # fmt: skip
    """Gradient of `Convolution` for data: each output spreads over the cells its window saw."""
    window = Window(kernel, stride, dilate, pad)
    channels, space = _split(data_shape, layout)
    y = channels_second(g, layout)
    total = xp.zeros((data_shape[0], channels, *space), wide(g[:0]).dtype)
    _spread(xp, wide(y), wide(channels_second(weight, layout)), window, num_group, total)
    return _deliver(_as_layout(xp, total, layout), g.dtype, out)


# ---- its adjoint in weight -------------------------------------------------------------------
def _grad_of_grad_weight(
    F: Any, u: Any, out: Any, g: Any, data: Any, *, weight_shape: Any, **geometry: Any
) -> tuple[Any, Any]:
    return (
        F.Convolution(data, u, num_filter=weight_shape[0], no_bias=True, **geometry),
        F.convolution_grad_data(g, u, data_shape=tuple(data.shape), **geometry),
    )


@op(
    "convolution_grad_weight",
    infer=lambda g, data, *, weight_shape, **_: aval(weight_shape, g),
    grad=_grad_of_grad_weight,
    params={"weight_shape": Shape(0), **GRAD_PARAMS},
    flags=Flags(out=True, amp="fp16"),
    samples=lambda s: [s(g, x, weight_shape=w, **geo) for geo, x, w, g in _GEOMETRY_SAMPLES],
)
def _(
    xp: Any, g: Array, data: Array, *, weight_shape: Any, kernel: Any, stride: Any, dilate: Any,
    pad: Any, num_group: int = 1, layout: str | None = None, out: Array = None,
) -> Array:  # fmt: skip
    """Gradient of `Convolution` for the weight: correlate data with the output's gradient."""
    window = Window(kernel, stride, dilate, pad)
    channels, _ = _split(weight_shape, layout)
    shape = (weight_shape[0], channels, *kernel)
    y, x = wide(channels_second(g, layout)), wide(channels_second(data, layout))
    total = _correlate(xp, y, x, window, num_group, shape)
    return _deliver(_as_layout(xp, total, layout), g.dtype, out)
