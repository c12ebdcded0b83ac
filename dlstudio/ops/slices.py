"""Slices: parts of an array along its axes."""

from __future__ import annotations

from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.params import Int, Param, Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.rules import (
    normalize_axis,
)

Array = Any
VIEW = Flags(view=True)


# --- slices -------------------------------------------------------------------------------------


def _slices(name: str, x: Any, begin: Any, end: Any, step: Any) -> tuple[slice, ...]:
    step = step or (None,) * len(begin)
    if not len(begin) == len(end) == len(step) or len(begin) > x.ndim:
        raise ShapeError(
            explain(
                f"{name}: begin={begin}, end={end}, step={step} for shape {tuple(x.shape)}.",
                f"tuples of one length, at most {x.ndim}.",
            )
        )
    if 0 in step:
        raise ParamError(f"{name}: parameter step must not contain 0. Got {step}.")
    return tuple(slice(b, e, s) for b, e, s in zip(begin, end, step, strict=True))


def _sliced(x: Any, key: tuple[slice, ...]) -> Aval:
    lengths = [len(range(*s.indices(n))) for s, n in zip(key, x.shape, strict=False)]
    return Aval((*lengths, *x.shape[len(key) :]), x.dtype)


_BOUNDS: dict[str, Param] = {
    "begin": Shape(holes=True),
    "end": Shape(holes=True),
    "step": Shape(optional=True, holes=True),
}


@op(
    "slice",
    flags=VIEW,
    params=_BOUNDS,
    infer=lambda data, *, begin, end, step: _sliced(data, _slices("slice", data, begin, end, step)),
    grad=lambda F, g, out, data, *, begin, end, step: (
        F.slice_scatter(g, shape=tuple(data.shape), begin=begin, end=end, step=step),
    ),
    names=Names(nd="slice crop", npx="slice", method="slice", np_method="slice"),
    samples=lambda s: [
        s(4, 5, begin=(1, 2), end=(3, 5)),
        s(4, 5, begin=(None, 1), end=(None, 4), step=(2, 1)),
        s(4, 5, 2, begin=(3, None), end=(None, 0), step=(-1, -2)),
        s(4, 5, begin=(1,), end=(1,)),
        s(4, begin=(-3,), end=(9,)),
    ],
    errors=lambda s: [
        bad(s(2, 3, begin=(0,), end=(2,), step=(0,)), ParamError, "step"),
        bad(s(2, begin=(0, 0), end=(1, 1)), ShapeError, "at most 1"),
    ],
)
def _(xp, data, *, begin, end, step=None):
    """Take ``data[begin:end:step]`` on the leading axes; None leaves a bound open."""
    return data[_slices("slice", data, begin, end, step)]


@op(
    "slice_scatter",
    infer=lambda g, *, shape, begin, end, step: Aval(shape, g.dtype),
    grad=lambda F, h, out, g, *, shape, begin, end, step: (
        F.slice(h, begin=begin, end=end, step=step),
    ),
    params={"shape": Shape(0), **_BOUNDS},
    samples=lambda s: [
        s(2, 3, shape=(4, 5), begin=(1, 2), end=(3, 5)),
        s(2, 2, shape=(4, 2), begin=(3,), end=(None,), step=(-2,)),
    ],
)
def _(xp, g, *, shape, begin, end, step=None):
    """Array of zeros of `shape` with `g` at ``[begin:end:step]``: the adjoint of `slice`."""
    out = xp.zeros(shape, g.dtype)
    out[_slices("slice_scatter", out, begin, end, step)] = g
    return out


def _along(x: Any, axis: int, begin: int, end: int | None) -> tuple[int, slice]:
    axis = normalize_axis("slice_axis", axis, x.ndim)
    n = x.shape[axis]
    first = begin + n if begin < 0 else begin
    last = n if end is None else end + n if end < 0 else end
    if not 0 <= first <= last <= n:
        raise ShapeError(
            explain(
                f"slice_axis: begin={begin}, end={end} on axis {axis} of length {n}.",
                f"0 <= begin <= end <= {n}, where negative numbers count from the end.",
            )
        )
    return axis, slice(first, last)


def _infer_slice_axis(data: Aval, *, axis: int, begin: int, end: int | None) -> Aval:
    axis, part = _along(data, axis, begin, end)
    shape = (*data.shape[:axis], part.stop - part.start, *data.shape[axis + 1 :])
    return Aval(shape, data.dtype)


def _slice_axis_grad(
    F: Any, g: Array, out: Array, data: Array, *, axis: int, begin: int, end: Any
) -> Any:
    axis, part = _along(data, axis, begin, end)
    lead = (None,) * axis
    return (
        F.slice_scatter(
            g, shape=tuple(data.shape), begin=(*lead, part.start), end=(*lead, part.stop)
        ),
    )


@op(
    "slice_axis",
    infer=_infer_slice_axis,
    grad=_slice_axis_grad,
    flags=VIEW,
    params={"axis": Int(), "begin": Int(), "end": Int(optional=True)},
    names=Names(nd="slice_axis", npx="slice_axis", method="slice_axis", np_method="slice_axis"),
    samples=lambda s: [
        s(4, 5, axis=1, begin=1, end=3),
        s(4, 5, axis=-2, begin=-3, end=None),
        s(4, 5, axis=0, begin=2, end=2),
    ],
    errors=lambda s: [
        bad(s(2, 3, axis=1, begin=1, end=9), ShapeError, "length 3"),
        bad(s(2, 3, axis=4, begin=0, end=1), ShapeError, "axis=4"),
    ],
)
def _(xp, data, *, axis, begin, end=None):
    """Take positions `begin` to `end` along `axis`."""
    axis, part = _along(data, axis, begin, end)
    return data[(slice(None),) * axis + (part,)]
