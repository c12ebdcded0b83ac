"""Losses of classifiers: cross-entropy and divergence."""

from __future__ import annotations

from typing import Any

from dlstudio.core.tensor import Tensor
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.gluon.loss.base import Loss, alike, check_pair, weighted

__all__ = [
    "CTCLoss",
    "KLDivLoss",
    "SigmoidBCELoss",
    "SigmoidBinaryCrossEntropyLoss",
    "SoftmaxCELoss",
    "SoftmaxCrossEntropyLoss",
]


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

    _paired = 1

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
        label = alike(F, label, pred)
        rule = self._from_probabilities if self._from_sigmoid else self._from_scores
        loss = rule(F, pred, label, pos_weight)
        return self._mean(F, weighted(F, loss, self._weight, sample_weight))

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

    def _check(self, pred: Any, *labels: Any) -> None:
        if labels and isinstance(labels[0], Tensor):
            _check_classes(pred, labels[0], self._axis, sparse=self._sparse_label)
            if not self._sparse_label:
                check_pair(self, pred, labels[0])

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        if not self._from_logits:
            pred = F.log_softmax(pred, axis=self._axis)
        if self._sparse_label:
            loss = -F.pick(pred, label, axis=self._axis, keepdims=True)
        else:
            label = alike(F, label, pred)
            loss = -F.sum(pred * label, axis=self._axis, keepdims=True)
        return self._mean(F, weighted(F, loss, self._weight, sample_weight))


SoftmaxCELoss = SoftmaxCrossEntropyLoss


def _check_classes(pred: Tensor, label: Tensor, axis: int, *, sparse: bool) -> None:
    """Catch one-hot labels given as class numbers, and labels that are no numbers of classes."""
    scores, truth = pred._data, label._data
    if scores.dtype.kind not in "fV":
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
        loss = weighted(F, label * (F.log(label + 1e-12) - pred), self._weight, sample_weight)
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
        return weighted(F, loss, self._weight, sample_weight)
