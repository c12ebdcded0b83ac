"""`mx.model`: checkpoints of a symbol with its parameters, and the old class `FeedForward`."""

from dlstudio.callback import LogValidationMetricsCallback, save_checkpoint
from dlstudio.module.checkpoint import BatchEndParam, load_checkpoint, load_params
from dlstudio.module.feed_forward import FeedForward
from dlstudio.module.stores import create_kvstore as _create_kvstore
from dlstudio.module.stores import initialize_kvstore as _initialize_kvstore
from dlstudio.module.stores import update_params as _update_params
from dlstudio.module.stores import update_params_on_kvstore as _update_params_on_kvstore
from dlstudio.optimizer import get_updater

__all__ = [
    "BatchEndParam",
    "FeedForward",
    "LogValidationMetricsCallback",
    "_create_kvstore",
    "_initialize_kvstore",
    "_update_params",
    "_update_params_on_kvstore",
    "get_updater",
    "load_checkpoint",
    "load_params",
    "save_checkpoint",
]
