"""Activations: relu, sigmoid, softsign, hard_sigmoid, Activation, the LeakyReLU family, Dropout."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Float, Shape
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.ops.families import normalize_axis
from dlstudio.ops.nn_rules import aval, expect_float, narrow, wide

Array = Any
POINTWISE = Flags(inplace=(0,), out=True)


def _signed(s: Any) -> list[Any]:
    # both signs, away from the kink at zero
    signs = np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]])
    return [s(s.uniform(2, 3) * signs), s(()), s(0, 3)]


# ---- single activations ----------------------------------------------------------------------
@op(
    "relu",
    infer=lambda data: aval(data.shape, data),
    grad=lambda F, g, out, data: (F.relu_grad(g, out),),
    names=Names(nd="relu", npx="relu", method="relu"),
    flags=POINTWISE,
    samples=_signed,
)
def _(xp: Any, data: Array, *, out: Array = None) -> Array:
    """Rectified linear unit: ``max(data, 0)``."""
    # a Python 0 takes the array's dtype
    return xp.maximum(data, 0, out=out)


@op(
    "relu_grad",
    infer=lambda g, y: aval(g.shape, g),
    grad=lambda F, u, result, g, y: (F.relu_grad(u, y), None),
    constant=("y",),
    flags=POINTWISE,
    samples=lambda s: [s((2, 3), np.array([[1.0, -1.0, 2.0], [-2.0, -1.0, 3.0]]))],
)
def _(xp: Any, g: Array, y: Array, *, out: Array = None) -> Array:
    """Gradient of `relu` from its output `y`: `g` where ``y > 0``, else 0."""
    return xp.multiply(g, y > 0, out=out)


def _sigmoid(xp: Any, x: Array, out: Array = None) -> Array:
    # tanh saturates, where exp(-x) would overflow for x < -88 in float32
    y = xp.multiply(x, 0.5, out=out)
    xp.tanh(y, out=y)
    y *= 0.5
    y += 0.5
    return y


def _on_vectors(function: Any, xp: Any, x: Array, out: Array) -> Array:
    """Call a function that works in place: 0-d arrays turn into scalars, which have no place."""
    if x.ndim:
        return function(xp, x, out)
    y = function(xp, x[None], None if out is None else out[None]).reshape(())
    return y if out is None else out


def _infer_float(name: str) -> Any:
    def infer(data: Any, *_: Any, **__: Any) -> Aval:
        expect_float(name, data)
        return aval(data.shape, data)

    return infer


@op(
    "sigmoid",
    infer=_infer_float("sigmoid"),
    grad=lambda F, g, out, data: (F.sigmoid_grad(g, out),),
    names=Names(nd="sigmoid", npx="sigmoid", method="sigmoid"),
    flags=POINTWISE,
    samples=_signed,
    errors=lambda s: [bad(s(s.ints(3, high=2)), DTypeError, "floating")],
)
def _(xp: Any, data: Array, *, out: Array = None) -> Array:
    r"""Logistic function :math:`1 / (1 + e^{-x})`."""
    expect_float("sigmoid", data)
    return _on_vectors(_sigmoid, xp, data, out)


@op(
    "sigmoid_grad",
    infer=lambda g, out: aval(g.shape, g),
    grad=lambda F, u, result, g, out: (
        F.sigmoid_grad(u, out),
        F.multiply(F.multiply(u, g), F.add_scalar(F.multiply_scalar(out, scalar=-2.0), scalar=1.0)),
    ),
    flags=Flags(inplace=(0,)),
    samples=lambda s: [s((2, 3), s.uniform(2, 3, low=0.2, high=0.8))],
)
def _(xp: Any, g: Array, out: Array) -> Array:
    """Gradient of `sigmoid` from its output: ``g * out * (1 - out)``."""
    return g * (out * (1 - out))


@op(
    "tanh_grad",
    infer=lambda g, out: aval(g.shape, g),
    grad=lambda F, u, result, g, out: (
        F.tanh_grad(u, out),
        F.multiply(F.multiply(u, g), F.multiply_scalar(out, scalar=-2.0)),
    ),
    flags=Flags(inplace=(0,)),
    samples=lambda s: [s((2, 3), s.uniform(2, 3, low=-0.8, high=0.8))],
)
def _(xp: Any, g: Array, out: Array) -> Array:
    """Gradient of `tanh` from its output: ``g * (1 - out**2)``."""
    return g * (1 - out * out)


def _grad_softsign(F: Any, g: Any, out: Any, data: Any) -> tuple[Any]:
    return (F.divide(g, F.square(F.add_scalar(F.abs(data), scalar=1.0))),)


@op(
    "softsign",
    infer=_infer_float("softsign"),
    grad=_grad_softsign,
    names=Names(nd="softsign", method="softsign"),
    flags=Flags(inplace=(0,)),
    samples=_signed,
)
def _(xp: Any, data: Array) -> Array:
    r"""Softsign :math:`x / (1 + |x|)`."""
    return data / (1 + xp.abs(data))


def _softrelu(xp: Any, x: Array) -> Array:
    # log(1 + e^x) without overflow for large x
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


@op(
    "softrelu",
    infer=_infer_float("softrelu"),
    grad=lambda F, g, out, data: (F.multiply(g, F.sigmoid(data)),),
    flags=Flags(inplace=(0,)),
    samples=_signed,
)
def _(xp: Any, data: Array) -> Array:
    r"""Softplus :math:`\log(1 + e^x)`, a smooth `relu`."""
    return _softrelu(xp, data)


@composite(
    "log_sigmoid",
    names=Names(npx="log_sigmoid"),
    samples=_signed,
)
def _(F: Any, data: Any) -> Any:
    r"""Log of the logistic function, :math:`-\log(1 + e^{-x})`."""
    return F.negative(F.softrelu(F.negative(data)))


@composite("mish", names=Names(npx="mish"), samples=_signed)
def _(F: Any, data: Any) -> Any:
    r"""Mish :math:`x \tanh(\log(1 + e^x))`.

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.
    """
    return F.multiply(data, F.tanh(F.softrelu(data)))


def _grad_hard_sigmoid(
    F: Any, g: Any, out: Any, data: Any, *, alpha: float, **_: Any
) -> tuple[Any]:
    inside = F.logical_and(F.greater_scalar(out, scalar=0.0), F.less_scalar(out, scalar=1.0))
    return (F.multiply(F.multiply_scalar(g, scalar=alpha), inside),)


@op(
    "hard_sigmoid",
    infer=_infer_float("hard_sigmoid"),
    grad=_grad_hard_sigmoid,
    names=Names(nd="hard_sigmoid"),
    flags=Flags(inplace=(0,)),
    samples=lambda s: [
        s(np.array([[-4.0, -1.0, 0.3], [1.0, 4.0, 0.0]])),
        s((2, 3), alpha=0.5, beta=0.1),
        s(0, 2),
    ],
)
def _(xp: Any, data: Array, *, alpha: float = 0.2, beta: float = 0.5) -> Array:
    """Piecewise linear sigmoid: ``clip(alpha * data + beta, 0, 1)``."""
    return xp.clip(alpha * data + beta, 0, 1)


# ---- Activation ------------------------------------------------------------------------------
_FORWARD = {
    "relu": lambda xp, x, out: xp.maximum(x, 0, out=out),
    "sigmoid": _sigmoid,
    "tanh": lambda xp, x, out: xp.tanh(x, out=out),
    "softrelu": lambda xp, x, out: _into(_softrelu(xp, x), out),
    "softsign": lambda xp, x, out: _into(x / (1 + xp.abs(x)), out),
}
_GRADIENT = {
    "relu": lambda F, g, out, data: F.relu_grad(g, out),
    "sigmoid": lambda F, g, out, data: F.sigmoid_grad(g, out),
    "tanh": lambda F, g, out, data: F.tanh_grad(g, out),
    "softrelu": lambda F, g, out, data: F.multiply(g, F.sigmoid(data)),
    "softsign": lambda F, g, out, data: _grad_softsign(F, g, out, data)[0],
}


def _into(value: Array, out: Array) -> Array:
    if out is None:
        return value
    out[...] = value
    return out


@op(
    "Activation",
    infer=_infer_float("Activation"),
    grad=lambda F, g, out, data, *, act_type: (_GRADIENT[act_type](F, g, out, data),),
    params={"act_type": Choice(*_GRADIENT)},
    names=Names(nd="Activation", npx="activation"),
    flags=POINTWISE,
    samples=lambda s: (
        [
            s(s.uniform(2, 3) * np.array([[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]), act_type=name)
            for name in _GRADIENT
        ]
        + [s(0, 2, act_type="relu"), s((), act_type="sigmoid")]
    ),
    errors=lambda s: [
        bad(s(2, act_type="elu"), ParamError, "act_type must be one of 'relu'"),
        bad(s(s.ints(3, high=2), act_type="relu"), DTypeError, "floating"),
    ],
)
def _(xp: Any, data: Array, *, act_type: str, out: Array = None) -> Array:
    r"""Apply an activation elementwise.

    ========  ===========================
    relu      :math:`\max(x, 0)`
    sigmoid   :math:`1 / (1 + e^{-x})`
    tanh      :math:`\tanh x`
    softrelu  :math:`\log(1 + e^x)`
    softsign  :math:`x / (1 + |x|)`
    ========  ===========================
    """
    expect_float("Activation", data)
    return _on_vectors(_FORWARD[act_type], xp, data, out)


# ---- LeakyReLU -------------------------------------------------------------------------------
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_ACTS = ("rrelu", "leaky", "prelu", "elu", "selu", "gelu")


def _erf(xp: Any, x: Array) -> Array:
    from dlstudio.core.interpret import raw

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
        return (_masked(F, g, out),)
    if act_type == "prelu":
        return _grad_prelu(F, g, data, gamma)
    return (_SLOPES[act_type](F, g, out, data, slope), None)


def _masked(F: Any, g: Any, out: Any) -> Any:
    # the gradient of a gradient arrives at the mask only, which is a constant
    return None if g[0] is None else F.multiply(g[0], out[1])


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
        return xp.where(data > 0, data, data * gamma.reshape(_per_channel(gamma, data.ndim)))
    return narrow(_LEAKY[act_type](xp, wide(data), slope), data.dtype)


def _rrelu(xp: Any, data: Array, low: float, high: float, rng: Any) -> tuple[Array, Array]:
    slopes = (low + high) / 2 if rng is None else rng.uniform(low, high, data.shape)
    mask = xp.where(data > 0, 1, slopes).astype(data.dtype)
    return data * mask, mask


_LEAKY = {
    "leaky": lambda xp, x, slope: xp.where(x > 0, x, x * slope),
    "elu": lambda xp, x, slope: xp.where(x > 0, x, slope * xp.expm1(xp.minimum(x, 0))),
    "selu": lambda xp, x, slope: (
        SELU_SCALE * xp.where(x > 0, x, SELU_ALPHA * xp.expm1(xp.minimum(x, 0)))
    ),
    "gelu": lambda xp, x, slope: _gelu(xp, x),
}


# ---- Dropout ---------------------------------------------------------------------------------
def _mask_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    shared = [normalize_axis("Dropout", axis, len(shape)) for axis in axes]
    return tuple(1 if i in shared else n for i, n in enumerate(shape))


def _infer_dropout(data: Any, *, axes: tuple[int, ...] = (), **_: Any) -> tuple[Aval, Aval]:
    expect_float("Dropout", data)
    return aval(data.shape, data), aval(_mask_shape(data.shape, axes), data)


@op(
    "Dropout",
    infer=_infer_dropout,
    grad=lambda F, g, out, data, **_: (_masked(F, g, out),),
    outputs=2,
    visible=1,
    params={"p": Float(0, 1), "mode": Choice("training", "always"), "axes": Shape()},
    names=Names(nd="Dropout", npx="dropout"),
    flags=Flags(random=True, mode=True),
    samples=lambda s: [
        s(4, 5, p=0.5),
        s(4, 5, p=0.3, mode="always"),
        s(2, 3, 4, p=0.5, axes=(1,), mode="always"),
        s(3, p=1.0, mode="always"),
        s(0, 3),
    ],
    errors=lambda s: [
        bad(s(2, 3, p=1.5), ParamError, "p must be a number .* 1"),
        bad(s(2, 3, p=0.5, axes=(2,), mode="always"), ShapeError, "axis=2"),
    ],
)
def _(
    xp: Any, data: Array, *, p: float = 0.5, mode: str = "training", axes: tuple[int, ...] = (),
    cudnn_off: bool | None = False, training: bool = False, rng: Any = None,
) -> tuple[Array, Array]:  # fmt: skip
    r"""Zero each element with probability `p` and scale the others by :math:`1 / (1 - p)`.

    Acts while training, or always with ``mode="always"``; otherwise the output is the input.
    Along `axes` one draw is shared ("spatial dropout"). A second, hidden output is the mask.

    References
    ----------
    Srivastava et al., "Dropout", JMLR 15 (2014).
    """
    shape = _mask_shape(data.shape, axes)
    if p == 0 or not (training or mode == "always"):
        return data.copy(), xp.broadcast_to(xp.ones((), data.dtype), shape)
    keep = rng.random(shape, dtype="float32") >= p
    mask = keep * data.dtype.type(1 / (1 - p) if p < 1 else 0)
    return data * mask, mask
