"""What all losses share: weights, the shape of labels, the mean per sample."""

from __future__ import annotations

import warnings
from numbers import Number
from typing import Any

from dlstudio.core.sparse import BaseSparseNDArray
from dlstudio.core.tensor import Tensor
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.graph.symbol import Symbol

__all__ = ["Loss", "alike", "check_arrays", "check_pair", "weighted"]

_ARRAYS = (Tensor, Symbol)
_WEIGHTS = (*_ARRAYS, Number, type(None))


def weighted(F: Any, loss: Any, weight: float | None = None, sample_weight: Any = None) -> Any:
    """Multiply by the weights of samples and by that of the loss."""
    if sample_weight is not None:
        product = F.broadcast_mul(loss, sample_weight)
        flat = isinstance(sample_weight, Tensor) and sample_weight.ndim < loss.ndim
        if flat and product.size > loss.size:
            warnings.warn(
                f"sample_weight of shape {sample_weight.shape} widens losses of shape {loss.shape}"
                f" to {product.shape}: every sample is weighted by all weights."
                " Fix: sample_weight.reshape((-1, 1)), one weight per sample",
                stacklevel=2,
            )
        loss = product
    if weight is not None:
        if not isinstance(weight, Number):
            raise ParamError(f"a loss's parameter weight must be a number. Got {weight!r}.")
        loss = loss * weight
    return loss


def alike(F: Any, label: Any, pred: Any) -> Any:
    """Return `label` in the shape of `pred`."""
    if isinstance(label, Tensor) and label.shape == pred.shape:
        return label
    return F.reshape_like(label, pred)


def check_pair(owner: Loss, pred: Tensor, label: Tensor) -> None:
    """Refuse labels that cannot be compared with predictions element by element.

    Raises
    ------
    DTypeError, ShapeError
        The message says how to convert the labels.
    """
    name = type(owner).__name__
    if label._data.dtype != pred._data.dtype:
        wanted = pred._data.dtype
        raise DTypeError(
            explain(
                f"{name}: label has dtype {label._data.dtype}, prediction {wanted}.",
                "equal dtypes: arrays of different dtypes are not mixed silently.",
                f'label.astype("{wanted}")',
            )
        )
    if label.size != pred.size:
        raise ShapeError(
            explain(
                f"{name}: label {label.shape} has {label.size} elements, prediction {pred.shape}"
                f" has {pred.size}.",
                "one label element per prediction element.",
                "label.reshape(pred.shape), or another loss (SoftmaxCrossEntropyLoss takes class"
                " numbers)",
            )
        )


def check_arrays(owner: Loss, pred: Any, labels: tuple[Any, ...]) -> None:
    """Refuse what is no dense array where a loss of ours needs one.

    Raises
    ------
    DTypeError
        The message says how to make an array of it.
    """
    given = [("prediction", pred), *((f"input {i}", x) for i, x in enumerate(labels, 1))]
    for place, (name, x) in enumerate(given):
        fine = _ARRAYS if place < 2 else _WEIGHTS
        if isinstance(x, fine) and not isinstance(x, BaseSparseNDArray):
            continue
        fix = 'x.tostype("default")' if isinstance(x, BaseSparseNDArray) else "mx.nd.array(x)"
        raise DTypeError(
            explain(
                f"{type(owner).__name__}: {name} is a {type(x).__name__}.",
                "dense arrays.",
                fix if x is not None else f"{type(owner).__name__}()(pred, label)",
            )
        )


class Loss(HybridBlock):
    """Base class of losses.

    Parameters
    ----------
    weight : float or None
        Factor of the loss.
    batch_axis : int
        Axis of the samples.
    prefix, params : see `Block`
    """

    _paired = 0  # how many labels are compared with the prediction element by element

    def __init__(self, weight: float | None, batch_axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._weight = weight
        self._batch_axis = batch_axis

    def forward(self, x: Any, *args: Any) -> Any:
        """Check arrays, then compute the loss; see the class."""
        if not isinstance(x, Symbol) and type(self).__module__.startswith("dlstudio."):
            check_arrays(self, x, args)
        if isinstance(x, Tensor):
            self._check(x, *args)
        return super().forward(x, *args)

    def _check(self, pred: Any, *labels: Any) -> None:
        for label in labels[: self._paired]:
            if isinstance(label, Tensor):
                check_pair(self, pred, label)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def _mean(self, F: Any, loss: Any) -> Any:
        return F.mean(loss, axis=self._batch_axis, exclude=True)
