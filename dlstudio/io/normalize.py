"""From bytes to the numbers that a network takes: mean, spread, scale and mirror."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import ShapeError, explain

__all__ = ["Normalization"]

Array = Any


@dataclass(frozen=True)
class Normalization:
    """``((x - mean) · contrast + illumination) · scale / std``, and the mirror image.

    Attributes
    ----------
    mean_img : str
        File with the mean picture. If it is not there, the mean is computed and written to it.
    mean_r, mean_g, mean_b, std_r, std_g, std_b : float
        For each channel; without `mean_img`.
    mean_a, std_a : float
        Accepted for MXNet programs: pictures here have no fourth channel.
    scale : float
    max_random_contrast, max_random_illumination : float
        Largest change of the factor 1 and the shift 0, drawn for each picture.
    mirror : bool
        Mirror every picture left to right.
    rand_mirror : bool
        Mirror half of them.
    """

    mean_img: str = ""
    mean_r: float = 0.0
    mean_g: float = 0.0
    mean_b: float = 0.0
    mean_a: float = 0.0
    std_r: float = 1.0
    std_g: float = 1.0
    std_b: float = 1.0
    std_a: float = 1.0
    scale: float = 1.0
    max_random_contrast: float = 0.0
    max_random_illumination: float = 0.0
    mirror: bool = False
    rand_mirror: bool = False
    picture: Any = field(default=None, repr=False)  # (C, H, W), what mean_img holds

    def loaded(self, compute: Callable[[Path], Array]) -> Normalization:
        """Return the same with the mean picture read, or made by `compute` and written."""
        if not self.mean_img:
            return self
        from dlstudio import nd

        path = Path(self.mean_img)
        if not path.is_file():
            nd.save(str(path), {"mean_img": nd.array(compute(path))})
        found = nd.load(str(path))
        arrays = list(found.values()) if isinstance(found, dict) else found
        return replace(self, picture=arrays[0].asnumpy())

    def __call__(self, image: Array, draw: np.random.Generator) -> Array:
        """Turn a picture (H, W, C) into (C, H, W); bytes stay bytes if nothing changes them."""
        x = np.moveaxis(image, -1, 0)
        if self._changes:
            x = self._scaled(x.astype(np.float32), draw)
        flip = self.mirror or (self.rand_mirror and draw.random() < 0.5)
        return x[:, :, ::-1] if flip else x

    @property
    def _changes(self) -> bool:
        means = (self.mean_r, self.mean_g, self.mean_b, self.max_random_illumination)
        factors = (self.std_r, self.std_g, self.std_b, self.scale, 1 + self.max_random_contrast)
        return self.picture is not None or any(means) or any(f != 1 for f in factors)

    def _scaled(self, x: Array, draw: Any) -> Array:
        if self.picture is not None and self.picture.shape != x.shape:
            raise ShapeError(
                explain(
                    f"ImageRecordIter: {self.mean_img} holds a picture of shape "
                    f"{self.picture.shape}.",
                    f"data_shape={x.shape}.",
                    f"delete {self.mean_img}: it is made anew",
                )
            )
        mean = self._per_channel(self.mean_r, self.mean_g, self.mean_b, len(x))
        x = x - (mean if self.picture is None else self.picture)
        contrast = draw.uniform(-self.max_random_contrast, self.max_random_contrast)
        light = draw.uniform(-self.max_random_illumination, self.max_random_illumination)
        std = self._per_channel(self.std_r, self.std_g, self.std_b, len(x))
        factor = np.float32(1 + contrast)
        return (x * factor + np.float32(light)) * np.float32(self.scale) / std

    @staticmethod
    def _per_channel(r: float, g: float, b: float, channels: int) -> Array:
        return np.array([r, g, b][:channels], np.float32).reshape(-1, 1, 1)
