"""Transforms that move pixels: resizing, cropping, flipping."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.data.vision import pixels
from dlstudio.gluon.data.vision.transforms.base import ArrayTransform, chance, probability, uniform

__all__ = [
    "CenterCrop",
    "CropResize",
    "RandomCrop",
    "RandomFlipLeftRight",
    "RandomFlipTopBottom",
    "RandomResizedCrop",
    "Resize",
]

Array = Any
Size = int | tuple[int, int]  # one edge, or (width, height)

_ATTEMPTS = 10  # at a random crop before the middle is taken


def _width_and_height(size: Size, owner: str) -> tuple[int, int]:
    pair = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(pair) != 2 or not all(isinstance(n, Integral) and n > 0 for n in pair):
        raise ParamError(
            explain(f"{owner}: got size={size!r}.", "one positive number or (width, height).")
        )
    return int(pair[0]), int(pair[1])


class Resize(ArrayTransform):
    """Scale an image to a given size.

    Parameters
    ----------
    size : int or (width, height)
    keep_ratio : bool, default False
        With one number as `size`: give it to the shorter edge and keep the proportions.
    interpolation : int, default 1
        0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos.
    """

    def __init__(self, size: Size, keep_ratio: bool = False, interpolation: int = 1) -> None:
        super().__init__()
        self._size = _width_and_height(size, "Resize")
        self._shorter = self._size[0] if keep_ratio and isinstance(size, Integral) else None
        self._interpolation = interpolation

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C) or (B, H, W, C)."""
        size = pixels.shorter_edge(image, self._shorter) if self._shorter else self._size
        return pixels.resize(image, *size, self._interpolation)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image, or a batch of images, inside a network."""
        size = self._shorter or self._size
        keep = self._shorter is not None
        return F.image.resize(x, size=size, keep_ratio=keep, interp=self._interpolation)


class CropResize(ArrayTransform):
    """Cut out a rectangle, then scale it if a size is given.

    Parameters
    ----------
    x, y : int
        Left and upper edge.
    width, height : int
    size : int or (width, height), optional
    interpolation : int, optional
        See `Resize`; bilinear by default.
    """

    def __init__(
        self,
        x: int,
        y: int,
        width: int,
        height: int,
        size: Size | None = None,
        interpolation: int | None = None,
    ) -> None:
        super().__init__()
        self._box = x, y, width, height
        self._size = None if size is None else _width_and_height(size, "CropResize")
        self._interpolation = 1 if interpolation is None else interpolation

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C) or (B, H, W, C)."""
        part = pixels.crop(image, *self._box)
        return part if self._size is None else pixels.resize(part, *self._size, self._interpolation)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image, or a batch of images, inside a network."""
        left, top, width, height = self._box
        part = F.image.crop(x, x=left, y=top, width=width, height=height)
        if self._size is None:
            return part
        return F.image.resize(part, size=self._size, interp=self._interpolation)


class CenterCrop(ArrayTransform):
    """Cut out the middle. From a smaller image, a part of equal proportions is taken and enlarged.

    Parameters
    ----------
    size : int or (width, height)
    interpolation : int, default 1
        See `Resize`.
    """

    def __init__(self, size: Size, interpolation: int = 1) -> None:
        super().__init__()
        self._size = _width_and_height(size, "CenterCrop")
        self._interpolation = interpolation

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C) or (B, H, W, C)."""
        part = pixels.crop(image, *pixels.centered(image, *self._size))
        return pixels.resize(part, *self._size, self._interpolation)


class RandomCrop(ArrayTransform):
    """Cut out a rectangle at a random place, after padding the image if asked to.

    Parameters
    ----------
    size : int or (width, height)
    pad : int or (left, right, top, bottom), optional
        Pixels to add around the image first.
    pad_value : int, default 0
    interpolation : int, default 1
        Used if the image is smaller than `size`; see `Resize`.
    """

    def __init__(
        self,
        size: Size,
        pad: int | tuple[int, int, int, int] | None = None,
        pad_value: int = 0,
        interpolation: int = 1,
    ) -> None:
        super().__init__()
        self._size = _width_and_height(size, "RandomCrop")
        self._pad = (pad,) * 4 if isinstance(pad, int) else pad
        self._pad_value = pad_value
        self._interpolation = interpolation

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C) or (B, H, W, C)."""
        if self._pad is not None:
            left, right, top, bottom = self._pad
            widths = [(0, 0)] * (image.ndim - 3) + [(top, bottom), (left, right), (0, 0)]
            image = np.pad(image, widths, constant_values=self._pad_value)
        _, _, width, height = pixels.centered(image, *self._size)
        part = _random_part(image, width, height)
        return pixels.resize(part, *self._size, self._interpolation)


class RandomResizedCrop(ArrayTransform):
    """Cut out a rectangle of random place, area and proportions, and scale it to `size`.

    Parameters
    ----------
    size : int or (width, height)
    scale : (float, float), default (0.08, 1)
        Range of the rectangle's area, as a part of the image's.
    ratio : (float, float), default (3/4, 4/3)
        Range of width / height; drawn evenly on a logarithmic scale.
    interpolation : int, default 1
        See `Resize`.
    """

    def __init__(
        self,
        size: Size,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: int = 1,
    ) -> None:
        super().__init__()
        self._size = _width_and_height(size, "RandomResizedCrop")
        self._scale = (scale, 1.0) if isinstance(scale, (int, float)) else scale
        self._ratio = ratio
        self._interpolation = interpolation

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C) or (B, H, W, C)."""
        return pixels.resize(self._random_part(image), *self._size, self._interpolation)

    def _random_part(self, image: Array) -> Array:
        rows, columns = image.shape[-3:-1]
        for _ in range(_ATTEMPTS):
            area = rows * columns * uniform(*self._scale)
            ratio = math.exp(uniform(math.log(self._ratio[0]), math.log(self._ratio[1])))
            width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 1 <= width <= columns and 1 <= height <= rows:
                return _random_part(image, width, height)
        return pixels.crop(image, *pixels.centered(image, *self._size))


def _random_part(image: Array, width: int, height: int) -> Array:
    rows, columns = image.shape[-3:-1]
    draw = host_generator()
    x, y = int(draw.integers(columns - width + 1)), int(draw.integers(rows - height + 1))
    return pixels.crop(image, x, y, width, height)


class _RandomFlip(ArrayTransform):
    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self._p = probability(p, type(self).__name__)


class RandomFlipLeftRight(_RandomFlip):
    """Mirror an image left to right, every second time on average.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        How often.
    """

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C)."""
        return image[..., ::-1, :] if chance(self._p) else image

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image inside a network."""
        return F.image.random_flip_left_right(x, p=self._p)


class RandomFlipTopBottom(_RandomFlip):
    """Turn an image upside down (mirrored), every second time on average.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        How often.
    """

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C)."""
        return image[..., ::-1, :, :] if chance(self._p) else image

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image inside a network."""
        return F.image.random_flip_top_bottom(x, p=self._p)
