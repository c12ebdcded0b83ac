"""Deformable convolution: each filter position reads where learned offsets point.

Composed of gathers and products, so that gradients of any order reach data, offsets and weights.

References
----------
Dai et al., "Deformable convolutional networks", ICCV 2017; Zhu et al., "Deformable ConvNets v2",
CVPR 2019 (with a mask).
"""

from __future__ import annotations

from math import prod
from typing import Any

from dlstudio.core.params import Int
from dlstudio.core.registry import Names, bad, composite
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.nn_rules import GEOMETRY, Window, expect_bias, expect_shape, window_of
from dlstudio.ops.nn_spatial import corner_values

_DEFORM = {
    **{k: GEOMETRY[k] for k in ("kernel", "stride", "dilate", "pad", "num_filter", "num_group")},
    "num_deformable_group": Int(1), "workspace": Int(0), "layout": GEOMETRY["layout"],
}  # fmt: skip


def _check(
    name: str, data: Any, offset: Any, weight: Any, window: Window, attrs: dict[str, Any]
) -> tuple[int, ...]:
    """Check the inputs; answer the output's space."""
    if data.ndim != 4 or len(window.kernel) != 2:
        raise ShapeError(
            explain(
                f"{name}: data {tuple(data.shape)}, kernel {window.kernel}.",
                "maps (B, C, H, W) and a kernel of two entries.",
            )
        )
    B, C = data.shape[:2]
    groups, own = attrs["num_group"], attrs["num_deformable_group"]
    if C % groups or attrs["num_filter"] % groups or C % own:
        raise ShapeError(
            explain(
                f"{name}: {C} channels and {attrs['num_filter']} filters with num_group={groups}, "
                f"num_deformable_group={own}.",
                "channels divisible by both, filters by num_group.",
            )
        )
    steps = window.steps(tuple(data.shape[2:]))
    shape = (B, 2 * own * prod(window.kernel), *steps)
    expect_shape(name, "offset", offset, shape, "y and x for each filter position of each group")
    shape = (attrs["num_filter"], C // groups, *window.kernel)
    expect_shape(name, "weight", weight, shape, f"for data {tuple(data.shape)}")
    return steps


def _base(F: Any, window: Window, axis: int, n: int, like: Any) -> Any:
    """Undeformed places along one axis, in a shape that broadcasts with (B, K, h, w)."""
    kh, kw = window.kernel
    k, dilate = window.kernel[axis], window.dilate[axis]
    taps = F.arange(start=0, stop=k, dtype=like.dtype.name)
    taps = F.multiply_scalar(taps, scalar=float(dilate))
    shape = (kh, 1) if axis == 0 else (1, kw)
    taps = F.broadcast_to(F.reshape(taps, shape=shape), shape=(kh, kw))
    starts = F.arange(start=0, stop=n, dtype=like.dtype.name)
    starts = F.multiply_scalar(starts, scalar=float(window.stride[axis]))
    starts = F.add_scalar(starts, scalar=float(-window.pad[axis]))
    place = (1, 1, n, 1) if axis == 0 else (1, 1, 1, n)
    return F.add(F.reshape(taps, shape=(1, kh * kw, 1, 1)), F.reshape(starts, shape=place))


def _columns(
    F: Any, data: Any, offset: Any, mask: Any, window: Window, steps: Any, own: int
) -> Any:
    """Values the filter positions read: (B, C * K, h * w)."""
    B, C, H, W = data.shape
    K, (h, w) = prod(window.kernel), steps
    maps = F.reshape(data, shape=(B * own, C // own, H, W))
    moves = F.reshape(offset, shape=(B * own, K, 2, h, w))
    y, x = (
        F.add(
            F.reshape(F.slice_axis(moves, axis=2, begin=i, end=i + 1), shape=(B * own, K, h, w)),
            _base(F, window, i, steps[i], data),
        )
        for i in (0, 1)
    )
    y, x = (F.reshape(p, shape=(B * own, K, h * w)) for p in (y, x))
    # the first version of the operator cuts off at the border, the second fades out beyond it
    values = corner_values(F, maps, y, x, replicate=mask is None)  # (B * own, K, h * w, C / own)
    weights = _on_map(F, y, x, (H, W)) if mask is None else mask
    values = F.multiply(values, F.reshape(weights, shape=(B * own, K, h * w, 1)))
    return F.reshape(F.transpose(values, axes=(0, 3, 1, 2)), shape=(B, C * K, h * w))


def _on_map(F: Any, y: Any, x: Any, space: tuple[int, int]) -> Any:
    H, W = space
    rows = F.logical_and(F.greater_equal_scalar(y, scalar=0.0), F.less_scalar(y, scalar=float(H)))
    columns = F.logical_and(
        F.greater_equal_scalar(x, scalar=0.0), F.less_scalar(x, scalar=float(W))
    )
    return F.logical_and(rows, columns)


def _filtered(F: Any, columns: Any, weight: Any, bias: Any, steps: Any, groups: int) -> Any:
    B, width, cells = columns.shape
    filters = weight.shape[0]
    matrix = F.reshape(weight, shape=(1, groups, filters // groups, width // groups))
    y = F.matmul(matrix, F.reshape(columns, shape=(B, groups, width // groups, cells)))
    y = F.reshape(y, shape=(B, filters, *steps))
    return y if bias is None else F.add(y, F.reshape(bias, shape=(1, filters, 1, 1)))


def _complete(extra: int) -> Any:
    def complete(shapes: Any, attrs: Any) -> Any:
        data = shapes[0]
        if data is None or len(data) != 4:
            return shapes
        window = window_of("", *(attrs[k] for k in ("kernel", "stride", "dilate", "pad")))
        steps, own = window.steps(tuple(data[2:])), attrs["num_deformable_group"]
        K, filters = prod(window.kernel), attrs["num_filter"]
        known = [data, (data[0], 2 * own * K, *steps)]
        known += [(data[0], own * K, *steps)] * extra
        known += [(filters, data[1] // attrs["num_group"], *window.kernel), (filters,)]
        return known[: len(shapes)]

    return complete


_TWO = dict(kernel=(2, 2), num_filter=2)


@composite(
    "DeformableConvolution",
    complete=_complete(0),
    input_names=lambda attrs: ("data", "offset", "weight", "bias")[: 3 if attrs["no_bias"] else 4],
    params=_DEFORM,
    names=Names(
        nd="contrib.DeformableConvolution", npx="deformable_convolution",
        json="_contrib_DeformableConvolution",
    ),
    samples=lambda s: [
        s((1, 2, 3, 3), s.uniform(1, 8, 2, 2, low=0.1, high=0.4), (2, 2, 2, 2), (2,), **_TWO),
        s(
            (1, 2, 3, 4), s.uniform(1, 16, 2, 2, low=0.1, high=0.4), (2, 1, 2, 2), no_bias=True,
            stride=(1, 2), num_group=2, num_deformable_group=2, **_TWO,
        ),
        s((1, 1, 2, 2), s.uniform(1, 8, 3, 3, low=0.1, high=0.4), (2, 1, 2, 2), (2,), pad=(1, 1),
          **_TWO),
    ],
    errors=lambda s: [
        bad(s((1, 2, 3, 3), (1, 6, 2, 2), (2, 2, 2, 2), (2,), **_TWO), ShapeError, "offset has"),
        bad(s((2, 3, 3), (1, 8, 2, 2), (2, 2, 2, 2), (2,), **_TWO), ShapeError, "maps"),
    ],
)  # fmt: skip
def _(
    F: Any, data: Any, offset: Any, weight: Any, bias: Any = None, *, kernel: Any, stride: Any = (),
    dilate: Any = (), pad: Any = (), num_filter: int, num_group: int = 1,
    num_deformable_group: int = 1, workspace: int = 1024, no_bias: bool = False,
    layout: str | None = None,
) -> Any:  # fmt: skip
    """`Convolution` whose filter positions are moved by `offset`, read bilinearly.

    Parameters
    ----------
    data : (B, C, H, W)
    offset : (B, 2 * num_deformable_group * prod(kernel), h, w), y before x, in cells
    weight, bias : as for `Convolution`
    num_deformable_group : channels are cut into that many groups with offsets of their own
    """
    name = "DeformableConvolution"
    window = window_of(name, kernel, stride, dilate, pad)
    attrs = dict(
        num_filter=num_filter, num_group=num_group, num_deformable_group=num_deformable_group
    )
    expect_bias(name, bias, no_bias=no_bias)
    steps = _check(name, data, offset, weight, window, attrs)
    columns = _columns(F, data, offset, None, window, steps, num_deformable_group)
    return _filtered(F, columns, weight, bias, steps, num_group)


@composite(
    "ModulatedDeformableConvolution",
    complete=_complete(1),
    input_names=lambda attrs: ("data", "offset", "mask", "weight", "bias")[
        : 4 if attrs["no_bias"] else 5
    ],
    params={**_DEFORM, "im2col_step": Int(1)},
    names=Names(
        nd="contrib.ModulatedDeformableConvolution", npx="modulated_deformable_convolution",
        json="_contrib_ModulatedDeformableConvolution",
    ),
    samples=lambda s: [
        s(
            (1, 2, 3, 3), s.uniform(1, 8, 2, 2, low=0.1, high=0.4), (1, 4, 2, 2), (2, 2, 2, 2),
            (2,), **_TWO,
        )
    ],
    errors=lambda s: [
        bad(
            s((1, 2, 3, 3), (1, 8, 2, 2), (1, 3, 2, 2), (2, 2, 2, 2), (2,), **_TWO),
            ShapeError, "mask has",
        ),
    ],
)  # fmt: skip
def _(
    F: Any, data: Any, offset: Any, mask: Any, weight: Any, bias: Any = None, *, kernel: Any,
    stride: Any = (), dilate: Any = (), pad: Any = (), num_filter: int, num_group: int = 1,
    num_deformable_group: int = 1, workspace: int = 1024, no_bias: bool = False,
    im2col_step: int = 64, layout: str | None = None,
) -> Any:  # fmt: skip
    """`DeformableConvolution` whose values are weighed by `mask`, one number per position."""
    name = "ModulatedDeformableConvolution"
    window = window_of(name, kernel, stride, dilate, pad)
    attrs = dict(
        num_filter=num_filter, num_group=num_group, num_deformable_group=num_deformable_group
    )
    expect_bias(name, bias, no_bias=no_bias)
    steps = _check(name, data, offset, weight, window, attrs)
    shape = (data.shape[0], num_deformable_group * prod(kernel), *steps)
    expect_shape(name, "mask", mask, shape, "a weight for each filter position of each group")
    columns = _columns(F, data, offset, mask, window, steps, num_deformable_group)
    return _filtered(F, columns, weight, bias, steps, num_group)
