"""Distributions whose events are classes or vectors."""

import numpy
import pytest
from scipy import stats

import dlstudio as mx
from dlstudio import autograd, np
from dlstudio.errors import ParamError, ShapeError
from dlstudio.gluon import probability as mgp

P = numpy.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
ALPHA = numpy.array([[0.5, 1.0, 2.0], [3.0, 4.0, 5.0]])
COV = numpy.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.2], [0.1, -0.2, 0.5]])
LOC = numpy.array([[1.0, 0.0, -1.0], [0.5, 0.2, 0.1]])


def close(found, expected, tolerance=1e-7):
    numpy.testing.assert_allclose(found.asnumpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("given", [{"prob": P}, {"logit": numpy.log(P) + 3}])
def test_categorical_picks_the_probability_of_the_class(given):
    dist = mgp.Categorical(3, **given)
    close(dist.pdf(numpy.array([1, 2])), [0.5, 0.8])
    close(dist.pdf(numpy.array([[0], [1]])), [[0.2, 0.1], [0.5, 0.1]])
    close(dist.entropy(), stats.entropy(P, axis=-1))
    close(np.exp(dist.log_prob(dist.enumerate_support())).sum(0), [1, 1])
    assert dist.sample((4, 2)).shape == dist.sample_n(4).shape == (4, 2)


@pytest.mark.parametrize("kind", [mgp.Categorical, mgp.OneHotCategorical])
def test_classes_come_up_as_often_as_they_should(kind):
    mx.random.seed(5)
    drawn = kind(3, prob=P).sample_n(3000).asnumpy()
    shares = drawn if kind is mgp.OneHotCategorical else numpy.eye(3)[drawn.astype(int)]
    assert abs(shares.mean(0) - P).max() < 0.05


def test_one_hot_vectors_have_the_probability_of_their_class():
    dist = mgp.OneHotCategorical(3, prob=P)
    close(np.exp(dist.log_prob(dist.enumerate_support())), P.T)
    close(dist.mean, P)
    close(dist.variance, P * (1 - P))
    close(dist.broadcast_to((4, 2)).mean[3], P)


def test_multinomial_counts_its_draws():
    dist = mgp.Multinomial(3, prob=P, total_count=7)
    counts = numpy.array([2.0, 4.0, 1.0])
    expected = [stats.multinomial(7, p).logpmf(counts) for p in P]
    close(dist.log_prob(counts), expected)
    mx.random.seed(2)
    drawn = dist.sample_n(2000)
    assert drawn.shape == (2000, 2, 3)
    assert (drawn.sum(-1).asnumpy() == 7).all()
    assert abs(drawn.asnumpy().mean(0) - dist.mean.asnumpy()).max() < 0.15
    assert abs(drawn.asnumpy().var(0) - dist.variance.asnumpy()).max() < 0.3


def test_dirichlet_is_scipys():
    dist = mgp.Dirichlet(ALPHA)
    shares = numpy.array([0.2, 0.3, 0.5])
    close(dist.log_prob(shares), [stats.dirichlet(a).logpdf(shares) for a in ALPHA])
    close(dist.mean, [stats.dirichlet(a).mean() for a in ALPHA])
    close(dist.variance, [stats.dirichlet(a).var() for a in ALPHA])
    close(dist.entropy(), [stats.dirichlet(a).entropy() for a in ALPHA])
    mx.random.seed(1)
    drawn = dist.sample_n(3000)
    close(drawn.sum(-1), numpy.ones((3000, 2)))
    assert abs(drawn.asnumpy().mean(0) - dist.mean.asnumpy()).max() < 0.03


MATRICES = {
    "cov": COV, "precision": numpy.linalg.inv(COV), "scale_tril": numpy.linalg.cholesky(COV),
}  # fmt: skip


@pytest.mark.parametrize("name", MATRICES)
def test_multivariate_normal_is_scipys(name):
    dist = mgp.MultivariateNormal(LOC, **{name: MATRICES[name]})
    values = numpy.array([[0.3, -0.2, 0.1]])
    close(dist.log_prob(values), [stats.multivariate_normal(m, COV).logpdf(values) for m in LOC])
    close(dist.entropy(), [stats.multivariate_normal(m, COV).entropy() for m in LOC])
    close(dist.cov, COV)
    close(dist.variance, [numpy.diag(COV)] * 2)
    mx.random.seed(4)
    drawn = dist.sample_n(4000).asnumpy()
    assert drawn.shape == (4000, 2, 3)
    assert abs(drawn.mean(0) - LOC).max() < 0.12
    assert abs(numpy.cov(drawn[:, 0].T) - COV).max() < 0.25


def test_a_multivariate_normal_learns_its_matrix():
    factor = np.array(MATRICES["scale_tril"])
    factor.attach_grad()
    with autograd.record():
        score = mgp.MultivariateNormal(np.array(LOC), scale_tril=factor).log_prob(LOC + 0.5).sum()
    score.backward()
    step = 1e-6 * numpy.eye(3)[1]
    moved = MATRICES["scale_tril"] + step[:, None] * numpy.eye(3)[0]

    def total(matrix):
        return sum(stats.multivariate_normal(m, matrix @ matrix.T).logpdf(m + 0.5) for m in LOC)

    slope = (total(moved) - total(MATRICES["scale_tril"])) / 1e-6
    assert float(factor.grad[1, 0]) == pytest.approx(slope, rel=1e-4)


def test_independent_sums_over_its_event():
    base = mgp.Normal(LOC, 2.0)
    dist = mgp.Independent(base, 1)
    assert dist.event_dim == 1
    assert dist.has_grad
    close(dist.log_prob(LOC + 1), base.log_prob(LOC + 1).asnumpy().sum(-1))
    close(dist.entropy(), base.entropy().asnumpy().sum(-1))
    assert dist.mean.shape == dist.sample().shape == (2, 3)
    assert dist.sample((4, 2)).shape == (4, 2, 3)
    assert dist.broadcast_to((5, 2)).sample_n(3).shape == (3, 5, 2, 3)
    with pytest.raises(ParamError, match="reinterpreted_batch_ndims=3"):
        mgp.Independent(base, 3)


def test_relaxed_draws_integrate_to_one():
    points = (numpy.arange(20000) + 0.5) / 20000
    density = mgp.RelaxedBernoulli(0.7, prob=0.3).pdf(np.array(points))
    assert float(density.mean()) == pytest.approx(1, abs=1e-3)
    # with two classes the first share of a relaxed vector is a relaxed Bernoulli number
    pairs = numpy.stack([points, 1 - points], -1)
    both = mgp.RelaxedOneHotCategorical(0.7, 2, prob=np.array([0.3, 0.7])).pdf(np.array(pairs))
    numpy.testing.assert_allclose(both.asnumpy(), density.asnumpy(), rtol=2e-4)


def test_relaxed_draws_approach_classes_as_the_temperature_falls():
    mx.random.seed(6)
    cold = mgp.RelaxedOneHotCategorical(0.05, 3, prob=P).sample_n(2000).asnumpy()
    assert abs(numpy.eye(3)[cold.argmax(-1)].mean(0) - P).max() < 0.05
    assert numpy.median(cold.max(-1)) > 0.999
    hot = mgp.RelaxedBernoulli(100.0, prob=0.3).sample((50,)).asnumpy()
    assert abs(hot - 0.5).max() < 0.05


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match="num_events=4 entries"):
        mgp.Categorical(4, prob=P)
    with pytest.raises(ShapeError, match="one number for each share"):
        mgp.Dirichlet(2.0)
    with pytest.raises(ParamError, match="cov and precision given"):
        mgp.MultivariateNormal(LOC, cov=COV, precision=COV)
