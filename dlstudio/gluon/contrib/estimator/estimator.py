"""`Estimator`: fits a network with a loss, a trainer, metrics and event handlers."""

from __future__ import annotations

import copy
import logging
import sys
import warnings
from typing import Any

from dlstudio.core.device import Device, cpu, gpu, num_gpus
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.contrib.estimator.background import FitRun
from dlstudio.gluon.contrib.estimator.batch_processor import BatchProcessor
from dlstudio.gluon.contrib.estimator.events import (
    BatchBegin,
    BatchEnd,
    EpochBegin,
    EpochEnd,
    in_order,
)
from dlstudio.gluon.contrib.estimator.log import LoggingHandler
from dlstudio.gluon.contrib.estimator.loop import FitLoop, call
from dlstudio.gluon.contrib.estimator.progress import ProgressHandler
from dlstudio.gluon.contrib.estimator.stopping import StoppingHandler
from dlstudio.gluon.contrib.estimator.training import (
    GradientUpdateHandler,
    MetricHandler,
    ValidationHandler,
    as_metrics,
)
from dlstudio.gluon.contrib.estimator.utils import suggest_metric_for_loss
from dlstudio.gluon.data import DataLoader
from dlstudio.gluon.loss import Loss
from dlstudio.gluon.trainer import Trainer
from dlstudio.metric import EvalMetric
from dlstudio.metric import Loss as MetricLoss

__all__ = ["Estimator"]


class Estimator:
    """A network together with everything that its training needs.

    Parameters
    ----------
    net : Block
    loss : gluon.loss.Loss
    train_metrics, val_metrics : EvalMetric or list of EvalMetric, optional
        By default the mean loss, and the accuracy of classifiers. Their names begin with
        "training" and "validation" afterwards.
    initializer : Initializer, optional
        For a network that is not initialized yet.
    trainer : Trainer, optional
        By default SGD with learning rate 0.001.
    context : Device or list of Device, optional
        Each batch is split over them. By default where the parameters are, else the GPU if there
        is one.
    val_net, val_loss : Block, Loss, optional
        What `evaluate` uses instead of `net` and `loss`.
    batch_processor : BatchProcessor, optional
        What is done with one batch.
    evaluation_loss : Loss, optional
        Older name of `val_loss`.
    device : Device or list of Device, optional
        Newer name of `context`.

    Raises
    ------
    ParamError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import dlstudio as mx
    >>> from dlstudio.gluon.contrib.estimator import Estimator, LoggingHandler
    >>> net = mx.gluon.nn.Dense(1)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    >>> data = mx.gluon.data.ArrayDataset(mx.nd.ones((4, 2)), mx.nd.ones((4, 1)))
    >>> estimator = Estimator(net, mx.gluon.loss.L2Loss(), trainer=trainer)
    >>> estimator.logger.setLevel("ERROR")
    >>> estimator.fit(mx.gluon.data.DataLoader(data, batch_size=2), epochs=20)
    >>> name, value = estimator.train_metrics[0].get()
    >>> name, bool(value < 0.01)
    ('training l2loss', True)
    """

    def __init__(
        self,
        net: Any,
        loss: Any,
        train_metrics: Any = None,
        val_metrics: Any = None,
        initializer: Any = None,
        trainer: Any = None,
        context: Any = None,
        val_net: Any = None,
        val_loss: Any = None,
        batch_processor: Any = None,
        *,
        evaluation_loss: Any = None,
        device: Any = None,
    ) -> None:
        context = device if context is None else context
        val_loss = evaluation_loss if val_loss is None else val_loss
        self.net = net
        self.loss = _checked("loss", loss, Loss, "gluon.loss.L2Loss()")
        self.val_net = net if val_net is None else val_net
        self.val_loss = loss if val_loss is None else _checked("val_loss", val_loss, Loss, "")
        self.batch_processor = batch_processor or BatchProcessor()
        _checked("batch_processor", self.batch_processor, BatchProcessor, "BatchProcessor()")
        self._logger: logging.Logger | None = None
        self._loop: FitLoop | None = None
        self.max_epoch: int | None = None
        self.max_batch: int | None = None
        self.batch_axis = 0
        self._train_metrics = _check_metrics(train_metrics)
        self._val_metrics = _check_metrics(val_metrics)
        self.prepare_loss_and_metrics()
        self.context = _contexts(context, net)
        self._initialize(initializer)
        self.trainer = self._check_trainer(trainer)

    @property
    def train_metrics(self) -> list[EvalMetric]:
        """Metrics of the training."""
        return self._train_metrics

    @property
    def val_metrics(self) -> list[EvalMetric]:
        """Metrics of `evaluate`."""
        return self._val_metrics

    @property
    def device(self) -> list[Device]:
        """Newer name of `context`."""
        return self.context

    @property
    def logger(self) -> logging.Logger:
        """Where handlers write; to the standard output by default."""
        if self._logger is None:
            self._logger = logging.Logger("Estimator", logging.INFO)
            self._logger.addHandler(logging.StreamHandler(sys.stdout))
        return self._logger

    # ---- preparation -------------------------------------------------------------------------
    def prepare_loss_and_metrics(self) -> tuple[list[EvalMetric], list[EvalMetric]]:
        """Complete and name the metrics; return those of training and of validation."""
        if not self._train_metrics:
            suggested = suggest_metric_for_loss(self.loss)
            mean = MetricLoss(self.loss.name.rstrip("0123456789"))
            self._train_metrics = as_metrics([mean] if suggested is None else [suggested, mean])
        for metric in self._train_metrics:
            if not metric.name.startswith("training "):
                metric.name = f"training {metric.name}"
        if not self._val_metrics:
            self._val_metrics = [copy.deepcopy(metric) for metric in self._train_metrics]
        for metric in self._val_metrics:
            plain = metric.name.removeprefix("training ").removeprefix("validation ")
            metric.name = f"validation {plain}"
        return self._train_metrics, self._val_metrics

    def _initialize(self, initializer: Any) -> None:
        values = self.net.collect_params().values()
        ready = [p._data is not None or p._deferred is not None for p in values]
        if not all(ready):
            self.net.initialize(init=initializer, ctx=self.context)
        elif initializer is not None:
            warnings.warn(
                "Network already fully initialized, skipping initialization. Call net.initialize("
                "force_reinit=True) before making the Estimator to overwrite its values.",
                UserWarning,
                stacklevel=3,
            )

    def _check_trainer(self, trainer: Any) -> Trainer:
        if trainer is None:
            warnings.warn(
                "No trainer specified, default SGD optimizer with learning rate 0.001 is used.",
                UserWarning,
                stacklevel=3,
            )
            return Trainer(self.net.collect_params(), "sgd", {"learning_rate": 0.001})
        fix = 'gluon.Trainer(net.collect_params(), "sgd")'
        return _checked("trainer", trainer, Trainer, fix)

    # ---- evaluation --------------------------------------------------------------------------
    def evaluate(self, val_data: Any, batch_axis: int = 0, event_handlers: Any = None) -> None:
        """Compute `val_metrics` over `val_data`.

        Parameters
        ----------
        val_data : DataLoader
        batch_axis : int
        event_handlers : EventHandler or list of EventHandler, optional
            Told about batches; one `MetricHandler` and one `LoggingHandler` are added.

        Raises
        ------
        ParamError
            If `val_data` is no DataLoader, or a handler has metrics of somebody else.
        """
        _check_loader("evaluate", val_data)
        handlers = in_order(self._validation_handlers(event_handlers))
        for metric in self.val_metrics:
            metric.reset()
        call(handlers, EpochBegin, "epoch_begin", self)
        for batch in val_data:
            call(handlers, BatchBegin, "batch_begin", self, batch=batch)
            processed = self.batch_processor.evaluate_batch(self, batch, batch_axis)
            _, label, pred, loss = processed
            facts = {"batch": batch, "pred": pred, "label": label, "loss": loss}
            call(handlers, BatchEnd, "batch_end", self, **facts)
        call(handlers, EpochEnd, "epoch_end", self)

    def _validation_handlers(self, given: Any) -> list[Any]:
        handlers = _as_handlers(given)
        self._check_references(handlers)
        _add(handlers, MetricHandler, lambda: MetricHandler(self.val_metrics))
        _add(handlers, LoggingHandler, lambda: LoggingHandler(metrics=self.val_metrics))
        return handlers

    # ---- training ----------------------------------------------------------------------------
    def fit(
        self,
        train_data: Any,
        val_data: Any = None,
        epochs: int | None = None,
        event_handlers: Any = None,
        batches: int | None = None,
        batch_axis: int = 0,
        *,
        background: bool = False,
    ) -> FitRun | None:
        """Train for a number of epochs or of batches.

        Parameters
        ----------
        train_data : DataLoader
        val_data : DataLoader, optional
            Evaluated after each epoch.
        epochs, batches : int
            One of them.
        event_handlers : EventHandler or list of EventHandler, optional
            Those for stopping, gradient step, metrics, validation, logging and progress bars are
            added unless there is one of their class.
        batch_axis : int
        background : bool, default False
            Train in a thread and return at once.

        Returns
        -------
        FitRun or None
            With `background`: to pause, step, stop and wait for the training.

        Raises
        ------
        ParamError
            If `train_data` is no DataLoader, none or both of `epochs` and `batches` are given,
            a handler has metrics of somebody else, or a training of this estimator runs already.
        """
        _check_loader("fit", train_data)
        if bool(epochs) == bool(batches):
            raise ParamError(
                explain(
                    f"Estimator.fit: epochs={epochs}, batches={batches}.",
                    "exactly one of them, above 0.",
                    "estimator.fit(train_data, epochs=5)",
                )
            )
        if self._loop is not None:
            raise ParamError(
                explain("a training of this estimator runs.", "its end.", "run.stop(); run.wait()")
            )
        self.max_epoch, self.max_batch, self.batch_axis = epochs, batches, batch_axis
        loop = FitLoop(self, train_data, self._training_handlers(val_data, event_handlers))
        self._loop = loop
        if background:
            return FitRun(loop)._start()
        return loop.run()

    def _training_handlers(self, val_data: Any, given: Any) -> list[Any]:
        handlers = _as_handlers(given)
        self._check_references(handlers)
        _add(handlers, StoppingHandler, lambda: StoppingHandler(self.max_epoch, self.max_batch))
        _add(handlers, GradientUpdateHandler, GradientUpdateHandler)
        _add(handlers, MetricHandler, lambda: MetricHandler(self.train_metrics))
        if val_data is not None:
            _check_loader("fit", val_data)
            _add(handlers, ValidationHandler, lambda: ValidationHandler(val_data, self.evaluate))
        _add(handlers, LoggingHandler, lambda: LoggingHandler(metrics=self.train_metrics))
        _add(handlers, ProgressHandler, ProgressHandler)
        return handlers

    def _check_references(self, handlers: list[Any]) -> None:
        """Refuse handlers whose metrics nobody would update."""
        known = {id(metric) for metric in (*self.train_metrics, *self.val_metrics)}
        for handler in handlers:
            held = as_metrics(getattr(handler, "metrics", None))
            monitor = getattr(handler, "monitor", None)
            for metric in [*held, *([monitor] if isinstance(monitor, EvalMetric) else [])]:
                if id(metric) not in known:
                    raise ParamError(_foreign(handler, metric))


def _foreign(handler: Any, metric: Any) -> str:
    return explain(
        f"Event handler {type(handler).__name__} refers to a metric instance {metric.name} outside"
        " of the known training and validation metrics.",
        "one that the estimator updates.",
        "use the metrics from estimator.train_metrics and estimator.val_metrics instead",
    )


def _add(handlers: list[Any], kind: type, make: Any) -> None:
    if not any(isinstance(handler, kind) for handler in handlers):
        handlers.append(make())


def _as_handlers(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _check_metrics(metrics: Any) -> list[EvalMetric]:
    found = as_metrics(metrics)
    for metric in found:
        _checked("metrics", metric, EvalMetric, "mx.metric.Accuracy()")
    return found


def _checked(name: str, given: Any, kind: type, fix: str) -> Any:
    if not isinstance(given, kind):
        raise ParamError(
            explain(
                f"Estimator: {name} is a {type(given).__name__}.",
                f"a {kind.__module__.removeprefix('dlstudio.')}.{kind.__name__}.",
                fix,
            )
        )
    return given


def _check_loader(method: str, data: Any) -> None:
    if not isinstance(data, DataLoader):
        raise ParamError(
            explain(
                f"Estimator.{method}: the data is a {type(data).__name__}.",
                "a gluon.data.DataLoader, which yields (data, label).",
                "gluon.data.DataLoader(gluon.data.ArrayDataset(x, y), batch_size=32)",
            )
        )


def _contexts(context: Any, net: Any) -> list[Device]:
    if context is None:
        for parameter in net.collect_params().values():
            if parameter._data is not None or parameter._deferred is not None:
                return list(parameter.list_ctx())
        return [gpu(0) if num_gpus() > 0 else cpu()]
    contexts = list(context) if isinstance(context, (list, tuple)) else [context]
    for one in contexts:
        _checked("context", one, Device, "context=[mx.cpu()]")
    return contexts


__getattr__ = held_elsewhere(
    __name__, {"split_and_load": "gluon.utils"}, "gluon.contrib.estimator"
)  # what MXNet's module of this name has besides
