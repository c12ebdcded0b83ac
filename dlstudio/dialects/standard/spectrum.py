"""Functions of the extension `fft` that make arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.tensor import ndarray
from dlstudio.dialects.standard.creation import asarray
from dlstudio.dialects.standard.dtypes import checked
from dlstudio.errors import ParamError

__all__ = ["FUNCTIONS"]


def _frequencies(name: str, n: int, d: float, dtype: Any, device: Any) -> ndarray:
    if n < 1:
        raise ParamError(f"{name}: parameter n must be an integer >= 1. Got {n}.")
    numbers = getattr(np.fft, name)(n, d).astype(checked(dtype or "float64"))
    return asarray(numbers, device=device)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> ndarray:
    """Frequencies of the terms of `fft` of `n` points that lie `d` apart, in cycles per unit."""
    return _frequencies("fftfreq", n, d, dtype, device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> ndarray:
    """Frequencies of the terms of `rfft` of `n` points that lie `d` apart, in cycles per unit."""
    return _frequencies("rfftfreq", n, d, dtype, device)


FUNCTIONS = {"fftfreq": fftfreq, "rfftfreq": rfftfreq}
