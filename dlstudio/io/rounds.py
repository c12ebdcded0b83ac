"""What the iterators over files share: the order of samples, and how the last batch is filled."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain
from dlstudio.io.batches import DataBatch, DataDesc, DataIter

__all__ = ["MXDataIter"]

Array = Any


class MXDataIter(DataIter):
    """Base of the iterators over files: subclasses say what samples of given numbers hold.

    Parameters
    ----------
    batch_size : int
    count : int
        Number of samples.
    round_batch : bool
        Fill the last batch with samples of the next epoch, which goes on after them. Otherwise
        `getpad` samples at its end are empty.
    shuffle : bool
        Another order in each epoch, the same in each run with equal `seed`.
    seed : int
    data_name, label_name : str

    Raises
    ------
    ParamError
        If the batch size is no positive number.
    """

    def __init__(
        self,
        batch_size: int,
        count: int,
        round_batch: bool = True,
        shuffle: bool = False,
        seed: int = 0,
        data_name: str = "data",
        label_name: str = "softmax_label",
    ) -> None:
        super().__init__(batch_size)
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ParamError(
                explain(
                    f"{type(self).__name__}: got batch_size={batch_size!r}.",
                    "a whole number of at least 1.",
                )
            )
        self._count, self._round = count, bool(round_batch)
        self._shuffle, self._seed = shuffle, seed
        self._names = data_name, label_name
        self._round_number = 0
        self._order = self._ordered()
        self._cursor = self._resume = self._pad = 0
        self._ended = False
        self._chosen = np.empty(0, np.int64)

    def _ordered(self) -> Array:
        if not self._shuffle:
            return np.arange(self._count)
        return np.random.default_rng((self._seed, self._round_number)).permutation(self._count)

    def _begin_round(self) -> None:
        self._round_number += 1
        self._order = self._ordered()

    def reset(self) -> None:
        """Begin an epoch: after the samples that filled the last batch, if there were any."""
        if not self._resume:
            self._begin_round()
        self._cursor, self._resume = self._resume, 0
        self._pad, self._ended = 0, False

    def iter_next(self) -> bool:
        """Move on; False at the end."""
        found = self._advance()
        if found is None:
            return False
        self._chosen, self._pad = found
        return True

    def _advance(self) -> tuple[Array, int] | None:
        """Numbers of the next samples, and how many only fill up; None at the end."""
        if self._ended or self._cursor >= self._count:
            return None
        chosen = self._order[self._cursor : self._cursor + self.batch_size]
        self._cursor += self.batch_size
        missing = self.batch_size - len(chosen)
        if missing:
            self._ended = True
            if self._round:
                self._begin_round()
                chosen = np.concatenate([chosen, np.resize(self._order, missing)])
                self._resume = missing % self._count
        return chosen, missing

    def next(self) -> DataBatch:
        """Return the next batch."""
        batch = super().next()
        batch.provide_data, batch.provide_label = self.provide_data, self.provide_label
        return batch

    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and dtype of the data of a batch."""
        return []

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and dtype of the labels of a batch."""
        return []

    def getpad(self) -> int:
        """Return how many samples only fill up the current batch."""
        return self._pad

    def getindex(self) -> Any:
        """Return the numbers of the current samples."""
        return self._chosen

    def filled(self, rows: Array) -> Any:
        """Return a batch as an NDArray, with empty samples where some are missing."""
        from dlstudio import nd

        missing = self.batch_size - len(rows)
        if missing:
            rows = np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)])
        return nd.array(rows, dtype=rows.dtype)
