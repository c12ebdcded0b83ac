"""What `ImageRecordIter` does to a picture (H, W, C) between the file and the batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlstudio.core.interpret import raw
from dlstudio.errors import DataError, ParamError, explain

__all__ = ["Augmentation", "hsl_shifted"]

Array = Any

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
# principal axes of the colours of ImageNet, scaled by their spread (Krizhevsky et al. 2012)
_AXES = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
) * [55.46, 4.794, 1.148]
_ATTEMPTS = 10
_BY_SIZE, _AT_RANDOM = 9, 10


@dataclass(frozen=True)
class Augmentation:
    """Resizing, turning, cropping and changing colours; names and defaults are MXNet's.

    Attributes
    ----------
    data_shape : (channels, height, width)
        Of the result.
    resize : int
        Length of the shorter edge before all else; not positive: none.
    pad, fill_value : int
        Pixels around the picture before the crop, and their value.
    rand_crop : bool
        Crop at a random place, else in the middle.
    random_resized_crop : bool
        Crop parts of random area (`min_random_area`, `max_random_area`, shares of the picture)
        and proportions (`min_aspect_ratio`, `max_aspect_ratio`).
    min_crop_size, max_crop_size : int
        Crop squares with edges of random length; -1: of the size of the result.
    rotate, max_rotate_angle : int
        Turn by this angle, or by at most that, in degrees.
    max_shear_ratio, min_random_scale, max_random_scale, max_aspect_ratio : float
        Shear, scale and stretch at random; `min_img_size` and `max_img_size` bound the result.
    brightness, contrast, saturation, pca_noise : float
        Strength of the random changes, as of `image.CreateAugmenter`.
    random_h, random_s, random_l : int
        Largest change of hue (of 180), saturation and lightness (of 255).
    inter_method : int
        0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos, 9 by size, 10 at random.
    """

    data_shape: tuple[int, int, int]
    resize: int = -1
    rand_crop: bool = False
    random_resized_crop: bool = False
    max_rotate_angle: int = 0
    max_aspect_ratio: float = 0.0
    min_aspect_ratio: float | None = None
    max_shear_ratio: float = 0.0
    max_crop_size: int = -1
    min_crop_size: int = -1
    max_random_scale: float = 1.0
    min_random_scale: float = 1.0
    max_random_area: float = 1.0
    min_random_area: float = 1.0
    max_img_size: float = 1e10
    min_img_size: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    pca_noise: float = 0.0
    random_h: int = 0
    random_s: int = 0
    random_l: int = 0
    rotate: int = -1
    fill_value: int = 255
    inter_method: int = 1
    pad: int = 0

    def __post_init__(self) -> None:
        if self.inter_method not in (*range(5), _BY_SIZE, _AT_RANDOM):
            raise ParamError(
                explain(
                    f"ImageRecordIter: got inter_method={self.inter_method}.", "0 to 4, 9 or 10."
                )
            )

    def __call__(self, image: Array, draw: np.random.Generator) -> Array:
        """Augment a uint8 picture; the result is float32 where colours changed, else uint8."""
        if self.resize > 0:
            image = self._shorter_edge(image, draw)
        if self._moves:
            image = self._moved(image, draw)
        if self.pad > 0:
            widths = ((self.pad, self.pad), (self.pad, self.pad), (0, 0))
            image = np.pad(image, widths, constant_values=self.fill_value)
        return self._coloured(self._cropped(image, draw), draw)

    # ---- size and place ------------------------------------------------------------------------
    def _resized(self, image: Array, width: int, height: int, draw: Any) -> Array:
        if image.shape[:2] == (height, width):
            return image
        method = self.inter_method
        if method == _AT_RANDOM:
            method = int(draw.integers(5))
        if method == _BY_SIZE:
            larger, smaller = height > image.shape[0], height < image.shape[0]
            method = 2 if larger and width > image.shape[1] else 3 if smaller else 1
        return raw(np).image_resize(image, size=(width, height), interp=method)

    def _shorter_edge(self, image: Array, draw: Any) -> Array:
        H, W = image.shape[:2]
        n = self.resize
        size = (n, n * H // W) if H > W else (n * W // H, n)
        return self._resized(image, *size, draw)

    @property
    def _stretch(self) -> float:
        return 0.0 if self.random_resized_crop else self.max_aspect_ratio

    @property
    def _moves(self) -> bool:
        scales = (self.min_random_scale, self.max_random_scale)
        angles = self.max_rotate_angle > 0 or self.rotate > 0
        return angles or self.max_shear_ratio > 0 or self._stretch > 0 or scales != (1, 1)

    def _moved(self, image: Array, draw: Any) -> Array:
        """Turn, shear, scale and stretch in one step."""
        H, W = image.shape[:2]
        degrees = draw.uniform(-self.max_rotate_angle, self.max_rotate_angle)
        angle = math.radians(self.rotate if self.rotate > 0 else degrees)
        shear = draw.uniform(-self.max_shear_ratio, self.max_shear_ratio)
        scale = draw.uniform(self.min_random_scale, self.max_random_scale)
        ratio = 1 + draw.uniform(-self._stretch, self._stretch)
        height_scale = 2 * scale / (1 + ratio)
        width_scale = ratio * height_scale
        cos, sin = math.cos(angle), math.sin(angle)
        matrix = np.array(
            [
                [
                    height_scale * cos - shear * sin * width_scale,
                    height_scale * sin + shear * cos * width_scale,
                ],
                [-sin * width_scale, cos * width_scale],
            ]
        )
        width, height = (
            int(max(self.min_img_size, min(self.max_img_size, scale * n))) for n in (W, H)
        )
        return _warped(image, matrix, max(width, 1), max(height, 1), self.fill_value)

    def _cropped(self, image: Array, draw: Any) -> Array:
        _, height, width = self.data_shape
        if self.random_resized_crop:
            return self._resized(self._random_part(image, draw), width, height, draw)
        if self.max_crop_size != -1 or self.min_crop_size != -1:
            least = max(1, self.min_crop_size)
            edge = int(draw.integers(least, max(least, self.max_crop_size) + 1))
            return self._resized(self._part(image, edge, edge, draw), width, height, draw)
        return self._part(image, width, height, draw)

    def _part(self, image: Array, width: int, height: int, draw: Any) -> Array:
        H, W = image.shape[:2]
        if height > H or width > W:
            raise DataError(
                explain(
                    f"ImageRecordIter: a picture of {W} x {H} pixels is too small for a crop of "
                    f"{width} x {height}.",
                    "pictures at least as large as data_shape.",
                    f"resize={max(width, height)}, which makes the shorter edge so long",
                )
            )
        if self.rand_crop:
            x, y = int(draw.integers(W - width + 1)), int(draw.integers(H - height + 1))
        else:
            x, y = (W - width) // 2, (H - height) // 2
        return image[y : y + height, x : x + width]

    def _random_part(self, image: Array, draw: Any) -> Array:
        H, W = image.shape[:2]
        low, high = self._ratios()
        for _ in range(_ATTEMPTS):
            area = H * W * draw.uniform(self.min_random_area, self.max_random_area)
            ratio = math.exp(draw.uniform(math.log(low), math.log(high)))
            width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 1 <= width <= W and 1 <= height <= H:
                x, y = int(draw.integers(W - width + 1)), int(draw.integers(H - height + 1))
                return image[y : y + height, x : x + width]
        edge = min(H, W)
        return image[(H - edge) // 2 :, (W - edge) // 2 :][:edge, :edge]

    def _ratios(self) -> tuple[float, float]:
        """Bounds of width / height of a random part."""
        if self.min_aspect_ratio is not None:
            return self.min_aspect_ratio, max(self.max_aspect_ratio, self.min_aspect_ratio)
        return 1 / (1 + self.max_aspect_ratio), 1 + self.max_aspect_ratio

    # ---- colours -------------------------------------------------------------------------------
    def _coloured(self, image: Array, draw: Any) -> Array:
        if image.shape[2] != 3:
            return image
        changes = [
            (change, strength)
            for change, strength in (
                (_brighter, self.brightness),
                (_contrasted, self.contrast),
                (_saturated, self.saturation),
            )
            if strength > 0
        ]
        for number in draw.permutation(len(changes)):
            change, strength = changes[number]
            factor = np.float32(1 + draw.uniform(-strength, strength))
            image = np.clip(change(image.astype(np.float32), factor), 0, 255)
        if self.random_h or self.random_s or self.random_l:
            image = hsl_shifted(image, *self._shifts(draw))
        if self.pca_noise > 0:
            shift = (_AXES @ draw.normal(0, self.pca_noise, 3)).astype(np.float32)
            image = np.clip(image.astype(np.float32) + shift, 0, 255)
        return image

    def _shifts(self, draw: Any) -> tuple[float, float, float]:
        h, s, v = (draw.uniform(-1, 1) for _ in range(3))
        return h * self.random_h / 180, s * self.random_s / 255, v * self.random_l / 255


def _brighter(x: Array, factor: Any) -> Array:
    return x * factor


def _contrasted(x: Array, factor: Any) -> Array:
    return x * factor + (1 - factor) * (x @ _LUMA).mean()


def _saturated(x: Array, factor: Any) -> Array:
    return x * factor + (1 - factor) * (x @ _LUMA)[..., np.newaxis]


def hsl_shifted(image: Array, hue: float, saturation: float, lightness: float) -> Array:
    """Change hue, saturation and lightness (HSL, each from 0 to 1) by the given amounts."""
    x = image.astype(np.float32) / 255
    top, low = x.max(axis=-1), x.min(axis=-1)
    span = top - low
    light = (top + low) / 2
    safe = np.where(span > 0, span, 1)
    strength = np.where(span > 0, span / np.maximum(1 - np.abs(2 * light - 1), 1e-6), 0)
    r, g, b = (x[..., k] for k in range(3))
    sector = np.where(
        top == r, (g - b) / safe % 6, np.where(top == g, (b - r) / safe + 2, (r - g) / safe + 4)
    )
    sector = (sector + 6 * hue) % 6
    strength = np.where(span > 0, np.clip(strength + saturation, 0, 1), 0)  # grey has no hue
    light = np.clip(light + lightness, 0, 1)
    span = strength * (1 - np.abs(2 * light - 1))
    top = light + span / 2

    def channel(offset: int) -> Array:
        distance = (offset + sector) % 6
        return top - span * np.clip(np.minimum(distance, 4 - distance), 0, 1)

    return 255 * np.stack([channel(5), channel(3), channel(1)], axis=-1).astype(np.float32)


def _warped(image: Array, matrix: Array, width: int, height: int, fill: int) -> Array:
    """Move pixels by an affine map about the middle, bilinear; what is not covered is `fill`."""
    H, W = image.shape[:2]
    to = np.array([(width - 1) / 2, (height - 1) / 2]).reshape(2, 1, 1)
    y, x = np.mgrid[0:height, 0:width]
    source = np.tensordot(np.linalg.inv(matrix), np.stack([x, y]) - to, 1)
    sx, sy = source[0] + (W - 1) / 2, source[1] + (H - 1) / 2
    framed = np.pad(image.astype(np.float32), ((1, 1), (1, 1), (0, 0)), constant_values=fill)
    sx, sy = np.clip(sx + 1, 0, W + 1 - 1e-6), np.clip(sy + 1, 0, H + 1 - 1e-6)
    x0, y0 = sx.astype(np.intp), sy.astype(np.intp)
    a, b = (sx - x0)[..., np.newaxis], (sy - y0)[..., np.newaxis]
    upper = framed[y0, x0] * (1 - a) + framed[y0, x0 + 1] * a
    lower = framed[y0 + 1, x0] * (1 - a) + framed[y0 + 1, x0 + 1] * a
    return np.clip(np.rint(upper * (1 - b) + lower * b), 0, 255).astype(np.uint8)
