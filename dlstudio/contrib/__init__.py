"""`mx.contrib`: what MXNet keeps there lies in packages of its own, and is found by its name."""

from __future__ import annotations

from typing import Any

from dlstudio.compat import MODULES, lookup

_PREFIX = "contrib."
__all__ = [name.removeprefix(_PREFIX) for name in MODULES if name.startswith(_PREFIX)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'dlstudio.contrib' has no attribute {name!r}")
    value = lookup(_PREFIX + name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
