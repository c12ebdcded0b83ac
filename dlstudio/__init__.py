"""dlstudio: a deep-learning engine you can see inside, with MXNet's names.

>>> import dlstudio as mx
>>> float(mx.nd.ones((2, 3)).sum().asscalar())
6.0
"""

from __future__ import annotations

from typing import Any

from dlstudio.compat import MODULES, NAMES, lookup
from dlstudio.version import __version__

# Found when first asked for, by the names that are the keys of two tables.
_MODULES = [name for name in MODULES if "." not in name]
__all__ = ["__version__", *_MODULES, *NAMES]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    value = lookup(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *NAMES})
