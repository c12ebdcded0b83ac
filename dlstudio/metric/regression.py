"""Metrics of numbers: errors and correlation."""

from __future__ import annotations

import math
from typing import Any

import numpy

from dlstudio.errors import ShapeError
from dlstudio.metric.base import Array, EvalMetric, _pairs, alias, check_label_shapes, register

__all__ = [
    "MAE", "MSE", "RMSE", "MeanCosineSimilarity", "MeanPairwiseDistance", "PearsonCorrelation",
]  # fmt: skip


class _Deviation(EvalMetric):
    """Mean over batches of an error between arrays of equal shape."""

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels and predictions of equal shape; vectors count as columns."""
        for label, pred in _pairs(labels, preds):
            truth, guess = (x.reshape(-1, 1) if x.ndim == 1 else x for x in (label, pred))
            try:
                difference = truth - guess
            except ValueError:
                raise ShapeError(
                    f"{self.name}: operands could not be broadcast together with shapes"
                    f" {truth.shape} {guess.shape}"
                ) from None
            self._add(self.error(difference), 1)

    def error(self, difference: Array) -> Any:
        """Reduce one batch."""
        raise NotImplementedError


@register
class MAE(_Deviation):
    """Mean absolute error, averaged over batches.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        name: str = "mae",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names)

    def error(self, difference: Array) -> Any:
        """Mean of absolute values."""
        return abs(difference).mean()


@register
class MSE(_Deviation):
    """Mean squared error, averaged over batches.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        name: str = "mse",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names)

    def error(self, difference: Array) -> Any:
        """Mean of squares."""
        return (difference**2.0).mean()


@register
class RMSE(_Deviation):
    """Root mean squared error of each batch, averaged over batches.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        name: str = "rmse",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names)

    def error(self, difference: Array) -> Any:
        """Root of the mean of squares."""
        return numpy.sqrt((difference**2.0).mean())


@register
@alias("pearsonr")
class PearsonCorrelation(EvalMetric):
    """Pearson's correlation of labels and predictions.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    average : {"macro", "micro"}
        Mean of the correlations of all batches, or the correlation of all samples together.
    """

    def __init__(
        self,
        name: str = "pearsonr",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        average: str = "macro",
    ) -> None:
        self.average = average
        super().__init__(name, output_names, label_names)

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self._moments = numpy.zeros(6)

    def reset_local(self) -> None:
        """Forget what `get` reports."""
        super().reset_local()
        self._moments = numpy.zeros(6)

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels and predictions of equal shape."""
        for label, pred in _pairs(labels, preds):
            check_label_shapes(label, pred, shape=True)
            x, y = pred.ravel().astype("float64"), label.ravel().astype("float64")
            if self.average == "macro":
                self._add(numpy.corrcoef(x, y)[0, 1], 1)
            else:
                self._moments += [x.size, x.sum(), y.sum(), x @ x, y @ y, x @ y]
                self.num_inst += 1
                self.global_num_inst += 1

    def get(self) -> tuple[str, Any]:
        """Return name and correlation since the last reset."""
        if self.average == "macro" or not self.num_inst:
            return super().get()
        n, sx, sy, xx, yy, xy = map(float, self._moments)
        return self.name, (n * xy - sx * sy) / math.sqrt((n * xx - sx * sx) * (n * yy - sy * sy))


class _Rows(EvalMetric):
    """Mean over samples of a figure between two rows."""

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels and predictions of one shape (B, ..., D)."""
        for label, pred in _pairs(labels, preds):
            check_label_shapes(label, pred, shape=True)
            figures = self.figure(label.astype("float64"), pred.astype("float64"))
            self._add(figures.sum(), figures.size)

    def figure(self, label: Array, pred: Array) -> Array:
        """Reduce the last axis."""
        raise NotImplementedError


@register
class MeanPairwiseDistance(_Rows):
    """Mean distance of predictions from labels.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    p : float
        Order of the norm; 2 is Euclid's.
    """

    def __init__(
        self,
        name: str = "mpd",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        p: float = 2,
    ) -> None:
        self.p = p
        super().__init__(name, output_names, label_names, p=p)

    def figure(self, label: Array, pred: Array) -> Array:
        """Norm of the difference."""
        return numpy.linalg.norm(label - pred, self.p, axis=-1)


@register
class MeanCosineSimilarity(_Rows):
    """Mean cosine of the angle between predictions and labels.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    eps : float
        Lower bound of the product of lengths.
    """

    def __init__(
        self,
        name: str = "cos_sim",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        eps: float = 1e-8,
    ) -> None:
        self.eps = eps
        super().__init__(name, output_names, label_names, eps=eps)

    def figure(self, label: Array, pred: Array) -> Array:
        """Scalar product over the product of lengths."""
        lengths = numpy.linalg.norm(label, axis=-1) * numpy.linalg.norm(pred, axis=-1)
        return (label * pred).sum(-1) / numpy.maximum(lengths, self.eps)
