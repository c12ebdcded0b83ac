"""What `ImageDetRecordIter` does to a picture (H, W, C) and the objects in it.

Objects are rows (class, left, top, right, bottom, …), the edges as parts from 0 to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlstudio.core.interpret import raw
from dlstudio.errors import ParamError, explain
from dlstudio.io.record_augment import hsl_shifted

__all__ = ["DetAugmentation"]

Array = Any
Range = tuple[float, ...]
_EMIT_MODES, _RESIZE_MODES = ("center", "overlap"), ("force", "shrink", "fit")


@dataclass(frozen=True)
class DetAugmentation:
    """Crops, borders, mirror images and colours for detection; names and defaults are MXNet's.

    Attributes
    ----------
    data_shape : (channels, height, width)
    resize : int
        Length of the shorter edge before all else; not positive: none.
    rand_crop_prob : float
        How often one of `num_crop_sampler` ways to crop is tried. Of each way, lists give the
        smallest and largest scale (of the edges), aspect ratio, overlap (intersection over union
        with an object), share of the crop that an object takes, and share of an object that is
        seen, and `max_crop_trials`.
    crop_emit_mode : {"center", "overlap"}
        Keep the objects whose middle lies in the crop, or of which more than
        `emit_overlap_thresh` does.
    rand_pad_prob, max_pad_scale : float
        How often a picture is put on a larger one, and the largest scale of that.
    rand_mirror_prob : float
    max_random_hue, max_random_saturation, max_random_illumination : int
        Largest changes (of 180, 255, 255), each made as often as its ``…_prob`` says.
    max_random_contrast : float
    fill_value : int
    resize_mode : {"force", "shrink", "fit"}
        At the end: to the shape asked for, or in proportion with `fill_value` beside it —
        "shrink" only if it is larger.
    inter_method : int
    """

    data_shape: tuple[int, int, int]
    resize: int = -1
    rand_crop_prob: float = 0.0
    min_crop_scales: Range = (0.0,)
    max_crop_scales: Range = (1.0,)
    min_crop_aspect_ratios: Range = (1.0,)
    max_crop_aspect_ratios: Range = (1.0,)
    min_crop_overlaps: Range = (0.0,)
    max_crop_overlaps: Range = (1.0,)
    min_crop_sample_coverages: Range = (0.0,)
    max_crop_sample_coverages: Range = (1.0,)
    min_crop_object_coverages: Range = (0.0,)
    max_crop_object_coverages: Range = (1.0,)
    num_crop_sampler: int = 1
    max_crop_trials: tuple[int, ...] = field(default=(25,))
    crop_emit_mode: str = "center"
    emit_overlap_thresh: float = 0.3
    rand_pad_prob: float = 0.0
    max_pad_scale: float = 1.0
    rand_mirror_prob: float = 0.0
    max_random_hue: int = 0
    random_hue_prob: float = 0.0
    max_random_saturation: int = 0
    random_saturation_prob: float = 0.0
    max_random_illumination: int = 0
    random_illumination_prob: float = 0.0
    max_random_contrast: float = 0.0
    random_contrast_prob: float = 0.0
    fill_value: int = 127
    inter_method: int = 1
    resize_mode: str = "force"

    def __post_init__(self) -> None:
        for name, choices in (("crop_emit_mode", _EMIT_MODES), ("resize_mode", _RESIZE_MODES)):
            if getattr(self, name) not in choices:
                raise ParamError(
                    explain(
                        f"ImageDetRecordIter: got {name}={getattr(self, name)!r}.",
                        f"one of {choices}.",
                    )
                )

    def __call__(self, image: Array, objects: Array, draw: Any) -> tuple[Array, Array]:
        """Augment a uint8 picture and its objects."""
        if self.resize > 0:
            factor = self.resize / min(image.shape[:2])
            image = self._resized(image, *(round(n * factor) for n in image.shape[1::-1]))
        image = self._coloured(image, draw)
        if draw.random() < self.rand_mirror_prob:
            image, objects = image[:, ::-1], objects.copy()
            objects[:, [1, 3]] = 1 - objects[:, [3, 1]]
        if draw.random() < self.rand_pad_prob and self.max_pad_scale > 1:
            image, objects = self._padded(image, objects, draw)
        if draw.random() < self.rand_crop_prob:
            image, objects = self._cropped(image, objects, draw)
        return self._fitted(image, objects)

    def _resized(self, image: Array, width: int, height: int) -> Array:
        method = self.inter_method if self.inter_method < 5 else 1
        size = (max(width, 1), max(height, 1))
        return raw(np).image_resize(np.ascontiguousarray(image), size=size, interp=method)

    def _coloured(self, image: Array, draw: Any) -> Array:
        if image.shape[2] != 3:
            return image
        shifts = [
            draw.uniform(-1, 1) * most / whole if draw.random() < often else 0.0
            for most, whole, often in (
                (self.max_random_hue, 180, self.random_hue_prob),
                (self.max_random_saturation, 255, self.random_saturation_prob),
                (self.max_random_illumination, 255, self.random_illumination_prob),
            )
        ]
        if any(shifts):
            image = _as_bytes(hsl_shifted(image, *shifts))
        if draw.random() < self.random_contrast_prob:
            factor = 1 + draw.uniform(-self.max_random_contrast, self.max_random_contrast)
            image = _as_bytes(image.astype(np.float32) * factor)
        return image

    # ---- borders and crops -----------------------------------------------------------------------
    def _padded(self, image: Array, objects: Array, draw: Any) -> tuple[Array, Array]:
        H, W, C = image.shape
        scale = draw.uniform(1, self.max_pad_scale)
        height, width = round(H * scale), round(W * scale)
        y, x = int(draw.integers(height - H + 1)), int(draw.integers(width - W + 1))
        larger = np.full((height, width, C), self.fill_value, np.uint8)
        larger[y : y + H, x : x + W] = image
        part = np.array([-x / W, -y / H, (width - x) / W, (height - y) / H])
        return larger, _seen_from(part, objects)

    def _cropped(self, image: Array, objects: Array, draw: Any) -> tuple[Array, Array]:
        """Try the ways to crop in random order; the picture stays if none succeeds."""
        for way in draw.permutation(self.num_crop_sampler):
            for _ in range(int(_of(self.max_crop_trials, way))):
                part = self._part(image, way, draw)
                if part is None or not self._fits(part, objects, way):
                    continue
                kept = objects[self._emitted(part, objects)]
                if len(kept):
                    return _cut_out(image, part, kept)
        return image, objects

    def _part(self, image: Array, way: int, draw: Any) -> Array | None:
        """Draw (left, top, right, bottom) of a crop, as parts of the picture."""
        H, W = image.shape[:2]
        scale = draw.uniform(_of(self.min_crop_scales, way), _of(self.max_crop_scales, way))
        ratio = draw.uniform(
            _of(self.min_crop_aspect_ratios, way), _of(self.max_crop_aspect_ratios, way)
        )
        width, height = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
        if not (1 / W <= width <= 1 and 1 / H <= height <= 1):
            return None
        x, y = draw.uniform(0, 1 - width), draw.uniform(0, 1 - height)
        return np.array([x, y, x + width, y + height])

    def _fits(self, part: Array, objects: Array, way: int) -> bool:
        """Whether overlap and coverages of some object are within the way's bounds."""
        shared, own, crop = _shared(part, objects), _areas(objects[:, 1:5]), _areas(part[None])
        values = {
            "overlaps": shared / np.maximum(own + crop - shared, 1e-12),
            "sample_coverages": shared / crop,
            "object_coverages": shared / np.maximum(own, 1e-12),
        }
        good = np.ones(len(objects), bool)
        for name, value in values.items():
            low = _of(getattr(self, f"min_crop_{name}"), way)
            good &= (value >= low) & (value <= _of(getattr(self, f"max_crop_{name}"), way))
        return bool(good.any())

    def _emitted(self, part: Array, objects: Array) -> Array:
        if self.crop_emit_mode == "center":
            middle = (objects[:, 1:3] + objects[:, 3:5]) / 2
            return ((middle >= part[:2]) & (middle <= part[2:])).all(axis=1)
        seen = _shared(part, objects) / np.maximum(_areas(objects[:, 1:5]), 1e-12)
        return seen > self.emit_overlap_thresh

    def _fitted(self, image: Array, objects: Array) -> tuple[Array, Array]:
        """Give the picture the shape asked for."""
        C, height, width = self.data_shape
        if self.resize_mode == "force":
            return self._resized(image, width, height), objects
        H, W = image.shape[:2]
        factor = min(height / H, width / W)
        if self.resize_mode == "fit" or factor < 1:
            image = self._resized(image, min(width, int(W * factor)), min(height, int(H * factor)))
            H, W = image.shape[:2]
        framed = np.full((height, width, C), self.fill_value, np.uint8)
        framed[:H, :W] = image
        return framed, _seen_from(np.array([0, 0, width / W, height / H]), objects)


def _of(values: Any, way: int) -> Any:
    """The way's own value of a list; a single one serves all ways."""
    values = np.atleast_1d(values)
    return values[min(way, len(values) - 1)]


def _areas(boxes: Array) -> Array:
    return np.prod(np.maximum(boxes[:, 2:4] - boxes[:, 0:2], 0), axis=1)


def _shared(part: Array, objects: Array) -> Array:
    """Area that each object shares with `part`."""
    low, high = np.maximum(objects[:, 1:3], part[:2]), np.minimum(objects[:, 3:5], part[2:])
    return np.prod(np.maximum(high - low, 0), axis=1)


def _seen_from(part: Array, objects: Array) -> Array:
    """Objects with edges as parts of `part`, within it."""
    moved = objects.copy()
    corner, size = np.tile(part[:2], 2), np.tile(part[2:] - part[:2], 2)
    moved[:, 1:5] = np.clip((objects[:, 1:5] - corner) / size, 0, 1)
    return moved


def _cut_out(image: Array, part: Array, objects: Array) -> tuple[Array, Array]:
    H, W = image.shape[:2]
    left, top, right, bottom = np.round(part * [W, H, W, H]).astype(int)
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    exact = np.array([left / W, top / H, right / W, bottom / H])
    return image[top:bottom, left:right], _seen_from(exact, objects)


def _as_bytes(x: Array) -> Array:
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)
