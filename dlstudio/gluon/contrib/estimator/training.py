"""The handlers that make a training: gradient step, metrics, validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.gluon.contrib.estimator.events import BatchEnd, EpochBegin, EpochEnd, TrainBegin
from dlstudio.metric import CompositeEvalMetric, EvalMetric
from dlstudio.metric import Loss as MetricLoss

__all__ = ["GradientUpdateHandler", "MetricHandler", "ValidationHandler", "as_metrics"]


def as_metrics(metrics: Any) -> list[EvalMetric]:
    """List of metrics from one, several or None."""
    if isinstance(metrics, CompositeEvalMetric):
        return list(metrics.metrics)
    if metrics is None or isinstance(metrics, EvalMetric):
        return [metrics] if metrics else []
    return list(metrics)


class GradientUpdateHandler(BatchEnd):
    """Updates the parameters after each batch.

    Parameters
    ----------
    priority : float, default -2000
        First of all, so that the others see the new parameters.
    """

    def __init__(self, priority: float = -2000) -> None:
        self.priority = priority

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Do a step; gradients are divided by the number of loss values."""
        loss = kwargs["loss"]
        losses = loss if isinstance(loss, (list, tuple)) else [loss]
        estimator.trainer.step(sum(one.shape[0] if one.ndim else 1 for one in losses))


class MetricHandler(EpochBegin, BatchEnd):
    """Resets metrics at each epoch and adds each batch to them.

    Parameters
    ----------
    metrics : EvalMetric or list of EvalMetric
    priority : float, default -1000
    """

    def __init__(self, metrics: Any, priority: float = -1000) -> None:
        self.metrics = as_metrics(metrics)
        self.priority = priority

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Reset the metrics."""
        for metric in self.metrics:
            metric.reset()

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Add the batch: its loss to means of losses, else its labels and predictions."""
        for metric in self.metrics:
            if isinstance(metric, MetricLoss):
                metric.update(0, kwargs["loss"])
            else:
                metric.update(kwargs["label"], kwargs["pred"])


class ValidationHandler(TrainBegin, BatchEnd, EpochEnd):
    """Evaluates on held-out data during training.

    Parameters
    ----------
    val_data : DataLoader
    eval_fn : callable
        Called with ``val_data=, batch_axis=, event_handlers=``; usually ``estimator.evaluate``.
    epoch_period : int or None, default 1
        Every so many epochs.
    batch_period : int or None, default None
        Every so many batches.
    priority : float, default -1000
    event_handlers : EventHandler or list, optional
        Handed to `eval_fn`.
    """

    saved_fields = ("current_batch", "current_epoch")

    def __init__(
        self,
        val_data: Any,
        eval_fn: Callable[..., Any],
        epoch_period: int | None = 1,
        batch_period: int | None = None,
        priority: float = -1000,
        event_handlers: Any = None,
    ) -> None:
        self.val_data = val_data
        self.eval_fn = eval_fn
        self.epoch_period = epoch_period
        self.batch_period = batch_period
        self.priority = priority
        self.event_handlers = event_handlers
        self.current_batch = self.current_epoch = 0

    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Start to count."""
        self.current_batch = self.current_epoch = 0

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Evaluate if the batch is due."""
        self.current_batch += 1
        if self.batch_period and self.current_batch % self.batch_period == 0:
            self._evaluate(estimator)

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Evaluate if the epoch is due."""
        self.current_epoch += 1
        if self.epoch_period and self.current_epoch % self.epoch_period == 0:
            self._evaluate(estimator)

    def _evaluate(self, estimator: Any) -> None:
        self.eval_fn(
            val_data=self.val_data,
            batch_axis=estimator.batch_axis,
            event_handlers=self.event_handlers,
        )
