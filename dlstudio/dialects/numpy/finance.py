"""Financial functions: NumPy had them when MXNet 1.9 was made, and MXNet passes them on.

Payments of a loan follow one equation, in which money received is positive:
``fv + pv (1 + rate)ⁿ + pmt (1 + rate·when) ((1 + rate)ⁿ - 1) / rate = 0``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.dialects.numpy.fallback import through_host
from dlstudio.errors import ParamError

__all__ = ["FUNCTIONS"]

_WHEN = {"end": 0, "e": 0, "finish": 0, 0: 0, "begin": 1, "b": 1, "beginning": 1, "start": 1, 1: 1}


def _when(when: Any) -> int:
    if when not in _WHEN:
        raise ParamError(f"parameter when must be 'begin' or 'end'. Got {when!r}.")
    return _WHEN[when]


def _annuity(rate: Any, nper: Any, when: Any) -> Any:
    """What payments of 1 are worth at the end: the factor of `pmt` in the equation."""
    rate, nper = np.asarray(rate, float), np.asarray(nper, float)
    safe = np.where(rate == 0, 1.0, rate)
    growth = (1 + rate * _when(when)) * ((1 + safe) ** nper - 1) / safe
    return np.where(rate == 0, nper, growth)


def _growth(rate: Any, nper: Any) -> Any:
    return (1 + np.asarray(rate, float)) ** np.asarray(nper, float)


def pv(rate: Any, nper: Any, pmt: Any, fv: Any = 0, when: Any = "end") -> Any:
    """Present value of `nper` payments and a final sum."""
    return -(fv + pmt * _annuity(rate, nper, when)) / _growth(rate, nper)


def pmt(rate: Any, nper: Any, pv: Any, fv: Any = 0, when: Any = "end") -> Any:
    """Payment of each period that pays `pv` off in `nper` periods."""
    return -(fv + np.asarray(pv) * _growth(rate, nper)) / _annuity(rate, nper, when)


def ppmt(rate: Any, per: Any, nper: Any, pv: Any, fv: Any = 0, when: Any = "end") -> Any:
    """Part of payment number `per` (from 1) that is no interest."""
    total = pmt(rate, nper, pv, fv, when)
    before = np.asarray(per) - 1
    owed = -(pv * _growth(rate, before) + total * _annuity(rate, before, when))
    interest = owed * np.asarray(rate, float)
    if _when(when):
        interest = np.where(before == 0, 0.0, interest / (1 + np.asarray(rate, float)))
    return total - interest


def npv(rate: Any, values: Any) -> Any:
    """Present value of cash flows, the first of which is now."""
    values = np.asarray(values, float)
    return (values / (1 + rate) ** np.arange(len(values))).sum(axis=0)


def mirr(values: Any, finance_rate: float, reinvest_rate: float) -> Any:
    """Modified internal rate of return of cash flows; NaN without both gains and losses."""
    values = np.asarray(values, float)
    gains, losses = np.where(values > 0, values, 0), np.where(values < 0, values, 0)
    if not gains.any() or not losses.any():
        return np.nan
    ratio = abs(npv(reinvest_rate, gains) / npv(finance_rate, losses))
    return ratio ** (1 / (len(values) - 1)) * (1 + reinvest_rate) - 1


def rate(
    nper: Any,
    pmt: Any,
    pv: Any,
    fv: Any,
    when: Any = "end",
    guess: float = 0.1,
    tol: float = 1e-6,
    maxiter: int = 100,
) -> Any:
    """Interest of each period, found by Newton's method from `guess`; NaN if it does not settle."""

    def balance(r: Any) -> Any:
        return fv + pv * _growth(r, nper) + pmt * _annuity(r, nper, when)

    r, step, change = np.asarray(guess, float), 1e-6, np.inf
    for _ in range(maxiter):
        slope = (balance(r + step) - balance(r - step)) / (2 * step)
        change = balance(r) / slope
        r = r - change
        if np.all(np.abs(change) < tol):
            return r
    return np.where(np.abs(change) < tol, r, np.nan)


FUNCTIONS = {f.__name__: through_host(f.__name__, f) for f in (mirr, npv, pmt, ppmt, pv, rate)}
for _name, _function in FUNCTIONS.items():
    _function.__doc__ = f"{globals()[_name].__doc__}\n\nComputed on the host; no gradient."
