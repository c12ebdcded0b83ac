"""A network gives the same losses however it is trained: eager, hybridized, bound, split."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.gluon import nn

STEPS, BATCH, RATE, MOMENTUM = 20, 32, 0.02, 0.9


def lenet():
    net = nn.HybridSequential(prefix="lenet_")
    with net.name_scope():
        features = nn.HybridSequential(prefix="features_")
        with features.name_scope():
            features.add(
                nn.Conv2D(6, 5, padding=2, activation="relu"),
                nn.MaxPool2D(2, 2),
                nn.Conv2D(16, 5, activation="relu"),
                nn.BatchNorm(),
                nn.MaxPool2D(2, 2),
                nn.Flatten(),
            )
        classifier = nn.HybridSequential(prefix="classifier_")
        with classifier.name_scope():
            classifier.add(
                nn.Dense(120, activation="tanh"), nn.Dense(84, activation="sigmoid"), nn.Dense(10)
            )
        net.add(features, classifier)
    return net


@pytest.fixture(scope="module")
def batches():
    dataset = gluon.data.datasets.digits(train=True)
    images = np.stack([dataset[i][0].asnumpy() for i in range(STEPS * BATCH)])
    labels = np.array([int(dataset[i][1]) for i in range(STEPS * BATCH)], np.float32)
    images = images.transpose(0, 3, 1, 2).astype(np.float32) / 255
    return [
        (images[i * BATCH : (i + 1) * BATCH], labels[i * BATCH : (i + 1) * BATCH])
        for i in range(STEPS)
    ]


@pytest.fixture(scope="module")
def start(batches):
    """Initial parameters by name, as NumPy arrays."""
    mx.random.seed(11)
    net = lenet()
    net.initialize(mx.init.Xavier())
    net(nd.array(batches[0][0]))
    return {name: p.data().asnumpy() for name, p in net.collect_params().items()}


def gluon_losses(batches, start, *, hybridize):
    net = lenet()
    net.initialize()
    net(nd.array(batches[0][0]))
    for name, parameter in net.collect_params().items():
        parameter.set_data(nd.array(start[name]))
    if hybridize:
        net.hybridize()
    loss_function = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(
        net.collect_params(), "sgd", {"learning_rate": RATE, "momentum": MOMENTUM, "wd": 1e-4}
    )
    losses = []
    for data, label in batches:
        x, y = nd.array(data), nd.array(label)
        with autograd.record():
            loss = loss_function(net(x), y)
        loss.backward()
        trainer.step(BATCH)
        losses.append(loss.mean().asscalar())
    return losses


def executor_losses(batches, start, group2ctx=None):
    data, label = mx.sym.var("data"), mx.sym.var("label")
    net = lenet()
    with mx.AttrScope(ctx_group="convolutions"):
        hidden = net[0](data)
    with mx.AttrScope(ctx_group="classifier"):
        scores = net[1](hidden)
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(scores, label)
    requests = {n: "null" if n in ("data", "label") else "write" for n in loss.list_arguments()}
    executor = loss.simple_bind(
        mx.cpu(0), grad_req=requests, group2ctx=group2ctx, data=(BATCH, 1, 28, 28), label=(BATCH,)
    )
    executor.copy_params_from(
        {n: nd.array(v) for n, v in start.items() if n in executor.arg_dict},
        {n: nd.array(v) for n, v in start.items() if n in executor.aux_dict},
    )
    optimizer = mx.optimizer.SGD(
        learning_rate=RATE, momentum=MOMENTUM, wd=1e-4, rescale_grad=1 / BATCH,
        param_idx2name=dict(enumerate(executor.arg_dict)),
    )  # fmt: skip
    updater = mx.optimizer.get_updater(optimizer)
    losses = []
    for x, y in batches:
        out = executor.forward(is_train=True, data=nd.array(x), label=nd.array(y))[0]
        losses.append(float(out.asnumpy().mean()))
        executor.backward()
        for i, (name, weight) in enumerate(executor.arg_dict.items()):
            if executor.grad_dict[name] is not None:
                updater(i, executor.grad_dict[name], weight)
    return losses, executor


@pytest.fixture(scope="module")
def eager(batches, start):
    return gluon_losses(batches, start, hybridize=False)


def test_the_network_learns(eager):
    assert eager[-1] < 0.8 * eager[0]


def test_hybridized_equals_eager(batches, start, eager):
    np.testing.assert_allclose(gluon_losses(batches, start, hybridize=True), eager, rtol=1e-5)


def test_bound_equals_eager(batches, start, eager):
    np.testing.assert_allclose(executor_losses(batches, start)[0], eager, rtol=1e-5)


def test_two_devices_equal_one(batches, start, eager):
    places = {"convolutions": mx.cpu(0), "classifier": mx.cpu(1)}
    losses, executor = executor_losses(batches, start, places)
    np.testing.assert_allclose(losses, eager, rtol=1e-5)
    devices = {eqn.device for eqn in executor.graph.eqns}
    assert devices == {"cpu(0)", "cpu(1)"}
