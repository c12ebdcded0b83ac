"""Splits of data sets."""

import pytest

from dlstudio.errors import ParamError
from dlstudio.gluon import data
from dlstudio.gluon.data import k_fold, leave_one_out, train_test_split

TEN = data.SimpleDataset(list(range(10)))


def test_every_sample_is_validated_once():
    folds = [(list(train), list(held)) for train, held in k_fold(TEN, 3, seed=1)]
    assert [len(held) for _, held in folds] == [4, 3, 3]
    assert sorted(x for _, held in folds for x in held) == list(range(10))
    for train, held in folds:
        assert sorted(train + held) == list(range(10))


def test_the_same_seed_splits_alike():
    assert [list(v) for _, v in k_fold(TEN, 3, seed=1)] == [
        list(v) for _, v in k_fold(TEN, 3, seed=1)
    ]
    assert next(list(v) for _, v in k_fold(TEN, 5, shuffle=False)) == [0, 1]


def test_leave_one_out():
    held = [list(v) for _, v in leave_one_out(TEN)]
    assert held == [[i] for i in range(10)]


def test_training_and_test_part():
    train, test = train_test_split(TEN, 0.3)
    assert (len(train), len(test)) == (7, 3)
    assert sorted([*train, *test]) == list(range(10))
    loader = data.DataLoader(train, batch_size=4)
    assert sum(len(batch) for batch in loader) == 7


@pytest.mark.parametrize("k", [1, 11])
def test_impossible_splits_teach(k):
    with pytest.raises(ParamError, match=f"k={k} of a data set of 10"):
        k_fold(TEN, k)
    with pytest.raises(ParamError, match="leaves a part empty"):
        train_test_split(TEN, 0.001)
