"""Image arithmetic on NumPy arrays: what the transforms of the same names do.

Images are H W C (height, width, channels) arrays, as decoded from files, unless C H W is said.
Numbers for `interpolation` are MXNet's: 0 nearest, 1 bilinear, 2 bicubic, 3 area, 4 Lanczos.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from dlstudio.core.interpret import raw
from dlstudio.dialects.pictures import decode_pixels
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.gluon.data.vision import resampling

__all__ = [
    "centered",
    "checked_flag",
    "crop",
    "normalize",
    "read_image",
    "resize",
    "saturate",
    "shorter_edge",
    "to_chw",
]

Array = Any
_ON_BYTES = (1, 2, 4)  # bilinear, bicubic, Lanczos


def read_image(path: str | os.PathLike[str], flag: int = 1) -> Array:
    """Decode an image file.

    Parameters
    ----------
    path : str or path
    flag : {0, 1}
        1 for colours, 0 for grey.

    Returns
    -------
    numpy.ndarray, shape (H, W, 3) or (H, W, 1), dtype uint8

    Raises
    ------
    DataError
        If the file is missing or cannot be decoded.
    """
    return decode_pixels(path, str(path), flag)


def checked_flag(flag: Any, owner: str) -> int:
    """Return what a data set's `flag` says: 1 for colours, 0 for grey.

    Raises
    ------
    ParamError
        If it says nothing; a transform in its place is told where it belongs.
    """
    if callable(flag) or flag not in (-1, 0, 1):
        raise ParamError(
            explain(
                f"{owner}: got flag={flag!r}.",
                "1 for colours or 0 for grey.",
                f"{owner}(…, transform=f)" if callable(flag) else f"{owner}(…, flag=1)",
            )
        )
    return int(flag)


def to_chw(image: Array) -> Array:
    """Turn H W C in [0, 255] into C H W in [0, 1], float32; a batch B H W C likewise."""
    if image.ndim not in (3, 4):
        raise ShapeError(
            explain(
                f"ToTensor: got an image of shape {image.shape}.",
                "(height, width, channels), or a batch of these.",
                "image.reshape((28, 28, 1)) for grey images without a channel axis",
            )
        )
    moved = np.moveaxis(image, -1, -3)
    return np.divide(moved, np.float32(255), dtype=np.float32, order="C")


def normalize(image: Array, mean: Any, std: Any) -> Array:
    """Compute (image - mean) / std for each channel of a C H W image or a batch of them."""
    if image.ndim not in (3, 4) or image.dtype.kind != "f":
        raise ShapeError(
            explain(
                f"Normalize: got shape {image.shape}, dtype {image.dtype}.",
                "a floating image (channels, height, width), or a batch of these.",
                "transforms.Compose([transforms.ToTensor(), transforms.Normalize(…)])",
            )
        )
    mean, std = _per_channel(mean, image), _per_channel(std, image)
    return (image - mean) / std


def _per_channel(value: Any, image: Array) -> Array:
    values = np.asarray(value, image.dtype).reshape(-1, 1, 1)
    if len(values) not in (1, image.shape[-3]):
        raise ShapeError(
            explain(
                f"Normalize: got {len(values)} numbers for an image of {image.shape[-3]} channels "
                f"(shape {image.shape}).",
                "one number, or one for each channel.",
            )
        )
    return values


def crop(image: Array, x: int, y: int, width: int, height: int) -> Array:
    """Cut out `width` columns from `x` on and `height` rows from `y` on."""
    rows, columns = image.shape[-3:-1]
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > columns or y + height > rows:
        raise ParamError(
            explain(
                f"crop: got x={x}, y={y}, width={width}, height={height} for an image of "
                f"{columns} × {rows} pixels.",
                "a rectangle inside the image.",
            )
        )
    return image[..., y : y + height, x : x + width, :]


def centered(image: Array, width: int, height: int) -> tuple[int, int, int, int]:
    """Place a rectangle in the middle, shrunk in proportion if the image is too small.

    Returns
    -------
    tuple of int
        x, y, width, height
    """
    rows, columns = image.shape[-3:-1]
    scale = min(1.0, columns / width, rows / height)
    width, height = max(1, int(width * scale)), max(1, int(height * scale))
    return (columns - width) // 2, (rows - height) // 2, width, height


def shorter_edge(image: Array, size: int) -> tuple[int, int]:
    """Width and height with the shorter one `size` and the proportions kept."""
    rows, columns = image.shape[-3:-1]
    if rows > columns:
        return size, size * rows // columns
    return size * columns // rows, size


def resize(image: Array, width: int, height: int, interpolation: int = 1) -> Array:
    """Change the size of an image; the dtype stays. See `resampling` for the methods.

    Bytes get the whole numbers that `mx.image.imresize` and OpenCV compute.

    Parameters
    ----------
    image : numpy.ndarray, shape (H, W, C) or (B, H, W, C)
    width, height : int > 0
    interpolation : int
        See the module's docstring.
    """
    rows, columns = image.shape[-3:-1]
    if (
        image.dtype == np.uint8
        and (rows, columns) != (height, width)
        and interpolation in _ON_BYTES
    ):
        return raw(np).image_resize(image, size=(width, height), interp=interpolation)
    resized = resampling.along_axis(image, -3, height, interpolation) if rows != height else image
    if columns != width:
        resized = resampling.along_axis(resized, -2, width, interpolation)
    return np.ascontiguousarray(saturate(resized, image.dtype))


def saturate(image: Array, dtype: Any) -> Array:
    """Convert, rounding and clipping to the range of an integer `dtype`."""
    if image.dtype == dtype:
        return image
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        image = np.clip(np.rint(image), limits.min, limits.max)
    return image.astype(dtype)
