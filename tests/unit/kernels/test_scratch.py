"""Scratch memory: made when it is first used, and shared where its contents do not matter."""

import tracemalloc

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.kernels import scratch
from dlstudio.kernels.scratch import Scratch

F4 = np.dtype("f4")
ATTRS = dict(kernel=(3, 3), stride=(1, 1), dilate=(1, 1), pad=(1, 1), num_group=1, layout=None)


def test_nothing_is_allocated_before_the_first_call():
    tracemalloc.start()
    try:
        wanted = Scratch(image=(2, 10_000_000), common=dict(sums=(10_000_000,)))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert wanted.borrow().image.shape == (2, 10_000_000)


def test_own_arrays_are_zero_and_stay_as_they_were_left():
    wanted = Scratch(np.int64, image=(4,))
    lent = wanted.borrow()
    assert lent.image.tolist() == [0, 0, 0, 0]
    lent.image[1] = 7
    wanted.give_back(lent)
    assert wanted.borrow().image.tolist() == [0, 7, 0, 0]


def test_all_kernels_use_one_workspace_in_turn():
    first, second = Scratch(common=dict(a=(100,))), Scratch(common=dict(b=(50,), c=(3, 4)))
    lent = first.borrow()
    a = lent.a
    first.give_back(lent)
    lent = second.borrow()
    assert np.shares_memory(a, lent.b)
    assert not np.shares_memory(lent.b, lent.c)
    assert lent.c.shape == (3, 4)
    assert all(x.ctypes.data % scratch.ALIGNMENT == 0 for x in (lent.b, lent.c))
    second.give_back(lent)


def test_two_borrowers_at_a_time_have_workspaces_of_their_own():
    wanted = Scratch(common=dict(a=(100,)))
    one, other = wanted.borrow(), wanted.borrow()
    assert not np.shares_memory(one.a, other.a)
    wanted.give_back(one)
    wanted.give_back(other)


def test_a_workspace_that_is_too_small_gives_way_to_a_larger():
    before = len(scratch._workspaces)
    small, large = Scratch(common=dict(a=(10,))), Scratch(common=dict(a=(1 << 20,)))
    for wanted in (small, large, small, large):
        lent = wanted.borrow()
        lent.a[...] = 1
        wanted.give_back(lent)
    assert len(scratch._workspaces) <= max(1, before)


def test_layers_of_equal_sizes_share_their_scratch(compiled):
    from dlstudio.kernels import conv  # needs numba

    avals = (Aval((2, 3, 8, 8), F4), Aval((4, 3, 3, 3), F4)), (Aval((2, 4, 8, 8), F4),)
    first = conv.BUILDERS["Convolution"](*avals, ATTRS)
    second = conv.BUILDERS["Convolution"](*avals, ATTRS)
    runs = [k.__closure__[[*k.__code__.co_freevars].index("run")] for k in (first, second)]
    assert runs[0].cell_contents is runs[1].cell_contents
    rng = np.random.default_rng(0)
    data, weight = (rng.standard_normal(a.shape).astype("f4") for a in avals[0])
    results = [np.empty((2, 4, 8, 8), "f4") for _ in range(2)]
    for kernel, y in zip((first, second), results, strict=True):
        kernel(y, data, weight)
    np.testing.assert_array_equal(*results)
