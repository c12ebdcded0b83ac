"""Which metric suits which loss, and which direction of a metric is better."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.loss import SoftmaxCrossEntropyLoss
from dlstudio.metric import Accuracy, EvalMetric

__all__ = ["better_than", "check_monitor", "suggest_metric_for_loss"]


def suggest_metric_for_loss(loss: Any) -> EvalMetric | None:
    """Return `Accuracy` for a classifier's loss, None for others."""
    return Accuracy() if isinstance(loss, SoftmaxCrossEntropyLoss) else None


def check_monitor(owner: str, monitor: Any) -> None:
    """Refuse a `monitor` that is no metric."""
    if not isinstance(monitor, EvalMetric) or hasattr(monitor, "metrics"):
        raise ParamError(
            explain(
                f"{owner}: monitor is a {type(monitor).__name__}.",
                "one metric of the estimator.",
                f"{owner}(..., monitor=estimator.val_metrics[0])",
            )
        )


def better_than(mode: str, metric: EvalMetric) -> Callable[[Any, Any], bool]:
    """Return the comparison "a is better than b" of `metric`.

    Parameters
    ----------
    mode : {"auto", "min", "max"}
        "auto" takes "max" for metrics named after accuracy or F1, else "min".
    metric : EvalMetric

    Raises
    ------
    ParamError
        If `mode` is something else.
    """
    if mode not in ("auto", "min", "max"):
        raise ParamError(
            explain(f"mode={mode!r} is unknown.", '"auto", "min" or "max".', 'mode="max"')
        )
    if mode == "auto":
        name = str(metric.get()[0]).lower()
        mode = "max" if "acc" in name or "f1" in name else "min"
    return operator.gt if mode == "max" else operator.lt
