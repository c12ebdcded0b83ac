"""Samplers: moments, bounds, seeds and the forms of their arguments."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import DTypeError, ParamError

MOMENTS = [
    (lambda n: nd.random.uniform(-2, 3, shape=n), 0.5, 25 / 12),
    (lambda n: nd.random.normal(1, 2, shape=n), 1, 4),
    (lambda n: nd.random.gamma(2.0, 3.0, shape=n), 6, 18),
    (lambda n: nd.random.exponential(2.0, shape=n), 2, 4),
    (lambda n: nd.random.poisson(4.0, shape=n), 4, 4),
    (lambda n: nd.random.negative_binomial(3, 0.4, shape=n), 4.5, 11.25),
    (lambda n: nd.random.generalized_negative_binomial(2.0, 0.5, shape=n), 2, 4),
    (lambda n: mx.np.random.beta(2.0, 3.0, size=n), 0.4, 0.04),
    (lambda n: mx.np.random.chisquare(3.0, size=n), 3, 6),
    (lambda n: mx.np.random.gumbel(1.0, 2.0, size=n), 2.1544, 6.5797),
    (lambda n: mx.np.random.laplace(1.0, 2.0, size=n), 1, 8),
    (lambda n: mx.np.random.logistic(1.0, 2.0, size=n), 1, 13.1595),
    (lambda n: mx.np.random.lognormal(0.0, 0.5, size=n), 1.13315, 0.3647),
    (lambda n: mx.np.random.power(3.0, size=n), 0.75, 0.0375),
    (lambda n: mx.np.random.rayleigh(2.0, size=n), 2.50663, 1.71681),
    (lambda n: mx.npx.random.bernoulli(0.3, size=n), 0.3, 0.21),
]


@pytest.mark.parametrize(("draw", "mean", "variance"), MOMENTS)
def test_moments_are_those_of_the_distribution(draw, mean, variance):
    mx.random.seed(11)
    x = draw((40000,)).asnumpy().astype("float64")
    # five standard errors of the mean; variances of heavy tails within 10 %
    assert abs(x.mean() - mean) < 5 * (variance / x.size) ** 0.5
    assert abs(x.var() / variance - 1) < 0.1


def test_a_seed_repeats_the_numbers_and_the_next_draw_differs():
    mx.random.seed(3)
    a, b = nd.random.uniform(shape=4).asnumpy(), nd.random.uniform(shape=4).asnumpy()
    mx.random.seed(3)
    c = nd.random.uniform(shape=4).asnumpy()
    assert (a == c).all()
    assert (a != b).any()


def test_arrays_of_parameters_give_a_row_of_draws_each():
    x = nd.random.uniform(nd.array([0.0, 10.0]), nd.array([1.0, 20.0]), shape=(5,))
    assert x.shape == (2, 5)
    assert (x.asnumpy()[1] >= 10).all()


def test_parameters_are_all_arrays_or_all_numbers():
    with pytest.raises(DTypeError, match="some parameters are arrays"):
        nd.random.uniform(nd.array([0.0]), 1.0)


def test_a_parameter_outside_its_domain_is_refused():
    with pytest.raises(ParamError, match="high must be at least low"):
        nd.random.uniform(3, 1, shape=2)
    with pytest.raises(ParamError, match="scale must be above 0"):
        nd.random.normal(0, -1, shape=2)
    with pytest.raises(ParamError, match="above low"):
        nd.random.randint(5, 0)


def test_multinomial_draws_categories_by_their_probabilities():
    mx.random.seed(5)
    drawn = nd.random.multinomial(nd.array([[0.1, 0.9], [1.0, 0.0]]), shape=2000)
    counts = drawn.asnumpy().mean(axis=1)
    assert drawn.dtype == np.int32
    assert abs(counts[0] - 0.9) < 0.05
    assert counts[1] == 0


def test_out_receives_the_numbers():
    x = nd.zeros((2, 2))
    assert nd.random.uniform(1, 2, out=x) is x
    assert (x.asnumpy() >= 1).all()


def test_shuffle_keeps_the_rows_together():
    x = nd.arange(12).reshape((6, 2))
    y = nd.random.shuffle(x).asnumpy()
    assert sorted(y[:, 0].tolist()) == [0, 2, 4, 6, 8, 10]
    assert (y[:, 1] - y[:, 0] == 1).all()


def test_choice_without_replacement_never_repeats():
    drawn = mx.np.random.choice(10, size=(10,), replace=False).asnumpy()
    assert sorted(drawn.tolist()) == list(range(10))


@pytest.mark.parametrize("active", [False, True], ids=["eager", "compiled"])
def test_gradients_flow_through_the_log_probability_of_a_drawn_category(active):
    class Draw(gluon.HybridBlock):
        def hybrid_forward(self, F, p):
            return F.sample_multinomial(p, shape=3, get_prob=True)

    draw = Draw()
    draw.hybridize(active)
    p = nd.array([[0.2, 0.8], [0.0, 1.0]])
    p.attach_grad()
    with autograd.record():
        drawn, log_prob = draw(p)
        loss = (log_prob * nd.array([[1], [2]])).sum()  # as in REINFORCE
    loss.backward()
    hits = nd.one_hot(drawn, 2).sum(axis=1).asnumpy() * [[1], [2]]
    expected = hits / np.maximum(p.asnumpy(), 1e-9)
    np.testing.assert_allclose(p.grad.asnumpy(), expected, rtol=1e-5)


def test_binomial_numbers_count_successes():
    mx.random.seed(3)
    x = nd.random.binomial(20, 0.25, shape=(2000,))
    assert (x.asnumpy() == x.asnumpy().round()).all()
    assert x.mean().asscalar() == pytest.approx(5, abs=0.2)
    n, p = nd.array([10, 100]), nd.array([0.5, 0.9])
    means = nd.random.binomial(n, p, shape=500).mean(axis=1).asnumpy()
    np.testing.assert_allclose(means, [5, 90], rtol=0.05)
    drawn = mx.sym.random.binomial(3, 1.0, shape=(2,)).eval()[0]
    assert drawn.asnumpy().tolist() == [3, 3]


def test_categories_are_drawn_as_by_multinomial():
    p = nd.array([[0.0, 1.0], [1.0, 0.0]])
    drawn, logs = nd.random.categorical(p, shape=3, get_prob=True)
    assert (drawn.asnumpy().tolist(), drawn.dtype) == ([[1] * 3, [0] * 3], np.int32)
    assert logs.asnumpy().tolist() == [[0] * 3] * 2
    symbol = mx.sym.random.categorical(mx.sym.var("p"), shape=3, get_prob=False)
    assert symbol.eval(p=p)[0].asnumpy().tolist() == [[1] * 3, [0] * 3]
