"""`init` and `stop`: mixed precision for everything this process computes from now on."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from dlstudio.amp.eager import cast_operands, leave_operands
from dlstudio.amp.lists import make_policy
from dlstudio.errors import ParamError, explain
from dlstudio.graph import options

__all__ = ["init", "is_on", "stop"]


def is_on() -> bool:
    """Whether `init` was called."""
    return options.current().amp is not None


def init(
    target_dtype: Any = "float16", target_precision_ops: Iterable[str] | None = None,
    conditional_fp32_ops: Iterable[tuple[str, str, list[str]]] | None = None,
    fp32_ops: Iterable[str] | None = None, *, layout_optimization: bool = False,
) -> None:  # fmt: skip
    """Compute in mixed precision from now on: eager operators, hybridized blocks and executors.

    Parameters
    ----------
    target_dtype : {"float16", "bfloat16"}
    target_precision_ops : list of str, optional
        Further operators that run in 16 bits.
    conditional_fp32_ops : list of (operator, parameter, values), optional
        Those that run in 32 bits where the parameter has one of the values.
    fp32_ops : list of str, optional
        Further operators that run in 32 bits.
    layout_optimization : bool
        Accepted for MXNet 2 programs: layouts are chosen anyway.

    Raises
    ------
    ParamError
        If a name is unknown, or mixed precision of another kind is on.
    """
    del layout_optimization
    policy = make_policy(target_dtype, target_precision_ops, fp32_ops, conditional_fp32_ops)
    now = options.current().amp
    if now == policy:
        return
    if now is not None:
        raise ParamError(
            explain(
                f"amp.init: mixed precision with {now.dtype} is on, with other lists or dtype.",
                "one kind of mixed precision in a process.",
                "amp.stop() first",
            )
        )
    logging.getLogger(__name__).info("Using AMP with %s", policy.dtype)
    options.set_default(amp=policy)
    cast_operands(policy)


def stop() -> None:
    """Undo `init`: plans that exist are kept, and used again after the next `init`."""
    options.set_default(amp=None)
    leave_operands()
