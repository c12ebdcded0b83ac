"""Optimizers and schedules that MXNet 1.9 lacks, against their formulas."""

import numpy as np
import pytest

from dlstudio import lr_scheduler, nd, optimizer
from dlstudio.errors import ParamError

W = np.array([1.0, -2.0, 3.0], "float32")
G = np.array([0.1, 0.2, -0.4], "float32")


def stepped(made, steps=3):
    updater, weight = optimizer.get_updater(made), nd.array(W)
    for _ in range(steps):
        updater(0, nd.array(G), weight)
    return weight.asnumpy()


def test_adamw_decays_beside_the_running_means():
    # constant gradients: both corrected means are the gradient and its square
    want = W.astype("float64")
    for _ in range(3):
        want = want * (1 - 0.1 * 0.01) - 0.1 * G / (np.abs(G) + 1e-6)
    made = optimizer.AdamW(learning_rate=0.1, wd=0.01)
    np.testing.assert_allclose(stepped(made), want, rtol=1e-5)


def test_lion_moves_by_signs():
    want = W.astype("float64")
    for _ in range(3):
        want = want * (1 - 0.1 * 0.01) - 0.1 * np.sign(G)
    made = optimizer.Lion(learning_rate=0.1, wd=0.01)
    np.testing.assert_allclose(stepped(made), want, rtol=1e-6)


def test_adabelief_takes_long_steps_where_gradients_agree():
    plain, belief = (
        stepped(optimizer.Adam(learning_rate=0.01), 20),
        stepped(optimizer.AdaBelief(learning_rate=0.01), 20),
    )
    assert (np.abs(belief - W) > np.abs(plain - W)).all()


def test_lans_scales_steps_by_the_norm_of_the_weight():
    small = optimizer.get_updater(optimizer.LANS(learning_rate=0.1))
    big = optimizer.get_updater(optimizer.LANS(learning_rate=0.1))
    a, b = nd.array(W), nd.array(10 * W)
    small(0, nd.array(G), a)
    big(0, nd.array(G), b)
    np.testing.assert_allclose(b.asnumpy() - 10 * W, 10 * (a.asnumpy() - W), rtol=1e-4)


def test_group_adagrad_keeps_one_sum_per_row():
    updater = optimizer.get_updater(optimizer.create("groupadagrad", learning_rate=0.1))
    weight = nd.zeros((2, 2))
    updater(0, nd.array([[1.0, 3.0], [0.0, 2.0]]), weight)
    assert updater.states[0].asnumpy().tolist() == [[5.0], [2.0]]
    np.testing.assert_allclose(weight.asnumpy()[0, 1], -0.1 * 3 / np.sqrt(5), rtol=1e-4)
    with pytest.raises(ParamError, match="not supported"):
        optimizer.get_updater(optimizer.create("groupadagrad", wd=0.1))(0, weight, weight)


def test_cosine_restarts_grow_longer():
    schedule = lr_scheduler.CosineRestartScheduler(10, base_lr=1.0, final_lr=0.1, period_mult=2)
    assert schedule(10) == pytest.approx(1.0)
    assert schedule(20) == pytest.approx(0.55)
    assert schedule(30) == pytest.approx(1.0)


def test_one_cycle_rises_and_falls():
    schedule = lr_scheduler.OneCycleScheduler(100, base_lr=1.0)
    assert schedule(0) == pytest.approx(1 / 25)
    assert schedule(30) == pytest.approx(1.0)
    assert schedule(100) == pytest.approx(1e-4)
    assert schedule(500) == pytest.approx(1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: lr_scheduler.CosineRestartScheduler(0),
        lambda: lr_scheduler.OneCycleScheduler(1),
        lambda: lr_scheduler.OneCycleScheduler(10, rise=1.0),
    ],
)
def test_schedules_refuse_nonsense(make):
    with pytest.raises(ParamError):
        make()


def test_parameters_have_their_names_in_mxnet_2_too():
    pairs = [
        (
            "rmsprop",
            dict(rho=0.8, momentum=0.7, centered=True),
            dict(gamma1=0.8, gamma2=0.7, centered=True),
        ),
        ("adagrad", dict(epsilon=0.1), dict(eps=0.1)),
        ("sgd", dict(aggregate_num=4, use_fused_step=False), {}),
    ]
    for name, new, old in pairs:
        weights = [nd.ones(3), nd.ones(3)]
        for weight, given in zip(weights, (new, old), strict=True):
            made = optimizer.create(name, **given)
            made.update(0, weight, nd.array([1, 2, 3]), made.create_state(0, weight))
        assert weights[0].asnumpy().tolist() == weights[1].asnumpy().tolist()


def test_adabelief_may_leave_its_bias():
    weight = nd.ones(1)
    made = optimizer.create("adabelief", correct_bias=False, learning_rate=1.0, epsilon=0.0)
    made.update(0, weight, nd.ones(1), made.create_state(0, weight))
    mean, deviation = 0.1, 0.001 * 0.9**2
    np.testing.assert_allclose(weight.asnumpy(), 1 - mean / deviation**0.5, rtol=1e-4)


@pytest.mark.parametrize(("wanted", "moved"), [(None, 0.5), (False, 0.5), (True, 7)])
def test_a_fused_step_of_one_s_own_runs_if_it_is_asked_for(wanted, moved):
    class Mine(optimizer.Optimizer):
        def create_state(self, index, weight):
            return None

        def step(self, indices, weights, grads, states):
            for weight, grad in zip(weights, grads, strict=True):
                weight[:] = weight - self.learning_rate * grad

        def fused_step(self, indices, weights, grads, states):
            for weight in weights:
                weight[:] = 7

    weight = nd.ones(1)
    Mine(learning_rate=0.5, use_fused_step=wanted).update([0], [weight], [nd.ones(1)], [None])
    assert weight.asscalar() == moved


@pytest.mark.parametrize("mixed", [False, True])
def test_operators_of_adabelief_step_like_the_optimizer(mixed):
    made = optimizer.AdaBelief(learning_rate=0.1, wd=0.01, epsilon=1e-6, correct_bias=False)
    want = stepped(made, steps=1)
    dtype = "float16" if mixed else "float32"
    weight, grad, master = nd.array(W, dtype=dtype), nd.array(G, dtype=dtype), nd.array(W)
    states = [[nd.zeros(3)], [nd.zeros(3)], *([[master]] if mixed else [])]
    update = nd.contrib.multi_mp_adabelief_update if mixed else nd.contrib.multi_adabelief_update
    update(
        [weight], [grad], *states, nd.ones(1), lrs=[0.1], wds=[0.01], etas=[1.0], epsilon=1e-6,
        out=[weight],
    )  # fmt: skip
    np.testing.assert_allclose(weight.asnumpy(), want, rtol=2e-3 if mixed else 1e-5)


def test_adabelief_leaves_out_a_step_whose_gradients_overflowed():
    weight, states = nd.array(W), (nd.zeros(3), nd.zeros(3))
    scale = nd.array([np.inf])
    nd.contrib.adabelief_update(weight, nd.array(G), *states, scale, lr=0.1, eta=1, out=weight)
    np.testing.assert_array_equal(weight.asnumpy(), W)
