"""What the user wants of the graph compiler: passes switched off, mixed precision, a layout.

Plans remember the options they were compiled under: the same block called under other options gets
a plan of its own, and keeps the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

from dlstudio.errors import ParamError, explain

if TYPE_CHECKING:
    from dlstudio.graph.passes.amp import Policy

__all__ = ["Options", "current", "set_default", "using"]

LAYOUTS = ("auto", "NCHW", "NHWC")


@dataclass(frozen=True)
class Options:
    """One consistent set of wishes.

    Attributes
    ----------
    off : names of passes that do not run
    layout : {"auto", "NCHW", "NHWC"}
        Layout that convolutional layers compute in; "auto" takes the one that has kernels.
    amp : Policy or None
        Which operators run in 16 bits.
    memory_budget : int or None, bytes
        What the arenas of a training plan may take: values are computed again to get there.
    """

    off: frozenset[str] = frozenset()
    layout: str = "auto"
    amp: Policy | None = None
    memory_budget: int | None = None

    def __post_init__(self) -> None:
        budget = self.memory_budget
        if budget is not None and (isinstance(budget, bool) or not _is_count(budget)):
            raise ParamError(
                explain(
                    f"hybridize, bind: memory_budget={budget!r}.",
                    "a whole number of bytes, or None for no limit.",
                    "memory_budget=executor.memory.arena_bytes // 3",
                )
            )
        if self.layout not in LAYOUTS:
            raise ParamError(
                explain(
                    f"hybridize, bind: layout={self.layout!r}.",
                    f"one of {', '.join(LAYOUTS)}.",
                )
            )


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and int(value) > 0


_default = Options()
_inside: ContextVar[Options | None] = ContextVar("options inside a with block", default=None)


def current() -> Options:
    """Return the options in force here."""
    return _inside.get() or _default


def set_default(**changes: Any) -> None:
    """Change the options of the whole process, as `amp.init` does."""
    global _default  # noqa: PLW0603  the one mutable cell of this module
    _default = replace(_default, **changes)


@contextmanager
def using(options: Options) -> Iterator[None]:
    """Compile under `options` inside the block, in this thread."""
    token = _inside.set(options)
    try:
        yield
    finally:
        _inside.reset(token)
