"""Gradients through sparse operands, and gradients in sparse storage."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.errors import ParamError, StaleValueError

RNG = np.random.default_rng(5)
X = np.where(RNG.random((4, 6)) < 0.4, RNG.uniform(0.2, 1, (4, 6)), 0).astype("float32")
X[:, 2] = 0
W = RNG.uniform(-1, 1, (6, 3)).astype("float32")


def leaf(value, stype=None, grad_req="write", storage="default"):
    x = nd.array(value).tostype(storage)
    x.attach_grad(grad_req, stype)
    return x


def close(got, want):
    np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-5, atol=1e-6)


def test_attach_grad_makes_a_buffer_in_the_storage_asked_for():
    assert leaf(W, "row_sparse").grad.stype == "row_sparse"
    assert leaf(W).grad.stype == "default"
    assert leaf(W, storage="row_sparse").grad.stype == "row_sparse"
    assert leaf(W, storage="csr").grad.stype == "csr"
    with pytest.raises(ParamError, match="unknown storage type"):
        leaf(W, "coo")


@pytest.mark.parametrize("stype", ["default", "row_sparse"])
def test_dot_gives_the_weight_only_rows_the_data_meet(stype):
    w = leaf(W, stype)
    with autograd.record():
        y = nd.sparse.dot(nd.array(X).tostype("csr"), w)
        loss = (y * y).sum()
    loss.backward()
    assert w.grad.stype == stype
    close(w.grad, X.T @ (2 * X @ W))
    if stype == "row_sparse":
        np.testing.assert_array_equal(w.grad.indices.asnumpy(), np.flatnonzero(X.any(axis=0)))


def test_gradients_of_the_transposed_product_and_of_dense_times_csr():
    v = RNG.uniform(-1, 1, (4, 3)).astype("float32")
    w, head = leaf(v), RNG.uniform(-1, 1, (6, 3)).astype("float32")
    with autograd.record():
        y = nd.sparse.dot(nd.array(X).tostype("csr"), w, transpose_a=True)
    y.backward(nd.array(head))
    close(w.grad, X @ head)
    u = leaf(RNG.uniform(-1, 1, (2, 4)).astype("float32"))
    for turned in (False, True):
        csr = nd.array(X.T if turned else X).tostype("csr")
        with autograd.record():
            y = nd.dot(u, csr, transpose_b=turned)
        y.backward(nd.array(head.T[:2]))
        close(u.grad, head.T[:2] @ X.T)


def test_row_sparse_weights_get_row_sparse_gradients():
    w = leaf(W, storage="row_sparse")
    with autograd.record():
        loss = nd.sparse.dot(nd.array(X).tostype("csr"), w).sum()
    loss.backward()
    assert w.grad.stype == "row_sparse"
    close(w.grad, X.T @ np.ones((4, 3)))


def test_the_gradient_of_csr_data_is_computed_where_it_is_asked_for():
    x, w = leaf(X, storage="csr"), leaf(W)
    with autograd.record():
        loss = (nd.dot(x, w) ** 2).sum()
    loss.backward()
    assert x.grad.stype == "csr"
    close(x.grad, 2 * X @ W @ W.T)
    close(w.grad, X.T @ (2 * X @ W))


def test_fully_connected_on_csr_data():
    w, b = leaf(W.T.copy()), leaf(np.zeros(3, "float32"))
    with autograd.record():
        y = nd.FullyConnected(nd.array(X).tostype("csr"), w, b, num_hidden=3)
        loss = (y * y).sum()
    loss.backward()
    close(w.grad, (X.T @ (2 * X @ W)).T)
    close(b.grad, (2 * X @ W).sum(axis=0))


ROWS = np.array([[1, 1], [4, 0]])


def embedding_gradient(head):
    want = np.zeros_like(W)
    np.add.at(want, ROWS, head)
    return want


@pytest.mark.parametrize("stype", ["default", "row_sparse"])
@pytest.mark.parametrize("storage", ["default", "row_sparse"])
def test_embedding_with_sparse_grad(stype, storage):
    w = leaf(W, stype, storage=storage)
    head = RNG.uniform(-1, 1, (2, 2, 3)).astype("float32")
    with autograd.record():
        y = nd.Embedding(nd.array(ROWS), w, input_dim=6, output_dim=3, sparse_grad=True)
    y.backward(nd.array(head))
    close(y, W[ROWS])
    assert w.grad.stype == stype
    close(w.grad, embedding_gradient(head))
    if stype == "row_sparse":
        np.testing.assert_array_equal(w.grad.indices.asnumpy(), [0, 1, 4])


def test_a_row_looked_up_with_gradient_zero_is_a_row_of_the_gradient():
    w = leaf(W, "row_sparse")
    with autograd.record():
        y = nd.Embedding(nd.array([3]), w, input_dim=6, output_dim=3, sparse_grad=True) * 0
    y.backward()
    np.testing.assert_array_equal(w.grad.indices.asnumpy(), [3])


def test_sparse_gradients_add_up_within_a_pass_and_over_passes():
    w = leaf(W, "row_sparse", "add")
    for rows in ([0, 1], [1, 5]):
        with autograd.record():
            y = nd.Embedding(nd.array(rows), w, input_dim=6, output_dim=3, sparse_grad=True)
            z = nd.Embedding(nd.array([2]), w, input_dim=6, output_dim=3, sparse_grad=True)
            loss = y.sum() + z.sum()
        loss.backward()
    want = np.zeros((6, 3))
    want[[0, 5]], want[[1, 2]] = 1, 2
    close(w.grad, want)
    np.testing.assert_array_equal(w.grad.indices.asnumpy(), [0, 1, 2, 5])


def test_sparse_and_dense_uses_of_one_weight_add_up():
    for stype in ("row_sparse", "default"):
        w = leaf(W, stype)
        with autograd.record():
            y = nd.Embedding(nd.array([1]), w, input_dim=6, output_dim=3, sparse_grad=True)
            loss = y.sum() + (w * 2).sum()
        loss.backward()
        want = np.full((6, 3), 2.0)
        want[1] = 3
        close(w.grad, want)
        assert w.grad.stype == stype


def test_a_computed_weight_passes_the_gradient_on():
    w = leaf(W, "row_sparse")
    with autograd.record():
        y = nd.Embedding(nd.array([1]), w * 3, input_dim=6, output_dim=3, sparse_grad=True)
    y.backward()
    want = np.zeros((6, 3))
    want[1] = 3
    close(w.grad, want)


def test_autograd_grad_answers_in_row_sparse_storage():
    w = leaf(W)
    with autograd.record():
        y = nd.Embedding(nd.array([1]), w, input_dim=6, output_dim=3, sparse_grad=True)
    (got,) = autograd.grad(y, [w])
    assert got.stype == "row_sparse"
    assert not w.grad.asnumpy().any()


def test_second_derivatives_go_through_sparse_operands():
    w = leaf(W)
    x = nd.array(X).tostype("csr")
    with autograd.record():
        y = (nd.dot(x, w) ** 3).sum()
        z = nd.Embedding(nd.array([1]), w, input_dim=6, output_dim=3, sparse_grad=True)
        (first,) = autograd.grad(y + (z**3).sum(), [w], create_graph=True)
        loss = first.sum()
    loss.backward()
    want = X.T @ (6 * (X @ W) * (X @ np.ones_like(W)))
    want[1] += 6 * W[1]
    np.testing.assert_allclose(w.grad.asnumpy(), want, rtol=1e-4, atol=1e-4)


def test_conversions_and_copies_are_recorded():
    w = leaf(W)
    with autograd.record():
        y = nd.sparse.square(w.tostype("row_sparse")).copy().as_in_context(mx.cpu(1))
        loss = nd.sparse.sum(y.tostype("default") + y)
    loss.backward()
    close(w.grad, 4 * W)


def test_retain_and_sums_of_row_sparse_arrays():
    w = leaf(W, storage="row_sparse")
    with autograd.record():
        loss = nd.sparse.retain(w, nd.array([0, 2])).square().sum()
    loss.backward()
    want = np.zeros((6, 3))
    want[[0, 2]] = 2 * W[[0, 2]]
    close(w.grad, want)
    np.testing.assert_array_equal(w.grad.indices.asnumpy(), [0, 2])


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_of_two_sparse_arrays(sign):
    a, b = leaf(X, storage="csr"), leaf(X, storage="csr")
    with autograd.record():
        y = a + b if sign == 1 else a - b
    y.backward(nd.array(X))
    close(a.grad, X)
    close(b.grad, sign * X)


def test_values_changed_before_backward_are_noticed():
    w, x = leaf(W), nd.array(X).tostype("csr")
    with autograd.record():
        loss = nd.dot(x, w).sum()
    x[:] = 0
    with pytest.raises(StaleValueError, match="gradient of dot"):
        loss.backward()


def test_a_function_of_ones_own_may_answer_a_sparse_gradient():
    class Look(autograd.Function):
        def forward(self, w):
            return w[1:2]

        def backward(self, head):
            return nd.sparse.row_sparse_array((head, [1]), shape=(6, 3))

    w = leaf(W, "row_sparse")
    with autograd.record():
        y = Look()(w)
    y.backward()
    np.testing.assert_array_equal(w.grad.indices.asnumpy(), [1])


def test_the_computation_can_be_read_as_a_symbol():
    w = leaf(W)
    with autograd.record():
        y = nd.sparse.dot(nd.array(X).tostype("csr"), w)
        z = nd.Embedding(nd.array([1]), w, input_dim=6, output_dim=3, sparse_grad=True)
        loss = y.sum() + z.sum()
    text = autograd.get_symbol(loss).tojson()
    assert '"dot"' in text
    assert '"Embedding"' in text


@pytest.mark.parametrize("storage", ["default", "row_sparse"])
def test_the_contributed_embedding_is_sparse_by_itself(storage):
    w = leaf(W, "row_sparse", storage=storage)
    with autograd.record():
        y = nd.contrib.SparseEmbedding(nd.array([4, 1]), w, input_dim=6, output_dim=3)
    y.backward()
    close(y, W[[4, 1]])
    np.testing.assert_array_equal(w.grad.indices.asnumpy(), [1, 4])
    net = mx.sym.contrib.SparseEmbedding(
        mx.sym.var("x"), mx.sym.var("w"), input_dim=6, output_dim=3
    )
    assert '"_contrib_SparseEmbedding"' in net.tojson()
    executor = net.simple_bind(mx.cpu(), x=(2,), grad_req={"w": "write"})
    assert executor.grad_dict["w"].stype == "row_sparse"


def test_operators_have_mxnets_names_in_symbol_files():
    a, b, c = (mx.sym.var(n) for n in "abc")
    for net, name in [
        (mx.sym.sparse.retain(a, b), "_sparse_retain"),
        (mx.sym.sparse.adagrad_update(a, b, c, lr=0.1), "_sparse_adagrad_update"),
        (mx.sym.cast_storage(a, stype="csr"), "cast_storage"),
    ]:
        assert f'"{name}"' in net.tojson()
        assert mx.sym.load_json(net.tojson()).tojson() == net.tojson()


def test_square_sums_give_a_weight_only_the_rows_that_count():
    w = leaf(W, storage="row_sparse")
    head = np.zeros((6, 1), "float32")
    head[[0, 4]] = 2
    with autograd.record():
        y = nd._internal._square_sum(w, axis=1, keepdims=True)
    y.backward(nd.array(head))
    close(w.grad, 2 * W * head)
    np.testing.assert_array_equal(w.grad.indices.asnumpy(), [0, 4])
