"""Nested lists of arrays or symbols: taken apart into a flat list, and put together again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dlstudio.core.tensor import Tensor
from dlstudio.errors import ArgumentError, explain
from dlstudio.graph.symbol_class import Symbol

__all__ = ["check_leaves", "flatten", "pair", "regroup"]

# An array or symbol, or lists of them to any depth; None where a loop has no output.
Nest = Any
_LEAF = object()


def flatten(nest: Nest) -> tuple[list[Any], Any]:
    """Leaves of a nest, and its form. A symbol with several outputs is a list of them."""
    found: list[Any] = []
    return found, _form(nest, found)


def _form(nest: Nest, found: list[Any]) -> Any:
    if isinstance(nest, Symbol) and len(nest.outputs_) > 1:
        nest = list(nest)
    if isinstance(nest, (list, tuple)):
        return [_form(part, found) for part in nest]
    if nest is None:  # no output at all
        return []
    found.append(nest)
    return _LEAF


def regroup(values: Sequence[Any], form: Any) -> Nest:
    """Put `values` where `flatten` found leaves."""
    return _regrouped(iter(values), form)


def _regrouped(values: Iterator[Any], form: Any) -> Nest:
    if form is _LEAF:
        return next(values)
    return [_regrouped(values, part) for part in form]


def check_leaves(owner: str, name: str, nest: Nest, kind: type[Any]) -> None:
    """Refuse leaves that are no arrays (or symbols, as `kind` says)."""
    for leaf in flatten(nest)[0]:
        if not isinstance(leaf, kind):
            what = "Symbol" if kind is Symbol else "NDArray"
            fix = 'mx.sym.var("x")' if kind is Symbol else "nd.array([0])"
            raise ArgumentError(
                explain(
                    f"{owner}: {name} holds a {type(leaf).__name__}.",
                    f"{'a' if kind is Symbol else 'an'} {what}, or nested lists of {what}s.",
                    fix,
                )
            )


def pair(owner: str, function: str, returned: Any) -> tuple[Nest, Nest]:
    """Outputs and states, from what the user's function returned."""
    if isinstance(returned, (Symbol, Tensor)) or not _has_two(returned):
        raise ArgumentError(
            explain(
                f"{owner}: {function} returned {type(returned).__name__}.",
                "two things: the outputs of this step, and the states or variables of the next.",
                f"return output, states   # from {function}",
            )
        )
    return returned[0], returned[1]


def _has_two(returned: Any) -> bool:
    return isinstance(returned, (list, tuple)) and len(returned) == 2
