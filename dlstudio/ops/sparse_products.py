"""Sparse rules of products and look-ups: dot, FullyConnected, Embedding, retain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlstudio.core import tape
from dlstudio.core.registry import OPS
from dlstudio.core.sparse_calls import Call, rule
from dlstudio.core.sparse_storage import (
    INDEX,
    CsrArray,
    RowSparseArray,
    csr_of,
    densified,
    dot,
    dot_rows,
    is_sparse,
    row_numbers,
    summed_by,
    summed_rows,
)
from dlstudio.core.tape import Leaf, Recorded
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, explain

Array = Any


# ---- dot -------------------------------------------------------------------------------------
def _dot_backward(call: Call, head: Array) -> Any:
    xp, (a, b), attrs = call.xp, call.values, call.attrs
    if isinstance(a, CsrArray) and not call.wanted[0] and not attrs["transpose_b"]:
        return None, _of_right(xp, a, head, attrs, rows=call.leaves[1])
    if isinstance(b, CsrArray) and not call.wanted[1] and not attrs["transpose_a"]:
        back = dot(xp, b, xp.ascontiguousarray(head.T), transpose=attrs["transpose_b"])
        return xp.ascontiguousarray(back.T), None
    return NotImplemented


def _of_right(xp: Any, a: CsrArray, head: Array, attrs: Any, *, rows: bool) -> Any:
    """Gradient of the dense or row-sparse right operand: only rows that `a` meets are not zero."""
    if attrs["transpose_a"]:
        return dot(xp, a, head)
    return dot_rows(xp, a, head) if rows else dot(xp, a, head, transpose=True)


@rule("dot", backward=_dot_backward)
def _(xp: Any, attrs: Any, a: Any, b: Any) -> Any:
    wanted, turned = attrs["forward_stype"], attrs["transpose_a"]
    if isinstance(a, CsrArray) and not isinstance(b, CsrArray):
        if attrs["transpose_b"]:
            return NotImplemented
        if turned and b.shape[1:] and wanted in (None, "row_sparse"):
            return dot_rows(xp, a, densified(xp, b))
        if wanted not in (None, "default"):
            return NotImplemented
        return _times_rows(xp, a, b, transpose=turned)
    if isinstance(b, CsrArray) and not is_sparse(a) and not turned and len(a.shape) == 2:
        left = xp.ascontiguousarray(xp.transpose(a))
        result = xp.ascontiguousarray(dot(xp, b, left, transpose=not attrs["transpose_b"]).T)
        return csr_of(xp, result) if wanted in (None, "csr") else result
    return NotImplemented


def _times_rows(xp: Any, a: CsrArray, b: Any, *, transpose: bool) -> Array:
    """`dot` with a dense or row-sparse right operand."""
    if not isinstance(b, RowSparseArray):
        return dot(xp, a, b, transpose=transpose)
    if b.indices.shape[0] == b.shape[0] or transpose or a.shape[1] != b.shape[0]:
        return dot(xp, a, _all_rows(xp, b), transpose=transpose)
    places = xp.searchsorted(b.indices, a.indices)
    held = xp.concatenate([b.indices, xp.full(1, -1, INDEX)])[places] == a.indices
    rows = row_numbers(xp, a)[held]
    pointer = xp.searchsorted(rows, xp.arange(a.shape[0] + 1)).astype(INDEX)
    width = int(b.indices.shape[0])
    return dot(xp, CsrArray(a.data[held], places[held], pointer, (a.shape[0], width)), b.data)


def _all_rows(xp: Any, b: Any) -> Array:
    """Dense rows; those of an array that stores all of them in order are not copied."""
    if not isinstance(b, RowSparseArray) or b.indices.shape[0] != b.shape[0]:
        return densified(xp, b)
    return b.data if (b.indices == xp.arange(b.shape[0])).all() else densified(xp, b)


# ---- FullyConnected --------------------------------------------------------------------------
def _dense_backward(call: Call, head: Array) -> Any:
    data = call.values[0]
    if not isinstance(data, CsrArray) or call.wanted[0]:
        return NotImplemented
    weight = call.xp.ascontiguousarray(dot(call.xp, data, head, transpose=True).T)
    return None, weight, head.sum(axis=0) if len(call.values) > 2 else None


@rule("FullyConnected", backward=_dense_backward)
def _(xp: Any, attrs: Any, data: Any, weight: Any, bias: Any = None) -> Any:
    if not isinstance(data, CsrArray) or (bias is None) != attrs["no_bias"]:
        return NotImplemented
    if len(weight.shape) != 2 or weight.shape != (attrs["num_hidden"], data.shape[1]):
        return NotImplemented  # the dense operator explains
    result = dot(xp, data, xp.ascontiguousarray(_all_rows(xp, weight).T))
    return result if bias is None else result + densified(xp, bias)


# ---- Embedding -------------------------------------------------------------------------------
def _row_numbers_of(xp: Any, data: Array, count: int) -> Array:
    return xp.clip(data, 0, count - 1).astype(INDEX)


def _embedding_gradient(xp: Any, data: Array, head: Array, shape: tuple[int, ...]) -> Any:
    rows = _row_numbers_of(xp, data, shape[0]).reshape(-1)
    return summed_rows(xp, rows, head.reshape(-1, shape[1]), shape)


def _embedding_backward(call: Call, head: Array) -> Any:
    data, weight = call.values
    if is_sparse(data):
        return NotImplemented
    found = _embedding_gradient(call.xp, data, head, tuple(weight.shape))
    return None, found if call.leaves[1] else densified(call.xp, found)


@rule("Embedding", "_contrib_SparseEmbedding", backward=_embedding_backward)
def _(xp: Any, attrs: Any, data: Any, weight: Any) -> Any:
    if is_sparse(data) or not isinstance(weight, RowSparseArray):
        return NotImplemented
    if tuple(weight.shape) != (attrs["input_dim"], attrs["output_dim"]):
        return NotImplemented  # the dense operator explains
    rows = _row_numbers_of(xp, data, weight.shape[0])
    return _looked_up(xp, weight, rows)


def _looked_up(xp: Any, weight: RowSparseArray, rows: Array) -> Array:
    """Rows by number; zeros for those that are not stored."""
    stored = xp.concatenate([weight.indices, xp.full(1, -1, INDEX)])
    places = xp.searchsorted(weight.indices, rows)
    found = xp.zeros((*rows.shape, *weight.data.shape[1:]), weight.data.dtype)
    held = stored[places] == rows
    found[held] = weight.data[places[held]]
    return found


def _record_embedding(
    inputs: Sequence[Any], attrs: Any, arrays: Sequence[Array], outputs: Sequence[Tensor]
) -> Any:
    """Record a look-up with sparse_grad=True so that a weight's gradient stays row-sparse."""
    data, weight = inputs
    if not isinstance(weight._entry, Leaf):
        return None
    numbers, shape, device = arrays[0], tuple(arrays[1].shape), weight._device

    def back(heads: tuple[Any, ...], create_graph: bool) -> list[Any]:
        if create_graph:
            places = Tensor._wrap(numbers, device)
            return [None, Recorded.embedding_grad(heads[0], places, input_dim=shape[0])]
        return [None, _embedding_gradient(device.xp, numbers, heads[0], shape)]

    operator = OPS["Embedding"], attrs
    return tape.record_custom((data, weight), outputs, back, "Embedding", operator=operator)


tape.recorders["Embedding"] = "sparse_grad", _record_embedding


# ---- retain ----------------------------------------------------------------------------------
def _retain_backward(call: Call, head: Array) -> Any:
    rows = call.values[1].astype(INDEX)
    found = summed_rows(call.xp, rows, head[rows], tuple(head.shape))
    return found if call.leaves[0] else densified(call.xp, found), None


@rule("_sparse_retain", backward=_retain_backward)
def _(xp: Any, attrs: Any, data: Any, indices: Any) -> Any:
    """Keep the rows asked for; those that were not stored come as zeros, as in MXNet."""
    if not isinstance(data, RowSparseArray) or is_sparse(indices):
        raise ParamError(
            explain(
                "retain: data is not row_sparse, or indices is sparse.",
                "a row_sparse array and a dense vector of row numbers.",
                'x.tostype("row_sparse").retain(mx.nd.array([0, 2]))',
            )
        )
    rows = indices.reshape(-1).astype(INDEX)
    return RowSparseArray(_looked_up(xp, data, rows), rows, data.shape)


def _square_sum_backward(call: Call, head: Array) -> Any:
    (data,) = call.values
    if call.attrs["axis"] not in (1, (1,)):
        return NotImplemented
    column = head.reshape(-1, 1)
    rows = call.xp.flatnonzero(column[:, 0]).astype(INDEX)
    slope = 2 * column[rows] * _looked_up(call.xp, data, rows)
    found = RowSparseArray(slope, rows, data.shape)
    return (found if call.leaves[0] else densified(call.xp, found),)


@rule("_square_sum", backward=_square_sum_backward)
def _(xp: Any, attrs: Any, data: Any) -> Any:
    axis = attrs["axis"]
    if not isinstance(data, RowSparseArray) or len(data.shape) != 2 or axis not in (1, (1,)):
        return NotImplemented
    squares = (data.data * data.data).sum(axis=1)
    if attrs["keepdims"]:
        return RowSparseArray(squares[:, None], data.indices, (data.shape[0], 1))
    return summed_by(xp, squares, data.indices, data.shape[0])


# ---- graphs as matrices ----------------------------------------------------------------------
@rule("_contrib_getnnz")
def _(xp: Any, attrs: Any, data: Any) -> Any:
    if not isinstance(data, CsrArray) or attrs["axis"] not in (None, 1):
        return NotImplemented
    if attrs["axis"] is None:
        return xp.full(1, data.data.shape[0], INDEX)
    return data.indptr[1:] - data.indptr[:-1]


@rule("_contrib_edge_id")
def _(xp: Any, attrs: Any, data: Any, u: Any, v: Any) -> Any:
    if not isinstance(data, CsrArray) or is_sparse(u) or is_sparse(v):
        return NotImplemented
    width = data.shape[1]
    stored = row_numbers(xp, data) * width + data.indices
    order = xp.argsort(stored)
    wanted = u.astype(INDEX) * width + v.astype(INDEX)
    places = xp.searchsorted(stored[order], wanted)
    ends = xp.concatenate([stored[order], xp.full(1, -1, INDEX)])
    values = xp.concatenate([data.data[order], xp.zeros(1, data.data.dtype)])
    return xp.where(ends[places] == wanted, values[places], data.data.dtype.type(-1))
