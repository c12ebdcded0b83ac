from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import errors, nd


class TestFacts:
    def test_shape_dtype_size_and_device(self):
        x = nd.ones((2, 3), dtype="float16", ctx=mx.cpu(1))
        assert (x.shape, x.ndim, x.size, x.nbytes, x.itemsize) == ((2, 3), 2, 6, 12, 2)
        assert x.dtype is np.float16
        assert x.context == x.ctx == x.device == mx.cpu(1)
        assert str(x.context) == "cpu(1)"

    def test_the_numpy_dialect_answers_numpy_dtypes(self):
        assert mx.np.ones(2).dtype == np.dtype("float32")

    def test_asscalar_needs_one_element(self):
        assert nd.array([3]).asscalar() == 3
        with pytest.raises(errors.ShapeError, match=r"(?s)\(2,\).*exactly one element"):
            nd.array([1, 2]).asscalar()

    def test_truth_of_many_elements_is_ambiguous(self):
        assert bool(nd.array([1]))
        with pytest.raises(ValueError, match="ambiguous"):
            bool(nd.array([1, 2]))


class TestCopiesAndViews:
    def test_what_asnumpy_gives_counts_as_a_number_if_it_has_one_element(self):
        mean = nd.array([2, 4]).mean().asnumpy()  # NumPy 2.4 alone refuses shape (1,)
        column = nd.array([[1], [2]]).asnumpy()
        assert (float(mean), int(mean), complex(mean), math.sqrt(mean + 1)) == (3, 3, 3, 2)
        assert float(column[1]) == 2
        assert isinstance(mean, np.ndarray)
        assert repr(mean) == repr(np.array([3], np.float32))
        assert type(mean + np.ones(3)) is type(pickle.loads(pickle.dumps(mean))) is np.ndarray
        assert type(mean.sum()) is np.float32
        with pytest.raises(TypeError, match=r"one element.*\(2, 1\)"):
            float(column)

    def test_asnumpy_is_a_copy(self):
        x = nd.ones(3)
        x.asnumpy()[:] = 5
        assert x.asnumpy().tolist() == [1, 1, 1]

    def test_a_row_slice_is_a_view_and_a_column_is_a_copy(self):
        x = nd.zeros((2, 3))
        x[0][:] = 1
        assert x.asnumpy()[0].tolist() == [1, 1, 1]
        column = x[:, 1]
        column[:] = 7
        assert 7 not in x.asnumpy()

    def test_writing_to_a_transpose_leaves_the_original(self):
        x = nd.array([[1, 2], [3, 4]])
        t = x.transpose()
        t[:] = 0
        assert x.asnumpy().tolist() == [[1, 2], [3, 4]]

    def test_writing_to_the_original_leaves_an_earlier_transpose(self):
        x = nd.array([[1, 2], [3, 4]])
        t = x.transpose()
        x[:] = 0
        assert t.asnumpy().tolist() == [[1, 3], [2, 4]]

    def test_a_transpose_copies_nothing_until_it_is_written(self):
        x = nd.array([[1, 2], [3, 4]])
        t = x.transpose()
        assert np.shares_memory(t._data, x._data)

    def test_detach_shares_memory(self):
        x = nd.zeros(2)
        x.detach()[:] = 4
        assert x.asnumpy().tolist() == [4, 4]

    def test_from_numpy_moves_no_bytes(self):
        a = np.arange(4, dtype=np.float32)
        x = nd.from_numpy(a)
        assert np.shares_memory(x._data, a)
        assert not a.flags.writeable

    def test_from_numpy_refuses_memory_with_gaps(self):
        with pytest.raises(errors.DTypeError, match="ascontiguousarray"):
            nd.from_numpy(np.arange(8)[::2])

    def test_dlpack_moves_no_bytes_in_either_direction(self):
        x = nd.arange(4)
        assert np.shares_memory(np.from_dlpack(x), x._data)
        y = nd.from_dlpack(nd.to_dlpack_for_write(x))
        y[0] = 9
        assert x[0].asscalar() == 9

    def test_copies_and_pickles_keep_class_device_and_values(self):
        for x in (nd.array([1, 2], ctx=mx.cpu(1)), mx.np.array([1, 2], ctx=mx.cpu(1))):
            for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.copy()):
                assert type(y) is type(x)
                assert y.context == mx.cpu(1)
                assert y.asnumpy().tolist() == [1, 2]
                assert not np.shares_memory(x._data, y._data)


class TestDevices:
    def test_mixing_devices_names_both(self):
        with pytest.raises(errors.DeviceError, match=r"(?s)cpu\(0\).*cpu\(1\).*as_in_context"):
            nd.ones(2, ctx=mx.cpu(0)) + nd.ones(2, ctx=mx.cpu(1))

    def test_copies_between_devices_carry_gradients(self):
        x = nd.array([1, 2])
        x.attach_grad()
        with mx.autograd.record():
            y = x.as_in_context(mx.cpu(1)) * 3
        assert y.context == mx.cpu(1)
        y.backward()
        assert x.grad.context == mx.cpu(0)
        assert x.grad.asnumpy().tolist() == [3, 3]

    def test_the_innermost_context_is_where_new_arrays_go(self):
        with mx.cpu(1):
            assert nd.ones(1).context == mx.cpu(1)
            with mx.cpu(2):
                assert mx.current_context() == mx.cpu(2)
            assert mx.current_context() == mx.cpu(1)
        assert nd.ones(1).context == mx.cpu(0)

    def test_devices_are_compared_and_hashed_by_value(self):
        assert mx.cpu() == mx.Context("cpu", 0) == pickle.loads(pickle.dumps(mx.cpu()))
        assert len({mx.cpu(0), mx.cpu(0), mx.cpu(1)}) == 2

    def test_unknown_devices_are_explained(self):
        with pytest.raises(errors.DeviceError, match="'tpu'"):
            mx.Context("tpu")
        with pytest.raises(errors.DeviceError, match="-1"):
            mx.cpu(-1)

    def test_a_gpu_without_cupy_names_the_extra(self):
        if mx.num_gpus():
            pytest.skip("this machine has a GPU")
        with pytest.raises(
            (errors.MissingExtraError, errors.DeviceError), match=r"cuda13|gpu\(0\)"
        ):
            nd.ones(2, ctx=mx.gpu(0))


class TestDialects:
    def test_relabelling_shares_memory(self):
        x = nd.zeros(2)
        y = x.as_np_ndarray()
        y[0] = 3
        assert isinstance(y, mx.np.ndarray)
        assert x.asnumpy().tolist() == [3, 0]

    def test_the_numpy_dialect_wins_in_a_mix(self):
        assert type(nd.ones(2) + mx.np.ones(2)) is mx.np.ndarray
        assert type(mx.np.ones(2) + nd.ones(2)) is mx.np.ndarray

    def test_results_take_the_class_of_the_namespace(self):
        assert type(nd.exp(mx.np.ones(2))) is nd.NDArray
        assert type(mx.np.exp(nd.ones(2))) is mx.np.ndarray


class TestMistakesAreExplained:
    def test_a_shape_mismatch_names_both_shapes(self):
        with pytest.raises(errors.ShapeError, match=r"\(2, 3\).*\(4,\)"):
            nd.ones((2, 3)) + nd.ones(4)

    def test_mixed_dtypes_in_nd(self):
        with pytest.raises(errors.DTypeError, match=r"int32.*float32|float32.*int32"):
            nd.ones(2, dtype="int32") + nd.ones(2)

    def test_an_unknown_parameter_suggests_the_nearest(self):
        with pytest.raises(errors.ArgumentError, match="did you mean 'axis'"):
            nd.sum(nd.ones(2), axi=0)

    def test_a_missing_input_is_named(self):
        with pytest.raises(errors.ArgumentError, match=r"rhs|'y'"):
            nd.broadcast_add(nd.ones(2))

    def test_an_unknown_function_suggests_near_names(self):
        with pytest.raises(AttributeError, match="softmax"):
            nd.sofmax  # noqa: B018

    def test_ragged_lists(self):
        with pytest.raises(errors.DTypeError, match="rows of equal length"):
            nd.array([[1, 2], [3]])

    def test_out_of_another_shape_is_refused_and_left_alone(self):
        out = nd.zeros(3)
        with pytest.raises(errors.ShapeError, match=r"out has shape \(3,\)"):
            nd.exp(nd.ones(2), out=out)
        assert out.asnumpy().tolist() == [0, 0, 0]

    def test_a_symbol_given_to_nd(self):
        with pytest.raises(errors.ArgumentError, match=r"mx\.sym"):
            nd.exp(mx.sym.var("x"))


def test_transposes_that_are_gone_are_not_counted_for_ever():
    x = nd.ones((2, 3))
    kept = [x.T for _ in range(3)]
    for _ in range(1000):
        x.T  # noqa: B018
    assert len(x._store.lazy) < 100
    x[:] = 2
    assert all((view.asnumpy() == 1).all() for view in kept)
