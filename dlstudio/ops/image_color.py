"""Changing the colours of pictures (H, W, C), with RGB values 0 … 255: brightness, hue, light."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Float
from dlstudio.core.registry import Flags, Op, bad, op
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.image import expect_picture, picture_names
from dlstudio.ops.nn_rules import Floats, aval
from dlstudio.ops.reduce import fold

Array = Any

PASSES = "an augmentation passes the gradient on unchanged, as MXNet's do"

_GRAY = (0.299, 0.587, 0.114)  # ITU-R BT.601
# principal components of the colours of ImageNet (Krizhevsky et al. 2012), scaled by their size
_EIGENVALUES = (55.46, 4.794, 1.148)
_EIGENVECTORS = (
    (-0.5675, 0.7192, 0.4009),
    (-0.5808, -0.0045, -0.8140),
    (-0.5836, -0.6948, 0.4203),
)


def _saturated(xp: Any, y: Array, dtype: Any) -> Array:
    """Back to the picture's dtype; whole numbers are bounded and cut off."""
    if dtype.kind not in "iu":
        return y.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return xp.clip(y, limits.min, limits.max).astype(dtype)


def _float(x: Array) -> Array:
    return x if x.dtype.kind == "f" else x.astype("float32")


def _gray(xp: Any, x: Array) -> Array:
    if x.shape[-1] == 1:
        return x
    return fold("sum", x * xp.asarray(_GRAY, x.dtype), -1, keepdims=True)


def _brightness(xp: Any, x: Array, factor: float) -> Array:
    return x * factor


def _contrast(xp: Any, x: Array, factor: float) -> Array:
    return x * factor + (1 - factor) * _gray(xp, x).mean()


def _saturation(xp: Any, x: Array, factor: float) -> Array:
    return x * factor + (1 - factor) * _gray(xp, x)


def _hue(xp: Any, x: Array, factor: float) -> Array:
    """Turn the hue by `factor` times a full circle, keeping lightness and saturation."""
    if x.shape[-1] == 1:
        return x
    top, low = fold("max", x, -1), fold("min", x, -1)
    span = top - low
    r, g, b = (x[..., k] for k in range(3))
    safe = xp.where(span > 0, span, 1)
    other = xp.where(top == g, (b - r) / safe + 2, (r - g) / safe + 4)
    sector = xp.where(top == r, (g - b) / safe % 6, other)
    turned = (sector + 6 * factor) % 6

    def channel(offset: int) -> Array:
        distance = (offset + turned) % 6
        share = xp.clip(xp.minimum(distance, 4 - distance), 0, 1)
        return top - span * share

    return xp.stack([channel(5), channel(3), channel(1)], axis=-1)


def _lighting(xp: Any, x: Array, alpha: Any) -> Array:
    if x.shape[-1] == 1:
        return x
    shift = np.asarray(_EIGENVECTORS) @ (np.asarray(alpha) * _EIGENVALUES)
    return x + xp.asarray(shift, x.dtype)


_CHANGES = {
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "hue": _hue,
}


def _register(name: str, forward: Any, samples: Any, *, random: bool = True, **fields: Any) -> Op:
    """Register a change of colour; the gradient passes unchanged."""

    def infer(data: Any, **_: Any) -> Any:
        expect_picture(name, data)
        return aval(data.shape, data)

    return op(
        f"image_{name}",
        infer=infer,
        grad=lambda F, g, out, data, **_: (g,),
        names=picture_names(name),
        flags=Flags(random=random),
        custom_gradient=PASSES,
        samples=samples,
        **fields,
    )(forward)


def _random_change(name: str, change: Any, doc: str) -> None:
    """Register random_<name>: the change by a factor drawn from [min_factor, max_factor]."""

    def forward(xp: Any, data: Array, *, min_factor: float, max_factor: float, rng: Any) -> Array:
        expect_picture(f"random_{name}", data)
        if max_factor < min_factor:
            raise ParamError(
                f"image.random_{name}: parameter max_factor must be at least min_factor="
                f"{min_factor}. Got {max_factor}."
            )
        factor = float(rng.uniform(min_factor, max_factor))
        return _saturated(xp, change(xp, _float(data), factor), data.dtype)

    forward.__doc__ = doc
    factors = dict(min_factor=1.2, max_factor=1.2)
    _register(
        f"random_{name}",
        forward,
        lambda s: [
            s(2, 3, 3, **factors),
            s(2, 2, 1, min_factor=0.5, max_factor=1.5),
            s(s.ints(2, 2, 3, high=256, dtype=np.uint8), **factors),
        ],
        params={"min_factor": Float(0), "max_factor": Float(0)},
        errors=lambda s: [
            bad(s(2, 3, **factors), ShapeError, r"\(H, W, C\)"),
            bad(s(2, 3, 3, min_factor=1.0, max_factor=0.5), ParamError, "max_factor must be"),
        ],
    )


_random_change("brightness", _brightness, "Multiply by a random factor.")
_random_change("contrast", _contrast, "Move away from, or towards, the mean gray of the picture.")
_random_change("saturation", _saturation, "Move each cell away from, or towards, its gray.")
_random_change("hue", _hue, "Turn the hue by a random share of the circle of colours.")


def _color_jitter(
    xp: Any, data: Array, *, brightness: float, contrast: float, saturation: float, hue: float,
    rng: Any,
) -> Array:  # fmt: skip
    """Change brightness, contrast, saturation and hue in random order, each by up to its share.

    The factor of each is drawn from [max(0, 1 - share), 1 + share]; a share of 0 leaves it alone.
    """
    expect_picture("random_color_jitter", data)
    shares = (brightness, contrast, saturation, hue)
    x = _float(data)
    for k in rng.permutation(4).tolist():
        if shares[k] > 0:
            factor = float(rng.uniform(max(0.0, 1 - shares[k]), 1 + shares[k]))
            x = tuple(_CHANGES.values())[k](xp, x, factor)
    return _saturated(xp, x, data.dtype)


_register(
    "random_color_jitter",
    _color_jitter,
    lambda s: [s(2, 3, 3, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1)],
    params={name: Float(0) for name in _CHANGES},
)


def _adjust_lighting(xp: Any, data: Array, *, alpha: tuple[float, ...]) -> Array:
    """Add light along the principal components of ImageNet's colours, by `alpha` (3 numbers).

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep CNNs", 2012.
    """
    expect_picture("adjust_lighting", data)
    return _saturated(xp, _lighting(xp, _float(data), alpha), data.dtype)


_register(
    "adjust_lighting",
    _adjust_lighting,
    lambda s: [s(2, 3, 3, alpha=(0.1, -0.2, 0.05)), s(2, 2, 1, alpha=(0.1, 0.1, 0.1))],
    random=False,
    params={"alpha": Floats()},
)


def _random_lighting(xp: Any, data: Array, *, alpha_std: float = 0.05, rng: Any) -> Array:
    """`adjust_lighting` with normal random numbers of standard deviation `alpha_std`."""
    expect_picture("random_lighting", data)
    alpha = [float(a) for a in rng.standard_normal(3)]
    return _saturated(xp, _lighting(xp, _float(data), np.multiply(alpha, alpha_std)), data.dtype)


_register(
    "random_lighting",
    _random_lighting,
    lambda s: [s(2, 3, 3), s(2, 3, 3, alpha_std=0.0)],
    params={"alpha_std": Float(0)},
)
