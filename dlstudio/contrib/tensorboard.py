"""`mx.contrib.tensorboard`: metrics as TensorBoard draws them."""

from __future__ import annotations

from typing import Any

from dlstudio.errors import MissingExtraError, explain

__all__ = ["LogMetricsCallback"]


class LogMetricsCallback:
    """Write metrics to TensorBoard's files, as a batch-end, epoch-end or evaluation callback.

    Parameters
    ----------
    logging_dir : str
        Folder of the files: ``tensorboard --logdir logging_dir``.
    prefix : str, optional
        For example "train": metrics are called "train-accuracy".

    Attributes
    ----------
    step : int
        Calls so far, the horizontal axis.
    summary_writer : tensorboardX.SummaryWriter

    Raises
    ------
    MissingExtraError
        If tensorboardX is not installed.
    """

    def __init__(self, logging_dir: str, prefix: str | None = None) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise MissingExtraError(
                explain(
                    "LogMetricsCallback needs the library 'tensorboardX', which is not installed.",
                    fix="pip install tensorboardX",
                )
            ) from None
        self.prefix, self.step = prefix, 0
        self.summary_writer = SummaryWriter(logging_dir)

    def __call__(self, param: Any) -> None:
        """Write the metrics of now; `param` has an ``eval_metric``, as callbacks are given."""
        if param.eval_metric is None:
            return
        self.step += 1
        for name, value in param.eval_metric.get_name_value():
            title = name if self.prefix is None else f"{self.prefix}-{name}"
            self.summary_writer.add_scalar(title, value, self.step)
        self.summary_writer.flush()
