"""Iterators around other iterators: of another length, or that read ahead."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from dlstudio.errors import DataError, ParamError, explain
from dlstudio.io.batches import DataBatch, DataDesc, DataIter

__all__ = ["PrefetchingIter", "ResizeIter"]


class _Wrapper(DataIter):
    """Answers for the batch that a wrapped iterator gave last."""

    current_batch: DataBatch | None

    def getdata(self) -> list[Any]:
        """Return the data of the current batch."""
        return self._current().data or []

    def getlabel(self) -> list[Any]:
        """Return the labels of the current batch."""
        return self._current().label or []

    def getindex(self) -> Any:
        """Return the sample numbers of the current batch."""
        return self._current().index

    def getpad(self) -> int:
        """Return how many samples only fill up the current batch."""
        return self._current().pad or 0

    def _current(self) -> DataBatch:
        if self.current_batch is None:
            raise DataError(f"{type(self).__name__}: iter_next() comes before the first batch.")
        return self.current_batch


class ResizeIter(_Wrapper):
    """Give another iterator a length of `size` batches: it is cut off, or begins again.

    Parameters
    ----------
    data_iter : DataIter
    size : int
        Batches of an epoch.
    reset_internal : bool
        Whether `reset` also resets `data_iter`; otherwise it goes on where it stands.

    Examples
    --------
    >>> import numpy as np
    >>> from dlstudio.io import NDArrayIter
    >>> len(list(ResizeIter(NDArrayIter(np.arange(4), batch_size=2), 5)))
    5
    """

    def __init__(self, data_iter: Any, size: int, reset_internal: bool = True) -> None:
        super().__init__(data_iter.batch_size)
        if not isinstance(size, int) or size < 1:
            raise ParamError(explain(f"ResizeIter: got size={size!r}.", "at least 1 batch."))
        self.data_iter, self.size, self.reset_internal = data_iter, size, reset_internal
        self.cur = 0
        self.current_batch = None
        self.provide_data, self.provide_label = data_iter.provide_data, data_iter.provide_label
        if hasattr(data_iter, "default_bucket_key"):
            self.default_bucket_key = data_iter.default_bucket_key

    def reset(self) -> None:
        """Begin an epoch."""
        self.cur = 0
        if self.reset_internal:
            self.data_iter.reset()

    def iter_next(self) -> bool:
        """Move on; False at the end."""
        if self.cur == self.size:
            return False
        try:
            self.current_batch = self.data_iter.next()
        except StopIteration:
            self.data_iter.reset()
            self.current_batch = self._first()
        self.cur += 1
        return True

    def _first(self) -> DataBatch:
        try:
            return self.data_iter.next()
        except StopIteration:
            raise DataError(
                explain(
                    f"ResizeIter: {type(self.data_iter).__name__} has no batch after reset().",
                    "an iterator that begins again.",
                )
            ) from None

    def next(self) -> DataBatch:
        """Return the next batch."""
        if not self.iter_next():
            raise StopIteration
        assert self.current_batch is not None
        return self.current_batch


class PrefetchingIter(_Wrapper):
    """Make the next batch in a thread while the current one is worked on.

    Several iterators side by side give one batch together: the data and labels of all.

    Parameters
    ----------
    iters : DataIter, or list of DataIter of equal lengths
    rename_data, rename_label : list of dict, optional
        For each iterator, new names of its data and labels.

    Raises
    ------
    DataError
        While iterating: if one iterator ends before the others.
    """

    def __init__(self, iters: Any, rename_data: Any = None, rename_label: Any = None) -> None:
        self.iters: Sequence[Any] = list(iters) if isinstance(iters, (list, tuple)) else [iters]
        if not self.iters:
            raise ParamError(explain("PrefetchingIter: got no iterator.", "at least one."))
        super().__init__(self.iters[0].provide_data[0][1][0])
        self.n_iter = len(self.iters)
        self.rename_data, self.rename_label = rename_data, rename_label
        self.current_batch = None
        self._threads = ThreadPoolExecutor(self.n_iter, "dlstudio-prefetch")
        weakref.finalize(self, self._threads.shutdown, wait=False, cancel_futures=True)
        self._ahead: list[Future[Any]] = []
        self._ended = False
        self._prefetch()

    def _prefetch(self) -> None:
        self._ahead = [self._threads.submit(_next_or_none, each) for each in self.iters]

    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and dtype of all data of a batch."""
        return self._described("provide_data", self.rename_data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and dtype of all labels of a batch."""
        return self._described("provide_label", self.rename_label)

    def _described(self, which: str, renames: Any) -> list[DataDesc]:
        renames = [renames] if isinstance(renames, dict) else renames
        found = []
        for each, names in zip(self.iters, renames or [{}] * self.n_iter, strict=True):
            for entry in getattr(each, which):
                desc = entry if isinstance(entry, DataDesc) else DataDesc(*entry)
                name = names.get(desc.name, desc.name)
                found.append(DataDesc(name, desc.shape, desc.dtype, desc.layout))
        return found

    def reset(self) -> None:
        """Begin an epoch; batches that were made ahead are dropped."""
        for future in self._ahead:
            future.exception()  # waits: an iterator must not be reset while it makes a batch
        for each in self.iters:
            each.reset()
        self._ended = False
        self._prefetch()

    def iter_next(self) -> bool:
        """Move on; False at the end."""
        if self._ended:
            return False
        batches = [future.result() for future in self._ahead]
        ended = [batch is None for batch in batches]
        if any(ended):
            self._ended = True
            if not all(ended):
                raise DataError(
                    explain(
                        f"PrefetchingIter: iterator {ended.index(True)} ended before the others.",
                        "iterators of equal lengths.",
                    )
                )
            return False
        self.current_batch = self._joined(batches)
        self._prefetch()
        return True

    def _joined(self, batches: list[Any]) -> DataBatch:
        first = batches[0]
        return DataBatch(
            [x for batch in batches for x in batch.data],
            [x for batch in batches for x in batch.label or ()],
            first.pad, first.index, first.bucket_key, self.provide_data, self.provide_label,
        )  # fmt: skip

    def next(self) -> DataBatch:
        """Return the next batch."""
        if not self.iter_next():
            raise StopIteration
        return self._current()


def _next_or_none(iterator: Any) -> DataBatch | None:
    """The next batch, None at the end: a StopIteration must not travel through a future."""
    try:
        return iterator.next()
    except StopIteration:
        return None
