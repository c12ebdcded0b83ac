"""Losses of numbers: squared, absolute, Huber, Poisson."""

from __future__ import annotations

from math import pi
from typing import Any

from dlstudio.core.tensor import ndarray
from dlstudio.gluon.loss.base import Loss, alike, weighted

__all__ = ["HuberLoss", "L1Loss", "L2Loss", "PoissonNLLLoss"]


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

    _paired = 1

    def __init__(self, weight: float | None = 1.0, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = alike(F, label, pred)
        half = None if self._weight is None else self._weight / 2
        return self._mean(F, weighted(F, F.square(label - pred), half, sample_weight))


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

    _paired = 1

    def __init__(self, weight: float | None = None, batch_axis: int = 0, **kwargs: Any) -> None:
        super().__init__(weight, batch_axis, **kwargs)

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = alike(F, label, pred)
        return self._mean(F, weighted(F, F.abs(label - pred), self._weight, sample_weight))


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

    _paired = 1

    def __init__(
        self, rho: float = 1, weight: float | None = None, batch_axis: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(weight, batch_axis, **kwargs)
        self._rho = rho

    def hybrid_forward(self, F: Any, pred: Any, label: Any, sample_weight: Any = None) -> Any:
        """See the class."""
        label = alike(F, label, pred)
        loss = F.abs(label - pred)
        loss = F.where(loss > self._rho, loss - 0.5 * self._rho, (0.5 / self._rho) * F.square(loss))
        return self._mean(F, weighted(F, loss, self._weight, sample_weight))


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
    Inputs: `pred` and `target` of one size. Output: (1,), or () for arrays of `mx.np`.
    """

    _paired = 1

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

    def forward(self, x: Any, *args: Any) -> Any:
        """Compute the loss of arrays or symbols; see the class."""
        out = super().forward(x, *args)
        return out.reshape(()) if isinstance(out, ndarray) else out

    def hybrid_forward(
        self, F: Any, pred: Any, target: Any, sample_weight: Any = None, epsilon: float = 1e-08
    ) -> Any:
        """See the class."""
        target = alike(F, target, pred)
        if self._from_logits:
            loss = F.exp(pred) - target * pred
        else:
            loss = pred - target * F.log(pred + epsilon)
        if self._compute_full:
            large = F.maximum(target, 1)  # the logarithm of 0 is undefined, even where unused
            stirling = large * F.log(large) - large + 0.5 * F.log(2 * large * pi)
            loss = loss + F.where(target > 1, stirling, F.zeros_like(stirling))
        return F.mean(weighted(F, loss, self._weight, sample_weight))
