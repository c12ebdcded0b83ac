"""Choosing elements in nd: where, slice_like, batch_take, splitting at positions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from dlstudio.core.params import Axes, Float, Shape
from dlstudio.core.registry import Flags, Names, bad, composite
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.rules import normalize_axis, same_dtypes, same_shapes

Array = Any
VIEW = Flags(view=True)


@composite(
    "_nd_where",
    names=Names(nd="where", json="where"),
    complete=lambda shapes, attrs: [shapes[0], shapes[1] or shapes[2], shapes[2] or shapes[1]],
    samples=lambda s: [
        s(s.bools(2, 3), (2, 3), (2, 3)),
        s(s.ints(2, high=2), (2, 3), (2, 3)),
        s(s.ints(0, 3, high=2), (0, 3), (0, 3)),
    ],
    errors=lambda s: [
        bad(s(s.bools(3), (2, 3), (2, 3)), ShapeError, "length of the first axis"),
        bad(s(s.bools(2), (2, 3), (3,)), ShapeError, "equal shapes"),
    ],
)
def _(F, condition, x, y):
    """`x` where `condition` is not zero, else `y`.

    `condition` has the shape of `x` and `y`, or is a vector that chooses whole rows.
    """
    same_shapes("where", x, y)
    same_dtypes("where", x, y)
    if condition.shape == x.shape:
        return F.where(condition, x, y)
    if condition.ndim != 1 or not x.ndim or condition.shape[0] != x.shape[0]:
        raise ShapeError(
            explain(
                f"where: condition has shape {tuple(condition.shape)}, x and y {tuple(x.shape)}.",
                "the same shape, or a vector with the length of the first axis.",
            )
        )
    column = F.reshape(condition, shape=(x.shape[0], *(1,) * (x.ndim - 1)))
    return F.where(column, x, y)


@composite(
    "slice_like",
    flags=VIEW,
    params={"axes": Axes()},
    names=Names(
        nd="slice_like",
        npx="slice_like",
        method="slice_like",
        np_method="slice_like",
        args="data shape_like",
    ),
    samples=lambda s: [
        s((4, 5), (2, 3)),
        s((4, 5, 3), (2, 3, 1), axes=(0, 1)),
        s((4, 5, 3), (2, 9, 3), axes=(-1, 0)),
    ],
    errors=lambda s: [bad(s((2, 3), (4, 3)), ShapeError, "length 4")],
)
def _(F, data, shape_like, *, axes=()):
    """Cut `data` to the lengths of `shape_like`, on all axes or on `axes`."""
    chosen = (axes,) if isinstance(axes, int) else axes or range(data.ndim)
    for axis in chosen:
        n = shape_like.shape[axis]
        if n > data.shape[axis]:
            raise ShapeError(
                explain(
                    f"slice_like: axis {axis} of data is {data.shape[axis]} long, not length {n}.",
                    "data to be at least as long as shape_like.",
                )
            )
        data = F.slice_axis(data, axis=axis, begin=0, end=n)
    return data


@composite(
    "batch_take",
    names=Names(nd="batch_take"),
    samples=lambda s: [s((3, 4), s.ints(3, high=4))],
)
def _(F, a, indices):
    """One entry per row: ``out[i] = a[i, indices[i]]``."""
    return F.pick(a, indices, axis=-1, mode="clip")


def cut_points(length: int, sections: int | tuple[int, ...]) -> list[tuple[int, int]]:
    """Begin and end of every part when an axis is cut into `sections`."""
    if isinstance(sections, int):
        if sections < 1 or length % sections:
            raise ShapeError(
                explain(
                    f"split: a length of {length} does not divide into {sections} equal parts.",
                    f"a divisor of {length}.",
                )
            )
        stops = [length // sections * i for i in range(sections + 1)]
    else:
        stops = [0, *(min(max(i + length if i < 0 else i, 0), length) for i in sections), length]
    return [(a, max(a, b)) for a, b in pairwise(stops)]


def cut(F: Any, x: Array, sections: Any, axis: int, *, squeeze_axis: bool = False) -> Any:
    """Cut `x` into equal sections (a number) or before each of the positions (a tuple)."""
    axis = normalize_axis("split", axis, x.ndim)
    points = cut_points(x.shape[axis], sections)
    parts = [F.slice_axis(x, axis=axis, begin=a, end=b) for a, b in points]
    if squeeze_axis:
        parts = [F.squeeze(part, axis=axis) for part in parts]
    return tuple(parts) if len(parts) > 1 else parts[0]


def _count(attrs: dict[str, Any]) -> int:
    sections = attrs["indices_or_sections"]
    return sections if isinstance(sections, int) else len(sections) + 1


@composite(
    "split_v2",
    flags=VIEW,
    params={"indices_or_sections": Axes()},
    outputs=_count,
    names=Names(nd="split_v2", method="split_v2", args="ary"),
    samples=lambda s: [
        s(4, 6, indices_or_sections=2),
        s(4, 6, indices_or_sections=(1, 3), axis=1),
        s(3, 2, indices_or_sections=3, squeeze_axis=True),
        s(4, 6, indices_or_sections=(0, 2, 2)),
        s(4, 6, indices_or_sections=()),
    ],
    errors=lambda s: [bad(s(4, 6, indices_or_sections=5), ShapeError, "5 equal parts")],
)
def _(F, ary, *, indices_or_sections, axis=0, squeeze_axis=False):
    """Cut along `axis` into equal sections (a number), or before each position of a tuple."""
    return cut(F, ary, indices_or_sections, axis, squeeze_axis=squeeze_axis)


@composite(
    "_split_v2",
    flags=VIEW,
    params={"indices": Shape()},
    outputs=lambda attrs: attrs["sections"] or len(attrs["indices"]),
    names=Names(json="_split_v2"),
    samples=lambda s: [s(4, 6, sections=2), s(4, 6, indices=(0, 1, 3), axis=1)],
)
def _(F, data, *, indices=(0,), axis=0, squeeze_axis=False, sections=0):
    """Form of `split_v2` in symbol files: `indices` are the positions where parts begin."""
    return cut(F, data, sections or indices[1:], axis, squeeze_axis=squeeze_axis)


@composite(
    "_npi_split",
    flags=VIEW,
    params={"indices_or_sections": Axes()},
    outputs=_count,
    names=Names(np="split", np_method="split", np_args="ary", json="_npi_split"),
    samples=lambda s: [
        s(4, 6, indices_or_sections=2),
        s(4, 6, indices_or_sections=(1, 3), axis=-1),
    ],
)
def _(F, ary, *, indices_or_sections, axis=0):
    """Cut along `axis` into equal sections (a number), or before each position of a tuple."""
    return cut(F, ary, indices_or_sections, axis)


@composite(
    "_npi_array_split",
    flags=VIEW,
    params={"indices_or_sections": Axes()},
    outputs=_count,
    names=Names(np="array_split", np_args="ary", json="_npi_array_split"),
    samples=lambda s: [s(5, 2, indices_or_sections=3), s(5, 2, indices_or_sections=(1,))],
)
def _(F, ary, *, indices_or_sections, axis=0):
    """Cut along `axis` into sections as equal as possible, or before each position of a tuple."""
    n = ary.shape[axis]
    if isinstance(indices_or_sections, int):
        size, more = divmod(n, indices_or_sections)
        lengths = [size + 1] * more + [size] * (indices_or_sections - more)
        indices_or_sections = tuple(sum(lengths[:i]) for i in range(1, len(lengths)))
    return cut(F, ary, indices_or_sections, axis)


def _split_along(name: str, axis: int, doc: str) -> None:
    def expand(F: Any, ary: Array, *, indices_or_sections: Any) -> Any:
        return cut(F, ary, indices_or_sections, 0 if ary.ndim == 1 else axis)

    expand.__doc__ = doc
    composite(
        f"_npi_{name}",
        params={"indices_or_sections": Axes()},
        outputs=_count,
        flags=VIEW,
        names=Names(np=name, np_args="ary"),
        samples=lambda s: [s(2, 4, 2, indices_or_sections=2), s(2, 4, 2, indices_or_sections=(1,))],
    )(expand)


_split_along("hsplit", 1, "Cut along the second axis (the first of a vector).")
_split_along("vsplit", 0, "Cut along the first axis.")
_split_along("dsplit", 2, "Cut along the third axis.")


# --- single elements and parts ------------------------------------------------------------------


@composite(
    "fill_element_0index",
    names=Names(nd="fill_element_0index"),
    samples=lambda s: [s((3, 4), (3,), s.ints(3, high=4))],
)
def _(F, lhs, mhs, rhs):
    """Copy of `lhs` with ``lhs[i, rhs[i]]`` replaced by ``mhs[i]``."""
    dtype = np.dtype(lhs.dtype).name
    hit = F.one_hot(rhs, depth=lhs.shape[1], dtype=dtype)
    column = F.reshape(mhs, shape=(*mhs.shape, 1))
    return F.where(hit, F.broadcast_to(column, shape=tuple(lhs.shape)), lhs)


@composite(
    "_slice_assign",
    params={"begin": Shape(holes=True), "end": Shape(holes=True), "step": Shape(holes=True)},
    names=Names(
        method="slice_assign",
        np_method="slice_assign",
        nd="_internal._slice_assign",
    ),
    samples=lambda s: [s((3, 4), (2, 2), begin=(0, 1), end=(2, 3))],
    errors=lambda s: [
        bad(s((3, 4), (1, 2), begin=(0, 1), end=(2, 3)), ShapeError, "part has shape")
    ],
)
def _(F, lhs, rhs, *, begin, end, step=()):
    """Copy of `lhs` with ``lhs[begin:end:step]`` replaced by `rhs`."""
    return _assigned(F, lhs, rhs, begin, end, step)


def _assigned(F: Any, lhs: Array, rhs: Array, begin: Any, end: Any, step: Any) -> Array:
    bounds = {"begin": begin, "end": end, "step": step or None}
    dtype = np.dtype(lhs.dtype).name
    part = F.slice(lhs, **bounds).shape
    if tuple(rhs.shape) != tuple(part):
        raise ShapeError(
            explain(
                f"_slice_assign: the part has shape {tuple(part)}, rhs {tuple(rhs.shape)}.",
                "equal shapes.",
            )
        )
    ones = F.ones(shape=tuple(rhs.shape), dtype=dtype)
    hit = F.slice_scatter(ones, shape=tuple(lhs.shape), **bounds)
    return F.where(hit, F.slice_scatter(rhs, shape=tuple(lhs.shape), **bounds), lhs)


@composite(
    "_slice_assign_scalar",
    params={
        "scalar": Float(),
        "begin": Shape(holes=True),
        "end": Shape(holes=True),
        "step": Shape(holes=True),
    },
    names=Names(
        method="slice_assign_scalar",
        nd="_internal._slice_assign_scalar",
    ),
    samples=lambda s: [s(3, 4, scalar=2.0, begin=(0, 1), end=(2, 3))],
)
def _(F, data, *, scalar=0.0, begin, end, step=()):
    """Copy of `data` with ``data[begin:end:step]`` replaced by a number."""
    part = F.slice(data, begin=begin, end=end, step=step or None)
    number = F.full_like(part, fill_value=scalar)
    return _assigned(F, data, number, begin, end, step)
