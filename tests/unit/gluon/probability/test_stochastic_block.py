"""Blocks with losses of their own, eager and compiled; and three small models that learn."""

import numpy
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, np
from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon import probability as mgp


class Latent(mgp.StochasticBlock):
    @mgp.StochasticBlock.collectLoss
    def forward(self, loc, scale):
        posterior = mgp.Normal(loc, scale)
        self.add_loss(mgp.kl_divergence(posterior, mgp.Normal(0.0, 1.0)))
        return posterior.sample()


@pytest.mark.parametrize("compiled", [False, True])
def test_losses_come_out_beside_the_output(compiled):
    net, loc = Latent(), np.ones(3)
    net.hybridize(compiled)
    loc.attach_grad()
    for _ in range(2):
        mx.random.seed(1)
        with autograd.record():
            out = net(loc, np.ones(3))
            total = net.losses[0].sum() + out.sum()
        total.backward()
        assert out.shape == (3,)
        assert len(net.losses) == 1
        assert net.losses[0].asnumpy().tolist() == [0.5, 0.5, 0.5]
        assert loc.grad.asnumpy().tolist() == [2, 2, 2]  # 1 by the divergence, 1 by the draw


def test_a_forward_that_collects_nothing_is_refused():
    class Plain(mgp.StochasticBlock):
        def forward(self, x):
            return x

    with pytest.raises(ParamError, match="Plain: forward does not collect losses"):
        Plain()(np.ones(2))


class Noisy(mgp.StochasticBlock):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    @mgp.StochasticBlock.collectLoss
    def forward(self, x, *rest):
        self.add_loss(self.weight * x.sum())
        return (x + 1, *rest) if rest else x + 1


@pytest.mark.parametrize("compiled", [False, True])
def test_a_row_of_blocks_has_the_losses_of_all(compiled):
    net = mgp.StochasticSequential()
    net.add(Noisy(1.0), nn.HybridLambda("relu"), Noisy(10.0))
    net.hybridize(compiled)
    for _ in range(2):
        out = net(np.ones(2))
        assert out.asnumpy().tolist() == [3, 3]
        assert [float(loss) for loss in net.losses] == [2, 40]
    assert len(net) == 3
    assert isinstance(net[0], Noisy)
    assert len(net[1:]) == 2


def test_a_row_of_blocks_hands_on_several_values():
    net = mgp.StochasticSequential()
    net.add(Noisy(1.0), Noisy(1.0))
    x, y = net(np.ones(2), np.zeros(1))
    assert x.asnumpy().tolist() == [3, 3]
    assert y.shape == (1,)


class Autoencoder(mgp.StochasticBlock):
    def __init__(self):
        super().__init__()
        self.encoder = nn.HybridSequential()
        self.encoder.add(nn.Dense(16, activation="tanh", in_units=8), nn.Dense(4, in_units=16))
        self.decoder = nn.HybridSequential()
        self.decoder.add(nn.Dense(16, activation="tanh", in_units=2), nn.Dense(8, in_units=16))

    @mgp.StochasticBlock.collectLoss
    def forward(self, x):
        loc, log_scale = np.split(self.encoder(x), 2, axis=1)
        posterior = mgp.Normal(loc, np.exp(log_scale))
        self.add_loss(mgp.kl_divergence(posterior, mgp.Normal(0.0, 1.0)).sum(1))
        logit = self.decoder(posterior.sample())
        self.add_loss(-mgp.Bernoulli(logit=logit).log_prob(x).sum(1))
        return logit


def trained(compiled):
    """Loss after each step on eight bits that are copies of two."""
    mx.random.seed(5)
    numpy.random.seed(5)
    bits = mgp.Bernoulli(0.5 * np.ones(2)).sample((64, 2))
    x = np.repeat(bits, 4, axis=1)
    net = Autoencoder()
    net.initialize(mx.init.Xavier())
    net.hybridize(compiled)
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.02})
    history = []
    for _ in range(60):
        with autograd.record():
            net(x)
            loss = sum(net.losses)
        loss.backward()
        trainer.step(64)
        history.append(float(loss.mean()))
    return history


def test_a_variational_autoencoder_learns_the_same_compiled_as_eager():
    eager, compiled = trained(False), trained(True)
    numpy.testing.assert_allclose(eager, compiled, rtol=1e-3)
    assert eager[0] > 5
    assert numpy.mean(eager[-5:]) < 3.5  # two bits of information cost 1.39 nats


def test_bayesian_regression_finds_the_posterior():
    rng = numpy.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    y = x @ [1.0, -2.0] + 0.5 * rng.normal(size=100)
    precision = x.T @ x / 0.25 + numpy.eye(2)
    mean = numpy.linalg.solve(precision, x.T @ y / 0.25)
    loc, log_scale = np.zeros(2, dtype="float64"), np.full(2, -2.0, dtype="float64")
    for p in (loc, log_scale):
        p.attach_grad()
    # the first, steep steps are soon forgotten
    rate = mx.lr_scheduler.CosineScheduler(300, 0.05, 0.0)
    update = mx.optimizer.get_updater(mx.optimizer.Adam(0.05, beta2=0.95, lr_scheduler=rate))
    prior = mgp.Independent(mgp.Normal(np.zeros(2, dtype="float64"), 1.0), 1)
    mx.random.seed(3)
    for _ in range(300):
        with autograd.record():
            posterior = mgp.Independent(mgp.Normal(loc, np.exp(log_scale)), 1)
            weights = posterior.sample_n(8)
            fit = mgp.Normal(np.matmul(weights, np.array(x.T)), 0.5).log_prob(y).sum(-1).mean()
            loss = mgp.kl_divergence(posterior, prior) - fit
        loss.backward()
        update(0, loc.grad, loc)
        update(1, log_scale.grad, log_scale)
    scale = 1 / numpy.diag(precision) ** 0.5  # of the best factorised posterior
    numpy.testing.assert_allclose(loc.asnumpy(), mean, atol=0.2 * scale.max())
    numpy.testing.assert_allclose(np.exp(log_scale).asnumpy(), scale, rtol=0.15)


def test_a_mixture_finds_its_parts():
    mx.random.seed(7)
    truth = mgp.Categorical(2, prob=np.array([0.3, 0.7])).sample((400,))
    x = mgp.Normal(np.where(truth == 0, -2.0, 1.5), 0.5).sample()
    logit, loc, log_scale = np.zeros(2), np.array([-1.0, 1.0]), np.zeros(2)
    for p in (logit, loc, log_scale):
        p.attach_grad()
    for _ in range(80):
        with autograd.record():
            part = mgp.Categorical(2, logit=logit)
            joint = mgp.Normal(loc, np.exp(log_scale)).log_prob(x.reshape((-1, 1)))
            joint = joint + part.log_prob(np.arange(2))
            loss = -np.logaddexp(joint[:, 0], joint[:, 1]).mean()
        loss.backward()
        for p in (logit, loc, log_scale):
            p[:] = p - 0.4 * p.grad
    numpy.testing.assert_allclose(loc.asnumpy(), [-2.0, 1.5], atol=0.15)
    numpy.testing.assert_allclose(part.prob.asnumpy(), [0.3, 0.7], atol=0.06)
    numpy.testing.assert_allclose(np.exp(log_scale).asnumpy(), [0.5, 0.5], atol=0.1)


def test_a_stochastic_row_prints_its_blocks():
    row = mgp.StochasticSequential()
    row.add(nn.Dense(2))
    assert repr(row) == "StochasticSequential(\n  (0): Dense(None -> 2, linear)\n)"
