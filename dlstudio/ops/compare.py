"""Comparisons and logic. np answers truth values, nd answers 0 and 1 in the dtype of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.registry import Flags, Names, op
from dlstudio.errors import DTypeError, explain
from dlstudio.ops.families import binary, scalar_op, unary
from dlstudio.ops.rules import LOGIC, broadcast_shape, common_dtype, counted, flat, zeros

Array = Any


def _truth(_: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype(bool)


def _unchanged(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype


def _asks(name: str) -> Callable[..., Array]:
    def compute(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
        return getattr(xp, name)(x, y, out=out)

    return compute


def _counts(name: str) -> Callable[..., Array]:
    """Compute 0 and 1 in the dtype of the inputs, as nd does."""

    def compute(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
        answer = getattr(xp, name)(x, y)
        if out is None:
            return answer.astype(xp.result_type(x, y))
        xp.copyto(out, answer, casting="unsafe")
        return out

    return compute


def _no_slopes(F: Any, g: Array, out: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return zeros(F, g), zeros(F, g)


def _no_slope(F: Any, g: Array, out: Array, x: Array, number: Any, reverse: bool) -> Array:
    return zeros(F, x)


def _grid_samples(s: Any) -> list[Any]:
    """Whole numbers, so that equality happens; far from each other for numeric gradients."""
    left, right = s.ints(2, 3, high=3), s.ints(2, 3, high=3)
    return [
        s(left, right),
        s(left.astype("float64"), right.astype("float64") + 0.25),
        s((2, 1, 3), (4, 1)),
        s((), ()),
        s((0, 3), (1, 3)),
    ]


def comparison(name: str, doc: str, legacy: str) -> None:
    """Register `name` for np, ``broadcast_<legacy>`` for nd, and both beside a number."""
    old = f"broadcast_{legacy}"
    binary(
        name,
        doc,
        LOGIC,
        compute=_asks(name),
        result=_truth,
        legacy=f"{old} {legacy}",
        legacy_compute=_counts(name),
        legacy_slopes=_no_slopes,
        samples=_grid_samples,
        reference=getattr(np, name),
    )
    scalar_op(
        f"{name}_scalar",
        doc,
        LOGIC,
        _asks(name),
        meets=_unchanged,
        result=_truth,
        names=Names(np_args="x", json=f"_npi_{name}_scalar"),
    )
    scalar = f"_{legacy}_scalar"
    scalar_op(
        scalar,
        doc,
        _no_slope,
        _counts(name),
        meets=counted,
        names=Names(nd=scalar, args="data"),
        reverse=False,
    )


comparison("equal", "Whether ``x = y``.", "equal")
comparison("not_equal", "Whether ``x ≠ y``.", "not_equal")
comparison("greater", "Whether ``x > y``.", "greater")
comparison("greater_equal", "Whether ``x ≥ y``.", "greater_equal")
comparison("less", "Whether ``x < y``.", "lesser")
comparison("less_equal", "Whether ``x ≤ y``.", "lesser_equal")
comparison("logical_and", "Whether both x and y are non-zero.", "logical_and")
comparison("logical_or", "Whether x or y is non-zero.", "logical_or")
comparison("logical_xor", "Whether exactly one of x and y is non-zero.", "logical_xor")

unary(
    "_logical_not",
    "1 where x is zero, else 0.",
    flat,
    boolean=True,
    names=Names(nd="logical_not", args="data", json="logical_not"),
    compute=lambda xp, x, out: _deliver(xp, xp.logical_not(x), x.dtype, out),
)


def _deliver(xp: Any, y: Array, dtype: Any, out: Array | None) -> Array:
    if out is None:
        return y.astype(dtype)
    xp.copyto(out, y, casting="unsafe")
    return out


@op(
    "logical_not",
    infer=lambda x: Aval(x.shape, np.dtype(bool)),
    grad=LOGIC,
    flags=Flags(out=True),
    names=Names(np="logical_not", np_args="x", json="_npi_logical_not"),
    samples=lambda s: [s(2, 3), s(s.bools(4)), s(()), s(0, 3)],
    reference=np.logical_not,
)
def _(xp, x, *, out=None):
    """Whether x is zero."""
    return xp.logical_not(x, out=out)


# --- bits ---------------------------------------------------------------------------------------


def _refuse_reals(name: str, *arrays: Any) -> None:
    for x in arrays:
        if x.dtype.kind not in "iub":
            raise DTypeError(
                explain(
                    f"{name} is not defined for {x.dtype}.",
                    "integers or truth values.",
                    f"{name}(x.astype('int32'), ...)",
                )
            )


def _bits(name: str, doc: str, *more: str) -> None:
    def forward(xp: Any, x1: Array, x2: Array, *, out: Array | None = None) -> Array:
        _refuse_reals(name, x1, x2)
        return getattr(xp, name)(x1, x2, out=out)

    def infer(x1: Aval, x2: Aval) -> Aval:
        _refuse_reals(name, x1, x2)
        shape = broadcast_shape(name, x1.shape, x2.shape)
        return Aval(shape, common_dtype(x1.dtype, x2.dtype))

    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        grad=LOGIC,
        flags=Flags(inplace=(0, 1), out=True),
        names=Names(np=" ".join((name, *more)), json=f"_npi_{name}"),
        reference=getattr(np, name),
        samples=lambda s: [
            s(s.ints(2, 3, high=9), s.ints(1, 3, high=9)),
            s(s.ints(3, high=5), s.ints(high=5)),
            s(s.ints(0, 3, high=2), s.ints(3, high=2)),
        ],
    )(forward)
    scalar_op(
        f"{name}_scalar",
        doc,
        LOGIC,
        _asks_bits(name),
        meets=_unchanged,
        names=Names(np_args="x", json=f"_npi_{name}_scalar"),
        whole=True,
    )


def _asks_bits(name: str) -> Callable[..., Array]:
    def compute(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
        _refuse_reals(name, *(a for a in (x, y) if hasattr(a, "ndim")))
        return getattr(xp, name)(x, y, out=out)

    return compute


_bits("bitwise_and", "Bitwise and: ``x & y``.")
_bits("bitwise_or", "Bitwise or: ``x | y``.")
_bits("bitwise_xor", "Bitwise exclusive or: ``x ^ y``.")
_bits("lcm", "Least common multiple.")
_bits("gcd", "Greatest common divisor.")
_bits("left_shift", "Bits shifted to the left: ``x · 2ʸ``.", "bitwise_left_shift")
_bits("right_shift", "Bits shifted to the right: ``⌊x / 2ʸ⌋``.", "bitwise_right_shift")


def _infer_bits(x: Aval) -> Aval:
    _refuse_reals("invert", x)
    return x


@op(
    "invert",
    infer=_infer_bits,
    grad=LOGIC,
    flags=Flags(inplace=(0,), out=True),
    names=Names(np="invert bitwise_not bitwise_invert", np_args="x", json="_npi_bitwise_not"),
    samples=lambda s: [s(s.ints(2, 3, high=9)), s(s.bools(3)), s(s.ints(0, 3, high=2))],
    reference=np.invert,
)
def _(xp, x, *, out=None):
    """Flip every bit: ``~x``."""
    _refuse_reals("invert", x)
    return xp.invert(x, out=out)
