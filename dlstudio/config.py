"""Settings: read from the environment once, at import, and changed for a while with `using`.

========================  ====================================================================
Environment variable      Meaning
========================  ====================================================================
``MXNET_HOME``            where data sets and models are kept (default ``~/.mxnet``, as in MXNet)
``DLSTUDIO_CACHE``        where compiled kernels are kept (default: the user's cache folder)
``DLSTUDIO_THREADS``      threads for kernels and BLAS together (default: usable CPU cores)
``DLSTUDIO_KERNELS``      ``auto``, ``numpy`` or ``compiled``
``DLSTUDIO_LOCALE``       language of the widgets: ``auto``, ``en`` or ``zh``
========================  ====================================================================

``MXNET_BACKWARD_DO_MIRROR=1``, which lets training plans compute cheap values twice instead of
keeping them, is read whenever a plan is compiled: programs set it before they bind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dlstudio.errors import ArgumentError, ParamError, explain

__all__ = ["Settings", "get", "mirrors", "using"]

_CHOICES = {"kernels": ("auto", "numpy", "compiled"), "locale": ("auto", "en", "zh")}


@dataclass(frozen=True)
class Settings:
    """One consistent set of settings.

    Attributes
    ----------
    home : Path
        Root of data sets and models, laid out as MXNet's.
    cache : Path
        Root of what can be deleted at any time, such as compiled kernels.
    threads : int >= 1
        Threads that kernels and BLAS may use together.
    kernels : {"auto", "numpy", "compiled"}
        "auto" runs NumPy until the compiled kernels are ready.
    locale : {"auto", "en", "zh"}
        Language of the widgets; "auto" follows the browser.
    """

    home: Path
    cache: Path
    threads: int
    kernels: str = "auto"
    locale: str = "auto"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ParamError(
                    explain(
                        f"config: {name} must be one of {', '.join(choices)}. "
                        f"Got {getattr(self, name)!r}."
                    )
                )
        if self.threads < 1:
            raise ParamError(explain(f"config: threads must be at least 1. Got {self.threads}."))


def mirrors() -> bool:
    """Whether plans compiled now repeat cheap work to save memory; see the top of this file."""
    return os.environ.get("MXNET_BACKWARD_DO_MIRROR", "0") not in ("", "0", "false", "False")


def get() -> Settings:
    """Return the settings in force."""
    return _current


@contextmanager
def using(**changes: object) -> Iterator[Settings]:
    """Change settings inside a ``with`` block; the former ones come back at its end.

    Raises
    ------
    ArgumentError
        If a setting of that name does not exist.
    ParamError
        If a value is outside its domain.

    Examples
    --------
    >>> with using(threads=1) as settings:
    ...     settings.threads
    1
    """
    global _current  # noqa: PLW0603  the one mutable cell of this module
    unknown = changes.keys() - Settings.__dataclass_fields__.keys()
    if unknown:
        known = ", ".join(Settings.__dataclass_fields__)
        raise ArgumentError(
            explain(f"config: unknown setting {min(unknown)!r}.", f"one of {known}")
        )
    before = _current
    _current = replace(before, **changes)  # pyright: ignore[reportArgumentType]
    try:
        yield _current
    finally:
        _current = before


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read settings from a mapping such as ``os.environ``."""
    return Settings(
        home=_folder(environ, "MXNET_HOME", _default_home(environ)),
        cache=_folder(environ, "DLSTUDIO_CACHE", _default_cache(environ)),
        threads=_threads(environ.get("DLSTUDIO_THREADS")),
        kernels=environ.get("DLSTUDIO_KERNELS", "auto"),
        locale=environ.get("DLSTUDIO_LOCALE", "auto"),
    )


def _folder(environ: Mapping[str, str], name: str, default: Path) -> Path:
    return Path(environ[name]).expanduser() if environ.get(name) else default


def _default_home(environ: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environ.get("APPDATA", Path.home() / "AppData" / "Roaming")) / "mxnet"
    return Path.home() / ".mxnet"


def _default_cache(environ: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "dlstudio"


def _threads(given: str | None) -> int:
    if given is None:
        return usable_cores()
    if not given.isdecimal() or int(given) < 1:
        raise ParamError(
            explain(f"DLSTUDIO_THREADS must be a whole number of at least 1. Got {given!r}.")
        )
    return int(given)


def usable_cores() -> int:
    """Count the CPU cores this process may run on (fewer than the machine's under Slurm, say)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_current = from_environment(os.environ)
