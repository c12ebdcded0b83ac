"""Functions that training loops call after batches and epochs: logging, progress, checkpoints."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dlstudio.errors import ParamError, knows_its_names, lookup_that_teaches

__all__ = [
    "LogValidationMetricsCallback",
    "ProgressBar",
    "Speedometer",
    "do_checkpoint",
    "log_train_metric",
    "module_checkpoint",
    "save_checkpoint",
]


def save_checkpoint(
    prefix: str,
    epoch: int,
    symbol: Any,
    arg_params: dict[str, Any],
    aux_params: dict[str, Any],
    remove_amp_cast: bool = True,
) -> None:
    """Write ``prefix-symbol.json`` and ``prefix-0000.params``.

    Parameters
    ----------
    prefix : str
        Start of both file names.
    epoch : int
        Number in the second one.
    symbol : Symbol or None
    arg_params, aux_params : dict of str to NDArray
    remove_amp_cast : bool
        Leave out casts of automatic mixed precision.
    """
    from dlstudio.interop import params

    if symbol is not None:
        symbol.save(f"{prefix}-symbol.json", remove_amp_cast=remove_amp_cast)
    named = {f"arg:{name}": _on_host(value) for name, value in arg_params.items()}
    named.update({f"aux:{name}": _on_host(value) for name, value in aux_params.items()})
    file = f"{prefix}-{epoch:04d}.params"
    params.save(file, named)
    logging.info('Saved checkpoint to "%s"', file)


def _on_host(value: Any) -> Any:
    """What a file keeps of an array: its elements, or what a sparse one stores."""
    return value.asnumpy() if value.stype == "default" else value._on_host()


def do_checkpoint(prefix: str, period: int = 1) -> Callable[..., None]:
    """Return an epoch callback that saves a checkpoint every `period` epochs."""
    period = max(1, int(period))

    def callback(epoch: int, symbol: Any, arg_params: Any, aux_params: Any) -> None:
        if (epoch + 1) % period == 0:
            save_checkpoint(prefix, epoch + 1, symbol, arg_params, aux_params)

    return callback


def module_checkpoint(
    mod: Any, prefix: str, period: int = 1, save_optimizer_states: bool = False
) -> Callable[..., None]:
    """Return an epoch callback that lets a module save itself every `period` epochs."""
    period = max(1, int(period))

    def callback(epoch: int, *_: Any) -> None:
        if (epoch + 1) % period == 0:
            mod.save_checkpoint(prefix, epoch + 1, save_optimizer_states)

    return callback


def log_train_metric(period: int, auto_reset: bool = False) -> Callable[..., None]:
    """Return a batch callback that logs the training metric every `period` batches."""

    def callback(param: Any) -> None:
        if param.nbatch % period == 0 and param.eval_metric is not None:
            for name, value in param.eval_metric.get_name_value():
                logging.info(
                    "Iter[%d] Batch[%d] Train-%s=%f", param.epoch, param.nbatch, name, value
                )
            if auto_reset:
                param.eval_metric.reset_local()

    return callback


class Speedometer:
    """Batch callback that logs samples per second and the training metric.

    Parameters
    ----------
    batch_size : int
    frequent : int >= 1
        Batches between two lines.
    auto_reset : bool
        Start the metric anew after each line.
    """

    @knows_its_names
    def __init__(self, batch_size: int, frequent: int = 50, auto_reset: bool = True) -> None:
        if frequent < 1:
            raise ParamError(f"Speedometer: parameter frequent must be >= 1. Got {frequent}.")
        self.batch_size = batch_size
        self.frequent = frequent
        self.auto_reset = auto_reset
        self.init = False
        self.tic = 0.0
        self.last_count = 0

    def __call__(self, param: Any) -> None:
        """Log if it is time."""
        count = param.nbatch
        if self.last_count > count:
            self.init = False
        self.last_count = count
        if not self.init:
            self.init, self.tic = True, time.time()
        elif count % self.frequent == 0:
            elapsed = time.time() - self.tic
            speed = self.frequent * self.batch_size / elapsed if elapsed > 0 else float("inf")
            self._log(param, count, speed)
            self.tic = time.time()

    def _log(self, param: Any, count: int, speed: float) -> None:
        if param.eval_metric is None:
            logging.info("Iter[%d] Batch [%d]\tSpeed: %.2f samples/sec", param.epoch, count, speed)
            return
        pairs = param.eval_metric.get_name_value()
        span = f"{count - self.frequent}-{count}" if self.auto_reset else f"0-{count}"
        if self.auto_reset:
            param.eval_metric.reset_local()
        figures = "".join(f"\t{name}={value:f}" for name, value in pairs)
        text = "Epoch[%d] Batch [%s]\tSpeed: %.2f samples/sec%s"
        logging.info(text, param.epoch, span, speed, figures)


class ProgressBar:
    """Batch callback that draws a bar of text.

    Parameters
    ----------
    total : int
        Batches of an epoch.
    length : int
        Characters of the bar.
    """

    @knows_its_names
    def __init__(self, total: int, length: int = 80) -> None:
        self.bar_len = length
        self.total = total

    def __call__(self, param: Any) -> None:
        """Draw."""
        done = round(self.bar_len * param.nbatch / float(self.total))
        percent = math.ceil(100.0 * param.nbatch / float(self.total))
        sys.stdout.write(f"[{'=' * done}{'-' * (self.bar_len - done)}] {percent}%\r")


class LogValidationMetricsCallback:
    """Epoch callback that logs the validation metric."""

    def __call__(self, param: Any) -> None:
        """Log."""
        if param.eval_metric:
            for name, value in param.eval_metric.get_name_value():
                logging.info("Epoch[%d] Validation-%s=%f", param.epoch, name, value)


if not TYPE_CHECKING:  # a type checker shall know which names there are
    __getattr__ = lookup_that_teaches("mx.callback", globals())
