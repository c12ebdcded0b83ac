r"""Normalization by mean and standard deviation: BatchNorm, LayerNorm, InstanceNorm, GroupNorm.

They differ only in the axes they average over and in the shape of gamma and beta:

.. math:: y = \gamma \hat x + \beta,\quad \hat x = (x - m) s

with m the mean over the normalized axes and s the inverse standard deviation. One backward,
and one backward of the backward, serve all of them (see `backward` and `second`).
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Float
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, expect_dtype, expect_float, narrow, wide
from dlstudio.ops.rules import normalize_axis

Array = Any


class Plan(NamedTuple):
    """Which axes are averaged, and how gamma and the statistics broadcast."""

    axes: tuple[int, ...]
    gamma: tuple[int, ...]
    stats: tuple[int, ...]
    count: int
    fixed: bool = False  # the statistics are given numbers, not functions of the data


def plan_of(
    shape: tuple[int, ...], axes: tuple[int, ...], scaled: tuple[int, ...], *, fixed: bool = False
) -> Plan:
    """Plan for averaging over `axes`, with gamma along the `scaled` ones."""
    gamma = tuple(n if i in scaled else 1 for i, n in enumerate(shape))
    stats = tuple(1 if i in axes else n for i, n in enumerate(shape))
    count = max(1, prod(shape[axis] for axis in axes))
    return Plan(axes, gamma, stats, count, fixed)


# ---- on arrays -------------------------------------------------------------------------------
def moments(xp: Any, x: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Centred data, mean and variance; in two passes, because E[x²] - E[x]² cancels."""
    count = max(1, prod(x.shape[axis] for axis in axes))
    mean = x.sum(axis=axes, keepdims=True) / count
    centred = x - mean
    if axes == (x.ndim - 1,):  # the squares need not be kept
        squares = xp.einsum("...i,...i->...", centred, centred)[..., None]
    else:
        squares = (centred * centred).sum(axis=axes, keepdims=True)
    return centred, mean, squares / count


def backward(xp: Any, t: Array, xhat: Array, s: Array, plan: Plan) -> Array:
    """Gradient for x from t, the gradient for xhat: s (t - mean(t) - xhat mean(t xhat))."""
    if plan.fixed:
        return t * s
    dx = t - t.sum(axis=plan.axes, keepdims=True) / plan.count
    dx -= xhat * ((t * xhat).sum(axis=plan.axes, keepdims=True) / plan.count)
    dx *= s
    return dx


# ---- in terms of F: the backward of the backward ---------------------------------------------
def _mean(F: Any, x: Any, plan: Plan) -> Any:
    return F.multiply_scalar(F.sum(x, axis=plan.axes, keepdims=True), scalar=1.0 / plan.count)


def reduced(F: Any, x: Any, shape: tuple[int, ...], like: Any) -> Any:
    """Sum `x` to the broadcastable `shape` and give it that of `like`."""
    return F.reshape(F.sum_to(x, shape=shape), shape=tuple(like.shape))


def second(
    F: Any, cotangents: Any, g: Any, data: Any, gamma: Any, mean: Any, s: Any, plan: Plan
) -> tuple[Any, ...]:
    """Adjoint of (g, data, gamma, mean, s) -> (dx, dgamma, dbeta).

    dx = s (t - A t - xhat A(t xhat)) with t = gamma g and A the mean over plan.axes, dgamma and
    dbeta the sums of g xhat and g. Answers the gradients for g, data, gamma, mean and s.
    """
    u, v, w = cotangents
    xhat = F.multiply(F.subtract(data, mean), s)
    t = g if gamma is None else F.multiply(g, gamma)
    grad_g, grad_xhat, grad_s, grad_gamma = None, None, None, None
    if u is not None:
        grad_t, grad_xhat, grad_s = _second_of_dx(F, u, t, xhat, s, plan)
        grad_g = grad_t if gamma is None else F.multiply(grad_t, gamma)
        grad_gamma = None if gamma is None else F.multiply(grad_t, g)
    if v is not None:
        grad_xhat = plus(F, grad_xhat, F.multiply(v, g))
        grad_g = plus(F, grad_g, F.multiply(v, xhat))
    if w is not None:
        grad_g = plus(F, grad_g, F.broadcast_to(w, shape=tuple(data.shape)))
    if grad_xhat is None:
        return grad_g, None, grad_gamma, None, grad_s
    grad_x = F.multiply(grad_xhat, s)
    grad_s = plus(F, grad_s, F.multiply(grad_xhat, F.subtract(data, mean)))
    return grad_g, grad_x, grad_gamma, F.negative(grad_x), grad_s


def _second_of_dx(F: Any, u: Any, t: Any, xhat: Any, s: Any, plan: Plan) -> tuple[Any, Any, Any]:
    if plan.fixed:
        return F.multiply(u, s), None, F.multiply(u, t)
    r = F.multiply(u, s)
    tx, rx = _mean(F, F.multiply(t, xhat), plan), _mean(F, F.multiply(r, xhat), plan)

    def project(y: Any, along: Any) -> Any:
        return F.subtract(F.subtract(y, _mean(F, y, plan)), F.multiply(xhat, along))

    grad_xhat = F.negative(F.add(F.multiply(r, tx), F.multiply(t, rx)))
    return project(r, rx), grad_xhat, F.multiply(u, project(t, tx))


def plus(F: Any, x: Any, y: Any) -> Any:
    """Add two gradients; None is zero."""
    if x is None or y is None:
        return y if x is None else x
    return F.add(x, y)


def of_stats(F: Any, dx: Any, g_mean: Any, g_scale: Any, slope: Any, plan: Plan) -> Any:
    """Add to dx what flows in through the mean and the scale, when a program uses them."""
    if g_mean is not None:
        g_mean = F.multiply_scalar(F.reshape(g_mean, shape=plan.stats), scalar=1.0 / plan.count)
        dx = plus(F, dx, g_mean)
    if g_scale is not None:
        dx = plus(F, dx, F.multiply(F.reshape(g_scale, shape=plan.stats), slope()))
    return dx


# ---- BatchNorm -------------------------------------------------------------------------------
def _channel(data: Any, axis: int) -> int:
    return normalize_axis("BatchNorm", axis, data.ndim)


def _batch_plan(data: Any, axis: int, *, fixed: bool = False) -> Plan:
    axis = _channel(data, axis)
    others = tuple(i for i in range(data.ndim) if i != axis)
    return plan_of(tuple(data.shape), others, (axis,), fixed=fixed)


def _check_batch(data: Any, axis: int, vectors: dict[str, Any]) -> None:
    C = data.shape[_channel(data, axis)]
    for name, x in vectors.items():
        if x.shape != (C,):
            fix = f"in_channels={C}" if name == "gamma" else ""
            raise ShapeError(
                explain(
                    f"BatchNorm: {name} has shape {tuple(x.shape)}, data {tuple(data.shape)}.",
                    f"({C},): one number per channel, which axis={axis} of data counts.",
                    fix or "the axis that counts channels: axis=1 for NCHW, axis=3 for NHWC",
                )
            )
    # half precision keeps its parameters in float32, as MXNet does
    wanted = ("float16", "float32") if data.dtype == "float16" else (data.dtype.name,)
    for name, x in vectors.items():
        if x.dtype.name not in wanted:
            expect_dtype("BatchNorm", data, **{name: x})


_VECTORS = ("gamma", "beta", "moving_mean", "moving_var")


def _infer_batch(data: Any, *vectors: Any, axis: int = 1, **_: Any) -> tuple[Aval, Aval, Aval]:
    _check_batch(data, axis, dict(zip(_VECTORS, vectors, strict=True)))
    expect_float("BatchNorm", data)
    stats = aval(vectors[0].shape, vectors[0])
    return aval(data.shape, data), stats, stats


def _complete_batch(shapes: Any, attrs: Any) -> Any:
    if shapes[0] is None:
        return shapes
    C = shapes[0][attrs.get("axis", 1)]
    return [shapes[0], *((C,),) * 4]


def _complete_batch_dtypes(dtypes: Any, attrs: Any) -> Any:
    """Statistics of half precision data are kept in single precision."""
    data = dtypes[0]
    return [data, *(data if data is None or data != "float16" else np.dtype("float32"),) * 4]


def _grad_batch(
    F: Any, g: Any, out: Any, data: Any, gamma: Any, *_vectors: Any, fix_gamma: bool,
    use_global_stats: bool, axis: int = 1, training: bool = False, **_: Any,
) -> tuple[Any, ...]:  # fmt: skip
    fixed = use_global_stats or not training
    dx = dgamma = dbeta = None
    if g[0] is not None:
        dx, dgamma, dbeta = F.batch_norm_grad(
            g[0], data, gamma, out[1], out[2],
            axis=axis, fix_gamma=fix_gamma, use_global_stats=fixed,
        )  # fmt: skip
    if not fixed and (g[1] is not None or g[2] is not None):
        plan = _batch_plan(data, axis)
        mean, s = (F.reshape(x, shape=plan.stats) for x in out[1:])

        def slope() -> Any:  # ds/dx = -s³ (x - m) / count
            cube = F.multiply_scalar(F.multiply(F.square(s), s), scalar=-1.0 / plan.count)
            return F.multiply(F.subtract(data, mean), cube)

        dx = of_stats(F, dx, g[1], g[2], slope, plan)
    return dx, dgamma, dbeta, None, None


def _new_moving(
    F: Any, outs: Any, data: Any, gamma: Any, beta: Any, moving_mean: Any, moving_var: Any, *,
    momentum: float, eps: float, use_global_stats: bool, training: bool = False, **_: Any,
) -> Any:  # fmt: skip
    """Move the averages after a training step: momentum * old + (1 - momentum) * batch."""
    if use_global_stats or not training:
        return None
    variance = F.add_scalar(F.reciprocal(F.square(outs[2])), scalar=-eps)
    return tuple(
        F.add(F.multiply_scalar(old, scalar=momentum), F.multiply_scalar(new, scalar=1 - momentum))
        for old, new in ((moving_mean, outs[1]), (moving_var, variance))
    )


def _batch_samples(s: Any) -> list[Any]:
    def batch(*shape: int, **attrs: Any) -> Any:
        C = shape[attrs.get("axis", 1)]
        gamma = s.uniform(C) if "fix_gamma" in attrs else np.ones(C)
        return s(s.normal(*shape), gamma, (C,), (C,), (C,), **attrs)

    return [
        batch(3, 2, 2, 2),
        batch(3, 2, fix_gamma=False),
        batch(2, 3, 2, axis=-1, fix_gamma=False, eps=1e-5),
        batch(3, 2, fix_gamma=False, use_global_stats=True),
        batch(2, 2, 3, fix_gamma=False, output_mean_var=True, momentum=0.5),
        batch(0, 2),
    ]


_BATCH_PARAMS = {
    "eps": Float(0),
    "momentum": Float(0, 1),
    "min_calib_range": Float(optional=True),
    "max_calib_range": Float(optional=True),
}


@op(
    "BatchNorm",
    infer=_infer_batch,
    grad=_grad_batch,
    complete=_complete_batch,
    complete_dtypes=_complete_batch_dtypes,
    outputs=3,
    visible=lambda attrs: 3 if attrs["output_mean_var"] else 1,
    aux=("moving_mean", "moving_var"),
    starts={"moving_mean": '["zero", {}]', "moving_var": '["one", {}]'},
    aux_update=_new_moving,
    params=_BATCH_PARAMS,
    names=Names(nd="BatchNorm BatchNorm_v1", npx="batch_norm", output="output mean var"),
    flags=Flags(mode=True, amp="fp32", inplace=(0,)),
    samples=_batch_samples,
    errors=lambda s: [
        bad(s((2, 3), (2,), (2,), (2,), (2,)), ShapeError, r"gamma has shape \(2,\)"),
        bad(s((2, 3), (3,), (3,), (3,), (3,), axis=2), ShapeError, "axis=2"),
        bad(
            s((2, 3), s.uniform(3).astype("float32"), (3,), (3,), (3,)),
            DTypeError, "gamma float32",
        ),
        bad(s((2, 3), (3,), (3,), (3,), (3,), eps=-1.0), ParamError, "eps"),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, gamma: Array, beta: Array, moving_mean: Array, moving_var: Array, *,
    eps: float = 1e-3, momentum: float = 0.9, fix_gamma: bool = True,
    use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1,
    cudnn_off: bool = False, min_calib_range: float | None = None,
    max_calib_range: float | None = None, training: bool = False,
) -> tuple[Array, Array, Array]:  # fmt: skip
    r"""Normalize each channel over the batch: :math:`y = \gamma (x - m) / \sqrt{v + eps} + \beta`.

    In training, m and v are mean and variance of the batch, and the backward pass moves
    `moving_mean` and `moving_var` towards them: ``moving = momentum * moving + (1 - momentum) *
    batch``. In prediction, or with `use_global_stats`, m and v are the moving ones.

    Parameters
    ----------
    data : any shape; `axis` counts channels (C)
    gamma, beta : (C,), scale and shift; ``fix_gamma=True`` takes gamma as 1
    moving_mean, moving_var : (C,), auxiliary states

    Returns
    -------
    like data; with `output_mean_var` also mean and 1 / sqrt(variance + eps), both (C,)

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", ICML 2015.
    """
    vectors = (gamma, beta, moving_mean, moving_var)
    shape, dtype = data.shape[axis : axis + 1 or None], data.dtype
    if any(x.shape != shape or x.dtype is not dtype for x in vectors):  # explain, or half precision
        _check_batch(data, axis, dict(zip(_VECTORS, vectors, strict=True)))
    if fix_gamma:
        gamma[...] = 1  # MXNet writes it, too: saved parameters then say what was computed
    x, plan = wide(data), _batch_plan(data, axis)
    if training and not use_global_stats:
        y, m, v = moments(xp, x, plan.axes)
        mean, s = m.reshape(-1), 1 / xp.sqrt(v.reshape(-1) + eps)
    else:
        mean, s = moving_mean, 1 / xp.sqrt(moving_var + moving_var.dtype.type(eps))
        y = x - mean.reshape(plan.stats)
    y *= (s if fix_gamma else s * gamma).reshape(plan.gamma)
    y += beta.reshape(plan.gamma)
    # the statistics of predictions are copies: outputs never share memory with inputs
    return narrow(y, data.dtype), mean.astype(gamma.dtype), s.astype(gamma.dtype)


def _second_batch(
    F: Any, u: Any, outs: Any, g: Any, data: Any, gamma: Any, mean: Any, inv_std: Any, *, axis: int,
    fix_gamma: bool, use_global_stats: bool,
) -> tuple[Any, ...]:  # fmt: skip
    plan = _batch_plan(data, axis, fixed=use_global_stats)

    def wide_shape(x: Any) -> Any:
        return None if x is None else F.reshape(x, shape=plan.gamma)

    scale = None if fix_gamma else wide_shape(gamma)
    cotangents = (u[0], None if fix_gamma else wide_shape(u[1]), wide_shape(u[2]))
    found = second(F, cotangents, g, data, scale, wide_shape(mean), wide_shape(inv_std), plan)
    per_channel = (None if x is None else reduced(F, x, plan.gamma, mean) for x in found[2:])
    return found[0], found[1], *per_channel


@op(
    "batch_norm_grad",
    infer=lambda g, data, gamma, mean, inv_std, **_: (
        aval(data.shape, data), aval(gamma.shape, gamma), aval(gamma.shape, gamma),
    ),
    grad=_second_batch,
    outputs=3,
    flags=Flags(inplace=(0, 1)),
    samples=lambda s: [
        s((3, 2), s.normal(3, 2), (2,), (2,), (2,), fix_gamma=False),
        s((2, 2, 3), s.normal(2, 2, 3), (3,), (3,), (3,), axis=2),
        s((3, 2), s.normal(3, 2), (2,), (2,), (2,), fix_gamma=False, use_global_stats=True),
    ],
)  # fmt: skip
def _(
    xp: Any, g: Array, data: Array, gamma: Array, mean: Array, inv_std: Array, *, axis: int = 1,
    fix_gamma: bool = True, use_global_stats: bool = False,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Gradients of `BatchNorm` for data, gamma and beta.

    `use_global_stats` says that mean and inv_std were numbers given from outside.
    """
    plan = _batch_plan(data, axis, fixed=use_global_stats)
    t, s = wide(g), inv_std.reshape(plan.gamma)
    xhat = (wide(data) - mean.reshape(plan.gamma)) * s
    dbeta, dgamma = t.sum(axis=plan.axes), (t * xhat).sum(axis=plan.axes)
    scale = s if fix_gamma else s * gamma.reshape(plan.gamma)
    if use_global_stats:
        dx = t * scale
    else:  # `backward`, with the means it needs taken from the sums at hand
        xhat *= dgamma.reshape(plan.gamma) / -plan.count
        xhat += t
        xhat -= dbeta.reshape(plan.gamma) / plan.count
        xhat *= scale
        dx = xhat
    if fix_gamma:
        dgamma = xp.zeros_like(dgamma)
    return narrow(dx, data.dtype), narrow(dgamma, gamma.dtype), narrow(dbeta, gamma.dtype)
