"""Transforms of a picture together with the boxes of the objects in it, as in MXNet 2.0.

Pictures are (H, W, C). Boxes are (N, 4 or more): left, top, right and bottom in pixels, then
whatever else describes an object, such as its class.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.core.random import host_generator
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.gluon.block import Block
from dlstudio.gluon.contrib.data.vision import utils
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
_NO_BOXES = np.zeros((0, 4))


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
        mirrored = utils.bbox_flip(boxes, (image.shape[1], image.shape[0]), flip_x=True)
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
        inside = utils.bbox_crop(boxes, self._crop, self._allow_outside_center)
        return pixels.crop(image, *self._crop).copy(), inside


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
        self._p = probability(p, type(self).__name__)
        self._options: dict[str, Any] = dict(
            min_scale=min_scale, max_scale=max_scale, max_aspect_ratio=max_aspect_ratio,
            constraints=constraints, max_trial=max_trial,
        )  # fmt: skip
        utils.bbox_random_crop_with_constraints(
            _NO_BOXES, (1, 1), **self._options
        )  # refuses wrong ones

    def compute(self, image: Array, boxes: Array) -> tuple[Array, Array]:
        """Transform NumPy arrays."""
        if not len(boxes) or not chance(self._p):
            return image, boxes
        size = (image.shape[1], image.shape[0])
        inside, part = utils.bbox_random_crop_with_constraints(boxes, size, **self._options)
        return pixels.crop(image, *part).copy(), inside


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
        return larger, utils.bbox_translate(boxes, left, top)


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
        scaled = utils.bbox_resize(boxes, (image.shape[1], image.shape[0]), self._size)
        return pixels.resize(image, width, height, self._interp), scaled


bbox = sys.modules[__name__]  # MXNet's module inside this one

__getattr__ = held_elsewhere(__name__, {}, "gluon.contrib.data.vision.utils")
