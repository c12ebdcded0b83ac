"""The rate an optimizer begins with: its own, or that of its schedule."""

from __future__ import annotations

import inspect
import warnings
from numbers import Real
from typing import Any

from dlstudio.errors import ParamError, explain

__all__ = ["checked_rate", "first_rate"]

_UNSTATED = 0.01  # the base_lr of schedules that were given none


def first_rate(optimizer: type, learning_rate: float | None, schedule: Any) -> float:
    """Rate of the first update; a rate that was given becomes the schedule's `base_lr`, too.

    As in MXNet, Poly- and CosineScheduler keep their own `base_lr` beside a rate that is only
    the optimizer's default, such as Adam's 0.001.

    Raises
    ------
    ParamError
        If the rate is no number, or the schedule no function.
    """
    if schedule is None:
        return _UNSTATED if learning_rate is None else checked_rate(learning_rate)
    if not callable(schedule) or isinstance(schedule, type):
        raise ParamError(
            explain(
                f"{optimizer.__name__}: parameter lr_scheduler is {schedule!r}.",
                "a schedule: an object that gives the rate of update number t.",
                "lr_scheduler=mx.lr_scheduler.FactorScheduler(step=100, factor=0.9)",
            )
        )
    base = getattr(schedule, "base_lr", _UNSTATED)  # plain functions have none
    keeps_its_own = hasattr(schedule, "base_lr_orig")
    if learning_rate is None or (keeps_its_own and learning_rate == _default_rate(optimizer)):
        return base
    if base not in (_UNSTATED, learning_rate):
        warnings.warn(
            "learning rate from ``lr_scheduler`` has been overwritten by ``learning_rate`` in"
            f" optimizer: {learning_rate} instead of {base}."
            f" Fix: {optimizer.__name__}(learning_rate={base}, lr_scheduler=...)",
            stacklevel=2,
        )
    for name in ("base_lr", "warmup_final_lr", "base_lr_orig"):
        if name != "base_lr_orig" or keeps_its_own:
            setattr(schedule, name, learning_rate)
    return learning_rate


def _default_rate(optimizer: type) -> Any:
    rate = inspect.signature(optimizer).parameters.get("learning_rate")
    return None if rate is None else rate.default


def checked_rate(rate: Any) -> Any:
    """`rate`, if it is a number."""
    if not isinstance(rate, Real) and getattr(rate, "size", 0) != 1:
        raise ParamError(
            explain(
                f"learning_rate={rate!r} is no number.",
                "how far one step goes along the gradient.",
                "learning_rate=0.1",
            )
        )
    return rate
