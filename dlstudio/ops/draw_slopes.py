"""How draws move with their parameters: the gradients of samplers that are reparameterised.

A draw is a smooth function of its parameters and of noise that knows nothing of them. Each rule
gives the derivatives of the draw `y` by the parameters, from `y` and the parameters alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.registry import NotDifferentiable, op
from dlstudio.ops.rules import broadcast_shape, real_dtype
from dlstudio.ops.special import _digamma, _gammaln

__all__ = ["SLOPES", "slopes_rule"]

Array = Any
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


# --- the gamma distribution ---------------------------------------------------------------------


def _tail(xp: Any, a: Array, z: Array) -> tuple[Array, Array, Array]:
    r"""Integrate the density of Gamma(a) over the tail beside z that does not hold the mode.

    Divided by ``z p(z)``, with t = z eˢ above and t = z e⁻ˢ below, the integrands are
    :math:`e^{\pm as \mp z(e^{\pm s}-1)}`: no faster than Gaussian near 0 and negligible beyond L.
    Gauss-Legendre nodes in v, s = L v², resolve them to 1e-9.

    Returns the sign (1: z is above the mode), the integral, and that of log t - ψ(a).
    """
    sign = xp.where(z > a, 1.0, -1.0)
    # L: where the exponent is below -40, from e^s - 1 - s >= s²/2 and e^-s - 1 + s >= s²/3, s < 1
    above = xp.where(z < 40, xp.log1p(160 / z), xp.sqrt(80 / z))
    below = xp.where(z > 120, xp.sqrt(120 / z), (40 + z) / a)
    length = xp.where(z > a, above, below)
    offset = xp.log(z) - _digamma(xp, a)
    mass, moment = xp.zeros_like(z), xp.zeros_like(z)
    for node, weight in zip((_NODES + 1) / 2, _WEIGHTS / 2, strict=True):
        s = sign * length * node**2
        value = xp.exp(a * s - z * xp.expm1(s)) * (2 * weight * node) * length
        mass = mass + value
        moment = moment + value * (offset + s)
    return sign, mass, moment


def _prepared(xp: Any, a: Array, z: Array) -> tuple[Array, Array]:
    a, z = xp.broadcast_arrays(a.astype("float64"), z.astype("float64"))
    return a, xp.maximum(z, 1e-300)


def _like_draw(a: Any, z: Any) -> Any:
    """Shape of both together; dtype of the draw."""
    return z._replace(shape=broadcast_shape("gamma", a.shape, z.shape))


@op(
    "gamma_slope",
    infer=_like_draw,
    grad=NotDifferentiable("second derivatives of gamma draws have no closed form"),
    samples=lambda s: [
        s((2, 3), (2, 3)),
        s(s.uniform(6, low=0.1, high=30), s.uniform(6, low=0.1, high=30)),
        s((1, 3), (2, 1)),
        s((0, 3), (0, 3)),
    ],
)
def _(xp, a, z):
    r"""How a draw z of Gamma(a) moves with a: :math:`-\partial_a P(a, z) / p(z)`.

    References
    ----------
    Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients", NeurIPS 2018.
    """
    kind = z.dtype
    a, z = _prepared(xp, a, z)
    sign, _, moment = _tail(xp, a, z)
    return xp.asarray(sign * z * moment).astype(kind)


@op(
    "gammainc",
    infer=_like_draw,
    grad=lambda F, g, out, a, z: _gammainc_grad(F, g, a, z),
    second_order="the slope by `a` is a quadrature without a derivative",
    samples=lambda s: [s((2, 3), (2, 3)), s((1, 3), (2, 1)), s((), (3,)), s((0, 3), (0, 3))],
)
def _(xp, a, z):
    """Regularised lower incomplete gamma function P(a, z), the cdf of Gamma(a)."""
    kind = z.dtype
    a, wide = _prepared(xp, a, z)
    sign, mass, _ = _tail(xp, a, wide)
    tail = mass * xp.exp(a * xp.log(wide) - wide - _gammaln(xp, a))
    return xp.asarray(xp.where(z <= 0, 0, xp.where(sign > 0, 1 - tail, tail))).astype(kind)


def _gammainc_grad(F: Any, g: Array, a: Array, z: Array) -> tuple[Array, Array]:
    log_density = F.subtract(
        F.subtract(F.multiply(F.add_scalar(a, scalar=-1), F.log(z)), z), F.gammaln(a)
    )
    flow = F.multiply(g, F.exp(log_density))
    by_a = F.negative(F.multiply(flow, F.gamma_slope(a, z)))
    return F.sum_to(by_a, shape=a.shape), F.sum_to(flow, shape=z.shape)


# --- the rules ----------------------------------------------------------------------------------

Rule = Callable[..., tuple[Array, ...]]


def _location(F: Any, y: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
    """Y = loc + scale · noise."""
    return F.ones_like(y), F.divide(F.subtract(y, loc), scale)


def _uniform(F: Any, y: Array, low: Array, high: Array) -> tuple[Array, ...]:
    share = F.divide(F.subtract(y, low), F.subtract(high, low))
    return F.subtract_scalar(share, scalar=1, reverse=True), share


def _lognormal(F: Any, y: Array, mean: Array, sigma: Array) -> tuple[Array, ...]:
    return y, F.multiply(y, F.divide(F.subtract(F.log(y), mean), sigma))


def _gamma(F: Any, y: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
    by_beta = F.divide(y, beta)
    return F.multiply(beta, F.gamma_slope(alpha, by_beta)), by_beta


def _root(F: Any, y: Array, a: Array) -> tuple[Array, ...]:
    """Y = noise^(1/a)."""
    return (F.negative(F.divide(F.multiply(y, F.log(y)), a)),)


def _pareto(F: Any, y: Array, a: Array) -> tuple[Array, ...]:
    above = F.add_scalar(y, scalar=1)
    return (F.negative(F.divide(F.multiply(above, F.log(above)), a)),)


SLOPES: dict[str, Rule] = {
    "uniform": _uniform,
    "normal": _location,
    "laplace": _location,
    "logistic": _location,
    "gumbel": _location,
    "lognormal": _lognormal,
    "gamma": _gamma,
    "exponential": lambda F, y, lam: (F.negative(F.divide(y, lam)),),
    "rayleigh": lambda F, y, scale: (F.divide(y, scale),),
    "weibull": _root,
    "power": _root,
    "pareto": _pareto,
    "chisquare": lambda F, y, df: (
        F.gamma_slope(
            F.multiply_scalar(df, scalar=0.5), F.multiply_scalar(y, scalar=0.5)
        ),
    ),
}  # fmt: skip


def slopes_rule(slopes: Rule) -> Callable[..., tuple[Array, ...]]:
    """Make the gradient rule of an operator from the slopes of its draws."""

    def grad(F: Any, g: Array, out: Array, *parameters: Array, **_: Any) -> tuple[Array, ...]:
        found = slopes(F, out, *parameters)
        return tuple(
            _as(F, F.sum_to(F.multiply(g, slope), shape=p.shape), p)
            for slope, p in zip(found, parameters, strict=True)
        )

    return grad


def _as(F: Any, g: Array, x: Array) -> Array:
    """Gradients have the dtype of the parameter, draws that of the call."""
    kind = real_dtype(x.dtype)
    return g if g.dtype == kind else F.cast(g, dtype=kind.name)
