"""Functions that `mx.np` takes over from the standard: MXNet had none of these names."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.tensor import Tensor
from dlstudio.dialects.explaining import explaining
from dlstudio.dialects.numpy.functions import call
from dlstudio.dialects.standard.creation import from_dlpack
from dlstudio.dialects.standard.dtypes import isdtype
from dlstudio.dialects.standard.functions import FUNCTIONS as STANDARD
from dlstudio.dialects.standard.functions import repeat as standard_repeat
from dlstudio.dialects.standard.info import __array_namespace_info__

__all__ = ["FUNCTIONS"]


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Repeat each element along `axis`, or of the flattened array.

    Parameters
    ----------
    a : array
    repeats : int, or vector of integers
        A number for all elements, or one for each.
    axis : int, optional
    """
    if isinstance(repeats, (Tensor, list, tuple)) or hasattr(repeats, "shape"):
        return standard_repeat(a, repeats, axis=axis)
    return call("repeat", a, repeats=repeats, axis=axis)


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Write `val` on the diagonal of `a`, in place; with `wrap`, again below a tall matrix."""
    np.fill_diagonal(a, val, wrap)


_SETS = ("unique_all", "unique_counts", "unique_inverse", "unique_values")
FUNCTIONS: dict[str, Any] = {
    "__array_api_version__": "2024.12",
    "__array_namespace_info__": __array_namespace_info__,
    "fill_diagonal": explaining(fill_diagonal),
    "from_dlpack": from_dlpack,
    "isdtype": isdtype,
    "repeat": explaining(repeat),
    **{name: STANDARD[name] for name in ("astype", "broadcast_shapes", "unstack", *_SETS)},
}
