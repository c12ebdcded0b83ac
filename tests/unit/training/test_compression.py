"""Gradient compression, stores of one's own, and what stores refuse."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import ParamError
from dlstudio.optimizer.compression import TwoBitCompression

DEVICES = [mx.cpu(0), mx.cpu(1)]
TWO_BITS = {"type": "2bit", "threshold": 0.5}


def test_what_is_lost_waits_for_the_next_step():
    send = TwoBitCompression(0.5)
    grad = nd.array([0.3, -0.3, 0.9, -2.0, 0.0])
    sent = [send("w", grad).asnumpy() for _ in range(3)]
    np.testing.assert_allclose(sent[0], [0, 0, 0.5, -0.5, 0])
    np.testing.assert_allclose(sent[1], [0.5, -0.5, 0.5, -0.5, 0])  # rests 0.6, -0.6, 1.3, -3.5
    np.testing.assert_allclose(sent[2], [0, 0, 0.5, -0.5, 0])  # rests 0.4, -0.4, 1.7, -5


def test_each_device_keeps_its_own_rest():
    store = mx.kv.create("device")
    store.set_gradient_compression(TWO_BITS)
    store.init("w", nd.zeros((2,)))
    out = nd.zeros((2,))
    values = [nd.array([0.4, 0.7]), nd.array([0.2, 0.6], ctx=mx.cpu(1))]
    for want in ([0, 1], [0.5, 1]):  # second: rests 0.8, 0.9 and 0.4, 0.7
        store.push("w", values)
        store.pull("w", out=out)
        np.testing.assert_allclose(out.asnumpy(), want)


def steps(params, count=3, **kwargs):
    net = gluon.nn.Dense(1, use_bias=False, in_units=2)
    net.initialize(mx.init.Zero(), ctx=DEVICES)
    trainer = gluon.Trainer(
        net.collect_params(), "sgd", {"learning_rate": 1.0}, compression_params=params, **kwargs
    )
    parts = gluon.utils.split_and_load(nd.array([[0.3, 1.0], [0.4, 0.1]]), DEVICES)
    for _ in range(count):
        with autograd.record():
            losses = [net(x).sum() for x in parts]
        autograd.backward(losses)
        trainer.step(1)
    return [w.asnumpy().ravel() for w in net.weight.list_data()]


def test_a_trainer_compresses_what_devices_exchange():
    one, other = steps(TWO_BITS)
    np.testing.assert_array_equal(one, other)
    # 0.3 three times gives one half, 0.4 two; 1.0 one half each time, 0.1 nothing yet
    np.testing.assert_allclose(one, [-1.5, -1.5])
    store = mx.kv.create("device")
    store.set_gradient_compression(TWO_BITS)
    np.testing.assert_array_equal(steps(None, kvstore=store)[0], one)
    np.testing.assert_allclose(steps(None)[0], [-2.1, -3.3], rtol=1e-6)


@pytest.mark.parametrize(
    ("params", "store", "words"),
    [
        (TWO_BITS, "local", "does not compress"),
        (TWO_BITS, None, "does not compress"),
        ({"type": "1bit"}, "device", "2bit"),
        ({"type": "2bit", "threshold": 0}, "device", "threshold > 0"),
        ({"type": "2bit", "bits": 2}, "device", "type and threshold"),
    ],
)
def test_unknown_compressions_are_refused(params, store, words):
    with pytest.raises(ParamError, match=words):
        steps(params, kvstore=store)


def test_sparse_gradients_are_not_compressed():
    with pytest.raises(ParamError, match="row_sparse"):
        TwoBitCompression()("w", nd.ones((2, 2)).tostype("row_sparse"))


# ---- stores of one's own -----------------------------------------------------------------------
def test_a_trainer_adds_up_in_a_store_of_one_s_own():
    calls = []

    @mx.kv.KVStoreBase.register
    class Counting(mx.kv.base.TestStore):
        def pushpull(self, key, value, out=None, priority=0):
            calls.append((key, priority))
            super().pushpull(key, value, out, priority)

    np.testing.assert_allclose(steps(None, kvstore="counting")[1], [-2.1, -3.3], rtol=1e-6)
    assert calls == [(0, 0)] * 3
    assert mx.kv.create("Counting").type == "counting"


def test_the_least_store():
    store = mx.kv.create("teststore")
    out = [nd.zeros((2,), ctx=d) for d in DEVICES]
    store.broadcast("k", nd.array([1, 2]), out)
    store.pushpull("k", out)
    assert [x.asnumpy().tolist() for x in out] == [[2, 4], [2, 4]]
    assert (store.rank, store.num_workers) == (0, 1)
    assert not store.is_capable("optimizer")
    with pytest.raises(ParamError, match="has no set_optimizer"):
        store.set_optimizer(None)
    with pytest.raises(ParamError, match="unknown capability"):
        store.is_capable("flight")


def test_what_is_no_store_is_refused():
    with pytest.raises(ParamError, match="kvstore is a int"):
        steps(None, kvstore=3)
    with pytest.raises(ParamError, match="not available"):
        steps(None, kvstore="dist_sync")
    with pytest.raises(ParamError, match="has no server"):
        mx.kv.KVStoreServer(mx.kv.create("local")).run()
