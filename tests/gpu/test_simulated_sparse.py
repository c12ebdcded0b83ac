"""Sparse arrays on ``mx.gpu(0)``, with CuPy simulated: the same numbers as on the CPU."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.core.device import Device
from tests.gpu import stand_in

RNG = np.random.default_rng(0)
X = np.where(RNG.random((4, 6)) < 0.5, RNG.random((4, 6)), 0).astype("float32")


@pytest.fixture
def gpu(monkeypatch):
    """gpu(0) over the stand-in; a real CuPy or a real device is left alone."""
    monkeypatch.setitem(sys.modules, "cupy", stand_in.make())
    made = dict(Device._made)
    Device._made.pop(("gpu", 0), None)
    yield mx.gpu(0)
    Device._made.clear()
    Device._made.update(made)


OPERATORS = {
    "dot": lambda c, r: nd.dot(c, nd.ones((6, 2), ctx=c.context)),
    "dot turned": lambda c, r: nd.dot(c, nd.ones((4, 2), ctx=c.context), transpose_a=True),
    "sum of two": lambda c, r: c + c,
    "product of two": lambda c, r: r * r,
    "scaled": lambda c, r: nd.broadcast_mul(c, nd.ones((6,), ctx=c.context)),
    "rows": lambda c, r: c[1:3],
    "columns": lambda c, r: nd.slice(c, begin=(0, 1), end=(3, 4)),
    "take": lambda c, r: nd.take(c, nd.array([1, 0], ctx=c.context)),
    "retain": lambda c, r: r.retain(nd.array([0, 3], ctx=c.context)),
    "sum": lambda c, r: c.sum(axis=0),
    "join": lambda c, r: nd.concat(c, c, dim=0),
    "fallback": lambda c, r: nd.softmax(c),
    "counts": lambda c, r: nd.contrib.getnnz(c, axis=1),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_compute_the_same_on_both_devices(name, gpu):
    found = []
    for device in (mx.cpu(), gpu):
        x = nd.array(X, ctx=device)
        result = OPERATORS[name](x.tostype("csr"), x.tostype("row_sparse"))
        assert result.context == device
        found.append(result.asnumpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


@pytest.mark.parametrize("kind", [gluon.nn.Embedding, gluon.contrib.nn.SparseEmbedding])
def test_lazy_training_is_the_same_on_both_devices(kind, gpu):
    def run(device):
        options = {"sparse_grad": True} if kind is gluon.nn.Embedding else {}
        net = kind(8, 3, prefix="e_", **options)
        net.initialize(mx.init.One(), ctx=device)
        trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
        for rows in ([1, 2, 1], [2, 5]):
            with autograd.record():
                loss = (net(nd.array(rows, ctx=device)) ** 2).sum()
            loss.backward()
            trainer.step(1)
        return net(nd.arange(8, ctx=device)).asnumpy()

    np.testing.assert_allclose(run(mx.cpu()), run(gpu), rtol=1e-5)


def test_sparse_arrays_move_between_devices(gpu):
    csr = nd.array(X).tostype("csr")
    there = csr.as_in_context(gpu)
    assert (there.stype, there.context) == ("csr", gpu)
    np.testing.assert_array_equal(there.as_in_context(mx.cpu()).asnumpy(), X)
