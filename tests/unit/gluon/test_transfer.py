"""Transfer learning: frozen parts, new heads, rates by depth, gradual unfreezing."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import ParamError
from dlstudio.gluon import nn, transfer
from dlstudio.gluon.model_zoo import vision


class Small(gluon.HybridBlock):
    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(
                nn.Dense(6, in_units=4), nn.BatchNorm(in_channels=6), nn.Activation("relu"),
                nn.Dense(5, in_units=6),
            )  # fmt: skip
            self.output = nn.Dense(3, in_units=5)

    def hybrid_forward(self, F, x):
        return self.output(self.features(x))


def small(hybrid=False):
    mx.random.seed(0)
    net = Small()
    net.initialize(mx.init.Xavier())
    if hybrid:
        net.hybridize()
    return net


X, Y = nd.array(np.random.default_rng(0).normal(size=(8, 4))), nd.array([0, 1, 2, 0, 1, 2, 0, 1])


def step(net, trainer=None):
    trainer = trainer or gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5})
    with autograd.record():
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(net(X), Y)
    loss.backward()
    trainer.step(8)


def values(net):
    return {n: p.data().asnumpy().copy() for n, p in net._collect_params_with_prefix().items()}


def changed(net, before):
    return {n for n, v in values(net).items() if (v != before[n]).any()}


@pytest.mark.parametrize("hybrid", [False, True])
def test_frozen_parts_and_their_statistics_stay(hybrid):
    net = small(hybrid)
    step(net)
    names = transfer.freeze(net, "features")
    assert "features.0.weight" in names
    assert not any(n.startswith("output") for n in names)
    before = values(net)
    step(net)
    assert changed(net, before) == {"output.weight", "output.bias"}
    transfer.unfreeze(net, "features")
    step(net)
    assert "features.0.weight" in changed(net, before)
    assert "features.1.running_mean" in changed(net, before)


def test_a_pattern_that_matches_nothing_teaches():
    with pytest.raises(ParamError, match=r"'feature_s'.*\n.*features\.0\.weight"):
        transfer.freeze(small(), "feature_s")


@pytest.mark.parametrize("pattern", ["(", None])
def test_what_is_no_pattern_teaches(pattern):
    with pytest.raises(ParamError, match="no regular expression"):
        transfer.freeze(small(), pattern)


@pytest.mark.parametrize(("stages", "epochs"), [("output", 1), ([], 1), (["output"], 0)])
def test_stages_that_cannot_be_counted_teach(stages, epochs):
    with pytest.raises(ParamError, match="GradualUnfreezing"):
        transfer.GradualUnfreezing(small(), stages, epochs)


def test_full_names_are_matched_where_no_structural_one_is():
    net = vision.resnet18_v1()
    normalised = transfer.select(net, ".*batchnorm")
    assert "features.1.gamma" in normalised
    assert len(normalised) == 4 * 20
    assert set(transfer.select(net, f"{net.prefix}stage4")) == set(
        transfer.select(net, "features.7")
    )


def test_a_new_head_is_initialized_and_trained():
    net = vision.mobilenet0_25(classes=7)
    net.initialize()
    x = nd.random.normal(shape=(1, 3, 32, 32))
    net.hybridize()
    assert net(x).shape == (1, 7)
    head = transfer.replace_head(net, classes=2)
    assert net(x).shape == (1, 2)
    assert net.output is head
    assert net._collect_params_with_prefix()["output.weight"] is head.weight
    squeeze = vision.squeezenet1_1(classes=7)
    squeeze.initialize()
    transfer.replace_head(squeeze, nn.Dense(4))
    assert squeeze(nd.zeros((1, 3, 64, 64))).shape == (1, 4)


@pytest.mark.parametrize("name", ["1", "0.1"])
def test_the_head_of_a_row_of_blocks_is_named_by_its_place(name):
    inner = nn.HybridSequential()
    inner.add(nn.Dense(4), nn.Dense(3))
    net = nn.HybridSequential()
    net.add(inner, nn.Dense(3))
    net.initialize()
    net.hybridize()
    net(nd.ones((1, 2)))
    head = transfer.replace_head(net, classes=7, name=name)
    assert net._collect_params_with_prefix()[f"{name}.weight"] is head.weight
    if name == "1":
        assert net(nd.ones((1, 2))).shape == (1, 7)
    else:
        assert inner(nd.ones((1, 2))).shape == (1, 7)


def test_the_head_of_a_network_without_weights_is_initialized_with_it():
    net = vision.mobilenet0_25(classes=7)
    transfer.replace_head(net, classes=2)
    net.initialize()
    assert net(nd.zeros((1, 3, 32, 32))).shape == (1, 2)


def test_bad_heads_teach():
    with pytest.raises(ParamError, match="features, output"):
        transfer.replace_head(small(), classes=2, name="classifier")
    with pytest.raises(ParamError, match="classes=10"):
        transfer.replace_head(small())


def test_learning_rates_by_depth():
    net = small()
    transfer.learning_rates(net, {"": 1.0, "features": 0.1, "features.0": 0.0})
    before = values(net)
    with autograd.record():
        loss = net(X)
    loss.backward()
    grads = {n: p.grad().asnumpy() for n, p in net._collect_params_with_prefix().items()
             if p.grad_req != "null"}  # fmt: skip
    gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.5}).step(1)
    for name, factor in (
        ("features.0.weight", 0),
        ("features.3.weight", 0.1),
        ("output.weight", 1),
    ):
        want = before[name] - 0.5 * factor * grads[name]
        np.testing.assert_allclose(values(net)[name], want, rtol=1e-5, atol=1e-6)


def test_parts_join_one_after_the_other():
    net = small()
    stages = transfer.GradualUnfreezing(net, ["output", "features.3", "features"], epochs=2)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    seen = []
    for epoch in range(6):
        stages(epoch)
        before = values(net)
        step(net, trainer)
        seen.append("".join(
            letter for letter, part in (("o", "output"), ("3", "features.3"), ("0", "features.0"))
            if f"{part}.weight" in changed(net, before)
        ))  # fmt: skip
    assert seen == ["o", "o", "o3", "o3", "o30", "o30"]


def test_a_number_at_the_end_of_a_pattern_is_a_whole_one():
    net = nn.HybridSequential()
    for _ in range(12):
        net.add(nn.Dense(2, in_units=2))
    assert list(transfer.select(net, "1")) == ["1.weight", "1.bias"]
    assert len(transfer.select(net, "1.*")) == 6  # 1, 10 and 11


def test_unfrozen_parameters_add_up_gradients_if_they_did_before():
    net = nn.Dense(2, in_units=2)
    net.initialize()
    net.setattr("grad_req", "add")
    transfer.freeze(net)
    transfer.freeze(net)
    assert net.weight.grad_req == "null"
    transfer.unfreeze(net)
    assert net.weight.grad_req == "add"
