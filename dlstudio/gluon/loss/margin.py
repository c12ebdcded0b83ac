"""Losses of margins and distances: hinge, logistic, triplet, cosine, metric learning."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.tensor import ndarray
from dlstudio.errors import ParamError
from dlstudio.gluon.loss.base import Loss, alike, check_arrays, weighted
from dlstudio.gluon.loss.classification import KLDivLoss
from dlstudio.gluon.structure import as_numpy_dialect

__all__ = [
    "CosineEmbeddingLoss",
    "HingeLoss",
    "LogisticLoss",
    "SDMLLoss",
    "SquaredHingeLoss",
    "TripletLoss",
]


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

    _paired = 1

    def __init__(
        self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = alike(F, label, pred)
        loss = F.relu(self._margin - pred * label)
        return self._mean(F, weighted(F, loss, self._weight, sample_weight))


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
        label = alike(F, label, pred)
        loss = F.square(F.relu(self._margin - pred * label))
        return self._mean(F, weighted(F, loss, self._weight, sample_weight))


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

    _paired = 1

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
        label = alike(F, label, pred)
        if self._label_format == "signed":
            label = (label + 1.0) / 2.0
        # log(1 + exp(-|x|)) cannot overflow
        loss = F.relu(pred) - pred * label + F.Activation(-F.abs(pred), act_type="softrelu")
        return self._mean(F, weighted(F, loss, self._weight, sample_weight))


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

    _paired = 2

    def __init__(
        self, margin: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(
        self, F: Any, pred: Any, positive: Any, negative: Any, sample_weight: Any = None
    ) -> Any:
        """See the class."""
        positive = alike(F, positive, pred)
        negative = alike(F, negative, pred)
        gap = F.sum(
            F.square(positive - pred) - F.square(negative - pred),
            axis=self._batch_axis,
            exclude=True,
        )
        return weighted(F, F.relu(gap + self._margin), self._weight, sample_weight)


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

    _paired = 1

    def __init__(
        self, weight: float | None = None, batch_axis: int = 0, margin: float = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._margin = margin

    def hybrid_forward(
        self, F: Any, input1: Any, input2: Any, label: Any, sample_weight: Any = None
    ) -> Any:
        """See the class."""
        input1 = alike(F, input1, input2)
        cosine = self._cosine(F, input1, input2)
        label = F.reshape(label, (-1, 1))
        near = 1 - cosine
        far = F.relu(cosine - self._margin)
        loss = near * (label == 1) + far * (label == -1)
        return weighted(F, loss, self._weight, sample_weight)

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

        check_arrays(self, x, args)
        out = self.hybrid_forward(nd, x, *args)
        return as_numpy_dialect(out) if isinstance(x, ndarray) else out

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
