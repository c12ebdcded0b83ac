"""Joining arrays in np: vstack, hstack, dstack, column_stack, append, meshgrid."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Choice, Int
from dlstudio.core.registry import Names, composite
from dlstudio.dialects.numpy.layout import at_least

Array = Any


def _shaped(F: Any, x: Array, ndim: int) -> Array:
    shape = at_least(tuple(x.shape), ndim)
    return x if shape == tuple(x.shape) else F.reshape(x, shape=shape)


@composite(
    "_npi_vstack",
    names=Names(np="vstack row_stack", np_args="arrays"),
    samples=lambda s: [s((3,), (3,)), s((2, 3), (1, 3)), s((2, 2))],
)
def _(F, *arrays):
    """Join along the first axis; vectors become rows."""
    return F.concatenate(*(_shaped(F, x, 2) for x in arrays), axis=0)


@composite(
    "_npi_hstack",
    names=Names(np="hstack", np_args="arrays"),
    samples=lambda s: [s((3,), (2,)), s((2, 3), (2, 1)), s((2, 2))],
)
def _(F, *arrays):
    """Join along the second axis, vectors along their only one."""
    rows = [_shaped(F, x, 1) for x in arrays]
    return F.concatenate(*rows, axis=0 if rows[0].ndim == 1 else 1)


@composite(
    "_npi_dstack",
    names=Names(np="dstack", np_args="arrays"),
    samples=lambda s: [s((3,), (3,)), s((2, 3), (2, 3)), s((2, 2))],
)
def _(F, *arrays):
    """Join along the third axis."""
    return F.concatenate(*(_shaped(F, x, 3) for x in arrays), axis=2)


@composite(
    "_npi_column_stack",
    names=Names(np="column_stack", np_args="tup"),
    samples=lambda s: [s((3,), (3,)), s((2, 3), (2, 1)), s((3,), (3, 2))],
)
def _(F, *tup):
    """Join along the second axis; vectors become columns."""
    columns = [F.reshape(x, shape=(x.size, 1)) if x.ndim < 2 else x for x in tup]
    return F.concatenate(*columns, axis=1)


@composite(
    "_npi_append",
    params={"axis": Int(optional=True)},
    names=Names(np="append", np_args="arr values"),
    samples=lambda s: [s((2, 3), (2,)), s((2, 3), (1, 3), axis=0)],
)
def _(F, arr, values, *, axis=None):
    """Join `values` to the end of `arr`; without `axis` both are flattened."""
    return F.concatenate(arr, values, axis=axis)


@composite(
    "_npi_broadcast_arrays",
    names=Names(np="broadcast_arrays", np_args="args"),
    outputs=2,
    samples=lambda s: [s((2, 1), (3,))],
)
def _(F, *args):
    """Broadcast all arrays to one shape."""
    shape = np.broadcast_shapes(*(tuple(x.shape) for x in args))
    return tuple(F.broadcast_to(x, shape=shape) for x in args)


@composite(
    "_npi_meshgrid",
    params={"indexing": Choice("xy", "ij")},
    names=Names(np="meshgrid", np_args="xi"),
    outputs=2,
    samples=lambda s: [s((2,), (3,)), s((2,), (3,), indexing="ij")],
)
def _(F, *xi, copy=True, sparse=False, indexing="xy"):
    """Coordinate matrices of the grid spanned by vectors."""
    count = len(xi)
    places = [1, 0, *range(2, count)] if indexing == "xy" and count > 1 else list(range(count))
    full = [0] * count
    for place, x in zip(places, xi, strict=True):
        full[place] = x.size
    grids = []
    for place, x in zip(places, xi, strict=True):
        alone = tuple(x.size if i == place else 1 for i in range(count))
        grid = F.reshape(x, shape=alone)
        grids.append(grid if sparse else F.broadcast_to(grid, shape=tuple(full)))
    return tuple(grids)
