"""`MonitorHandler`: the TrainingMonitor widget, fed and obeyed by an `Estimator`."""

from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import repeat
from typing import Any

from dlstudio.gluon.contrib.estimator.events import BatchEnd, EpochEnd, TrainBegin, TrainEnd

__all__ = ["MonitorHandler"]

# Seconds between two lines of text.
_PAUSE = 5.0


class MonitorHandler(TrainBegin, BatchEnd, EpochEnd, TrainEnd):
    """Draws the metrics live and lets the buttons pause, step, stop and change the rate.

    Without the lab extra, progress is written as text.

    Parameters
    ----------
    monitor : TrainingMonitor, optional
        By default one is made for the estimator's trainer when training begins.

    Attributes
    ----------
    monitor : TrainingMonitor or None
        None where the widgets cannot be imported.
    """

    _rank = 2  # after checkpoints: while a training is held, its last one is on the disk

    def __init__(self, monitor: Any = None) -> None:
        self.priority = float("inf")
        self.monitor = monitor
        self._steps: Iterator[Any] | None = None
        self._session = ExitStack()
        self._next_line = 0.0
        self._done = 0

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Make the widget, or find that it cannot be made."""
        self._steps, self._done = None, 0
        self._next_line = time.monotonic() + _PAUSE
        if self.monitor is None:
            self.monitor = _make(estimator.trainer)
        if self.monitor is not None:
            self._session = ExitStack()
            self._session.enter_context(self.monitor)

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Show the training metrics; wait while held; True if somebody pressed stop."""
        self._done += 1
        if self.monitor is None:
            self._write(estimator)
            return False
        if self._steps is None:
            self._steps = self._track(estimator._loop, estimator.max_epoch, estimator.max_batch)
            next(self._steps, None)  # begins the batch that is done by now
        self._log(estimator.train_metrics)
        next(self._steps, None)
        return self.monitor.state == "stopped"

    def _track(self, loop: Any, max_epoch: int | None, max_batch: int | None) -> Iterator[Any]:
        """Steps of the training, or of what is left of it after a checkpoint."""
        length = len(loop.train_data)
        if max_epoch:
            steps = _Epochs([length - loop.batch + 1] + [length] * (max_epoch - loop.epoch - 1))
        else:
            steps = _Epochs([max_batch or 0])
        total = -(-sum(steps.lengths) // len(steps.lengths))
        return self.monitor.track(steps, epochs=len(steps.lengths), total=total)

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Show the validation metrics."""
        if self.monitor is not None:
            self._log(estimator.val_metrics)

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Store the last picture."""
        if self.monitor is None:
            self._write(estimator, last=True)
        self._session.close()

    def training_failed(self, error: BaseException) -> None:
        """Show the error."""
        if self.monitor is not None:
            self._session.__exit__(type(error), error, error.__traceback__)

    def _log(self, metrics: list[Any]) -> None:
        if self.monitor.state not in ("running", "paused"):
            return  # stopped: a value would begin a new loop
        pairs = [pair for metric in metrics for pair in metric.get_name_value()]
        self.monitor.log(**{name: value for name, value in pairs if not math.isnan(value)})

    def _write(self, estimator: Any, *, last: bool = False) -> None:
        if not last and time.monotonic() < self._next_line:
            return
        self._next_line = time.monotonic() + _PAUSE
        metrics = [*estimator.train_metrics, *estimator.val_metrics]
        pairs = [pair for metric in metrics for pair in metric.get_name_value()]
        figures = [f"{name} {value:.4g}" for name, value in pairs if not math.isnan(value)]
        sys.stdout.write(" · ".join([f"step {self._done}", *figures]) + "\n")
        sys.stdout.flush()


class _Epochs:
    """Iterable whose passes have the given lengths, one after the other; the last never ends.

    Only the estimator knows when training is over: the last epoch's validation still belongs to it.
    """

    def __init__(self, lengths: list[int]) -> None:
        self.lengths = lengths
        self._before_last = iter(lengths[:-1])

    def __iter__(self) -> Iterator[Any]:
        length = next(self._before_last, None)
        return repeat(None) if length is None else repeat(None, length)


def _make(trainer: Any) -> Any:
    """TrainingMonitor for `trainer`, or None where the lab extra is not installed."""
    try:
        # by name: Gluon stands below the widgets and must work, and be read, without them
        widgets = importlib.import_module("dlstudio.widgets")
        return widgets.TrainingMonitor(trainer=trainer)
    except ImportError:
        return None
