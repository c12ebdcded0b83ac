"""`nd.linalg`: MXNet's names, which are LAPACK's, over the core's matrix functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Float, Int
from dlstudio.core.registry import Names, bad, composite
from dlstudio.dialects.legacy.reductions import at_least_1d
from dlstudio.errors import ShapeError
from dlstudio.ops.factor import SYMMETRIC
from dlstudio.ops.matrix import definite, turned

Array = Any


def _names(name: str) -> Names:
    return Names(nd=f"linalg.{name} linalg_{name}", json=f"_linalg_{name}")


def _lower(s: Any, *shape: int) -> Array:
    return np.tril(s.uniform(*shape)) + np.eye(shape[-1])


def _scaled(F: Any, x: Array, alpha: float) -> Array:
    return x if alpha == 1 else F.multiply_scalar(x, scalar=alpha)


def _to_matrices(F: Any, x: Array, axis: int) -> Array:
    """Move the row axis `axis` next to the columns."""
    row = axis + x.ndim if axis < 0 else axis
    if row == x.ndim - 2:
        return x
    order = [i for i in range(x.ndim - 1) if i != row]
    return F.transpose(x, axes=(*order, row, x.ndim - 1))


def _from_matrices(F: Any, x: Array, axis: int) -> Array:
    row = axis + x.ndim if axis < 0 else axis
    if row == x.ndim - 2:
        return x
    order = list(range(x.ndim - 2))
    order.insert(row, x.ndim - 2)
    return F.transpose(x, axes=(*order, x.ndim - 1))


def _product(
    F: Any, A: Array, B: Array, transpose_a: bool, transpose_b: bool, alpha: float
) -> Array:
    left = turned(F, A) if transpose_a else A
    right = turned(F, B) if transpose_b else B
    if left.shape[-1] != right.shape[-2]:
        raise ShapeError(
            f"gemm: shapes {tuple(A.shape)} and {tuple(B.shape)} do not fit: "
            f"{left.shape[-1]} is not {right.shape[-2]}.\n"
            "Expected the summed axes to have equal lengths."
        )
    return _scaled(F, F.matmul(left, right), alpha)


@composite(
    "_linalg_gemm",
    params={"alpha": Float(), "beta": Float(), "axis": Int()},
    names=_names("gemm"),
    samples=lambda s: [
        s((2, 3), (3, 4), (2, 4), alpha=2.0, beta=0.5),
        s((3, 2), (4, 3), (2, 4), transpose_a=True, transpose_b=True),
        s((2, 3, 2, 2), (2, 2, 2, 3), (2, 3, 2, 3), axis=1),
    ],
)
def _(F, A, B, C, *, transpose_a=False, transpose_b=False, alpha=1.0, beta=1.0, axis=-2):
    """``alpha op(A) op(B) + beta C`` over the last two axes; `axis` holds the rows."""
    left, right, sum_ = (_to_matrices(F, x, axis) for x in (A, B, C))
    product = _product(F, left, right, transpose_a, transpose_b, alpha)
    return _from_matrices(F, F.add(product, _scaled(F, sum_, beta)), axis)


@composite(
    "_linalg_gemm2",
    params={"alpha": Float(), "axis": Int()},
    names=_names("gemm2"),
    samples=lambda s: [
        s((2, 2, 3), (2, 3, 4), alpha=0.5),
        s((3, 2), (3, 4), transpose_a=True),
        s((2, 3), (4, 3), transpose_b=True),
    ],
    errors=lambda s: [bad(s((2, 2), (3, 3)), ShapeError, "2 is not 3")],
)
def _(F, A, B, *, transpose_a=False, transpose_b=False, alpha=1.0, axis=-2):
    """``alpha op(A) op(B)`` over the last two axes; `axis` holds the rows."""
    left, right = _to_matrices(F, A, axis), _to_matrices(F, B, axis)
    return _from_matrices(F, _product(F, left, right, transpose_a, transpose_b, alpha), axis)


@composite(
    "_linalg_syrk",
    params={"alpha": Float()},
    names=_names("syrk"),
    samples=lambda s: [s(2, 3), s(2, 3, transpose=True, alpha=0.5), s(2, 2, 3)],
)
def _(F, A, *, transpose=False, alpha=1.0):
    """``alpha A Aᵀ``, or ``alpha Aᵀ A``."""
    other = turned(F, A)
    return _scaled(F, F.matmul(other, A) if transpose else F.matmul(A, other), alpha)


def _triangle(F: Any, A: Array, *, lower: bool, transpose: bool) -> Array:
    part = F.tril(A) if lower else F.triu(A)
    return turned(F, part) if transpose else part


@composite(
    "_linalg_trmm",
    params={"alpha": Float()},
    names=_names("trmm"),
    samples=lambda s: [
        s((3, 3), (3, 2)),
        s((3, 3), (2, 3), rightside=True, alpha=2.0),
        s((3, 3), (3, 2), transpose=True, lower=False),
    ],
)
def _(F, A, B, *, transpose=False, rightside=False, lower=True, alpha=1.0):
    """``alpha op(A) B`` for a triangle A, or ``alpha B op(A)``."""
    triangle = _triangle(F, A, lower=lower, transpose=transpose)
    return _scaled(F, F.matmul(B, triangle) if rightside else F.matmul(triangle, B), alpha)


@composite(
    "_linalg_trsm",
    params={"alpha": Float()},
    names=_names("trsm"),
    samples=lambda s: [
        s(_lower(s, 3, 3), (3, 2)),
        s(_lower(s, 3, 3), (2, 3), rightside=True, alpha=2.0),
        s(_lower(s, 3, 3).T.copy(), (3, 2), lower=False),
        s(_lower(s, 3, 3), (3, 2), transpose=True),
    ],
)
def _(F, A, B, *, transpose=False, rightside=False, lower=True, alpha=1.0):
    """Solution X of ``op(A) X = alpha B`` for a triangle A, or of ``X op(A) = alpha B``."""
    triangle = _triangle(F, A, lower=lower, transpose=transpose)
    right = _scaled(F, B, alpha)
    if rightside:
        return turned(F, F.matrix_solve(turned(F, triangle), turned(F, right)))
    return F.matrix_solve(triangle, right)


@composite(
    "_linalg_potrf",
    custom_gradient=SYMMETRIC,
    names=_names("potrf"),
    samples=lambda s: [s(definite(s, 3, 3))],
)
def _(F, A):
    """Lower triangle L with ``L Lᵀ = A``, for symmetric positive definite matrices."""
    return F.matrix_cholesky(A)


@composite("_linalg_potri", names=_names("potri"), samples=lambda s: [s(_lower(s, 3, 3))])
def _(F, A):
    """Inverse of ``A Aᵀ`` for a lower triangle A, as `potrf` gives it."""
    inverse = F.matrix_inverse(F.tril(A))
    return F.matmul(turned(F, inverse), inverse)


@composite("_linalg_inverse", names=_names("inverse"), samples=lambda s: [s(definite(s, 3, 3))])
def _(F, A):
    """Inverse of the matrices on the last two axes."""
    return F.matrix_inverse(A)


@composite(
    "_linalg_det",
    names=_names("det"),
    samples=lambda s: [s(definite(s, 3, 3)), s(definite(s, 2, 2, 2))],
)
def _(F, A):
    """Determinant of the matrices on the last two axes."""
    return at_least_1d(F, F.matrix_det(A))


@composite(
    "_linalg_slogdet", outputs=2, names=_names("slogdet"), samples=lambda s: [s(definite(s, 3, 3))]
)
def _(F, A):
    """Sign and logarithm of the absolute value of the determinant."""
    sign, logarithm = F.matrix_slogdet(A)
    return at_least_1d(F, sign), at_least_1d(F, logarithm)


@composite(
    "_linalg_sumlogdiag", names=_names("sumlogdiag"), samples=lambda s: [s(3, 3), s(2, 3, 3)]
)
def _(F, A):
    """Sum of the logarithms of the diagonal."""
    diagonal = F.diagonal(A, axis1=-2, axis2=-1)
    return at_least_1d(F, F.sum(F.log(diagonal), axis=-1))


@composite(
    "_linalg_extractdiag",
    names=_names("extractdiag"),
    samples=lambda s: [s(3, 3), s(2, 3, 3, offset=-2), s(3, 3, offset=1)],
)
def _(F, A, *, offset=0):
    """Diagonal of the matrices on the last two axes."""
    return F.diagonal(A, offset=offset, axis1=-2, axis2=-1)


@composite(
    "_linalg_makediag",
    names=_names("makediag"),
    samples=lambda s: [s(3), s(2, 3, offset=1), s(3, offset=-2)],
)
def _(F, A, *, offset=0):
    """Matrices with the vectors on the last axis as a diagonal."""
    n = A.shape[-1] + abs(offset)
    return F.diagonal_scatter(A, shape=(*A.shape[:-1], n, n), offset=offset, axis1=-2, axis2=-1)


@composite(
    "_linalg_gelqf", outputs=2, names=_names("gelqf"), samples=lambda s: [s(definite(s, 3, 3)[:2])]
)
def _(F, A):
    """Factors Q (orthonormal rows) and L (lower triangle) with ``L Q = A``, for wide matrices."""
    q, r = F.matrix_qr(turned(F, A))
    return turned(F, q), turned(F, r)


@composite(
    "_linalg_syevd",
    outputs=2,
    custom_gradient=SYMMETRIC,
    names=_names("syevd"),
    samples=lambda s: [s(definite(s, 3, 3))],
)
def _(F, A):
    """Eigenvectors (rows of U) and eigenvalues of symmetric matrices: ``A = Uᵀ diag(L) U``."""
    values, vectors = F.matrix_eigh(A)
    return turned(F, vectors), values
