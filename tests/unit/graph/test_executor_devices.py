"""Executors of graphs on several devices: placement, crossings, workers at the same time."""

import threading

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import sym
from dlstudio.core.registry import OPS, NotDifferentiable, op
from dlstudio.graph.symbol import create
from dlstudio.trace import bus, copies
from dlstudio.trace.events import Copied
from tests.unit.graph.nets import bound, fill


def split_mlp():
    with mx.AttrScope(ctx_group="first"):
        h = sym.FullyConnected(sym.var("data"), num_hidden=16, name="fc1")
        h = sym.Activation(h, act_type="tanh", name="act1")
    with mx.AttrScope(ctx_group="second"):
        h = sym.FullyConnected(h, num_hidden=4, name="fc2")
        return sym.SoftmaxOutput(h, name="softmax")


GROUPS = {"first": mx.cpu(0), "second": mx.cpu(1)}


def test_two_devices_compute_what_one_does():
    one = bound()
    two = split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    fill(two)
    for executor in (one, two):
        executor.forward(is_train=True)
        executor.backward()
    np.testing.assert_array_equal(one.outputs[0].asnumpy(), two.outputs[0].asnumpy())
    for name, gradient in one.grad_dict.items():
        np.testing.assert_array_equal(gradient.asnumpy(), two.grad_dict[name].asnumpy())


def test_arrays_and_arenas_lie_on_their_devices():
    two = split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    assert str(two.arg_dict["fc1_weight"].context) == "cpu(0)"
    assert (
        str(two.arg_dict["fc2_weight"].context)
        == str(two.grad_dict["fc2_weight"].context)
        == "cpu(1)"
    )
    assert str(two.outputs[0].context) == "cpu(1)"
    assert set(two.memory.arenas) == {"cpu(0)", "cpu(1)"}
    assert "def forward_cpu_0(" in two.source
    assert "def forward_cpu_1(" in two.source


def test_crossings_are_in_the_ledger_and_on_the_bus():
    two = split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    two.forward(is_train=True)
    seen = []
    end = bus.subscribe(seen.append)
    with copies.ledger() as moved:
        two.forward(is_train=True)
        two.backward()
    end()
    assert [(e.source, e.target, e.nbytes) for e in moved.entries] == [
        ("cpu(0)", "cpu(1)", 8 * 16 * 4), ("cpu(1)", "cpu(0)", 8 * 16 * 4),
    ]  # fmt: skip
    assert [e for e in seen if isinstance(e, Copied)] == moved.entries
    assert moved.by_reason() == {"placement": 2 * 8 * 16 * 4}


def test_an_error_on_one_device_reaches_the_caller_and_the_next_run_works():
    two = split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    fill(two)
    good = two.forward(is_train=True)[0].asnumpy()
    frame = two._runs[True, False].frame
    forward = frame.forward

    def broken(*arrays):
        raise FloatingPointError("worker")

    frame.forward = frame.signals.together(
        [(mx.cpu(0), broken), (mx.cpu(1), lambda *arrays: frame.signals.wait(0))]
    )
    with pytest.raises(FloatingPointError, match="worker"):
        two.forward(is_train=True)
    frame.forward = forward
    np.testing.assert_array_equal(two.forward(is_train=True)[0].asnumpy(), good)


def test_many_steps_on_two_devices_stay_equal():
    one, two = bound(), split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5))
    fill(two)
    for _ in range(50):
        for executor in (one, two):
            executor.forward(is_train=True)
            executor.backward()
            for name, gradient in executor.grad_dict.items():
                if name not in ("data", "softmax_label"):
                    executor.arg_dict[name][:] = executor.arg_dict[name] - 0.1 * gradient
    np.testing.assert_array_equal(one.outputs[0].asnumpy(), two.outputs[0].asnumpy())


def test_several_threads_may_run_on_the_same_devices():
    executors = [split_mlp().simple_bind(mx.cpu(), group2ctx=GROUPS, data=(8, 5)) for _ in range(4)]
    for executor in executors:
        fill(executor)
    failures = []

    def train(executor):
        try:
            for _ in range(40):
                executor.forward(is_train=True)
                executor.backward()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=train, args=(e,), daemon=True) for e in executors]
    for t in threads:
        t.start()
    for t in threads:
        t.join(timeout=30)
    assert not failures
    assert not any(t.is_alive() for t in threads), "the runs wait for each other"
    expected = executors[0].outputs[0].asnumpy()
    assert all((e.outputs[0].asnumpy() == expected).all() for e in executors)


@pytest.fixture
def meeting():
    """An operator that returns only when two of it run at the same time."""
    barrier = threading.Barrier(2)

    def meet(xp, x):
        """Wait for the other one."""
        barrier.wait(timeout=20)
        return x + 0

    record = op("test_meeting", infer=lambda x: x, grad=NotDifferentiable("it only waits"))(meet)
    yield lambda x, name: create(record, [x], {}, name=name)
    del OPS["test_meeting"]


def test_branches_on_different_devices_run_at_the_same_time(meeting):
    x = sym.var("x")
    with mx.AttrScope(ctx_group="first"):
        a = meeting(x, "a")
    with mx.AttrScope(ctx_group="second"):
        b = meeting(sym.exp(x), "b")
    executor = sym.Group([a, b]).bind(mx.cpu(), [mx.nd.zeros(2)], group2ctx=GROUPS)
    outs = executor.forward()
    assert [o.asnumpy().tolist() for o in outs] == [[0, 0], [1, 1]]
