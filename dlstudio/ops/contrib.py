"""Small operators of MXNet's contrib namespace, and losses that live beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int, Shape
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, expect_shape
from dlstudio.ops.optimizer import LR, STEP, clipped, finish
from dlstudio.ops.rules import contrib, same

Array = Any
STRAIGHT = "a straight-through estimator: the gradient passes as if the function were the identity"


# ---- straight-through estimators -------------------------------------------------------------
@op(
    "round_ste",
    infer=same,
    grad=lambda F, g, out, data: (g,),
    names=contrib("round_ste", "round_ste"),
    flags=Flags(inplace=(0,), pointwise=True),
    custom_gradient=STRAIGHT,
    samples=lambda s: [s(2, 3), s(0, 2)],
)
def _(xp: Any, data: Array) -> Array:
    """Round half away from zero; the gradient passes unchanged.

    References
    ----------
    Bengio, Léonard and Courville, "Estimating or propagating gradients", arXiv 1308.3432.
    """
    return xp.trunc(data + xp.copysign(data.dtype.type(0.5), data))


@op(
    "sign_ste",
    infer=same,
    grad=lambda F, g, out, data: (g,),
    names=contrib("sign_ste", "sign_ste"),
    flags=Flags(inplace=(0,), pointwise=True),
    custom_gradient=STRAIGHT,
    samples=lambda s: [s(s.normal(2, 3)), s(0, 2)],
)
def _(xp: Any, data: Array) -> Array:
    """Sign of each element; the gradient passes unchanged."""
    return xp.sign(data)


@op(
    "gradientmultiplier",
    infer=same,
    grad=lambda F, g, out, data, *, scalar, is_int: (F.multiply_scalar(g, scalar=scalar),),
    params={"scalar": Float()},
    names=contrib("gradientmultiplier"),
    flags=Flags(inplace=(0,), pointwise=True),
    custom_gradient="it exists to change the gradient",
    samples=lambda s: [s(2, 3, scalar=-0.5), s(0, 2)],
)
def _(xp: Any, data: Array, *, scalar: float = 1.0, is_int: bool = True) -> Array:
    """Pass data through and multiply its gradient by `scalar` (-λ reverses it).

    References
    ----------
    Ganin and Lempitsky, "Unsupervised domain adaptation by backpropagation", ICML 2015.
    """
    return data.copy()


@composite(
    "quadratic",
    params={"a": Float(), "b": Float(), "c": Float()},
    names=contrib("quadratic"),
    samples=lambda s: [s(2, 3, a=2.0, b=-1.0, c=0.5), s(0, 2)],
)
def _(F: Any, data: Any, *, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Any:
    r"""Polynomial :math:`a x^2 + b x + c`."""
    linear = F.add_scalar(F.multiply_scalar(data, scalar=a), scalar=b)
    return F.add_scalar(F.multiply(data, linear), scalar=c)


# ---- comparison ------------------------------------------------------------------------------
@op(
    "_contrib_allclose",
    infer=lambda a, b, **_: Aval((), np.dtype("uint8")),
    grad=NotDifferentiable("its result is a truth value"),
    params={"rtol": Float(), "atol": Float()},
    names=contrib("allclose"),
    samples=lambda s: [
        s((2, 3), (2, 3)),
        s((3,), (3,), atol=2.0),
        s(np.array([np.nan]), np.array([np.nan]), equal_nan=True),
    ],
)
def _(
    xp: Any, a: Array, b: Array, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True
) -> Array:
    """1 if ``|a - b| <= atol + rtol * |b|`` everywhere, else 0: a uint8 scalar."""
    return xp.asarray(xp.isclose(a, b, rtol, atol, equal_nan).all()).astype("uint8")


# ---- optimizer -------------------------------------------------------------------------------
def _infer_group(weight: Any, grad: Any, history: Any, **_: Any) -> Aval:
    expect_shape("group_adagrad_update", "grad", grad, tuple(weight.shape), "the weight's shape")
    shapes = [tuple(weight.shape[:1]), (*weight.shape[:1], *(1,) * (weight.ndim - 1))]
    if tuple(history.shape) not in shapes:
        raise ShapeError(
            explain(
                f"group_adagrad_update: history has shape {tuple(history.shape)}.",
                f"{shapes[0]}: one number per row of the weight.",
            )
        )
    return aval(weight.shape, weight)


@op(
    "group_adagrad_update",
    infer=_infer_group,
    grad=STEP,
    params={"lr": LR},
    names=contrib("group_adagrad_update"),
    flags=Flags(mutates=(2,), inplace=(0,), out=True),
    samples=lambda s: [
        s((3, 2), (3, 2), (3,), lr=0.1),
        s((3, 2), (3, 2), (3, 1), lr=0.1, rescale_grad=0.5, clip_gradient=0.3),
    ],
    errors=lambda s: [bad(s((3, 2), (3, 2), (2,), lr=0.1), ShapeError, "history has shape")],
)
def _(
    xp: Any, weight: Array, grad: Array, history: Array, *, lr: float, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, epsilon: float = 1e-5, out: Array = None,
) -> Array:  # fmt: skip
    """AdaGrad with one rate per row: ``history += mean(g**2, row)``."""
    _infer_group(weight, grad, history)
    g = clipped(xp, rescale_grad * grad, clip_gradient)
    history += (g * g).reshape(len(g), -1).mean(axis=1).reshape(history.shape)
    rows = history.reshape(-1, *(1,) * (weight.ndim - 1))
    return finish(weight - lr * g / (xp.sqrt(rows) + epsilon), out)


# ---- regularization --------------------------------------------------------------------------
def _sparse_reg_grad(
    F: Any, g: Any, out: Any, data: Any, moving_avg: Any, *, sparseness_target: float,
    penalty: float, **_: Any,
) -> tuple[Any, None]:  # fmt: skip
    # d/dρ of penalty * KL(target ‖ ρ) at the moving average ρ of each unit
    average = out[1]
    rest = F.subtract_scalar(average, scalar=1.0, reverse=True)
    slope = F.subtract(
        F.multiply_scalar(F.reciprocal(rest), scalar=1 - sparseness_target),
        F.multiply_scalar(F.reciprocal(average), scalar=sparseness_target),
    )
    pull = F.multiply_scalar(F.reshape(slope, shape=(1, average.size)), scalar=penalty)
    return F.broadcast_to(pull, shape=tuple(data.shape)) if g[0] is None else F.add(
        g[0], pull
    ), None


@op(
    "IdentityAttachKLSparseReg",
    infer=lambda data, moving_avg, **_: (
        aval(data.shape, data),
        aval(moving_avg.shape, moving_avg),
    ),
    grad=_sparse_reg_grad,
    complete=lambda shapes, attrs: [shapes[0], None if shapes[0] is None else shapes[0][1:2]],
    outputs=2,
    visible=1,
    aux=("moving_avg",),
    aux_update=lambda F, outs, *_, **__: (outs[1],),
    params={"sparseness_target": Float(0, 1), "penalty": Float(), "momentum": Float(0, 1)},
    names=Names(nd="IdentityAttachKLSparseReg"),
    custom_gradient="it adds the gradient of a penalty that the forward does not compute",
    samples=lambda s: [s(s.uniform(3, 2, low=0.2, high=0.8), s.uniform(2, low=0.2, high=0.8))],
    errors=lambda s: [
        bad(s((3, 2), (2,), sparseness_target=1.5), ParamError, "sparseness_target"),
    ],
)
def _(
    xp: Any, data: Array, moving_avg: Array, *, sparseness_target: float = 0.1,
    penalty: float = 0.001, momentum: float = 0.9,
) -> tuple[Array, Array]:  # fmt: skip
    """Pass activations (B, D) in (0, 1) through; the gradient pulls each unit's mean to a target.

    The penalty is the Kullback-Leibler divergence of `sparseness_target` and the moving average
    of each unit's activation.

    References
    ----------
    Hinton, "A practical guide to training restricted Boltzmann machines", section 11.
    """
    return data.copy(), momentum * moving_avg + (1 - momentum) * data.mean(axis=0)


# ---- cropping --------------------------------------------------------------------------------
@composite(
    "Crop",
    params={"num_args": Int(1), "offset": Shape(0), "h_w": Shape(0)},
    names=Names(nd="Crop"),
    samples=lambda s: [
        s(1, 2, 4, 5, h_w=(2, 3), center_crop=True),
        s(1, 2, 4, 5, h_w=(2, 3), offset=(1, 2)),
        s((1, 2, 4, 5), (1, 1, 2, 2), num_args=2),
    ],
    errors=lambda s: [
        bad(s(2, 3, h_w=(1, 1)), ShapeError, r"\(B, C, H, W\)"),
        bad(s(1, 2, 4, 5, h_w=(5, 3)), ShapeError, "does not hold"),
    ],
)
def _(
    F: Any, *data: Any, offset: tuple[int, ...] = (0, 0), h_w: tuple[int, ...] = (0, 0),
    center_crop: bool = False, num_args: int = 1,
) -> Any:  # fmt: skip
    """Cut maps (B, C, H, W) to `h_w` or the size of a second array, at `offset` or centred."""
    first = data[0]
    if first.ndim != 4:
        raise ShapeError(
            explain(f"Crop: data has shape {tuple(first.shape)}.", "four axes, (B, C, H, W).")
        )
    space = tuple(first.shape[2:])
    size = tuple(data[1].shape[2:]) if len(data) > 1 else h_w
    start = tuple((n - m) // 2 for n, m in zip(space, size, strict=True)) if center_crop else offset
    if any(a < 0 or a + m > n for a, m, n in zip(start, size, space, strict=True)):
        raise ShapeError(
            explain(f"Crop: data {tuple(first.shape)} does not hold {size} at offset {start}.")
        )
    for axis, (a, m) in enumerate(zip(start, size, strict=True), 2):
        first = F.slice_axis(first, axis=axis, begin=a, end=a + m)
    return first
