"""Matrix functions over the last two axes: inverse, determinant, factorizations, triangles."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Int
from dlstudio.core.registry import Names, bad, op
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.ops.families import broadcast_shape, common_dtype

Array = Any
SYMMETRIC = "it is taken among symmetric matrices, as in MXNet"


def _spd(s: Any, *shape: int) -> Array:
    """Symmetric positive definite samples."""
    x = s.uniform(*shape)
    return x @ np.swapaxes(x, -1, -2) + 2 * np.eye(shape[-1])


def _square(name: str, a: Any) -> None:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            explain(f"{name}: an array of shape {tuple(a.shape)}.", "square matrices on the last two axes.")
        )
    if a.dtype.kind not in "fc":
        raise DTypeError(
            explain(f"{name} is not defined for {a.dtype}.", "floating-point matrices.", "x.astype('float32')")
        )


def _solvable(name: str, call: Any) -> Any:
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


def _symmetric(F: Any, x: Array) -> Array:
    return F.multiply_scalar(F.add(x, turned(F, x)), scalar=0.5)


def _same_square(name: str) -> Any:
    def infer(a: Aval) -> Aval:
        _square(name, a)
        return a

    return infer


# --- inverse, determinant, linear systems -------------------------------------------------------


def _inverse_grad(F: Any, g: Array, out: Array, a: Array) -> tuple[Array]:
    back = turned(F, out)
    return (F.negative(F.matmul(back, F.matmul(g, back))),)


@op(
    "matrix_inverse", infer=_same_square("inverse"), grad=_inverse_grad,
    samples=lambda s: [s(_spd(s, 3, 3)), s(_spd(s, 2, 2, 2))],
    reference=np.linalg.inv,
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices"),
                      bad(s(np.eye(2, dtype="int64")), DTypeError, "floating-point")],
)  # fmt: skip
def _(xp, a):
    """Inverse of the matrices on the last two axes."""
    _square("inverse", a)
    return _solvable("inverse", lambda: xp.linalg.inv(a))


def _spread(F: Any, g: Array, x: Array) -> Array:
    """One number per matrix, broadcast over the matrices."""
    return F.broadcast_to(F.reshape(g, shape=(*g.shape, 1, 1)), shape=tuple(x.shape))


@op(
    "matrix_det",
    infer=lambda a: (_square("det", a), Aval(a.shape[:-2], a.dtype))[1],
    grad=lambda F, g, out, a: (
        F.multiply(_spread(F, F.multiply(g, out), a), turned(F, F.matrix_inverse(a))),
    ),
    samples=lambda s: [s(_spd(s, 3, 3)), s(_spd(s, 2, 2, 2))], reference=np.linalg.det,
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices")],
)  # fmt: skip
def _(xp, a):
    """Determinant of the matrices on the last two axes."""
    _square("det", a)
    return xp.linalg.det(a).astype(a.dtype)


def _slogdet_grad(F: Any, g: Any, out: Any, a: Array) -> tuple[Array]:
    if g[1] is None:
        return (F.zeros(shape=tuple(a.shape), dtype=np.dtype(a.dtype).name),)
    return (F.multiply(_spread(F, g[1], a), turned(F, F.matrix_inverse(a))),)


@op(
    "matrix_slogdet", outputs=2, grad=_slogdet_grad,
    infer=lambda a: (_square("slogdet", a), (Aval(a.shape[:-2], a.dtype),) * 2)[1],
    samples=lambda s: [s(_spd(s, 3, 3)), s(_spd(s, 2, 2, 2))],
    reference=lambda a: tuple(np.linalg.slogdet(a)),
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices")],
)  # fmt: skip
def _(xp, a):
    """Sign and logarithm of the absolute value of the determinant."""
    _square("slogdet", a)
    sign, logarithm = xp.linalg.slogdet(a)
    return xp.asarray(sign, a.dtype), xp.asarray(logarithm, a.dtype)


def _infer_solve(a: Aval, b: Aval) -> Aval:
    _square("solve", a)
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
        product = F.multiply(F.reshape(gb, shape=(*gb.shape, 1)), F.reshape(out, shape=(*out.shape[:-1], 1, out.shape[-1])))
    else:
        product = F.matmul(gb, turned(F, out))
    ga = F.negative(product)
    ga = ga if ga.shape == a.shape else F.sum_to(ga, shape=tuple(a.shape))
    return ga, gb if gb.shape == b.shape else F.sum_to(gb, shape=tuple(b.shape))


@op(
    "matrix_solve", infer=_infer_solve, grad=_solve_grad,
    samples=lambda s: [s(_spd(s, 3, 3), (3, 2)), s(_spd(s, 3, 3), (3,)), s(_spd(s, 2, 2, 2), (2, 2, 1))],
    errors=lambda s: [bad(s(_spd(s, 3, 3), (2, 2)), ShapeError, "3 rows")],
)  # fmt: skip
def _(xp, a, b):
    """Solution x of ``a x = b`` for a vector or for the columns of matrices."""
    _infer_solve(a, b)
    return _solvable("solve", lambda: xp.linalg.solve(a, b))


# --- Cholesky -----------------------------------------------------------------------------------


def _half_lower(F: Any, x: Array) -> Array:
    """Lower triangle with the diagonal halved: the Φ of the Cholesky gradient."""
    diagonal = F.triu(F.tril(x))
    return F.subtract(F.tril(x), F.multiply_scalar(diagonal, scalar=0.5))


def _cholesky_grad(F: Any, g: Array, out: Array, a: Array) -> tuple[Array]:
    # gA = ½ L⁻ᵀ (P + Pᵀ) L⁻¹ with P = Φ(Lᵀ gL); Murray 2016, "Differentiation of the Cholesky decomposition"
    inner = _half_lower(F, F.matmul(turned(F, out), F.tril(g)))
    both = F.add(inner, turned(F, inner))
    inverse = F.matrix_inverse(out)
    return (F.multiply_scalar(F.matmul(turned(F, inverse), F.matmul(both, inverse)), scalar=0.5),)


@op(
    "matrix_cholesky", infer=_same_square("cholesky"), grad=_cholesky_grad,
    custom_gradient=SYMMETRIC,
    samples=lambda s: [s(_spd(s, 3, 3)), s(_spd(s, 2, 2, 2))],
    reference=np.linalg.cholesky,
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices")],
)  # fmt: skip
def _(xp, a):
    """Lower triangle L with ``L Lᵀ = a``, for symmetric positive definite matrices."""
    _square("cholesky", a)
    return _solvable("cholesky", lambda: xp.linalg.cholesky(a))


# --- eigenvalues of symmetric matrices ----------------------------------------------------------


def _eigh_grad(F: Any, g: Any, out: Any, a: Array, *, lower: bool) -> tuple[Array]:
    """``V (diag(gλ) + K ∘ sym(Vᵀ gV)) Vᵀ`` with ``K_ij = 1/(λ_j - λ_i)`` off the diagonal."""
    values, vectors = out
    n = a.shape[-1]
    dtype = np.dtype(a.dtype).name
    eye = F.broadcast_to(F.eye(N=n, dtype=dtype), shape=tuple(a.shape))
    inner = F.zeros(shape=tuple(a.shape), dtype=dtype)
    if g[0] is not None:
        inner = F.multiply(eye, F.reshape(g[0], shape=(*g[0].shape, 1)))
    if g[1] is not None:
        columns = F.reshape(values, shape=(*values.shape[:-1], 1, n))
        rows = F.reshape(values, shape=(*values.shape[:-1], n, 1))
        gaps = F.add(F.subtract(columns, rows), eye)  # 1 on the diagonal, where the kernel is 0
        kernel = F.divide(F.subtract_scalar(eye, scalar=1, reverse=True), gaps)
        product = F.matmul(turned(F, vectors), g[1])
        inner = F.add(inner, F.multiply(kernel, product))
    return (_symmetric(F, F.matmul(vectors, F.matmul(inner, turned(F, vectors)))),)


@op(
    "matrix_eigh", outputs=2, grad=_eigh_grad, custom_gradient=SYMMETRIC,
    infer=lambda a, *, lower: (_square("eigh", a), (Aval(a.shape[:-1], a.dtype), a))[1],
    samples=lambda s: [s(_spd(s, 3, 3)), s(_spd(s, 2, 2, 2), lower=False)],
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices")],
)  # fmt: skip
def _(xp, a, *, lower=True):
    """Eigenvalues, from the smallest, and eigenvectors (columns) of symmetric matrices.

    Only the lower (or upper) triangle is read.
    """
    _square("eigh", a)
    values, vectors = xp.linalg.eigh(a, UPLO="L" if lower else "U")
    return values, vectors


# --- QR and singular values ---------------------------------------------------------------------


def _infer_qr(a: Aval) -> tuple[Aval, Aval]:
    if a.ndim < 2:
        raise ShapeError(explain(f"qr: an array of shape {a.shape}.", "matrices on the last two axes."))
    rows, columns = a.shape[-2:]
    k = min(rows, columns)
    return Aval((*a.shape[:-2], rows, k), a.dtype), Aval((*a.shape[:-2], k, columns), a.dtype)


def _qr_grad(F: Any, g: Any, out: Any, a: Array) -> tuple[Array]:
    """Gradient for tall matrices: ``(gQ + Q sym(M)) R⁻ᵀ`` with ``M = R gRᵀ - gQᵀ Q`` mirrored."""
    q, r = out
    dtype = np.dtype(a.dtype).name
    gq = F.zeros(shape=tuple(q.shape), dtype=dtype) if g[0] is None else g[0]
    gr = F.zeros(shape=tuple(r.shape), dtype=dtype) if g[1] is None else g[1]
    m = F.subtract(F.matmul(r, turned(F, gr)), F.matmul(turned(F, gq), q))
    mirrored = F.add(F.tril(m), turned(F, F.tril(m, k=-1)))
    right = F.add(gq, F.matmul(q, mirrored))
    return (turned(F, F.matrix_solve(r, turned(F, right))),)


@op(
    "matrix_qr", outputs=2, infer=_infer_qr, grad=_qr_grad,
    samples=lambda s: [s(_spd(s, 3, 3)[:, :2]), s(_spd(s, 2, 2, 2))],
    errors=lambda s: [bad(s(3), ShapeError, "matrices")],
)  # fmt: skip
def _(xp, a):
    """Factors Q (orthonormal columns) and R (upper triangle) with ``Q R = a``."""
    q, r = xp.linalg.qr(a)
    return q, r


def _infer_svd(a: Aval) -> tuple[Aval, Aval, Aval]:
    if a.ndim < 2:
        raise ShapeError(explain(f"svd: an array of shape {a.shape}.", "matrices on the last two axes."))
    rows, columns = a.shape[-2:]
    k = min(rows, columns)
    lead = a.shape[:-2]
    return Aval((*lead, rows, k), a.dtype), Aval((*lead, k), a.dtype), Aval((*lead, k, columns), a.dtype)


def _svd_side(F: Any, u: Array, gu: Array, s: Array, kernel: Array, *, left: bool) -> tuple[Array, Array]:
    """Inside and outside parts that one set of singular vectors adds to the gradient."""
    ut_gu = F.matmul(turned(F, u), gu)
    inner = F.multiply(kernel, F.subtract(ut_gu, turned(F, ut_gu)))
    column = F.reshape(s, shape=(*s.shape[:-1], 1, s.shape[-1]))
    row = F.reshape(s, shape=(*s.shape, 1))
    inside = F.multiply(inner, column) if left else F.multiply(inner, row)
    outside = F.divide(F.subtract(gu, F.matmul(u, ut_gu)), column)
    return inside, outside


def _svd_grad(F: Any, g: Any, out: Any, a: Array) -> tuple[Array]:
    """Townsend 2016, "Differentiating the singular value decomposition", for distinct values."""
    u, s, vt = out
    dtype, k = np.dtype(a.dtype).name, s.shape[-1]
    v = turned(F, vt)
    eye = F.broadcast_to(F.eye(N=k, dtype=dtype), shape=(*s.shape, k))
    squares = F.square(s)
    gaps = F.subtract(
        F.reshape(squares, shape=(*s.shape[:-1], 1, k)), F.reshape(squares, shape=(*s.shape, 1))
    )
    kernel = F.divide(F.subtract_scalar(eye, scalar=1, reverse=True), F.add(gaps, eye))
    middle = F.zeros(shape=(*s.shape, k), dtype=dtype)
    total = None
    if g[1] is not None:
        middle = F.add(middle, F.multiply(eye, F.reshape(g[1], shape=(*s.shape, 1))))
    if g[0] is not None:
        inside, outside = _svd_side(F, u, g[0], s, kernel, left=True)
        middle, total = F.add(middle, inside), F.matmul(outside, vt)
    if g[2] is not None:
        inside, outside = _svd_side(F, v, turned(F, g[2]), s, kernel, left=False)
        extra = F.matmul(u, turned(F, outside))
        middle, total = F.add(middle, inside), extra if total is None else F.add(total, extra)
    core = F.matmul(u, F.matmul(middle, vt))
    return (core if total is None else F.add(core, total),)


@op(
    "matrix_svd", outputs=3, infer=_infer_svd, grad=_svd_grad,
    samples=lambda s: [s(_spd(s, 3, 3)[:2]), s(_spd(s, 3, 3)[:, :2]), s(_spd(s, 2, 2, 2))],
    errors=lambda s: [bad(s(3), ShapeError, "matrices")],
)  # fmt: skip
def _(xp, a):
    """Singular vectors U, singular values s from the largest, and Vᵀ, with ``U diag(s) Vᵀ = a``."""
    u, s, vt = xp.linalg.svd(a, full_matrices=False)
    return u, s, vt


# --- triangles as vectors -----------------------------------------------------------------------


def _triangle(n: int, offset: int, lower: bool) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rows and columns of a triangle: row by row if lower, column by column if upper."""
    if offset < 0 or (offset == 0 and lower):
        return np.tril_indices(n, offset)
    columns, rows = np.tril_indices(n, -offset)
    return rows, columns


def _packed(n: int, offset: int) -> int:
    m = n - abs(offset)
    return m * (m + 1) // 2


def _infer_pack(A: Aval, *, offset: int, lower: bool) -> Aval:
    _square("extracttrian", A)
    return Aval((*A.shape[:-2], _packed(A.shape[-1], offset)), A.dtype)


@op(
    "_linalg_extracttrian", infer=_infer_pack,
    grad=lambda F, g, out, A, *, offset, lower: (
        F._linalg_maketrian(g, offset=offset, lower=lower),
    ),
    params={"offset": Int()}, names=Names(nd="linalg.extracttrian linalg_extracttrian"),
    samples=lambda s: [s(3, 3), s(2, 3, 3, lower=False), s(3, 3, offset=1), s(3, 3, offset=-1)],
)  # fmt: skip
def _(xp, A, *, offset=0, lower=True):
    """Triangle of the matrices on the last two axes as a vector."""
    _square("extracttrian", A)
    rows, columns = _triangle(A.shape[-1], offset, lower)
    return A[..., xp.asarray(rows), xp.asarray(columns)]


def _side(length: int, offset: int) -> int:
    m = (isqrt(8 * length + 1) - 1) // 2
    if m * (m + 1) // 2 != length:
        raise ShapeError(
            explain(f"maketrian: {length} elements do not fill a triangle.", "1, 3, 6, 10, … elements.")
        )
    return m + abs(offset)


def _infer_unpack(A: Aval, *, offset: int, lower: bool) -> Aval:
    n = _side(A.shape[-1], offset)
    return Aval((*A.shape[:-1], n, n), A.dtype)


@op(
    "_linalg_maketrian", infer=_infer_unpack,
    grad=lambda F, g, out, A, *, offset, lower: (
        F._linalg_extracttrian(g, offset=offset, lower=lower),
    ),
    params={"offset": Int()}, names=Names(nd="linalg.maketrian linalg_maketrian"),
    samples=lambda s: [s(6), s(2, 3, lower=False), s(3, offset=1), s(3, offset=-1)],
    errors=lambda s: [bad(s(4), ShapeError, "fill a triangle")],
)  # fmt: skip
def _(xp, A, *, offset=0, lower=True):
    """Matrices with the vectors on the last axis as a triangle, zero elsewhere."""
    n = _side(A.shape[-1], offset)
    out = xp.zeros((*A.shape[:-1], n, n), A.dtype)
    rows, columns = _triangle(n, offset, lower)
    out[..., xp.asarray(rows), xp.asarray(columns)] = A
    return out

