"""`fused_pointwise`: a chain of elementwise operators as one equation.

Its attribute `steps` lists the operators in order, each as ``(name, operands, attributes)``; an
operand is the number of an input, or, counted on from there, of an earlier step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Anything
from dlstudio.core.registry import OPS, Flags, NotDifferentiable, op

__all__ = ["MOST_INPUTS", "POINTWISE", "Step", "spell"]

Array = Any
Step = tuple[str, tuple[int, ...], tuple[tuple[str, Any], ...]]
MOST_INPUTS = 8


def _infer(*data: Aval, steps: Sequence[Step]) -> Aval:
    avals = list(data)
    for name, operands, attrs in steps:
        op_ = OPS[name]
        avals.append(op_.infer(*(avals[i] for i in operands), **{**op_.attrs, **dict(attrs)}))
    return avals[-1]


_SAMPLE: tuple[Step, ...] = (
    ("multiply", (0, 1), ()),
    ("add_scalar", (2,), (("scalar", 2.0),)),
    ("tanh", (3,), ()),
)


@op(
    "fused_pointwise",
    infer=_infer,
    grad=NotDifferentiable("it is made by the graph compiler after gradients"),
    params={"steps": Anything()},
    flags=Flags(inplace=tuple(range(MOST_INPUTS))),
    samples=lambda s: [s((2, 3), (2, 3), steps=_SAMPLE), s((0, 3), (0, 3), steps=_SAMPLE)],
    reference=lambda x, y, *, steps: np.tanh(x * y + 2.0),
)
def POINTWISE(xp: Any, *data: Array, steps: Any = ()) -> Array:  # noqa: N802
    """Apply elementwise operators one after the other."""
    values = list(data)
    for name, operands, attrs in steps:
        values.append(OPS[name].forward(xp, *(values[i] for i in operands), **dict(attrs)))
    return values[-1]


_READABLE = 200  # characters of a part of a formula
_SIGNS = {"add": "+", "plus": "+", "subtract": "-", "sub": "-", "minus": "-", "multiply": "*",
          "mul": "*", "divide": "/", "div": "/"}  # fmt: skip


def spell(steps: Sequence[Step], names: Sequence[str]) -> str:
    """Write the chain as a formula of its inputs' names: ``tanh(x * y + 2.0)``.

    A part that is too long to read is left out: a sum of sums of shared terms doubles at each step.
    """
    texts = list(names)
    for name, operands, attrs in steps:
        parts = [texts[i] if len(texts[i]) <= _READABLE else "..." for i in operands]
        texts.append(_formula(name, parts, dict(attrs)))
    return texts[-1]


def _formula(name: str, operands: list[str], attrs: dict[str, Any]) -> str:
    core = name.removeprefix("broadcast_").removeprefix("elemwise_").removeprefix("_")
    sign = _SIGNS.get(core.removesuffix("_scalar"))
    if core.endswith("_scalar"):
        operands = [*operands, repr(attrs.pop("scalar", ""))]
        if attrs.pop("reverse", False):
            operands.reverse()
    if sign is not None and len(operands) == 2:
        return f"({operands[0]} {sign} {operands[1]})"
    given = [f"{k}={v!r}" for k, v in attrs.items() if OPS[name].attrs.get(k) != v]
    return f"{core.removesuffix('_scalar')}({', '.join([*operands, *given])})"
