"""One operator application in a symbolic graph, or a variable. Immutable."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dlstudio.core.shell import shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlstudio.core.registry import Op

__all__ = ["Node", "caller_level", "caller_span", "current_scope", "scope"]


class Node:
    """Operator `op` applied to `inputs`, each a (node, output index); a variable has op None.

    `attrs` are the operator's canonical attributes, `raw` the user's own attributes as MXNet
    strings (``ctx_group``, ``__shape__``, ``lr_mult`` …), `span` the user's "file.py:12" or "",
    `scope` the path of Gluon blocks around it, "lenet0/conv0", or "".
    """

    __slots__ = ("attrs", "inputs", "name", "op", "raw", "scope", "span")

    def __init__(
        self,
        op: Op | None,
        inputs: tuple[tuple[Node, int], ...],
        attrs: dict[str, Any],
        name: str,
        raw: dict[str, str] | None = None,
        span: str = "",
        scope: str = "",
    ) -> None:
        self.op, self.inputs, self.attrs, self.name = op, inputs, attrs, name
        self.raw, self.span, self.scope = raw or {}, span, scope

    @property
    def is_variable(self) -> bool:
        """Whether the node is an input of the graph and not an operation."""
        return self.op is None

    @property
    def n_outputs(self) -> int:
        """All outputs, hidden ones included."""
        return 1 if self.op is None else self.op.n_outputs(self.attrs)

    @property
    def n_visible(self) -> int:
        """Outputs that a user of the node sees."""
        return 1 if self.op is None else self.op.n_visible(self.attrs)

    def __repr__(self) -> str:
        return f"<{'variable' if self.op is None else self.op.name} {self.name}>"


_state = threading.local()


def current_scope() -> str:
    """Path of the Gluon blocks being called now, "lenet0/conv0"."""
    return "/".join(getattr(_state, "scopes", ()))


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Nodes made inside belong to block `name`."""
    before = getattr(_state, "scopes", ())
    _state.scopes = (*before, name)
    try:
        yield
    finally:
        _state.scopes = before


# parts of the Python package itself are not the user's line; notebooks and scripts are
_PACKAGE = str(PurePath(__file__).parent.parent)


def caller_span() -> str:
    """Innermost "file.py:12" outside dlstudio, or "" if every frame is ours."""
    frame = sys._getframe(1)
    while frame is not None and _ours(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return ""
    filename = frame.f_code.co_filename
    return f"{_cell(filename) or _base_name(filename)}:{frame.f_lineno}"


def caller_level() -> int:
    """The `stacklevel` with which a warning of the calling function names the user's line."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and _ours(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return level


def _ours(filename: str) -> bool:
    return filename.startswith((_PACKAGE, "<dlstudio"))


@lru_cache(maxsize=256)
def _base_name(filename: str) -> str:
    return PurePath(filename).name


def _cell(filename: str) -> str:
    """Return "In[3]" for the file of a notebook cell, whose own name is a mere number."""
    cells = getattr(getattr(shell(), "compile", None), "_filename_map", {})
    number = cells.get(filename)
    return "" if number is None else f"In[{number}]"
