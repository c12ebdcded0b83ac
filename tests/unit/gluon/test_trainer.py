"""Trainer: steps, stale gradients, several devices, rates, states, kernels."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, lr_scheduler, nd, optimizer
from dlstudio.errors import ArgumentError, FileFormatError, InitError, ParamError, ShapeError
from dlstudio.gluon import nn
from dlstudio.gluon.trainer import StaleGradientError


def make(optimizer_name="sgd", ctx=None, **arguments):
    mx.random.seed(0)
    net = nn.HybridSequential()
    net.add(nn.Dense(5, in_units=3, activation="tanh"), nn.Dense(2, in_units=5))
    net.initialize(mx.init.Xavier(), ctx=ctx)
    arguments = arguments or {"learning_rate": 0.1}
    return net, gluon.Trainer(net.collect_params(), optimizer_name, arguments)


DATA = np.random.default_rng(1).normal(size=(8, 3)).astype("float32")
LABEL = np.random.default_rng(2).normal(size=(8, 2)).astype("float32")
LOSS = gluon.loss.L2Loss()


def train(net, trainer, steps):
    losses = []
    for _ in range(steps):
        with autograd.record():
            loss = LOSS(net(nd.array(DATA)), nd.array(LABEL))
        loss.backward()
        trainer.step(len(DATA))
        losses.append(float(loss.mean().asscalar()))
    return losses


def weights(net):
    return [p.data().asnumpy() for p in net._collect_params_with_prefix().values()]


ALL = ("sgd", "nag", "adam", "adamax", "nadam", "rmsprop", "adagrad", "adadelta", "ftrl", "ftml",
       "signum", "lamb", "lars", "dcasgd", "lbsgd")  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_every_optimizer_lowers_the_loss(name):
    arguments = {"lbsgd": {"learning_rate": 0.05}, "signum": {"learning_rate": 0.01}}
    net, trainer = make(name, **arguments.get(name, {"learning_rate": 0.05}))
    losses = train(net, trainer, 25)
    assert losses[-1] < losses[0]


def test_step_before_backward_teaches_and_changes_nothing():
    net, trainer = make()
    before = weights(net)
    with pytest.raises(StaleGradientError, match=r"call loss.backward\(\) first"):
        trainer.step(1)
    for a, b in zip(before, weights(net), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_second_step_without_backward_is_stale_too():
    net, trainer = make()
    train(net, trainer, 1)
    with pytest.raises(UserWarning, match="has not been updated by backward"):
        trainer.step(1)


def test_one_stale_parameter_stops_all_unless_ignored():
    net, trainer = make()
    with autograd.record():
        loss = net[0](nd.array(DATA)).sum()
    loss.backward()
    before = weights(net)
    with pytest.raises(StaleGradientError):
        trainer.step(8)
    for a, b in zip(before, weights(net), strict=True):
        np.testing.assert_array_equal(a, b)
    trainer.step(8, ignore_stale_grad=True)
    after = weights(net)
    assert not np.array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[2], after[2])


def test_uninitialized_parameters_are_refused():
    with pytest.raises(InitError, match="has not been initialized"):
        gluon.Trainer(nn.Dense(2, in_units=1).collect_params(), "sgd")


def test_batch_size_divides_the_gradient():
    layer = nn.Dense(1, in_units=1, use_bias=False)
    layer.initialize(mx.init.Zero())
    trainer = gluon.Trainer(layer.collect_params(), "sgd", {"learning_rate": 1.0})
    with autograd.record():
        loss = layer(nd.ones((4, 1))).sum()
    loss.backward()
    trainer.step(8)
    assert layer.weight.data().asscalar() == pytest.approx(-0.5)


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_size_that_is_not_positive_is_refused(size):
    _, trainer = make()
    with pytest.raises(ParamError, match="batch_size must be > 0"):
        trainer.step(size)


def test_lr_mult_and_wd_mult_of_a_parameter_count():
    net, trainer = make("sgd", learning_rate=0.1, wd=0.1)
    net[0].weight.lr_mult = 0.0
    before = weights(net)
    train(net, trainer, 1)
    after = weights(net)
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def test_frozen_parameters_stay():
    net, trainer = make()
    net[0].collect_params().setattr("grad_req", "null")
    before = weights(net)
    train(net, trainer, 2)
    after = weights(net)
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])


def test_learning_rate_follows_the_schedule_and_refuses_to_be_set():
    schedule = lr_scheduler.FactorScheduler(step=2, factor=0.5)
    net, trainer = make("sgd", learning_rate=0.4, lr_scheduler=schedule)
    train(net, trainer, 5)
    assert trainer.learning_rate == pytest.approx(0.1)
    with pytest.raises(UserWarning, match="schedule"):
        trainer.set_learning_rate(1.0)


@pytest.mark.parametrize("kind", [lr_scheduler.PolyScheduler, lr_scheduler.CosineScheduler])
def test_a_default_rate_leaves_a_curve_as_it_is(kind):
    _, trainer = make("adam", lr_scheduler=kind(10, base_lr=0.5))
    assert trainer.learning_rate == 0.5
    _, trainer = make("adam", learning_rate=0.1, lr_scheduler=kind(10))
    assert trainer.learning_rate == 0.1


def test_a_rate_that_replaces_the_schedules_warns():
    with pytest.warns(UserWarning, match=r"overwritten .*: 0.001 instead of 0.5"):
        make("adam", lr_scheduler=lr_scheduler.FactorScheduler(2, base_lr=0.5))


def test_set_learning_rate_acts_on_the_next_step():
    net, trainer = make()
    trainer.set_learning_rate(0.0)
    before = weights(net)
    train(net, trainer, 1)
    for a, b in zip(before, weights(net), strict=True):
        np.testing.assert_array_equal(a, b)


def test_two_devices_train_like_one():
    net, trainer = make("adam", learning_rate=0.01)
    train(net, trainer, 4)
    devices = [mx.cpu(0), mx.cpu(1)]
    split, split_trainer = make("adam", ctx=devices, learning_rate=0.01)
    for _ in range(4):
        parts = gluon.utils.split_and_load(nd.array(DATA), devices)
        labels = gluon.utils.split_and_load(nd.array(LABEL), devices)
        with autograd.record():
            losses = [LOSS(split(x), y) for x, y in zip(parts, labels, strict=True)]
        for loss in losses:
            loss.backward()
        split_trainer.step(len(DATA))
    for p, want in zip(split._collect_params_with_prefix().values(), weights(net), strict=True):
        for copy in p.list_data():
            np.testing.assert_allclose(copy.asnumpy(), want, rtol=1e-5, atol=1e-6)


def test_parameters_that_moved_teach():
    net, trainer = make()
    net.collect_params().reset_ctx([mx.cpu(1)])
    with pytest.raises(ParamError, match=r"new gluon\.Trainer"):
        trainer.step(1)


def test_allreduce_and_update_are_a_step():
    one, one_trainer = make()
    two, two_trainer = make()
    train(one, one_trainer, 1)
    with autograd.record():
        loss = LOSS(two(nd.array(DATA)), nd.array(LABEL))
    loss.backward()
    two_trainer.allreduce_grads()
    two_trainer.update(len(DATA))
    for a, b in zip(weights(one), weights(two), strict=True):
        np.testing.assert_array_equal(a, b)


def test_update_on_kvstore_forbids_the_halves():
    net, _ = make()
    trainer = gluon.Trainer(net.collect_params(), "sgd", update_on_kvstore=True)
    with pytest.raises(ParamError, match="update_on_kvstore"):
        trainer.allreduce_grads()
    with pytest.raises(ParamError, match="update_on_kvstore"):
        trainer.update(1)


@pytest.mark.parametrize("name", ["sgd", "adam", "nadam", "rmsprop", "ftml", "adadelta"])
def test_training_goes_on_from_saved_states_as_if_never_interrupted(tmp_path, name):
    schedule = {"lr_scheduler": lr_scheduler.FactorScheduler(3, 0.5)}
    momentum = {"momentum": 0.9} if name == "sgd" else {}
    net, trainer = make(name, learning_rate=0.05, **momentum, **schedule)
    train(net, trainer, 4)
    net.save_parameters(tmp_path / "net.params")
    trainer.save_states(tmp_path / "trainer.states")
    want = train(net, trainer, 4)

    schedule = {"lr_scheduler": lr_scheduler.FactorScheduler(3, 0.5)}
    other, resumed = make(name, learning_rate=0.05, **momentum, **schedule)
    other.load_parameters(tmp_path / "net.params")
    resumed.load_states(tmp_path / "trainer.states")
    assert train(other, resumed, 4) == want


def test_the_order_of_parameters_does_not_depend_on_the_counters_of_names():
    found = []
    for first in (1, 9, 99):
        net = nn.HybridSequential()
        net.add(*(nn.Dense(i + 1, in_units=2, prefix=f"dense{first + i}_") for i in range(3)))
        net.initialize()
        found.append([p.shape for p in gluon.Trainer(net.collect_params(), "sgd")._params])
    assert found[0] == found[1] == found[2]


def test_states_of_other_parameters_change_nothing(tmp_path):
    net, trainer = make("adam", learning_rate=0.01)
    train(net, trainer, 2)
    trainer.save_states(tmp_path / "adam.states")
    other = nn.Dense(7, in_units=3)
    other.initialize()
    others = gluon.Trainer(other.collect_params(), "adam", {"learning_rate": 0.5})
    with pytest.raises(FileFormatError, match=r"the parameter has \(7,\)"):
        others.load_states(tmp_path / "adam.states")
    assert others.learning_rate == 0.5
    assert not others._updaters[0].states


def test_damaged_or_foreign_states_change_nothing(tmp_path):
    net, trainer = make("adam", learning_rate=0.01)
    train(net, trainer, 2)
    file = tmp_path / "adam.states"
    trainer.save_states(file)
    _, sgd = make("sgd", learning_rate=0.1)
    with pytest.raises(FileFormatError, match="states of Adam"):
        sgd.load_states(file)
    file.write_bytes(file.read_bytes()[:-3])
    before = dict(trainer._updaters[0].states)
    with pytest.raises(FileFormatError):
        trainer.load_states(file)
    assert trainer._updaters[0].states == before


def test_states_of_an_updater_survive_as_bytes():
    updater = optimizer.get_updater(optimizer.Adam())
    w = nd.ones((3,))
    updater(0, nd.ones((3,)), w)
    other = optimizer.get_updater(optimizer.Adam())
    other.set_states(updater.get_states())
    np.testing.assert_array_equal(other.states[0][0].asnumpy(), updater.states[0][0].asnumpy())


def test_an_optimizer_of_the_user_gets_arrays():
    @optimizer.register
    class Halve(optimizer.Optimizer):
        def create_state(self, index, weight):
            return None

        def update(self, index, weight, grad, state):
            self._update_count(index)
            weight[:] = weight / 2

    net, trainer = make("halve", learning_rate=1.0)
    before = weights(net)
    train(net, trainer, 1)
    for a, b in zip(before, weights(net), strict=True):
        np.testing.assert_allclose(b, a / 2)


@pytest.mark.parametrize("name", ["sgd", "adam"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_compiled_step_equals_the_numpy_rule(name, momentum):
    from dlstudio import config

    arguments = {"learning_rate": 0.05, "wd": 0.01}
    if name == "sgd":
        arguments["momentum"] = momentum
    results = []
    for mode in ("numpy", "compiled"):
        with config.using(kernels=mode):
            net, trainer = make(name, **arguments)
            train(net, trainer, 6)
            results.append(weights(net))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_an_update_between_forward_and_backward_is_noticed():
    net, trainer = make()
    with autograd.record():
        loss = LOSS(net(nd.array(DATA)), nd.array(LABEL))
    loss.backward(retain_graph=True)
    trainer.step(8)
    with pytest.raises(mx.errors.StaleValueError):
        loss.backward()


def test_a_watched_step_tells_the_bus():
    from dlstudio.trace import bus
    from dlstudio.trace.events import OpRan

    net, trainer = make()
    with autograd.record():
        loss = LOSS(net(nd.array(DATA)), nd.array(LABEL))
    loss.backward()
    seen = []
    stop = bus.subscribe(seen.append)
    try:
        trainer.step(8)
    finally:
        stop()
    updates = [e for e in seen if isinstance(e, OpRan) and e.phase == "update"]
    assert [e.op for e in updates] == ["sgd_update"]
    assert len(updates[0].outputs) == 4


def test_an_optimizer_in_the_way_of_mxnet_2_defines_step():
    @optimizer.register
    class Sign(optimizer.Optimizer):
        def create_state(self, index, weight):
            return nd.zeros(weight.shape)

        def step(self, indices, weights, grads, states):
            for index, weight, grad, state in zip(indices, weights, grads, states, strict=True):
                self._update_count(index)
                state[:] = state + 1
                weight[:] = weight - self._get_lr(index) * grad.sign()

    net, trainer = make("sign", learning_rate=0.5)
    before = net[1].bias.data().asnumpy()
    with autograd.record():
        loss = net(nd.array(DATA)).sum()
    loss.backward()
    trainer.step(1)
    np.testing.assert_allclose(net[1].bias.data().asnumpy(), before - 0.5)
    assert {s.asnumpy().max() for s in trainer._updaters[0].states.values()} == {1}


def test_settings_of_the_optimizer_beside_it_teach():
    net, _ = make()
    with pytest.raises(ArgumentError, match="optimizer_params"):
        gluon.Trainer(net.collect_params(), "sgd", learning_rate=0.1)


def test_a_gradient_of_another_shape_teaches():
    with pytest.raises(ShapeError, match=r"weight 0 has shape \(2,\), its gradient \(3,\)"):
        optimizer.SGD().update(0, nd.ones(2), nd.ones(3), None)


def test_settings_of_an_optimizer_that_are_no_numbers_teach():
    with pytest.raises(ParamError, match=r"momentum must be a number. Got '0.9'.\nFix: momentum=0"):
        optimizer.SGD(momentum="0.9")
    with pytest.raises(ParamError, match="lr_scheduler is 'cosine'"):
        optimizer.Adam(lr_scheduler="cosine")


def test_a_function_is_a_schedule():
    _, trainer = make(lr_scheduler=lambda update: 1 / (1 + update))
    assert trainer.learning_rate == 1
