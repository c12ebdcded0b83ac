"""Products of matrices: matmul, dot, batch_dot, tensordot."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.interpret import Lazy, raw
from dlstudio.core.params import Choice
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import DTypeError, ShapeError, explain
from dlstudio.ops.nn_rules import narrow, wide
from dlstudio.ops.rules import broadcast_shape, common_dtype, fit, same_dtypes

Array = Any


def _product(xp: Any, a: Array, b: Array, out: Array | None = None) -> Array:
    """``a @ b`` of equal dtypes; sums of 16-bit numbers are taken in float32."""
    if a.dtype.itemsize > 2 or a.dtype.kind in "biu" or xp is not np:  # cuBLAS does it itself
        return xp.matmul(a, b, out=out)
    result = narrow(np.asarray(xp.matmul(wide(a), wide(b))), a.dtype)
    if out is None:
        return result
    out[...] = result
    return out


def _mismatch(name: str, x: Any, y: Any, n: int, m: int) -> ShapeError:
    return ShapeError(
        explain(
            f"{name}: shapes {tuple(x.shape)} and {tuple(y.shape)} do not fit: {n} is not {m}.",
            "the summed axes to have equal lengths.",
            "transpose one of the arrays, or check the number of features.",
        )
    )


def _promoted(x: Array, y: Array) -> tuple[Array, Array]:
    if x.dtype == y.dtype:
        return x, y
    dtype = common_dtype(x.dtype, y.dtype)
    return x.astype(dtype, copy=False), y.astype(dtype, copy=False)


# --- matmul -------------------------------------------------------------------------------------


def _infer_matmul(a: Aval, b: Aval) -> Aval:
    if not a.ndim or not b.ndim:
        raise ShapeError(
            explain(
                f"matmul: shapes {a.shape} and {b.shape}.",
                "arrays of at least one dimension.",
                "multiply(a, b) for scalars",
            )
        )
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise _mismatch("matmul", a, b, a.shape[-1], inner)
    rows = a.shape[-2:-1] if a.ndim > 1 else ()
    columns = b.shape[-1:] if b.ndim > 1 else ()
    batch = broadcast_shape("matmul", a.shape[:-2], b.shape[:-2])
    return Aval((*batch, *rows, *columns), common_dtype(a.dtype, b.dtype))


def _swapped(F: Any, x: Array) -> Array:
    order = (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
    return F.transpose(x, axes=order)


def _matmul_grad(F: Any, g: Array, out: Array, a: Array, b: Array) -> tuple[Lazy, Lazy]:
    # vectors stand for a row on the left, a column on the right
    row = a if a.ndim > 1 else F.reshape(a, shape=(1, *a.shape))
    column = b if b.ndim > 1 else F.reshape(b, shape=(*b.shape, 1))
    batch = tuple(np.broadcast_shapes(row.shape[:-2], column.shape[:-2]))
    full = F.reshape(g, shape=(*batch, row.shape[-2], column.shape[-1]))

    def left() -> Array:
        return F.reshape(fit(F, F.matmul(full, _swapped(F, column)), row), shape=tuple(a.shape))

    def right() -> Array:
        return F.reshape(fit(F, F.matmul(_swapped(F, row), full), column), shape=tuple(b.shape))

    return Lazy(left), Lazy(right)


@op(
    "matmul",
    infer=_infer_matmul,
    macs=lambda ins, outs, attrs: outs[0].size * ins[0].shape[-1],
    grad=_matmul_grad,
    flags=Flags(out=True, amp="fp16"),
    names=Names(np="matmul linalg.matmul", json="_npi_matmul"),
    samples=lambda s: [
        s((2, 3), (3, 4)),
        s((3,), (3,)),
        s((2, 3), (3,)),
        s((3,), (2, 3, 2)),
        s((2, 1, 2, 3), (4, 3, 2)),
        s((0, 3), (3, 2)),
        s((2, 0), (0, 2)),
    ],
    reference=np.matmul,
    errors=lambda s: [
        bad(s((2, 3), (2, 3)), ShapeError, "3 is not 2"),
        bad(s((), (3,)), ShapeError, "one dimension"),
    ],
)
def _(xp, a, b, *, out=None):
    """Matrix product over the last axis of `a` and the last but one of `b`; others broadcast."""
    a, b = _promoted(a, b)
    return _product(xp, a, b, out)


# --- dot: nd and np differ ----------------------------------------------------------------------


_STORAGE = Choice("default", "csr", "row_sparse", optional=True)


def _dot_shapes(a: Any, b: Any, transpose_a: bool, transpose_b: bool) -> tuple[Any, Any, int, int]:
    """Outer shapes of both operands and the lengths of the summed axes."""
    left = (a.shape[1:], a.shape[0]) if transpose_a else (a.shape[:-1], a.shape[-1])
    right = (b.shape[:-1], b.shape[-1]) if transpose_b else (b.shape[1:], b.shape[0])
    return left[0], right[0], left[1], right[1]


def _dot_dtypes(lhs: Any, rhs: Any) -> None:
    if lhs.dtype is rhs.dtype and lhs.dtype.kind in "fV":
        return
    same_dtypes("dot", lhs, rhs)
    if lhs.dtype.kind not in "fcV":
        raise DTypeError(
            explain(
                f"dot is not defined for {lhs.dtype}.",
                "floating-point arrays.",
                "x.astype('float32')",
            )
        )


def _infer_dot(
    lhs: Aval, rhs: Aval, *, transpose_a: bool, transpose_b: bool, forward_stype: Any = None
) -> Aval:
    _dot_dtypes(lhs, rhs)
    if not lhs.ndim or not rhs.ndim:
        raise ShapeError(
            explain(
                f"dot: shapes {lhs.shape} and {rhs.shape}.", "arrays of at least one dimension."
            )
        )
    outer_left, outer_right, n, m = _dot_shapes(lhs, rhs, transpose_a, transpose_b)
    if n != m:
        raise _mismatch("dot", lhs, rhs, n, m)
    return Aval((*outer_left, *outer_right) or (1,), lhs.dtype)


def _dot_matrices(
    F: Any, a: Array, b: Array, transpose_a: bool, transpose_b: bool
) -> tuple[Array, Array]:
    """Both operands as matrices (outer, summed) and (summed, outer)."""
    outer_left, outer_right, n, _ = _dot_shapes(a, b, transpose_a, transpose_b)
    rows, columns = prod(outer_left), prod(outer_right)
    left = F.reshape(a, shape=(n, rows) if transpose_a else (rows, n))
    right = F.reshape(b, shape=(columns, n) if transpose_b else (n, columns))
    return (
        F.transpose(left, axes=(1, 0)) if transpose_a else left,
        F.transpose(right, axes=(1, 0)) if transpose_b else right,
    )


def _dot_grad(
    F: Any, g: Array, out: Array, lhs: Array, rhs: Array, *, transpose_a: bool, transpose_b: bool,
    forward_stype: Any = None,
) -> tuple[Lazy, Lazy]:  # fmt: skip
    left, right = _dot_matrices(F, lhs, rhs, transpose_a, transpose_b)
    full = F.reshape(g, shape=(left.shape[0], right.shape[1]))
    # each product is taken in the layout of its operand, so no result needs a transpose
    turned = F.transpose(full, axes=(1, 0))

    def of_left() -> Array:
        product = (right, turned) if transpose_a else (full, F.transpose(right, axes=(1, 0)))
        return F.reshape(F.matmul(*product), shape=tuple(lhs.shape))

    def of_right() -> Array:
        product = (turned, left) if transpose_b else (F.transpose(left, axes=(1, 0)), full)
        return F.reshape(F.matmul(*product), shape=tuple(rhs.shape))

    return Lazy(of_left), Lazy(of_right)


@op(
    "dot",
    infer=_infer_dot,
    grad=_dot_grad,
    macs=lambda ins, outs, attrs: (
        outs[0].size * ins[0].shape[0 if attrs.get("transpose_a") else -1] if ins[0].ndim else 1
    ),
    flags=Flags(out=True, amp="fp16"),
    names=Names(nd="dot", method="dot"),
    params={"forward_stype": _STORAGE},
    samples=lambda s: [
        s((2, 3), (3, 4)),
        s((3, 2), (3, 4), transpose_a=True),
        s((2, 3), (4, 3), transpose_b=True),
        s((3, 2), (4, 3), transpose_a=True, transpose_b=True),
        s((3,), (3,)),
        s((2, 3), (3,)),
        s((2, 3, 4), (4, 2, 3)),
        s((2, 3, 4), (2, 5), transpose_a=True),
        s((0, 3), (3, 2)),
    ],
    errors=lambda s: [
        bad(s((2, 3), (2, 4)), ShapeError, "3 is not 2"),
        bad(s(s.ints(2, 2, high=3), s.ints(2, 2, high=3)), DTypeError, "floating-point"),
    ],
)
def _(xp, lhs, rhs, *, transpose_a=False, transpose_b=False, forward_stype=None, out=None):
    """Sum over the last axis of `lhs` and the first of `rhs`; two vectors give shape (1,).

    With `transpose_a` the first axis of `lhs` is summed and its others keep their order, with
    `transpose_b` the last axis of `rhs`. `forward_stype` asks for the storage of the result where
    an operand is sparse: csr times dense is dense, csr transposed times dense is row_sparse.
    """
    _dot_dtypes(lhs, rhs)
    if lhs.ndim == 2 and rhs.ndim == 2:
        return _product(xp, lhs.T if transpose_a else lhs, rhs.T if transpose_b else rhs, out)
    shape = _infer_dot(lhs, rhs, transpose_a=transpose_a, transpose_b=transpose_b).shape
    left, right = _dot_matrices(raw(xp), lhs, rhs, transpose_a, transpose_b)
    product = _product(xp, left, right).reshape(shape)
    if out is None:
        return product
    xp.copyto(out, product)
    return out


# --- batch_dot ----------------------------------------------------------------------------------


def _infer_batch_dot(
    lhs: Aval, rhs: Aval, *, transpose_a: bool, transpose_b: bool, forward_stype: Any = None
) -> Aval:
    same_dtypes("batch_dot", lhs, rhs)
    if lhs.ndim < 3 or lhs.ndim != rhs.ndim or lhs.shape[:-2] != rhs.shape[:-2]:
        raise ShapeError(
            explain(
                f"batch_dot: shapes {lhs.shape} and {rhs.shape}.",
                "arrays of at least 3 dimensions with equal leading lengths (the batch).",
                "matmul, which broadcasts the batch, or expand_dims(axis=0)",
            )
        )
    rows, n = lhs.shape[-2:][::-1] if transpose_a else lhs.shape[-2:]
    m, columns = rhs.shape[-2:][::-1] if transpose_b else rhs.shape[-2:]
    if n != m:
        raise _mismatch("batch_dot", lhs, rhs, n, m)
    return Aval((*lhs.shape[:-2], rows, columns), lhs.dtype)


def _batch_dot_grad(
    F: Any, g: Array, out: Array, lhs: Array, rhs: Array, *, transpose_a: bool, transpose_b: bool,
    forward_stype: Any = None,
) -> tuple[Lazy, Lazy]:  # fmt: skip
    # each product is taken in the layout of its operand, so no result needs a transpose
    def of_left() -> Array:
        if transpose_a:
            return F.batch_dot(rhs, g, transpose_a=transpose_b, transpose_b=True)
        return F.batch_dot(g, rhs, transpose_b=not transpose_b)

    def of_right() -> Array:
        if transpose_b:
            return F.batch_dot(g, lhs, transpose_a=True, transpose_b=transpose_a)
        return F.batch_dot(lhs, g, transpose_a=not transpose_a)

    return Lazy(of_left), Lazy(of_right)


@op(
    "batch_dot",
    infer=_infer_batch_dot,
    grad=_batch_dot_grad,
    macs=lambda ins, outs, attrs: outs[0].size * ins[0].shape[1 if attrs["transpose_a"] else 2],
    flags=Flags(out=True, amp="fp16"),
    names=Names(nd="batch_dot", npx="batch_dot", np_args="lhs rhs"),
    params={"forward_stype": _STORAGE},
    samples=lambda s: [
        s((2, 2, 3), (2, 3, 4)),
        s((2, 3, 2), (2, 3, 4), transpose_a=True),
        s((2, 2, 3), (2, 4, 3), transpose_b=True),
        s((2, 3, 2), (2, 4, 3), transpose_a=True, transpose_b=True),
        s((2, 1, 2, 3), (2, 1, 3, 2)),
        s((0, 2, 3), (0, 3, 4)),
    ],
    errors=lambda s: [
        bad(s((2, 2, 3), (2, 2, 3)), ShapeError, "3 is not 2"),
        bad(s((2, 3), (3, 2)), ShapeError, "at least 3 dimensions"),
    ],
)
def _(xp, lhs, rhs, *, transpose_a=False, transpose_b=False, forward_stype=None, out=None):
    """Matrix products of two batches: ``lhs[i] @ rhs[i]``, each operand transposed at will.

    The result is dense: `forward_stype` is there for MXNet programs.
    """
    _infer_batch_dot(lhs, rhs, transpose_a=transpose_a, transpose_b=transpose_b)
    left = lhs.swapaxes(-1, -2) if transpose_a else lhs
    right = rhs.swapaxes(-1, -2) if transpose_b else rhs
    return _product(xp, left, right, out)
