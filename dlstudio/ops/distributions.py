"""The distributions: parameters, draws from uniform, normal, gamma and Poisson numbers, domains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["DISTRIBUTIONS", "Distribution"]

Array = Any


class Distribution(NamedTuple):
    """A distribution: parameters with defaults, the draw, and what the parameters must satisfy."""

    name: str
    doc: str
    parameters: dict[str, float | None]
    draw: Callable[..., Array]  # (xp, rng, size, dtype, *parameters)
    check: Callable[..., str | None]  # complaint about number parameters, or None
    legacy: bool = False  # `nd` has it
    args: str = ""  # its names as inputs of _sample_…


def _real(dtype: np.dtype[Any]) -> str:
    """Dtype the generators draw in: float16 and integers are rounded from float32."""
    return "float64" if dtype == np.float64 else "float32"


def _uniform(xp: Any, rng: Any, size: Any, dtype: Any, low: Any, high: Any) -> Array:
    return low + (high - low) * rng.random(size, dtype=_real(dtype))


def _normal(xp: Any, rng: Any, size: Any, dtype: Any, loc: Any, scale: Any) -> Array:
    return loc + scale * rng.standard_normal(size, dtype=_real(dtype))


def _gamma(xp: Any, rng: Any, size: Any, dtype: Any, alpha: Any, beta: Any) -> Array:
    return beta * rng.standard_gamma(alpha, size, dtype=_real(dtype))


def _exponential(xp: Any, rng: Any, size: Any, dtype: Any, lam: Any) -> Array:
    return rng.standard_exponential(size, dtype=_real(dtype)) / lam


def _poisson(xp: Any, rng: Any, size: Any, dtype: Any, lam: Any) -> Array:
    return rng.poisson(lam, size)


def _negative_binomial(xp: Any, rng: Any, size: Any, dtype: Any, k: Any, p: Any) -> Array:
    # the number of failures before success k is Poisson with a gamma-distributed rate
    return rng.poisson(rng.standard_gamma(k, size) * (1 - p) / p)


def _generalized(xp: Any, rng: Any, size: Any, dtype: Any, mu: Any, alpha: Any) -> Array:
    rate = xp.maximum(alpha, 1e-12)  # alpha = 0 is the Poisson distribution
    return rng.poisson(rng.standard_gamma(1 / rate, size) * mu * rate)


def _beta(xp: Any, rng: Any, size: Any, dtype: Any, a: Any, b: Any) -> Array:
    x, y = rng.standard_gamma(a, size), rng.standard_gamma(b, size)
    return x / (x + y)


def _whole(xp: Any, n: Any) -> Any:
    """Counts as integers, which the generators ask for."""
    return xp.asarray(n).astype("int64")


def _open_uniform(rng: Any, size: Any) -> Array:
    """Uniform in (0, 1]: its logarithm is finite."""
    return 1 - rng.random(size)


def _logistic(xp: Any, rng: Any, size: Any, dtype: Any, loc: Any, scale: Any) -> Array:
    u = xp.clip(_open_uniform(rng, size), 1e-300, 1 - 1e-16)
    return loc + scale * xp.log(u / (1 - u))


def _laplace(xp: Any, rng: Any, size: Any, dtype: Any, loc: Any, scale: Any) -> Array:
    return loc + scale * (rng.standard_exponential(size) - rng.standard_exponential(size))


def _positive(*names: str) -> Callable[..., str | None]:
    """Complain about the first of the named parameters that is not above 0."""

    def check(**values: float) -> str | None:
        for name in names:
            if not values[name] > 0:
                return f"parameter {name} must be above 0. Got {values[name]}."
        return None

    return check


def _ordered(low: float, high: float) -> str | None:
    if high < low:
        return f"parameter high must be at least low ({low}). Got {high}."
    return None


def _not_negative(lam: float) -> str | None:
    return None if lam >= 0 else f"parameter lam must be at least 0. Got {lam}."


def _binomial_domain(k: float, p: float) -> str | None:
    if k <= 0:
        return f"parameter k must be above 0. Got {k}."
    return None if 0 < p <= 1 else f"parameter p must be above 0 and at most 1. Got {p}."


def _trials_domain(n: float, p: float) -> str | None:
    if n < 0 or n % 1:
        return f"parameter n must be a whole number from 0 on. Got {n}."
    return _probability(p)


def _generalized_domain(mu: float, alpha: float) -> str | None:
    return (
        None if mu >= 0 and alpha >= 0 else f"mu and alpha must be at least 0. Got {mu}, {alpha}."
    )


def _probability(prob: float) -> str | None:
    return None if 0 <= prob <= 1 else f"parameter prob must lie in 0 … 1. Got {prob}."


DISTRIBUTIONS = (
    Distribution(
        "uniform",
        "Uniform numbers in [low, high).",
        {"low": 0.0, "high": 1.0},
        _uniform,
        _ordered,
        legacy=True,
    ),
    Distribution(
        "normal",
        "Normal numbers with mean `loc` and standard deviation `scale`.",
        {"loc": 0.0, "scale": 1.0},
        _normal,
        _positive("scale"),
        legacy=True,
        args="mu sigma",
    ),
    Distribution(
        "gamma",
        "Gamma numbers with shape `alpha` and scale `beta`.",
        {"alpha": 1.0, "beta": 1.0},
        _gamma,
        _positive("alpha", "beta"),
        legacy=True,
    ),
    Distribution(
        "exponential",
        "Exponential numbers with rate `lam` (mean 1/lam).",
        {"lam": 1.0},
        _exponential,
        _positive("lam"),
        legacy=True,
    ),
    Distribution(
        "poisson",
        "Poisson numbers with mean `lam`.",
        {"lam": 1.0},
        _poisson,
        _not_negative,
        legacy=True,
    ),
    Distribution(
        "negative_binomial",
        "Failures before success number `k`, each with probability `p`.",
        {"k": 1.0, "p": 1.0},
        _negative_binomial,
        _binomial_domain,
        legacy=True,
    ),
    Distribution(
        "generalized_negative_binomial",
        "Negative binomial numbers with mean `mu` and dispersion `alpha`.",
        {"mu": 1.0, "alpha": 1.0},
        _generalized,
        _generalized_domain,
        legacy=True,
    ),
    Distribution(
        "beta", "Beta numbers in (0, 1).", {"a": 1.0, "b": 1.0}, _beta, _positive("a", "b")
    ),
    Distribution(
        "chisquare",
        "Chi-square numbers with `df` degrees of freedom.",
        {"df": 1.0},
        lambda xp, rng, size, dtype, df: 2 * rng.standard_gamma(df / 2, size),
        _positive("df"),
    ),
    Distribution(
        "gumbel",
        "Gumbel numbers: extremes of many.",
        {"loc": 0.0, "scale": 1.0},
        lambda xp, rng, size, dtype, loc, scale: (
            loc - scale * xp.log(xp.maximum(rng.standard_exponential(size), 1e-300))
        ),
        _positive("scale"),
    ),
    Distribution(
        "laplace",
        "Laplace (double exponential) numbers.",
        {"loc": 0.0, "scale": 1.0},
        _laplace,
        _positive("scale"),
    ),
    Distribution(
        "logistic", "Logistic numbers.", {"loc": 0.0, "scale": 1.0}, _logistic, _positive("scale")
    ),
    Distribution(
        "lognormal",
        "Numbers whose logarithm is normal.",
        {"mean": 0.0, "sigma": 1.0},
        lambda xp, rng, size, dtype, mean, sigma: xp.exp(mean + sigma * rng.standard_normal(size)),
        _positive("sigma"),
    ),
    Distribution(
        "pareto",
        "Pareto (Lomax) numbers with exponent `a`.",
        {"a": 1.0},
        lambda xp, rng, size, dtype, a: xp.expm1(rng.standard_exponential(size) / a),
        _positive("a"),
    ),
    Distribution(
        "power",
        "Numbers in [0, 1] with density a xᵃ⁻¹.",
        {"a": 1.0},
        lambda xp, rng, size, dtype, a: _open_uniform(rng, size) ** (1 / a),
        _positive("a"),
    ),
    Distribution(
        "rayleigh",
        "Rayleigh numbers: length of a normal vector in the plane.",
        {"scale": 1.0},
        lambda xp, rng, size, dtype, scale: scale * xp.sqrt(2 * rng.standard_exponential(size)),
        _positive("scale"),
    ),
    Distribution(
        "weibull",
        "Weibull numbers with exponent `a`.",
        {"a": 1.0},
        lambda xp, rng, size, dtype, a: rng.standard_exponential(size) ** (1 / a),
        _positive("a"),
    ),
    Distribution(
        "binomial",
        "Successes in `n` trials, each with probability `p`.",
        {"n": 1.0, "p": 0.5},
        lambda xp, rng, size, dtype, n, p: rng.binomial(_whole(xp, n), p, size),
        _trials_domain,
        legacy=True,
    ),
    Distribution(
        "bernoulli",
        "1 with probability `prob`, else 0.",
        {"prob": 0.5},
        lambda xp, rng, size, dtype, prob: rng.random(size) < prob,
        _probability,
    ),
)
