"""Smooth stand-ins for draws of classes, through which gradients flow."""

from __future__ import annotations

from math import lgamma
from typing import Any

from dlstudio import np, npx
from dlstudio.gluon.probability.distributions.constraint import (
    Interval,
    Positive,
    Real,
    Simplex,
    UnitInterval,
)
from dlstudio.gluon.probability.distributions.odds import Odds
from dlstudio.gluon.probability.functions import log, softplus

__all__ = ["RelaxedBernoulli", "RelaxedOneHotCategorical"]


class RelaxedBernoulli(Odds):
    """Numbers between 0 and 1 that approach Bernoulli draws as the temperature `T` falls.

    Parameters
    ----------
    T : array or float, above 0
        Temperature.
    prob : array or float, 0 … 1
    logit : array or float
        Log-odds, instead of `prob`.
    validate_args : bool, optional
        See `Distribution`.

    References
    ----------
    Maddison, Mnih and Teh, "The Concrete Distribution", ICLR 2017.
    """

    has_grad = True
    support = UnitInterval()
    arg_constraints = {"prob": Interval(0, 1), "logit": Real()}  # noqa: RUF012

    def __init__(
        self, T: Any, prob: Any = None, logit: Any = None, validate_args: bool | None = None
    ) -> None:
        self._give(prob, logit)
        self.T = Positive().check(T, "RelaxedBernoulli: parameter T")
        super().__init__(event_dim=0, validate_args=validate_args)

    def _log_prob(self, value: Any) -> Any:
        log_value, log_rest = np.log(value), np.log1p(-value)
        distance = self.logit - self.T * (log_value - log_rest)
        return log(self.T) + distance - 2 * softplus(distance) - log_value - log_rest

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return npx.sigmoid((self.logit + self._noise("logistic", shape)) / self.T)


class RelaxedOneHotCategorical(Odds):
    """Rows of K shares that approach one-hot draws as the temperature `T` falls (Gumbel-softmax).

    Parameters
    ----------
    T : array or float, above 0
        Temperature.
    num_events : int
        Number of classes K.
    prob : array, shape (..., K)
        Probabilities of the classes.
    logit : array, shape (..., K)
        Their logarithms, up to a constant, instead of `prob`.
    validate_args : bool, optional
        See `Distribution`.

    References
    ----------
    Jang, Gu and Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017.
    """

    has_grad = True
    support = Simplex()
    _binary = False
    _axes = {"prob": 1, "logit": 1}  # noqa: RUF012
    arg_constraints = {"prob": Simplex(), "logit": Real()}  # noqa: RUF012

    def __init__(
        self, T: Any, num_events: int, prob: Any = None, logit: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._give_classes(num_events, prob, logit)
        self.T = Positive().check(T, "RelaxedOneHotCategorical: parameter T")
        super().__init__(event_dim=1, validate_args=validate_args)

    @property
    def _event_shape(self) -> tuple[int, ...]:
        return (self.num_events,)

    def _log_prob(self, value: Any) -> Any:
        K, log_value = self.num_events, np.log(value)
        scores = self.logit - self.T * log_value
        norm = lgamma(K) + (K - 1) * log(self.T)
        return norm + (npx.log_softmax(scores, axis=-1) - log_value).sum(-1)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        noise = self._noise("gumbel", shape + self._event_shape)
        return npx.softmax((self.logit + noise) / self.T, axis=-1)
