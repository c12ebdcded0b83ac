"""What the browser is told of a debugger: the plan once, and where it stands after each command."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from dlstudio.graph.debugging import Debugger
from dlstudio.graph.debugging.values import Value, Values
from dlstudio.widgets.schema import (
    DebuggerBreak,
    DebuggerPlan,
    DebuggerStand,
    DebuggerStep,
    DebuggerValue,
)

__all__ = ["pictured", "plan_state", "stand_state"]

_SIDE = 28  # points of a picture, each way
# Arrays of all buffers beyond this many bytes are listed without their numbers.
_BUDGET = 32_000_000


def plan_state(debugger: Debugger) -> DebuggerPlan:
    """Return the plan's text and its steps."""
    return {
        "title": debugger.title,
        "lines": debugger.source.splitlines(),
        "steps": [_step(debugger, k) for k in range(len(debugger.graph.eqns))],
    }


def _step(debugger: Debugger, k: int) -> DebuggerStep:
    here = debugger.step_number(k)
    return {
        "line": here.line,
        "name": here.name,
        "op": here.op,
        "scope": here.scope,
        "phase": here.phase,
        "device": here.device,
        "span": here.span,
    }


def stand_state(debugger: Debugger, error: str = "") -> DebuggerStand:
    """Return where the debugger stands, and what lies there."""
    at, following = debugger.at, debugger.next
    return {
        "index": -1 if at is None else at.index,
        "next": -1 if following is None else following.index,
        "reason": debugger.reason,
        "finished": debugger.finished,
        "failed": debugger.failed,
        "error": error,
        "inputs": [_value(v) for v in debugger.inputs],
        "outputs": [_value(v) for v in debugger.outputs],
        "buffers": _listed(debugger.buffers),
        "breaks": [_break(b) for b in debugger.breakpoints],
    }


def _break(b: Any) -> DebuggerBreak:
    return {
        "number": b.number,
        "label": b.label,
        "steps": sorted(b.target.steps),
        "enabled": b.enabled,
        "hits": b.hits,
    }


def _listed(values: Values) -> list[DebuggerValue]:
    """Describe values as long as their numbers are cheap, and then only list them."""
    found: list[DebuggerValue] = []
    spent = 0
    for value in values:
        spent += value.nbytes
        found.append(_value(value, numbers=spent <= _BUDGET))
    return found


def _value(value: Value, *, numbers: bool = True) -> DebuggerValue:
    facts = value.statistics if numbers else None
    width, picture = pictured(value.asnumpy()) if numbers else (0, b"")
    names = ("min", "max", "mean", "std", "norm")
    return {
        "name": value.name,
        "planName": value.plan_name,
        "shape": "×".join(map(str, value.shape)) or "scalar",
        "dtype": value.dtype.name,
        "device": value.device,
        "kind": value.kind,
        "bytes": value.nbytes,
        "offset": -1 if value.offset is None else value.offset,
        "previous": value.previous[0] if value.previous else "",
        "inPlaceOf": value.in_place_of,
        "numbers": {} if facts is None else {n: _number(getattr(facts, n)) for n in names},
        "nan": 0 if facts is None else facts.nan,
        "inf": 0 if facts is None else facts.inf,
        "width": width,
        "picture": base64.b64encode(picture).decode("ascii"),
    }


def _number(value: float) -> float | str:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else str(value)


def pictured(array: np.ndarray[Any, Any]) -> tuple[int, bytes]:
    """Return a small picture of an array: its first plane, neighbours averaged.

    Parameters
    ----------
    array : ndarray of any shape
        The last two axes are rows and columns; of the other axes the first index is shown. A
        vector is broken into rows.

    Returns
    -------
    tuple of (int, bytes)
        Points in a row; one byte a point, 0 to 254 from the least to the largest, 255 where a
        value is not finite.
    """
    if not array.size:
        return 0, b""
    plane = _pooled(_plane(np.abs(array) if array.dtype.kind == "c" else array))
    finite = np.isfinite(plane)
    low = plane[finite].min() if finite.any() else 0.0
    high = plane[finite].max() if finite.any() else 0.0
    scaled = (plane - low) * (254 / (high - low)) if high > low else np.full(plane.shape, 127.0)
    return plane.shape[1], np.where(finite, scaled, 255).astype(np.uint8).tobytes()


def _plane(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows and columns of an array; values out of floating range become what they round to."""
    while array.ndim > 2:
        array = array[0]
    if array.ndim == 2 and min(array.shape) > 1:
        return array.astype(np.float64)
    flat = array.reshape(-1).astype(np.float64)
    columns = min(flat.size, _SIDE) if flat.size <= _SIDE else math.ceil(math.sqrt(flat.size))
    rows = flat.size // columns  # a last row that is not full is left out
    return flat[: rows * columns].reshape(rows, columns)


def _pooled(plane: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Average blocks of neighbours, so that no side has more points than a picture."""
    rows, columns = (_edges(n) for n in plane.shape)
    with np.errstate(invalid="ignore", over="ignore"):
        sums = np.add.reduceat(np.add.reduceat(plane, rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff(rows, append=plane.shape[0]), np.diff(columns, append=plane.shape[1]))
    return sums / counts


def _edges(count: int) -> np.ndarray[Any, Any]:
    points = min(count, _SIDE)
    return np.arange(points) * count // points
