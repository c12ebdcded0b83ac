"""Transforms of a picture together with the boxes of the objects in it, as in MXNet 2.0.

Pictures are (H, W, C). Boxes are (N, 4 or more): left, top, right and bottom in pixels, then
whatever else describes an object, such as its class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.gluon.block import Block
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.vision import pixels
from dlstudio.gluon.data.vision.transforms.base import chance, probability, uniform

__all__ = [
    "ImageBboxCrop",
    "ImageBboxRandomCropWithConstraints",
    "ImageBboxRandomExpand",
    "ImageBboxRandomFlipLeftRight",
    "ImageBboxResize",
]

Array = Any
# of `ImageBboxRandomCropWithConstraints`: those of SSD (Liu et al. 2016, section 2.2)
_CONSTRAINTS = ((0.1, None), (0.3, None), (0.5, None), (0.7, None), (0.9, None), (None, 1.0))


class _BoxTransform(Block):
    """Subclasses define `compute` on NumPy arrays."""

    def forward(self, img: Any, bbox: Any) -> tuple[Any, Any]:
        """Transform a picture (H, W, C) and its boxes (N, 4 or more).

        Returns
        -------
        img, bbox
            Tensors; there may be fewer boxes.
        """
        boxes = np.asarray(bbox)
        if boxes.ndim != 2 or boxes.shape[1] < 4:
            raise ShapeError(
                explain(
                    f"{type(self).__name__}: got boxes of shape {boxes.shape}.",
                    "(objects, 4 or more): left, top, right, bottom in pixels, ….",
                )
            )
        image, boxes = self.compute(np.asarray(img), boxes)
        return _like(img, image), _like(bbox, boxes)

    def compute(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """Transform NumPy arrays; must not change them in place."""
        raise ParamError(explain(f"{type(self).__name__} does not define compute(image, boxes)."))


def _like(given: Any, result: Array) -> Any:
    result = np.ascontiguousarray(result)
    if isinstance(given, Tensor):
        return type(given)._wrap(result, given.context)
    return to_tensors(result)


class ImageBboxRandomFlipLeftRight(_BoxTransform):
    """Mirror a picture left to right, every second time on average.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        How often.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self._p = probability(p, type(self).__name__)

    def compute(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """Transform NumPy arrays."""
        if not chance(self._p):
            return image, boxes
        mirrored = boxes.copy()
        mirrored[:, 0], mirrored[:, 2] = (image.shape[1] - boxes[:, side] for side in (2, 0))
        return image[:, ::-1].copy(), mirrored


class ImageBboxCrop(_BoxTransform):
    """Cut out a part; boxes are cut at its edges, and those outside are left out.

    Parameters
    ----------
    crop : (left, top, width, height)
        In pixels.
    allow_outside_center : bool, default False
        Keep also boxes whose middle is outside.

    Examples
    --------
    >>> import dlstudio as mx
    >>> image, boxes = mx.nd.ones((8, 8, 3)), mx.nd.array([[1, 1, 7, 5], [0, 0, 2, 2]])
    >>> part, inside = ImageBboxCrop((2, 2, 4, 4))(image, boxes)
    >>> part.shape, inside.asnumpy().tolist()
    ((4, 4, 3), [[0.0, 0.0, 4.0, 3.0]])
    """

    def __init__(self, crop: tuple[int, int, int, int], allow_outside_center: bool = False) -> None:
        super().__init__()
        if len(crop) != 4:
            raise ParamError(
                explain(f"ImageBboxCrop: got crop={crop}.", "(left, top, width, height).")
            )
        self._crop = crop
        self._allow_outside_center = allow_outside_center

    def compute(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """Transform NumPy arrays."""
        return _cropped(image, boxes, self._crop, self._allow_outside_center)


class ImageBboxRandomCropWithConstraints(_BoxTransform):
    """Cut out a random part that holds an object well enough, as SSD is trained.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        How often.
    min_scale, max_scale : float, default 0.3 and 1
        Range of the edges of the part, as parts of the picture's.
    max_aspect_ratio : float >= 1, default 2
        Of width and height, relative to those of the picture.
    constraints : list of (float or None, float or None), optional
        Ranges of the overlap (intersection over union) of the part with each box; parts are tried
        for every range and one of those found is drawn.
    max_trial : int, default 50
        Parts tried for each range.

    References
    ----------
    Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016, section 2.2.
    """

    def __init__(
        self,
        p: float = 0.5,
        min_scale: float = 0.3,
        max_scale: float = 1,
        max_aspect_ratio: float = 2,
        constraints: Sequence[tuple[float | None, float | None]] | None = None,
        max_trial: int = 50,
    ) -> None:
        super().__init__()
        if not 0 < min_scale <= max_scale <= 1 or max_aspect_ratio < 1:
            raise ParamError(
                explain(
                    f"{type(self).__name__}: got min_scale={min_scale}, max_scale={max_scale}, "
                    f"max_aspect_ratio={max_aspect_ratio}.",
                    "0 < min_scale <= max_scale <= 1 and max_aspect_ratio >= 1.",
                )
            )
        self._p = probability(p, type(self).__name__)
        self._scale, self._aspect = (min_scale, max_scale), max_aspect_ratio
        self._constraints = _CONSTRAINTS if constraints is None else tuple(constraints)
        self._max_trial = max_trial

    def compute(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """Transform NumPy arrays."""
        if not len(boxes) or not chance(self._p):
            return image, boxes
        found = [part for part in self._parts(image, boxes) if part is not None]
        if not found:
            return image, boxes
        chosen = found[int(host_generator().integers(len(found)))]
        return _cropped(image, boxes, chosen, allow_outside_center=False)

    def _parts(self, image: Array, boxes: Array) -> Iterator[tuple[int, int, int, int] | None]:
        """For each constraint, the first part that fulfils it and keeps an object."""
        for least, most in self._constraints:
            low, high = -np.inf if least is None else least, np.inf if most is None else most
            trials = (self._part(image) for _ in range(self._max_trial))
            yield next((part for part in trials if _holds(boxes, part, low, high)), None)

    def _part(self, image: Array) -> tuple[int, int, int, int]:
        rows, columns = image.shape[:2]
        scale = uniform(*self._scale)
        limits = max(1 / self._aspect, scale**2), min(self._aspect, 1 / scale**2)
        ratio = np.sqrt(uniform(*limits))
        height = max(1, min(rows, int(rows * scale / ratio)))
        width = max(1, min(columns, int(columns * scale * ratio)))
        draw = host_generator()
        left, top = (int(draw.integers(n + 1)) for n in (columns - width, rows - height))
        return left, top, width, height


class ImageBboxRandomExpand(_BoxTransform):
    """Place a picture somewhere in a larger one of a single colour: objects become smaller.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        How often.
    max_ratio : float >= 1, default 4
        Largest edge of the new picture, relative to the old one.
    fill : number, or one for each channel
    keep_ratio : bool, default True
        Keep the proportions.
    """

    def __init__(
        self, p: float = 0.5, max_ratio: float = 4, fill: Any = 0, keep_ratio: bool = True
    ) -> None:
        super().__init__()
        if max_ratio < 1:
            raise ParamError(
                explain(f"ImageBboxRandomExpand: got max_ratio={max_ratio}.", "at least 1.")
            )
        self._p = probability(p, type(self).__name__)
        self._max_ratio, self._fill, self._keep_ratio = max_ratio, fill, keep_ratio

    def compute(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """Transform NumPy arrays."""
        if not chance(self._p):
            return image, boxes
        rows, columns = image.shape[:2]
        ratio_x = uniform(1, self._max_ratio)
        ratio_y = ratio_x if self._keep_ratio else uniform(1, self._max_ratio)
        height, width = int(rows * ratio_y), int(columns * ratio_x)
        draw = host_generator()
        top, left = (int(draw.integers(n + 1)) for n in (height - rows, width - columns))
        larger = np.empty((height, width, image.shape[2]), image.dtype)
        larger[...] = self._fill
        larger[top : top + rows, left : left + columns] = image
        moved = boxes.copy()
        moved[:, :4] += np.array([left, top, left, top], boxes.dtype)
        return larger, moved


class ImageBboxResize(_BoxTransform):
    """Scale a picture to a given size, and its boxes with it.

    Parameters
    ----------
    width, height : int > 0
    interp : int, default 1
        0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos.
    """

    def __init__(self, width: int, height: int, interp: int = 1) -> None:
        super().__init__()
        if width < 1 or height < 1:
            raise ParamError(
                explain(
                    f"ImageBboxResize: got width={width}, height={height}.", "positive numbers."
                )
            )
        self._size, self._interp = (width, height), interp

    def compute(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """Transform NumPy arrays."""
        width, height = self._size
        scale = np.array([width / image.shape[1], height / image.shape[0]] * 2)
        scaled = boxes.copy()
        scaled[:, :4] = boxes[:, :4] * scale
        return pixels.resize(image, width, height, self._interp), scaled


# ---- boxes -----------------------------------------------------------------------------------
def _cropped(
    image: Array, boxes: Array, part: tuple[int, int, int, int], allow_outside_center: bool
) -> tuple[Array, Array]:
    left, top, width, height = part
    inside = boxes[_kept(boxes, part, allow_outside_center)].copy()
    inside[:, :4] = _clipped(inside, part) - np.array([left, top, left, top], boxes.dtype)
    return pixels.crop(image, left, top, width, height).copy(), inside


def _clipped(boxes: Array, part: tuple[int, int, int, int]) -> Array:
    """Cut boxes (N, 4) at the edges of a part, still in coordinates of the whole."""
    left, top, width, height = part
    low, high = np.array([left, top]), np.array([left + width, top + height])
    corners = boxes[:, :4].reshape(-1, 2, 2)
    return np.clip(corners, low, high).reshape(-1, 4).astype(boxes.dtype)


def _kept(boxes: Array, part: tuple[int, int, int, int], allow_outside_center: bool) -> Array:
    """Which boxes have an area inside the part, and their middle unless that is not needed."""
    left, top, width, height = part
    clipped = _clipped(boxes, part)
    kept = (clipped[:, :2] < clipped[:, 2:]).all(axis=1)
    if allow_outside_center:
        return kept
    middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
    low, high = np.array([left, top]), np.array([left + width, top + height])
    return kept & ((middle >= low) & (middle < high)).all(axis=1)


def _holds(boxes: Array, part: tuple[int, int, int, int], low: float, high: float) -> bool:
    """Whether every box overlaps with the part so much, and some box would be kept."""
    _, _, width, height = part
    shared = _areas(_clipped(boxes, part))
    overlap = shared / (_areas(boxes) + width * height - shared)
    within = low <= overlap.min() and overlap.max() <= high
    return bool(within and _kept(boxes, part, allow_outside_center=False).any())


def _areas(boxes: Array) -> Array:
    return np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1)
