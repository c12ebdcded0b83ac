"""Regions whose bins read channels of their own, moved or turned: PSROIPooling and its kin.

Composed of gathers and products, so that gradients of any order reach data and offsets. A region is
a row (image, x1, y1, x2, y2); `spatial_scale` takes it to the cells of the map.
"""

from __future__ import annotations

from math import ceil, cos, pi, sin
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int, Shape
from dlstudio.core.registry import NotDifferentiable, bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import expect_float
from dlstudio.ops.nn_spatial import corner_values
from dlstudio.ops.rules import contrib

Array = Any
_ROIS = np.array([[0.0, 0, 0, 3, 3], [1, 1, 0, 2, 3]])


def _check(name: str, data: Any, rois: Any, width: int, channels: int) -> None:
    expect_float(name, data)
    if data.ndim != 4 or rois.ndim != 2 or rois.shape[1] != width:
        raise ShapeError(
            explain(
                f"{name}: data {tuple(data.shape)}, rois {tuple(rois.shape)}.",
                f"data (B, C, H, W) and rois (R, {width}).",
            )
        )
    if data.shape[1] != channels:
        raise ShapeError(
            explain(
                f"{name}: data has {data.shape[1]} channels.",
                f"{channels}: output_dim for each of group_size x group_size groups.",
            )
        )


def _column(F: Any, rois: Any, i: int) -> Any:
    """Number `i` of every region, (R,)."""
    R = rois.shape[0]
    return F.reshape(F.slice(rois, begin=(0, i), end=(R, i + 1)), shape=(R,))


def _own_maps(F: Any, data: Any, rois: Any) -> Any:
    """The map of every region's image, (R, C, H, W)."""
    return F.take(data, F.cast(_column(F, rois, 0), dtype="int64"), axis=0)


def _scaled(F: Any, x: Any, factor: float, shift: float = 0.0) -> Any:
    return F.add_scalar(F.multiply_scalar(x, scalar=factor), scalar=shift)


def _extent(F: Any, rois: Any, axis: int, scale: float, shift: float) -> tuple[Any, Any]:
    """Start and length of the regions along x (0) or y (1); corners are rounded to pixels."""
    start, end = (F.floor(F.add_scalar(_column(F, rois, 1 + axis + d), scalar=0.5)) for d in (0, 2))
    start, end = _scaled(F, start, scale, shift), _scaled(F, end, scale, scale + shift)
    return start, F.maximum_scalar(F.subtract(end, start), scalar=0.1)


def _counting(F: Any, n: int, like: Any) -> Any:
    return F.arange(start=0, stop=n, dtype=np.dtype(like.dtype).name)


def _groups(F: Any, pooled: int, group: int, like: Any) -> Any:
    """One-hot rows (pooled, group): which group of channels each bin reads."""
    place = F.floor(_scaled(F, _counting(F, pooled, like), group / pooled))
    return F.one_hot(place, depth=group, dtype=np.dtype(like.dtype).name)


def _chosen(F: Any, values: Any, dim: int, pooled: int, group: int) -> Any:
    """Of values (R, p, p, dim * g * g) the channels of each bin: (R, dim, p, p)."""
    R, like = values.shape[0], values
    hot = _groups(F, pooled, group, like)
    parts = F.reshape(values, shape=(R, pooled, pooled, dim, group, group))
    parts = F.multiply(parts, F.reshape(hot, shape=(1, pooled, 1, 1, group, 1)))
    parts = F.multiply(parts, F.reshape(hot, shape=(1, 1, pooled, 1, 1, group)))
    return F.transpose(F.sum(parts, axis=(4, 5)), axes=(0, 3, 1, 2))


# ---- PSROIPooling ----------------------------------------------------------------------------
def _bins(F: Any, start: Any, length: Any, pooled: int, n: int, like: Any) -> Any:
    """Cells of each bin along one axis as 0 and 1: (R, pooled, n)."""
    R = start.shape[0]
    first = F.reshape(start, shape=(R, 1))
    size = F.reshape(F.multiply_scalar(length, scalar=1 / pooled), shape=(R, 1))
    bins = F.reshape(_counting(F, pooled, like), shape=(1, pooled))
    low = F.floor(F.add(first, F.multiply(bins, size)))
    high = F.ceil(F.add(first, F.multiply(F.add_scalar(bins, scalar=1.0), size)))
    cells = F.reshape(_counting(F, n, like), shape=(1, 1, n))
    low, high = (F.reshape(edge, shape=(R, pooled, 1)) for edge in (low, high))
    return F.multiply(
        F.cast(F.greater_equal(cells, low), dtype=np.dtype(like.dtype).name),
        F.cast(F.less(cells, high), dtype=np.dtype(like.dtype).name),
    )


_PS = dict(spatial_scale=1.0, output_dim=2, pooled_size=2)


@composite(
    "PSROIPooling",
    names=contrib("PSROIPooling"),
    constant=("rois",),
    params={"spatial_scale": Float(), "output_dim": Int(1), "pooled_size": Int(1),
            "group_size": Int(0)},
    samples=lambda s: [
        s((2, 8, 3, 3), _ROIS, **_PS),
        s((2, 2, 3, 3), _ROIS, spatial_scale=0.5, output_dim=2, pooled_size=3, group_size=1),
    ],
    errors=lambda s: [
        bad(s((2, 8, 4), _ROIS, **_PS), ShapeError, r"\(R, 5\)"),
        bad(s((2, 6, 4, 4), _ROIS, **_PS), ShapeError, "6 channels"),
    ],
)  # fmt: skip
def _(
    F: Any, data: Any, rois: Any, *, spatial_scale: float, output_dim: int, pooled_size: int,
    group_size: int = 0,
) -> Any:  # fmt: skip
    """Mean of each of p x p bins of each region, each bin from its own channels: (R, D, p, p).

    data is (B, output_dim * group_size², H, W); a `group_size` of 0 is that of `pooled_size`.

    References
    ----------
    Dai et al., "R-FCN: Object Detection via Region-based Fully Convolutional Networks", NIPS 2016.
    """
    group = group_size or pooled_size
    _check("PSROIPooling", data, rois, 5, output_dim * group * group)
    R, p = rois.shape[0], pooled_size
    rows, columns = (
        _bins(F, *_extent(F, rois, axis, spatial_scale, 0.0), p, n, data)
        for axis, n in ((1, data.shape[2]), (0, data.shape[3]))
    )
    maps = _own_maps(F, data, rois)
    spread = F.reshape(rows, shape=(R, 1, p, data.shape[2]))
    turned = F.reshape(F.transpose(columns, axes=(0, 2, 1)), shape=(R, 1, data.shape[3], p))
    totals = F.matmul(F.matmul(spread, maps), turned)
    area = F.matmul(F.sum(rows, axis=2, keepdims=True),
                    F.transpose(F.sum(columns, axis=2, keepdims=True), axes=(0, 2, 1)))  # fmt: skip
    area = F.reshape(F.maximum_scalar(area, scalar=1.0), shape=(R, 1, p, p))
    means = F.transpose(F.divide(totals, area), axes=(0, 2, 3, 1))
    return _chosen(F, means, output_dim, p, group)


# ---- DeformablePSROIPooling ------------------------------------------------------------------
def _moves(F: Any, trans: Any, kind: int, axis: int, pooled: int, part: int, std: float) -> Any:
    """How far the bins move along x (0) or y (1), in units of the region: (R, p, p)."""
    R = trans.shape[0]
    plane = 2 * kind + axis
    moves = F.slice(trans, begin=(0, plane, 0, 0), end=(R, plane + 1, part, part))
    moves = F.reshape(moves, shape=(R, part, part))
    places = F.cast(F.floor(_scaled(F, _counting(F, pooled, trans), part / pooled)), dtype="int64")
    moves = F.take(F.take(moves, places, axis=1), places, axis=2)
    return F.multiply_scalar(moves, scalar=std)


def _points(F: Any, start: Any, length: Any, moves: Any, p: int, samples: int, axis: int) -> Any:
    """Places of the samples along one axis: (R, p * p, samples²)."""
    R = start.shape[0]
    first, size = F.reshape(start, shape=(R, 1, 1)), F.reshape(length, shape=(R, 1, 1))
    bins = _counting(F, p, start)
    bins = F.reshape(bins, shape=(1, 1, p) if axis == 0 else (1, p, 1))
    step = F.multiply_scalar(size, scalar=1 / p)
    begin = F.add(first, F.multiply(bins, step))
    if moves is not None:
        begin = F.add(begin, F.multiply(moves, size))
    begin = F.broadcast_to(begin, shape=(R, p, p))
    within = _counting(F, samples, start)
    within = F.reshape(within, shape=(1, 1, 1, samples) if axis == 0 else (1, 1, samples, 1))
    inner = F.multiply(
        F.reshape(step, shape=(R, 1, 1, 1)), F.multiply_scalar(within, scalar=1 / samples)
    )
    places = F.add(F.reshape(begin, shape=(R, p * p, 1, 1)), inner)
    places = F.broadcast_to(places, shape=(R, p * p, samples, samples))
    return F.reshape(places, shape=(R, p * p, samples * samples))


def _within(F: Any, places: Any, n: int) -> Any:
    name = np.dtype(places.dtype).name
    return F.multiply(
        F.cast(F.greater_equal_scalar(places, scalar=-0.5), dtype=name),
        F.cast(F.less_equal_scalar(places, scalar=n - 0.5), dtype=name),
    )


_DPS = dict(spatial_scale=1.0, output_dim=1, group_size=2, pooled_size=2, sample_per_part=2)


@composite(
    "DeformablePSROIPooling",
    names=contrib("DeformablePSROIPooling"),
    constant=("rois",),
    params={"spatial_scale": Float(), "output_dim": Int(1), "group_size": Int(1),
            "pooled_size": Int(1), "part_size": Int(0), "sample_per_part": Int(1),
            "trans_std": Float()},
    samples=lambda s: [
        s((2, 4, 3, 3), _ROIS[1:], no_trans=True, **_DPS),
        s((1, 4, 3, 3), _ROIS[:1] * 0.5, s.uniform(1, 2, 2, 2, low=0.1, high=0.3), part_size=2,
          trans_std=0.1, **_DPS),
        s((1, 2, 3, 3), _ROIS[:1] * 0.5, s.uniform(1, 4, 1, 1, low=0.1, high=0.3), part_size=1,
          trans_std=0.1, **{**_DPS, "output_dim": 2, "group_size": 1}),
    ],
    errors=lambda s: [
        bad(s((2, 7, 4, 4), _ROIS, no_trans=True, **_DPS), ShapeError, "7 channels"),
        bad(s((2, 4, 4, 4), _ROIS, (2, 3, 2, 2), part_size=2, **_DPS), ShapeError, "trans"),
    ],
)  # fmt: skip
def _(
    F: Any, data: Any, rois: Any, trans: Any = None, *, spatial_scale: float, output_dim: int,
    group_size: int, pooled_size: int, part_size: int = 0, sample_per_part: int = 1,
    trans_std: float = 0.0, no_trans: bool = False,
) -> Any:  # fmt: skip
    """`PSROIPooling` over interpolated samples, whose bins move by learned offsets: (R, D, p, p).

    trans is (R, 2 * kinds, part_size, part_size), the x and y moves of each kind of channels, in
    units of the region times `trans_std`; `no_trans` leaves it out.

    References
    ----------
    Dai et al., "Deformable Convolutional Networks", ICCV 2017.
    """
    p, part = pooled_size, part_size or pooled_size
    _check("DeformablePSROIPooling", data, rois, 5, output_dim * group_size * group_size)
    R, (H, W) = rois.shape[0], data.shape[2:]
    moves = None if no_trans else trans
    kinds = 1 if moves is None else moves.shape[1] // 2
    if moves is not None and (
        tuple(moves.shape) != (R, 2 * kinds, part, part) or output_dim % max(kinds, 1)
    ):
        raise ShapeError(
            explain(
                f"DeformablePSROIPooling: trans has shape {tuple(moves.shape)}.",
                f"({R}, 2 * kinds, {part}, {part}), kinds dividing output_dim={output_dim}.",
            )
        )
    extents = [_extent(F, rois, axis, spatial_scale, -0.5) for axis in (0, 1)]
    maps, each, outs = _own_maps(F, data, rois), output_dim // kinds, []
    for kind in range(kinds):
        x, y = (
            _points(
                F, *extents[axis],
                None if moves is None else _moves(F, moves, kind, axis, p, part, trans_std),
                p, sample_per_part, axis,
            )
            for axis in (0, 1)
        )  # fmt: skip
        valid = F.multiply(_within(F, x, W), _within(F, y, H))
        cells = each * group_size * group_size
        own = F.slice(maps, begin=(0, kind * cells, 0, 0), end=(R, (kind + 1) * cells, H, W))
        x, y = F.clip(x, a_min=0.0, a_max=W - 1.0), F.clip(y, a_min=0.0, a_max=H - 1.0)
        values = corner_values(F, own, y, x, replicate=True)
        values = F.sum(F.multiply(values, F.expand_dims(valid, axis=3)), axis=2)
        count = F.maximum_scalar(F.sum(valid, axis=2, keepdims=True), scalar=1.0)
        means = F.reshape(F.divide(values, count), shape=(R, p, p, cells))
        outs.append(_chosen(F, means, each, p, group_size))
    return outs[0] if kinds == 1 else F.concatenate(*outs, axis=1)


# ---- RROIAlign -------------------------------------------------------------------------------
def _weights_of(roi: Any, scale: float, pooled: Any, ratio: int, space: Any) -> Any:
    """Weights (h * w, H * W) of the cells in the means of a turned region's bins."""
    cx, cy = float(roi[1]) * scale, float(roi[2]) * scale
    size = max(float(roi[4]) * scale, 1.0), max(float(roi[3]) * scale, 1.0)
    angle = float(roi[5]) * pi / 180
    along = [
        (np.arange(n)[:, None] + (np.arange(k) + 0.5) / k).ravel() * length / n - length / 2
        for n, length in zip(pooled, size, strict=True)
        for k in [ratio if ratio > 0 else max(ceil(length / n), 1)]
    ]
    yy, xx = np.meshgrid(*along, indexing="ij")
    x, y = xx * cos(angle) + yy * sin(angle) + cx, yy * cos(angle) - xx * sin(angle) + cy
    (h, w), (H, W) = pooled, space
    shape = (h, yy.shape[0] // h, w, yy.shape[1] // w)
    bins = np.broadcast_to((np.arange(h)[:, None] * w + np.arange(w))[:, None, :, None], shape)
    weights = np.zeros((h * w, H * W))
    _interpolate(weights, bins.ravel(), y.ravel(), x.ravel(), (H, W))
    return weights / (shape[1] * shape[3])


def _interpolate(weights: Any, bins: Any, y: Any, x: Any, space: Any) -> None:
    """Add the bilinear weights of points to their bins; points beyond one cell outside are 0."""
    H, W = space
    inside = (y >= -1) & (y <= H) & (x >= -1) & (x <= W)
    bins, y, x = bins[inside], y[inside].clip(0, H - 1), x[inside].clip(0, W - 1)
    top, left = y.astype(int), x.astype(int)
    bottom, right = np.minimum(top + 1, H - 1), np.minimum(left + 1, W - 1)
    dy, dx = y - top, x - left
    for rows, columns, part in (
        (top, left, (1 - dy) * (1 - dx)), (top, right, (1 - dy) * dx),
        (bottom, left, dy * (1 - dx)), (bottom, right, dy * dx),
    ):  # fmt: skip
        np.add.at(weights, (bins, rows * W + columns), part)


_TURNED = np.array([[0.0, 2, 2, 3, 2, 30], [1, 1.5, 2, 2, 3, -45]])


@op(
    "rroi_weights",
    infer=lambda rois, *, space, pooled_size, **_: Aval(
        (rois.shape[0], pooled_size[0] * pooled_size[1], space[0] * space[1]), rois.dtype
    ),
    grad=NotDifferentiable("regions are given, not learned"),
    params={"space": Shape(1), "pooled_size": Shape(1), "spatial_scale": Float(),
            "sampling_ratio": Int()},
    samples=lambda s: [s(_TURNED, space=(4, 4), pooled_size=(2, 2), spatial_scale=1.0)],
)  # fmt: skip
def _(
    xp: Any, rois: Array, *, space: Any, pooled_size: Any, spatial_scale: float,
    sampling_ratio: int = -1,
) -> Array:  # fmt: skip
    """Weights (R, h * w, H * W) of the cells in every bin of turned regions."""
    host = rois.get() if hasattr(rois, "get") else rois
    found = [_weights_of(r, spatial_scale, pooled_size, sampling_ratio, space) for r in host]
    shape = (len(host), pooled_size[0] * pooled_size[1], space[0] * space[1])
    return xp.asarray(np.reshape(found, shape), rois.dtype)


@composite(
    "RROIAlign",
    names=contrib("RROIAlign"),
    constant=("rois",),
    params={"pooled_size": Shape(1), "spatial_scale": Float(), "sampling_ratio": Int()},
    samples=lambda s: [
        s((2, 2, 4, 4), _TURNED, pooled_size=(2, 2), spatial_scale=1.0, sampling_ratio=2),
        s((2, 1, 4, 5), _TURNED, pooled_size=(1, 2), spatial_scale=0.5),
    ],
    errors=lambda s: [
        bad(s((2, 2, 4, 4), (1, 5), pooled_size=(2, 2), spatial_scale=1.0), ShapeError, r"R, 6"),
        bad(s((2, 2, 4, 4), _TURNED, pooled_size=(2,), spatial_scale=1.0), ParamError, "2 entries"),
    ],
)
def _(
    F: Any, data: Any, rois: Any, *, pooled_size: Any, spatial_scale: float,
    sampling_ratio: int = -1,
) -> Any:  # fmt: skip
    """Mean of interpolated points in each of h x w bins of turned regions: (R, C, h, w).

    rois is (R, 6): image, centre x and y, width, height and an angle in degrees, turning against
    the clock. `sampling_ratio` points per bin and axis, or as many as a bin has cells.

    References
    ----------
    Ma et al., "Arbitrary-Oriented Scene Text Detection via Rotation Proposals", 2018.
    """
    _check("RROIAlign", data, rois, 6, data.shape[1])
    if len(pooled_size) != 2:
        raise ParamError(
            f"RROIAlign: parameter pooled_size must have 2 entries. Got {pooled_size}."
        )
    (C, H, W), R = data.shape[1:], rois.shape[0]
    weights = F.rroi_weights(
        rois, space=(H, W), pooled_size=tuple(pooled_size), spatial_scale=spatial_scale,
        sampling_ratio=sampling_ratio,
    )  # fmt: skip
    weights = F.cast(weights, dtype=np.dtype(data.dtype).name)
    maps = F.reshape(_own_maps(F, data, rois), shape=(R, C, H * W))
    means = F.matmul(maps, F.transpose(weights, axes=(0, 2, 1)))
    return F.reshape(means, shape=(R, C, *pooled_size))
