"""The parent's side of worker processes: start them, give out batches, notice deaths."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from dlstudio.errors import DataError, explain
from dlstudio.gluon.data import shared, worker

__all__ = ["UnsendableError", "WorkerPool", "opened"]

# Processes are never forked from this one, which has threads (kernels, Jupyter): a forked lock that
# some thread held stays locked for ever. The fork server is a clean process that has imported what
# workers need, so starting one takes milliseconds.
_START_METHOD = "forkserver" if sys.platform == "linux" else "spawn"


def _leave_fork_server_to_parent() -> None:
    """In a process that a program forked: start a server of its own when one is needed.

    `multiprocessing` would ask after its parent's, which is no child of this process, and fail.
    """
    server: Any = forkserver._forkserver  # pyright: ignore[reportAttributeAccessIssue]
    if getattr(server, "_forkserver_pid", None) is not None:
        with suppress(OSError):
            os.close(server._forkserver_alive_fd)
        server.__init__()


if _START_METHOD == "forkserver":
    from multiprocessing import forkserver

    os.register_at_fork(after_in_child=_leave_fork_server_to_parent)


class UnsendableError(DataError):
    """A data set, or its batchify function, cannot be sent to another process."""


@dataclass
class _Worker:
    process: BaseProcess
    requests: Connection
    results: Connection
    outstanding: set[int] = field(default_factory=set)


class WorkerPool:
    """Processes that turn lists of sample indices into batches.

    Parameters
    ----------
    dataset : Dataset
        Its large arrays are placed in shared memory once, for all workers together.
    batchify : callable
        List of samples to batch.
    size : int > 0
        Number of processes.

    Raises
    ------
    UnsendableError
        If the data set or the function cannot be sent to another process.
    """

    def __init__(self, dataset: Any, batchify: Any, size: int) -> None:
        self._tickets = count()
        self._answers: dict[int, Any] = {}
        self._forgotten: set[int] = set()
        self._lock = threading.RLock()
        message, main_is_needed = _pack_task(dataset, batchify)
        try:
            with _started_without_main(not main_is_needed):
                self._workers = [_start(number) for number in range(size)]
            self._send_task(message)
        finally:
            message.close()

    def _send_task(self, message: shared.Message) -> None:
        for each in self._workers:
            try:
                message.send(each.requests, _pid(each.process))
            except OSError:
                raise self._death(each) from None

    @property
    def closed(self) -> bool:
        """Whether the workers have ended, because of `close` or because one of them died."""
        return not self._workers

    def submit(self, indices: Sequence[Any], seed: int, stream: int) -> int:
        """Ask the least busy worker for a batch; the returned ticket is for `result`."""
        with self._lock:
            ticket = next(self._tickets)
            chosen = min(self._workers, key=lambda each: len(each.outstanding))
            try:
                chosen.requests.send(worker.Request(ticket, indices, seed, stream))
            except OSError:
                raise self._death(chosen) from None
            chosen.outstanding.add(ticket)
            return ticket

    def answer(self, ticket: int, timeout: float) -> Any:
        """Wait for a batch, or for what went wrong with it: `opened` tells them apart.

        Raises
        ------
        DataError
            If a worker died, or `timeout` seconds passed.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            while ticket not in self._answers:
                self._collect(deadline, timeout)
            return self._answers.pop(ticket)

    def forget(self, tickets: Sequence[int]) -> None:
        """Say that nobody will ask for these batches any more."""
        for ticket in tickets:
            if self._answers.pop(ticket, None) is None:
                self._forgotten.add(ticket)

    def close(self) -> None:
        """End the workers; those that are busy are given a second to notice."""
        for each in self._workers:
            each.requests.close()
        deadline = time.monotonic() + 1.0
        for each in self._workers:
            each.process.join(max(0.0, deadline - time.monotonic()))
            if each.process.is_alive():
                each.process.terminate()
                each.process.join()
            each.results.close()
        self._workers = []

    def _collect(self, deadline: float, timeout: float) -> None:
        """Take in every answer that has come, waiting for at least one."""
        if self.closed:
            raise DataError(
                explain(
                    "DataLoader: the workers of this epoch have ended.",
                    fix="begin another: for batch in loader",
                )
            )
        by_source = {each.results: each for each in self._workers}
        ready = wait(list(by_source), max(0.0, deadline - time.monotonic()))
        if not ready:
            raise DataError(
                explain(
                    f"DataLoader: no batch came from its workers within {timeout:g} seconds.",
                    "every batch to take less.",
                    "DataLoader(…, timeout=600), or num_workers=0 to see where it hangs",
                )
            )
        for source in ready:
            each = by_source[source]  # pyright: ignore[reportArgumentType]
            try:
                ticket, answer = shared.receive(each.results)
            except (EOFError, ConnectionResetError):
                raise self._death(each) from None
            except BaseException:  # the notebook's stop button, amid a message:
                self.close()  # its other half would be taken for the beginning of the next
                raise
            each.outstanding.discard(ticket)
            if ticket in self._forgotten:
                self._forgotten.discard(ticket)
            else:
                self._answers[ticket] = answer

    def _death(self, dead: _Worker) -> DataError:
        dead.process.join(5)
        number, code = self._workers.index(dead), dead.process.exitcode
        self.close()
        return DataError(
            explain(
                f"DataLoader: worker {number} {_how_it_ended(code)} while it made a batch.",
                "workers to live as long as the loader. SIGKILL usually means that the machine ran "
                "out of memory; other signals, that a library crashed.",
                "a smaller batch_size or num_workers, or num_workers=0 to see it in this process",
            )
        )


def _start(number: int) -> _Worker:
    if multiprocessing.current_process().daemon:
        raise DataError(
            explain(
                f"DataLoader: num_workers is above 0 in {multiprocessing.current_process().name}, "
                "a daemonic process, which may not start others.",
                "the loader in the main process, or in one that is not daemonic.",
                "DataLoader(…, num_workers=0) in data sets that workers of a loader read",
            )
        )
    context = multiprocessing.get_context(_START_METHOD)
    requests, worker_requests = context.Pipe()
    results, worker_results = context.Pipe()
    process = context.Process(
        target=worker.serve,
        args=(worker_requests, worker_results, os.getpid()),
        name=f"dlstudio-loader-{number}",
        daemon=True,
    )
    process.start()
    # Only the worker may hold these ends, or its death would not close the pipe.
    worker_requests.close()
    worker_results.close()
    return _Worker(process, requests, results)


def _pid(process: BaseProcess) -> int:
    assert process.pid is not None
    return process.pid


def _pack_task(dataset: Any, batchify: Any) -> tuple[shared.Message, bool]:
    """Pickle what workers need; also say whether they must import the main module for it.

    cloudpickle writes classes defined in a notebook or script by value. Without it they are
    written by name, and the worker has to run the script to find them.
    """
    task = worker.Surroundings.here(), dataset, batchify
    try:
        if find_spec("cloudpickle"):
            import cloudpickle

            return shared.pack(task, [], cloudpickle.Pickler), False
        return shared.pack(task, []), True
    except Exception as error:  # objects refuse to be pickled in many ways
        raise UnsendableError(
            explain(
                f"DataLoader: {type(dataset).__name__} cannot be sent to worker processes: {error}",
                "a data set and a batchify_fn that can be pickled; open files, locks and "
                "connections cannot.",
                "open files in __getitem__, or use thread_pool=True or num_workers=0"
                + ("" if find_spec("cloudpickle") else ", or pip install cloudpickle"),
            )
        ) from error


_main_lock = threading.Lock()


@contextmanager
def _started_without_main(hidden: bool) -> Iterator[None]:
    """Keep `multiprocessing` from running the user's script again in each worker.

    It does so for every process it spawns, which starts the training anew in scripts without
    ``if __name__ == "__main__"``. Workers do not need it (see `_pack_task`).
    """
    context = multiprocessing.get_context(_START_METHOD)
    if _START_METHOD == "forkserver":
        context.set_forkserver_preload([worker.__name__])
    if not hidden:
        yield
        return
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def opened(answer: Any) -> Any:
    """Return a batch, or raise what its data set raised in the worker.

    Raises
    ------
    Exception
        The data set's own, with a note; `DataError` if it could not be sent.
    """
    if not isinstance(answer, worker.Failure):
        return answer
    story = explain(
        f"DataLoader: {answer.where} failed in a worker: {answer.summary}\n"
        f"The worker's traceback:\n{answer.trace.rstrip()}",
        fix="try the same with dataset[index] in this process, or num_workers=0",
    )
    # a StopIteration would end the epoch without a word
    if answer.error is None or isinstance(answer.error, StopIteration):
        raise DataError(story)
    answer.error.add_note(story)
    raise answer.error


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
