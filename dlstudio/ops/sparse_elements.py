"""Sparse rules of functions element by element, of slices, joins and sums.

A function with f(0) = 0 works on the stored values alone; every other one falls back to dense.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS
from dlstudio.core.sparse_calls import Call, check_same_dtype, rule
from dlstudio.core.sparse_storage import (
    INDEX,
    CsrArray,
    RowSparseArray,
    empty,
    is_sparse,
    row_numbers,
    summed_by,
    union,
)
from dlstudio.errors import ShapeError, explain

Array = Any

KEEPS_ZERO = (
    "abs sign rint ceil floor trunc fix round square sqrt cbrt sin tan arcsin arctan degrees "
    "radians sinh tanh arcsinh arctanh expm1 log1p relu negative identity BlockGrad make_loss "
    "_mul_scalar _div_scalar"
).split()


# ---- one operand -----------------------------------------------------------------------------
def _stored_only(name: str) -> Callable[..., Any]:
    def forward(xp: Any, attrs: Any, x: Any) -> Any:
        values = OPS[name].forward(xp, x.data, **attrs)
        # operators that pass their input on answer the same memory
        return x._replace(data=values if values.base is None else values.copy())

    return forward


for _name in KEEPS_ZERO:
    rule(_name)(_stored_only(_name))


@rule("_plus_scalar", "_minus_scalar")
def _(xp: Any, attrs: Any, x: Any) -> Any:
    return x._replace(data=x.data.copy()) if attrs["scalar"] == 0 else NotImplemented


def _comparison(name: str) -> Callable[..., Any]:
    def forward(xp: Any, attrs: Any, x: Any) -> Any:
        compare = OPS[name].forward
        if compare(xp, xp.zeros(1, x.data.dtype), **attrs)[0]:  # most elements would be true
            return NotImplemented
        return x._replace(data=compare(xp, x.data, **attrs))

    return forward


for _name in ("equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal"):
    rule(f"_{_name}_scalar")(_comparison(f"_{_name}_scalar"))


@rule("clip")
def _(xp: Any, attrs: Any, x: Any) -> Any:
    if not attrs["a_min"] <= 0 <= attrs["a_max"]:
        return NotImplemented
    return x._replace(data=OPS["clip"].forward(xp, x.data, **attrs))


@rule("zeros_like")
def _(xp: Any, attrs: Any, x: Any) -> Any:
    stype = "csr" if isinstance(x, CsrArray) else "row_sparse"
    return empty(xp, stype, x.shape, attrs["dtype"] or x.data.dtype)


# ---- two operands ----------------------------------------------------------------------------
def _check_equal(name: str, x: Any, y: Any) -> None:
    check_same_dtype(name, x, y)
    if tuple(x.shape) != tuple(y.shape):
        raise ShapeError(
            explain(
                f"{name}: sparse operands of shapes {tuple(x.shape)} and {tuple(y.shape)}.",
                "equal shapes: sparse arrays are not broadcast.",
                'x.tostype("default")',
            )
        )


def _of_one_storage(name: str, function: str) -> Callable[..., Any]:
    def forward(xp: Any, attrs: Any, x: Any, y: Any) -> Any:
        if x.__class__ is not y.__class__:
            return NotImplemented
        _check_equal(name, x, y)
        return union(xp, getattr(xp, function), x, y)

    return forward


def _same_head(call: Call, head: Array) -> Any:
    return head, head


def _opposite_heads(call: Call, head: Array) -> Any:
    return head, -head


for _name in ("elemwise_add", "broadcast_add"):
    rule(_name, backward=_same_head)(_of_one_storage(_name, "add"))
for _name in ("elemwise_sub", "broadcast_sub"):
    rule(_name, backward=_opposite_heads)(_of_one_storage(_name, "subtract"))


@rule("elemwise_mul")
def _(xp: Any, attrs: Any, x: Any, y: Any) -> Any:
    return _product(xp, "elemwise_mul", x, y)


@rule("broadcast_mul")
def _(xp: Any, attrs: Any, x: Any, y: Any) -> Any:
    if isinstance(x, CsrArray) and not is_sparse(y) and x.shape != tuple(y.shape):
        return _scaled(xp, "broadcast_mul", xp.multiply, x, y)
    return _product(xp, "broadcast_mul", x, y)


@rule("broadcast_div")
def _(xp: Any, attrs: Any, x: Any, y: Any) -> Any:
    if isinstance(x, CsrArray) and not is_sparse(y):
        return _scaled(xp, "broadcast_div", xp.divide, x, y)
    return NotImplemented


def _product(xp: Any, name: str, x: Any, y: Any) -> Any:
    if x.__class__ is y.__class__:
        _check_equal(name, x, y)
        return union(xp, xp.multiply, x, y)
    sparse, dense = (x, y) if is_sparse(x) else (y, x)
    if is_sparse(dense) or tuple(dense.shape) != tuple(sparse.shape):
        return NotImplemented
    check_same_dtype(name, x, y)
    if isinstance(sparse, RowSparseArray):
        return sparse._replace(data=sparse.data * dense[sparse.indices])
    return sparse._replace(data=sparse.data * dense[row_numbers(xp, sparse), sparse.indices])


def _scaled(xp: Any, name: str, function: Any, x: CsrArray, y: Array) -> Any:
    """A csr matrix times or by a row vector, or a column of one number per row."""
    rows, columns = x.shape
    if tuple(y.shape) in ((columns,), (1, columns)):
        factors = y.reshape(-1)[x.indices]
    elif tuple(y.shape) == (rows, 1):
        factors = y.reshape(-1)[row_numbers(xp, x)]
    else:
        return NotImplemented
    check_same_dtype(name, x, y)
    return x._replace(data=function(x.data, factors))


# ---- many operands ---------------------------------------------------------------------------
@rule("add_n", backward=lambda call, head: (head,) * len(call.values))
def _(xp: Any, attrs: Any, *args: Any) -> Any:
    if not all(isinstance(x, RowSparseArray) for x in args):
        return NotImplemented
    total = args[0]
    for x in args[1:]:
        _check_equal("add_n", total, x)
        total = union(xp, xp.add, total, x)
    return total if len(args) > 1 else total._replace(data=total.data.copy())


@rule("Concat")
def _(xp: Any, attrs: Any, *data: Any) -> Any:
    if attrs["dim"] != 0 or not all(isinstance(x, CsrArray) for x in data):
        return NotImplemented
    columns = data[0].shape[1]
    if any(x.shape[1] != columns for x in data):
        shapes = [x.shape for x in data]
        raise ShapeError(explain(f"concat: csr matrices of shapes {shapes}.", "equal widths."))
    check_same_dtype("concat", *data)
    pointers, offset = [data[0].indptr[:1]], 0
    for x in data:
        pointers.append(x.indptr[1:] + offset)
        offset += x.data.shape[0]
    values = xp.concatenate([x.data for x in data])
    indices = xp.concatenate([x.indices for x in data])
    rows = sum(x.shape[0] for x in data)
    return CsrArray(values, indices, xp.concatenate(pointers), (rows, columns))


# ---- parts -----------------------------------------------------------------------------------
@rule("slice")
def _(xp: Any, attrs: Any, x: Any) -> Any:
    steps = attrs["step"] or ()
    if not isinstance(x, CsrArray) or any(s not in (None, 1) for s in steps):
        return NotImplemented
    if len(attrs["begin"]) > 2 or len(attrs["begin"]) != len(attrs["end"]):
        return NotImplemented  # the dense operator explains
    bounds = [
        slice(b, e).indices(n)
        for b, e, n in zip(attrs["begin"], attrs["end"], x.shape, strict=False)
    ]
    part = _row_range(x, bounds[0][0], max(bounds[0][:2]))
    return part if len(bounds) == 1 else _column_range(xp, part, bounds[1][0], max(bounds[1][:2]))


def _row_range(x: CsrArray, start: int, stop: int) -> CsrArray:
    first, last = int(x.indptr[start]), int(x.indptr[stop])
    pointer = x.indptr[start : stop + 1] - first
    shape = (stop - start, x.shape[1])
    return CsrArray(x.data[first:last].copy(), x.indices[first:last].copy(), pointer, shape)


def _column_range(xp: Any, x: CsrArray, start: int, stop: int) -> CsrArray:
    keep = (x.indices >= start) & (x.indices < stop)
    kept = row_numbers(xp, x)[keep]
    pointer = xp.searchsorted(kept, xp.arange(x.shape[0] + 1)).astype(INDEX)
    return CsrArray(x.data[keep], x.indices[keep] - start, pointer, (x.shape[0], stop - start))


@rule("take")
def _(xp: Any, attrs: Any, x: Any, indices: Any) -> Any:
    """Rows of a csr matrix by number."""
    if not isinstance(x, CsrArray) or is_sparse(indices) or indices.ndim != 1:
        return NotImplemented
    if attrs["axis"] != 0 or attrs["mode"] != "clip" or not x.shape[0]:
        return NotImplemented
    rows = xp.clip(indices.astype(INDEX), 0, x.shape[0] - 1)
    counts = (x.indptr[1:] - x.indptr[:-1])[rows]
    ends = xp.cumsum(counts)
    pointer = xp.concatenate([xp.zeros(1, INDEX), ends]).astype(INDEX)
    target = xp.searchsorted(ends, xp.arange(int(pointer[-1])), side="right")
    source = xp.arange(int(pointer[-1])) - pointer[target] + x.indptr[rows][target]
    return CsrArray(x.data[source], x.indices[source], pointer, (rows.shape[0], x.shape[1]))


# ---- sums ------------------------------------------------------------------------------------
def _kept_axis(attrs: Any, x: Any) -> Any:
    """The axis that stays of a matrix, None if both go; NotImplemented for the dense way."""
    axis = attrs["axis"]
    axes = axis if isinstance(axis, tuple) else () if axis is None else (axis,)
    if attrs["exclude"] or len(x.shape) != 2 or not isinstance(x, CsrArray):
        return NotImplemented
    axes = {a % 2 for a in axes if -2 <= a < 2}
    return None if len(axes) in (0, 2) else 1 - axes.pop()


def _total(xp: Any, name: str, attrs: Any, x: Any) -> Any:
    kept = _kept_axis(attrs, x)
    if kept is NotImplemented:
        return NotImplemented
    out = OPS[name].infer(Aval(tuple(x.shape), x.data.dtype), **attrs)
    if out.dtype != x.data.dtype:
        return NotImplemented
    if kept is None:
        return x.data.sum().astype(out.dtype).reshape(out.shape)
    groups = row_numbers(xp, x) if kept == 0 else x.indices
    return summed_by(xp, x.data, groups, x.shape[kept]).reshape(out.shape)


@rule("_nd_sum")
def _(xp: Any, attrs: Any, x: Any) -> Any:
    return _total(xp, "_nd_sum", attrs, x)


@rule("_nd_mean")
def _(xp: Any, attrs: Any, x: Any) -> Any:
    total = _total(xp, "_nd_mean", attrs, x)
    if total is NotImplemented or x.data.dtype.kind != "f" or not total.size:
        return NotImplemented
    return (total * (total.size / max(1, x.shape[0] * x.shape[1]))).astype(x.data.dtype)


@rule("norm")
def _(xp: Any, attrs: Any, x: Any) -> Any:
    if attrs["ord"] != 2 or attrs["axis"] not in (None, ()) or attrs["out_dtype"] is not None:
        return NotImplemented
    wide = x.data.astype("float64")
    out = OPS["norm"].infer(Aval(tuple(x.shape), x.data.dtype), **attrs)
    return xp.sqrt((wide * wide).sum()).astype(out.dtype).reshape(out.shape)
