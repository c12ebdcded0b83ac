"""What ``x[key]`` computes: basic keys (numbers, slices, None) and keys with index arrays.

A key is an attribute, so it is hashable and complete: one entry per axis of the array or of the
result. An entry is a whole number, ``(start, stop, step)`` for a slice, ``None`` for a new axis,
or ``"array"`` for the next index array, which is an input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Anything, Shape
from dlstudio.core.registry import Flags, bad, op
from dlstudio.core.rows import add_rows
from dlstudio.errors import IndexRangeError, explain

__all__ = ["FULL", "native"]

Array = Any
Key = tuple[Any, ...]
FULL = (None, None, None)  # a whole axis


def native(key: Key, indices: tuple[Array, ...] = ()) -> tuple[Any, ...]:
    """Spell a key for NumPy; the closing Ellipsis makes a scalar result a 0-d view."""
    arrays = iter(indices)
    parts = [
        slice(*part) if part.__class__ is tuple else next(arrays) if part == "array" else part
        for part in key
    ]
    return (*parts, Ellipsis)


def _result_shape(shape: tuple[int, ...], key: Key) -> list[tuple[Any, int]]:
    """Pair each entry with the length it leaves; whole numbers and arrays leave none."""
    lengths = iter(shape)
    pairs = []
    for part in key:
        if part is None:
            pairs.append((part, 1))
            continue
        n = next(lengths)
        if part.__class__ is int and not -n <= part < n:
            raise IndexRangeError(
                explain(
                    f"index {part} is outside an axis of length {n}.",
                    f"an index from {-n} to {n - 1}." if n else "no index: the axis is empty.",
                )
            )
        pairs.append((part, len(range(*slice(*part).indices(n))) if part.__class__ is tuple else 0))
    return [*pairs, *((("rest"), n) for n in lengths)]


def _infer_basic(x: Aval, *, key: Key) -> Aval:
    pairs = _result_shape(x.shape, key)
    return Aval(tuple(n for part, n in pairs if part.__class__ is not int), x.dtype)


def _basic_grad(F: Any, g: Array, out: Array, x: Array, *, key: Key) -> tuple[Array]:
    return (F.index_scatter(g, shape=tuple(x.shape), key=key),)


@op(
    "index_view",
    infer=_infer_basic,
    grad=_basic_grad,
    flags=Flags(view=True),
    params={"key": Anything()},
    samples=lambda s: [
        s(2, 3, key=(1,)),
        s(2, 3, key=((0, 2, None), None)),
        s(2, 3, key=(1, 2)),
        s(4, 2, key=((1, 1, None),)),
    ],
    errors=lambda s: [bad(s(2, 3, key=(5,)), IndexRangeError, "index 5 .* length 2")],
)
def _(xp, x, *, key):
    """Part of `x`, as a view."""
    return x[native(key)]


@op(
    "index_copy_out",
    infer=_infer_basic,
    grad=_basic_grad,
    params={"key": Anything()},
    samples=lambda s: [
        s(2, 3, key=((None, None, -1),)),
        s(2, 3, key=((None, None, None), 1)),
        s(2, 3, 2, key=(0, None, (None, None, 2))),
        s(0, 3, key=((None, None, None), 1)),
    ],
)
def _(xp, x, *, key):
    """Part of `x`, as a copy."""
    return x[native(key)].copy()


@op(
    "index_scatter",
    infer=lambda g, *, shape, key: Aval(shape, g.dtype),
    grad=lambda F, h, out, g, *, shape, key: (F.index_copy_out(h, key=key),),
    params={"shape": Shape(0), "key": Anything()},
    samples=lambda s: [
        s(3, shape=(2, 3), key=(1,)),
        s(2, 3, shape=(2, 3), key=((None, None, -1),)),
    ],
)
def _(xp, g, *, shape, key):
    """Zeros of `shape` with `g` where basic indexing read: its adjoint."""
    out = xp.zeros(shape, g.dtype)
    out[native(key)] = g
    return out


# --- index arrays -------------------------------------------------------------------------------


def _infer_advanced(x: Aval, *indices: Aval, key: Key) -> Aval:
    pairs = _result_shape(x.shape, key)
    picked = np.broadcast_shapes(*(i.shape for i in indices))
    advanced = [i for i, (part, _) in enumerate(pairs) if part == "array" or part.__class__ is int]
    together = advanced[-1] - advanced[0] + 1 == len(advanced)
    before = [n for i, (_, n) in enumerate(pairs) if i < advanced[0] and i not in advanced]
    kept = [n for i, (_, n) in enumerate(pairs) if i not in advanced]
    # NumPy's rule: index arrays side by side leave their axes in place, others put them first
    first = before if together else []
    return Aval((*first, *picked, *kept[len(first) :]), x.dtype)


def _whole(indices: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(i if i.dtype.kind in "iu" else i.astype("int64") for i in indices)


def _advanced_samples(s: Any) -> list[Any]:
    rows, columns = s.ints(3, high=2), s.ints(3, high=3)
    return [
        s((2, 3), rows, key=("array",)),
        s((2, 3), rows, columns, key=("array", "array")),
        s((4, 2, 3), s.ints(2, 2, high=2), key=((1, 3, None), "array")),
        s((2, 4, 3), rows, columns, key=("array", (None, None, 2), "array")),
        s((2, 3, 4), s.ints(2, high=4), key=(0, None, (None, None, None), "array")),
        s((2, 3), s.ints(0, high=1), key=("array",)),
    ]


@op(
    "advanced_index",
    infer=_infer_advanced,
    params={"key": Anything()},
    grad=lambda F, g, out, x, *indices, key: (
        F.advanced_scatter(g, *indices, shape=tuple(x.shape), key=key),
        *(None for _ in indices),
    ),
    samples=_advanced_samples,
)
def _(xp, x, *indices, key):
    """Elements of `x` at the positions that the index arrays name together."""
    return x[native(key, _whole(indices))]


@op(
    "advanced_scatter",
    infer=lambda g, *indices, shape, key: Aval(shape, g.dtype),
    grad=lambda F, h, out, g, *indices, shape, key: (
        F.advanced_index(h, *indices, key=key),
        *(None for _ in indices),
    ),
    params={"shape": Shape(0), "key": Anything()},
    samples=lambda s: [
        s((3, 3), s.ints(3, high=2), shape=(2, 3), key=("array",)),
        s((3,), s.ints(3, high=2), s.ints(3, high=3), shape=(2, 3), key=("array", "array")),
    ],
)
def _(xp, g, *indices, shape, key):
    """Zeros of `shape` with `g` added where `advanced_index` read: its adjoint."""
    out = xp.zeros(shape, g.dtype)
    where = native(key, _whole(indices))
    rows_only = key[0] == "array" and all(part == FULL for part in key[1:])
    if rows_only and where[0].dtype.kind in "iu":  # from the end where negative
        rows = xp.where(where[0] < 0, where[0] + shape[0], where[0]).reshape(-1)
        add_rows(xp, out, rows, g.reshape(rows.size, *shape[1:]))
    else:
        xp.add.at(out, where, g)
    return out
