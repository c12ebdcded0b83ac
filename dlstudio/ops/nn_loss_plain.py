"""Ordinary loss functions, whose value is computed and whose gradient is its derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Float
from dlstudio.core.registry import Flags, Names, composite, op
from dlstudio.ops.rules import same

Array = Any


def _grad_smooth_l1(F: Any, g: Any, out: Any, data: Any, *, scalar: float) -> tuple[Any]:
    # slope sigma² x inside |x| < 1 / sigma², sign(x) beyond: the first, clipped to [-1, 1]
    square = scalar * scalar
    slope = F.minimum_scalar(
        F.maximum_scalar(F.multiply_scalar(data, scalar=square), scalar=-1.0), scalar=1.0
    )
    return (F.multiply(g, slope),)


@op(
    "smooth_l1",
    infer=same,
    grad=_grad_smooth_l1,
    params={"scalar": Float()},
    names=Names(nd="smooth_l1", npx="smooth_l1"),
    flags=Flags(inplace=(0,), amp="fp32"),
    samples=lambda s: [
        s(np.array([[-2.0, -0.3, 0.4], [0.7, 1.6, -0.9]])),
        s(np.array([0.1, 0.6, -0.2]), scalar=2.0),
        s(0, 2),
    ],
)
def _(xp: Any, data: Array, *, scalar: float = 1.0) -> Array:
    r"""Quadratic near zero, linear beyond.

    :math:`(\sigma x)^2 / 2` for :math:`|x| < 1 / \sigma^2`, else :math:`|x| - 0.5 / \sigma^2`,
    with σ = `scalar`.

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015, equation 3.
    """
    square = scalar * scalar
    size = xp.abs(data)
    return xp.where(size < 1 / square, 0.5 * square * data * data, size - 0.5 / square)


@composite(
    "softmax_cross_entropy",
    names=Names(nd="softmax_cross_entropy"),
    flags=Flags(amp="fp32"),
    samples=lambda s: [s((3, 4), np.array([0, 2, 1]))],
)
def _(F: Any, data: Any, label: Any) -> Any:
    """Total cross-entropy of scores `data` (B, K) with class numbers `label` (B,): shape (1,)."""
    chances = F.pick(F.log_softmax(data, axis=-1), label, axis=-1)
    return F.negative(F.reshape(F.sum(chances), shape=(1,)))
