"""Creation functions of the standard: its default dtypes are NumPy's, float64 and int64."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.device import Device, current_context
from dlstudio.core.dispatch import attributes, create, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.standard.dtypes import checked
from dlstudio.dialects.standard.operands import array, cast
from dlstudio.errors import ArgumentError, DeviceError, ParamError, ShapeError, explain

__all__ = ["FUNCTIONS"]

Shape = int | tuple[int, ...]


def _place(device: Any) -> Device:
    return current_context() if device is None else Device(device)


def _wrap(host: np.ndarray[Any, Any], device: Any) -> ndarray:
    place = _place(device)
    return ndarray._wrap(place.backend.from_numpy(host, ""), place)


def _create(name: str, device: Any, **attrs: Any) -> ndarray:
    op = OPS[name]
    return create(op, attributes(op, attrs), device, ndarray)


def _like(x: Any, dtype: Any, device: Any) -> tuple[np.dtype[Any], Device]:
    x = array(x)
    return (
        x._data.dtype if dtype is None else checked(dtype),
        x._device if device is None else Device(device),
    )


def _of_number(value: Any) -> np.dtype[Any]:
    """Default dtype of a Python number."""
    return np.dtype({bool: "bool", int: "int64", float: "float64"}.get(type(value), "complex128"))


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None
) -> ndarray:
    """Evenly spaced numbers from `start` (0 if only one bound is given) up to but not `stop`.

    Parameters
    ----------
    start, stop, step : int or float
        `step` must not be 0.
    dtype : dtype object, optional
        Default: int64 if all three are integers, else float64.
    device : Device, optional
    """
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise ParamError("arange: parameter step must not be 0.")
    if dtype is None:
        dtype = "int64" if all(isinstance(v, int) for v in (start, stop, step)) else "float64"
    return _wrap(np.arange(start, stop, step, dtype=checked(dtype)), device)


def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
) -> ndarray:
    """Make an array of `obj`.

    Parameters
    ----------
    obj : array, number, nested sequence of numbers, or object with DLPack or the buffer protocol
    dtype : dtype object, optional
        Default: that of an array; bool, int64, float64 or complex128 for numbers.
    device : Device, optional
        Default: that of an array of ours, else the current one.
    copy : bool, optional
        True copies always, False never. By default memory on the CPU is shared where it can be.

    Raises
    ------
    ParamError
        If `copy` is False and a copy is needed.
    """
    dtype = None if dtype is None else checked(dtype)
    if isinstance(obj, Tensor):
        return _from_ours(obj, dtype, device, copy)
    if not isinstance(obj, np.ndarray) and hasattr(obj, "__dlpack__"):
        return _from_ours(from_dlpack(obj), dtype, device, copy)
    host = np.asarray(_plain(obj))
    checked(host.dtype)
    wanted = host.dtype if dtype is None else dtype
    if copy or not _can_share(obj, host, wanted, device):
        if copy is False:
            raise _copy_needed("asarray")
        return _wrap(host.astype(wanted, copy=False), device)
    return ndarray._wrap(host, _place(device))


def _plain(obj: Any) -> Any:
    """Nested sequences of arrays as nested sequences that NumPy reads."""
    if isinstance(obj, Tensor):
        return obj.asnumpy()
    if isinstance(obj, (list, tuple)):
        return [_plain(x) for x in obj]
    return obj


def _can_share(obj: Any, host: Any, dtype: Any, device: Any) -> bool:
    """Whether NumPy memory can be used as it is."""
    return (
        not isinstance(obj, (list, tuple, bool, int, float, complex, np.generic))
        and host.dtype == dtype
        and host.dtype.isnative
        and host.flags.c_contiguous
        and host.flags.writeable
        and _place(device).device_type != "gpu"
    )


def _copy_needed(name: str) -> ParamError:
    return ParamError(
        explain(
            f"{name}: copy=False, but dtype, device or layout need a copy.",
            "an array that is already what is asked for.",
            f"{name}(x, copy=None), which copies where it must",
        )
    )


def _from_ours(x: Any, dtype: Any, device: Any, copy: bool | None) -> Any:
    x = x._as(ndarray)
    place = x._device if device is None else Device(device)
    # not `dtype in (None, …)`: NumPy's float64 equals None
    same = x._device is place and (dtype is None or dtype == x._data.dtype)
    if same:
        return x.copy() if copy else x
    if copy is False:
        raise _copy_needed("asarray")
    moved = x if x._device is place else x.as_in_context(place)
    return moved if dtype is None else cast(moved, dtype)


def empty(shape: Shape, *, dtype: Any = None, device: Any = None) -> ndarray:
    """Array with arbitrary contents, float64 by default."""
    place = _place(device)
    lengths = (shape,) if isinstance(shape, int) else tuple(shape)
    if min(lengths, default=0) < 0:
        raise ShapeError(f"empty: parameter shape must have lengths >= 0. Got {lengths}.")
    return ndarray._wrap(place.backend.empty(lengths, checked(dtype or "float64")), place)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> ndarray:
    """Array with arbitrary contents, of the shape, dtype and device of `x` by default."""
    kind, place = _like(x, dtype, device)
    return empty(x.shape, dtype=kind, device=place)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None
) -> ndarray:
    """Matrix with ones on diagonal `k`, float64 by default."""
    columns = n_rows if n_cols is None else n_cols
    place, kind = _place(device), checked(dtype or "float64")
    return ndarray._wrap(place.xp.eye(n_rows, columns, k, kind), place)


_DL_CPU, _DL_CUDA = 1, 2


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> ndarray:
    """Look at the memory of another library's array through DLPack.

    Parameters
    ----------
    x : object with ``__dlpack__`` and ``__dlpack_device__``
    device : Device, optional
        Where the result lies; by default where `x` does.
    copy : bool, optional
        True copies always, False never (an error if `device` asks for one).

    Raises
    ------
    ArgumentError
        If `x` does not speak DLPack.
    DeviceError
        If `x` lies on a device that is neither a CPU nor a CUDA GPU.
    """
    if not hasattr(x, "__dlpack__") or not hasattr(x, "__dlpack_device__"):
        raise ArgumentError(
            explain(f"from_dlpack: {type(x).__name__} has no __dlpack__.", "an array.")
        )
    kind, number = x.__dlpack_device__()
    if kind not in (_DL_CPU, _DL_CUDA):
        raise DeviceError(f"from_dlpack: DLPack device type {int(kind)} is no CPU and no CUDA GPU.")
    found = _shared(x, Device("gpu", number) if kind == _DL_CUDA else Device("cpu", 0))
    target = found._device if device is None else Device(device)
    if target is not found._device:
        if copy is False:
            raise _copy_needed("from_dlpack")
        return found.as_in_context(target)
    return found.copy() if copy else found


def _shared(x: Any, source: Device) -> ndarray:
    from dlstudio.nd import from_dlpack as shared

    if isinstance(x, Tensor):
        return x.detach()._as(ndarray)
    array = shared(x)._data if source.device_type == "cpu" else source.xp.from_dlpack(x)
    return ndarray._wrap(array, source)


def full(shape: Shape, fill_value: Any, *, dtype: Any = None, device: Any = None) -> ndarray:
    """Array of one number, of the number's dtype (bool, int64, float64, complex128) by default."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    kind = _of_number(fill_value) if dtype is None else checked(dtype)
    return _create("full", device, shape=shape, fill_value=fill_value, dtype=kind)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> ndarray:
    """Array of one number, of the shape, dtype and device of `x` by default."""
    kind, place = _like(x, dtype, device)
    return full(x.shape, fill_value, dtype=kind, device=place)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None,
    endpoint: bool = True,
) -> ndarray:  # fmt: skip
    """`num` evenly spaced numbers from `start` to `stop`, float64 (or complex128) by default."""
    if num < 0:
        raise ParamError(f"linspace: parameter num must be an integer >= 0. Got {num}.")
    if dtype is None:
        dtype = "complex128" if complex in (type(start), type(stop)) else "float64"
    numbers = np.linspace(start, stop, num, endpoint=endpoint, dtype=checked(dtype))
    return _wrap(numbers, device)


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[ndarray]:
    """Coordinate arrays of the grid spanned by vectors of one dtype.

    Parameters
    ----------
    *arrays : vectors
    indexing : {"xy", "ij"}
        "xy" lets the second vector run along the first axis.
    """
    if not arrays:
        return []
    if len({array(x)._data.dtype for x in arrays}) > 1:
        raise ParamError("meshgrid: the vectors must have one dtype. Cast them before.")
    op = OPS["_npi_meshgrid"]
    grids = invoke(op, tuple(arrays), attributes(op, {"indexing": indexing}), ndarray)
    return list(grids) if isinstance(grids, (list, tuple)) else [grids]


def ones(shape: Shape, *, dtype: Any = None, device: Any = None) -> ndarray:
    """Array of ones, float64 by default."""
    return _create("ones", device, shape=shape, dtype=checked(dtype or "float64"))


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> ndarray:
    """Ones of the shape, dtype and device of `x` by default."""
    kind, place = _like(x, dtype, device)
    return ones(x.shape, dtype=kind, device=place)


def zeros(shape: Shape, *, dtype: Any = None, device: Any = None) -> ndarray:
    """Array of zeros, float64 by default."""
    return _create("zeros", device, shape=shape, dtype=checked(dtype or "float64"))


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> ndarray:
    """Zeros of the shape, dtype and device of `x` by default."""
    kind, place = _like(x, dtype, device)
    return zeros(x.shape, dtype=kind, device=place)


FUNCTIONS = {
    f.__name__: f
    for f in (
        arange, asarray, empty, empty_like, eye, from_dlpack, full, full_like, linspace, meshgrid,
        ones, ones_like, zeros, zeros_like,
    )
}  # fmt: skip
