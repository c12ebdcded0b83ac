"""`mx.model`: checkpoints of a symbol with its parameters, and the old class `FeedForward`."""

from dlstudio.callback import LogValidationMetricsCallback, save_checkpoint
from dlstudio.module.checkpoint import BatchEndParam, load_checkpoint, load_params
from dlstudio.module.feed_forward import FeedForward
from dlstudio.optimizer import get_updater

__all__ = [
    "BatchEndParam",
    "FeedForward",
    "LogValidationMetricsCallback",
    "get_updater",
    "load_checkpoint",
    "load_params",
    "save_checkpoint",
]
