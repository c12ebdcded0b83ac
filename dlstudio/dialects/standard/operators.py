"""Operators that the array API standard has and neither MXNet dialect had."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, DType, Int
from dlstudio.core.registry import Names, NotDifferentiable, bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.matrix import definite, turned
from dlstudio.ops.rules import normalize_axis, real_dtype

Array = Any


# --- running sums and products ------------------------------------------------------------------


def _only_axis(name: str, x: Any, axis: int | None) -> int:
    """Axis of a running fold, which may be left out for a vector."""
    if axis is not None:
        return normalize_axis(name, axis, x.ndim)
    if x.ndim != 1:
        raise ParamError(
            explain(
                f"{name}: an array of {x.ndim} dimensions, and no axis.",
                "an axis for all arrays but vectors.",
                f"{name}(x, axis=0)",
            )
        )
    return 0


def _running(name: str, core: str, neutral: int, doc: str) -> None:
    def expand(
        F: Any, x: Array, *, axis: Any = None, dtype: Any = None, include_initial: bool = False
    ) -> Array:
        along = _only_axis(name, x, axis)
        result = getattr(F, core)(x, axis=along, dtype=dtype)
        if not include_initial:
            return result
        shape = tuple(1 if i == along else n for i, n in enumerate(x.shape))
        kind = np.dtype(result.dtype).name
        first = F.full(shape=shape, fill_value=neutral, dtype=kind)
        return F.concatenate(first, result, axis=along)

    expand.__doc__ = doc
    composite(
        name,
        params={"axis": Int(optional=True), "dtype": DType(optional=True)},
        names=Names(np=name),
        samples=lambda s: [
            s(4),
            s(2, 3, axis=1),
            s(2, 3, axis=0, include_initial=True),
            s(3, dtype="float64", include_initial=True),
            s((0, 3), axis=-1),
        ],
        errors=lambda s: [
            bad(s(2, 3), ParamError, "no axis"),
            bad(s(2, 3, axis=2), ShapeError, "axis=2"),
        ],
    )(expand)


_running("cumulative_sum", "cumsum", 0, "Running sum along `axis`, from 0 with `include_initial`.")
_running(
    "cumulative_prod", "cumprod", 1, "Running product along `axis`, from 1 with `include_initial`."
)


# --- positions in a sorted vector ---------------------------------------------------------------


def _infer_search(x1: Aval, x2: Aval, sorter: Aval | None = None, *, side: str) -> Aval:
    if x1.ndim != 1:
        raise ShapeError(
            explain(f"searchsorted: the sorted array has shape {x1.shape}.", "a vector.")
        )
    return Aval(x2.shape, np.dtype("int64"))


@op(
    "searchsorted",
    infer=_infer_search,
    grad=NotDifferentiable("its result is a position"),
    params={"side": Choice("left", "right")},
    names=Names(np_args="a v"),
    samples=lambda s: [
        s(np.array([1.0, 2.0, 2.0, 3.0]), np.array([[0.0, 2.0], [2.5, 9.0]])),
        s(np.array([1.0, 2.0, 2.0, 3.0]), np.array(2.0), side="right"),
        s(np.array([3, 1, 2]), np.array([2]), np.array([1, 2, 0])),
        s((0,), (2,)),
    ],
    errors=lambda s: [bad(s((2, 2), (2,)), ShapeError, "a vector")],
    reference=lambda x1, x2, sorter=None, **side: np.searchsorted(x1, x2, sorter=sorter, **side),
)
def _(xp, x1, x2, sorter=None, *, side="left"):
    """Positions at which the elements of `x2` keep the vector `x1` sorted."""
    _infer_search(x1, x2, side=side)
    return xp.asarray(xp.searchsorted(x1, x2, side=side, sorter=sorter), "int64")


# --- factors of matrices ------------------------------------------------------------------------


def _whole_square(n: int, a: Aval) -> Aval:
    return Aval((*a.shape[:-2], n, n), a.dtype)


def _matrices(name: str, a: Any) -> None:
    if a.ndim < 2:
        raise ShapeError(
            explain(f"{name}: an array of shape {a.shape}.", "matrices on the last two axes.")
        )


def _infer_full_svd(a: Aval) -> tuple[Aval, Aval, Aval]:
    _matrices("svd", a)
    rows, columns = a.shape[-2:]
    values = Aval((*a.shape[:-2], min(rows, columns)), real_dtype(a.dtype))
    return _whole_square(rows, a), values, _whole_square(columns, a)


FREE = NotDifferentiable("the vectors that fill the bases up are not unique")


@op(
    "full_svd",
    outputs=3,
    infer=_infer_full_svd,
    grad=FREE,
    samples=lambda s: [s(3, 2), s(2, 2, 3), s(definite(s, 2, 2))],
    errors=lambda s: [bad(s(3), ShapeError, "matrices")],
)
def _(xp, a):
    """Singular value decomposition with square U and Vᴴ."""
    u, values, vh = xp.linalg.svd(a, full_matrices=True)
    return u, values, vh


def _infer_complete_qr(a: Aval) -> tuple[Aval, Aval]:
    _matrices("qr", a)
    return _whole_square(a.shape[-2], a), a


@op(
    "complete_qr",
    outputs=2,
    infer=_infer_complete_qr,
    grad=FREE,
    samples=lambda s: [s(3, 2), s(2, 2, 3)],
    errors=lambda s: [bad(s(3), ShapeError, "matrices")],
)
def _(xp, a):
    """Factors Q, square, and R, of the shape of `a`, with ``Q R = a``."""
    q, r = xp.linalg.qr(a, mode="complete")
    return q, r


def adjoint(F: Any, x: Array) -> Array:
    """Transpose of the last two axes, conjugated."""
    back = turned(F, x)
    return F.conj(back) if x.dtype.kind == "c" else back


@composite(
    "upper_cholesky",
    custom_gradient="it is taken among symmetric matrices, as in MXNet",
    samples=lambda s: [s(definite(s, 3, 3))],
)
def _(F, a):
    """Upper triangle U with ``Uᴴ U = a``."""
    return adjoint(F, F.matrix_cholesky(a))


@composite("pseudo_inverse", samples=lambda s: [s((3, 2), ()), s((2, 3, 2), (2,)), s((2, 3))])
def _(F, a, rtol=None):
    """Moore-Penrose inverse; singular values up to `rtol` times the largest count as zero."""
    if 0 in a.shape:
        return F.zeros(shape=tuple(turned(F, a).shape), dtype=np.dtype(a.dtype).name)
    u, s, vh = F.matrix_svd(a)
    largest = F.max(s, axis=-1, keepdims=True)
    if rtol is None:
        share = max(a.shape[-2:]) * float(np.finfo(np.dtype(s.dtype).name).eps)
        cutoff = F.multiply_scalar(largest, scalar=share)
    else:
        cutoff = F.multiply(largest, F.expand_dims(rtol, axis=-1))
    used = F.greater(s, F.broadcast_to(cutoff, shape=tuple(s.shape)))
    ones = F.ones(shape=tuple(s.shape), dtype=np.dtype(s.dtype).name)
    inverse = F.where(used, F.reciprocal(F.where(used, s, ones)), F.subtract(ones, ones))
    scaled = F.multiply(adjoint(F, vh), F.expand_dims(inverse, axis=-2))
    return F.matmul(scaled, adjoint(F, u))
