"""Distributions of whole numbers."""

from __future__ import annotations

from typing import Any

from dlstudio import np
from dlstudio.gluon.probability.distributions.constraint import (
    Boolean,
    IntegerInterval,
    Interval,
    NonNegative,
    NonNegativeInteger,
    Positive,
    Real,
    dependent_property,
)
from dlstudio.gluon.probability.distributions.exp_family import ExponentialFamily
from dlstudio.gluon.probability.distributions.odds import Odds
from dlstudio.gluon.probability.functions import (
    as_array,
    draw_binomial,
    exp,
    gammainc,
    gammaln,
    log,
    softplus,
)

__all__ = ["Bernoulli", "Binomial", "Geometric", "NegativeBinomial", "Poisson"]


class _Trial(Odds):
    """What one probability tells."""

    arg_constraints = {"prob": Interval(0, 1), "logit": Real()}  # noqa: RUF012

    def __init__(
        self, prob: Any = None, logit: Any = None, validate_args: bool | None = None
    ) -> None:
        self._give(prob, logit)
        super().__init__(event_dim=0, validate_args=validate_args)


class Bernoulli(_Trial, ExponentialFamily):
    """1 with probability `prob`, else 0.

    Parameters
    ----------
    prob : array or float, 0 … 1
    logit : array or float
        ``log(prob / (1 - prob))``, instead of `prob`.
    validate_args : bool, optional
        See `Distribution`.
    """

    has_enumerate_support = True
    support = Boolean()

    def _log_prob(self, value: Any) -> Any:
        return value * self.logit - softplus(self.logit)

    def _cdf(self, value: Any) -> Any:
        return np.where(value < 0, 0.0, np.where(value < 1, 1 - self.prob, 1.0))

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return (self._noise("uniform", shape) < self.prob).astype(self._dtype)

    def _mean(self) -> Any:
        return self.prob

    def _variance(self) -> Any:
        return self.prob * (1 - self.prob)

    def _entropy(self) -> Any:
        return softplus(self.logit) - self.prob * self.logit

    def enumerate_support(self) -> Any:
        """0 and 1, shape (2, *batch)."""
        ones = self._spread(1.0)
        return np.stack([ones * 0, ones])


class Geometric(_Trial):
    """Number of failures before the first success, each with probability `prob`.

    Parameters
    ----------
    prob : array or float, above 0, at most 1
    logit : array or float
        Log-odds of a success, instead of `prob`.
    validate_args : bool, optional
        See `Distribution`.
    """

    support = NonNegativeInteger()

    def _log_prob(self, value: Any) -> Any:
        return -value * softplus(self.logit) - softplus(-self.logit)

    def _cdf(self, value: Any) -> Any:
        fails = np.maximum(np.floor(value) + 1, 0) * softplus(self.logit)
        return -np.expm1(-fails)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        # an exponential clock that ticks at the rate -log(1 - prob), read in whole units
        return np.floor(self._noise("exponential", shape) / softplus(self.logit))

    def _mean(self) -> Any:
        return exp(-self.logit)

    def _variance(self) -> Any:
        return (1 - self.prob) / self.prob**2

    def _entropy(self) -> Any:
        return (softplus(self.logit) - self.prob * self.logit) / self.prob


class NegativeBinomial(Odds):
    """Number of failures before success number `n`, each with probability `prob`.

    Parameters
    ----------
    n : array or float, above 0
    prob : array or float, above 0, at most 1
    logit : array or float
        Log-odds of a success, instead of `prob`.
    validate_args : bool, optional
        See `Distribution`.
    """

    support = NonNegativeInteger()
    arg_constraints = {"n": Positive(), "prob": Interval(0, 1), "logit": Real()}  # noqa: RUF012

    def __init__(
        self, n: Any, prob: Any = None, logit: Any = None, validate_args: bool | None = None
    ) -> None:
        self.n = as_array(n)
        self._give(prob, logit)
        super().__init__(event_dim=0, validate_args=validate_args)

    def _log_prob(self, value: Any) -> Any:
        ways = gammaln(value + self.n) - gammaln(value + 1) - gammaln(self.n)
        return ways - self.n * softplus(-self.logit) - value * softplus(self.logit)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        # Poisson with a gamma-distributed rate
        dtype, ctx = self._dtype, self._device
        rate = np.random.gamma(self.n, 1.0, shape, dtype=dtype, ctx=ctx) * exp(-self.logit)
        return np.random.poisson(rate, shape, dtype=dtype, ctx=ctx)

    def _mean(self) -> Any:
        return self.n * exp(-self.logit)

    def _variance(self) -> Any:
        return self.n * (1 - self.prob) / self.prob**2


class Binomial(Odds):
    """Number of successes in `n` trials, each with probability `prob`.

    Parameters
    ----------
    n : int
    prob : array or float, 0 … 1
    logit : array or float
        Log-odds of a success, instead of `prob`.
    validate_args : bool, optional
        See `Distribution`.
    """

    arg_constraints = {  # noqa: RUF012
        "n": NonNegativeInteger(), "prob": Interval(0, 1), "logit": Real(),
    }  # fmt: skip

    def __init__(
        self, n: Any = 1, prob: Any = None, logit: Any = None, validate_args: bool | None = None
    ) -> None:
        self.n = as_array(n)
        self._give(prob, logit)
        super().__init__(event_dim=0, validate_args=validate_args)

    @dependent_property
    def support(self) -> IntegerInterval:
        """0 to n."""
        return IntegerInterval(0, self.n)

    def _log_prob(self, value: Any) -> Any:
        ways = gammaln(self.n + 1) - gammaln(value + 1) - gammaln(self.n - value + 1)
        return ways + value * self.logit - self.n * softplus(self.logit)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return draw_binomial(self._array(self.n), self._array(self.prob), shape, self._dtype)

    def _mean(self) -> Any:
        return self.n * self.prob

    def _variance(self) -> Any:
        return self.n * self.prob * (1 - self.prob)


class Poisson(ExponentialFamily):
    r"""Poisson distribution with probabilities :math:`rate^x e^{-rate} / x!`.

    Parameters
    ----------
    rate : array or float, at least 0
        Mean and variance.
    validate_args : bool, optional
        See `Distribution`.
    """

    support = NonNegativeInteger()
    arg_constraints = {"rate": NonNegative()}  # noqa: RUF012

    def __init__(self, rate: Any = 1.0, validate_args: bool | None = None) -> None:
        self.rate = as_array(rate)
        super().__init__(event_dim=0, validate_args=validate_args)

    def _log_prob(self, value: Any) -> Any:
        return value * log(self.rate) - self.rate - gammaln(value + 1)

    def _cdf(self, value: Any) -> Any:
        whole = np.floor(value)
        below = 1 - gammainc(np.maximum(whole, 0) + 1, self._spread(self.rate))
        return np.where(whole < 0, 0.0, below)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return np.random.poisson(self.rate, shape, dtype=self._dtype, ctx=self._device)

    def _mean(self) -> Any:
        return self.rate

    def _variance(self) -> Any:
        return self.rate
