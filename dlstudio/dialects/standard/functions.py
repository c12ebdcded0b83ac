"""Functions of the standard that are more than one operator call."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.device import Device
from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tape import values_decide
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.standard.dtypes import checked
from dlstudio.dialects.standard.operands import array, cast, number, pair
from dlstudio.errors import ArgumentError, DTypeError, ParamError, ShapeError, explain
from dlstudio.ops.rules import normalize_axis

__all__ = ["FUNCTIONS", "call"]


def call(name: str, *inputs: Any, **attrs: Any) -> Any:
    """Run the operator `name`; the result is an np array."""
    op = OPS[name]
    return invoke(op, inputs, attributes(op, attrs), ndarray)


def _made(found: Any, like: Any) -> ndarray:
    """Dress a new array of `like`'s device."""
    return ndarray._wrap(like._device.xp.asarray(found), like._device)


# --- dtypes and shapes --------------------------------------------------------------------------


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> ndarray:
    """Convert to another dtype, and move to another device.

    Parameters
    ----------
    x : array
    dtype : dtype object
    copy : bool
        With False an array that fits already is returned as it is.
    device : Device, optional

    Raises
    ------
    DTypeError
        If complex numbers were to become real ones, which is real(x) or abs(x).
    """
    x, wanted = array(x), checked(dtype)
    if x._data.dtype.kind == "c" and wanted.kind != "c":
        raise DTypeError(
            explain(
                f"astype: {x._data.dtype} to {wanted} would drop the imaginary part.",
                "a complex dtype.",
                "real(x), imag(x) or abs(x)",
            )
        )
    moved = x if device is None else x.as_in_context(Device(device))
    if moved._data.dtype == wanted:
        return moved.copy() if copy and moved is x else moved._as(ndarray)
    return cast(moved, wanted)


def broadcast_arrays(*arrays: Any) -> list[ndarray]:
    """Broadcast all arrays to one shape."""
    shape = broadcast_shapes(*(array(x).shape for x in arrays))
    return [call("broadcast_to", x, shape=shape) for x in arrays]


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Shape to which arrays of these shapes broadcast.

    Raises
    ------
    ShapeError
        If they do not broadcast together.
    """
    try:
        return tuple(int(n) for n in np.broadcast_shapes(*shapes))
    except ValueError:
        raise ShapeError(
            explain(
                f"shapes {', '.join(map(str, shapes))} do not broadcast together.",
                "equal lengths on each axis, counted from the last, or a length of 1.",
            )
        ) from None


# --- elementwise --------------------------------------------------------------------------------


def _bound(value: Any, x: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        return _limit(value, x)
    return cast(array(value), x._data.dtype)


def _limit(value: Any, x: Any) -> ndarray:
    """Make a number a bound of integers: one beyond what the dtype holds bounds nothing."""
    dtype = x._data.dtype
    if dtype.kind in "iu":
        facts = np.iinfo(dtype)
        value = min(max(value, facts.min), facts.max)
        value = int(value) if isinstance(value, (int, bool)) else value
    return number(value, x) if dtype.kind == "f" else _made(np.asarray(value, dtype), x)


def clip(x: Any, /, min: Any = None, max: Any = None) -> ndarray:  # noqa: A002  the standard's
    """Limit the elements to `min` … `max`, numbers or arrays that broadcast; None is no limit.

    The result has the dtype of `x`.
    """
    x = array(x)
    low, high = _bound(min, x), _bound(max, x)
    result = x if low is None else call("maximum", x, low)
    if high is not None:
        result = call("minimum", result, high)
    return call("identity", x) if result is x else result


def where(condition: Any, x1: Any, x2: Any, /) -> ndarray:
    """`x1` where `condition` is true, else `x2`; all three broadcast."""
    condition = array(condition)
    if not isinstance(x1, (Tensor, np.ndarray)) and not isinstance(x2, (Tensor, np.ndarray)):
        raise ArgumentError(explain("where: x1 and x2 are numbers.", "at least one array."))
    return call("where", condition, *pair(x1, x2))


# --- form ---------------------------------------------------------------------------------------


def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> ndarray:
    """Same elements in the same order, in another shape; one length may be -1.

    Parameters
    ----------
    x : array
    shape : tuple of int
    copy : bool, optional
        True copies always; False never, and raises where the layout needs a copy.
    """
    x = array(x)
    result = call("reshape", x, shape=shape)
    if copy is False and not x._device.xp.may_share_memory(result._data, x._data) and x.size:
        raise ParamError(
            explain("reshape: copy=False, but this layout of memory needs a copy.", "copy=None.")
        )
    return result.copy() if copy else result


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> ndarray:
    """Repeat each element along `axis`, or of the flattened array.

    Parameters
    ----------
    x : array
    repeats : int, or vector of integers
        A number for all elements, or one for each.
    axis : int, optional
    """
    x = array(x)
    if axis is None:
        x, axis = call("reshape", x, shape=(-1,)), 0
    if isinstance(repeats, int):
        return call("repeat", x, repeats=repeats, axis=axis)
    n = x.shape[normalize_axis("repeat", axis, x.ndim)]
    if isinstance(repeats, Tensor):
        values_decide("repeat")
    times = np.broadcast_to(np.asarray(repeats), (n,))
    rows = np.repeat(np.arange(n, dtype=np.int64), times)
    return call("np_take", x, _made(rows, x), axis=axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[ndarray, ...]:
    """Cut an array into its slices along `axis`, which is dropped."""
    x = array(x)
    along = normalize_axis("unstack", axis, x.ndim)
    before = (slice(None),) * along
    return tuple(x._as(ndarray)[(*before, i)] for i in range(x.shape[along]))


def diff(
    x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None
) -> ndarray:
    """Differences between neighbours along `axis`, `n` times.

    Parameters
    ----------
    x : array
    axis, n : int
    prepend, append : array, optional
        Joined to `x` along `axis` before the differences are taken.
    """
    parts = [array(p) for p in (prepend, x, append) if p is not None]
    joined = parts[0] if len(parts) == 1 else call("concatenate", *parts, axis=axis)
    return call("_npi_diff", joined, n=n, axis=axis)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> ndarray:
    """Elements at the positions `indices` along `axis`, which only a vector may leave out."""
    x = array(x)
    if axis is None and x.ndim != 1:
        raise ParamError(
            explain(
                f"take: an array of {x.ndim} dimensions, and no axis.",
                "an axis for all arrays but vectors.",
            )
        )
    return call("np_take", x, array(indices), axis=axis or 0)


# --- searching and sorting ----------------------------------------------------------------------


def nonzero(x: Any, /) -> tuple[ndarray, ...]:
    """Positions of the elements that are not zero, one int64 vector for each axis.

    Raises
    ------
    ShapeError
        If `x` has no axes.
    """
    x = array(x)
    if not x.ndim:
        raise ShapeError(explain("nonzero: an array without axes.", "at least one axis."))
    values_decide("nonzero")
    return tuple(_made(found.astype("int64"), x) for found in x._device.xp.nonzero(x._data))


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> ndarray:
    """Positions at which the elements of `x2` keep the vector `x1` sorted.

    Parameters
    ----------
    x1 : vector, in ascending order
    x2 : array, or number
    side : {"left", "right"}
        Before or after elements that are equal.
    sorter : vector of integers, optional
        The order that sorts `x1`.
    """
    x1, x2 = pair(x1, x2)
    given = (x1, x2) if sorter is None else (x1, x2, array(sorter))
    return call("searchsorted", *given, side=side)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> ndarray:
    """Elements in order along `axis`."""
    del stable  # equal elements cannot be told apart
    return call("sort", array(x), axis=axis, is_ascend=not descending)


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> ndarray:
    """Positions that put the elements in order along `axis`; equal elements keep their order."""
    del stable  # it always is
    return call("argsort", array(x), axis=axis, is_ascend=not descending)


# --- sets ---------------------------------------------------------------------------------------


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: ndarray
    indices: ndarray
    inverse_indices: ndarray
    counts: ndarray


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: ndarray
    counts: ndarray


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: ndarray
    inverse_indices: ndarray


def unique_all(x: Any, /) -> UniqueAll:
    """Sorted values without repetition, where each first stands, which one each element is, counts.

    A NaN counts as a value of its own each time it occurs.
    """
    x = array(x)
    values_decide("unique_all")
    xp = x._device.xp
    values, first, inverse, counts = xp.unique(
        x._data.reshape(-1),
        return_index=True, return_inverse=True, return_counts=True, equal_nan=False,
    )  # fmt: skip
    whole = [_made(i.astype("int64"), x) for i in (first, inverse.reshape(x.shape), counts)]
    return UniqueAll(_made(values, x), *whole)


def unique_counts(x: Any, /) -> UniqueCounts:
    """Sorted values without repetition, and how often each occurs."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """Sorted values without repetition, and which one each element is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any, /) -> ndarray:
    """Sorted values without repetition."""
    x = array(x)
    values_decide("unique_values")
    return _made(x._device.xp.unique(x._data.reshape(-1), equal_nan=False), x)


FUNCTIONS = {
    f.__name__: f
    for f in (
        argsort, astype, broadcast_arrays, broadcast_shapes, clip, diff, nonzero, repeat, reshape,
        searchsorted, sort, take, unique_all, unique_counts, unique_inverse, unique_values,
        unstack, where,
    )
}  # fmt: skip
