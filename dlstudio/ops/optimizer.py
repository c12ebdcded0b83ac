"""Optimizer steps as operators: states change in place, the new weight is returned.

MXNet programs call them as ``nd.sgd_update(weight, grad, out=weight, lr=0.1)``. Common terms:

    g = rescale_grad * grad, cut to [-clip_gradient, clip_gradient] if clip_gradient >= 0

Weight decay `wd` enters before or after the cut, as each rule says.
"""

from __future__ import annotations

from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int
from dlstudio.core.registry import Flags, Names, NotDifferentiable, Op, bad, op
from dlstudio.errors import ShapeError
from dlstudio.ops.nn_rules import aval, expect_dtype, expect_shape

__all__ = [
    "LR",
    "STEP",
    "check_states",
    "clipped",
    "finish",
    "lamb_direction",
    "register_update",
    "trust_ratio",
]

Array = Any

STEP = NotDifferentiable("it is a step of an optimizer: it changes its states")
LR = Float()


def check_states(name: str, weight: Any, **others: Any) -> None:
    """Check that gradient and states have the weight's shape: NumPy would broadcast them."""
    for given, x in others.items():
        if x.shape != weight.shape:
            expect_shape(name, given, x, tuple(weight.shape), "the shape of the weight")


def clipped(xp: Any, g: Array, clip_gradient: float) -> Array:
    """Cut `g` to [-clip, clip]; a negative bound means none."""
    return xp.clip(g, -clip_gradient, clip_gradient) if clip_gradient >= 0 else g


def finish(value: Array, out: Array) -> Array:
    """Put the new weight where the caller wants it."""
    if out is None:
        return value
    out[...] = value
    return out


def _infer(name: str, states: tuple[str, ...]) -> Any:
    def infer(weight: Any, grad: Any, *rest: Any, **_: Any) -> Aval:
        check_states(name, weight, grad=grad, **dict(zip(states, rest, strict=True)))
        expect_dtype(name, weight, grad=grad)
        return aval(weight.shape, weight)

    return infer


def register_update(
    name: str, *states: str, names: str = "", json: str = "", **samples: Any
) -> Any:
    """Register an update with inputs (weight, grad, *states), all of one shape and dtype.

    `samples` are attribute sets that the sweep tries: ``plain=dict(lr=0.1), ...``.
    """

    def register(forward: Any) -> Op:
        n = 2 + len(states)
        shapes = ((2, 3),) * n
        return op(
            name,
            infer=_infer(name, states),
            grad=STEP,
            names=Names(nd=names or name, json=json),
            flags=Flags(mutates=tuple(range(2, n)), inplace=(0,), out=True),
            params={"t": Int(1)} if name in ("ftml_update",) else {"lr": LR},
            samples=lambda s: [s(*shapes, **attrs) for attrs in samples.values()],
            errors=lambda s: [
                bad(
                    s((2, 3), (1, 3), *shapes[2:], **samples["plain"]), ShapeError, "grad has shape"
                )
            ],
        )(forward)

    return register


# ---- stochastic gradient descent -------------------------------------------------------------
_DECAY = dict(lr=0.1, wd=0.01, rescale_grad=0.5, clip_gradient=0.3)


@register_update(
    "sgd_update", names="sgd_update sparse.sgd_update", plain=dict(lr=0.1), decay=_DECAY
)
def _(
    xp: Any, weight: Array, grad: Array, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True, out: Array = None,
) -> Array:  # fmt: skip
    """Step down the gradient: ``weight = (1 - lr * wd) * weight - lr * g``."""
    check_states("sgd_update", weight, grad=grad)
    g = clipped(xp, rescale_grad * grad, clip_gradient)
    return finish((1 - lr * wd) * weight - lr * g, out)


@register_update(
    "sgd_mom_update", "mom", names="sgd_mom_update sparse.sgd_mom_update",
    plain=dict(lr=0.1), decay=dict(_DECAY, momentum=0.9),
)  # fmt: skip
def _(
    xp: Any, weight: Array, grad: Array, mom: Array, *, lr: float, momentum: float = 0.0,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
    lazy_update: bool = True, out: Array = None,
) -> Array:  # fmt: skip
    """Step with momentum.

    ``mom = momentum * mom - lr * (g + wd * weight); weight = weight + mom``

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    """
    check_states("sgd_mom_update", weight, grad=grad, mom=mom)
    mom *= momentum
    mom -= lr * (clipped(xp, rescale_grad * grad, clip_gradient) + wd * weight)
    return xp.add(weight, mom, out=out)


@register_update("nag_mom_update", "mom", plain=dict(lr=0.1), decay=dict(_DECAY, momentum=0.9))
def _(
    xp: Any, weight: Array, grad: Array, mom: Array, *, lr: float, momentum: float = 0.0,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """Step with Nesterov's momentum, which looks one step ahead.

    ``g += wd * weight; mom = momentum * mom - lr * g; weight += momentum * mom - lr * g``

    References
    ----------
    Sutskever et al., "On the importance of initialization and momentum", ICML 2013.
    """
    check_states("nag_mom_update", weight, grad=grad, mom=mom)
    g = clipped(xp, rescale_grad * grad, clip_gradient)
    return finish(nesterov(weight, g, mom, lr=lr, momentum=momentum, wd=wd), out)


def nesterov(
    weight: Array, g: Array, mom: Array, *, lr: float, momentum: float, wd: float
) -> Array:
    """Move `mom`; answer the weight after a step with Nesterov's momentum."""
    mom *= momentum
    step = lr * (g + wd * weight)
    new = weight + momentum * (mom - step) - step
    # MXNet writes the weight first, so that the momentum decays with the new one
    mom -= lr * (g + wd * new)
    return new


@register_update("signsgd_update", plain=dict(lr=0.1), decay=_DECAY)
def _(
    xp: Any, weight: Array, grad: Array, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """Step by the sign of the gradient: ``weight = (1 - lr * wd) * weight - lr * sign(g)``.

    References
    ----------
    Bernstein et al., "signSGD", ICML 2018.
    """
    check_states("signsgd_update", weight, grad=grad)
    return finish((1 - lr * wd) * weight - lr * xp.sign(rescale_grad * grad), out)


@register_update(
    "signum_update", "mom", plain=dict(lr=0.1), decay=dict(_DECAY, momentum=0.9, wd_lh=0.1)
)
def _(
    xp: Any, weight: Array, grad: Array, mom: Array, *, lr: float, momentum: float = 0.0,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, wd_lh: float = 0.0,
    out: Array = None,
) -> Array:  # fmt: skip
    """Step by the sign of the averaged gradient.

    ``mom = momentum * mom - (1 - momentum) * (g + wd * weight)``,
    ``weight = (1 - lr * wd_lh) * weight + lr * sign(mom)``

    References
    ----------
    Bernstein et al., "signSGD", ICML 2018.
    """
    check_states("signum_update", weight, grad=grad, mom=mom)
    g = clipped(xp, rescale_grad * grad, clip_gradient)
    mom *= momentum
    mom -= (1 - momentum) * (g + wd * weight)
    return finish((1 - lr * wd_lh) * weight + lr * xp.sign(mom), out)


# ---- per-weight step sizes -------------------------------------------------------------------
@register_update("adam_update", "mean", "var", plain=dict(lr=0.1), decay=dict(_DECAY, epsilon=0.01))
def _(
    xp: Any, weight: Array, grad: Array, mean: Array, var: Array, *, lr: float, beta1: float = 0.9,
    beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True, out: Array = None,
) -> Array:  # fmt: skip
    """Adam without bias correction, which the caller folds into `lr`.

    With ``g = rescale_grad * grad + wd * weight``, then cut,
    ``mean = beta1 * mean + (1 - beta1) * g; var = beta2 * var + (1 - beta2) * g**2``,
    ``weight = weight - lr * mean / (sqrt(var) + epsilon)``.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """
    check_states("adam_update", weight, grad=grad, mean=mean, var=var)
    g = clipped(xp, rescale_grad * grad + wd * weight, clip_gradient)
    mean *= beta1
    mean += (1 - beta1) * g
    var *= beta2
    var += (1 - beta2) * (g * g)
    return finish(weight - lr * mean / (xp.sqrt(var) + epsilon), out)


def _bounded(xp: Any, weight: Array, clip_weights: float) -> Array:
    return xp.clip(weight, -clip_weights, clip_weights) if clip_weights >= 0 else weight


@register_update(
    "rmsprop_update", "n", plain=dict(lr=0.1), decay=dict(_DECAY, gamma1=0.8, clip_weights=0.9)
)
def _(
    xp: Any, weight: Array, grad: Array, n: Array, *, lr: float, gamma1: float = 0.949999988079071,
    epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
    clip_weights: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """RMSProp: ``n = gamma1 * n + (1 - gamma1) * g**2; weight -= lr * g / sqrt(n + epsilon)``.

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5: RMSProp", Coursera 2012.
    """
    check_states("rmsprop_update", weight, grad=grad, n=n)
    g = clipped(xp, rescale_grad * grad + wd * weight, clip_gradient)
    n *= gamma1
    n += (1 - gamma1) * (g * g)
    return finish(_bounded(xp, weight - lr * g / xp.sqrt(n + epsilon), clip_weights), out)


@register_update(
    "rmspropalex_update", "n", "g", "delta",
    plain=dict(lr=0.1, epsilon=2.0),
    decay=dict(_DECAY, gamma1=0.5, epsilon=2.0, gamma2=0.5, clip_weights=0.9),
)  # fmt: skip
def _(
    xp: Any, weight: Array, grad: Array, n: Array, g: Array, delta: Array, *, lr: float,
    gamma1: float = 0.949999988079071, gamma2: float = 0.8999999761581421, epsilon: float = 1e-8,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
    clip_weights: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """RMSProp, centred, with momentum: the mean gradient `g` is taken from the second moment `n`.

    ``delta = gamma2 * delta - lr * grad / sqrt(n - g**2 + epsilon); weight = weight + delta``

    References
    ----------
    Graves, "Generating sequences with recurrent neural networks", arXiv 1308.0850, equation 38.
    """
    check_states("rmspropalex_update", weight, grad=grad, n=n, g=g, delta=delta)
    slope = clipped(xp, rescale_grad * grad + wd * weight, clip_gradient)
    n *= gamma1
    n += (1 - gamma1) * (slope * slope)
    g *= gamma1
    g += (1 - gamma1) * slope
    delta *= gamma2
    delta -= lr * slope / xp.sqrt(n - g * g + epsilon)
    return finish(_bounded(xp, weight + delta, clip_weights), out)


@register_update(
    "ftrl_update", "z", "n", names="ftrl_update sparse.ftrl_update",
    plain=dict(lr=0.1), decay=dict(_DECAY, lamda1=0.5, beta=0.3),
)  # fmt: skip
def _(
    xp: Any, weight: Array, grad: Array, z: Array, n: Array, *, lr: float,
    lamda1: float = 0.009999999776482582, beta: float = 1.0, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    r"""Follow the regularized leader: weights become exactly zero where \|z\| <= lamda1.

    References
    ----------
    McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013.
    """
    check_states("ftrl_update", weight, grad=grad, z=z, n=n)
    g = clipped(xp, rescale_grad * grad, clip_gradient)
    before = xp.sqrt(n)
    n += g * g
    after = xp.sqrt(n)
    z += g - (after - before) / lr * weight
    shrunk = (xp.sign(z) * lamda1 - z) / ((beta + after) / lr + wd)
    return finish(shrunk * (xp.abs(z) > lamda1), out)


@register_update(
    "ftml_update", "d", "v", "z",
    plain=dict(lr=0.1, t=2),
    decay=dict(lr=0.1, t=1, wd=0.01, rescale_grad=0.5, clip_grad=0.3, beta1=0.5),
)  # fmt: skip
def _(
    xp: Any, weight: Array, grad: Array, d: Array, v: Array, z: Array, *, lr: float,
    beta1: float = 0.6000000238418579, beta2: float = 0.9990000128746033, epsilon: float = 1e-8,
    t: int, wd: float = 0.0, rescale_grad: float = 1.0, clip_grad: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """Follow the moving leader at step `t` (from 1).

    References
    ----------
    Zheng and Kwok, "Follow the moving leader in deep learning", ICML 2017.
    """
    check_states("ftml_update", weight, grad=grad, d=d, v=v, z=z)
    g = clipped(xp, rescale_grad * grad + wd * weight, clip_grad)
    v *= beta2
    v += (1 - beta2) * (g * g)
    now = (1 - beta1**t) / lr * (xp.sqrt(v / (1 - beta2**t)) + epsilon)
    z *= beta1
    z += (1 - beta1) * g - (now - beta1 * d) * weight
    d[...] = now
    return finish(-z / d, out)


@register_update(
    "adagrad_update", "history", names="sparse.adagrad_update", json="_sparse_adagrad_update",
    plain=dict(lr=0.1), decay=_DECAY,
)  # fmt: skip
def _(
    xp: Any, weight: Array, grad: Array, history: Array, *, lr: float, epsilon: float = 1e-7,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """AdaGrad: ``history += g**2; weight -= lr * (g / sqrt(history + epsilon) + wd * weight)``.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 12 (2011).
    """
    check_states("adagrad_update", weight, grad=grad, history=history)
    g = clipped(xp, rescale_grad * grad, clip_gradient)
    history += g * g
    return finish(weight - lr * (g / xp.sqrt(history + epsilon) + wd * weight), out)


# ---- LAMB ------------------------------------------------------------------------------------
def lamb_direction(
    xp: Any, weight: Array, g: Array, mean: Array, var: Array, *, beta1: float, beta2: float,
    epsilon: float, t: int, bias_correction: bool, wd: float,
) -> Array:  # fmt: skip
    """Move `mean` and `var`; answer Adam's direction plus weight decay."""
    mean *= beta1
    mean += (1 - beta1) * g
    var *= beta2
    var += (1 - beta2) * (g * g)
    m, v = mean, var
    if bias_correction:
        m, v = mean / (1 - beta1**t), var / (1 - beta2**t)
    return m / (xp.sqrt(v) + epsilon) + wd * weight


@op(
    "lamb_update_phase1",
    infer=_infer("lamb_update_phase1", ("mean", "var")),
    grad=STEP,
    names=Names(nd="lamb_update_phase1"),
    flags=Flags(mutates=(2, 3)),
    params={"t": Int(1)},
    samples=lambda s: [
        s(*((2, 3),) * 4, t=2, wd=0.1),
        s(*((2, 3),) * 4, t=1, wd=0.0, bias_correction=False, rescale_grad=0.5, clip_gradient=0.3),
    ],
)
def _(
    xp: Any, weight: Array, grad: Array, mean: Array, var: Array, *,
    beta1: float = 0.8999999761581421, beta2: float = 0.9990000128746033,
    epsilon: float = 9.999999974752427e-7, t: int, bias_correction: bool = True, wd: float,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0,
) -> Array:  # fmt: skip
    """LAMB, first half: the direction of the step, which `lamb_update_phase2` scales.

    References
    ----------
    You et al., "Large batch optimization for deep learning", ICLR 2020.
    """
    check_states("lamb_update_phase1", weight, grad=grad, mean=mean, var=var)
    g = clipped(xp, rescale_grad * grad, clip_gradient)
    return lamb_direction(
        xp, weight, g, mean, var, beta1=beta1, beta2=beta2, epsilon=epsilon, t=t,
        bias_correction=bias_correction, wd=wd,
    )  # fmt: skip


def trust_ratio(xp: Any, r1: Array, r2: Array, low: float, high: float) -> Array:
    """Norm of the weight, bounded, over the norm of the direction; 1 where either is zero."""
    if low >= 0:
        r1 = xp.maximum(r1, low)
    if high >= 0:
        r1 = xp.minimum(r1, high)
    usable = (r1 != 0) & (r2 != 0)
    return xp.where(usable, r1 / xp.where(usable, r2, 1), 1)


@op(
    "lamb_update_phase2",
    infer=lambda weight, g, r1, r2, **_: aval(weight.shape, weight),
    grad=STEP,
    names=Names(nd="lamb_update_phase2"),
    flags=Flags(inplace=(0,), out=True),
    params={"lr": LR},
    samples=lambda s: [
        s((2, 3), (2, 3), (1,), (1,), lr=0.1),
        s((2, 3), (2, 3), (1,), (1,), lr=0.1, lower_bound=0.9, upper_bound=1.0),
    ],
)
def _(
    xp: Any, weight: Array, g: Array, r1: Array, r2: Array, *, lr: float, lower_bound: float = -1.0,
    upper_bound: float = -1.0, out: Array = None,
) -> Array:  # fmt: skip
    """LAMB, second half: ``weight -= lr * (r1 / r2) * g``, with norms of weight (r1) and g (r2)."""
    check_states("lamb_update_phase2", weight, g=g)
    return finish(weight - lr * trust_ratio(xp, r1, r2, lower_bound, upper_bound) * g, out)
