"""Figures from the table of predicted against true classes: precision, recall, the table itself."""

from __future__ import annotations

from typing import Any

import numpy

from dlstudio.errors import ParamError
from dlstudio.metric.base import Array, EvalMetric, _pairs, register

__all__ = ["ConfusionMatrix", "Precision", "Recall"]


def _classes(label: Array, pred: Array) -> tuple[Array, Array]:
    chosen = pred.argmax(1) if pred.shape != label.shape else pred
    return label.astype("int64").ravel(), chosen.astype("int64").ravel()


@register
class ConfusionMatrix(EvalMetric):
    """Counts of every true class (row) predicted as every class (column).

    Parameters
    ----------
    num_classes : int, optional
        Default: as many as have been seen.
    name : str
    output_names, label_names : list of str, optional

    Examples
    --------
    >>> table = ConfusionMatrix()
    >>> table.update([numpy.array([0, 1, 1])], [numpy.array([0, 1, 0])])
    >>> table.get()[1].tolist()
    [[1, 0], [1, 1]]
    """

    def __init__(
        self,
        num_classes: int | None = None,
        name: str = "confusion_matrix",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        self.num_classes = num_classes
        super().__init__(name, output_names, label_names, num_classes=num_classes)

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        size = self.num_classes or 0
        self.table = numpy.zeros((size, size), numpy.int64)

    reset_local = reset

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B,), predictions (B, K) or (B,).

        Raises
        ------
        ParamError
            If a class number is `num_classes` or more.
        """
        for label, pred in _pairs(labels, preds):
            truth, chosen = _classes(label, pred)
            self._grow(int(max(truth.max(initial=-1), chosen.max(initial=-1))) + 1)
            numpy.add.at(self.table, (truth, chosen), 1)
            self.num_inst += len(truth)

    def _grow(self, size: int) -> None:
        have = len(self.table)
        if size <= have:
            return
        if self.num_classes is not None:
            raise ParamError(
                f"{type(self).__name__}: class {size - 1} was seen, num_classes is"
                f" {self.num_classes}."
            )
        table = numpy.zeros((size, size), numpy.int64)
        table[:have, :have] = self.table
        self.table = table

    def get(self) -> tuple[str, Any]:
        """Return name and table."""
        return self.name, self.table

    get_global = get


class _PerClass(ConfusionMatrix):
    """A figure per class, averaged: over classes (macro), over samples (micro), or of class 1."""

    def __init__(
        self,
        average: str = "binary",
        num_classes: int | None = None,
        name: str = "",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        if average not in ("binary", "macro", "micro"):
            raise ParamError(
                f"{type(self).__name__}: parameter average must be binary, macro or micro."
                f" Got {average!r}."
            )
        self.average = average
        super().__init__(num_classes, name, output_names, label_names)
        self._kwargs["average"] = average

    def _totals(self) -> Array:
        """Count what the hits of each class are compared with."""
        raise NotImplementedError

    def get(self) -> tuple[str, Any]:
        """Return name and figure; 0 for a class nothing was counted for."""
        if not self.num_inst:
            return self.name, float("nan")
        hits, totals = self.table.diagonal(), self._totals()
        if self.average == "micro":
            return self.name, float(hits.sum() / max(totals.sum(), 1))
        shares = hits / numpy.maximum(totals, 1)
        if self.average == "macro":
            return self.name, float(shares.mean())
        return self.name, float(shares[1]) if len(shares) > 1 else 0.0

    get_global = get


@register
class Precision(_PerClass):
    """Share of predictions of a class that are right.

    Parameters
    ----------
    average : {"binary", "macro", "micro"}
        Of class 1, the mean over classes, or over all samples.
    num_classes : int, optional
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        average: str = "binary",
        num_classes: int | None = None,
        name: str = "precision",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(average, num_classes, name, output_names, label_names)

    def _totals(self) -> Array:
        return self.table.sum(0)


@register
class Recall(_PerClass):
    """Share of the samples of a class that are found.

    Parameters
    ----------
    average : {"binary", "macro", "micro"}
        Of class 1, the mean over classes, or over all samples.
    num_classes : int, optional
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        average: str = "binary",
        num_classes: int | None = None,
        name: str = "recall",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(average, num_classes, name, output_names, label_names)

    def _totals(self) -> Array:
        return self.table.sum(1)
