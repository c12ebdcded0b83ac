"""Algebraic simplification: equations that return their input, undo each other, or collapse.

Only what keeps the numbers: a product with 1, a sum with 0, the negative of a negative, a cast
there and back without loss. ``x * 0`` stays, because x may hold an infinity or a NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from dlstudio.core.avals import is_floating
from dlstudio.graph.ir import ABSENT, Eqn, Graph

__all__ = ["simplify"]

_CASTS = ("cast", "amp_cast")
_SAMPLE = 1 << 16  # elements of a constant that are looked at; larger ones stay


def simplify(graph: Graph) -> Graph:
    """Leave out what returns its input, and join what undoes or repeats itself."""
    work = _Work(graph)
    for eqn in graph.eqns:
        work.visit(eqn)
    if not work.changed:
        return graph
    outputs = tuple(work.meant.get(v, v) for v in graph.outputs)
    return replace(graph, eqns=tuple(work.eqns), outputs=outputs)


class _Work:
    """The equations kept so far, who makes what, and which value stands for which."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.avals = graph, graph.avals
        self.eqns: list[Eqn] = []
        self.made: dict[int, Eqn] = {}
        self.meant: dict[int, int] = {}
        self.changed = False
        self.constants = {
            x.value: x.data
            for x in graph.inputs
            if x.kind == "constant" and graph.avals[x.value].size <= _SAMPLE
        }

    def visit(self, eqn: Eqn) -> None:
        """Keep an equation, a simpler one, or nothing."""
        eqn = eqn._replace(ins=tuple(self.meant.get(i, i) for i in eqn.ins))
        joined = self._joined(eqn)
        value = self._equal(joined) if len(eqn.outs) == 1 else None
        if value is not None:
            self.meant[eqn.outs[0]], self.changed = value, True
            return
        self.changed |= joined is not eqn
        self.eqns.append(joined)
        self.made.update(dict.fromkeys(eqn.outs, joined))

    def _equal(self, eqn: Eqn) -> int | None:
        """The value that an equation's result is equal to."""
        rule = _EQUAL.get(eqn.op.name)
        return None if rule is None else rule(self, eqn)

    def _joined(self, eqn: Eqn) -> Eqn:
        """Read past an equation that this one makes superfluous."""
        rule = _JOINS.get(eqn.op.name)
        before = self.made.get(eqn.ins[0]) if eqn.ins else None
        if rule is None or before is None or len(before.outs) != 1:
            return eqn
        return rule(self, eqn, before) or eqn

    def same_aval(self, eqn: Eqn, position: int = 0) -> bool:
        """Whether the result has the shape and dtype of an input."""
        value = eqn.ins[position]
        return value != ABSENT and self.avals[value] == self.avals[eqn.outs[0]]


# ---- equal to an input -------------------------------------------------------------------------
_Equal = Callable[[_Work, Eqn], "int | None"]


def _always(work: _Work, eqn: Eqn) -> int | None:
    return eqn.ins[0]


def _if_same(work: _Work, eqn: Eqn) -> int | None:
    return eqn.ins[0] if work.same_aval(eqn) else None


def _scalar(neutral: float) -> _Equal:
    """``x + 0``, ``x * 1`` …: the number on the right is the neutral one."""

    def rule(work: _Work, eqn: Eqn) -> int | None:
        number = eqn.attrs["scalar"]
        reverse = eqn.attrs.get("reverse", False)
        commutes = "plus" in eqn.op.name or "add" in eqn.op.name or "mul" in eqn.op.name
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        if not is_number or number != neutral or (reverse and not commutes):
            return None
        return _if_same(work, eqn)

    return rule


def _array(neutral: float, *, commutes: bool) -> _Equal:
    """``x + zeros``, ``x * ones``: an operand is a constant full of the neutral number."""

    def rule(work: _Work, eqn: Eqn) -> int | None:
        for position, other in ((0, 1), (1, 0)) if commutes else ((0, 1),):
            data = work.constants.get(eqn.ins[other])
            if data is not None and work.same_aval(eqn, position) and np.all(data == neutral):
                return eqn.ins[position]
        return None

    return rule


def _undone(work: _Work, eqn: Eqn) -> int | None:
    """``-(-x)``."""
    before = work.made.get(eqn.ins[0])
    return before.ins[0] if before is not None and before.op is eqn.op else None


def _transposed_back(work: _Work, eqn: Eqn) -> int | None:
    before = work.made.get(eqn.ins[0])
    second = _axes(work, eqn)
    if second == sorted(second):
        return eqn.ins[0]
    if before is None or before.op.name != "transpose":
        return None
    first = _axes(work, before)
    return before.ins[0] if [first[i] for i in second] == sorted(first) else None


def _axes(work: _Work, eqn: Eqn) -> list[int]:
    ndim = len(work.avals[eqn.ins[0]].shape)
    given = eqn.attrs["axes"]
    return [a % ndim for a in given] if given else list(range(ndim))[::-1]


def _cast_back(work: _Work, eqn: Eqn) -> int | None:
    """Equal dtypes, or a cast there and back through a dtype that holds all values."""
    if work.same_aval(eqn):
        return eqn.ins[0]
    before = work.made.get(eqn.ins[0])
    if before is None or before.op.name not in _CASTS or not _widens(work, before):
        return None
    source = before.ins[0]
    return source if work.avals[source] == work.avals[eqn.outs[0]] else None


def _widens(work: _Work, eqn: Eqn) -> bool:
    """Whether a cast keeps every value."""
    source, target = work.avals[eqn.ins[0]].dtype, work.avals[eqn.outs[0]].dtype
    if is_floating(source):
        return is_floating(target) and np.can_cast(source, target, "safe")
    if source.kind not in "iu":
        return source.kind == "b"
    if source.kind == target.kind:
        return target.itemsize >= source.itemsize
    return target.kind == "f" and target.itemsize >= 2 * source.itemsize


_EQUAL: dict[str, _Equal] = {
    "identity": _always,
    "BlockGrad": _always,
    "negative": _undone,
    "transpose": _transposed_back,
    **dict.fromkeys(("sum_to", "broadcast_to", "reshape", "Flatten"), _if_same),
    **dict.fromkeys(_CASTS, _cast_back),
    **dict.fromkeys(("add_scalar", "_plus_scalar", "subtract_scalar", "_minus_scalar"), _scalar(0)),
    **dict.fromkeys(("multiply_scalar", "_mul_scalar", "divide_scalar", "_div_scalar"), _scalar(1)),
    **dict.fromkeys(("power_scalar", "_power_scalar"), _scalar(1)),
    **dict.fromkeys(("add", "broadcast_add", "elemwise_add"), _array(0, commutes=True)),
    **dict.fromkeys(("subtract", "broadcast_sub", "elemwise_sub"), _array(0, commutes=False)),
    **dict.fromkeys(("multiply", "broadcast_mul", "elemwise_mul"), _array(1, commutes=True)),
    **dict.fromkeys(("divide", "broadcast_div", "elemwise_div"), _array(1, commutes=False)),
}


# ---- joined with what comes before -------------------------------------------------------------
def _reshape_once(work: _Work, eqn: Eqn, before: Eqn) -> Eqn | None:
    """Reshape a reshaped value directly."""
    if before.op.name not in ("reshape", "Flatten"):
        return None
    return eqn._replace(ins=(before.ins[0],))


def _transpose_once(work: _Work, eqn: Eqn, before: Eqn) -> Eqn | None:
    if before.op.name != "transpose":
        return None
    first = _axes(work, before)
    axes = tuple(first[i] for i in _axes(work, eqn))
    return eqn._replace(ins=(before.ins[0],), attrs={**eqn.attrs, "axes": axes})


def _cast_once(work: _Work, eqn: Eqn, before: Eqn) -> Eqn | None:
    """A cast of a cast that lost nothing: cast the source."""
    if before.op.name not in _CASTS or not _widens(work, before):
        return None
    if eqn.op.name == "amp_cast" and not is_floating(work.avals[before.ins[0]].dtype):
        return None  # it leaves whole numbers alone
    return eqn._replace(ins=(before.ins[0],))


def _scale_once(work: _Work, eqn: Eqn, before: Eqn) -> Eqn | None:
    """``(x * a) * b = x * (a * b)`` for floats, to the last bit or so."""
    if before.op is not eqn.op or not work.same_aval(eqn) or not work.same_aval(before):
        return None
    numbers = before.attrs["scalar"], eqn.attrs["scalar"]
    if work.avals[eqn.outs[0]].dtype.kind != "f" or not all(type(n) is float for n in numbers):
        return None
    product = numbers[0] * numbers[1]
    limits = np.finfo(work.avals[eqn.outs[0]].dtype)
    # each factor may be in range, and their product not
    if not float(limits.tiny) < abs(product) < float(limits.max):
        return None
    return eqn._replace(ins=(before.ins[0],), attrs={**eqn.attrs, "scalar": product})


_Join = Callable[[_Work, Eqn, Eqn], Any]
_JOINS: dict[str, _Join] = {
    "reshape": _reshape_once,
    "transpose": _transpose_once,
    **dict.fromkeys(_CASTS, _cast_once),
    **dict.fromkeys(("multiply_scalar", "_mul_scalar"), _scale_once),
}
