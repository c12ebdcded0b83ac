"""Functions of one array, element by element: powers, exponentials, angles, rounding, copies."""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import DType, Scalar
from dlstudio.core.registry import Flags, Names, op
from dlstudio.ops.families import LOGIC, flat, same, unary, zeros

Array = Any


def _both(name: str, *more: str, npx: str = "", json: str = "") -> Names:
    """Names of a function that both dialects and their arrays have."""
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


def _np_only(name: str, *more: str) -> Names:
    return Names(np=" ".join((name, *more)), np_args="x", json=f"_npi_{name}")


# --- powers and roots --------------------------------------------------------------------------

unary(
    "abs",
    "Absolute value: ``|x|``.",
    lambda F, g, y, x: F.multiply(g, F.sign(x)),
    names=_both("abs", "absolute", "fabs"),
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
    names=_both("square"),
    reference=np.square,
)
unary(
    "sqrt",
    "Square root: ``√x``.",
    lambda F, g, y, x: F.divide(F.multiply_scalar(g, scalar=0.5), y),
    names=_both("sqrt"),
    reference=np.sqrt,
)
unary(
    "cbrt",
    "Cube root: ``∛x``.",
    lambda F, g, y, x: F.divide(F.multiply_scalar(g, scalar=1 / 3), F.square(y)),
    names=_both("cbrt"),
    reference=np.cbrt,
)
unary(
    "reciprocal",
    "Reciprocal: ``1/x``.",
    lambda F, g, y, x: F.negative(F.multiply(g, F.square(y))),
    names=_both("reciprocal"),
    reference=lambda x: 1 / x,
    compute=lambda xp, x, out: xp.divide(1, x, out=out),
)
unary(
    "rsqrt",
    "Reciprocal square root: ``1/√x``.",
    lambda F, g, y, x: F.multiply(F.multiply_scalar(g, scalar=-0.5), F.divide(y, x)),
    names=Names(nd="rsqrt", npx="rsqrt", method="rsqrt", np_method="rsqrt", args="data"),
    reference=lambda x: 1 / np.sqrt(x),
    compute=lambda xp, x, out: xp.divide(1, xp.sqrt(x), out=out),
)
unary(
    "rcbrt",
    "Reciprocal cube root: ``1/∛x``.",
    lambda F, g, y, x: F.multiply(F.multiply_scalar(g, scalar=-1 / 3), F.divide(y, x)),
    names=Names(nd="rcbrt", npx="rcbrt", method="rcbrt", np_method="rcbrt", args="data"),
    reference=lambda x: 1 / np.cbrt(x),
    compute=lambda xp, x, out: xp.divide(1, xp.cbrt(x), out=out),
)

# --- exponentials and logarithms ---------------------------------------------------------------

unary(
    "exp",
    "Exponential: ``eˣ``.",
    lambda F, g, y, x: F.multiply(g, y),
    names=_both("exp"),
    reference=np.exp,
)
unary(
    "expm1",
    "``eˣ - 1``, exact for small x.",
    lambda F, g, y, x: F.multiply(g, F.exp(x)),
    names=_both("expm1"),
    reference=np.expm1,
)
unary(
    "exp2",
    "Power of two: ``2ˣ``.",
    lambda F, g, y, x: F.multiply(F.multiply_scalar(g, scalar=log(2)), y),
    names=_np_only("exp2"),
    reference=np.exp2,
)
unary(
    "log",
    "Natural logarithm.",
    lambda F, g, y, x: F.divide(g, x),
    names=_both("log"),
    reference=np.log,
)
unary(
    "log10",
    "Logarithm to base 10.",
    lambda F, g, y, x: F.divide(F.multiply_scalar(g, scalar=1 / log(10)), x),
    names=_both("log10"),
    reference=np.log10,
)
unary(
    "log2",
    "Logarithm to base 2.",
    lambda F, g, y, x: F.divide(F.multiply_scalar(g, scalar=1 / log(2)), x),
    names=_both("log2"),
    reference=np.log2,
)
unary(
    "log1p",
    "``log(1 + x)``, exact for small x.",
    lambda F, g, y, x: F.divide(g, F.add_scalar(x, scalar=1)),
    names=_both("log1p"),
    reference=np.log1p,
)

# --- angles ------------------------------------------------------------------------------------

unary(
    "sin",
    "Sine of an angle in radians.",
    lambda F, g, y, x: F.multiply(g, F.cos(x)),
    names=_both("sin"),
    reference=np.sin,
)
unary(
    "cos",
    "Cosine of an angle in radians.",
    lambda F, g, y, x: F.negative(F.multiply(g, F.sin(x))),
    names=_both("cos"),
    reference=np.cos,
)
unary(
    "tan",
    "Tangent of an angle in radians.",
    lambda F, g, y, x: F.multiply(g, F.add_scalar(F.square(y), scalar=1)),
    names=_both("tan"),
    reference=np.tan,
    domain=(-1, 1),
)


def _arc_slope(F: Any, g: Array, x: Array) -> Array:
    return F.multiply(g, F.rsqrt(F.subtract_scalar(F.square(x), scalar=1, reverse=True)))


unary(
    "arcsin",
    "Inverse sine, in radians.",
    lambda F, g, y, x: _arc_slope(F, g, x),
    names=_both("arcsin", "asin"),
    reference=np.arcsin,
    domain=(-0.8, 0.8),
)
unary(
    "arccos",
    "Inverse cosine, in radians.",
    lambda F, g, y, x: F.negative(_arc_slope(F, g, x)),
    names=_both("arccos", "acos"),
    reference=np.arccos,
    domain=(-0.8, 0.8),
)
unary(
    "arctan",
    "Inverse tangent, in radians.",
    lambda F, g, y, x: F.divide(g, F.add_scalar(F.square(x), scalar=1)),
    names=_both("arctan", "atan"),
    reference=np.arctan,
)
unary(
    "sinh",
    "Hyperbolic sine: ``(eˣ - e⁻ˣ)/2``.",
    lambda F, g, y, x: F.multiply(g, F.cosh(x)),
    names=_both("sinh"),
    reference=np.sinh,
)
unary(
    "cosh",
    "Hyperbolic cosine: ``(eˣ + e⁻ˣ)/2``.",
    lambda F, g, y, x: F.multiply(g, F.sinh(x)),
    names=_both("cosh"),
    reference=np.cosh,
)
unary(
    "tanh",
    "Hyperbolic tangent.",
    lambda F, g, y, x: F.tanh_grad(g, y),
    names=_both("tanh"),
    reference=np.tanh,
)
unary(
    "arcsinh",
    "Inverse hyperbolic sine.",
    lambda F, g, y, x: F.multiply(g, F.rsqrt(F.add_scalar(F.square(x), scalar=1))),
    names=_both("arcsinh", "asinh"),
    reference=np.arcsinh,
)
unary(
    "arccosh",
    "Inverse hyperbolic cosine, for x ≥ 1.",
    lambda F, g, y, x: F.multiply(g, F.rsqrt(F.subtract_scalar(F.square(x), scalar=1))),
    names=_both("arccosh", "acosh"),
    reference=np.arccosh,
    domain=(1.5, 3),
)
unary(
    "arctanh",
    "Inverse hyperbolic tangent.",
    lambda F, g, y, x: F.divide(g, F.subtract_scalar(F.square(x), scalar=1, reverse=True)),
    names=_both("arctanh", "atanh"),
    reference=np.arctanh,
    domain=(-0.8, 0.8),
)
unary(
    "degrees",
    "Radians to degrees: ``180 x/π``.",
    lambda F, g, y, x: F.multiply_scalar(g, scalar=180 / pi),
    names=_both("degrees", "rad2deg"),
    reference=np.degrees,
)
unary(
    "radians",
    "Degrees to radians: ``π x/180``.",
    lambda F, g, y, x: F.multiply_scalar(g, scalar=pi / 180),
    names=_both("radians", "deg2rad"),
    reference=np.radians,
)

# --- rounding and signs ------------------------------------------------------------------------

unary("sign", "Sign: -1, 0 or 1.", flat, names=_both("sign"), reference=np.sign)
unary(
    "rint",
    "Nearest integer; a half goes to the lower one.",
    flat,
    names=_both("rint"),
    # MXNet rounds -0.5, 0.5, 1.5 to -1, 0, 1; NumPy takes the even neighbour
    compute=lambda xp, x, out: xp.ceil(x - x.dtype.type(0.5), out=out),
)
unary("ceil", "Smallest integer not below x.", flat, names=_both("ceil"), reference=np.ceil)
unary("floor", "Largest integer not above x.", flat, names=_both("floor"), reference=np.floor)
unary("trunc", "Integer part of x.", flat, names=_both("trunc"), reference=np.trunc)
unary(
    "fix",
    "Nearest integer towards zero.",
    flat,
    names=_both("fix"),
    reference=np.fix,
    compute=lambda xp, x, out: xp.trunc(x, out=out),
)


def _away_from_zero(xp: Any, x: Array, out: Array | None) -> Array:
    return xp.copysign(xp.floor(xp.abs(x) + x.dtype.type(0.5)), x, out=out)


unary(
    "round",
    "Nearest integer; a half goes away from zero.",
    flat,
    names=Names(nd="round", npx="round", method="round", args="data"),
    compute=lambda xp, x, out: _away_from_zero(xp, x, out) if x.dtype.kind == "f" else x,
)


@op(
    "around",
    infer=lambda x, *, decimals: x,
    flags=Flags(inplace=(0,), out=True),
    grad=lambda F, g, out, x, *, decimals: (zeros(F, x),),
    names=Names(np="around round round_", np_method="round", np_args="x", json="_npi_around"),
    samples=lambda s: [s(2, 3), s(s.normal(3, 2), decimals=2), s((), decimals=-1), s(0, 3)],
    reference=lambda x, *, decimals=0: np.around(x, decimals),
)
def _(xp, x, *, decimals=0, out=None):
    """Round to `decimals` places; a half goes to the even neighbour."""
    return xp.around(x, decimals, out=out)


@op(
    "nan_to_num",
    infer=lambda x, **_: x,
    grad=lambda F, g, out, x, *, nan, posinf, neginf: (
        F.multiply(g, F.cast(F.isfinite(x), dtype=x.dtype.name)),
    ),
    params={"nan": Scalar(), "posinf": Scalar(optional=True), "neginf": Scalar(optional=True)},
    names=Names(np="nan_to_num", npx="nan_to_num", np_args="x", json="_npi_nan_to_num"),
    samples=lambda s: [
        s(2, 3),
        s(np.array([np.nan, np.inf, -np.inf, 1.0]), nan=2.0, posinf=3.0, neginf=-3.0),
        s(0, 3),
    ],
    reference=np.nan_to_num,
)
def _(xp, x, *, nan=0.0, posinf=None, neginf=None):
    """Replace NaN by `nan`, infinities by `posinf`, `neginf` or the dtype's largest numbers."""
    return xp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


# --- copies and gradient stops -----------------------------------------------------------------


@op(
    "identity",
    infer=same,
    grad=lambda F, g, out, x: (g,),
    flags=Flags(inplace=(0,), out=True),
    names=Names(nd="identity", np="copy", json="_copy", args="data", np_args="a"),
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
    flags=Flags(inplace=(0,), out=True),
    grad=lambda F, g, out, x: (zeros(F, x),),
    custom_gradient="stopping the gradient is its purpose",
    names=Names(nd="BlockGrad stop_gradient", npx="stop_gradient", args="data"),
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
    flags=Flags(out=True),
    params={"dtype": DType()},
    names=Names(nd="cast Cast", npx="cast", method="cast", json="Cast", args="data"),
    samples=_cast_samples,
    reference=lambda x, *, dtype: x.astype(dtype),
)
def _(xp, x, *, dtype, out=None):
    """Copy of `x` as another dtype; floats become integers by dropping the fraction."""
    return _cast(xp, x, dtype, out)


def _amp_dtype(x: Aval, *, dtype: str) -> Aval:
    return Aval(x.shape, np.dtype(dtype)) if x.dtype.kind == "f" else x


@op(
    "amp_cast",
    infer=_amp_dtype,
    grad=_cast_grad,
    flags=Flags(),
    params={"dtype": DType()},
    names=Names(nd="amp_cast", args="data"),
    samples=_cast_samples,
)
def _(xp, x, *, dtype):
    """Cast floats to `dtype` for mixed precision; integers stay as they are."""
    return x.astype(dtype) if x.dtype.kind == "f" else x.copy()


# --- questions about numbers -------------------------------------------------------------------


def _question(name: str, doc: str) -> None:
    def forward(xp: Any, x: Array, *, out: Array | None = None) -> Array:
        return getattr(xp, name)(x, out=out)

    forward.__doc__ = doc
    op(
        name,
        infer=lambda x: Aval(x.shape, np.dtype(bool)),
        grad=LOGIC,
        flags=Flags(out=True),
        names=_np_only(name),
        reference=getattr(np, name),
        samples=lambda s: [s(2, 3), s(np.array([np.nan, np.inf, -np.inf, -0.0])), s(()), s(0, 3)],
    )(forward)


_question("isnan", "Where x is not a number.")
_question("isinf", "Where x is infinite.")
_question("isfinite", "Where x is neither infinite nor NaN.")
_question("isposinf", "Where x is plus infinity.")
_question("isneginf", "Where x is minus infinity.")
_question("signbit", "Where the sign bit is set, -0.0 included.")
