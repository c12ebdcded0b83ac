"""Operators on pictures: conversion, resizing, flips, cropping and random changes of colour.

Pictures are (H, W, C), or (B, H, W, C), with values 0 … 255, as files hold them; `to_tensor`
makes (C, H, W) with values 0 … 1 of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Float, Int, Shape
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_resize import whole_weights
from dlstudio.ops.nn_rules import Floats, aval

__all__ = ["expect_picture", "picture_names"]

Array = Any


def picture_names(name: str) -> Names:
    """Names of an operator in the image namespaces."""
    return Names(nd=f"image.{name}", npx=f"image.{name}", json=f"_image_{name}")


def expect_picture(name: str, data: Any, *, batch: bool = True) -> None:
    """Check that data has the axes of a picture, or of a batch of them."""
    if data.ndim not in ((3, 4) if batch else (3,)):
        raise ShapeError(
            explain(
                f"image.{name}: data has shape {tuple(data.shape)}.",
                "a picture (H, W, C)" + (", or a batch (B, H, W, C)." if batch else "."),
            )
        )


# ---- conversion ------------------------------------------------------------------------------
def _channels_first(F: Any, x: Any) -> Any:
    return F.transpose(x, axes=(2, 0, 1) if x.ndim == 3 else (0, 3, 1, 2))


def _channels_last(F: Any, x: Any) -> Any:
    return F.transpose(x, axes=(1, 2, 0) if x.ndim == 3 else (0, 2, 3, 1))


@composite(
    "image_to_tensor",
    names=picture_names("to_tensor"),
    samples=lambda s: [s(2, 3, 3), s(1, 2, 2, 3), s(s.ints(2, 2, 3, high=256, dtype=np.uint8))],
    errors=lambda s: [bad(s(2, 3), ShapeError, r"\(H, W, C\)")],
)
def _(F: Any, data: Any) -> Any:
    """Turn a picture (H, W, C), 0 … 255, into (C, H, W), 0 … 1; also in batches.

    Whole numbers become float32; floating dtypes stay.
    """
    expect_picture("to_tensor", data)
    x = data if data.dtype.kind == "f" else F.cast(data, dtype="float32")
    return F.multiply_scalar(_channels_first(F, x), scalar=1 / 255)


def _check_normalize(data: Any, mean: Any, std: Any) -> None:
    if data.ndim not in (3, 4) or data.shape[-3] not in (1, 3):
        raise ShapeError(
            explain(
                f"image.normalize: data has shape {tuple(data.shape)}.",
                "(C, H, W) or (B, C, H, W) with 1 or 3 channels, as to_tensor makes it.",
            )
        )
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, data.shape[-3]):
            raise ParamError(
                f"image.normalize: parameter {name} must have 1 or {data.shape[-3]} entries. "
                f"Got {values}."
            )


def _infer_normalize(data: Any, *, mean: Any, std: Any) -> Aval:
    _check_normalize(data, mean, std)
    return aval(data.shape, data)


@op(
    "image_normalize",
    infer=_infer_normalize,
    grad=lambda F, g, out, data, *, mean, std: (F.image_normalize(g, mean=(0.0,), std=std),),
    params={"mean": Floats(), "std": Floats()},
    names=picture_names("normalize"),
    flags=Flags(inplace=(0,)),
    samples=lambda s: [
        s(3, 2, 2, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7)),
        s(2, 1, 2, 2, mean=0.5, std=2.0),
    ],
    errors=lambda s: [
        bad(s(2, 4, 5), ShapeError, "1 or 3 channels"),
        bad(s(3, 2, 2, mean=(0.1, 0.2)), ParamError, "1 or 3 entries"),
    ],
)
def _(
    xp: Any, data: Array, *, mean: tuple[float, ...] = (0.0,), std: tuple[float, ...] = (1.0,)
) -> Array:
    """Subtract `mean` and divide by `std`, one number per channel of (C, H, W) or (B, C, H, W)."""
    _check_normalize(data, mean, std)
    m, d = (xp.asarray(v, data.dtype).reshape(-1, 1, 1) for v in (mean, std))
    return (data - m) / d


# ---- geometry --------------------------------------------------------------------------------
_WIDER = {"uint8": "int32", "int32": "int64"}  # 2048² · 255 is near 2³¹
_INTERPOLATION = ("nearest", "linear", "cubic", "area", "lanczos")


def _size(data: Any, size: tuple[int, ...], *, keep_ratio: bool) -> tuple[int, int]:
    """Height and width of the result; `size` is (width, height), as in OpenCV."""
    H, W = data.shape[-3:-1]
    if len(size) == 1 and keep_ratio:
        n = size[0]
        return (n, int(n * W / H)) if H < W else (int(n * H / W), n)
    if len(size) not in (1, 2):
        raise ParamError(f"image.resize: parameter size must have 1 or 2 entries. Got {size}.")
    return size[-1], size[0]


def _taps(n: int, m: int, *, rows: bool) -> tuple[Any, Any, Any, Any]:
    """Both neighbours of each of m places among n cells, and their weights in 1/2048."""
    place = (np.arange(m) + 0.5) * (n / m) - 0.5
    low = np.floor(place).astype(int)
    part = place - low
    if not rows:  # OpenCV drops the weight beyond the edge for columns, and keeps it for rows
        part = np.where((low < 0) | (low >= n - 1), 0, part)
        low = np.clip(low, 0, n - 1)
    first, second = (np.rint(w * 2048).astype("int32") for w in (1 - part, part))
    return np.clip(low, 0, n - 1), np.clip(low + 1, 0, n - 1), first, second


def _interleaved(cells: Any, weights: Any, C: int) -> tuple[Any, Any]:
    """Cells of a row of pixels, and their weights, for a row of r, g, b, r, g, b, ….

    NumPy goes through one long row much faster than through C values at a time.
    """
    return (cells[:, None] * C + np.arange(C)).ravel(), np.repeat(weights, C)


def _filtered(xp: Any, x: Array, axis: int, kind: str, size: int, C: int) -> Array:
    """Take an axis of pixels of C values to `size` with weights in 1/2048, neighbour by neighbour.

    The axis is -1, or -2 with C = 1.
    """
    total = None
    cells_of, weights_of = whole_weights(kind, x.shape[axis] // C, size, 2048)
    for cells, weights in zip(cells_of.T, weights_of.T, strict=True):
        places, factors = _interleaved(cells, weights, C)
        part = xp.take(x, xp.asarray(places), axis).astype(_WIDER[x.dtype.name])
        part *= xp.asarray(factors if axis == -1 else factors[:, None], part.dtype)
        total = part if total is None else total + part
    return total


def _filtered_bytes(xp: Any, x: Array, size: tuple[int, int], kind: str, C: int) -> Array:
    """Filter rows of r, g, b, … with weights in 1/2048 both ways and round once."""
    y = _filtered(xp, x, -2, kind, size[0], 1)
    y = _filtered(xp, y, -1, kind, size[1], C)
    return xp.clip((y + (1 << 21)) >> 22, 0, 255).astype("uint8")


def _weighted(xp: Any, x: Array, cells: Any, weights: Any, axis: int) -> Array:
    """Take cells along an axis, times their weights, as int32."""
    part = xp.take(x, xp.asarray(cells), axis).astype("int32", copy=False)
    part *= xp.asarray(weights)
    return part


def _linear_bytes(xp: Any, x: Array, size: tuple[int, int], C: int) -> Array:
    """Resize rows of r, g, b, … with OpenCV's whole numbers."""
    left, right, a, b = _taps(x.shape[-1] // C, size[1], rows=False)
    upper, lower, c, d = _taps(x.shape[-2], size[0], rows=True)
    rows = _weighted(xp, x, *_interleaved(left, a, C), -1)
    rows += _weighted(xp, x, *_interleaved(right, b, C), -1)
    rows >>= 4
    total = _weighted(xp, rows, upper, c[:, None], -2)
    total >>= 16
    low = _weighted(xp, rows, lower, d[:, None], -2)
    low >>= 16
    total += low
    total += 2
    total >>= 2
    return xp.clip(total, 0, 255, out=total).astype("uint8")


@op(
    "image_resize_bytes",
    infer=lambda data, *, size, **_: aval((*data.shape[:-3], *size, data.shape[-1]), data),
    grad=NotDifferentiable("whole numbers carry no gradient"),
    params={"size": Shape(1), "kind": Choice("linear", "cubic", "lanczos")},
    samples=lambda s: [
        s(s.ints(3, 4, 3, high=256, dtype=np.uint8), size=(5, 2)),
        s(s.ints(1, 4, 4, 1, high=256, dtype=np.uint8), size=(2, 2)),
        s(s.ints(3, 4, 3, high=256, dtype=np.uint8), size=(5, 2), kind="cubic"),
    ],
)
def _(xp: Any, data: Array, *, size: tuple[int, int], kind: str = "linear") -> Array:
    """Resize uint8 pictures to (height, width), bit for bit as OpenCV does.

    OpenCV rounds the weights to 1/2048 and cuts off low bits in between; data sets prepared with
    it should not differ from those prepared here.
    """
    H, W, C = data.shape[-3:]
    if kind == "linear" and (2 * size[0], 2 * size[1]) == (H, W):  # the mean of four, rounded
        x = data.astype("int32")
        total = x[..., ::2, ::2, :] + x[..., 1::2, ::2, :] + x[..., ::2, 1::2, :]
        return ((total + x[..., 1::2, 1::2, :] + 2) >> 2).astype("uint8")
    rows = data.reshape(*data.shape[:-2], W * C)
    if kind == "linear":
        resized = _linear_bytes(xp, rows, size, C)
    else:
        resized = _filtered_bytes(xp, rows, size, kind, C)
    return resized.reshape(*data.shape[:-3], *size, C)


@composite(
    "image_resize",
    params={"size": Shape(1), "interp": Int(0)},
    names=picture_names("resize"),
    samples=lambda s: [
        *(s(4, 3, 2, size=(2, 5), interp=i) for i in range(5)),
        s(1, 4, 6, 1, size=2, keep_ratio=True),
        s(6, 4, 1, size=2, keep_ratio=True),
        s(s.ints(3, 4, 3, high=256, dtype=np.uint8), size=3),
    ],
    errors=lambda s: [
        bad(s(4, 5, size=3), ShapeError, r"\(H, W, C\)"),
        bad(s(4, 5, 3, size=(1, 2, 3)), ParamError, "size must have 1 or 2"),
        bad(s(4, 5, 3, size=3, interp=7), ParamError, "interp must be"),
    ],
)
def _(
    F: Any, data: Any, *, size: tuple[int, ...], keep_ratio: bool = False, interp: int = 1
) -> Any:
    """Resize pictures to `size`, (width, height) or one number.

    With `keep_ratio` one number is the shorter edge. `interp`: 0 nearest, 1 bilinear, 2 bicubic,
    3 area, 4 Lanczos.
    """
    expect_picture("resize", data)
    if interp >= len(_INTERPOLATION):
        raise ParamError(f"image.resize: parameter interp must be 0 to 4. Got {interp}.")
    target = _size(data, size, keep_ratio=keep_ratio)
    if data.dtype == np.uint8 and interp in (1, 2, 4):
        return F.image_resize_bytes(data, size=target, kind=_INTERPOLATION[interp])
    whole = data.dtype.kind in "iu" and interp != 0
    x = F.cast(data, dtype="float32") if whole else data
    y = F.resample2d(_channels_first(F, x), size=target, kind=_INTERPOLATION[interp])
    y = _channels_last(F, y)
    if not whole:
        return y
    limits = np.iinfo(data.dtype)
    rounded = F.floor(F.add_scalar(y, scalar=0.5))
    bounded = F.maximum_scalar(rounded, scalar=float(limits.min))
    bounded = F.minimum_scalar(bounded, scalar=float(limits.max))
    return F.cast(bounded, dtype=data.dtype.name)


@composite(
    "image_crop",
    params={name: Int(0) for name in ("x", "y", "width", "height")},
    names=picture_names("crop"),
    samples=lambda s: [
        s(4, 5, 2, x=1, y=0, width=3, height=2),
        s(1, 3, 3, 1, x=0, y=1, width=2, height=2),
    ],
    errors=lambda s: [bad(s(4, 5, 3, x=4, y=0, width=3, height=2), ShapeError, "does not hold")],
)
def _(F: Any, data: Any, *, x: int, y: int, width: int, height: int) -> Any:
    """Cut out the part with the upper left corner (x, y)."""
    expect_picture("crop", data)
    H, W = data.shape[-3:-1]
    if x + width > W or y + height > H:
        raise ShapeError(
            explain(
                f"image.crop: a picture of {W} x {H} does not hold {width} x {height} at "
                f"x={x}, y={y}.",
                "a part inside the picture.",
            )
        )
    rows = F.slice_axis(data, axis=data.ndim - 3, begin=y, end=y + height)
    return F.slice_axis(rows, axis=data.ndim - 2, begin=x, end=x + width)


def _flip(name: str, axis: int, doc: str) -> None:
    def expand(F: Any, data: Any) -> Any:
        expect_picture(name, data, batch=False)
        return F.flip(data, axis=axis)

    expand.__doc__ = doc
    composite(
        f"image_{name}",
        names=picture_names(name),
        samples=lambda s: [s(2, 3, 2)],
        errors=lambda s: [bad(s(1, 2, 3, 3), ShapeError, r"\(H, W, C\)")],
    )(expand)

    def forward(xp: Any, data: Array, *, p: float = 0.5, rng: Any) -> Array:
        expect_picture(f"random_{name}", data, batch=False)
        return xp.flip(data, axis).copy() if float(rng.random()) < p else data.copy()

    forward.__doc__ = f"`{name}` with probability `p`."
    op(
        f"image_random_{name}",
        infer=lambda data, *, p: aval(data.shape, data),
        grad=NotDifferentiable("it prepares pictures; its choice is random"),
        params={"p": Float(0, 1)},
        names=picture_names(f"random_{name}"),
        flags=Flags(random=True),
        samples=lambda s: [s(2, 3, 2), s(2, 3, 2, p=0.2)],
    )(forward)


_flip("flip_left_right", 1, "Mirror a picture (H, W, C) left to right.")
_flip("flip_top_bottom", 0, "Mirror a picture (H, W, C) top to bottom.")
