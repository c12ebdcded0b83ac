"""Diagonals and triangles of matrices, and blocks of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Int, Shape
from dlstudio.core.registry import Names, bad, composite, op
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.rules import normalize_axis

Array = Any

# --- diagonals ----------------------------------------------------------------------------------


def _axes(x: Any, axis1: int, axis2: int) -> tuple[int, int]:
    first, second = normalize_axis("diag", axis1, x.ndim), normalize_axis("diag", axis2, x.ndim)
    if first == second:
        raise ShapeError(f"diag: axis1={axis1} and axis2={axis2} are the same axis.")
    return first, second


def _length(rows: int, columns: int, k: int) -> int:
    return max(0, min(rows, columns - k) if k >= 0 else min(rows + k, columns))


def _infer_diagonal(a: Aval, *, offset: int, axis1: int, axis2: int) -> Aval:
    first, second = _axes(a, axis1, axis2)
    rest = [n for i, n in enumerate(a.shape) if i not in (first, second)]
    return Aval((*rest, _length(a.shape[first], a.shape[second], offset)), a.dtype)


@op(
    "diagonal",
    infer=_infer_diagonal,
    grad=lambda F, g, out, a, *, offset, axis1, axis2: (
        F.diagonal_scatter(g, shape=tuple(a.shape), offset=offset, axis1=axis1, axis2=axis2),
    ),
    names=Names(np="diagonal", np_method="diagonal", np_args="a", json="_np_diagonal"),
    samples=lambda s: [
        s(3, 4),
        s(3, 4, offset=1),
        s(3, 4, offset=-1),
        s(2, 3, 4, axis1=1, axis2=-1),
        s(3, 3, offset=5),
        s(0, 3),
    ],
    reference=lambda a, *, offset=0, axis1=0, axis2=1: np.diagonal(a, offset, axis1, axis2),
)
def _(xp, a, *, offset=0, axis1=0, axis2=1):
    """Diagonal number `offset` of the matrices along two axes; it becomes the last axis."""
    return xp.diagonal(a, offset, axis1, axis2).copy()


@op(
    "diagonal_scatter",
    infer=lambda g, *, shape, offset, axis1, axis2: Aval(shape, g.dtype),
    grad=lambda F, h, out, g, *, shape, offset, axis1, axis2: (
        F.diagonal(h, offset=offset, axis1=axis1, axis2=axis2),
    ),
    params={"shape": Shape(0)},
    samples=lambda s: [s(3, shape=(3, 4), offset=1), s(2, 2, shape=(2, 3, 2), axis1=1, axis2=2)],
)
def _(xp, g, *, shape, offset=0, axis1=0, axis2=1):
    """Zeros of `shape` with `g` on a diagonal: the adjoint of `diagonal`."""
    out = xp.zeros(shape, g.dtype)
    first, second = _axes(out, axis1, axis2)
    count = g.shape[-1]
    rows = xp.arange(count) + max(0, -offset)
    columns = xp.arange(count) + max(0, offset)
    xp.moveaxis(out, (first, second), (-2, -1))[..., rows, columns] = g
    return out


def _diag(F: Any, x: Array, k: int, axis1: int = 0, axis2: int = 1) -> Array:
    if x.ndim == 1:
        n = x.shape[0] + abs(k)
        return F.diagonal_scatter(x, shape=(n, n), offset=k)
    return F.diagonal(x, offset=k, axis1=axis1, axis2=axis2)


@composite(
    "diag",
    names=Names(nd="diag", method="diag", np_method="diag"),
    samples=lambda s: [
        s(3, 4),
        s(3, 4, k=1),
        s(4, k=2),
        s(4, k=-1),
        s(2, 3, 4),
        s(2, 3, 4, k=1, axis1=-2, axis2=-1),
    ],
    errors=lambda s: [bad(s(3, 3, k=5), ShapeError, "no diagonal")],
)
def _(F, data, *, k=0, axis1=0, axis2=1):
    """Diagonal `k` of a matrix (or of matrices along two axes); a matrix with a vector on it."""
    result = _diag(F, data, k, axis1, axis2)
    if data.ndim > 1 and not result.shape[-1]:
        raise ShapeError(
            explain(
                f"diag: an array of shape {tuple(data.shape)} has no diagonal {k}.",
                "a smaller |k|.",
            )
        )
    return result


@composite(
    "_np_diag",
    names=Names(np="diag", np_args="array", json="_np_diag"),
    samples=lambda s: [s(3), s(3, 4, k=1), s(2, k=-1)],
)
def _(F, array, *, k=0):
    """Diagonal `k` of a matrix, or a matrix with a vector on its diagonal `k`."""
    return _diag(F, array, k)


@composite(
    "_np_diagflat",
    names=Names(np="diagflat", np_args="array", json="_np_diagflat"),
    samples=lambda s: [s(2, 2), s(3, k=1)],
)
def _(F, array, *, k=0):
    """Matrix with the flattened array on its diagonal `k`."""
    return _diag(F, F.reshape(array, shape=(array.size,)), k)


@composite(
    "_np_trace",
    names=Names(np="trace", np_method="trace", np_args="a", json="_np_trace"),
    samples=lambda s: [s(3, 4), s(3, 4, offset=1), s(2, 3, 4, axis1=1, axis2=2)],
)
def _(F, a, *, offset=0, axis1=0, axis2=1):
    """Sum of a diagonal."""
    return F.sum(F.diagonal(a, offset=offset, axis1=axis1, axis2=axis2), axis=-1)


def _triangle(name: str, doc: str) -> None:
    def forward(xp: Any, m: Array, *, k: int = 0) -> Array:
        return getattr(xp, name)(m, k)

    def infer(m: Aval, *, k: int) -> Aval:
        shape = m.shape if m.ndim != 1 else (m.shape[0], m.shape[0])
        if not m.ndim:
            raise ShapeError(f"{name}: a scalar has no triangle.\nExpected at least one dimension.")
        return Aval(shape, m.dtype)

    def grad(F: Any, g: Array, out: Array, m: Array, *, k: int) -> tuple[Array]:
        cut = getattr(F, name)(g, k=k)
        return (cut if m.ndim != 1 else F.sum(cut, axis=0),)

    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        grad=grad,
        params={"k": Int()},
        names=Names(np=name, json=f"_npi_{name}"),
        samples=lambda s: [s(3, 4), s(2, 3, 3, k=1), s(3, k=-1), s(0, 3)],
        reference=lambda m, *, k=0: getattr(np, name)(m, k),
        errors=lambda s: [bad(s(()), ShapeError, "no triangle")],
    )(forward)


_triangle("tril", "Lower triangle: elements above diagonal `k` become zero.")
_triangle("triu", "Upper triangle: elements below diagonal `k` become zero.")


# --- pixels and channels ------------------------------------------------------------------------


def _check_blocks(data: Any, block: int, *, deep: bool) -> None:
    fits = (
        data.ndim == 4
        and block > 0
        and (
            data.shape[1] % (block * block) == 0
            if deep
            else data.shape[2] % block == 0 and data.shape[3] % block == 0
        )
    )
    if not fits:
        what = (
            "channels divisible by block_size²"
            if deep
            else "height and width divisible by block_size"
        )
        raise ShapeError(
            explain(
                f"{'depth_to_space' if deep else 'space_to_depth'}: data has shape "
                f"{tuple(data.shape)}, block_size={block}.",
                f"four dimensions (B, C, H, W), {what}.",
            )
        )


@composite(
    "depth_to_space",
    params={"block_size": Int(1)},
    names=Names(nd="depth_to_space", method="depth_to_space", np_method="depth_to_space"),
    samples=lambda s: [s(1, 8, 2, 3, block_size=2), s(2, 4, 1, 1, block_size=2)],
    errors=lambda s: [bad(s(1, 6, 2, 3, block_size=2), ShapeError, "divisible")],
)
def _(F, data, *, block_size):
    """Spread channels over blocks of pixels: (B, C b², H, W) becomes (B, C, H b, W b)."""
    _check_blocks(data, block_size, deep=True)
    B, C, H, W = data.shape
    b, inner = block_size, C // block_size**2
    apart = F.reshape(data, shape=(B, b, b, inner, H, W))
    mixed = F.transpose(apart, axes=(0, 3, 4, 1, 5, 2))
    return F.reshape(mixed, shape=(B, inner, H * b, W * b))


@composite(
    "space_to_depth",
    params={"block_size": Int(1)},
    names=Names(nd="space_to_depth", method="space_to_depth", np_method="space_to_depth"),
    samples=lambda s: [s(1, 2, 4, 6, block_size=2)],
    errors=lambda s: [bad(s(1, 2, 3, 4, block_size=2), ShapeError, "divisible")],
)
def _(F, data, *, block_size):
    """Move blocks of pixels into channels: (B, C, H b, W b) becomes (B, C b², H, W)."""
    _check_blocks(data, block_size, deep=False)
    B, C, H, W = data.shape
    b = block_size
    apart = F.reshape(data, shape=(B, C, H // b, b, W // b, b))
    mixed = F.transpose(apart, axes=(0, 3, 5, 1, 2, 4))
    return F.reshape(mixed, shape=(B, C * b * b, H // b, W // b))
