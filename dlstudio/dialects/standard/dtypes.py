"""Dtype objects of the standard, and what can be asked about them.

A dtype object is NumPy's ``numpy.dtype``, which ``x.dtype`` of our arrays is too; it equals the
scalar type and the name that stand for it: ``x.dtype == xp.float32 == numpy.float32``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlstudio.core.avals import is_floating
from dlstudio.core.tensor import Tensor
from dlstudio.dialects.standard.operands import array
from dlstudio.errors import ArgumentError, DTypeError, ParamError, explain
from dlstudio.interop.dtypes import dtype_of
from dlstudio.ops.rules import common_dtype, real_dtype

__all__ = ["DTYPES", "KINDS", "can_cast", "checked", "finfo", "iinfo", "isdtype", "result_type"]

_SIGNED = ("int8", "int16", "int32", "int64")
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
_REAL = ("float32", "float64")
_COMPLEX = ("complex64", "complex128")

DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(name) for name in ("bool", *_SIGNED, *_UNSIGNED, *_REAL, *_COMPLEX)
}

KINDS: dict[str, tuple[str, ...]] = {
    "bool": ("bool",),
    "signed integer": _SIGNED,
    "unsigned integer": _UNSIGNED,
    "integral": (*_SIGNED, *_UNSIGNED),
    "real floating": _REAL,
    "complex floating": _COMPLEX,
    "numeric": (*_SIGNED, *_UNSIGNED, *_REAL, *_COMPLEX),
}
# float16 and bfloat16 (kind V) are floating too, though not the standard's
_MORE = {"real floating": "fV", "numeric": "fV"}


def checked(dtype: Any) -> np.dtype[Any]:
    """Return the dtype object for `dtype`, or raise a DTypeError."""
    try:
        found = dtype_of(dtype)
    except TypeError:
        raise DTypeError(
            explain(f"{dtype!r} is no dtype.", "a dtype object such as xp.float32.")
        ) from None
    if found.kind in "OSUVmM" and found.name != "bfloat16":
        raise DTypeError(explain(f"dtype {found}: arrays hold numbers and truth values."))
    return found


def isdtype(dtype: Any, kind: Any) -> bool:
    """Say whether a dtype is of a kind.

    Parameters
    ----------
    dtype : dtype object
    kind : str, dtype object or tuple of these
        "bool", "signed integer", "unsigned integer", "integral", "real floating",
        "complex floating" or "numeric"; a tuple asks for any of its members.

    Raises
    ------
    ParamError
        If `kind` is a word that is none of these.
    """
    found = checked(dtype)
    if isinstance(kind, tuple):
        return any(isdtype(found, k) for k in kind)
    if not isinstance(kind, str):
        return found == checked(kind)
    if kind not in KINDS:
        raise ParamError(
            f"isdtype: parameter kind must be one of {', '.join(map(repr, KINDS))}. Got {kind!r}."
        )
    return found.name in KINDS[kind] or found.kind in _MORE.get(kind, "-")


def can_cast(from_: Any, to: Any, /) -> bool:
    """Say whether a dtype, or an array's, can be cast to another without losing values."""
    dtype = from_._data.dtype if isinstance(from_, Tensor) else checked(from_)
    return bool(np.can_cast(dtype, checked(to)))


@dataclass(frozen=True)
class FloatInfo:
    """Limits of a floating-point dtype; those of a complex dtype are those of its parts."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class IntegerInfo:
    """Limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: np.dtype[Any]


def _dtype_of(type: Any) -> np.dtype[Any]:  # noqa: A002  the standard's name
    return type._data.dtype if isinstance(type, Tensor) else checked(type)


def finfo(type: Any, /) -> FloatInfo:  # noqa: A002  the standard's name
    """Limits of a floating-point dtype, or of an array's dtype.

    Raises
    ------
    DTypeError
        If it is no floating-point dtype.
    """
    dtype = real_dtype(_dtype_of(type))
    if not is_floating(dtype):
        raise DTypeError(explain(f"finfo: {dtype}.", "a floating-point dtype.", "iinfo(dtype)"))
    facts = _limits(dtype)
    return FloatInfo(
        bits=int(facts.bits),
        eps=float(facts.eps),
        max=float(facts.max),
        min=float(facts.min),
        smallest_normal=float(facts.smallest_normal),
        dtype=dtype,
    )


def _limits(dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return np.finfo(dtype)
    import ml_dtypes

    return ml_dtypes.finfo(dtype)


def iinfo(type: Any, /) -> IntegerInfo:  # noqa: A002  the standard's name
    """Limits of an integer dtype, or of an array's dtype.

    Raises
    ------
    DTypeError
        If it is no integer dtype.
    """
    dtype = _dtype_of(type)
    if dtype.kind not in "iu":
        raise DTypeError(explain(f"iinfo: {dtype}.", "an integer dtype.", "finfo(dtype)"))
    facts = np.iinfo(dtype)
    return IntegerInfo(bits=facts.bits, max=int(facts.max), min=int(facts.min), dtype=dtype)


_RANKS = {bool: "b", int: "iu", float: "fV", complex: "c"}


def _beside(dtype: np.dtype[Any], value: Any) -> np.dtype[Any]:
    """Dtype of an array of `dtype` beside a Python number, which is as weak as its kind allows."""
    order = "b", "iu", "fV", "c"
    have = next(i for i, kinds in enumerate(order) if dtype.kind in kinds)
    need = order.index(_RANKS[type(value)])
    if need <= have:
        return dtype
    return np.result_type(dtype, value)


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """Dtype that arithmetic on the given arrays, dtypes and Python numbers has.

    Raises
    ------
    ArgumentError
        If there is neither an array nor a dtype among them.
    """
    weak = [x for x in arrays_and_dtypes if type(x) in _RANKS]
    strong = [
        x._data.dtype if isinstance(x, Tensor) else _named(x)
        for x in arrays_and_dtypes
        if type(x) not in _RANKS
    ]
    if not strong:
        raise ArgumentError(
            explain("result_type: no array and no dtype was given.", "at least one.")
        )
    found = strong[0]
    for dtype in strong[1:]:
        found = common_dtype(found, dtype)
    for value in weak:
        found = _beside(found, value)
    return found


def _named(x: Any) -> np.dtype[Any]:
    return array(x)._data.dtype if isinstance(x, (np.ndarray, np.generic)) else checked(x)
