"""Functions of `np` put together from operators, so that gradients flow through them.

Without an array among the arguments NumPy itself computes, as in `fallback`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.tape import values_decide
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.explaining import explaining
from dlstudio.dialects.numpy.fallback import through_host
from dlstudio.dialects.numpy.functions import call
from dlstudio.dialects.standard.protocols import tensors_in
from dlstudio.ops.rules import normalize_axis

__all__ = ["FUNCTIONS"]


def _as_array(x: Any, like: Tensor) -> Any:
    """`x` on the device of `like`; numbers do not widen its dtype."""
    if isinstance(x, Tensor):
        return x
    host = np.asarray(x, np.result_type(like._data.dtype, x) if np.isscalar(x) else None)
    return ndarray._wrap(like._device.backend.from_numpy(host), like._device)


def _both(x1: Any, x2: Any) -> tuple[Any, Any]:
    like = x1 if isinstance(x1, Tensor) else x2
    return _as_array(x1, like), _as_array(x2, like)


def _given(result: Any, out: Any) -> Any:
    if out is None:
        return result
    out[...] = result
    return out


def _extreme(name: str, x1: Any, x2: Any) -> Any:
    x1, x2 = _both(x1, x2)
    other = call("where", call("isnan", x2), x1, x2)  # nan only where both are
    return call("where", call("isnan", x1), other, call(name, x1, other))


def fmax(x1: Any, x2: Any, out: Any = None) -> Any:
    """Larger of two; a number, where the other one is nan."""
    return _given(_extreme("maximum", x1, x2), out)


def fmin(x1: Any, x2: Any, out: Any = None) -> Any:
    """Smaller of two; a number, where the other one is nan."""
    return _given(_extreme("minimum", x1, x2), out)


def fmod(x1: Any, x2: Any, out: Any = None) -> Any:
    """Remainder of a division, with the sign of `x1`."""
    x1, x2 = _both(x1, x2)
    result = call("sign", x1) * call("mod", call("abs", x1), call("abs", x2))
    return _given(result, out)


def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Cross product of vectors with two or three components, the third then being zero.

    Parameters
    ----------
    a, b : ndarray
    axisa, axisb, axisc : int
        Where the components of `a`, `b` and of the result are.
    axis : int, optional
        All three of them.

    Returns
    -------
    ndarray
        Of two vectors with two components the third component alone.
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = (_components(x, place) for x, place in zip(_both(a, b), (axisa, axisb), strict=True))
    last = a[0] * b[1] - a[1] * b[0]
    if len(a) == len(b) == 2:
        return last
    a, b = ([*x, call("zeros_like", x[0])] if len(x) == 2 else x for x in (a, b))
    first, second = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2]
    return call("stack", first, second, last, axis=axisc)


def _components(x: Any, axis: int) -> list[Any]:
    if x.shape[axis] not in (2, 3):
        raise ValueError(f"vectors have 2 or 3 components, got shape {x.shape} with axis {axis}")
    return [call("take", x, _rows(np.asarray(i), x), axis=axis) for i in range(x.shape[axis])]


def _rows(index: Any, like: Any) -> ndarray:
    return ndarray._wrap(like._device.backend.from_numpy(np.asarray(index, np.int64)), like._device)


def _on_host(name: str, obj: Any) -> Any:
    if not isinstance(obj, Tensor):
        return obj
    values_decide(f"np.{name}")
    return obj.asnumpy()


def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Copy of `arr` without the places `obj` (int, slice or sequence) along `axis`."""
    if axis is None:
        return delete(call("_npi_ravel", arr), obj, 0)
    kept = np.delete(np.arange(arr.shape[axis]), _on_host("delete", obj))
    return call("take", arr, _rows(kept, arr), axis=axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Copy of `arr` with `values` before the places `obj` (int, slice or sequence) along `axis`."""
    if axis is None:
        return insert(call("_npi_ravel", arr), obj, values, 0)
    axis = normalize_axis("insert", axis, arr.ndim)
    length = arr.shape[axis]
    places = _places(obj, length)
    new = call("cast", _as_array(values, arr), dtype=np.dtype(arr._data.dtype).name)
    new = call("reshape", new, shape=(1,) * (arr.ndim - new.ndim) + new.shape)
    if not places.ndim:  # what one place gets is as long as it wants to be
        new = call("moveaxis", new, source=0, destination=axis)
    count = new.shape[axis] if places.size == 1 else places.size
    new = call("broadcast_to", new, shape=(*arr.shape[:axis], count, *arr.shape[axis + 1 :]))
    order = np.insert(np.arange(length), places, length + np.arange(count))
    return call("take", call("concatenate", arr, new, axis=axis), _rows(order, arr), axis=axis)


def _places(obj: Any, length: int) -> Any:
    if isinstance(obj, slice):
        return np.arange(length)[obj]
    places = np.asarray(_on_host("insert", obj))
    if places.dtype == np.bool_:
        return np.flatnonzero(places)
    return places if places.size else places.astype(np.int64)


def _wide(x: Any) -> Any:
    return call("cast", x, dtype="float64")


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Any:
    """Covariance matrix of variables, float64.

    Parameters
    ----------
    m, y : ndarray, shape (variables, observations), or (observations,) for one variable
        `y` has further variables.
    rowvar : bool
        False: variables are columns.
    bias, ddof
        Divide by ``n - ddof``, by default ``n - 1``, with `bias` by ``n``.
    fweights, aweights : ndarray, optional
        Weights of observations; no gradient flows with them.
    """
    if fweights is not None or aweights is not None:
        return through_host("cov", np.cov)(m, y, rowvar, bias, ddof, fweights, aweights)
    x = _variables(m, rowvar)
    if y is not None:
        x = call("concatenate", x, _variables(_as_array(y, x), rowvar), axis=0)
    x = x - call("mean", x, axis=1, keepdims=True)
    lost = int(not bias) if ddof is None else ddof
    found = call("matmul", x, call("transpose", x)) / (x.shape[1] - lost)
    return call("squeeze", found)


def _variables(x: Any, rowvar: bool) -> Any:
    x = _wide(call("_npi_atleast_2d", x))
    return x if rowvar or x.shape[0] == 1 else call("transpose", x)


def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """Correlation coefficients of variables, -1 … 1; see `cov`."""
    found = cov(x, y, rowvar)
    if not found.ndim:
        return found / found
    deviation = call("sqrt", call("diagonal", found))
    scale = call("reshape", deviation, shape=(-1, 1)) * deviation
    return call("clip", found / scale, a_min=-1.0, a_max=1.0)


def _may_be_nan(a: Any) -> bool:
    return np.dtype(a._data.dtype).kind not in "biu"


def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    """Mean of the elements that are not nan."""
    if not _may_be_nan(a):
        return call("mean", a, axis=axis, keepdims=keepdims, dtype=dtype, out=out)
    a = a if dtype is None else call("cast", a, dtype=np.dtype(dtype).name)
    there = call("logical_not", call("isnan", a))
    count = call("sum", there, axis=axis, keepdims=keepdims)
    return _given(call("_np_nansum", a, axis=axis, keepdims=keepdims) / count, out)


def nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """Variance of the elements that are not nan; the sum is divided by their number - ddof."""
    a = a if dtype is None else call("cast", a, dtype=np.dtype(dtype).name)
    if not _may_be_nan(a):
        return call("var", a, axis=axis, keepdims=keepdims, ddof=ddof, out=out)
    missing = call("isnan", a)
    count = call("sum", call("logical_not", missing), axis=axis, keepdims=keepdims)
    # zero before it is squared: the slope of nan squared is nan, which no zero takes away
    distance = call("where", missing, _as_array(0, a), a - nanmean(a, axis, keepdims=True))
    total = call("sum", call("square", distance), axis=axis, keepdims=keepdims)
    return _given(total / (count - ddof), out)


def nanstd(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """Square root of `nanvar`."""
    return _given(call("sqrt", nanvar(a, axis, dtype, None, ddof, keepdims)), out)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For each element the first choice whose condition is true, else `default`."""
    if len(condlist) != len(choicelist):
        raise ValueError(f"got {len(condlist)} conditions and {len(choicelist)} choices")
    like = next(x for x in (*choicelist, *condlist) if isinstance(x, Tensor))
    result = _as_array(default, like)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = call("where", _as_array(condition, like), _as_array(choice, like), result)
    return result


def _nan_extreme(
    name: str, worst: float, a: Any, axis: Any, out: Any, keepdims: bool, rest: dict[str, Any]
) -> Any:
    if any(value is not None for value in rest.values()):
        host = through_host(f"nan{name}", getattr(np, f"nan{name}"))
        chosen = {key: value for key, value in rest.items() if value is not None}
        return host(a, axis=axis, out=out, keepdims=keepdims, **chosen)
    if not _may_be_nan(a):
        return call(name, a, axis=axis, keepdims=keepdims, out=out)
    missing = call("isnan", a)
    best = call(name, call("where", missing, _as_array(worst, a), a), axis=axis, keepdims=keepdims)
    nothing = call("all", missing, axis=axis, keepdims=keepdims)
    return _given(call("where", nothing, _as_array(np.nan, a), best), out)


def nanmax(
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Largest element that is not nan; no gradient flows with `initial` and `where`."""
    rest = {"initial": initial, "where": where}
    return _nan_extreme("max", -np.inf, a, axis, out, keepdims, rest)


def nanmin(
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Smallest element that is not nan; no gradient flows with `initial` and `where`."""
    rest = {"initial": initial, "where": where}
    return _nan_extreme("min", np.inf, a, axis, out, keepdims, rest)


def _or_on_host(function: Callable[..., Any]) -> Callable[..., Any]:
    host = through_host(function.__name__, getattr(np, function.__name__))

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if any(True for _ in tensors_in((*args, *kwargs.values()))):
            return function(*args, **kwargs)
        return host(*args, **kwargs)

    return explaining(called)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: _or_on_host(f)
    for f in (
        fmax, fmin, fmod, cross, delete, insert, cov, corrcoef, nanmean, nanmax, nanmin,
        nanvar, nanstd, select,
    )
}  # fmt: skip
