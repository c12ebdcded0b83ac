"""Functions of `np` whose arguments are not simply arrays and attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tape import values_decide
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.explaining import explaining
from dlstudio.errors import ArgumentError, ParamError, explain

__all__ = ["FUNCTIONS", "NPX_FUNCTIONS", "call"]


def call(name: str, *inputs: Any, out: Any = None, **attrs: Any) -> Any:
    """Run the operator `name`; the result is an np array."""
    op = OPS[name]
    return invoke(op, inputs, attributes(op, attrs), ndarray, out)


def _listed(q: Any) -> Any:
    """Fractions as a number or a tuple."""
    host = np.asarray(q.asnumpy() if isinstance(q, Tensor) else q, np.float64)
    return tuple(host.tolist()) if host.ndim else float(host)


def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = None,
    interpolation: str = "linear",
    keepdims: bool = False,
) -> Any:
    """Value below which `q` percent of the elements lie.

    Parameters
    ----------
    a : ndarray
    q : number or vector of numbers, 0 … 100
    axis : int, tuple of int or None
    interpolation : "linear", "lower", "higher", "midpoint" or "nearest"
    keepdims : bool
    """
    return call(
        "_npi_percentile",
        a,
        out=out,
        q=_listed(q),
        axis=axis,
        interpolation=interpolation,
        keepdims=keepdims,
    )


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: Any = None,
    interpolation: str = "linear",
    keepdims: bool = False,
) -> Any:
    """Value below which the fraction `q` (0 … 1) of the elements lies; see `percentile`."""
    return call(
        "_npi_quantile",
        a,
        out=out,
        q=_listed(q),
        axis=axis,
        interpolation=interpolation,
        keepdims=keepdims,
    )


def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, out: Any = None
) -> Any:
    """Mean with weights.

    Parameters
    ----------
    a : ndarray
    axis : int, tuple of int or None
    weights : ndarray of the shape of `a`, or a vector along `axis`; None weighs equally
    returned : bool
        Also return the sum of the weights.
    """
    if weights is None:
        mean = call("mean", a, out=out, axis=axis)
        if not returned:
            return mean
        count = a.size // max(1, mean.size)
        return mean, call("full_like", mean, fill_value=float(count))
    mean, total = call("_npi_average", a, weights, axis=axis)
    return (mean, total) if returned else mean


def einsum(*operands: Any, **kwargs: Any) -> Any:
    """Sum of products over indices named by letters.

    Parameters
    ----------
    *operands : a string such as ``"ij,jk->ik"``, then the arrays

    Raises
    ------
    ParamError, ShapeError
        If letters and arrays do not fit.
    """
    if not operands or not isinstance(operands[0], str):
        raise ArgumentError(
            explain(
                "einsum: the first argument is not a string.", fix="np.einsum('ij,jk->ik', a, b)"
            )
        )
    return call("einsum_of", *operands[1:], out=kwargs.get("out"), subscripts=operands[0])


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """`x` where `condition` is not zero, else `y`; with `condition` alone the positions of its
    non-zero elements, one vector for each axis.
    """  # noqa: D205
    if (x is None) != (y is None):
        raise ArgumentError("where: expected both x and y, or neither.")
    if x is None:
        return nonzero(condition)
    if not isinstance(x, Tensor) and not isinstance(y, Tensor):
        dtype = "float32"
        x, y = (_wrap(np.asarray(v, dtype), condition) for v in (x, y))
    return call("where", condition, x, y)


def _wrap(array: Any, like: Any) -> ndarray:
    return ndarray._wrap(like._device.backend.from_numpy(array), like._device)


def nonzero(a: Any) -> tuple[ndarray, ...]:
    """Positions of the elements that are not zero, one int64 vector for each axis."""
    values_decide("np.nonzero")
    return tuple(
        ndarray._wrap(found.astype("int64"), a._device) for found in a._device.xp.nonzero(a._data)
    )


def npx_nonzero(a: Any) -> ndarray:
    """Positions of the elements that are not zero, one row each."""
    return argwhere(a)


def constraint_check(x: Any, msg: str = "") -> ndarray:
    """Say whether all elements are true; raise a ParamError with `msg` if not."""
    if not bool(x._device.xp.all(x._data)):
        raise ParamError(msg or "constraint_check: the constraint does not hold.")
    return _wrap(np.asarray(True), x)


def flatnonzero(a: Any) -> ndarray:
    """Positions of the non-zero elements in the flattened array."""
    return nonzero(a.reshape(-1))[0]


def argwhere(a: Any) -> ndarray:
    """Positions of the non-zero elements, one row each."""
    found = nonzero(a)
    return (
        call("_npi_column_stack", *found)
        if found
        else _wrap(np.zeros((int(bool(a)), 0), "int64"), a)
    )


def shape(a: Any) -> tuple[int, ...]:
    """Lengths of the axes."""
    return tuple(a.shape) if isinstance(a, Tensor) else np.shape(a)


def ndim(a: Any) -> int:
    """Count the axes."""
    return len(shape(a))


def size(a: Any, axis: int | None = None) -> int:
    """Count the elements, in all or along `axis`."""
    lengths = shape(a)
    return int(np.prod(lengths, dtype=np.int64)) if axis is None else lengths[axis]


def may_share_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """Say whether two arrays may look at the same memory."""
    return bool(a._device == b._device and a._device.xp.may_share_memory(a._data, b._data))


def asarray(obj: Any, dtype: Any = None, device: Any = None, copy: bool | None = None) -> ndarray:
    """Make an array of `obj`; an array that fits already is returned as it is, unless `copy`.

    With ``copy=False`` memory is shared, or a ParamError raised where it cannot be.
    """
    from dlstudio import np as mx_np

    if copy is False:
        from dlstudio.dialects.standard.creation import asarray as shared

        return shared(obj, dtype=dtype, device=device, copy=False)
    # not `dtype in (None, …)`: NumPy's float64 equals None
    fits = isinstance(obj, ndarray) and (dtype is None or dtype == obj._data.dtype)
    if fits and not copy and device in (None, obj._device):
        return obj
    return mx_np.array(obj, dtype=dtype, device=device)


def identity(n: int, dtype: Any = None, ctx: Any = None) -> ndarray:
    """Square matrix with ones on the diagonal."""
    from dlstudio import np as mx_np

    return mx_np.eye(n, dtype=dtype, ctx=ctx)


def indices(dimensions: Any, dtype: Any = "int32", ctx: Any = None) -> ndarray:
    """Coordinates of every position of a grid: one grid for each axis."""
    from dlstudio import np as mx_np

    return mx_np.array(np.indices(dimensions), dtype=dtype, ctx=ctx)


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10.0,
    dtype: Any = None,
    axis: int = 0,
    ctx: Any = None,
) -> ndarray:
    """Numbers evenly spaced on a logarithmic scale from ``base**start`` to ``base**stop``."""
    from dlstudio import np as mx_np

    host = np.logspace(start, stop, num, endpoint, base)
    return mx_np.array(host, dtype=dtype or "float32", ctx=ctx)


def _window(name: str, doc: str) -> Callable[..., Any]:
    def window(M: int, dtype: Any = "float32", ctx: Any = None) -> ndarray:
        from dlstudio import np as mx_np

        return mx_np.array(getattr(np, name)(M), dtype=dtype or "float32", ctx=ctx)

    window.__name__ = window.__qualname__ = name
    window.__doc__ = doc
    return window


blackman = _window("blackman", "Blackman window of `M` points.")
hamming = _window("hamming", "Hamming window of `M` points.")
hanning = _window("hanning", "Hann window of `M` points.")


def empty_like(
    prototype: Any, dtype: Any = None, order: str = "C", subok: bool = False, shape: Any = None
) -> ndarray:
    """Array with arbitrary contents in the shape and dtype of another."""
    from dlstudio import np as mx_np

    del order, subok
    kind = dtype or prototype._data.dtype
    return mx_np.empty(
        prototype.shape if shape is None else shape, dtype=kind, ctx=prototype._device
    )


def allclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Say whether all elements are equal within ``atol + rtol·|b|``."""
    host = [x.asnumpy() if isinstance(x, Tensor) else x for x in (a, b)]
    return bool(np.allclose(*host, rtol=rtol, atol=atol, equal_nan=equal_nan))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Say whether shapes and all elements are equal."""
    host = [x.asnumpy() if isinstance(x, Tensor) else x for x in (a1, a2)]
    return bool(np.array_equal(*host, equal_nan=equal_nan))


def _atleast(ndim: int) -> Callable[..., Any]:
    def function(*arys: Any) -> Any:
        results = [call(f"_npi_atleast_{ndim}d", a) for a in arys]
        return results if len(results) > 1 else results[0]

    function.__name__ = function.__qualname__ = f"atleast_{ndim}d"
    function.__doc__ = f"Add axes of length one until there are {ndim} dimensions."
    return function


atleast_1d, atleast_2d, atleast_3d = _atleast(1), _atleast(2), _atleast(3)


def broadcast_arrays(*args: Any) -> list[ndarray]:
    """Broadcast all arrays to one shape."""
    return call("_npi_broadcast_arrays", *args)


def meshgrid(*xi: Any, **kwargs: Any) -> list[ndarray]:
    """Coordinate matrices of the grid spanned by vectors; `indexing` is "xy" or "ij"."""
    return call("_npi_meshgrid", *xi, **kwargs)


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> ndarray:
    """Differences between neighbours of the flattened array, with numbers before and after."""
    parts = [to_begin, call("_npi_diff", call("_npi_ravel", ary)), to_end]
    given = [_vector(p, ary) for p in parts if p is not None]
    return call("concatenate", *given, axis=0) if len(given) > 1 else given[0]


def _vector(x: Any, like: Any) -> ndarray:
    if isinstance(x, Tensor):
        return call("_npi_ravel", x)
    return _wrap(np.atleast_1d(np.asarray(x, like._data.dtype)), like)


def polyval(p: Any, x: Any) -> Any:
    """Value at `x` of the polynomial with coefficients `p`, the highest power first."""
    value, p = x * 0, np.asarray(p) if isinstance(p, (list, tuple)) else p
    for i in range(p.shape[0]):
        value = value * x + p[i]
    return value


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """Dtype that arithmetic on the given arrays and dtypes has."""
    from dlstudio.ops.rules import common_dtype

    found = None
    for x in arrays_and_dtypes:
        dtype = x._data.dtype if isinstance(x, Tensor) else np.result_type(x)
        found = dtype if found is None else common_dtype(found, dtype)
    return np.dtype(found)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: explaining(f)
    for f in (
        percentile,
        quantile,
        average,
        einsum,
        where,
        nonzero,
        flatnonzero,
        argwhere,
        shape,
        ndim,
        size,
        may_share_memory,
        identity,
        indices,
        logspace,
        blackman,
        hamming,
        hanning,
        empty_like,
        allclose,
        array_equal,
        atleast_1d,
        atleast_2d,
        atleast_3d,
        broadcast_arrays,
        meshgrid,
        ediff1d,
        polyval,
        result_type,
        asarray,
    )
}
FUNCTIONS["shares_memory"] = FUNCTIONS["may_share_memory"]
FUNCTIONS |= {"can_cast": np.can_cast, "finfo": np.finfo, "iinfo": np.iinfo}
NPX_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "nonzero": explaining(npx_nonzero),
    "constraint_check": constraint_check,
}
