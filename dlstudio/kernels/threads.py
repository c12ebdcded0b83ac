"""Our own small thread pool: serial kernels that release the GIL, run over ranges.

A kernel is a compiled function of ``(..., lo, hi, worker)`` that touches only the items
``lo <= i < hi`` and the scratch of its worker. `parallel_for` cuts ``range(count)`` into one piece
per thread; the caller computes the first piece itself, so that one thread means no hand-over.

The budget is one number for the process, shared with the BLAS behind NumPy: both read the same
setting, `set_budget` changes both, and neither runs while the other does. A second caller (a
device worker, another Python thread) that finds the pool taken computes alone rather than
oversubscribing the machine.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

from dlstudio import config
from dlstudio.errors import ParamError, explain
from dlstudio.kernels import blas

__all__ = ["Pool", "budget", "parallel_for", "set_budget"]

# What NumPy's BLAS builds obey, in the order in which OpenBLAS looks at them.
_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def _initial_budget(environ: Mapping[str, str]) -> int:
    """Read what the user gave to dlstudio, else to BLAS, else all cores."""
    if "DLSTUDIO_THREADS" in environ:
        return config.get().threads
    given = (environ.get(name, "") for name in _VARIABLES)
    wanted = next((int(text) for text in given if text.isdecimal() and int(text) > 0), None)
    cores = config.usable_cores()
    return cores if wanted is None else min(wanted, 4 * cores)


class _Worker:
    """One daemon thread with an inbox of pieces of work."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]] | None] = SimpleQueue()
        self.outbox: SimpleQueue[BaseException | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._loop, name="dlstudio-kernel", daemon=True)
        self.thread.start()

    def _loop(self) -> None:
        while (piece := self.inbox.get()) is not None:
            kernel, arguments = piece
            error: BaseException | None = None
            try:
                kernel(*arguments)
            except BaseException as caught:
                error = caught
            self.outbox.put(error)


class Pool:
    """A fixed number of threads, the calling one included.

    Parameters
    ----------
    threads : int >= 1
        Pieces computed at the same time.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._workers: list[_Worker] = []
        self._taken = threading.Lock()

    def run(
        self, kernel: Callable[..., Any], count: int, arguments: tuple[Any, ...], most: int = 64
    ) -> None:
        """Call ``kernel(*arguments, lo, hi, worker)`` over ``range(count)``, in pieces."""
        pieces = min(self.threads, count, most)
        if pieces < 2 or not self._taken.acquire(blocking=False):
            kernel(*arguments, 0, count, 0)
            return
        try:
            self._run_pieces(kernel, count, arguments, pieces)
        finally:
            self._taken.release()

    def _run_pieces(
        self, kernel: Callable[..., Any], count: int, arguments: tuple[Any, ...], pieces: int
    ) -> None:
        while len(self._workers) < pieces - 1:
            self._workers.append(_Worker())
        helpers = self._workers[: pieces - 1]
        for i, worker in enumerate(helpers, start=1):
            lo, hi = count * i // pieces, count * (i + 1) // pieces
            worker.inbox.put((kernel, (*arguments, lo, hi, i)))
        try:
            kernel(*arguments, 0, count // pieces, 0)
        finally:
            # Wait even when the first piece failed: a helper may still be writing.
            errors = [worker.outbox.get() for worker in helpers]
        for error in errors:
            if error is not None:
                raise error

    def close(self) -> None:
        """Let the helper threads end."""
        for worker in self._workers:
            worker.inbox.put(None)
        self._workers.clear()


_pool = Pool(_initial_budget(os.environ))


def budget() -> int:
    """Threads that a kernel may use, the calling one included."""
    return _pool.threads


def set_budget(threads: int) -> None:
    """Change the budget; plans that exist keep the scratch for the budget they were built with.

    Parameters
    ----------
    threads : int, 1 ... 4 * cores

    Raises
    ------
    ParamError
        If `threads` is not in that range.
    """
    global _pool  # noqa: PLW0603  one budget for the process, by design
    most = 4 * config.usable_cores()
    if not 1 <= threads <= most:
        raise ParamError(
            explain(
                f"kernels.threads.set_budget({threads})",
                f"1 to {most} threads: more than 4 per core only wait for each other",
                f"set_budget({config.usable_cores()})",
            )
        )
    if threads != _pool.threads:
        _pool.close()
        _pool = Pool(threads)
        blas.set_threads(threads)


def parallel_for(
    kernel: Callable[..., Any],
    count: int,
    arguments: tuple[Any, ...],
    *,
    work: int,
    grain: int,
    workers: int = 64,
) -> None:
    """Run a range kernel on as many threads as its work is worth.

    Parameters
    ----------
    kernel : function of ``(*arguments, lo, hi, worker)``
    count : int
        Items in the range.
    work, grain : int
        Operations in all, and those that are worth waking one more thread (about 10 µs).
    workers : int
        Sets of scratch that the kernel has; the budget may have grown since they were made.
    """
    if work < 2 * grain or _pool.threads == 1:
        kernel(*arguments, 0, count, 0)
    else:
        _pool.run(kernel, count, arguments, workers)


def _forget_threads() -> None:
    # Threads do not survive fork; their queues would wait for ever.
    global _pool  # noqa: PLW0603
    _pool = Pool(_pool.threads)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)
