"""Distributions whose density is exp(<t(x), θ> - F(θ) + k(x))."""

from __future__ import annotations

from typing import Any

from dlstudio import autograd
from dlstudio.gluon.probability.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    r"""A distribution with density :math:`p_F(x; θ) = \exp(\langle t(x), θ\rangle - F(θ) + k(x))`.

    A subclass that defines the natural parameters θ, the log-normalizer F and the mean of the
    carrier measure k gets its entropy by differentiation,
    :math:`H = F(θ) - \langle θ, \nabla F(θ)\rangle - E[k(x)]`.
    """

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise self._missing("natural parameters")

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise self._missing("log-normalizer")

    @property
    def _mean_carrier_measure(self) -> Any:
        raise self._missing("mean of a carrier measure")

    def _entropy(self) -> Any:
        natural = [self._array(p).copy() for p in self._natural_params]
        with autograd.record():
            for p in natural:
                p.attach_grad()
            normalizer = self._log_normalizer(*natural)
        slopes = autograd.grad(normalizer, natural)
        products = sum(p.detach() * slope for p, slope in zip(natural, slopes, strict=True))
        return normalizer.detach() - products - self._mean_carrier_measure
