"""Setting the number of threads of the OpenBLAS that comes with NumPy.

NumPy has no call for it. Its wheels carry OpenBLAS as a shared library beside the package, which
the process has loaded already; opening it again by path gives access to its functions. Other
builds (Apple's Accelerate, MKL, a distribution's) keep the threads that their own variables say.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["get_threads", "set_threads", "single_threaded"]

_SUFFIXES = ("64_", "")
_PREFIXES = ("scipy_openblas", "openblas")


def _candidates() -> Iterator[Path]:
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):  # macOS uses the second
        if folder.is_dir():
            yield from sorted(folder.glob("*openblas*"))


@functools.cache
def _function(action: str) -> Any:
    """Find the library's ``openblas_<action>``, under any of the names builds give it, or None."""
    for path in _candidates():
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        for prefix in _PREFIXES:
            for suffix in _SUFFIXES:
                found = getattr(library, f"{prefix}_{action}{suffix}", None)
                if found is not None:
                    return found
    return None


def set_threads(count: int) -> bool:
    """Use `count` threads for matrix products from now on; False where that cannot be done."""
    function = _function("set_num_threads")
    if function is None:
        return False
    function(ctypes.c_int(count))
    return True


def get_threads() -> int | None:
    """Threads that matrix products use, or None where BLAS does not tell."""
    function = _function("get_num_threads")
    return None if function is None else int(function())


class _SingleThreaded:
    """``with single_threaded:`` matrix products of this process use one thread.

    OpenBLAS's own threads spin for a while after each product, which on a machine with few cores
    takes them from everything else. Kernels therefore share a product out among the pool's threads,
    which sleep when they have nothing to do, and keep OpenBLAS to one thread each meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._before = 1

    def __enter__(self) -> None:
        with self._lock:
            if self._depth == 0:
                self._before = get_threads() or 1
                if self._before > 1:
                    set_threads(1)
            self._depth += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and self._before > 1:
                set_threads(self._before)


single_threaded = _SingleThreaded()
