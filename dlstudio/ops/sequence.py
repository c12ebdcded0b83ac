"""Operators on batches of sequences of different lengths: mask, last element, reverse.

Time is axis 0 or 1 of data, the batch is the other one; `sequence_length` (B,) says how many
steps of each sequence count.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int, Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ArgumentError, ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, expect_shape

Array = Any


def _check(
    name: str, data: Any, lengths: Any, axis: int, *, used: bool, only_first: bool = False
) -> None:
    if axis not in ((0,) if only_first else (0, 1)):
        allowed = "0" if only_first else "0 or 1"
        raise ParamError(f"{name}: parameter axis, the time axis, must be {allowed}. Got {axis}.")
    if data.ndim < 2:
        raise ShapeError(
            explain(
                f"{name}: data has shape {tuple(data.shape)}.",
                "time and batch axes, (T, B, ...).",
            )
        )
    if not used:
        return
    if lengths is None:
        raise ArgumentError(
            explain(
                f"{name}: use_sequence_length=True, but sequence_length is missing.",
                fix=f"{name}(data, sequence_length, use_sequence_length=True)",
            )
        )
    why = f"one length per sequence of data {tuple(data.shape)}"
    expect_shape(name, "sequence_length", lengths, (data.shape[1 - axis],), why)


def _inputs(attrs: dict[str, Any]) -> tuple[str, ...]:
    return ("data", "sequence_length")[: 2 if attrs["use_sequence_length"] else 1]


def _complete(shapes: Any, attrs: Any) -> Any:
    if shapes[0] is None or len(shapes) < 2:
        return shapes
    return [shapes[0], (shapes[0][1 - attrs["axis"]],)]


def _infer_same(name: str, **options: Any) -> Any:
    def infer(
        data: Any, sequence_length: Any = None, *, use_sequence_length: bool, axis: int, **_: Any
    ) -> Aval:
        _check(name, data, sequence_length, axis, used=use_sequence_length, **options)
        return aval(data.shape, data)

    return infer


def _steps(xp: Any, data: Array, axis: int) -> Array:
    """Count the time steps, in a shape that broadcasts against data's first two axes."""
    t = xp.arange(data.shape[axis])
    return t[:, None] if axis == 0 else t


def _per_batch(lengths: Array, axis: int) -> Array:
    return lengths if axis == 0 else lengths[:, None]


def _spread(x: Array, ndim: int) -> Array:
    """Append axes of length 1."""
    return x.reshape(x.shape + (1,) * (ndim - x.ndim))


_LENGTHS = np.array([1.0, 4.0, 2.0])


def _samples(**attrs: Any) -> Any:
    def samples(s: Any) -> list[Any]:
        return [
            s((4, 3, 2), **attrs),
            s((4, 3, 2), _LENGTHS, use_sequence_length=True, **attrs),
            s((4, 3), _LENGTHS.astype("int32"), use_sequence_length=True, **attrs),
        ]

    return samples


def _errors(s: Any) -> list[Any]:
    used = dict(use_sequence_length=True)
    return [
        bad(s((4, 3), (2,), **used), ShapeError, r"sequence_length has shape \(2,\)"),
        bad(s((4, 3), **used), ArgumentError, "sequence_length is missing"),
        bad(s((4, 3, 2), (3,), axis=2, **used), ParamError, "axis, the time axis"),
        bad(s(4), ShapeError, r"\(T, B, ...\)"),
    ]


# ---- SequenceMask ----------------------------------------------------------------------------
def _grad_mask(
    F: Any, g: Any, out: Any, data: Any, lengths: Any = None, *, use_sequence_length: bool,
    axis: int, **_: Any,
) -> tuple[Any, None]:  # fmt: skip
    if not use_sequence_length:
        return g, None
    return F.SequenceMask(g, lengths, use_sequence_length=True, axis=axis), None


@op(
    "SequenceMask",
    infer=_infer_same("SequenceMask"),
    grad=_grad_mask,
    complete=_complete,
    input_names=_inputs,
    constant=("sequence_length",),
    params={"value": Float(), "axis": Int()},
    names=Names(nd="SequenceMask", npx="sequence_mask"),
    flags=Flags(inplace=(0,)),
    samples=lambda s: [
        *_samples(value=-1.5)(s),
        s((3, 4, 2), _LENGTHS, use_sequence_length=True, axis=1),
    ],
    errors=_errors,
)
def _(
    xp: Any, data: Array, sequence_length: Array = None, *, use_sequence_length: bool = False,
    value: float = 0.0, axis: int = 0,
) -> Array:  # fmt: skip
    """Set all steps after the end of each sequence to `value`.

    Parameters
    ----------
    data : (T, B, ...), or (B, T, ...) with ``axis=1``
    sequence_length : (B,), used with ``use_sequence_length=True``
    """
    _check("SequenceMask", data, sequence_length, axis, used=use_sequence_length)
    if not use_sequence_length:
        return data.copy()
    inside = _steps(xp, data, axis) < _per_batch(sequence_length, axis)
    return xp.where(_spread(inside, data.ndim), data, data.dtype.type(value))


# ---- SequenceLast ----------------------------------------------------------------------------
def _last(xp: Any, data: Array, lengths: Array, axis: int) -> tuple[Array, Array]:
    """Index arrays (time, batch) of the last step of each sequence."""
    batch = xp.arange(data.shape[1 - axis])
    if lengths is None:
        return xp.full_like(batch, data.shape[axis] - 1), batch
    return lengths.astype("int64") - 1, batch


def _pair(time: Array, batch: Array, axis: int) -> tuple[Array, Array]:
    return (time, batch) if axis == 0 else (batch, time)


def _infer_last(
    data: Any, sequence_length: Any = None, *, use_sequence_length: bool, axis: int
) -> Aval:
    _check("SequenceLast", data, sequence_length, axis, used=use_sequence_length)
    return aval((data.shape[1 - axis], *data.shape[2:]), data)


def _grad_last(
    F: Any,
    g: Any,
    out: Any,
    data: Any,
    lengths: Any = None,
    *,
    use_sequence_length: bool,
    axis: int,
) -> tuple[Any, None]:
    inputs = (g, lengths) if use_sequence_length else (g,)
    return F.sequence_last_grad(*inputs, data_shape=tuple(data.shape), axis=axis), None


@op(
    "SequenceLast",
    infer=_infer_last,
    grad=_grad_last,
    complete=_complete,
    input_names=_inputs,
    constant=("sequence_length",),
    params={"axis": Int()},
    names=Names(nd="SequenceLast", npx="sequence_last"),
    samples=lambda s: [*_samples()(s), s((3, 4, 2), _LENGTHS, use_sequence_length=True, axis=1)],
    errors=_errors,
)
def _(
    xp: Any, data: Array, sequence_length: Array = None, *, use_sequence_length: bool = False,
    axis: int = 0,
) -> Array:  # fmt: skip
    """Take the last step of each sequence: (T, B, ...) becomes (B, ...)."""
    _check("SequenceLast", data, sequence_length, axis, used=use_sequence_length)
    lengths = sequence_length if use_sequence_length else None
    return data[_pair(*_last(xp, data, lengths, axis), axis)]


@op(
    "sequence_last_grad",
    infer=lambda g, sequence_length=None, *, data_shape, axis: aval(data_shape, g),
    grad=lambda F, u, out, g, lengths=None, *, data_shape, axis: (
        F.SequenceLast(u, *(() if lengths is None else (lengths,)),
                       use_sequence_length=lengths is not None, axis=axis),
        None,
    ),
    constant=("sequence_length",),
    params={"data_shape": Shape(0), "axis": Int()},
    samples=lambda s: [
        s((3, 2), _LENGTHS, data_shape=(4, 3, 2)),
        s((3, 2), data_shape=(3, 4, 2), axis=1),
    ],
)  # fmt: skip
def _(xp: Any, g: Array, sequence_length: Array = None, *, data_shape: Any, axis: int = 0) -> Array:
    """Gradient of `SequenceLast`: zero but for the last steps."""
    dx = xp.zeros(data_shape, g.dtype)
    dx[_pair(*_last(xp, dx, sequence_length, axis), axis)] = g
    return dx


# ---- SequenceReverse -------------------------------------------------------------------------
def _grad_reverse(
    F: Any,
    g: Any,
    out: Any,
    data: Any,
    lengths: Any = None,
    *,
    use_sequence_length: bool,
    axis: int,
) -> tuple[Any, None]:
    inputs = (g, lengths) if use_sequence_length else (g,)
    return F.SequenceReverse(*inputs, use_sequence_length=use_sequence_length, axis=axis), None


@op(
    "SequenceReverse",
    infer=_infer_same("SequenceReverse", only_first=True),
    grad=_grad_reverse,
    complete=_complete,
    input_names=_inputs,
    constant=("sequence_length",),
    params={"axis": Int()},
    names=Names(nd="SequenceReverse", npx="sequence_reverse"),
    samples=_samples(),
    errors=_errors,
)
def _(
    xp: Any, data: Array, sequence_length: Array = None, *, use_sequence_length: bool = False,
    axis: int = 0,
) -> Array:  # fmt: skip
    """Reverse each sequence of data (T, B, ...) and leave what lies after its end."""
    _check(
        "SequenceReverse", data, sequence_length, axis, used=use_sequence_length, only_first=True
    )
    if not use_sequence_length:
        return data[::-1].copy()
    t, lengths = xp.arange(data.shape[0])[:, None], sequence_length.astype("int64")
    source = xp.where(t < lengths, lengths - 1 - t, t)
    return data[source, xp.arange(data.shape[1])]
