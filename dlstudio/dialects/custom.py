"""``nd.Custom`` and ``sym.Custom``: calls of operators that users wrote in Python."""

from __future__ import annotations

from typing import Any

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.errors import ArgumentError
from dlstudio.graph.symbol import Symbol, create
from dlstudio.ops.custom import operator_for, split_arguments

__all__ = ["nd_custom", "sym_custom"]


def _in_order(op: Any, given: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
    """Inputs in the operator's order, from those given by position and by name."""
    slots: list[Any] = [*given, *(None,) * (len(op.inputs) - len(given))]
    for name, value in named.items():
        if name not in op.inputs:
            raise ArgumentError(f"Custom: there is no input {name!r}, only {', '.join(op.inputs)}.")
        slots[op.inputs.index(name)] = value
    return slots


def nd_custom(*data: NDArray, op_type: str = "", **kwargs: Any) -> Any:
    """Call the operator registered as `op_type`; see `mx.operator`.

    Parameters
    ----------
    *data : NDArray
        Inputs, then auxiliary states, in the order they are listed; or by name.
    **kwargs
        Handed to the `CustomOpProp` as strings.
    """
    named, rest = split_arguments(kwargs, Tensor)
    rest = {k: v for k, v in rest.items() if k not in ("name", "out")}
    op = operator_for({"op_type": op_type, **rest})
    arrays = _in_order(op, data, named)
    return invoke(op, arrays, attributes(op, {}), NDArray, kwargs.get("out"))


def sym_custom(*data: Symbol, op_type: str = "", name: str | None = None, **kwargs: Any) -> Symbol:
    """Add the operator registered as `op_type` to a graph; see `mx.operator`."""
    named, rest = split_arguments(kwargs, Symbol)
    attr = rest.pop("attr", None)
    op = operator_for({"op_type": op_type, **rest})
    attrs = {"op_type": op_type, **{k: str(v) for k, v in rest.items()}}
    return create(op, _in_order(op, data, named), attrs, name, attr, hint="custom")
