"""Functions of numbers that NumPy has and MXNet 1.x had not: whole quotients, complex parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.registry import Flags, Names, op
from dlstudio.ops.arithmetic import Arithmetic, register
from dlstudio.ops.rules import real_dtype, zeros

Array = Any


def _double(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Dtype of a real-valued result of integers (float64, as in NumPy) or floats (unchanged)."""
    return dtype if dtype.kind in "fc" else np.dtype("float64")


def _in_double(name: str) -> Callable[..., Array]:
    def compute(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
        if x.dtype.kind in "iub":
            x, y = xp.asarray(x, "float64"), xp.asarray(y, "float64")
        return getattr(xp, name)(x, y, out=out)

    return compute


def _floor_divide(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
    return xp.floor_divide(x, y, out=out)


def _share(F: Any, g: Array, out: Array, x: Array) -> Array:
    return F.multiply(g, F.exp(F.subtract(x, out)))


def _log_share(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    return _share(F, g, out, x)


def _steps(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    return zeros(F, x) if reverse else g


TABLE = (
    Arithmetic(
        "floor_divide",
        "Largest integer not above ``x / y``.",
        _floor_divide,
        lambda F, g, out, x, y: (zeros(F, g), zeros(F, g)),
        lambda F, g, out, x, number, reverse: zeros(F, x),
    ),
    Arithmetic(
        "logaddexp",
        "``log(eˣ + eʸ)`` without overflow; integers give float64.",
        _in_double("logaddexp"),
        lambda F, g, out, x, y: (_share(F, g, out, x), _share(F, g, out, y)),
        _log_share,
        meets=_double,
    ),
    Arithmetic(
        "nextafter",
        "The number next to x in the direction of y; integers give float64.",
        _in_double("nextafter"),
        lambda F, g, out, x, y: (g, zeros(F, g)),
        _steps,
        meets=_double,
    ),
)

for _row in TABLE:
    register(_row)


# --- parts of complex numbers -------------------------------------------------------------------


def _part(x: Aval) -> Aval:
    return Aval(x.shape, real_dtype(x.dtype))


def _samples(s: Any) -> list[Any]:
    return [s(2, 3), s(()), s(0, 3), s(s.ints(3, high=5)), s(np.array([1 + 2j, -3j]))]


@op(
    "real",
    infer=_part,
    grad=lambda F, g, out, x: (g,),
    names=Names(np="real", np_args="val"),
    samples=_samples,
    reference=np.real,
)
def _(xp, x):
    """Real part of `x`; a real array is its own."""
    return xp.real(x).copy()


@op(
    "imag",
    infer=_part,
    grad=lambda F, g, out, x: (zeros(F, x),),
    names=Names(np="imag", np_args="val"),
    samples=_samples,
    reference=np.imag,
)
def _(xp, x):
    """Imaginary part of `x`: zeros for a real array."""
    return xp.imag(x).copy()


@op(
    "conj",
    infer=lambda x: x,
    grad=lambda F, g, out, x: (F.conj(g),),
    flags=Flags(inplace=(0,), out=True),
    names=Names(np="conj conjugate", np_method="conj", np_args="x"),
    samples=_samples,
    reference=np.conj,
)
def _(xp, x, *, out=None):
    """Complex conjugate: the imaginary part changes its sign."""
    if x.dtype.kind == "c":
        return xp.conj(x, out=out)
    if out is None:
        return x.copy()
    xp.copyto(out, x)
    return out
