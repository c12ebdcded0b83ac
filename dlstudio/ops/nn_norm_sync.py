"""Relatives of BatchNorm in MXNet's contrib namespace: SyncBatchNorm, BatchNormWithReLU."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.params import Float, Int, Text
from dlstudio.core.registry import OPS, Flags, Names, bad, op
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


@op(
    "SyncBatchNorm",
    grad=_BASE.grad,
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
    """`BatchNorm` over axis 1 with statistics of the whole batch.

    On one device that is `BatchNorm`; `ndev` and `key` are accepted for MXNet's sake. Across
    processes, statistics are exchanged by the layer that holds this operator.
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
