"""Statistics in np: average, ptp, diff, nansum and kin, median, percentiles, cov, counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Anything, Axes, Choice, Int
from dlstudio.core.registry import Names, bad, composite
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.rules import normalize_axes, normalize_axis

Array = Any


def _np_samples(s: Any) -> list[Any]:
    return [
        s(s.distinct(2, 3)),
        s(s.distinct(2, 3), axis=1),
        s(s.distinct(2, 3), axis=0, keepdims=True),
    ]


@composite(
    "_np_ptp",
    params={"axis": Axes()},
    names=Names(np="ptp", np_args="a"),
    samples=_np_samples,
)
def _(F, a, *, axis=None, keepdims=False):
    """Peak to peak: the largest element minus the smallest."""
    return F.subtract(
        F.max(a, axis=axis, keepdims=keepdims), F.min(a, axis=axis, keepdims=keepdims)
    )


@composite(
    "_np_count_nonzero",
    params={"axis": Axes()},
    names=Names(np="count_nonzero", np_args="a"),
    samples=lambda s: [s(s.ints(2, 3, high=2)), s(s.ints(2, 3, high=2), axis=1)],
)
def _(F, a, *, axis=None, keepdims=False):
    """Number of elements that are not zero."""
    return F.sum(F.not_equal_scalar(a, scalar=0), axis=axis, keepdims=keepdims)


def _nan_reduction(name: str, doc: str, neutral: float) -> None:
    def expand(F: Any, a: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
        stand_in = F.full(shape=tuple(a.shape), fill_value=neutral, dtype=np.dtype(a.dtype).name)
        return getattr(F, name)(F.where(F.isnan(a), stand_in, a), axis=axis, keepdims=keepdims)

    expand.__doc__ = doc
    composite(
        f"_np_nan{name}",
        params={"axis": Axes()},
        names=Names(np=f"nan{name}"),
        samples=lambda s: [*_np_samples(s), s(np.array([[1.0, np.nan], [2.0, 3.0]]), axis=1)],
    )(expand)


_nan_reduction("sum", "Sum of the elements that are not NaN.", 0.0)
_nan_reduction("prod", "Product of the elements that are not NaN.", 1.0)


@composite(
    "_npi_diff",
    params={"n": Int(0), "axis": Int()},
    names=Names(np="diff", np_args="a"),
    samples=lambda s: [s(2, 4), s(2, 4, n=2, axis=0), s(5, n=3), s(3, n=0)],
    errors=lambda s: [bad(s(2, 4, axis=2), ShapeError, "axis=2")],
)
def _(F, a, *, n=1, axis=-1):
    """Differences between neighbours along `axis`, `n` times."""
    along = normalize_axis("diff", axis, a.ndim)
    if n == 0:
        return F.identity(a)
    for _ in range(n):
        length = a.shape[along]
        upper = F.slice_axis(a, axis=along, begin=min(1, length), end=length)
        lower = F.slice_axis(a, axis=along, begin=0, end=max(0, length - 1))
        a = F.subtract(upper, lower)
    return a


@composite(
    "_npi_trapz",
    names=Names(np="trapz trapezoid", np_args="y"),
    samples=lambda s: [
        s(4),
        s(2, 3, dx=0.5, axis=0),
        s((2, 3), s.distinct(3)),
        s((3, 2), s.distinct(3), axis=0),
        s((2, 3), (2, 3)),
    ],
)
def _(F, y, x=None, *, dx=1.0, axis=-1):
    """Integral along `axis` by the trapezoidal rule, at the points `x` or with spacing `dx`."""
    along = normalize_axis("trapz", axis, y.ndim)
    n = y.shape[along]
    upper = F.slice_axis(y, axis=along, begin=1, end=n)
    lower = F.slice_axis(y, axis=along, begin=0, end=n - 1)
    if x is None:
        return F.multiply_scalar(F.sum(F.add(upper, lower), axis=along), scalar=dx / 2)
    steps = F._npi_diff(x, axis=along if x.ndim > 1 else 0)
    if x.ndim == 1:
        steps = F.reshape(steps, shape=(-1, *(1,) * (y.ndim - 1 - along)))
    area = F.multiply(steps, F.add(upper, lower))
    return F.multiply_scalar(F.sum(area, axis=along), scalar=0.5)


# --- order statistics ---------------------------------------------------------------------------


def _weights(n: int, fraction: float, rule: str) -> tuple[int, int, float]:
    """Neighbours below and above the wanted rank, and the share of the upper one."""
    rank = fraction * (n - 1)
    low = int(np.floor(rank))
    high = min(low + 1, n - 1)
    share = {
        "linear": rank - low,
        "lower": 0.0,
        "higher": float(rank > low),
        "midpoint": 0.5 * float(rank > low),
        "nearest": float(np.round(rank) > low),
    }[rule]
    return low, high, share


def _ordered(F: Any, a: Array, axis: Any) -> tuple[Array, tuple[int, ...]]:
    """Sort the axes that are folded, as one last axis; also the shape with keepdims."""
    axes = normalize_axes("quantile", axis, a.ndim)
    rest = [i for i in range(a.ndim) if i not in axes]
    moved = F.transpose(a, axes=(*rest, *axes)) if a.ndim else a
    flat = F.reshape(moved, shape=(*(a.shape[i] for i in rest), -1)) if a.size else moved
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    return F.sort(flat, axis=-1), kept


def _quantile(
    F: Any, a: Array, fractions: tuple[float, ...], axis: Any, rule: str, keepdims: bool
) -> list[Array]:
    if a.dtype.kind not in "f":
        a = F.cast(a, dtype="float32")
    ordered, kept = _ordered(F, a, axis)
    results = []
    for fraction in fractions:
        low, high, share = _weights(ordered.shape[-1], fraction, rule)
        below = F.slice_axis(ordered, axis=-1, begin=low, end=low + 1)
        above = F.slice_axis(ordered, axis=-1, begin=high, end=high + 1)
        mixed = F.add(
            F.multiply_scalar(below, scalar=1 - share), F.multiply_scalar(above, scalar=share)
        )
        shape = kept if keepdims else tuple(ordered.shape[:-1])
        results.append(F.reshape(mixed, shape=shape))
    return results


_RULES = Choice("linear", "lower", "higher", "midpoint", "nearest")


def _quantiles(name: str, doc: str, scale: float) -> None:
    def expand(
        F: Any,
        a: Array,
        *,
        q: Any,
        axis: Any = None,
        overwrite_input: Any = None,
        interpolation: str = "linear",
        keepdims: bool = False,
    ) -> Array:
        many = isinstance(q, tuple)
        fractions = tuple(float(x) / scale for x in (q if many else (q,)))
        if any(not 0 <= x <= 1 for x in fractions):
            raise ParamError(f"{name}: parameter q must lie in 0 … {scale:g}. Got {q}.")
        results = _quantile(F, a, fractions, axis, interpolation, keepdims)
        return F.stack(*results, axis=0) if many else results[0]

    expand.__doc__ = doc
    composite(
        f"_npi_{name}",
        params={"q": Anything(), "axis": Axes(), "interpolation": _RULES},
        names=Names(np=f"_internal.{name}"),
        samples=lambda s: [
            s(s.distinct(3, 4), q=0.3 * scale),
            s(s.distinct(3, 4), q=(0.3 * scale, 0.5 * scale), axis=1),
            s(s.distinct(3, 4), q=0.3 * scale, axis=0, keepdims=True, interpolation="higher"),
        ],
        errors=lambda s: [bad(s(3, q=2 * scale), ParamError, "must lie in")],
    )(expand)


_quantiles("quantile", "Value below which the fraction `q` (0 … 1) of the elements lies.", 1.0)
_quantiles("percentile", "Value below which `q` percent of the elements lie.", 100.0)


@composite(
    "_npi_median",
    params={"axis": Axes()},
    names=Names(np="median", np_args="a"),
    samples=_np_samples,
)
def _(F, a, *, axis=None, overwrite_input=None, keepdims=False):
    """Middle element in order, or the mean of the two middle ones."""
    return _quantile(F, a, (0.5,), axis, "linear", keepdims)[0]


# --- averages -----------------------------------------------------------------------------------


def _spread_weights(F: Any, a: Array, weights: Array, axis: Any) -> Array:
    if tuple(weights.shape) == tuple(a.shape):
        return weights
    along = normalize_axis("average", axis, a.ndim)
    if weights.ndim != 1 or weights.shape[0] != a.shape[along]:
        raise ShapeError(
            f"average: weights have shape {tuple(weights.shape)}, the array {tuple(a.shape)}.\n"
            f"Expected the same shape, or a vector with the length of axis {along}."
        )
    shape = tuple(n if i == along else 1 for i, n in enumerate(a.shape))
    return F.broadcast_to(F.reshape(weights, shape=shape), shape=tuple(a.shape))


@composite(
    "_npi_average",
    params={"axis": Axes()},
    outputs=2,
    names=Names(np="_internal.average", np_args="a weights"),
    samples=lambda s: [s((2, 3), (3,), axis=1), s((2, 3), (2, 3)), s((2, 3), (2, 3), axis=0)],
    errors=lambda s: [bad(s((2, 3), (2,), axis=1), ShapeError, "length of axis 1")],
)
def _(F, a, weights, *, axis=None):
    """Mean with weights, and the sum of the weights."""
    spread = _spread_weights(F, a, weights, axis)
    total = F.sum(spread, axis=axis)
    return F.divide(F.sum(F.multiply(a, spread), axis=axis), total), total
