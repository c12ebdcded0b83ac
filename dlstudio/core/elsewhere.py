"""Names that MXNet keeps in one module, and that lie in another one here."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["held_elsewhere"]


def held_elsewhere(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of `module`; `homes` says in which module of dlstudio a name is."""

    def find(name: str) -> Any:
        if name in homes:
            return getattr(importlib.import_module(f"dlstudio.{homes[name]}"), name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find
