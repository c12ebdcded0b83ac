from __future__ import annotations

import gc

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import errors, nd
from dlstudio.core.pool import THRESHOLD, Pool, pool_of, size_class


class TestSeeds:
    def test_equal_seeds_repeat_and_draws_differ(self):
        mx.random.seed(1)
        first, second = nd.random.uniform(shape=4).asnumpy(), nd.random.uniform(shape=4).asnumpy()
        mx.random.seed(1)
        assert (nd.random.uniform(shape=4).asnumpy() == first).all()
        assert (first != second).any()

    def test_devices_draw_from_streams_of_their_own(self):
        mx.random.seed(1)
        a = nd.random.uniform(shape=4, ctx=mx.cpu(0)).asnumpy()
        b = nd.random.uniform(shape=4, ctx=mx.cpu(1)).asnumpy()
        assert (a != b).any()

    def test_seeding_one_device_leaves_the_others(self):
        mx.random.seed(1)
        first = nd.random.uniform(shape=4, ctx=mx.cpu(1)).asnumpy()
        mx.random.seed(1)
        mx.random.seed(9, ctx=mx.cpu(0))
        assert (nd.random.uniform(shape=4, ctx=mx.cpu(1)).asnumpy() == first).all()

    def test_a_seed_must_be_a_number(self):
        with pytest.raises(errors.ParamError, match="seed_state"):
            mx.random.seed("today")


class TestPool:
    def test_a_buffer_returns_when_the_last_view_is_gone(self):
        pool = Pool(mx.cpu(7))
        x = pool.empty((THRESHOLD,), np.dtype("float32"))
        address = x.ctypes.data
        view = x[10:20]
        del x
        gc.collect()
        assert pool.held == 0
        del view
        gc.collect()
        assert pool.held >= 4 * THRESHOLD
        again = pool.empty((THRESHOLD,), np.dtype("float32"))
        assert again.ctypes.data == address

    def test_buffers_are_aligned_to_cache_lines(self):
        pool = Pool(mx.cpu(7))
        for n in (1, 1000, THRESHOLD + 1):
            assert pool.empty((n,), np.dtype("int8")).ctypes.data % 64 == 0

    def test_size_classes_waste_at_most_a_third(self):
        for n in range(THRESHOLD, 10 * THRESHOLD, 999):
            assert n <= size_class(n) <= 1.5 * n

    def test_each_device_has_its_own(self):
        assert pool_of(mx.cpu(0)) is pool_of(mx.cpu(0))
        assert pool_of(mx.cpu(0)) is not pool_of(mx.cpu(1))
