"""Optimizer steps in mixed precision (mp_*): a float32 master copy beside a half-precision weight.

Also AdamW, which leaves out steps whose gradients overflowed under loss scaling.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int
from dlstudio.core.registry import Flags, Names, Op, bad, op
from dlstudio.errors import ShapeError
from dlstudio.ops.nn_rules import aval
from dlstudio.ops.optimizer import (
    LR,
    STEP,
    check_states,
    clipped,
    finish,
    lamb_direction,
    nesterov,
    trust_ratio,
)

__all__ = ["adamw", "sgd", "usable"]

Array = Any


def _mixed(name: str, *states: str, **samples: Any) -> Any:
    """Register an update with inputs (weight, grad, *states), the last state being weight32."""

    def infer(weight: Any, grad: Any, *rest: Any, **_: Any) -> Aval:
        check_states(name, weight, grad=grad, **dict(zip(states, rest, strict=True)))
        return aval(weight.shape, weight)

    def register(forward: Any) -> Op:
        n = 2 + len(states)
        return op(
            name,
            infer=infer,
            grad=STEP,
            names=Names(nd=name),
            flags=Flags(mutates=tuple(range(2, n)), inplace=(0,), out=True),
            params={"lr": LR},
            samples=lambda s: [
                s(
                    *(s.uniform(2, 3).astype("float16") for _ in range(2)),
                    *(s.uniform(2, 3).astype("float32") for _ in states),
                    **attrs,
                )
                for attrs in samples.values()
            ],
        )(forward)

    return register


def _gradient(xp: Any, grad: Array, rescale_grad: float, clip_gradient: float) -> Array:
    return clipped(xp, rescale_grad * grad.astype("float32"), clip_gradient)


_DECAY = dict(lr=0.1, wd=0.01, rescale_grad=0.5, clip_gradient=0.3)


def sgd(
    xp: Any, g: Array, mom: Array, weight32: Array, lr: float, momentum: float, wd: float
) -> None:
    """Step of `sgd_mom_update` (`sgd_update` if mom is None) on the master copy, in place."""
    if mom is None:
        weight32 *= 1 - lr * wd
        weight32 -= lr * g
        return
    mom *= momentum
    mom -= lr * (g + wd * weight32)
    weight32 += mom


@_mixed("mp_sgd_update", "weight32", plain=dict(lr=0.1), decay=_DECAY)
def _(
    xp: Any, weight: Array, grad: Array, weight32: Array, *, lr: float, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True,
    out: Array = None,
) -> Array:  # fmt: skip
    """`sgd_update` on the master copy; the result is that copy, rounded."""
    check_states("mp_sgd_update", weight, grad=grad, weight32=weight32)
    sgd(xp, _gradient(xp, grad, rescale_grad, clip_gradient), None, weight32, lr, 0.0, wd)
    return finish(weight32.astype(weight.dtype), out)


@_mixed(
    "mp_sgd_mom_update", "mom", "weight32", plain=dict(lr=0.1), decay=dict(_DECAY, momentum=0.9)
)
def _(
    xp: Any, weight: Array, grad: Array, mom: Array, weight32: Array, *, lr: float,
    momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True, out: Array = None,
) -> Array:  # fmt: skip
    """`sgd_mom_update` on the master copy; the result is that copy, rounded."""
    check_states("mp_sgd_mom_update", weight, grad=grad, mom=mom, weight32=weight32)
    sgd(xp, _gradient(xp, grad, rescale_grad, clip_gradient), mom, weight32, lr, momentum, wd)
    return finish(weight32.astype(weight.dtype), out)


@_mixed(
    "mp_nag_mom_update", "mom", "weight32", plain=dict(lr=0.1), decay=dict(_DECAY, momentum=0.9)
)
def _(
    xp: Any, weight: Array, grad: Array, mom: Array, weight32: Array, *, lr: float,
    momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """`nag_mom_update` on the master copy; the result is that copy, rounded."""
    check_states("mp_nag_mom_update", weight, grad=grad, mom=mom, weight32=weight32)
    g = _gradient(xp, grad, rescale_grad, clip_gradient)
    weight32[...] = nesterov(weight32, g, mom, lr=lr, momentum=momentum, wd=wd)
    return finish(weight32.astype(weight.dtype), out)


def _infer_mp_lamb(weight: Any, grad: Any, mean: Any, var: Any, weight32: Any, **_: Any) -> Aval:
    check_states("mp_lamb_update_phase1", weight, grad=grad, mean=mean, var=var, weight32=weight32)
    return aval(weight.shape, weight32)


@op(
    "mp_lamb_update_phase1",
    infer=_infer_mp_lamb,
    grad=STEP,
    names=Names(nd="mp_lamb_update_phase1"),
    flags=Flags(mutates=(2, 3)),
    params={"t": Int(1)},
    samples=lambda s: [
        s(
            *(s.uniform(2, 3).astype(dtype) for dtype in ("float16",) * 2 + ("float32",) * 3),
            t=2, wd=0.1,
        )
    ],
)  # fmt: skip
def _(
    xp: Any, weight: Array, grad: Array, mean: Array, var: Array, weight32: Array, *,
    beta1: float = 0.8999999761581421, beta2: float = 0.9990000128746033,
    epsilon: float = 9.999999974752427e-7, t: int, bias_correction: bool = True, wd: float,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0,
) -> Array:  # fmt: skip
    """`lamb_update_phase1` for a half-precision weight: the direction, in float32."""
    check_states("mp_lamb_update_phase1", weight, grad=grad, mean=mean, var=var, weight32=weight32)
    return lamb_direction(
        xp, weight32, _gradient(xp, grad, rescale_grad, clip_gradient), mean, var, beta1=beta1,
        beta2=beta2, epsilon=epsilon, t=t, bias_correction=bias_correction, wd=wd,
    )  # fmt: skip


@op(
    "mp_lamb_update_phase2",
    infer=lambda weight, g, r1, r2, weight32, **_: aval(weight.shape, weight),
    grad=STEP,
    names=Names(nd="mp_lamb_update_phase2"),
    flags=Flags(mutates=(4,)),
    params={"lr": LR},
    samples=lambda s: [
        s(
            s.uniform(2, 3).astype("float16"),
            *(s.uniform(*shape).astype("float32") for shape in ((2, 3), (1,), (1,), (2, 3))),
            lr=0.1,
        )
    ],
)
def _(
    xp: Any, weight: Array, g: Array, r1: Array, r2: Array, weight32: Array, *, lr: float,
    lower_bound: float = -1.0, upper_bound: float = -1.0,
) -> Array:  # fmt: skip
    """`lamb_update_phase2` on the master copy; the result is that copy, rounded."""
    check_states("mp_lamb_update_phase2", weight, g=g, weight32=weight32)
    weight32 -= lr * trust_ratio(xp, r1, r2, lower_bound, upper_bound) * g
    return weight32.astype(weight.dtype)


# ---- AdamW -----------------------------------------------------------------------------------
def adamw(
    xp: Any, weight: Array, g: Array, mean: Array, var: Array, *, lr: float, eta: float,
    beta1: float, beta2: float, epsilon: float, wd: float,
) -> Array:  # fmt: skip
    """Move `mean` and `var`; answer the weight after a step of AdamW."""
    mean *= beta1
    mean += (1 - beta1) * g
    var *= beta2
    var += (1 - beta2) * (g * g)
    return weight - eta * (lr * mean / (xp.sqrt(var) + epsilon) + wd * weight)


def usable(rescale_grad: Array) -> float | None:
    """Value of the scale; None where the gradients overflowed and the step must be left out."""
    scale = float(rescale_grad.reshape(-1)[0])
    return scale if np.isfinite(scale) and scale != 0 else None


def _infer_adamw(weight: Any, grad: Any, mean: Any, var: Any, *rest: Any, **_: Any) -> Aval:
    check_states("adamw_update", weight, grad=grad, mean=mean, var=var)
    return aval(weight.shape, weight)


@op(
    "adamw_update",
    infer=_infer_adamw,
    grad=STEP,
    names=Names(nd="contrib.adamw_update", json="_adamw_update"),
    flags=Flags(mutates=(1, 2, 3), inplace=(0,), out=True),
    params={"lr": LR, "eta": Float()},
    samples=lambda s: [
        s(*((2, 3),) * 4, (1,), lr=0.1, eta=1.0),
        s(*((2, 3),) * 4, (1,), lr=0.1, eta=0.5, wd=0.01, clip_gradient=0.3),
        s(*((2, 3),) * 4, np.array([np.inf]), lr=0.1, eta=1.0),
    ],
    errors=lambda s: [
        bad(s((2, 3), (1, 3), (2, 3), (2, 3), (1,), lr=0.1, eta=1.0), ShapeError, "grad has shape")
    ],
)
def _(
    xp: Any, weight: Array, grad: Array, mean: Array, var: Array, rescale_grad: Array, *, lr: float,
    eta: float, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0,
    clip_gradient: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """Adam with decoupled weight decay.

    ``weight -= eta * (lr * mean / (sqrt(var) + epsilon) + wd * weight)``. `rescale_grad` is an
    array of one number; where it is 0, infinite or nan the step is left out (loss scaling).

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """
    check_states("adamw_update", weight, grad=grad, mean=mean, var=var)
    scale = usable(rescale_grad)
    if scale is None:
        return finish(weight.copy(), out)
    grad[...] = clipped(xp, scale * grad, clip_gradient)  # MXNet leaves it so, too
    new = adamw(
        xp,
        weight,
        grad,
        mean,
        var,
        lr=lr,
        eta=eta,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        wd=wd,
    )
    return finish(new, out)


@op(
    "mp_adamw_update",
    infer=_infer_adamw,
    grad=STEP,
    names=Names(nd="contrib.mp_adamw_update", json="_mp_adamw_update"),
    flags=Flags(mutates=(2, 3, 4), inplace=(0,), out=True),
    params={"lr": LR, "eta": Float()},
    samples=lambda s: [
        s(
            *(s.uniform(2, 3).astype(dtype) for dtype in ("float16",) * 2 + ("float32",) * 3),
            s.uniform(1).astype("float32"), lr=0.1, eta=1.0,
        )
    ],
)  # fmt: skip
def _(
    xp: Any, weight: Array, grad: Array, mean: Array, var: Array, weight32: Array,
    rescale_grad: Array, *, lr: float, eta: float, beta1: float = 0.9, beta2: float = 0.999,
    epsilon: float = 1e-8, wd: float = 0.0, clip_gradient: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """`adamw_update` on the master copy; the result is that copy, rounded."""
    check_states("mp_adamw_update", weight, grad=grad, mean=mean, var=var, weight32=weight32)
    scale = usable(rescale_grad)
    if scale is None:
        return finish(weight.copy(), out)
    weight32[...] = adamw(
        xp, weight32, _gradient(xp, grad, scale, clip_gradient), mean, var, lr=lr, eta=eta,
        beta1=beta1, beta2=beta2, epsilon=epsilon, wd=wd,
    )  # fmt: skip
    return finish(weight32.astype(weight.dtype), out)
