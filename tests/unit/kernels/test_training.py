"""Whole networks: training with compiled kernels follows training on NumPy."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, config, gluon
from dlstudio.gluon import nn
from dlstudio.kernels import cache

pytestmark = pytest.mark.skipif(not cache.has_numba(), reason="needs numba: pip install numba")


def blocks():
    """Convolution, batch normalisation, activation and pooling, as in networks for images."""
    net = nn.HybridSequential()
    for channels in (8, 16):
        net.add(
            nn.Conv2D(channels, 3, padding=1),
            nn.BatchNorm(),
            nn.Activation("relu"),
            nn.MaxPool2D(2, 2),
        )
    net.add(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(10))
    return net


def lenet():
    """Convolution, rectifier and pooling, which are fused."""
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(6, 5, padding=2, activation="relu"),
        nn.MaxPool2D(2, 2),
        nn.Conv2D(16, 5, activation="relu"),
        nn.MaxPool2D(2, 2),
        nn.Dense(120, activation="relu"),
        nn.Dense(10),
    )
    return net


def losses(make, optimizer, *, hybrid, steps=5):
    """Losses of some steps from one seed."""
    mx.random.seed(3)
    net, loss = make(), gluon.loss.SoftmaxCrossEntropyLoss()
    net.initialize(mx.init.Xavier())
    if hybrid:
        net.hybridize()
        loss.hybridize()
    trainer = gluon.Trainer(net.collect_params(), *optimizer)
    rng = np.random.default_rng(1)
    found = []
    for _ in range(steps):
        x = mx.nd.array(rng.standard_normal((16, 1, 28, 28)))
        y = mx.nd.array(rng.integers(0, 10, 16))
        with autograd.record():
            value = loss(net(x), y)
        value.backward()
        trainer.step(16)
        found.append(float(value.mean().asscalar()))
    return found


OPTIMIZERS = [
    ("sgd", {"learning_rate": 0.05, "momentum": 0.9, "wd": 1e-3}),
    ("adam", {"learning_rate": 0.003}),
]


@pytest.mark.parametrize("make", [blocks, lenet], ids=lambda f: f.__name__)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o[0])
def test_losses_with_kernels_follow_those_on_numpy(make, optimizer):
    with config.using(kernels="numpy"):
        expected = losses(make, optimizer, hybrid=False)
    with config.using(kernels="compiled"):
        found = losses(make, optimizer, hybrid=True)
    # Rounding differs in the last bits and grows slowly along the way.
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_two_runs_with_kernels_are_equal_to_the_bit():
    with config.using(kernels="compiled"):
        first = losses(lenet, OPTIMIZERS[0], hybrid=True)
        assert losses(lenet, OPTIMIZERS[0], hybrid=True) == first
