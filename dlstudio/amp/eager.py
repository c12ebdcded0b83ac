"""Mixed precision of eager calls: operators cast what they are given.

The entries of the operators concerned are covered (`registry.cover`) while it is on, so that it
costs nothing while it is off.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from dlstudio.amp.lists import mixes
from dlstudio.core.registry import OPS, Op, cover, uncover
from dlstudio.graph.passes.amp import Policy, wanted_dtypes

__all__ = ["cast_operands", "leave_operands"]

Array = Any


def cast_operands(policy: Policy) -> None:
    """Let every operator that wants certain dtypes cast its operands."""
    for op in OPS.values():
        if _concerned(op, policy):
            cover(op, _forward(policy), _expand(policy))


def leave_operands() -> None:
    """Let operators take their operands as they are."""
    for op in OPS.values():
        uncover(op)


def _concerned(op: Op, policy: Policy) -> bool:
    if op.name.startswith(("fused_", "graph_")) or op.flags.mutates or not op.inputs:
        return False
    conditional = any(op.name == operator for operator, _, _ in policy.conditional)
    return conditional or policy.kind(op, {}) in ("fp16", "fp32") or mixes(op)


def _wanted(policy: Policy, plain: Op, arrays: tuple[Any, ...], attrs: Any) -> list[Any]:
    dtypes = [getattr(x, "dtype", None) for x in arrays]
    wanted = wanted_dtypes(policy.kind(plain, attrs), dtypes, policy.low)
    states = {plain.inputs.index(name) for name in plain.aux}
    return [None if i in states else dtype for i, dtype in enumerate(wanted)]


def _forward(policy: Policy) -> Callable[..., Any]:
    """Cast bare arrays, where nothing is recorded."""

    def forward(plain: Op, xp: Any, *arrays: Array, **attrs: Any) -> Any:
        wanted = _wanted(policy, plain, arrays, attrs)
        cast = (
            x if d is None else x.astype(d) for x, d in zip(arrays, wanted, strict=True)
        )  # fmt: skip
        return plain.run(xp, *cast, **attrs)

    return forward


def _expand(policy: Policy) -> Callable[..., Any]:
    """Cast tensors on the tape, which casts gradients back."""

    @cache
    def recorded(F: Any, plain: Op) -> Callable[..., Any]:
        return F.reader(plain)

    def expand(plain: Op, F: Any, *inputs: Any, **attrs: Any) -> Any:
        wanted = _wanted(policy, plain, inputs, attrs)
        cast = [
            x if d is None else F.amp_cast(x, dtype=d.name)
            for x, d in zip(inputs, wanted, strict=True)
        ]
        return recorded(F, plain)(*cast, **attrs)

    return expand
