"""Softmax and its relatives: softmax, log_softmax, softmin, SoftmaxActivation."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, DType, Float, Int
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.errors import DTypeError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, chosen, expect_float, expect_shape, narrow, wide
from dlstudio.ops.reduce import fold
from dlstudio.ops.rules import normalize_axis

Array = Any

PARAMS = {
    "axis": Int(),
    "temperature": Float(optional=True),
    "dtype": DType(optional=True),
}
FLAGS = Flags(inplace=(0,), out=True, amp="fp32")


def _check(name: str, data: Any, length: Any, axis: int) -> None:
    axis = normalize_axis(name, axis, data.ndim)
    expect_float(name, data)
    if length is None:
        return
    shape = tuple(data.shape[:axis] + data.shape[axis + 1 :])
    expect_shape(name, "length", length, shape, f"data {tuple(data.shape)} without axis {axis}")
    if length.dtype.kind not in "iu":
        raise DTypeError(
            explain(
                f"{name}: length has dtype {length.dtype}.",
                "whole numbers.",
                "length.astype('int32')",
            )
        )


def _shifted(data: Array, axis: int, temperature: float | None, dtype: str | None) -> Array:
    """Fresh array data / temperature - max: exp(89.) would overflow float32."""
    x = wide(data)
    if dtype is not None and np.dtype(dtype).itemsize > x.dtype.itemsize:
        x = x.astype(dtype)
    top = fold("max", x, axis, keepdims=True) if x.size else x
    x = x - top
    if temperature not in (None, 1.0):
        # a negative temperature turns the order round, and with it the maximum
        x = x / temperature if temperature > 0 else _reversed(x, axis, temperature)
    return x


def _reversed(x: Array, axis: int, temperature: float) -> Array:
    x = x / temperature
    return x - fold("max", x, axis, keepdims=True) if x.size else x


def _store(y: Array, dtype: Any, out: Array) -> Array:
    if out is None:
        return narrow(y, dtype)
    out[...] = y
    return out


# ---- softmax ---------------------------------------------------------------------------------
def _valid(xp: Any, length: Array, axis: int, shape: tuple[int, ...]) -> Array:
    """Which positions along `axis` lie below `length`."""
    steps = xp.arange(shape[axis]).reshape(-1, *(1,) * (len(shape) - axis - 1))
    return steps < xp.expand_dims(length, axis)


def _infer_softmax(
    data: Any, length: Any = None, *, axis: int = -1, dtype: Any = None, **_: Any
) -> Aval:
    _check("softmax", data, length, axis)
    return Aval(tuple(data.shape), chosen(dtype, data))


def _grad_softmax(
    F: Any,
    g: Any,
    out: Any,
    data: Any,
    length: Any = None,
    *,
    axis: int,
    temperature: Any,
    **_: Any,
) -> tuple[Any, Any]:
    dx = F.softmax_grad(g, out, axis=axis, temperature=temperature)
    return (dx if dx.dtype == data.dtype else F.cast(dx, dtype=data.dtype.name)), None


def _softmax_samples(s: Any) -> list[Any]:
    return [
        s(2, 3),
        s(2, 3, 2, axis=1),
        s(2, 3, axis=0, temperature=2.0),
        s(2, 3, temperature=-1.5),
        s((2, 4), np.array([2, 3]), use_length=True),
        s((2, 4, 2), np.array([[2, 3], [4, 1]]), use_length=True, axis=1),
        s((2, 3), dtype="float64"),
        s(0, 3),
        s(1),
    ]


@op(
    "softmax",
    infer=_infer_softmax,
    grad=_grad_softmax,
    input_names=lambda attrs: ("data", "length")[: 2 if attrs["use_length"] else 1],
    params=PARAMS,
    names=Names(nd="softmax", npx="softmax", method="softmax"),
    flags=FLAGS,
    samples=_softmax_samples,
    errors=lambda s: [
        bad(s((2, 3), axis=2), ShapeError, "axis=2"),
        bad(s(s.ints(2, 3, high=3)), DTypeError, "floating"),
        bad(s((2, 3), (2,), use_length=True), DTypeError, "whole numbers"),
        bad(s((2, 3), s.ints(3, high=3), use_length=True), ShapeError, "length has shape"),
    ],
)
def _(
    xp: Any, data: Array, length: Array = None, *, axis: int = -1, temperature: float | None = None,
    dtype: str | None = None, use_length: bool = False, out: Array = None,
) -> Array:  # fmt: skip
    r"""Turn scores into probabilities: :math:`e^{x_i / T} / \sum_j e^{x_j / T}` along `axis`.

    Parameters
    ----------
    data : any shape, floating
    length : data's shape without `axis`, whole numbers, with ``use_length=True``: how many entries
        count; the others get probability 0
    temperature : T, larger is flatter
    dtype : dtype of the result
    """
    _check("softmax", data, length, axis)
    if length is not None:
        return _masked_softmax(xp, data, length, axis, temperature, dtype, out)
    y = _shifted(data, axis, temperature, dtype)
    xp.exp(y, out=y)
    y /= fold("sum", y, axis, keepdims=True)
    return _store(y, chosen(dtype, data), out)


def _masked_softmax(
    xp: Any, data: Array, length: Array, axis: int, temperature: Any, dtype: Any, out: Array
) -> Array:
    valid = _valid(xp, length, normalize_axis("softmax", axis, data.ndim), data.shape)
    x = xp.where(valid, data, -np.inf if data.dtype.kind in "fV" else 0).astype(data.dtype)
    with np.errstate(invalid="ignore"):  # a row of length 0 is all -inf
        y = xp.exp(_shifted(x, axis, temperature, dtype))
        y = xp.where(valid, y / fold("sum", y, axis, keepdims=True), 0)
    return _store(y, chosen(dtype, data), out)


def _second_softmax(
    F: Any, u: Any, result: Any, g: Any, out: Any, *, axis: int, temperature: Any
) -> tuple[Any, Any]:
    # r = out (g - sum(g out)) / T
    sums = F.sum(F.multiply(g, out), axis=axis, keepdims=True)
    along = F.sum(F.multiply(u, out), axis=axis, keepdims=True)
    dout = F.subtract(F.multiply(u, F.subtract(g, sums)), F.multiply(g, along))
    if temperature is not None:
        dout = F.multiply_scalar(dout, scalar=1.0 / temperature)
    return F.softmax_grad(u, out, axis=axis, temperature=temperature), dout


@op(
    "softmax_grad",
    infer=lambda g, out, **_: aval(g.shape, g),
    grad=_second_softmax,
    params={"axis": Int(), "temperature": Float(optional=True)},
    flags=Flags(inplace=(0,)),
    samples=lambda s: [s((2, 3), (2, 3)), s((2, 3), (2, 3), axis=0, temperature=2.0)],
)
def _(xp: Any, g: Array, out: Array, *, axis: int = -1, temperature: float | None = None) -> Array:
    """Gradient of `softmax` from its output: ``out * (g - sum(g * out)) / T``."""
    y, p = wide(g), wide(out)
    dx = y - fold("sum", y * p, axis, keepdims=True)
    dx *= p
    if temperature is not None:
        dx /= temperature
    return narrow(dx, g.dtype)


# ---- log_softmax -----------------------------------------------------------------------------
def _infer_log(data: Any, *, axis: int = -1, dtype: Any = None, **_: Any) -> Aval:
    _check("log_softmax", data, None, axis)
    return Aval(tuple(data.shape), chosen(dtype, data))


def _grad_log(
    F: Any, g: Any, out: Any, data: Any, *, axis: int, temperature: Any, **_: Any
) -> tuple[Any]:
    dx = F.log_softmax_grad(g, out, axis=axis, temperature=temperature)
    return (dx if dx.dtype == data.dtype else F.cast(dx, dtype=data.dtype.name),)


@op(
    "log_softmax",
    infer=_infer_log,
    grad=_grad_log,
    params=PARAMS,
    names=Names(nd="log_softmax", npx="log_softmax", method="log_softmax"),
    flags=FLAGS,
    samples=lambda s: [x for x in _softmax_samples(s) if len(x.inputs) == 1],
    errors=lambda s: [
        bad(s((2, 3), axis=2), ShapeError, "axis=2"),
        bad(s(s.ints(2, 3, high=3)), DTypeError, "floating"),
    ],
)
def _(
    xp: Any, data: Array, *, axis: int = -1, temperature: float | None = None,
    dtype: str | None = None, use_length: bool | None = False, out: Array = None,
) -> Array:  # fmt: skip
    r"""Logarithm of `softmax`, :math:`x_i / T - \log \sum_j e^{x_j / T}`.

    More exact than ``log(softmax(x))``, which loses small probabilities.
    """
    _check("log_softmax", data, None, axis)
    y = _shifted(data, axis, temperature, dtype)
    y -= xp.log(fold("sum", xp.exp(y), axis, keepdims=True))
    return _store(y, chosen(dtype, data), out)


def _second_log(
    F: Any, u: Any, result: Any, g: Any, out: Any, *, axis: int, temperature: Any
) -> tuple[Any, Any]:
    # r = (g - p sum(g)) / T with p = e^out
    p = F.exp(out)
    if temperature is not None:
        u = F.multiply_scalar(u, scalar=1.0 / temperature)
    along = F.sum(F.multiply(u, p), axis=axis, keepdims=True)
    dout = F.multiply(F.multiply(u, p), F.sum(g, axis=axis, keepdims=True))
    return F.subtract(u, F.broadcast_to(along, shape=tuple(u.shape))), F.negative(dout)


@op(
    "log_softmax_grad",
    infer=lambda g, out, **_: aval(g.shape, g),
    grad=_second_log,
    params={"axis": Int(), "temperature": Float(optional=True)},
    flags=Flags(inplace=(0,)),
    samples=lambda s: [s((2, 3), (2, 3)), s((2, 3), (2, 3), axis=0, temperature=2.0)],
)
def _(xp: Any, g: Array, out: Array, *, axis: int = -1, temperature: float | None = None) -> Array:
    """Gradient of `log_softmax` from its output: ``(g - exp(out) * sum(g)) / T``."""
    y = wide(g)
    dx = y - xp.exp(wide(out)) * fold("sum", y, axis, keepdims=True)
    if temperature is not None:
        dx /= temperature
    return narrow(dx, g.dtype)


# ---- relatives -------------------------------------------------------------------------------
@composite(
    "softmin",
    params=PARAMS,
    names=Names(nd="softmin", method="softmin"),
    flags=Flags(amp="fp32"),
    samples=lambda s: [s(2, 3), s(2, 3, axis=0, temperature=2.0)],
)
def _(
    F: Any, data: Any, *, axis: int = -1, temperature: float | None = None,
    dtype: str | None = None, use_length: bool | None = False,
) -> Any:  # fmt: skip
    """Softmax of the negated scores: the smallest gets the largest probability."""
    return F.softmax(F.negative(data), axis=axis, temperature=temperature, dtype=dtype)


@composite(
    "SoftmaxActivation",
    params={"mode": Choice("instance", "channel")},
    names=Names(nd="SoftmaxActivation"),
    samples=lambda s: [s(2, 3, 2), s(2, 3, 2, mode="channel")],
)
def _(F: Any, data: Any, *, mode: str = "instance") -> Any:
    """Softmax over all features of an example, or over axis 1 with ``mode="channel"``."""
    if mode == "channel":
        return F.softmax(data, axis=1)
    rows = F.reshape(data, shape=(data.shape[0], prod(data.shape[1:])))
    return F.reshape(F.softmax(rows, axis=-1), shape=tuple(data.shape))
