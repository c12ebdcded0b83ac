"""Augmenters of brightness and colour.

Whole numbers keep their dtype, rounded and clipped to its range; `CreateAugmenter` puts these after
a `CastAug`, where nothing is rounded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.image.augment import PixelAugmenter, RandomOrderAug, chance

__all__ = [
    "BrightnessJitterAug",
    "ColorJitterAug",
    "ColorNormalizeAug",
    "ContrastJitterAug",
    "HueJitterAug",
    "LightingAug",
    "RandomGrayAug",
    "SaturationJitterAug",
]

Array = Any

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_GRAY = np.array([0.21, 0.72, 0.07], np.float32)  # ITU-R BT.709, rounded as in MXNet
# from RGB to luma and two axes of colour (YIQ of NTSC); a rotation of these turns hues
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]])
_FROM_YIQ = np.array([[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.107, 1.705]])


class _ColorAugmenter(PixelAugmenter):
    def compute(self, image: Array) -> Array:
        """Change a NumPy picture (H, W, C)."""
        changed = self.change(image.astype(np.float32, copy=False))
        if image.dtype.kind not in "iu":
            return changed.astype(image.dtype, copy=False)
        limits = np.iinfo(image.dtype)
        return np.clip(np.rint(changed), limits.min, limits.max).astype(image.dtype)

    def change(self, x: Array) -> Array:
        """Change a float32 picture, not in place."""
        raise ParamError(explain(f"{type(self).__name__} does not define change(self, x)."))


def _factor(amount: float) -> np.float32:
    return np.float32(1 + host_generator().uniform(-amount, amount))


def _colours(x: Array, owner: str) -> Array:
    if x.ndim != 3 or x.shape[-1] != 3:
        raise ShapeError(
            explain(f"{owner}: got a picture of shape {x.shape}.", "(height, width, 3).")
        )
    return x


class BrightnessJitterAug(_ColorAugmenter):
    """Multiply by a random factor from [1 - brightness, 1 + brightness].

    Parameters
    ----------
    brightness : float
    """

    def __init__(self, brightness: float) -> None:
        super().__init__(brightness=brightness)
        self.brightness = brightness

    def change(self, x: Array) -> Array:
        """Change a float32 picture."""
        return x * _factor(self.brightness)


class ContrastJitterAug(_ColorAugmenter):
    """Move towards the mean grey of the picture, or away from it, by a random factor.

    Parameters
    ----------
    contrast : float
        The factor is from [1 - contrast, 1 + contrast].
    """

    def __init__(self, contrast: float) -> None:
        super().__init__(contrast=contrast)
        self.contrast = contrast

    def change(self, x: Array) -> Array:
        """Change a float32 picture."""
        factor = _factor(self.contrast)
        return x * factor + (1 - factor) * (_colours(x, "ContrastJitterAug") @ _LUMA).mean()


class SaturationJitterAug(_ColorAugmenter):
    """Make colours paler or stronger by a random factor.

    Parameters
    ----------
    saturation : float
        The factor is from [1 - saturation, 1 + saturation].
    """

    def __init__(self, saturation: float) -> None:
        super().__init__(saturation=saturation)
        self.saturation = saturation

    def change(self, x: Array) -> Array:
        """Change a float32 picture."""
        factor = _factor(self.saturation)
        grey = (_colours(x, "SaturationJitterAug") @ _LUMA)[..., np.newaxis]
        return x * factor + (1 - factor) * grey


class HueJitterAug(_ColorAugmenter):
    """Turn all colours around the colour circle by a random angle.

    Parameters
    ----------
    hue : float
        1 is half a turn, in either direction.
    """

    def __init__(self, hue: float) -> None:
        super().__init__(hue=hue)
        self.hue = hue

    def change(self, x: Array) -> Array:
        """Change a float32 picture."""
        angle = math.pi * float(host_generator().uniform(-self.hue, self.hue))
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
        return _colours(x, "HueJitterAug") @ (_FROM_YIQ @ turn @ _TO_YIQ).T.astype(np.float32)


class ColorJitterAug(RandomOrderAug):
    """Change brightness, contrast and saturation, in random order.

    Parameters
    ----------
    brightness, contrast, saturation : float
        0 leaves a property alone.
    """

    def __init__(self, brightness: float, contrast: float, saturation: float) -> None:
        parts = (
            (BrightnessJitterAug, brightness),
            (ContrastJitterAug, contrast),
            (SaturationJitterAug, saturation),
        )
        super().__init__([kind(amount) for kind, amount in parts if amount > 0])


class LightingAug(_ColorAugmenter):
    """Add a random colour along the principal axes of a data set's colours.

    Parameters
    ----------
    alphastd : float
        Standard deviation, in units of `eigval`.
    eigval : array, (3,)
    eigvec : array, (3, 3)
        One axis per column.

    References
    ----------
    Krizhevsky et al., "ImageNet classification with deep convolutional networks", 2012, 4.1.
    """

    def __init__(self, alphastd: float, eigval: Any, eigvec: Any) -> None:
        super().__init__(alphastd=alphastd, eigval=eigval, eigvec=eigvec)
        self.alphastd = alphastd
        self.eigval, self.eigvec = np.asarray(eigval), np.asarray(eigvec)

    def change(self, x: Array) -> Array:
        """Change a float32 picture."""
        strength = host_generator().normal(0, self.alphastd, 3)
        return _colours(x, "LightingAug") + (self.eigvec @ (strength * self.eigval)).astype(
            np.float32
        )


class ColorNormalizeAug(PixelAugmenter):
    """Subtract `mean` and divide by `std`, one number per channel; the result is floating.

    Parameters
    ----------
    mean, std : array, or None for neither
    """

    def __init__(self, mean: Any, std: Any) -> None:
        super().__init__(mean=mean, std=std)
        self.mean = None if mean is None else np.asarray(mean, np.float32)
        self.std = None if std is None else np.asarray(std, np.float32)

    def compute(self, image: Array) -> Array:
        """Change a NumPy picture (H, W, C)."""
        x = image if image.dtype.kind == "f" else image.astype(np.float32)
        x = x if self.mean is None else x - self.mean
        return (x if self.std is None else x / self.std).astype(x.dtype, copy=False)


class RandomGrayAug(_ColorAugmenter):
    """Take the colours away.

    Parameters
    ----------
    p : float in [0, 1]
        How often.
    """

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def change(self, x: Array) -> Array:
        """Change a float32 picture."""
        if not chance(self.p):
            return x
        grey = _colours(x, "RandomGrayAug") @ _GRAY
        return np.repeat(grey[..., np.newaxis], 3, axis=-1)
