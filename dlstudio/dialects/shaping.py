"""Methods with any number of lengths or axes: ``x.reshape(2, -1)``, ``x.transpose(1, 0)``."""

from __future__ import annotations

from typing import Any

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray, ndarray
from dlstudio.dialects.indexing import own_memory, unlazy
from dlstudio.errors import ArgumentError

__all__ = ["install"]


def _lengths(args: tuple[Any, ...], named: Any) -> Any:
    """Accept ``f(2, 3)``, ``f((2, 3))`` and ``f(shape=(2, 3))``."""
    if not args:
        return named
    return args[0] if len(args) == 1 and not isinstance(args[0], int) else args


def _call(name: str, x: Any, **attrs: Any) -> Any:
    op = OPS[name]
    return invoke(op, (x,), attributes(op, attrs), x.__class__)


def _nd_reshape(self: Any, *shape: Any, **kwargs: Any) -> Any:
    """Same elements in another shape, looking at the same memory.

    Parameters
    ----------
    *shape : int or tuple of int
        Lengths, or the codes 0, -1, -2, -3, -4 of `mx.nd.reshape`.
    reverse : bool
        Match the codes from the last axis.
    """
    codes = _lengths(shape, kwargs.pop("shape", None))
    reverse = kwargs.pop("reverse", False)
    if kwargs or codes is None:
        raise ArgumentError(
            f"reshape: expected reshape(shape, reverse=False). Got {sorted(kwargs)}."
        )
    own_memory(self)
    result = _call("Reshape", self, shape=codes, reverse=reverse)
    unlazy(result)  # writing into a reshaped nd array shows in the original, as in MXNet
    return result


def _np_reshape(self: Any, *shape: Any, **kwargs: Any) -> Any:
    """Same elements in another shape; one length may be -1."""
    order = kwargs.pop("order", "C")
    lengths = _lengths(shape, kwargs.pop("newshape", kwargs.pop("shape", None)))
    if kwargs or lengths is None:
        raise ArgumentError(f"reshape: expected reshape(shape, order='C'). Got {sorted(kwargs)}.")
    return _call("_npi_reshape", self, newshape=lengths, order=order)


def _reshape_view(self: Any, *shape: Any, **kwargs: Any) -> Any:
    """Same elements in another shape, looking at the same memory."""
    return _nd_reshape(self, *shape, **kwargs)


def _transpose(self: Any, *axes: Any, **kwargs: Any) -> Any:
    """Axes in another order; without arguments, reversed."""
    order = _lengths(axes, kwargs.pop("axes", None))
    if kwargs:
        raise ArgumentError(f"transpose: expected transpose(axes). Got {sorted(kwargs)}.")
    return _call("transpose", self, axes=order or None)


def _np_flatten(self: Any, order: str = "C") -> Any:
    """Copy of the elements in one dimension."""
    return _call("identity", _call("_npi_ravel", self, order=order))


def _expand_dims(self: Any, axis: Any, inplace: bool = False) -> Any:
    """Insert an axis of length one; with `inplace` the result looks at the same memory."""
    result = _call("expand_dims", self, axis=axis)
    if inplace:
        unlazy(result)
    return result


def _nd_flatten(self: Any, inplace: bool = False) -> Any:
    """Keep the first axis and merge all others."""
    result = _call("Flatten", self)
    if inplace:
        unlazy(result)
    return result


def _nd_squeeze(self: Any, axis: Any = None, inplace: bool = False) -> Any:
    """Remove axes of length one."""
    result = _call("_nd_squeeze", self, axis=axis)
    if inplace:
        unlazy(result)
    return result


def _np_clip(self: Any, min: Any = None, max: Any = None, out: Any = None) -> Any:  # noqa: A002
    """Limit the elements to `min` … `max`."""
    op = OPS["_npi_clip"]
    return invoke(op, (self,), attributes(op, {"a_min": min, "a_max": max}), self.__class__, out)


def _nonzero(self: Any) -> Any:
    """Positions of the elements that are not zero, one vector for each axis."""
    from dlstudio.dialects.numpy.functions import FUNCTIONS

    return FUNCTIONS["nonzero"](self)


def _matrix_transposed(self: Any) -> Any:
    """The array with its last two axes exchanged."""
    return _call("_npi_matrix_transpose", self)


def install() -> None:
    """Hang the methods on both array classes."""
    shared = {"transpose": _transpose, "expand_dims": _expand_dims}
    legacy = {"reshape": _nd_reshape, "flatten": _nd_flatten, "squeeze": _nd_squeeze}
    numpy = {
        "reshape": _np_reshape,
        "reshape_view": _reshape_view,
        "flatten": _np_flatten,
        "clip": _np_clip,
        "nonzero": _nonzero,
        "mT": property(_matrix_transposed),
    }
    for cls, methods in ((NDArray, shared | legacy), (ndarray, shared | numpy)):
        for name, method in methods.items():
            setattr(cls, name, method)
