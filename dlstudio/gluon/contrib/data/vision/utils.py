"""Boxes of objects in a picture: arithmetic on NumPy arrays, as in MXNet 2.0.

Boxes are (N, 4 or more): left, top, right and bottom in pixels, then whatever else describes an
object. A part of a picture is (left, top, width, height).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.gluon.data.vision.transforms.base import uniform

__all__ = [
    "bbox_clip_xyxy",
    "bbox_crop",
    "bbox_flip",
    "bbox_iou",
    "bbox_random_crop_with_constraints",
    "bbox_resize",
    "bbox_translate",
    "bbox_xywh_to_xyxy",
    "bbox_xyxy_to_xywh",
]

Array = Any
Part = tuple[int, int, int, int]
# ranges of the overlap with each box: those of SSD (Liu et al. 2016, section 2.2)
CONSTRAINTS = ((0.1, None), (0.3, None), (0.5, None), (0.7, None), (0.9, None), (None, 1.0))


def bbox_crop(bbox: Any, crop_box: Any = None, allow_outside_center: bool = True) -> Array:
    """Cut boxes at the edges of a part, in whose coordinates they come back; others are left out.

    Parameters
    ----------
    bbox : array, shape (N, 4 or more)
    crop_box : (left, top, width, height), optional
        None for a side that is not cut: ``(10, 20, None, None)``.
    allow_outside_center : bool
        Keep also boxes whose middle is outside.

    Examples
    --------
    >>> bbox_crop([[1, 1, 7, 5], [0, 0, 2, 2]], (2, 2, 4, 4)).tolist()
    [[0, 0, 4, 3]]
    """
    boxes = np.asarray(bbox)
    if crop_box is None or all(side is None for side in crop_box):
        return boxes.copy()
    left, top = (side or 0 for side in crop_box[:2])
    width, height = (np.inf if side is None else side for side in crop_box[2:])
    part = (left, top, width, height)
    inside = boxes[_kept(boxes, part, allow_outside_center)].copy()
    inside[:, :4] = _clipped(inside, part) - np.array([left, top, left, top], boxes.dtype)
    return inside


def bbox_flip(
    bbox: Any, size: tuple[int, int], flip_x: bool = False, flip_y: bool = False
) -> Array:
    """Mirror boxes in a picture of `size` (width, height): left to right, top to bottom."""
    boxes = np.array(bbox)
    for axis, wanted in enumerate((flip_x, flip_y)):
        if wanted:
            boxes[:, [axis, axis + 2]] = size[axis] - boxes[:, [axis + 2, axis]]
    return boxes


def bbox_resize(bbox: Any, in_size: tuple[int, int], out_size: tuple[int, int]) -> Array:
    """Scale boxes with a picture, whose sizes are (width, height)."""
    boxes = np.array(bbox)
    scale = np.array([out_size[0] / in_size[0], out_size[1] / in_size[1]] * 2)
    boxes[:, :4] = boxes[:, :4] * scale
    return boxes


def bbox_translate(bbox: Any, x_offset: float = 0, y_offset: float = 0) -> Array:
    """Move boxes."""
    boxes = np.array(bbox)
    boxes[:, :4] += np.array([x_offset, y_offset] * 2, boxes.dtype)
    return boxes


def bbox_iou(bbox_a: Any, bbox_b: Any, offset: float = 0) -> Array:
    """Overlap of every box with every other: intersection over union.

    Parameters
    ----------
    bbox_a, bbox_b : arrays, shapes (N, 4 or more) and (M, 4 or more)
    offset : 0 or 1
        1 where right and bottom are the last pixels of a box, not those after it.

    Returns
    -------
    array, shape (N, M)

    Examples
    --------
    >>> bbox_iou([[0, 0, 2, 2]], [[0, 0, 2, 1], [2, 2, 3, 3]]).tolist()
    [[0.5, 0.0]]
    """
    a, b = np.asarray(bbox_a)[:, None], np.asarray(bbox_b)[None]
    if a.shape[2] < 4 or b.shape[2] < 4:
        raise ShapeError(
            explain(
                f"bbox_iou: got boxes of shapes {np.shape(bbox_a)} and {np.shape(bbox_b)}.",
                "(N, 4 or more) and (M, 4 or more).",
            )
        )
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:4], b[..., 2:4])
    shared = np.prod(np.maximum(high - low + offset, 0), axis=2)
    return shared / (_areas(a, offset) + _areas(b, offset) - shared)


def bbox_xywh_to_xyxy(xywh: Any) -> Any:
    """Turn left, top, width and height into the first and the last pixel of each axis.

    Parameters
    ----------
    xywh : four numbers, or array of shape (N, 4)

    Returns
    -------
    Likewise

    Examples
    --------
    >>> bbox_xywh_to_xyxy((2, 3, 10, 20))
    (2, 3, 11, 22)
    """
    return _as_given(xywh, lambda b: [*b[:2], *(p + max(s - 1, 0) for p, s in _pairs(b))])


def bbox_xyxy_to_xywh(xyxy: Any) -> Any:
    """Turn the first and the last pixel of each axis into left, top, width and height."""
    return _as_given(xyxy, lambda b: [*b[:2], *(last - first + 1 for first, last in _pairs(b))])


def bbox_clip_xyxy(xyxy: Any, width: int, height: int) -> Any:
    """Move corners that lie outside a picture onto its edges."""
    most = (width - 1, height - 1, width - 1, height - 1)
    return _as_given(
        xyxy, lambda b: [min(max(x, 0), limit) for x, limit in zip(b, most, strict=True)]
    )


def _pairs(box: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(box[:2], box[2:], strict=True)


def _as_given(boxes: Any, change: Any) -> Any:
    """Change one box, a tuple of numbers, or the rows of an array."""
    if isinstance(boxes, (tuple, list)):
        if len(boxes) != 4:
            raise ShapeError(explain(f"a box has {len(boxes)} numbers.", "4."))
        return tuple(change(boxes))
    rows = np.asarray(boxes)
    if rows.size % 4:
        raise ShapeError(explain(f"got boxes of shape {rows.shape}.", "(N, 4)."))
    changed = [change(row) for row in rows.reshape(-1, 4)]
    return np.array(changed, rows.dtype).reshape(rows.shape)


def bbox_random_crop_with_constraints(
    bbox: Any, size: tuple[int, int], min_scale: float = 0.3, max_scale: float = 1,
    max_aspect_ratio: float = 2, constraints: Any = None, max_trial: int = 50,
) -> tuple[Array, Part]:  # fmt: skip
    """Draw a part of a picture that holds an object well enough, as SSD is trained.

    Parameters
    ----------
    bbox : array, shape (N, 4 or more)
    size : (width, height)
        Of the picture.
    min_scale, max_scale : float
        Range of the edges of the part, as parts of the picture's.
    max_aspect_ratio : float >= 1
        Of width and height, relative to those of the picture.
    constraints : list of (float or None, float or None), optional
        Ranges of the overlap (intersection over union) of the part with each box; parts are tried
        for every range and one of those found is drawn.
    max_trial : int
        Parts tried for each range.

    Returns
    -------
    boxes, (left, top, width, height)
        The whole picture if no part was found.
    """
    if not 0 < min_scale <= max_scale <= 1 or max_aspect_ratio < 1:
        raise ParamError(
            explain(
                f"a random part: got min_scale={min_scale}, max_scale={max_scale}, "
                f"max_aspect_ratio={max_aspect_ratio}.",
                "0 < min_scale <= max_scale <= 1 and max_aspect_ratio >= 1.",
            )
        )
    boxes, found = np.asarray(bbox), []
    for least, most in CONSTRAINTS if constraints is None else constraints:
        low, high = -np.inf if least is None else least, np.inf if most is None else most
        parts = (_part(size, (min_scale, max_scale), max_aspect_ratio) for _ in range(max_trial))
        found += [next((part for part in parts if _holds(boxes, part, low, high)), None)]
    fulfilled = [part for part in found if part is not None]
    if not len(boxes) or not fulfilled:
        return boxes.copy(), (0, 0, *size)
    chosen = fulfilled[int(host_generator().integers(len(fulfilled)))]
    return bbox_crop(boxes, chosen, allow_outside_center=False), chosen


def _part(size: tuple[int, int], scales: tuple[float, float], aspect: float) -> Part:
    scale = uniform(*scales)
    limits = max(1 / aspect, scale**2), min(aspect, 1 / scale**2)
    ratio = np.sqrt(uniform(*limits))
    width = max(1, min(size[0], int(size[0] * scale * ratio)))
    height = max(1, min(size[1], int(size[1] * scale / ratio)))
    draw = host_generator()
    left, top = (int(draw.integers(n + 1)) for n in (size[0] - width, size[1] - height))
    return left, top, width, height


def _clipped(boxes: Array, part: tuple[float, ...]) -> Array:
    """Cut boxes (N, 4) at the edges of a part, still in coordinates of the whole."""
    left, top, width, height = part
    low, high = np.array([left, top]), np.array([left + width, top + height])
    corners = boxes[:, :4].reshape(-1, 2, 2)
    return np.clip(corners, low, high).reshape(-1, 4).astype(boxes.dtype)


def _kept(boxes: Array, part: tuple[float, ...], allow_outside_center: bool) -> Array:
    """Which boxes have an area inside the part, and their middle unless that is not needed."""
    left, top, width, height = part
    clipped = _clipped(boxes, part)
    kept = (clipped[:, :2] < clipped[:, 2:]).all(axis=1)
    if allow_outside_center:
        return kept
    middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
    low, high = np.array([left, top]), np.array([left + width, top + height])
    return kept & ((middle >= low) & (middle < high)).all(axis=1)


def _holds(boxes: Array, part: Part, low: float, high: float) -> bool:
    """Whether every box overlaps with the part so much, and some box would be kept."""
    if not len(boxes):
        return False
    left, top, width, height = part
    overlap = bbox_iou(boxes, [[left, top, left + width, top + height]])
    within = low <= overlap.min() and overlap.max() <= high
    return bool(within and _kept(boxes, part, allow_outside_center=False).any())


def _areas(boxes: Array, offset: float = 0) -> Array:
    return np.prod(boxes[..., 2:4] - boxes[..., :2] + offset, axis=-1)
