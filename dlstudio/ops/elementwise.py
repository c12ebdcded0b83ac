"""Functions of one array, element by element: powers, exponentials, angles, rounding, copies."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval, is_floating
from dlstudio.core.params import DType
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ParamError
from dlstudio.ops.families import unary
from dlstudio.ops.rules import refuse_complex, same, zeros

Array = Any


def both_names(name: str, *more: str, npx: str = "", json: str = "") -> Names:
    """Give the names of a function that both dialects and their arrays have."""
    aliases = " ".join((name, *more))
    return Names(
        nd=name,
        np=aliases,
        npx=npx,
        method=name,
        np_method=name,
        json=json,
        args="data",
        np_args="x",
    )


def np_names(name: str, *more: str) -> Names:
    """Give the names of a function that only the NumPy dialect has."""
    return Names(np=" ".join((name, *more)), np_args="x", json=f"_npi_{name}")


# --- powers and roots --------------------------------------------------------------------------

unary(
    "abs",
    "Absolute value: ``|x|``.",
    lambda F, g, y, x: F.multiply(g, F.sign(x)),
    names=both_names("abs", "absolute", "fabs"),
    modulus=True,
    reference=np.abs,
)
unary(
    "negative",
    "Negation: ``-x``.",
    lambda F, g, y, x: F.negative(g),
    names=Names(nd="negative", np="negative", args="data", np_args="x"),
    reference=np.negative,
)
unary(
    "square",
    "Square: ``x²``.",
    lambda F, g, y, x: F.multiply(F.multiply_scalar(g, scalar=2.0), x),
    names=both_names("square"),
    reference=np.square,
)
unary(
    "sqrt",
    "Square root: ``√x``.",
    lambda F, g, y, x: F.divide(F.multiply_scalar(g, scalar=0.5), y),
    names=both_names("sqrt"),
    reference=np.sqrt,
)
unary(
    "cbrt",
    "Cube root: ``∛x``.",
    lambda F, g, y, x: F.divide(F.multiply_scalar(g, scalar=1 / 3), F.square(y)),
    names=both_names("cbrt"),
    reference=np.cbrt,
)
unary(
    "reciprocal",
    "Reciprocal: ``1/x``.",
    lambda F, g, y, x: F.negative(F.multiply(g, F.square(y))),
    names=both_names("reciprocal"),
    reference=lambda x: 1 / x,
    compute=lambda xp, x, out: xp.divide(1, x, out=out),
    amp="fp32",
)
unary(
    "rsqrt",
    "Reciprocal square root: ``1/√x``.",
    lambda F, g, y, x: F.multiply(F.multiply_scalar(g, scalar=-0.5), F.divide(y, x)),
    names=Names(nd="rsqrt", npx="rsqrt", method="rsqrt", np_method="rsqrt", args="data"),
    reference=lambda x: 1 / np.sqrt(x),
    compute=lambda xp, x, out: xp.divide(1, xp.sqrt(x), out=out),
    amp="fp32",
)
unary(
    "rcbrt",
    "Reciprocal cube root: ``1/∛x``.",
    lambda F, g, y, x: F.multiply(F.multiply_scalar(g, scalar=-1 / 3), F.divide(y, x)),
    names=Names(nd="rcbrt", npx="rcbrt", method="rcbrt", np_method="rcbrt", args="data"),
    reference=lambda x: 1 / np.cbrt(x),
    compute=lambda xp, x, out: xp.divide(1, xp.cbrt(x), out=out),
    amp="fp32",
)

# --- exponentials and logarithms ---------------------------------------------------------------

unary(
    "exp",
    "Exponential: ``eˣ``.",
    lambda F, g, y, x: F.multiply(g, y),
    names=both_names("exp"),
    reference=np.exp,
    amp="fp32",
)
unary(
    "expm1",
    "``eˣ - 1``, exact for small x.",
    lambda F, g, y, x: F.multiply(g, F.exp(x)),
    names=both_names("expm1"),
    reference=np.expm1,
    amp="fp32",
)
unary(
    "exp2",
    "Power of two: ``2ˣ``.",
    lambda F, g, y, x: F.multiply(F.multiply_scalar(g, scalar=log(2)), y),
    names=np_names("exp2"),
    reference=np.exp2,
    amp="fp32",
)
unary(
    "log",
    "Natural logarithm.",
    lambda F, g, y, x: F.divide(g, x),
    names=both_names("log"),
    reference=np.log,
    amp="fp32",
)
unary(
    "log10",
    "Logarithm to base 10.",
    lambda F, g, y, x: F.divide(F.multiply_scalar(g, scalar=1 / log(10)), x),
    names=both_names("log10"),
    reference=np.log10,
    amp="fp32",
)
unary(
    "log2",
    "Logarithm to base 2.",
    lambda F, g, y, x: F.divide(F.multiply_scalar(g, scalar=1 / log(2)), x),
    names=both_names("log2"),
    reference=np.log2,
    amp="fp32",
)
unary(
    "log1p",
    "``log(1 + x)``, exact for small x.",
    lambda F, g, y, x: F.divide(g, F.add_scalar(x, scalar=1)),
    names=both_names("log1p"),
    reference=np.log1p,
    amp="fp32",
)

# --- angles ------------------------------------------------------------------------------------

unary(
    "sin",
    "Sine of an angle in radians.",
    lambda F, g, y, x: F.multiply(g, F.cos(x)),
    names=both_names("sin"),
    reference=np.sin,
)
unary(
    "cos",
    "Cosine of an angle in radians.",
    lambda F, g, y, x: F.negative(F.multiply(g, F.sin(x))),
    names=both_names("cos"),
    reference=np.cos,
)
unary(
    "tan",
    "Tangent of an angle in radians.",
    lambda F, g, y, x: F.multiply(g, F.add_scalar(F.square(y), scalar=1)),
    names=both_names("tan"),
    reference=np.tan,
    domain=(-1, 1),
    amp="fp32",
)


def _arc_slope(F: Any, g: Array, x: Array) -> Array:
    return F.multiply(g, F.rsqrt(F.subtract_scalar(F.square(x), scalar=1, reverse=True)))


unary(
    "arcsin",
    "Inverse sine, in radians.",
    lambda F, g, y, x: _arc_slope(F, g, x),
    names=both_names("arcsin", "asin"),
    reference=np.arcsin,
    domain=(-0.8, 0.8),
    amp="fp32",
)
unary(
    "arccos",
    "Inverse cosine, in radians.",
    lambda F, g, y, x: F.negative(_arc_slope(F, g, x)),
    names=both_names("arccos", "acos"),
    reference=np.arccos,
    domain=(-0.8, 0.8),
    amp="fp32",
)
unary(
    "arctan",
    "Inverse tangent, in radians.",
    lambda F, g, y, x: F.divide(g, F.add_scalar(F.square(x), scalar=1)),
    names=both_names("arctan", "atan"),
    reference=np.arctan,
)
unary(
    "sinh",
    "Hyperbolic sine: ``(eˣ - e⁻ˣ)/2``.",
    lambda F, g, y, x: F.multiply(g, F.cosh(x)),
    names=both_names("sinh"),
    reference=np.sinh,
    amp="fp32",
)
unary(
    "cosh",
    "Hyperbolic cosine: ``(eˣ + e⁻ˣ)/2``.",
    lambda F, g, y, x: F.multiply(g, F.sinh(x)),
    names=both_names("cosh"),
    reference=np.cosh,
    amp="fp32",
)
unary(
    "tanh",
    "Hyperbolic tangent.",
    lambda F, g, y, x: F.tanh_grad(g, y),
    names=both_names("tanh"),
    reference=np.tanh,
)
unary(
    "arcsinh",
    "Inverse hyperbolic sine.",
    lambda F, g, y, x: F.multiply(g, F.rsqrt(F.add_scalar(F.square(x), scalar=1))),
    names=both_names("arcsinh", "asinh"),
    reference=np.arcsinh,
    amp="fp32",
)
unary(
    "arccosh",
    "Inverse hyperbolic cosine, for x ≥ 1.",
    lambda F, g, y, x: F.multiply(g, F.rsqrt(F.subtract_scalar(F.square(x), scalar=1))),
    names=both_names("arccosh", "acosh"),
    reference=np.arccosh,
    domain=(1.5, 3),
    amp="fp32",
)
unary(
    "arctanh",
    "Inverse hyperbolic tangent.",
    lambda F, g, y, x: F.divide(g, F.subtract_scalar(F.square(x), scalar=1, reverse=True)),
    names=both_names("arctanh", "atanh"),
    reference=np.arctanh,
    domain=(-0.8, 0.8),
    amp="fp32",
)
unary(
    "degrees",
    "Radians to degrees: ``180 x/π``.",
    lambda F, g, y, x: F.multiply_scalar(g, scalar=180 / pi),
    names=both_names("degrees", "rad2deg"),
    reference=np.degrees,
)
unary(
    "radians",
    "Degrees to radians: ``π x/180``.",
    lambda F, g, y, x: F.multiply_scalar(g, scalar=pi / 180),
    names=both_names("radians", "deg2rad"),
    reference=np.radians,
)

# --- copies and gradient stops -----------------------------------------------------------------


@op(
    "identity",
    infer=same,
    grad=lambda F, g, out, x: (g,),
    flags=Flags(inplace=(0,), out=True, pointwise=True),
    names=Names(nd="identity", np="copy positive", json="_copy", args="data", np_args="a"),
    samples=lambda s: [s(2, 3), s(()), s(0, 3)],
    reference=np.copy,
)
def _(xp, x, *, out=None):
    """Copy of `x`, which gradients pass unchanged."""
    if out is None:
        return x.copy()
    xp.copyto(out, x)
    return out


@op(
    "BlockGrad",
    infer=same,
    flags=Flags(inplace=(0,), out=True, pointwise=True),
    grad=lambda F, g, out, x: (zeros(F, x),),
    custom_gradient="stopping the gradient is its purpose",
    names=Names(nd="BlockGrad stop_gradient", npx="stop_gradient", args="data", np_args="data"),
    samples=lambda s: [s(2, 3), s(()), s(0, 3)],
    reference=np.copy,
)
def _(xp, x, *, out=None):
    """Copy of `x` that lets no gradient through."""
    if out is None:
        return x.copy()
    xp.copyto(out, x)
    return out


def _as_dtype(x: Aval, *, dtype: str) -> Aval:
    return Aval(x.shape, np.dtype(dtype))


def _cast_grad(F: Any, g: Array, out: Array, x: Array, *, dtype: str) -> tuple[Array]:
    refuse_complex(g, x)
    return (F.cast(g, dtype=x.dtype.name),)


def _cast_samples(s: Any) -> list[Any]:
    return [
        s(2, 3, dtype="float64"),
        s(s.uniform(2, 3), dtype="int32"),
        s((), dtype="bool"),
        s(s.ints(4, high=3), dtype="uint8"),
        s(0, 3, dtype="int64"),
    ]


def _cast(xp: Any, x: Array, dtype: str, out: Array | None) -> Array:
    if out is None:
        return x.astype(dtype)
    xp.copyto(out, x, casting="unsafe")
    return out


@op(
    "cast",
    infer=_as_dtype,
    grad=_cast_grad,
    flags=Flags(out=True, pointwise=True),
    params={"dtype": DType()},
    names=Names(
        nd="cast Cast", npx="cast", method="cast", json="Cast", args="data", np_args="data"
    ),
    samples=_cast_samples,
    reference=lambda x, *, dtype: x.astype(dtype),
)
def _(xp, x, *, dtype, out=None):
    """Copy of `x` as another dtype; floats become integers by dropping the fraction."""
    return _cast(xp, x, dtype, out)


def _amp_dtype(x: Aval, *, dtype: str) -> Aval:
    if dtype == "bool":
        raise ParamError("amp_cast: parameter dtype must be a number type. Got 'bool'.")
    return Aval(x.shape, np.dtype(dtype)) if is_floating(x.dtype) else x


@op(
    "amp_cast",
    infer=_amp_dtype,
    grad=_cast_grad,
    flags=Flags(pointwise=True),
    params={"dtype": DType()},
    names=Names(nd="amp_cast", args="data"),
    samples=lambda s: [s(2, 3, dtype="float64"), s(s.ints(4, high=3), dtype="float16")],
    errors=lambda s: [bad(s(2, dtype="bool"), ParamError, "number type")],
)
def _(xp, x, *, dtype):
    """Cast floats to `dtype` for mixed precision; integers stay as they are."""
    _amp_dtype(x, dtype=dtype)
    return x.astype(dtype) if is_floating(x.dtype) else x.copy()
