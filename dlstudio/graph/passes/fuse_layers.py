"""Fusing layers: dense or convolution with bias, relu and pooling, and their backward halves."""

from __future__ import annotations

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.graph.fused import (
    CONV_GRAD_DATA,
    CONV_GRAD_WEIGHT,
    CONV_RELU,
    CONV_RELU_POOL,
    DENSE_RELU,
    RELU_BIAS_GRAD,
)
from dlstudio.graph.ir import ABSENT, Eqn
from dlstudio.graph.passes.rewrite import Rewrite, make

__all__ = ["fuse_bias_gradient", "fuse_convolution", "fuse_dense"]

_CODE = np.dtype(np.uint8)
_CONV_GRADIENTS = ("convolution_grad_data", "convolution_grad_weight", "sum")


def _is_relu(eqn: Eqn) -> bool:
    return eqn.op.name == "relu" or (
        eqn.op.name == "Activation" and eqn.attrs["act_type"] == "relu"
    )


def _relu_after(work: Rewrite, k: int) -> int | None:
    """Index of the relu that alone reads the layer's output; the layer has a bias."""
    eqn = work.eqn(k)
    if len(eqn.ins) != 3 or ABSENT in eqn.ins:
        return None
    after = work.only_reader(eqn.outs[0])
    if after is None or not _is_relu(work.eqn(after)) or work.eqn(after).device != eqn.device:
        return None
    return after


# ---- dense -----------------------------------------------------------------------------------
def fuse_dense(work: Rewrite, k: int) -> None:
    """Join ``z = FullyConnected(…)`` and ``relu(z)``."""
    after = _relu_after(work, k)
    if after is None:
        return
    eqn, relu = work.eqn(k), work.eqn(after)
    new = make(work, relu, DENSE_RELU, eqn.ins, relu.outs, eqn.attrs)
    if new is not None:
        work.put(after, [k, after], [new])


def _is_sum_over(eqn: Eqn, axes: tuple[int, ...]) -> bool:
    if eqn.op.name != "sum" or eqn.attrs.get("keepdims") or eqn.attrs.get("exclude"):
        return False
    axis = eqn.attrs["axis"]
    return (axis,) == axes if isinstance(axis, int) else tuple(axis or ()) == axes


def fuse_bias_gradient(work: Rewrite, k: int) -> None:
    """Join ``dz = relu_grad(g, out)`` and ``dbias = sum(dz, axis=0)``."""
    eqn = work.eqn(k)
    if len(work.aval(eqn.outs[0]).shape) != 2:
        return
    sums = [i for i in work.readers.get(eqn.outs[0], ()) if _is_sum_over(work.eqn(i), (0,))]
    if len(sums) != 1 or work.eqn(sums[0]).device != eqn.device:
        return
    outs = (eqn.outs[0], work.eqn(sums[0]).outs[0])
    new = make(work, eqn, RELU_BIAS_GRAD, eqn.ins, outs, {})
    if new is not None:
        work.put(k, [k, sums[0]], [new])


# ---- convolution -----------------------------------------------------------------------------
def fuse_convolution(work: Rewrite, k: int) -> None:
    """Join ``y = Convolution(…)``, ``relu(y)`` and the pooling behind it, forward and backward."""
    after = _relu_after(work, k)
    if after is None:
        return
    pool = _pooling_after(work, after)
    if pool is None or not _fuse_pooled(work, k, after, pool):
        _fuse_rectified(work, k, after)


def _pooling_after(work: Rewrite, relu: int) -> int | None:
    """Index of the 2 x 2 maximum pooling that reads the relu's output."""
    value = work.eqn(relu).outs[0]
    for i in work.private_readers(value):
        eqn = work.eqn(i)
        if eqn.op.name == "Pooling" and _is_quad_pooling(work, eqn):
            return i
    return None


def _is_quad_pooling(work: Rewrite, eqn: Eqn) -> bool:
    a, size = eqn.attrs, work.aval(eqn.ins[0]).shape[2:]
    halves = tuple(n // 2 for n in size)  # in the "full" convention there may be one more
    return (
        a["pool_type"] == "max"
        and not a["global_pool"]
        and tuple(a["kernel"]) == (2, 2) == tuple(a["stride"])
        and not any(a["pad"] or ())
        and work.aval(eqn.outs[0]).shape[2:] == halves
        and a["layout"] in (None, "NCHW")
    )


def _fuse_rectified(work: Rewrite, k: int, after: int) -> None:
    """Convolution and relu; and relu's gradient, if only the convolution's gradients read it."""
    conv, relu = work.eqn(k), work.eqn(after)
    new = make(work, relu, CONV_RELU, conv.ins, relu.outs, conv.attrs)
    if new is None:
        return
    work.put(after, [k, after], [new])
    out = relu.outs[0]
    for i in work.readers.get(out, ()):
        eqn = work.eqn(i)
        if eqn.op.name == "relu_grad" and eqn.ins[1] == out and i not in work.removed:
            _fuse_conv_gradients(work, conv, eqn.ins[0], out, [i])


def _fuse_pooled(work: Rewrite, k: int, after: int, pool: int) -> bool:
    """Convolution, relu and pooling, with the whole backward half if there is one."""
    conv, relu, pooling = work.eqn(k), work.eqn(after), work.eqn(pool)
    others = [i for i in work.private_readers(relu.outs[0]) if i != pool]
    chain = _backward_chain(work, relu.outs[0], pooling.outs[0], others)
    if chain is None:
        return False
    codes = work.fresh(Aval(work.aval(pooling.outs[0]).shape, _CODE))
    outs = (pooling.outs[0], codes)
    new = make(work, pooling, CONV_RELU_POOL, conv.ins, outs, conv.attrs)
    if new is None:
        return False
    if chain and not _fuse_conv_gradients(work, conv, work.eqn(chain[0]).ins[0], codes, chain):
        return False
    work.put(pool, [k, after, pool], [new])
    return True


def _backward_chain(
    work: Rewrite, rectified: int, pooled: int, others: list[int]
) -> list[int] | None:
    """Find (pooling_grad, relu_grad), if these alone read the rectified value besides.

    An empty list where there is no backward half, None where somebody else reads it.
    """
    if not others:
        return []
    if len(others) != 2:
        return None
    first, second = sorted(others)
    unpool, mask = work.eqn(first), work.eqn(second)
    fits = (
        unpool.op.name == "pooling_grad"
        and unpool.ins[1:] == (rectified, pooled)
        and mask.op.name == "relu_grad"
        and mask.ins == (unpool.outs[0], rectified)
        and work.only_reader(unpool.outs[0]) == second
    )
    return [first, second] if fits else None


def _fuse_conv_gradients(work: Rewrite, conv: Eqn, grad: int, kept: int, chain: list[int]) -> bool:
    """Let the convolution's gradients read `grad` through `kept` instead of the chain's result."""
    full = work.eqn(chain[-1]).outs[0]
    readers = work.private_readers(full)
    by_name = {work.eqn(i).op.name: i for i in readers}
    if len(by_name) != len(readers) or "convolution_grad_weight" not in by_name:
        return False
    if not all(_reads_as_head(work, i, full) for i in readers):
        return False
    new = _weight_gradient(work, conv, grad, kept, by_name)
    new_data = _data_gradient(work, conv, grad, kept, by_name)
    if new is None or (new_data is None and "convolution_grad_data" in by_name):
        return False
    added = [e for e in (new, new_data) if e is not None]
    work.put(min(readers), [*chain, *readers], added)
    return True


def _reads_as_head(work: Rewrite, i: int, full: int) -> bool:
    eqn = work.eqn(i)
    if i in work.removed or eqn.op.name not in _CONV_GRADIENTS or eqn.ins.count(full) != 1:
        return False
    return eqn.ins[0] == full and (eqn.op.name != "sum" or _is_sum_over(eqn, (0, 2, 3)))


def _weight_gradient(
    work: Rewrite, conv: Eqn, grad: int, kept: int, by_name: dict[str, int]
) -> Eqn | None:
    eqn = work.eqn(by_name["convolution_grad_weight"])
    if "sum" in by_name:
        bias = work.eqn(by_name["sum"]).outs[0]
    else:
        bias = work.fresh(work.aval(conv.ins[2]))
    ins = (grad, kept, eqn.ins[1])
    return make(work, eqn, CONV_GRAD_WEIGHT, ins, (eqn.outs[0], bias), eqn.attrs)


def _data_gradient(
    work: Rewrite, conv: Eqn, grad: int, kept: int, by_name: dict[str, int]
) -> Eqn | None:
    if "convolution_grad_data" not in by_name:
        return None
    eqn = work.eqn(by_name["convolution_grad_data"])
    return make(work, eqn, CONV_GRAD_DATA, (grad, kept, eqn.ins[1]), eqn.outs, eqn.attrs)
