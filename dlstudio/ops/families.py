"""Families: what whole groups of operators have in common, so that most entries are a few lines.

A family builds forward, shape inference, gradient wrapping, names and samples of an entry from
the one fact that differs (which function, which derivative).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Scalar
from dlstudio.core.registry import Flags, Names, NotDifferentiable, Op, bad, op
from dlstudio.errors import DTypeError, ShapeError, explain
from dlstudio.ops.rules import (
    broadcast_shape,
    common_dtype,
    counted,
    fit,
    real_dtype,
    refuse_complex,
    same_dtypes,
    same_shapes,
    scalar_like,
)

__all__ = ["binary", "scalar_op", "unary"]

Array = Any


# --- functions of one array --------------------------------------------------------------------


def unary(
    name: str,
    doc: str,
    slope: Callable[..., Array] | NotDifferentiable,
    *,
    names: Names | None = None,
    compute: Callable[..., Array] | None = None,
    boolean: bool = False,
    modulus: bool = False,
    domain: tuple[float, float] = (0.5, 1.5),
    amp: str = "widest",
    **fields: Any,
) -> Op:
    """Register an elementwise function that keeps the dtype.

    Parameters
    ----------
    slope : ``(F, g, out, x) -> gradient``, or why there is none
    compute : ``(xp, x, out) -> array``; default: the NumPy function called `name`
    boolean : whether truth values are accepted
    modulus : whether complex numbers give real ones
    domain : interval the samples are drawn from, away from kinks and poles
    amp : what mixed precision does with it; "fp32" where 16 bits overflow or lose digits
    """

    def forward(xp: Any, x: Array, *, out: Array | None = None) -> Array:
        if x.dtype.kind in "fV":
            return getattr(xp, name)(x, out=out) if compute is None else compute(xp, x, out)
        _refuse_bool(name, x, boolean=boolean)
        y = getattr(xp, name)(x) if compute is None else compute(xp, x, None)
        return _into(xp, y, real_dtype(x.dtype) if modulus else x.dtype, out)

    def infer(x: Aval) -> Aval:
        _refuse_bool(name, x, boolean=boolean)
        return Aval(x.shape, real_dtype(x.dtype)) if modulus else x

    def grad(F: Any, g: Array, out: Array, x: Array) -> tuple[Array]:
        return (slope(F, g, out, x),)  # type: ignore[operator]  # a rule, or grad is not used

    forward.__doc__ = doc
    fields.setdefault("samples", _samples_of_one(*domain))
    if not boolean:
        fields.setdefault("errors", lambda s: [bad(s(s.bools(3)), DTypeError, f"{name} .*bool")])
    return op(
        name,
        infer=infer,
        grad=slope if isinstance(slope, NotDifferentiable) else grad,
        names=names or Names(nd=name, np=name, method=name, args="data", np_args="x"),
        flags=Flags(inplace=(0,), out=True, amp=amp, pointwise=True),
        **fields,
    )(forward)


def _refuse_bool(name: str, x: Any, *, boolean: bool) -> None:
    if x.dtype.kind == "b" and not boolean:
        raise DTypeError(
            explain(
                f"{name} is not defined for truth values (bool).",
                "an array of numbers.",
                f"{name}(x.astype('float32'))",
            )
        )


def _into(xp: Any, y: Array, dtype: np.dtype[Any], out: Array | None) -> Array:
    """`y` as `dtype`, in `out` if given."""
    if out is None:
        return y.astype(dtype, copy=False)
    xp.copyto(out, y, casting="unsafe")
    return out


def _samples_of_one(low: float, high: float) -> Callable[..., Any]:
    def samples(s: Any) -> list[Any]:
        return [s(s.uniform(*shape, low=low, high=high)) for shape in ((2, 3), (), (0, 3))]

    return samples


# --- functions of two arrays -------------------------------------------------------------------

Rule = Callable[..., tuple[Array, Array]]


def _as_result(F: Any, x: Array, out: Array) -> Array:
    """An operand in the dtype of the result: the logarithm of an int32 2 would be 0."""
    return x if x.dtype == out.dtype else F.cast(x, dtype=out.dtype.name)


def _promoted(xp: Any, x: Array, y: Array) -> tuple[Array, Array]:
    dtype = common_dtype(x.dtype, y.dtype)
    return x.astype(dtype, copy=False), y.astype(dtype, copy=False)


def _mixed_samples(s: Any) -> list[Any]:
    """The same, and two dtypes that promote."""
    return [*pair_samples(s), s(s.ints(2, 3, low=1, high=4), (3,))]


def pair_samples(s: Any) -> list[Any]:
    """Equal shapes, both sides broadcast, a scalar, and nothing at all."""
    return [s((2, 3), (2, 3)), s((2, 1, 3), (4, 1)), s((3,), ()), s((0, 3), (1, 3))]


def binary(
    name: str,
    doc: str,
    slopes: Rule | NotDifferentiable,
    *,
    compute: Callable[..., Array] | None = None,
    result: Callable[[np.dtype[Any]], np.dtype[Any]] | None = None,
    names: Names | None = None,
    legacy: str = "",
    elemwise: str = "",
    legacy_compute: Callable[..., Array] | None = None,
    legacy_result: Callable[[np.dtype[Any]], np.dtype[Any]] | None = None,
    legacy_slopes: Rule | None = None,
    **fields: Any,
) -> Op:
    """Register ``x ∘ y`` for the NumPy dialect, and with `legacy` its MXNet 1.x twins.

    Parameters
    ----------
    slopes : ``(F, g, out, x, y) -> (gx, gy)`` before summing over broadcast axes, or why none
    compute : ``(xp, x, y, out) -> array`` on equal dtypes; default: the NumPy function
    result : dtype of the result from the common dtype; default: the same
    legacy : names of the twin that requires equal dtypes, "broadcast_add broadcast_plus add"
    elemwise : name of the twin that requires equal shapes as well
    """
    compute = compute or _ufunc(name)
    fields.setdefault("errors", lambda s: [_unequal(s)])
    mixed = {"samples": _mixed_samples} | fields
    fields.setdefault("samples", pair_samples)
    record = _binary_entry(
        name,
        doc,
        slopes,
        compute,
        result,
        check=None,
        names=names or Names(np=name, np_args="x1 x2", json=f"_npi_{name}"),
        **mixed,
    )
    fields.pop("reference", None)
    compute, slopes = legacy_compute or compute, legacy_slopes or slopes
    if legacy:
        fields["errors"] = lambda s: [_unequal(s), _mixed(s)]
        _binary_entry(
            legacy.split(maxsplit=1)[0],
            doc,
            slopes,
            compute,
            legacy_result,
            check=same_dtypes,
            names=Names(nd=legacy, args="lhs rhs"),
            **fields,
        )
    if elemwise:
        fields["samples"] = lambda s: [s((2, 3), (2, 3)), s((), ()), s((0, 3), (0, 3))]
        fields["errors"] = lambda s: [
            bad(s((2, 3), (1, 3)), ShapeError, r"\(2, 3\) and \(1, 3\) differ"),
            _mixed(s),
        ]
        _binary_entry(
            elemwise,
            doc,
            slopes,
            compute,
            legacy_result,
            check=_same_both,
            names=Names(nd=elemwise, args="lhs rhs"),
            complete=_alike,
            **fields,
        )
    return record


def _unequal(s: Any) -> Any:
    return bad(s((2, 3), (4,)), ShapeError, r"\(2, 3\) and \(4,\) do not broadcast")


def _mixed(s: Any) -> Any:
    return bad(s((3,), s.ints(3, high=2)), DTypeError, "float64 and int64 differ")


def _alike(shapes: Sequence[Any], attrs: Any) -> list[Any]:
    """Give unknown inputs the shape of one that is known."""
    known = next((s for s in shapes if s is not None and 0 not in s), None)
    return [known] * len(shapes)


def _same_both(name: str, x: Any, y: Any) -> None:
    same_shapes(name, x, y)
    same_dtypes(name, x, y)


def _ufunc(name: str) -> Callable[..., Array]:
    def compute(xp: Any, x: Array, y: Array, out: Array | None) -> Array:
        return getattr(xp, name)(x, y, out=out)

    return compute


def _binary_entry(
    name: str,
    doc: str,
    slopes: Any,
    compute: Callable[..., Array],
    result: Any,
    *,
    check: Callable[..., None] | None,
    names: Names,
    **fields: Any,
) -> Op:
    def forward(xp: Any, x: Array, y: Array, *, out: Array | None = None) -> Array:
        if check is not None:
            check(name, x, y)
        elif x.dtype is not y.dtype:
            x, y = _promoted(xp, x, y)
        return compute(xp, x, y, out)

    def infer(x: Aval, y: Aval) -> Aval:
        if check is not None:
            check(name, x, y)
        dtype = common_dtype(x.dtype, y.dtype)
        return Aval(broadcast_shape(name, x.shape, y.shape), result(dtype) if result else dtype)

    def grad(F: Any, g: Array, out: Array, x: Array, y: Array) -> tuple[Array, Array]:
        gx, gy = slopes(F, g, out, _as_result(F, x, out), _as_result(F, y, out))
        return fit(F, gx, x), fit(F, gy, y)

    forward.__doc__ = doc
    return op(
        name,
        infer=infer,
        names=names,
        flags=Flags(inplace=() if result else (0, 1), out=True, pointwise=True),
        grad=slopes if isinstance(slopes, NotDifferentiable) else grad,
        **fields,
    )(forward)


# --- an array and a number ---------------------------------------------------------------------


def scalar_op(
    name: str,
    doc: str,
    slope: Callable[..., Array] | NotDifferentiable,
    compute: Callable[..., Array],
    *,
    names: Names,
    meets: Callable[[np.dtype[Any]], np.dtype[Any]] = counted,
    result: Callable[[np.dtype[Any]], np.dtype[Any]] | None = None,
    reverse: bool | None = None,
    whole: bool = False,
) -> Op:
    """Register ``x ∘ number``.

    Parameters
    ----------
    slope : ``(F, g, out, x, scalar, reverse) -> gradient``, or why there is none
    compute : ``(xp, left, right, out) -> array``
    meets : dtype in which the array and the number meet
    result : dtype of the result from that; default: the same
    reverse : whether the number stands on the left; None makes this an attribute
    whole : whether only integers are accepted
    """

    def apply(xp: Any, x: Array, scalar: Any, flip: bool, out: Array | None) -> Array:
        if x.dtype.kind in "fV" and scalar.__class__ is not complex:
            number = x.dtype.type(scalar)
        else:
            dtype = meeting(x.dtype, scalar)
            x = x if x.dtype == dtype else x.astype(dtype)
            number = scalar_like(x, scalar)
        return compute(xp, number, x, out) if flip else compute(xp, x, number, out)

    def meeting(dtype: np.dtype[Any], scalar: Any) -> np.dtype[Any]:
        if isinstance(scalar, complex):  # NumPy's complex64 and complex128 are not weak
            return np.result_type(dtype, scalar)
        return meets(dtype)

    def infer(x: Aval, *, scalar: Any = 1.0, **_: Any) -> Aval:
        dtype = meeting(x.dtype, scalar)
        return Aval(x.shape, result(dtype) if result else dtype)

    def grad(
        F: Any, g: Array, out: Array, x: Array, *, scalar: Any, reverse: bool = bool(reverse)
    ) -> tuple[Array]:
        refuse_complex(out, x)
        return (slope(F, g, out, x, scalar, reverse),)  # type: ignore[operator]  # as in unary

    def both(
        xp: Any, x: Array, *, scalar: Any = 1.0, reverse: bool = False, out: Array | None = None
    ) -> Array:
        return apply(xp, x, scalar, reverse, out)

    def one(xp: Any, x: Array, *, scalar: Any = 1.0, out: Array | None = None) -> Array:
        return apply(xp, x, scalar, bool(reverse), out)

    forward = both if reverse is None else one
    forward.__doc__ = doc
    return op(
        name,
        infer=infer,
        names=names,
        params={"scalar": Scalar()},
        grad=slope if isinstance(slope, NotDifferentiable) else grad,
        flags=Flags(inplace=() if result else (0,), out=True, pointwise=True),
        samples=_whole_numbers if whole else _both_ways if reverse is None else _one_way,
    )(forward)


def _one_way(s: Any) -> list[Any]:
    counts = s.ints(4, high=3)
    return [s(2, 3, scalar=2.5), s((), scalar=2), s((0, 3), scalar=2.0), s(counts, scalar=2)]


def _both_ways(s: Any) -> list[Any]:
    return [*_one_way(s), s(2, 3, scalar=2.5, reverse=True)]


def _whole_numbers(s: Any) -> list[Any]:
    counts = s.ints(2, 3, high=9)
    return [s(counts, scalar=2), s(counts + 1, scalar=3, reverse=True), s(counts[:0], scalar=1)]
