"""`mx.attribute`: attributes for all nodes made in a ``with`` block."""

from typing import Any

from dlstudio.graph.scopes import AttrScope

__all__ = ["AttrScope", "current"]


def current() -> Any:
    """Return the innermost attribute scope of this thread."""
    return AttrScope.current
