"""Blocks and training helpers under the names MXNet 1.9 keeps apart as contributed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from dlstudio.gluon.contrib import nn, rnn

if TYPE_CHECKING:
    from dlstudio.gluon.contrib import estimator

__all__ = ["estimator", "nn", "rnn"]


def __getattr__(name: str) -> Any:
    """Import the estimator when it is asked for: layers need none of it."""
    if name == "estimator":
        return importlib.import_module("dlstudio.gluon.contrib.estimator")
    raise AttributeError(f"module 'dlstudio.gluon.contrib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
