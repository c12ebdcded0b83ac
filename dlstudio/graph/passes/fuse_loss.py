"""Fusing the cross-entropy of class numbers: log_softmax, pick, negative and their gradients."""

from __future__ import annotations

from math import prod

from dlstudio.graph.fused import CROSS_ENTROPY, CROSS_ENTROPY_GRAD
from dlstudio.graph.ir import Eqn
from dlstudio.graph.passes.rewrite import Rewrite, make

__all__ = ["fuse_cross_entropy"]


def fuse_cross_entropy(work: Rewrite, k: int) -> None:
    """Join ``-pick(log_softmax(x), label)`` and its gradient for x.

    The mean over an axis of length 1 that Gluon's loss takes afterwards belongs to it.
    """
    logs = work.eqn(k)
    readers = work.private_readers(logs.outs[0])
    pick = next((i for i in readers if work.eqn(i).op.name == "pick"), None)
    if pick is None or not _picks_last(work, logs, work.eqn(pick)):
        return
    end = work.only_reader(work.eqn(pick).outs[0])
    if end is None or work.eqn(end).op.name != "negative":
        return
    forward = [k, pick, end]
    mean = work.only_reader(work.eqn(end).outs[0])
    if mean is not None and _is_trivial_mean(work, work.eqn(mean)):
        forward.append(mean)
    _replace(work, forward, [i for i in readers if i != pick])


def _picks_last(work: Rewrite, logs: Eqn, pick: Eqn) -> bool:
    """Whether both work along the last axis, on class numbers that are cut off at the ends."""
    last = len(work.aval(logs.outs[0]).shape) - 1
    axes = logs.attrs["axis"], pick.attrs["axis"]
    return (
        all(axis in (-1, last) for axis in axes)
        and pick.ins[0] == logs.outs[0]
        and pick.attrs["mode"] == "clip"
        and logs.attrs["temperature"] in (None, 1.0)
    )


def _is_trivial_mean(work: Rewrite, eqn: Eqn) -> bool:
    sizes = work.aval(eqn.ins[0]).size, work.aval(eqn.outs[0]).size
    return eqn.op.name == "mean" and sizes[0] == sizes[1]


def _replace(work: Rewrite, forward: list[int], backward: list[int]) -> None:
    logs, pick, last = (work.eqn(i) for i in (forward[0], forward[1], forward[-1]))
    chain = _gradient_chain(work, logs, pick, backward)
    if chain is None:
        return
    prob = work.fresh(work.aval(logs.outs[0]))
    shape = {"shape": work.aval(last.outs[0]).shape}
    label = pick.ins[1]
    loss = make(work, last, CROSS_ENTROPY, (logs.ins[0], label), (last.outs[0], prob), shape)
    if loss is None:
        return
    if chain:
        negative, final = work.eqn(chain[0]), work.eqn(chain[-1])
        ins = (negative.ins[0], prob, label)
        slope = make(work, final, CROSS_ENTROPY_GRAD, ins, final.outs, {})
        if slope is None:
            return
        work.put(chain[-1], chain, [slope])
    work.put(forward[-1], forward, [loss])


def _gradient_chain(work: Rewrite, logs: Eqn, pick: Eqn, readers: list[int]) -> list[int] | None:
    """Find (negative, pick_grad, log_softmax_grad), the negative being that of the head gradient.

    An empty list where there is no backward half, None where somebody else reads in between.
    """
    if not readers:
        return []
    if len(readers) != 1 or work.eqn(readers[0]).op.name != "log_softmax_grad":
        return None
    final = work.eqn(readers[0])
    producers = work.graph.producers()
    spread = producers.get(final.ins[0])
    if spread is None or work.only_reader(final.ins[0]) != readers[0]:
        return None
    scatter = work.eqn(spread)
    if scatter.op.name != "pick_grad" or scatter.ins[1] != pick.ins[1]:
        return None
    sign = producers.get(scatter.ins[0])
    if sign is None or work.eqn(sign).op.name != "negative":
        return None
    rows = prod(work.aval(logs.outs[0]).shape[:-1])
    alone = work.only_reader(scatter.ins[0]) == spread
    return [sign, spread, readers[0]] if alone and work.aval(scatter.ins[0]).size == rows else None
