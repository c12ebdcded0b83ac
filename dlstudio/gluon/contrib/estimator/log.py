"""`LoggingHandler`: lines about progress."""

from __future__ import annotations

import time
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.contrib.estimator.events import (
    BatchBegin,
    BatchEnd,
    EpochBegin,
    EpochEnd,
    TrainBegin,
    TrainEnd,
)
from dlstudio.gluon.contrib.estimator.training import as_metrics

__all__ = ["LoggingHandler"]


class LoggingHandler(TrainBegin, TrainEnd, EpochBegin, EpochEnd, BatchBegin, BatchEnd):
    """Writes metrics and times to the estimator's logger.

    Parameters
    ----------
    log_interval : int or "epoch", default "epoch"
        Write a line every so many batches, or only at the end of epochs.
    metrics : EvalMetric or list of EvalMetric, optional
    priority : float, default infinity
        Last, so that all metrics are up to date.

    Raises
    ------
    ParamError
        If `log_interval` is something else.
    """

    LOG_PER_EPOCH = 1
    LOG_PER_BATCH = 2
    saved_fields = ("batch_index", "current_epoch", "processed_samples")

    def __init__(
        self, log_interval: Any = "epoch", metrics: Any = None, priority: float = float("inf")
    ) -> None:
        whole = isinstance(log_interval, int) and not isinstance(log_interval, bool)
        if log_interval != "epoch" and not (whole and log_interval > 0):
            raise ParamError(
                explain(
                    f"LoggingHandler: log_interval={log_interval!r}.",
                    'a number of batches, or "epoch".',
                    'LoggingHandler(log_interval="epoch")',
                )
            )
        self.log_interval: Any = log_interval
        self.metrics = as_metrics(metrics)
        self.priority = priority
        self._start()

    def _start(self) -> None:
        self.batch_index = self.current_epoch = self.processed_samples = 0
        self.train_start = self.epoch_start = self.batch_start = time.perf_counter()
        self.log_interval_time = 0.0

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Say what begins."""
        self._start()
        estimator.logger.info(
            "Training begin: using optimizer %s with current learning rate %.4f ",
            type(estimator.trainer.optimizer).__name__,
            estimator.trainer.learning_rate,
        )
        if estimator.max_epoch:
            estimator.logger.info("Train for %d epochs.", estimator.max_epoch)
        else:
            estimator.logger.info("Train for %d batches.", estimator.max_batch)

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Say what came out."""
        seconds = time.perf_counter() - self.train_start
        begin = f"Train finished using total {seconds:.0f}s with {self.current_epoch} epochs. "
        estimator.logger.info("%s", begin + self._figures())

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Say which epoch begins."""
        self.epoch_start = time.perf_counter()
        if any("training" in str(metric.name) for metric in self.metrics):
            estimator.logger.info(
                "[Epoch %d] Begin, current learning rate: %.4f",
                self.current_epoch,
                estimator.trainer.learning_rate,
            )
        else:
            estimator.logger.info("Validation Begin")

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Say how the epoch went."""
        seconds = time.perf_counter() - self.epoch_start
        begin = f"[Epoch {self.current_epoch}] Finished in {seconds:.3f}s, "
        estimator.logger.info("%s", begin + self._figures())
        self.current_epoch += 1
        self.batch_index = 0

    def batch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.batch_start = time.perf_counter()

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Say how the last batches went, if it is time."""
        if self.log_interval == "epoch":
            self.batch_index += 1
            return
        self.log_interval_time += time.perf_counter() - self.batch_start
        self.processed_samples += kwargs["batch"][0].shape[estimator.batch_axis]
        if self.batch_index % self.log_interval == 0:
            begin = (
                f"[Epoch {self.current_epoch}][Batch {self.batch_index}]"
                f"[Samples {self.processed_samples}] "
                f"time/interval: {self.log_interval_time:.3f}s "
            )
            estimator.logger.info("%s", begin + self._figures())
            self.log_interval_time = 0.0
        self.batch_index += 1

    def _figures(self) -> str:
        pairs = [pair for metric in self.metrics for pair in metric.get_name_value()]
        return ", ".join(f"{name}: {value:.4f}" for name, value in pairs)
