"""MXNet 2's metrics of labels that stand beside each other, decided by a threshold."""

from __future__ import annotations

from typing import Any

import numpy

from dlstudio.errors import ParamError, explain
from dlstudio.metric.base import Array, EvalMetric, _pairs, check_label_shapes, register

__all__ = ["BinaryAccuracy", "Fbeta"]

_CLASS_TYPES = ("binary", "multiclass", "multilabel")


@register
class BinaryAccuracy(EvalMetric):
    """Share of right yes/no predictions, each on its own.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    threshold : float
        Predictions above count as 1.

    Examples
    --------
    >>> metric = BinaryAccuracy(threshold=0.6)
    >>> metric.update([numpy.array([0, 1, 0])], [numpy.array([0.7, 1.0, 0.55])])
    >>> round(metric.get()[1], 3)
    0.667
    """

    def __init__(
        self,
        name: str = "binary_accuracy",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        threshold: float = 0.5,
    ) -> None:
        self.threshold = threshold
        super().__init__(name, output_names, label_names, threshold=threshold)

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels of 0 and 1, and predictions, of equal size."""
        for label, pred in _pairs(labels, preds):
            truth, chosen = label.ravel() > 0, pred.ravel() > self.threshold
            check_label_shapes(truth, chosen)
            self._add((truth == chosen).sum(), len(truth))


@register
class Fbeta(EvalMetric):
    r"""F score in which recall counts `beta` times as much as precision.

    .. math:: (1 + \beta^2) \frac{precision \cdot recall}{\beta^2 precision + recall}

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    class_type : {"binary", "multiclass", "multilabel"}
        Labels of 0 and 1; class numbers; or a table of 0 and 1, a column per label.
    beta : float > 0
    threshold : float
        Predictions above count as 1, where there are no classes to choose from.
    average : {"micro", "macro"} or None
        Over all samples together; the mean over classes; or a figure per class.

    Examples
    --------
    >>> metric = Fbeta(class_type="multiclass", average="macro")
    >>> metric.update([numpy.array([0, 1])], [numpy.array([[0.9, 0.1], [0.8, 0.2]])])
    >>> round(metric.get()[1], 3)
    0.333
    """

    def __init__(
        self,
        name: str = "fbeta",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        class_type: str = "binary",
        beta: float = 1,
        threshold: float = 0.5,
        average: str | None = "micro",
    ) -> None:
        if class_type not in _CLASS_TYPES or average not in ("micro", "macro", None):
            raise ParamError(
                explain(
                    f"{type(self).__name__}: class_type={class_type!r}, average={average!r}.",
                    f"a class_type of {', '.join(_CLASS_TYPES)} and an average of micro, macro"
                    " or None.",
                )
            )
        self.class_type, self.average = class_type, average
        self.beta, self.threshold = beta, threshold
        options = dict(class_type=class_type, beta=beta, threshold=threshold, average=average)
        super().__init__(name, output_names, label_names, **options)

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self._hits = self._chosen = self._true = numpy.zeros(0)

    reset_local = reset

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch; see `class_type` for its form."""
        for label, pred in _pairs(labels, preds):
            truth, chosen = self._tables(label, pred)
            self._hits = _longer_sum(self._hits, (truth & chosen).sum(0))
            self._chosen = _longer_sum(self._chosen, chosen.sum(0))
            self._true = _longer_sum(self._true, truth.sum(0))
            self.num_inst += len(truth)

    def _tables(self, label: Array, pred: Array) -> tuple[Array, Array]:
        """Truth and choice of shape (B, K), a column per class whose F score counts."""
        if self.class_type == "multilabel":
            check_label_shapes(label, pred, shape=True)
            return label > 0, pred > self.threshold
        truth = label.astype("int64").ravel()
        if self.class_type == "binary" and pred.ndim > 1 and pred.shape[-1] == 2:
            classes = pred.reshape(-1, 2)[:, 1]
        elif pred.ndim > 1 and pred.shape[-1] > 1:
            classes = pred.reshape(-1, pred.shape[-1]).argmax(1)
        else:
            flat = pred.ravel()
            classes = flat.astype("int64") if self.class_type == "multiclass" else flat
        check_label_shapes(truth, classes)
        if self.class_type == "binary":
            return truth[:, None] > 0, classes[:, None] > self.threshold
        numbers = numpy.arange(int(max(truth.max(initial=0), classes.max(initial=0))) + 1)
        return truth[:, None] == numbers, classes[:, None] == numbers

    def get(self) -> tuple[str, Any]:
        """Return name and figure, or figures; 0 for a class without a hit."""
        if not self.num_inst:
            return self.name, float("nan")
        hits, chosen, true = self._hits, self._chosen, self._true
        if self.average == "micro":
            hits, chosen, true = (counts.sum(keepdims=True) for counts in (hits, chosen, true))
        weight = self.beta**2
        figures = (1 + weight) * hits / numpy.maximum(chosen + weight * true, 1e-12)
        return self.name, figures if self.average is None else float(figures.mean())

    get_global = get


def _longer_sum(a: Array, b: Array) -> Array:
    """Sum of two vectors; the shorter one goes on with zeros."""
    total = numpy.zeros(max(len(a), len(b)))
    total[: len(a)] += a
    total[: len(b)] += b
    return total
