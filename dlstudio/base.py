"""`mx.base`: names that MXNet programs import from there."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from dlstudio.errors import MXNetError, NotSupportedForSparseNDArray
from dlstudio.version import __version__

__all__ = [
    "MXNetError",
    "NotSupportedForSparseNDArray",
    "__version__",
    "integer_types",
    "mx_real_t",
    "numeric_types",
    "string_types",
]

string_types = (str,)
numeric_types = (numbers.Number,)
integer_types = (int,)
mx_real_t = np.float32


def _as_list(obj: Any) -> list[Any]:
    """Make a list of a list or tuple, or of one thing."""
    return list(obj) if isinstance(obj, (list, tuple)) else [obj]
