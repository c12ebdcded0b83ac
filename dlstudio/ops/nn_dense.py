"""Dense layers: FullyConnected, Embedding, Flatten."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.interpret import Lazy
from dlstudio.core.params import DType, Int
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.core.rows import add_rows
from dlstudio.errors import ArgumentError, DTypeError, ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import (
    aval,
    expect_bias,
    expect_dtype,
    expect_float,
    expect_shape,
    narrow,
    per_filter,
    wide,
)
from dlstudio.ops.rules import contrib

Array = Any


# ---- FullyConnected --------------------------------------------------------------------------
def _features(data: Any, *, flatten: bool) -> int:
    return prod(data.shape[1:]) if flatten else data.shape[-1]


def _check_dense(
    data: Any, weight: Any, bias: Any, num_hidden: int, *, no_bias: bool, flatten: bool
) -> None:
    expect_bias("FullyConnected", bias, no_bias=no_bias)
    if data.ndim == 0 or num_hidden < 1:
        _refuse_dense(data, num_hidden)
    features = _features(data, flatten=flatten)
    if weight.shape != (num_hidden, features):
        raise _wrong_weight(data, weight, num_hidden, flatten=flatten)
    expect_shape("FullyConnected", "bias", bias, (num_hidden,), "one number per hidden unit")
    expect_dtype("FullyConnected", data, weight=weight, bias=bias)


def _wrong_weight(data: Any, weight: Any, num_hidden: int, *, flatten: bool) -> ShapeError:
    features = _features(data, flatten=flatten)
    hint = "all axes of data but the first, multiplied" if flatten else "data's last axis"
    other = _features(data, flatten=not flatten)
    fits = weight.shape == (num_hidden, other)
    return ShapeError(
        explain(
            f"FullyConnected: data {tuple(data.shape)} and weight {tuple(weight.shape)} "
            f"with num_hidden={num_hidden}, flatten={flatten}.",
            f"weight of shape {(num_hidden, features)} = (num_hidden, {hint}).",
            f"flatten={not flatten}"
            if fits
            else f"weight = nd.zeros(({num_hidden}, {features})), "
            f"or Dense({num_hidden}, in_units={features})",
        )
    )


def _refuse_dense(data: Any, num_hidden: int) -> None:
    if num_hidden < 1:
        raise ParamError(
            f"FullyConnected: parameter num_hidden must be an integer >= 1. Got {num_hidden}."
        )
    raise ShapeError(
        explain("FullyConnected: data has shape ().", "at least one axis.", "data.reshape((1, -1))")
    )


def _infer_dense(
    data: Any,
    weight: Any,
    bias: Any = None,
    *,
    num_hidden: int,
    no_bias: bool,
    flatten: bool,
    **_: Any,
) -> Aval:
    _check_dense(data, weight, bias, num_hidden, no_bias=no_bias, flatten=flatten)
    expect_float("FullyConnected", data)
    lead = data.shape[:1] if flatten else data.shape[:-1]
    return aval((*lead, num_hidden), data)


def _complete_dense(shapes: Any, attrs: Any) -> Any:
    data, hidden = shapes[0], attrs["num_hidden"]
    if data is None:
        return shapes
    features = prod(data[1:]) if attrs["flatten"] else data[-1]
    return [data, (hidden, features), (hidden,)][: len(shapes)]


def _grad_dense(
    F: Any, g: Any, out: Any, data: Any, weight: Any, bias: Any = None, *, num_hidden: int,
    flatten: bool, **_: Any,
) -> tuple[Any, ...]:  # fmt: skip
    rows = prod(g.shape[:-1])
    g = F.reshape(g, shape=(rows, num_hidden))
    x = F.reshape(data, shape=(rows, _features(data, flatten=flatten)))
    return (
        Lazy(lambda: F.reshape(F.matmul(g, weight), shape=data.shape)),
        Lazy(lambda: F.matmul(F.transpose(g, axes=(1, 0)), x)),
        None if bias is None else F.sum(g, axis=0),
    )


@op(
    "FullyConnected",
    infer=_infer_dense,
    grad=_grad_dense,
    macs=per_filter,
    complete=_complete_dense,
    input_names=lambda attrs: ("data", "weight", "bias")[: 2 if attrs["no_bias"] else 3],
    params={"num_hidden": Int(1)},
    names=Names(nd="FullyConnected", npx="fully_connected"),
    flags=Flags(out=True, amp="fp16"),
    samples=lambda s: [
        s((2, 3), (4, 3), (4,), num_hidden=4),
        s((2, 3), (4, 3), num_hidden=4, no_bias=True),
        s((2, 3, 2), (4, 6), (4,), num_hidden=4),
        s((2, 3, 2), (4, 2), (4,), num_hidden=4, flatten=False),
        s((2, 3, 2), (4, 2), num_hidden=4, flatten=False, no_bias=True),
        s((3,), (2, 1), (2,), num_hidden=2),
        s((0, 3), (4, 3), (4,), num_hidden=4),
    ],
    errors=lambda s: [
        bad(s((2, 3), (4, 5), (4,), num_hidden=4), ShapeError, r"weight of shape \(4, 3\)"),
        bad(s((2, 3), (4, 3), (3,), num_hidden=4), ShapeError, r"bias has shape \(3,\)"),
        bad(s((2, 3), (4, 3), (4,), num_hidden=5), ShapeError, "num_hidden=5"),
        bad(s((2, 3), (4, 3), num_hidden=4), ArgumentError, "bias is missing"),
        bad(
            s((2, 3), s.uniform(4, 3).astype("float32"), (4,), num_hidden=4),
            DTypeError, "weight float32",
        ),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, weight: Array, bias: Array = None, *, num_hidden: int,
    no_bias: bool = False, flatten: bool = True, out: Array = None,
) -> Array:  # fmt: skip
    r"""Apply a linear map to each row: :math:`y = x W^T + b`.

    Parameters
    ----------
    data : (B, ...), read as (B, D) with D the product of the other axes; with ``flatten=False``
        (..., D), and the map acts on the last axis
    weight : (num_hidden, D)
    bias : (num_hidden,), absent with ``no_bias=True``

    Returns
    -------
    (B, num_hidden), or (..., num_hidden) with ``flatten=False``
    """
    _check_dense(data, weight, bias, num_hidden, no_bias=no_bias, flatten=flatten)
    lead = data.shape[:1] if flatten else data.shape[:-1]
    x = data.reshape(prod(lead), weight.shape[1]) if data.ndim != 2 else data
    if data.dtype.itemsize == 2:
        y = _dense_half(xp, x, weight, bias)
    else:
        y = xp.matmul(x, weight.T, out=None if out is None else out.reshape(-1, num_hidden))
        if bias is not None:
            y += bias
    if out is None:
        return y.reshape(*lead, num_hidden)
    if data.dtype.itemsize == 2:
        out[...] = y.reshape(out.shape)
    return out


def _dense_half(xp: Any, x: Array, weight: Array, bias: Array) -> Array:
    y = xp.matmul(wide(x), wide(weight).T)
    return (y if bias is None else y + bias).astype(x.dtype)


# ---- Embedding -------------------------------------------------------------------------------
def _rows(xp: Any, data: Array, n: int) -> Array:
    # MXNet clips indices that are out of range
    return xp.clip(data, 0, n - 1).astype("int64")


def _infer_embedding(data: Any, weight: Any, *, input_dim: int, output_dim: int, **_: Any) -> Aval:
    expect_shape("Embedding", "weight", weight, (input_dim, output_dim), "(input_dim, output_dim)")
    if data.dtype.kind not in "iuf":
        raise DTypeError(
            explain(
                f"Embedding: data has dtype {data.dtype}.", "row numbers.", "data.astype('int32')"
            )
        )
    return aval((*data.shape, output_dim), weight)


@op(
    "Embedding",
    infer=_infer_embedding,
    grad=lambda F, g, out, data, weight, *, input_dim, **_: (
        None,
        F.embedding_grad(g, data, input_dim=input_dim),
    ),
    complete=lambda shapes, attrs: [shapes[0], (attrs["input_dim"], attrs["output_dim"])],
    complete_dtypes=lambda dtypes, attrs: [dtypes[0], attrs["dtype"]],
    constant=("data",),
    params={"input_dim": Int(1), "output_dim": Int(1), "dtype": DType()},
    names=Names(nd="Embedding", npx="embedding"),
    samples=lambda s: [
        s(s.ints(3, high=4), (4, 3), input_dim=4, output_dim=3),
        s(s.ints(2, 3, high=4), (4, 2), input_dim=4, output_dim=2, sparse_grad=True),
        s(np.array([-1, 9]), (4, 2), input_dim=4, output_dim=2),
        s(np.array(1), (4, 2), input_dim=4, output_dim=2),
        s(s.ints(0, high=4), (4, 2), input_dim=4, output_dim=2),
    ],
    errors=lambda s: [
        bad(s(s.ints(3, high=4), (4, 3), input_dim=4, output_dim=2), ShapeError, "output_dim"),
        bad(s(s.bools(3), (4, 3), input_dim=4, output_dim=3), DTypeError, "row numbers"),
    ],
)
def _(
    xp: Any, data: Array, weight: Array, *, input_dim: int, output_dim: int,
    dtype: str = "float32", sparse_grad: bool = False,
) -> Array:  # fmt: skip
    """Look up rows: ``out[i, ...] = weight[data[i], ...]``; indices out of range are clipped.

    Parameters
    ----------
    data : any shape, integers (floats are cut off)
    weight : (input_dim, output_dim)

    Returns
    -------
    data.shape + (output_dim,)
    """
    if weight.shape != (input_dim, output_dim) or data.dtype.kind not in "iuf":
        _infer_embedding(data, weight, input_dim=input_dim, output_dim=output_dim)
    return weight[_rows(xp, data, input_dim)]


@composite(
    "_contrib_SparseEmbedding",
    complete=lambda shapes, attrs: [shapes[0], (attrs["input_dim"], attrs["output_dim"])],
    constant=("data",),
    params={"input_dim": Int(1), "output_dim": Int(1), "dtype": DType()},
    names=contrib("SparseEmbedding"),
    samples=lambda s: [
        s(s.ints(3, high=4), (4, 3), input_dim=4, output_dim=3),
        s(s.ints(2, 3, high=4), (4, 2), input_dim=4, output_dim=2),
    ],
)
def _(
    F: Any, data: Array, weight: Array, *, input_dim: int, output_dim: int,
    dtype: str = "float32", sparse_grad: bool = True,
) -> Array:  # fmt: skip
    """Look up rows as `Embedding` does; the gradient of the weight is row_sparse.

    Parameters
    ----------
    data : any shape, integers (floats are cut off)
    weight : (input_dim, output_dim), dense or row_sparse

    Returns
    -------
    data.shape + (output_dim,)
    """
    return F.Embedding(
        data, weight, input_dim=input_dim, output_dim=output_dim, dtype=dtype, sparse_grad=True
    )


@op(
    "embedding_grad",
    infer=lambda g, data, *, input_dim: aval((input_dim, g.shape[-1]), g),
    grad=lambda F, u, out, g, data, *, input_dim: (
        F.Embedding(data, u, input_dim=input_dim, output_dim=g.shape[-1]),
        None,
    ),
    params={"input_dim": Int(1)},
    constant=("data",),
    samples=lambda s: [
        s((3, 2), s.ints(3, high=4), input_dim=4),
        s((2, 2, 2), np.array([[0, 1], [1, 1]]), input_dim=3),
    ],
)
def _(xp: Any, g: Array, data: Array, *, input_dim: int) -> Array:
    """Gradient of `Embedding` for its weight: sum the gradients of all uses of a row."""
    total = xp.zeros((input_dim, g.shape[-1]), wide(g).dtype)
    rows = _rows(xp, data, input_dim).reshape(-1)
    add_rows(xp, total, rows, wide(g).reshape(-1, g.shape[-1]))
    return narrow(total, g.dtype)


# ---- Flatten ---------------------------------------------------------------------------------
def _flat(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], prod(shape[1:])) if shape else (1, 1)


@op(
    "Flatten",
    infer=lambda data: aval(_flat(data.shape), data),
    grad=lambda F, g, out, data: (F.reshape(g, shape=data.shape),),
    names=Names(nd="Flatten flatten", npx="batch_flatten", method="flatten", json="Flatten"),
    flags=Flags(view=True, inplace=(0,)),
    samples=lambda s: [s(2, 3, 4), s(5), s(2, 0, 3), s(())],
)
def _(xp: Any, data: Array) -> Array:
    """Keep the first axis and merge all others: (B, ...) becomes (B, D)."""
    return data.reshape(_flat(data.shape))
