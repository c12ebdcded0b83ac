"""Metrics: running figures over the batches of an epoch.

``metric.update(labels, preds)`` takes lists of arrays (one per output of the network) and adds a
batch; ``metric.get()`` answers the figure since the last ``reset()``. Everything is computed with
NumPy, so that measuring never disturbs the tape or the device.
"""

from __future__ import annotations

import builtins
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy

from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.registry import Registry

__all__ = [
    "MAE", "MCC", "MSE", "PCC", "RMSE", "Accuracy", "Caffe", "CompositeEvalMetric", "CrossEntropy",
    "CustomMetric", "EvalMetric", "F1", "Loss", "NegativeLogLikelihood", "PearsonCorrelation",
    "Perplexity", "TopKAccuracy", "Torch", "alias", "check_label_shapes", "create", "np", "register",
]  # fmt: skip

Array = numpy.ndarray[Any, Any]
NameValue = list[tuple[str, float]]


def _host(x: Any) -> Array:
    return x.asnumpy() if isinstance(x, Tensor) else numpy.asarray(x)


def _listed(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


def check_label_shapes(
    labels: Any, preds: Any, wrap: bool = False, shape: bool = False
) -> tuple[Any, Any]:
    """Refuse labels and predictions that do not belong together.

    Parameters
    ----------
    labels, preds : list of arrays, or arrays
    wrap : bool
        Put single arrays into lists.
    shape : bool
        Compare shapes instead of lengths.

    Returns
    -------
    labels, preds

    Raises
    ------
    ShapeError
        If they differ.
    """
    given, got = (labels.shape, preds.shape) if shape else (len(labels), len(preds))
    if given != got:
        raise ShapeError(
            explain(
                f"Shape of labels {given} does not match shape of predictions {got}.",
                "one label per prediction.",
                "metric.update(labels, preds), in this order",
            )
        )
    if wrap:
        return _listed(labels), _listed(preds)
    return labels, preds


def _pairs(labels: Any, preds: Any) -> Iterator[tuple[Array, Array]]:
    labels, preds = _listed(labels), _listed(preds)
    check_label_shapes(labels, preds)
    for label, pred in zip(labels, preds, strict=True):
        yield _host(label), _host(pred)


class EvalMetric:
    """Base class: a sum of figures and a count.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
        Which outputs and labels `update_dict` picks.
    **kwargs
        What `get_config` reports.
    """

    def __init__(
        self,
        name: str,
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = str(name)
        self.output_names = output_names
        self.label_names = label_names
        self._has_global_stats = kwargs.pop("has_global_stats", True)
        self._kwargs = kwargs
        self.reset()

    def __str__(self) -> str:
        return f"EvalMetric: {({n: v for n, v in self.get_name_value()})}"

    def get_config(self) -> dict[str, Any]:
        """Class name and arguments, from which `create` can make the metric again."""
        return {
            **self._kwargs,
            "metric": type(self).__name__,
            "name": self.name,
            "output_names": self.output_names,
            "label_names": self.label_names,
        }

    def update_dict(self, label: dict[str, Any], pred: dict[str, Any]) -> None:
        """Add a batch given by name; `output_names` and `label_names` choose and order."""
        preds = [pred[n] for n in self.output_names] if self.output_names is not None else list(pred.values())
        labels = [label[n] for n in self.label_names] if self.label_names is not None else list(label.values())
        self.update(labels, preds)

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch.

        Parameters
        ----------
        labels, preds : list of NDArray, or NDArray
            One per output of the network.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update(labels, preds).")

    def reset(self) -> None:
        """Forget everything."""
        self.num_inst = 0
        self.sum_metric: Any = 0.0
        self.global_num_inst = 0
        self.global_sum_metric: Any = 0.0

    def reset_local(self) -> None:
        """Forget what `get` reports; `get_global` goes on."""
        self.num_inst = 0
        self.sum_metric = 0.0

    def _add(self, total: Any, count: int) -> None:
        self.sum_metric += total
        self.num_inst += count
        self.global_sum_metric += total
        self.global_num_inst += count

    def _mean(self, total: Any, count: int) -> Any:
        return total / count if count else float("nan")

    def get(self) -> tuple[Any, Any]:
        """Return name and figure since the last reset; NaN before the first batch."""
        return self.name, self._mean(self.sum_metric, self.num_inst)

    def get_global(self) -> tuple[Any, Any]:
        """Name and figure since the last `reset`, whatever `reset_local` did."""
        if not self._has_global_stats:
            return self.get()
        return self.name, self._mean(self.global_sum_metric, self.global_num_inst)

    def get_name_value(self) -> NameValue:
        """`get` as a list of pairs."""
        return _as_pairs(self.get())

    def get_global_name_value(self) -> NameValue:
        """`get_global` as a list of pairs."""
        return _as_pairs(self.get_global())


def _as_pairs(got: tuple[Any, Any]) -> NameValue:
    name, value = got
    return list(zip(_listed(name), _listed(value), strict=True))


_REGISTRY = Registry("metric", EvalMetric)


def register(klass: type, name: str | None = None) -> type:
    """Make a metric class known by name, for ``metric.create("mymetric")``."""
    return _REGISTRY.register(klass, name)


def alias(*aliases: str) -> Callable[[type], type]:
    """Give a metric class further names."""
    return _REGISTRY.alias(*aliases)


def create(metric: Any, *args: Any, **kwargs: Any) -> EvalMetric:
    """Metric from a name, a function ``(label, pred) -> figure``, a list of these, or as given.

    Raises
    ------
    ParamError
        If the name is unknown.

    Examples
    --------
    >>> create(["acc", "ce"]).get()[0]
    ['accuracy', 'cross-entropy']
    """
    if callable(metric):
        return CustomMetric(metric, *args, **kwargs)
    if isinstance(metric, list):
        composite = CompositeEvalMetric()
        for child in metric:
            composite.add(create(child, *args, **kwargs))
        return composite
    if isinstance(metric, dict):
        config = {k: v for k, v in metric.items() if k != "metric"}
        return _REGISTRY.create(metric["metric"], *args, **config, **kwargs)
    return _REGISTRY.create(metric, *args, **kwargs)


@register
@alias("composite")
class CompositeEvalMetric(EvalMetric):
    """Several metrics over the same batches.

    Parameters
    ----------
    metrics : list of EvalMetric or names, optional
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        metrics: Sequence[Any] | None = None,
        name: str = "composite",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        self.metrics = [create(metric) for metric in metrics or ()]
        super().__init__(name, output_names, label_names)

    def add(self, metric: Any) -> None:
        """Append a metric, or one made from a name."""
        self.metrics.append(create(metric))

    def get_metric(self, index: int) -> EvalMetric:
        """Metric number `index`.

        Raises
        ------
        ParamError
            If there are fewer.
        """
        if not 0 <= index < len(self.metrics):
            raise ParamError(
                f"get_metric: parameter index must be below {len(self.metrics)}. Got {index}."
            )
        return self.metrics[index]

    def update_dict(self, labels: dict[str, Any], preds: dict[str, Any]) -> None:  # type: ignore[override]
        """Add a batch given by name to every metric."""
        if self.label_names is not None:
            labels = OrderedDict((n, v) for n, v in labels.items() if n in self.label_names)
        if self.output_names is not None:
            preds = OrderedDict((n, v) for n, v in preds.items() if n in self.output_names)
        for metric in self.metrics:
            metric.update_dict(labels, preds)

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch to every metric."""
        for metric in self.metrics:
            metric.update(labels, preds)

    def reset(self) -> None:
        """Forget everything."""
        for metric in self.metrics:
            metric.reset()

    def reset_local(self) -> None:
        """Forget what `get` reports."""
        for metric in self.metrics:
            metric.reset_local()

    def get(self) -> tuple[list[str], list[float]]:
        """All names and all figures."""
        return self._gather([m.get() for m in self.metrics])

    def get_global(self) -> tuple[list[str], list[float]]:
        """All names and all global figures."""
        return self._gather([m.get_global() for m in self.metrics])

    @staticmethod
    def _gather(results: list[tuple[Any, Any]]) -> tuple[list[str], list[float]]:
        names = [n for name, _ in results for n in _listed(name)]
        return names, [v for _, value in results for v in _listed(value)]

    def get_config(self) -> dict[str, Any]:
        """Class name, arguments and the configurations of all metrics."""
        return {**super().get_config(), "metrics": [m.get_config() for m in self.metrics]}


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
    np.float64(0.5)
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
                f"TopKAccuracy: parameter top_k must be > 1; metric.Accuracy() is top 1. Got {top_k}."
            )
        super().__init__(f"{name}_{top_k}", output_names, label_names, top_k=top_k)
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
        chosen, truth = pred.argmax(1) if pred.ndim > 1 else pred, label.astype("int64").ravel()
        check_label_shapes(truth, chosen)
        if len(numpy.unique(truth)) > 2 or (pred.ndim > 1 and pred.shape[1] > 2):
            raise ParamError(
                explain(
                    f"F1 and MCC count two classes. Got labels {numpy.unique(truth)[:5]} and"
                    f" predictions of shape {pred.shape}.",
                    "labels 0 and 1.",
                    "metric.PCC() for several classes",
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
    """

    figure = "f1"

    def __init__(
        self,
        name: str = "f1",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
        average: str = "macro",
    ) -> None:
        super().__init__(name, output_names, label_names, average)


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
    return ((table.diagonal() * n).sum() - (rows * columns).sum()) / math.sqrt(cov_rows * cov_columns)


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
    """

    def __init__(
        self,
        ignore_label: int | None,
        axis: int = -1,
        name: str = "perplexity",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names, ignore_label=ignore_label)
        self.ignore_label = ignore_label
        self.axis = axis

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B, ...), probabilities (B, ..., K)."""
        total, count = 0.0, 0
        for label, pred in _pairs(labels, preds):
            if label.size != pred.size // pred.shape[-1]:
                raise ShapeError(f"shape mismatch: {label.shape} vs. {pred.shape}")
            truth = label.astype("int64").ravel()
            chosen = pred.reshape(-1, pred.shape[-1])[numpy.arange(truth.size), truth]
            if self.ignore_label is not None:
                kept = truth != self.ignore_label
                chosen = chosen[kept]
            total -= numpy.log(numpy.maximum(1e-10, chosen)).sum(dtype="float64")
            count += chosen.size
        self._add(total, count)

    def _mean(self, total: Any, count: int) -> float:
        return math.exp(total / count) if count else float("nan")


class _Error(EvalMetric):
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
class MAE(_Error):
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
class MSE(_Error):
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
class RMSE(_Error):
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


class _LogProbability(EvalMetric):
    """Mean negative log probability of the right class."""

    eps = 1e-12

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch: labels (B,), probabilities (B, K)."""
        for label, pred in _pairs(labels, preds):
            truth = label.ravel().astype("int64")
            if len(truth) != len(pred):
                raise ShapeError(
                    f"{self.name}: {len(truth)} labels do not match {len(pred)} predictions."
                )
            chosen = pred[numpy.arange(len(truth)), truth].astype("float64")
            self._add((-numpy.log(chosen + self.eps)).sum(), len(truth))


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
    """

    def __init__(
        self,
        eps: float = 1e-12,
        name: str = "cross-entropy",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names, eps=eps)
        self.eps = eps


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
        n, sx, sy, xx, yy, xy = self._moments
        return self.name, (n * xy - sx * sy) / numpy.sqrt((n * xx - sx * sx) * (n * yy - sy * sy))


@register
class Loss(EvalMetric):
    """Mean of loss values.

    Parameters
    ----------
    name : str
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        name: str = "loss",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names)

    def update(self, _: Any, preds: Any) -> None:  # type: ignore[override]
        """Add the values of a batch; labels are not looked at."""
        for pred in _listed(preds):
            values = _host(pred)
            self._add(values.sum(dtype="float64"), values.size)


@register
class Torch(Loss):
    """`Loss` under MXNet's old name for Torch criterions."""

    def __init__(
        self,
        name: str = "torch",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names)


@register
class Caffe(Loss):
    """`Loss` under MXNet's old name for Caffe losses."""

    def __init__(
        self,
        name: str = "caffe",
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        super().__init__(name, output_names, label_names)


@register
@alias("custom")
class CustomMetric(EvalMetric):
    """A metric from a function of two NumPy arrays.

    Parameters
    ----------
    feval : callable ``(label, pred) -> float`` or ``-> (sum, count)``
    name : str, optional
        Default: the function's name.
    allow_extra_outputs : bool
        Allow more predictions than labels.
    output_names, label_names : list of str, optional
    """

    def __init__(
        self,
        feval: Callable[[Array, Array], Any],
        name: str | None = None,
        allow_extra_outputs: bool = False,
        output_names: list[str] | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        if name is None:
            own = getattr(feval, "__name__", type(feval).__name__)
            name = f"custom({own})" if "<" in own else own
        super().__init__(name, output_names, label_names)
        self._feval = feval
        self._allow_extra_outputs = allow_extra_outputs

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch."""
        labels, preds = _listed(labels), _listed(preds)
        if not self._allow_extra_outputs:
            check_label_shapes(labels, preds)
        for label, pred in builtins.zip(labels, preds, strict=False):
            result = self._feval(_host(label), _host(pred))
            self._add(*(result if isinstance(result, tuple) else (result, 1)))

    def get_config(self) -> dict[str, Any]:
        """Refuse: a function cannot be written down."""
        raise NotImplementedError("CustomMetric cannot be serialized: it holds a function.")


def np(
    numpy_feval: Callable[[Array, Array], Any],
    name: str | None = None,
    allow_extra_outputs: bool = False,
) -> CustomMetric:
    """Make a `CustomMetric` of a NumPy function ``(label, pred) -> figure``."""

    def feval(label: Array, pred: Array) -> Any:
        return numpy_feval(label, pred)

    feval.__name__ = numpy_feval.__name__
    return CustomMetric(feval, name, allow_extra_outputs)
