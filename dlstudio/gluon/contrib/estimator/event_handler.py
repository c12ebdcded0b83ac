"""All event handlers, under the module name that MXNet gives them."""

from dlstudio.gluon.contrib.estimator.checkpoint import CheckpointHandler
from dlstudio.gluon.contrib.estimator.events import (
    BatchBegin,
    BatchEnd,
    EpochBegin,
    EpochEnd,
    EventHandler,
    TrainBegin,
    TrainEnd,
)
from dlstudio.gluon.contrib.estimator.log import LoggingHandler
from dlstudio.gluon.contrib.estimator.monitor import MonitorHandler
from dlstudio.gluon.contrib.estimator.progress import ProgressHandler
from dlstudio.gluon.contrib.estimator.stopping import EarlyStoppingHandler, StoppingHandler
from dlstudio.gluon.contrib.estimator.training import (
    GradientUpdateHandler,
    MetricHandler,
    ValidationHandler,
)
from dlstudio.metric import CompositeEvalMetric, EvalMetric  # noqa: F401  MXNet's module has them
from dlstudio.metric import Loss as metric_loss  # noqa: F401, N813

__all__ = [
    "BatchBegin", "BatchEnd", "CheckpointHandler", "EarlyStoppingHandler", "EpochBegin",
    "EpochEnd", "EventHandler", "GradientUpdateHandler", "LoggingHandler", "MetricHandler",
    "MonitorHandler", "ProgressHandler", "StoppingHandler", "TrainBegin", "TrainEnd",
    "ValidationHandler",
]  # fmt: skip
