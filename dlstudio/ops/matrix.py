"""Matrix functions over the last two axes: inverse, determinant, factorizations, triangles."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Int
from dlstudio.core.registry import Names, bad, op
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.ops.rules import broadcast_shape, common_dtype, real_dtype

Array = Any


def definite(s: Any, *shape: int) -> Array:
    """Make symmetric positive definite samples."""
    x = s.uniform(*shape)
    return x @ np.swapaxes(x, -1, -2) + 2 * np.eye(shape[-1])


def square(name: str, a: Any) -> None:
    """Refuse what is not a square floating-point matrix."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            explain(
                f"{name}: an array of shape {tuple(a.shape)}.",
                "square matrices on the last two axes.",
            )
        )
    if a.dtype.kind not in "fc":  # LAPACK knows no bfloat16
        raise DTypeError(
            explain(
                f"{name} is not defined for {a.dtype}.",
                "floating-point matrices.",
                "x.astype('float32')",
            )
        )


def solvable(name: str, call: Any) -> Any:
    """Run a factorization; a singular matrix becomes our error."""
    try:
        return call()
    except np.linalg.LinAlgError as error:
        raise ParamError(
            explain(f"{name}: {error}.", "a matrix of full rank (positive definite for cholesky).")
        ) from None


def turned(F: Any, x: Array) -> Array:
    """Transpose of the last two axes."""
    return F.transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def symmetric(F: Any, x: Array) -> Array:
    """Mean of the matrices and their transposes."""
    return F.multiply_scalar(F.add(x, turned(F, x)), scalar=0.5)


def square_in(name: str) -> Any:
    """Build the inference of a function that keeps square matrices' shape."""

    def infer(a: Aval) -> Aval:
        square(name, a)
        return a

    return infer


# --- inverse, determinant, linear systems -------------------------------------------------------


def _inverse_grad(F: Any, g: Array, out: Array, a: Array) -> tuple[Array]:
    back = turned(F, out)
    return (F.negative(F.matmul(back, F.matmul(g, back))),)


@op(
    "matrix_inverse",
    infer=square_in("inverse"),
    grad=_inverse_grad,
    samples=lambda s: [s(definite(s, 3, 3)), s(definite(s, 2, 2, 2))],
    reference=np.linalg.inv,
    errors=lambda s: [
        bad(s(2, 3), ShapeError, "square matrices"),
        bad(s(np.eye(2, dtype="int64")), DTypeError, "floating-point"),
    ],
)
def _(xp, a):
    """Inverse of the matrices on the last two axes."""
    square("inverse", a)
    return solvable("inverse", lambda: xp.linalg.inv(a))


def _spread(F: Any, g: Array, x: Array) -> Array:
    """One number per matrix, broadcast over the matrices."""
    return F.broadcast_to(F.reshape(g, shape=(*g.shape, 1, 1)), shape=tuple(x.shape))


def _cofactor_grad(F: Any, g: Array, out: Array, a: Array) -> tuple[Array]:
    """Differentiate ``det(a) inverse(a)ᵀ``, which it is where `a` is not singular."""
    turned_inverse = turned(F, F.matrix_inverse(a))
    along = F.sum(F.multiply(g, turned_inverse), axis=(-2, -1))
    across = F.matmul(F.matmul(turned_inverse, turned(F, g)), turned_inverse)
    inside = F.subtract(F.multiply(_spread(F, along, a), turned_inverse), across)
    return (F.multiply(_spread(F, F.matrix_det(a), a), inside),)


@op(
    "matrix_cofactor",
    infer=square_in("cofactor"),
    grad=_cofactor_grad,
    samples=lambda s: [s(definite(s, 3, 3)), s(definite(s, 2, 2, 2)), s(definite(s, 1, 1))],
)
def _(xp, a):
    """Cofactors of the matrices on the last two axes; exact for singular matrices too."""
    square("cofactor", a)
    if a.size == 0:
        return a.copy()
    left, values, right = xp.linalg.svd(a)
    places = xp.arange(values.shape[-1])
    others = xp.where(places[:, None] == places, xp.ones((), a.dtype), values[..., None, :]).prod(
        axis=-1
    )
    sign = xp.linalg.det(left) * xp.linalg.det(right)
    return (xp.matmul(left * others[..., None, :], right) * sign[..., None, None]).astype(a.dtype)


@op(
    "matrix_det",
    infer=lambda a: (square("det", a), Aval(a.shape[:-2], a.dtype))[1],
    grad=lambda F, g, out, a: (F.multiply(_spread(F, g, a), F.matrix_cofactor(a)),),
    samples=lambda s: [s(definite(s, 3, 3)), s(definite(s, 2, 2, 2))],
    reference=np.linalg.det,
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices")],
)
def _(xp, a):
    """Determinant of the matrices on the last two axes."""
    square("det", a)
    return xp.linalg.det(a).astype(a.dtype)


def _slogdet_grad(F: Any, g: Any, out: Any, a: Array) -> tuple[Array]:
    if g[1] is None:
        return (F.zeros(shape=tuple(a.shape), dtype=np.dtype(a.dtype).name),)
    return (F.multiply(_spread(F, g[1], a), turned(F, F.matrix_inverse(a))),)


def _infer_slogdet(a: Aval) -> tuple[Aval, Aval]:
    square("slogdet", a)
    lead = a.shape[:-2]
    return Aval(lead, a.dtype), Aval(lead, real_dtype(a.dtype))


@op(
    "matrix_slogdet",
    outputs=2,
    grad=_slogdet_grad,
    infer=_infer_slogdet,
    samples=lambda s: [s(definite(s, 3, 3)), s(definite(s, 2, 2, 2))],
    reference=lambda a: tuple(np.linalg.slogdet(a)),
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices")],
)
def _(xp, a):
    """Sign and logarithm of the absolute value of the determinant."""
    square("slogdet", a)
    sign, logarithm = xp.linalg.slogdet(a)
    return xp.asarray(sign, a.dtype), xp.asarray(logarithm, real_dtype(a.dtype))


def _infer_solve(a: Aval, b: Aval) -> Aval:
    square("solve", a)
    if b.ndim < 1 or b.shape[-2 if b.ndim > 1 else -1] != a.shape[-1]:
        raise ShapeError(
            explain(
                f"solve: matrices of shape {a.shape}, right sides of shape {b.shape}.",
                f"right sides with {a.shape[-1]} rows.",
            )
        )
    dtype = common_dtype(a.dtype, b.dtype)
    if b.ndim == 1:
        return Aval((*a.shape[:-2], b.shape[0]), dtype)
    return Aval((*broadcast_shape("solve", a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), dtype)


def _solve_grad(F: Any, g: Array, out: Array, a: Array, b: Array) -> tuple[Array, Array]:
    gb = F.matrix_solve(turned(F, a), g)
    if b.ndim == 1:
        product = F.multiply(
            F.reshape(gb, shape=(*gb.shape, 1)),
            F.reshape(out, shape=(*out.shape[:-1], 1, out.shape[-1])),
        )
    else:
        product = F.matmul(gb, turned(F, out))
    ga = F.negative(product)
    ga = ga if ga.shape == a.shape else F.sum_to(ga, shape=tuple(a.shape))
    return ga, gb if gb.shape == b.shape else F.sum_to(gb, shape=tuple(b.shape))


@op(
    "matrix_solve",
    infer=_infer_solve,
    grad=_solve_grad,
    samples=lambda s: [
        s(definite(s, 3, 3), (3, 2)),
        s(definite(s, 3, 3), (3,)),
        s(definite(s, 2, 2, 2), (2, 2, 1)),
    ],
    errors=lambda s: [bad(s(definite(s, 3, 3), (2, 2)), ShapeError, "3 rows")],
)
def _(xp, a, b):
    """Solution x of ``a x = b`` for a vector or for the columns of matrices."""
    _infer_solve(a, b)
    return solvable("solve", lambda: xp.linalg.solve(a, b))


# --- triangles as vectors -----------------------------------------------------------------------


def _triangle(
    n: int, offset: int, lower: bool
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rows and columns of a triangle: row by row if lower, column by column if upper."""
    if offset < 0 or (offset == 0 and lower):
        return np.tril_indices(n, offset)
    columns, rows = np.tril_indices(n, -offset)
    return rows, columns


def _packed(n: int, offset: int) -> int:
    m = n - abs(offset)
    return m * (m + 1) // 2


def _infer_pack(A: Aval, *, offset: int, lower: bool) -> Aval:
    square("extracttrian", A)
    return Aval((*A.shape[:-2], _packed(A.shape[-1], offset)), A.dtype)


@op(
    "_linalg_extracttrian",
    infer=_infer_pack,
    grad=lambda F, g, out, A, *, offset, lower: (
        F._linalg_maketrian(g, offset=offset, lower=lower),
    ),
    params={"offset": Int()},
    names=Names(nd="linalg.extracttrian linalg_extracttrian"),
    samples=lambda s: [s(3, 3), s(2, 3, 3, lower=False), s(3, 3, offset=1), s(3, 3, offset=-1)],
)
def _(xp, A, *, offset=0, lower=True):
    """Triangle of the matrices on the last two axes as a vector."""
    square("extracttrian", A)
    rows, columns = _triangle(A.shape[-1], offset, lower)
    return A[..., xp.asarray(rows), xp.asarray(columns)]


def _side(length: int, offset: int) -> int:
    m = (isqrt(8 * length + 1) - 1) // 2
    if m * (m + 1) // 2 != length:
        raise ShapeError(
            explain(
                f"maketrian: {length} elements do not fill a triangle.", "1, 3, 6, 10, … elements."
            )
        )
    return m + abs(offset)


def _infer_unpack(A: Aval, *, offset: int, lower: bool) -> Aval:
    n = _side(A.shape[-1], offset)
    return Aval((*A.shape[:-1], n, n), A.dtype)


@op(
    "_linalg_maketrian",
    infer=_infer_unpack,
    grad=lambda F, g, out, A, *, offset, lower: (
        F._linalg_extracttrian(g, offset=offset, lower=lower),
    ),
    params={"offset": Int()},
    names=Names(nd="linalg.maketrian linalg_maketrian"),
    samples=lambda s: [s(6), s(2, 3, lower=False), s(3, offset=1), s(3, offset=-1)],
    errors=lambda s: [bad(s(4), ShapeError, "fill a triangle")],
)
def _(xp, A, *, offset=0, lower=True):
    """Matrices with the vectors on the last axis as a triangle, zero elsewhere."""
    n = _side(A.shape[-1], offset)
    out = xp.zeros((*A.shape[:-1], n, n), A.dtype)
    rows, columns = _triangle(n, offset, lower)
    out[..., xp.asarray(rows), xp.asarray(columns)] = A
    return out
