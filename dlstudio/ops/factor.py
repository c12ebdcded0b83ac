"""Factorizations of matrices: Cholesky, eigenvalues, QR, singular values."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.registry import bad, op
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.matrix import definite, solvable, square, square_in, symmetric, turned
from dlstudio.ops.rules import real_dtype

Array = Any
SYMMETRIC = "it is taken among symmetric matrices, as in MXNet"


# --- Cholesky -----------------------------------------------------------------------------------


def _half_lower(F: Any, x: Array) -> Array:
    """Lower triangle with the diagonal halved: the Φ of the Cholesky gradient."""
    diagonal = F.triu(F.tril(x))
    return F.subtract(F.tril(x), F.multiply_scalar(diagonal, scalar=0.5))


def _cholesky_grad(F: Any, g: Array, out: Array, a: Array) -> tuple[Array]:
    # gA = ½ L⁻ᵀ (P + Pᵀ) L⁻¹ with P = Φ(Lᵀ gL)
    # Murray 2016, "Differentiation of the Cholesky decomposition"
    inner = _half_lower(F, F.matmul(turned(F, out), F.tril(g)))
    both = F.add(inner, turned(F, inner))
    inverse = F.matrix_inverse(out)
    return (F.multiply_scalar(F.matmul(turned(F, inverse), F.matmul(both, inverse)), scalar=0.5),)


@op(
    "matrix_cholesky",
    infer=square_in("cholesky"),
    grad=_cholesky_grad,
    custom_gradient=SYMMETRIC,
    samples=lambda s: [s(definite(s, 3, 3)), s(definite(s, 2, 2, 2))],
    reference=np.linalg.cholesky,
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices")],
)
def _(xp, a):
    """Lower triangle L with ``L Lᵀ = a``, for symmetric positive definite matrices."""
    square("cholesky", a)
    return solvable("cholesky", lambda: xp.linalg.cholesky(a))


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
    return (symmetric(F, F.matmul(vectors, F.matmul(inner, turned(F, vectors)))),)


@op(
    "matrix_eigh",
    outputs=2,
    grad=_eigh_grad,
    custom_gradient=SYMMETRIC,
    infer=lambda a, *, lower: (square("eigh", a), (Aval(a.shape[:-1], real_dtype(a.dtype)), a))[1],
    samples=lambda s: [s(definite(s, 3, 3)), s(definite(s, 2, 2, 2), lower=False)],
    errors=lambda s: [bad(s(2, 3), ShapeError, "square matrices")],
)
def _(xp, a, *, lower=True):
    """Eigenvalues, from the smallest, and eigenvectors (columns) of symmetric matrices.

    Only the lower (or upper) triangle is read.
    """
    square("eigh", a)
    values, vectors = xp.linalg.eigh(a, UPLO="L" if lower else "U")
    return values, vectors


# --- QR and singular values ---------------------------------------------------------------------


def _infer_qr(a: Aval) -> tuple[Aval, Aval]:
    if a.ndim < 2:
        raise ShapeError(
            explain(f"qr: an array of shape {a.shape}.", "matrices on the last two axes.")
        )
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
    "matrix_qr",
    outputs=2,
    infer=_infer_qr,
    grad=_qr_grad,
    samples=lambda s: [s(definite(s, 3, 3)[:, :2]), s(definite(s, 2, 2, 2))],
    errors=lambda s: [bad(s(3), ShapeError, "matrices")],
)
def _(xp, a):
    """Factors Q (orthonormal columns) and R (upper triangle) with ``Q R = a``."""
    q, r = xp.linalg.qr(a)
    return q, r


def _infer_svd(a: Aval) -> tuple[Aval, Aval, Aval]:
    if a.ndim < 2:
        raise ShapeError(
            explain(f"svd: an array of shape {a.shape}.", "matrices on the last two axes.")
        )
    rows, columns = a.shape[-2:]
    k = min(rows, columns)
    lead = a.shape[:-2]
    return (
        Aval((*lead, rows, k), a.dtype),
        Aval((*lead, k), real_dtype(a.dtype)),
        Aval((*lead, k, columns), a.dtype),
    )


def _svd_side(
    F: Any, u: Array, gu: Array, s: Array, kernel: Array, *, left: bool
) -> tuple[Array, Array]:
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
    "matrix_svd",
    outputs=3,
    infer=_infer_svd,
    grad=_svd_grad,
    samples=lambda s: [
        s(definite(s, 3, 3)[:2]),
        s(definite(s, 3, 3)[:, :2]),
        s(definite(s, 2, 2, 2)),
    ],
    errors=lambda s: [bad(s(3), ShapeError, "matrices")],
)
def _(xp, a):
    """Singular vectors U, singular values s from the largest, and Vᵀ, with ``U diag(s) Vᵀ = a``."""
    u, s, vt = xp.linalg.svd(a, full_matrices=False)
    return u, s, vt
