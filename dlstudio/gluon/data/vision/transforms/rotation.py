"""Transforms that turn images; they come after `ToTensor`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.tensor import Tensor
from dlstudio.dialects.pictures import imrotate, random_rotate
from dlstudio.errors import DTypeError, ParamError, explain
from dlstudio.gluon.block import Block
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.vision.transforms.base import beside, chance

__all__ = ["RandomRotation", "Rotate"]


class Rotate(Block):
    """Turn an image counter-clockwise about its middle; corners become black.

    Parameters
    ----------
    rotation_degrees : float
    zoom_in : bool, default False
        Enlarge so far that no black corner is seen.
    zoom_out : bool, default False
        Shrink so far that every corner is seen.
    """

    def __init__(
        self, rotation_degrees: float, zoom_in: bool = False, zoom_out: bool = False
    ) -> None:
        super().__init__()
        _check_zoom(self, zoom_in, zoom_out)
        self._degrees = rotation_degrees
        self._zoom = zoom_in, zoom_out

    def forward(self, x: Any, *args: Any) -> Any:
        """Transform a float32 image (C, H, W), or a batch of them."""
        return beside(imrotate(_floating(x, self), self._degrees, *self._zoom), args)


class RandomRotation(Block):
    """Turn an image by a random angle.

    Parameters
    ----------
    angle_limits : (float, float)
        Smallest and largest angle, in degrees, counter-clockwise.
    zoom_in, zoom_out : bool, default False
        See `Rotate`.
    rotate_with_proba : float in [0, 1], default 1
        How often an image is turned at all.
    """

    def __init__(
        self,
        angle_limits: tuple[float, float],
        zoom_in: bool = False,
        zoom_out: bool = False,
        rotate_with_proba: float = 1.0,
    ) -> None:
        super().__init__()
        _check_zoom(self, zoom_in, zoom_out)
        lower, upper = angle_limits
        if lower > upper:
            raise ParamError(
                explain(
                    f"RandomRotation: got angle_limits={angle_limits}.",
                    "the smallest angle, then the largest.",
                )
            )
        if not 0 <= rotate_with_proba <= 1:
            raise ParamError(
                explain(
                    f"RandomRotation: got rotate_with_proba={rotate_with_proba}.",
                    "a probability from 0 to 1.",
                )
            )
        self._limits, self._zoom, self._p = angle_limits, (zoom_in, zoom_out), rotate_with_proba

    def forward(self, x: Any, *args: Any) -> Any:
        """Transform a float32 image (C, H, W), or a batch of them."""
        x = _floating(x, self)
        turned = random_rotate(x, self._limits, *self._zoom) if chance(self._p) else x
        return beside(turned, args)


def _check_zoom(owner: Block, zoom_in: bool, zoom_out: bool) -> None:
    if zoom_in and zoom_out:
        raise ParamError(
            explain(
                f"{type(owner).__name__}: zoom_in and zoom_out are both True.",
                "one of them at most.",
            )
        )


def _floating(x: Any, owner: Block) -> Any:
    if x.dtype != np.float32:
        name = type(owner).__name__
        raise DTypeError(
            explain(
                f"{name}: got an image of dtype {x.dtype}.",
                "a float32 image (channels, height, width).",
                f"transforms.Compose([transforms.ToTensor(), transforms.{name}(…)])",
            )
        )
    return x if isinstance(x, Tensor) else to_tensors(x)
