"""Shapes and dtypes found by computing: what a graph does without its inference rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval

if TYPE_CHECKING:
    from dlstudio.graph.ir import Eqn

__all__ = ["observe"]


def observe(eqn: Eqn, avals: Sequence[Aval | None]) -> tuple[Aval, ...]:
    """Run an equation once, on zeros, and see what comes out.

    Loops and branches are told by the rules of the graphs inside them: on zeros another branch, or
    no iteration, might run.
    """
    if eqn.op.flags.graphs:
        return eqn.infer(avals)
    zeros = [None if a is None else np.zeros(a.shape, a.dtype) for a in avals]
    extra: dict[str, Any] = {"rng": np.random.default_rng(0)} if eqn.op.flags.random else {}
    with np.errstate(all="ignore"):
        found = eqn.op.forward(np, *zeros, **eqn.attrs, **extra)
    results = found if isinstance(found, (tuple, list)) else (found,)
    return tuple(Aval(np.shape(x), np.asarray(x).dtype) for x in results)
