"""The DataLoader in one process and in threads; see test_workers for processes."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from dlstudio.errors import DataError, ParamError
from dlstudio.gluon.data import (
    ArrayDataset,
    BatchSampler,
    DataLoader,
    Dataset,
    SequentialSampler,
    SimpleDataset,
)


def labels(loader):
    return [batch.asnumpy().tolist() for batch in loader]


@pytest.fixture
def numbers():
    return SimpleDataset(list(range(10)))


@pytest.mark.parametrize("threads", [0, 2])
def test_batches_come_in_order_and_an_epoch_can_be_repeated(numbers, threads):
    loader = DataLoader(numbers, 4, num_workers=threads, thread_pool=True)

    for _ in range(2):
        assert labels(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == 3


def test_fields_come_as_a_list_of_batches():
    loader = DataLoader(ArrayDataset(np.zeros((4, 3), np.float32), np.arange(4)), 2)

    data, label = next(iter(loader))

    assert data.shape == (2, 3)
    assert data.dtype == np.float32
    assert label.asnumpy().tolist() == [0, 1]


def test_shuffle_changes_the_order_but_not_the_samples(numbers):
    np.random.seed(0)
    loader = DataLoader(numbers, 10, shuffle=True)

    (first,), (second,) = labels(loader), labels(loader)

    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_a_sampler_or_a_batch_sampler_decides_the_order(numbers):
    assert labels(DataLoader(numbers, 2, sampler=SequentialSampler(3, 5))) == [[5, 6], [7]]
    batches = BatchSampler(SequentialSampler(4), 2)
    assert labels(DataLoader(numbers, batch_sampler=batches)) == [[0, 1], [2, 3]]


@pytest.mark.parametrize(("last_batch", "count"), [("keep", 4), ("discard", 3), ("rollover", 3)])
def test_the_last_batch_is_treated_as_asked(numbers, last_batch, count):
    assert len(labels(DataLoader(numbers, 3, last_batch=last_batch))) == count


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(), "neither batch_size nor batch_sampler"),
        (dict(batch_size=2, shuffle=True, sampler=SequentialSampler(3)), "shuffle=True"),
        (dict(batch_size=2, batch_sampler=[[0]]), "batch_sampler was given together"),
        (dict(batch_size=2, timeout=0), "timeout=0"),
    ],
)
def test_contradictory_parameters_are_refused(numbers, arguments, message):
    with pytest.raises(ParamError, match=message):
        DataLoader(numbers, **arguments)


def test_any_object_with_length_and_items_will_do():
    assert labels(DataLoader([3, 4, 5], 2)) == [[3, 4], [5]]


class Broken(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, idx):
        if idx == 7:
            raise ValueError("the file is broken")
        return idx


@pytest.mark.parametrize("threads", [0, 2])
def test_an_error_in_a_sample_keeps_its_type_and_names_the_sample(threads):
    loader = DataLoader(Broken(), 4, num_workers=threads, thread_pool=True)

    with pytest.raises(ValueError, match="the file is broken") as caught:
        list(loader)

    assert "sample 7" in caught.value.__notes__[0]


def test_threads_that_take_too_long_are_reported():
    release = threading.Event()

    class Slow(Broken):
        def __getitem__(self, idx):
            release.wait(30)
            return idx

    loader = DataLoader(Slow(), 4, num_workers=1, thread_pool=True, timeout=0.05)
    try:
        with pytest.raises(DataError, match=r"within 0\.05 seconds"):
            next(iter(loader))
    finally:
        release.set()


def test_auto_reload_prepares_the_next_epoch_and_clean_drops_it(numbers):
    loader = DataLoader(numbers, 5, auto_reload=True)

    assert labels(loader) == labels(loader) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    loader.clean()
    assert labels(loader) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_batches_are_on_the_current_device(numbers):
    import dlstudio as mx

    with mx.cpu(1):
        (batch,) = DataLoader(numbers, 10)

    assert batch.context == mx.cpu(1)
