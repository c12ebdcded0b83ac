"""Where compiled kernels lie on disk, and which of them are ready.

One folder per combination of things that change machine code: the CPU and its features, the
versions of Python, numba and llvmlite, and the text of the kernels themselves. A family of kernels
(one module) is *ready* when the file ``<family>.ready`` stands in that folder; the process that
compiles writes it last. Nothing here imports numba, so asking costs no start-up time.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

from dlstudio import config

__all__ = [
    "FAMILIES",
    "directory",
    "failure",
    "has_numba",
    "is_ready",
    "mark_failed",
    "mark_ready",
    "note_failure",
    "pending",
]

_failed_here: dict[str, str] = {}
# In the order in which they are compiled: what the first networks of a beginner need comes first.
FAMILIES = ("dense", "softmax", "optimizer", "conv", "pool", "norm", "pointwise", "chains")


def has_numba() -> bool:
    """Whether numba could be imported (it is not imported to find out)."""
    if "numba" in sys.modules:
        return sys.modules["numba"] is not None  # None = blocked, as a test does
    try:
        return importlib.util.find_spec("numba") is not None
    except (ImportError, ValueError):  # an import hook that refuses, or a half-loaded module
        return False


def _source_text() -> bytes:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return b"".join(path.read_bytes() for path in files)


def directory() -> Path:
    """Folder of the compiled kernels of this machine and these versions; not created here."""
    return config.get().cache / f"kernels-{_digest()}"


@functools.cache
def _digest() -> str:
    from importlib import metadata

    import llvmlite.binding as llvm

    facts = [
        metadata.version("numba"),
        metadata.version("llvmlite"),
        sys.version,
        platform.machine(),
        sys.platform,
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    ]
    return hashlib.sha256("\n".join(facts).encode() + _source_text()).hexdigest()[:16]


def is_ready(family: str) -> bool:
    """Whether every kernel of the family lies compiled on disk."""
    return (directory() / f"{family}.ready").exists()


def failure(family: str) -> str:
    """Why the family cannot be used, or ``""``."""
    if family in _failed_here:
        return _failed_here[family]
    with suppress(OSError):
        return (directory() / f"{family}.failed").read_text(encoding="utf-8")
    return ""


def pending() -> tuple[str, ...]:
    """Families neither compiled nor known to fail, in compiling order."""
    return tuple(f for f in FAMILIES if not is_ready(f) and not failure(f))


def note_failure(family: str, reason: str) -> None:
    """State that the family cannot be used by this process, without telling others."""
    _failed_here[family] = reason


def mark_ready(family: str) -> None:
    """State that the family is compiled (called by whoever compiled it)."""
    _write(f"{family}.ready", "")
    _failed_here.pop(family, None)
    (directory() / f"{family}.failed").unlink(missing_ok=True)


def mark_failed(family: str, reason: str) -> None:
    """State that the family does not compile here, so that nobody tries again and again."""
    _write(f"{family}.failed", reason)


def _write(name: str, text: str) -> None:
    directory().mkdir(parents=True, exist_ok=True)
    # Written beside and moved, so that a reader never sees half a file.
    temporary = directory() / f"{name}.{os.getpid()}"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(directory() / name)
