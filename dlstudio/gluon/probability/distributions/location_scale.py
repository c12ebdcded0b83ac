"""Distributions that are moved by `loc` and stretched by `scale`, and the uniform one."""

from __future__ import annotations

from math import log as ln
from math import nan, pi, sqrt
from typing import Any

import numpy

from dlstudio import np
from dlstudio.gluon.probability.distributions.constraint import (
    GreaterThan,
    Interval,
    Positive,
    Real,
    dependent_property,
)
from dlstudio.gluon.probability.distributions.distribution import Distribution
from dlstudio.gluon.probability.distributions.exp_family import ExponentialFamily
from dlstudio.gluon.probability.functions import as_array, erf, erfinv, exp, log

__all__ = ["Cauchy", "Gumbel", "Laplace", "Normal", "Uniform"]


class _LocationScale(Distribution):
    """x = loc + scale · z, where z is drawn by the sampler `_law` of `np.random`."""

    has_grad = True
    support = Real()
    arg_constraints = {"loc": Real(), "scale": Positive()}  # noqa: RUF012
    _law = ""

    def __init__(self, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.loc, self.scale = as_array(loc), as_array(scale)
        super().__init__(event_dim=0, validate_args=validate_args)

    def _standard(self, value: Any) -> Any:
        return (value - self.loc) / self.scale

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self.loc + self.scale * self._noise(self._law, shape)

    def _mean(self) -> Any:
        return self.loc


class Normal(_LocationScale, ExponentialFamily):
    r"""Normal distribution with density :math:`e^{-(x-loc)^2 / 2 scale^2} / (scale \sqrt{2π})`.

    Parameters
    ----------
    loc : array or float
        Mean.
    scale : array or float, above 0
        Standard deviation.
    validate_args : bool, optional
        See `Distribution`.

    Examples
    --------
    >>> from dlstudio import np
    >>> from dlstudio.gluon import probability as mgp
    >>> dist = mgp.Normal(np.zeros(3), 2.0)
    >>> dist.sample_n(5).shape, dist.variance
    ((5, 3), array([4., 4., 4.]))
    """

    _law = "normal"

    def _log_prob(self, value: Any) -> Any:
        z = self._standard(value)
        return -0.5 * z * z - log(self.scale) - 0.5 * ln(2 * pi)

    def _cdf(self, value: Any) -> Any:
        return 0.5 * (1 + erf(self._standard(value) / sqrt(2)))

    def _icdf(self, value: Any) -> Any:
        return self.loc + self.scale * (sqrt(2) * erfinv(2 * value - 1))

    def _variance(self) -> Any:
        return self.scale**2

    def _entropy(self) -> Any:
        return 0.5 + 0.5 * ln(2 * pi) + log(self.scale)

    @property
    def _natural_params(self) -> tuple[Any, Any]:
        return self.loc / self.scale**2, -0.5 * self.scale**-2

    def _log_normalizer(self, *natural_params: Any) -> Any:
        x, y = natural_params
        return -0.25 * x**2 / y + 0.5 * log(-pi / y)

    @property
    def _mean_carrier_measure(self) -> float:
        return 0.0


class Laplace(_LocationScale):
    r"""Laplace distribution with density :math:`e^{-|x-loc|/scale} / (2\,scale)`.

    Parameters
    ----------
    loc : array or float
    scale : array or float, above 0
    validate_args : bool, optional
        See `Distribution`.
    """

    _law = "laplace"

    def _log_prob(self, value: Any) -> Any:
        return -np.abs(self._standard(value)) - log(2 * self.scale)

    def _cdf(self, value: Any) -> Any:
        z = self._standard(value)
        return 0.5 - 0.5 * np.sign(z) * np.expm1(-np.abs(z))

    def _icdf(self, value: Any) -> Any:
        centred = value - 0.5
        return self.loc - self.scale * np.sign(centred) * np.log1p(-2 * np.abs(centred))

    def _variance(self) -> Any:
        return 2 * self.scale**2

    def _entropy(self) -> Any:
        return 1 + log(2 * self.scale)


class Cauchy(_LocationScale):
    r"""Cauchy distribution with density :math:`1 / (π\,scale\,(1 + ((x-loc)/scale)^2))`.

    Parameters
    ----------
    loc : array or float
        Median; there is no mean.
    scale : array or float, above 0
        Half the distance between the quartiles.
    validate_args : bool, optional
        See `Distribution`.
    """

    def _log_prob(self, value: Any) -> Any:
        z = self._standard(value)
        return -np.log1p(z * z) - log(self.scale) - ln(pi)

    def _cdf(self, value: Any) -> Any:
        return np.arctan(self._standard(value)) / pi + 0.5

    def _icdf(self, value: Any) -> Any:
        return self.loc + self.scale * np.tan(pi * (value - 0.5))

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self._icdf(self._noise("uniform", shape))

    def _mean(self) -> Any:
        return nan

    def _variance(self) -> Any:
        return nan

    def _entropy(self) -> Any:
        return ln(4 * pi) + log(self.scale)


class Gumbel(_LocationScale):
    r"""Gumbel distribution, of the largest of many: cdf :math:`e^{-e^{-(x-loc)/scale}}`.

    Parameters
    ----------
    loc : array or float
        Mode.
    scale : array or float, above 0
    validate_args : bool, optional
        See `Distribution`.
    """

    _law = "gumbel"

    def __init__(self, loc: Any, scale: Any = 1, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args)

    def _log_prob(self, value: Any) -> Any:
        z = self._standard(value)
        return -(z + exp(-z)) - log(self.scale)

    def _cdf(self, value: Any) -> Any:
        return exp(-exp(-self._standard(value)))

    def _icdf(self, value: Any) -> Any:
        return self.loc - self.scale * log(-log(value))

    def _mean(self) -> Any:
        return self.loc + self.scale * numpy.euler_gamma

    def _variance(self) -> Any:
        return pi**2 / 6 * self.scale**2

    def _entropy(self) -> Any:
        return log(self.scale) + 1 + numpy.euler_gamma


class Uniform(Distribution):
    r"""Uniform distribution on [low, high).

    Parameters
    ----------
    low, high : array or float
        `high` is above `low`.
    validate_args : bool, optional
        See `Distribution`.
    """

    has_grad = True

    def __init__(self, low: Any = 0.0, high: Any = 1.0, validate_args: bool | None = None) -> None:
        self.low, self.high = as_array(low), as_array(high)
        super().__init__(event_dim=0, validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """`high` is above `low`."""
        return {"low": Real(), "high": GreaterThan(self.low)}

    @dependent_property
    def support(self) -> Interval:
        """From `low` to `high`."""
        return Interval(self.low, self.high)

    @property
    def _width(self) -> Any:
        return self.high - self.low

    def _log_prob(self, value: Any) -> Any:
        inside = (value >= self.low) & (value <= self.high)
        return np.where(inside, -log(self._width), -numpy.inf)

    def _cdf(self, value: Any) -> Any:
        return np.clip((value - self.low) / self._width, 0, 1)

    def _icdf(self, value: Any) -> Any:
        return self.low + value * self._width

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self._icdf(self._noise("uniform", shape))

    def _mean(self) -> Any:
        return (self.low + self.high) / 2

    def _variance(self) -> Any:
        return self._width**2 / 12

    def _entropy(self) -> Any:
        return log(self._width)
