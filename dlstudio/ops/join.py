"""Joining, splitting and repeating arrays: concat, stack, split, repeat, tile."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Int, Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.ops.rules import (
    common_dtype,
    normalize_axis,
)

Array = Any
VIEW = Flags(view=True)


# --- joining and splitting ----------------------------------------------------------------------


def _joined(name: str, arrays: tuple[Any, ...], axis: int) -> tuple[int, ...]:
    if not arrays:
        raise ShapeError(explain(f"{name}: there are no arrays to join.", "at least one array."))
    first = arrays[0]
    axis = normalize_axis(name, axis, first.ndim)
    total = 0
    for i, x in enumerate(arrays):
        if x.ndim != first.ndim or any(
            n != m for k, (n, m) in enumerate(zip(x.shape, first.shape, strict=True)) if k != axis
        ):
            raise ShapeError(
                explain(
                    f"{name}: array {i} has shape {tuple(x.shape)}, "
                    f"array 0 has {tuple(first.shape)}.",
                    f"equal lengths on every axis but axis {axis}.",
                )
            )
        total += x.shape[axis]
    return (*first.shape[:axis], total, *first.shape[axis + 1 :])


def _joint_dtype(arrays: tuple[Any, ...]) -> np.dtype[Any]:
    dtype = arrays[0].dtype
    for x in arrays[1:]:
        dtype = common_dtype(dtype, x.dtype)
    return dtype


def _unify(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
    dtype = _joint_dtype(arrays)
    return tuple(x.astype(dtype, copy=False) for x in arrays)


def _concatenate_grad(F: Any, g: Array, out: Array, *seq: Array, axis: Any) -> tuple[Array, ...]:
    if axis is None:
        parts = _cut(F, g, [x.size for x in seq], 0)
        return tuple(
            F.reshape(part, shape=tuple(x.shape)) for part, x in zip(parts, seq, strict=True)
        )
    along = normalize_axis("concatenate", axis, g.ndim)
    parts = _cut(F, g, [x.shape[along] for x in seq], along)
    return tuple(
        part if part.dtype == x.dtype else F.cast(part, dtype=x.dtype.name)
        for part, x in zip(parts, seq, strict=True)
    )


def _cut(F: Any, g: Array, lengths: list[int], axis: int) -> list[Array]:
    stops = np.cumsum([0, *lengths])
    return [F.slice_axis(g, axis=axis, begin=int(a), end=int(b)) for a, b in pairwise(stops)]


def _infer_concatenate(*seq: Aval, axis: Any) -> Aval:
    if axis is None:
        return Aval((sum(x.size for x in seq),), _joint_dtype(seq))
    return Aval(_joined("concatenate", seq, axis), _joint_dtype(seq))


@op(
    "concatenate",
    infer=_infer_concatenate,
    grad=_concatenate_grad,
    flags=Flags(out=True),
    params={"axis": Int(optional=True)},
    names=Names(np="concatenate concat", np_args="seq", json="_np_concatenate"),
    samples=lambda s: [
        s((2, 3), (4, 3)),
        s((2, 3), (2, 1), (2, 0), axis=1),
        s((2, 3), (2,), axis=None),
        s((3,)),
    ],
    reference=lambda *seq, axis=0: np.concatenate(
        [x.ravel() for x in seq] if axis is None else seq, axis=axis or 0
    ),
    errors=lambda s: [
        bad(s((2, 3), (2, 4)), ShapeError, "every axis but"),
        bad(s((2, 3), (2, 3), axis=2), ShapeError, "axis=2"),
    ],
)
def _(xp, *seq, axis=0, out=None):
    """Join arrays along an existing axis."""
    if axis is None:
        seq, axis = tuple(x.reshape(-1) for x in seq), 0
    return xp.concatenate(_unify(seq), axis=axis, out=out)


def _infer_concat(*data: Aval, dim: int) -> Aval:
    _one_dtype("concat", data)
    return Aval(_joined("concat", data, dim), data[0].dtype)


def _complete_concat(shapes: Any, attrs: Any) -> Any:
    """Unknown arrays are as long as the others, but not along the axis that is joined."""
    known = next((s for s in shapes if s is not None), None)
    if known is None:
        return shapes
    axis = normalize_axis("concat", attrs["dim"], len(known))
    open_ = tuple(-1 if i == axis else n for i, n in enumerate(known))
    return [open_ if s is None else s for s in shapes]


def _one_dtype(name: str, arrays: tuple[Any, ...]) -> None:
    for i, x in enumerate(arrays):
        if x.dtype != arrays[0].dtype:
            raise DTypeError(
                explain(
                    f"{name}: array {i} is {x.dtype}, array 0 is {arrays[0].dtype}.",
                    "equal dtypes.",
                    f"array.astype({str(arrays[0].dtype)!r})",
                )
            )


@op(
    "Concat",
    infer=_infer_concat,
    complete=_complete_concat,
    flags=Flags(out=True),
    grad=lambda F, g, out, *data, dim: _concatenate_grad(F, g, out, *data, axis=dim),
    names=Names(nd="concat Concat", json="Concat"),
    samples=lambda s: [
        s((2, 3), (2, 1)),
        s((2, 3), (4, 3), dim=0),
        s((3,), dim=0),
        s((0, 3), (2, 3), dim=-2),
    ],
    errors=lambda s: [
        bad(s((2, 3), (4, 3)), ShapeError, "every axis but axis 1"),
        bad(s((2, 3), s.ints(2, 3, high=3)), DTypeError, "equal dtypes"),
    ],
)
def _(xp, *data, dim=1, out=None):
    """Join arrays of one dtype along axis `dim`."""
    _one_dtype("concat", data)
    return xp.concatenate(data, axis=dim, out=out)


def _infer_stack(*data: Aval, axis: int) -> Aval:
    for i, x in enumerate(data):
        if x.shape != data[0].shape:
            raise ShapeError(
                explain(
                    f"stack: array {i} has shape {x.shape}, array 0 has {data[0].shape}.",
                    "equal shapes.",
                )
            )
    shape = list(data[0].shape)
    shape.insert(normalize_axis("stack", axis, len(shape) + 1), len(data))
    return Aval(tuple(shape), _joint_dtype(data))


def _stack_grad(F: Any, g: Array, out: Array, *data: Array, axis: int) -> tuple[Array, ...]:
    axis = normalize_axis("stack", axis, g.ndim)
    parts = _cut(F, g, [1] * len(data), axis)
    return tuple(
        F.reshape(
            part if part.dtype == x.dtype else F.cast(part, dtype=x.dtype.name),
            shape=tuple(x.shape),
        )
        for part, x in zip(parts, data, strict=True)
    )


@op(
    "stack",
    infer=_infer_stack,
    complete=lambda shapes, attrs: [next(filter(None, shapes), None)] * len(shapes),
    grad=_stack_grad,
    flags=Flags(out=True),
    names=Names(nd="stack", np="stack", np_args="arrays"),
    samples=lambda s: [s((2, 3), (2, 3)), s((2,), (2,), axis=-1), s((), ()), s((0, 3), axis=1)],
    reference=lambda *data, axis=0: np.stack(data, axis=axis),
    errors=lambda s: [bad(s((2, 3), (3,)), ShapeError, "equal shapes")],
)
def _(xp, *data, axis=0, out=None):
    """Join arrays of one shape along a new axis."""
    return xp.stack(_unify(data), axis=axis, out=out)


def _sections(name: str, x: Any, axis: int, sections: int) -> tuple[int, int]:
    axis = normalize_axis(name, axis, x.ndim)
    if sections < 1 or x.shape[axis] % sections:
        raise ShapeError(
            explain(
                f"{name}: axis {axis} of shape {tuple(x.shape)} does not divide into "
                f"{sections} equal parts.",
                f"a divisor of {x.shape[axis]}.",
            )
        )
    return axis, x.shape[axis] // sections


def _infer_split(data: Aval, *, num_outputs: int, axis: int, squeeze_axis: bool) -> Any:
    axis, length = _sections("split", data, axis, num_outputs)
    if squeeze_axis and length != 1:
        raise ShapeError(
            explain(
                f"split: the parts have length {length} along axis {axis}.",
                "length 1, so that squeeze_axis=True can remove the axis.",
            )
        )
    middle = () if squeeze_axis else (length,)
    part = Aval((*data.shape[:axis], *middle, *data.shape[axis + 1 :]), data.dtype)
    return (part,) * num_outputs if num_outputs > 1 else part


def _split_grad(
    F: Any, g: Any, out: Any, data: Array, *, num_outputs: int, axis: int, squeeze_axis: bool
) -> Any:
    axis = normalize_axis("split", axis, data.ndim)
    parts = list(g) if num_outputs > 1 else [g]
    length = data.shape[axis] // num_outputs
    shape = (*data.shape[:axis], length, *data.shape[axis + 1 :])
    whole = [
        F.zeros(shape=shape, dtype=data.dtype.name)
        if part is None
        else F.reshape(part, shape=shape)
        if squeeze_axis
        else part
        for part in parts
    ]
    return (F.concatenate(*whole, axis=axis),)


@op(
    "SliceChannel",
    infer=_infer_split,
    grad=_split_grad,
    flags=VIEW,
    params={"num_outputs": Int(1)},
    outputs=lambda attrs: attrs["num_outputs"],
    names=Names(nd="SliceChannel split", npx="slice_channel", method="split"),
    samples=lambda s: [
        s(4, 6, num_outputs=2),
        s(4, 6, num_outputs=4, axis=0, squeeze_axis=True),
        s(2, 3, num_outputs=1, axis=-1),
        s(0, 4, num_outputs=2),
    ],
    errors=lambda s: [
        bad(s(4, 6, num_outputs=4), ShapeError, "4 equal parts"),
        bad(s(4, 6, num_outputs=2, squeeze_axis=True), ShapeError, "squeeze_axis"),
    ],
)
def _(xp, data, *, num_outputs, axis=1, squeeze_axis=False):
    """Cut into `num_outputs` equal parts along `axis`."""
    parts = xp.split(data, num_outputs, axis)
    if squeeze_axis:
        parts = [xp.squeeze(part, axis) for part in parts]
    return tuple(parts) if num_outputs > 1 else parts[0]


# --- repeating ----------------------------------------------------------------------------------


def _infer_repeat(a: Aval, *, repeats: int, axis: int | None) -> Aval:
    if axis is None:
        return Aval((a.size * repeats,), a.dtype)
    axis = normalize_axis("repeat", axis, a.ndim)
    return Aval((*a.shape[:axis], a.shape[axis] * repeats, *a.shape[axis + 1 :]), a.dtype)


def _repeat_grad(F: Any, g: Array, out: Array, a: Array, *, repeats: int, axis: int | None) -> Any:
    if axis is None:
        return (
            F.reshape(F.sum(F.reshape(g, shape=(a.size, repeats)), axis=1), shape=tuple(a.shape)),
        )
    axis = normalize_axis("repeat", axis, a.ndim)
    apart = (*a.shape[: axis + 1], repeats, *a.shape[axis + 1 :])
    return (F.sum(F.reshape(g, shape=apart), axis=axis + 1),)


@op(
    "repeat",
    infer=_infer_repeat,
    grad=_repeat_grad,
    params={"repeats": Int(0), "axis": Int(optional=True)},
    names=Names(
        nd="repeat", np="repeat", method="repeat", np_method="repeat", args="data", json="repeat"
    ),
    samples=lambda s: [
        s(2, 3, repeats=2),
        s(2, 3, repeats=2, axis=1),
        s(2, 3, repeats=3, axis=-2),
        s(2, 3, repeats=0, axis=0),
        s((), repeats=2),
    ],
    reference=lambda a, *, repeats, axis=None: np.repeat(a, repeats, axis),
    errors=lambda s: [bad(s(2, 3, repeats=2, axis=2), ShapeError, "axis=2 .* 2 dimensions")],
)
def _(xp, a, *, repeats, axis=None):
    """Repeat each element `repeats` times along `axis`, or of the flattened array."""
    return xp.repeat(a, repeats, axis)


def _tile_shapes(x: Any, reps: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape of `x` and the repetitions, both with as many axes as the result."""
    ndim = max(x.ndim, len(reps))
    return (1,) * (ndim - x.ndim) + tuple(x.shape), (1,) * (ndim - len(reps)) + reps


def _infer_tile(A: Aval, *, reps: tuple[int, ...]) -> Aval:
    shape, reps = _tile_shapes(A, reps)
    return Aval(tuple(n * r for n, r in zip(shape, reps, strict=True)), A.dtype)


def _tile_grad(F: Any, g: Array, out: Array, A: Array, *, reps: tuple[int, ...]) -> tuple[Array]:
    shape, reps = _tile_shapes(A, reps)
    apart = tuple(n for pair in zip(reps, shape, strict=True) for n in pair)
    summed = F.sum(F.reshape(g, shape=apart), axis=tuple(range(0, len(apart), 2)))
    return (F.reshape(summed, shape=tuple(A.shape)),)


@op(
    "tile",
    infer=_infer_tile,
    grad=_tile_grad,
    params={"reps": Shape(0)},
    names=Names(nd="tile", np="tile", method="tile", np_method="tile", args="data", json="tile"),
    samples=lambda s: [
        s(2, 3, reps=(2, 2)),
        s(2, 3, reps=2),
        s(2, 3, reps=(2, 1, 2)),
        s(2, 3, reps=()),
        s(2, 3, reps=(0, 1)),
        s((), reps=(2,)),
    ],
    reference=lambda A, *, reps: np.tile(A, reps),
    errors=lambda s: [bad(s(2, 3, reps=(-1,)), ParamError, "reps")],
)
def _(xp, A, *, reps):
    """Lay copies of the array side by side, `reps` times along each axis."""
    return xp.tile(A, reps)
