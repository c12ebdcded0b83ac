"""Sparse arrays: how they are made, what they tell, what they refuse."""

import pickle
import sys

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.errors import (
    DTypeError,
    FileFormatError,
    IndexRangeError,
    MissingExtraError,
    NotSupportedForSparseNDArray,
    ParamError,
    ShapeError,
)

DENSE = np.array([[0, 1, 0], [0, 0, 0], [2, 0, 3]], "float32")


def csr():
    return nd.sparse.csr_matrix(DENSE)


def rows():
    return nd.sparse.row_sparse_array(DENSE)


def test_csr_of_a_dense_source_stores_what_is_not_zero():
    x = csr()
    assert x.stype == "csr"
    assert isinstance(x, nd.sparse.CSRNDArray)
    assert isinstance(x, nd.NDArray)
    np.testing.assert_array_equal(x.data.asnumpy(), [1, 2, 3])
    np.testing.assert_array_equal(x.indices.asnumpy(), [1, 0, 2])
    np.testing.assert_array_equal(x.indptr.asnumpy(), [0, 1, 1, 3])
    assert x.indices.dtype == x.indptr.dtype == np.int64
    np.testing.assert_array_equal(x.asnumpy(), DENSE)


def test_row_sparse_of_a_dense_source_stores_rows_that_are_not_zero():
    x = rows()
    assert x.stype == "row_sparse"
    np.testing.assert_array_equal(x.indices.asnumpy(), [0, 2])
    np.testing.assert_array_equal(x.data.asnumpy(), DENSE[[0, 2]])
    np.testing.assert_array_equal(x.asnumpy(), DENSE)


def test_csr_is_made_of_parts_of_places_and_of_a_shape():
    parts = nd.sparse.csr_matrix(([1, 2, 3], [1, 0, 2], [0, 1, 1, 3]), shape=(3, 3))
    np.testing.assert_array_equal(parts.asnumpy(), DENSE)
    places = nd.sparse.csr_matrix(([1, 2, 1, 2], ([0, 2, 2, 2], [1, 0, 2, 2])))
    np.testing.assert_array_equal(places.asnumpy(), DENSE)
    empty = nd.sparse.csr_matrix((2, 5))
    assert (empty.shape, empty.data.shape, empty.dtype) == ((2, 5), (0,), np.float32)


def test_csr_without_a_shape_takes_what_the_indices_need():
    assert nd.sparse.csr_matrix(([1, 2], [4, 0], [0, 1, 2])).shape == (2, 5)
    with pytest.raises(ShapeError, match="invalid shape"):
        nd.sparse.csr_matrix(([], [], [0, 0]))


def test_row_sparse_is_made_of_rows_and_of_a_shape():
    x = nd.sparse.row_sparse_array(([[1, 2], [3, 4]], [1, 3]), shape=(5, 2))
    np.testing.assert_array_equal(x.asnumpy()[[1, 3]], [[1, 2], [3, 4]])
    assert nd.sparse.row_sparse_array(([[1, 2]], [3])).shape == (4, 2)
    assert nd.sparse.row_sparse_array((4, 2)).indices.shape == (0,)
    assert nd.sparse.row_sparse_array((4, 2, 3)).shape == (4, 2, 3)


def test_the_dtype_is_that_of_an_array_source_and_float32_of_a_list():
    assert nd.sparse.csr_matrix(DENSE.astype("float64")).dtype == np.float64
    assert nd.sparse.csr_matrix(DENSE.tolist()).dtype == np.float32
    assert nd.sparse.csr_matrix(DENSE, dtype="int32").dtype == np.int32
    assert nd.sparse.row_sparse_array(nd.array(DENSE, dtype="float16")).dtype == np.float16


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: nd.sparse.csr_matrix((1, 2, 3, 4)), ParamError, "length of input tuple: 4"),
        (lambda: nd.sparse.csr_matrix(rows()), ParamError, "RowSparseNDArray"),
        (lambda: nd.sparse.csr_matrix(DENSE, shape=(2, 2)), ParamError, "Shape mismatch"),
        (lambda: nd.sparse.csr_matrix(DENSE[0]), ShapeError, "a matrix"),
        (lambda: nd.sparse.csr_matrix(([1], [5], [0, 1]), shape=(1, 3)), ShapeError, "from 5"),
        (lambda: nd.sparse.csr_matrix(([1], [0], [0, 2]), shape=(1, 3)), ShapeError, "indptr"),
        (lambda: nd.sparse.csr_matrix(([1], ([0, 1], [0])), shape=(2, 2)), ShapeError, "vectors"),
        (lambda: nd.sparse.row_sparse_array((1,)), ParamError, "length of input tuple: 1"),
        (lambda: nd.sparse.row_sparse_array(csr()), ParamError, "CSRNDArray"),
        (lambda: nd.sparse.row_sparse_array(([[1]], [9]), shape=(2, 1)), ShapeError, "from 9"),
        (lambda: nd.sparse.row_sparse_array(([[1, 2]], [0]), shape=(2, 1)), ShapeError, "rows as"),
        (lambda: nd.sparse.array(DENSE), ParamError, "tostype"),
        (lambda: nd.sparse.zeros("coo", (2, 2)), ParamError, "unknown storage type"),
        (lambda: nd.sparse.zeros("csr", (2, 2, 2)), ShapeError, "a matrix for csr"),
        (lambda: nd.sparse.empty("default", (2, 2)), ParamError, "unknown stype"),
        (lambda: nd.ones((2, 2)).tostype("coo"), ParamError, "stype must be one of"),
        (lambda: nd.ones((2, 2, 2)).tostype("csr"), ShapeError, "a matrix"),
        (lambda: csr().tostype("row_sparse"), ParamError, "csr to row_sparse is not supported"),
        (lambda: rows().tostype("csr"), ParamError, "row_sparse to csr is not supported"),
        (lambda: nd.sparse.CSRNDArray(3), NotSupportedForSparseNDArray, "csr_matrix"),
    ],
)
def test_what_makes_no_sparse_array_is_refused(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_zeros_empty_and_array_know_storage_types():
    assert nd.zeros((2, 3), stype="csr").stype == "csr"
    assert nd.empty((2, 3), stype="row_sparse").stype == "row_sparse"
    assert nd.sparse.zeros("default", (2, 3)).stype == "default"
    assert nd.array(csr()).stype == "csr"
    out = nd.sparse.csr_matrix(DENSE)
    assert nd.sparse.zeros("csr", (3, 3), out=out) is out
    assert not out.asnumpy().any()


def test_scipy_matrices_come_and_go():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    matrix = scipy_sparse.csr_matrix(DENSE)
    for x in (nd.array(matrix), nd.sparse.array(matrix), nd.sparse.csr_matrix(matrix)):
        np.testing.assert_array_equal(x.asnumpy(), DENSE)
    back = csr().asscipy()
    assert isinstance(back, scipy_sparse.csr_matrix)
    np.testing.assert_array_equal(back.toarray(), DENSE)
    np.testing.assert_array_equal(nd.array(matrix.tocoo()).asnumpy(), DENSE)


def test_asscipy_without_scipy_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(MissingExtraError, match=r"dlstudio\[sparse\]"):
        csr().asscipy()


# ---- facts -----------------------------------------------------------------------------------
def test_facts_of_sparse_arrays():
    x = csr()
    assert (x.shape, x.ndim, len(x), x.dtype, x.context) == ((3, 3), 2, 3, np.float32, mx.cpu())
    assert repr(x) == str(x) == "\n<CSRNDArray 3x3 @cpu(0)>"
    with pytest.raises(NotSupportedForSparseNDArray, match="size"):
        _ = x.size
    assert x.nbytes == 3 * 4 + 3 * 8 + 4 * 8
    np.testing.assert_array_equal(np.asarray(x), DENSE)
    np.testing.assert_array_equal(x.todense().asnumpy(), DENSE)
    assert nd.sparse.csr_matrix([[7]]).asscalar() == 7


def test_data_is_the_memory_of_the_array_itself():
    x = rows()
    x.data[:] = 5
    np.testing.assert_array_equal(x.asnumpy()[[0, 2]], np.full((2, 3), 5))


def test_check_format_finds_broken_index_arrays():
    csr().check_format()
    rows().check_format(full_check=False)
    unsorted = nd.sparse.csr_matrix(([1, 2], [2, 0], [0, 2]), shape=(1, 3))
    unsorted.check_format(full_check=False)
    with pytest.raises(FileFormatError, match="do not rise within a row"):
        unsorted.check_format()
    x = csr()
    x.indices[:] = 9
    with pytest.raises(FileFormatError, match="outside the shape"):
        x.check_format()
    y = rows()
    y.indices[:] = 1
    with pytest.raises(FileFormatError, match="do not rise"):
        y.check_format()


# ---- copies ----------------------------------------------------------------------------------
@pytest.mark.parametrize("make", [csr, rows])
def test_copies_have_memory_of_their_own(make):
    x = make()
    for y in (
        x.copy(),
        x.copyto(mx.cpu(1)),
        x.as_in_context(mx.cpu(1)),
        pickle.loads(pickle.dumps(x)),
    ):
        assert y.stype == x.stype
        y.data[:] = 9
        np.testing.assert_array_equal(x.asnumpy(), DENSE)
    assert x.as_in_context(mx.cpu(0)) is x
    assert x.as_in_context(mx.cpu(1)).context == mx.cpu(1)


@pytest.mark.parametrize("make", [csr, rows])
def test_copyto_fills_arrays_of_the_same_storage_and_dense_ones(make):
    x = make()
    for target in (nd.zeros((3, 3)), nd.sparse.zeros(x.stype, (3, 3))):
        assert x.copyto(target) is target
        np.testing.assert_array_equal(target.asnumpy(), DENSE)
    other = nd.sparse.zeros("csr" if x.stype == "row_sparse" else "row_sparse", (3, 3))
    with pytest.raises(DTypeError, match="destination NDArray stype"):
        x.copyto(other)
    with pytest.raises(ShapeError, match="equal shapes"):
        x.copyto(nd.sparse.zeros(x.stype, (4, 3)))
    with pytest.raises(DTypeError, match="copyto does not support type"):
        x.copyto(3)
    with pytest.warns(RuntimeWarning, match="to itself"):
        x.copyto(x)


def test_astype_converts_the_stored_values():
    x = csr().astype("float64")
    assert (x.stype, x.dtype) == ("csr", np.float64)
    assert x.astype("float64", copy=False) is x
    assert x.astype("float64") is not x


# ---- indexing --------------------------------------------------------------------------------
def test_rows_of_a_csr_matrix():
    x = csr()
    np.testing.assert_array_equal(x[0].asnumpy(), DENSE[:1])
    np.testing.assert_array_equal(x[-1].asnumpy(), DENSE[2:])
    np.testing.assert_array_equal(x[1:3].asnumpy(), DENSE[1:])
    np.testing.assert_array_equal(x[:-1].asnumpy(), DENSE[:-1])
    assert x[5:9].shape == (0, 3)
    assert x[:] is x
    assert [row.shape for row in x] == [(1, 3)] * 3
    x[1:3].check_format()


@pytest.mark.parametrize(
    ("key", "error", "match"),
    [
        (slice(0, 3, 2), ParamError, "continuous slicing"),
        ((0, 1), ParamError, "Multi-dimension"),
        ([0, 1], ParamError, "Undefined behaviour"),
        (3, IndexRangeError, "row 3 of a matrix with 3 rows"),
    ],
)
def test_other_keys_of_a_csr_matrix_are_refused(key, error, match):
    with pytest.raises(error, match=match):
        csr()[key]


def test_row_sparse_arrays_are_read_whole():
    x = rows()
    assert x[:] is x
    with pytest.raises(ParamError, match="retain"):
        x[1]
    with pytest.raises(NotSupportedForSparseNDArray, match="iteration"):
        iter(x)


@pytest.mark.parametrize("make", [csr, rows])
def test_all_elements_can_be_assigned(make):
    x = make()
    x[:] = nd.array(2 * DENSE)
    np.testing.assert_array_equal(x.asnumpy(), 2 * DENSE)
    x[:] = make()
    np.testing.assert_array_equal(x.asnumpy(), DENSE)
    with pytest.warns(RuntimeWarning, match="not efficient"):
        x[:] = 3 * DENSE
    np.testing.assert_array_equal(x.asnumpy(), 3 * DENSE)
    x[:] = 0
    assert not x.asnumpy().any()
    with pytest.raises(ParamError, match=r"\[:\]"):
        x[0] = 1
    with pytest.raises(DTypeError, match="not supported"):
        x[:] = "text"


def test_a_number_fills_row_sparse_arrays_only():
    x = rows()
    x[:] = 2
    np.testing.assert_array_equal(x.asnumpy(), np.full((3, 3), 2))
    with pytest.raises(ParamError, match="store every element"):
        csr()[:] = 2


def test_a_dense_array_takes_sparse_values():
    x = nd.ones((3, 3))
    x[:] = csr()
    np.testing.assert_array_equal(x.asnumpy(), DENSE)
    x += rows()
    np.testing.assert_array_equal(x.asnumpy(), 2 * DENSE)


@pytest.mark.parametrize("make", [csr, rows])
def test_operators_in_place_that_keep_the_storage(make):
    x = make()
    y = x
    x *= 2
    x += make()
    x /= 3
    assert x is y
    np.testing.assert_allclose(x.asnumpy(), DENSE, rtol=1e-6)


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x.reshape((9,)),
        lambda x: x.__iadd__(1),
        lambda x: x.as_np_ndarray(),
        lambda x: x.to_dlpack_for_read(),
        lambda x: nd.sparse.row_sparse_array(x.todense()).asscipy(),
    ],
)
def test_what_sparse_arrays_cannot_do_says_what_to_do(use):
    with pytest.raises(NotSupportedForSparseNDArray, match="Fix:"):
        use(csr())


def test_the_error_is_the_one_mxnet_names():
    assert mx.base.NotSupportedForSparseNDArray is NotSupportedForSparseNDArray
    assert issubclass(NotSupportedForSparseNDArray, (mx.MXNetError,))
    assert issubclass(NotSupportedForSparseNDArray, RuntimeError)
