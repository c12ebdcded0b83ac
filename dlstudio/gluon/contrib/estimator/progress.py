"""`ProgressHandler`: one progress bar per epoch, on a terminal or in a notebook."""

from __future__ import annotations

import math
import os
import sys
from typing import Any

from dlstudio.core.shell import in_kernel
from dlstudio.errors import MissingExtraError, explain
from dlstudio.gluon.contrib.estimator.events import BatchEnd, EpochBegin, EpochEnd, TrainEnd

__all__ = ["ProgressHandler"]


class ProgressHandler(EpochBegin, BatchEnd, EpochEnd, TrainEnd):
    """Shows how far the epoch is, and the training metrics, with ``tqdm.auto``.

    `Estimator.fit` adds one. It is silent where nobody watches: output into a file, the variable
    ``CI`` set, or tqdm not installed (``pip install "dlstudio[lab]"``).

    Parameters
    ----------
    show : bool, optional
        True and False decide whatever the output is.
    leave : bool, default False
        Leave full bars on the screen; the line of `LoggingHandler` says the same.

    Raises
    ------
    MissingExtraError
        If `show` is True and tqdm is not installed.
    """

    _rank = 1

    def __init__(self, show: bool | None = None, leave: bool = False) -> None:
        self.priority = float("inf")  # metrics are up to date
        self.show, self.leave = show, leave
        self._bar: Any = None

    def epoch_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Begin a bar."""
        loop = estimator._loop
        make = _tqdm() if self._is_seen() else None
        if make is None:
            if self.show:
                raise _missing()
            return
        self._bar = make(
            total=_left(estimator, loop),
            initial=loop.batch,
            desc=f"Epoch {loop.epoch}",
            unit="batch",
            leave=self.leave,
        )

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Move it on."""
        if self._bar is not None:
            self._bar.set_postfix(_figures(estimator.train_metrics), refresh=False)
            self._bar.update(1)
            if self._bar.n >= self._bar.total:
                self._close()  # before validation writes lines of its own

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Close it."""
        self._close()

    def train_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Close it."""
        self._close()

    def training_failed(self, error: BaseException) -> None:
        """Leave the line to the error."""
        self._close()

    def _is_seen(self) -> bool:
        return _is_watched() if self.show is None else self.show

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _left(estimator: Any, loop: Any) -> int:
    """Batches of this epoch; the last is shorter if only some batches are asked for."""
    length = len(loop.train_data)
    if not estimator.max_batch:
        return length
    return min(length, max(1, estimator.max_batch - loop.epoch * length))


def _figures(metrics: list[Any]) -> dict[str, str]:
    pairs = [pair for metric in metrics for pair in metric.get_name_value()]
    return {
        name.removeprefix("training "): f"{value:.4g}"
        for name, value in pairs
        if not math.isnan(value)
    }


def _is_watched() -> bool:
    """Whether somebody sees a bar move: a notebook or a terminal, and no automatic run."""
    if os.environ.get("CI"):
        return False
    return in_kernel() or (sys.stderr is not None and sys.stderr.isatty())


def _tqdm() -> Any:
    """Return the bar that suits the output, or None if tqdm is not installed."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm


def _missing() -> MissingExtraError:
    return MissingExtraError(
        explain(
            "ProgressHandler(show=True): tqdm is not installed.",
            fix='pip install "dlstudio[lab]"',
        )
    )
