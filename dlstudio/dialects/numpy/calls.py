"""Functions of `np` whose parameters are not those of the operator behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.core.device import Device
from dlstudio.core.tensor import Tensor
from dlstudio.dialects.numpy.functions import call
from dlstudio.errors import ParamError

__all__ = ["FUNCTIONS", "METHODS"]


def _place(a: Any, ctx: Any) -> Any:
    """Move `a` to the device where something like it shall be made."""
    return a if ctx is None or not isinstance(a, Tensor) else a.as_in_context(Device(ctx))


def zeros_like(
    a: Any, dtype: Any = None, order: str = "C", ctx: Any = None, out: Any = None,
    device: Any = None,
) -> Any:  # fmt: skip
    """Zeros of the shape and dtype of `a`, on its device unless `ctx` names another."""
    del order
    return call("zeros_like", _place(a, device or ctx), out=out, dtype=dtype)


def ones_like(
    a: Any, dtype: Any = None, order: str = "C", ctx: Any = None, out: Any = None,
    device: Any = None,
) -> Any:  # fmt: skip
    """Ones of the shape and dtype of `a`, on its device unless `ctx` names another."""
    del order
    return call("ones_like", _place(a, device or ctx), out=out, dtype=dtype)


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "C", ctx: Any = None, out: Any = None,
    device: Any = None,
) -> Any:  # fmt: skip
    """Array of one number in the shape and dtype of `a`, on its device unless `ctx` differs."""
    del order
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    place = _place(a, device or ctx)
    return call("full_like", place, out=out, fill_value=fill_value, dtype=dtype)


def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None,
    neginf: float | None = None, out: Any = None, **_: Any,
) -> Any:  # fmt: skip
    """Replace NaN by `nan`, infinities by `posinf`, `neginf` or the dtype's largest numbers.

    Parameters
    ----------
    x : ndarray
    copy : bool
        With False the numbers are replaced in `x` itself.
    nan, posinf, neginf : float, optional
    """
    if not copy and isinstance(x, Tensor):
        out = x
    return call("nan_to_num", x, out=out, nan=nan, posinf=posinf, neginf=neginf)


def sum(  # noqa: A001  NumPy's name
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None,
    out: Any = None,
) -> Any:  # fmt: skip
    """Sum of the elements along `axis`, and of `initial`.

    Parameters
    ----------
    a : ndarray
    axis : int, tuple of int or None
    dtype : optional
        Of the result, and of the running sum. Default: that of `a`; small integers become int64.
    keepdims : bool
    initial : number, optional
    """
    if initial is None:
        return call("sum", a, out=out, axis=axis, dtype=dtype, keepdims=keepdims)
    total = call("sum", a, axis=axis, dtype=dtype, keepdims=keepdims)
    return call("add_scalar", total, out=out, scalar=initial)


def _plain_order(name: str, order: Any) -> None:
    if order is not None:
        raise ParamError(f"{name}: parameter order must be None: our arrays have no fields.")


def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    """Elements in ascending order along `axis`; None sorts the flattened array.

    `kind` is accepted as in NumPy; the order is stable whatever it says.
    """
    del kind
    _plain_order("sort", order)
    return call("sort", a, axis=axis)


def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    """Places of the elements in ascending order along `axis`; None takes the flattened array.

    `kind` is accepted as in NumPy; equal elements stay in their order whatever it says.
    """
    del kind
    _plain_order("argsort", order)
    return call("argsort", a, axis=axis)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (zeros_like, ones_like, full_like, nan_to_num, sum, sort, argsort)
}
METHODS = {"sort": sort, "argsort": argsort}  # of the array class
