"""`np.linalg` over the core's matrix functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Anything, Axes, Choice, Float, Int
from dlstudio.core.registry import Names, bad, composite
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.factor import SYMMETRIC
from dlstudio.ops.matrix import definite, turned
from dlstudio.ops.rules import normalize_axis

Array = Any


def _alias(name: str, core: str, doc: str, *, outputs: int = 1, custom_gradient: str = "") -> None:
    def expand(F: Any, a: Array) -> Any:
        return getattr(F, core)(a)

    expand.__doc__ = doc
    composite(
        f"_npi_{name}",
        outputs=outputs,
        custom_gradient=custom_gradient,
        names=Names(np=f"linalg.{name}"),
        samples=lambda s: [s(definite(s, 3, 3)), s(definite(s, 2, 2, 2))],
    )(expand)


_alias("inv", "matrix_inverse", "Inverse of the matrices on the last two axes.")
_alias("det", "matrix_det", "Determinant of the matrices on the last two axes.")
_alias(
    "slogdet", "matrix_slogdet", "Sign and log of the absolute value of the determinant.", outputs=2
)
_alias(
    "cholesky", "matrix_cholesky", "Lower triangle L with ``L Lᵀ = a``.", custom_gradient=SYMMETRIC
)
_alias("qr", "matrix_qr", "Factors Q and R with ``Q R = a``.", outputs=2)
_alias("svd", "matrix_svd", "Singular vectors U, singular values, and Vᵀ.", outputs=3)


@composite(
    "_npi_solve",
    names=Names(np="linalg.solve"),
    samples=lambda s: [s(definite(s, 3, 3), (3, 2)), s(definite(s, 3, 3), (3,))],
)
def _(F, a, b):
    """Solution x of ``a x = b``."""
    return F.matrix_solve(a, b)


@composite(
    "_npi_eigh",
    outputs=2,
    custom_gradient=SYMMETRIC,
    params={"UPLO": Choice("L", "U")},
    names=Names(np="linalg.eigh"),
    samples=lambda s: [s(definite(s, 3, 3))],
)
def _(F, a, *, UPLO="L"):
    """Eigenvalues, from the smallest, and eigenvectors (columns) of symmetric matrices."""
    return F.matrix_eigh(a, lower=UPLO == "L")


@composite(
    "_npi_eigvalsh",
    custom_gradient=SYMMETRIC,
    params={"UPLO": Choice("L", "U")},
    names=Names(np="linalg.eigvalsh"),
    samples=lambda s: [s(definite(s, 3, 3))],
)
def _(F, a, *, UPLO="L"):
    """Eigenvalues of symmetric matrices, from the smallest."""
    return F.matrix_eigh(a, lower=UPLO == "L")[0]


@composite(
    "_npi_pinv",
    params={"rcond": Float()},
    names=Names(np="linalg.pinv"),
    samples=lambda s: [s(definite(s, 3, 3)[:2]), s(definite(s, 3, 3)[:, :2])],
)
def _(F, a, *, rcond=1e-15, hermitian=False):
    """Moore-Penrose inverse; singular values below `rcond` times the largest count as zero."""
    if not a.size:
        return F.reshape(a, shape=(*a.shape[:-2], a.shape[-1], a.shape[-2]))
    u, s, vt = F.matrix_svd(a)
    largest = F.broadcast_to(F.max(s, axis=-1, keepdims=True), shape=tuple(s.shape))
    used = F.greater(s, F.multiply_scalar(largest, scalar=rcond))
    ones = F.ones(shape=tuple(s.shape), dtype=np.dtype(s.dtype).name)
    inverse = F.where(used, F.reciprocal(F.where(used, s, ones)), F.subtract(ones, ones))
    scaled = F.multiply(turned(F, vt), F.reshape(inverse, shape=(*s.shape[:-1], 1, s.shape[-1])))
    return F.matmul(scaled, turned(F, u))


@composite(
    "_npi_matrix_power",
    names=Names(np="linalg.matrix_power"),
    samples=lambda s: [
        s(definite(s, 2, 2), n=3),
        s(definite(s, 2, 2), n=0),
        s(definite(s, 2, 2), n=-1),
    ],
)
def _(F, a, *, n):
    """Product of `n` copies of a square matrix; negative powers are those of the inverse."""
    if n == 0:
        eye = F.eye(N=a.shape[-1], dtype=np.dtype(a.dtype).name)
        return F.broadcast_to(eye, shape=tuple(a.shape))
    base = F.matrix_inverse(a) if n < 0 else a
    result = base
    for _ in range(abs(n) - 1):
        result = F.matmul(result, base)
    return result


@composite(
    "_npi_multi_dot",
    names=Names(np="linalg.multi_dot", np_args="arrays"),
    samples=lambda s: [s((2, 3), (3, 2), (2, 2)), s((3,), (3, 2))],
)
def _(F, *arrays):
    """Product of several matrices."""
    result = arrays[0]
    for x in arrays[1:]:
        result = F.matmul(result, x)
    return result


@composite(
    "_npi_tensorinv",
    params={"ind": Int(1)},
    names=Names(np="linalg.tensorinv"),
    samples=lambda s: [s(definite(s, 4, 4).reshape(2, 2, 4), ind=2)],
)
def _(F, a, *, ind=2):
    """Inverse with respect to `tensordot` over `ind` axes."""
    left, right = tuple(a.shape[:ind]), tuple(a.shape[ind:])
    size = int(np.prod(left, dtype=np.int64))
    if a.size != size * size:
        raise ShapeError(f"tensorinv: shape {tuple(a.shape)} with ind={ind} is not square.")
    inverse = F.matrix_inverse(F.reshape(a, shape=(size, size)))
    return F.reshape(inverse, shape=(*right, *left))


@composite(
    "_npi_tensorsolve",
    params={"axes": Axes()},
    names=Names(np="linalg.tensorsolve"),
    samples=lambda s: [s(definite(s, 4, 4).reshape(2, 2, 4), (2, 2))],
)
def _(F, a, b, *, axes=None):
    """Solution x of ``tensordot(a, x) = b``, after `axes` of `a` were moved to its right end."""
    if axes is not None:
        moved = (axes,) if isinstance(axes, int) else tuple(axes)
        kept = [i for i in range(a.ndim) if i not in moved]
        a = F.transpose(a, axes=(*kept, *moved))
    shape = tuple(a.shape[b.ndim :])
    matrix = F.reshape(a, shape=(b.size, b.size))
    solution = F.matrix_solve(matrix, F.reshape(b, shape=(b.size,)))
    return F.reshape(solution, shape=shape)


# --- norms --------------------------------------------------------------------------------------


def vector_norm(F: Any, x: Array, order: Any, axis: Any, keepdims: bool) -> Array:
    """Norm of the elements along `axis`."""
    if order in (None, 2):
        return F.l2_norm(x, axis=axis, keepdims=keepdims)
    size = F.abs(x)
    if order == 0:
        hits = F.cast(F.not_equal_scalar(x, scalar=0), dtype=np.dtype(size.dtype).name)
        return F.sum(hits, axis=axis, keepdims=keepdims)
    if order in (np.inf, -np.inf):
        return getattr(F, "max" if order > 0 else "min")(size, axis=axis, keepdims=keepdims)
    if order == 1:
        return F.sum(size, axis=axis, keepdims=keepdims)
    total = F.sum(F.power_scalar(size, scalar=order), axis=axis, keepdims=keepdims)
    return F.power_scalar(total, scalar=1 / order)


def _singular_values(F: Any, x: Array, rows: int, columns: int) -> Array:
    order = [i for i in range(x.ndim) if i not in (rows, columns)]
    return F.matrix_svd(F.transpose(x, axes=(*order, rows, columns)))[1]


def matrix_norm(F: Any, x: Array, order: Any, axis: tuple[int, int], keepdims: bool) -> Array:
    """Norm of the matrices along two axes."""
    rows, columns = axis
    if order in (None, "fro"):
        return F.l2_norm(x, axis=axis, keepdims=keepdims)
    if order in ("nuc", 2, -2):
        values = _singular_values(F, x, rows, columns)
        fold = {"nuc": "sum", 2: "max", -2: "min"}[order]
        result = getattr(F, fold)(values, axis=-1)
    elif order in (1, -1, np.inf, -np.inf):
        first, second = (rows, columns) if abs(order) == 1 else (columns, rows)
        sums = F.sum(F.abs(x), axis=first, keepdims=True)
        result = getattr(F, "max" if order > 0 else "min")(sums, axis=(first, second))
    else:
        raise ParamError(f"norm: parameter ord is {order!r}, which matrices do not have.")
    if not keepdims:
        return result
    return F.reshape(result, shape=tuple(1 if i in axis else n for i, n in enumerate(x.shape)))


@composite(
    "_npi_norm",
    params={"ord": Anything(), "axis": Axes()},
    names=Names(np="linalg.norm"),
    samples=lambda s: [
        s(3, 4),
        s(3, 4, axis=1),
        s(5, ord=1),
        s(3, 4, ord=3, axis=1),
        s(s.distinct(5), ord=float("inf")),
        s(5, ord=0),
        s(3, 4, ord="fro"),
        s(3, 4, ord="nuc"),
        s(3, 4, ord=1),
        s(3, 4, ord=float("-inf")),
        s(3, 4, ord=2),
        s(2, 3, 4, ord=-2, axis=(1, 2), keepdims=True),
    ],
    errors=lambda s: [
        bad(s(3, 4, ord=7), ParamError, "matrices do not have"),
        bad(s(3, 4, axis=(0, 0)), ParamError, "two different"),
    ],
)
def _(F, x, *, ord=None, axis=None, keepdims=False):  # noqa: A002  NumPy's name
    """Norm of vectors (one axis) or matrices (two axes), of the order `ord`."""
    if axis is None and (ord is None or x.ndim == 1):
        axes = tuple(range(x.ndim))
        return vector_norm(F, x, ord, axes, keepdims)
    if axis is None:
        axis = (-2, -1)
    if isinstance(axis, int) or len(axis) == 1:
        return vector_norm(F, x, ord, axis, keepdims)
    rows, columns = (normalize_axis("norm", i, x.ndim) for i in axis)
    if rows == columns:
        raise ParamError(f"norm: parameter axis must name two different axes. Got {axis}.")
    return matrix_norm(F, x, ord, (rows, columns), keepdims)
