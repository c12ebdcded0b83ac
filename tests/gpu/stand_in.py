"""A simulated CuPy for machines without a GPU: CuPy's names and refusals over NumPy's memory.

It refuses what CuPy refuses: implicit conversion to NumPy (`__array__`), NumPy arrays among the
operands, and functions CuPy does not have. It never ships: results computed with it say
"simulated" and prove nothing about speed or rounding on a GPU.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

__all__ = ["make"]

# the functions of CuPy 13 that NumPy has too (from its API reference)
FUNCTIONS = frozenset(
    """
        abs absolute add all allclose amax amin angle any append apply_along_axis arange arccos
        arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort
        argwhere around array array_equal array_split asanyarray asarray ascontiguousarray
        asfortranarray atleast_1d atleast_2d atleast_3d average bincount bitwise_and bitwise_not
        bitwise_or bitwise_xor blackman broadcast_arrays broadcast_to cbrt ceil choose clip
        column_stack compress concatenate conj conjugate copy copysign copyto corrcoef cos cosh
        count_nonzero cov cross cumprod cumsum deg2rad degrees delete diag diag_indices
        diag_indices_from diagflat diagonal diff digitize divide divmod dot dsplit dstack
        ediff1d einsum empty empty_like equal exp exp2 expand_dims expm1 extract eye
        fill_diagonal fix flatnonzero flip fliplr flipud float_power floor floor_divide fmax
        fmin fmod frexp full full_like gcd gradient greater greater_equal hamming hanning
        heaviside histogram histogram2d hsplit hstack hypot i0 identity imag indices inner
        interp invert isclose isfinite isin isinf isnan isneginf isposinf isreal ix_ kron lcm
        ldexp left_shift less less_equal lexsort linspace log log10 log1p log2 logaddexp
        logaddexp2 logical_and logical_not logical_or logical_xor logspace matmul max maximum
        may_share_memory mean median meshgrid min minimum mod modf moveaxis multiply nan_to_num
        nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile
        nanprod nanquantile nanstd nansum nanvar negative nextafter nonzero not_equal ones
        ones_like outer pad partition percentile place polyval positive power prod ptp put
        putmask quantile rad2deg radians ravel ravel_multi_index real reciprocal remainder
        repeat reshape resize result_type right_shift rint roll rollaxis rot90 round
        searchsorted select setdiff1d shares_memory sign signbit sin sinc sinh size sort split
        sqrt square squeeze stack std subtract sum swapaxes take take_along_axis tan tanh
        tensordot tile trace transpose trapezoid tri tril tril_indices triu triu_indices
        true_divide trunc unique unravel_index unwrap var vdot vsplit vstack where zeros
        zeros_like
    """.split()
)
BORROWED = """
    bool_ float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64
    complex128 dtype finfo iinfo inf nan pi e newaxis promote_types can_cast issubdtype generic
    floating integer number broadcast_shapes ndindex
""".split()
UFUNC_METHODS = ("reduce", "accumulate", "at", "outer", "reduceat")


class ndarray:  # noqa: N801  CuPy's name
    """An array that only other arrays of this module, and numbers, may meet."""

    __slots__ = ("_a",)
    __array_priority__ = 100
    __array_ufunc__ = None

    def __init__(self, array: np.ndarray) -> None:
        self._a = array

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Use `.get()`. (simulated)"
        )

    def get(self, out: np.ndarray | None = None) -> np.ndarray:
        """Copy to the host."""
        if out is None:
            return self._a.copy()
        out[...] = self._a
        return out

    def set(self, array: np.ndarray) -> None:
        """Copy from the host."""
        if not isinstance(array, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray (simulated)")
        self._a[...] = array

    def __dlpack__(self, stream: Any = None, **_: Any) -> Any:
        """A capsule over this memory; it says CPU, since that is what reads it here."""
        return self._a.__dlpack__(max_version=(1, 0))

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0  # kDLCUDA

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._a, name)
        return _guarded(value) if callable(value) else wrap(value)

    @property
    def flags(self) -> Any:
        """Contiguity flags."""
        return self._a.flags

    @property
    def base(self) -> Any:
        """Owner of the memory, or None."""
        return wrap(self._a.base) if isinstance(self._a.base, np.ndarray) else None

    @property
    def data(self) -> Any:
        """Pointer object, as CuPy's `MemoryPointer` shows it."""
        return types.SimpleNamespace(ptr=self._a.ctypes.data)

    def __getitem__(self, key: Any) -> Any:
        return wrap(self._a[unwrap(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self._a[unwrap(key)] = unwrap(value)

    def __len__(self) -> int:
        return len(self._a)

    def __iter__(self) -> Any:
        return (wrap(row) for row in self._a)

    def __repr__(self) -> str:
        return f"simulated {self._a!r}"

    def __float__(self) -> float:
        return float(self._a)

    def __int__(self) -> int:
        return int(self._a)

    def __bool__(self) -> bool:
        return bool(self._a)

    def __index__(self) -> int:
        return self._a.__index__()

    __hash__ = None


def _operator(name: str) -> Any:
    def operator(self: ndarray, *others: Any) -> Any:
        return wrap(getattr(self._a, name)(*[unwrap(o) for o in others]))

    return operator


_BINARY = """
    add sub mul truediv floordiv mod pow matmul and or xor lshift rshift
""".split()
for _name in _BINARY:
    for _prefix in ("", "r"):
        setattr(ndarray, f"__{_prefix}{_name}__", _operator(f"__{_prefix}{_name}__"))
for _name in ("eq", "ne", "lt", "le", "gt", "ge", "neg", "abs", "invert", "pos"):
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))


def _inplace(name: str) -> Any:
    def operator(self: ndarray, other: Any) -> Any:
        getattr(self._a, name)(unwrap(other))
        return self

    return operator


for _name in _BINARY:
    if _name != "matmul":
        setattr(ndarray, f"__i{_name}__", _inplace(f"__i{_name}__"))


def wrap(value: Any) -> Any:
    """Dress results; CuPy's reductions answer 0-d arrays where NumPy answers scalars."""
    if isinstance(value, (np.ndarray, np.generic)):
        return ndarray(np.asarray(value))
    if isinstance(value, (tuple, list)):
        return (
            type(value)(wrap(v) for v in value)
            if type(value) in (tuple, list)
            else tuple(map(wrap, value))
        )
    return value


def unwrap(value: Any) -> Any:
    """Undress operands, refusing NumPy arrays as CuPy does."""
    if isinstance(value, ndarray):
        return value._a
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'> (simulated)")
    if isinstance(value, (tuple, list)):
        return type(value)(unwrap(v) for v in value)
    if isinstance(value, dict):
        return {k: unwrap(v) for k, v in value.items()}
    return value


def _guarded(function: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out")
        result = function(*[unwrap(a) for a in args], **{k: unwrap(v) for k, v in kwargs.items()})
        return out if isinstance(out, ndarray) else wrap(result)

    for name in UFUNC_METHODS if isinstance(function, np.ufunc) else ():
        setattr(call, name, _guarded(getattr(function, name)))
    return call


class _Generator:
    """`cupy.random.Generator` over NumPy's."""

    def __init__(self, bits: Any) -> None:
        self._rng = np.random.Generator(bits)

    def __getattr__(self, name: str) -> Any:
        return _guarded(getattr(self._rng, name))


class _Device:
    def __init__(self, number: int = 0) -> None:
        self.id = number

    def __enter__(self) -> _Device:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def synchronize(self) -> None:
        """Nothing runs in the background here."""


def make(devices: int = 1) -> types.ModuleType:
    """A module to put into ``sys.modules["cupy"]``."""
    module = types.ModuleType("cupy", "simulated")
    module.ndarray = ndarray
    module.__version__ = "simulated"
    for name in BORROWED:
        setattr(module, name, getattr(np, name))
    for name in FUNCTIONS:
        function = getattr(np, name, None)
        if function is not None:
            setattr(module, name, _guarded(function))
    module.asarray = lambda x, dtype=None: ndarray(
        np.array(x._a if isinstance(x, ndarray) else x, dtype=dtype)
    )
    module.array = module.asarray
    module.asnumpy = lambda x: x.get() if isinstance(x, ndarray) else np.asarray(x)
    module.from_dlpack = lambda x: ndarray(np.from_dlpack(x))
    module.random = types.SimpleNamespace(Generator=_Generator, Philox4x3210=np.random.Philox)
    module.linalg = types.SimpleNamespace(
        **{
            n: _guarded(getattr(np.linalg, n))
            for n in """
                norm inv det slogdet svd qr cholesky solve eigh eigvalsh pinv matrix_power
                matrix_rank tensorsolve tensorinv lstsq
            """.split()
        }
    )
    module.fft = types.SimpleNamespace(
        **{
            n: _guarded(getattr(np.fft, n))
            for n in "fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft".split()
        }
    )
    module.lib = types.SimpleNamespace(
        stride_tricks=types.SimpleNamespace(
            as_strided=_guarded(np.lib.stride_tricks.as_strided),
            sliding_window_view=_guarded(np.lib.stride_tricks.sliding_window_view),
        )
    )

    class CUDARuntimeError(RuntimeError):
        """What CuPy raises without a driver."""

    module.cuda = types.SimpleNamespace(
        Device=_Device,
        runtime=types.SimpleNamespace(
            getDeviceCount=lambda: devices,
            memGetInfo=lambda: (1 << 30, 2 << 30),
            CUDARuntimeError=CUDARuntimeError,
        ),
    )
    return module
