"""``sym.zeros``, ``sym.arange`` …: arrays that graphs make themselves, with MXNet's signatures."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.registry import OPS
from dlstudio.graph.symbol import Symbol, create

__all__ = ["CREATION"]


def _made(op: str, name: str | None = None, attr: Any = None, **attrs: Any) -> Symbol:
    """Node that makes an array; `ctx` and `out` have no meaning in a graph."""
    stated = {key: value for key, value in attrs.items() if key not in ("ctx", "out")}
    return create(OPS[op], (), stated, name, attr, hint=f"_{op.lstrip('_')}")


def _dtype(dtype: Any) -> str:
    return np.dtype(dtype or np.float32).name


def zeros(shape: Any, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Make zeros.

    Parameters
    ----------
    shape : int or tuple of int
        0 stands for a length that is inferred from what reads the array.
    dtype : dtype
        Default: float32.
    name : str, optional

    Returns
    -------
    Symbol
    """
    return _made("zeros", shape=shape, dtype=_dtype(dtype), **kwargs)


def ones(shape: Any, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Make ones; parameters as `zeros`."""
    return _made("ones", shape=shape, dtype=_dtype(dtype), **kwargs)


def full(shape: Any, val: float, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Fill an array with the number `val`; other parameters as `zeros`."""
    return _made("full", shape=shape, fill_value=float(val), dtype=_dtype(dtype), **kwargs)


def arange(
    start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1,
    infer_range: bool = False, name: str | None = None, dtype: Any = None,
) -> Symbol:  # fmt: skip
    """Count from `start` to `stop` (without it) in steps; from 0 to `start` if `stop` is None.

    Parameters
    ----------
    repeat : int
        Each number stands so many times.
    infer_range : bool
        Deprecated in MXNet, without meaning here.
    """
    return _made(
        "_arange", name, start=start, stop=stop, step=step, repeat=repeat, infer_range=infer_range,
        dtype=_dtype(dtype),
    )  # fmt: skip


def eye(N: int, M: int = 0, k: int = 0, dtype: Any = None, **kwargs: Any) -> Symbol:
    """Ones on diagonal `k` of N rows and M columns (N if 0), zeros elsewhere."""
    return _made("eye", N=N, M=M, k=k, dtype=_dtype(dtype), **kwargs)


def linspace(
    start: float, stop: float, num: int, endpoint: bool = True, name: str | None = None,
    dtype: Any = None,
) -> Symbol:  # fmt: skip
    """Make `num` numbers at equal distances from `start` to `stop`."""
    return _made(
        "linspace", name, start=start, stop=stop, num=num, endpoint=endpoint, dtype=_dtype(dtype)
    )


CREATION = {f.__name__: f for f in (zeros, ones, full, arange, eye, linspace)}
