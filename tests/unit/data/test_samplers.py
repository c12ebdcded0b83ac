"""Orders and groups of samples."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio.errors import DataError, ParamError
from dlstudio.gluon.data import (
    BatchSampler,
    FilterSampler,
    IntervalSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SimpleDataset,
)


def test_a_sequential_sampler_counts_from_its_start():
    assert list(SequentialSampler(3)) == [0, 1, 2]
    assert list(SequentialSampler(3, start=7)) == [7, 8, 9]


def test_a_random_sampler_yields_every_index_in_a_new_order_each_time():
    sampler = RandomSampler(100)

    first, second = list(sampler), list(sampler)

    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second
    assert all(type(index) is int for index in first)


def test_numpys_seed_fixes_the_random_order():
    np.random.seed(3)
    first = list(RandomSampler(50))
    np.random.seed(3)

    assert list(RandomSampler(50)) == first


def test_a_filter_sampler_yields_the_indices_that_pass():
    sampler = FilterSampler(lambda x: x > "b", SimpleDataset(["a", "c", "b", "d"]))

    assert list(sampler) == [1, 3]
    assert len(sampler) == 2


def test_an_interval_sampler_goes_round_until_all_are_seen():
    assert list(IntervalSampler(7, 3)) == [0, 3, 6, 1, 4, 2, 5]
    assert list(IntervalSampler(7, 3, rollover=False)) == [0, 3, 6]
    assert len(IntervalSampler(7, 3)) == 7
    assert len(IntervalSampler(7, 3, rollover=False)) == 3


@pytest.mark.parametrize(
    ("last_batch", "expected"),
    [("keep", [[0, 1, 2], [3, 4, 5], [6]]), ("discard", [[0, 1, 2], [3, 4, 5]])],
)
def test_a_last_batch_is_kept_or_discarded(last_batch, expected):
    sampler = BatchSampler(SequentialSampler(7), 3, last_batch)

    assert list(sampler) == expected
    assert len(sampler) == len(expected)


def test_a_last_batch_rolls_over_into_the_next_epoch():
    sampler = BatchSampler(SequentialSampler(7), 3, "rollover")

    assert list(sampler) == [[0, 1, 2], [3, 4, 5]]
    assert len(sampler) == 2
    assert list(sampler) == [[6, 0, 1], [2, 3, 4]]
    assert len(sampler) == 3
    assert list(sampler) == [[5, 6, 0], [1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("wrong", [dict(batch_size=0), dict(last_batch="drop")])
def test_senseless_batches_are_refused(wrong):
    arguments = dict(batch_size=2, last_batch="keep") | wrong

    with pytest.raises(ParamError, match=str(next(iter(wrong.values())))):
        BatchSampler(SequentialSampler(7), **arguments)


def test_an_interval_longer_than_the_data_is_refused():
    with pytest.raises(ParamError, match="interval=9 for length=7"):
        IntervalSampler(7, 9)


def test_a_sampler_without_iter_says_what_is_missing():
    with pytest.raises(DataError, match="does not define __iter__"):
        iter(Sampler())
