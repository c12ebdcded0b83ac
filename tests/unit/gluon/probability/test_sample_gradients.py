"""Gradients of draws to the parameters: equal seeds before and after a small step."""

import numpy
import pytest
from scipy import special

import dlstudio as mx
from dlstudio import autograd, np
from dlstudio.gluon import probability as mgp

A, B = numpy.array([0.7, 1.5, 3.2]), numpy.array([1.3, 0.4, 2.5])
COV = numpy.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.2], [0.1, -0.2, 0.5]])

SMOOTH = {
    "Normal": (mgp.Normal, (A, B)),
    "Laplace": (mgp.Laplace, (A, B)),
    "Cauchy": (mgp.Cauchy, (A, B)),
    "Gumbel": (mgp.Gumbel, (A, B)),
    "Uniform": (mgp.Uniform, (A, A + B)),
    "HalfNormal": (mgp.HalfNormal, (B,)),
    "HalfCauchy": (mgp.HalfCauchy, (B,)),
    "Exponential": (mgp.Exponential, (B,)),
    "Pareto": (mgp.Pareto, (A, B)),
    "Weibull": (mgp.Weibull, (A, B)),
    "RelaxedBernoulli": (lambda x: mgp.RelaxedBernoulli(0.5, logit=x), (A,)),
    "RelaxedOneHotCategorical": (
        lambda x: mgp.RelaxedOneHotCategorical(0.5, 3, logit=x), (A,),
    ),
    "MultivariateNormal": (lambda m, L: mgp.MultivariateNormal(m, cov=L), (A, COV)),
    "Independent": (lambda m, s: mgp.Independent(mgp.Normal(m, s), 1), (A, B)),
    "np.random.uniform": (np.random.uniform, (A, A + B)),
    "np.random.normal": (np.random.normal, (A, B)),
    "np.random.gumbel": (np.random.gumbel, (A, B)),
    "np.random.laplace": (np.random.laplace, (A, B)),
    "np.random.logistic": (np.random.logistic, (A, B)),
    "np.random.lognormal": (np.random.lognormal, (A, B)),
    "np.random.exponential": (np.random.exponential, (A,)),
    "np.random.weibull": (np.random.weibull, (A,)),
    "np.random.pareto": (np.random.pareto, (A,)),
    "np.random.power": (np.random.power, (A,)),
    "np.random.rayleigh": (np.random.rayleigh, (A,)),
}  # fmt: skip
WEIGHTS = numpy.random.default_rng(0).uniform(0.5, 1.5, (4, 3))


def drawn(name, parameters):
    """The same noise every time, whatever the parameters."""
    mx.random.seed(9)
    make = SMOOTH[name][0]
    if name.startswith("np."):
        return make(*parameters, size=(4, 3), dtype="float64")
    dist = make(*parameters)
    assert dist.has_grad
    return dist.sample_n(4)


@pytest.mark.parametrize("name", SMOOTH)
def test_draws_follow_their_parameters(name):
    parameters = [np.array(p) for p in SMOOTH[name][1]]
    weights = np.array(WEIGHTS)
    for p in parameters:
        p.attach_grad()
    with autograd.record():
        loss = (drawn(name, parameters) * weights).sum()
    loss.backward()
    rng = numpy.random.default_rng(1)
    for i, p in enumerate(parameters):
        direction = rng.uniform(0.5, 1.5, p.shape)
        direction = direction + numpy.swapaxes(direction, 0, -1)  # covariances stay symmetric
        losses = []
        for step in (1e-6, -1e-6):
            moved = [*parameters]
            moved[i] = p.detach() + np.array(step * direction)
            losses.append(float((drawn(name, moved) * weights).sum()))
        slope = (losses[0] - losses[1]) / 2e-6
        found = float((p.grad * np.array(direction)).sum())
        assert found == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_normal_vectors_follow_their_mean_and_covariance():
    mean, cov = np.zeros((2, 3)), np.array(COV, dtype="float32")
    mean.attach_grad()
    cov.attach_grad()
    mx.random.seed(5)
    with autograd.record():
        drawn = np.random.multivariate_normal(mean, cov, 1000)
        squares = (drawn[..., 0] ** 2).mean()
    squares.backward()
    assert drawn.shape == (1000, 2, 3)
    assert abs(mean.grad.asnumpy()).max() < 0.15
    assert float(cov.grad[0, 0]) == pytest.approx(1, abs=0.1)  # E x² is the variance


@pytest.mark.parametrize("draw", [lambda a: mgp.Gamma(a).sample_n(50), lambda a: np.random.gamma(
    a, np.ones(3), (50, 3), dtype="float64")], ids=["Gamma", "np.random.gamma"])  # fmt: skip
def test_gamma_draws_move_so_that_their_cumulative_probability_stays(draw):
    a = np.array(A)
    a.attach_grad()
    mx.random.seed(2)
    with autograd.record():
        z = draw(a)
    z.backward()
    z = z.asnumpy()
    step = 1e-5
    by_a = (special.gammainc(A + step, z) - special.gammainc(A - step, z)) / (2 * step)
    density = numpy.exp((A - 1) * numpy.log(z) - z - special.gammaln(A))
    numpy.testing.assert_allclose(a.grad.asnumpy(), (-by_a / density).sum(0), rtol=1e-5)


MEANS = {
    "Beta": (mgp.Beta, lambda a, b: a / (a + b)),
    "Gamma": (mgp.Gamma, lambda a, b: a * b),
    "Chi2": (lambda a, b: mgp.Chi2(a), lambda a, b: a + 0 * b),
    "FisherSnedecor": (
        lambda a, b: mgp.FisherSnedecor(a + 8, b + 8), lambda a, b: (b + 8) / (b + 6) + 0 * a,
    ),
    "StudentT": (lambda a, b: mgp.StudentT(a + 8, b), lambda a, b: b + 0 * a),
    "Dirichlet": (
        lambda a, b: mgp.Dirichlet(np.stack([a, b], -1)),
        lambda a, b: np.stack([a, b], -1) / (a + b).reshape((3, 1)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANS)
def test_the_mean_of_draws_learns_as_the_mean_does(name):
    make, mean = MEANS[name]
    grads = []
    for sampled in (True, False):
        a, b = np.array(A), np.array(B)
        a.attach_grad()
        b.attach_grad()
        mx.random.seed(8)
        with autograd.record():
            value = make(a, b).sample_n(8000).mean(0) if sampled else mean(a, b)
            loss = (value[..., 0] if name == "Dirichlet" else value).sum()
        loss.backward()
        grads.append(numpy.stack([a.grad.asnumpy(), b.grad.asnumpy()]))
    # eight thousand draws: a few percent
    numpy.testing.assert_allclose(*grads, atol=0.07, rtol=0.07)


@pytest.mark.parametrize(
    "dist", [mgp.Bernoulli(0.5), mgp.Poisson(2.0), mgp.Categorical(2, np.array([0.4, 0.6]))]
)
def test_draws_of_whole_numbers_say_that_no_gradient_flows(dist):
    assert not dist.has_grad


@pytest.mark.parametrize("name", ["np.random.normal", "np.random.gumbel", "np.random.weibull"])
def test_a_compiled_block_draws_what_the_eager_one_draws(name):
    class Draw(mx.gluon.HybridBlock):
        def forward(self, x):
            parameters = (x, x)[: len(SMOOTH[name][1])]
            return SMOOTH[name][0](*parameters, size=(4, 3)) * 2

    found = []
    for compiled in (False, True):
        net, x = Draw(), np.array(A, dtype="float32")
        net.hybridize(compiled)
        x.attach_grad()
        for _ in range(2):  # the second call has a plan and new numbers
            mx.random.seed(4)
            with autograd.record():
                y = net(x)
            y.backward()
            found.append(numpy.concatenate([y.asnumpy(), x.grad.asnumpy()[None]]))
    for other in found[1:]:
        numpy.testing.assert_allclose(other, found[0], rtol=1e-5)
