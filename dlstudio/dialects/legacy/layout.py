"""Shape operators of nd and npx: reshape codes, transpose, squeeze, flatten, pad, diag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dlstudio.core.params import Axes, Int, Shape
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.rules import contrib, normalize_axis
from dlstudio.ops.shape import resolve_shape, squeezed

Array = Any
VIEW = Flags(view=True)


# --- reshape codes ------------------------------------------------------------------------------


def legacy_shape(old: tuple[int, ...], codes: tuple[int, ...], *, reverse: bool) -> tuple[int, ...]:
    """Decode nd.reshape's codes.

    ====  =====================================================
       0  keep this length
      -1  compute this length
      -2  keep this and all following lengths
      -3  the product of two lengths
      -4  split one length into the two numbers that follow
    ====  =====================================================

    With `reverse` the codes are matched from the last axis.
    """
    if reverse:
        turned = _decode(old[::-1], _reversed_codes(codes), codes)[::-1]
        return resolve_shape("reshape", old, turned)
    return resolve_shape("reshape", old, _decode(old, codes, codes))


def _reversed_codes(codes: tuple[int, ...]) -> tuple[int, ...]:
    """Reverse the codes but keep -4 in front of its two numbers, themselves reversed."""
    groups: list[tuple[int, ...]] = []
    i = 0
    while i < len(codes):
        size = 3 if codes[i] == -4 else 1
        groups.append((codes[i], *codes[i + 1 : i + size][::-1]))
        i += size
    return tuple(n for group in reversed(groups) for n in group)


def _decode(
    old: tuple[int, ...], codes: tuple[int, ...], shown: tuple[int, ...]
) -> tuple[int, ...]:
    lengths = list(old)
    new: list[int] = []
    position, code = 0, iter(codes)

    def take() -> int:
        nonlocal position
        if position >= len(lengths):
            raise _codes_do_not_fit(old, shown)
        position += 1
        return lengths[position - 1]

    for n in code:
        if n > 0 or n == -1:
            new.append(n)
            position += 1
        elif n == 0:
            new.append(take())
        elif n == -2:
            new += lengths[position:]
            position = len(lengths)
        elif n == -3:
            new.append(take() * take())
        elif n == -4:
            new += _split_length(take(), code, old, shown)
        else:
            raise _codes_do_not_fit(old, shown)
    return tuple(new)


def _split_length(
    length: int, code: Iterator[int], old: tuple[int, ...], shown: tuple[int, ...]
) -> list[int]:
    first, second = next(code, 0), next(code, 0)
    if first == -1 and second > 0:
        first = length // second
    if second == -1 and first > 0:
        second = length // first
    if first * second != length:
        raise _codes_do_not_fit(old, shown)
    return [first, second]


def _codes_do_not_fit(old: tuple[int, ...], codes: tuple[int, ...]) -> ShapeError:
    return ShapeError(
        explain(
            f"reshape: the codes {codes} do not fit an array of shape {old}.",
            "0 keeps a length, -1 is computed, -2 keeps the rest, -3 merges two, -4 splits one.",
        )
    )


def npx_shape(old: tuple[int, ...], codes: tuple[int, ...], *, reverse: bool) -> tuple[int, ...]:
    """Decode npx.reshape's codes: -2 keep, -3 drop a one, -4 keep the rest, -5 merge, -6 split."""
    if reverse:
        turned = _decode_npx(old[::-1], _reversed_npx(codes), codes)[::-1]
        return resolve_shape("reshape", old, turned)
    return resolve_shape("reshape", old, _decode_npx(old, codes, codes))


def _reversed_npx(codes: tuple[int, ...]) -> tuple[int, ...]:
    swapped = _reversed_codes(tuple(-4 if n == -6 else -40 if n == -4 else n for n in codes))
    return tuple(-6 if n == -4 else -4 if n == -40 else n for n in swapped)


_NPX_CODES = {-2: 0, -4: -2, -5: -3, -6: -4}


def _decode_npx(
    old: tuple[int, ...], codes: tuple[int, ...], shown: tuple[int, ...]
) -> tuple[int, ...]:
    lengths, kept, position, sizes = list(old), [], 0, 0
    for n in codes:  # a dropped axis is taken out before the others are decoded
        if sizes:  # one of the two numbers after a split
            kept.append(n)
            sizes -= 1
            continue
        if n == -3:
            if position >= len(lengths) or lengths[position] != 1:
                raise _codes_do_not_fit(old, shown)
            del lengths[position]
            continue
        kept.append(_NPX_CODES.get(n, n))
        position += 2 if n == -5 else 1
        sizes = 2 if n == -6 else 0
    if 0 in codes:
        raise ShapeError(
            explain(
                f"npx.reshape: the shape {shown} contains 0.",
                "-2 to keep a length.",
                "x.reshape, or np.reshape",
            )
        )
    return _decode(tuple(lengths), tuple(kept), shown)


@composite(
    "Reshape",
    flags=VIEW,
    params={"shape": Shape(), "target_shape": Shape(optional=True)},
    names=Names(nd="Reshape reshape"),
    samples=lambda s: [
        s(2, 3, 4, shape=(6, 4)),
        s(2, 3, 4, shape=(0, -1)),
        s(2, 3, 4, shape=(-2,)),
        s(2, 3, 4, shape=(-3, 0)),
        s(2, 3, 4, shape=(0, 0, -4, 2, -1)),
        s(2, 3, 4, shape=(-1, 0), reverse=True),
        s(2, 6, shape=(-4, 1, 2, -2)),
        s(0, 3, shape=(0, 3, 1)),
    ],
    errors=lambda s: [
        bad(s(2, 3, shape=(4,)), ShapeError, "6 elements"),
        bad(s(2, 3, shape=(0, 0, 0)), ShapeError, "codes"),
    ],
)
def _(F, data, *, shape=(), reverse=False, target_shape=None, keep_highest=False):
    """Same elements in another shape.

    Besides lengths, `shape` may contain codes: 0 keeps a length, -1 is computed, -2 keeps all
    remaining lengths, -3 multiplies two, -4 splits one into the two numbers that follow. With
    `reverse` the codes are matched from the last axis.
    """
    if target_shape:
        shape = tuple(-1 if n == 0 else n for n in target_shape)
        shape = ((data.shape[0], *shape[1:])) if keep_highest else shape
    return F.reshape(data, shape=legacy_shape(tuple(data.shape), shape, reverse=reverse))


@op(
    "dynamic_reshape",
    infer=lambda data, shape: data,  # without values only the count of elements is known
    grad=lambda F, g, out, data, shape: (F.reshape(g, shape=tuple(data.shape)), None),
    flags=Flags(dynamic=True),
    names=contrib("dynamic_reshape"),
    samples=lambda s: [
        s((2, 3), np.array([3, -1])),
        s((2, 3, 4), np.array([0, -3])),
        s((4,), np.array([-4, 2, -1])),
    ],
    errors=lambda s: [bad(s((2, 3), np.array([4])), ShapeError, "6 elements")],
)
def _(xp, data, shape):
    """Same elements in a shape that another array holds; the codes are those of `reshape`."""
    codes = tuple(int(n) for n in shape.reshape(-1))
    return data.reshape(legacy_shape(tuple(data.shape), codes, reverse=False))


@composite(
    "_npx_reshape",
    flags=VIEW,
    params={"newshape": Shape()},
    names=Names(npx="reshape", json="_npx_reshape", np_args="a"),
    samples=lambda s: [
        s(2, 3, 4, newshape=(-2, -1)),
        s(1, 3, 4, newshape=(-3, -4)),
        s(2, 3, 4, newshape=(-5, -2)),
        s(2, 3, 4, newshape=(-6, 1, 2, -4)),
        s(2, 3, 4, newshape=(-1, -2), reverse=True),
    ],
    errors=lambda s: [bad(s(2, 3, newshape=(-3, 3)), ShapeError, "codes")],
)
def _(F, a, *, newshape, reverse=False, order="C"):
    """Same elements in another shape.

    Besides lengths, `newshape` may contain codes: -1 is computed, -2 keeps a length, -3 drops an
    axis of length one, -4 keeps all remaining lengths, -5 multiplies two, -6 splits one into the
    two numbers that follow.
    """
    return F.reshape(a, shape=npx_shape(tuple(a.shape), newshape, reverse=reverse))


@composite(
    "reshape_like",
    flags=VIEW,
    params={
        "lhs_begin": Int(optional=True),
        "lhs_end": Int(optional=True),
        "rhs_begin": Int(optional=True),
        "rhs_end": Int(optional=True),
    },
    names=Names(
        nd="reshape_like", npx="reshape_like", method="reshape_like", np_method="reshape_like"
    ),
    samples=lambda s: [
        s((2, 3), (3, 2)),
        s((30, 7), (15, 2, 4), lhs_begin=0, lhs_end=1, rhs_begin=0, rhs_end=2),
        s((6,), (2, 3)),
    ],
)
def _(F, lhs, rhs, *, lhs_begin=None, lhs_end=None, rhs_begin=None, rhs_end=None):
    """Shape of `rhs` for the elements of `lhs`, or for a range of its axes."""
    left, right = tuple(lhs.shape), tuple(rhs.shape)
    a, b, _ = slice(lhs_begin, lhs_end).indices(len(left))
    shape = (*left[:a], *right[slice(rhs_begin, rhs_end)], *left[b:])
    return F.reshape(lhs, shape=shape)


# --- order of the axes --------------------------------------------------------------------------


@composite(
    "_nd_transpose",
    flags=VIEW,
    params={"axes": Shape()},
    names=Names(nd="transpose", method="transpose", json="transpose"),
    samples=lambda s: [s(2, 3), s(2, 3, 4, axes=(1, 0, 2)), s(0, 3)],
    errors=lambda s: [bad(s(2, 3, axes=(0, 0)), ShapeError, "not an order")],
)
def _(F, data, *, axes=()):
    """Axes in another order; without `axes`, reversed."""
    return F.transpose(data, axes=axes or None)


def _swap(F: Any, x: Array, first: int, second: int) -> Array:
    order = list(range(x.ndim))
    i, j = normalize_axis("swapaxes", first, x.ndim), normalize_axis("swapaxes", second, x.ndim)
    order[i], order[j] = order[j], order[i]
    return F.transpose(x, axes=tuple(order))


@composite(
    "SwapAxis",
    flags=VIEW,
    names=Names(nd="SwapAxis swapaxes", method="swapaxes"),
    samples=lambda s: [
        s(2, 3, 4, dim1=0, dim2=2),
        s(2, 3, dim1=-1, dim2=0),
        s(0, 3, dim1=0, dim2=1),
    ],
    errors=lambda s: [bad(s(2, 3, dim1=0, dim2=5), ShapeError, "axis=5")],
)
def _(F, data, *, dim1=0, dim2=0):
    """Exchange two axes."""
    return _swap(F, data, dim1, dim2)


@composite(
    "_npi_swapaxes",
    flags=VIEW,
    names=Names(np="swapaxes", np_method="swapaxes", np_args="a", json="_npi_swapaxes"),
    samples=lambda s: [s(2, 3, 4, axis1=0, axis2=2), s(2, 3, axis1=-1, axis2=0)],
)
def _(F, a, *, axis1, axis2):
    """Exchange two axes."""
    return _swap(F, a, axis1, axis2)


def moved(ndim: int, source: Any, destination: Any) -> tuple[int, ...]:
    """Order of the axes after moving `source` to `destination`."""
    origin = [normalize_axis("moveaxis", i, ndim) for i in _tuple(source)]
    target = [normalize_axis("moveaxis", i, ndim) for i in _tuple(destination)]
    if len(origin) != len(target) or len({*origin}) < len(origin):
        raise ParamError(f"moveaxis: source {source} and destination {destination} do not pair up.")
    order = [i for i in range(ndim) if i not in origin]
    for place, axis in sorted(zip(target, origin, strict=True)):
        order.insert(place, axis)
    return tuple(order)


def _tuple(axes: Any) -> tuple[int, ...]:
    return (axes,) if isinstance(axes, int) else tuple(axes)


@composite(
    "moveaxis",
    flags=VIEW,
    params={"source": Axes(), "destination": Axes()},
    names=Names(nd="moveaxis", np="moveaxis", args="tensor", json="_np_moveaxis"),
    samples=lambda s: [
        s(2, 3, 4, source=-1, destination=0),
        s(2, 3, 4, source=(0, 1), destination=(1, 2)),
    ],
    errors=lambda s: [bad(s(2, 3, source=(0, 1), destination=(0,)), ParamError, "pair up")],
)
def _(F, a, *, source, destination):
    """Move axes to other positions; the others keep their order."""
    return F.transpose(a, axes=moved(a.ndim, source, destination))


# --- axes of length one -------------------------------------------------------------------------


@composite(
    "_nd_squeeze",
    flags=VIEW,
    params={"axis": Axes()},
    names=Names(nd="squeeze", method="squeeze", json="squeeze"),
    samples=lambda s: [s(1, 3, 1), s(1, 3, 1, axis=0), s(1, 3, 1, axis=(0, -1)), s(1, 1)],
    errors=lambda s: [bad(s(2, 3, axis=0), ShapeError, "length 2")],
)
def _(F, data, *, axis=None):
    """Remove axes of length one; one of them stays if nothing else is left."""
    return F.reshape(data, shape=squeezed(data, axis) or (1,))


# --- reversing, padding -------------------------------------------------------------------------


@composite(
    "reverse",
    params={"axis": Shape()},
    names=Names(nd="reverse flip", method="flip", np_method="flip"),
    samples=lambda s: [s(2, 3, axis=1), s(2, 3, 2, axis=(0, 2)), s(0, 3, axis=0)],
    errors=lambda s: [bad(s(2, 3, axis=2), ShapeError, "axis=2")],
)
def _(F, data, *, axis):
    """Reverse the order along `axis`."""
    return F.flip(data, axis=axis)
