"""Relatives of BatchNorm in MXNet's contrib namespace: SyncBatchNorm, BatchNormWithReLU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from dlstudio.core.avals import aval_of
from dlstudio.core.interpret import raw
from dlstudio.core.meeting import gate, meet
from dlstudio.core.params import Float, Int, Text
from dlstudio.core.registry import OPS, Flags, Names, Together, bad, op
from dlstudio.core.reverse import write_states
from dlstudio.core.tape import Recorded as F
from dlstudio.errors import ShapeError
from dlstudio.ops import nn_norm  # noqa: F401  registers BatchNorm

Array = Any

_BASE = OPS["BatchNorm"]
_COMMON: dict[str, Any] = dict(
    infer=_BASE.infer,
    complete=_BASE.complete,
    complete_dtypes=_BASE.complete_dtypes,
    outputs=3,
    visible=_BASE.visible,
    aux=_BASE.aux,
    starts=_BASE.starts,
    aux_update=_BASE.aux_update,
    flags=Flags(mode=True, amp="fp32"),
)


def _samples(s: Any) -> list[Any]:
    def batch(**attrs: Any) -> Any:
        gamma = s.uniform(2) if "fix_gamma" in attrs else np.ones(2)
        return s(s.normal(3, 2, 2), gamma, (2,), (2,), (2,), **attrs)

    return [batch(), batch(fix_gamma=False), batch(fix_gamma=False, use_global_stats=True)]


def _errors(s: Any) -> list[Any]:
    return [bad(s((2, 3), (2,), (2,), (2,), (2,)), ShapeError, r"gamma has shape \(2,\)")]


# ---- one batch on several devices ------------------------------------------------------------
def _waits(attrs: Mapping[str, Any]) -> bool:
    return attrs["ndev"] > 1 and attrs["training"] and not attrs["use_global_stats"]


def _together(inputs: Sequence[Any], attrs: Any) -> Sequence[Any]:
    """Normalise with the statistics of all devices' parts."""
    avals = _BASE.infer(*[aval_of(x) for x in inputs])
    name = f"SyncBatchNorm {attrs['key']}".strip()
    return meet(name, attrs["ndev"], inputs, avals, partial(_joint, attrs, name))


def _everywhere(parts: list[Any], count: int) -> list[Any]:
    """The sum of `parts` over `count`, on the device of each."""
    total = parts[0]
    for part in parts[1:]:
        total = F.add(total, part.as_in_context(total.context))
    mean = F.multiply_scalar(total, scalar=1.0 / count)
    return [mean.as_in_context(part.context) for part in parts]


def _joint(attrs: Any, name: str, calls: list[Sequence[Any]]) -> list[list[Any]]:
    """Compute all devices' outputs of ordinary operators: the tape knows their gradients."""
    datas = [F.cast(c[0], dtype="float32") if c[0].itemsize == 2 else c[0] for c in calls]
    axes = tuple(axis for axis in range(datas[0].ndim) if axis != 1)
    shape = tuple(-1 if axis == 1 else 1 for axis in range(datas[0].ndim))
    count = sum(x.size // x.shape[1] for x in datas)

    def mean(xs: list[Any]) -> list[Any]:
        return _everywhere([F.sum(x, axis=axes, keepdims=True) for x in xs], count)

    means = mean(datas)
    centred = [F.subtract(x, m) for x, m in zip(datas, means, strict=True)]
    variances = mean([F.square(x) for x in centred])
    outputs = []
    for (data, gamma, beta, *_), x, m, v in zip(calls, centred, means, variances, strict=True):
        if attrs["fix_gamma"]:
            gamma._data[...] = 1
            gamma = F.add_scalar(F.multiply_scalar(gamma, scalar=0.0), scalar=1.0)  # noqa: PLW2901
        s = F.rsqrt(F.add_scalar(v, scalar=attrs["eps"]))
        y = F.multiply(x, F.multiply(s, F.reshape(gamma, shape=shape)))
        y = F.cast(F.add(y, F.reshape(beta, shape=shape)), dtype=data._data.dtype.name)
        outputs.append([y, F.reshape(m, shape=(-1,)), F.reshape(s, shape=(-1,))])
    if any(x._entry is not None for found in outputs for x in found):
        return gate(outputs, name, partial(_move_averages, attrs, calls, outputs))
    return outputs


def _move_averages(attrs: Any, calls: list[Sequence[Any]], outputs: list[list[Any]]) -> None:
    """Let the moving averages of every device take the step of `BatchNorm`, in backward."""
    update: Any = _BASE.aux_update  # BatchNorm has one
    for call, (_, *statistics) in zip(calls, outputs, strict=True):
        outs = (None, *(x._data for x in statistics))
        functions = raw(call[0]._device.xp)
        write_states(call[3:], update(functions, outs, *(x._data for x in call), **attrs))


@op(
    "SyncBatchNorm",
    grad=_BASE.grad,
    together=Together(_waits, _together),
    names=Names(
        nd="contrib.SyncBatchNorm", npx="sync_batch_norm", json="_contrib_SyncBatchNorm",
        output="output mean var",
    ),
    params={"eps": Float(0), "momentum": Float(0, 1), "ndev": Int(1), "key": Text()},
    samples=_samples,
    errors=_errors,
    **_COMMON,
)  # fmt: skip
def _(
    xp: Any, data: Array, gamma: Array, beta: Array, moving_mean: Array, moving_var: Array, *,
    eps: float = 1e-3, momentum: float = 0.9, fix_gamma: bool = True,
    use_global_stats: bool = False, output_mean_var: bool = False, ndev: int = 1, key: str = "",
    training: bool = False,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """`BatchNorm` over axis 1 of a batch that lies in parts on `ndev` devices.

    While training is recorded, calls of the same `key` on that many devices have the statistics of
    all parts, weighted by their sizes; the first calls have no values until the last has been
    made, and what is computed from them waits as well. Otherwise, and on one device, it is
    `BatchNorm`. MXNet takes the mean of the parts' statistics, the same for parts of equal size.
    """
    return _BASE.forward(
        xp, data, gamma, beta, moving_mean, moving_var, eps=eps, fix_gamma=fix_gamma,
        use_global_stats=use_global_stats, training=training,
    )  # fmt: skip


def _grad_relu(F: Any, g: Any, out: Any, *inputs: Any, **attrs: Any) -> tuple[Any, ...]:
    head = None if g[0] is None else F.relu_grad(g[0], out[0])
    rule: Any = _BASE.grad  # BatchNorm has one
    return rule(F, (head, *g[1:]), out, *inputs, **attrs)


@op(
    "BatchNormWithReLU",
    grad=_grad_relu,
    names=Names(
        nd="contrib.BatchNormWithReLU", npx="batch_norm_with_relu",
        json="_contrib_BatchNormWithReLU", output="output mean var",
    ),
    params=_BASE.params,
    samples=_samples,
    errors=_errors,
    **_COMMON,
)  # fmt: skip
def _(
    xp: Any, data: Array, gamma: Array, beta: Array, moving_mean: Array, moving_var: Array, *,
    eps: float = 1e-3, momentum: float = 0.9, fix_gamma: bool = True,
    use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1,
    cudnn_off: bool = False, min_calib_range: float | None = None,
    max_calib_range: float | None = None, training: bool = False,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """`BatchNorm` followed by `relu`, in one operator."""
    y, mean, inv_std = _BASE.forward(
        xp, data, gamma, beta, moving_mean, moving_var, eps=eps, fix_gamma=fix_gamma,
        use_global_stats=use_global_stats, axis=axis, training=training,
    )  # fmt: skip
    return xp.maximum(y, 0, out=y), mean, inv_std
