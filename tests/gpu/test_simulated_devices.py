"""Arrays, copies and placed programs over simulated GPUs: what moves bytes, and what does not."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd, sym
from dlstudio.core.device import Device
from dlstudio.errors import DeviceError
from dlstudio.gluon.utils import split_and_load
from dlstudio.trace import copies
from tests.gpu import stand_in


@pytest.fixture
def cupy(monkeypatch):
    """Two GPUs over the stand-in."""
    module = stand_in.make(2)
    monkeypatch.setitem(sys.modules, "cupy", module)
    made = dict(Device._made)
    for number in (0, 1):
        Device._made.pop(("gpu", number), None)
    yield module
    Device._made.clear()
    Device._made.update(made)


def moved(call):
    with copies.ledger() as ledger:
        call()
    return [(e.source, e.target, e.nbytes) for e in ledger.entries]


def pointer(x):
    return x._data.data.ptr


# ---- zero-copy -----------------------------------------------------------------------------------
def test_dlpack_from_cupy_and_to_cupy_moves_no_bytes(cupy):
    source = cupy.asarray(np.arange(6, dtype=np.float32))
    with copies.ledger() as ledger:
        x = nd.from_dlpack(source)
        back = cupy.from_dlpack(x)
    assert ledger.entries == []
    assert str(x.context) == "gpu(0)"
    assert pointer(x) == back.data.ptr == source.data.ptr
    x[:] = 3
    assert source.get().tolist() == [3] * 6


def test_views_and_batches_on_one_gpu_move_no_bytes(cupy):
    x = nd.array(np.arange(24).reshape(4, 6), ctx=mx.gpu(0))
    with copies.ledger() as ledger:
        rows, turned, flat = x[1:3], x.T, x.reshape((-1,))
        (whole,) = split_and_load(x, [mx.gpu(0)])
        same = x.as_in_context(mx.gpu(0))
    assert ledger.entries == []
    assert pointer(turned) == pointer(flat) == pointer(x)
    assert pointer(rows) == pointer(x) + 6 * 4
    assert whole is same is x


def test_every_crossing_is_counted_once(cupy):
    host = np.ones(6, np.float32)
    x = nd.array(host, ctx=mx.gpu(0))
    assert moved(lambda: nd.array(host, ctx=mx.gpu(0))) == [("numpy", "gpu(0)", 24)]
    assert moved(x.asnumpy) == [("gpu(0)", "numpy", 24)]
    assert moved(lambda: x.as_in_context(mx.cpu(0))) == [("gpu(0)", "cpu(0)", 24)]
    assert moved(lambda: x.as_in_context(mx.gpu(1))) == [("gpu(0)", "gpu(1)", 24)]
    assert moved(lambda: np.asarray(x)) == [("gpu(0)", "numpy", 24)]
    both = moved(lambda: split_and_load(x, [mx.gpu(0), mx.gpu(1)]))
    assert both == [("gpu(0)", "gpu(1)", 12)]


def test_an_executor_on_a_gpu_uses_the_arrays_it_was_given(cupy):
    x, grad = nd.array([1.0, 2.0], ctx=mx.gpu(0)), nd.zeros(2, ctx=mx.gpu(0))
    executor = sym.square(sym.var("x")).bind(mx.gpu(0), [x], [grad])
    heads = nd.ones(2, ctx=mx.gpu(0))

    def step():
        executor.forward(is_train=True)
        executor.backward(heads)

    assert moved(step) == []
    assert grad.asnumpy().tolist() == [2, 4]


def test_gradients_cross_back_to_where_their_values_came_from(cupy):
    x = nd.ones(3)
    x.attach_grad()

    def step():
        with autograd.record():
            y = x.as_in_context(mx.gpu(0)) * 2
        y.backward()

    assert moved(step) == [("cpu(0)", "gpu(0)", 12), ("gpu(0)", "cpu(0)", 12)]
    assert x.grad.asnumpy().tolist() == [2, 2, 2]


# ---- placement -----------------------------------------------------------------------------------
def stages():
    """Three layers in three groups."""
    h = sym.var("data")
    for group, hidden in (("a", 8), ("b", 6), ("c", 4)):
        with mx.AttrScope(ctx_group=group):
            h = sym.FullyConnected(h, num_hidden=hidden, name=f"fc_{group}")
            h = sym.Activation(h, act_type="tanh", name=f"act_{group}")
    return h


def values(executor):
    rng = np.random.default_rng(0)
    for array in executor.arg_dict.values():
        array[:] = rng.standard_normal(array.shape) * 0.5


def trained(executor):
    values(executor)
    executor.forward(is_train=True)
    executor.backward(nd.ones(executor.outputs[0].shape, ctx=executor.outputs[0].context))
    grads = {n: g.asnumpy() for n, g in executor.grad_dict.items()}
    return executor.outputs[0].asnumpy(), grads


PLACES = {
    "two cpus": ("cpu(0)", "cpu(1)", "cpu(0)"),
    "cpu and gpu": ("cpu(0)", "gpu(0)", "cpu(1)"),
    "two gpus": ("gpu(0)", "gpu(1)", "cpu(0)"),
    "one gpu": ("gpu(0)", "gpu(0)", "gpu(0)"),
}


@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
def test_groups_run_where_they_are_placed_and_give_the_same_numbers(cupy, places):
    devices = dict(zip("abc", (mx.Context(p[:3], int(p[4])) for p in places), strict=True))
    out, grads = trained(stages().simple_bind(mx.cpu(0), data=(2, 5)))
    executor = stages().simple_bind(devices["a"], group2ctx=devices, data=(2, 5))
    found = trained(executor)
    np.testing.assert_allclose(found[0], out, rtol=1e-5)
    for name, gradient in grads.items():
        np.testing.assert_allclose(found[1][name], gradient, rtol=1e-4, atol=1e-6, err_msg=name)
    for group, place in zip("abc", places, strict=True):
        assert str(executor.arg_dict[f"fc_{group}_weight"].context) == place
        assert str(executor.grad_dict[f"fc_{group}_weight"].context) == place
    ran = {e.name: e.device for e in executor.graph.eqns if e.role == "forward"}
    assert [ran[f"fc_{g}"] for g in "abc"] == list(places)


def test_every_crossing_of_a_placed_program_is_in_the_ledger(cupy):
    devices = {"a": mx.cpu(0), "b": mx.gpu(0), "c": mx.cpu(1)}
    executor = stages().simple_bind(mx.cpu(0), group2ctx=devices, data=(2, 5))
    heads = nd.ones((2, 4), ctx=mx.cpu(1))
    values(executor)

    def step():
        executor.forward(is_train=True)
        executor.backward(heads)

    forward, backward = 2 * 8 * 4, 2 * 6 * 4
    assert sorted(moved(step)) == [
        ("cpu(0)", "gpu(0)", forward),
        ("cpu(1)", "gpu(0)", backward),
        ("gpu(0)", "cpu(0)", forward),
        ("gpu(0)", "cpu(1)", backward),
    ]


def test_a_placed_program_can_be_debugged(cupy):
    devices = {"a": mx.cpu(0), "b": mx.gpu(0), "c": mx.cpu(1)}
    executor = stages().simple_bind(mx.cpu(0), group2ctx=devices, data=(2, 5))
    expected = trained(executor)
    debugger = mx.graph.debug(executor, out_grads=nd.ones((2, 4), ctx=mx.cpu(1)))
    debugger.run_to("fc_b")
    assert debugger.at.device == "gpu(0)"
    assert str(debugger.outputs[0].array.context) == "gpu(0)"
    assert debugger.outputs[0].statistics.nan == 0
    assert debugger.restart().run_to(nan=True).finished
    np.testing.assert_array_equal(executor.outputs[0].asnumpy(), expected[0])
    for name, gradient in expected[1].items():
        np.testing.assert_array_equal(executor.grad_dict[name].asnumpy(), gradient, err_msg=name)


@pytest.mark.parametrize(
    "places", [("cpu(0)", "cpu(1)"), ("cpu(0)", "gpu(0)"), ("gpu(1)", "gpu(0)")]
)
@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        nd.dot,
        lambda a, b: nd.concat(a, b, dim=0),
        lambda a, b: nd.where(a, b, a),
    ],
    ids=["+", "dot", "concat", "where"],
)
def test_eager_operators_refuse_arrays_of_two_devices(cupy, places, mix):
    a, b = (nd.ones((2, 2), ctx=mx.Context(p[:3], int(p[4]))) for p in places)
    with pytest.raises(DeviceError) as caught:
        mix(a, b)
    message = str(caught.value)
    assert places[0] in message
    assert places[1] in message
    assert "as_in_context" in message
