"""Metrics of probabilities: how surprised the network is by the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy

from dlstudio.errors import ShapeError
from dlstudio.metric.base import Array, EvalMetric, _pairs, alias, register

__all__ = ["CrossEntropy", "NegativeLogLikelihood", "Perplexity"]


@register
class Perplexity(EvalMetric):
    """exp of the mean negative log probability of the right class.

    Parameters
    ----------
    ignore_label : int or None
        Samples with this label do not count.
    axis : int
        Kept for MXNet programs; classes lie on the last axis.
    name : str
    output_names, label_names : list of str, optional
    from_logits : bool
        MXNet 2's: predictions are scores, of which softmax is taken first.
    """

    def __init__(
        self,
        ignore_label: int | None = None,
        axis: int = -1,
        name: str = "perplexity",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        *,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, output_names, label_names, ignore_label=ignore_label)
        self.ignore_label = ignore_label
        self.axis = axis
        self._from_logits = from_logits

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B, ...), probabilities (B, ..., K)."""
        total, count = 0.0, 0
        for label, pred in _pairs(labels, preds):
            if label.size != pred.size // pred.shape[-1]:
                raise ShapeError(f"shape mismatch: {label.shape} vs. {pred.shape}")
            truth = label.astype("int64").ravel()
            pred = _softmax(pred) if self._from_logits else pred  # noqa: PLW2901
            chosen = pred.reshape(-1, pred.shape[-1])[numpy.arange(truth.size), truth]
            if self.ignore_label is not None:
                kept = truth != self.ignore_label
                chosen = chosen[kept]
            total -= numpy.log(numpy.maximum(1e-10, chosen)).sum(dtype="float64")
            count += chosen.size
        self._add(total, count)

    def _mean(self, total: Any, count: int) -> float:
        return math.exp(total / count) if count else float("nan")


def _softmax(scores: Array) -> Array:
    scores = numpy.exp(scores - scores.max(-1, keepdims=True))  # exp(89.) overflows float32
    return scores / scores.sum(-1, keepdims=True)


class _LogProbability(EvalMetric):
    """Mean negative log probability of the right class."""

    eps = 1e-12
    ignore_label: int | None = None
    _from_logits = False

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B,), probabilities (B, K)."""
        for label, pred in _pairs(labels, preds):
            truth = label.ravel().astype("int64")
            pred = _softmax(pred) if self._from_logits else pred  # noqa: PLW2901
            if len(truth) != len(pred):
                raise ShapeError(
                    f"{self.name}: {len(truth)} labels do not match {len(pred)} predictions."
                )
            chosen = pred[numpy.arange(len(truth)), truth].astype("float64")
            if self.ignore_label is not None:
                chosen = chosen[truth != self.ignore_label]
            self._add((-numpy.log(chosen + self.eps)).sum(), len(chosen))


@register
@alias("ce", "cross-entropy")
class CrossEntropy(_LogProbability):
    """Mean negative log probability of the right class (natural logarithm).

    Parameters
    ----------
    eps : float
        Added to probabilities, so that 0 is not infinitely wrong.
    name : str
    output_names, label_names : list of str, optional
    ignore_label : int, optional
        MXNet 2's: samples with this label do not count.
    from_logits : bool
        MXNet 2's: predictions are scores, of which softmax is taken first.
    """

    def __init__(
        self,
        eps: float = 1e-12,
        name: str = "cross-entropy",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        *,
        ignore_label: int | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, output_names, label_names, eps=eps)
        self.eps, self.ignore_label = eps, ignore_label
        self._from_logits = from_logits


@register
@alias("nll_loss")
class NegativeLogLikelihood(_LogProbability):
    """The same figure as `CrossEntropy` under its statistical name.

    Parameters
    ----------
    eps : float
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        eps: float = 1e-12,
        name: str = "nll-loss",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names, eps=eps)
        self.eps = eps
