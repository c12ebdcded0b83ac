"""`Estimator`: the training loop as an object, and the handlers that hang on its events.

>>> import dlstudio as mx
>>> from dlstudio.gluon.contrib.estimator import Estimator
>>> net = mx.gluon.nn.Dense(2)
>>> estimator = Estimator(net, mx.gluon.loss.SoftmaxCrossEntropyLoss())  # doctest: +SKIP
>>> estimator.fit(loader, val_data=held_out, epochs=3)  # doctest: +SKIP
"""

from dlstudio.gluon.contrib.estimator.background import FitRun
from dlstudio.gluon.contrib.estimator.batch_processor import BatchProcessor
from dlstudio.gluon.contrib.estimator.estimator import Estimator
from dlstudio.gluon.contrib.estimator.event_handler import (
    BatchBegin,
    BatchEnd,
    CheckpointHandler,
    EarlyStoppingHandler,
    EpochBegin,
    EpochEnd,
    EventHandler,
    GradientUpdateHandler,
    LoggingHandler,
    MetricHandler,
    MonitorHandler,
    ProgressHandler,
    StoppingHandler,
    TrainBegin,
    TrainEnd,
    ValidationHandler,
)

__all__ = [
    "BatchBegin", "BatchEnd", "BatchProcessor", "CheckpointHandler", "EarlyStoppingHandler",
    "EpochBegin", "EpochEnd", "Estimator", "EventHandler", "FitRun", "GradientUpdateHandler",
    "LoggingHandler", "MetricHandler", "MonitorHandler", "ProgressHandler", "StoppingHandler",
    "TrainBegin", "TrainEnd", "ValidationHandler",
]  # fmt: skip
