"""How arrays print: MXNet's frame around NumPy's text, and NumPy's own form for np arrays."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from dlstudio.core.tensor import NDArray, ndarray

__all__ = ["install"]


def _legacy(self: Any) -> str:
    shape = "x".join(str(n) for n in self._data.shape)
    return f"\n{self.asnumpy()!s}\n<{type(self).__name__} {shape} @{self._device}>"


def _numpy_repr(self: Any) -> str:
    text = repr(self.asnumpy())
    dtype = self._data.dtype
    if self._data.size:  # NumPy 2 adds the shape to shortened arrays, MXNet to empty ones only
        text = re.sub(r", shape=\([0-9, ]*\)", "", text)
    # float32 is the dialect's default and goes without saying, as float64 and int64 do in NumPy
    if dtype == np.float32:
        text = text.replace(", dtype=float32)", ")")
    elif "dtype=" not in text and dtype != np.bool_:
        text = f"{text[:-1]}, dtype={dtype})"
    if self._device.device_type != "cpu":
        text = f"{text[:-1]}, ctx={self._device})"
    return text


def _numpy_str(self: Any) -> str:
    text = str(self.asnumpy())
    return f"{text} @{self._device}" if self._device.device_type != "cpu" else text


def _format(self: Any, spec: str) -> str:
    if spec and self._data.size == 1:
        return format(self.item(), spec)
    return format(str(self), spec)


def install() -> None:
    """Give both array classes their text."""
    NDArray.__repr__ = NDArray.__str__ = _legacy  # type: ignore[method-assign]
    ndarray.__repr__, ndarray.__str__ = _numpy_repr, _numpy_str  # type: ignore[method-assign]
    NDArray.__format__ = _format  # type: ignore[method-assign]
