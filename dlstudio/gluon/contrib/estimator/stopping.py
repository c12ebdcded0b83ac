"""The handlers that end a training: after enough batches, or when nothing improves any more."""

from __future__ import annotations

import math
from typing import Any

from dlstudio.gluon.contrib.estimator.events import BatchEnd, EpochEnd, TrainBegin, TrainEnd
from dlstudio.gluon.contrib.estimator.utils import better_than, check_monitor

__all__ = ["EarlyStoppingHandler", "StoppingHandler"]


class StoppingHandler(TrainBegin, BatchEnd, EpochEnd):
    """Ends the training after `max_epoch` epochs or `max_batch` batches, whichever is first.

    Parameters
    ----------
    max_epoch, max_batch : int, optional
        `Estimator.fit` overrides them by its own `epochs` and `batches`.
    """

    saved_fields = ("current_batch", "current_epoch")

    def __init__(self, max_epoch: int | None = None, max_batch: int | None = None) -> None:
        self.max_epoch = max_epoch
        self.max_batch = max_batch
        self.current_batch = self.current_epoch = 0
        self.stop_training = False

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start to count."""
        self.max_epoch = estimator.max_epoch
        self.max_batch = estimator.max_batch
        self.current_batch = self.current_epoch = 0
        self.stop_training = False

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count a batch."""
        self.current_batch += 1
        return self._check()

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Count an epoch."""
        self.current_epoch += 1
        return self._check()

    def restored(self, estimator: Any) -> None:
        """Ask anew: a resumed training may be meant to be longer than the one that was saved."""
        self._check()

    def _check(self) -> bool:
        enough_epochs = bool(self.max_epoch) and self.current_epoch >= (self.max_epoch or 0)
        enough_batches = bool(self.max_batch) and self.current_batch >= (self.max_batch or 0)
        self.stop_training = enough_epochs or enough_batches
        return self.stop_training


class EarlyStoppingHandler(TrainBegin, EpochEnd, TrainEnd):
    """Ends the training when a metric has not improved for some epochs.

    Parameters
    ----------
    monitor : EvalMetric
        One of the estimator's metrics, usually ``estimator.val_metrics[0]``.
    min_delta : float, default 0
        Smaller improvements do not count.
    patience : int, default 0
        How many epochs without improvement in a row end the training.
    mode : {"auto", "min", "max"}
        Which direction is better; "auto" goes by the metric's name.
    baseline : float, optional
        What must be beaten first.
    restore_best_weights : bool, default False
        When training ends, put back the parameters of the best epoch.

    Raises
    ------
    ParamError
        If `monitor` is no metric or `mode` is unknown.
    """

    saved_fields = ("wait", "stopped_epoch", "current_epoch", "stop_training", "best", "_weights")

    def __init__(
        self,
        monitor: Any,
        min_delta: float = 0,
        patience: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        check_monitor("EarlyStoppingHandler", monitor)
        self.monitor = monitor
        self.min_delta = abs(min_delta)
        self.patience = patience
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.monitor_op = better_than(mode, monitor)
        self._start()

    def _start(self) -> None:
        self.wait = self.stopped_epoch = self.current_epoch = 0
        self.stop_training = False
        worst = -math.inf if self.monitor_op(1, 0) else math.inf
        self.best: float = worst if self.baseline is None else self.baseline
        self._weights: dict[str, Any] | None = None

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Forget the last training."""
        self._start()

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> bool:
        """Compare; True if patience is over."""
        name, value = self.monitor.get()
        if math.isnan(value):
            estimator.logger.warning(
                "%s has no value yet: a monitored metric must be updated before the epoch ends,"
                " one of val_metrics needs fit(val_data=...).",
                name,
            )
        elif self._improves(value):
            self.best, self.wait = float(value), 0
            if self.restore_best_weights:
                self._weights = _copy_of_weights(estimator.net)
        else:
            self.wait += 1
            if self.wait >= self.patience:
                self.stopped_epoch, self.stop_training = self.current_epoch, True
        self.current_epoch += 1
        return self.stop_training

    def _improves(self, value: float) -> bool:
        margin = self.min_delta if self.monitor_op(1, 0) else -self.min_delta
        return self.monitor_op(value - margin, self.best)

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Say why training ended; put the best weights back if asked to."""
        if self.stop_training:
            estimator.logger.info(
                "[Epoch %d] EarlyStopping: %s has not improved for %d epochs, best %.4f",
                self.stopped_epoch,
                self.monitor.get()[0],
                self.wait,
                self.best,
            )
        if self._weights is not None:
            for key, parameter in estimator.net._collect_params_with_prefix().items():
                parameter.set_data(self._weights[key])


def _copy_of_weights(net: Any) -> dict[str, Any]:
    named = net._collect_params_with_prefix()
    return {key: parameter._reduce().asnumpy().copy() for key, parameter in named.items()}
