"""The DataLoader: batches from a data set, made here, in threads, or in worker processes."""

from __future__ import annotations

import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.core.random import host_generator
from dlstudio.errors import DataError, ParamError, explain, knows_its_names
from dlstudio.gluon.data.batchify import (
    default_batchify_fn,
    default_mp_batchify_fn,
    stack_samples,
    to_tensors,
)
from dlstudio.gluon.data.pool import UnsendableError, WorkerPool, opened
from dlstudio.gluon.data.sampler import BatchSampler, RandomSampler, SequentialSampler

__all__ = ["DataLoader", "DataLoaderV1", "default_batchify_fn", "default_mp_batchify_fn"]

_DEFAULTS = (None, default_batchify_fn, default_mp_batchify_fn)


class DataLoader:
    """Read a data set batch by batch. Iterating over it once is one epoch.

    Parameters
    ----------
    dataset : Dataset
        Anything with ``len`` and indexing.
    batch_size : int, optional
        Needed unless `batch_sampler` is given.
    shuffle : bool, default False
        A new random order at each epoch. Not together with `sampler`.
    sampler : Sampler, optional
        The order of the samples.
    last_batch : {"keep", "discard", "rollover"}, default "keep"
        What becomes of a last batch that is too small: kept, dropped, put into the next epoch.
    batch_sampler : Sampler, optional
        Yields lists of indices; instead of the four parameters above.
    batchify_fn : callable, optional
        From a list of samples to a batch; stacks fields by default (`default_batchify_fn`).
    num_workers : int, default 0
        Processes that make batches ahead; 0 makes them in this one, when they are asked for, and
        so does a loader whose data set cannot be sent to processes, with a warning.
    pin_memory, pin_device_id
        Accepted for MXNet's sake; batches are ordinary CPU arrays.
    prefetch : int, optional
        How many batches are made ahead; twice `num_workers` by default.
    thread_pool : bool, default False
        Threads instead of processes: nothing needs to be pickled, but Python code in the data set
        runs in one thread at a time.
    timeout : float, default 120
        Seconds to wait for one batch of a worker.
    auto_reload : bool, default False
        Start to make the next epoch's batches as soon as one has ended.
    try_nopython
        Accepted for programs of MXNet 2.0: data sets always run in Python.

    Raises
    ------
    ParamError
        If parameters contradict each other.
    DataError
        While iterating: if a worker dies, or takes longer than `timeout`.
    Exception
        What the data set raised, with a note that names the sample. The next batch can be asked
        for nevertheless, where workers or threads make them.

    Notes
    -----
    Workers are separate, clean processes (never forks of this one) and hand their batches over in
    shared memory, without a copy. Each batch has random seeds of its own, drawn from `mx.random`
    and from NumPy's global generator: with ``mx.random.seed`` the transforms in workers repeat
    themselves, with ``np.random.seed`` what a data set draws from NumPy, however many workers
    there are.

    Examples
    --------
    >>> from dlstudio.gluon.data import ArrayDataset
    >>> loader = DataLoader(ArrayDataset([1.0, 2.0, 3.0], [0, 1, 0]), batch_size=2)
    >>> [label.asnumpy().tolist() for data, label in loader]
    [[0, 1], [0]]
    """

    @knows_its_names
    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = None,
        shuffle: bool = False,
        sampler: Any = None,
        last_batch: str | None = None,
        batch_sampler: Any = None,
        batchify_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        pin_device_id: int = 0,
        prefetch: int | None = None,
        thread_pool: bool = False,
        timeout: float = 120,
        auto_reload: bool = False,
        try_nopython: bool | None = None,
    ) -> None:
        del try_nopython
        if timeout <= 0:
            raise ParamError(explain(f"DataLoader: got timeout={timeout}.", "more than 0 seconds."))
        _check(dataset, num_workers)
        self._dataset = dataset
        self._batch_sampler = _batch_sampler(
            dataset, batch_size, shuffle, sampler, last_batch, batch_sampler
        )
        self._num_workers = max(0, num_workers)
        self._prefetch = max(0, 2 * self._num_workers if prefetch is None else int(prefetch))
        self._thread_pool = thread_pool
        self._timeout = timeout
        self._auto_reload = auto_reload
        self._pin_memory, self._pin_device_id = pin_memory, pin_device_id
        self._stacks = batchify_fn in _DEFAULTS  # then tensors are made here, of the shared arrays
        self._batchify = stack_samples if self._stacks else batchify_fn
        self._processes: WorkerPool | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._next_epoch: Iterator[Any] | None = None

    def __len__(self) -> int:
        """Return the number of batches of one epoch."""
        return len(self._batch_sampler)

    def __iter__(self) -> Iterator[Any]:
        if self._auto_reload:
            return self._reloading()
        return self._epoch()

    def refresh(self) -> None:
        """Begin to make the batches of the next epoch now; the next iteration takes them."""
        self._next_epoch = self._epoch()

    def clean(self) -> None:
        """Drop the batches that were made ahead by `refresh`."""
        self._next_epoch = None

    def _reloading(self) -> Iterator[Any]:
        if self._next_epoch is None:
            self.refresh()
        epoch, self._next_epoch = self._next_epoch, None
        assert epoch is not None
        yield from epoch
        self.refresh()

    def _epoch(self) -> Iterator[Any]:
        if self._num_workers == 0:
            return self._batches_made_here()
        if self._thread_pool:
            return _ThreadEpoch(self)
        try:
            return _ProcessEpoch(self)
        except UnsendableError as error:
            warnings.warn(
                f"{error}\nUntil then, samples are read in this process, as with num_workers=0.",
                stacklevel=3,
            )
            self._num_workers = 0
            return self._batches_made_here()

    def _batches_made_here(self) -> Iterator[Any]:
        for indices in self._batch_sampler:
            yield self._finish(self._make(indices))

    def _make(self, indices: Any) -> Any:
        """Read samples and put them together, in this process."""
        samples: list[Any] = []
        for index in indices:
            try:
                samples.append(self._dataset[index])
            except Exception as error:
                kind = type(self._dataset).__name__
                error.add_note(f"while the DataLoader read sample {index} of a {kind}")
                raise
        return self._batchify(samples)  # pyright: ignore[reportOptionalCall]

    def _finish(self, batch: Any) -> Any:
        return to_tensors(batch) if self._stacks else batch

    def _worker_pool(self) -> WorkerPool:
        """Start the processes at first need; they stay for later epochs."""
        if self._processes is None or self._processes.closed:
            self._processes = WorkerPool(self._dataset, self._batchify, self._num_workers)
            weakref.finalize(self, self._processes.close)
        return self._processes

    def _thread_executor(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._num_workers, "dlstudio-loader")
            weakref.finalize(self, self._threads.shutdown, wait=False, cancel_futures=True)
        return self._threads


class _ProcessEpoch:
    """One pass through the batches, made by worker processes, always `prefetch` ahead."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self._pool = loader._worker_pool()
        self._batches = iter(loader._batch_sampler)
        self._tickets: deque[int] = deque()
        # An epoch left by `break` must not leave its batches behind in the pool.
        weakref.finalize(self, _forget, self._pool, self._tickets)
        for _ in range(max(1, loader._prefetch)):
            self._submit_next()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self._tickets:
            raise StopIteration
        answer = self._pool.answer(self._tickets[0], self._loader._timeout)
        self._tickets.popleft()
        self._submit_next()
        return self._loader._finish(opened(answer))

    def _submit_next(self) -> None:
        indices = next(self._batches, None)
        if indices is not None:
            seed = int(np.random.randint(2**31))  # noqa: NPY002  follows np.random.seed, see Notes
            stream = int(host_generator().integers(2**31))
            self._tickets.append(self._pool.submit(indices, seed, stream))


def _forget(pool: WorkerPool, tickets: deque[int]) -> None:
    pool.forget(list(tickets))


class _ThreadEpoch:
    """One pass through the batches, made by threads, always `prefetch` ahead."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self._executor = loader._thread_executor()
        self._batches = iter(loader._batch_sampler)
        self._futures: deque[Future[Any]] = deque()
        for _ in range(max(1, loader._prefetch)):
            self._submit_next()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self._futures:
            raise StopIteration
        future = self._futures[0]
        if not wait([future], self._loader._timeout).done:
            seconds = f"{self._loader._timeout:g}"
            raise DataError(
                explain(f"DataLoader: no batch came from its threads within {seconds} seconds.")
            )
        self._futures.popleft()
        self._submit_next()
        return self._loader._finish(future.result())

    def _submit_next(self) -> None:
        indices = next(self._batches, None)
        if indices is not None:
            self._futures.append(self._executor.submit(partial(self._loader._make, indices)))


def _check(dataset: Any, num_workers: Any) -> None:
    if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
        raise DataError(
            explain(
                f"DataLoader: a {type(dataset).__name__} is no data set.",
                "an object with a length and an index: a list, an array, a gluon.data.Dataset.",
                "DataLoader(gluon.data.ArrayDataset(images, labels), batch_size=64)",
            )
        )
    if not isinstance(num_workers, Integral):
        raise ParamError(
            explain(
                f"DataLoader: got num_workers={num_workers!r}.",
                "how many processes read ahead; 0 reads in this one.",
                "num_workers=2",
            )
        )


def _batch_sampler(
    dataset: Any,
    batch_size: int | None,
    shuffle: bool,
    sampler: Any,
    last_batch: str | None,
    batch_sampler: Any,
) -> Any:
    """Build the batch sampler from MXNet's overlapping parameters, refusing contradictions."""
    if batch_sampler is not None:
        if batch_size is not None or shuffle or sampler is not None or last_batch is not None:
            raise ParamError(
                explain(
                    "DataLoader: batch_sampler was given together with batch_size, shuffle, "
                    "sampler or last_batch.",
                    "either batch_sampler alone or the others.",
                )
            )
        return batch_sampler
    if batch_size is None:
        raise ParamError(
            explain(
                "DataLoader: neither batch_size nor batch_sampler was given.",
                fix="DataLoader(dataset, batch_size=64)",
            )
        )
    if shuffle and sampler is not None:
        raise ParamError(
            explain(
                "DataLoader: shuffle=True was given together with a sampler.",
                "only one of them, since both say in which order samples come.",
            )
        )
    if sampler is None:
        sampler = (RandomSampler if shuffle else SequentialSampler)(len(dataset))
    return BatchSampler(sampler, batch_size, last_batch or "keep")


DataLoaderV1 = DataLoader  # MXNet kept an older one under this name


__getattr__ = held_elsewhere(__name__)  # what MXNet's module of this name has besides
