"""The vectorisable elementary functions, against float64, in units in the last place."""

import math

import numpy as np
import pytest

from dlstudio.kernels import cache

if not cache.has_numba():
    pytest.skip("needs numba: pip install numba", allow_module_level=True)

import numba

from dlstudio.kernels import functions


def apply(function, x):
    @numba.njit(fastmath={"contract", "arcp", "nsz", "reassoc"})
    def loop(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    y = np.empty_like(x)
    loop(x, y)
    return y


def error_in_ulp(actual, exact):
    return np.abs(actual - exact) / np.spacing(np.abs(exact).astype("f4")).astype("f8")


def dense(lo, hi, count=400_000):
    return np.linspace(lo, hi, count, dtype="f4")


_erf = np.vectorize(math.erf)
CASES = [
    (functions.exp, np.exp, dense(-87.3, 88.7), 2),
    (functions.log, np.log, np.concatenate([dense(1, 2), dense(1, 1e6), dense(1e-30, 1)]), 2),
    (functions.tanh, np.tanh, np.concatenate([dense(-9, 9), dense(-1e-3, 1e-3)]), 5),
    (functions.sigmoid, lambda x: 1 / (1 + np.exp(-x)), dense(-80, 40), 4),
    (functions.erf, _erf, np.concatenate([dense(-4, 4), dense(-1e-3, 1e-3)]), 0.9),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[0].__name__)
def test_error_stays_below_the_stated_number_of_ulp(case):
    function, exact, x, most = case
    with np.errstate(divide="ignore"):
        error = error_in_ulp(apply(function, x), exact(x.astype("f8")))
    assert np.nanmax(error) < most


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        (functions.exp, [-np.inf, -200, 200, np.inf], [0, 0, np.inf, np.inf]),
        (functions.tanh, [-np.inf, -50, 50, np.inf], [-1, -1, 1, 1]),
        (functions.sigmoid, [-np.inf, np.inf], [0, 1]),
        (functions.erf, [-np.inf, -50, 50, np.inf], [-1, -1, 1, 1]),
    ],
    ids=["exp", "tanh", "sigmoid", "erf"],
)
def test_the_ends_of_the_range(function, given, expected):
    np.testing.assert_allclose(apply(function, np.array(given, "f4")), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "function", [functions.exp, functions.tanh, functions.sigmoid, functions.erf, functions.gelu]
)
def test_nan_stays_nan(function):
    assert np.isnan(apply(function, np.full(3, np.nan, "f4"))).all()
