"""Sequences as one array or as a list of time steps, and what padded ones need."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from dlstudio import nd, sym
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.switches import is_np_array
from dlstudio.errors import ArgumentError, ParamError, ShapeError, explain
from dlstudio.gluon.structure import as_numpy_dialect
from dlstudio.graph.symbol import Symbol

__all__ = [
    "expect_states", "first_states", "functions_of", "masked", "merged", "reversed_steps",
    "split_steps", "time_axis",
]  # fmt: skip


class _NumpyResults:
    """The functions of `mx.nd`, for callers who gave `mx.np` arrays: such are returned."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(nd, name)
        return lambda *args, **kwargs: as_numpy_dialect(function(*args, **kwargs))


_NUMPY_RESULTS = _NumpyResults()


def functions_of(x: Any) -> Any:
    """Return `mx.sym` for symbols, else functions on arrays of their dialect."""
    first = x[0] if isinstance(x, (list, tuple)) else x
    if isinstance(first, Symbol):
        return sym
    return _NUMPY_RESULTS if isinstance(first, ndarray) else nd


def first_states(
    infos: Sequence[dict[str, Any]], names: Sequence[str], func: Any, options: dict[str, Any]
) -> list[Any]:
    """Make the states that `infos` describe, as `begin_state` documents."""
    described = [{**info, "name": n, **options} for info, n in zip(infos, names, strict=True)]
    if func is not None:
        return [func(**_understood(func, info)) for info in described]
    for info in described:
        info["ctx"] = info.pop("device", None) or info.get("ctx")  # MXNet 2's name
    states = [nd.zeros(**info) for info in described]
    return as_numpy_dialect(states) if is_np_array() else states


def expect_states(owner: Any, given: int, wanted: int) -> None:
    """Refuse another number of states than `owner`, a layer or cell, has.

    Raises
    ------
    ArgumentError
        It says how to get them.
    """
    if given == wanted:
        return
    raise ArgumentError(
        explain(
            f"{type(owner).__name__} {owner.name!r} was called with {given} states.",
            f"a list of {wanted}.",
            f"states = {owner.name}.begin_state(batch_size), or those of the call before",
        )
    )


def _understood(func: Callable[..., Any], info: dict[str, Any]) -> dict[str, Any]:
    """Leave out the name and layout of a state if `func` has no such parameters (`mx.np.zeros`)."""
    try:
        known = inspect.signature(func).parameters
    except ValueError:  # of some functions written in C
        return info
    if any(p.kind is p.VAR_KEYWORD for p in known.values()):
        return info
    return {k: v for k, v in info.items() if k in known or k not in ("name", "__layout__")}


def time_axis(layout: str) -> int:
    """Position of T in "NTC" or "TNC".

    Raises
    ------
    ParamError
        If the layout names no time or batch axis.
    """
    if "T" not in layout or "N" not in layout:
        raise ParamError(f"parameter layout must be 'NTC' or 'TNC'. Got {layout!r}.")
    return layout.index("T")


def split_steps(inputs: Any, length: int, layout: str) -> list[Any]:
    """Time steps of a sequence, each (B, ...).

    Raises
    ------
    ShapeError
        If the sequence has another length.
    """
    axis = time_axis(layout)
    if isinstance(inputs, (list, tuple)):
        steps = list(inputs)
    else:
        F = functions_of(inputs)
        if isinstance(inputs, Tensor) and inputs.shape[axis] != length:
            raise _wrong_length(length, inputs.shape[axis])
        parts = F.split(inputs, axis=axis, num_outputs=length, squeeze_axis=True)
        steps = list(parts) if length > 1 else [parts]
    if len(steps) != length:
        raise _wrong_length(length, len(steps))
    return steps


def _wrong_length(asked: int, found: int) -> ShapeError:
    return ShapeError(
        f"unroll was asked for length={asked}, the sequence has {found} steps."
        f"\nFix: unroll({found}, inputs, ...)"
    )


def merged(outputs: Any, layout: str, merge: bool | None, length: int) -> Any:
    """Steps as one array if `merge`, as a list if it is False, as they are if it is None."""
    if merge is None:
        return outputs
    listed = isinstance(outputs, (list, tuple))
    if merge:
        return functions_of(outputs).stack(*outputs, axis=time_axis(layout)) if listed else outputs
    return list(outputs) if listed else split_steps(outputs, length, layout)


def masked(outputs: Sequence[Any], valid_length: Any, layout: str) -> Any:
    """Steps as one array with zeros after the end of each sequence."""
    F, axis = functions_of(outputs), time_axis(layout)
    stacked = F.stack(*outputs, axis=axis)
    return F.SequenceMask(
        stacked, sequence_length=valid_length, use_sequence_length=True, axis=axis
    )


def reversed_steps(steps: Sequence[Any], valid_length: Any) -> list[Any]:
    """Steps from last to first; of padded sequences only the valid part is turned round."""
    if valid_length is None:
        return list(reversed(steps))
    F = functions_of(steps)
    turned = F.SequenceReverse(
        F.stack(*steps, axis=0), sequence_length=valid_length, use_sequence_length=True
    )
    return split_steps(turned, len(steps), "TNC")
