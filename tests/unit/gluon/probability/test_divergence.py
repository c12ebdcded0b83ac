"""Divergences against estimates from many draws."""

import numpy
import pytest

import dlstudio as mx
from dlstudio import np
from dlstudio.errors import ParamError
from dlstudio.gluon import probability as mgp

A, B = numpy.array([0.7, 1.5, 3.2]), numpy.array([1.3, 0.9, 2.5])
LOC = numpy.array([-1.0, 0.0, 2.0])
P, Q = numpy.array([0.2, 0.5, 0.9]), numpy.array([0.3, 0.4, 0.6])
ROWS = numpy.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
COV = numpy.array([[2.0, 0.6], [0.6, 1.0]])

PAIRS = [
    (mgp.Normal(LOC, A), mgp.Normal(0.0, B)),
    (mgp.HalfNormal(A), mgp.HalfNormal(B)),
    (mgp.Laplace(LOC, A), mgp.Laplace(0.0, B)),
    (mgp.Cauchy(LOC, A), mgp.Cauchy(0.0, B)),
    (mgp.Gumbel(LOC, B), mgp.Gumbel(0.5, B + 0.5)),
    (mgp.Uniform(LOC, LOC + A), mgp.Uniform(LOC - 1, LOC + 5)),
    (mgp.Uniform(LOC, LOC + A), mgp.Normal(0.0, B)),
    (mgp.Uniform(LOC, LOC + A), mgp.Gumbel(0.0, B)),
    (mgp.Exponential(A), mgp.Exponential(B)),
    (mgp.Exponential(A), mgp.Gumbel(0.3, B)),
    (mgp.Exponential(A), mgp.Normal(0.3, B)),
    (mgp.Exponential(A), mgp.Gamma(B, 1.7)),
    (mgp.Gamma(A, B), mgp.Gamma(B, 2.0)),
    (mgp.Chi2(A * 3), mgp.Chi2(B * 3)),
    (mgp.Pareto(A + 1, 2.0), mgp.Pareto(B, 1.0)),
    (mgp.Beta(A, B), mgp.Beta(B, 1.5)),
    (mgp.Dirichlet(ROWS * 6), mgp.Dirichlet(np.array([1.0, 2.0, 1.5]))),
    (mgp.Bernoulli(P), mgp.Bernoulli(Q)),
    (mgp.Binomial(5, P), mgp.Binomial(5, Q)),
    (mgp.Geometric(P), mgp.Geometric(Q)),
    (mgp.Poisson(A), mgp.Poisson(B)),
    (mgp.Categorical(3, ROWS), mgp.Categorical(3, logit=np.array([0.1, 0.2, 1.0]))),
    (mgp.OneHotCategorical(3, ROWS), mgp.OneHotCategorical(3, ROWS[::-1].copy())),
    (
        mgp.MultivariateNormal(LOC[:, None] * [1.0, 0.5], cov=COV),
        mgp.MultivariateNormal(np.zeros((3, 2)), cov=np.array(COV[::-1, ::-1].copy())),
    ),
    (mgp.Independent(mgp.Normal(LOC, A), 1), mgp.Independent(mgp.Normal(0.0, np.array(B)), 1)),
]


@pytest.mark.parametrize(("p", "q"), PAIRS, ids=lambda d: type(d).__name__)
def test_the_formula_is_the_mean_over_draws(p, q):
    mx.random.seed(23)
    found = mgp.kl_divergence(p, q).asnumpy()
    draws = p.sample_n((6000,))
    gaps = (p.log_prob(draws) - q.log_prob(draws)).asnumpy()
    assert found.shape == gaps.shape[1:]
    assert (found >= 0).all()
    # five standard errors
    assert (abs(found - gaps.mean(0)) < 5 * gaps.std(0) / 6000**0.5 + 1e-7).all()


@pytest.mark.parametrize("p", [p for p, _ in PAIRS], ids=lambda d: type(d).__name__)
def test_no_distribution_diverges_from_itself(p):
    assert abs(mgp.kl_divergence(p, p).asnumpy()).max() < 1e-8


def test_an_estimate_from_draws_approaches_the_formula():
    mx.random.seed(3)
    p, q = mgp.Normal(np.zeros(2), 1.0), mgp.Normal(np.ones(2), 1.0)
    assert mgp.empirical_kl(p, q).shape == (2,)
    assert abs(mgp.empirical_kl(p, q, 4000).asnumpy() - 0.5).max() < 0.1


def test_what_q_cannot_give_is_infinitely_far():
    assert float(mgp.kl_divergence(mgp.Uniform(0.0, 2.0), mgp.Uniform(0.0, 1.0))) == numpy.inf
    assert float(mgp.kl_divergence(mgp.Pareto(1.0, 0.5), mgp.Pareto(1.0, 1.0))) == numpy.inf


def test_a_pair_without_a_formula_says_what_to_do():
    with pytest.raises(NotImplementedError, match="no formula for Beta and Normal"):
        mgp.kl_divergence(mgp.Beta(1.0, 1.0), mgp.Normal(0.0, 1.0))


def test_a_registered_formula_is_found_for_subclasses():
    class Bell(mgp.Normal):
        pass

    class Flat(mgp.Uniform):
        pass

    @mgp.register_kl(Bell, Flat)
    def _(p, q):
        return 7.0

    assert float(mgp.kl_divergence(Bell(), Flat())) == 7
    assert float(mgp.kl_divergence(Bell(), mgp.Normal())) == 0
    with pytest.raises(ParamError, match="subclasses of Distribution"):
        mgp.register_kl(int, Bell)
