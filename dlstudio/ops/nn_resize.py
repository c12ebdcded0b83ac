"""Changing the size of maps: bilinear resizing and adaptive average pooling.

All of it is linear in the data and separable: out = R_h · data · R_wᵀ, with one small matrix per
axis of space. So one operator, `resample2d`, computes it, and its adjoint the gradients.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from dlstudio.core.params import Bool, Choice, Float, Int, Shape
from dlstudio.core.registry import bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, narrow, wide
from dlstudio.ops.rules import contrib

__all__ = ["whole_weights"]

Array = Any


def _cubic(x: Any) -> Any:
    a, x = -0.75, np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _lanczos(x: Any) -> Any:
    return np.where(np.abs(x) < 4, np.sinc(x) * np.sinc(x / 4), 0)


# interpolating functions of the distance in cells, and how far they reach
_FILTERS = {
    "linear": (lambda x: np.maximum(1 - np.abs(x), 0), 1),
    "cubic": (_cubic, 2),
    "lanczos": (_lanczos, 4),
}


def _averages(n: int, m: int) -> Any:
    """Each cell the mean of all cells it touches."""
    rows, cells = np.arange(m), np.arange(n)
    low, high = rows * n // m, -(-(rows + 1) * n // m)
    inside = (cells >= low[:, None]) & (cells < high[:, None])
    return inside / (high - low)[:, None]


def _areas(n: int, m: int) -> Any:
    """Each cell the mean of what it covers, parts of cells in proportion."""
    edges = np.arange(m + 1) * (n / m)
    cells = np.arange(n)
    top = np.minimum(edges[1:, None], cells + 1)
    return np.maximum(top - np.maximum(edges[:-1, None], cells), 0) * (m / n)


def _neighbours(kind: str, place: Any, n: int) -> tuple[Any, Any]:
    """Cells around each place and their weights; beyond the edge the outermost cell repeats."""
    weigh, reach = _FILTERS[kind]
    taps = np.floor(place).astype(int)[:, None] + np.arange(1 - reach, reach + 1)
    weights = weigh(place[:, None] - taps)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.clip(taps, 0, n - 1), weights


def _interpolated(kind: str, place: Any, n: int) -> Any:
    cells, weights = _neighbours(kind, place, n)
    matrix = np.zeros((len(place), n))
    np.add.at(matrix, (np.arange(len(place))[:, None], cells), weights)
    return matrix


def whole_weights(kind: str, n: int, m: int, unit: int) -> tuple[Any, Any]:
    """Cells that each of m places takes from n, and weights in whole multiples of ``1 / unit``."""
    cells, weights = _neighbours(kind, (np.arange(m) + 0.5) * (n / m) - 0.5, n)
    return cells, np.rint(weights * unit).astype("int32")


def _nearest(n: int, m: int) -> Any:
    return np.minimum(np.arange(m) * n // m, n - 1)


@lru_cache(maxsize=256)
def _matrix(kind: str, n: int, m: int) -> Any:
    """Matrix (m, n) that takes n cells to m."""
    rows = np.arange(m)
    if kind == "average":
        return _averages(n, m)
    if kind == "area" and m < n:
        return _areas(n, m)
    if kind == "nearest":
        return np.eye(n)[_nearest(n, m)]
    if kind == "corners":
        place = rows * ((n - 1) / (m - 1)) if m > 1 else np.zeros(m)
        return _interpolated("linear", place, n)
    place = (rows + 0.5) * (n / m) - 0.5  # the middles of the cells correspond
    if kind in ("linear", "area"):
        return _interpolated("linear", np.clip(place, 0, n - 1), n)
    return _interpolated(kind, place, n)


def _apply(xp: Any, x: Array, rows: Any, columns: Any) -> Array:
    y = wide(x)
    rows, columns = (xp.asarray(m.astype(y.dtype)) for m in (rows, columns))
    return narrow(xp.matmul(xp.matmul(rows, y), columns.T), x.dtype)


KINDS = ("corners", "linear", "average", "nearest", "cubic", "area", "lanczos")
_KIND = Choice(*KINDS)


@op(
    "resample2d",
    infer=lambda data, *, size, kind: aval((*data.shape[:-2], *size), data),
    grad=lambda F, g, out, data, *, size, kind: (
        F.resample2d_adjoint(g, size=tuple(data.shape[-2:]), kind=kind),
    ),
    params={"size": Shape(1), "kind": _KIND},
    samples=lambda s: [
        *(s(1, 2, 2, 3, size=(3, 4), kind=kind) for kind in KINDS),
        *(s(1, 1, 5, 4, size=(2, 3), kind=kind) for kind in KINDS),
    ],
)
def _(xp: Any, data: Array, *, size: tuple[int, int], kind: str) -> Array:
    """Resample the last two axes to `size`.

    `kind` is bilinear with the "corners" of both grids in correspondence; "linear", "cubic",
    "lanczos" or "nearest" with the centres of cells in correspondence; "area", the mean of what a
    cell covers, in proportion; or "average", the mean of all cells it touches.
    """
    H, W = data.shape[-2:]
    if kind == "nearest":  # nothing to add up
        rows, columns = (xp.asarray(_nearest(n, m)) for n, m in zip((H, W), size, strict=True))
        return xp.take(xp.take(data, rows, -2), columns, -1)
    return _apply(xp, data, _matrix(kind, H, size[0]), _matrix(kind, W, size[1]))


@op(
    "resample2d_adjoint",
    infer=lambda g, *, size, kind: aval((*g.shape[:-2], *size), g),
    grad=lambda F, u, out, g, *, size, kind: (
        F.resample2d(u, size=tuple(g.shape[-2:]), kind=kind),
    ),
    params={"size": Shape(1), "kind": _KIND},
    samples=lambda s: [s(1, 2, 3, 4, size=(2, 3), kind="corners")],
)
def _(xp: Any, g: Array, *, size: tuple[int, int], kind: str) -> Array:
    """Adjoint of `resample2d` from maps of `size`: its gradient."""
    H, W = g.shape[-2:]
    return _apply(xp, g, _matrix(kind, size[0], H).T, _matrix(kind, size[1], W).T)


# ---- BilinearResize2D ------------------------------------------------------------------------
def _odd_scaled(n: int, scale: float) -> int:
    return int(n * scale) if n % 2 == 0 else int((n - 1) * scale) + 1


_ROUND = {
    "to_even_down": lambda n: n - n % 2,
    "to_even_up": lambda n: n + n % 2,
    "to_odd_down": lambda n: n - 1 + n % 2,
    "to_odd_up": lambda n: n + 1 - n % 2,
}
_MODES = ("size", "odd_scale", "like", *_ROUND)


def _target(data: Any, like: Any, mode: str, fixed: Any, scales: Any) -> Any:
    space = tuple(data.shape[2:])
    if mode == "like":
        if like is None:
            raise ParamError("BilinearResize2D: mode='like' needs a second array. Got one.")
        return tuple(like.shape[2:])
    if mode in _ROUND:
        return tuple(_ROUND[mode](n) for n in space)
    if mode == "odd_scale":
        return tuple(_odd_scaled(n, s or 1) for n, s in zip(space, scales, strict=True))
    return tuple(
        int(n * scale) if scale is not None else size
        for n, scale, size in zip(space, scales, fixed, strict=True)
    )


def _expect_maps(name: str, data: Any) -> None:
    if data.ndim != 4:
        raise ShapeError(
            explain(f"{name}: data has shape {tuple(data.shape)}.", "four axes, (B, C, H, W).")
        )


@composite(
    "BilinearResize2D",
    params={
        "height": Int(1), "width": Int(1), "mode": Choice(*_MODES), "align_corners": Bool(),
        "scale_height": Float(optional=True), "scale_width": Float(optional=True),
    },
    input_names=lambda attrs: ("data", "like")[: 2 if attrs["mode"] == "like" else 1],
    names=contrib("BilinearResize2D"),
    samples=lambda s: [
        s(1, 2, 2, 3, height=4, width=5),
        s(1, 2, 3, 2, height=2, width=4, align_corners=False),
        s(1, 1, 3, 2, scale_height=2.0, scale_width=1.5),
        s((1, 1, 2, 2), (1, 1, 3, 3), mode="like"),
        s(1, 1, 3, 2, mode="odd_scale", scale_height=2.0, scale_width=2.0),
        *(s(1, 1, 3, 2, mode=mode) for mode in _ROUND),
    ],
    errors=lambda s: [
        bad(s((2, 3), height=2, width=2), ShapeError, r"\(B, C, H, W\)"),
        bad(s((1, 1, 2, 2), mode="like"), ParamError, "second array"),
    ],
)  # fmt: skip
def _(
    F: Any, data: Any, like: Any = None, *, height: int = 1, width: int = 1,
    scale_height: float | None = None, scale_width: float | None = None, mode: str = "size",
    align_corners: bool = True,
) -> Any:  # fmt: skip
    """Resize maps (B, C, H, W) by bilinear interpolation.

    `mode` "size" goes to (height, width), or by the scales where given; "like" to the size of a
    second array; "odd_scale" keeps odd sizes odd; "to_even_down" and its like round the size.
    `align_corners` puts the corners of both grids together, else the centres of the cells.
    """
    _expect_maps("BilinearResize2D", data)
    size = _target(data, like, mode, (height, width), (scale_height, scale_width))
    return F.resample2d(data, size=size, kind="corners" if align_corners else "linear")


@composite(
    "AdaptiveAvgPooling2D",
    params={"output_size": Shape(1)},
    names=contrib("AdaptiveAvgPooling2D"),
    samples=lambda s: [
        s(1, 2, 5, 4, output_size=(2, 3)),
        s(1, 2, 3, 4, output_size=2),
        s(1, 2, 3, 2),
        s(1, 1, 2, 2, output_size=(3, 4)),
    ],
    errors=lambda s: [
        bad(s((2, 3), output_size=2), ShapeError, r"\(B, C, H, W\)"),
        bad(s((1, 1, 2, 2), output_size=(1, 2, 3)), ParamError, "output_size"),
    ],
)
def _(F: Any, data: Any, *, output_size: tuple[int, ...] = ()) -> Any:
    """Average maps (B, C, H, W) down to `output_size`, (1, 1) if not given, whatever their size."""
    _expect_maps("AdaptiveAvgPooling2D", data)
    if len(output_size) > 2:
        raise ParamError(
            "AdaptiveAvgPooling2D: parameter output_size must have 1 or 2 entries. "
            f"Got {output_size}."
        )
    size = output_size * 2 if len(output_size) == 1 else output_size or (1, 1)
    return F.resample2d(data, size=size, kind="average")
