"""Normalization within an example: LayerNorm, InstanceNorm, GroupNorm, L2Normalization, LRN."""

from __future__ import annotations

from math import prod
from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Float, Int, Shape
from dlstudio.core.registry import Flags, Names, bad, composite, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.nn_norm import Plan, backward, moments, of_stats, plan_of, reduced, second
from dlstudio.ops.nn_rules import aval, expect_dtype, expect_float, expect_shape, narrow, wide
from dlstudio.ops.rules import normalize_axis

Array = Any


def _layer_plan(data: Any, axis: int) -> Plan:
    axis = normalize_axis("LayerNorm", axis, data.ndim)
    return plan_of(tuple(data.shape), (axis,), (axis,))


def _infer_layer(
    data: Any, gamma: Any, beta: Any, *, axis: int = -1, **_: Any
) -> tuple[Aval, Aval, Aval]:
    plan = _layer_plan(data, axis)
    shape = (data.shape[axis],)
    expect_shape(
        "LayerNorm", "gamma", gamma, shape, f"the length of axis {axis} of data {tuple(data.shape)}"
    )
    expect_shape(
        "LayerNorm", "beta", beta, shape, f"the length of axis {axis} of data {tuple(data.shape)}"
    )
    expect_dtype("LayerNorm", data, gamma=gamma, beta=beta)
    expect_float("LayerNorm", data)
    stats = aval(plan.stats, data)
    return aval(data.shape, data), stats, stats


def _grad_layer(
    F: Any, g: Any, out: Any, data: Any, gamma: Any, beta: Any, *, axis: int, **_: Any
) -> tuple[Any, ...]:
    dx = dgamma = dbeta = None
    if g[0] is not None:
        dx, dgamma, dbeta = F.layer_norm_grad(g[0], data, gamma, out[1], out[2], axis=axis)
    if g[1] is not None or g[2] is not None:
        plan = _layer_plan(data, axis)

        def slope() -> Any:  # d std / dx = (x - m) / (std count)
            centred = F.subtract(data, out[1])
            return F.multiply_scalar(F.divide(centred, out[2]), scalar=1.0 / plan.count)

        dx = of_stats(F, dx, g[1], g[2], slope, plan)
    return dx, dgamma, dbeta


@op(
    "LayerNorm",
    infer=_infer_layer,
    grad=_grad_layer,
    complete=lambda shapes, attrs: (
        shapes if shapes[0] is None else [shapes[0], *((shapes[0][attrs["axis"]],),) * 2]
    ),
    outputs=3,
    visible=lambda attrs: 3 if attrs["output_mean_var"] else 1,
    params={"axis": Int(), "eps": Float(0)},
    names=Names(nd="LayerNorm", npx="layer_norm", output="output mean std"),
    flags=Flags(amp="fp32"),
    samples=lambda s: [
        s(s.normal(2, 3), (3,), (3,)),
        s(s.normal(2, 3, 2), (3,), (3,), axis=1, eps=1e-3),
        s(s.normal(2, 3), (3,), (3,), output_mean_var=True),
        s((0, 3), (3,), (3,)),
    ],
    errors=lambda s: [
        bad(s((2, 3), (2,), (2,)), ShapeError, r"gamma has shape \(2,\)"),
        bad(s((2, 3), (3,), (3,), axis=2), ShapeError, "axis=2"),
    ],
)
def _(
    xp: Any, data: Array, gamma: Array, beta: Array, *, axis: int = -1, eps: float = 1e-5,
    output_mean_var: bool = False,
) -> tuple[Array, Array, Array]:  # fmt: skip
    r"""Normalize each example along `axis`: :math:`y = \gamma (x - m) / \sqrt{v + eps} + \beta`.

    Parameters
    ----------
    data : any shape, D elements along `axis`
    gamma, beta : (D,)

    Returns
    -------
    like data; with `output_mean_var` also mean and standard deviation, of length 1 along `axis`

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", arXiv 1607.06450.
    """
    if gamma.shape != beta.shape or gamma.ndim != 1:
        _infer_layer(data, gamma, beta, axis=axis)
    plan = _layer_plan(data, axis)
    y, mean, v = moments(xp, wide(data), plan.axes)
    std = xp.sqrt(v + eps)
    y /= std
    y *= wide(gamma).reshape(plan.gamma)
    y += wide(beta).reshape(plan.gamma)
    return narrow(y, data.dtype), narrow(mean, data.dtype), narrow(std, data.dtype)


def _second_layer(
    F: Any, u: Any, outs: Any, g: Any, data: Any, gamma: Any, mean: Any, std: Any, *, axis: int
) -> tuple[Any, ...]:
    plan = _layer_plan(data, axis)
    cotangents = (u[0], *(None if x is None else F.reshape(x, shape=plan.gamma) for x in u[1:]))
    s = F.reciprocal(std)
    found = second(F, cotangents, g, data, F.reshape(gamma, shape=plan.gamma), mean, s, plan)
    dg, dx, dgamma, dmean, ds = found
    if dgamma is not None:
        dgamma = reduced(F, dgamma, plan.gamma, gamma)
    if dmean is None:
        return dg, dx, dgamma, None, None
    dstd = F.negative(F.multiply(F.sum_to(ds, shape=plan.stats), F.square(s)))
    return dg, dx, dgamma, F.sum_to(dmean, shape=plan.stats), dstd


@op(
    "layer_norm_grad",
    infer=lambda g, data, gamma, mean, std, **_: (
        aval(data.shape, data), aval(gamma.shape, gamma), aval(gamma.shape, gamma),
    ),
    grad=_second_layer,
    outputs=3,
    samples=lambda s: [
        s((2, 3), s.normal(2, 3), (3,), (2, 1), (2, 1)),
        s((2, 3, 2), s.normal(2, 3, 2), (3,), (2, 1, 2), (2, 1, 2), axis=1),
    ],
)  # fmt: skip
def _(
    xp: Any, g: Array, data: Array, gamma: Array, mean: Array, std: Array, *, axis: int = -1
) -> tuple[Array, Array, Array]:
    """Gradients of `LayerNorm` for data, gamma and beta."""
    plan = _layer_plan(data, axis)
    others = tuple(i for i in range(data.ndim) if i not in plan.axes)
    t, s, scale = wide(g), 1 / wide(std), wide(gamma)
    xhat = wide(data) - wide(mean)
    xhat *= s
    product = t * xhat
    dgamma, dbeta = product.sum(axis=others), t.sum(axis=others)
    # `backward` of t * gamma, with the sums along the axis as products of matrix and vector
    along, across = (
        (xp.moveaxis(x, axis, -1) @ scale).reshape(plan.stats) / plan.count for x in (t, product)
    )
    dx = xp.multiply(t, scale.reshape(plan.gamma), out=product)
    xhat *= across
    dx -= xhat
    dx -= along
    dx *= s
    return narrow(dx, data.dtype), narrow(dgamma, gamma.dtype), narrow(dbeta, gamma.dtype)


# ---- normalization without scale and shift ---------------------------------------------------
def _standard_plan(data: Any, axis: tuple[int, ...]) -> Plan:
    return plan_of(tuple(data.shape), axis, ())


def _infer_standard(data: Any, *, axis: tuple[int, ...], **_: Any) -> tuple[Aval, Aval, Aval]:
    expect_float("standardize", data)
    stats = aval(_standard_plan(data, axis).stats, data)
    return aval(data.shape, data), stats, stats


def _grad_standard(F: Any, g: Any, out: Any, data: Any, *, axis: Any, **_: Any) -> tuple[Any]:
    dx = None if g[0] is None else F.standardize_grad(g[0], data, out[1], out[2], axis=axis)
    if g[1] is None and g[2] is None:
        return (dx,)
    plan = _standard_plan(data, axis)

    def slope() -> Any:
        centred = F.subtract(data, out[1])
        return F.multiply_scalar(F.divide(centred, out[2]), scalar=1.0 / plan.count)

    return (of_stats(F, dx, g[1], g[2], slope, plan),)


@op(
    "standardize",
    infer=_infer_standard,
    grad=_grad_standard,
    outputs=3,
    params={"axis": Shape(0), "eps": Float(0)},
    flags=Flags(amp="fp32"),
    samples=lambda s: [
        s(s.normal(2, 3, 2), axis=(1, 2)),
        s(s.normal(2, 3), axis=(1,), eps=1e-3),
    ],
)
def _(
    xp: Any, data: Array, *, axis: tuple[int, ...], eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Zero mean and unit variance over `axis`; also the mean and the standard deviation."""
    y, mean, v = moments(xp, wide(data), axis)
    std = xp.sqrt(v + eps)
    y /= std
    return narrow(y, data.dtype), narrow(mean, data.dtype), narrow(std, data.dtype)


def _second_standard(
    F: Any, u: Any, out: Any, g: Any, data: Any, mean: Any, std: Any, *, axis: Any
) -> tuple[Any, ...]:
    plan, s = _standard_plan(data, axis), F.reciprocal(std)
    dg, dx, _, dmean, ds = second(F, (u, None, None), g, data, None, mean, s, plan)
    dstd = F.negative(F.multiply(F.sum_to(ds, shape=plan.stats), F.square(s)))
    return dg, dx, F.sum_to(dmean, shape=plan.stats), dstd


@op(
    "standardize_grad",
    infer=lambda g, data, mean, std, **_: aval(data.shape, data),
    grad=_second_standard,
    params={"axis": Shape(0)},
    samples=lambda s: [s((2, 3), s.normal(2, 3), (2, 1), (2, 1), axis=(1,))],
)
def _(xp: Any, g: Array, data: Array, mean: Array, std: Array, *, axis: Any) -> Array:
    """Gradient of `standardize`."""
    s = 1 / wide(std)
    xhat = (wide(data) - wide(mean)) * s
    return narrow(backward(xp, wide(g), xhat, s, _standard_plan(data, axis)), data.dtype)


# ---- InstanceNorm, GroupNorm -----------------------------------------------------------------
def _along(F: Any, vector: Any, axis: int, ndim: int) -> Any:
    """Reshape a vector so that it broadcasts along `axis`."""
    return F.reshape(vector, shape=tuple(vector.size if i == axis else 1 for i in range(ndim)))


def _scaled(F: Any, x: Any, gamma: Any, beta: Any) -> Any:
    """Gamma x + beta, both along axis 1."""
    return F.add(F.multiply(x, _along(F, gamma, 1, x.ndim)), _along(F, beta, 1, x.ndim))


def _expect_vectors(name: str, n: int, why: str, **vectors: Any) -> None:
    for given, x in vectors.items():
        expect_shape(name, given, x, (n,), why)


@composite(
    "InstanceNorm",
    complete=lambda shapes, attrs: (
        shapes if shapes[0] is None else [shapes[0], *((shapes[0][1],),) * 2]
    ),
    params={"eps": Float(0)},
    names=Names(nd="InstanceNorm", npx="instance_norm"),
    flags=Flags(amp="fp32"),
    samples=lambda s: [
        s(s.normal(2, 2, 3), (2,), (2,)),
        s(s.normal(1, 2, 2, 2), (2,), (2,), eps=1e-5),
    ],
    errors=lambda s: [
        bad(s((2, 3), (3,), (3,)), ShapeError, "at least one axis of space"),
        bad(s((2, 3, 2), (2,), (3,)), ShapeError, r"gamma has shape \(2,\)"),
    ],
)
def _(F: Any, data: Any, gamma: Any, beta: Any, *, eps: float = 1e-3) -> Any:
    r"""Normalize each channel of each example over space: :math:`y = \gamma \hat x + \beta`.

    Parameters
    ----------
    data : (B, C, ...) with at least one axis of space
    gamma, beta : (C,)

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky, "Instance normalization", arXiv 1607.08022.
    """
    if data.ndim < 3:
        raise ShapeError(
            explain(
                f"InstanceNorm: data has shape {tuple(data.shape)}.",
                "(B, C, ...) with at least one axis of space.",
            )
        )
    _expect_vectors("InstanceNorm", data.shape[1], "one number per channel", gamma=gamma, beta=beta)
    y = F.standardize(data, axis=tuple(range(2, data.ndim)), eps=eps)[0]
    return _scaled(F, y, gamma, beta)


@composite(
    "GroupNorm",
    complete=lambda shapes, attrs: (
        shapes if shapes[0] is None else [shapes[0], *((attrs["num_groups"],),) * 2]
    ),
    outputs=lambda attrs: 3 if attrs["output_mean_var"] else 1,
    params={"num_groups": Int(1), "eps": Float(0)},
    names=Names(nd="GroupNorm", npx="group_norm", output="output mean std"),
    flags=Flags(amp="fp32"),
    samples=lambda s: [
        s(s.normal(2, 4, 3), (2,), (2,), num_groups=2),
        s(s.normal(2, 3), (1,), (1,)),
        s(s.normal(2, 4, 2), (2,), (2,), num_groups=2, output_mean_var=True),
    ],
    errors=lambda s: [
        bad(s((2, 3, 2), (2,), (2,), num_groups=2), ShapeError, "num_groups=2"),
        bad(s((2, 4, 2), (4,), (4,), num_groups=2), ShapeError, r"gamma has shape \(4,\)"),
    ],
)
def _(
    F: Any, data: Any, gamma: Any, beta: Any, *, num_groups: int = 1, eps: float = 1e-5,
    output_mean_var: bool = False,
) -> Any:  # fmt: skip
    r"""Normalize each group of channels of each example: :math:`y = \gamma \hat x + \beta`.

    Parameters
    ----------
    data : (B, C, ...), C divisible by num_groups (G)
    gamma, beta : (G,), one scale and shift per group, as in MXNet 1.9

    Returns
    -------
    like data; with `output_mean_var` also mean and standard deviation, (B, G)

    References
    ----------
    Wu and He, "Group normalization", ECCV 2018.
    """
    if data.ndim < 2 or data.shape[1] % num_groups:
        raise ShapeError(
            explain(
                f"GroupNorm: data {tuple(data.shape)} with num_groups={num_groups}.",
                "(B, C, ...) with a number of channels divisible by num_groups.",
            )
        )
    _expect_vectors("GroupNorm", num_groups, "one number per group", gamma=gamma, beta=beta)
    B, G = data.shape[0], num_groups
    rows = F.reshape(data, shape=(B, G, prod(data.shape[1:]) // G))
    y, mean, std = F.standardize(rows, axis=(2,), eps=eps)
    y = F.reshape(_scaled(F, y, gamma, beta), shape=tuple(data.shape))
    if not output_mean_var:
        return y
    return y, F.reshape(mean, shape=(B, G)), F.reshape(std, shape=(B, G))


# ---- L2Normalization, LRN --------------------------------------------------------------------
@composite(
    "L2Normalization",
    params={"eps": Float(0), "mode": Choice("instance", "channel", "spatial")},
    names=Names(nd="L2Normalization"),
    flags=Flags(amp="fp32"),
    samples=lambda s: [s(2, 3, 2, mode=mode) for mode in ("instance", "channel", "spatial")],
    errors=lambda s: [bad(s((2, 3), mode="spatial"), ShapeError, "3 or more axes")],
)
def _(F: Any, data: Any, *, eps: float = 1e-10, mode: str = "instance") -> Any:
    r"""Divide by the Euclidean norm :math:`\sqrt{\sum x^2 + eps}`.

    `mode` says over what: "instance" all of an example, "channel" axis 1, "spatial" the axes
    after it.
    """
    least = 2 if mode == "instance" else 3
    if data.ndim < least:
        raise ShapeError(
            explain(
                f"L2Normalization: data has shape {tuple(data.shape)}.",
                f"{least} or more axes for mode={mode!r}.",
            )
        )
    first, last = {"instance": (1, data.ndim), "channel": (1, 2), "spatial": (2, data.ndim)}[mode]
    squares = F.sum(F.square(data), axis=tuple(range(first, last)), keepdims=True)
    return F.divide(data, F.sqrt(F.add_scalar(squares, scalar=eps)))


@composite(
    "LRN",
    params={"alpha": Float(), "beta": Float(), "knorm": Float(), "nsize": Int(1)},
    names=Names(nd="LRN"),
    flags=Flags(amp="fp32"),
    samples=lambda s: [
        s((1, 4, 2, 2), nsize=3),
        s((2, 3, 1, 2), nsize=1, alpha=0.1, beta=0.5, knorm=1.0),
    ],
    errors=lambda s: [
        bad(s((2, 3), nsize=3), ShapeError, r"\(B, C, H, W\)"),
        bad(s((1, 4, 2, 2), nsize=2), ParamError, "nsize must be odd"),
    ],
)
def _(
    F: Any, data: Any, *, alpha: float = 1e-4, beta: float = 0.75, knorm: float = 2.0, nsize: int
) -> Any:
    r"""Local response normalization across channels.

    .. math:: y_c = x_c \left(k + \frac{\alpha}{n} \sum_{|i - c| \le n / 2} x_i^2\right)^{-\beta}

    Parameters
    ----------
    data : (B, C, H, W)
    nsize : n, odd: how many neighbouring channels count

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep CNNs", 2012.
    """
    if data.ndim != 4:
        raise ShapeError(
            explain(f"LRN: data has shape {tuple(data.shape)}.", "four axes, (B, C, H, W).")
        )
    if nsize % 2 == 0:
        raise ParamError(f"LRN: parameter nsize must be odd. Got {nsize}.")
    B, C, H, W = data.shape
    # a window over channels is a pooling window, once channels stand where space is expected
    squares = F.reshape(F.square(data), shape=(B, 1, C, H * W))
    total = F.Pooling(squares, kernel=(nsize, 1), pad=(nsize // 2, 0), pool_type="sum")
    total = F.add_scalar(F.multiply_scalar(total, scalar=alpha / nsize), scalar=knorm)
    return F.multiply(data, F.reshape(F.power_scalar(total, scalar=-beta), shape=tuple(data.shape)))
