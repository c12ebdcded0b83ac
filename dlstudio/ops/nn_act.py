"""Activations: relu, sigmoid, softsign, hard_sigmoid, Activation, the LeakyReLU family, Dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.errors import DTypeError, ParamError
from dlstudio.ops.nn_rules import aval, expect_float

Array = Any
POINTWISE = Flags(inplace=(0,), out=True, pointwise=True)


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
    half = x.dtype.type(0.5)  # a Python 0.5 would make float32 of bfloat16
    y = xp.multiply(x, half, out=out)
    xp.tanh(y, out=y)
    y *= half
    y += half
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
    flags=Flags(inplace=(0,), pointwise=True),
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
    flags=Flags(inplace=(0,), pointwise=True),
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
    names=Names(nd="softsign", npx="softsign", method="softsign"),
    flags=Flags(inplace=(0,), pointwise=True),
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
    flags=Flags(inplace=(0,), pointwise=True),
    samples=_signed,
)
def _(xp: Any, data: Array) -> Array:
    r"""Softplus :math:`\log(1 + e^x)`, a smooth `relu`."""
    return _softrelu(xp, data)


@composite(
    "log_sigmoid",
    names=Names(nd="log_sigmoid", npx="log_sigmoid", method="log_sigmoid", np_method="log_sigmoid"),
    samples=_signed,
)
def _(F: Any, data: Any) -> Any:
    r"""Log of the logistic function, :math:`-\log(1 + e^{-x})`."""
    return F.negative(F.softrelu(F.negative(data)))


@composite(
    "mish", names=Names(nd="mish", npx="mish", method="mish", np_method="mish"), samples=_signed
)
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
    flags=Flags(inplace=(0,), pointwise=True),
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
