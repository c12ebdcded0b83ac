from itertools import islice
from math import inf
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlstudio.errors import ParamError
from dlstudio.graph import memory
from dlstudio.graph.merging import Merging
from dlstudio.graph.pack import NoPackingError, arena_size, lower_bound, pack
from dlstudio.testing.packings import STYLES, tight_packing


def assert_valid(lower, upper, size, offsets):
    """No two buffers that live at the same time overlap in memory."""
    lower, upper, size, offsets = (np.asarray(a) for a in (lower, upper, size, offsets))
    together = (lower[:, None] < upper) & (lower < upper[:, None])
    shared = (offsets[:, None] < offsets + size) & (offsets < (offsets + size)[:, None])
    np.fill_diagonal(shared, False)
    alive = (lower < upper) & (size > 0)
    assert not (together & shared & alive & alive[:, None]).any()
    assert (offsets >= 0).all()


# ---- small cases -----------------------------------------------------------------------------
def test_buffers_that_never_meet_share_an_offset():
    assert pack([0, 1, 2], [1, 2, 3], [8, 8, 8]).tolist() == [0, 0, 0]


def test_buffers_that_meet_lie_apart():
    offsets = pack([0, 0], [2, 2], [8, 4])
    assert arena_size(offsets, [8, 4]) == 12


@pytest.mark.parametrize("capacity", [None, 0, 10])
def test_no_buffers_need_no_bytes(capacity):
    assert pack([], [], [], capacity).tolist() == []
    assert lower_bound([], [], []) == 0


def test_half_open_lifetimes_touch_without_meeting():
    assert lower_bound([0, 3], [3, 5], [10, 20]) == 20


def test_the_solver_is_part_of_the_memory_module():
    assert memory.pack is pack


def test_buffers_without_bytes_or_life_are_in_nobodys_way():
    offsets = pack([0, 0, 1, 1], [2, 2, 2, 1], [4, 0, 6, 9], capacity=10)
    assert offsets.dtype == np.int64
    assert_valid([0, 0, 1, 1], [2, 2, 2, 1], [4, 0, 6, 9], offsets)
    assert arena_size(offsets[:3], [4, 0, 6]) == 10


@pytest.mark.parametrize("dtype", ["int32", "uint64", "float32", object])
def test_whole_numbers_of_any_dtype_are_welcome(dtype):
    lower, upper, size = (np.array(a, dtype) for a in ([0, 0, 1], [1, 2, 2], [4, 8, 4]))
    assert_valid(lower, upper, size, pack(lower, upper, size, capacity=12.0))


# ---- laws ------------------------------------------------------------------------------------
_BUFFERS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 10), st.integers(0, 64)), max_size=30
)


@given(buffers=_BUFFERS)
@settings(max_examples=100, deadline=None)
def test_packings_are_valid_and_not_below_the_bound(buffers):
    lower = np.array([b[0] for b in buffers], int)
    upper = lower + np.array([b[1] for b in buffers], int)
    size = np.array([b[2] for b in buffers], int)
    offsets = pack(lower, upper, size)
    assert_valid(lower, upper, size, offsets)
    assert arena_size(offsets, size) >= lower_bound(lower, upper, size)


_FEW = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 7)), max_size=7)


@given(buffers=_FEW, extra=st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_a_capacity_is_kept_or_proven_to_be_too_small(buffers, extra):
    lower = np.array([b[0] for b in buffers], int)
    upper = lower + np.array([b[1] for b in buffers], int)
    size = np.array([b[2] for b in buffers], int)
    capacity = lower_bound(lower, upper, size) + extra
    try:
        offsets = pack(lower, upper, size, capacity, time_limit=30)
    except NoPackingError as error:
        assert error.proven  # noqa: PT017  both ends are right
        assert arena_size(pack(lower, upper, size), size) > capacity
        return
    assert_valid(lower, upper, size, offsets)
    alive = lower < upper
    assert arena_size(offsets[alive], size[alive]) <= capacity


# ---- tight instances -------------------------------------------------------------------------
@pytest.mark.parametrize("style", STYLES)
def test_generated_instances_are_full_at_every_time(style):
    cut = tight_packing(style, 60, seed=1)
    assert_valid(cut.lower, cut.upper, cut.size, cut.offsets)
    for t in np.unique(cut.lower):
        assert cut.size[(cut.lower <= t) & (t < cut.upper)].sum() == cut.capacity
    again = tight_packing(style, 60, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(cut, again, strict=True))


@pytest.mark.parametrize("count", [24, 200])
@pytest.mark.parametrize("style", STYLES)
def test_tight_instances_are_solved(style, count):
    cut = tight_packing(style, count, seed=1)
    offsets = pack(cut.lower, cut.upper, cut.size, cut.capacity, time_limit=60)
    assert_valid(cut.lower, cut.upper, cut.size, offsets)
    assert arena_size(offsets, cut.size) == cut.capacity


@pytest.mark.parametrize("seed", [0, 2])
def test_many_buffers_with_small_numbers_are_solved(seed):
    """Nested cuts of 100 x 1000, so that much fits by accident: sweeps alone need a minute."""
    rng = np.random.default_rng(7 * seed + 300)
    pieces = [(0, 100, 0, 1000)]
    while len(pieces) < 300:
        area = np.array([(b - a) * (high - low) for a, b, low, high in pieces], float)
        i = int(rng.choice(len(pieces), p=area / area.sum()))
        a, b, low, high = pieces[i]
        if rng.random() < 0.5 and b - a >= 2:
            t = int(rng.integers(a + 1, b))
            pieces[i : i + 1] = [(a, t, low, high), (t, b, low, high)]
        elif high - low >= 2:
            m = int(rng.integers(low + 1, high))
            pieces[i : i + 1] = [(a, b, low, m), (a, b, m, high)]
    lower, upper, low, high = np.array(pieces)[rng.permutation(len(pieces))].T
    offsets = pack(lower, upper, high - low, capacity=1000, time_limit=60)
    assert_valid(lower, upper, high - low, offsets)
    assert arena_size(offsets, high - low) == 1000


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("style", ["coarse", "wheels", "mosaic"])
def test_guesses_lead_to_packings_or_nowhere(style, seed):
    cut = tight_packing(style, 40, seed)
    columns = (column.tolist() for column in (cut.lower, cut.upper, cut.size))
    found = [*islice(Merging(*columns).guesses(deadline=inf), 200)]
    for offsets in filter(None, found):
        at = np.array([offsets[i] for i in range(len(cut.size))])
        assert_valid(cut.lower, cut.upper, cut.size, at)
        assert arena_size(at, cut.size) == cut.capacity
    assert any(found) or style == "mosaic"


@pytest.mark.parametrize(("style", "count"), [("coarse", 300), ("crumbs", 400), ("crumbs", 500)])
def test_wrong_guesses_are_found_and_mended(style, count):
    """Much fits by accident here: no search that decides for good finds its way in a minute."""
    cut = tight_packing(style, count, seed=1)
    offsets = pack(cut.lower, cut.upper, cut.size, cut.capacity, time_limit=60)
    assert_valid(cut.lower, cut.upper, cut.size, offsets)
    assert arena_size(offsets, cut.size) == cut.capacity


def test_an_instance_that_is_tight_in_most_places_is_solved():
    cut = tight_packing("even", 200, seed=3)
    lower, upper, size = cut.lower[5:], cut.upper[5:], cut.size[5:]  # five holes
    offsets = pack(lower, upper, size, cut.capacity, time_limit=60)
    assert_valid(lower, upper, size, offsets)
    assert arena_size(offsets, size) <= cut.capacity


def test_the_same_instance_gives_the_same_offsets():
    cut = tight_packing("uneven", 100, seed=2)
    first, second = (pack(cut.lower, cut.upper, cut.size, cut.capacity) for _ in range(2))
    assert np.array_equal(first, second)


# ---- no packing ------------------------------------------------------------------------------
def test_a_capacity_below_the_peak_is_refused_at_once():
    with pytest.raises(NoPackingError, match="20 bytes are alive at one time") as caught:
        pack([0, 0], [1, 1], [10, 10], capacity=19)
    assert caught.value.proven


def test_a_capacity_that_only_search_can_refute_is_proven_too_small():
    lower = [0, 0, 1, 1, 2, 2, 1, 3, 4, 3, 4, 5]
    upper = [1, 1, 2, 2, 3, 4, 5, 5, 5, 6, 6, 6]
    size = [4, 2, 3, 1, 2, 2, 2, 1, 1, 1, 1, 4]
    assert lower_bound(lower, upper, size) == 6
    with pytest.raises(NoPackingError, match="every way to place the buffers") as caught:
        pack(lower, upper, size, capacity=6)
    assert caught.value.proven
    assert arena_size(pack(lower, upper, size, capacity=7), size) == 7


def test_search_gives_up_at_its_time_limit():
    cut = tight_packing("coarse", 500, seed=0)
    start = perf_counter()
    with pytest.raises(NoPackingError, match=r"was found in 0\.2 s.*not known") as caught:
        pack(cut.lower, cut.upper, cut.size, cut.capacity, time_limit=0.2)
    assert not caught.value.proven
    assert perf_counter() - start < 10


# ---- nonsense --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lower", "upper", "size"),
    [
        ([1], [0], [1]),
        ([0], [1], [-1]),
        ([0, 1], [1], [1]),
        ([0.5], [1], [1]),
        ([0], [float("nan")], [1]),
        ([0], [1], ["many"]),
        ([0], [1], [1 << 70]),
        ([0, 0], [1, 1], [1 << 62, 1 << 62]),
    ],
)
def test_nonsense_is_refused(lower, upper, size):
    with pytest.raises(ParamError, match="pack"):
        pack(lower, upper, size)


@pytest.mark.parametrize(
    "limits", [dict(capacity=-1), dict(capacity="8"), dict(capacity=8, time_limit=-1)]
)
def test_limits_that_are_not_are_refused(limits):
    with pytest.raises(ParamError, match="pack"):
        pack([0], [1], [1], **limits)
