"""Gluon: blocks, layers, losses, training and data."""

from __future__ import annotations

import importlib
from typing import Any

from dlstudio.errors import unknown_name

__all__ = [
    "Block", "Constant", "DeferredInitializationError", "HybridBlock", "Parameter",
    "ParameterDict", "SymbolBlock", "Trainer", "block", "contrib", "data", "loss", "metric",
    "model_zoo", "nn", "parameter", "probability", "rnn", "techniques", "tensor_types", "trainer",
    "transfer", "utils",
]  # fmt: skip

_MODULES = (
    "block", "contrib", "data", "loss", "metric", "model_zoo", "nn", "parameter", "probability",
    "rnn", "techniques", "trainer", "transfer", "utils",
)  # fmt: skip
_NAMES = {
    "Block": "block",
    "HybridBlock": "hybrid",
    "SymbolBlock": "symbol_block",
    "Parameter": "parameter",
    "Constant": "constant",
    "DeferredInitializationError": "parameter",
    "tensor_types": "parameter",
    "ParameterDict": "parameter_dict",
    "Trainer": "trainer",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: `dlstudio.gluon.data` alone needs no layers."""
    if name in _NAMES:
        return getattr(importlib.import_module(f"dlstudio.gluon.{_NAMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"dlstudio.gluon.{name}")
    raise unknown_name("mx.gluon", __all__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
