"""Transforms of brightness and colour, for augmentation.

Each draws its strength anew for every image, so that a network learns not to depend on it.
Images keep their dtype; values beyond the range of an integer dtype are clipped.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.gluon.data.vision.pixels import saturate
from dlstudio.gluon.data.vision.transforms.base import ArrayTransform, chance, probability, uniform

__all__ = [
    "RandomBrightness",
    "RandomColorJitter",
    "RandomContrast",
    "RandomGray",
    "RandomHue",
    "RandomLighting",
    "RandomSaturation",
]

Array = Any

# How bright red, green and blue seem to the eye (ITU-R BT.601).
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# From RGB to luma and two colour axes (the YIQ space of NTSC); a rotation of these turns hues.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
# Principal axes of the colours of ImageNet and their spread (Krizhevsky et al. 2012, section 4.1).
_SPREAD = np.array([55.46, 4.794, 1.148])
_AXES = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
)


class _Jitter(ArrayTransform):
    """Changes one property of an image by a random factor in [1 - amount, 1 + amount]."""

    def __init__(self, amount: float, name: str) -> None:
        super().__init__()
        if amount < 0:
            raise ParamError(
                explain(f"{type(self).__name__}: got {name}={amount}.", "0 or a positive number.")
            )
        self._amount, self._name = amount, name

    def _factor(self) -> float:
        return uniform(*self._range())

    def _range(self) -> tuple[float, float]:
        return max(0.0, 1.0 - self._amount), 1.0 + self._amount

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image inside a network."""
        low, high = self._range()
        return getattr(F.image, f"random_{self._name}")(x, min_factor=low, max_factor=high)


class RandomBrightness(_Jitter):
    """Multiply all values by a random factor.

    Parameters
    ----------
    brightness : float >= 0
        The factor lies in [max(0, 1 - brightness), 1 + brightness].
    """

    def __init__(self, brightness: float) -> None:
        super().__init__(brightness, "brightness")

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C)."""
        return saturate(image.astype(np.float32) * self._factor(), image.dtype)


class RandomContrast(_Jitter):
    """Move all values towards the mean grey of the image, or away from it.

    Parameters
    ----------
    contrast : float >= 0
        The factor lies in [max(0, 1 - contrast), 1 + contrast]; 0 would leave plain grey.
    """

    def __init__(self, contrast: float) -> None:
        super().__init__(contrast, "contrast")

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C)."""
        return _blend(image, _grey(image).mean(), self._factor())


class RandomSaturation(_Jitter):
    """Make colours paler or stronger: move each pixel towards its grey, or away from it.

    Parameters
    ----------
    saturation : float >= 0
        The factor lies in [max(0, 1 - saturation), 1 + saturation]; 0 would leave no colour.
    """

    def __init__(self, saturation: float) -> None:
        super().__init__(saturation, "saturation")

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C)."""
        return _blend(image, _grey(image), self._factor())


class RandomHue(_Jitter):
    """Turn all colours around the colour circle by a random angle.

    Parameters
    ----------
    hue : float >= 0
        1 is half a turn, in either direction.
    """

    def __init__(self, hue: float) -> None:
        super().__init__(hue, "hue")

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, 3)."""
        _need_colours(image, "RandomHue")
        angle = math.pi * uniform(-self._amount, self._amount)
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
        matrix = (np.linalg.inv(_TO_YIQ) @ turn @ _TO_YIQ).astype(np.float32)
        return saturate(image.astype(np.float32) @ matrix.T, image.dtype)


class RandomColorJitter(ArrayTransform):
    """Change brightness, contrast, saturation and hue, in random order.

    Parameters
    ----------
    brightness, contrast, saturation, hue : float >= 0, default 0
        See the transforms of these names; 0 leaves a property alone.
    """

    def __init__(
        self,
        brightness: float = 0,
        contrast: float = 0,
        saturation: float = 0,
        hue: float = 0,
    ) -> None:
        super().__init__()
        kinds = (RandomBrightness, RandomContrast, RandomSaturation, RandomHue)
        self._amounts = dict(
            brightness=brightness, contrast=contrast, saturation=saturation, hue=hue
        )
        amounts = zip(kinds, self._amounts.values(), strict=True)
        # their methods, since blocks in a list would seem to be forgotten children
        self._parts = [kind(amount).compute for kind, amount in amounts if amount]

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, C)."""
        for number in host_generator().permutation(len(self._parts)):
            image = self._parts[number](image)
        return image

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image inside a network."""
        return F.image.random_color_jitter(x, **self._amounts)


class RandomLighting(ArrayTransform):
    """Add a random colour, along the directions in which the colours of photographs vary.

    Parameters
    ----------
    alpha : float >= 0
        Standard deviation, relative to the spread of the colours of ImageNet (on the scale to 255).
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self._alpha = alpha

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, 3)."""
        _need_colours(image, "RandomLighting")
        strength = host_generator().normal(0, self._alpha, 3)
        shift = (_AXES @ (strength * _SPREAD)).astype(np.float32)
        return saturate(image.astype(np.float32) + shift, image.dtype)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image inside a network."""
        return F.image.random_lighting(x, alpha_std=self._alpha)


class RandomGray(ArrayTransform):
    """Take the colours away from some images; the three channels become equal.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        How often.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self._p = probability(p, "RandomGray")

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (H, W, 3)."""
        _need_colours(image, "RandomGray")
        return _blend(image, _grey(image), 0.0) if chance(self._p) else image


def _blend(image: Array, grey: Array, factor: float) -> Array:
    blended = image.astype(np.float32) * factor + np.float32(1 - factor) * grey
    return saturate(blended.astype(np.float32), image.dtype)


def _grey(image: Array) -> Array:
    """Brightness of each pixel, shape (H, W, 1)."""
    if image.shape[-1] == 1:
        return image.astype(np.float32)
    _need_colours(image, "this transform")
    return (image.astype(np.float32) @ _LUMA)[..., np.newaxis]


def _need_colours(image: Array, owner: str) -> None:
    if image.shape[-1] != 3:
        raise ShapeError(
            explain(
                f"{owner}: got an image of shape {image.shape}.",
                "(height, width, 3), before ToTensor.",
            )
        )
