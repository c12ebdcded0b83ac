"""Densities, cumulative probabilities and moments against SciPy, draws against the moments."""

import numpy
import pytest

import dlstudio as mx
from dlstudio import np
from dlstudio.errors import ArgumentError, GraphError, ParamError, ShapeError
from dlstudio.gluon import probability as mgp
from tests.unit.gluon.probability.cases import CASES, UNIT, P

BY_NAME = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def close(found, expected, tolerance=1e-8):
    numpy.testing.assert_allclose(found.asnumpy(), expected, rtol=tolerance, atol=tolerance)


@BY_NAME
def test_densities_are_scipys(case):
    density = case.scipy.logpdf if hasattr(case.scipy.dist, "pdf") else case.scipy.logpmf
    expected = density(case.values)
    close(case.ours.log_prob(case.values), expected, 1e-7)
    close(case.ours.pdf(np.array(case.values)), numpy.exp(expected), 1e-7)


@BY_NAME
def test_cumulative_probabilities_are_scipys(case):
    if "cdf" in case.skip:
        with pytest.raises(NotImplementedError, match="has no cdf"):
            case.ours.cdf(case.values)
    else:
        close(case.ours.cdf(case.values), case.scipy.cdf(case.values))
    if "icdf" in case.skip:
        with pytest.raises(NotImplementedError, match="has no icdf"):
            case.ours.icdf(UNIT)
    else:
        close(case.ours.icdf(UNIT), case.scipy.ppf(UNIT))


@BY_NAME
def test_moments_and_entropy_are_scipys(case):
    moments = zip((case.ours.mean, case.ours.variance), case.scipy.stats("mv"), strict=True)
    for found, expected in moments:
        # what does not exist is nan or infinite; SciPy and MXNet do not always agree which
        known = numpy.isfinite(expected)
        numpy.testing.assert_allclose(found.asnumpy()[known], expected[known], rtol=1e-7)
        assert not numpy.isfinite(found.asnumpy()[~known]).any()
    if "entropy" in case.skip:
        with pytest.raises(NotImplementedError, match=r"has no (entropy|natural parameters)"):
            case.ours.entropy()
    else:
        close(case.ours.entropy(), case.scipy.entropy(), 1e-7)
        close(case.ours.perplexity(), numpy.exp(case.scipy.entropy()), 1e-6)


@BY_NAME
def test_draws_have_the_distribution(case):
    mx.random.seed(17)
    drawn = case.ours.sample_n(4000)
    assert drawn.shape == (4000, 3)
    assert drawn.dtype == numpy.float64
    # the share of draws up to a point: five standard errors are below 0.04
    for point in case.scipy.ppf(numpy.array([[0.2], [0.5], [0.8]])):
        share = (drawn.asnumpy() <= point + 1e-9).mean(axis=0)
        assert abs(share - case.scipy.cdf(point + 1e-9)).max() < 0.04


@BY_NAME
def test_a_batch_broadcasts_to_a_size(case):
    assert case.ours.sample().shape == (3,)
    assert case.ours.sample((2, 3)).shape == (2, 3)
    assert case.ours.sample_n((2, 4)).shape == (2, 4, 3)
    wide = case.ours.broadcast_to((2, 3))
    assert wide.sample().shape == wide.mean.shape == (2, 3)
    close(wide.log_prob(case.values)[1], case.ours.log_prob(case.values).asnumpy())
    with pytest.raises(ShapeError, match="does not broadcast"):
        case.ours.sample((2, 2))


def test_numbers_are_parameters_too():
    dist = mgp.Normal(0, 2)
    assert repr(dist) == "Normal(loc: 0, scale: 2, event_dim: 0)"
    assert dist.mean.shape == ()
    assert dist.sample((3,)).dtype == numpy.float32
    assert float(dist.log_prob(0)) == pytest.approx(-1.612086, abs=1e-6)
    assert float(mgp.StudentT(2.0).variance) == numpy.inf


def test_legacy_arrays_are_taken():
    dist = mgp.Normal(mx.nd.zeros((2, 1)), mx.nd.ones((3,)))
    found = dist.log_prob(mx.nd.ones((2, 3)))
    assert found.shape == (2, 3)
    assert isinstance(found, np.ndarray)


def test_a_symbol_is_refused():
    with pytest.raises(GraphError, match=r"given the symbol 'loc'.*\n.*\n.*forward\(self, x\)"):
        mgp.Normal(mx.sym.var("loc"), 1.0)


def test_exactly_one_of_prob_and_logit_is_given():
    with pytest.raises(ParamError, match="neither of prob and logit"):
        mgp.Bernoulli()
    with pytest.raises(ValueError, match="both of prob and logit"):
        mgp.Geometric(prob=0.5, logit=0.0)


def test_the_natural_parameters_give_the_entropy_by_differentiation():
    dist = mgp.Normal(np.array([1.0, 2.0], dtype="float64"), np.array([0.5, 2.0], dtype="float64"))
    close(mgp.ExponentialFamily._entropy(dist), dist.entropy().asnumpy(), 1e-7)


def test_bernoulli_lists_its_values():
    dist = mgp.Bernoulli(P)
    assert dist.has_enumerate_support
    assert dist.enumerate_support().asnumpy().tolist() == [[0, 0, 0], [1, 1, 1]]
    total = np.exp(dist.log_prob(dist.enumerate_support())).sum(0)
    close(total, numpy.ones(3))


def test_a_distribution_of_the_users_own_needs_only_what_it_uses():
    class Sure(mgp.Distribution):
        arg_constraints = {"value": mgp.constraint.Real()}  # noqa: RUF012

        def __init__(self, value):
            self.value = np.array(value)
            super().__init__(event_dim=0)

        def sample(self, size=None):
            return np.broadcast_to(self.value, size or self.value.shape)

    dist = Sure([1.0, 2.0])
    assert dist.sample_n(3).shape == (3, 2)
    with pytest.raises(NotImplementedError, match="Sure has no mean"):
        _ = dist.mean


def test_shapes_that_do_not_broadcast_and_unknown_parameters_teach():
    with pytest.raises(ShapeError, match=r"Normal: parameters of shapes loc \(3,\) and scale \(4,"):
        mgp.Normal(np.zeros(3), np.ones(4)).sample()
    with pytest.raises(ArgumentError, match=r"Normal has no parameter 'mean'"):
        mgp.Normal(mean=0)
