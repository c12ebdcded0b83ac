"""One worker thread per device, for plans that run on several devices at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from dlstudio.core.device import Device

__all__ = ["Job", "Worker", "submit_together", "worker_of"]


class Job:
    """Work handed to a worker."""

    __slots__ = ("_done", "_error", "work")

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self._done = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work, keep its error, say that it is over."""
        try:
            self.work()
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def error(self) -> BaseException | None:
        """Wait until the job is over; its error, or None."""
        self._done.wait()
        return self._error


class Worker:
    """A thread that does one device's jobs in order."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name=f"dlstudio {device}", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], None]) -> Job:
        """Queue `work`."""
        job = Job(work)
        self._jobs.put(job)
        return job

    def _loop(self) -> None:
        while True:
            self._jobs.get().run()


_workers: dict[Device, Worker] = {}
_lock = threading.Lock()


def worker_of(device: Device) -> Worker:
    """Return the worker of a device, starting it at first use."""
    with _lock:
        worker = _workers.get(device)
        if worker is None:
            worker = _workers[device] = Worker(device)
        return worker


_submitting = threading.Lock()


def submit_together(work: Sequence[tuple[Device, Callable[[], None]]]) -> list[Job]:
    """Queue the parts of one run.

    All workers see two runs in the same order: otherwise each could wait for a part of the other
    run that stands behind it.
    """
    workers = [(worker_of(device), part) for device, part in work]
    with _submitting:
        return [worker.submit(part) for worker, part in workers]
