"""Warping maps: GridGenerator, BilinearSampler, SpatialTransformer.

A grid (B, 2, h, w) says for each cell of the result where to read, x before y, with -1 and 1 the
first and last cell of the map. Everything is composed of differentiable operators, so gradients of
any order flow to map and grid.

References
----------
Jaderberg et al., "Spatial transformer networks", NIPS 2015.
"""

from __future__ import annotations

from typing import Any

from dlstudio.core.params import Choice, Shape
from dlstudio.core.registry import Names, bad, composite
from dlstudio.errors import ParamError, ShapeError, explain

__all__ = ["corner_values"]


def _expect_maps(name: str, data: Any) -> None:
    if data.ndim != 4:
        raise ShapeError(
            explain(f"{name}: data has shape {tuple(data.shape)}.", "maps (B, C, H, W).")
        )


# ---- GridGenerator ---------------------------------------------------------------------------
def _line(F: Any, n: int, like: Any) -> Any:
    """N numbers from -1 to 1."""
    return F.linspace(start=-1.0, stop=1.0, num=n, dtype=like.dtype.name)


def _base_grid(F: Any, size: tuple[int, int], like: Any) -> Any:
    """Homogeneous coordinates (3, h * w): x, y and 1 of each cell."""
    h, w = size
    x = F.broadcast_to(F.reshape(_line(F, w, like), shape=(1, w)), shape=(h, w))
    y = F.broadcast_to(F.reshape(_line(F, h, like), shape=(h, 1)), shape=(h, w))
    rows = [F.reshape(part, shape=(1, h * w)) for part in (x, y, F.ones_like(x))]
    return F.concatenate(*rows, axis=0)


def _affine(F: Any, data: Any, size: tuple[int, ...]) -> Any:
    if len(size) != 2 or min(size) < 1:
        raise ParamError(
            f"GridGenerator: parameter target_shape must be (height, width). Got {size}."
        )
    if data.ndim != 2 or data.shape[1] != 6:
        raise ShapeError(
            explain(
                f"GridGenerator: data has shape {tuple(data.shape)}.",
                "(B, 6): the rows of a 2 x 3 affine matrix for each image.",
            )
        )
    matrix = F.reshape(data, shape=(data.shape[0], 2, 3))
    base = F.broadcast_to(_base_grid(F, size, data), shape=(data.shape[0], 3, size[0] * size[1]))
    return F.reshape(F.matmul(matrix, base), shape=(data.shape[0], 2, *size))


def _warp(F: Any, data: Any) -> Any:
    if data.ndim != 4 or data.shape[1] != 2:
        raise ShapeError(
            explain(
                f"GridGenerator: data has shape {tuple(data.shape)}.",
                "(B, 2, H, W): how many cells to move in x and in y.",
            )
        )
    h, w = data.shape[2:]
    parts = []
    for which, n in ((0, w), (1, h)):
        flow = F.slice_axis(data, axis=1, begin=which, end=which + 1)
        scaled = F.multiply_scalar(flow, scalar=2.0 / max(n - 1, 1))
        shape = (1, 1, 1, n) if which == 0 else (1, 1, n, 1)
        parts.append(F.add(scaled, F.reshape(_line(F, n, data), shape=shape)))
    return F.concatenate(*parts, axis=1)


_TRANSFORM = Choice("affine", "warp")


@composite(
    "GridGenerator",
    params={"transform_type": _TRANSFORM, "target_shape": Shape(0)},
    names=Names(nd="GridGenerator"),
    samples=lambda s: [
        s((2, 6), transform_type="affine", target_shape=(2, 3)),
        s((1, 2, 2, 3), transform_type="warp"),
    ],
    errors=lambda s: [
        bad(s((2, 6), transform_type="affine"), ParamError, "target_shape"),
        bad(s((2, 5), transform_type="affine", target_shape=(2, 2)), ShapeError, r"\(B, 6\)"),
        bad(s((2, 3, 2, 2), transform_type="warp"), ShapeError, r"\(B, 2, H, W\)"),
    ],
)
def _(F: Any, data: Any, *, transform_type: str, target_shape: tuple[int, ...] = (0, 0)) -> Any:
    """Make a sampling grid (B, 2, h, w): of an affine matrix (B, 6), or of a flow (B, 2, h, w)."""
    return _affine(F, data, target_shape) if transform_type == "affine" else _warp(F, data)


# ---- BilinearSampler -------------------------------------------------------------------------
def _places(F: Any, grid: Any, which: int, n: int) -> Any:
    """Where to read along one axis, in cells: (B, h, w)."""
    B, _, h, w = grid.shape
    place = F.reshape(F.slice_axis(grid, axis=1, begin=which, end=which + 1), shape=(B, h, w))
    return F.multiply_scalar(F.add_scalar(place, scalar=1.0), scalar=(n - 1) / 2)


def _between(F: Any, place: Any, low: float, high: float) -> Any:
    above = F.greater_equal_scalar(place, scalar=low)
    return F.logical_and(above, F.less_equal_scalar(place, scalar=high))


def _clipped(F: Any, cell: Any, n: int) -> Any:
    # whole numbers as such: float32 cannot count the cells of a large batch
    bounded = F.minimum_scalar(F.maximum_scalar(cell, scalar=0.0), scalar=float(n - 1))
    return F.cast(bounded, dtype="int64")


def _inside(F: Any, y: Any, x: Any, space: tuple[int, int]) -> Any:
    """Whether whole cells (y, x) lie on the map; (..., 1)."""
    H, W = space
    valid = F.logical_and(_between(F, y, 0.0, float(H - 1)), _between(F, x, 0.0, float(W - 1)))
    return F.expand_dims(valid, axis=3)


def corner_values(F: Any, maps: Any, y: Any, x: Any, *, replicate: bool = False) -> Any:
    """Read maps (B, C, H, W) at places (B, p, q), in cells, bilinearly: (B, p, q, C).

    Cells outside the map count as zero, or like the nearest one if `replicate`.
    """
    B, C, H, W = maps.shape
    flat = F.reshape(F.transpose(maps, axes=(0, 2, 3, 1)), shape=(B * H * W, C))
    images = F.reshape(F.arange(start=0, stop=B, dtype="int64"), shape=(B, 1, 1))
    first = F.multiply_scalar(images, scalar=H * W)
    left, top = F.floor(x), F.floor(y)
    dx, dy = F.subtract(x, left), F.subtract(y, top)
    total = None
    for right, lower in ((0, 0), (0, 1), (1, 0), (1, 1)):
        across = dx if right else F.subtract_scalar(dx, scalar=1.0, reverse=True)
        down = dy if lower else F.subtract_scalar(dy, scalar=1.0, reverse=True)
        column = F.add_scalar(left, scalar=float(right))
        row = F.add_scalar(top, scalar=float(lower))
        offset = F.add(F.multiply_scalar(_clipped(F, row, H), scalar=W), _clipped(F, column, W))
        part = F.take(flat, F.add(offset, first), axis=0)
        if not replicate:
            part = F.multiply(part, _inside(F, row, column, (H, W)))
        part = F.multiply(part, F.expand_dims(F.multiply(across, down), axis=3))
        total = part if total is None else F.add(total, part)
    return total


@composite(
    "BilinearSampler",
    names=Names(nd="BilinearSampler"),
    samples=lambda s: [
        s((2, 2, 3, 4), s.uniform(2, 2, 2, 2, low=-0.9, high=0.9)),
        s((1, 1, 2, 3), s.uniform(1, 2, 3, 2, low=0.6, high=1.4)),
    ],
    errors=lambda s: [
        bad(s((2, 3), (2, 2, 2, 2)), ShapeError, r"maps \(B, C, H, W\)"),
        bad(s((2, 1, 3, 3), (2, 3, 2, 2)), ShapeError, r"grid of shape \(2, 2, h, w\)"),
    ],
)
def _(F: Any, data: Any, grid: Any, *, cudnn_off: bool | None = None) -> Any:
    """Read maps (B, C, H, W) at the places of a grid (B, 2, h, w), bilinearly; zero outside."""
    _expect_maps("BilinearSampler", data)
    B, _, H, W = data.shape
    if grid.ndim != 4 or grid.shape[0] != B or grid.shape[1] != 2:
        raise ShapeError(
            explain(
                f"BilinearSampler: data {tuple(data.shape)}, grid {tuple(grid.shape)}.",
                f"a grid of shape ({B}, 2, h, w).",
            )
        )
    values = corner_values(F, data, _places(F, grid, 1, H), _places(F, grid, 0, W))
    return F.transpose(values, axes=(0, 3, 1, 2))


# ---- SpatialTransformer ----------------------------------------------------------------------
@composite(
    "SpatialTransformer",
    params={
        "target_shape": Shape(0),
        "transform_type": Choice("affine"),
        "sampler_type": Choice("bilinear"),
    },
    names=Names(nd="SpatialTransformer"),
    complete=lambda shapes, attrs: [shapes[0], None if shapes[0] is None else (shapes[0][0], 6)],
    samples=lambda s: [
        s((2, 1, 3, 4), s.uniform(2, 6, low=0.2, high=0.4), target_shape=(2, 3), **_ONLY),
        s((1, 2, 3, 3), s.uniform(1, 6, low=0.2, high=0.4), **_ONLY),
    ],
    errors=lambda s: [bad(s((2, 3), (2, 6), **_ONLY), ShapeError, "maps")],
)
def _(
    F: Any, data: Any, loc: Any, *, target_shape: tuple[int, ...] = (0, 0), transform_type: str,
    sampler_type: str, cudnn_off: bool | None = None,
) -> Any:  # fmt: skip
    """Read maps (B, C, H, W) through the affine transformations `loc` (B, 6).

    The result has `target_shape`, or the size of data if that is (0, 0).
    """
    _expect_maps("SpatialTransformer", data)
    size = target_shape if len(target_shape) == 2 and min(target_shape) > 0 else data.shape[2:]
    grid = F.GridGenerator(loc, transform_type=transform_type, target_shape=tuple(size))
    return F.BilinearSampler(data, grid)


_ONLY = dict(transform_type="affine", sampler_type="bilinear")
