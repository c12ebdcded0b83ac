"""Distributions of positive numbers, made of exponential and gamma draws; and Student's t."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from dlstudio import np
from dlstudio.core.tensor import Tensor
from dlstudio.gluon.probability.distributions.constraint import NonNegative, Positive, Real
from dlstudio.gluon.probability.distributions.distribution import Distribution
from dlstudio.gluon.probability.distributions.exp_family import ExponentialFamily
from dlstudio.gluon.probability.functions import (
    as_array,
    digamma,
    gammainc,
    gammaln,
    log,
    sqrt,
)

__all__ = ["Chi2", "Exponential", "FisherSnedecor", "Gamma", "StudentT", "gamma_noise", "log_beta"]


def log_beta(a: Any, b: Any) -> Any:
    """Logarithm of the beta function."""
    return gammaln(a) + gammaln(b) - gammaln(a + b)


def _above(df: Any, limit: float) -> Any:
    """``df - limit``; where a moment does not exist anyway, 1, so that nothing overflows."""
    return np.where(df > limit, df - limit, 1.0)


def gamma_noise(owner: Distribution, a: Any, shape: tuple[int, ...]) -> Any:
    """Gamma numbers with scale 1, in the dtype and on the device of `owner`."""
    return np.random.gamma(a, 1.0, shape, dtype=owner._dtype, ctx=owner._device)


class Exponential(ExponentialFamily):
    r"""Exponential distribution with density :math:`e^{-x/scale} / scale`, x ≥ 0.

    Parameters
    ----------
    scale : array or float, above 0
        Mean; 1 / `rate`.
    validate_args : bool, optional
        See `Distribution`.
    """

    has_grad = True
    support = NonNegative()
    arg_constraints = {"scale": Positive()}  # noqa: RUF012

    def __init__(self, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.scale = as_array(scale)
        super().__init__(event_dim=0, validate_args=validate_args)

    @property
    def rate(self) -> Any:
        """1 / scale."""
        return 1 / self.scale

    def _log_prob(self, value: Any) -> Any:
        return np.where(value >= 0, -value / self.scale - log(self.scale), -inf)

    def _cdf(self, value: Any) -> Any:
        return -np.expm1(-np.maximum(value, 0) / self.scale)

    def _icdf(self, value: Any) -> Any:
        return -self.scale * np.log1p(-value)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self.scale * self._noise("exponential", shape)

    def _mean(self) -> Any:
        return self.scale

    def _variance(self) -> Any:
        return self.scale**2

    def _entropy(self) -> Any:
        return 1 + log(self.scale)


class Gamma(ExponentialFamily):
    r"""Gamma distribution with density :math:`x^{shape-1} e^{-x/scale} / (Γ(shape) scale^{shape})`.

    Gradients flow through draws to both parameters (implicit reparameterisation).

    Parameters
    ----------
    shape : array or float, above 0
    scale : array or float, above 0
    validate_args : bool, optional
        See `Distribution`.
    """

    has_grad = True
    support = Positive()
    arg_constraints = {"shape": Positive(), "scale": Positive()}  # noqa: RUF012

    def __init__(self, shape: Any, scale: Any = 1.0, validate_args: bool | None = None) -> None:
        self.shape, self.scale = as_array(shape), as_array(scale)
        super().__init__(event_dim=0, validate_args=validate_args)

    def _log_prob(self, value: Any) -> Any:
        a = self.shape
        return (a - 1) * log(value) - value / self.scale - gammaln(a) - a * log(self.scale)

    def _cdf(self, value: Any) -> Any:
        return gammainc(self.shape, value / self.scale)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self.scale * gamma_noise(self, self.shape, shape)

    def _mean(self) -> Any:
        return self.shape * self.scale

    def _variance(self) -> Any:
        return self.shape * self.scale**2

    def _entropy(self) -> Any:
        a = self.shape
        return a + log(self.scale) + gammaln(a) + (1 - a) * digamma(a)


class Chi2(Gamma):
    """Chi-square distribution: of the sum of `df` squared standard normal numbers.

    Parameters
    ----------
    df : array or float, above 0
        Degrees of freedom.
    validate_args : bool, optional
        See `Distribution`.
    """

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        if validate_args or (validate_args is None and self._validate_args):
            df = Positive().check(df, "Chi2: parameter df")
        super().__init__(as_array(df) / 2, 2.0, validate_args)

    @property
    def df(self) -> Any:
        """Degrees of freedom."""
        return self.shape * 2

    def __repr__(self) -> str:
        df = self.df
        told = f"size {df.shape}" if isinstance(df, Tensor) else f"{df}"
        return f"Chi2(df: {told}, event_dim: {self.event_dim})"


class FisherSnedecor(Distribution):
    """Fisher's F distribution: of the ratio of two mean squares of normal numbers.

    Parameters
    ----------
    df1, df2 : array or float, above 0
        Degrees of freedom above and below the bar.
    validate_args : bool, optional
        See `Distribution`.
    """

    has_grad = True
    support = Positive()
    arg_constraints = {"df1": Positive(), "df2": Positive()}  # noqa: RUF012

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = as_array(df1), as_array(df2)
        super().__init__(event_dim=0, validate_args=validate_args)

    def _log_prob(self, value: Any) -> Any:
        a, b = self.df1 / 2, self.df2 / 2
        ratio = self.df1 / self.df2
        kernel = (a - 1) * log(value) - (a + b) * np.log1p(ratio * value)
        return kernel + a * log(ratio) - log_beta(a, b)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        above, below = (gamma_noise(self, df / 2, shape) / df for df in (self.df1, self.df2))
        return above / below

    def _mean(self) -> Any:
        df = self._array(self.df2)
        return np.where(df > 2, df / _above(df, 2), nan)

    def _variance(self) -> Any:
        a, b = self.df1, np.maximum(self._array(self.df2), 2.5)  # as good as any below 4
        spread = 2 * b**2 * (a + b - 2) / (a * (b - 2) ** 2 * _above(b, 4))
        return np.where(b > 4, spread, nan)


class StudentT(Distribution):
    r"""Student's t distribution: of a mean of few normal numbers, measured by their own spread.

    Parameters
    ----------
    df : array or float, above 0
        Degrees of freedom.
    loc : array or float
    scale : array or float, above 0
    validate_args : bool, optional
        See `Distribution`.
    """

    has_grad = True
    support = Real()
    arg_constraints = {"df": Positive(), "loc": Real(), "scale": Positive()}  # noqa: RUF012

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = as_array(df), as_array(loc), as_array(scale)
        super().__init__(event_dim=0, validate_args=validate_args)

    def _log_prob(self, value: Any) -> Any:
        z = (value - self.loc) / self.scale
        kernel = -0.5 * (self.df + 1) * np.log1p(z * z / self.df)
        return kernel - log(self.scale) - 0.5 * log(self.df) - log_beta(0.5, self.df / 2)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        spread = sqrt(2 * gamma_noise(self, self.df / 2, shape) / self.df)
        return self.loc + self.scale * self._noise("normal", shape) / spread

    def _mean(self) -> Any:
        return np.where(self._array(self.df) > 1, self.loc, nan)

    def _variance(self) -> Any:
        df = self._array(self.df)
        spread = np.where(df > 2, self.scale**2 * df / _above(df, 2), inf)
        return np.where(df > 1, spread, nan)

    def _entropy(self) -> Any:
        half = (self.df + 1) / 2
        slope = half * (digamma(half) - digamma(self.df / 2))
        return slope + 0.5 * log(self.df) + log_beta(0.5, self.df / 2) + log(self.scale)
