"""Laws of sparse storage on random arrays: the same values as without it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlstudio import nd
from dlstudio.core import sparse_storage


@st.composite
def matrices(draw, rows=None, columns=None):
    """Small matrices of whole numbers, most of them zero, so that results are exact."""
    m = draw(st.integers(0, 5)) if rows is None else rows
    n = draw(st.integers(1, 5)) if columns is None else columns
    values = draw(st.lists(st.sampled_from([0, 0, 0, 1, -2, 3]), min_size=m * n, max_size=m * n))
    return np.array(values, "float32").reshape(m, n)


@st.composite
def pairs(draw, join):
    """Two matrices; `join` says which lengths the second takes over."""
    x = draw(matrices())
    return x, draw(matrices(*join(x)))


def of(array, stype):
    return nd.array(array).tostype(stype)


@settings(max_examples=40, deadline=None)
@given(matrices())
def test_conversions_keep_the_values_and_the_format(x):
    for stype in ("csr", "row_sparse"):
        y = of(x, stype)
        y.check_format()
        np.testing.assert_array_equal(y.asnumpy(), x)
        np.testing.assert_array_equal(y.tostype("default").asnumpy(), x)
        assert y.data.asnumpy().any(axis=tuple(range(1, y.data.ndim))).all()


@settings(max_examples=40, deadline=None)
@given(pairs(lambda x: x.shape))
def test_arithmetic_is_that_of_dense_arrays(pair):
    x, y = pair
    for stype in ("csr", "row_sparse"):
        a, b = of(x, stype), of(y, stype)
        for got, want in ((a + b, x + y), (a - b, x - y), (a * b, x * y)):
            got.check_format()
            np.testing.assert_array_equal(got.asnumpy(), want)


@pytest.mark.parametrize("scipy", [True, False])
@settings(max_examples=40, deadline=None)
@given(pair=pairs(lambda x: (x.shape[1], None)))
def test_products_are_those_of_dense_arrays(pair, scipy):
    x, y = pair
    found = sparse_storage._scipy_matrices
    try:
        if not scipy:
            sparse_storage._scipy_matrices = lambda: None
        np.testing.assert_array_equal(nd.dot(of(x, "csr"), nd.array(y)).asnumpy(), x @ y)
        turned = nd.dot(of(x.T.copy(), "csr"), nd.array(y), transpose_a=True)
        turned.check_format()
        np.testing.assert_array_equal(turned.asnumpy(), x @ y)
        rows = nd.dot(of(x, "csr"), of(y, "row_sparse"))
        np.testing.assert_array_equal(rows.asnumpy(), x @ y)
    finally:
        sparse_storage._scipy_matrices = found


@settings(max_examples=40, deadline=None)
@given(matrices(), st.integers(-6, 6), st.integers(-6, 6), st.integers(-6, 6), st.integers(-6, 6))
def test_slices_are_those_of_dense_arrays(x, a, b, c, d):
    got = of(x, "csr")[a:b]
    got.check_format()
    np.testing.assert_array_equal(got.asnumpy(), x[a:b])
    part = nd.slice(of(x, "csr"), begin=(a, c), end=(b, d))
    part.check_format()
    np.testing.assert_array_equal(part.asnumpy(), x[a:b, c:d])


@settings(max_examples=40, deadline=None)
@given(matrices(), st.lists(st.integers(0, 4), max_size=6))
def test_rows_are_picked_as_from_dense_arrays(x, picks):
    chosen = np.array([i for i in picks if i < len(x)], "int64")
    got = nd.take(of(x, "csr"), nd.array(chosen, dtype="int64"))
    np.testing.assert_array_equal(got.asnumpy(), x[chosen])
    kept = of(x, "row_sparse").retain(nd.array(np.unique(chosen), dtype="int64"))
    want = np.zeros_like(x)
    want[chosen] = x[chosen]
    np.testing.assert_array_equal(kept.asnumpy(), want)
