"""Products in np: dot, inner, outer, vdot, tensordot, kron."""

from __future__ import annotations

from math import prod
from typing import Any

from dlstudio.core.params import Anything
from dlstudio.core.registry import Flags, Names, bad, composite
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.rules import normalize_axis

Array = Any
HALF = Flags(amp="fp16")


@composite(
    "_np_dot",
    flags=HALF,
    names=Names(np="dot", np_method="dot", np_args="a b"),
    samples=lambda s: [
        s((2, 3), (3, 2)),
        s((3,), (3,)),
        s((2, 3, 4), (4,)),
        s((2, 2, 3), (2, 3, 2)),
        s((2, 3), ()),
    ],
    errors=lambda s: [bad(s((2, 3), (2, 3)), ShapeError, "3 is not 2")],
)
def _(F, a, b):
    """Sum over the last axis of `a` and the last but one of `b` (the only one of a vector)."""
    if not a.ndim or not b.ndim:
        return F.multiply(a, b)
    if b.ndim <= 2:
        return F.matmul(a, b)
    order = (b.ndim - 2, *range(b.ndim - 2), b.ndim - 1)
    columns = F.transpose(b, axes=order)
    outer = tuple(columns.shape[1:])
    product = F.matmul(a, F.reshape(columns, shape=(columns.shape[0], prod(outer))))
    return F.reshape(product, shape=(*a.shape[:-1], *outer))


@composite(
    "_npi_inner",
    flags=HALF,
    names=Names(np="inner", np_args="a b"),
    samples=lambda s: [s((3,), (3,)), s((2, 3), (4, 3)), s((2, 3), ())],
)
def _(F, a, b):
    """Sum over the last axes of both."""
    if not a.ndim or not b.ndim:
        return F.multiply(a, b)
    return F.tensordot_of(a, b, left=(a.ndim - 1,), right=(b.ndim - 1,))


@composite(
    "_npi_outer",
    names=Names(np="outer linalg.outer", np_args="a b"),
    samples=lambda s: [s((3,), (2,)), s((2, 2), (2,))],
)
def _(F, a, b):
    """All products of an element of `a` and one of `b`, both flattened."""
    return F.multiply(F.reshape(a, shape=(a.size, 1)), F.reshape(b, shape=(1, b.size)))


@composite(
    "_npi_vdot",
    flags=HALF,
    names=Names(np="vdot", np_args="a b"),
    samples=lambda s: [s((3,), (3,)), s((2, 3), (2, 3))],
)
def _(F, a, b):
    """Sum of the products of all elements."""
    return F.matmul(F.reshape(a, shape=(a.size,)), F.reshape(b, shape=(b.size,)))


@composite(
    "tensordot_of",
    flags=HALF,
    params={"left": Anything(), "right": Anything()},
    samples=lambda s: [s((2, 3), (4, 3), left=(1,), right=(1,)), s((2,), (3,), left=(), right=())],
)
def _(F, a, b, *, left, right):
    """Sum over the axes `left` of `a` paired with the axes `right` of `b`."""
    free_a = [i for i in range(a.ndim) if i not in left]
    free_b = [i for i in range(b.ndim) if i not in right]
    inner = prod(a.shape[i] for i in left)
    rows, columns = tuple(a.shape[i] for i in free_a), tuple(b.shape[i] for i in free_b)
    flat_a = F.reshape(F.transpose(a, axes=(*free_a, *left)), shape=(prod(rows), inner))
    flat_b = F.reshape(F.transpose(b, axes=(*right, *free_b)), shape=(inner, prod(columns)))
    return F.reshape(F.matmul(flat_a, flat_b), shape=(*rows, *columns))


def _paired(a: Any, b: Any, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if isinstance(axes, int):
        return tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    first, second = ((x,) if isinstance(x, int) else tuple(x) for x in axes)
    left = tuple(normalize_axis("tensordot", i, a.ndim) for i in first)
    right = tuple(normalize_axis("tensordot", i, b.ndim) for i in second)
    return left, right


@composite(
    "_npi_tensordot",
    flags=HALF,
    params={"axes": Anything()},
    names=Names(np="tensordot linalg.tensordot", np_args="a b"),
    samples=lambda s: [
        s((2, 3, 4), (3, 4, 2)),
        s((2, 3), (3, 2), axes=1),
        s((2, 3, 4), (4, 3), axes=((1, 2), (1, 0))),
        s((2,), (3,), axes=0),
    ],
    errors=lambda s: [bad(s((2, 3), (2, 3), axes=1), ShapeError, "3 is not 2")],
)
def _(F, a, b, *, axes=2):
    """Sum over the last `axes` axes of `a` and the first of `b`, or over two lists of axes."""
    left, right = _paired(a, b, axes)
    for i, j in zip(left, right, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                explain(
                    f"tensordot: shapes {tuple(a.shape)} and {tuple(b.shape)} with axes={axes}: "
                    f"{a.shape[i]} is not {b.shape[j]}.",
                    "the summed axes to have equal lengths.",
                )
            )
    return F.tensordot_of(a, b, left=left, right=right)


@composite(
    "_npi_kron",
    names=Names(np="kron", np_args="a b"),
    samples=lambda s: [s((2,), (3,)), s((2, 2), (1, 3)), s((2, 2), (3,))],
)
def _(F, a, b):
    """Kronecker product: every element of `a` times the whole of `b`."""
    ndim = max(a.ndim, b.ndim)
    left = (1,) * (ndim - a.ndim) + tuple(a.shape)
    right = (1,) * (ndim - b.ndim) + tuple(b.shape)
    apart_a = tuple(n for length in left for n in (length, 1))
    apart_b = tuple(n for length in right for n in (1, length))
    product = F.multiply(F.reshape(a, shape=apart_a), F.reshape(b, shape=apart_b))
    return F.reshape(product, shape=tuple(m * n for m, n in zip(left, right, strict=True)))


@composite(
    "khatri_rao",
    names=Names(nd="khatri_rao"),
    samples=lambda s: [s((2, 3), (4, 3)), s((2, 2), (1, 2), (3, 2))],
)
def _(F, *args):
    """Columnwise Kronecker product of matrices with equally many columns."""
    result = args[0]
    for x in args[1:]:
        rows, columns = result.shape
        spread = F.multiply(
            F.reshape(result, shape=(rows, 1, columns)), F.reshape(x, shape=(1, *x.shape))
        )
        result = F.reshape(spread, shape=(rows * x.shape[0], columns))
    return result
