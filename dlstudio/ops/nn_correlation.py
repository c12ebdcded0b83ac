"""Correlation of two feature maps over displacements, as optical flow networks use it.

References
----------
Dosovitskiy et al., "FlowNet: learning optical flow with convolutional networks", ICCV 2015.
"""

from __future__ import annotations

from typing import Any

from dlstudio.core.params import Int
from dlstudio.core.registry import Names, bad, composite
from dlstudio.errors import ParamError, ShapeError, explain


def _check(data1: Any, data2: Any, kernel_size: int, reach: int, pad_size: int) -> None:
    if data1.ndim != 4 or tuple(data1.shape) != tuple(data2.shape):
        raise ShapeError(
            explain(
                f"Correlation: data1 {tuple(data1.shape)}, data2 {tuple(data2.shape)}.",
                "two maps (B, C, H, W) of one shape.",
            )
        )
    if kernel_size % 2 == 0:
        raise ParamError(f"Correlation: parameter kernel_size must be odd. Got {kernel_size}.")
    least = 2 * reach + kernel_size
    if min(data1.shape[2:]) + 2 * pad_size < least:
        raise ShapeError(
            explain(
                f"Correlation: maps {tuple(data1.shape[2:])} with pad_size={pad_size}.",
                f"at least {least} cells each way: twice max_displacement={reach} and the kernel.",
                f"pad_size={-(-(least - min(data1.shape[2:])) // 2)}",
            )
        )


def _window(F: Any, x: Any, y: int, x0: int, size: tuple[int, int]) -> Any:
    rows = F.slice_axis(x, axis=2, begin=y, end=y + size[0])
    return F.slice_axis(rows, axis=3, begin=x0, end=x0 + size[1])


@composite(
    "Correlation",
    params={
        "kernel_size": Int(1), "max_displacement": Int(0), "stride1": Int(1), "stride2": Int(1),
        "pad_size": Int(0),
    },
    names=Names(nd="Correlation"),
    samples=lambda s: [
        s((1, 2, 3, 4), (1, 2, 3, 4), max_displacement=1),
        s((1, 2, 3, 4), (1, 2, 3, 4), max_displacement=2, stride2=2, pad_size=2, kernel_size=3),
        s((1, 1, 3, 3), s.uniform(1, 1, 3, 3) + 2, pad_size=1, stride1=2, is_multiply=False),
    ],
    errors=lambda s: [
        bad(s((1, 2, 3, 4), (1, 1, 3, 4)), ShapeError, "of one shape"),
        bad(s((1, 2, 3, 4), (1, 2, 3, 4), kernel_size=2), ParamError, "odd"),
        bad(s((1, 2, 3, 4), (1, 2, 3, 4), max_displacement=4), ShapeError, "pad_size=3"),
    ],
)  # fmt: skip
def _(
    F: Any, data1: Any, data2: Any, *, kernel_size: int = 1, max_displacement: int = 1,
    stride1: int = 1, stride2: int = 1, pad_size: int = 0, is_multiply: bool = True,
) -> Any:  # fmt: skip
    """Mean product of patches of data1 with displaced patches of data2: one channel per step.

    Parameters
    ----------
    data1, data2 : (B, C, H, W)
    kernel_size : edge of the patches, odd
    max_displacement, stride2 : displacements reach that far each way, in steps of `stride2`
    stride1 : distance between patches
    is_multiply : False takes mean absolute differences instead

    Returns
    -------
    (B, D * D, h, w) with ``D = 2 * (max_displacement // stride2) + 1``
    """
    _check(data1, data2, kernel_size, max_displacement, pad_size)
    pads = (0, 0, 0, 0, pad_size, pad_size, pad_size, pad_size)
    first, second = (
        F.Pad(x, mode="constant", pad_width=pads) if pad_size else x for x in (data1, data2)
    )
    size = tuple(n - 2 * max_displacement for n in first.shape[2:])
    fixed = _window(F, first, max_displacement, max_displacement, size)
    grid = max_displacement // stride2
    steps = [i * stride2 for i in range(-grid, grid + 1)]
    scale = 1.0 / (kernel_size * kernel_size * data1.shape[1])
    channels = []
    for down in steps:
        for right in steps:
            moved = _window(F, second, max_displacement + down, max_displacement + right, size)
            pair = F.multiply(fixed, moved) if is_multiply else F.abs(F.subtract(fixed, moved))
            total = F.sum(pair, axis=1, keepdims=True)
            total = F.Pooling(
                total, kernel=(kernel_size,) * 2, stride=(stride1,) * 2, pool_type="sum"
            )
            channels.append(F.multiply_scalar(total, scalar=scale))
    return F.concatenate(*channels, axis=1)
