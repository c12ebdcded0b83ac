"""Functions of the extension `linalg` that are more than one operator call."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.tape import values_decide
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.standard.functions import call
from dlstudio.dialects.standard.operands import array, floating, total
from dlstudio.errors import ParamError, ShapeError, explain

__all__ = ["FUNCTIONS"]


class Eigh(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: ndarray
    eigenvectors: ndarray


class QR(NamedTuple):
    """What `qr` returns."""

    Q: ndarray
    R: ndarray


class Slogdet(NamedTuple):
    """What `slogdet` returns."""

    sign: ndarray
    logabsdet: ndarray


class SVD(NamedTuple):
    """What `svd` returns."""

    U: ndarray
    S: ndarray
    Vh: ndarray


def cholesky(x: Any, /, *, upper: bool = False) -> ndarray:
    """Triangle L with ``L Lᴴ = x`` of positive definite matrices, or U with ``Uᴴ U = x``."""
    return call("upper_cholesky" if upper else "matrix_cholesky", *floating(x))


def eigh(x: Any, /) -> Eigh:
    """Eigenvalues, from the smallest, and eigenvectors (columns) of Hermitian matrices."""
    return Eigh(*call("matrix_eigh", *floating(x)))


def _tolerance(rtol: Any, x: Any) -> Any:
    """`rtol` as an array of the real dtype of `x`, or None."""
    if rtol is None:
        return None
    real = call("real", x)._data.dtype
    if isinstance(rtol, Tensor):
        return rtol if rtol._data.dtype == real else rtol.astype(real)
    host = np.asarray(rtol, real)
    return ndarray._wrap(x._device.backend.from_numpy(host, ""), x._device)


def matrix_rank(x: Any, /, *, rtol: Any = None) -> ndarray:
    """Rank of the matrices on the last two axes: how many singular values are not zero.

    Parameters
    ----------
    x : array, shape (..., M, N)
    rtol : number or array of shape (...), optional
        Values up to `rtol` times the largest count as zero; default: max(M, N) times the
        precision of the dtype.

    Raises
    ------
    ShapeError
        If there are no two axes.
    """
    (x,) = floating(x)
    if x.ndim < 2:
        raise ShapeError(
            explain(f"matrix_rank: an array of shape {x.shape}.", "matrices on the last two axes.")
        )
    values_decide("matrix_rank")
    xp = x._device.xp
    values = xp.linalg.svd(x._data, compute_uv=False)
    share = max(x.shape[-2:]) * np.finfo(values.dtype).eps
    if rtol is not None:
        share = rtol._data if isinstance(rtol, Tensor) else xp.asarray(rtol)
        share = share[..., None]
    cutoff = values.max(axis=-1, keepdims=True, initial=0) * share
    rank = xp.asarray((values > cutoff).sum(axis=-1), "int64")
    return ndarray._wrap(rank, x._device)


def outer(x1: Any, x2: Any, /) -> ndarray:
    """All products of an element of the vector `x1` and one of the vector `x2`."""
    x1, x2 = array(x1), array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(
            explain(f"outer: arrays of shapes {x1.shape} and {x2.shape}.", "two vectors.")
        )
    return call("_npi_outer", x1, x2)


def pinv(x: Any, /, *, rtol: Any = None) -> ndarray:
    """Moore-Penrose inverse; see `matrix_rank` for `rtol`."""
    (x,) = floating(x)
    tolerance = _tolerance(rtol, x)
    return call("pseudo_inverse", x) if rtol is None else call("pseudo_inverse", x, tolerance)


def qr(x: Any, /, *, mode: str = "reduced") -> QR:
    """Factors Q (orthonormal columns) and R (upper triangle) with ``Q R = x``.

    Parameters
    ----------
    x : array, shape (..., M, N)
    mode : {"reduced", "complete"}
        With "complete", Q is square.
    """
    if mode not in ("reduced", "complete"):
        raise ParamError(f"qr: parameter mode must be 'reduced' or 'complete'. Got {mode!r}.")
    return QR(*call("matrix_qr" if mode == "reduced" else "complete_qr", *floating(x)))


def slogdet(x: Any, /) -> Slogdet:
    """Sign and logarithm of the absolute value of the determinant."""
    return Slogdet(*call("matrix_slogdet", *floating(x)))


def svd(x: Any, /, *, full_matrices: bool = True) -> SVD:
    """Singular vectors U, singular values S from the largest, and Vᴴ, with ``U diag(S) Vᴴ = x``.

    Parameters
    ----------
    x : array, shape (..., M, N)
    full_matrices : bool
        With True, U and Vᴴ are square.
    """
    return SVD(*call("full_svd" if full_matrices else "matrix_svd", *floating(x)))


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> ndarray:
    """Sum of a diagonal of the matrices on the last two axes."""
    (diagonal,) = total(call("_npi_linalg_diagonal", array(x), offset=offset), dtype)
    return call("sum", diagonal, axis=-1, dtype=dtype)


FUNCTIONS = {
    f.__name__: f
    for f in (cholesky, eigh, matrix_rank, outer, pinv, qr, slogdet, svd, trace)
}  # fmt: skip
