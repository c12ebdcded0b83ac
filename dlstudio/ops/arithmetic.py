"""Functions of two arrays, and of an array and a number: ``+ - * / % **`` and their kin.

Each line of the tables below makes up to six operators: the promoting one of the NumPy dialect
(`add`), MXNet's `broadcast_add` (equal dtypes) and `elemwise_add` (equal shapes too), and with a
number `add_scalar`, `_plus_scalar` and the reversed `_rminus_scalar`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.registry import Names
from dlstudio.ops.families import binary, scalar_op
from dlstudio.ops.rules import counted, floating, zeros

Array = Any


class Arithmetic(NamedTuple):
    """What differs between the arithmetic operators."""

    name: str
    doc: str
    compute: Callable[..., Array]  # (xp, x, y, out)
    slopes: Any  # (F, g, out, x, y) -> (gx, gy)
    slope: Any  # (F, g, out, x, number, reverse) -> gx
    legacy: str = ""  # names of the legacy twin
    elemwise: str = ""  # name of the twin for equal shapes
    np: str = ""  # names in np; default: the name
    scalar: str = ""  # MXNet's name beside a number: _<scalar>_scalar
    reverse: str = ""  # and with the number on the left
    ufunc: bool = False  # NumPy's function of this name does it all for floats of one dtype
    meets: Any = counted  # dtype of integers in the NumPy dialect
    legacy_compute: Callable[..., Array] | None = None


def _call(name: str) -> Callable[..., Array]:
    return lambda xp, x, y, out: getattr(xp, name)(x, y, out=out)


def _divide_like_c(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
    """Divide; integers drop the fraction, as MXNet's nd does, and give 0 when divided by 0."""
    if x.dtype.kind in "fV":
        return xp.divide(x, y, out=out)
    zero = y == 0
    quotient = xp.where(zero, 0, xp.trunc(xp.divide(x, xp.where(zero, 1, y))))
    return _whole(xp, quotient, x, y, out)


def _mod_like_mxnet(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
    """Compute the remainder; it is 0 where the divisor is 0, also for floats."""
    zero = y == 0  # before the result may overwrite y
    result = xp.mod(x, y, out=out)
    if not zero.any():
        return result
    return _whole(xp, xp.where(zero, 0, result), x, y, out)


def _true_divide(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
    """Divide; integers give float32."""
    if x.dtype.kind in "fcV":
        return xp.divide(x, y, out=out)
    return xp.divide(x, y, out=out, dtype="float32")


def _power(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
    """Raise to a power; integers with negative exponents drop the fraction."""
    if x.dtype.kind in "fcV":
        return xp.power(x, y, out=out)
    if x.dtype.kind != "b" and not (y < 0).any():
        return xp.power(x, y, out=out)  # exact, where float64 has only 53 bits
    powers = xp.power(x.astype("float64"), y.astype("float64"))
    return _whole(xp, powers, x, y, out)


def _whole(xp: Any, result: Array, x: Array, y: Array, out: Array | None) -> Array:
    """Bring a real-valued result of integers back to their dtype, dropping the fraction."""
    if out is None:
        return result.astype(xp.result_type(x, y))
    xp.copyto(out, result, casting="unsafe")
    return out


def _real(name: str) -> Callable[..., Array]:
    """Compute a real-valued NumPy function; integers keep their dtype, as in MXNet."""

    def compute(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
        if x.dtype.kind in "fcV" and y.dtype.kind in "fcV":
            return getattr(xp, name)(x, y, out=out)
        return _whole(xp, getattr(xp, name)(x, y), x, y, out)

    return compute


def _as(F: Any, mask: Array, x: Array) -> Array:
    return F.cast(mask, dtype=x.dtype.name)


def _pick_slopes(left: str, right: str) -> Callable[..., tuple[Array, Array]]:
    """Slopes of maximum and minimum: a tie belongs to the left operand, as in MXNet."""

    def slopes(F: Any, g: Array, out: Array, x: Array, y: Array) -> tuple[Array, Array]:
        first, second = getattr(F, left)(x, y), getattr(F, right)(x, y)
        return F.multiply(g, _as(F, first, g)), F.multiply(g, _as(F, second, g))

    return slopes


def _pick_slope(compare: str) -> Callable[..., Array]:
    def slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
        return F.multiply(g, _as(F, getattr(F, f"{compare}_scalar")(x, scalar=number), g))

    return slope


def _power_slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    if reverse:
        logarithm = float(np.log(number)) if number > 0 else 0.0
        return F.multiply(g, F.multiply_scalar(out, scalar=logarithm))
    below = F.power_scalar(x, scalar=number - 1)
    return F.multiply(F.multiply_scalar(g, scalar=number), below)


def _power_slopes(F: Any, g: Array, out: Array, x: Array, y: Array) -> tuple[Array, Array]:
    below = F.power(x, F.subtract_scalar(y, scalar=1))
    return F.multiply(g, F.multiply(y, below)), F.multiply(g, F.multiply(out, F.log(x)))


def _mod_slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    if reverse:
        return F.negative(F.multiply(g, F.floor(F.divide_scalar(x, scalar=number, reverse=True))))
    return g


def _hypot_slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    return F.multiply(g, F.divide(x, out))


def _arctan2_slopes(F: Any, g: Array, out: Array, x: Array, y: Array) -> tuple[Array, Array]:
    scaled = F.divide(g, F.add(F.square(x), F.square(y)))
    return F.multiply(scaled, y), F.negative(F.multiply(scaled, x))


def _arctan2_slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    scaled = F.divide(g, F.add_scalar(F.square(x), scalar=number * number))
    return F.multiply_scalar(scaled, scalar=-number if reverse else number)


def _divide_slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    if reverse:
        return F.negative(F.multiply(g, F.divide(out, x)))
    return F.divide_scalar(g, scalar=number)


def _copysign_slopes(F: Any, g: Array, out: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return F.multiply(g, F.multiply(F.sign(x), F.sign(out))), zeros(F, g)


def _copysign_slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    return zeros(F, x) if reverse else F.multiply(g, F.multiply(F.sign(x), F.sign(out)))


def _ldexp(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
    if x.dtype.kind in "fcV":
        return xp.multiply(x, xp.exp2(y), out=out)
    return _whole(xp, x * xp.exp2(y), x, y, out)


def _ldexp_slopes(F: Any, g: Array, out: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return (
        F.multiply(g, F.exp2(y)),
        F.multiply_scalar(F.multiply(g, out), scalar=float(np.log(2))),
    )


def _ldexp_slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    if reverse:
        return F.multiply_scalar(F.multiply(g, out), scalar=float(np.log(2)))
    return F.multiply_scalar(g, scalar=2.0**number)


def _negated_if(F: Any, g: Array, reverse: bool) -> Array:
    return F.negative(g) if reverse else g


TABLE = (
    Arithmetic(
        "add",
        "Sum: ``x + y``.",
        _call("add"),
        lambda F, g, out, x, y: (g, g),
        lambda F, g, out, x, number, reverse: g,
        legacy="broadcast_add broadcast_plus add",
        elemwise="elemwise_add",
        scalar="plus",
        ufunc=True,
    ),
    Arithmetic(
        "subtract",
        "Difference: ``x - y``.",
        _call("subtract"),
        lambda F, g, out, x, y: (g, F.negative(g)),
        lambda F, g, out, x, number, reverse: _negated_if(F, g, reverse),
        legacy="broadcast_sub broadcast_minus subtract",
        elemwise="elemwise_sub",
        scalar="minus",
        reverse="rminus",
        ufunc=True,
    ),
    Arithmetic(
        "multiply",
        "Product: ``x × y``.",
        _call("multiply"),
        lambda F, g, out, x, y: (F.multiply(g, y), F.multiply(g, x)),
        lambda F, g, out, x, number, reverse: F.multiply_scalar(g, scalar=number),
        legacy="broadcast_mul multiply",
        elemwise="elemwise_mul",
        scalar="mul",
        ufunc=True,
    ),
    Arithmetic(
        "divide",
        "Quotient: ``x / y``; in np, integers give float32.",
        _true_divide,
        lambda F, g, out, x, y: (F.divide(g, y), F.negative(F.multiply(g, F.divide(out, y)))),
        _divide_slope,
        legacy="broadcast_div divide true_divide",
        elemwise="elemwise_div",
        np="divide true_divide",
        scalar="div",
        reverse="rdiv",
        meets=floating,
        legacy_compute=_divide_like_c,
        ufunc=True,
    ),
    Arithmetic(
        "mod",
        "Remainder with the sign of the divisor; 0 where an integer divisor is 0.",
        _call("mod"),
        lambda F, g, out, x, y: (g, F.negative(F.multiply(g, F.floor(F.divide(x, y))))),
        _mod_slope,
        legacy="broadcast_mod modulo",
        np="mod remainder",
        scalar="mod",
        reverse="rmod",
        legacy_compute=_mod_like_mxnet,
    ),
    Arithmetic(
        "power",
        "Power: ``x`` to the ``y``.",
        _power,
        _power_slopes,
        _power_slope,
        legacy="broadcast_power power",
        scalar="power",
        reverse="rpower",
    ),
    Arithmetic(
        "maximum",
        "The larger of x and y.",
        _call("maximum"),
        _pick_slopes("greater_equal", "less"),
        _pick_slope("greater_equal"),
        legacy="broadcast_maximum maximum",
        scalar="maximum",
        ufunc=True,
    ),
    Arithmetic(
        "minimum",
        "The smaller of x and y.",
        _call("minimum"),
        _pick_slopes("less_equal", "greater"),
        _pick_slope("less_equal"),
        legacy="broadcast_minimum minimum",
        scalar="minimum",
        ufunc=True,
    ),
    Arithmetic(
        "hypot",
        "Hypotenuse: ``√(x² + y²)``.",
        _real("hypot"),
        lambda F, g, out, x, y: (F.multiply(g, F.divide(x, out)), F.multiply(g, F.divide(y, out))),
        _hypot_slope,
        legacy="broadcast_hypot",
        scalar="hypot",
    ),
    Arithmetic(
        "arctan2",
        "Angle of the point (y, x): inverse tangent of x/y in the right quadrant.",
        _real("arctan2"),
        _arctan2_slopes,
        _arctan2_slope,
    ),
    Arithmetic(
        "copysign",
        "Magnitude of x with the sign of y.",
        _real("copysign"),
        _copysign_slopes,
        _copysign_slope,
    ),
    Arithmetic("ldexp", "``x × 2ʸ``.", _ldexp, _ldexp_slopes, _ldexp_slope),
)


def register(row: Arithmetic) -> None:
    """Register the operators of one line of a table like the one above."""
    binary(
        row.name,
        row.doc,
        row.slopes,
        compute=row.compute,
        legacy=row.legacy,
        elemwise=row.elemwise,
        legacy_compute=row.legacy_compute,
        result=None if row.meets is counted else row.meets,
        names=Names(np=row.np or row.name, np_args="x1 x2", json=f"_npi_{row.name}"),
        ufunc=row.name if row.ufunc else "",
    )
    scalar_op(
        f"{row.name}_scalar",
        row.doc,
        row.slope,
        row.compute,
        meets=row.meets,
        names=Names(np_args="x", json=f"_npi_{row.name}_scalar"),
    )
    compute = row.legacy_compute or row.compute
    for name, reverse in ((row.scalar, False), (row.reverse, True)):
        if name:
            full = f"_{name}_scalar"
            names = Names(nd=full, args="data")
            scalar_op(full, row.doc, row.slope, compute, names=names, reverse=reverse)


for _row in TABLE:
    register(_row)
