"""What colour says in a picture, in one table for files and for the browser.

Colours are those of Okabe and Ito (2008), which colour-blind readers can tell apart; the operator's
name is always written too, so that colour is never the only carrier of meaning.
"""

from __future__ import annotations

import re

__all__ = ["CATEGORIES", "category_of", "device_colour", "mix", "tint"]

CATEGORIES: dict[str, str] = {
    "convolution": "#56B4E9",
    "dense": "#0072B2",
    "norm": "#009E73",
    "activation": "#E69F00",
    "pooling": "#F0E442",
    "shape": "#999999",
    "arithmetic": "#CC79A7",
    "loss": "#D55E00",
    "random": "#8C6BB1",
    "update": "#A65628",
    "copy": "#666666",
    "other": "#B0B7C3",
}

# First match wins, so the special cases stand before the general ones.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("update", r"_update$|^assign"),
    ("copy", r"copy|^cast$|as_in_context"),
    ("random", r"dropout|random|sample_|shuffle"),
    ("loss", r"softmax_?output|regression_?output|makeloss|_loss|cross_entropy|^ctc"),
    ("convolution", r"convolution|^im2col|^col2im"),
    ("pooling", r"pooling|pool_grad"),
    ("norm", r"norm|^lrn"),
    ("activation", r"activation|relu|sigmoid|tanh|softmax|softplus|softsign|gelu|selu|swish|silu"),
    ("dense", r"fullyconnected|fully_connected|dot$|matmul|gemm|einsum|tensordot|embedding|^rnn"),
    (
        "shape",
        r"reshape|flatten|transpose|concat|split|slice|stack|tile|repeat|expand_dims|squeeze|swap|"
        r"pad$|broadcast_(to|like|axis)|flip|reverse|identity|blockgrad|stop_gradient|take|pick|"
        r"one_hot|gather|where|arange|zeros|ones|full",
    ),
    ("arithmetic", r"."),
)

_DEVICES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6BB1", "#999999")


def category_of(op: str) -> str:
    """Name the colour category of the operator `op`; ``"other"`` where there is none."""
    text = op.lower().lstrip("_")
    for category, pattern in _PATTERNS:
        if text and re.search(pattern, text):
            return category
    return "other"


def device_colour(position: int) -> str:
    """Give the colour of the device that comes at `position` in the picture's list of devices."""
    return _DEVICES[position % len(_DEVICES)]


def mix(colour: str, other: str, share: float) -> str:
    """Mix `share` of `colour` into `other`; both are ``#RRGGBB``."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02X}" for a, b in pairs)


def tint(colour: str) -> str:
    """Lighten `colour` to a background on which black text has a contrast above 7:1."""
    return mix(colour, "#FFFFFF", 0.35)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
