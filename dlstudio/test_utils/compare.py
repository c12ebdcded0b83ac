"""Comparing arrays as MXNet's tests do: tolerances by dtype, messages that show where."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain

__all__ = [
    "almost_equal",
    "assert_allclose",
    "assert_almost_equal",
    "assert_almost_equal_ignore_nan",
    "assert_almost_equal_with_err",
    "checkShapes",
    "collapse_sum_like",
    "compare_ndarray_tuple",
    "default_atols",
    "default_numeric_eps",
    "default_rtols",
    "effective_dtype",
    "get_atol",
    "get_etol",
    "get_rtol",
    "get_tolerance",
    "get_tols",
    "np_reduce",
    "same",
    "same_array",
    "same_symbol_structure",
]

_EXACT = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
_FLOAT64 = np.dtype(np.float64)


def _table(half: float, single: float, double: float) -> dict[Any, float]:
    exact = {np.dtype(name): 0.0 for name in _EXACT}
    return {
        np.dtype("float16"): half,
        np.dtype("float32"): single,
        np.dtype("complex64"): single,
        np.dtype("float64"): double,
        np.dtype("complex128"): double,
        **exact,
    }


def default_rtols() -> dict[Any, float]:
    """Relative tolerance of each dtype."""
    return _table(1e-2, 1e-4, 1e-5)


def default_atols() -> dict[Any, float]:
    """Absolute tolerance of each dtype."""
    return _table(1e-1, 1e-3, 1e-20)


def default_numeric_eps() -> dict[Any, float]:
    """Step of finite differences for each dtype: powers of two, exact in it."""
    return {np.dtype("float16"): 2.0**-6, np.dtype("float32"): 2.0**-9, _FLOAT64: 2.0**-14}


def effective_dtype(dat: Any) -> np.dtype[Any]:
    """Dtype whose precision an array has."""
    return np.dtype(dat.dtype) if hasattr(dat, "dtype") else np.asarray(dat).dtype


def get_tolerance(dat: Any, tol: Any, default_tol: dict[Any, float]) -> float:
    """Tolerance for `dat`: `tol` if a number, its entry for the dtype if a dict, else a default."""
    if isinstance(tol, numbers.Real):
        return float(tol)
    dtype = effective_dtype(dat)
    given = {np.dtype(key): value for key, value in (tol or {}).items()}
    return given.get(dtype, default_tol.get(dtype, 0.0))


def get_tols(x: Any, y: Any, rtol: Any, atol: Any) -> tuple[float, float]:
    """Relative and absolute tolerance for comparing `x` and `y`: the looser of the two."""
    relative, absolute = default_rtols(), default_atols()
    return (
        max(get_tolerance(x, rtol, relative), get_tolerance(y, rtol, relative)),
        max(get_tolerance(x, atol, absolute), get_tolerance(y, atol, absolute)),
    )


def get_rtol(rtol: float | None = None, dtype: Any = _FLOAT64) -> float:
    """Return `rtol`, or the default of a dtype if None."""
    return default_rtols()[np.dtype(dtype)] if rtol is None else rtol


def get_atol(atol: float | None = None, dtype: Any = _FLOAT64) -> float:
    """Return `atol`, or the default of a dtype if None."""
    return default_atols()[np.dtype(dtype)] if atol is None else atol


def get_etol(etol: float | None = None) -> float:
    """Return `etol`, the share of elements that may differ; 0 if None."""
    return 0 if etol is None else etol


def _numpy(x: Any) -> np.ndarray[Any, Any]:
    return x.asnumpy() if hasattr(x, "asnumpy") else np.asarray(x)


def same(a: Any, b: Any) -> bool:
    """Whether shapes and all values are equal."""
    return np.array_equal(_numpy(a), _numpy(b))


def checkShapes(a: Any, b: Any) -> None:  # noqa: N802  MXNet's name
    """Raise AssertionError unless the shapes are equal."""
    if np.shape(_numpy(a)) != np.shape(_numpy(b)):
        raise AssertionError(f"shapes differ: {_numpy(a).shape} and {_numpy(b).shape}")


def almost_equal(
    a: Any,
    b: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    use_broadcast: bool = True,
) -> bool:
    """Whether ``|a - b| <= atol + rtol * |b|`` everywhere.

    Parameters
    ----------
    a, b : NDArray, array or number
    rtol, atol : float, optional
        By default those of float64: 1e-5 and 1e-20.
    equal_nan : bool
        Count two NaNs as equal.
    use_broadcast : bool
        If not, shapes must be equal (AssertionError).
    """
    if not use_broadcast:
        checkShapes(a, b)
    return np.allclose(_numpy(a), _numpy(b), get_rtol(rtol), get_atol(atol), equal_nan)


def assert_almost_equal(
    a: Any,
    b: Any,
    rtol: Any = None,
    atol: Any = None,
    names: tuple[str, str] = ("a", "b"),
    equal_nan: bool = False,
    use_broadcast: bool = True,
    mismatches: tuple[int, int] = (10, 10),
) -> None:
    """Raise AssertionError unless ``|a - b| <= atol + rtol * |b|`` everywhere.

    Parameters
    ----------
    a, b : NDArray, array or number
    rtol, atol : float or dict of dtype to float, optional
        By default the looser ones of both dtypes.
    names : pair of str
        For the message.
    equal_nan : bool
        Count two NaNs as equal.
    use_broadcast : bool
        If not, shapes must be equal.
    mismatches : pair of int
        How many differences the message lists (the first number counts).

    Raises
    ------
    AssertionError
        With the largest violation, its place, and the share of elements that differ.
    """
    if not use_broadcast:
        checkShapes(a, b)
    rtol, atol = get_tols(a, b, rtol, atol)
    left, right = np.broadcast_arrays(_numpy(a), _numpy(b))
    close = np.isclose(left, right, rtol, atol, equal_nan)
    if not close.all():
        raise AssertionError(_difference(left, right, close, rtol, atol, names, mismatches[0]))


def _difference(
    a: Any, b: Any, close: Any, rtol: float, atol: float, names: tuple[str, str], listed: int
) -> str:
    # whole numbers would wrap around (uint8) and booleans cannot be subtracted
    x, y = (v.astype(np.float64) if v.dtype.kind in "biu" else v for v in (a, b))
    with np.errstate(all="ignore"):
        size = np.abs(x - y) / (atol + rtol * np.abs(y) + np.finfo(np.float64).tiny)
    worst = np.where(close, -1.0, np.nan_to_num(size, nan=np.inf))
    order = np.argsort(-worst, axis=None)[: min(listed, int((~close).sum()))]
    places = [tuple(int(i) for i in np.unravel_index(k, a.shape)) for k in order]
    lines = [f"  {place}: {names[0]} {a[place]}, {names[1]} {b[place]}" for place in places]
    share = 100 * np.mean(~close)
    head = (
        f"Error {worst.max():.6g} exceeds tolerance rtol={rtol:e}, atol={atol:e} "
        f"(mismatch {share:.6g}%). Location of maximum error: {places[0] if places else ()}."
    )
    return "\n".join([head, *lines])


def assert_allclose(
    a: Any, b: Any, rtol: float = 1e-07, atol: float = 0, equal_nan: bool = True
) -> None:
    """Raise AssertionError unless `a` and `b` are close; `numpy.testing`'s defaults."""
    assert_almost_equal(a, b, rtol, atol, equal_nan=equal_nan)


def assert_almost_equal_with_err(
    a: Any,
    b: Any,
    rtol: Any = None,
    atol: Any = None,
    etol: float | None = None,
    names: tuple[str, str] = ("a", "b"),
    equal_nan: bool = False,
    mismatches: tuple[int, int] = (10, 10),
) -> None:
    """Raise AssertionError if more than the share `etol` of all elements is not close."""
    allowed = get_etol(etol)
    if allowed <= 0:
        assert_almost_equal(a, b, rtol, atol, names, equal_nan, mismatches=mismatches)
        return
    rtol, atol = get_tols(a, b, rtol, atol)
    left, right = np.broadcast_arrays(_numpy(a), _numpy(b))
    close = np.isclose(left, right, rtol, atol, equal_nan)
    if close.size and np.mean(~close) > allowed:
        raise AssertionError(_difference(left, right, close, rtol, atol, names, mismatches[0]))


def assert_almost_equal_ignore_nan(
    a: Any, b: Any, rtol: Any = None, atol: Any = None, names: tuple[str, str] = ("a", "b")
) -> None:
    """Raise AssertionError unless all elements are close where neither array has NaN."""
    a, b = np.copy(_numpy(a)), np.copy(_numpy(b))
    unknown = np.isnan(a) | np.isnan(b)
    a[unknown] = b[unknown] = 0
    assert_almost_equal(a, b, rtol, atol, names)


def compare_ndarray_tuple(t1: Any, t2: Any, rtol: Any = None, atol: Any = None) -> None:
    """`assert_almost_equal` for arrays in nested tuples; None fits anything."""
    if t1 is None or t2 is None:
        return
    if isinstance(t1, (tuple, list)):
        for a, b in zip(t1, t2, strict=True):
            compare_ndarray_tuple(a, b, rtol, atol)
        return
    assert_almost_equal(t1, t2, rtol=rtol, atol=atol)


def same_array(array1: Any, array2: Any) -> bool:
    """Whether two NDArrays share all their memory: what is written into one shows in the other."""
    if array1.shape != array2.shape or not same(array1, array2):
        return False
    before = array1.copy()
    array1[:] = before == 0  # every element changes
    shared = same(array1, array2)
    array1[:] = before
    return shared and same(array1, array2)


def same_symbol_structure(sym1: Any, sym2: Any) -> bool:
    """Whether two symbols apply the same operators in the same way, whatever the names."""
    import json

    def shape(symbol: Any) -> Any:
        graph = json.loads(symbol.tojson())
        nodes = [(n["op"], [i[:2] for i in n["inputs"]]) for n in graph["nodes"]]
        return nodes, [h[:2] for h in graph["heads"]]

    return shape(sym1) == shape(sym2)


def collapse_sum_like(a: Any, shape: tuple[int, ...]) -> Any:
    """Sum `a` down to `shape`: the reverse of broadcasting.

    Raises
    ------
    ParamError
        If `shape` does not broadcast to that of `a`.
    """
    extra = a.ndim - len(shape)
    fits = extra >= 0 and all(s in (1, n) for s, n in zip(shape, a.shape[max(extra, 0) :]))  # noqa: B905
    if not fits:
        raise ParamError(
            explain(f"collapse_sum_like: {a.shape} cannot be summed to {shape}.", "a shape it fits")
        )
    kept = zip(shape, a.shape[extra:], strict=True)
    axes = [*range(extra), *(extra + i for i, (s, n) in enumerate(kept) if s != n)]
    return a.sum(axis=tuple(axes)).reshape(shape) if axes else a.reshape(shape)


def np_reduce(
    dat: Any,
    axis: int | tuple[int, ...] | None,
    keepdims: bool,
    numpy_reduce_func: Callable[..., Any],
) -> Any:
    """Reduce over several axes with a NumPy function that takes one."""
    axes = range(dat.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    reduced, chosen = dat, sorted(i % dat.ndim for i in axes)
    for i in reversed(chosen):
        reduced = numpy_reduce_func(reduced, axis=i)
    if keepdims:
        shape = [1 if i in chosen else n for i, n in enumerate(dat.shape)]
        reduced = np.asarray(reduced).reshape(shape)
    return reduced
