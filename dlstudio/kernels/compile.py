"""Compiling kernels ahead of use, in the foreground or in a process of its own.

numba's compiler holds the global interpreter lock for seconds, so a thread would stop the training
it is meant to speed up. The helper process runs at low priority, fills the cache on disk family by
family, and ends when its work is done or its parent goes. Two helpers never work at once: a lock
file that the operating system releases with its owner decides.

    python -m dlstudio.kernels.compile          # what the helper runs
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from dlstudio import config
from dlstudio.kernels import cache

__all__ = ["compile_family", "is_running", "main", "start", "stop"]

_helper: subprocess.Popen[bytes] | None = None
_starting = threading.Lock()
_not_before = 0.0
_PAUSE = 60  # seconds between two starts


def compile_family(name: str) -> bool:
    """Compile the kernels of one family into the cache; False (and a note) if that fails."""
    try:
        module = importlib.import_module(f"dlstudio.kernels.{name}")
        for kernel in module.KERNELS:
            _load(kernel)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        cache.note_failure(name, reason)
        with suppress(OSError):
            cache.mark_failed(name, reason)
        return False
    with suppress(OSError):  # a cache that cannot be written: the kernels serve this process
        cache.mark_ready(name)
    return True


def _load(kernel: Any) -> None:
    """Load or compile one kernel.

    On a crowded machine numba sometimes loses the object it has just compiled ("no compiled object
    yet"); a second attempt finds it. A family given up for that would be missed for good.
    """
    try:
        kernel.load()
    except RuntimeError:
        kernel.load()


def start() -> bool:
    """Start the helper process unless it runs or nothing is left to do."""
    global _helper, _not_before  # noqa: PLW0603  at most one helper per process
    with _starting:
        if is_running() or not cache.pending() or not sys.executable:
            return False
        if time.monotonic() < _not_before:
            return False
        # A helper ends at once if another process's is at work, or if it crashes: then a plan that
        # is built a minute later asks again, not each of its equations.
        _not_before = time.monotonic() + _PAUSE
        with suppress(OSError):
            _helper = subprocess.Popen(
                [sys.executable, "-m", "dlstudio.kernels.compile"],
                stdin=subprocess.PIPE,  # its end tells the helper that we are gone
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                creationflags=getattr(subprocess, "IDLE_PRIORITY_CLASS", 0),  # Windows
            )
            return True
    return False


def is_running() -> bool:
    """Whether this process has a helper at work."""
    return _helper is not None and _helper.poll() is None


def stop() -> None:
    """End the helper, if any."""
    if _helper is not None and is_running():
        _helper.terminate()
        _helper.wait()


def _environment() -> dict[str, str]:
    """Copy the environment, able to import the same dlstudio and write the same cache."""
    root = str(Path(__file__).parents[2])
    search = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(search),
        "DLSTUDIO_CACHE": str(config.get().cache),
        "OPENBLAS_NUM_THREADS": "1",
    }


def _end_with_parent() -> None:
    def wait() -> None:
        with suppress(OSError, ValueError):
            sys.stdin.buffer.read()  # returns when the parent's end of the pipe is closed
        os._exit(0)  # at once: a compiler in another thread would delay a normal exit

    threading.Thread(target=wait, daemon=True).start()


def _lower_priority() -> None:
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(19)


def _lock() -> IO[Any] | None:
    """Take the lock file, held until this process ends, or None if another process holds it."""
    cache.directory().mkdir(parents=True, exist_ok=True)
    file = (cache.directory() / "compiling.lock").open("a+")
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def main() -> int:
    """Compile all pending families (the body of the helper process)."""
    _end_with_parent()
    _lower_priority()
    lock = _lock()
    if lock is None:
        return 0
    for name in cache.pending():
        compile_family(name)
    lock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
