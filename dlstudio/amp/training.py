"""Training with a scaled loss: `init_trainer`, `scale_loss`, `unscale`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from dlstudio.amp import switch
from dlstudio.amp.scaler import LossScaler
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.trainer import Trainer

__all__ = ["init_trainer", "scale_loss", "unscale"]


def init_trainer(optimizer_or_trainer: Any) -> None:
    """Give a Trainer a loss scaler: steps whose gradients overflow change no parameter.

    Parameters
    ----------
    optimizer_or_trainer : Trainer
        Each has a scale of its own.

    Raises
    ------
    ParamError
        If `amp.init` was not called, or it is no Trainer.
    """
    if not switch.is_on():
        raise ParamError(
            explain(
                "AMP not initialized, did you forget to call amp.init()?",
                fix="amp.init() before amp.init_trainer(trainer)",
            )
        )
    trainer = _as_trainer(optimizer_or_trainer)
    trainer._amp_loss_scaler = LossScaler()
    trainer._amp_original_scale = trainer._scale


def _as_trainer(given: Any) -> Trainer:
    if isinstance(given, Trainer):
        return given
    raise ParamError(
        explain(
            f"optimizer_or_trainer should be a Gluon Trainer, instead is {type(given)}.",
            "a gluon.Trainer, which divides the gradients by the scale.",
        )
    )


def _scaled_trainer(given: Any) -> Trainer:
    trainer = _as_trainer(given)
    if trainer._amp_loss_scaler is None:
        raise ParamError(
            explain(
                "Loss scaler is not initialized, did you forget to call amp.init_trainer()?",
                fix="amp.init_trainer(trainer)",
            )
        )
    return trainer


@contextmanager
def scale_loss(loss: Any, optimizer_or_trainer: Any) -> Iterator[Any]:
    """Multiply the loss by the current scale; the next `step` divides the gradients by it.

    Parameters
    ----------
    loss : NDArray or list of NDArray
    optimizer_or_trainer : Trainer

    Yields
    ------
    NDArray or list of NDArray
        To run backward from.

    Raises
    ------
    ParamError
        If `init_trainer` was not called.

    Examples
    --------
    >>> # with amp.scale_loss(loss, trainer) as scaled:
    >>> #     autograd.backward(scaled)
    """
    trainer = _scaled_trainer(optimizer_or_trainer)
    scale = trainer._amp_loss_scaler.loss_scale
    trainer._scale = trainer._amp_original_scale / scale
    # overflows in the block are expected: the scaler finds them, and the step is skipped
    with np.errstate(over="ignore", invalid="ignore"):
        yield [x * scale for x in loss] if isinstance(loss, (list, tuple)) else loss * scale


def unscale(optimizer_or_trainer: Any) -> None:
    """Divide the gradients by the scale now, for programs that look at them before `step`.

    Raises
    ------
    ParamError
        If `init_trainer` was not called.
    """
    trainer = _scaled_trainer(optimizer_or_trainer)
    factor = trainer._scale / trainer._amp_original_scale
    for parameter in trainer._params:
        if parameter.grad_req != "null":
            for gradient in parameter.list_grad():
                gradient *= factor  # noqa: PLW2901  in place: the parameter keeps its buffer
    trainer._scale = trainer._amp_original_scale
