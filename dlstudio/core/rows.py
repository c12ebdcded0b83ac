"""Sums over rows that are named by number, and may come several times."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

__all__ = ["add_rows"]

Array = Any

_CELLS = 1 << 16  # whose numbers are written out at a time


def add_rows(xp: Any, total: Array, rows: Array, values: Array) -> None:
    """Add ``values[i]`` to ``total[rows[i]]`` in the order of i; rows may come several times.

    NumPy adds at numbers of single cells up to ten times faster than at numbers of rows.

    Parameters
    ----------
    total : (n, ...), C-contiguous
    rows : (K,), whole numbers in [0, n)
    values : (K, ...), of the same dtype
    """
    width = prod(total.shape[1:])
    if xp is not np or total.ndim == 1:
        xp.add.at(total, rows, values)
        return
    flat, cells = total.reshape(-1), np.arange(width)
    step = max(1, _CELLS // max(1, width))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        where = rows[part, None] * width + cells
        np.add.at(flat, where.reshape(-1), values[part].reshape(-1))
