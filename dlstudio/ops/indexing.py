"""Choosing elements by position or condition: take, pick, one-hot, where."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, DType, Float, Int, Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.core.rows import add_rows
from dlstudio.errors import IndexRangeError, ParamError, ShapeError, explain
from dlstudio.ops.rules import broadcast_shape, common_dtype, fit, normalize_axis, zeros
from dlstudio.ops.sort import put_along_axis

Array = Any
VIEW = Flags(view=True)
MODES = Choice("clip", "wrap", "raise")


# --- one index per row: take, pick, one-hot -----------------------------------------------------


def _outside(name: str, worst: int, low: int, length: int) -> IndexRangeError:
    return IndexRangeError(
        explain(
            f"{name}: index {worst} is outside an axis of length {length}.",
            f"indices from {low} to {length - 1}.",
            f"{name}(..., mode='clip') or mode='wrap'",
        )
    )


def _positions(xp: Any, index: Array, length: int, mode: str, name: str) -> Array:
    """Whole-number positions inside an axis of `length`, by the out-of-range rule `mode`."""
    whole = index if index.dtype.kind in "iu" else index.astype("int64")
    if mode == "clip":
        return xp.minimum(xp.maximum(whole, 0), max(0, length - 1))  # np.clip is slow
    if mode == "wrap":
        return xp.mod(whole, max(1, length))
    if whole.size and (int(whole.min()) < -length or int(whole.max()) >= length):
        worst = int(whole.max()) if int(whole.max()) >= length else int(whole.min())
        raise _outside(name, worst, -length, length)
    return xp.where(whole < 0, whole + length, whole)


def _infer_take(a: Aval, indices: Aval, *, axis: Any, mode: str) -> Aval:
    if axis is None:
        return Aval(indices.shape, a.dtype)
    axis = normalize_axis("take", axis, a.ndim)
    return Aval((*a.shape[:axis], *indices.shape, *a.shape[axis + 1 :]), a.dtype)


def _take_grad(
    F: Any, g: Array, out: Array, a: Array, indices: Array, *, axis: Any, mode: str
) -> Any:
    return F.take_grad(g, indices, shape=tuple(a.shape), axis=axis, mode=mode), None


def _take_samples(s: Any) -> list[Any]:
    return [
        s((4, 3), s.ints(2, 2, high=4)),
        s((4, 3), s.ints(5, high=3), axis=1),
        s((4, 3), np.array([-1, 9, 2]), axis=-2, mode="clip"),
        s((4, 3), np.array([-1, 9, 2]), mode="wrap"),
        s((4, 3), np.array([3, 2]), mode="raise"),
        s((4, 3), s.ints(0, high=3)),
        s((4,), s.ints(high=3)),
    ]


def _take(xp: Any, a: Array, indices: Array, axis: int, mode: str) -> Array:
    return xp.take(a, _positions(xp, indices, a.shape[axis], mode, "take"), axis=axis)


@op(
    "take",
    infer=_infer_take,
    grad=_take_grad,
    params={"mode": MODES},
    names=Names(nd="take", method="take"),
    samples=_take_samples,
    errors=lambda s: [bad(s((4, 3), s.ints(2, high=2), axis=3), ShapeError, "axis=3")],
)
def _(xp, a, indices, *, axis=0, mode="clip"):
    """Entries of `a` at the positions `indices` along `axis`.

    Positions outside are clipped, wrapped around, or refused (``mode="raise"``, negative ones
    too, as in MXNet).
    """
    if mode == "raise" and indices.size and int(indices.min()) < 0:
        raise _outside("take", int(indices.min()), 0, a.shape[axis])
    return _take(xp, a, indices, axis, mode)


@op(
    "np_take",
    infer=_infer_take,
    grad=_take_grad,
    params={"axis": Int(optional=True), "mode": MODES},
    names=Names(np="take", np_method="take", json="_npi_take"),
    samples=lambda s: [
        *_take_samples(s)[1:5],
        s((4, 3), s.ints(2, 2, high=12)),
        s((4, 3), s.ints(2, high=4), axis=0),
    ],
)
def _(xp, a, indices, *, axis=None, mode="raise"):
    """Entries of `a` at the positions `indices` along `axis`, or of the flattened array."""
    if axis is None:
        return _take(xp, a.reshape(-1), indices, 0, mode)
    return _take(xp, a, indices, axis, mode)


def _infer_take_grad(g: Aval, indices: Aval, *, shape: Any, **_: Any) -> Aval:
    return Aval(shape, g.dtype)


@op(
    "take_grad",
    infer=_infer_take_grad,
    params={"shape": Shape(0), "axis": Int(optional=True), "mode": MODES},
    grad=lambda F, h, out, g, indices, *, shape, axis, mode: (
        F.np_take(h, indices, axis=axis, mode=mode),
        None,
    ),
    samples=lambda s: [
        s((2, 3), s.ints(2, high=4), shape=(4, 3), axis=0),
        s((4, 5), s.ints(5, high=3), shape=(4, 3), axis=1),
        s((2,), s.ints(2, high=3), shape=(4, 3), axis=None),
    ],
)
def _(xp, g, indices, *, shape, axis=0, mode="clip"):
    """Zeros of `shape` with `g` added at the positions that `take` read: its adjoint."""
    if axis is None:
        out = xp.zeros(shape, g.dtype)
        where = _positions(xp, indices, out.size, mode, "take")
        xp.add.at(out.reshape(-1), where.reshape(-1), g.reshape(-1))
        return out
    axis = normalize_axis("take", axis, len(shape))
    where = _positions(xp, indices, shape[axis], mode, "take").reshape(-1)
    rows = xp.moveaxis(g.reshape((*shape[:axis], where.size, *shape[axis + 1 :])), axis, 0)
    total = xp.zeros((shape[axis], *rows.shape[1:]), g.dtype)
    add_rows(xp, total, where, rows)
    return xp.ascontiguousarray(xp.moveaxis(total, 0, axis))


def _pick_key(xp: Any, data: Array, index: Array, axis: int, mode: str) -> Array:
    axis = normalize_axis("pick", axis, data.ndim)
    whole = _positions(xp, index, data.shape[axis], mode, "pick")
    return whole if whole.ndim == data.ndim else xp.expand_dims(whole, axis)


def _pick_shape(data: Any, axis: Any, keepdims: bool) -> tuple[int, ...]:
    axis = normalize_axis("pick", axis, data.ndim)
    middle = (1,) if keepdims else ()
    return (*data.shape[:axis], *middle, *data.shape[axis + 1 :])


def _infer_pick(data: Aval, index: Aval, *, axis: Any, keepdims: bool, mode: str) -> Aval:
    if axis is None:
        return Aval(index.shape, data.dtype)
    if index.shape not in (_pick_shape(data, axis, False), _pick_shape(data, axis, True)):
        raise ShapeError(
            explain(
                f"pick: index has shape {index.shape}, data {data.shape}.",
                f"shape {_pick_shape(data, axis, False)}: one index per row along axis {axis}.",
            )
        )
    return Aval(_pick_shape(data, axis, keepdims), data.dtype)


@op(
    "pick",
    infer=_infer_pick,
    params={"axis": Int(optional=True), "mode": MODES},
    grad=lambda F, g, out, data, index, *, axis, keepdims, mode: (
        F.pick_grad(g, index, shape=tuple(data.shape), axis=axis, mode=mode),
        None,
    ),
    names=Names(
        nd="pick choose_element_0index", npx="pick", method="pick", np_method="pick", json="pick"
    ),
    samples=lambda s: [
        s((3, 4), s.ints(3, high=4)),
        s((3, 4), s.ints(4, high=3), axis=0),
        s((3, 4), s.ints(3, high=4), keepdims=True),
        s((3, 4), np.array([-1, 5, 2]), mode="wrap"),
        s((2, 3, 4), s.ints(2, 4, high=3), axis=1),
        s((3, 4), s.ints(3, 1, high=4)),
        s((0, 4), s.ints(0, high=4)),
        s((3, 4), s.ints(2, high=12), axis=None),
    ],
    errors=lambda s: [bad(s((3, 4), s.ints(2, high=2)), ShapeError, "one index per row")],
)
def _(xp, data, index, *, axis=-1, keepdims=False, mode="clip"):
    """One entry per row: ``out[i] = data[i, index[i]]`` along `axis`."""
    if axis is None:
        return xp.take(data.reshape(-1), _positions(xp, index, data.size, mode, "pick"))
    if data.ndim == 2 and index.ndim == 1 and axis in (1, -1):
        whole = _positions(xp, index, data.shape[1], mode, "pick")
        picked = data[xp.arange(data.shape[0]), whole]
        return picked.reshape(-1, 1) if keepdims else picked
    key = _pick_key(xp, data, index, axis, mode)
    return xp.take_along_axis(data, key, axis).reshape(_pick_shape(data, axis, keepdims))


@op(
    "pick_grad",
    infer=lambda g, index, *, shape, axis, mode: Aval(shape, g.dtype),
    params={"shape": Shape(0), "axis": Int(optional=True), "mode": MODES},
    grad=lambda F, h, out, g, index, *, shape, axis, mode: (
        F.reshape(F.pick(h, index, axis=axis, mode=mode), shape=tuple(g.shape)),
        None,
    ),
    samples=lambda s: [
        s((3,), s.ints(3, high=4), shape=(3, 4)),
        s((1, 4), s.ints(4, high=3), shape=(3, 4), axis=0),
    ],
)
def _(xp, g, index, *, shape, axis=-1, mode="clip"):
    """Zeros of `shape` with `g` where `pick` read: its adjoint."""
    out = xp.zeros(shape, g.dtype)
    if axis is None:
        xp.add.at(out.reshape(-1), _positions(xp, index, out.size, mode, "pick"), g)
        return out
    key = _pick_key(xp, out, index, axis, mode)
    put_along_axis(xp, out, key, g.reshape(key.shape), normalize_axis("pick", axis, out.ndim))
    return out


@op(
    "one_hot",
    infer=lambda indices, *, depth, on_value, off_value, dtype: Aval(
        (*indices.shape, depth), np.dtype(dtype)
    ),
    grad=lambda F, g, out, indices, **_: (zeros(F, indices),),
    params={"depth": Int(0), "on_value": Float(), "off_value": Float(), "dtype": DType()},
    names=Names(nd="one_hot", npx="one_hot", method="one_hot", np_method="one_hot"),
    samples=lambda s: [
        s(s.ints(4, high=3), depth=3),
        s(np.array([0, -1, 7]), depth=3, on_value=2.0, off_value=-1.0),
        s(s.ints(2, 2, high=3), depth=4, dtype="int32"),
        s(s.ints(0, high=1), depth=2),
    ],
    errors=lambda s: [bad(s(s.ints(4, high=3), depth=-1), ParamError, "depth .*>= 0")],
)
def _(xp, indices, *, depth, on_value=1.0, off_value=0.0, dtype="float32"):
    """`on_value` at the position each index names on a new last axis, `off_value` elsewhere.

    An index outside 0 … depth - 1 gives a row of `off_value`.
    """
    hit = xp.expand_dims(indices.astype("int64"), -1) == xp.arange(depth)
    return xp.where(hit, xp.asarray(on_value, dtype), xp.asarray(off_value, dtype))


# --- by condition -------------------------------------------------------------------------------


def _infer_where(condition: Aval, x: Aval, y: Aval) -> Aval:
    shape = broadcast_shape("where", x.shape, y.shape)
    return Aval(broadcast_shape("where", condition.shape, shape), common_dtype(x.dtype, y.dtype))


def _where_grad(F: Any, g: Array, out: Array, condition: Array, x: Array, y: Array) -> Any:
    nothing = zeros(F, g)
    return (
        None,
        fit(F, F.where(condition, g, nothing), x),
        fit(F, F.where(condition, nothing, g), y),
    )


_WORDS = {4: np.dtype("int32"), 8: np.dtype("int64")}


def _select(chosen: Array, x: Array, y: Array, out: Array | None) -> Array:
    """Merge `x` and `y` bit by bit; NumPy's where branches, which signs at random make slow."""
    word = _WORDS[x.dtype.itemsize]
    mask = chosen.astype(word)
    np.negative(mask, out=mask)  # all bits of a word, or none
    bits = np.bitwise_xor(x.view(word), y.view(word), out=None if out is None else out.view(word))
    bits &= mask
    bits ^= y.view(word)
    return bits.view(x.dtype) if out is None else out


@op(
    "where",
    infer=_infer_where,
    grad=_where_grad,
    flags=Flags(out=True),
    names=Names(np="where", json="_npi_where"),
    samples=lambda s: [
        s(s.bools(2, 3), (2, 3), (2, 3)),
        s(s.ints(3, high=2), (2, 1), ()),
        s(s.bools(0, 3), (3,), (3,)),
    ],
    reference=np.where,
    errors=lambda s: [bad(s(s.bools(2), (3,), (3,)), ShapeError, "do not broadcast")],
)
def _(xp, condition, x, y, *, out=None):
    """`x` where `condition` is not zero, else `y`; all three broadcast."""
    dtype = common_dtype(x.dtype, y.dtype)
    chosen = condition if condition.dtype.kind == "b" else condition != 0
    x, y = x.astype(dtype, copy=False), y.astype(dtype, copy=False)
    if xp is np and chosen.shape == x.shape == y.shape and _WORDS.get(dtype.itemsize) and x.ndim:
        return _select(chosen, x, y, out)
    if out is None:
        return xp.where(chosen, x, y)
    xp.copyto(out, y)
    xp.copyto(out, x, where=chosen)
    return out
