"""A network on ``mx.gpu(0)``, with CuPy simulated: the same numbers as on the CPU."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.core.device import Device
from dlstudio.gluon import nn
from tests.gpu import stand_in


@pytest.fixture
def gpu(monkeypatch):
    """gpu(0) over the stand-in; a real CuPy or a real device is left alone."""
    monkeypatch.setitem(sys.modules, "cupy", stand_in.make())
    made = dict(Device._made)
    Device._made.pop(("gpu", 0), None)
    yield mx.gpu(0)
    Device._made.clear()
    Device._made.update(made)


def train(device, *, hybridize):
    rng = np.random.default_rng(0)
    images = rng.normal(size=(8, 1, 8, 8)).astype("float32")
    labels = rng.integers(0, 3, 8).astype("float32")
    net = nn.HybridSequential()
    net.add(
        nn.Conv2D(4, 3, activation="relu"),
        nn.BatchNorm(),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(3),
    )
    net.initialize(mx.init.One(), ctx=device)
    x, y = nd.array(images, ctx=device), nd.array(labels, ctx=device)
    net(x)
    for i, parameter in enumerate(p for p in net.collect_params().values() if p.grad_req != "null"):
        values = np.random.default_rng(i).normal(0, 0.3, parameter.shape)
        parameter.set_data(nd.array(values, ctx=device))
    if hybridize:
        net.hybridize()
    loss_function = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    losses = []
    for _ in range(4):
        with autograd.record():
            loss = loss_function(net(x), y)
        loss.backward()
        trainer.step(8)
        losses.append(loss.mean().asscalar())
    return losses


@pytest.mark.parametrize("hybridize", [False, True], ids=["eager", "hybridized"])
def test_training_on_the_simulated_gpu_equals_the_cpu(gpu, hybridize):
    expected = train(mx.cpu(), hybridize=False)
    np.testing.assert_allclose(train(gpu, hybridize=hybridize), expected, rtol=1e-4)


def test_arrays_move_between_the_simulated_gpu_and_the_cpu(gpu):
    x = nd.array([1, 2], ctx=gpu)
    assert x.context == gpu
    assert x.as_in_context(mx.cpu()).asnumpy().tolist() == [1, 2]
    with pytest.raises(mx.MXNetError, match=r"gpu\(0\)"):
        x + nd.ones(2)


@pytest.mark.gpu
def test_training_on_a_real_gpu_equals_the_cpu():
    if not mx.num_gpus():
        pytest.skip("needs a CUDA device and CuPy: pip install 'dlstudio[cuda13]'")
    expected = train(mx.cpu(), hybridize=False)
    np.testing.assert_allclose(train(mx.gpu(0), hybridize=True), expected, rtol=1e-3)
