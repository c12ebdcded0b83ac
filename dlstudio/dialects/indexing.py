"""``x[key]`` and ``x[key] = value`` for arrays of both dialects.

A key that selects elements lying next to each other gives a view that can be written; any other
key gives a copy, as in MXNet. The dialects differ in three points: nd has no scalars (`x[0, 0]`
of a matrix has shape (1,)), takes truth values for the numbers 0 and 1, and has no masks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.late import alive, is_late
from dlstudio.core.registry import OPS
from dlstudio.core.tape import (
    Entry,
    Recorded,
    record_custom,
    refuse_while_recorded,
    state,
    values_decide,
)
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.errors import ArgumentError, IndexRangeError, ParamError, ShapeError, explain
from dlstudio.ops.getitem import FULL, native
from dlstudio.trace import bus, copies

__all__ = ["get", "own_memory", "set", "unlazy"]

Array = Any
_WHOLE = (int, np.integer)
_WRITE = "setitem"  # the name of recorded writes on the tape


# --- reading ------------------------------------------------------------------------------------


def get(tensor: Any, key: Any) -> Any:
    """Read ``tensor[key]``, recorded on the tape."""
    if key.__class__ is bool and isinstance(tensor, ndarray):
        # NumPy's rule: a copy with a new axis, of length 1 or 0
        whole = (FULL,) * tensor._data.ndim
        return get(_call("index_copy_out", (tensor,), (None, *whole)), slice(0, int(key)))
    row = _row(tensor, key)
    if row is not None:
        return row
    parts, indices = canonical(tensor, key)
    if indices:
        return _call("advanced_index", (tensor, *indices), parts)
    own_memory(tensor)
    view = None if alive and is_late(tensor) else tensor._data[native(parts)]
    if view is None or not view.flags.c_contiguous:
        # a copy as in MXNet; made when one of the two is written
        return _call("index_view", (tensor,), parts)
    if (state.recording and tensor._entry is not None) or bus.subscribers:
        result = _call("index_view", (tensor,), parts)
        unlazy(result)
        return result
    result = tensor.__class__._wrap(view, tensor._device)
    tensor._share(result)
    return result


def _row(tensor: Any, key: Any) -> Any:
    """Take the short way of ``x[3]`` and ``x[1:3]`` outside of recording: loops live on it."""
    store = tensor._store
    plain = key.__class__ is slice or (key.__class__ is int and tensor._data.ndim > 1)
    recorded = state.recording and tensor._entry is not None
    if not plain or recorded or bus.subscribers or (store is not None and store.lazy is not None):
        return None
    if alive and is_late(tensor):
        return None
    try:
        view = tensor._data[key]
    except (IndexError, TypeError, ValueError):
        return None  # the long way explains
    if not view.flags.c_contiguous:
        return None
    result = tensor.__class__._wrap(view, tensor._device)
    tensor._share(result)
    return result


def _call(name: str, inputs: tuple[Any, ...], key: tuple[Any, ...]) -> Any:
    op = OPS[name]
    return invoke(op, inputs, attributes(op, {"key": key}), inputs[0].__class__)


def own_memory(tensor: Any) -> None:
    """Give a tensor that only looks at another's memory (a transpose) memory of its own."""
    store = tensor._store
    if store is not None and any(reference() is tensor for reference in store.lazy or ()):
        tensor._unshare()


def unlazy(view: Any) -> None:
    """Make a recorded view a true one: dispatch lets views share only until one is written."""
    store = view._store
    if store is not None and store.lazy is not None:
        store.lazy = [r for r in store.lazy if r() is not view] or None


# --- writing ------------------------------------------------------------------------------------


def set(tensor: Any, key: Any, value: Any) -> None:  # noqa: A001  the counterpart of get
    """Write ``tensor[key] = value``; the value is cast to the array's dtype and broadcast.

    While recording, gradients flow to a value that is on the tape. The array itself must not be
    there, except through writes like this one.
    """
    follows = state.recording and isinstance(value, Tensor) and value._entry is not None
    if not (follows and _was_written(tensor)):
        refuse_while_recorded(tensor)
    if key is False and isinstance(tensor, ndarray):
        return
    parts, indices = canonical(tensor, key)
    where = native(parts, tuple(_index_array(i) for i in indices))
    new = _value(tensor, value)
    _check_fits(tensor, where, new)
    if bus.subscribers and isinstance(value, Tensor) and value._device is tensor._device:
        place = str(tensor._device)
        copies.count(place, place, new.nbytes, "into an existing array")
    tensor._prepare_write()
    tensor._data[where] = new
    if follows and state.tracer is None:
        _record_write(tensor, parts, indices, value)


def _was_written(tensor: Any) -> bool:
    """Whether all that the tape knows of the array is that recorded values were written into it."""
    entry = tensor._entry
    if entry.__class__ is not Entry or entry.op is not None:
        return False
    return entry.extra is not None and entry.extra.get("name") == _WRITE


def _record_write(tensor: Any, parts: Any, indices: Any, value: Any) -> None:
    """Put ``tensor[where] = value`` on the tape: a new state of the array follows from the old."""
    before = tensor.__class__._wrap(tensor._data, tensor._device)
    if tensor._entry is not None:
        before._entry, before._index = tensor._entry, tensor._index
    outside = np.ones(tensor._data.shape, bool)
    outside[native(parts, tuple(_index_array(i) for i in indices))] = False

    def back(heads: tuple[Any, ...], create_graph: bool) -> list[Any]:
        head = Tensor._wrap(heads[0], tensor._device) if not create_graph else heads[0]
        kept = Tensor._wrap(
            tensor._device.backend.from_numpy(outside.astype(head._data.dtype)), tensor._device
        )
        name = "advanced_index" if indices else "index_copy_out"
        part = _call(name, (head, *indices), parts)
        extra = value.ndim - part.ndim  # leading axes of length 1, which writing ignores
        part = Recorded.sum_to(part, shape=tuple(value.shape[max(0, extra) :]))
        part = Recorded.cast(part, dtype=np.dtype(value.dtype).name)
        gradients = [
            Recorded.multiply(head, kept),
            Recorded.reshape(part, shape=tuple(value.shape)),
        ]
        return gradients if create_graph else [x._data for x in gradients]

    record_custom((before, value), (tensor,), back, _WRITE)


def _index_array(index: Any) -> Array:
    array = index._data
    return array if array.dtype.kind in "iu" else array.astype("int64")


def _value(tensor: Any, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value._device != tensor._device:
            value = value.as_in_context(tensor._device)
        if value.stype != "default":
            value = value.tostype("default")
        return value._data.astype(tensor._data.dtype, copy=False)
    if isinstance(value, (list, tuple)):
        value = np.asarray([v.asnumpy() if isinstance(v, Tensor) else v for v in value])
    if isinstance(value, np.ndarray):
        device = tensor._device
        if device.device_type != "cpu":
            return device.backend.from_numpy(value.astype(tensor._data.dtype, copy=False))
        if bus.subscribers:
            copies.count("numpy", str(device), value.nbytes, "from NumPy")
    return value


def _check_fits(tensor: Any, where: tuple[Any, ...], value: Any) -> None:
    """Refuse a value that does not broadcast, before anything is written."""
    shape = np.shape(value)
    try:
        target = tensor._data[where].shape
    except IndexError as error:
        raise IndexRangeError(explain(f"{error}.", fix="indices inside the shape")) from None
    trimmed = shape[next((i for i, n in enumerate(shape) if n != 1), len(shape)) :]
    kept = trimmed if len(trimmed) > len(target) else shape[max(0, len(shape) - len(target)) :]
    try:
        fits = np.broadcast_shapes(kept, target) == target
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            explain(
                f"a value of shape {shape} cannot be written into a selection of shape {target}.",
                "a number, or a shape that broadcasts to that of the selection.",
            )
        )


# --- keys ---------------------------------------------------------------------------------------


def canonical(tensor: Any, key: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """Complete key of `ops.getitem` and the index arrays, as tensors, that stand in it."""
    legacy = not isinstance(tensor, ndarray)
    shape = tensor._data.shape
    parts = list(key) if isinstance(key, tuple) else [key]
    if not shape and parts == [slice(None)]:
        parts = []  # x[:] of a scalar is the scalar, as in MXNet
    parts = _expand_masks(tensor, parts, legacy)
    parts = _expand_ellipsis(parts, len(shape))
    indices: list[Any] = []
    result, axis = [], 0
    for part in parts:
        entry = _entry(tensor, part, legacy, indices)
        if entry is not None:
            _check_index(entry, shape[axis], axis)
            axis += 1
        result.append(entry)
    scalar = not indices and axis == len(shape) and all(p.__class__ is int for p in result)
    if legacy and scalar and shape:
        result.append(None)  # nd has no scalars
    return tuple(result), indices


def _check_index(entry: Any, n: int, axis: int) -> None:
    if entry.__class__ is int and not -n <= entry < n:
        raise IndexRangeError(
            explain(
                f"index {entry} is outside axis {axis} of length {n}.",
                f"an index from {-n} to {n - 1}." if n else "no index: the axis is empty.",
            )
        )


def _axes_of(part: Any) -> int:
    """How many axes of the array an entry of the key consumes."""
    return 0 if part is None or part is Ellipsis else 1


def _is_ellipsis(part: Any) -> bool:
    return part is Ellipsis


def _expand_ellipsis(parts: list[Any], ndim: int) -> list[Any]:
    dots = [i for i, part in enumerate(parts) if _is_ellipsis(part)]
    used = sum(_axes_of(part) for part in parts)
    if len(dots) > 1:
        raise IndexRangeError(explain("a key has two Ellipsis (...).", "at most one."))
    if used > ndim:
        raise IndexRangeError(
            explain(
                f"too many indices: {used} for an array of {ndim} dimensions.",
                f"at most {ndim}.",
            )
        )
    rest = [slice(None)] * (ndim - used)
    if dots:
        return [*parts[: dots[0]], *rest, *parts[dots[0] + 1 :]]
    return [*parts, *rest]


def _entry(tensor: Any, part: Any, legacy: bool, indices: list[Any]) -> Any:
    """Canonical entry for one part of the key; index arrays are appended to `indices`."""
    if part is None:
        return None
    if isinstance(part, (bool, *_WHOLE)):
        return int(part)
    if isinstance(part, slice):
        return _slice(part)
    if isinstance(part, range):
        part = list(part)
    if isinstance(part, (list, tuple, np.ndarray)):
        part = _as_index(tensor, part)
    if not isinstance(part, Tensor):
        raise ParamError(
            explain(
                f"{part!r} of type {type(part).__name__} is no index.",
                "whole numbers, slices, None, Ellipsis, or arrays of whole numbers.",
            )
        )
    if legacy and part._data.dtype.kind == "b":
        raise ParamError(
            explain(
                "nd arrays cannot be indexed by truth values.",
                "an array of positions.",
                "x.as_np_ndarray()[mask], or nd.contrib.boolean_mask(x, mask)",
            )
        )
    indices.append(part if part._device == tensor._device else part.as_in_context(tensor._device))
    return "array"


def _slice(part: slice) -> tuple[int | None, int | None, int | None]:
    bounds = []
    for bound in (part.start, part.stop, part.step):
        if bound is not None and not hasattr(bound, "__index__"):
            raise ArgumentError(
                explain(f"slice bound {bound!r} is no whole number.", "integers or None.")
            )
        bounds.append(None if bound is None else bound.__index__())
    if bounds[2] == 0:
        raise ParamError(explain("a slice has step 0.", "a positive or negative step."))
    return bounds[0], bounds[1], bounds[2]


def _as_index(tensor: Any, part: Any) -> Tensor:
    array = (
        np.asarray([p.asnumpy() if isinstance(p, Tensor) else p for p in part])
        if isinstance(part, (list, tuple))
        else part
    )
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype("int64")
    if array.dtype.kind not in "iubf":
        raise ParamError(explain(f"{part!r} is no index.", "whole numbers."))
    if array.dtype.kind == "b":
        array = array.astype("int64")  # nd takes truth values for 0 and 1; np's masks are gone here
    return tensor.__class__._wrap(tensor._device.backend.from_numpy(array), tensor._device)


def _expand_masks(tensor: Any, parts: list[Any], legacy: bool) -> list[Any]:
    """Replace np's masks by the positions of their true elements, one index array per axis."""
    if legacy:
        return parts
    expanded: list[Any] = []
    for part in parts:
        mask = _mask(part)
        if mask is None:
            expanded.append(part)
        elif mask.ndim == 0:
            expanded.append(None)  # x[True] is x with a new axis
        else:
            _check_mask(tensor, expanded, mask)
            expanded += list(np.nonzero(mask))
    return expanded


def _mask(part: Any) -> Array | None:
    if isinstance(part, (bool, np.bool_)):
        return np.asarray(part)
    if isinstance(part, Tensor):
        if part._data.dtype.kind != "b":
            return None
        values_decide("an index of truth values")
        return part.asnumpy()
    if isinstance(part, (list, np.ndarray)):
        array = np.asarray(part) if not any(isinstance(p, Tensor) for p in part) else np.zeros(0)
        return array if array.dtype.kind == "b" else None
    return None


def _check_mask(tensor: Any, before: list[Any], mask: Array) -> None:
    if any(part is Ellipsis for part in before):
        return
    first = sum(_axes_of(part) for part in before)
    shape = tensor._data.shape[first : first + mask.ndim]
    if mask.shape != shape:
        raise IndexRangeError(
            explain(
                f"a mask of shape {mask.shape} does not fit the axes of lengths {shape}.",
                "a mask of the shape of the array, or of its leading axes.",
            )
        )
