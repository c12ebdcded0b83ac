"""`mx.base`: names that MXNet programs import from there."""

from __future__ import annotations

import numbers

from dlstudio.errors import MXNetError, NotSupportedForSparseNDArray
from dlstudio.version import __version__

__all__ = [
    "MXNetError",
    "NotSupportedForSparseNDArray",
    "__version__",
    "numeric_types",
    "string_types",
]

string_types = (str,)
numeric_types = (numbers.Number,)
integer_types = (int,)
