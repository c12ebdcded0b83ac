"""Distributions of shares: the beta distribution and its extension to several parts."""

from __future__ import annotations

from typing import Any

import numpy

from dlstudio import np
from dlstudio.errors import ShapeError, explain
from dlstudio.gluon.probability.distributions.constraint import Positive, Simplex, UnitInterval
from dlstudio.gluon.probability.distributions.exp_family import ExponentialFamily
from dlstudio.gluon.probability.distributions.positive import gamma_noise, log_beta
from dlstudio.gluon.probability.functions import as_array, digamma, gammaln, log

__all__ = ["Beta", "Dirichlet"]


class Beta(ExponentialFamily):
    r"""Beta distribution with density :math:`x^{alpha-1} (1-x)^{beta-1} / B(alpha, beta)`.

    Gradients flow through draws to both parameters, by way of two gamma draws.

    Parameters
    ----------
    alpha, beta : array or float, above 0
    validate_args : bool, optional
        See `Distribution`.
    """

    has_grad = True
    support = UnitInterval()
    arg_constraints = {"alpha": Positive(), "beta": Positive()}  # noqa: RUF012

    def __init__(self, alpha: Any, beta: Any, validate_args: bool | None = None) -> None:
        self.alpha, self.beta = as_array(alpha), as_array(beta)
        super().__init__(event_dim=0, validate_args=validate_args)

    def _log_prob(self, value: Any) -> Any:
        kernel = (self.alpha - 1) * log(value) + (self.beta - 1) * np.log1p(-value)
        return kernel - log_beta(self.alpha, self.beta)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        x = gamma_noise(self, self.alpha, shape)
        return x / (x + gamma_noise(self, self.beta, shape))

    def _mean(self) -> Any:
        return self.alpha / (self.alpha + self.beta)

    def _variance(self) -> Any:
        total = self.alpha + self.beta
        return self.alpha * self.beta / (total**2 * (total + 1))

    def _entropy(self) -> Any:
        a, b = self.alpha, self.beta
        slopes = (a - 1) * digamma(a) + (b - 1) * digamma(b) - (a + b - 2) * digamma(a + b)
        return log_beta(a, b) - slopes


class Dirichlet(ExponentialFamily):
    r"""Dirichlet distribution of K shares, with density :math:`\prod_k x_k^{α_k-1} / B(α)`.

    Gradients flow through draws to `alpha`, by way of K gamma draws.

    Parameters
    ----------
    alpha : array, shape (..., K), above 0
    validate_args : bool, optional
        See `Distribution`.
    """

    has_grad = True
    support = Simplex()
    arg_constraints = {"alpha": Positive()}  # noqa: RUF012
    _axes = {"alpha": 1}  # noqa: RUF012

    def __init__(self, alpha: Any, validate_args: bool | None = None) -> None:
        self.alpha = as_array(alpha)
        if len(getattr(self.alpha, "shape", ())) == 0:
            raise ShapeError(
                explain(
                    f"Dirichlet: alpha is {alpha!r}.",
                    "one number for each share, along the last axis.",
                    "Dirichlet(np.array([1.0, 1.0, 1.0]))",
                )
            )
        super().__init__(event_dim=1, validate_args=validate_args)

    @property
    def _event_shape(self) -> tuple[int, ...]:
        return self.alpha.shape[-1:]

    def _log_prob(self, value: Any) -> Any:
        return ((self.alpha - 1) * log(value)).sum(-1) - self._log_normalizer(self.alpha)

    def _log_normalizer(self, *natural_params: Any) -> Any:
        (alpha,) = natural_params
        return gammaln(alpha).sum(-1) - gammaln(alpha.sum(-1))

    def _draw(self, shape: tuple[int, ...]) -> Any:
        parts = gamma_noise(self, self.alpha, shape + self._event_shape)
        # all parts may underflow where alpha is far below 1
        parts = np.maximum(parts, float(numpy.finfo(self._dtype).tiny))
        return parts / parts.sum(-1, keepdims=True)

    def _mean(self) -> Any:
        return self.alpha / self.alpha.sum(-1, keepdims=True)

    def _variance(self) -> Any:
        total = self.alpha.sum(-1, keepdims=True)
        return self.alpha * (total - self.alpha) / (total**2 * (total + 1))

    def _entropy(self) -> Any:
        total = self.alpha.sum(-1)
        slopes = ((self.alpha - 1) * digamma(self.alpha)).sum(-1)
        count = self.alpha.shape[-1]
        return self._log_normalizer(self.alpha) + (total - count) * digamma(total) - slopes
