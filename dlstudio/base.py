"""`mx.base`: names that MXNet programs import from there."""

from __future__ import annotations

import numbers

from dlstudio.errors import MXNetError
from dlstudio.version import __version__

__all__ = ["MXNetError", "__version__", "numeric_types", "string_types"]

string_types = (str,)
numeric_types = (numbers.Number,)
integer_types = (int,)
