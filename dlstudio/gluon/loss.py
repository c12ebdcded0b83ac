"""Losses: one number per sample (the mean over all other axes), for ``backward`` to start from.

All losses take `sample_weight`, an array that broadcasts to the element-wise loss.
"""

from __future__ import annotations

from math import pi
from numbers import Number
from typing import Any

import numpy as np

from dlstudio.core.tensor import Tensor
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.gluon.hybrid import HybridBlock

__all__ = [
    "CTCLoss", "CosineEmbeddingLoss", "HingeLoss", "HuberLoss", "KLDivLoss", "L1Loss", "L2Loss",
    "LogisticLoss", "Loss", "PoissonNLLLoss", "SDMLLoss", "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss", "SoftmaxCELoss", "SoftmaxCrossEntropyLoss", "SquaredHingeLoss",
    "TripletLoss",
]  # fmt: skip


def _weighted(F: Any, loss: Any, weight: float | None, sample_weight: Any) -> Any:
    if sample_weight is not None:
        loss = F.broadcast_mul(loss, sample_weight)
    if weight is not None:
        if not isinstance(weight, Number):
            raise ParamError(f"a loss's parameter weight must be a number. Got {weight!r}.")
        loss = loss * weight
    return loss


def _alike(owner: Loss, F: Any, label: Any, pred: Any) -> Any:
    """Return `label` in the shape of `pred`; teach where the two cannot be compared."""
    if isinstance(label, Tensor) and isinstance(pred, Tensor):
        _check_dtypes(owner, label, pred)
        if label.size != pred.size:
            raise ShapeError(
                explain(
                    f"{type(owner).__name__}: label {label.shape} has {label.size} elements,"
                    f" prediction {pred.shape} has {pred.size}.",
                    "one label element per prediction element.",
                    "label.reshape(pred.shape), or another loss (SoftmaxCrossEntropyLoss takes"
                    " class numbers)",
                )
            )
        if label.shape == pred.shape:
            return label
    return F.reshape_like(label, pred)


def _check_dtypes(owner: Loss, label: Tensor, pred: Tensor) -> None:
    if label._data.dtype != pred._data.dtype:
        wanted = pred._data.dtype
        raise DTypeError(
            explain(
                f"{type(owner).__name__}: label has dtype {label._data.dtype}, prediction {wanted}.",
                "equal dtypes: arrays of different dtypes are not mixed silently.",
                f'label.astype("{wanted}")',
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

    def __init__(self, weight: float | None, batch_axis: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._weight = weight
        self._batch_axis = batch_axis

    def __repr__(self) -> str:
        return f"{type(self).__name__}(batch_axis={self._batch_axis}, w={self._weight})"

    def _mean(self, F: Any, loss: Any) -> Any:
        return F.mean(loss, axis=self._batch_axis, exclude=True)


class L2Loss(Loss):
    r"""Half the squared error, :math:`\frac12 (label - pred)^2`, averaged per sample.

    Parameters
    ----------
    weight : float
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred` and `label` of one size, `sample_weight` that broadcasts. Output: (B,).
    """

    def __init__(self, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = _alike(self, F, label, pred)
        half = None if self._weight is None else self._weight / 2
        return self._mean(F, _weighted(F, F.square(label - pred), half, sample_weight))


class L1Loss(Loss):
    r"""Absolute error, :math:`|label - pred|`, averaged per sample.

    Parameters
    ----------
    weight : float, optional
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred` and `label` of one size, `sample_weight` that broadcasts. Output: (B,).
    """

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = _alike(self, F, label, pred)
        return self._mean(F, _weighted(F, F.abs(label - pred), self._weight, sample_weight))


class SigmoidBinaryCrossEntropyLoss(Loss):
    r"""Cross-entropy of independent yes/no labels.

    .. math:: -\log(p)\, label - \log(1 - p)(1 - label),\quad p = sigmoid(pred)

    computed from `pred` without overflow.

    Parameters
    ----------
    from_sigmoid : bool
        `pred` holds probabilities already.
    weight : float, optional
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred` and `label` (0 to 1) of one size, `sample_weight` and `pos_weight` (factor of
    positive labels) that broadcast. Output: (B,).
    """

    def __init__(
        self,
        from_sigmoid: bool = False,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_sigmoid = from_sigmoid

    def hybrid_forward(
        self, F: Any, pred: Any, label: Any, sample_weight: Any = None, pos_weight: Any = None
    ) -> Any:
        """See the class."""
        label = _alike(self, F, label, pred)
        rule = self._from_probabilities if self._from_sigmoid else self._from_scores
        loss = rule(F, pred, label, pos_weight)
        return self._mean(F, _weighted(F, loss, self._weight, sample_weight))

    @staticmethod
    def _from_scores(F: Any, pred: Any, label: Any, pos_weight: Any) -> Any:
        log_exp = F.Activation(
            -F.abs(pred), act_type="softrelu"
        )  # log(1 + exp(-|x|)) cannot overflow
        if pos_weight is None:
            return F.relu(pred) - pred * label + log_exp
        factor = 1 + F.broadcast_mul(pos_weight - 1, label)
        return pred - pred * label + factor * (log_exp + F.relu(-pred))

    @staticmethod
    def _from_probabilities(F: Any, pred: Any, label: Any, pos_weight: Any) -> Any:
        eps = 1e-12
        positive = F.log(pred + eps) * label
        if pos_weight is not None:
            positive = F.broadcast_mul(positive, pos_weight)
        return -(positive + F.log(1.0 - pred + eps) * (1.0 - label))


SigmoidBCELoss = SigmoidBinaryCrossEntropyLoss


class SoftmaxCrossEntropyLoss(Loss):
    r"""Cross-entropy of one class among many, from scores.

    .. math:: -\log softmax(pred)_{label}

    Parameters
    ----------
    axis : int
        Axis of the classes.
    sparse_label : bool
        Labels are class numbers; with False they are probabilities of the shape of `pred`.
    from_logits : bool
        `pred` holds log probabilities already.
    weight : float, optional
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred` (B, K, ...), `label` without the class axis (or with it if not sparse),
    `sample_weight` that broadcasts to the label. Output: (B,).

    Examples
    --------
    >>> import dlstudio as mx
    >>> loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
    >>> loss(mx.nd.array([[0.0, 100.0]]), mx.nd.array([1])).asscalar()
    np.float32(0.0)
    """

    def __init__(
        self,
        axis: int = -1,
        sparse_label: bool = True,
        from_logits: bool = False,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._axis = axis
        self._sparse_label = sparse_label
        self._from_logits = from_logits

    def forward(self, x: Any, *args: Any) -> Any:
        """Check the label, then see the class."""
        if args and isinstance(x, Tensor) and isinstance(args[0], Tensor):
            _check_classes(x, args[0], self._axis, sparse=self._sparse_label)
        return super().forward(x, *args)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=self._axis)
        if self._sparse_label:
            loss = -F.pick(pred, label, axis=self._axis, keepdims=True)
        else:
            label = _alike(self, F, label, pred)
            loss = -F.sum(pred * label, axis=self._axis, keepdims=True)
        return self._mean(F, _weighted(F, loss, self._weight, sample_weight))


SoftmaxCELoss = SoftmaxCrossEntropyLoss


def _check_classes(pred: Tensor, label: Tensor, axis: int, *, sparse: bool) -> None:
    """Catch one-hot labels given as class numbers, and labels that are no numbers of classes."""
    scores, truth = pred._data, label._data
    if scores.dtype.kind != "f":
        raise DTypeError(
            explain(
                f"SoftmaxCrossEntropyLoss: predictions have dtype {scores.dtype}.",
                "floating-point scores, one per class.",
                "loss(net(x), label): predictions first, labels second",
            )
        )
    if not sparse:
        return
    if truth.shape == scores.shape and scores.ndim > 1 and scores.shape[axis] > 1:
        raise ShapeError(
            explain(
                f"SoftmaxCrossEntropyLoss: label {truth.shape} has the shape of the predictions.",
                f"class numbers of shape {scores.shape[:axis] if axis == -1 else 'without axis'}"
                " (sparse_label=True).",
                "SoftmaxCrossEntropyLoss(sparse_label=False) for one-hot labels or probabilities,"
                " or label.argmax(axis=-1)",
            )
        )
    if truth.dtype.kind not in "iuf":
        raise DTypeError(
            explain(
                f"SoftmaxCrossEntropyLoss: label has dtype {truth.dtype}.",
                "class numbers 0, 1, 2, … as integers or floats.",
                'label.astype("int32")',
            )
        )


class KLDivLoss(Loss):
    r"""Kullback–Leibler divergence, :math:`label (\log label - pred)`, summed per sample.

    Parameters
    ----------
    from_logits : bool
        `pred` holds log probabilities; with False scores, of which log-softmax is taken.
    axis : int
        Axis of the classes.
    weight : float, optional
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred` and `label` (probabilities) of one shape. Output: (B,).
    """

    def __init__(
        self,
        from_logits: bool = True,
        axis: int = -1,
        weight: float | None = None,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._axis = axis

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=self._axis)
        loss = _weighted(F, label * (F.log(label + 1e-12) - pred), self._weight, sample_weight)
        return F.sum(loss, axis=self._batch_axis, exclude=True)


class CTCLoss(Loss):
    """Connectionist temporal classification: label sequences without alignment.

    The last class is the blank.

    Parameters
    ----------
    layout : {"NTC", "TNC"}
        Of predictions: batch, time, classes.
    label_layout : {"NT", "TN"}
    weight : float, optional
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred`, `label` padded with -1, optional `pred_lengths` and `label_lengths` (B,).
    Output: (B,).

    References
    ----------
    Graves et al., "Connectionist Temporal Classification", ICML 2006.
    """

    def __init__(
        self,
        layout: str = "NTC",
        label_layout: str = "NT",
        weight: float | None = None,
        **kwargs: Any,
    ) -> None:
        for name, value, allowed in (
            ("layout", layout, ("NTC", "TNC")),
            ("label_layout", label_layout, ("NT", "TN")),
        ):
            if value not in allowed:
                raise ParamError(
                    f"CTCLoss: parameter {name} must be {' or '.join(allowed)}. Got {value!r}."
                )
        self._layout = layout
        self._label_layout = label_layout
        super().__init__(weight, label_layout.find("N"), **kwargs)

    def hybrid_forward(
        self,
        F: Any,
        pred: Any,
        label: Any,
        pred_lengths: Any = None,
        label_lengths: Any = None,
        sample_weight: Any = None,
    ) -> Any:
        """See the class."""
        if self._layout == "NTC":
            pred = F.swapaxes(pred, dim1=0, dim2=1)
        if self._batch_axis == 1:
            label = F.swapaxes(label, dim1=0, dim2=1)
        loss = F.CTCLoss(
            pred, label, pred_lengths, label_lengths, use_data_lengths=pred_lengths is not None,
            use_label_lengths=label_lengths is not None, blank_label="last",
        )  # fmt: skip
        return _weighted(F, loss, self._weight, sample_weight)


class HuberLoss(Loss):
    r"""Squared error for small deviations, absolute error for large ones.

    .. math:: \frac{1}{2 \rho} d^2 \text{ if } |d| < \rho \text{ else } |d| - \frac{\rho}{2}

    Parameters
    ----------
    rho : float
        Where the one becomes the other.
    weight : float, optional
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred` and `label` of one size. Output: (B,).
    """

    def __init__(
        self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._rho = rho

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = _alike(self, F, label, pred)
        loss = F.abs(label - pred)
        loss = F.where(loss > self._rho, loss - 0.5 * self._rho, (0.5 / self._rho) * F.square(loss))
        return self._mean(F, _weighted(F, loss, self._weight, sample_weight))


class HingeLoss(Loss):
    r"""Hinge loss of support-vector machines, :math:`\max(0, margin - pred \cdot label)`.

    Parameters
    ----------
    margin : float
    weight : float, optional
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred`, and `label` of -1 and 1, of one size. Output: (B,).
    """

    def __init__(
        self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = _alike(self, F, label, pred)
        loss = F.relu(self._margin - pred * label)
        return self._mean(F, _weighted(F, loss, self._weight, sample_weight))


class SquaredHingeLoss(HingeLoss):
    r"""Square of the hinge loss, :math:`\max(0, margin - pred \cdot label)^2`.

    Parameters
    ----------
    margin : float
    weight : float, optional
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred`, and `label` of -1 and 1, of one size. Output: (B,).
    """

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = _alike(self, F, label, pred)
        loss = F.square(F.relu(self._margin - pred * label))
        return self._mean(F, _weighted(F, loss, self._weight, sample_weight))


class LogisticLoss(Loss):
    r"""Logistic loss, :math:`\log(1 + \exp(-pred \cdot label))`.

    Parameters
    ----------
    weight : float, optional
    batch_axis : int
    label_format : {"signed", "binary"}
        Labels are -1 and 1, or 0 and 1.
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred` and `label` of one size. Output: (B,).
    """

    def __init__(
        self,
        weight: float | None = None,
        batch_axis: int = 0,
        label_format: str = "signed",
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        if label_format not in ("signed", "binary"):
            raise ParamError(
                f"LogisticLoss: label_format can only be signed or binary. Got {label_format!r}."
            )
        self._label_format = label_format

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = _alike(self, F, label, pred)
        if self._label_format == "signed":
            label = (label + 1.0) / 2.0
        # log(1 + exp(-|x|)) cannot overflow
        loss = F.relu(pred) - pred * label + F.Activation(-F.abs(pred), act_type="softrelu")
        return self._mean(F, _weighted(F, loss, self._weight, sample_weight))


class TripletLoss(Loss):
    r"""Distance to a positive sample should be smaller than to a negative one.

    .. math:: \max(0, \|pred - positive\|^2 - \|pred - negative\|^2 + margin)

    Parameters
    ----------
    margin : float
    weight : float, optional
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred`, `positive`, `negative` of one size. Output: (B,).
    """

    def __init__(
        self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(
        self, F: Any, pred: Any, positive: Any, negative: Any, sample_weight: Any = None
    ) -> Any:
        """See the class."""
        positive = _alike(self, F, positive, pred)
        negative = _alike(self, F, negative, pred)
        gap = F.sum(
            F.square(positive - pred) - F.square(negative - pred),
            axis=self._batch_axis,
            exclude=True,
        )
        return _weighted(F, F.relu(gap + self._margin), self._weight, sample_weight)


class PoissonNLLLoss(Loss):
    r"""Negative log likelihood of Poisson-distributed counts, averaged over everything.

    .. math:: \exp(pred) - target \cdot pred + \log(target!)

    where the last term is left out, or approximated by Stirling's formula.

    Parameters
    ----------
    weight : float, optional
    from_logits : bool
        `pred` is the logarithm of the rate; with False the rate.
    batch_axis : int
    compute_full : bool
        Add Stirling's approximation for targets above 1.
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `pred` and `target` of one size. Output: (1,).
    """

    def __init__(
        self,
        weight: float | None = None,
        from_logits: bool = True,
        batch_axis: int = 0,
        compute_full: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._from_logits = from_logits
        self._compute_full = compute_full

    def hybrid_forward(
        self, F: Any, pred: Any, target: Any, sample_weight: Any = None, epsilon: float = 1e-08
    ) -> Any:
        """See the class."""
        target = _alike(self, F, target, pred)
        if self._from_logits:
            loss = F.exp(pred) - target * pred
        else:
            loss = pred - target * F.log(pred + epsilon)
        if self._compute_full:
            large = F.maximum(target, 1)  # the logarithm of 0 is undefined, even where unused
            stirling = large * F.log(large) - large + 0.5 * F.log(2 * large * pi)
            loss = loss + F.where(target > 1, stirling, F.zeros_like(stirling))
        return F.mean(_weighted(F, loss, self._weight, sample_weight))


class CosineEmbeddingLoss(Loss):
    r"""Angle between two vectors: small for label 1, large for label -1.

    .. math:: 1 - \cos \text{ if } label = 1 \text{ else } \max(0, \cos - margin)

    Parameters
    ----------
    weight : float, optional
    batch_axis : int
    margin : float between -1 and 1
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `input1` and `input2` (B, D), `label` (B,) of -1 and 1. Output: (B, 1).
    """

    def __init__(
        self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(
        self, F: Any, input1: Any, input2: Any, label: Any, sample_weight: Any = None
    ) -> Any:
        """See the class."""
        input1 = _alike(self, F, input1, input2)
        cosine = self._cosine(F, input1, input2)
        label = F.reshape(label, (-1, 1))
        near = 1 - cosine
        far = F.relu(cosine - self._margin)
        loss = near * (label == 1) + far * (label == -1)
        return _weighted(F, loss, self._weight, sample_weight)

    @staticmethod
    def _cosine(F: Any, x: Any, y: Any) -> Any:
        x_norm = F.reshape(F.norm(x, axis=-1), (-1, 1))
        y_norm = F.reshape(F.norm(y, axis=-1), (-1, 1))
        product = F.reshape(F.sum(x * y, axis=-1), (-1, 1))
        return product / F.maximum(x_norm * y_norm, 1e-12)  # zero vectors have no angle


class SDMLLoss(Loss):
    """Batchwise smoothed deep metric learning: row i of `x1` belongs to row i of `x2`.

    Parameters
    ----------
    smoothing_parameter : float
        Probability given to the other rows together.
    weight : float
    batch_axis : int
    prefix, params : see `Block`

    Notes
    -----
    Inputs: `x1` and `x2` (B, D). Output: (B,).

    References
    ----------
    Bonadiman et al., "Large Scale Question Paraphrase Retrieval with Smoothed Deep Metric
    Learning", 2019.
    """

    def __init__(
        self,
        smoothing_parameter: float = 0.3,
        weight: float | None = 1.0,
        batch_axis: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self.kl_loss = KLDivLoss(from_logits=True)
        self.smoothing_parameter = smoothing_parameter

    def forward(self, x: Any, *args: Any) -> Any:
        """See the class; the number of rows must be known, so this runs on arrays only."""
        from dlstudio import nd

        return self.hybrid_forward(nd, x, *args)

    def hybrid_forward(self, F: Any, x1: Any, x2: Any) -> Any:  # type: ignore[override]
        """See the class."""
        rows = x1.shape[0]
        share = self.smoothing_parameter
        host = np.full((rows, rows), share / max(rows - 1, 1), x1.dtype)
        np.fill_diagonal(host, 1 - share)
        labels = type(x1)(host, x1.context)
        gaps = F.expand_dims(x1, 1) - F.expand_dims(x2, 0)
        distances = F.sum(F.square(gaps), axis=2)
        return self.kl_loss(F.log_softmax(-distances, axis=1), labels)
