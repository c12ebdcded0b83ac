"""Padding: constants, edges and reflections around an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Anything, Choice, Float, Shape
from dlstudio.core.registry import Names, bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain

Array = Any
Width = tuple[tuple[int, int], ...]
MODES = Choice("constant", "edge", "reflect", "symmetric", "wrap")


def _sources(n: int, before: int, after: int, mode: str) -> np.ndarray[Any, Any]:
    """Which of `n` positions each position of a padded axis repeats."""
    return np.pad(np.arange(n), (before, after), mode=mode)  # type: ignore[call-overload]


def _check(x: Any, pad_width: Width, mode: str) -> None:
    if len(pad_width) != x.ndim or any(len(pair) != 2 or min(pair) < 0 for pair in pad_width):
        raise ShapeError(
            explain(
                f"pad: pad_width={pad_width} for an array of shape {tuple(x.shape)}.",
                "one pair (before, after) of numbers >= 0 for each axis.",
            )
        )
    for axis, (n, pair) in enumerate(zip(x.shape, pad_width, strict=True)):
        if n == 0 and any(pair) and mode != "constant":
            raise ShapeError(f"pad: axis {axis} is empty; mode {mode!r} has nothing to repeat.")


def _infer_pad(x: Aval, *, pad_width: Width, mode: str, constant_value: float) -> Aval:
    _check(x, pad_width, mode)
    return Aval(tuple(n + a + b for n, (a, b) in zip(x.shape, pad_width, strict=True)), x.dtype)


def _pad_grad(
    F: Any, g: Array, out: Array, x: Array, *, pad_width: Width, mode: str, constant_value: float
) -> tuple[Array]:
    if mode == "constant":
        begin = tuple(a for a, _ in pad_width)
        end = tuple(a + n for (a, _), n in zip(pad_width, x.shape, strict=True))
        return (F.slice(g, begin=begin, end=end),)
    return (F.pad_fold(g, shape=tuple(x.shape), pad_width=pad_width, mode=mode),)


@op(
    "pad",
    infer=_infer_pad,
    grad=_pad_grad,
    params={"pad_width": Anything(), "mode": MODES, "constant_value": Float()},
    samples=lambda s: [
        s(2, 3, pad_width=((1, 0), (0, 2)), constant_value=1.5),
        s(2, 3, pad_width=((1, 1), (2, 0)), mode="edge"),
        s(3, 4, pad_width=((2, 1), (0, 3)), mode="reflect"),
        s(2, 3, pad_width=((1, 1), (2, 0)), mode="symmetric"),
        s(2, 3, pad_width=((1, 1), (2, 0)), mode="wrap"),
        s(0, 3, pad_width=((1, 1), (0, 0))),
        s((), pad_width=()),
    ],
    errors=lambda s: [bad(s(2, 3, pad_width=((1, 1),)), ShapeError, "one pair")],
)
def _(xp, x, *, pad_width, mode="constant", constant_value=0.0):
    """Surround `x` by constants, its edge or its reflection, `pad_width` pairs for the axes."""
    _check(x, pad_width, mode)
    if not pad_width:
        return x.copy()
    if mode == "constant":
        return xp.pad(x, pad_width, mode="constant", constant_values=constant_value)
    return xp.pad(x, pad_width, mode=mode)


def _fold(xp: Any, g: Array, n: int, before: int, after: int, mode: str, axis: int) -> Array:
    """Take the slices that `pad` added along an axis off, and add them to those they repeat."""
    slices = xp.moveaxis(g, axis, 0)
    inside = slices[before : before + n].copy(order="K")
    sources = _sources(n, before, after, mode)
    for k in (*range(before), *range(before + n, before + n + after)):
        inside[sources[k]] += slices[k]
    return xp.moveaxis(inside, 0, axis)


@op(
    "pad_fold",
    infer=lambda g, *, shape, pad_width, mode: Aval(shape, g.dtype),
    grad=lambda F, h, out, g, *, shape, pad_width, mode: (
        F.pad(h, pad_width=pad_width, mode=mode),
    ),
    params={"shape": Shape(0), "pad_width": Anything()},
    samples=lambda s: [
        s(4, 5, shape=(2, 3), pad_width=((1, 1), (2, 0)), mode="edge"),
        s(6, 7, shape=(3, 4), pad_width=((2, 1), (0, 3)), mode="reflect"),
    ],
)
def _(xp, g, *, shape, pad_width, mode):
    """Add the padding back to where `pad` took it from: its adjoint."""
    for axis, (n, (before, after)) in enumerate(zip(shape, pad_width, strict=True)):
        if before or after:
            g = _fold(xp, g, n, before, after, mode, axis)
    return g.copy()


# --- as nd and np call it -----------------------------------------------------------------------


@composite(
    "Pad",
    params={
        "mode": Choice("constant", "edge", "reflect"),
        "pad_width": Shape(0),
        "constant_value": Float(),
    },
    names=Names(nd="Pad pad", npx="pad", method="pad", np_method="pad"),
    samples=lambda s: [
        s(1, 2, 3, 3, mode="constant", pad_width=(0, 0, 0, 0, 1, 1, 2, 0), constant_value=1.5),
        s(1, 1, 3, 3, mode="edge", pad_width=(0, 0, 0, 0, 1, 2, 2, 1)),
        s(1, 1, 2, 2, 3, mode="reflect", pad_width=(0, 0, 0, 0, 1, 0, 0, 1, 1, 1)),
    ],
    errors=lambda s: [
        bad(s(2, 2, mode="edge", pad_width=(1, 1, 1, 1)), ShapeError, "4 or 5 dimensions"),
        bad(
            s(1, 1, 2, 2, mode="edge", pad_width=(1, 0, 0, 0, 0, 0, 0, 0)), ParamError, "first two"
        ),
    ],
)
def _(F, data, *, mode="constant", pad_width, constant_value=0.0):
    """Pad images (B, C, H, W) or volumes (B, C, D, H, W) in space.

    `pad_width` is flat: (before, after) for every axis, zero for the first two.
    """
    if data.ndim not in (4, 5):
        raise ShapeError(
            explain(
                f"Pad: data has shape {tuple(data.shape)}.",
                "4 or 5 dimensions.",
                "np.pad for others",
            )
        )
    if any(pad_width[:4]):
        raise ParamError(
            "Pad: parameter pad_width must begin with four zeros (the first two axes). "
            f"Got {pad_width}."
        )
    pairs = tuple(zip(pad_width[::2], pad_width[1::2], strict=True))
    return F.pad(data, pad_width=pairs, mode=mode, constant_value=constant_value)


def _pairs(pad_width: Any, ndim: int) -> Width:
    """Spell NumPy's short forms of pad_width in full."""
    if isinstance(pad_width, int):
        return ((pad_width, pad_width),) * ndim
    if isinstance(pad_width[0], int):
        pair = (pad_width[0], pad_width[-1])
        return (pair,) * ndim
    return tuple(pad_width) if len(pad_width) == ndim else tuple(pad_width) * ndim


def _extremes(F: Any, x: Array, pairs: Width, name: str) -> Array:
    """Pad every axis with the extreme of the array along it."""
    for axis, widths in enumerate(pairs):
        extreme = getattr(F, name)(x, axis=axis, keepdims=True)
        blocks = [
            F.broadcast_to(extreme, shape=(*x.shape[:axis], n, *x.shape[axis + 1 :]))
            for n in widths
        ]
        x = F.concatenate(blocks[0], x, blocks[1], axis=axis)
    return x


@composite(
    "_npi_pad",
    params={
        "pad_width": Anything(),
        "constant_values": Float(),
        "mode": Choice("constant", "edge", "reflect", "symmetric", "wrap", "maximum", "minimum"),
    },
    names=Names(np="pad", np_args="x"),
    samples=lambda s: [
        s(2, 3, pad_width=((1, 1), (0, 2))),
        s(3, pad_width=(1, 2), mode="edge"),
        s(2, 3, pad_width=1, constant_values=5.0),
        s(s.distinct(3, 4), pad_width=((1, 1), (2, 0)), mode="maximum"),
        s(s.distinct(3, 4), pad_width=((1, 1), (2, 0)), mode="minimum"),
    ],
)
def _(F, x, *, pad_width, mode="constant", constant_values=0.0):
    """Surround `x`: `pad_width` is a pair (before, after) for each axis, one pair, or a number."""
    pairs = _pairs(pad_width, x.ndim)
    if mode in ("maximum", "minimum"):
        return _extremes(F, x, pairs, mode[:3])
    return F.pad(x, pad_width=pairs, mode=mode, constant_value=constant_values)
