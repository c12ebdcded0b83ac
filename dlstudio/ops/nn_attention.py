"""Attention: the interleaved matrix products of MXNet's transformers.

Queries, keys and values of all heads lie side by side, interleaved head by head, in one array
(T, B, heads * parts * D), as one dense layer makes them. T time, B batch, D features of a head.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from dlstudio.core.params import Int
from dlstudio.core.registry import bad, composite
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.rules import contrib

_HEADS = {"heads": Int(1)}


def _part(F: Any, x: Any, heads: int, parts: int, which: int) -> Any:
    """One of the interleaved parts as (B * heads, T, D)."""
    T, B, width = x.shape
    D = width // (heads * parts)
    rows = F.reshape(x, shape=(T, B * heads, parts, D))
    one = F.reshape(F.slice_axis(rows, axis=2, begin=which, end=which + 1), shape=(T, B * heads, D))
    return F.transpose(one, axes=(1, 0, 2))


def _expect(name: str, x: Any, heads: int, parts: int) -> None:
    if x.ndim != 3 or x.shape[2] % (heads * parts):
        raise ShapeError(
            explain(
                f"{name}: an input has shape {tuple(x.shape)}, with heads={heads}.",
                f"(T, B, heads * {parts} * D): {parts} parts per head, interleaved.",
            )
        )


def _scores(F: Any, queries: Any, keys: Any) -> Any:
    scaled = F.multiply_scalar(queries, scalar=1 / sqrt(queries.shape[2]))
    return F.matmul(scaled, F.transpose(keys, axes=(0, 2, 1)))


def _weighted(F: Any, attention: Any, values: Any, heads: int) -> Any:
    """Attention (B * heads, Tq, Tk) times values, back to (Tq, B, heads * D)."""
    y = F.matmul(attention, values)
    rows, T, D = y.shape
    return F.reshape(F.transpose(y, axes=(1, 0, 2)), shape=(T, rows // heads, heads * D))


@composite(
    "interleaved_matmul_selfatt_qk",
    params=_HEADS,
    names=contrib("interleaved_matmul_selfatt_qk", "interleaved_matmul_selfatt_qk"),
    samples=lambda s: [s(3, 2, 12, heads=2), s(2, 1, 3, heads=1)],
    errors=lambda s: [bad(s(3, 2, 10, heads=2), ShapeError, r"heads \* 3 \* D")],
)
def _(F: Any, queries_keys_values: Any, *, heads: int) -> Any:
    r"""Scores of self-attention, :math:`Q K^T / \sqrt{D}`.

    Parameters
    ----------
    queries_keys_values : (T, B, heads * 3 * D), interleaved by head

    Returns
    -------
    (B * heads, T, T)

    References
    ----------
    Vaswani et al., "Attention is all you need", NIPS 2017.
    """
    _expect("interleaved_matmul_selfatt_qk", queries_keys_values, heads, 3)
    queries, keys = (_part(F, queries_keys_values, heads, 3, i) for i in (0, 1))
    return _scores(F, queries, keys)


@composite(
    "interleaved_matmul_selfatt_valatt",
    params=_HEADS,
    names=contrib("interleaved_matmul_selfatt_valatt", "interleaved_matmul_selfatt_valatt"),
    samples=lambda s: [s((3, 2, 12), (4, 3, 3), heads=2)],
    errors=lambda s: [bad(s((3, 2, 10), (4, 3, 3), heads=2), ShapeError, r"heads \* 3 \* D")],
)
def _(F: Any, queries_keys_values: Any, attention: Any, *, heads: int) -> Any:
    """Weigh the values of self-attention with attention (B * heads, T, T): (T, B, heads * D)."""
    _expect("interleaved_matmul_selfatt_valatt", queries_keys_values, heads, 3)
    return _weighted(F, attention, _part(F, queries_keys_values, heads, 3, 2), heads)


@composite(
    "interleaved_matmul_encdec_qk",
    params=_HEADS,
    names=contrib("interleaved_matmul_encdec_qk", "interleaved_matmul_encdec_qk"),
    samples=lambda s: [s((3, 2, 4), (4, 2, 8), heads=2)],
    errors=lambda s: [bad(s((3, 2, 5), (4, 2, 8), heads=2), ShapeError, r"heads \* 1 \* D")],
)
def _(F: Any, queries: Any, keys_values: Any, *, heads: int) -> Any:
    r"""Scores of attention to an encoder, :math:`Q K^T / \sqrt{D}`.

    Parameters
    ----------
    queries : (Tq, B, heads * D)
    keys_values : (Tk, B, heads * 2 * D), interleaved by head

    Returns
    -------
    (B * heads, Tq, Tk)
    """
    _expect("interleaved_matmul_encdec_qk", queries, heads, 1)
    _expect("interleaved_matmul_encdec_qk", keys_values, heads, 2)
    return _scores(F, _part(F, queries, heads, 1, 0), _part(F, keys_values, heads, 2, 0))


@composite(
    "interleaved_matmul_encdec_valatt",
    params=_HEADS,
    names=contrib("interleaved_matmul_encdec_valatt", "interleaved_matmul_encdec_valatt"),
    samples=lambda s: [s((4, 2, 8), (4, 3, 4), heads=2)],
    errors=lambda s: [bad(s((4, 2, 7), (4, 3, 4), heads=2), ShapeError, r"heads \* 2 \* D")],
)
def _(F: Any, keys_values: Any, attention: Any, *, heads: int) -> Any:
    """Weigh an encoder's values with attention (B * heads, Tq, Tk): (Tq, B, heads * D)."""
    _expect("interleaved_matmul_encdec_valatt", keys_values, heads, 2)
    return _weighted(F, attention, _part(F, keys_values, heads, 2, 1), heads)


@composite(
    "div_sqrt_dim",
    names=contrib("div_sqrt_dim", "div_sqrt_dim"),
    samples=lambda s: [s(2, 4), s(3)],
)
def _(F: Any, data: Any) -> Any:
    """Divide by the square root of the length of the last axis."""
    return F.multiply_scalar(data, scalar=1 / sqrt(data.shape[-1]))
