"""NumPy's own functions on our arrays: `__array_ufunc__` and `__array_function__`.

``numpy.sin(x)`` of a floating np array is ``mx.np.sin(x)``: computed by our operators, on the
array's device, recorded by autograd. Integers and complex numbers carry no gradient; with them,
and for functions and options that `mx.np` does not have, NumPy itself computes on the host and
the results come back as np arrays. So dtypes are NumPy's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from numbers import Number
from typing import Any

import numpy as np

from dlstudio.core.avals import is_floating
from dlstudio.core.device import Device
from dlstudio.core.tape import refuse_while_recorded, state, values_decide
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.errors import MXNetError

__all__ = ["install", "tensors_in"]

_KNOWN = (Tensor, np.ndarray, np.generic, Number, list, tuple, str, type(None))


# --- finding our arrays -------------------------------------------------------------------------


def tensors_in(values: Iterable[Any]) -> Iterator[Tensor]:
    """Our arrays among the arguments, also inside lists and tuples."""
    for x in values:
        if isinstance(x, Tensor):
            yield x
        elif isinstance(x, (list, tuple)):
            yield from tensors_in(x)


def _map(convert: Callable[[Any], Any], x: Any) -> Any:
    """Apply `convert` to our and NumPy's arrays inside nested lists and tuples."""
    if isinstance(x, (Tensor, np.ndarray)):
        return convert(x)
    if isinstance(x, (list, tuple)):
        parts = [_map(convert, v) for v in x]
        return parts if isinstance(x, list) else tuple(parts)
    return x


def _host(x: Any) -> Any:
    """Our array as NumPy's; the memory of CPU arrays is shared, for NumPy only reads it."""
    if not isinstance(x, Tensor):
        return x
    return x.asnumpy() if x._device.device_type == "gpu" or state.tracer else x._data


def _dressed(result: Any, device: Device) -> Any:
    """NumPy's results as arrays of ours; truth values, text and dtypes stay what they are."""
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*(_dressed(r, device) for r in result))
    if isinstance(result, (list, tuple)):
        return type(result)(_dressed(r, device) for r in result)
    if isinstance(result, np.generic) and result.dtype.kind in "biufc":
        result = np.asarray(result)
    if isinstance(result, np.ndarray) and result.dtype.kind in "biufcV":
        return ndarray._wrap(device.backend.from_numpy(result, ""), device)
    return result


def _ours(values: Any, device: Device) -> Any:
    """NumPy's arrays among the arguments as arrays of ours on `device`."""

    def convert(x: Any) -> Any:
        return x._as(ndarray) if isinstance(x, Tensor) else _dressed(x, device)

    return _map(convert, values)


def _ours_to_compute(values: Iterable[Any]) -> bool:
    """Whether our operators answer as NumPy would, or autograd needs them to answer."""
    found = list(tensors_in(values))
    if state.recording and any(x._entry is not None for x in found):
        return True
    kinds = [is_floating(x._data.dtype) for x in found]
    return any(kinds) and all(k or x._data.dtype == bool for k, x in zip(kinds, found, strict=True))


def _store(result: Any, out: Any) -> Any:
    """Write a result into the caller's `out`, an array of ours or of NumPy."""
    if isinstance(out, np.ndarray):
        np.copyto(out, _host(result), casting="same_kind")
    elif isinstance(result, Tensor) and np.can_cast(result.dtype, out.dtype, "same_kind"):
        _change(out, lambda elements: elements.__setitem__(Ellipsis, result._data), on_host=False)
    else:
        _change(out, lambda elements: np.copyto(elements, _host(result), casting="same_kind"))
    return out


def _change(target: Tensor, write: Callable[[Any], Any], *, on_host: bool = True) -> None:
    """Let `write` change the elements of our array in place; on a GPU, those of a copy."""
    refuse_while_recorded(target)
    target._prepare_write()
    if not on_host or target._device.device_type != "gpu":
        write(target._data)
        return
    elements = target.asnumpy()
    write(elements)
    target._data[...] = target._device.backend.from_numpy(elements, "")


# --- ufuncs -------------------------------------------------------------------------------------

_FOLDS = {
    "add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min",
}  # fmt: skip
_SCANS = {"add": "cumsum", "multiply": "cumprod"}


# functions of which the standard's form is NumPy's, and that of `mx.np` is not
_STANDARD = ("linalg.eigh", "linalg.pinv", "linalg.qr", "linalg.slogdet", "linalg.svd")


@cache
def _namesake(name: str) -> Callable[..., Any] | None:
    """Return ``mx.np.<name>``, where it is more than NumPy's own function on the host."""
    from dlstudio import array_api
    from dlstudio import np as mx_np

    place: Any = array_api if name in _STANDARD else mx_np
    for part in name.split("."):
        place = getattr(place, part, None)
    return None if getattr(place, "on_host", False) else place


def _call(ufunc: Any, device: Device, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """Compute ``ufunc(*inputs)`` by our operators; NotImplemented if they cannot."""
    function = _namesake(ufunc.__name__)
    numbers = [x.item() if isinstance(x, np.generic) else x for x in inputs]
    if function is None or kwargs or ufunc.nout > 1:
        return NotImplemented
    if not _ours_to_compute(inputs) and not any(isinstance(x, np.generic) for x in inputs):
        return NotImplemented
    return function(*_ours(numbers, device))


def _reduce(ufunc: Any, device: Device, inputs: Any, kwargs: dict[str, Any]) -> Any:
    name = _FOLDS.get(ufunc.__name__)
    if name is None or not _ours_to_compute(inputs) or set(kwargs) - {"axis", "keepdims"}:
        return NotImplemented
    function = _namesake(name)
    assert function is not None
    return function(*inputs, axis=kwargs.get("axis", 0), keepdims=kwargs.get("keepdims", False))


def _accumulate(ufunc: Any, device: Device, inputs: Any, kwargs: dict[str, Any]) -> Any:
    name = _SCANS.get(ufunc.__name__)
    if name is None or not _ours_to_compute(inputs) or set(kwargs) - {"axis"}:
        return NotImplemented
    function = _namesake(name)
    assert function is not None
    return function(*inputs, axis=kwargs.get("axis", 0))


def _outer(ufunc: Any, device: Device, inputs: Any, kwargs: dict[str, Any]) -> Any:
    x, y = _ours([np.asarray(x) if np.isscalar(x) else x for x in inputs], device)
    return _call(ufunc, device, (x.reshape(x.shape + (1,) * y.ndim), y), kwargs)


_METHODS = {
    "__call__": _call,
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
}


def _at(ufunc: Any, target: Any, *rest: Any) -> None:
    """Run ``ufunc.at`` in place on an array of ours or of NumPy."""
    others = _map(_host, rest)
    if isinstance(target, Tensor):
        _change(target, lambda elements: ufunc.at(elements, *others))
    else:
        ufunc.at(target, *others)


def _array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Run one of NumPy's elementwise functions, or a method of it, on arrays of ours."""
    out = kwargs.pop("out", ())
    if not all(isinstance(x, _KNOWN) or method == "at" for x in (*inputs, *out)):
        return NotImplemented
    if method == "at":
        return _at(ufunc, *inputs)
    device = next(tensors_in((*inputs, *out)))._device
    result = NotImplemented
    if method in _METHODS:
        result = _METHODS[method](ufunc, device, inputs, kwargs)
    if result is NotImplemented:
        values_decide(f"numpy.{ufunc.__name__}")
        hosts = {name: _map(_host, value) for name, value in kwargs.items()}
        found = getattr(ufunc, method)(*_map(_host, inputs), **hosts)
        result = _dressed(found, device)
    if not any(x is not None for x in out):
        return result
    if len(out) == 1:
        return _store(result, out[0])
    pairs = zip(result, out, strict=True)
    return tuple(value if place is None else _store(value, place) for value, place in pairs)


# --- other functions ----------------------------------------------------------------------------

_FACTS = ("can_cast", "ndim", "result_type", "shape", "size")  # which no value decides
_WRITING = ("copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask")


def _dotted(function: Any) -> str:
    """Name of a NumPy function below ``numpy``: "concatenate", "linalg.norm"."""
    module = getattr(function, "__module__", "") or ""
    return f"{module}.{function.__name__}".removeprefix("numpy.")


def _by_operators(function: Any, device: Device, args: Any, kwargs: Any) -> Any:
    """Call the function of `mx.np` of the same name; NotImplemented if NumPy is to compute."""
    ours = _namesake(_dotted(function))
    if ours is None or not _ours_to_compute((*args, *kwargs.values())):
        return NotImplemented
    try:
        args, kwargs = _named(function, args, kwargs)
        return ours(*_ours(args, device), **{k: _ours(v, device) for k, v in kwargs.items()})
    except Exception as error:
        return error  # options that only NumPy has, or a mistake: NumPy will tell


def _named(function: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Give all arguments but the first three by name: there `mx.np` has another order."""
    if len(args) <= 3:
        return args, kwargs
    order = list(inspect.signature(function).parameters)
    return args[:3], {**dict(zip(order[3:], args[3:], strict=False)), **kwargs}


def _array_function(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """Run any other of NumPy's functions on arrays of ours."""
    if not all(issubclass(t, (Tensor, np.ndarray, np.generic)) for t in types):
        return NotImplemented
    if function.__name__ in _WRITING:
        return _write(function, args, kwargs)
    device = next(tensors_in((*args, *kwargs.values())), self)._device
    out = kwargs.pop("out", None)
    result = _by_operators(function, device, args, kwargs)
    if result is NotImplemented or isinstance(result, Exception):
        result = _dressed(_on_host(function, args, kwargs, result), device)
    return result if out is None else _store(result, out)


def _on_host(function: Any, args: Any, kwargs: Any, ours: Any) -> Any:
    """Let NumPy compute; if it cannot either, our error is the one that teaches."""
    if function.__name__ not in _FACTS:
        values_decide(f"numpy.{_dotted(function)}")
    try:
        return function(*_map(_host, args), **{k: _map(_host, v) for k, v in kwargs.items()})
    except Exception:
        if isinstance(ours, MXNetError):
            raise ours from None
        raise


def _write(function: Any, args: Any, kwargs: Any) -> None:
    """Run a function that changes its first argument."""
    order = inspect.signature(function).parameters if not args else ()
    target, *rest = args or [kwargs[next(iter(order))]]
    others = _map(_host, rest)
    more = {k: _map(_host, v) for k, v in kwargs.items() if v is not target}
    if isinstance(target, Tensor):
        _change(target, lambda elements: function(elements, *others, **more))
    else:
        function(target, *others, **more)


def install() -> None:
    """Hang the protocols on the array class of the NumPy dialect."""
    owner: Any = ndarray
    owner.__array_ufunc__ = _array_ufunc
    owner.__array_function__ = _array_function
