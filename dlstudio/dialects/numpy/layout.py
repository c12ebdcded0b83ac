"""Shapes in np: reshape with order, ravel, rot90, flips, atleast_*d, rollaxis, resize."""

from __future__ import annotations

from math import prod
from typing import Any

from dlstudio.core.params import Choice, Shape
from dlstudio.core.registry import Flags, Names, bad, composite
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.rules import normalize_axis
from dlstudio.ops.shape import resolve_shape

Array = Any
VIEW = Flags(view=True)
ORDER = Choice("C", "F", "A", "K")


def _reversed(F: Any, x: Array) -> Array:
    return F.transpose(x, axes=tuple(range(x.ndim))[::-1])


def _reshape(F: Any, a: Array, shape: tuple[int, ...], order: str) -> Array:
    if order != "F":
        return F.reshape(a, shape=shape)
    # Fortran order is C order seen through reversed axes
    full = resolve_shape("reshape", tuple(a.shape), shape)
    return _reversed(F, F.reshape(_reversed(F, a), shape=full[::-1]))


@composite(
    "_npi_reshape",
    flags=VIEW,
    params={"newshape": Shape(), "order": ORDER},
    names=Names(np="reshape", json="_np_reshape"),
    samples=lambda s: [
        s(2, 3, newshape=(3, -1)),
        s(2, 3, 2, newshape=(2, 3, 2), order="F"),
        s((), newshape=(1,)),
    ],
    errors=lambda s: [bad(s(2, 3, newshape=(4,)), ShapeError, "6 elements")],
)
def _(F, a, *, newshape, order="C"):
    """Same elements in another shape; one length may be -1. `order` "F" runs down the columns."""
    return _reshape(F, a, newshape, order)


@composite(
    "_npi_ravel",
    flags=VIEW,
    params={"order": ORDER},
    names=Names(np="ravel", np_method="ravel", np_args="x"),
    samples=lambda s: [s(2, 3), s(())],
)
def _(F, x, *, order="C"):
    """The elements in one dimension."""
    return _reshape(F, x, (x.size,), order)


def _rot90(F: Any, m: Array, k: int, axes: tuple[int, ...]) -> Array:
    first, second = (normalize_axis("rot90", i, m.ndim) for i in axes)
    if first == second:
        raise ParamError(f"rot90: parameter axes must name two different axes. Got {axes}.")
    order = list(range(m.ndim))
    order[first], order[second] = second, first
    turn = k % 4
    if turn == 0:
        return F.identity(m)
    if turn == 2:
        return F.flip(m, axis=(first, second))
    if turn == 1:
        return F.transpose(F.flip(m, axis=second), axes=tuple(order))
    return F.flip(F.transpose(m, axes=tuple(order)), axis=second)


@composite(
    "_npi_rot90",
    names=Names(np="rot90", np_args="m"),
    samples=lambda s: [s(2, 3), s(2, 3, 2, k=3, axes=(1, 2)), s(2, 3, k=2), s(2, 3, k=4)],
    errors=lambda s: [bad(s(2, 3, axes=(0, 0)), ParamError, "different")],
)
def _(F, m, *, k=1, axes=(0, 1)):
    """Turn by `k` quarter turns, from the first towards the second of two axes."""
    return _rot90(F, m, k, axes)


@composite("_npi_flipud", names=Names(np="flipud", np_args="m"), samples=lambda s: [s(2, 3), s(3)])
def _(F, m):
    """Reverse the rows."""
    return F.flip(m, axis=0)


@composite("_npi_fliplr", names=Names(np="fliplr", np_args="m"), samples=lambda s: [s(2, 3)])
def _(F, m):
    """Reverse the columns."""
    return F.flip(m, axis=1)


@composite(
    "_npi_rollaxis",
    flags=VIEW,
    names=Names(np="rollaxis", np_args="a"),
    samples=lambda s: [
        s(2, 3, 4, axis=2),
        s(2, 3, 4, axis=0, start=3),
        s(2, 3, 4, axis=-1, start=1),
    ],
)
def _(F, a, *, axis, start=0):
    """Move `axis` back until it lies before position `start`."""
    axis = normalize_axis("rollaxis", axis, a.ndim)
    start = start + a.ndim if start < 0 else start
    order = [i for i in range(a.ndim) if i != axis]
    order.insert(start - 1 if axis < start else start, axis)
    return F.transpose(a, axes=tuple(order))


def at_least(shape: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """Shape with axes of length one added as NumPy adds them."""
    if len(shape) >= ndim:
        return shape
    if ndim == 3 and len(shape) == 2:
        return (*shape, 1)
    if ndim == 3 and len(shape) == 1:
        return (1, *shape, 1)
    return (1,) * (ndim - len(shape)) + shape


def _atleast(ndim: int) -> None:
    def expand(F: Any, *arys: Array) -> Any:
        results = tuple(F.reshape(a, shape=at_least(tuple(a.shape), ndim)) for a in arys)
        return results if len(results) != 1 else results[0]

    expand.__doc__ = f"Add axes of length one until there are {ndim} dimensions."
    composite(
        f"_npi_atleast_{ndim}d",
        flags=VIEW,
        names=Names(np=f"atleast_{ndim}d", json=f"_np_atleast_{ndim}d"),
        samples=lambda s: [s(()), s(3), s((2, 3))],
    )(expand)


for _ndim in (1, 2, 3):
    _atleast(_ndim)


@composite(
    "_npi_resize",
    params={"new_shape": Shape(0)},
    names=Names(np="resize", np_args="a"),
    samples=lambda s: [s(2, 2, new_shape=(3, 3)), s(2, 3, new_shape=(4,))],
)
def _(F, a, *, new_shape):
    """Repeat or drop elements of the flattened array until `new_shape` is full."""
    size = prod(new_shape)
    flat = F.reshape(a, shape=(a.size,))
    copies = -(-size // a.size) if a.size else 0
    return F.reshape(
        F.slice_axis(F.tile(flat, reps=(copies,)), axis=0, begin=0, end=size), shape=new_shape
    )
