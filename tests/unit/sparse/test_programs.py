"""Old MXNet programs with sparse arrays: executors, modules, stores, files, iterators."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd, sym
from dlstudio.errors import FileFormatError, GradError, GraphError, MissingFileError, ParamError
from dlstudio.graph.sparse_executor import SparseExecutor

RNG = np.random.default_rng(0)
X = np.where(RNG.random((40, 12)) < 0.3, RNG.random((40, 12)), 0).astype("float32")
TRUE = RNG.normal(size=(12, 1)).astype("float32")


# ---- executors -------------------------------------------------------------------------------
def test_simple_bind_makes_arrays_in_the_storage_stated():
    net = sym.sparse.dot(sym.var("a"), sym.var("b"))
    exe = net.simple_bind(
        mx.cpu(), a=(4, 12), b=(12, 2), stype_dict={"a": "csr"}, grad_req={"b": "write"}
    )
    assert isinstance(exe, SparseExecutor)
    assert exe.arg_dict["a"].stype == "csr"
    assert exe.grad_dict["b"].stype == "row_sparse"
    assert exe.outputs[0].shape == (4, 2)
    b = RNG.random((12, 2)).astype("float32")
    [out] = exe.forward(is_train=True, a=nd.array(X[:4]).tostype("csr"), b=b)
    np.testing.assert_allclose(out.asnumpy(), X[:4] @ b, rtol=1e-5)
    exe.backward(nd.ones((4, 2)))
    exe.backward(nd.ones((4, 2)))  # once more, as with plans
    np.testing.assert_allclose(exe.grad_dict["b"].asnumpy(), X[:4].T @ np.ones((4, 2)), rtol=1e-5)


def test_variables_state_their_storage():
    x, w = sym.var("data", stype="csr"), sym.var("weight", stype="row_sparse")
    net = sym.load_json(sym.sparse.dot(x, w).tojson())
    exe = net.simple_bind(mx.cpu(), data=(4, 12), weight=(12, 1))
    assert [a.stype for a in exe.arg_arrays] == ["csr", "row_sparse"]
    assert exe.grad_dict["weight"].stype == "row_sparse"
    with pytest.raises(GraphError, match="has no plan"):
        _ = exe.source
    with pytest.raises(GradError, match="no forward pass in training mode"):
        exe.backward()
    with pytest.raises(ParamError, match="storage type of 'data'"):
        net.simple_bind(mx.cpu(), data=(4, 12), weight=(12, 1), stype_dict={"data": "coo"})
    assert "dot" in exe.debug_str()
    with pytest.raises(ParamError, match="var: parameter stype"):
        sym.var("x", stype="coo")


def test_embeddings_in_symbols_get_row_sparse_gradients():
    net = sym.Embedding(sym.var("x"), sym.var("w"), input_dim=6, output_dim=2, sparse_grad=True)
    exe = net.simple_bind(mx.cpu(), x=(3,), grad_req={"w": "write", "x": "null"})
    exe.forward(is_train=True, x=nd.array([4, 1, 4]))
    exe.backward()
    np.testing.assert_array_equal(exe.grad_dict["w"].indices.asnumpy(), [1, 4])
    np.testing.assert_array_equal(exe.grad_dict["w"].data.asnumpy(), [[1, 1], [2, 2]])


def test_bind_takes_sparse_arrays_as_they_are():
    net = sym.sum(sym.square(sym.var("a")) * sym.var("b"))
    a, grad = nd.array(X[:2]).tostype("csr"), nd.zeros((2, 12))
    exe = net.bind(mx.cpu(), {"a": a, "b": nd.ones((2, 12))}, {"b": grad})
    np.testing.assert_allclose(
        exe.forward(is_train=True)[0].asnumpy(), [(X[:2] ** 2).sum()], rtol=1e-5
    )
    exe.backward()
    np.testing.assert_allclose(grad.asnumpy(), X[:2] ** 2, rtol=1e-6)
    [cast] = sym.cast_storage(sym.var("a"), stype="csr").eval(a=nd.ones((2, 2)))
    assert cast.stype == "csr"


def test_sparse_executors_reshape_and_are_monitored():
    net = sym.sparse.dot(sym.var("a", stype="csr"), sym.var("b"), name="d")
    exe = net.simple_bind(mx.cpu(), a=(4, 12), b=(12, 2))
    wide = exe.reshape(a=(8, 12), b=(12, 2), allow_up_sizing=True)
    assert wide.arg_dict["a"].stype == "csr"
    assert wide.arg_dict["b"] is exe.arg_dict["b"]
    seen = []
    exe.set_monitor_callback(lambda name, array: seen.append((name, array.shape)), monitor_all=True)
    exe.forward(is_train=True)
    assert seen == [("d_input0", (4, 12)), ("d_input1", (12, 2)), ("d_output", (4, 2))]


def test_batch_norm_behind_sparse_data_keeps_its_statistics():
    net = sym.BatchNorm(
        sym.dot(sym.var("x", stype="csr"), sym.var("w")), name="bn", fix_gamma=False
    )
    exe = net.simple_bind(mx.cpu(), x=(40, 12), w=(12, 2))
    exe.arg_dict["w"][:] = 1
    exe.arg_dict["bn_gamma"][:] = 1
    exe.forward(is_train=True, x=nd.array(X).tostype("csr"))
    exe.backward(nd.ones((40, 2)))
    assert exe.aux_dict["bn_moving_mean"].asnumpy().any()


# ---- modules ---------------------------------------------------------------------------------
def regression():
    x, w = sym.var("data", stype="csr"), sym.var("weight", stype="row_sparse", shape=(12, 1))
    line = sym.broadcast_add(sym.sparse.dot(x, w), sym.var("bias", shape=(1,)))
    return sym.LinearRegressionOutput(data=line, label=sym.var("lin_label"), name="lin")


@pytest.mark.parametrize("kvstore", ["local", None])
@pytest.mark.parametrize("devices", [1, 2])
def test_sparse_linear_regression_in_the_module_style(kvstore, devices, tmp_path):
    mx.random.seed(0)
    batches = mx.io.NDArrayIter(
        nd.array(X).tostype("csr"), (X @ TRUE)[:, 0], batch_size=20, label_name="lin_label"
    )
    contexts = [mx.cpu(i) for i in range(devices)]
    mod = mx.mod.Module(regression(), label_names=["lin_label"], context=contexts)
    mod.bind(batches.provide_data, batches.provide_label)
    mod.init_params(mx.init.Normal(0.1))
    mod.init_optimizer(kvstore, "adam", {"learning_rate": 0.1, "rescale_grad": 1 / 20})
    error = mx.metric.create("mse")
    for _ in range(60):
        batches.reset()
        error.reset()
        for batch in batches:
            mod.prepare(batch, sparse_row_id_fn=lambda b: {"weight": b.data[0].indices})
            mod.forward_backward(batch)
            mod.update()
            mod.update_metric(error, batch.label)
    assert error.get()[1] < 1e-2
    weight = mod.get_params()[0]["weight"]
    assert weight.stype == "row_sparse"
    if kvstore or devices == 1:  # alone, each device sees half of the data
        np.testing.assert_allclose(weight.asnumpy(), TRUE, atol=0.2)
    mod.save_checkpoint(str(tmp_path / "lin"), 1)
    assert nd.load(tmp_path / "lin-0001.params")["arg:weight"].stype == "row_sparse"
    again = mx.mod.Module.load(str(tmp_path / "lin"), 1, label_names=["lin_label"])
    again.bind(batches.provide_data, for_training=False)
    batches.reset()
    np.testing.assert_allclose(again.predict(batches).asnumpy()[:40], X @ TRUE, atol=0.5)


def test_matrix_factorisation_with_row_sparse_embeddings():
    mx.random.seed(3)
    rng = np.random.default_rng(3)
    users, items = rng.integers(0, 12, 200), rng.integers(0, 10, 200)
    score = (rng.normal(size=(12, 2))[users] * rng.normal(size=(10, 2))[items]).sum(axis=1)

    def table(name, count):
        weight = sym.var(f"{name}_weight", stype="row_sparse")
        return sym.Embedding(sym.var(name), weight, input_dim=count, output_dim=4, sparse_grad=True)

    found = sym.sum(table("user", 12) * table("item", 10), axis=1)
    net = sym.LinearRegressionOutput(data=found, label=sym.var("score"))
    batches = mx.io.NDArrayIter(
        {"user": users.astype("f"), "item": items.astype("f")}, {"score": score}, batch_size=50
    )
    mod = mx.mod.Module(net, data_names=["item", "user"], label_names=["score"])
    mod.fit(
        batches, num_epoch=60, optimizer="adam", optimizer_params={"learning_rate": 0.05},
        eval_metric="mse", initializer=mx.init.Normal(0.5),
    )  # fmt: skip
    assert mod.score(batches, "mse")[0][1] < 0.05 * np.var(score)


def test_a_factorisation_machine_in_gluon():
    mx.random.seed(1)

    class Machine(gluon.nn.Block):
        def __init__(self, features, size, **kwargs):
            super().__init__(**kwargs)
            with self.name_scope():
                sparse = {"init": mx.init.Normal(0.05), "grad_stype": "row_sparse"}
                self.line = self.params.get("line", shape=(features, 1), **sparse)
                self.pairs = self.params.get("pairs", shape=(features, size), **sparse)

        def forward(self, x):
            line = nd.sparse.dot(x, self.line.data())
            v = self.pairs.data()
            both = nd.sparse.dot(x, v).square() - nd.sparse.dot(x.square(), v.square())
            return line + 0.5 * both.sum(axis=1, keepdims=True)

    x = (np.random.default_rng(1).random((80, 12)) < 0.3).astype("float32")
    y = ((x[:, 0] * x[:, 1] + x @ TRUE[:, 0]) > 0).astype("float32")
    csr, net = nd.array(x).tostype("csr"), Machine(12, 3)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.1})
    loss_of = gluon.loss.SigmoidBCELoss()
    for _ in range(40):
        for start in range(0, 80, 20):
            with autograd.record():
                loss = loss_of(net(csr[start : start + 20]), nd.array(y[start : start + 20, None]))
            loss.backward()
            trainer.step(20)
    assert ((net(csr).asnumpy()[:, 0] > 0) == y).mean() > 0.9
    assert net.pairs.grad().stype == "row_sparse"


# ---- stores ----------------------------------------------------------------------------------
def test_some_rows_are_pulled_from_a_store():
    kv = mx.kv.create("local")
    kv.init("3", nd.ones((4, 2)).tostype("row_sparse"))
    out = nd.sparse.zeros("row_sparse", (4, 2))
    kv.row_sparse_pull("3", out=out, row_ids=nd.array([2, 0, 2], dtype="int64"))
    np.testing.assert_array_equal(out.indices.asnumpy(), [0, 2])
    outs = [nd.sparse.zeros("row_sparse", (4, 2)), nd.zeros((4, 2), ctx=mx.cpu(1))]
    kv.row_sparse_pull("3", out=outs, row_ids=[nd.array([1]), nd.array([3])])
    np.testing.assert_array_equal(outs[0].asnumpy()[:, 0], [0, 1, 0, 0])
    np.testing.assert_array_equal(outs[1].asnumpy()[:, 0], [0, 0, 0, 1])
    with pytest.raises(ParamError, match="row_ids is missing"):
        kv.row_sparse_pull("3", out=out)


def test_row_sparse_values_are_pushed_and_updated_lazily():
    kv = mx.kv.create("device")
    kv.init(0, nd.ones((4, 2)).tostype("row_sparse"))
    kv.set_optimizer(mx.optimizer.SGD(learning_rate=1.0, wd=0.5))
    push = [nd.sparse.row_sparse_array(([[1, 1]], [i]), shape=(4, 2)) for i in (1, 1)]
    kv.push(0, push)
    out = nd.sparse.zeros("row_sparse", (4, 2))
    kv.pull(0, out=out)
    assert out.indices.shape == (0,)  # ignored, as in MXNet
    kv.pull(0, out=out, ignore_sparse=False)
    np.testing.assert_allclose(out.asnumpy()[:, 0], [1, -1.5, 1, 1])


# ---- files -----------------------------------------------------------------------------------
def test_sparse_arrays_are_saved_and_read(tmp_path):
    csr, rows = nd.array(X).tostype("csr"), nd.array(X, dtype="float64").tostype("row_sparse")
    nd.save(tmp_path / "a.params", {"c": csr, "r": rows, "d": nd.array(X)})
    found = nd.load(tmp_path / "a.params")
    assert {k: v.stype for k, v in found.items()} == {"c": "csr", "r": "row_sparse", "d": "default"}
    for value in found.values():
        np.testing.assert_array_equal(value.asnumpy(), X)
    assert found["r"].dtype == np.float64
    nd.save(tmp_path / "b.params", [csr, rows])
    assert [x.stype for x in nd.load(tmp_path / "b.params")] == ["csr", "row_sparse"]
    content = (tmp_path / "a.params").read_bytes()
    assert nd.load_frombuffer(content)["c"].stype == "csr"


def test_damaged_files_of_sparse_arrays_raise_only_our_error(tmp_path):
    nd.save(
        tmp_path / "a.params", [nd.array(X[:4]).tostype("csr"), nd.array(X).tostype("row_sparse")]
    )
    good = (tmp_path / "a.params").read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(300):
        bad = bytearray(good)
        for place in rng.integers(24, len(bad), 3):
            bad[place] = rng.integers(256)
        try:
            for array in nd.load_frombuffer(bytes(bad)):
                if array is not None and np.prod(array.shape, dtype=float) < 1e6:
                    array.asnumpy()
        except FileFormatError:
            pass


# ---- iterators -------------------------------------------------------------------------------
@pytest.fixture
def files(tmp_path):
    data, label = tmp_path / "data.t", tmp_path / "label.t"
    data.write_text("1.0 0:0.5 2:1.2\n-2.0\n-3.0 0:0.6 1:2.4 2:1.2\n4 2:-1.2\n", encoding="utf-8")
    label.write_text("1.0\n-2.0 0:0.125\n-3.0 2:1.2\n4 1:1.0 2:-1.2\n", encoding="utf-8")
    return data, label


ROWS = np.array([[0.5, 0, 1.2], [0, 0, 0], [0.6, 2.4, 1.2], [0, 0, -1.2]], "float32")


def test_libsvm_files_are_read_in_csr_batches(files):
    batches = mx.io.LibSVMIter(data_libsvm=files[0], data_shape=(3,), batch_size=3)
    assert batches.provide_data[0].shape == (3, 3)
    for _ in range(2):
        first, second = list(batches)
        assert first.data[0].stype == "csr"
        np.testing.assert_array_equal(first.data[0].asnumpy(), ROWS[:3])
        np.testing.assert_array_equal(first.label[0].asnumpy(), [1, -2, -3])
        np.testing.assert_array_equal(second.data[0].asnumpy(), ROWS[[3, 0, 1]])
        np.testing.assert_array_equal(second.label[0].asnumpy(), [4, 1, -2])
        assert (first.pad, second.pad) == (0, 2)
        batches.reset()


def test_labels_come_from_a_file_of_their_own(files):
    batches = mx.io.LibSVMIter(files[0], (3,), files[1], (3,), batch_size=3, round_batch=False)
    first, second = list(batches)
    assert first.label[0].stype == "csr"
    np.testing.assert_allclose(first.label[0].asnumpy()[1:], [[0.125, 0, 0], [0, 0, 1.2]])
    np.testing.assert_array_equal(second.data[0].asnumpy()[1:], np.zeros((2, 3)))
    assert batches.provide_label[0].shape == (3, 3)


def test_a_part_of_a_libsvm_file(files):
    found = [
        [b.label[0].asscalar() for b in mx.io.LibSVMIter(files[0], 3, num_parts=2, part_index=i)]
        for i in (0, 1)
    ]
    assert found == [[1, -2], [-3, 4]]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("1 0:1\n1 a:2", "line 2: '1 a:2'"),
        ("x 1:2", "line 1"),
        ("1 0:1\n\n1 5:2", "line 3: column 5"),
        ("1 99999999999999999999:2", "line 1: column"),
        ("1 -1:2", "column -1"),
        ("", "no lines"),
    ],
)
def test_bad_lines_of_libsvm_files_are_named(tmp_path, text, match):
    (tmp_path / "bad.t").write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=match):
        mx.io.LibSVMIter(tmp_path / "bad.t", (3,), batch_size=1)


def test_other_mistakes_with_libsvm_files(files, tmp_path):
    with pytest.raises(MissingFileError):
        mx.io.LibSVMIter(tmp_path / "none.t", (3,))
    with pytest.raises(ParamError, match="data_shape"):
        mx.io.LibSVMIter(files[0], (3, 2))
    with pytest.raises(ParamError, match="part_index"):
        mx.io.LibSVMIter(files[0], (3,), num_parts=2, part_index=2)
    with pytest.raises(ParamError, match="batch_size"):
        mx.io.LibSVMIter(files[0], (3,), batch_size=0)
    (tmp_path / "binary").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(FileFormatError, match="not a text file"):
        mx.io.LibSVMIter(tmp_path / "binary", (3,))
    (tmp_path / "short").write_text("1\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="one line of labels"):
        mx.io.LibSVMIter(files[0], (3,), tmp_path / "short", (3,))


@pytest.mark.parametrize("last", ["pad", "discard", "roll_over"])
def test_csr_data_in_memory_make_csr_batches(last):
    np.random.seed(0)
    batches = mx.io.NDArrayIter(
        nd.array(X).tostype("csr"),
        np.arange(40),
        batch_size=12,
        shuffle=True,
        last_batch_handle=last,
    )
    for batch in batches:
        assert batch.data[0].stype == "csr"
        rows = batch.label[0].asnumpy().astype(int)
        np.testing.assert_array_equal(batch.data[0].asnumpy(), X[rows])


def test_scipy_matrices_make_csr_batches():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    batch = next(mx.io.NDArrayIter(scipy_sparse.coo_matrix(X.astype("f8")), batch_size=4))
    assert (batch.data[0].stype, batch.data[0].dtype) == ("csr", np.float32)


# ---- random arrays ---------------------------------------------------------------------------
@pytest.mark.parametrize("stype", ["csr", "row_sparse"])
def test_random_sparse_arrays(stype):
    np.random.seed(1)
    x = mx.test_utils.rand_ndarray((30, 20), stype, density=0.25)
    x.check_format()
    stored = x.indices.shape[0] / (30 if stype == "row_sparse" else 600)
    assert 0.05 < stored < 0.5
    same = mx.test_utils.create_sparse_array((4, 3), stype, data_init=2.0, density=1.0)
    np.testing.assert_array_equal(same.asnumpy(), np.full((4, 3), 2))


def test_random_rows_and_shuffled_columns():
    np.random.seed(2)
    x = mx.test_utils.create_sparse_array((5, 2), "row_sparse", rsp_indices=[3, 1])
    np.testing.assert_array_equal(x.indices.asnumpy(), [1, 3])
    empty = mx.test_utils.create_sparse_array_zd((5, 2), "row_sparse", density=0.0)
    assert empty.indices.shape == (0,)
    y, (_, columns, _) = mx.test_utils.rand_sparse_ndarray(
        (2, 40), "csr", density=1.0, shuffle_csr_indices=True
    )
    assert (np.diff(columns.asnumpy()) < 0).sum() > 2
    assert y.asnumpy().all()


def test_symbols_are_checked_with_sparse_arrays():
    np.random.seed(3)
    net = sym.sparse.dot(sym.var("x", stype="csr"), sym.var("w"))
    location = {"x": nd.array(X[:4]).tostype("csr"), "w": RNG.random((12, 2))}
    mx.test_utils.check_numeric_gradient(
        net, location, grad_nodes=["w"], grad_stype_dict={"w": "row_sparse"}
    )
    mx.test_utils.check_symbolic_backward(
        net, location, [np.ones((4, 2))], {"w": X[:4].T @ np.ones((4, 2))},
        grad_stypes={"w": "row_sparse"},
    )  # fmt: skip
