"""The events of a training, and what handlers of them have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

__all__ = [
    "BatchBegin",
    "BatchEnd",
    "EpochBegin",
    "EpochEnd",
    "EventHandler",
    "TrainBegin",
    "TrainEnd",
    "in_order",
]


class EventHandler:
    """Base class of everything that is told about events.

    Handlers of one event are called by rising `priority`, equal ones in the order given. A truthy
    answer of `batch_end` or `epoch_end` ends the training.

    Attributes
    ----------
    priority : float
    saved_fields : tuple of str
        Attributes that checkpoints keep: numbers, texts, arrays, lists and dicts of them.
    """

    priority: float = 0
    saved_fields: ClassVar[tuple[str, ...]] = ()
    # Among handlers of one priority: checkpoints are taken when all counters have counted.
    _rank: ClassVar[int] = 0

    def restored(self, estimator: Any) -> None:
        """Called when a checkpoint has given `saved_fields` back."""

    def training_failed(self, error: BaseException) -> None:
        """Called instead of `train_end` if the training ends with an error."""


class TrainBegin(EventHandler):
    """Is told that a training begins."""

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Called once, before anything else."""


class TrainEnd(EventHandler):
    """Is told that a training has ended."""

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Called once, after everything else."""


class EpochBegin(EventHandler):
    """Is told that an epoch begins."""

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Called before the first batch of an epoch is read."""


class EpochEnd(EventHandler):
    """Is told that an epoch has ended."""

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool | None:
        """Called after an epoch; True ends the training."""
        return False


class BatchBegin(EventHandler):
    """Is told that a batch begins."""

    def batch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Called with ``batch=``, before the forward pass."""


class BatchEnd(EventHandler):
    """Is told that a batch has ended."""

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool | None:
        """Called with ``batch=, pred=, label=, loss=``; True ends the training."""
        return False


def in_order(handlers: Iterable[Any]) -> list[Any]:
    """Sort handlers by priority; user's classes need not derive from `EventHandler`."""

    def key(handler: Any) -> tuple[float, int]:
        return getattr(handler, "priority", 0), getattr(handler, "_rank", 0)

    return sorted(handlers, key=key)
