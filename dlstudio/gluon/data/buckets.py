"""Batches of sequences of similar length, so that little is padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.data.sampler import Sampler

__all__ = ["BucketSampler"]


class BucketSampler(Sampler):
    """Groups sequences of similar length into batches; give it to a loader as `batch_sampler`.

    Sequences are sorted by length and cut into buckets of equal numbers of sequences; every batch
    comes from one bucket.

    Parameters
    ----------
    lengths : sequence of int
        Of each sample of the data set.
    batch_size : int > 0
        The last batch of a bucket may be smaller.
    num_buckets : int > 0, default 10
        More buckets pad less, and mix less.
    shuffle : bool, default False
        Mix the samples of a bucket, and the batches, anew at each pass, with NumPy's global
        generator. Otherwise batches go from short to long.

    Examples
    --------
    >>> sampler = BucketSampler([3, 9, 4, 8, 2, 9], batch_size=2, num_buckets=2)
    >>> list(sampler)
    [[4, 0], [2], [3, 1], [5]]
    >>> from dlstudio.gluon.data import DataLoader, SimpleDataset, batchify
    >>> words = SimpleDataset([[1] * length for length in (3, 9, 4, 8, 2, 9)])
    >>> loader = DataLoader(words, batch_sampler=sampler, batchify_fn=batchify.Pad())
    >>> [batch.shape for batch in loader]
    [(2, 3), (1, 4), (2, 9), (1, 9)]
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        num_buckets: int = 10,
        shuffle: bool = False,
    ) -> None:
        if batch_size < 1 or num_buckets < 1:
            raise ParamError(
                explain(
                    f"BucketSampler: got batch_size={batch_size}, num_buckets={num_buckets}.",
                    "both at least 1.",
                )
            )
        order = np.argsort(np.asarray(lengths), kind="stable")
        self._buckets = [part for part in np.array_split(order, num_buckets) if len(part)]
        self._batch_size, self._shuffle = batch_size, shuffle

    def __iter__(self) -> Iterator[list[int]]:
        batches = [batch for bucket in self._buckets for batch in self._cut(bucket)]
        if self._shuffle:
            np.random.shuffle(batches)  # noqa: NPY002  programs seed this one
        return iter(batches)

    def _cut(self, bucket: np.ndarray) -> list[list[int]]:
        if self._shuffle:
            bucket = np.random.permutation(bucket)  # noqa: NPY002
        order = bucket.tolist()
        return [order[i : i + self._batch_size] for i in range(0, len(order), self._batch_size)]

    def __len__(self) -> int:
        return sum(-(-len(bucket) // self._batch_size) for bucket in self._buckets)
