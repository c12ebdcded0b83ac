"""`mx.name`: how nodes without a name get one."""

from typing import Any

from dlstudio.graph.scopes import NameManager, Prefix

__all__ = ["NameManager", "Prefix", "current"]


def current() -> Any:
    """Return the innermost name manager of this thread."""
    return NameManager.current
