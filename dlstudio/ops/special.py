"""Special functions NumPy lacks (error and gamma functions), and clipping."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import factorial, log, pi, sqrt
from typing import Any

import numpy as np

from dlstudio.core import error_function
from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ParamError
from dlstudio.ops.families import unary
from dlstudio.ops.rules import zeros

Array = Any

# --- error function -----------------------------------------------------------------------------

# Chebyshev coefficients of log(erfc(x) e^{x²} / t) on t = 2 / (2 + x), x >= 0, fitted to 1e-16
ERFC = (
    -0.6513268598908547,
    0.6419697923564902,
    0.01947647320418584,
    -0.009561514786808632,
    -0.0009465953444820369,
    0.0003668394978527614,
    4.252332480690777e-05,
    -2.027857811253424e-05,
    -1.624290004647026e-06,
    1.303655835580523e-06,
    1.562644172206614e-08,
    -8.523809591492654e-08,
    6.529054439098851e-09,
    5.059343495551469e-09,
    -9.91364156493033e-10,
    -2.273651222931836e-10,
    9.646791102015527e-11,
    2.394038083039115e-12,
    -6.886027526497553e-12,
    8.944879273090725e-13,
    3.130921399342958e-13,
    -1.127082236136725e-13,
    3.810905255189232e-16,
    7.106097613609237e-15,
    -1.523028201457104e-15,
    -9.457494571291254e-17,
    1.210237189224273e-16,
    -2.816663087746774e-17,
)


def _clenshaw(xp: Any, t: Array, coefficients: tuple[float, ...]) -> Array:
    """Sum of Chebyshev polynomials at `t` in [-1, 1]."""
    before, last, double = xp.zeros_like(t), xp.zeros_like(t), 2 * t
    for c in coefficients[:0:-1]:
        term = double * last
        term -= before
        term += c
        before, last = last, term
    return t * last - before + coefficients[0]


def _polynomial(xp: Any, x: Array, coefficients: tuple[float, ...]) -> Array:
    y = xp.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        y *= x
        y += c
    return y


def erf_of(xp: Any, x: Array) -> Array:
    """Error function, in float64.

    For float64 to 1e-16: a series near 0, a Chebyshev fit of erfc elsewhere. For shorter numbers
    to 2e-8: a quotient of polynomials.
    """
    if x.dtype.itemsize < 8:
        y = xp.clip(x.astype("float64"), -error_function.FLAT, error_function.FLAT)
        square = y * y
        y *= _polynomial(xp, square, error_function.P)
        y /= _polynomial(xp, square, error_function.Q)
        return y
    wide = x.astype("float64")
    magnitude = xp.abs(wide)
    t = 2 / (2 + magnitude)
    complement = t * xp.exp(_clenshaw(xp, 2 * t - 1, ERFC) - magnitude * magnitude)
    square = wide * wide
    near = (
        wide
        * (2 / sqrt(pi))
        * (1 - square * (1 / 3 - square * (1 / 10 - square * (1 / 42 - square / 216))))
    )
    return xp.where(magnitude < 0.05, near, xp.sign(wide) * (1 - complement))


def _erfinv(xp: Any, x: Array) -> Array:
    """Inverse error function: Winitzki's estimate, then Newton steps on erf."""
    wide = x.astype("float64")
    inside = xp.clip(wide, -1 + 1e-16, 1 - 1e-16)
    a = 0.147
    ln = xp.log1p(-inside * inside)
    first = 2 / (pi * a) + ln / 2
    y = xp.sign(inside) * xp.sqrt(xp.maximum(xp.sqrt(first * first - ln / a) - first, 0))
    for _ in range(3):
        y = y - (erf_of(xp, y) - inside) * (sqrt(pi) / 2) * xp.exp(xp.minimum(y * y, 700))
    y = xp.where(xp.abs(wide) == 1, xp.copysign(xp.inf, wide), y)
    return xp.where(xp.abs(wide) > 1, xp.nan, y)


_BLOCK = 1 << 13  # elements; a dozen temporaries of such blocks stay in the cache


def _wide(xp: Any, function: Callable[[Any, Array], Array], x: Array, out: Array | None) -> Array:
    """Apply a function that computes in float64; the result has the dtype of `x`, in `out`."""
    y: Array = xp.empty(x.shape, x.dtype) if out is None else out
    if xp is not np or not (x.flags.c_contiguous and y.flags.c_contiguous):
        xp.copyto(y, function(xp, x), casting="unsafe")
        return y
    flat, result = x.reshape(-1), y.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        result[part] = function(xp, flat[part])
    return y


def _names(name: str) -> Names:
    return Names(nd=name, npx=name, args="data", np_args="data")


unary(
    "erf",
    "Error function: ``2/√π ∫₀ˣ e⁻ᵗ² dt``.",
    lambda F, g, y, x: F.multiply(
        g, F.multiply_scalar(F.exp(F.negative(F.square(x))), scalar=2 / sqrt(pi))
    ),
    compute=lambda xp, x, out: _wide(xp, erf_of, x, out),
    names=_names("erf"),
)
unary(
    "erfinv",
    "Inverse of the error function, on (-1, 1).",
    lambda F, g, y, x: F.multiply(g, F.multiply_scalar(F.exp(F.square(y)), scalar=sqrt(pi) / 2)),
    compute=lambda xp, x, out: _wide(xp, _erfinv, x, out),
    names=_names("erfinv"),
    domain=(-0.8, 0.8),
    amp="fp32",
)

# --- gamma function -----------------------------------------------------------------------------

# Lanczos' approximation with g = 7 and nine terms (Numerical Recipes, 3rd ed., section 6.1)
LANCZOS = (
    0.99999999999980993,
    676.5203681218851,
    -1259.1392167224028,
    771.32342877765313,
    -176.61502916214059,
    12.507343278686905,
    -0.13857109526572012,
    9.9843695780195716e-6,
    1.5056327351493116e-7,
)


def _log_gamma_right(xp: Any, x: Array) -> Array:
    """Log Γ(x) for x >= 1/2."""
    z = x - 1
    total = LANCZOS[0] + sum(c / (z + i) for i, c in enumerate(LANCZOS[1:], start=1))
    t = z + 7.5
    return 0.5 * log(2 * pi) + (z + 0.5) * xp.log(t) - t + xp.log(total)


def _poles(xp: Any, x: Array) -> Array:
    """Where x is 0 or a negative whole number: the gamma function has poles there."""
    return (x <= 0) & (x == xp.floor(x))


def _gammaln(xp: Any, x: Array) -> Array:
    wide = x.astype("float64")
    right = xp.where(wide < 0.5, 1 - wide, wide)
    value = _log_gamma_right(xp, right)
    # reflection: Γ(x) Γ(1 - x) = π / sin(πx)
    finite = xp.where(wide < 0.5, xp.log(pi / xp.abs(xp.sin(pi * wide))) - value, value)
    return xp.where(xp.isinf(wide) | _poles(xp, wide), xp.inf, finite)


def _gamma(xp: Any, x: Array) -> Array:
    wide = x.astype("float64")
    size = xp.exp(_gammaln(xp, x))
    odd = (wide < 0) & (xp.mod(xp.floor(wide), 2) == 1)
    signed = xp.where(odd, -size, size)
    signed = xp.where(wide == 0, xp.copysign(size, wide), signed)
    return xp.where((wide == -xp.inf) | ((wide < 0) & _poles(xp, wide)), xp.nan, signed)


# even Bernoulli numbers B₂, B₄, …
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def _digamma(xp: Any, x: Array) -> Array:
    """Derivative of log Γ: recurrence up to x >= 8, then the asymptotic series."""
    wide = x.astype("float64")
    left = wide < 0.5
    y = xp.where(left, 1 - wide, wide)
    lower = xp.zeros_like(y)
    for k in range(8):
        lower = lower + 1 / (y + k)
    z = y + 8
    series = sum(b / (2 * k * z ** (2 * k)) for k, b in enumerate(BERNOULLI, start=1))
    value = xp.log(z) - 0.5 / z - series - lower
    return xp.where(left, value - pi / xp.tan(pi * wide), value)


def _polygamma(xp: Any, x: Array, order: int) -> Array:
    """Derivative number `order` of the digamma function, for x > 0."""
    wide = x.astype("float64")
    lower = sum(factorial(order) / (wide + k) ** (order + 1) for k in range(12))
    z = wide + 12
    series = factorial(order - 1) / z**order + factorial(order) / (2 * z ** (order + 1))
    for k, b in enumerate(BERNOULLI, start=1):
        ratio = factorial(2 * k + order - 1) / factorial(2 * k)
        series = series + b * ratio / z ** (2 * k + order)
    return (-1) ** (order + 1) * (lower + series)


unary(
    "gammaln",
    "Logarithm of the absolute value of the gamma function.",
    lambda F, g, y, x: F.multiply(g, F.polygamma(x, order=0)),
    compute=lambda xp, x, out: _wide(xp, _gammaln, x, out),
    names=_names("gammaln"),
    amp="fp32",
)
unary(
    "gamma",
    "Gamma function: ``Γ(n) = (n-1)!`` for whole n.",
    lambda F, g, y, x: F.multiply(g, F.multiply(y, F.polygamma(x, order=0))),
    compute=lambda xp, x, out: _wide(xp, _gamma, x, out),
    names=_names("gamma"),
    amp="fp32",
)


@op(
    "polygamma",
    infer=lambda x, *, order: x,
    grad=lambda F, g, out, x, *, order: (F.multiply(g, F.polygamma(x, order=order + 1)),),
    params={"order": Int(0)},
    flags=Flags(inplace=(0,), out=True, pointwise=True),
    names=Names(npx="polygamma digamma", np_args="data"),
    samples=lambda s: [s(2, 3), s(2, 3, order=1), s(2, 3, order=2), s(0, 3)],
)
def _(xp, x, *, order=0, out=None):
    """Digamma function ψ = (log Γ)′ for `order` 0, its derivatives above."""
    function = _digamma if order == 0 else partial(_polygamma, order=order)
    return _wide(xp, function, x, out)


# --- clipping -----------------------------------------------------------------------------------


def _clip_grad(
    F: Any, g: Array, out: Array, data: Array, *, a_min: Any, a_max: Any
) -> tuple[Array]:
    if a_min is not None:
        g = F.where(F.less_scalar(data, scalar=a_min), zeros(F, g), g)
    if a_max is not None:
        g = F.where(F.greater_scalar(data, scalar=a_max), zeros(F, g), g)
    return (g,)


def _clip(xp: Any, x: Array, a_min: float | None, a_max: float | None, out: Array | None) -> Array:
    if x.dtype.kind in "iu":
        info = np.iinfo(x.dtype)
        a_min = None if a_min is None else max(int(a_min), info.min)
        a_max = None if a_max is None else min(int(a_max), info.max)
    if x.dtype.kind == "V":  # bfloat16 has no clip of its own
        low = x if a_min is None else xp.maximum(x, x.dtype.type(a_min))
        return xp.minimum(low, x.dtype.type(xp.inf if a_max is None else a_max), out=out)
    if a_min is None:
        return xp.minimum(x, x.dtype.type(a_max), out=out)
    if a_max is None:
        return xp.maximum(x, x.dtype.type(a_min), out=out)
    return xp.clip(x, x.dtype.type(a_min), x.dtype.type(a_max), out=out)


def _clip_samples(s: Any) -> list[Any]:
    return [
        s(s.normal(2, 3), a_min=-0.5, a_max=0.5),
        s(s.ints(4, high=9), a_min=2, a_max=5),
        s(0, 3, a_min=0.0, a_max=1.0),
    ]


@op(
    "clip",
    infer=lambda data, *, a_min, a_max: data,
    grad=_clip_grad,
    flags=Flags(inplace=(0,), out=True, pointwise=True),
    params={"a_min": Float(), "a_max": Float()},
    names=Names(nd="clip", method="clip"),
    samples=_clip_samples,
    reference=lambda x, *, a_min, a_max: np.clip(x, a_min, a_max),
)
def _(xp, data, *, a_min, a_max, out=None):
    """Limit the elements to `a_min` … `a_max`; outside no gradient flows."""
    return _clip(xp, data, a_min, a_max, out)


def _infer_np_clip(a: Aval, *, a_min: Any, a_max: Any) -> Aval:
    if a_min is None and a_max is None:
        raise ParamError(
            "clip: one of the parameters a_min and a_max must be a number. Got None, None."
        )
    return a


@op(
    "_npi_clip",
    infer=_infer_np_clip,
    grad=_clip_grad,
    flags=Flags(inplace=(0,), out=True, pointwise=True),
    params={"a_min": Float(optional=True), "a_max": Float(optional=True)},
    names=Names(np="clip"),
    samples=lambda s: [
        *_clip_samples(s),
        s(s.normal(2, 3), a_min=0.1, a_max=None),
        s(s.normal(2, 3), a_max=0.1),
    ],
    errors=lambda s: [bad(s(2, 3), ParamError, "one of")],
)
def _(xp, a, *, a_min=None, a_max=None, out=None):
    """Limit the elements to `a_min` … `a_max`; either bound may be None."""
    _infer_np_clip(a, a_min=a_min, a_max=a_max)
    return _clip(xp, a, a_min, a_max, out)
