"""Probability distributions."""

from __future__ import annotations

import sys

from dlstudio.gluon.probability.distributions import constraint, divergence_rules, utils
from dlstudio.gluon.probability.distributions.bounded import Beta, Dirichlet
from dlstudio.gluon.probability.distributions.categories import (
    Categorical,
    Multinomial,
    OneHotCategorical,
)
from dlstudio.gluon.probability.distributions.counts import (
    Bernoulli,
    Binomial,
    Geometric,
    NegativeBinomial,
    Poisson,
)
from dlstudio.gluon.probability.distributions.distribution import Distribution
from dlstudio.gluon.probability.distributions.divergence import (
    empirical_kl,
    kl_divergence,
    register_kl,
)
from dlstudio.gluon.probability.distributions.exp_family import ExponentialFamily
from dlstudio.gluon.probability.distributions.independent import Independent
from dlstudio.gluon.probability.distributions.location_scale import (
    Cauchy,
    Gumbel,
    Laplace,
    Normal,
    Uniform,
)
from dlstudio.gluon.probability.distributions.multivariate import MultivariateNormal
from dlstudio.gluon.probability.distributions.positive import (
    Chi2,
    Exponential,
    FisherSnedecor,
    Gamma,
    StudentT,
)
from dlstudio.gluon.probability.distributions.relaxed import (
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)
from dlstudio.gluon.probability.distributions.transformed import (
    HalfCauchy,
    HalfNormal,
    Pareto,
    TransformedDistribution,
    Weibull,
)
from dlstudio.gluon.probability.distributions.utils import (
    cached_property,
    constraint_check,
    digamma,
    erf,
    erfinv,
    gammaln,
    logit2prob,
    prob2logit,
    sample_n_shape_converter,
)

__all__ = [
    "Bernoulli", "Beta", "Binomial", "Categorical", "Cauchy", "Chi2", "Dirichlet", "Distribution",
    "Exponential", "ExponentialFamily", "FisherSnedecor", "Gamma", "Geometric", "Gumbel",
    "HalfCauchy", "HalfNormal", "Independent", "Laplace", "Multinomial", "MultivariateNormal",
    "NegativeBinomial", "Normal", "OneHotCategorical", "Pareto", "Poisson", "RelaxedBernoulli",
    "RelaxedOneHotCategorical", "StudentT", "TransformedDistribution", "Uniform", "Weibull",
    "cached_property", "constraint", "constraint_check", "digamma", "divergence_rules",
    "empirical_kl", "erf", "erfinv", "gammaln", "kl_divergence", "logit2prob", "prob2logit",
    "register_kl", "sample_n_shape_converter", "utils",
]  # fmt: skip

# MXNet's modules inside this one, which have one distribution each
FILES = """bernoulli beta binomial categorical cauchy chi2 dirichlet exponential fishersnedecor
gamma geometric gumbel half_cauchy half_normal laplace multinomial multivariate_normal
negative_binomial normal one_hot_categorical pareto poisson relaxed_bernoulli
relaxed_one_hot_categorical studentT transformed_distribution uniform weibull""".split()
vars().update(dict.fromkeys(FILES, sys.modules[__name__]))
