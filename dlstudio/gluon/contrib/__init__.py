"""Blocks and training helpers under the names MXNet 1.9 keeps apart as contributed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from dlstudio.gluon.contrib import cnn, nn, rnn

if TYPE_CHECKING:
    from dlstudio.gluon.contrib import data, estimator

__all__ = ["cnn", "data", "estimator", "nn", "rnn"]


def __getattr__(name: str) -> Any:
    """Import estimator and data when they are asked for: layers need none of them."""
    if name in ("data", "estimator"):
        return importlib.import_module(f"dlstudio.gluon.contrib.{name}")
    raise AttributeError(f"module 'dlstudio.gluon.contrib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
