"""Operators that only graphs contain: writing into an existing array, and crossing devices."""

from __future__ import annotations

from typing import Any

from dlstudio.core.registry import Flags, Names, NotDifferentiable, op

__all__ = ["ASSIGN", "CROSS"]

Array = Any
_INTERNAL = NotDifferentiable("it is made by the graph compiler after gradients")


@op(
    "graph_assign",
    infer=lambda target, value: target,
    grad=_INTERNAL,
    flags=Flags(view=True, mutates=(0,)),
    samples=lambda s: [s((2, 3), (2, 3)), s((0, 3), (0, 3))],
    second_order="it has no gradient",
)
def ASSIGN(xp: Any, target: Array, value: Array) -> Array:  # noqa: N802  a record, not a function
    """Write `value` into the memory of `target` and return `target`."""
    target[...] = value
    return target


@op(
    "graph_copy",
    infer=lambda x, *, device: x,
    grad=_INTERNAL,
    names=Names(json="_CrossDeviceCopy"),
    samples=lambda s: [s(2, 3), s(0, 3)],
)
def CROSS(xp: Any, x: Array, *, device: str = "") -> Array:  # noqa: N802
    """Copy `x` to another device; plans do it with the target device's own copy routine."""
    return x.copy()
