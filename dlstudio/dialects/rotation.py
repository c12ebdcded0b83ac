"""Turning pictures about their middle.

A pixel at (x, y) of the result, counted from the middle, shows what lay at
(x cos a - y sin a, x sin a + y cos a), read off between four pixels; what lay outside is black.
Since y points down, positive angles turn counter-clockwise, as in Pillow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.random import host_generator
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import Tensor
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain

__all__ = ["imrotate", "random_rotate"]

Array = Any


def imrotate(src: Any, rotation_degrees: Any, zoom_in: bool = False, zoom_out: bool = False) -> Any:
    """Turn a picture, or each of a batch, counter-clockwise.

    Parameters
    ----------
    src : NDArray, (C, H, W) or (B, C, H, W), float32
    rotation_degrees : float, or for a batch also an array of B numbers
    zoom_in : bool
        Enlarge so far that no black corner is seen.
    zoom_out : bool
        Shrink so far that every corner is seen.

    Returns
    -------
    NDArray, like `src`

    Raises
    ------
    DTypeError, ShapeError, ParamError
        If `src` is no floating picture, or the angles do not fit it.
    """
    _check(src, zoom_in, zoom_out)
    angles = _angles(rotation_degrees, src)
    batch = src if src.ndim == 4 else src.expand_dims(0)
    H, W = src.shape[-2:]
    places = np.stack([_places(H, W, angle, zoom_in, zoom_out) for angle in np.radians(angles)])
    grid = type(src)._wrap(src.context.backend.from_numpy(places.astype(np.float32)), src.context)
    op = OPS["BilinearSampler"]
    turned = invoke(op, [batch, grid], attributes(op, {}), type(src))
    return turned if src.ndim == 4 else turned.reshape(src.shape)


def random_rotate(
    src: Any, angle_limits: Sequence[float], zoom_in: bool = False, zoom_out: bool = False
) -> Any:
    """Turn each picture by an angle drawn from `angle_limits`, in degrees; see `imrotate`."""
    low, high = _limits(angle_limits)
    count = src.shape[0] if src.ndim == 4 else None
    return imrotate(src, host_generator().uniform(low, high, count), zoom_in, zoom_out)


def _limits(angle_limits: Any) -> tuple[float, float]:
    limits = tuple(angle_limits) if np.ndim(angle_limits) == 1 else ()
    if len(limits) != 2 or limits[0] > limits[1]:
        raise ParamError(
            explain(
                f"random_rotate: got angle_limits={angle_limits!r}.",
                "the smallest and the largest angle in degrees.",
                "angle_limits=(-15, 15)",
            )
        )
    return limits[0], limits[1]


def _check(src: Any, zoom_in: bool, zoom_out: bool) -> None:
    if zoom_in and zoom_out:
        raise ParamError(
            explain("imrotate: zoom_in and zoom_out are both True.", "one of them at most.")
        )
    if not isinstance(src, Tensor) or src.dtype != np.float32:
        raise DTypeError(
            explain(
                f"imrotate: src is of type {type(src).__name__}, dtype "
                f"{getattr(src, 'dtype', None)}.",
                "a float32 NDArray, such as ToTensor makes.",
                'src.transpose((2, 0, 1)).astype("float32")',
            )
        )
    if src.ndim not in (3, 4):
        raise ShapeError(
            explain(
                f"imrotate: src has shape {tuple(src.shape)}.",
                "a picture (C, H, W), or a batch (B, C, H, W).",
            )
        )


def _angles(degrees: Any, src: Any) -> Array:
    values = np.asarray(degrees.asnumpy() if isinstance(degrees, Tensor) else degrees, float)
    count = src.shape[0] if src.ndim == 4 else 1
    if values.ndim == 0:
        return np.full(count, values)
    if src.ndim == 3 or values.shape != (count,):
        raise ShapeError(
            explain(
                f"imrotate: got angles of shape {values.shape} for src {tuple(src.shape)}.",
                "one number, or one for each picture of a batch.",
            )
        )
    return values


def _places(H: int, W: int, angle: float, zoom_in: bool, zoom_out: bool) -> Array:
    """Where each pixel of the result looks, (2, H, W): x and y, -1 and 1 at the outer pixels."""
    half_w, half_h = max(W - 1, 1) / 2, max(H - 1, 1) / 2
    y, x = np.mgrid[0:H, 0:W] - np.array([(H - 1) / 2, (W - 1) / 2]).reshape(2, 1, 1)
    cos, sin = np.cos(angle), np.sin(angle)
    scale = _scale(half_h, half_w, angle, inwards=zoom_in) if zoom_in or zoom_out else 1.0
    return scale * np.stack([(x * cos - y * sin) / half_w, (x * sin + y * cos) / half_h])


def _scale(H: float, W: float, angle: float, *, inwards: bool) -> float:
    """How much of the picture is looked at: less than 1 enlarges, more than 1 shrinks it."""
    cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
    spread = (W * cos + H * sin) / W, (W * sin + H * cos) / H  # of a turned picture, in pictures
    return 1 / max(spread) if inwards else max(spread)
