"""Operators of `npx` (masked softmax, writing at positions) and vectors in `np.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Anything, Axes, Float, Int
from dlstudio.core.registry import Flags, Names, bad, composite
from dlstudio.dialects.numpy.linalg import matrix_norm, vector_norm
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.matrix import turned
from dlstudio.ops.rules import normalize_axis

Array = Any


# --- softmax with a mask ------------------------------------------------------------------------


def _hidden(F: Any, data: Array, mask: Array, value: float) -> tuple[Array, Array]:
    """Data with `value` where the mask is 0, and the mask as broadcast."""
    shape = tuple(data.shape)
    full = mask if tuple(mask.shape) == shape else F.broadcast_to(mask, shape=shape)
    filler = F.full(shape=shape, fill_value=value, dtype=np.dtype(data.dtype).name)
    return F.where(full, data, filler), full


def _mask_samples(s: Any) -> list[Any]:
    mask = np.array([[True, False, True], [True, True, True]])
    return [s((2, 3), mask), s((2, 2, 3), mask[:1], temperature=2.0), s((2, 3), mask, axis=0)]


@composite(
    "_npx_masked_softmax",
    params={"axis": Int(), "temperature": Float()},
    names=Names(nd="masked_softmax", npx="masked_softmax"),
    samples=_mask_samples,
)
def _(F, data, mask, *, axis=-1, temperature=1.0, normalize=True):
    """Softmax over the elements where `mask` is not 0; the others get probability 0."""
    lowest = float(np.finfo(np.dtype(data.dtype)).min)
    shown, full = _hidden(F, data, mask, lowest)
    divided = shown if temperature == 1 else F.multiply_scalar(shown, scalar=1 / temperature)
    return _hidden(F, F.softmax(divided, axis=axis), full, 0.0)[0]


@composite(
    "_npx_masked_log_softmax",
    params={"axis": Int(), "temperature": Float()},
    names=Names(nd="masked_log_softmax", npx="masked_log_softmax"),
    samples=lambda s: [s((2, 3), np.ones((2, 3), bool)), s((2, 3), np.ones((1, 3)), axis=0)],
)
def _(F, data, mask, *, axis=-1, temperature=1.0, normalize=True):
    """Logarithm of the masked softmax; -inf where `mask` is 0."""
    lowest = float(np.finfo(np.dtype(data.dtype)).min)
    shown, full = _hidden(F, data, mask, lowest)
    divided = shown if temperature == 1 else F.multiply_scalar(shown, scalar=1 / temperature)
    return _hidden(F, F.log_softmax(divided, axis=axis), full, -np.inf)[0]


# --- writing at positions -----------------------------------------------------------------------


def _spread_values(F: Any, a: Array, ind: Array, val: Array) -> Array:
    shape = (*ind.shape[1:], *a.shape[ind.shape[0] :])
    same = np.dtype(val.dtype) == np.dtype(a.dtype)
    values = val if same else F.cast(val, dtype=np.dtype(a.dtype).name)
    return values if tuple(values.shape) == shape else F.broadcast_to(values, shape=shape)


@composite(
    "_npx_index_add",
    names=Names(npx="index_add"),
    samples=lambda s: [
        s((4, 3), s.ints(1, 2, high=4), (2, 3)),
        s((4, 3), s.ints(2, 5, high=3), ()),
    ],
)
def _(F, a, ind, val):
    """Copy of `a` with `val` added at the positions in the columns of `ind`; repeats add up."""
    values = _spread_values(F, a, ind, val)
    return F.add(a, F.gather_nd_scatter(values, ind, shape=tuple(a.shape)))


@composite(
    "_npx_index_update",
    names=Names(npx="index_update"),
    samples=lambda s: [
        s((4, 3), np.array([[2, 0]]), (2, 3)),
        s((4, 3), np.array([[1], [2]]), (1,)),
    ],
)
def _(F, a, ind, val):
    """Copy of `a` with `val` written at the positions in the columns of `ind`."""
    values = _spread_values(F, a, ind, val)
    shape = tuple(a.shape)
    ones = F.ones(shape=tuple(values.shape), dtype=np.dtype(a.dtype).name)
    hit = F.gather_nd_scatter(ones, ind, shape=shape)
    return F.where(hit, F.scatter_nd(values, ind, shape=shape), a)


# --- vectors and matrices -----------------------------------------------------------------------


@composite(
    "_npi_cross",
    params={"axis": Int()},
    names=Names(np="linalg.cross"),
    samples=lambda s: [s((3,), (3,)), s((2, 3), (3,)), s((3, 2), (3, 2), axis=0)],
    errors=lambda s: [bad(s((2,), (2,)), ShapeError, "3 components")],
)
def _(F, a, b, *, axis=-1):
    """Cross product of vectors with three components along `axis`."""
    for x in (a, b):
        if x.shape[normalize_axis("cross", axis, x.ndim)] != 3:
            raise ShapeError(
                f"cross: vectors of shape {tuple(x.shape)}, axis {axis}.\nExpected 3 components."
            )

    def turn(x: Array, step: int) -> Array:
        return F.roll(x, shift=(step,), axis=normalize_axis("cross", axis, x.ndim))

    return F.subtract(F.multiply(turn(a, -1), turn(b, -2)), F.multiply(turn(a, -2), turn(b, -1)))


@composite(
    "_npi_vecdot",
    params={"axis": Int(optional=True)},
    names=Names(np="linalg.vecdot vecdot"),
    samples=lambda s: [s((2, 3), (2, 3)), s((2, 3), (3,)), s((2, 3), (2, 3), axis=0)],
    errors=lambda s: [bad(s((2, 3), (2, 1)), ShapeError, "equal lengths")],
)
def _(F, a, b, *, axis=None):
    """Sum of products along `axis`, the last one by default; complex `a` are conjugated."""
    axis = -1 if axis is None else axis
    lengths = [x.shape[normalize_axis("vecdot", axis, x.ndim)] for x in (a, b)]
    if lengths[0] != lengths[1]:
        raise ShapeError(
            f"vecdot: shapes {tuple(a.shape)} and {tuple(b.shape)}, axis {axis}.\n"
            "Expected equal lengths along it."
        )
    first = F.conj(a) if a.dtype.kind == "c" else a
    return F.sum(F.multiply(first, b), axis=axis)


@composite(
    "_npi_matrix_transpose",
    flags=Flags(view=True),
    names=Names(np="linalg.matrix_transpose matrix_transpose"),
    samples=lambda s: [s(2, 3), s(2, 3, 4)],
)
def _(F, a):
    """Exchange the last two axes."""
    if a.ndim < 2:
        raise ShapeError(f"matrix_transpose: an array of shape {tuple(a.shape)} has no two axes.")
    return turned(F, a)


@composite(
    "_npi_linalg_diagonal",
    names=Names(np="linalg.diagonal"),
    samples=lambda s: [s(3, 3), s(2, 3, 4, offset=1)],
)
def _(F, a, *, offset=0):
    """Diagonal of the matrices on the last two axes."""
    return F.diagonal(a, offset=offset, axis1=-2, axis2=-1)


@composite(
    "_npi_linalg_trace",
    names=Names(np="linalg.trace"),
    samples=lambda s: [s(3, 3), s(2, 3, 4, offset=1)],
)
def _(F, a, *, offset=0):
    """Sum of the diagonal of the matrices on the last two axes."""
    return F.sum(F.diagonal(a, offset=offset, axis1=-2, axis2=-1), axis=-1)


@composite("_npi_svdvals", names=Names(np="linalg.svdvals"), samples=lambda s: [s(3, 2)])
def _(F, a):
    """Singular values, from the largest."""
    return F.matrix_svd(a)[1]


@composite(
    "_npi_vector_norm",
    params={"ord": Anything(), "axis": Axes()},
    names=Names(np="linalg.vector_norm"),
    samples=lambda s: [s(2, 3), s(2, 3, axis=1, ord=1), s(2, 3, axis=(0, 1), keepdims=True)],
)
def _(F, x, *, ord=None, axis=None, keepdims=False):  # noqa: A002  NumPy's name
    """Norm of the elements along `axis`, of all elements by default."""
    over = tuple(range(x.ndim)) if axis is None else axis
    return vector_norm(F, x, ord, over, keepdims)


@composite(
    "_npi_matrix_norm",
    params={"ord": Anything(), "axis": Axes()},
    names=Names(np="linalg.matrix_norm"),
    samples=lambda s: [s(2, 3), s(2, 3, 2, ord="nuc"), s(2, 3, ord=1, keepdims=True)],
    errors=lambda s: [bad(s(2, 3, axis=(0, 0)), ParamError, "two different")],
)
def _(F, x, *, ord="fro", axis=(-2, -1), keepdims=False):  # noqa: A002  NumPy's name
    """Norm of the matrices along two axes."""
    rows, columns = (normalize_axis("matrix_norm", i, x.ndim) for i in axis)
    if rows == columns:
        raise ParamError(f"matrix_norm: axis must name two different axes. Got {axis}.")
    return matrix_norm(F, x, ord, (rows, columns), keepdims)
