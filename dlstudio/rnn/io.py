"""Sentences for recurrent networks: words as numbers, and batches of sentences alike in length."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from dlstudio import nd
from dlstudio.errors import DataError, ParamError, explain
from dlstudio.io import DataBatch, DataDesc, DataIter

__all__ = ["BucketSentenceIter", "DataBatch", "DataDesc", "DataIter", "encode_sentences"]

Vocabulary = dict[Any, int]


def encode_sentences(
    sentences: Iterable[Iterable[Hashable]], vocab: Vocabulary | None = None,
    invalid_label: int = -1, invalid_key: Hashable = "\n", start_label: int = 0,
    unknown_token: Hashable | None = None,
) -> tuple[list[list[int]], Vocabulary]:  # fmt: skip
    r"""Turn words into numbers.

    Parameters
    ----------
    sentences : list of lists of words
    vocab : dict of word to int, optional
        Made of the sentences if it is not given.
    invalid_label : int
        Number that no word gets: it fills up sentences.
    invalid_key : word
        What stands for `invalid_label` in a new vocabulary.
    start_label : int
        Number of the first new word.
    unknown_token : word, optional
        What words that a given `vocab` lacks are read as.

    Returns
    -------
    encoded : list of lists of int
    vocab : dict of word to int

    Raises
    ------
    DataError
        If a given `vocab` lacks a word and there is no `unknown_token`.

    Examples
    --------
    >>> encode_sentences([["a", "b", "a"]], start_label=1)
    ([[1, 2, 1]], {'\n': -1, 'a': 1, 'b': 2})
    """
    grows = vocab is None
    words: Vocabulary = {invalid_key: invalid_label} if vocab is None else vocab
    following = start_label

    def number(word: Any) -> int:
        nonlocal following
        if word in words:
            return words[word]
        if not grows and unknown_token is None:
            raise DataError(
                explain(
                    f"the vocabulary has no word {word!r}.",
                    fix='encode_sentences(..., unknown_token="<unk>")',
                )
            )
        if unknown_token is not None:
            word = unknown_token
        if word not in words:
            following += following == invalid_label
            words[word] = following
            following += 1
        return words[word]

    return [[number(word) for word in sentence] for sentence in sentences], words


class BucketSentenceIter(DataIter):
    """Batches of sentences of about the same length, for `mx.mod.BucketingModule`.

    The label of a word is the next word. Sentences are filled up to the length of their bucket.

    Parameters
    ----------
    sentences : list of lists of int
    batch_size : int
    buckets : list of int, optional
        Lengths; default: every length that at least `batch_size` sentences have. Sentences longer
        than all of them are left out.
    invalid_label : int
        Fills up.
    data_name, label_name : str
    dtype : dtype
    layout : {"NT", "TN"}

    Raises
    ------
    ParamError
        If there is no bucket, or the layout is another.
    """

    def __init__(
        self, sentences: Sequence[Sequence[int]], batch_size: int,
        buckets: Sequence[int] | None = None, invalid_label: int = -1, data_name: str = "data",
        label_name: str = "softmax_label", dtype: Any = "float32", layout: str = "NT",
    ) -> None:  # fmt: skip
        super().__init__(batch_size)
        if layout not in ("NT", "TN"):
            raise ParamError(
                f"BucketSentenceIter: layout must be 'NT' (batch first) or 'TN'. Got {layout!r}."
            )
        self.data_name, self.label_name = data_name, label_name
        self.dtype, self.layout, self.invalid_label = dtype, layout, invalid_label
        self.major_axis = layout.index("N")
        self.buckets = sorted(_usual_lengths(sentences, batch_size) if buckets is None else buckets)
        if not self.buckets:
            raise ParamError(
                explain(
                    f"no length is shared by batch_size={batch_size} sentences.",
                    "at least one bucket.",
                    "BucketSentenceIter(..., buckets=[10, 20, 40]), or a smaller batch",
                )
            )
        self.default_bucket_key = max(self.buckets)
        self.data = self._filled(sentences)
        self.provide_data = [self._description(data_name, self.default_bucket_key)]
        self.provide_label = [self._description(label_name, self.default_bucket_key)]
        self.reset()

    def _filled(self, sentences: Sequence[Sequence[int]]) -> list[np.ndarray[Any, Any]]:
        """One array for each bucket, shape (sentences, length)."""
        rows: list[list[np.ndarray[Any, Any]]] = [[] for _ in self.buckets]
        for sentence in sentences:
            k = bisect_left(self.buckets, len(sentence))
            if k < len(self.buckets):
                row = np.full(self.buckets[k], self.invalid_label, self.dtype)
                row[: len(sentence)] = sentence
                rows[k].append(row)
        return [
            np.array(part, self.dtype).reshape(len(part), n)
            for part, n in zip(rows, self.buckets, strict=True)
        ]

    def _description(self, name: str, length: int) -> DataDesc:
        shape = (self.batch_size, length)
        return DataDesc(name, shape if self.major_axis == 0 else shape[::-1], layout=self.layout)

    def reset(self) -> None:
        """Shuffle batches, and sentences within their buckets, by NumPy's global generator."""
        size = self.batch_size
        self.idx = [
            (k, start)
            for k, part in enumerate(self.data)
            for start in range(0, len(part) - size + 1, size)
        ]
        self.curr_idx = 0
        np.random.shuffle(self.idx)  # noqa: NPY002  programs seed this generator
        for part in self.data:
            np.random.shuffle(part)  # noqa: NPY002

    def next(self) -> DataBatch:
        """Return the next batch, with the length of its bucket as `bucket_key`."""
        if self.curr_idx == len(self.idx):
            raise StopIteration
        k, start = self.idx[self.curr_idx]
        self.curr_idx += 1
        data = self.data[k][start : start + self.batch_size]
        label = np.full_like(data, self.invalid_label)
        label[:, :-1] = data[:, 1:]
        if self.major_axis == 1:
            data, label = data.T, label.T
        length = self.buckets[k]
        return DataBatch(
            [nd.array(data, dtype=self.dtype)], [nd.array(label, dtype=self.dtype)],
            pad=0, bucket_key=length,
            provide_data=[self._description(self.data_name, length)],
            provide_label=[self._description(self.label_name, length)],
        )  # fmt: skip


def _usual_lengths(sentences: Sequence[Sequence[int]], batch_size: int) -> list[int]:
    counts = np.bincount([len(sentence) for sentence in sentences] or [0])
    return [length for length, count in enumerate(counts) if count >= batch_size]
