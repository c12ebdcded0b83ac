"""One batch of each distribution beside SciPy's, and values of its support."""

from typing import Any, NamedTuple

import numpy
from scipy import stats

from dlstudio.gluon import probability as mgp

A = numpy.array([0.7, 1.5, 3.2])
B = numpy.array([1.3, 0.4, 2.5])
P = numpy.array([0.2, 0.5, 0.9])
LOC = numpy.array([-1.0, 0.0, 2.0])
REAL = numpy.array([-1.7, 0.3, 2.4])
UNIT = numpy.array([0.1, 0.5, 0.8])
COUNT = numpy.array([0.0, 2.0, 5.0])
LOGIT = numpy.log(P / (1 - P))


class Case(NamedTuple):
    name: str
    ours: Any
    scipy: Any
    values: Any
    skip: tuple = ()  # what SciPy knows and MXNet's class does not have


CASES = [
    Case("Normal", mgp.Normal(LOC, B), stats.norm(LOC, B), REAL),
    Case("Laplace", mgp.Laplace(LOC, B), stats.laplace(LOC, B), REAL),
    Case("Cauchy", mgp.Cauchy(LOC, B), stats.cauchy(LOC, B), REAL),
    Case("Gumbel", mgp.Gumbel(LOC, B), stats.gumbel_r(LOC, B), REAL),
    Case("Uniform", mgp.Uniform(LOC, LOC + A), stats.uniform(LOC, A), LOC + 0.4),
    Case("HalfNormal", mgp.HalfNormal(B), stats.halfnorm(0, B), A),
    Case("HalfCauchy", mgp.HalfCauchy(B), stats.halfcauchy(0, B), A),
    Case("Exponential", mgp.Exponential(B), stats.expon(0, B), A),
    Case("Gamma", mgp.Gamma(A, B), stats.gamma(A, 0, B), A, ("icdf",)),
    Case("Chi2", mgp.Chi2(A), stats.chi2(A), B, ("icdf",)),
    Case("StudentT", mgp.StudentT(A, LOC, B), stats.t(A, LOC, B), REAL, ("cdf", "icdf")),
    Case(
        "FisherSnedecor", mgp.FisherSnedecor(A * 2, B * 3), stats.f(A * 2, B * 3), A,
        ("cdf", "icdf", "entropy"),
    ),
    Case("Pareto", mgp.Pareto(A, B), stats.pareto(A, 0, B), B + 1),
    Case("Weibull", mgp.Weibull(A, B), stats.weibull_min(A, 0, B), B),
    Case("Beta", mgp.Beta(A, B), stats.beta(A, B), UNIT, ("cdf", "icdf")),
    Case("Poisson", mgp.Poisson(A), stats.poisson(A), COUNT, ("icdf", "entropy")),
    Case("Geometric", mgp.Geometric(P), stats.geom(P, -1), COUNT, ("icdf",)),
    Case("Geometric logit", mgp.Geometric(logit=LOGIT), stats.geom(P, -1), COUNT, ("icdf",)),
    Case(
        "NegativeBinomial", mgp.NegativeBinomial(3, P), stats.nbinom(3, P), COUNT,
        ("cdf", "icdf", "entropy"),
    ),
    Case(
        "Binomial", mgp.Binomial(6, P), stats.binom(6, P), COUNT, ("cdf", "icdf", "entropy")
    ),
    Case("Bernoulli", mgp.Bernoulli(P), stats.bernoulli(P), numpy.array([0, 1, 1]), ("icdf",)),
    Case(
        "Bernoulli logit", mgp.Bernoulli(logit=LOGIT), stats.bernoulli(P),
        numpy.array([0, 1, 1]), ("icdf",),
    ),
]  # fmt: skip
