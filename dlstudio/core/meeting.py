"""Operators that compute one batch on several devices: their calls meet, and so do gradients.

`meet` brings the calls of all devices together, and `gate` their gradients. How the first ones
wait for the last is the subject of `core.late`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.late import (
    Visit,
    compute_ready,
    give_up,
    lock,
    operands_now,
    unfinished,
    visits,
)
from dlstudio.core.tape import record_custom

if TYPE_CHECKING:
    from dlstudio.core.avals import Aval
    from dlstudio.core.device import Device
    from dlstudio.core.registry import Op
    from dlstudio.core.tensor import Tensor

__all__ = ["gate", "meet", "together"]


# ---- values ----------------------------------------------------------------------------------
def together(op: Op, inputs: Sequence[Any], attrs: Any, cls: type[Tensor], out: Any) -> Any:
    """Run a call that waits for others; arguments as those of `dispatch.invoke`."""
    assert op.together is not None
    results = op.together.run(operands_now(op, inputs), attrs)
    found = [x._as(cls) for x in results[: op.n_visible(attrs)]]
    if out is None:
        return found[0] if len(found) == 1 else found
    for target, value in zip(out if isinstance(out, (list, tuple)) else [out], found, strict=True):
        target._overwrite(value)
    return out


def meet(
    key: Hashable,
    count: int,
    inputs: Sequence[Any],
    avals: Sequence[Aval],
    joint: Callable[[list[Sequence[Any]]], list[list[Any]]],
) -> Sequence[Any]:
    """Compute together with the calls of the same `key` on ``count - 1`` other devices.

    Parameters
    ----------
    inputs, avals : operands of this call, and what its outputs look like
    joint : function
        Of all calls' inputs, in the order of their devices; answers each call's outputs.
    """
    device, cls = inputs[0]._device, inputs[0].__class__
    with lock:
        visit = Visit(key, count, device, inputs)
        others = _others(visit)
        if not others:
            visits.add(visit)
            return visit.promise(avals, cls, device)
        visits.difference_update(others)
        order = sorted([visit, *others], key=lambda v: str(v.device))
        try:
            outputs = dict(zip(order, joint([v.operands for v in order]), strict=True))
        except BaseException:
            give_up()
            raise
        for other in others:
            other.give(outputs[other])
        compute_ready()
        return outputs[visit]


def _others(visit: Visit) -> list[Visit]:
    """The calls on other devices that complete this one; none while it has to wait.

    Of each device the first call counts, in the order of the program.
    """
    first: dict[Device, Visit] = {}
    same = [v for v in visits if v.key == visit.key]
    for v in sorted([*same, visit], key=lambda v: v.number):
        first.setdefault(v.device, v)
    mine = first.pop(visit.device)
    if mine is not visit or len(first) < visit.count - 1:
        return []
    return list(first.values())[: visit.count - 1]


# ---- gradients -------------------------------------------------------------------------------
class _Gate:
    """The gradient of what was computed together: it is passed on when all parts' have come.

    A sweep that comes from one device's loss stops here and leaves what it has found; the one that
    brings the last part goes on for all. Until that has delivered its gradients, the gate is
    `unfinished`.
    """

    takes_sweep = True

    def __init__(self, width: int, finish: Callable[[], None]) -> None:
        self.width, self.finish = width, finish
        self.thread = threading.current_thread()  # of the last sweep that stopped
        self.heads: list[Any] = []
        self.left: list[Any] = []  # by the sweeps that stopped

    def __call__(self, heads: tuple[Any, ...], sweep: Any) -> list[Any] | None:
        with lock:
            if self not in unfinished:  # nothing has come yet, or it was given up
                self.heads, self.left = [], []
            kept = self.heads or [None] * len(heads)
            found = [_sum(old, new) for old, new in zip(kept, heads, strict=True)]
            parts = [found[i : i + self.width] for i in range(0, len(found), self.width)]
            if sweep.delivering and any(all(h is None for h in part) for part in parts):
                self.heads = found
                self.left.append(sweep.stop())
                self.thread = threading.current_thread()
                if self not in unfinished:
                    unfinished.append(self)
                return None
            for left in self.left:
                sweep.take_over(left)
            self.heads, self.left = [], []
            sweep.gates.append(self)
        self.finish()
        return found


def _sum(old: Any, new: Any) -> Any:
    return new if old is None else old if new is None else old + new


def gate(parts: list[list[Tensor]], name: str, finish: Callable[[], None]) -> list[list[Tensor]]:
    """Answer the same values, through which gradients pass only together; then ``finish()`` runs.

    Parameters
    ----------
    parts : equally many tensors of each device
    """
    tensors, width = [x for part in parts for x in part], len(parts[0])
    outputs = [x.detach() for x in tensors]
    rule: Any = _Gate(width, finish)
    record_custom(tensors, outputs, rule, name, same=True)
    return [outputs[i : i + width] for i in range(0, len(outputs), width)]
