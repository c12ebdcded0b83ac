"""Augmenters: objects that change one picture (H, W, C), and the ones that move its pixels.

What is random is drawn anew at each call, from the stream that ``mx.random.seed`` starts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.dialects import pictures
from dlstudio.errors import ParamError, explain

__all__ = [
    "Augmenter",
    "CastAug",
    "CenterCropAug",
    "ForceResizeAug",
    "HorizontalFlipAug",
    "PixelAugmenter",
    "RandomCropAug",
    "RandomOrderAug",
    "RandomSizedCropAug",
    "ResizeAug",
    "SequentialAug",
    "chance",
]

Array = Any
Size = tuple[int, int]  # (width, height)


def chance(probability: float) -> bool:
    """Return True with the given probability."""
    return bool(host_generator().random() < probability)


class Augmenter:
    """Base of augmenters: subclasses define ``__call__(src)``.

    Parameters
    ----------
    **kwargs
        What describes the augmenter; `dumps` writes it down.

    Examples
    --------
    >>> HorizontalFlipAug(0.5).dumps()
    '["horizontalflipaug", {"p": 0.5}]'
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = {name: _plain(value) for name, value in kwargs.items()}

    def dumps(self) -> Any:
        """Describe the augmenter as JSON: its name in small letters, and its parameters."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __call__(self, src: Any) -> Any:
        """Change a picture.

        Parameters
        ----------
        src : NDArray, (H, W, C)

        Returns
        -------
        NDArray
        """
        raise ParamError(explain(f"{type(self).__name__} does not define __call__(self, src)."))


def _plain(value: Any) -> Any:
    """Turn arrays into what JSON can hold."""
    if isinstance(value, Tensor):
        value = value.asnumpy()
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


class PixelAugmenter(Augmenter):
    """An augmenter written for NumPy arrays: subclasses define `compute`."""

    def __call__(self, src: Any) -> Any:
        """Change a picture; NumPy arrays are taken too."""
        result = np.ascontiguousarray(self.compute(np.asarray(src)))
        if isinstance(src, Tensor):
            return type(src)._wrap(src.context.backend.from_numpy(result), src.context)
        return pictures.as_tensor(result, NDArray)

    def compute(self, image: Array) -> Array:
        """Change a NumPy picture (H, W, C), not in place."""
        raise ParamError(explain(f"{type(self).__name__} does not define compute(self, image)."))


# ---- several together ------------------------------------------------------------------------
class _Several(Augmenter):
    def __init__(self, ts: Sequence[Callable[[Any], Any]]) -> None:
        super().__init__()
        self.ts = list(ts)

    def dumps(self) -> Any:
        """Describe the augmenter and its parts."""
        return [
            type(self).__name__.lower(),
            [t.dumps() if isinstance(t, Augmenter) else repr(t) for t in self.ts],
        ]


class SequentialAug(_Several):
    """Several augmenters, one after the other.

    Parameters
    ----------
    ts : list of Augmenter
    """

    def __call__(self, src: Any) -> Any:
        """Change a picture."""
        for augmenter in self.ts:
            src = augmenter(src)
        return src


class RandomOrderAug(_Several):
    """Several augmenters in random order.

    Parameters
    ----------
    ts : list of Augmenter
    """

    def __call__(self, src: Any) -> Any:
        """Change a picture."""
        for number in host_generator().permutation(len(self.ts)):
            src = self.ts[number](src)
        return src


# ---- sizes -----------------------------------------------------------------------------------
class ResizeAug(Augmenter):
    """Resize so that the shorter edge gets the given length.

    Parameters
    ----------
    size : int
    interp : int
        0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos, 9 by size, 10 at random.
    """

    def __init__(self, size: int, interp: int = 2) -> None:
        super().__init__(size=size, interp=interp)
        self.size, self.interp = size, interp

    def __call__(self, src: Any) -> Any:
        """Change a picture."""
        return pictures.resize_short(src, self.size, self.interp)


class _Sized(Augmenter):
    def __init__(self, size: Size, interp: int = 2, **kwargs: Any) -> None:
        super().__init__(size=size, interp=interp, **kwargs)
        self.size, self.interp = size, interp


class ForceResizeAug(_Sized):
    """Resize to (width, height), whatever becomes of the proportions.

    Parameters
    ----------
    size : (width, height)
    interp : int
        See `ResizeAug`.
    """

    def __call__(self, src: Any) -> Any:
        """Change a picture."""
        return pictures.imresize(src, *self.size, interp=self.interp)


class RandomCropAug(_Sized):
    """Cut out a part of the given size at random.

    Parameters
    ----------
    size : (width, height)
    interp : int
        See `ResizeAug`; for pictures that are too small.
    """

    def __call__(self, src: Any) -> Any:
        """Change a picture."""
        return pictures.random_crop(src, self.size, self.interp)[0]


class CenterCropAug(_Sized):
    """Cut out the middle.

    Parameters
    ----------
    size : (width, height)
    interp : int
        See `ResizeAug`; for pictures that are too small.
    """

    def __call__(self, src: Any) -> Any:
        """Change a picture."""
        return pictures.center_crop(src, self.size, self.interp)[0]


class RandomSizedCropAug(_Sized):
    """Cut out a part of random area and proportions, and resize it.

    Parameters
    ----------
    size : (width, height)
        Of the result.
    area : float or (float, float)
        Range of the part's share of the picture; one number is the least.
    ratio : (float, float)
        Range of width / height.
    interp : int
        See `ResizeAug`.
    """

    def __init__(
        self, size: Size, area: Any, ratio: tuple[float, float], interp: int = 2, **kwargs: Any
    ) -> None:
        area = kwargs.pop("min_area", area)  # its name before MXNet 1.2
        super().__init__(size, interp, area=area, ratio=ratio)
        self.area, self.ratio = area, ratio

    def __call__(self, src: Any) -> Any:
        """Change a picture."""
        return pictures.random_size_crop(src, self.size, self.area, self.ratio, self.interp)[0]


# ---- mirror and dtype ------------------------------------------------------------------------
class HorizontalFlipAug(PixelAugmenter):
    """Mirror left to right.

    Parameters
    ----------
    p : float in [0, 1]
        How often.
    """

    def __init__(self, p: float) -> None:
        super().__init__(p=p)
        self.p = p

    def compute(self, image: Array) -> Array:
        """Change a NumPy picture."""
        return image[:, ::-1].copy() if chance(self.p) else image


class CastAug(Augmenter):
    """Change the dtype.

    Parameters
    ----------
    typ : str, default "float32"
    """

    def __init__(self, typ: str = "float32") -> None:
        super().__init__(type=typ)
        self.typ = typ

    def __call__(self, src: Any) -> Any:
        """Change a picture."""
        return src.astype(self.typ)
