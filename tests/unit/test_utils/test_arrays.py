"""Random shapes, arrays and generators for tests."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd, test_utils
from dlstudio.errors import ParamError


@pytest.fixture(autouse=True)
def _seeded():
    np.random.seed(5)
    mx.random.seed(5)


def test_shapes_stay_within_their_limits():
    shapes = [test_utils.rand_shape_nd(4, dim=3) for _ in range(50)]
    assert {n for s in shapes for n in s} == {1, 2, 3}
    assert len(test_utils.rand_shape_2d(2, 9)) == 2
    assert len(test_utils.rand_shape_3d()) == 3
    zeros = [test_utils.rand_shape_2d(1, 1, allow_zero_size=True) for _ in range(50)]
    assert {n for s in zeros for n in s} == {0, 1}


def test_coordinates_lie_in_their_rectangle():
    for _ in range(20):
        x, y = test_utils.rand_coord_2d(0, 2, 5, 6)
        assert x in (0, 1)
        assert y == 5


def test_one_shape_gives_an_array_and_several_a_list():
    assert test_utils.random_arrays((2, 3)).dtype == np.float32
    assert [a.shape for a in test_utils.random_arrays((2,), ())] == [(2,), ()]
    [a] = test_utils.random_uniform_arrays((50,), low=2, high=3, dtype="float64")
    assert a.dtype == np.float64
    assert a.min() >= 2
    assert a.max() < 3


def test_a_random_ndarray_has_the_shape_dtype_and_device_asked_for():
    a = test_utils.rand_ndarray((2, 3), dtype="float64", ctx=mx.cpu(1))
    assert (a.shape, a.dtype, a.context) == ((2, 3), np.float64, mx.cpu(1))
    assert test_utils.rand_ndarray((2,), "default").dtype == np.float32
    with pytest.raises(ParamError, match="stype='coo'"):
        test_utils.rand_ndarray((2, 3), "coo")


def test_the_default_device_can_be_changed_and_a_block_still_wins():
    before = test_utils.default_context()
    try:
        test_utils.set_default_context(mx.cpu(1))
        assert nd.ones(1).context == mx.cpu(1)
        with mx.cpu(2):
            assert test_utils.default_context() == mx.cpu(2)
        assert test_utils.default_context() == mx.cpu(1)
    finally:
        test_utils.set_default_context(before)
    assert nd.ones(1).context == before


def test_samples_come_from_the_population_at_most_once():
    assert sorted(test_utils.random_sample([1, 2, 3], 3)) == [1, 2, 3]


def test_matrices_have_real_eigenvalues():
    a = test_utils.new_matrix_with_real_eigvals_nd((2, 4, 4))
    assert a.shape == (2, 4, 4)
    assert np.abs(np.linalg.eigvals(a).imag).max() < 1e-6
    s = test_utils.new_sym_matrix_with_real_eigvals_nd((2, 3, 3))
    assert test_utils.same(s, s.transpose(0, 2, 1))


def test_index_arrays():
    assert test_utils.create_vector(3).asnumpy().tolist() == [0, 1, 2]
    assert test_utils.create_2d_tensor(2, 3).asnumpy().tolist() == [[0, 0, 0], [1, 1, 1]]


def test_functions_apply_to_each_element():
    a = np.array([[1.0, 2.0]])
    assert test_utils.assign_each(a, lambda x: x * 2).tolist() == [[2, 4]]
    assert test_utils.assign_each2(a, a, lambda x, y: x + y).tolist() == [[2, 4]]
    assert test_utils.assign_each(a, None).tolist() == a.tolist()


def test_a_uniform_generator_passes_and_a_wrong_one_does_not():
    pytest.importorskip("scipy")
    buckets, probs = test_utils.gen_buckets_probs_with_ppf(lambda p: p, 5)
    assert buckets[0] == (0.0, 0.2)
    found = test_utils.verify_generator(
        lambda n: nd.random.uniform(shape=(n,)), buckets, probs, nsamples=5000, nrepeat=3
    )
    assert len(found) == 3
    with pytest.raises(AssertionError, match="passes 0 of 3"):
        test_utils.verify_generator(
            lambda n: np.random.rand(n) ** 2, buckets, probs, nsamples=5000, nrepeat=3
        )


def test_discrete_generators_are_counted_by_value():
    pytest.importorskip("scipy")
    p, observed, expected = test_utils.chi_square_check(
        lambda n: np.arange(n) % 2, [0, 1], [0.5, 0.5], nsamples=100
    )
    assert p == 1
    assert observed.tolist() == expected.tolist() == [50, 50]


def test_mean_and_variance_are_checked():
    def normal(n):
        return np.random.normal(2, 3, n)

    assert test_utils.mean_check(normal, 2, 3, 10000)
    assert not test_utils.mean_check(normal, 3, 3, 10000)
    assert test_utils.var_check(normal, 3, 10000)
    assert not test_utils.var_check(normal, 4, 10000)
