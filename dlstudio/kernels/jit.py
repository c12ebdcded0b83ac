"""Declaring kernels for numba, and loading them from the cache on disk.

Only modules that hold kernels import this one, because it needs numba. A declaration costs
nothing: the function is compiled, or its machine code read from disk, at the first `load`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import numba
from numba.core import config as _config
from numba.extending import intrinsic as _intrinsic

from dlstudio.kernels import cache

__all__ = [
    "FAST",
    "STRICT",
    "Kernel",
    "compiled",
    "declared",
    "finite_helper",
    "helper",
    "intrinsic",
    "strict_helper",
]

# An intrinsic is called without the typing context it declares, which type checkers cannot know.
intrinsic: Any = _intrinsic
config: Any = _config  # its attributes come from environment variables

# LLVM's permissions. nnan and ninf are not among them: a diverging training must show its NaN.
FAST = frozenset({"contract", "arcp", "nsz", "reassoc"})
# For formulas whose order of operations is the point (range reduction in exp, running sums).
STRICT = frozenset({"contract", "arcp", "nsz"})

_declared: dict[str, list[Kernel]] = {}
_lock = threading.Lock()


class Kernel:
    """A Python function and the one signature it is compiled for.

    Parameters
    ----------
    function : the Python text of the kernel
    signature : str
        In numba's notation, as ``"void(float32[::1], int64)"``.
    flags : frozenset of str
        LLVM fast-math flags.
    """

    def __init__(self, function: Callable[..., Any], signature: str, flags: frozenset[str]) -> None:
        self.function = function
        self.signature = signature
        self.flags = set(flags)
        self._dispatcher: Any = None

    @property
    def name(self) -> str:
        """Name of the kernel's function."""
        return self.function.__name__

    def load(self) -> Callable[..., Any]:
        """Get the compiled function: from memory, else from disk, else compiled now (seconds)."""
        if self._dispatcher is None:
            with _lock:
                self._dispatcher = self._dispatcher or self._build()
        return self._dispatcher

    def _build(self) -> Any:
        dispatcher = self._declare()
        dispatcher.compile(self.signature)
        # From now on an argument of another type is an error, never a silent compilation.
        dispatcher.disable_compile()
        return dispatcher

    def _declare(self) -> Any:
        # numba reads CACHE_DIR when a function is declared; it is put back at once because the
        # user's own cached functions belong elsewhere.
        before = config.CACHE_DIR
        config.CACHE_DIR = str(cache.directory())
        try:
            return _njit(self.flags, cache=True)(self.function)
        finally:
            config.CACHE_DIR = before


def _njit(flags: set[str], **options: Any) -> Any:
    return numba.njit(fastmath=flags, error_model="numpy", nogil=True, boundscheck=False, **options)


def compiled(
    *arguments: str, returns: str = "void", flags: frozenset[str] = FAST
) -> Callable[[Callable[..., Any]], Kernel]:
    """Declare a kernel: ``@compiled("float32[::1]", "int64")`` above a function."""
    signature = f"{returns}({', '.join(arguments)})"

    def declare(function: Callable[..., Any]) -> Kernel:
        kernel = Kernel(function, signature, flags)
        _declared.setdefault(function.__module__, []).append(kernel)
        return kernel

    return declare


def helper(function: Callable[..., Any]) -> Any:
    """Declare a function that kernels call; LLVM inlines it."""
    return _njit(set(FAST))(function)


def finite_helper(function: Callable[..., Any]) -> Any:
    """Declare a helper that may give any answer where its input has a NaN.

    Only so does a maximum vectorise. The caller must show the NaN by another way.
    """
    return _njit(set(FAST | {"nnan"}))(function)


def strict_helper(function: Callable[..., Any]) -> Any:
    """Declare a helper whose order of operations LLVM keeps, whoever calls it.

    It must vanish into the caller's loop for that loop to vectorise, but only in LLVM
    (``forceinline``): numba's own inlining would give it the caller's flags.
    """
    return _njit(set(STRICT), forceinline=True)(function)


def declared(module: str) -> list[Kernel]:
    """List the kernels of an imported module."""
    return _declared.get(sys.modules[module].__name__, [])
