"""Operators that only graphs contain: writing into an array, crossing devices, another layout."""

from __future__ import annotations

from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.params import Shape
from dlstudio.core.registry import Flags, Names, NotDifferentiable, op

__all__ = ["ASSIGN", "CROSS", "RELAYOUT"]

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


def _relayout_grad(F: Any, g: Any, out: Any, x: Any, *, axes: tuple[int, ...]) -> tuple[Any]:
    return (F.graph_relayout(g, axes=tuple(sorted(range(len(axes)), key=axes.__getitem__))),)


@op(
    "graph_relayout",
    infer=lambda x, *, axes: Aval(tuple(x.shape[a] for a in axes), x.dtype),
    grad=_relayout_grad,
    flags=Flags(out=True),
    params={"axes": Shape(0)},
    names=Names(json="_graph_relayout"),
    samples=lambda s: [s(2, 3, 4, axes=(0, 2, 1)), s(0, 3, axes=(1, 0))],
    reference=lambda x, *, axes: x.transpose(axes),
)
def RELAYOUT(  # noqa: N802
    xp: Any, x: Array, *, axes: tuple[int, ...], out: Array = None
) -> Array:
    """Copy `x` with its axes in another order: kernels want memory in the order they read it."""
    if out is None:
        return xp.ascontiguousarray(x.transpose(axes))
    out[...] = x.transpose(axes)
    return out
