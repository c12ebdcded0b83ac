"""Arrays made from nothing: zeros, ones, ranges; and their `_like` twins."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Anything, DType, Float, Int, Scalar, Shape
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, op
from dlstudio.errors import ParamError, explain
from dlstudio.ops.rules import zeros

Array = Any
MADE = NotDifferentiable("its result does not depend on any array")


def _shaped(*, shape: tuple[int, ...], dtype: str, **_: Any) -> Aval:
    return Aval(shape, np.dtype(dtype))


def _shapes(**attrs: Any) -> Any:
    def samples(s: Any) -> list[Any]:
        return [
            s(shape=(2, 3), **attrs),
            s(shape=(), dtype="float64", **attrs),
            s(shape=(0, 3), dtype="int32", **attrs),
        ]

    return samples


@op(
    "zeros",
    infer=_shaped,
    grad=MADE,
    params={"shape": Shape(0), "dtype": DType()},
    names=Names(nd="zeros", np="zeros", json="_zeros"),
    samples=_shapes(),
    reference=lambda *, shape, dtype="float32": np.zeros(shape, dtype),
    flags=Flags(out=True),
    errors=lambda s: [bad(s(shape=(-1, 2)), ParamError, "shape")],
)
def _(xp, *, shape, dtype="float32", out=None):
    """Array of zeros."""
    return _fill(xp, shape, 0, dtype, out)


@op(
    "ones",
    infer=_shaped,
    grad=MADE,
    params={"shape": Shape(0), "dtype": DType()},
    names=Names(nd="ones", np="ones", json="_ones"),
    samples=_shapes(),
    reference=lambda *, shape, dtype="float32": np.ones(shape, dtype),
    flags=Flags(out=True),
)
def _(xp, *, shape, dtype="float32", out=None):
    """Array of ones."""
    return _fill(xp, shape, 1, dtype, out)


@op(
    "full",
    infer=_shaped,
    grad=MADE,
    flags=Flags(out=True),
    params={"shape": Shape(0), "fill_value": Scalar(), "dtype": DType()},
    names=Names(nd="full", json="_full"),
    samples=_shapes(fill_value=2.5),
    reference=lambda *, shape, fill_value, dtype="float32": np.full(shape, fill_value, dtype),
)
def _(xp, *, shape, fill_value, dtype="float32", out=None):
    """Array filled with the number `fill_value`."""
    return _fill(xp, shape, fill_value, dtype, out)


def _fill(xp: Any, shape: tuple[int, ...], value: Any, dtype: str, out: Array | None) -> Array:
    if out is None:
        return xp.zeros(shape, dtype) if value == 0 else xp.full(shape, value, dtype)
    out[...] = value
    return out


def _like(x: Aval, *, dtype: str | None = None, **_: Any) -> Aval:
    return Aval(x.shape, x.dtype if dtype is None else np.dtype(dtype))


def _flat_grad(F: Any, g: Array, out: Array, a: Array, **_: Any) -> tuple[Array]:
    return (zeros(F, a),)


def _like_samples(s: Any) -> list[Any]:
    return [s(2, 3), s((), dtype="int32"), s(0, 3)]


_CONSTANT = {
    "infer": _like,
    "grad": _flat_grad,
    "samples": _like_samples,
    "flags": Flags(out=True),
    "params": {"dtype": DType(optional=True)},
}


@op(
    "zeros_like",
    **_CONSTANT,
    reference=lambda a, *, dtype=None: np.zeros_like(a, dtype),
    names=Names(
        nd="zeros_like",
        np="zeros_like",
        method="zeros_like",
        np_method="zeros_like",
        args="data",
        np_args="a",
    ),
)
def _(xp, a, *, dtype=None, out=None):
    """Zeros of the shape and dtype of `a`."""
    return _fill(xp, a.shape, 0, dtype or a.dtype, out)


@op(
    "ones_like",
    **_CONSTANT,
    reference=lambda a, *, dtype=None: np.ones_like(a, dtype),
    names=Names(
        nd="ones_like",
        np="ones_like",
        method="ones_like",
        np_method="ones_like",
        args="data",
        np_args="a",
    ),
)
def _(xp, a, *, dtype=None, out=None):
    """Ones of the shape and dtype of `a`."""
    return _fill(xp, a.shape, 1, dtype or a.dtype, out)


@op(
    "full_like",
    infer=_like,
    flags=Flags(out=True),
    grad=_flat_grad,
    params={"fill_value": Scalar(), "dtype": DType(optional=True)},
    names=Names(np="full_like", np_args="a", json="_npi_full_like"),
    samples=lambda s: [
        s(2, 3, fill_value=2.5),
        s((), fill_value=2, dtype="int32"),
        s((0, 3), fill_value=1),
    ],
    reference=lambda a, *, fill_value, dtype=None: np.full_like(a, fill_value, dtype),
)
def _(xp, a, *, fill_value, dtype=None, out=None):
    """Array of the shape and dtype of `a`, filled with a number."""
    return _fill(xp, a.shape, fill_value, dtype or a.dtype, out)


def _range_size(name: str, start: float, stop: float | None, step: float) -> int:
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise ParamError(
            explain(f"{name}: parameter step must not be 0.", fix=f"{name}(..., step=1)")
        )
    return max(0, ceil((stop - start) / step))


def _arange(xp: Any, start: float, stop: float | None, step: float, dtype: str) -> Array:
    size = _range_size("arange", start, stop, step)
    first = 0 if stop is None else start
    # computed in float64 and rounded once, so that long float32 ranges do not drift
    return (first + step * xp.arange(size, dtype="float64")).astype(dtype)


def _infer_arange(*, start, stop, step, dtype, repeat=1, infer_range=False):
    return Aval((_range_size("arange", start, stop, step) * repeat,), np.dtype(dtype))


def _infer_nd_arange(*, start, stop, step, **rest):
    size = _range_size("arange", start, stop, step)
    if size <= 0:
        raise ParamError(
            explain(
                f"arange: start={start}, stop={stop}, step={step} is an empty range.",
                "start < stop for a positive step, start > stop for a negative one.",
            )
        )
    return _infer_arange(start=start, stop=stop, step=step, **rest)


_RANGE = {"start": Float(), "stop": Float(optional=True), "step": Float(), "dtype": DType()}


@op(
    "_arange",
    infer=_infer_nd_arange,
    grad=MADE,
    params={**_RANGE, "repeat": Int(1)},
    names=Names(nd="arange", json="_arange"),
    samples=lambda s: [
        s(start=5),
        s(start=0, stop=1, step=0.25),
        s(start=5, stop=0, step=-2),
        s(start=2, stop=6, repeat=2, dtype="int32"),
    ],
    errors=lambda s: [
        bad(s(start=3, stop=1), ParamError, "empty range"),
        bad(s(start=3, step=0), ParamError, "step"),
    ],
)
def _(xp, *, start, stop=None, step=1.0, repeat=1, infer_range=False, dtype="float32"):
    """Numbers from `start` up to, not including, `stop`, each `repeat` times."""
    _infer_nd_arange(start=start, stop=stop, step=step, dtype=dtype)
    return xp.repeat(_arange(xp, start, stop, step, dtype), repeat)


@op(
    "arange",
    infer=_infer_arange,
    grad=MADE,
    params=_RANGE,
    names=Names(np="arange", json="_npi_arange"),
    samples=lambda s: [
        s(start=5),
        s(start=0, stop=1, step=0.25),
        s(start=3, stop=1, dtype="int32"),
    ],
    reference=lambda *, start, stop=None, step=1, dtype="float32": np.arange(
        0 if stop is None else start, start if stop is None else stop, step
    ).astype(dtype),
    errors=lambda s: [bad(s(start=3, step=0), ParamError, "step")],
)
def _(xp, *, start, stop=None, step=1.0, dtype="float32"):
    """Numbers from `start` up to, not including, `stop`."""
    return _arange(xp, start, stop, step, dtype)


def _infer_linspace(*, start, stop, num, endpoint, dtype):
    return Aval((num,), np.dtype(dtype))


@op(
    "linspace",
    infer=_infer_linspace,
    grad=MADE,
    params={"start": Float(), "stop": Float(), "num": Int(0), "dtype": DType()},
    names=Names(nd="linspace", json="_linspace"),
    samples=lambda s: [
        s(start=0, stop=1, num=5),
        s(start=3, stop=-1, num=3, endpoint=False),
        s(start=0, stop=1, num=0),
        s(start=0, stop=1, num=1, dtype="float64"),
    ],
    reference=lambda *, start, stop, num, endpoint=True, dtype="float32": np.linspace(
        start, stop, num, endpoint, dtype=dtype
    ),
)
def _(xp, *, start, stop, num=50, endpoint=True, dtype="float32"):
    """`num` evenly spaced numbers from `start` to `stop`."""
    return xp.linspace(start, stop, num, endpoint=endpoint).astype(dtype)


@op(
    "eye",
    infer=lambda *, N, M, k, dtype: Aval((N, M or N), np.dtype(dtype)),
    grad=MADE,
    params={"N": Int(0), "M": Int(0, optional=True), "dtype": DType()},
    names=Names(nd="eye", np="eye", json="_eye"),
    samples=lambda s: [s(N=3), s(N=3, M=4, k=1), s(N=2, M=0, k=-1, dtype="int32"), s(N=0)],
    reference=lambda *, N, M=None, k=0, dtype="float32": np.eye(N, M or N, k, dtype),
)
def _(xp, *, N, M=None, k=0, dtype="float32"):
    """Matrix (N, M) with ones on diagonal `k`; M = N if absent or 0."""
    return xp.eye(N, M or N, k, dtype)


@op(
    "tri",
    infer=lambda *, N, M, k, dtype: Aval((N, N if M is None else M), np.dtype(dtype)),
    grad=MADE,
    params={"N": Int(0), "M": Int(0, optional=True), "dtype": DType()},
    names=Names(np="tri", json="_npi_tri"),
    samples=lambda s: [s(N=3), s(N=3, M=4, k=1), s(N=0)],
    reference=lambda *, N, M=None, k=0, dtype="float32": np.tri(N, M, k, dtype),
)
def _(xp, *, N, M=None, k=0, dtype="float32"):
    """Matrix (N, M) with ones on and below diagonal `k`."""
    return xp.tri(N, M, k, dtype)


def _infer_arange_like(data, *, start, step, repeat, axis, ctx=None):
    if axis is None:
        return Aval(data.shape, data.dtype)
    return Aval((data.shape[axis],), data.dtype)


@op(
    "_contrib_arange_like",
    infer=_infer_arange_like,
    grad=_flat_grad,
    params={"ctx": Anything(), "axis": Int(optional=True)},
    names=Names(nd="contrib.arange_like", npx="arange_like"),
    samples=lambda s: [s(2, 3), s(2, 3, axis=1), s(2, 3, start=1.0, step=2.0, repeat=2), s(0, 3)],
)
def _(xp, data, *, start=0.0, step=1.0, repeat=1, ctx=None, axis=None):
    """Numbers start, start + step, …, as many as `data` has along `axis` (or in all).

    They are made beside `data`; `ctx` is accepted and not looked at, as in MXNet.
    """
    aval = _infer_arange_like(data, start=start, step=step, repeat=repeat, axis=axis)
    numbers = start + step * (xp.arange(aval.size) // repeat)
    return numbers.astype(data.dtype).reshape(aval.shape)
