"""Samplers: in which order, and in which groups, the samples of a data set are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any

import numpy as np

from dlstudio.errors import DataError, ParamError, explain

__all__ = [
    "BatchSampler",
    "FilterSampler",
    "IntervalSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
]


class Sampler:
    """Yields indices. Subclasses define ``__iter__`` and ``__len__``."""

    def __iter__(self) -> Iterator[Any]:
        """Start a new pass."""
        raise DataError(explain(f"{type(self).__name__} does not define __iter__(self)."))

    def __len__(self) -> int:
        """Return how many items one pass yields."""
        raise DataError(explain(f"{type(self).__name__} does not define __len__(self)."))


class SequentialSampler(Sampler):
    """Yields start, start + 1, …, start + length - 1.

    Parameters
    ----------
    length : int
    start : int, default 0
    """

    def __init__(self, length: int, start: int = 0) -> None:
        self._length = length
        self._start = start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._start, self._start + self._length))

    def __len__(self) -> int:
        return self._length


class RandomSampler(Sampler):
    """Yields 0 … length - 1 in a new random order at each pass.

    The order comes from NumPy's global generator, as in MXNet: ``np.random.seed`` fixes it.

    Parameters
    ----------
    length : int
    """

    def __init__(self, length: int) -> None:
        self._length = length

    def __iter__(self) -> Iterator[int]:
        order = np.random.permutation(self._length)  # noqa: NPY002  programs seed this one
        return iter(order.tolist())

    def __len__(self) -> int:
        return self._length


class FilterSampler(Sampler):
    """Yields the indices of the samples for which `fn(sample)` is true.

    Parameters
    ----------
    fn : callable
        Sample to bool; called once for each sample, now.
    dataset : Dataset
    """

    def __init__(self, fn: Callable[[Any], bool], dataset: Any) -> None:
        self._indices = [index for index in range(len(dataset)) if fn(dataset[index])]

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices)

    def __len__(self) -> int:
        return len(self._indices)


class IntervalSampler(Sampler):
    """Yields 0, interval, 2·interval, …, then the same from 1, from 2, and so on.

    Parameters
    ----------
    length : int
    interval : int in [1, length]
    rollover : bool, default True
        False stops after the first round, the one that begins at 0.

    Examples
    --------
    >>> list(IntervalSampler(6, interval=3))
    [0, 3, 1, 4, 2, 5]
    """

    def __init__(self, length: int, interval: int, rollover: bool = True) -> None:
        if not 1 <= interval <= length:
            raise ParamError(
                explain(
                    f"IntervalSampler: got interval={interval} for length={length}.",
                    "an interval from 1 to length.",
                )
            )
        self._length = length
        self._interval = interval
        self._rounds = range(interval) if rollover else range(1)

    def __iter__(self) -> Iterator[int]:
        for start in self._rounds:
            yield from range(start, self._length, self._interval)

    def __len__(self) -> int:
        return sum(len(range(start, self._length, self._interval)) for start in self._rounds)


class BatchSampler(Sampler):
    """Groups the indices of another sampler into lists of `batch_size`.

    Parameters
    ----------
    sampler : Sampler
    batch_size : int > 0
    last_batch : {"keep", "discard", "rollover"}
        What becomes of a last group that is too small: yielded as it is, dropped, or put in
        front of the next pass.

    Examples
    --------
    >>> list(BatchSampler(SequentialSampler(5), 2, last_batch="keep"))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Any, batch_size: int, last_batch: str = "keep") -> None:
        if last_batch not in ("keep", "discard", "rollover"):
            raise ParamError(
                explain(
                    f"BatchSampler: got last_batch={last_batch!r}.",
                    "'keep', 'discard' or 'rollover'.",
                )
            )
        if not isinstance(batch_size, Integral) or batch_size < 1:
            raise ParamError(
                explain(
                    f"BatchSampler: got batch_size={batch_size!r}.", "a whole number from 1 on."
                )
            )
        self._sampler = sampler
        self._batch_size = batch_size
        self._last_batch = last_batch
        self._left_over: list[Any] = []

    def __iter__(self) -> Iterator[list[Any]]:
        batch, self._left_over = self._left_over, []
        for index in self._sampler:
            batch.append(index)
            if len(batch) == self._batch_size:
                yield batch
                batch = []
        if batch and self._last_batch == "keep":
            yield batch
        elif self._last_batch == "rollover":
            self._left_over = batch

    def __len__(self) -> int:
        count = len(self._sampler)
        if self._last_batch == "keep":
            return (count + self._batch_size - 1) // self._batch_size
        if self._last_batch == "rollover":
            count += len(self._left_over)
        return count // self._batch_size
