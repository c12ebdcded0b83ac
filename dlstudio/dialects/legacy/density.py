"""Probability densities (`nd.random_pdf_*`): a row of samples for each element of the parameters.

Samples have the shape of the parameters with one more axis; `is_log` asks for the logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

import numpy as np

from dlstudio.core.registry import Names, bad, composite
from dlstudio.errors import ShapeError, explain

Array = Any


def _columns(F: Any, name: str, sample: Array, parameters: tuple[Array, ...]) -> list[Array]:
    """Parameters with an axis for the samples."""
    for p in parameters:
        if tuple(p.shape) != tuple(sample.shape[:-1]):
            raise ShapeError(
                explain(
                    f"random_pdf_{name}: samples of shape {tuple(sample.shape)}, "
                    f"a parameter of shape {tuple(p.shape)}.",
                    f"parameters of shape {tuple(sample.shape[:-1])}, one row of samples each.",
                )
            )
    return [F.reshape(p, shape=(*p.shape, 1)) for p in parameters]


def _uniform(F: Any, x: Array, low: Array, high: Array) -> Array:
    height = F.negative(F.log(F.subtract(high, low)))
    return F.add(height, F.multiply_scalar(x, scalar=0.0))  # brings the shape, and a zero slope


def _normal(F: Any, x: Array, mu: Array, sigma: Array) -> Array:
    distance = F.square(F.divide(F.subtract(x, mu), sigma))
    scale = F.add_scalar(F.log(sigma), scalar=0.5 * log(2 * pi))
    return F.negative(F.add(F.multiply_scalar(distance, scalar=0.5), scale))


def _gamma(F: Any, x: Array, alpha: Array, beta: Array) -> Array:
    powers = F.multiply(F.subtract_scalar(alpha, scalar=1), F.log(x))
    scale = F.subtract(F.multiply(alpha, F.log(beta)), F.gammaln(alpha))
    return F.add(F.subtract(powers, F.multiply(beta, x)), scale)


def _exponential(F: Any, x: Array, lam: Array) -> Array:
    return F.subtract(F.log(lam), F.multiply(lam, x))


def _poisson(F: Any, x: Array, lam: Array) -> Array:
    count = F.BlockGrad(x)
    ways = F.gammaln(F.add_scalar(count, scalar=1))
    return F.subtract(F.subtract(F.multiply(count, F.log(lam)), lam), ways)


def _binomial(F: Any, x: Array, k: Array, p: Array) -> Array:
    count = F.BlockGrad(x)
    ways = F.subtract(
        F.gammaln(F.add(count, k)), F.add(F.gammaln(F.add_scalar(count, scalar=1)), F.gammaln(k))
    )
    hits = F.multiply(k, F.log(p))
    misses = F.multiply(count, F.log(F.subtract_scalar(p, scalar=1, reverse=True)))
    return F.add(ways, F.add(hits, misses))


def _generalized(F: Any, x: Array, mu: Array, alpha: Array) -> Array:
    p = F.reciprocal(F.add_scalar(F.multiply(mu, alpha), scalar=1))
    return _binomial(F, x, F.reciprocal(alpha), p)


def _finish(F: Any, logarithm: Array, is_log: bool) -> Array:
    return logarithm if is_log else F.exp(logarithm)


def _as_like(F: Any, sample: Array, parameter: Array) -> Array:
    dtype = np.dtype(parameter.dtype).name
    return sample if np.dtype(sample.dtype).name == dtype else F.cast(sample, dtype=dtype)


def _one(name: str, first: str, rule: Callable[..., Array], doc: str, draw: Any) -> None:
    def expand(F: Any, sample: Array, parameter: Array, *, is_log: bool = False) -> Array:
        (column,) = _columns(F, name, sample, (parameter,))
        return _finish(F, rule(F, _as_like(F, sample, parameter), column), is_log)

    _register(name, f"sample {first}", expand, doc, draw, 1)


def _two(name: str, args: str, rule: Callable[..., Array], doc: str, draw: Any) -> None:
    def expand(
        F: Any, sample: Array, first: Array, second: Array, *, is_log: bool = False
    ) -> Array:
        columns = _columns(F, name, sample, (first, second))
        return _finish(F, rule(F, _as_like(F, sample, first), *columns), is_log)

    _register(name, f"sample {args}", expand, doc, draw, 2)


def _register(name: str, args: str, expand: Any, doc: str, draw: Any, count: int) -> None:
    expand.__doc__ = f"{doc}, or its logarithm."
    composite(
        f"_random_pdf_{name}",
        names=Names(nd=f"random_pdf_{name}", args=args),
        samples=lambda s: [
            s(draw(s), *_parameters(s, name, count)),
            s(draw(s), *_parameters(s, name, count), is_log=True),
        ],
        errors=lambda s: [
            bad(s((2, 3), *[(3,)] * count), ShapeError, "one row of samples"),
        ],
    )(expand)


def _parameters(s: Any, name: str, count: int) -> list[Array]:
    if name == "uniform":
        return [np.array([-1.0, -0.5]), np.array([2.0, 3.0])]
    return [s.uniform(2, low=0.3, high=0.8) for _ in range(count)]


def _real(s: Any) -> Array:
    return s.uniform(2, 3)


def _counts(s: Any) -> Array:
    return s.ints(2, 3, high=5)


_two("uniform", "low high", _uniform, "Density of the uniform distribution", _real)
_two("normal", "mu sigma", _normal, "Density of the normal distribution", _real)
_two("gamma", "alpha beta", _gamma, "Density of the gamma distribution with rate `beta`", _real)
_one("exponential", "lam", _exponential, "Density of the exponential distribution", _real)
_one("poisson", "lam", _poisson, "Probability of counts of the Poisson distribution", _counts)
_two("negative_binomial", "k p", _binomial, "Probability of failures before success `k`", _counts)
_two(
    "generalized_negative_binomial",
    "mu alpha",
    _generalized,
    "Probability of counts with mean `mu` and dispersion `alpha`",
    _counts,
)


@composite(
    "_random_pdf_dirichlet",
    names=Names(nd="random_pdf_dirichlet"),
    samples=lambda s: [s((2, 2, 3), (2, 3)), s((2, 2, 3), (2, 3), is_log=True)],
)
def _(F, sample, alpha, *, is_log=False):
    """Density of the Dirichlet distribution, or its logarithm; the last axis adds up to 1."""
    column = F.reshape(alpha, shape=(*alpha.shape[:-1], 1, alpha.shape[-1]))
    powers = F.sum(F.multiply(F.subtract_scalar(column, scalar=1), F.log(sample)), axis=-1)
    scale = F.subtract(F.gammaln(F.sum(column, axis=-1)), F.sum(F.gammaln(column), axis=-1))
    return _finish(F, F.add(powers, scale), is_log)
