"""`mx.model`: checkpoints of a symbol with its parameters, and the old class `FeedForward`."""

from dlstudio.callback import save_checkpoint
from dlstudio.module.checkpoint import BatchEndParam, load_checkpoint, load_params
from dlstudio.module.feed_forward import FeedForward

__all__ = ["BatchEndParam", "FeedForward", "load_checkpoint", "load_params", "save_checkpoint"]
