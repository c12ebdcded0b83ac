"""Transforms of dtype, axis order and scale."""

from __future__ import annotations

from typing import Any

from dlstudio.gluon.data.vision import pixels
from dlstudio.gluon.data.vision.transforms.base import ArrayTransform, beside
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.graph.symbol import Symbol

__all__ = ["Cast", "Normalize", "ToTensor"]

Array = Any


class Cast(HybridBlock):
    """Change the dtype.

    Parameters
    ----------
    dtype : str or dtype, default "float32"
    """

    def __init__(self, dtype: Any = "float32") -> None:
        super().__init__()
        self._dtype = dtype

    def forward(self, x: Any, *args: Any) -> Any:
        """Convert an array of any shape."""
        if isinstance(x, Symbol):
            return super().forward(x, *args)
        return beside(x.astype(self._dtype), args)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Convert a symbol."""
        return F.cast(x, dtype=self._dtype)

    def _dispatch(self, args: tuple[Any, ...]) -> Any:
        return self.forward(*args)


class ToTensor(ArrayTransform):
    """From (H, W, C) with values in [0, 255] to (C, H, W) in [0, 1], float32.

    A batch (B, H, W, C) becomes (B, C, H, W).
    """

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image."""
        return pixels.to_chw(image)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image inside a network."""
        return F.image.to_tensor(x)


class Normalize(ArrayTransform):
    """Subtract `mean` and divide by `std`, channel by channel; comes after `ToTensor`.

    Parameters
    ----------
    mean, std : float, or one float for each channel
        In units of the transformed image, so usually within [0, 1].
    """

    def __init__(self, mean: Any = 0.0, std: Any = 1.0) -> None:
        super().__init__()
        self._mean = mean
        self._std = std

    def compute(self, image: Array) -> Array:
        """Transform a NumPy image (C, H, W) or (B, C, H, W)."""
        return pixels.normalize(image, self._mean, self._std)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Transform an image, or a batch of images, inside a network."""
        return F.image.normalize(x, mean=self._mean, std=self._std)
