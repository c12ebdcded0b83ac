"""Convolutions that are matrix products: windows of one value, and windows over few positions.

For these BLAS is up to three times as fast as the loops of `conv_loops`, which live from values
that neighbouring windows share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.kernels import threads
from dlstudio.kernels.blas import single_threaded
from dlstudio.kernels.conv_plan import Layer
from dlstudio.kernels.products import GRAIN, product

__all__ = ["forward", "grad_data", "is_pointwise", "suits_products"]

Array = Any
_FEW_POSITIONS = 32
_MANY_WEIGHTS = 1 << 16


def is_pointwise(layer: Layer) -> bool:
    """Whether each result is a product with the values of one position."""
    plain = layer.kernel == layer.stride == (1, 1) and layer.pad == (0, 0)
    return plain and layer.groups == 1


def suits_products(layer: Layer) -> bool:
    """Whether the reference, which gathers the windows for BLAS, is the faster way."""
    if layer.groups > 1:
        return False
    positions = layer.out_size[0] * layer.out_size[1]
    few = positions < _FEW_POSITIONS and layer.channels * layer.outputs >= _MANY_WEIGHTS
    return few or layer.kernel == (1, 1)


def forward(layer: Layer, *, relu: bool) -> Callable[..., None]:
    """Function of (data, weight, out, bias) for a pointwise layer."""

    def run(data: Array, weight: Array, out: Array, bias: Array) -> None:
        matrix = weight.reshape(layer.outputs, layer.channels)
        _multiply(layer, matrix, data, out, None if bias is None else bias[:, None], relu)

    return run


def grad_data(layer: Layer) -> Callable[..., None]:
    """Function of (data_grad, out_grad, weight) for a pointwise layer."""

    def run(out: Array, g: Array, weight: Array) -> None:
        matrix = weight.reshape(layer.outputs, layer.channels).T
        _multiply(layer, matrix, g, out, None, False)

    return run


def _multiply(
    layer: Layer, matrix: Array, data: Array, out: Array, shift: Array, relu: bool
) -> None:  # fmt: skip
    """Write matrix times image, for all images."""
    images, results = (a.reshape(layer.batch, a.shape[1], -1) for a in (data, out))
    if layer.batch == 1 or threads.budget() == 1:
        _some_images(matrix, images, results, shift, relu, 0, layer.batch, 0)
        return
    arguments = (matrix, images, results, shift, relu)
    with single_threaded:
        threads.parallel_for(_some_images, layer.batch, arguments, work=layer.work, grain=GRAIN)


def _some_images(
    matrix: Array, images: Array, out: Array, shift: Array, relu: bool, lo: int, hi: int,
    worker: int,
) -> None:  # fmt: skip
    for n in range(lo, hi):
        if len(images) == 1:
            product(matrix, images[n], out[n])
        else:
            np.matmul(matrix, images[n], out=out[n])
        if shift is not None:
            out[n] += shift
        if relu:
            np.maximum(out[n], 0, out=out[n])
