"""Optimizer steps in mixed precision (mp_*), over many weights at once (multi_*), and AdamW.

`mp_*` keep a float32 master copy, `weight32`, of a half-precision weight. `multi_*` take their
arrays interleaved, ``w0, g0, (state0,) w1, g1, …``; one call updates a whole network.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float, Int, Param
from dlstudio.core.registry import Flags, Names, Op, bad, op
from dlstudio.errors import ArgumentError, ShapeError, explain
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

Array = Any


class Floats(Param):
    """A sequence of numbers, one per weight."""

    describe = "a sequence of numbers"

    def convert(self, value: Any) -> tuple[float, ...]:
        """Accept sequences, arrays, and spellings like "(0.1, 0.2)"."""
        if isinstance(value, str):
            import ast

            value = ast.literal_eval(value)
        return tuple(float(v) for v in value)

    def invalid(self) -> tuple[Any, ...]:
        """Give a word and a sequence of words."""
        return ("fast", ("a",))


# ---- mixed precision -------------------------------------------------------------------------
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


def _sgd(
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
    _sgd(xp, _gradient(xp, grad, rescale_grad, clip_gradient), None, weight32, lr, 0.0, wd)
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
    _sgd(xp, _gradient(xp, grad, rescale_grad, clip_gradient), mom, weight32, lr, momentum, wd)
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
    xp: Any, weight: Array, grad: Array, mean: Array, var: Array, weight32: Array, *, t: int,
    wd: float, beta1: float = 0.8999999761581421, beta2: float = 0.9990000128746033,
    epsilon: float = 9.999999974752427e-7, bias_correction: bool = True, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0,
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
def _adamw(
    xp: Any, weight: Array, g: Array, mean: Array, var: Array, *, lr: float, eta: float,
    beta1: float, beta2: float, epsilon: float, wd: float,
) -> Array:  # fmt: skip
    mean *= beta1
    mean += (1 - beta1) * g
    var *= beta2
    var += (1 - beta2) * (g * g)
    return weight - eta * (lr * mean / (xp.sqrt(var) + epsilon) + wd * weight)


def _usable(rescale_grad: Array) -> float | None:
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
    scale = _usable(rescale_grad)
    if scale is None:
        return finish(weight.copy(), out)
    grad[...] = clipped(xp, scale * grad, clip_gradient)  # MXNet leaves it so, too
    new = _adamw(
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
    scale = _usable(rescale_grad)
    if scale is None:
        return finish(weight.copy(), out)
    weight32[...] = _adamw(
        xp, weight32, _gradient(xp, grad, scale, clip_gradient), mean, var, lr=lr, eta=eta,
        beta1=beta1, beta2=beta2, epsilon=epsilon, wd=wd,
    )  # fmt: skip
    return finish(weight32.astype(weight.dtype), out)


# ---- many weights at once --------------------------------------------------------------------
def _chunks(name: str, arrays: Any, num_weights: int, each: int) -> list[Any]:
    """Cut interleaved arrays into one tuple per weight."""
    if num_weights < 1 or len(arrays) != num_weights * each:
        raise ArgumentError(
            explain(
                f"{name}: {len(arrays)} arrays for num_weights={num_weights}.",
                f"{each} per weight, interleaved: {num_weights * each}.",
            )
        )
    return [arrays[i : i + each] for i in range(0, len(arrays), each)]


def _expect_count(name: str, num_weights: int, **numbers: tuple[float, ...]) -> None:
    for given, values in numbers.items():
        if len(values) != num_weights:
            raise ArgumentError(
                f"{name}: parameter {given} must have num_weights={num_weights} entries. "
                f"Got {len(values)}."
            )


_MULTI_PARAMS: dict[str, Param] = {"lrs": Floats(), "wds": Floats(), "num_weights": Int(1)}


def _multi(name: str, *kinds: str) -> None:
    """Register multi_* and preloaded_multi_*; `kinds` are the arrays after weight and gradient."""
    each, mixed, momentum = 2 + len(kinds), "weight32" in kinds, "mom" in kinds

    def step(xp: Any, chunk: Any, lr: float, wd: float, attrs: dict[str, Any]) -> Array:
        weight, grad = chunk[:2]
        states = dict(zip(kinds, chunk[2:], strict=True))
        check_states(name, weight, grad=grad, **states)
        g = clipped(
            xp,
            attrs["rescale_grad"] * (grad.astype("float32") if mixed else grad),
            attrs["clip_gradient"],
        )
        master = states["weight32"] if mixed else weight.copy()
        _sgd(xp, g, states.get("mom"), master, lr, attrs.get("momentum", 0.0), wd)
        return master.astype(weight.dtype)

    def infer(*data: Any, num_weights: int = 1, **_: Any) -> Any:
        found = tuple(
            aval(chunk[0].shape, chunk[0]) for chunk in _chunks(name, data, num_weights, each)
        )
        return found if len(found) > 1 else found[0]

    def run(xp: Any, data: Any, lrs: Any, wds: Any, num_weights: int, attrs: dict[str, Any]) -> Any:
        chunks = _chunks(name, data, num_weights, each)
        _expect_count(name, num_weights, lrs=lrs, wds=wds)
        found = tuple(
            step(xp, chunk, lr, wd, attrs) for chunk, lr, wd in zip(chunks, lrs, wds, strict=True)
        )
        return found if len(found) > 1 else found[0]

    forward, loaded = (_with_momentum if momentum else _without_momentum)(run)
    first = ("float16", "float16") if mixed else ("float32", "float32")

    def arrays(s: Any, n: int) -> list[Any]:
        dtypes = (*first, *("float32",) * len(kinds))
        return [s.uniform(2, i + 1).astype(dtype) for i in range(n) for dtype in dtypes]

    common = dict(
        grad=STEP, outputs=lambda attrs: attrs["num_weights"], params=_MULTI_PARAMS,
    )  # fmt: skip
    forward.__doc__ = f"`{name.removeprefix('multi_')}` for `num_weights` weights at once."
    loaded.__doc__ = f"`{name}` with rates and decays in two arrays, given last."
    op(
        name, infer=infer, names=Names(nd=name), flags=Flags(mutates=_written(each)),
        samples=lambda s: [
            s(*arrays(s, n), lrs=(0.1, 0.2)[:n], wds=(0.01, 0.0)[:n], num_weights=n) for n in (1, 2)
        ],
        errors=lambda s: [
            bad(
                s(*arrays(s, 1), lrs=(0.1,) * 2, wds=(0.0,) * 2, num_weights=2),
                ArgumentError, "interleaved",
            ),
        ],
        **common,
    )(forward)  # fmt: skip
    op(
        f"preloaded_{name}",
        infer=lambda *data, **attrs: infer(*data[:-2], **attrs),
        names=Names(nd=f"preloaded_{name}"), flags=Flags(mutates=_written(each)),
        samples=lambda s: [
            s(*arrays(s, n), *(s.uniform(n).astype("float32") for _ in range(2)), num_weights=n)
            for n in (1, 2)
        ],
        **common,
    )(loaded)  # fmt: skip


_MOST = 64  # weights in one call; MXNet aggregates 60 at most


def _written(each: int) -> tuple[int, ...]:
    """Positions of the states among interleaved arrays."""
    return tuple(i for i in range(each * _MOST) if i % each >= 2)


def _without_momentum(run: Any) -> tuple[Any, Any]:
    def forward(
        xp: Any, *data: Array, lrs: Any, wds: Any, rescale_grad: float = 1.0,
        clip_gradient: float = -1.0, num_weights: int = 1,
    ) -> Any:  # fmt: skip
        attrs = dict(rescale_grad=rescale_grad, clip_gradient=clip_gradient)
        return run(xp, data, lrs, wds, num_weights, attrs)

    def loaded(
        xp: Any, *data: Array, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
        num_weights: int = 1,
    ) -> Any:  # fmt: skip
        attrs = dict(rescale_grad=rescale_grad, clip_gradient=clip_gradient)
        return run(xp, data[:-2], data[-2], data[-1], num_weights, attrs)

    return forward, loaded


def _with_momentum(run: Any) -> tuple[Any, Any]:
    def forward(
        xp: Any, *data: Array, lrs: Any, wds: Any, momentum: float = 0.0, rescale_grad: float = 1.0,
        clip_gradient: float = -1.0, num_weights: int = 1,
    ) -> Any:  # fmt: skip
        attrs = dict(rescale_grad=rescale_grad, clip_gradient=clip_gradient, momentum=momentum)
        return run(xp, data, lrs, wds, num_weights, attrs)

    def loaded(
        xp: Any, *data: Array, momentum: float = 0.0, rescale_grad: float = 1.0,
        clip_gradient: float = -1.0, num_weights: int = 1,
    ) -> Any:  # fmt: skip
        attrs = dict(rescale_grad=rescale_grad, clip_gradient=clip_gradient, momentum=momentum)
        return run(xp, data[:-2], data[-2], data[-1], num_weights, attrs)

    return forward, loaded


_multi("multi_sgd_update")
_multi("multi_sgd_mom_update", "mom")
_multi("multi_mp_sgd_update", "weight32")
_multi("multi_mp_sgd_mom_update", "mom", "weight32")


# ---- norms and finiteness of many arrays -----------------------------------------------------
@op(
    "multi_sum_sq",
    infer=lambda *data, **_: Aval((len(data),), np.dtype("float32")),
    grad=STEP,
    params={"num_arrays": Int(1)},
    names=Names(nd="multi_sum_sq"),
    samples=lambda s: [s((2, 3), (4,), num_arrays=2)],
)
def _(xp: Any, *data: Array, num_arrays: int = 1) -> Array:
    """Sum of squares of each array: (num_arrays,), float32."""
    return xp.stack([xp.sum(x.astype("float32") ** 2) for x in data])


@op(
    "multi_lars",
    infer=lambda lrs, *_, **__: aval(lrs.shape, lrs),
    grad=STEP,
    params={"eta": Float(), "eps": Float()},
    names=Names(nd="multi_lars"),
    samples=lambda s: [s((3,), (3,), (3,), (3,), eta=1e-3, eps=1e-6)],
)
def _(
    xp: Any, lrs: Array, weights_sum_sq: Array, grads_sum_sq: Array, wds: Array, *, eta: float,
    eps: float, rescale_grad: float = 1.0,
) -> Array:  # fmt: skip
    """Layer-wise adaptive rates: ``lr * eta * |w| / (rescale * |g| + wd * |w| + eps)``.

    References
    ----------
    You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017.
    """
    w, g = xp.sqrt(weights_sum_sq), rescale_grad * xp.sqrt(grads_sum_sq)
    scaled = eta * w / (g + wds * w + eps)
    return (lrs * xp.where((w > 0) & (g > 0), scaled, 1)).astype(lrs.dtype)


def _finite(xp: Any, arrays: Any) -> Array:
    answer = all(bool(xp.isfinite(x).all()) for x in arrays)
    return xp.full((1,), 1.0 if answer else 0.0, "float32")


@op(
    "all_finite",
    infer=lambda data, **_: Aval((1,), np.dtype("float32")),
    grad=STEP,
    names=Names(nd="all_finite"),
    samples=lambda s: [s(2, 3), s(np.array([1.0, np.inf]))],
)
def _(xp: Any, data: Array, *, init_output: bool = True) -> Array:
    """1 if every element is finite, else 0: shape (1,), float32."""
    return _finite(xp, [data])


@op(
    "multi_all_finite",
    infer=lambda *data, **_: Aval((1,), np.dtype("float32")),
    grad=STEP,
    params={"num_arrays": Int(1)},
    names=Names(nd="multi_all_finite"),
    samples=lambda s: [s((2, 3), (4,), num_arrays=2), s((2,), np.array([np.nan]), num_arrays=2)],
)
def _(xp: Any, *data: Array, num_arrays: int = 1, init_output: bool = True) -> Array:
    """1 if every element of every array is finite, else 0: shape (1,), float32."""
    return _finite(xp, data)
