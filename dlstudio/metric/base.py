"""What all metrics share: sums, counts, names, and the registry."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy

from dlstudio.core.tensor import Tensor
from dlstudio.errors import (
    MXNetError,
    ParamError,
    ShapeError,
    explain,
    knows_its_names,
    taught_class,
)
from dlstudio.registry import Registry

__all__ = ["CompositeEvalMetric", "EvalMetric", "alias", "check_label_shapes", "create", "register"]

Array = numpy.ndarray[Any, Any]
NameValue = list[tuple[str, float]]
C = TypeVar("C", bound=type)


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


def _teaching(update: Callable[..., None]) -> Callable[..., None]:
    """Let ``update`` say what was given and what it expects, instead of what NumPy refused."""

    @functools.wraps(update)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            update(self, *args, **kwargs)
        except MXNetError:
            raise
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            given = [_described(x) for x in (*args, *kwargs.values())]
            raise taught_class(error)(
                explain(
                    f"{type(self).__name__}.update({', '.join(given)}): {error}.",
                    (update.__doc__ or "").splitlines()[0].removeprefix("Add a batch: "),
                    "metric.update(labels, preds), in this order",
                )
            ) from error

    return checked


def _described(x: Any) -> str:
    """Tell shapes and dtypes of arrays and of those in lists."""
    if isinstance(x, (list, tuple)) and len(x) < 5:
        return f"[{', '.join(map(_described, x))}]"
    if isinstance(x, (Tensor, numpy.ndarray)):
        return f"array {x.shape} of {numpy.dtype(x.dtype)}"
    return type(x).__name__


def _chosen(arrays: dict[str, Any], names: list[str] | None) -> list[Any]:
    return list(arrays.values()) if names is None else [arrays[name] for name in names]


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

    def __init_subclass__(cls, teaches: bool = True, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = knows_its_names(cls.__init__)
        if teaches and "update" in vars(cls) and cls.__module__.startswith("dlstudio."):
            cls.update = _teaching(cls.update)

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
        return f"EvalMetric: {dict(self.get_name_value())}"

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
        preds = (
            [pred[n] for n in self.output_names]
            if self.output_names is not None
            else list(pred.values())
        )
        labels = (
            [label[n] for n in self.label_names]
            if self.label_names is not None
            else list(label.values())
        )
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
        mean = total / count if count else float("nan")
        return mean.item() if isinstance(mean, numpy.generic) else mean  # prints as 0.5

    def get(self) -> tuple[Any, Any]:
        """Return name and figure since the last reset; NaN before the first batch."""
        return self.name, self._mean(self.sum_metric, self.num_inst)

    def get_global(self) -> tuple[Any, Any]:
        """Name and figure since the last `reset`, whatever `reset_local` did.

        A metric that only keeps `sum_metric` and `num_inst` up to date has no other figure than
        that of `get`.
        """
        # metrics of older programs write `update` and `reset` without the global figures
        if not self._has_global_stats or not getattr(self, "global_num_inst", 0):
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


def register(klass: C, name: str | None = None) -> C:
    """Make a metric class known by name, for ``metric.create("mymetric")``."""
    return _REGISTRY.register(klass, name)


def alias(*aliases: str) -> Callable[[C], C]:
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
        from dlstudio.metric.custom import CustomMetric

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
class CompositeEvalMetric(EvalMetric, teaches=False):
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
        self.metrics = [self._member(metric) for metric in metrics or ()]
        super().__init__(name, output_names, label_names)

    def add(self, metric: Any) -> None:
        """Append a metric, or one made from a name."""
        self.metrics.append(self._member(metric))

    def _member(self, metric: Any) -> EvalMetric:
        return create(metric)

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
