"""`gluon.metric`: the metrics of MXNet 2, most of which are those of `mx.metric`.

MXNet 2 orders some parameters differently, and its figures are those of all samples together, where
1.9's are means over batches, in which the last, smaller batch counts as much as the others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy

from dlstudio import metric as _metric
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import lookup_that_teaches
from dlstudio.metric import __all__ as _names
from dlstudio.metric.base import _REGISTRY, EvalMetric, _pairs

__all__ = ["predict_with_threshold", *_names]  # noqa: PLE0604  strings

Names = list[str] | None


class CrossEntropy(_metric.CrossEntropy):
    """Mean negative log probability of the right class (natural logarithm).

    Parameters
    ----------
    eps : float
        Added to probabilities, so that 0 is not infinitely wrong.
    ignore_label : int, optional
        Samples with this label do not count.
    axis : int
        Where the classes lie.
    from_logits : bool
        Predictions are scores, of which softmax is taken first.
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self, eps: float = 1e-12, ignore_label: int | None = None, axis: int = -1,
        from_logits: bool = False, name: str = "cross-entropy", output_names: Names = None,
        label_names: Names = None,
    ) -> None:  # fmt: skip
        options: dict[str, Any] = dict(ignore_label=ignore_label, from_logits=from_logits)
        super().__init__(eps, name, output_names, label_names, **options)
        self.axis = axis

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B, ...), predictions with one axis more."""
        for label, pred in _pairs(labels, preds):
            rows = numpy.moveaxis(pred, self.axis, -1)
            super().update([label.ravel()], [rows.reshape(-1, rows.shape[-1])])


class Perplexity(CrossEntropy):
    """exp of the mean negative log probability of the right class; see `CrossEntropy`."""

    def __init__(
        self, eps: float = 1e-12, ignore_label: int | None = None, axis: int = -1,
        from_logits: bool = False, name: str = "perplexity", output_names: Names = None,
        label_names: Names = None,
    ) -> None:  # fmt: skip
        super().__init__(eps, ignore_label, axis, from_logits, name, output_names, label_names)

    def _mean(self, total: Any, count: int) -> float:
        return math.exp(total / count) if count else float("nan")


class F1(_metric.F1):
    """F1 score: the harmonic mean of precision and recall; see `mx.metric.F1`."""

    def __init__(
        self, name: str = "f1", output_names: Names = None, label_names: Names = None,
        class_type: str = "binary", threshold: float = 0.5, average: str = "micro",
    ) -> None:  # fmt: skip
        options: dict[str, Any] = dict(class_type=class_type, threshold=threshold)
        super().__init__(name, output_names, label_names, average, **options)
        self._classes = _metric.Fbeta(average=average, **options)  # scores are compared by it, too


class MCC(_metric.MCC):
    """Matthews correlation coefficient of all samples together; see `mx.metric.MCC`."""

    def __init__(
        self, name: str = "mcc", output_names: Names = None, label_names: Names = None
    ) -> None:
        super().__init__(name, output_names, label_names, "micro")


class PearsonCorrelation(_metric.PearsonCorrelation):
    """Pearson's correlation of all samples together; see `mx.metric.PearsonCorrelation`."""

    def __init__(
        self, name: str = "pearsonr", output_names: Names = None, label_names: Names = None
    ) -> None:
        super().__init__(name, output_names, label_names, "micro")


class _OfSamples(EvalMetric):
    """Mean over samples of an error that the class below computes of a batch."""

    def _add(self, total: Any, count: int) -> None:
        super()._add(total * self._rows, count * self._rows)

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels and predictions of equal shape."""
        for label, pred in _pairs(labels, preds):
            self._rows = len(label)
            super().update([label], [pred])


class MAE(_OfSamples, _metric.MAE):
    """Mean absolute error of all samples; see `mx.metric.MAE`."""


class MSE(_OfSamples, _metric.MSE):
    """Mean squared error of all samples; see `mx.metric.MSE`."""


class RMSE(MSE):
    """Root of the mean squared error of all samples.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self, name: str = "rmse", output_names: Names = None, label_names: Names = None
    ) -> None:
        super().__init__(name, output_names, label_names)

    def _mean(self, total: Any, count: int) -> float:
        return math.sqrt(total / count) if count else float("nan")


class CompositeEvalMetric(_metric.CompositeEvalMetric):
    """Several metrics over the same batches; see `mx.metric.CompositeEvalMetric`."""

    def _member(self, metric: Any) -> EvalMetric:
        found: EvalMetric = create(metric)
        return found


_NEWER: dict[Any, Any] = {
    getattr(_metric, kind.__name__): kind
    for kind in (CrossEntropy, F1, MAE, MCC, MSE, PearsonCorrelation, Perplexity, RMSE)
}


def create(metric: Any, *args: Any, **kwargs: Any) -> Any:
    """Metric from a name, a function, a list of these, or as given; see `mx.metric.create`.

    Examples
    --------
    >>> create("f1").average
    'micro'
    """
    if isinstance(metric, list):
        return CompositeEvalMetric([create(child, *args, **kwargs) for child in metric])
    kind = _REGISTRY.find(metric) if isinstance(metric, str) else None
    if kind in _NEWER:
        return _NEWER[kind](*args, **kwargs)
    return _metric.create(metric, *args, **kwargs)


def predict_with_threshold(pred: Any, threshold: Any = 0.5) -> Any:
    """Turn probabilities into 0 and 1.

    Parameters
    ----------
    pred : array, shape (B, ...)
    threshold : float, or array with one for each class
        Probabilities above it become 1.
    """
    return pred > threshold


__getattr__ = held_elsewhere(
    __name__, {}, "metric", otherwise=lookup_that_teaches("mx.gluon.metric", dict(vars(_metric)))
)
