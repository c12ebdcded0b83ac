"""The closed forms of Kullback-Leibler divergences; each is E_p[log p] - E_p[log q]."""

from __future__ import annotations

from math import e, inf, pi
from math import log as ln
from typing import Any

import numpy

from dlstudio import np
from dlstudio.errors import ShapeError, explain
from dlstudio.gluon.probability.distributions.bounded import Beta, Dirichlet
from dlstudio.gluon.probability.distributions.categories import Categorical, OneHotCategorical
from dlstudio.gluon.probability.distributions.counts import (
    Bernoulli,
    Binomial,
    Geometric,
    Poisson,
)
from dlstudio.gluon.probability.distributions.divergence import kl_divergence, register_kl
from dlstudio.gluon.probability.distributions.independent import Independent
from dlstudio.gluon.probability.distributions.location_scale import (
    Cauchy,
    Gumbel,
    Laplace,
    Normal,
    Uniform,
)
from dlstudio.gluon.probability.distributions.multivariate import MultivariateNormal
from dlstudio.gluon.probability.distributions.positive import Exponential, Gamma, log_beta
from dlstudio.gluon.probability.distributions.transformed import HalfNormal, Pareto
from dlstudio.gluon.probability.distributions.utils import sum_right_most
from dlstudio.gluon.probability.functions import digamma, exp, gammaln, log, softplus

__all__: list[str] = []  # imported for its registrations

# --- real numbers -------------------------------------------------------------------------------


@register_kl(Normal, Normal)
def _(p: Any, q: Any) -> Any:
    ratio, shift = (p.scale / q.scale) ** 2, ((p.loc - q.loc) / q.scale) ** 2
    return 0.5 * (ratio + shift - 1 - log(ratio))


@register_kl(HalfNormal, HalfNormal)
def _(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio - 1 - log(ratio))


@register_kl(Laplace, Laplace)
def _(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    distance = abs(p.loc - q.loc)
    return ratio * exp(-distance / p.scale) + distance / q.scale - log(ratio) - 1


@register_kl(Cauchy, Cauchy)
def _(p: Any, q: Any) -> Any:
    # Chyzak and Nielsen, arXiv:1905.10965
    squares = (p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2
    return log(squares) - log(4 * p.scale * q.scale)


@register_kl(Gumbel, Gumbel)
def _(p: Any, q: Any) -> Any:
    ratio, shift = p.scale / q.scale, (p.loc - q.loc) / q.scale
    tail = exp(-shift + gammaln(1 + ratio))
    return -log(ratio) + numpy.euler_gamma * (ratio - 1) + tail - 1 + shift


@register_kl(Uniform, Uniform)
def _(p: Any, q: Any) -> Any:
    low, high = p._array(p.low), p._array(p.high)
    inside = (q.low <= low) & (high <= q.high)
    return np.where(inside, log(q.high - q.low) - log(p.high - p.low), inf)


@register_kl(Uniform, Normal)
def _(p: Any, q: Any) -> Any:
    middle, width = (p.low + p.high) / 2, p.high - p.low
    squares = width**2 / 12 + (middle - q.loc) ** 2
    return log(q.scale) + 0.5 * ln(2 * pi) - log(width) + squares / (2 * q.scale**2)


@register_kl(Uniform, Gumbel)
def _(p: Any, q: Any) -> Any:
    low, high = (p.low - q.loc) / q.scale, (p.high - q.loc) / q.scale
    return (low + high) / 2 - (exp(-high) - exp(-low)) / (high - low) - log(high - low)


@register_kl(MultivariateNormal, MultivariateNormal)
def _(p: Any, q: Any) -> Any:
    K = p._event_shape[0]
    batch = numpy.broadcast_shapes(p._batch_shape, q._batch_shape)
    factor = np.broadcast_to(q.scale_tril, (*batch, K, K))
    spread = np.linalg.solve(factor, np.broadcast_to(p.scale_tril, (*batch, K, K)))
    shift = np.broadcast_to(np.expand_dims(p.loc - q.loc, -1), (*batch, K, 1))
    shift = np.linalg.solve(factor, shift)
    squares = (spread**2).sum((-2, -1)) + (shift**2).sum((-2, -1))
    return q.half_log_det - p.half_log_det + 0.5 * (squares - K)


# --- positive numbers and shares ----------------------------------------------------------------


@register_kl(Exponential, Exponential)
def _(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    return ratio - 1 - log(ratio)


@register_kl(Exponential, Gumbel)
def _(p: Any, q: Any) -> Any:
    ratio, shift = p.scale / q.scale, q.loc / q.scale
    return exp(shift) / (1 + ratio) - 1 - log(ratio) + ratio - shift


@register_kl(Exponential, Normal)
def _(p: Any, q: Any) -> Any:
    squares = p.scale**2 + (p.scale - q.loc) ** 2
    return log(q.scale) + 0.5 * ln(2 * pi) - log(e * p.scale) + squares / (2 * q.scale**2)


@register_kl(Exponential, Gamma)
def _(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    shaped = gammaln(q.shape) - q.shape * log(ratio) + (q.shape - 1) * numpy.euler_gamma
    return ratio - 1 + shaped


@register_kl(Gamma, Gamma)
def _(p: Any, q: Any) -> Any:
    a, b = p.shape, q.shape
    ratio = p.scale / q.scale
    return (a - b) * digamma(a) - gammaln(a) + gammaln(b) - b * log(ratio) + a * (ratio - 1)


@register_kl(Pareto, Pareto)
def _(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    found = q.alpha * (log(p.scale) - log(q.scale)) - log(ratio) + ratio - 1
    return np.where(p._array(p.scale) >= q.scale, found, inf)


@register_kl(Beta, Beta)
def _(p: Any, q: Any) -> Any:
    total, change = p.alpha + p.beta, q.alpha + q.beta - p.alpha - p.beta
    slopes = (p.alpha - q.alpha) * digamma(p.alpha) + (p.beta - q.beta) * digamma(p.beta)
    return log_beta(q.alpha, q.beta) - log_beta(p.alpha, p.beta) + slopes + change * digamma(total)


@register_kl(Dirichlet, Dirichlet)
def _(p: Any, q: Any) -> Any:
    total = p.alpha.sum(-1, keepdims=True)
    slopes = (p.alpha - q.alpha) * (digamma(p.alpha) - digamma(total))
    return q._log_normalizer(q.alpha) - p._log_normalizer(p.alpha) + slopes.sum(-1)


# --- whole numbers and classes ------------------------------------------------------------------


@register_kl(Bernoulli, Bernoulli)
def _(p: Any, q: Any) -> Any:
    return p.prob * (p.logit - q.logit) + softplus(q.logit) - softplus(p.logit)


@register_kl(Binomial, Binomial)
def _(p: Any, q: Any) -> Any:
    one = p.prob * (p.logit - q.logit) + softplus(q.logit) - softplus(p.logit)
    # with more trials p can give what q cannot; with fewer there is no closed form
    if p._array(p.n == q.n).astype("bool").asnumpy().all():
        return p.n * one
    raise ShapeError(
        explain(
            "kl_divergence: binomial distributions with different n.",
            "equal numbers of trials.",
            "empirical_kl(p, q, n_samples=1000)",
        )
    )


@register_kl(Geometric, Geometric)
def _(p: Any, q: Any) -> Any:
    return -p._entropy() + softplus(-q.logit) + exp(-p.logit) * softplus(q.logit)


@register_kl(Poisson, Poisson)
def _(p: Any, q: Any) -> Any:
    return p.rate * (log(p.rate) - log(q.rate)) - p.rate + q.rate


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
def _(p: Any, q: Any) -> Any:
    logs = p._log_probs
    return (np.exp(logs) * (logs - q._log_probs)).sum(-1)


@register_kl(Independent, Independent)
def _(p: Any, q: Any) -> Any:
    count = p.reinterpreted_batch_ndims
    if count != q.reinterpreted_batch_ndims:
        raise ShapeError(
            explain(
                f"kl_divergence: Independent with {count} and {q.reinterpreted_batch_ndims} axes.",
                "equally many axes in an event.",
            )
        )
    return sum_right_most(kl_divergence(p.base_dist, q.base_dist), count)
