"""`mx.np`: NumPy's functions on our arrays, made from the operator table.

It has all names of the array API standard and takes its calls; `mx.array_api` keeps the standard
to the letter, and `mx.np` differs from it only where MXNet programs rely on it:
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as _np

from dlstudio.core.device import Device, current_context
from dlstudio.core.dispatch import attributes, create
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.bind import Namespace, submodules
from dlstudio.dialects.numpy import binary as _binary
from dlstudio.dialects.numpy import calls as _calls
from dlstudio.dialects.numpy import composed as _composed
from dlstudio.dialects.numpy import fallback as _fallback
from dlstudio.dialects.numpy import finance as _finance
from dlstudio.dialects.numpy import functions as _functions
from dlstudio.dialects.numpy import random as _samplers
from dlstudio.dialects.standard import departures as _departures
from dlstudio.dialects.standard import manners as _manners
from dlstudio.dialects.standard import only as _only
from dlstudio.dialects.standard import spectrum as _spectrum
from dlstudio.interop.dtypes import bfloat16 as _bfloat16
from dlstudio.interop.dtypes import dtype_of as _dtype_of

bool_ = _np.bool_
complex64, complex128 = _np.complex64, _np.complex128
float16, float32, float64 = _np.float16, _np.float32, _np.float64
int8, int16, int32, int64 = _np.int8, _np.int16, _np.int32, _np.int64
uint8, uint16, uint32, uint64 = _np.uint8, _np.uint16, _np.uint32, _np.uint64
pi, e, inf, nan, newaxis = _np.pi, _np.e, _np.inf, _np.nan, None
NAN = NaN = nan
PINF, NINF, PZERO, NZERO = inf, -inf, 0.0, -0.0
dtype = _np.dtype

__all__ = ["arange", "array", "empty", "eye", "full", "linspace", "ndarray", "ones", "zeros"]

Shape = int | tuple[int, ...]

if TYPE_CHECKING:  # what `Namespace.attach` and `submodules` add, for type checkers

    def __getattr__(name: str) -> Any: ...


def array(
    object: Any, dtype: Any = None, ctx: Device | None = None, device: Device | None = None
) -> ndarray:
    """Make an array from anything NumPy can read.

    Parameters
    ----------
    object : array-like
    dtype : optional
        Default: that of an array source; float32 for lists and numbers, complex64 for complex ones.
    ctx, device : Device, optional
        Default: the current context.
    """
    from dlstudio.nd import _host

    place = device if device is not None else ctx
    if isinstance(object, Tensor) and object.stype == "default":
        made = object._as(ndarray).astype(dtype or object.dtype)  # a copy that autograd follows
        return made if place is None else made.as_in_ctx(Device(place))
    host = _host(object)
    default = host.dtype if isinstance(object, (_np.ndarray, _np.generic)) else _single(host)
    target = Device(place) if place is not None else current_context()
    return ndarray._wrap(
        target.backend.from_numpy(host.astype(_dtype_of(dtype or default), copy=False)), target
    )


def _single(host: _np.ndarray[Any, Any]) -> _np.dtype[Any]:
    """Dtype of what is no array yet."""
    return _np.dtype("complex64" if host.dtype.kind == "c" else "float32")


def _create(name: str, ctx: Any, out: Any = None, **attrs: Any) -> Any:
    op = OPS[name]
    return create(op, attributes(op, attrs), ctx, ndarray, out)


def zeros(
    shape: Shape, dtype: Any = None, order: str = "C", ctx: Device | None = None, device: Any = None
) -> ndarray:
    """Array of zeros; float32 unless `dtype` says otherwise."""
    del order
    return _create("zeros", device or ctx, shape=shape, dtype=dtype or "float32")


def ones(
    shape: Shape, dtype: Any = None, order: str = "C", ctx: Device | None = None, device: Any = None
) -> ndarray:
    """Array of ones; float32 unless `dtype` says otherwise."""
    del order
    return _create("ones", device or ctx, shape=shape, dtype=dtype or "float32")


_DEFAULTS = {"b": "bool", "c": "complex64"}  # dtypes of numbers, where not float32


def full(
    shape: Shape, fill_value: Any, dtype: Any = None, order: str = "C", ctx: Device | None = None,
    out: Any = None, device: Any = None,
) -> ndarray:  # fmt: skip
    """Array of one number, float32 unless `dtype` says otherwise; a truth value gives bool,
    a complex number complex64.
    """  # noqa: D205
    del order
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    kind = dtype or _DEFAULTS.get(_np.asarray(fill_value).dtype.kind, "float32")
    return _create("full", device or ctx, out, shape=shape, fill_value=fill_value, dtype=kind)


def empty(
    shape: Shape, dtype: Any = None, order: str = "C", ctx: Device | None = None, device: Any = None
) -> ndarray:
    """Array with arbitrary contents, for a caller that overwrites it."""
    del order
    place = device or ctx
    target = Device(place) if place is not None else current_context()
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return ndarray._wrap(target.backend.empty(shape, _dtype_of(dtype or "float32")), target)


def arange(
    start: float, stop: float | None = None, step: float = 1, dtype: Any = None,
    ctx: Device | None = None, device: Any = None,
) -> ndarray:  # fmt: skip
    """Evenly spaced numbers from `start` (0 if only one bound is given) up to but not `stop`."""
    if stop is None:
        start, stop = 0, start
    return _create(
        "arange", device or ctx, start=start, stop=stop, step=step, dtype=dtype or "float32"
    )


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, ctx: Device | None = None, device: Any = None,
) -> Any:  # fmt: skip
    """`num` evenly spaced numbers from `start` to `stop`; with `retstep` also the step."""
    del axis
    numbers = _create(
        "linspace",
        device or ctx,
        start=start,
        stop=stop,
        num=num,
        endpoint=endpoint,
        dtype=dtype or "float32",
    )
    return (numbers, (stop - start) / (num - endpoint or 1)) if retstep else numbers


def eye(
    N: int,
    M: int | None = None,
    k: int = 0,
    dtype: Any = None,
    ctx: Device | None = None,
    **kwargs: Any,
) -> ndarray:
    """Matrix with ones on diagonal `k`."""
    if M == 0:  # which would stand for M = N below, as in MXNet's symbol files
        return zeros((N, 0), dtype, ctx=ctx, device=kwargs.get("device"))
    return _create("eye", kwargs.get("device") or ctx, N=N, M=M or 0, k=k, dtype=dtype or "float32")


def _both_manners(module: Any, prefix: str = "") -> None:
    """Let functions take the calls of the array API standard too."""
    for name in _manners.KEYWORDS:
        place, _, short = name.rpartition(".")
        if place == prefix:
            setattr(module, short, _manners.both(name, getattr(module, short)))


def __getattr__(name: str) -> Any:
    """Load `ml_dtypes` when its dtype is first asked for."""
    if name == "bfloat16":
        return _bfloat16().type
    raise AttributeError(name)


_module = sys.modules[__name__]
vars(_module).update(_fallback.functions() | _functions.FUNCTIONS | _binary.binary_functions())
vars(_module).update(_composed.FUNCTIONS)
vars(_module).update(_only.FUNCTIONS, bool=_np.bool_, **_finance.FUNCTIONS, **_calls.FUNCTIONS)
Namespace("np").attach(_module)
_both_manners(_module)
submodules(_module, "np", ("random", "linalg", "fft"))
vars(sys.modules[f"{__name__}.random"]).update(_samplers.np_functions())
vars(sys.modules[f"{__name__}.fft"]).update(_spectrum.FUNCTIONS)
vars(sys.modules[f"{__name__}.linalg"]).update(_fallback.linalg_functions())
_both_manners(sys.modules[f"{__name__}.linalg"], "linalg")
# programs also write mx.np.multiarray.ndarray, and import from MXNet's other modules inside
multiarray = fallback = function_base = stride_tricks = utils = _module
fallback_linalg = sys.modules[f"{__name__}.linalg"]
__doc__ = f"{__doc__}\n\n{_departures.text()}\n"
