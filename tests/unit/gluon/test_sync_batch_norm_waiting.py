"""Calls on several devices: threads, what is read too early, and mistakes."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.core import late
from dlstudio.errors import GradError, GraphError, ParamError, WaitingError
from dlstudio.gluon import nn
from tests.unit.gluon.parts import (
    close,
    layer,
    network,
    nothing_left,
    parts_of,
    train,
    two,
)

_nothing_left = pytest.fixture(autouse=True)(nothing_left)


def test_a_thread_for_each_device():
    expected = train([9], "one backward")
    devices = [mx.cpu(0), mx.cpu(1)]
    net, loss = network(devices), gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    for _ in range(2):
        losses: dict[int, Any] = {}

        def work(i: int, x: Any, y: Any, losses: dict[int, Any] = losses) -> None:
            with autograd.record():
                found = loss(net(x), y)
            found.wait_to_read()
            found.backward()
            losses[i] = found

        parts = enumerate(parts_of([4, 5], devices))
        threads = [threading.Thread(target=work, args=(i, *part)) for i, part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        trainer.step(9)
    values = [p.data(mx.cpu(1)).asnumpy() for p in net.collect_params().values()]
    close([*values, np.concatenate([losses[i].asnumpy() for i in (0, 1)])], expected)


def test_a_thread_reads_gradients_when_all_parts_have_come():
    net, early, late_ones = layer(), {}, {}

    def work(i: int, x: Any) -> None:
        with autograd.record():
            loss = (net(x) ** 3).sum()
        loss.backward()
        early[i] = net.gamma.grad(x.context).asnumpy()

    for _ in range(5):
        threads = [threading.Thread(target=work, args=part) for part in enumerate(two())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        late_ones = {i: net.gamma.grad(mx.cpu(i)).asnumpy() for i in (0, 1)}
        np.testing.assert_equal(early, late_ones)
        net.collect_params().zero_grad()


def test_networks_of_several_threads_have_nothing_to_do_with_each_other():
    keys = []

    def work() -> None:
        with autograd.record():
            kept = layer()(two()[0])  # noqa: F841  it waits until the thread ends
            keys.extend(visit.key for visit in late.visits)
        late.give_up()

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(set(keys)) == 2


def test_the_main_thread_waits_for_what_others_compute():
    net, outputs, made = layer(), [], threading.Event()

    def work() -> None:
        first, second = two()
        with autograd.record():
            outputs.append(net(first))
            made.set()
            outputs.append(net(second))

    thread = threading.Thread(target=work)
    thread.start()
    made.wait()
    assert abs(outputs[0].asnumpy().mean()) < 1
    thread.join()


def test_an_error_in_a_backward_pass_ends_the_waiting():
    net, parts = layer(), two()

    class Broken(autograd.Function):
        def forward(self, x):
            return x * 1

        def backward(self, dy):
            raise ZeroDivisionError

    for x in parts:
        x.attach_grad()
    with autograd.record():
        outputs = [net(Broken()(x)) for x in parts]
    outputs[0].backward()
    with pytest.raises(ZeroDivisionError):
        outputs[1].backward()
    with autograd.record():
        outputs = [net(x) for x in parts]
    autograd.backward(outputs)
    assert net.beta.grad(mx.cpu(0)).asnumpy().tolist() == [4 * 36, 4 * 36]


# ---- reading too early, and mistakes ---------------------------------------------------------
def test_reading_too_early_is_an_error_and_ends_the_waiting():
    net, parts = layer(), two()
    with autograd.record():
        early = net(parts[0])
    assert early.shape == (4, 2, 6, 6)
    assert early.dtype == np.float32
    assert early.context == mx.cpu(0)
    with pytest.raises(WaitingError, match=r"called on cpu\(0\), and waits for calls on 2 devices"):
        early.asnumpy()
    with autograd.record():
        outputs = [net(x) for x in parts]  # these meet each other, not what was given up
    whole = np.concatenate([x.asnumpy() for x in outputs])
    assert np.abs(whole.mean(axis=(0, 2, 3))).max() < 1e-5
    with pytest.raises(WaitingError, match="given up"):
        print(early)


def test_gradients_read_too_early():
    net, parts = layer(), two()
    with autograd.record():
        outputs = [net(x).sum() for x in parts]
    outputs[0].backward()
    with pytest.raises(GradError, match="backward of all devices' losses first"):
        net.beta.grad(mx.cpu(0))
    with autograd.record():
        outputs = [net(x).sum() for x in parts]
    autograd.backward(outputs)
    assert net.beta.grad(mx.cpu(0)).asnumpy().tolist() == [4 * 36, 4 * 36]


def test_a_backward_pass_that_was_given_up_leaves_nothing():
    net, parts = layer(), two()
    with autograd.record():
        outputs = [net(x).sum() for x in parts]
    outputs[0].backward(retain_graph=True)
    with pytest.raises(GradError):
        net.beta.grad(mx.cpu(0))
    autograd.backward(outputs)
    assert net.beta.grad(mx.cpu(0)).asnumpy().tolist() == [4 * 36, 4 * 36]


def test_a_call_without_partner_is_named_when_gradients_do_not_come():
    net, parts = layer(), two()
    with autograd.record():
        tried = net(parts[0])  # it is still there, and meets the next batch
        losses = [net(x).sum() for x in parts]
    autograd.backward(losses)
    with pytest.raises(GradError, match=r"syncbatchnorm\d+_\d+ has been called on cpu\(0\)"):
        net.beta.grad(mx.cpu(0))
    assert abs(tried.asnumpy().mean()) < 1


def test_step_before_all_backward_passes_changes_nothing():
    net, parts = layer(), two()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    with autograd.record():
        outputs = [net(x).sum() for x in parts]
    outputs[0].backward()
    with pytest.raises(GradError, match="backward of all devices' losses first"):
        trainer.step(9)
    assert net.beta.data(mx.cpu(0)).asnumpy().tolist() == [0, 0]


def test_an_error_in_between_ends_the_waiting():
    net, parts = layer(), two()
    kept = []

    def mistaken() -> None:
        with autograd.record():
            kept.append(net(parts[0]))
            kept.append(1 / 0)

    with pytest.raises(ZeroDivisionError):
        mistaken()
    with autograd.record():
        outputs = [net(x) for x in parts]
    whole = np.concatenate([x.asnumpy() for x in outputs])
    assert np.abs(whole.mean(axis=(0, 2, 3))).max() < 1e-5


def test_a_forgotten_call_meets_nobody():
    net, parts = layer(), two()
    with autograd.record():
        net(parts[0] * 100)
    with autograd.record():
        outputs = [net(x) for x in parts]
    whole = np.concatenate([x.asnumpy() for x in outputs])
    assert np.abs(whole.mean(axis=(0, 2, 3))).max() < 1e-5


def test_the_number_of_devices():
    assert "ndev=1" in repr(nn.SyncBatchNorm(in_channels=2))  # no GPU here, as in MXNet
    with pytest.raises(ParamError, match="num_devices must be at least 1"):
        nn.SyncBatchNorm(num_devices=0)


def test_wrong_shapes_are_explained():
    net = layer()
    with pytest.raises(mx.errors.ShapeError, match="gamma has shape"), autograd.record():
        net(nd.ones((2, 3, 4, 4)))


def test_executors_refuse_to_train():
    x = mx.sym.var("x")
    y = mx.sym.contrib.SyncBatchNorm(x, ndev=2, key="e", name="norm")
    executor = y.simple_bind(mx.cpu(), x=(2, 3))
    executor.forward(is_train=False, x=nd.ones((2, 3)))
    with pytest.raises(GraphError, match="'norm' over several devices"):
        executor.forward(is_train=True, x=nd.ones((2, 3)))
