"""Means of losses, and metrics from functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.metric.base import (
    Array,
    EvalMetric,
    _host,
    _listed,
    alias,
    check_label_shapes,
    register,
)

__all__ = ["Caffe", "CustomMetric", "Loss", "Torch", "np"]


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
        super().__init__(str(name), output_names, label_names)

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
class CustomMetric(EvalMetric, teaches=False):
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
        own = str(getattr(feval, "__name__", type(feval).__name__))
        default = f"custom({own})" if "<" in own else own
        super().__init__(default if name is None else name, output_names, label_names)
        self._feval = feval
        self._allow_extra_outputs = allow_extra_outputs

    def update(self, labels: Any, preds: Any) -> None:
        """Add a batch."""
        labels, preds = _listed(labels), _listed(preds)
        if not self._allow_extra_outputs:
            check_label_shapes(labels, preds)
        for label, pred in zip(labels, preds, strict=False):
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
