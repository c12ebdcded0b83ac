"""Array methods that are no operators of the table: indexing, relabelling, casting in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dlstudio.core.device import Device
from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray, ndarray
from dlstudio.dialects import indexing
from dlstudio.dialects.numpy.calls import METHODS
from dlstudio.errors import DTypeError, ParamError
from dlstudio.interop.dtypes import dtype_of
from dlstudio.trace import copies

__all__ = ["install"]


def _get(self: Any, key: Any) -> Any:
    return indexing.get(self, key)


def _set(self: Any, key: Any, value: Any) -> None:
    indexing.set(self, key, value)


def _iterate(self: Any) -> Iterator[Any]:
    if not self._data.ndim:  # said here, not at the first step, so that `iter` can be asked
        raise DTypeError("iteration over an array without axes")
    return (self[i] for i in range(self._data.shape[0]))


def _astype(self: Any, dtype: Any, copy: bool = True, **_: Any) -> Any:
    """Convert to another dtype.

    Parameters
    ----------
    dtype : str, numpy.dtype or type
    copy : bool
        With False an array that has the dtype already is returned as it is.
    """
    name = dtype_of(dtype).name
    if self._data.dtype.name == name:
        if not copy:
            return self
        place = str(self._device)
        copies.count(place, place, self._data.nbytes, "astype()")
    op = OPS["cast"]
    return invoke(op, (self,), attributes(op, {"dtype": name}), self.__class__)


def _np_astype(
    self: Any, dtype: Any, order: str = "K", casting: Any = "unsafe", subok: bool = True,
    copy: bool = True,
) -> Any:  # fmt: skip
    """Convert to another dtype.

    Parameters
    ----------
    dtype : str, numpy.dtype or type
    order, subok : accepted as NumPy's method does; arrays are stored in C order
    casting : "unsafe", or a rule of `numpy.can_cast` that the conversion has to keep
    copy : bool
        With False an array that has the dtype already is returned as it is.

    Raises
    ------
    DTypeError
        If the conversion breaks the rule `casting`.
    """
    if casting != "unsafe" and not np.can_cast(self._data.dtype, dtype_of(dtype), casting):
        raise DTypeError(
            f"astype: {self._data.dtype} does not become {dtype_of(dtype)} under the rule "
            f"casting={casting!r}. Fix: x.astype(dtype), which is unsafe"
        )
    return _astype(self, dtype, copy)


def _np_copy(self: Any, order: str = "C") -> Any:
    """Copy into new memory on the same device; recorded, so gradients flow through."""
    return NDArray.copy(self)


def _as_in_ctx(self: Any, ctx: Any) -> Any:
    """Return this array on `ctx`: itself if it is there already, else a copy."""
    return self.as_in_context(ctx)


def _as_nd_ndarray(self: Any) -> NDArray:
    """Return the same memory as an array of the classic dialect."""
    return self._as(NDArray)


def _as_np_ndarray(self: Any) -> ndarray:
    """Return the same memory as an array of the NumPy dialect."""
    return self._as(ndarray)


def _tostype(self: Any, stype: str) -> Any:
    """Convert to the storage "default", "row_sparse" or "csr"; recorded.

    Raises
    ------
    ParamError
        If the storage type is not known.
    """
    if stype == "default":
        return self
    if stype not in ("row_sparse", "csr"):
        raise ParamError(
            "tostype: parameter stype must be one of 'default', 'row_sparse', 'csr'. "
            f"Got {stype!r}."
        )
    if isinstance(self, ndarray):
        raise ParamError(
            "tostype: arrays of the NumPy dialect are dense. Fix: x.as_nd_ndarray().tostype(...)"
        )
    from dlstudio.core.sparse_calls import cast_storage

    return cast_storage(self, stype)


def _broadcast_like(self: Any, other: Any, lhs_axes: Any = None, rhs_axes: Any = None) -> Any:
    """Stretch axes of length 1 to the shape of `other`, or only `lhs_axes` to its `rhs_axes`."""
    op = OPS["broadcast_like"]
    attrs = attributes(op, {"lhs_axes": lhs_axes, "rhs_axes": rhs_axes})
    return invoke(op, (self, other), attrs, self.__class__)


def _slice_assign_scalar(self: Any, value: float, begin: Any, end: Any, step: Any = None) -> Any:
    """Return a copy with the number `value` in the part from `begin` to `end`."""
    op = OPS["_slice_assign_scalar"]
    given = {"scalar": value, "begin": begin, "end": end}
    attrs = attributes(op, given if step is None else {**given, "step": step})
    return invoke(op, (self,), attrs, self.__class__)


def _transposed(self: Any) -> Any:
    """The array with its axes reversed."""
    return self.transpose()


def _drop_grad(self: Any) -> None:
    """Give the gradient buffer up again: the opposite of `attach_grad`."""
    self._attach(None, "null")


def _writable(self: Any) -> bool:
    """Whether the elements may be changed."""
    return bool(getattr(getattr(self._data, "flags", None), "writeable", True))


def _to_dlpack_for_read(self: Any) -> Any:
    """Return a DLPack capsule that shares the memory."""
    return self.__dlpack__()


def _to_device(self: Any, device: Any) -> Any:
    """Return the array on another device."""
    return self.as_in_context(Device(device))


def install() -> None:
    """Hang the methods on both classes."""
    methods: dict[str, Any] = {
        "__getitem__": _get,
        "__setitem__": _set,
        "__iter__": _iterate,
        "astype": _astype,
        "as_nd_ndarray": _as_nd_ndarray,
        "as_np_ndarray": _as_np_ndarray,
        "tostype": _tostype,
        "T": property(_transposed),
        "writable": property(_writable),
        "to_dlpack_for_read": _to_dlpack_for_read,
        "to_dlpack_for_write": _to_dlpack_for_read,
        "to_device": _to_device,
        "broadcast_like": _broadcast_like,
        "slice_assign_scalar": _slice_assign_scalar,
    }
    for name, method in methods.items():
        setattr(NDArray, name, method)
    newer: Any = ndarray  # MXNet 2's array has it, that of 1.9 has not
    newer.drop_grad = _drop_grad
    newer.sort, newer.argsort = METHODS["sort"], METHODS["argsort"]
    newer.astype, newer.copy, newer.as_in_ctx = _np_astype, _np_copy, _as_in_ctx
