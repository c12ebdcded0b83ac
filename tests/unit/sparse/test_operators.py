"""Operators on sparse arrays: values as on dense ones, storage as MXNet's."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.core import sparse_storage
from dlstudio.errors import DTypeError, ParamError, ShapeError
from dlstudio.ops.sparse_elements import KEEPS_ZERO

RNG = np.random.default_rng(3)
DENSE = np.where(RNG.random((6, 5)) < 0.4, RNG.uniform(-0.9, 0.9, (6, 5)), 0).astype("float32")
DENSE[2] = 0
OTHER = np.where(RNG.random((6, 5)) < 0.4, RNG.uniform(0.1, 0.9, (6, 5)), 0).astype("float32")
FULL = RNG.uniform(0.1, 0.9, (6, 5)).astype("float32")
SPARSE = ("csr", "row_sparse")


def of(array, stype):
    return nd.array(array).tostype(stype)


@pytest.fixture(params=["scipy", "numpy"], autouse=True)
def products(request, monkeypatch):
    """Products by SciPy where it is installed, and by NumPy alone."""
    if request.param == "numpy":
        monkeypatch.setattr(sparse_storage, "_scipy_matrices", lambda: None)


@pytest.mark.parametrize("stype", SPARSE)
@pytest.mark.parametrize("name", [n for n in KEEPS_ZERO if not n.startswith("_")])
def test_functions_that_keep_zero_keep_the_storage(name, stype):
    function = getattr(nd, name)
    got = function(of(abs(DENSE), stype))
    assert got.stype == stype
    np.testing.assert_allclose(got.asnumpy(), function(nd.array(abs(DENSE))).asnumpy(), rtol=1e-6)
    got.check_format()


@pytest.mark.parametrize("stype", SPARSE)
@pytest.mark.parametrize("name", ["exp", "cos", "sigmoid", "gamma", "log", "rsqrt", "ones_like"])
def test_other_functions_answer_dense_arrays(name, stype):
    with np.errstate(all="ignore"):
        got = getattr(nd, name)(of(DENSE, stype))
        want = getattr(nd, name)(nd.array(DENSE)).asnumpy()
    assert got.stype == "default"
    np.testing.assert_array_equal(got.asnumpy(), want)


PAIRS = {
    "elemwise_add": {("csr", "csr"): "csr", ("row_sparse", "row_sparse"): "row_sparse"},
    "elemwise_sub": {("csr", "csr"): "csr", ("row_sparse", "row_sparse"): "row_sparse"},
    "elemwise_mul": {
        ("csr", "csr"): "csr",
        ("csr", "default"): "csr",
        ("row_sparse", "row_sparse"): "row_sparse",
        ("row_sparse", "default"): "row_sparse",
        ("default", "row_sparse"): "row_sparse",
        ("default", "csr"): "csr",
    },
    "elemwise_div": {},
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("left", ["default", *SPARSE])
@pytest.mark.parametrize("right", ["default", *SPARSE])
def test_two_operands_of_any_storage(name, left, right):
    function = getattr(nd.sparse, name)
    with np.errstate(all="ignore"):
        got = function(of(DENSE, left), of(OTHER, right))
        want = function(nd.array(DENSE), nd.array(OTHER)).asnumpy()
    assert got.stype == PAIRS[name].get((left, right), "default")
    np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-6)


@pytest.mark.parametrize("stype", SPARSE)
@pytest.mark.parametrize("name", ["identity", "BlockGrad", "make_loss", "round", "negative"])
def test_results_have_values_of_their_own(name, stype):
    x = of(DENSE, stype)
    y = getattr(nd, name)(x)
    y.data[:] = 7
    np.testing.assert_array_equal(x.asnumpy(), DENSE)
    zeros = nd.zeros_like(x)
    assert (zeros.stype, zeros.shape, zeros.data.shape[0]) == (stype, x.shape, 0)


def test_differences_of_csr_matrices_store_no_zeros():
    assert (of(DENSE, "csr") - of(DENSE, "csr")).data.shape == (0,)


@pytest.mark.parametrize("stype", SPARSE)
def test_python_operators_with_numbers(stype):
    x = of(DENSE, stype)
    for got, kept, want in [
        (x * 2, True, DENSE * 2),
        (2 * x, True, DENSE * 2),
        (x / 4, True, DENSE / 4),
        (-x, True, -DENSE),
        (x + 0, True, DENSE),
        (x + 1, False, DENSE + 1),
        (1 - x, False, 1 - DENSE),
        (x > 0.3, True, (DENSE > 0.3).astype("f")),
        (x == 0, False, (DENSE == 0).astype("f")),
        (x**2, False, DENSE**2),
    ]:
        assert got.stype == (stype if kept else "default")
        np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-6)


@pytest.mark.parametrize("stype", SPARSE)
@pytest.mark.parametrize(("low", "high", "kept"), [(-0.5, 0.5, True), (0.1, 0.5, False)])
def test_clip_keeps_the_storage_if_zero_stays(stype, low, high, kept):
    got = nd.clip(of(DENSE, stype), low, high)
    assert got.stype == (stype if kept else "default")
    np.testing.assert_array_equal(got.asnumpy(), DENSE.clip(low, high))


@pytest.mark.parametrize("shape", [(5,), (1, 5), (6, 1)])
def test_a_csr_matrix_is_scaled_by_rows_and_columns(shape):
    y = RNG.uniform(0.5, 1, shape).astype("float32")
    for function, want in ((nd.broadcast_mul, DENSE * y), (nd.broadcast_div, DENSE / y)):
        got = function(of(DENSE, "csr"), nd.array(y))
        assert got.stype == "csr"
        np.testing.assert_allclose(got.asnumpy(), want, rtol=1e-6)
    got = nd.broadcast_add(of(DENSE, "csr"), nd.array(y))
    assert got.stype == "default"
    np.testing.assert_allclose(got.asnumpy(), DENSE + y, rtol=1e-6)


def test_add_n_of_row_sparse_arrays():
    got = nd.add_n(of(DENSE, "row_sparse"), of(OTHER, "row_sparse"), of(DENSE, "row_sparse"))
    assert got.stype == "row_sparse"
    np.testing.assert_allclose(got.asnumpy(), 2 * DENSE + OTHER, rtol=1e-6)
    mixed = nd.add_n(of(DENSE, "row_sparse"), nd.array(OTHER))
    assert mixed.stype == "default"


# ---- products --------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("right", ["default", "row_sparse", "part"])
def test_dot_of_csr_and_a_matrix(dtype, right):
    x, w = DENSE.astype(dtype), RNG.uniform(-1, 1, (5, 3)).astype(dtype)
    w[[1, 3]] = 0
    other = nd.array(w, dtype=dtype)
    if right == "row_sparse":
        every = nd.arange(5, dtype="int64")
        other = nd.sparse.row_sparse_array((other, every), shape=(5, 3))
    elif right == "part":
        other = other.tostype("row_sparse")
    got = nd.sparse.dot(nd.array(x, dtype=dtype).tostype("csr"), other)
    assert (got.stype, got.dtype) == ("default", np.dtype(dtype).type)
    tolerance = 1e-2 if dtype == "float16" else 1e-5
    want = x.astype("f8") @ w.astype("f8")
    np.testing.assert_allclose(got.asnumpy(), want, rtol=tolerance, atol=tolerance)


def test_the_transposed_product_is_row_sparse_unless_asked_otherwise():
    x, w = of(DENSE, "csr"), RNG.uniform(-1, 1, (6, 3)).astype("float32")
    got = nd.sparse.dot(x, nd.array(w), transpose_a=True)
    assert got.stype == "row_sparse"
    np.testing.assert_array_equal(got.indices.asnumpy(), np.flatnonzero(DENSE.any(axis=0)))
    np.testing.assert_allclose(got.asnumpy(), DENSE.T @ w, rtol=1e-5, atol=1e-6)
    dense = nd.sparse.dot(x, nd.array(w), transpose_a=True, forward_stype="default")
    assert dense.stype == "default"
    np.testing.assert_allclose(dense.asnumpy(), DENSE.T @ w, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("turned", [False, True])
def test_dense_times_csr_is_csr(turned):
    x = RNG.uniform(-1, 1, (2, 5 if turned else 6)).astype("float32")
    got = nd.sparse.dot(nd.array(x), of(DENSE, "csr"), transpose_b=turned)
    assert got.stype == "csr"
    np.testing.assert_allclose(
        got.asnumpy(), x @ (DENSE.T if turned else DENSE), rtol=1e-5, atol=1e-6
    )
    asked = nd.dot(nd.array(x), of(DENSE, "csr"), transpose_b=turned, forward_stype="default")
    assert asked.stype == "default"


def test_products_with_vectors_and_empty_matrices():
    v = RNG.random(5).astype("float32")
    np.testing.assert_allclose(
        nd.dot(of(DENSE, "csr"), nd.array(v)).asnumpy(), DENSE @ v, rtol=1e-5
    )
    empty = nd.sparse.zeros("csr", (0, 5))
    assert nd.dot(empty, nd.ones((5, 2))).shape == (0, 2)
    assert nd.dot(nd.sparse.zeros("csr", (4, 5)), nd.ones((5, 2))).asnumpy().sum() == 0


def test_products_that_do_not_fit_are_refused():
    x = of(DENSE, "csr")
    with pytest.raises(ShapeError, match=r"csr matrix \(6, 5\).*shape \(6, 2\)"):
        nd.dot(x, nd.ones((6, 2)))
    with pytest.raises(DTypeError, match=r"float32.*float64"):
        nd.dot(x, nd.ones((5, 2), dtype="float64"))
    with pytest.raises(DTypeError, match=r"float32.*float64"):
        nd.elemwise_add(x, x.astype("float64"))
    with pytest.raises(ShapeError, match="equal shapes"):
        nd.elemwise_add(x, nd.sparse.zeros("csr", (2, 5)))
    with pytest.raises(mx.errors.DeviceError, match=r"cpu\(1\)"):
        nd.dot(x, nd.ones((5, 2), ctx=mx.cpu(1)))


def test_fully_connected_takes_csr_data_and_row_sparse_weights():
    w, b = RNG.random((3, 5)).astype("float32"), RNG.random(3).astype("float32")
    for weight in (nd.array(w), of(w, "row_sparse")):
        got = nd.FullyConnected(of(DENSE, "csr"), weight, nd.array(b), num_hidden=3)
        np.testing.assert_allclose(got.asnumpy(), DENSE @ w.T + b, rtol=1e-5, atol=1e-6)
    with pytest.raises(ShapeError, match=r"weight of shape \(4, 5\)"):
        nd.FullyConnected(of(DENSE, "csr"), nd.array(w), nd.array(b), num_hidden=4)


# ---- parts -----------------------------------------------------------------------------------
def test_slices_rows_and_joins_of_csr_matrices():
    x = of(DENSE, "csr")
    for got, want in [
        (nd.slice(x, begin=(1,), end=(4,)), DENSE[1:4]),
        (nd.sparse.slice(x, begin=(1, 2), end=(5, 4)), DENSE[1:5, 2:4]),
        (nd.slice(x, begin=(None, -2), end=(None, None)), DENSE[:, -2:]),
        (nd.take(x, nd.array([5, 0, 0])), DENSE[[5, 0, 0]]),
        (nd.concat(x, x[1:3], dim=0), np.concatenate([DENSE, DENSE[1:3]])),
    ]:
        assert got.stype == "csr"
        got.check_format()
        np.testing.assert_array_equal(got.asnumpy(), want)
    assert nd.concat(x, x, dim=1).stype == "default"
    assert nd.slice(x, begin=(0,), end=(6,), step=(2,)).stype == "default"
    with pytest.raises(ShapeError, match="equal widths"):
        nd.concat(x, nd.sparse.zeros("csr", (2, 3)), dim=0)


def test_retain_keeps_rows_in_the_order_asked_for():
    x = of(DENSE, "row_sparse")
    got = nd.sparse.retain(x, nd.array([1, 2]))
    np.testing.assert_array_equal(got.indices.asnumpy(), [1, 2])
    np.testing.assert_array_equal(got.data.asnumpy(), DENSE[[1, 2]])
    np.testing.assert_array_equal(x.retain(nd.array([4])).asnumpy()[4], DENSE[4])
    with pytest.raises(ParamError, match="retain"):
        nd.sparse.retain(of(DENSE, "csr"), nd.array([1]))


@pytest.mark.parametrize("stype", SPARSE)
@pytest.mark.parametrize("attrs", [{}, {"axis": 0}, {"axis": 1}, {"axis": -1, "keepdims": True}])
@pytest.mark.parametrize("name", ["sum", "mean", "norm"])
def test_sums_are_those_of_dense_arrays(name, attrs, stype):
    got = getattr(nd.sparse, name)(of(DENSE, stype), **attrs)
    want = getattr(nd, name)(nd.array(DENSE), **attrs)
    assert (got.stype, got.shape, got.dtype) == ("default", want.shape, want.dtype)
    np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=1e-5, atol=1e-6)


def test_square_sum_and_counts_of_stored_elements():
    got = nd._internal._square_sum(of(DENSE, "row_sparse"), axis=1, keepdims=True)
    assert got.stype == "row_sparse"
    np.testing.assert_allclose(got.asnumpy()[:, 0], (DENSE**2).sum(axis=1), rtol=1e-6)
    x = of(DENSE, "csr")
    assert nd.contrib.getnnz(x).asscalar() == np.count_nonzero(DENSE)
    want = np.count_nonzero(DENSE, axis=1)
    np.testing.assert_array_equal(nd.contrib.getnnz(x, axis=1).asnumpy(), want)


def test_out_of_any_storage_is_filled():
    x = of(DENSE, "csr")
    for stype in ("default", "csr"):
        out = nd.zeros((6, 5), stype=stype)
        assert nd.elemwise_add(x, x, out=out) is out
        np.testing.assert_allclose(out.asnumpy(), 2 * DENSE, rtol=1e-6)
    out = nd.sparse.zeros("row_sparse", (6, 5))
    nd.elemwise_add(nd.array(DENSE), nd.array(DENSE), out=out)
    np.testing.assert_allclose(out.asnumpy(), 2 * DENSE, rtol=1e-6)
    with pytest.raises(ShapeError, match="out has shape"):
        nd.elemwise_add(x, x, out=nd.zeros((2, 2)))


def test_cast_storage_converts_and_refuses():
    x = nd.array(DENSE)
    for stype in SPARSE:
        y = nd.cast_storage(x, stype)
        assert y.stype == stype
        assert nd.sparse.cast_storage(y, "default").stype == "default"
        same = nd.cast_storage(y, stype)
        assert same is not y
        np.testing.assert_array_equal(same.asnumpy(), DENSE)
    with pytest.raises(ParamError, match="stype must be one of"):
        nd.cast_storage(x, "coo")


def test_every_name_of_the_sparse_namespace_answers():
    names = {n for n in dir(nd.sparse) if not n.startswith("_")}
    assert {
        "dot",
        "retain",
        "abs",
        "adagrad_update",
        "csr_matrix",
        "where",
        "ElementWiseSum",
    } <= names
    for name in sorted(names):
        assert getattr(nd.sparse, name) is not None
    assert callable(mx.sym.sparse.dot)
    assert "retain" in dir(mx.sym.sparse)


def test_a_watcher_sees_sparse_calls():
    from dlstudio.trace import bus
    from dlstudio.trace.events import Allocated, OpRan

    seen = []
    stop = bus.subscribe(seen.append)
    try:
        nd.dot(of(DENSE, "csr"), nd.ones((5, 2)))
        (of(DENSE, "csr") + 1).wait_to_read()
    finally:
        stop()
    ran = {e.op: e for e in seen if isinstance(e, OpRan)}
    assert set(ran) >= {"dot", "_plus_scalar"}
    assert len(ran["dot"].inputs) == 4  # three parts of the matrix, and the other operand
    assert {e.buffer for e in seen if isinstance(e, Allocated)} >= set(ran["dot"].outputs)


def test_the_ledger_notes_copies_of_sparse_arrays():
    from dlstudio.trace import copies

    x = of(DENSE, "csr")
    with copies.ledger() as ledger:
        x.as_in_context(mx.cpu(1))
    assert ledger.bytes >= x.nbytes
