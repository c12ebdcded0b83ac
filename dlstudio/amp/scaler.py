"""The loss scaler: a factor that keeps small gradients from vanishing in float16."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from dlstudio.core.avals import is_floating
from dlstudio.errors import ParamError

__all__ = ["LossScaler"]


class LossScaler:
    """Doubles the scale after 2000 good steps and halves it after one that overflows.

    Parameters
    ----------
    init_scale : float > 0
    scale_factor : float > 1
    scale_window : int >= 1
        Good steps before the scale grows.
    """

    def __init__(
        self, init_scale: float = 2.0**16, scale_factor: float = 2.0, scale_window: int = 2000
    ) -> None:
        if not (init_scale > 0 and scale_factor > 1 and scale_window >= 1):
            given = (init_scale, scale_factor, scale_window)
            raise ParamError(
                "LossScaler: init_scale must be > 0, scale_factor > 1 and scale_window >= 1."
                f" Got {given}."
            )
        self._loss_scale = float(init_scale)
        self._scale_factor, self._scale_window = float(scale_factor), int(scale_window)
        self._good_steps = 0

    @property
    def loss_scale(self) -> float:
        """What the loss is multiplied by."""
        return self._loss_scale

    def has_overflow(self, params: Iterable[Any]) -> bool:
        """Whether a gradient holds an infinity or a NaN; adapt the scale to the answer.

        Parameters
        ----------
        params : parameters, whose gradients are looked at, or gradients themselves
        """
        overflow = any(not _finite(array) for array in _gradients(params))
        if overflow:
            # not below 1: gradients that overflow unscaled overflow for another reason
            self._loss_scale = max(1.0, self._loss_scale / self._scale_factor)
            self._good_steps = 0
            return True
        self._good_steps += 1
        if self._good_steps >= self._scale_window:
            self._loss_scale *= self._scale_factor
            self._good_steps = 0
        return False


def _gradients(params: Iterable[Any]) -> Iterator[Any]:
    for p in params:
        if not hasattr(p, "list_grad"):
            yield p
        elif p.grad_req != "null":
            yield from p.list_grad()


def _finite(gradient: Any) -> bool:
    stored: Any = getattr(gradient, "data", None)  # of a sparse gradient: what is not zero
    array = stored._data if hasattr(stored, "_data") else gradient._data
    if not is_floating(array.dtype):
        return True
    return bool(np.isfinite(array).all())
