"""Parameters, blocks and trainers with sparse storage."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import (
    ArgumentError,
    GraphError,
    NotSupportedForSparseNDArray,
    ParamError,
    ShapeError,
)
from dlstudio.gluon import nn
from dlstudio.interop import params
from dlstudio.interop.stored import RowSparseArray

DATA = np.eye(6, dtype="float32")


def embedding(kind=nn.Embedding, **kwargs):
    mx.random.seed(4)
    made = kind(8, 3, prefix="e_", **kwargs)
    made.initialize(mx.init.Uniform(1))
    return made


def step(net, trainer, rows, batch=1):
    with autograd.record():
        loss = (net(nd.array(rows)) ** 2).sum()
    loss.backward()
    trainer.step(batch)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adagrad"])
def test_only_rows_that_were_looked_up_learn(optimizer, compiled):
    net = embedding(sparse_grad=True)
    if compiled:
        net.hybridize()
    before = net.weight.data().asnumpy()
    trainer = gluon.Trainer(net.collect_params(), optimizer, {"learning_rate": 0.1, "wd": 0.1})
    step(net, trainer, [[1, 5], [5, 1]])
    step(net, trainer, [[2, 2]])
    changed = np.flatnonzero((net.weight.data().asnumpy() != before).any(axis=1))
    np.testing.assert_array_equal(changed, [1, 2, 5])
    assert net.weight.grad().stype == "row_sparse"
    np.testing.assert_array_equal(net.weight.grad().indices.asnumpy(), [2])


def test_a_sparse_layer_inside_a_hybridized_network_learns_as_alone():
    def run(compiled):
        mx.random.seed(1)
        net = nn.HybridSequential(prefix="net_")
        net.add(nn.Embedding(8, 3, sparse_grad=True, prefix="e_"), nn.Dense(2, prefix="d_"))
        net.initialize(mx.init.Uniform(1))
        if compiled:
            net.hybridize()
        trainer = gluon.Trainer(
            net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9}
        )
        for rows in ([[1, 2]], [[3, 1]]):
            step(net, trainer, rows)
        return net

    plain, compiled = run(False), run(True)
    for a, b in zip(
        plain.collect_params().values(), compiled.collect_params().values(), strict=True
    ):
        np.testing.assert_allclose(a.data().asnumpy(), b.data().asnumpy(), rtol=1e-5)
    assert compiled[1].plan().source  # the dense layer is compiled by itself
    with pytest.raises(ArgumentError, match=r"has no plan.* is sparse"):
        compiled.plan()


def test_hybridized_networks_take_csr_and_dense_batches_in_turn(tmp_path):
    mx.random.seed(2)
    net = nn.HybridSequential(prefix="net_")
    net.add(nn.Dense(3, prefix="d_"))
    net.initialize()
    net.hybridize()
    csr = nd.array(DATA).tostype("csr")
    want = net(nd.array(DATA)).asnumpy()
    np.testing.assert_allclose(net(csr).asnumpy(), want, rtol=1e-6)
    np.testing.assert_allclose(net(nd.array(DATA)).asnumpy(), want, rtol=1e-6)
    with autograd.record():
        loss = net(csr).sum()
    loss.backward()
    np.testing.assert_allclose(net[0].weight.grad().asnumpy(), np.ones((3, 6)), rtol=1e-6)
    symbol, params = net.export(tmp_path / "net")
    again = gluon.SymbolBlock.imports(symbol, ["data"], params)
    np.testing.assert_allclose(again(csr).asnumpy(), want, rtol=1e-6)


def test_sparse_layers_are_exported_with_dense_values(tmp_path):
    net = embedding(sparse_grad=True)
    net.hybridize()
    want = net(nd.array([1, 2])).asnumpy()
    symbol, params = net.export(tmp_path / "net")
    again = gluon.SymbolBlock.imports(symbol, ["data"], params)
    np.testing.assert_array_equal(again(nd.array([1, 2])).asnumpy(), want)


# ---- row_sparse parameters -------------------------------------------------------------------
def test_a_sparse_embedding_keeps_its_weight_row_sparse():
    net = embedding(gluon.contrib.nn.SparseEmbedding)
    assert repr(net) == "SparseEmbedding(8 -> 3, float32)"
    rows = net.weight.row_sparse_data(nd.array([5, 1, 5]))
    np.testing.assert_array_equal(rows.indices.asnumpy(), [1, 5])
    want = nd.Embedding(nd.array([1, 5]), rows, input_dim=8, output_dim=3)
    np.testing.assert_array_equal(net(nd.array([1, 5])).asnumpy(), want.asnumpy())
    with pytest.raises(NotSupportedForSparseNDArray, match=r"row_sparse_data\(row_id\)"):
        net.weight.data()
    with pytest.raises(RuntimeError, match="list_data"):
        net.weight.list_data()
    (listed,) = net.weight.list_row_sparse_data(nd.array([2]))
    np.testing.assert_array_equal(listed.indices.asnumpy(), [2])


def test_a_sparse_embedding_learns_as_a_dense_one():
    def run(kind, **kwargs):
        net = embedding(kind, **kwargs)
        trainer = gluon.Trainer(
            net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.5}
        )
        for rows in ([1, 2], [2, 7]):
            step(net, trainer, rows)
        return net(nd.arange(8)).asnumpy()

    sparse = run(gluon.contrib.nn.SparseEmbedding)
    np.testing.assert_allclose(sparse, run(nn.Embedding, sparse_grad=True), rtol=1e-6)


def test_row_sparse_parameters_are_saved_and_read(tmp_path):
    net = embedding(gluon.contrib.nn.SparseEmbedding)
    net.save_parameters(tmp_path / "e.params")
    assert nd.load(tmp_path / "e.params")["weight"].stype == "row_sparse"
    other = embedding(gluon.contrib.nn.SparseEmbedding)
    other.weight.set_data(nd.zeros((8, 3)))
    assert not other(nd.arange(8)).asnumpy().any()
    other.load_parameters(tmp_path / "e.params")
    rows = nd.arange(8)
    np.testing.assert_array_equal(other(rows).asnumpy(), net(rows).asnumpy())
    dense = embedding()
    dense.load_parameters(tmp_path / "e.params")
    np.testing.assert_array_equal(dense.weight.data().asnumpy(), net(rows).asnumpy())


def test_a_file_that_claims_an_enormous_sparse_weight_is_refused(tmp_path):
    huge = RowSparseArray(np.zeros((0, 3), "float32"), np.zeros(0, "int64"), (2**50, 3))
    params.save(tmp_path / "huge.params", {"weight": huge})
    with pytest.raises(ShapeError, match="incompatible"):
        embedding().load_parameters(tmp_path / "huge.params")


def test_states_of_a_trainer_go_on_from_a_file(tmp_path):
    def run(interrupted):
        net = embedding(gluon.contrib.nn.SparseEmbedding)
        trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
        step(net, trainer, [1, 2])
        if interrupted:
            trainer.save_states(tmp_path / "t.states")
            trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
            trainer.load_states(tmp_path / "t.states")
        step(net, trainer, [2, 3])
        return net(nd.arange(8)).asnumpy()

    np.testing.assert_array_equal(run(True), run(False))


def test_gradients_of_several_devices_are_added_up():
    net = nn.Embedding(8, 3, sparse_grad=True, prefix="e_")
    net.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0})
    before = net.weight.data(mx.cpu(0)).asnumpy()
    with autograd.record():
        losses = [net(nd.array([i, i + 1], ctx=mx.cpu(i))).sum() for i in (0, 1)]
    autograd.backward(losses)
    trainer.step(1)
    for weight in net.weight.list_data():
        change = before - weight.asnumpy()
        np.testing.assert_allclose(change[:4, 0], [1, 2, 1, 0], rtol=1e-5)


def test_gradients_are_cleared_cast_and_moved():
    net = embedding(sparse_grad=True)
    with autograd.record():
        loss = net(nd.array([1])).sum()
    loss.backward()
    net.collect_params().zero_grad()
    assert net.weight.grad().indices.shape == (0,)
    net.cast("float16")
    assert (net.weight.grad().stype, net.weight.grad().dtype) == ("row_sparse", np.float16)
    net.collect_params().reset_ctx(mx.cpu(1))
    assert net.weight.grad().context == mx.cpu(1)
    net.collect_params().setattr("grad_req", "add")
    assert net.weight.grad().stype == "row_sparse"


def test_storage_types_are_checked():
    with pytest.raises(ParamError, match="grad_stype for Parameter 'w' must be one of"):
        gluon.Parameter("w", shape=(2, 2), grad_stype="coo")
    with pytest.raises(ParamError, match="stype must be 'default' or 'row_sparse'"):
        gluon.Parameter("w", shape=(2, 2), stype="csr")
    dense = gluon.Parameter("w", shape=(2, 2))
    with pytest.raises(NotSupportedForSparseNDArray, match=r"w\.data\(\)"):
        dense.row_sparse_data(nd.array([0]))


def test_helpers_take_sparse_arrays():
    csr = nd.array(DATA).tostype("csr")
    parts = gluon.utils.split_and_load(csr, [mx.cpu(0), mx.cpu(1)])
    assert [(p.stype, p.context) for p in parts] == [("csr", mx.cpu(0)), ("csr", mx.cpu(1))]
    dense = nd.ones((2, 5))
    norm = gluon.utils.clip_global_norm([csr, dense], 2.0)
    np.testing.assert_allclose(norm, 4.0)
    np.testing.assert_allclose(csr.asnumpy(), DATA / 2, rtol=1e-5)
    row, label = gluon.data.ArrayDataset(csr, np.arange(6))[2]
    assert (row.stype, label) == ("csr", 2)


def test_a_watched_training_step_tells_of_sparse_updates():
    from dlstudio.trace import bus
    from dlstudio.trace.events import OpRan

    net = embedding(sparse_grad=True)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    seen = []
    stop = bus.subscribe(seen.append)
    try:
        step(net, trainer, [1])
    finally:
        stop()
    assert "update" in {e.phase for e in seen if isinstance(e, OpRan)}


def test_array_code_on_sparse_batches_runs_hybridized():
    class Line(nn.HybridBlock):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.weight = self.params.get("weight", shape=(6, 2), grad_stype="row_sparse")

        def forward(self, x):
            return nd.sparse.dot(x, self.weight.data())

    net = Line(prefix="line_")
    net.initialize(mx.init.One())
    net.hybridize()
    csr = nd.array(DATA).tostype("csr")
    for _ in range(2):
        with autograd.record():
            loss = net(csr[1:3]).sum()
        loss.backward()
    np.testing.assert_array_equal(net.weight.grad().indices.asnumpy(), [1, 2])
    assert len(net._compiled) == 1
    with pytest.raises(GraphError, match="sparse arrays"):
        net.export("never")
