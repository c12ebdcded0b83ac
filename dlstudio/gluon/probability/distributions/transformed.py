"""Distributions of transformed draws, and those that are best said that way."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, pi, sqrt
from math import log as ln
from typing import Any

import numpy

from dlstudio import np
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.probability.distributions.constraint import (
    GreaterThanEq,
    NonNegative,
    Positive,
    dependent_property,
)
from dlstudio.gluon.probability.distributions.distribution import Distribution
from dlstudio.gluon.probability.distributions.location_scale import Cauchy, Normal
from dlstudio.gluon.probability.distributions.positive import Exponential
from dlstudio.gluon.probability.distributions.utils import (
    sample_n_shape_converter,
    sum_right_most,
)
from dlstudio.gluon.probability.functions import as_array, exp, gammaln, log
from dlstudio.gluon.probability.transformation import (
    AbsTransform,
    AffineTransform,
    ExpTransform,
    PowerTransform,
    Transformation,
)

__all__ = ["HalfCauchy", "HalfNormal", "Pareto", "TransformedDistribution", "Weibull"]


class TransformedDistribution(Distribution):
    """What comes out when draws of a distribution pass through transformations.

    Parameters
    ----------
    base_dist : Distribution
    transforms : Transformation or list of Transformation
        Applied in this order.
    validate_args : bool, optional
        See `Distribution`.

    Examples
    --------
    >>> from dlstudio.gluon import probability as mgp
    >>> lognormal = mgp.TransformedDistribution(mgp.Normal(0.0, 1.0), mgp.ExpTransform())
    >>> round(float(lognormal.log_prob(1.0)), 4)  # that of the normal distribution at 0
    -0.9189
    """

    def __init__(
        self,
        base_dist: Distribution,
        transforms: Transformation | Sequence[Transformation],
        validate_args: bool | None = None,
    ) -> None:
        self._base_dist = base_dist
        listed = [transforms] if isinstance(transforms, Transformation) else list(transforms)
        if not all(isinstance(t, Transformation) for t in listed):
            raise ParamError(
                explain(
                    f"{type(self).__name__}: transforms is {transforms!r}.",
                    "a Transformation, or a list of them.",
                    "TransformedDistribution(base, [ExpTransform()])",
                )
            )
        self._transforms = listed
        event_dim = max([base_dist.event_dim] + [t.event_dim for t in listed])
        super().__init__(event_dim=event_dim, validate_args=validate_args)

    @property
    def has_grad(self) -> bool:
        """As the base."""
        return self._base_dist.has_grad

    def _parameters(self) -> dict[str, Any]:
        return super()._parameters() or self._base_dist._parameters()

    @property
    def _batch_shape(self) -> tuple[int, ...]:
        if self.arg_constraints:  # a named one, with parameters of its own
            return super()._batch_shape
        shape = self._base_dist._batch_shape
        return shape[: len(shape) - (self.event_dim - self._base_dist.event_dim)]

    @property
    def _event_shape(self) -> tuple[int, ...]:
        if self.event_dim == 0:
            return ()
        shape = self._base_dist._batch_shape + self._base_dist._event_shape
        return shape[len(shape) - self.event_dim :]

    def broadcast_to(self, batch_shape: Any) -> Any:
        """Return this distribution for each element of `batch_shape`; nothing is checked again."""
        new: Any = super().broadcast_to(batch_shape)
        own = self._event_shape[: self.event_dim - self._base_dist.event_dim]
        batch = sample_n_shape_converter(batch_shape)
        new._base_dist = self._base_dist.broadcast_to(batch + own)
        return new

    def _draw(self, shape: tuple[int, ...]) -> Any:
        own = self._event_shape[: self.event_dim - self._base_dist.event_dim]
        value = self._base_dist.sample(shape + own)
        for transform in self._transforms:
            value = transform(value)
        return value

    def _log_prob(self, value: Any) -> Any:
        change: Any = 0.0
        for transform in reversed(self._transforms):
            before = transform.inv(value)
            stretch = transform.log_det_jacobian(before, value)
            change = change + sum_right_most(stretch, self.event_dim - transform.event_dim)
            value = before
        base = self._base_dist.log_prob(value)
        return sum_right_most(base, self.event_dim - self._base_dist.event_dim) - change

    def _cdf(self, value: Any) -> Any:
        sign: Any = 1
        for transform in reversed(self._transforms):
            value = transform.inv(value)
            sign = sign * transform.sign
        return sign * (self._base_dist.cdf(value) - 0.5) + 0.5

    def _icdf(self, value: Any) -> Any:
        sign: Any = 1
        for transform in self._transforms:
            sign = sign * transform.sign
        value = self._base_dist.icdf(sign * (value - 0.5) + 0.5)
        for transform in self._transforms:
            value = transform(value)
        return value

    def _entropy(self) -> Any:
        raise self._missing("entropy")

    def __repr__(self) -> str:
        if self.arg_constraints:
            return super().__repr__()
        names = ", ".join(map(repr, self._transforms))
        return f"{type(self).__name__}({self._base_dist!r}, [{names}])"


class _Folded(TransformedDistribution):
    """The absolute value of draws from a distribution that is symmetric around 0."""

    support = NonNegative()
    arg_constraints = {"scale": Positive()}  # noqa: RUF012

    def __init__(
        self, base: type[Distribution], scale: Any, validate_args: bool | None = None
    ) -> None:
        self.scale = as_array(scale)
        super().__init__(base(0.0, self.scale, validate_args=False), AbsTransform(), validate_args)  # type: ignore[call-arg]

    @property
    def loc(self) -> float:
        """Centre of the distribution before folding: 0."""
        return 0.0

    def _log_prob(self, value: Any) -> Any:
        return np.where(value >= 0, self._base_dist.log_prob(value) + ln(2), -inf)

    def _cdf(self, value: Any) -> Any:
        return 2 * self._base_dist.cdf(np.maximum(value, 0)) - 1

    def _icdf(self, value: Any) -> Any:
        return self._base_dist.icdf((value + 1) / 2)

    def _entropy(self) -> Any:
        return self._base_dist.entropy() - ln(2)


class HalfNormal(_Folded):
    """Absolute values of normal numbers with mean 0.

    Parameters
    ----------
    scale : array or float, above 0
        Standard deviation before folding.
    validate_args : bool, optional
        See `Distribution`.
    """

    def __init__(self, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        super().__init__(Normal, scale, validate_args)

    def _mean(self) -> Any:
        return self.scale * sqrt(2 / pi)

    def _variance(self) -> Any:
        return self.scale**2 * (1 - 2 / pi)


class HalfCauchy(_Folded):
    """Absolute values of Cauchy numbers around 0.

    Parameters
    ----------
    scale : array or float, above 0
        Median.
    validate_args : bool, optional
        See `Distribution`.
    """

    def __init__(self, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy, scale, validate_args)

    def _mean(self) -> Any:
        return inf

    def _variance(self) -> Any:
        return inf


class Pareto(TransformedDistribution):
    r"""Pareto distribution with density :math:`alpha\,scale^{alpha} / x^{alpha+1}`, x ≥ scale.

    Parameters
    ----------
    alpha : array or float, above 0
        How fast the tail falls.
    scale : array or float, above 0
        Smallest value.
    validate_args : bool, optional
        See `Distribution`.
    """

    arg_constraints = {"alpha": Positive(), "scale": Positive()}  # noqa: RUF012

    def __init__(self, alpha: Any, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.alpha, self.scale = as_array(alpha), as_array(scale)
        base = Exponential(1 / self.alpha, validate_args=False)
        super().__init__(base, [ExpTransform(), AffineTransform(0.0, self.scale)], validate_args)

    @dependent_property
    def support(self) -> GreaterThanEq:
        """From `scale` on."""
        return GreaterThanEq(self.scale)

    def _log_prob(self, value: Any) -> Any:
        inside = log(self.alpha) + self.alpha * log(self.scale) - (self.alpha + 1) * log(value)
        return np.where(value >= self.scale, inside, -inf)

    def _mean(self) -> Any:
        a = self._array(self.alpha)
        safe = np.where(a > 1, a, 2.0)
        return np.where(a > 1, safe * self.scale / (safe - 1), inf)

    def _variance(self) -> Any:
        a = self._array(self.alpha)
        safe = np.where(a > 2, a, 3.0)
        return np.where(a > 2, self.scale**2 * safe / ((safe - 1) ** 2 * (safe - 2)), inf)

    def _entropy(self) -> Any:
        return log(self.scale) - log(self.alpha) + 1 + 1 / self.alpha


class Weibull(TransformedDistribution):
    r"""Weibull distribution: cdf :math:`1 - e^{-(x/scale)^{concentration}}`.

    Parameters
    ----------
    concentration : array or float, above 0
        1 is the exponential distribution.
    scale : array or float, above 0
    validate_args : bool, optional
        See `Distribution`.
    """

    support = Positive()
    arg_constraints = {"concentration": Positive(), "scale": Positive()}  # noqa: RUF012

    def __init__(
        self, concentration: Any, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.concentration, self.scale = as_array(concentration), as_array(scale)
        power, stretch = PowerTransform(1 / self.concentration), AffineTransform(0.0, self.scale)
        base = Exponential(1 + 0 * self.concentration, validate_args=False)
        super().__init__(base, [power, stretch], validate_args)

    def _moment(self, order: int) -> Any:
        return self.scale**order * exp(gammaln(1 + order / self.concentration))

    def _mean(self) -> Any:
        return self._moment(1)

    def _variance(self) -> Any:
        return self._moment(2) - self._moment(1) ** 2

    def _entropy(self) -> Any:
        c = self.concentration
        return numpy.euler_gamma * (1 - 1 / c) + log(self.scale) - log(c) + 1
