"""Augmenters for object detection: they change a picture together with the boxes in it.

Labels are arrays (N, 5 or more): class, left, top, right, bottom — the edges as parts of width and
height, from 0 to 1 — and whatever else describes an object.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.dialects import pictures
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.image.augment import Augmenter, PixelAugmenter, chance

__all__ = [
    "DetAugmenter",
    "DetBorrowAug",
    "DetHorizontalFlipAug",
    "DetRandomCropAug",
    "DetRandomPadAug",
    "DetRandomSelectAug",
]

Array = Any


class DetAugmenter(Augmenter):
    """Base of augmenters for detection: subclasses define ``__call__(src, label)``."""

    def __call__(self, src: Any, label: Any) -> tuple[Any, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Change a picture and its boxes.

        Parameters
        ----------
        src : NDArray, (H, W, C)
        label : numpy.ndarray, (N, 5 or more)

        Returns
        -------
        (NDArray, numpy.ndarray)
        """
        raise ParamError(
            explain(f"{type(self).__name__} does not define __call__(self, src, label).")
        )


class DetBorrowAug(DetAugmenter):
    """An augmenter that leaves boxes where they are, such as of colour or size.

    Parameters
    ----------
    augmenter : Augmenter
    """

    def __init__(self, augmenter: Augmenter) -> None:
        super().__init__(augmenter=getattr(augmenter, "dumps", augmenter.__repr__)())
        if not isinstance(augmenter, Augmenter):
            raise DTypeError(
                explain(
                    f"DetBorrowAug: got a {type(augmenter).__name__}.",
                    "an image.Augmenter.",
                    "DetBorrowAug(mx.image.CastAug())",
                )
            )
        self.augmenter = augmenter

    def dumps(self) -> Any:
        """Describe the augmenter and the borrowed one."""
        return [type(self).__name__.lower(), self.augmenter.dumps()]

    def __call__(self, src: Any, label: Any) -> tuple[Any, Any]:
        """Change a picture."""
        return self.augmenter(src), label


class DetRandomSelectAug(DetAugmenter):
    """One of several augmenters, chosen at random, or none of them.

    Parameters
    ----------
    aug_list : list of DetAugmenter
    skip_prob : float in [0, 1]
        How often none is chosen.
    """

    def __init__(self, aug_list: Any, skip_prob: float = 0) -> None:
        super().__init__(skip_prob=skip_prob)
        self.aug_list: list[DetAugmenter] = (
            list(aug_list) if isinstance(aug_list, (list, tuple)) else [aug_list]
        )
        for each in self.aug_list:
            if not isinstance(each, DetAugmenter):
                raise DTypeError(
                    explain(
                        f"DetRandomSelectAug: got a {type(each).__name__}.",
                        "augmenters for detection.",
                        "DetBorrowAug(augmenter)",
                    )
                )
        self.skip_prob = skip_prob if self.aug_list else 1

    def dumps(self) -> Any:
        """Describe the augmenter and its choices."""
        return [type(self).__name__.lower(), [x.dumps() for x in self.aug_list]]

    def __call__(self, src: Any, label: Any) -> tuple[Any, Any]:
        """Change a picture and its boxes."""
        if chance(self.skip_prob):
            return src, label
        return self.aug_list[int(host_generator().integers(len(self.aug_list)))](src, label)


class DetHorizontalFlipAug(DetAugmenter):
    """Mirror left to right, boxes too.

    Parameters
    ----------
    p : float in [0, 1]
        How often.
    """

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def __call__(self, src: Any, label: Any) -> tuple[Any, Any]:
        """Change a picture and its boxes."""
        if not chance(self.p):
            return src, label
        mirrored = np.array(label)
        mirrored[:, 1], mirrored[:, 3] = 1 - label[:, 3], 1 - label[:, 1]
        return _Mirror()(src), mirrored


class _Mirror(PixelAugmenter):
    def compute(self, image: Array) -> Array:
        return image[:, ::-1].copy()


# ---- cropping --------------------------------------------------------------------------------
class DetRandomCropAug(DetAugmenter):
    """Cut out a random part that shows enough of the objects it touches.

    Parameters
    ----------
    min_object_covered : float
        Least part of each touched object that must be seen.
    aspect_ratio_range : (float, float)
        Of the part, width / height.
    area_range : (float, float)
        Of the part's share of the picture.
    min_eject_coverage : float
        Objects of which less than this is left are dropped.
    max_attempts : int
        After these the picture stays whole.
    """

    def __init__(
        self,
        min_object_covered: float = 0.1,
        aspect_ratio_range: Any = (0.75, 1.33),
        area_range: Any = (0.05, 1.0),
        min_eject_coverage: float = 0.3,
        max_attempts: int = 50,
    ) -> None:
        ratios, areas = _pair(aspect_ratio_range), _pair(area_range)
        super().__init__(
            min_object_covered=min_object_covered,
            aspect_ratio_range=ratios,
            area_range=areas,
            min_eject_coverage=min_eject_coverage,
            max_attempts=max_attempts,
        )
        _check_ranges(self, ratios, areas)
        self.min_object_covered, self.min_eject_coverage = min_object_covered, min_eject_coverage
        self.aspect_ratio_range, self.area_range = ratios, (min(areas[0], 1.0), min(areas[1], 1.0))
        self.max_attempts = max_attempts

    def __call__(self, src: Any, label: Any) -> tuple[Any, Any]:
        """Change a picture and its boxes."""
        label = _checked(label)
        H, W = src.shape[:2]
        for x, y, w, h in self._parts(W, H):
            boxes = self._inside(label, np.array([x / W, y / H, (x + w) / W, (y + h) / H]))
            if boxes is not None:
                return pictures.fixed_crop(src, x, y, w, h, None), boxes
        return src, label

    def _parts(self, W: int, H: int) -> Iterator[tuple[int, int, int, int]]:
        """Random parts (x, y, width, height) of the area and proportions asked for."""
        draw = host_generator()
        for _ in range(self.max_attempts):
            area = draw.uniform(*self.area_range) * W * H
            ratio = draw.uniform(*self.aspect_ratio_range)
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 1 <= w <= W and 1 <= h <= H:
                yield int(draw.integers(W - w + 1)), int(draw.integers(H - h + 1)), w, h

    def _inside(self, label: Array, part: Array) -> Array | None:
        """Boxes as they lie in `part` (left, top, right, bottom), None if it will not do."""
        cut = np.concatenate(
            [np.maximum(label[:, 1:3], part[:2]), np.minimum(label[:, 3:5], part[2:])], axis=1
        )
        seen = _areas(cut) / np.maximum(_areas(label[:, 1:5]), 1e-12)
        touched = seen > 0
        if not touched.any() or seen[touched].min() < self.min_object_covered:
            return None
        kept = touched & (seen > self.min_eject_coverage)
        if not kept.any():
            return None
        boxes = np.array(label[kept])
        corner, size = np.tile(part[:2], 2), np.tile(part[2:] - part[:2], 2)
        boxes[:, 1:5] = np.clip((cut[kept] - corner) / size, 0, 1)
        return boxes


class DetRandomPadAug(DetAugmenter):
    """Put a picture at a random place of a larger, plain one.

    Parameters
    ----------
    aspect_ratio_range : (float, float)
        Of the larger one, width / height.
    area_range : (float, float)
        Of its area, in areas of the picture; at least 1.
    max_attempts : int
        After these the picture stays as it is.
    pad_val : number, or one for each channel
        Colour around the picture.
    """

    def __init__(
        self,
        aspect_ratio_range: Any = (0.75, 1.33),
        area_range: Any = (1.0, 3.0),
        max_attempts: int = 50,
        pad_val: Any = (128, 128, 128),
    ) -> None:
        values = tuple(pad_val) if isinstance(pad_val, (list, tuple)) else (pad_val,)
        ratios = _pair(aspect_ratio_range)
        areas = (1.0, float(area_range)) if np.ndim(area_range) == 0 else _pair(area_range)
        super().__init__(
            aspect_ratio_range=ratios, area_range=areas, max_attempts=max_attempts, pad_val=values
        )
        _check_ranges(self, ratios, areas)
        self.aspect_ratio_range, self.area_range = ratios, areas
        self.max_attempts, self.pad_val = max_attempts, values

    def __call__(self, src: Any, label: Any) -> tuple[Any, Any]:
        """Change a picture and its boxes."""
        label = _checked(label)
        H, W = src.shape[:2]
        place = self._place(W, H)
        if place is None:
            return src, label
        x, y, w, h = place
        values = self.pad_val * src.shape[2] if len(self.pad_val) == 1 else self.pad_val
        padded = pictures.copyMakeBorder(
            src, y, h - H - y, x, w - W - x, values=values[: src.shape[2]]
        )
        boxes = np.array(label)
        boxes[:, 1:5] = (label[:, 1:5] * [W, H, W, H] + [x, y, x, y]) / [w, h, w, h]
        return padded, boxes

    def _place(self, W: int, H: int) -> tuple[int, int, int, int] | None:
        """Where the picture goes, and the size of the larger one: (x, y, width, height)."""
        draw = host_generator()
        if self.area_range[1] <= 1:
            return None
        for _ in range(self.max_attempts):
            area = draw.uniform(max(1.0, self.area_range[0]), self.area_range[1]) * W * H
            ratio = draw.uniform(*self.aspect_ratio_range)
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if w >= W and h >= H:
                return int(draw.integers(w - W + 1)), int(draw.integers(h - H + 1)), w, h
        return None


def _areas(boxes: Array) -> Array:
    """Area of each box (left, top, right, bottom); 0 of an empty one."""
    return np.prod(np.maximum(boxes[:, 2:4] - boxes[:, 0:2], 0), axis=1)


def _pair(value: Any) -> tuple[float, float]:
    if np.ndim(value) == 0:  # one number: at least that much of the picture, or that ratio
        return (float(value), max(1.0, float(value)))
    low, high = value
    return float(low), float(high)


def _check_ranges(
    owner: Augmenter, ratios: tuple[float, float], areas: tuple[float, float]
) -> None:
    for name, (low, high) in (("aspect_ratio_range", ratios), ("area_range", areas)):
        if not 0 < low <= high and not (name == "area_range" and low == 0 < high):
            raise ParamError(
                explain(
                    f"{type(owner).__name__}: got {name}={(low, high)}.",
                    "two positive numbers, the smaller one first.",
                )
            )


def _checked(label: Any) -> Array:
    label = np.asarray(label)
    if label.ndim != 2 or label.shape[1] < 5:
        raise ShapeError(
            explain(
                f"an augmenter for detection got labels of shape {label.shape}.",
                "(objects, 5 or more): class, left, top, right, bottom, …",
            )
        )
    return label
