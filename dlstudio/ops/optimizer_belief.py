"""AdaBelief: steps of Adam divided by how far gradients stray from their running mean."""

from __future__ import annotations

from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ShapeError
from dlstudio.ops.nn_rules import aval
from dlstudio.ops.optimizer import LR, STEP, check_states, clipped, finish
from dlstudio.ops.optimizer_mixed import usable

__all__ = ["adabelief"]

Array = Any


def adabelief(
    xp: Any, weight: Array, g: Array, mean: Array, var: Array, *, lr: float, eta: float,
    beta1: float, beta2: float, epsilon: float, wd: float,
) -> Array:  # fmt: skip
    """Move `mean` and `var`; answer the weight after a step of AdaBelief."""
    g = g + wd * weight
    mean *= beta1
    mean += (1 - beta1) * g
    var *= beta2
    var += (1 - beta2) * (g - mean) ** 2 + epsilon
    return weight - eta * lr * mean / (xp.sqrt(var) + epsilon)


def _infer(weight: Any, grad: Any, mean: Any, var: Any, *rest: Any, **_: Any) -> Aval:
    check_states("adabelief_update", weight, grad=grad, mean=mean, var=var)
    return aval(weight.shape, weight)


@op(
    "adabelief_update",
    infer=_infer,
    grad=STEP,
    names=Names(nd="contrib.adabelief_update", json="_adabelief_update"),
    flags=Flags(mutates=(2, 3), inplace=(0,), out=True),
    params={"lr": LR, "eta": Float()},
    samples=lambda s: [
        s(*((2, 3),) * 4, (1,), lr=0.1, eta=1.0),
        s(*((2, 3),) * 4, (1,), lr=0.1, eta=0.5, wd=0.01, clip_gradient=0.3),
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
    """Adam by the belief in gradients: ``var`` is the mean of ``(grad - mean)**2``.

    ``weight -= eta * lr * mean / (sqrt(var) + epsilon)``. `rescale_grad` is an array of one
    number; where it is 0, infinite or nan the step is left out (loss scaling).

    References
    ----------
    Zhuang et al., "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients",
    NeurIPS 2020.
    """
    check_states("adabelief_update", weight, grad=grad, mean=mean, var=var)
    scale = usable(rescale_grad)
    if scale is None:
        return finish(weight.copy(), out)
    new = adabelief(
        xp, weight, clipped(xp, scale * grad, clip_gradient), mean, var, lr=lr, eta=eta,
        beta1=beta1, beta2=beta2, epsilon=epsilon, wd=wd,
    )  # fmt: skip
    return finish(new, out)


@op(
    "mp_adabelief_update",
    infer=_infer,
    grad=STEP,
    names=Names(nd="contrib.mp_adabelief_update", json="_mp_adabelief_update"),
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
    """`adabelief_update` on the master copy; the result is that copy, rounded."""
    check_states("mp_adabelief_update", weight, grad=grad, mean=mean, var=var, weight32=weight32)
    scale = usable(rescale_grad)
    if scale is None:
        return finish(weight.copy(), out)
    weight32[...] = adabelief(
        xp, weight32, clipped(xp, scale * grad.astype("float32"), clip_gradient), mean, var, lr=lr,
        eta=eta, beta1=beta1, beta2=beta2, epsilon=epsilon, wd=wd,
    )  # fmt: skip
    return finish(weight32.astype(weight.dtype), out)
