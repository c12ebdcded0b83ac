"""`mx.nd`: MXNet's classic array functions, from the operator table, and how arrays are made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as _np

from dlstudio.core.device import Device, current_context
from dlstudio.core.dispatch import attributes, create
from dlstudio.core.registry import OPS
from dlstudio.core.sparse import BaseSparseNDArray, on_device
from dlstudio.core.sparse_kinds import wrap
from dlstudio.core.sparse_storage import is_sparse
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.core.tensor import ndarray as _np_ndarray
from dlstudio.dialects import custom as _custom
from dlstudio.dialects import random as _samplers
from dlstudio.dialects import sparse as _sparse
from dlstudio.dialects.bind import Namespace, submodules
from dlstudio.dialects.legacy import functions as _functions
from dlstudio.dialects.operators import number_functions
from dlstudio.errors import ArgumentError, DTypeError, ShapeError, explain
from dlstudio.interop.dtypes import dtype_of as _dtype_of
from dlstudio.interop.dtypes import numbers as _numbers

__all__ = [
    "NDArray",
    "arange",
    "array",
    "concatenate",
    "empty",
    "eye",
    "from_dlpack",
    "from_numpy",
    "full",
    "linspace",
    "load",
    "load_frombuffer",
    "ones",
    "save",
    "to_dlpack_for_read",
    "to_dlpack_for_write",
    "waitall",
    "zeros",
]

Shape = int | tuple[int, ...]

if TYPE_CHECKING:  # what `Namespace.attach` and `submodules` add, for type checkers

    def __getattr__(name: str) -> Any: ...


def array(source_array: Any, ctx: Device | None = None, dtype: Any = None) -> NDArray:
    """Make an array from anything NumPy can read; always a copy.

    Parameters
    ----------
    source_array : array-like
    ctx : Device, optional
        Default: the current context.
    dtype : optional
        Default: that of an NDArray source, else float32, whatever the source holds.
    """
    if getattr(source_array, "stype", "default") != "default" or _sparse.is_scipy(source_array):
        return _sparse.array(source_array, ctx, dtype)
    if isinstance(source_array, Tensor):
        host, default = source_array.asnumpy(), source_array._data.dtype
    else:
        host, default = _host(source_array), _np.dtype(_np.float32)
    device = Device(ctx) if ctx is not None else current_context()
    return NDArray._wrap(device.backend.from_numpy(_numbers(host, dtype or default)), device)


def _host(source: Any) -> _np.ndarray[Any, Any]:
    if isinstance(source, (list, tuple)) and any(isinstance(x, Tensor) for x in source):
        source = [x.asnumpy() if isinstance(x, Tensor) else x for x in source]
    try:
        host = _np.asarray(source)
    except ValueError as error:
        raise DTypeError(
            explain(
                f"array: {error}", "rows of equal length.", "pad the rows, or keep a list of arrays"
            )
        ) from None
    if host.dtype == object:
        raise DTypeError(
            explain(
                f"array: the source holds Python objects ({type(source).__name__}).",
                "numbers in a rectangular arrangement.",
            )
        )
    return host


def from_numpy(
    ndarray: _np.ndarray[Any, Any], zero_copy: bool = True, array_cls: type[NDArray] = NDArray
) -> NDArray:
    """Look at a NumPy array's memory as an array on ``cpu(0)``; no bytes move.

    Parameters
    ----------
    ndarray : C-contiguous array
        It is made read-only, since both sides see every change.
    zero_copy : bool
        With False the memory is copied.
    array_cls : class of the result: `NDArray`, or the `ndarray` of mx.np

    Raises
    ------
    DTypeError
        If the array is not contiguous.
    """
    if not isinstance(ndarray, _np.ndarray):
        raise ArgumentError(
            f"from_numpy: parameter ndarray must be a NumPy array. Got {type(ndarray).__name__}."
        )
    if not zero_copy:
        return array(ndarray, ctx=Device("cpu", 0), dtype=ndarray.dtype)._as(array_cls)
    if not ndarray.flags.c_contiguous:
        raise DTypeError(
            explain(
                f"from_numpy: the array of shape {ndarray.shape} is not C-contiguous.",
                "one unbroken stretch of memory, for zero_copy=True.",
                "nd.from_numpy(np.ascontiguousarray(x)), or zero_copy=False",
            )
        )
    view = ndarray.view(_np.ndarray)
    tensor = array_cls._wrap(view[...], Device("cpu", 0))
    ndarray.flags.writeable = False
    return tensor


def from_dlpack(dlpack: Any) -> NDArray:
    """Look at memory handed over by DLPack (torch, CuPy, NumPy …); no bytes move."""
    source = dlpack if hasattr(dlpack, "__dlpack__") else _Capsule(dlpack)
    kind, number = source.__dlpack_device__()
    if kind == _DLPACK_CUDA:
        device = Device("gpu", number)
        return NDArray._wrap(device.xp.from_dlpack(source), device)
    return NDArray._wrap(_writable(_np.from_dlpack(source)), Device("cpu", 0))


_DLPACK_CUDA = 2  # DLDeviceType.kDLCUDA


class _Capsule:
    """Dresses a bare DLPack capsule as the object today's `from_dlpack` expects."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # MXNet's bare capsules are on the CPU


class _Lent:
    """Keeps memory alive for a writable array over it; NumPy reads `__array_interface__`."""

    __slots__ = ("__array_interface__", "__weakref__", "_source")

    def __init__(self, source: Any, interface: dict[str, Any]) -> None:
        self._source, self.__array_interface__ = source, interface


def _writable(array: _np.ndarray[Any, Any]) -> _np.ndarray[Any, Any]:
    """The same memory, writable: capsules of the first DLPack version cannot say they are."""
    if array.flags.writeable:
        return array
    interface = dict(array.__array_interface__)
    interface["data"] = (interface["data"][0], False)
    return _np.asarray(_Lent(array, interface))


def to_dlpack_for_read(data: Tensor) -> Any:
    """Return a DLPack capsule that shares the memory of `data`."""
    return data.__dlpack__()


to_dlpack_for_write = to_dlpack_for_read


def _create(name: str, ctx: Any, out: Any, **attrs: Any) -> Any:
    op = OPS[name]
    return create(op, attributes(op, attrs), ctx, NDArray, out)


def zeros(
    shape: Shape,
    ctx: Device | None = None,
    dtype: Any = None,
    stype: str | None = None,
    **kwargs: Any,
) -> NDArray:
    """Array of zeros; float32 unless `dtype` says otherwise; `stype` may name sparse storage."""
    if stype not in (None, "default"):
        return _sparse.zeros(stype, shape, ctx, dtype, **kwargs)
    return _create("zeros", ctx, kwargs.get("out"), shape=shape, dtype=dtype or "float32")


def ones(shape: Shape, ctx: Device | None = None, dtype: Any = None, **kwargs: Any) -> NDArray:
    """Array of ones; float32 unless `dtype` says otherwise."""
    return _create("ones", ctx, kwargs.get("out"), shape=shape, dtype=dtype or "float32")


def full(
    shape: Shape, val: float, ctx: Device | None = None, dtype: Any = None, out: Any = None
) -> NDArray:
    """Array of the number `val`; float32 unless `dtype` says otherwise."""
    return _create("full", ctx, out, shape=shape, fill_value=val, dtype=dtype or "float32")


def empty(
    shape: Shape, ctx: Device | None = None, dtype: Any = None, stype: str | None = None
) -> NDArray:
    """Array with arbitrary contents, for a caller that overwrites it."""
    if stype not in (None, "default"):
        return _sparse.empty(stype, shape, ctx, dtype)
    device = Device(ctx) if ctx is not None else current_context()
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return NDArray._wrap(device.backend.empty(shape, _dtype_of(dtype or "float32")), device)


def arange(
    start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1,
    infer_range: bool | None = None, ctx: Device | None = None, dtype: Any = None,
) -> NDArray:  # fmt: skip
    """Evenly spaced numbers from `start` (0 if only one bound is given) up to but not `stop`."""
    del infer_range
    if stop is None:
        start, stop = 0, start
    return _create(
        "_arange",
        ctx,
        None,
        start=start,
        stop=stop,
        step=step,
        repeat=repeat,
        dtype=dtype or "float32",
    )


def linspace(
    start: float, stop: float, num: int, endpoint: bool = True,
    ctx: Device | None = None, dtype: Any = None,
) -> NDArray:  # fmt: skip
    """`num` evenly spaced numbers from `start` to `stop`."""
    return _create(
        "linspace",
        ctx,
        None,
        start=start,
        stop=stop,
        num=num,
        endpoint=endpoint,
        dtype=dtype or "float32",
    )


def eye(
    N: int, M: int = 0, k: int = 0, ctx: Device | None = None, dtype: Any = None, **kwargs: Any
) -> NDArray:
    """Matrix with ones on diagonal `k`."""
    return _create("eye", ctx, kwargs.get("out"), N=N, M=M, k=k, dtype=dtype or "float32")


def concatenate(arrays: Any, axis: int = 0, always_copy: bool = True) -> NDArray:
    """Join arrays along an axis."""
    del always_copy
    return sys.modules[__name__].concat(*arrays, dim=axis)


def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """Write one-hot rows for `indices` into the matrix `out`."""
    if getattr(out, "ndim", 0) != 2:
        raise ShapeError("onehot_encode: parameter out must be a matrix, a row for each index.")
    out[:] = sys.modules[__name__].one_hot(indices, depth=out.shape[1])
    return out


def waitall() -> None:
    """Return when all devices have finished."""
    for device in list(Device._made.values()):
        if device._backend is not None:
            device._backend.synchronize()


def save(fname: Any, data: Any) -> None:
    """Write arrays to a file in MXNet's ``.params`` format.

    Parameters
    ----------
    fname : path
    data : NDArray, list of NDArray, or dict of str to NDArray
    """
    from dlstudio.interop import params

    tensors = {name: _saveable(x) for name, x in _named(data)}
    new = any(isinstance(x, _np_ndarray) for x in tensors.values())
    arrays = {name: _on_host(x) for name, x in tensors.items()}
    params.save(
        fname, arrays if isinstance(data, dict) else list(arrays.values()), numpy_shapes=new
    )


def _on_host(x: Tensor) -> Any:
    return x._on_host() if isinstance(x, BaseSparseNDArray) else x.asnumpy()


def _named(data: Any) -> Any:
    if not isinstance(data, dict):
        return enumerate(data if isinstance(data, (list, tuple)) else [data])
    for name in data:
        if not isinstance(name, str):
            raise DTypeError(explain(f"save: {name!r} is among the names.", "names of type str."))
    return data.items()


def _saveable(x: Any) -> Tensor:
    if not isinstance(x, Tensor):
        raise DTypeError(
            explain(
                f"save: a {type(x).__name__} is among the values.",
                "an array, a list of arrays, or a dict of str to array.",
                "mx.nd.array(x)",
            )
        )
    return x


def load(fname: Any) -> Any:
    """Read arrays from a ``.params`` file: a list, or a dict if they were saved with names.

    Raises
    ------
    FileFormatError
        If the file is truncated, corrupt or of another kind.
    """
    from dlstudio.interop import params

    return _loaded(params.load(fname))


def load_frombuffer(buf: bytes) -> Any:
    """Read arrays from the bytes of a ``.params`` file."""
    from dlstudio.interop import params

    return _loaded(params.loads(buf))


def _loaded(found: Any) -> Any:
    device = current_context()

    def dress(x: Any) -> Any:
        if is_sparse(x):
            return wrap(on_device(x, device), device)
        return (
            NDArray._wrap(device.backend.from_numpy(x), device) if isinstance(x, _np.ndarray) else x
        )

    return (
        {k: dress(x) for k, x in found.items()}
        if isinstance(found, dict)
        else [dress(x) for x in found]
    )


def __getattr__(name: str) -> Any:
    """Find ``nd.np`` and ``nd.npx``, which hybrid blocks call as ``F.np`` and ``F.npx``."""
    if name in ("np", "npx"):
        import importlib

        return importlib.import_module(f"dlstudio.{name}")
    if name == "CachedOp":
        from dlstudio.graph.capture import CachedOp

        return CachedOp
    raise AttributeError(name)


_module = sys.modules[__name__]
vars(_module).update(number_functions("nd") | _functions.FUNCTIONS)
Namespace("nd").attach(_module)
submodules(_module, "nd", ("random", "contrib", "linalg", "image", "sparse", "op", "_internal"))
vars(_module)["Custom"] = vars(_module)["op"].Custom = _custom.nd_custom
vars(sys.modules[f"{__name__}.sparse"]).update(_sparse.functions())
# programs also write mx.nd.ndarray.NDArray
vars(_module)["ndarray"] = vars(_module)["utils"] = _module
vars(_module)["cast_storage"] = _sparse.cast_storage
vars(sys.modules[f"{__name__}.random"]).update(_samplers.nd_functions())
vars(sys.modules[f"{__name__}.contrib"]).update(_functions.CONTRIB)
