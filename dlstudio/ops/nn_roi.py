"""Pooling over regions of interest: ROIPooling (maxima) and ROIAlign (interpolated means).

A region is a row (image, x1, y1, x2, y2) of `rois`, in pixels of the input picture; `spatial_scale`
takes it to the cells of the feature map (B, C, H, W).
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int, Shape
from dlstudio.core.registry import Names, bad, op
from dlstudio.errors import IndexRangeError, ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, expect_float
from dlstudio.ops.rules import contrib

Array = Any

_PARAMS = {"pooled_size": Shape(1), "spatial_scale": Float()}


def _check(name: str, data: Any, rois: Any, pooled_size: Any) -> None:
    if data.ndim != 4 or rois.ndim != 2 or rois.shape[1] != 5:
        raise ShapeError(
            explain(
                f"{name}: data {tuple(data.shape)}, rois {tuple(rois.shape)}.",
                "data (B, C, H, W) and rois (R, 5): image number and corners x1, y1, x2, y2.",
            )
        )
    if len(pooled_size) != 2:
        raise ParamError(f"{name}: parameter pooled_size must have 2 entries. Got {pooled_size}.")
    expect_float(name, data)


def _images(name: str, rois: Array, count: int, *, padding: bool = False) -> Any:
    """Image number of each region, checked; with `padding`, negative ones mark regions to skip."""
    numbers = rois[:, 0].astype("int64")
    low = 0 if padding or not len(numbers) else int(numbers.min())
    if len(numbers) and (low < 0 or int(numbers.max()) >= count):
        raise IndexRangeError(
            explain(
                f"{name}: a region names image {int(numbers.min())} to {int(numbers.max())}.",
                f"numbers from 0 to {count - 1}, the images of data.",
            )
        )
    return numbers


def _on_host(x: Array) -> Any:
    """Regions as a NumPy array, wherever they live: their corners steer Python loops."""
    return x.get() if hasattr(x, "get") else x


# ---- ROIPooling ------------------------------------------------------------------------------
def _edges(start: int, length: int, bins: int, limit: int) -> list[tuple[int, int]]:
    size = length / bins
    return [
        (
            min(max(start + floor(i * size), 0), limit),
            min(max(start + ceil((i + 1) * size), 0), limit),
        )
        for i in range(bins)
    ]


def _half_up(x: float) -> int:
    return floor(x + 0.5) if x >= 0 else -floor(0.5 - x)


def _bins(roi: Any, scale: float, pooled: Any, space: Any) -> tuple[Any, Any]:
    """Row and column ranges of the bins of a region; corners are rounded to cells."""
    x1, y1, x2, y2 = (_half_up(float(v) * scale) for v in roi[1:])
    rows = _edges(y1, max(y2 - y1 + 1, 1), pooled[0], space[0])
    return rows, _edges(x1, max(x2 - x1 + 1, 1), pooled[1], space[1])


def _infer_pool(data: Any, rois: Any, *, pooled_size: Any, **_: Any) -> tuple[Aval, Aval]:
    _check("ROIPooling", data, rois, pooled_size)
    shape = (rois.shape[0], data.shape[1], *pooled_size)
    return aval(shape, data), Aval(shape, np.dtype("int32"))


_REGIONS = np.array([[0.0, 0, 0, 3, 3], [1, 1, 0, 2, 3], [0, 3, 2, 3, 2]])


@op(
    "ROIPooling",
    infer=_infer_pool,
    grad=lambda F, g, out, data, rois, **_: (
        None if g[0] is None else F.roi_pooling_grad(g[0], out[1], rois, data_shape=data.shape),
        None,
    ),
    outputs=2,
    visible=1,
    constant=("rois",),
    params=_PARAMS,
    names=Names(nd="ROIPooling", npx="roi_pooling"),
    samples=lambda s: [
        s(s.distinct(2, 2, 4, 4), _REGIONS, pooled_size=(2, 2), spatial_scale=1.0),
        s(s.distinct(2, 1, 4, 4), _REGIONS, pooled_size=(3, 1), spatial_scale=0.5),
    ],
    errors=lambda s: [
        bad(s((2, 4, 4), (1, 5), pooled_size=(2, 2), spatial_scale=1.0), ShapeError, r"\(R, 5\)"),
        bad(
            s((1, 1, 4, 4), np.array([[3.0, 0, 0, 1, 1]]), pooled_size=(2, 2), spatial_scale=1.0),
            IndexRangeError, "image 3",
        ),
        bad(s((1, 1, 4, 4), (1, 5), pooled_size=(2,), spatial_scale=1.0), ParamError, "2 entries"),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, rois: Array, *, pooled_size: tuple[int, int], spatial_scale: float
) -> tuple[Array, Array]:
    """Maximum of each of h x w bins of each region: (R, C, h, w); empty bins give 0.

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015.
    """
    _check("ROIPooling", data, rois, pooled_size)
    images = _images("ROIPooling", rois, data.shape[0])
    C, H, W = data.shape[1:]
    out = xp.zeros((len(rois), C, *pooled_size), data.dtype)
    winners = xp.full(out.shape, -1, "int32")
    for r, roi in enumerate(_on_host(rois)):
        rows, columns = _bins(roi, spatial_scale, pooled_size, (H, W))
        for i, (top, bottom) in enumerate(rows):
            for j, (left, right) in enumerate(columns):
                if bottom <= top or right <= left:
                    continue
                cells = data[images[r], :, top:bottom, left:right].reshape(C, -1)
                best = cells.argmax(axis=1)
                out[r, :, i, j] = cells[xp.arange(C), best]
                width = right - left
                winners[r, :, i, j] = (top + best // width) * W + left + best % width
    return out, winners


@op(
    "roi_pooling_grad",
    infer=lambda g, winners, rois, *, data_shape: aval(data_shape, g),
    grad=lambda F, u, out, g, winners, rois, *, data_shape: (
        F.roi_pooling_pick(u, winners, rois),
        None,
        None,
    ),
    constant=("winners", "rois"),
    params={"data_shape": Shape(0)},
    samples=lambda s: [
        s((1, 2, 1, 2), np.array([[[[3, -1]], [[0, 2]]]]), _REGIONS[:1], data_shape=(1, 2, 2, 2)),
    ],
)
def _(xp: Any, g: Array, winners: Array, rois: Array, *, data_shape: Any) -> Array:
    """Gradient of `ROIPooling`: to the winning cell of each bin."""
    dx = xp.zeros((data_shape[0], data_shape[1], data_shape[2] * data_shape[3]), g.dtype)
    picked = winners >= 0
    xp.add.at(dx, _places(xp, winners, rois), g * picked)
    return dx.reshape(data_shape)


def _places(xp: Any, winners: Array, rois: Array) -> tuple[Array, Array, Array]:
    images = rois[:, 0].astype("int64").reshape(-1, 1, 1, 1)
    channels = xp.arange(winners.shape[1]).reshape(1, -1, 1, 1)
    return images, channels, xp.maximum(winners, 0)


@op(
    "roi_pooling_pick",
    infer=lambda values, winners, rois: aval(winners.shape, values),
    grad=lambda F, g, out, values, winners, rois: (
        F.roi_pooling_grad(g, winners, rois, data_shape=values.shape),
        None,
        None,
    ),
    constant=("winners", "rois"),
    samples=lambda s: [s((1, 2, 2, 2), np.array([[[[3, -1]], [[0, 2]]]]), _REGIONS[:1])],
)
def _(xp: Any, values: Array, winners: Array, rois: Array) -> Array:
    """Take `values` at the winning cells: the adjoint of `roi_pooling_grad`."""
    flat = values.reshape(*values.shape[:2], -1)
    return flat[_places(xp, winners, rois)] * (winners >= 0)


# ---- ROIAlign --------------------------------------------------------------------------------
def _means(start: float, size: float, bins: int, samples: int, n: int) -> Any:
    """Weights (bins, n) of the cells in the mean of `samples` interpolated points per bin."""
    count = samples if samples > 0 else max(ceil(size), 1)
    inside = (np.arange(count) + 0.5) / count
    place = start + (np.arange(bins)[:, None] + inside) * size
    valid = (place >= -1) & (place <= n)
    place = np.clip(place, 0, n - 1)
    low = np.minimum(place.astype(int), n - 1)
    high, part = np.minimum(low + 1, n - 1), place - low
    weights = np.zeros((bins, n))
    rows = np.broadcast_to(np.arange(bins)[:, None], place.shape)
    np.add.at(weights, (rows, low), valid * (1 - part) / count)
    np.add.at(weights, (rows, high), valid * part / count)
    return weights


def _matrices(rois: Any, attrs: Any, space: Any) -> tuple[Any, Any]:
    """Row weights (R, h, H) and column weights (R, w, W): the points of a bin form a grid."""
    offset = 0.5 if attrs["aligned"] else 0.0
    rows, columns = [], []
    for roi in rois:
        x1, y1, x2, y2 = (float(v) * attrs["spatial_scale"] - offset for v in roi[1:])
        least = 0.0 if attrs["aligned"] else 1.0
        for found, low, high, axis in ((rows, y1, y2, 0), (columns, x1, x2, 1)):
            bins = attrs["pooled_size"][axis]
            size = max(high - low, least) / bins
            found.append(_means(low, size, bins, attrs["sample_ratio"], space[axis]))
    h, w = attrs["pooled_size"]
    shapes = ((len(rois), h, space[0]), (len(rois), w, space[1]))
    return np.reshape(rows, shapes[0]), np.reshape(columns, shapes[1])


def _infer_align(
    data: Any, rois: Any, *, pooled_size: Any, position_sensitive: bool, **_: Any
) -> Aval:
    _check("ROIAlign", data, rois, pooled_size)
    channels, cells = data.shape[1], pooled_size[0] * pooled_size[1]
    if position_sensitive and channels % cells:
        raise ShapeError(
            explain(
                f"ROIAlign: {channels} channels with position_sensitive=True.",
                f"a multiple of {cells}, one group of channels per bin.",
            )
        )
    channels = channels // cells if position_sensitive else channels
    return aval((rois.shape[0], channels, *pooled_size), data)


_ALIGN = dict(pooled_size=(2, 2), spatial_scale=1.0)


@op(
    "ROIAlign",
    infer=_infer_align,
    grad=lambda F, g, out, data, rois, **attrs: (
        F.roi_align_grad(g, rois, data_shape=tuple(data.shape), **attrs),
        None,
    ),
    constant=("rois",),
    params={**_PARAMS, "sample_ratio": Int()},
    names=contrib("ROIAlign", "roi_align"),
    samples=lambda s: [
        s((2, 2, 4, 4), _REGIONS, sample_ratio=2, **_ALIGN),
        s((2, 1, 4, 4), _REGIONS, pooled_size=(1, 3), spatial_scale=0.5),
        s((2, 4, 4, 4), _REGIONS, sample_ratio=1, position_sensitive=True, **_ALIGN),
        s((2, 1, 4, 4), _REGIONS, aligned=True, **_ALIGN),
        s((1, 1, 4, 4), np.array([[-1.0, 0, 0, 3, 3]]), **_ALIGN),
    ],
    errors=lambda s: [
        bad(s((2, 4, 4), (1, 5), **_ALIGN), ShapeError, r"\(R, 5\)"),
        bad(s((1, 3, 4, 4), _REGIONS[:1], position_sensitive=True, **_ALIGN), ShapeError, "of 4"),
    ],
)
def _(
    xp: Any, data: Array, rois: Array, *, pooled_size: tuple[int, int], spatial_scale: float,
    sample_ratio: int = -1, position_sensitive: bool = False, aligned: bool = False,
) -> Array:  # fmt: skip
    """Mean of interpolated points in each of h x w bins of each region: (R, C, h, w).

    `sample_ratio` points per bin and axis, or as many as a bin has cells if not positive; `aligned`
    shifts regions by half a cell; `position_sensitive` gives each bin channels of its own. Regions
    with a negative image number are padding and give 0.

    References
    ----------
    He et al., "Mask R-CNN", ICCV 2017; Dai et al., "R-FCN", NIPS 2016 (position sensitive).
    """
    _infer_align(data, rois, pooled_size=pooled_size, position_sensitive=position_sensitive)
    attrs = dict(pooled_size=pooled_size, spatial_scale=spatial_scale, sample_ratio=sample_ratio,
                 aligned=aligned)  # fmt: skip
    images = _images("ROIAlign", rois, data.shape[0], padding=True)
    rows, columns = (
        xp.asarray(m, data.dtype) for m in _matrices(_on_host(rois), attrs, data.shape[2:])
    )
    maps = data[xp.maximum(images, 0)]
    y = xp.matmul(xp.matmul(rows[:, None], maps), columns.swapaxes(1, 2)[:, None])
    y *= (images >= 0).reshape(-1, 1, 1, 1)
    return _own_channels(xp, y) if position_sensitive else y


def _own_channels(xp: Any, y: Array) -> Array:
    """Of (R, C * h * w, h, w) the values where bin (i, j) reads its own channels."""
    R, channels, h, w = y.shape
    groups = y.reshape(R, channels // (h * w), h * w, h * w)
    own = xp.arange(h * w)
    return groups[:, :, own, own].reshape(R, -1, h, w)


@op(
    "roi_align_grad",
    infer=lambda g, rois, *, data_shape, **_: aval(data_shape, g),
    grad=lambda F, u, out, g, rois, *, data_shape, **attrs: (F.ROIAlign(u, rois, **attrs), None),
    constant=("rois",),
    params={**_PARAMS, "sample_ratio": Int(), "data_shape": Shape(0)},
    samples=lambda s: [
        s((3, 2, 2, 2), _REGIONS, data_shape=(2, 2, 4, 4), **_ALIGN),
        s((3, 1, 2, 2), _REGIONS, data_shape=(2, 4, 4, 4), position_sensitive=True, **_ALIGN),
    ],
)
def _(
    xp: Any, g: Array, rois: Array, *, data_shape: Any, pooled_size: tuple[int, int],
    spatial_scale: float, sample_ratio: int = -1, position_sensitive: bool = False,
    aligned: bool = False,
) -> Array:  # fmt: skip
    """Gradient of `ROIAlign`: each bin spreads over the cells its points were read from."""
    attrs = dict(pooled_size=pooled_size, spatial_scale=spatial_scale, sample_ratio=sample_ratio,
                 aligned=aligned)  # fmt: skip
    rows, columns = (
        xp.asarray(m, g.dtype) for m in _matrices(_on_host(rois), attrs, data_shape[2:])
    )
    if position_sensitive:
        R, channels, h, w = g.shape
        wide = xp.zeros((R, channels, h * w, h * w), g.dtype)
        own = xp.arange(h * w)
        wide[:, :, own, own] = g.reshape(R, channels, h * w)
        g = wide.reshape(R, -1, h, w)
    spread = xp.matmul(xp.matmul(rows.swapaxes(1, 2)[:, None], g), columns[:, None])
    dx = xp.zeros(data_shape, g.dtype)
    images = rois[:, 0].astype("int64")
    xp.add.at(dx, xp.maximum(images, 0), spread * (images >= 0).reshape(-1, 1, 1, 1))
    return dx
