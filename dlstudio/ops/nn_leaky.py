"""LeakyReLU: activations that let negative values through, and GELU."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from dlstudio.core.interpret import raw
from dlstudio.core.params import Choice, Float
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_dropout import masked
from dlstudio.ops.nn_rules import aval, expect_float, narrow, wide

Array = Any

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_ACTS = ("rrelu", "leaky", "prelu", "elu", "selu", "gelu")


def _erf(xp: Any, x: Array) -> Array:
    return raw(xp).erf(x)


def _gelu(xp: Any, x: Array) -> Array:
    # Hendrycks and Gimpel, "Gaussian error linear units", arXiv 1606.08415
    return 0.5 * x * (1 + _erf(xp, x / x.dtype.type(sqrt(2))))


def _per_channel(gamma: Any, ndim: int) -> tuple[int, ...]:
    """Shape in which prelu's slopes broadcast: along axis 1 (axis 0 of a vector)."""
    return (1, gamma.size) + (1,) * (ndim - 2) if ndim > 1 else (gamma.size,)


def _infer_leaky(data: Any, gamma: Any = None, *, act_type: str, **_: Any) -> Any:
    expect_float("LeakyReLU", data)
    out = aval(data.shape, data)
    if act_type == "prelu":
        _check_prelu(data, gamma)
    return (out, out) if act_type == "rrelu" else out


def _check_prelu(data: Any, gamma: Any) -> None:
    channels = data.shape[1] if data.ndim > 1 else (data.shape or (1,))[0]
    if gamma is None or gamma.size not in (1, channels):
        raise ShapeError(
            explain(
                f"LeakyReLU(act_type='prelu'): gamma has shape {getattr(gamma, 'shape', None)}.",
                f"one slope, or one per channel: (1,) or ({channels},).",
                f"gamma = nd.full(({channels},), 0.25)",
            )
        )


def _grad_leaky(
    F: Any, g: Any, out: Any, data: Any, gamma: Any = None, *, act_type: str, slope: float, **_: Any
) -> tuple[Any, ...]:
    if act_type == "rrelu":
        return (masked(F, g, out),)
    if act_type == "prelu":
        return _grad_prelu(F, g, data, gamma)
    return (_SLOPES[act_type](F, g, out, data, slope), None)


def _grad_prelu(F: Any, g: Any, data: Any, gamma: Any) -> tuple[Any, Any]:
    shape = _per_channel(gamma, data.ndim)
    slopes = F.reshape(gamma, shape=shape)
    positive = F.greater_scalar(data, scalar=0.0)
    dgamma = F.multiply(g, F.minimum_scalar(data, scalar=0.0))
    return (
        F.where(positive, g, F.multiply(g, slopes)),
        F.reshape(F.sum_to(dgamma, shape=shape), shape=gamma.shape),
    )


def _slope_leaky(F: Any, g: Any, out: Any, data: Any, slope: float) -> Any:
    return F.where(F.greater_scalar(data, scalar=0.0), g, F.multiply_scalar(g, scalar=slope))


def _slope_elu(F: Any, g: Any, out: Any, data: Any, slope: float) -> Any:
    below = F.multiply(
        g, F.multiply_scalar(F.exp(F.minimum_scalar(data, scalar=0.0)), scalar=slope)
    )
    return F.where(F.greater_scalar(data, scalar=0.0), g, below)


def _slope_selu(F: Any, g: Any, out: Any, data: Any, slope: float) -> Any:
    return F.multiply_scalar(_slope_elu(F, g, out, data, SELU_ALPHA), scalar=SELU_SCALE)


def _slope_gelu(F: Any, g: Any, out: Any, data: Any, slope: float) -> Any:
    cdf = F.add_scalar(F.erf(F.multiply_scalar(data, scalar=1 / sqrt(2))), scalar=1.0)
    pdf = F.exp(F.multiply_scalar(F.square(data), scalar=-0.5))
    local = F.add(
        F.multiply_scalar(cdf, scalar=0.5),
        F.multiply(data, F.multiply_scalar(pdf, scalar=1 / sqrt(2 * pi))),
    )
    return F.multiply(g, local)


_SLOPES = {"leaky": _slope_leaky, "elu": _slope_elu, "selu": _slope_selu, "gelu": _slope_gelu}


def _leaky_samples(s: Any) -> list[Any]:
    x = s.uniform(2, 3) * np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])
    return [
        *(s(x, act_type=name, slope=0.3) for name in _SLOPES),
        s(x, (3,), act_type="prelu"),
        s(x, (1,), act_type="prelu"),
        s(s.uniform(2, 2, 3) - 1.0, (2,), act_type="prelu"),
        s(-s.uniform(3), (3,), act_type="prelu"),
        s(x, act_type="rrelu"),
        s((0, 3)),
    ]


@op(
    "LeakyReLU",
    infer=_infer_leaky,
    grad=_grad_leaky,
    complete=lambda shapes, attrs: (
        shapes if shapes[0] is None or len(shapes) < 2 else [shapes[0], shapes[1] or shapes[0][1:2]]
    ),
    input_names=lambda attrs: ("data", "gamma")[: 2 if attrs["act_type"] == "prelu" else 1],
    starts={"gamma": '["Constant", {"value": 0.25}]'},
    outputs=lambda attrs: 2 if attrs["act_type"] == "rrelu" else 1,
    visible=1,
    params={
        "act_type": Choice(*_ACTS),
        "slope": Float(),
        "lower_bound": Float(),
        "upper_bound": Float(),
    },
    names=Names(nd="LeakyReLU", npx="leaky_relu"),
    flags=Flags(random=True, mode=True),
    samples=_leaky_samples,
    errors=lambda s: [
        bad(s((2, 3), act_type="relu"), ParamError, "act_type must be one of"),
        bad(s((2, 3), (4,), act_type="prelu"), ShapeError, r"gamma has shape \(4,\)"),
        bad(s((2, 3), act_type="prelu"), ShapeError, "one slope"),
    ],
)
def _(
    xp: Any, data: Array, gamma: Array = None, *, act_type: str = "leaky", slope: float = 0.25,
    lower_bound: float = 0.125, upper_bound: float = 0.334, training: bool = False, rng: Any = None,
) -> Any:  # fmt: skip
    r"""Activations that let negative values through, attenuated.

    ======  ==============================================================================
    leaky   :math:`x` if :math:`x > 0` else :math:`slope \cdot x`
    prelu   as leaky, with a learned slope per channel, `gamma` (C,) or (1,)
    rrelu   as leaky, with slopes drawn from [lower_bound, upper_bound] in training and
            their mean in prediction
    elu     :math:`slope (e^x - 1)` below zero
    selu    elu with the slope and scale that keep mean 0 and variance 1
    gelu    :math:`x \Phi(x)`, with the normal distribution function
    ======  ==============================================================================

    References
    ----------
    He et al. 2015 (prelu), Clevert et al. 2016 (elu), Klambauer et al. 2017 (selu),
    Xu et al. 2015 (rrelu), Hendrycks and Gimpel 2016 (gelu).
    """
    expect_float("LeakyReLU", data)
    if act_type == "rrelu":
        return _rrelu(xp, data, lower_bound, upper_bound, rng if training else None)
    if act_type == "prelu":
        _check_prelu(data, gamma)
        slopes = wide(gamma.reshape(_per_channel(gamma, data.ndim)))
        return narrow(_bent(xp, wide(data), slopes), data.dtype)
    return narrow(_LEAKY[act_type](xp, wide(data), slope), data.dtype)


def _rrelu(xp: Any, data: Array, low: float, high: float, rng: Any) -> tuple[Array, Array]:
    slopes = (low + high) / 2 if rng is None else rng.uniform(low, high, data.shape)
    mask = xp.where(data > 0, 1, slopes).astype(data.dtype)
    return data * mask, mask


def _bent(xp: Any, x: Array, slope: Any) -> Array:
    """`x` above zero, ``slope * x`` below: exact, since one of the two terms is zero."""
    y = xp.minimum(x, 0)
    y *= slope
    y += xp.maximum(x, 0)
    return y


def _elu(xp: Any, x: Array, slope: float) -> Array:
    y = xp.expm1(xp.minimum(x, 0))
    y *= slope
    y += xp.maximum(x, 0)
    return y


_LEAKY = {
    "leaky": _bent,
    "elu": _elu,
    "selu": lambda xp, x, slope: SELU_SCALE * _elu(xp, x, SELU_ALPHA),
    "gelu": lambda xp, x, slope: _gelu(xp, x),
}
