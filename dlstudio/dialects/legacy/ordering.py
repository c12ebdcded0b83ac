"""Sorting in nd: positions come as float32 unless another dtype is asked for."""

from __future__ import annotations

import numpy as np

from dlstudio.core.params import DType, Int
from dlstudio.core.registry import Names, bad, composite
from dlstudio.errors import ShapeError


@composite(
    "_nd_argsort",
    params={"axis": Int(optional=True), "dtype": DType()},
    names=Names(nd="argsort", method="argsort", json="argsort"),
    samples=lambda s: [
        s(s.distinct(3, 4)),
        s(s.distinct(3, 4), axis=0, is_ascend=False),
        s(s.distinct(3, 4), axis=None, dtype="int64"),
    ],
    errors=lambda s: [bad(s(2, 3, axis=2), ShapeError, "axis=2")],
)
def _(F, data, *, axis=-1, is_ascend=True, dtype="float32"):
    """Positions that put the elements in order along `axis`, as `dtype`."""
    order = F.argsort(data, axis=axis, is_ascend=is_ascend)
    return order if np.dtype(order.dtype).name == dtype else F.cast(order, dtype=dtype)
