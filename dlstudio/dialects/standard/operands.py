"""How the functions of the standard take their operands: arrays, and numbers beside arrays.

Each public function takes the operands of one call and returns those of the operator. Dtypes
follow NumPy where the standard leaves them open: functions with real-valued results turn
integers into float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.errors import ArgumentError, DTypeError, explain

__all__ = ["PREPARE", "array", "cast", "floating", "number"]

_WHOLE = "iub"
_FLOAT64 = np.dtype(np.float64)


def array(x: Any) -> Any:
    """Return `x` if it is an array of ours or of NumPy, which becomes ours."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, (np.ndarray, np.generic)):
        from dlstudio.core.device import current_context

        device = current_context()
        return ndarray._wrap(device.backend.from_numpy(np.asarray(x)), device)
    raise ArgumentError(
        explain(
            f"{x!r} of type {type(x).__name__} was given.",
            "an array: functions of the array API take no lists, and numbers only beside arrays.",
            "xp.asarray(x)",
        )
    )


def cast(x: Any, dtype: Any) -> Any:
    """Return `x` as another dtype, recorded; itself if it has that dtype."""
    if x._data.dtype == dtype:
        return x
    op = OPS["cast"]
    return invoke(op, (x,), attributes(op, {"dtype": np.dtype(dtype).name}), ndarray)


def number(value: Any, like: Any) -> ndarray:
    """Make a Python number an array of no axes, with the dtype it takes beside `like`.

    Raises
    ------
    DTypeError
        If the number is of a kind that arrays of this dtype do not mix with.
    """
    dtype = like._data.dtype
    if isinstance(value, bool):
        found = np.dtype(bool)
    elif isinstance(value, int):
        found = dtype if dtype.kind != "b" else np.dtype(np.int64)
    elif isinstance(value, float):
        found = dtype if dtype.kind not in _WHOLE else _FLOAT64
    else:
        found = dtype if dtype.kind == "c" else np.result_type(dtype, 1j)
    try:
        host = np.asarray(value, found)
    except OverflowError as error:
        raise DTypeError(explain(f"{error}.", f"a number that {found} holds.")) from None
    device = like._device
    return ndarray._wrap(device.backend.from_numpy(host, ""), device)


def _both(x1: Any, x2: Any) -> tuple[Any, Any]:
    if isinstance(x1, (bool, int, float, complex)) and not isinstance(x1, np.generic):
        x2 = array(x2)
        return number(x1, x2), x2
    x1 = array(x1)
    if isinstance(x2, (bool, int, float, complex)) and not isinstance(x2, np.generic):
        return x1, number(x2, x1)
    return x1, array(x2)


def _common(x: Any) -> Any:
    return cast(x, _FLOAT64) if x._data.dtype.kind in _WHOLE else x


def given(*arrays: Any) -> tuple[Any, ...]:
    """Arrays as they are."""
    return tuple(x if isinstance(x, Tensor) else array(x) for x in arrays)


def floating(x: Any) -> tuple[Any]:
    """One array; integers become float64."""
    return (_common(x if isinstance(x, Tensor) else array(x)),)


def pair(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two operands, one of which may be a Python number."""
    if isinstance(x1, Tensor) and isinstance(x2, Tensor):
        return x1, x2
    return _both(x1, x2)


def floating_pair(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two operands, one of which may be a Python number; if both are integers, float64."""
    x1, x2 = pair(x1, x2)
    if x1._data.dtype.kind in _WHOLE and x2._data.dtype.kind in _WHOLE:
        return cast(x1, _FLOAT64), cast(x2, _FLOAT64)
    return x1, x2


def total(x: Any, dtype: Any) -> tuple[Any]:
    """One array to be added up: small integers become int64 or uint64 unless `dtype` is given."""
    x = x if isinstance(x, Tensor) else array(x)
    kind = x._data.dtype.kind
    if dtype is None and kind in _WHOLE:
        return (cast(x, np.uint64 if kind == "u" else np.int64),)
    return (x,)


PREPARE = {f.__name__: f for f in (given, floating, pair, floating_pair, total)}
