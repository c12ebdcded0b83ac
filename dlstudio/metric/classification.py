"""Metrics of classifiers: right or wrong, and how."""

from __future__ import annotations

import math
from typing import Any

import numpy

from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.metric.base import Array, EvalMetric, _pairs, alias, check_label_shapes, register
from dlstudio.metric.threshold import Fbeta

__all__ = ["F1", "MCC", "PCC", "Accuracy", "TopKAccuracy"]


@register
@alias("acc")
class Accuracy(EvalMetric):
    """Share of right predictions.

    Parameters
    ----------
    axis : int
        The class axis of predictions, where the largest entry is taken; predictions of the
        labels' shape are taken as classes.
    name : str
    output_names, label_names : list of str, optional

    Examples
    --------
    >>> metric = Accuracy()
    >>> metric.update([numpy.array([0, 1])], [numpy.array([[0.9, 0.1], [0.8, 0.2]])])
    >>> metric.get()[1]
    0.5
    """

    def __init__(
        self,
        axis: int = 1,
        name: str = "accuracy",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names, axis=axis)
        self.axis = axis

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B,) or (B, ...), predictions with or without the class axis."""
        for label, pred in _pairs(labels, preds):
            chosen = pred.argmax(self.axis) if pred.shape != label.shape else pred
            chosen, truth = chosen.astype("int64").ravel(), label.astype("int64").ravel()
            check_label_shapes(truth, chosen)
            self._add((chosen == truth).sum(), len(chosen))


@register
@alias("top_k_accuracy", "top_k_acc")
class TopKAccuracy(EvalMetric):
    """Share of samples whose label is among the `top_k` most likely classes.

    Parameters
    ----------
    top_k : int > 1
    name : str
        ``_{top_k}`` is appended.
    output_names, label_names : list of str, optional

    Raises
    ------
    ParamError
        If `top_k` is 1 (the default, as in MXNet): that is `Accuracy`.
    """

    def __init__(
        self,
        top_k: int = 1,
        name: str = "top_k_accuracy",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        if top_k <= 1:
            raise ParamError(
                "TopKAccuracy: parameter top_k must be > 1; metric.Accuracy() is top 1."
                f" Got {top_k}."
            )
        # a name from get_config() has its number already
        full = name if name.endswith(f"_{top_k}") else f"{name}_{top_k}"
        super().__init__(full, output_names, label_names, top_k=top_k)
        self.top_k = top_k

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B,), predictions (B, K)."""
        for label, pred in _pairs(labels, preds):
            if pred.ndim > 2:
                raise ShapeError(f"TopKAccuracy takes predictions (B, K). Got shape {pred.shape}.")
            truth = label.astype("int64").ravel()
            check_label_shapes(truth, pred)
            if pred.ndim == 1:
                hits = (pred.astype("int64") == truth).sum()
            else:
                k = min(self.top_k, pred.shape[1])
                best = numpy.argpartition(pred.astype("float32"), -k, axis=1)[:, -k:]
                hits = (best == truth[:, None]).sum()
            self._add(hits, len(truth))


class _Counts:
    """True and false positives and negatives of a binary classifier."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.tp = self.fp = self.tn = self.fn = 0

    def add(self, label: Array, pred: Array) -> None:
        chosen = pred.argmax(1) if pred.ndim > 1 else pred > 0.5  # classes, or probabilities of 1
        truth = label.astype("int64").ravel()
        check_label_shapes(truth, chosen)
        if len(numpy.unique(truth)) > 2 or (pred.ndim > 1 and pred.shape[1] > 2):
            raise ParamError(
                explain(
                    f"F1 and MCC count two classes. Got labels {numpy.unique(truth)[:5]} and"
                    f" predictions of shape {pred.shape}.",
                    "labels 0 and 1.",
                    "metric.PCC() or metric.F1(class_type='multiclass') for several classes",
                )
            )
        yes, positive = chosen == 1, truth == 1
        self.tp += int((yes & positive).sum())
        self.fp += int((yes & ~positive).sum())
        self.fn += int((~yes & positive).sum())
        self.tn += int((~yes & ~positive).sum())

    @property
    def total(self) -> int:
        return self.tp + self.fp + self.tn + self.fn

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 without any true positive."""
        return 2.0 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp else 0.0

    @property
    def mcc(self) -> float:
        """Matthews correlation; an empty row or column of the table counts as 1."""
        if not self.total:
            return 0.0
        sums = (self.tp + self.fp, self.tp + self.fn, self.tn + self.fp, self.tn + self.fn)
        return (self.tp * self.tn - self.fp * self.fn) / math.sqrt(math.prod(s or 1 for s in sums))


class _Binary(EvalMetric):
    """F1 and MCC: per batch and averaged (macro), or over all samples (micro)."""

    figure = ""

    def __init__(
        self,
        name: str,
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        average: str = "macro",
    ) -> None:
        self.average = average
        self._counts, self._global_counts = _Counts(), _Counts()
        super().__init__(name, output_names, label_names)

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B,) of 0 and 1, predictions (B, 2)."""
        for label, pred in _pairs(labels, preds):
            self._counts.add(label, pred)
            self._global_counts.add(label, pred)
        local, whole = (getattr(c, self.figure) for c in (self._counts, self._global_counts))
        if self.average == "macro":
            self._add(local, 1)
            self._counts.reset()
            self._global_counts.reset()
        else:
            self.num_inst, self.sum_metric = self._counts.total, local * self._counts.total
            self.global_num_inst = self._global_counts.total
            self.global_sum_metric = whole * self._global_counts.total

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self._counts.reset()
        self._global_counts.reset()

    def reset_local(self) -> None:
        """Forget what `get` reports."""
        super().reset_local()
        self._counts.reset()


@register
class F1(_Binary):
    """F1 score of a binary classifier: the harmonic mean of precision and recall.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    average : {"macro", "micro"}
        Mean of the scores of all batches, or the score of all samples together.
    class_type : {"binary", "multiclass", "multilabel"}
        MXNet 2's: for more than two classes, over which `average` goes then; see `Fbeta`.
    threshold : float
        For "multilabel".
    """

    figure = "f1"

    def __init__(
        self,
        name: str = "f1",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        average: str = "macro",
        *,
        class_type: str = "binary",
        threshold: float = 0.5,
    ) -> None:
        self._classes = None
        if class_type != "binary":
            self._classes = Fbeta(class_type=class_type, threshold=threshold, average=average)
        super().__init__(name, output_names, label_names, average)

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B,) of 0 and 1, predictions (B, 2), or as `class_type` says."""
        if self._classes is None:
            super().update(labels, preds)
        else:
            self._classes.update(labels, preds)

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        if self._classes is not None:
            self._classes.reset()

    def get(self) -> tuple[str, Any]:
        """Return name and score since the last reset."""
        return super().get() if self._classes is None else (self.name, self._classes.get()[1])


@register
class MCC(_Binary):
    """Matthews correlation coefficient of a binary classifier, between -1 and 1.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    average : {"macro", "micro"}
        As in `F1`.
    """

    figure = "mcc"

    def __init__(
        self,
        name: str = "mcc",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        average: str = "macro",
    ) -> None:
        super().__init__(name, output_names, label_names, average)


@register
class PCC(EvalMetric):
    """Pearson correlation of a confusion matrix: Matthews' coefficient for many classes.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    has_global_stats : bool
    """

    def __init__(
        self,
        name: str = "pcc",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        has_global_stats: bool = True,
    ) -> None:
        super().__init__(name, output_names, label_names, has_global_stats=has_global_stats)

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B,), predictions (B, K)."""
        for label, pred in _pairs(labels, preds):
            chosen = (pred.argmax(1) if pred.shape != label.shape else pred).astype("int64").ravel()
            truth = label.astype("int64").ravel()
            classes = int(max(chosen.max(initial=0), truth.max(initial=0))) + 1
            table = numpy.zeros((classes, classes))
            numpy.add.at(table, (chosen, truth), 1)
            self.lcm, self.gcm = _grown_sum(self.lcm, table), _grown_sum(self.gcm, table)
        self.num_inst += 1
        self.global_num_inst += 1

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.lcm, self.gcm = numpy.zeros((1, 1)), numpy.zeros((1, 1))

    def reset_local(self) -> None:
        """Forget what `get` reports."""
        super().reset_local()
        self.lcm = numpy.zeros((1, 1))

    def get(self) -> tuple[str, float]:
        """Return name and correlation."""
        return self.name, _table_correlation(self.lcm) if self.num_inst else float("nan")

    def get_global(self) -> tuple[str, float]:
        """Name and correlation since the last `reset`."""
        return self.name, _table_correlation(self.gcm) if self.global_num_inst else float("nan")


def _grown_sum(a: Array, b: Array) -> Array:
    """Sum of two square matrices; the smaller one is padded with zeros."""
    size = max(len(a), len(b))
    total = numpy.zeros((size, size))
    total[: len(a), : len(a)] += a
    total[: len(b), : len(b)] += b
    return total


def _table_correlation(table: Array) -> float:
    n, rows, columns = table.sum(), table.sum(1), table.sum(0)
    cov_rows, cov_columns = (rows * (n - rows)).sum(), (columns * (n - columns)).sum()
    if not cov_rows or not cov_columns:
        return 0.0
    covariance = (table.diagonal() * n).sum() - (rows * columns).sum()
    return float(covariance) / math.sqrt(cov_rows * cov_columns)
