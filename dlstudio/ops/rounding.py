"""Rounding, signs, and questions about numbers: floor, sign, isnan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Scalar
from dlstudio.core.registry import Flags, Names, op
from dlstudio.ops.elementwise import both_names, np_names
from dlstudio.ops.families import unary
from dlstudio.ops.rules import (
    LOGIC,
    flat,
    zeros,
)

Array = Any


# --- rounding and signs ------------------------------------------------------------------------

unary("sign", "Sign: -1, 0 or 1.", flat, names=both_names("sign"), reference=np.sign)
unary(
    "rint",
    "Nearest integer; a half goes to the lower one.",
    flat,
    names=both_names("rint"),
    # MXNet rounds -0.5, 0.5, 1.5 to -1, 0, 1; NumPy takes the even neighbour
    compute=lambda xp, x, out: xp.ceil(x - x.dtype.type(0.5), out=out),
)


def _whole(name: str) -> Callable[..., Array]:
    """Integers are their own rounding; NumPy before 2.1 would take them through float64."""

    def compute(xp: Any, x: Array, out: Array | None) -> Array:
        return x.copy() if x.dtype.kind in "iu" else getattr(xp, name)(x, out=out)

    return compute


unary(
    "ceil",
    "Smallest integer not below x.",
    flat,
    names=both_names("ceil"),
    compute=_whole("ceil"),
    reference=np.ceil,
)
unary(
    "floor",
    "Largest integer not above x.",
    flat,
    names=both_names("floor"),
    compute=_whole("floor"),
    reference=np.floor,
)
unary(
    "trunc",
    "Integer part of x.",
    flat,
    names=both_names("trunc"),
    compute=_whole("trunc"),
    reference=np.trunc,
)
unary(
    "fix",
    "Nearest integer towards zero.",
    flat,
    names=both_names("fix"),
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
    flags=Flags(inplace=(0,), out=True, pointwise=True),
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
        names=np_names(name),
        reference=getattr(np, name),
        samples=lambda s: [s(2, 3), s(np.array([np.nan, np.inf, -np.inf, -0.0])), s(()), s(0, 3)],
    )(forward)


_question("isnan", "Where x is not a number.")
_question("isinf", "Where x is infinite.")
_question("isfinite", "Where x is neither infinite nor NaN.")
_question("isposinf", "Where x is plus infinity.")
_question("isneginf", "Where x is minus infinity.")
_question("signbit", "Where the sign bit is set, -0.0 included.")


def _legacy_question(name: str, doc: str) -> None:
    unary(
        f"_contrib_{name}",
        doc,
        flat,
        boolean=True,
        names=Names(nd=f"contrib.{name}", args="data"),
        compute=lambda xp, x, out: _counted(xp, getattr(xp, name)(x), x, out),
    )


def _counted(xp: Any, answer: Array, x: Array, out: Array | None) -> Array:
    """0 and 1 in the dtype of `x`, as nd answers questions."""
    if out is None:
        return answer.astype(x.dtype)
    xp.copyto(out, answer, casting="unsafe")
    return out


_legacy_question("isnan", "1 where data is not a number, else 0.")
_legacy_question("isinf", "1 where data is infinite, else 0.")
_legacy_question("isfinite", "1 where data is neither infinite nor NaN, else 0.")
