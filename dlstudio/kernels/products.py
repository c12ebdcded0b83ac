"""Matrix products by NumPy's BLAS, shared out among our own threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.kernels import threads
from dlstudio.kernels.blas import single_threaded

__all__ = ["BUILDERS", "product"]

Array = Any
GRAIN = 1_000_000  # multiply-adds that are worth one more thread
_ALWAYS_SINGLE = 200_000  # multiply-adds below which OpenBLAS does not wake its threads


def product(a: Array, b: Array, out: Array) -> None:
    """``out = a @ b`` for matrices of any strides; `out` has contiguous rows."""
    rows, columns = out.shape
    work = rows * columns * a.shape[1]
    if work < _ALWAYS_SINGLE or threads.budget() == 1:
        np.matmul(a, b, out=out)
        return
    by_rows = rows >= columns // 4  # few long rows are cut across instead
    with single_threaded:
        threads.parallel_for(
            _rows if by_rows else _columns, rows if by_rows else columns, (a, b, out),
            work=work, grain=GRAIN,
        )  # fmt: skip


def _rows(a: Array, b: Array, out: Array, lo: int, hi: int, worker: int) -> None:
    np.matmul(a[lo:hi], b, out=out[lo:hi])


def _columns(a: Array, b: Array, out: Array, lo: int, hi: int, worker: int) -> None:
    np.matmul(a, b[:, lo:hi], out=out[:, lo:hi])


def _build_matmul(
    ins: tuple[Aval, ...], outs: tuple[Aval, ...], attrs: dict[str, Any]
) -> Callable[..., None] | None:
    a, b = ins
    same = a.dtype == b.dtype == outs[0].dtype and a.dtype.kind == "f" and a.dtype.itemsize > 2
    if a.ndim != 2 or b.ndim != 2 or not same or 0 in a.shape + b.shape:
        return None

    def matmul(y: Array, a: Array, b: Array) -> None:
        product(a, b, y)

    return matmul


BUILDERS = {"matmul": _build_matmul}
