"""Comparisons: MXNet's tolerances, and messages that show where."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd, test_utils
from dlstudio.errors import ParamError


def test_equal_arrays_of_both_kinds_pass():
    test_utils.assert_almost_equal(nd.array([1, 2]), np.array([1.0, 2.0]))
    test_utils.assert_almost_equal(mx.np.array([1.0, 2.0]), [1.0, 2.0])
    test_utils.assert_almost_equal(3.0, 3.0)


def test_the_looser_dtype_gives_the_tolerance():
    a = np.ones(3, np.float64)
    test_utils.assert_almost_equal(a, (a * 1.0005).astype(np.float32))
    with pytest.raises(AssertionError):
        test_utils.assert_almost_equal(a, a * 1.0005)


def test_tolerances_may_be_given_by_dtype():
    rtol = {np.float32: 0.5}
    assert test_utils.get_tols(np.float32(1), np.float32(1), rtol, None) == (0.5, 1e-3)
    assert test_utils.get_tols(np.float64(1), np.float64(1), rtol, 0.1) == (1e-5, 0.1)
    assert test_utils.get_tolerance(np.int32(1), None, test_utils.default_rtols()) == 0


def test_defaults_are_those_of_float64():
    assert (test_utils.get_rtol(), test_utils.get_atol(), test_utils.get_etol()) == (1e-5, 1e-20, 0)
    assert test_utils.get_rtol(None, np.float16) == 1e-2
    assert test_utils.default_numeric_eps()[np.dtype("float32")] == 2.0**-9


def test_a_difference_is_located():
    a = np.zeros((2, 3))
    b = a.copy()
    b[1, 2] = 5
    with pytest.raises(AssertionError, match=r"mismatch 16\.6667%.*error: \(1, 2\)") as caught:
        test_utils.assert_almost_equal(a, b, names=("mine", "yours"))
    assert "mine 0.0, yours 5.0" in str(caught.value)


def test_nan_is_equal_only_if_asked():
    a = np.array([1.0, np.nan])
    assert not test_utils.almost_equal(a, a)
    assert test_utils.almost_equal(a, a, equal_nan=True)
    test_utils.assert_almost_equal(a, a, equal_nan=True)
    with pytest.raises(AssertionError):
        test_utils.assert_almost_equal(a, a)
    test_utils.assert_almost_equal_ignore_nan(a, np.array([1.0, 2.0]))


def test_shapes_may_broadcast_unless_forbidden():
    a, b = np.ones((2, 3)), np.ones(3)
    test_utils.assert_almost_equal(a, b)
    with pytest.raises(AssertionError, match="shapes differ"):
        test_utils.assert_almost_equal(a, b, use_broadcast=False)
    with pytest.raises(AssertionError, match="shapes differ"):
        test_utils.almost_equal(a, b, use_broadcast=False)


def test_a_share_of_the_elements_may_differ():
    a, b = np.zeros(10), np.zeros(10)
    b[0] = 1
    test_utils.assert_almost_equal_with_err(a, b, etol=0.1)
    with pytest.raises(AssertionError):
        test_utils.assert_almost_equal_with_err(a, b, etol=0.05)
    with pytest.raises(AssertionError):
        test_utils.assert_almost_equal_with_err(a, b)


def test_booleans_and_whole_numbers_must_be_equal():
    test_utils.assert_almost_equal(np.array([True]), np.array([True]))
    with pytest.raises(AssertionError):
        test_utils.assert_almost_equal(np.array([True, False]), np.array([True, True]))
    with pytest.raises(AssertionError):
        test_utils.assert_almost_equal(np.array([100000]), np.array([100001]))


def test_the_largest_difference_of_small_unsigned_numbers_is_found():
    a, b = np.array([0, 200], np.uint8), np.array([3, 5], np.uint8)
    with pytest.raises(AssertionError, match=r"error: \(1,\)"):
        test_utils.assert_almost_equal(a, b)


def test_same_means_every_value():
    assert test_utils.same(nd.ones(2), np.ones(2))
    assert not test_utils.same(nd.ones(2), np.ones(3))


def test_arrays_that_share_memory_are_told_from_equal_ones():
    a = nd.array([0.0, 1e20, 3.0])
    assert test_utils.same_array(a, a.reshape((3,)))
    assert not test_utils.same_array(a, a.copy())
    assert a.asnumpy().tolist() == nd.array([0.0, 1e20, 3.0]).asnumpy().tolist()


def test_nested_tuples_are_compared():
    one, two = nd.ones(2), nd.ones(2) * 2
    test_utils.compare_ndarray_tuple((one, (two, None)), (one, (two, one)))
    with pytest.raises(AssertionError):
        test_utils.compare_ndarray_tuple((one, (two,)), (one, (one,)))


def test_summing_to_a_shape_is_the_reverse_of_broadcasting():
    a = np.arange(24.0).reshape(2, 3, 4)
    assert test_utils.same(test_utils.collapse_sum_like(a, (3, 1)), a.sum((0, 2))[:, None])
    assert test_utils.same(test_utils.collapse_sum_like(a, a.shape), a)
    assert test_utils.collapse_sum_like(np.ones((2, 0)), (1, 0)).shape == (1, 0)
    with pytest.raises(ParamError):
        test_utils.collapse_sum_like(a, (2, 4))


def test_reducing_over_several_axes():
    a = np.arange(24.0).reshape(2, 3, 4)
    assert test_utils.same(
        test_utils.np_reduce(a, (0, -1), True, np.sum), a.sum((0, 2), keepdims=True)
    )
    assert test_utils.np_reduce(a, None, False, np.max) == 23


def test_symbols_are_compared_without_their_names():
    def make(name, op):
        return op(mx.sym.var(name))

    assert test_utils.same_symbol_structure(make("a", mx.sym.exp), make("b", mx.sym.exp))
    assert not test_utils.same_symbol_structure(make("a", mx.sym.exp), make("a", mx.sym.tanh))
