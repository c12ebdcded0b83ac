"""Splits of a data set into training and validation parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.data.dataset import Dataset
from dlstudio.gluon.data.sampler import Sampler

__all__ = ["k_fold", "leave_one_out", "train_test_split"]


class _Chosen(Sampler):
    """Fixed places."""

    def __init__(self, places: Sequence[int]) -> None:
        self._places = list(places)

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _part(dataset: Dataset, places: Any) -> Dataset:
    return dataset.sample(_Chosen([int(i) for i in places]))


def k_fold(
    dataset: Dataset, k: int = 5, *, shuffle: bool = True, seed: int = 0
) -> Iterator[tuple[Dataset, Dataset]]:
    """Split into `k` parts of nearly equal size; each is the validation part once.

    Parameters
    ----------
    dataset : Dataset
    k : int
        From 2 to the number of samples.
    shuffle : bool
        Mix the samples first, always in the same way for one `seed`.
    seed : int

    Yields
    ------
    tuple of Dataset
        Training part and validation part; samples are read when they are asked for.

    Raises
    ------
    ParamError
        If `k` does not suit the data set.

    Examples
    --------
    >>> data = __import__("dlstudio").gluon.data.SimpleDataset(list(range(5)))
    >>> [(len(train), len(val)) for train, val in k_fold(data, 2)]
    [(2, 3), (3, 2)]
    """
    count = len(dataset)
    if not 2 <= k <= count:
        raise ParamError(
            explain(
                f"k_fold: k={k} of a data set of {count} samples.",
                f"2 to {count} parts, so that none is empty.",
                "k_fold(dataset, k=5)",
            )
        )
    order = np.random.default_rng(seed).permutation(count) if shuffle else np.arange(count)
    return _folds(dataset, np.array_split(order, k))


def _folds(dataset: Dataset, parts: list[Any]) -> Iterator[tuple[Dataset, Dataset]]:
    for i, part in enumerate(parts):
        rest = np.concatenate([p for j, p in enumerate(parts) if j != i])
        yield _part(dataset, rest), _part(dataset, part)


def leave_one_out(dataset: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    """Every sample is the validation part once; see `k_fold`."""
    return k_fold(dataset, len(dataset), shuffle=False)


def train_test_split(
    dataset: Dataset, test: float = 0.2, *, seed: int = 0
) -> tuple[Dataset, Dataset]:
    """Split at random into a training and a test part.

    Parameters
    ----------
    dataset : Dataset
    test : float
        Share of the test part, between 0 and 1.
    seed : int

    Raises
    ------
    ParamError
        If a part would be empty.
    """
    held = round(len(dataset) * test)
    if not 0 < held < len(dataset):
        raise ParamError(
            f"train_test_split: test={test} of {len(dataset)} samples leaves a part empty."
        )
    order = np.random.default_rng(seed).permutation(len(dataset))
    return _part(dataset, order[held:]), _part(dataset, order[:held])
