"""Elementary functions that vectorise: numba's own call the C library one value at a time.

Errors are measured against float64 over the whole float32 range by
``tests/unit/kernels/test_functions.py``, in units in the last place of the result (ulp).
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types

from dlstudio.core import error_function
from dlstudio.kernels import chain_codes as codes
from dlstudio.kernels.jit import helper, intrinsic, strict_helper

__all__ = ["GELU", "curved", "erf", "exp", "gelu", "log", "sigmoid", "tanh"]

f4 = np.float32
_EXP, _TANH, _SIGMOID = (codes.UNARY[name] for name in ("exp", "tanh", "sigmoid"))
GELU = -1  # code of a curve that chains do not have
_FLAT = f4(error_function.FLAT)
_P5, _P4, _P3, _P2, _P1, _P0 = error_function.P
_Q5, _Q4, _Q3, _Q2, _Q1, _Q0 = error_function.Q
_INF = f4(np.inf)


@intrinsic
def _float_of_bits(context, bits):
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def _bits_of_float(context, value):
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), generate


@strict_helper
def exp(x):
    """e**x with an error below 2 ulp; 0 below -87.3 and inf above 88.7, NaN stays NaN.

    x = n ln 2 + r with whole n and |r| <= ln(2)/2; a polynomial of degree 6 gives e**r (the
    coefficients are those of the Cephes library), and 2**n is made from the exponent bits. ln 2
    is subtracted in two parts so that r keeps its last bits.
    """
    low, high = f4(-87.33654), f4(88.72283)
    inside = low if x < low else (high if x > high else x)
    n = np.floor(inside * f4(1.44269504088896341) + f4(0.5))
    r = inside - n * f4(0.693359375)
    r = r - n * f4(-2.12194440e-4)
    p = f4(1.9875691500e-4)
    p = p * r + f4(1.3981999507e-3)
    p = p * r + f4(8.3334519073e-3)
    p = p * r + f4(4.1665795894e-2)
    p = p * r + f4(1.6666665459e-1)
    p = p * r + f4(5.0000001201e-1)
    value = p * (r * r) + r + f4(1.0)
    # 2**128 does not exist, so the power is applied in two factors.
    half = np.int32(n) >> np.int32(1)
    rest = np.int32(n) - half
    value = value * _float_of_bits((half + np.int32(127)) << np.int32(23))
    value = value * _float_of_bits((rest + np.int32(127)) << np.int32(23))
    value = f4(0.0) if x < low else value
    return _INF if x > high else value


@strict_helper
def log(x):
    """Natural logarithm of positive normal x with an error below 2 ulp.

    x = 2**e m with m in [sqrt(1/2), sqrt(2)), and log(m) by Cephes' polynomial in m - 1. Not for
    zero, negative or subnormal x: kernels use it on sums of exponentials, which are at least 1.
    """
    bits = _bits_of_float(x)
    e = f4((bits >> np.int32(23)) - np.int32(126))
    m = _float_of_bits((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000))
    small = m < f4(0.70710678)
    e = e - f4(1.0) if small else e
    m = m + m - f4(1.0) if small else m - f4(1.0)
    p = f4(7.0376836292e-2)
    p = p * m + f4(-1.1514610310e-1)
    p = p * m + f4(1.1676998740e-1)
    p = p * m + f4(-1.2420140846e-1)
    p = p * m + f4(1.4249322787e-1)
    p = p * m + f4(-1.6668057665e-1)
    p = p * m + f4(2.0000714765e-1)
    p = p * m + f4(-2.4999993993e-1)
    p = p * m + f4(3.3333331174e-1)
    square = m * m
    value = m * square * p + e * f4(-2.12194440e-4) - f4(0.5) * square
    return m + value + e * f4(0.693359375)


@strict_helper
def tanh(x):
    """Hyperbolic tangent with an error below 5 ulp: a rational form of odd degree 13 over 6.

    Beyond |x| = 7.998 the result is 1 to float32; NaN stays NaN.
    """
    most = f4(7.99881172180175781)
    y = -most if x < -most else (most if x > most else x)
    square = y * y
    p = f4(-2.76076847742355e-16) * square + f4(2.00018790482477e-13)
    p = p * square + f4(-8.60467152213735e-11)
    p = p * square + f4(5.12229709037114e-08)
    p = p * square + f4(1.48572235717979e-05)
    p = p * square + f4(6.37261928875436e-04)
    p = p * square + f4(4.89352455891786e-03)
    q = f4(1.19825839466702e-06) * square + f4(1.18534705686654e-04)
    q = q * square + f4(2.26843463243900e-03)
    q = q * square + f4(4.89352518554385e-03)
    return y * p / q


@strict_helper
def sigmoid(x):
    """1 / (1 + e**-x); relative error below 4 ulp where the result is a normal number."""
    return f4(1.0) / (f4(1.0) + exp(-x))


@strict_helper
def erf(x):
    """Error function, rounded once from 64 bits as the operator's; NaN stays NaN."""
    y = np.float64(-_FLAT if x < -_FLAT else (_FLAT if x > _FLAT else x))
    s = y * y
    p = ((((_P5 * s + _P4) * s + _P3) * s + _P2) * s + _P1) * s + _P0
    q = ((((_Q5 * s + _Q4) * s + _Q3) * s + _Q2) * s + _Q1) * s + _Q0
    return f4(y * p / q)


@strict_helper
def gelu(x):
    """Product of x and the normal distribution function at x."""
    return f4(0.5) * x * (f4(1.0) + erf(x * f4(0.70710678)))


@helper
def curved(code, x, y):
    """Exponentials and such; `y` is a block of its own, or LLVM would fear that it overlaps `x`."""
    if code == _EXP:
        for i in range(y.size):
            y[i] = exp(x[i])
    elif code == _TANH:
        for i in range(y.size):
            y[i] = tanh(x[i])
    elif code == _SIGMOID:
        for i in range(y.size):
            y[i] = sigmoid(x[i])
    elif code == GELU:
        for i in range(y.size):
            y[i] = gelu(x[i])
    else:
        for i in range(y.size):
            y[i] = erf(x[i])
