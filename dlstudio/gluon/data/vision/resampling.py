"""Resampling images along one axis: every method is a small table of neighbours and weights.

Output pixel i covers the stretch [i, i + 1)·scale of the input, scale = old size / new size; its
centre lies at (i + 1/2)·scale - 1/2. Near the border, missing neighbours repeat the border pixel.

====  ========  ==========================================================
code  method    neighbours and weights, at distance d from the centre
====  ========  ==========================================================
0     nearest   the pixel at floor(i·scale)
1     bilinear  2: 1 - d
2     bicubic   4: Keys' cubic with a = -3/4
3     area      all that the stretch touches, by overlap (bilinear when enlarging)
4     Lanczos   8: sinc(d)·sinc(d / 4), normalised
====  ========  ==========================================================

The first three look at a fixed number of pixels, also when an image shrinks a lot: details then
flicker ("aliasing"), and "area" looks better. These are the conventions of OpenCV and so of MXNet.

References
----------
Keys, "Cubic convolution interpolation for digital image processing", 1981.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain

__all__ = ["along_axis"]

Array = Any
_NAMES = {0: "nearest", 1: "bilinear", 2: "bicubic", 3: "area", 4: "Lanczos"}
_AREA = 3
_CUBIC_A = -0.75
_LOBES = 4  # of the Lanczos window, on either side


def along_axis(image: Array, axis: int, size: int, interpolation: int) -> Array:
    """Resample one axis of an array.

    Parameters
    ----------
    image : numpy.ndarray
        Computed in float32, or float64 if it is that.
    axis : int
    size : int > 0
        New length of the axis.
    interpolation : int
        A code of the table above.

    Returns
    -------
    numpy.ndarray, floating
        In the dtype of `image` for "nearest".

    Raises
    ------
    ParamError
        If the code is unknown.
    """
    if interpolation not in _NAMES:
        known = ", ".join(f"{code} ({name})" for code, name in _NAMES.items())
        raise ParamError(explain(f"resize: got interpolation={interpolation}.", f"one of {known}."))
    old = image.shape[axis]
    if interpolation == 0:
        return np.take(image, np.arange(size) * old // size, axis)
    dtype = np.result_type(image.dtype, np.float32)
    neighbours, weights = _table(old, size, interpolation)
    shape = [1] * image.ndim
    shape[axis] = size
    total: Array = 0
    for pixels, weight in zip(neighbours, weights.astype(dtype), strict=True):
        total = total + np.take(image, pixels, axis) * weight.reshape(shape)
    return total


def _table(old: int, size: int, interpolation: int) -> tuple[Array, Array]:
    """Neighbours and their weights, each of shape (number of neighbours, size)."""
    scale = old / size
    if interpolation == _AREA and scale > 1:
        neighbours, weights = _overlaps(size, scale)
    else:
        neighbours, weights = _sampled(size, scale, 1 if interpolation == _AREA else interpolation)
    return np.clip(neighbours, 0, old - 1), weights


def _overlaps(size: int, scale: float) -> tuple[Array, Array]:
    start = np.arange(size) * scale
    neighbours = np.floor(start).astype(np.intp) + np.arange(int(np.ceil(scale)) + 1)[:, None]
    overlap = np.minimum(start + scale, neighbours + 1) - np.maximum(start, neighbours)
    return neighbours, np.maximum(overlap, 0) / scale


def _sampled(size: int, scale: float, interpolation: int) -> tuple[Array, Array]:
    centre = (np.arange(size) + 0.5) * scale - 0.5
    reach = {1: 1, 2: 2, 4: _LOBES}[interpolation]
    neighbours = np.floor(centre).astype(np.intp) + np.arange(1 - reach, reach + 1)[:, None]
    distance = np.abs(neighbours - centre)
    weights = {1: _linear, 2: _cubic, 4: _lanczos}[interpolation](distance)
    return neighbours, weights / weights.sum(axis=0)


def _linear(distance: Array) -> Array:
    return 1 - distance


def _cubic(distance: Array) -> Array:
    d, a = distance, _CUBIC_A
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, far)


def _lanczos(distance: Array) -> Array:
    return np.sinc(distance) * np.sinc(distance / _LOBES)
