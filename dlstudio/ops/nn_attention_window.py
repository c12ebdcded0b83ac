"""Sliding-window attention: every position looks at `w` others on its left and right.

Heads may look at every `dilation`-th position only. Composed of gathers and products, so that
gradients of any order flow.

References
----------
Beltagy, Peters and Cohan, "Longformer: The Long-Document Transformer", arXiv 2004.05150.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Int
from dlstudio.core.registry import bad, composite
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.rules import contrib

_W = {"w": Int(1)}


def _width(w: int, *, symmetric: bool) -> int:
    return 2 * w + 1 if symmetric else w + 1


def _expect(name: str, x: Any, dilation: Any) -> None:
    if x.ndim != 4 or tuple(dilation.shape) != (x.shape[2],):
        raise ShapeError(
            explain(
                f"{name}: inputs of shapes {tuple(x.shape)} and {tuple(dilation.shape)}.",
                "(B, T, heads, D) and one dilation per head.",
            )
        )


def _places(F: Any, dilation: Any, T: int, w: int, width: int) -> tuple[Any, Any]:
    """Positions (T, heads, width) every position looks at, and 1 where they exist, else 0."""
    heads = dilation.shape[0]
    steps = F.reshape(F.arange(start=-w, stop=width - w, dtype="int64"), shape=(1, 1, width))
    here = F.reshape(F.arange(start=0, stop=T, dtype="int64"), shape=(T, 1, 1))
    far = F.multiply(steps, F.reshape(F.cast(dilation, dtype="int64"), shape=(1, heads, 1)))
    places = F.add(here, far)
    inside = F.multiply(
        F.cast(F.greater_equal_scalar(places, scalar=0), dtype="int64"),
        F.cast(F.less_scalar(places, scalar=T), dtype="int64"),
    )
    return F.clip(places, a_min=0, a_max=T - 1), inside


def _looked_at(F: Any, x: Any, places: Any) -> Any:
    """Of x (B, T, heads, D) what each position looks at: (B, T, heads, width, D)."""
    B, T, heads, D = x.shape
    width = places.shape[2]
    rows = F.reshape(F.transpose(x, axes=(1, 2, 0, 3)), shape=(T * heads, B, D))
    head = F.reshape(F.arange(start=0, stop=heads, dtype="int64"), shape=(1, heads, 1))
    index = F.add(F.multiply_scalar(places, scalar=heads), head)
    found = F.take(rows, F.reshape(index, shape=(T * heads * width,)), axis=0)
    found = F.reshape(found, shape=(T, heads, width, B, D))
    return F.transpose(found, axes=(3, 0, 1, 2, 4))


def _as(F: Any, mask: Any, like: Any, shape: Any) -> Any:
    return F.reshape(F.cast(mask, dtype=np.dtype(like.dtype).name), shape=shape)


@composite(
    "sldwin_atten_score",
    params=_W,
    names=contrib("sldwin_atten_score", "sldwin_atten_score"),
    constant=("dilation",),
    samples=lambda s: [
        s((1, 4, 2, 2), (1, 4, 2, 2), np.array([1, 2]), w=1),
        s((2, 3, 1, 2), (2, 3, 1, 2), np.array([1]), w=2, symmetric=False),
    ],
    errors=lambda s: [
        bad(s((1, 4, 2, 2), (1, 4, 2, 2), np.array([1]), w=1), ShapeError, "one dilation per head")
    ],
)
def _(F: Any, query: Any, key: Any, dilation: Any, *, w: int, symmetric: bool = True) -> Any:
    """Scores (B, T, heads, 2w + 1) of queries with the keys in their windows; 0 outside.

    Without `symmetric` windows reach to the left only: (B, T, heads, w + 1).
    """
    _expect("sldwin_atten_score", query, dilation)
    B, T, heads, D = query.shape
    width = _width(w, symmetric=symmetric)
    places, inside = _places(F, dilation, T, w, width)
    keys = _looked_at(F, key, places)
    products = F.multiply(keys, F.reshape(query, shape=(B, T, heads, 1, D)))
    return F.multiply(F.sum(products, axis=4), _as(F, inside, query, (1, T, heads, width)))


@composite(
    "sldwin_atten_mask_like",
    params=_W,
    names=contrib("sldwin_atten_mask_like", "sldwin_atten_mask_like"),
    constant=("score", "dilation", "valid_length"),
    samples=lambda s: [
        s((2, 4, 2, 3), np.array([1, 2]), np.array([4, 2]), w=1),
        s((1, 3, 1, 3), np.array([1]), np.array([2]), w=2, symmetric=False),
    ],
)
def _(
    F: Any, score: Any, dilation: Any, valid_length: Any, *, w: int, symmetric: bool = True
) -> Any:
    """1 where both positions of a score exist and lie below `valid_length` (B,), else 0."""
    _expect("sldwin_atten_mask_like", score, dilation)
    B, T, heads, width = score.shape
    places, inside = _places(F, dilation, T, w, _width(w, symmetric=symmetric))
    lengths = F.reshape(F.cast(valid_length, dtype="int64"), shape=(B, 1, 1, 1))
    looked = F.less(F.reshape(places, shape=(1, T, heads, width)), lengths)
    here = F.less(F.reshape(F.arange(start=0, stop=T, dtype="int64"), shape=(1, T, 1, 1)), lengths)
    both = F.multiply(_as(F, looked, score, tuple(score.shape)), _as(F, here, score, (B, T, 1, 1)))
    return F.multiply(both, _as(F, inside, score, (1, T, heads, width)))


@composite(
    "sldwin_atten_context",
    params=_W,
    names=contrib("sldwin_atten_context", "sldwin_atten_context"),
    constant=("dilation",),
    samples=lambda s: [
        s((1, 4, 2, 3), (1, 4, 2, 2), np.array([1, 2]), w=1),
        s((2, 3, 1, 3), (2, 3, 1, 2), np.array([1]), w=2, symmetric=False),
    ],
)
def _(F: Any, score: Any, value: Any, dilation: Any, *, w: int, symmetric: bool = True) -> Any:
    """Values in the windows, weighted by scores: (B, T, heads, D)."""
    _expect("sldwin_atten_context", value, dilation)
    T, heads, width = score.shape[1:]
    places, inside = _places(F, dilation, T, w, _width(w, symmetric=symmetric))
    weights = F.multiply(score, _as(F, inside, score, (1, T, heads, width)))
    values = _looked_at(F, value, places)
    return F.sum(F.multiply(values, F.expand_dims(weights, axis=4)), axis=3)
