"""Put one compiled kernel in the place of several equations.

What is fused, each only where a kernel for the result is ready:

- FullyConnected and relu; the gradients of relu and bias;
- Convolution and relu, and a 2 x 2 maximum pooling behind them, with their backward halves, so that
  neither the convolution's output nor its gradient is ever stored at full size.

A value that somebody else reads, or that is an output of the graph, keeps its equation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.registry import Op
from dlstudio.graph.fused import (
    CONV_GRAD_DATA,
    CONV_GRAD_WEIGHT,
    CONV_RELU,
    CONV_RELU_POOL,
    DENSE_RELU,
    RELU_BIAS_GRAD,
)
from dlstudio.graph.ir import ABSENT, Eqn, Graph

__all__ = ["fuse"]

_CODE = np.dtype(np.uint8)
_CONV_GRADIENTS = ("convolution_grad_data", "convolution_grad_weight", "sum")


def fuse(graph: Graph) -> Graph:
    """Fuse what can be fused; the graph itself if nothing can.

    Parameters
    ----------
    graph : Graph
        Placed, gradients appended.

    Returns
    -------
    Graph
        Values that remain keep their numbers.
    """
    from dlstudio import kernels

    if kernels.mode() == "numpy":
        return graph
    work = _Rewrite(graph)
    for k, eqn in enumerate(graph.eqns):
        if eqn.op.name == "relu_grad" and eqn.device.startswith("cpu"):
            _fuse_bias_gradient(work, k)
    for k, eqn in enumerate(graph.eqns):
        if eqn.op.name == "Convolution" and eqn.device.startswith("cpu"):
            _fuse_convolution(work, k)
        elif eqn.op.name == "FullyConnected" and eqn.device.startswith("cpu"):
            _fuse_dense(work, k)
    return work.finish()


class _Rewrite:
    """Replacements collected so far, and who reads what."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.outputs = set(graph.outputs)
        self.next = graph.next_value
        self.new_avals: dict[int, Aval] = {}
        self.readers: dict[int, list[int]] = {}
        for k, eqn in enumerate(graph.eqns):
            for value in dict.fromkeys(eqn.reads):
                self.readers.setdefault(value, []).append(k)
        self.removed: set[int] = set()
        self.placed: dict[int, list[Eqn]] = {}  # index of an old equation -> what stands there

    def eqn(self, k: int) -> Eqn:
        return self.graph.eqns[k]

    def private_readers(self, value: int) -> list[int]:
        """Equations that read a value, none if it is an output, too."""
        return [] if value in self.outputs else self.readers.get(value, [])

    def only_reader(self, value: int) -> int | None:
        """Find the one equation that reads a value nobody outside needs."""
        found = self.private_readers(value)
        return found[0] if len(found) == 1 and found[0] not in self.removed else None

    def fresh(self, aval: Aval) -> int:
        """Make a new value."""
        self.new_avals[self.next] = aval
        self.next += 1
        return self.next - 1

    def aval(self, value: int) -> Aval:
        return self.new_avals.get(value) or self.graph.avals[value]

    def put(self, at: int, old: list[int], new: list[Eqn]) -> None:
        """Replace the equations `old` by `new`, which stand where `at` stood."""
        self.removed.update(old)
        self.placed.setdefault(at, []).extend(new)

    def finish(self) -> Graph:
        """Build the rewritten graph."""
        if not self.removed:
            return self.graph
        return replace(
            self.graph,
            eqns=tuple(self._rewritten()),
            avals={**self.graph.avals, **self.new_avals},
        )

    def _rewritten(self) -> Iterator[Eqn]:
        for k, eqn in enumerate(self.graph.eqns):
            yield from self.placed.get(k, ())
            if k not in self.removed:
                yield eqn


def _make(
    work: _Rewrite, like: Eqn, op: Op, ins: tuple[int, ...], outs: tuple[int, ...],
    attrs: dict[str, Any],
) -> Eqn | None:  # fmt: skip
    """Build the fused equation, if there is a kernel for it."""
    from dlstudio import kernels

    given = {**op.attrs, **{name: attrs[name] for name in op.attrs if name in attrs}}
    avals = [work.aval(i) for i in ins], [work.aval(o) for o in outs]
    if kernels.find(op.name, *avals, given) is None:
        return None
    return like._replace(op=op, ins=ins, outs=outs, attrs=given)


def _is_relu(eqn: Eqn) -> bool:
    return eqn.op.name == "relu" or (
        eqn.op.name == "Activation" and eqn.attrs["act_type"] == "relu"
    )


def _relu_after(work: _Rewrite, k: int) -> int | None:
    """Index of the relu that alone reads the layer's output; the layer has a bias."""
    eqn = work.eqn(k)
    if len(eqn.ins) != 3 or ABSENT in eqn.ins:
        return None
    after = work.only_reader(eqn.outs[0])
    if after is None or not _is_relu(work.eqn(after)) or work.eqn(after).device != eqn.device:
        return None
    return after


# ---- dense -----------------------------------------------------------------------------------
def _fuse_dense(work: _Rewrite, k: int) -> None:
    after = _relu_after(work, k)
    if after is None:
        return
    eqn, relu = work.eqn(k), work.eqn(after)
    new = _make(work, relu, DENSE_RELU, eqn.ins, relu.outs, eqn.attrs)
    if new is not None:
        work.put(after, [k, after], [new])


def _is_sum_over(eqn: Eqn, axes: tuple[int, ...]) -> bool:
    if eqn.op.name != "sum" or eqn.attrs.get("keepdims") or eqn.attrs.get("exclude"):
        return False
    axis = eqn.attrs["axis"]
    return (axis,) == axes if isinstance(axis, int) else tuple(axis or ()) == axes


def _fuse_bias_gradient(work: _Rewrite, k: int) -> None:
    """Join ``dz = relu_grad(g, out)`` and ``dbias = sum(dz, axis=0)``."""
    eqn = work.eqn(k)
    if len(work.aval(eqn.outs[0]).shape) != 2:
        return
    sums = [i for i in work.readers.get(eqn.outs[0], ()) if _is_sum_over(work.eqn(i), (0,))]
    if len(sums) != 1 or work.eqn(sums[0]).device != eqn.device:
        return
    outs = (eqn.outs[0], work.eqn(sums[0]).outs[0])
    new = _make(work, eqn, RELU_BIAS_GRAD, eqn.ins, outs, {})
    if new is not None:
        work.put(k, [k, sums[0]], [new])


# ---- convolution -----------------------------------------------------------------------------
def _fuse_convolution(work: _Rewrite, k: int) -> None:
    after = _relu_after(work, k)
    if after is None:
        return
    pool = _pooling_after(work, after)
    if pool is None or not _fuse_pooled(work, k, after, pool):
        _fuse_rectified(work, k, after)


def _pooling_after(work: _Rewrite, relu: int) -> int | None:
    """Index of the 2 x 2 maximum pooling that reads the relu's output."""
    value = work.eqn(relu).outs[0]
    for i in work.private_readers(value):
        eqn = work.eqn(i)
        if eqn.op.name == "Pooling" and _is_quad_pooling(work, eqn):
            return i
    return None


def _is_quad_pooling(work: _Rewrite, eqn: Eqn) -> bool:
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


def _fuse_rectified(work: _Rewrite, k: int, after: int) -> None:
    """Convolution and relu; and relu's gradient, if only the convolution's gradients read it."""
    conv, relu = work.eqn(k), work.eqn(after)
    new = _make(work, relu, CONV_RELU, conv.ins, relu.outs, conv.attrs)
    if new is None:
        return
    work.put(after, [k, after], [new])
    out = relu.outs[0]
    for i in work.readers.get(out, ()):
        eqn = work.eqn(i)
        if eqn.op.name == "relu_grad" and eqn.ins[1] == out and i not in work.removed:
            _fuse_conv_gradients(work, conv, eqn.ins[0], out, [i])


def _fuse_pooled(work: _Rewrite, k: int, after: int, pool: int) -> bool:
    """Convolution, relu and pooling, with the whole backward half if there is one."""
    conv, relu, pooling = work.eqn(k), work.eqn(after), work.eqn(pool)
    others = [i for i in work.private_readers(relu.outs[0]) if i != pool]
    chain = _backward_chain(work, relu.outs[0], pooling.outs[0], others)
    if chain is None:
        return False
    codes = work.fresh(Aval(work.aval(pooling.outs[0]).shape, _CODE))
    outs = (pooling.outs[0], codes)
    new = _make(work, pooling, CONV_RELU_POOL, conv.ins, outs, conv.attrs)
    if new is None:
        return False
    if chain and not _fuse_conv_gradients(work, conv, work.eqn(chain[0]).ins[0], codes, chain):
        return False
    work.put(pool, [k, after, pool], [new])
    return True


def _backward_chain(
    work: _Rewrite, rectified: int, pooled: int, others: list[int]
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


def _fuse_conv_gradients(work: _Rewrite, conv: Eqn, grad: int, kept: int, chain: list[int]) -> bool:
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


def _reads_as_head(work: _Rewrite, i: int, full: int) -> bool:
    eqn = work.eqn(i)
    if i in work.removed or eqn.op.name not in _CONV_GRADIENTS or eqn.ins.count(full) != 1:
        return False
    return eqn.ins[0] == full and (eqn.op.name != "sum" or _is_sum_over(eqn, (0, 2, 3)))


def _weight_gradient(
    work: _Rewrite, conv: Eqn, grad: int, kept: int, by_name: dict[str, int]
) -> Eqn | None:
    eqn = work.eqn(by_name["convolution_grad_weight"])
    if "sum" in by_name:
        bias = work.eqn(by_name["sum"]).outs[0]
    else:
        bias = work.fresh(work.aval(conv.ins[2]))
    ins = (grad, kept, eqn.ins[1])
    return _make(work, eqn, CONV_GRAD_WEIGHT, ins, (eqn.outs[0], bias), eqn.attrs)


def _data_gradient(
    work: _Rewrite, conv: Eqn, grad: int, kept: int, by_name: dict[str, int]
) -> Eqn | None:
    if "convolution_grad_data" not in by_name:
        return None
    eqn = work.eqn(by_name["convolution_grad_data"])
    return _make(work, eqn, CONV_GRAD_DATA, (grad, kept, eqn.ins[1]), eqn.outs, eqn.attrs)
