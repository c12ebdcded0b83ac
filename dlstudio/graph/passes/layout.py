"""Choose whether convolutional layers compute channels first (NCHW) or channels last (NHWC).

Our compiled kernels read channels first, and pad each image in scratch memory of their own; layers
written channels last would run on NumPy. The pass moves such layers, with the pooling, batch
normalisation and elementwise functions between them, to the layout that has kernels. Data are
copied into the other order where they enter the chain and where they leave it, weights at each
use; between two layers nothing is copied.

``hybridize(layout="NHWC")`` or ``simple_bind(..., layout="NCHW")`` asks for one of the two,
whatever is faster.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from dlstudio.core.avals import Aval
from dlstudio.graph.ir import ABSENT, Eqn, Graph, Origin
from dlstudio.graph.operators import RELAYOUT

__all__ = ["layout"]

Side = Literal["first", "last"]
_SIDES: dict[str, Side] = {"NCHW": "first", "NHWC": "last"}
_NAMES: dict[Side, dict[int, str]] = {
    "first": {3: "NCW", 4: "NCHW", 5: "NCDHW"},
    "last": {3: "NWC", 4: "NHWC", 5: "NDHWC"},
}


def layout(graph: Graph, wanted: str = "auto", device: str = "cpu(0)") -> Graph:
    """Compute convolutional layers in the layout that has kernels, or in the one asked for.

    Parameters
    ----------
    graph : Graph
        Forward graph: the gradient pass follows its layout.
    wanted : {"auto", "NCHW", "NHWC"}
    device : str
        Where equations run that say nothing else.
    """
    side = _SIDES.get(wanted, "first")
    if not any(_moves(graph, e, side, device, forced=wanted != "auto") for e in graph.eqns):
        return graph
    work = _Work(graph, side)
    for eqn in graph.eqns:
        if _moves(graph, eqn, side, device, forced=wanted != "auto"):
            work.move_layer(eqn)
        else:
            work.follow_or_keep(eqn)
    return work.finish()


def _moves(graph: Graph, eqn: Eqn, side: Side, device: str, *, forced: bool) -> bool:
    """Whether a convolution is written in the other layout, and worth moving."""
    if eqn.op.name != "Convolution" or _side_of(eqn, graph.avals) == side:
        return False
    return forced or _has_kernel(graph, eqn, side, eqn.device or device)


def _has_kernel(graph: Graph, eqn: Eqn, side: Side, device: str) -> bool:
    from dlstudio import kernels

    if not device.startswith("cpu"):
        return False
    data, weight = (_permuted(graph.avals[i], _axes(i, graph.avals, side)) for i in eqn.ins[:2])
    ins = (data, weight, *(graph.avals[i] for i in eqn.ins[2:] if i != ABSENT))
    out = _permuted(graph.avals[eqn.outs[0]], _axes(eqn.outs[0], graph.avals, side))
    attrs = {**eqn.attrs, "layout": _NAMES[side][data.ndim]}
    return kernels.find(eqn.op.name, ins, (out,), attrs) is not None


def _side_of(eqn: Eqn, avals: dict[int, Aval] | Any) -> Side:
    """The layout a convolution or pooling is written in."""
    ndim = avals[eqn.ins[0]].ndim
    return "last" if eqn.attrs.get("layout") == _NAMES["last"].get(ndim) else "first"


def _axes(value: int, avals: Any, side: Side) -> tuple[int, ...]:
    """Order of the axes that brings a value to `side`; that of weights is the same."""
    ndim = avals[value].ndim
    if side == "first":
        return (0, ndim - 1, *range(1, ndim - 1))
    return (0, *range(2, ndim), 1)


def _permuted(aval: Aval, axes: tuple[int, ...]) -> Aval:
    return Aval(tuple(aval.shape[a] for a in axes), aval.dtype)


class _Work:
    """The equations so far, and which values exist in the other layout."""

    def __init__(self, graph: Graph, side: Side) -> None:
        self.graph = graph
        self.side: Side = side
        self.back: Side = "last" if side == "first" else "first"
        self.avals: dict[int, Aval] = dict(graph.avals)
        self.next = graph.next_value
        self.eqns: list[Eqn] = []
        self.moved: dict[int, int] = {}  # value as written -> the same in the other layout
        self.owed: dict[int, Eqn] = {}  # values that exist only in the other layout, their makers
        self.called = {x.value: x.name for x in graph.inputs}
        self.called |= {v: e.name or e.op.name for e in graph.eqns for v in e.outs}

    # ---- equations -----------------------------------------------------------------------
    def move_layer(self, eqn: Eqn) -> None:
        """Write a convolution or pooling in the other layout."""
        count = 2 if eqn.op.name == "Convolution" else 1
        ins = tuple(self._in_layout(i, eqn) if k < count else i for k, i in enumerate(eqn.ins))
        name = _NAMES[self.side][self.avals[eqn.ins[0]].ndim]
        self._emit(eqn, ins, {**eqn.attrs, "layout": name})

    def follow_or_keep(self, eqn: Eqn) -> None:
        """Go on in the other layout where the operator can, else come back to the first one."""
        if any(i in self.moved for i in eqn.reads):
            if eqn.op.name == "Pooling" and _side_of(eqn, self.avals) == self.back:
                self.move_layer(eqn)
                return
            if eqn.op.name == "BatchNorm" and self._normalises_channels(eqn):
                axis = 1 if self.side == "first" else self.avals[eqn.ins[0]].ndim - 1
                ins = (self._in_layout(eqn.ins[0], eqn), *eqn.ins[1:])
                self._emit(eqn, ins, {**eqn.attrs, "axis": axis})
                return
            if eqn.op.flags.pointwise and self._alike(eqn):
                self._emit(eqn, tuple(self._in_layout(i, eqn) for i in eqn.ins), eqn.attrs)
                return
        for i in eqn.reads:
            self._settle(i)
        self.eqns.append(eqn)

    def _normalises_channels(self, eqn: Eqn) -> bool:
        ndim = self.avals[eqn.ins[0]].ndim
        channels = 1 if self.back == "first" else ndim - 1
        return eqn.ins[0] in self.moved and eqn.attrs["axis"] % ndim == channels

    def _alike(self, eqn: Eqn) -> bool:
        """Whether all operands have the result's shape, so that no axis plays a part of its own."""
        shape = self.avals[eqn.outs[0]].shape
        return len(eqn.outs) == 1 and all(
            i != ABSENT and self.avals[i].shape == shape for i in eqn.ins
        )

    def _emit(self, eqn: Eqn, ins: tuple[int, ...], attrs: dict[str, Any]) -> None:
        """Append an equation whose first result is in the other layout."""
        first = eqn.outs[0]
        aval = _permuted(self.avals[first], _axes(first, self.avals, self.side))
        self.moved[first] = self._fresh(aval)
        self.owed[first] = eqn
        outs = (self.moved[first], *eqn.outs[1:])
        self.eqns.append(eqn._replace(ins=ins, outs=outs, attrs=attrs))

    # ---- copies --------------------------------------------------------------------------
    def _in_layout(self, value: int, reader: Eqn) -> int:
        """The value in the other layout, copied there if it is not."""
        if value not in self.moved:
            axes = _axes(value, self.avals, self.side)
            self.moved[value] = self._fresh(_permuted(self.avals[value], axes))
            self._copy(value, self.moved[value], axes, reader, self.side)
        return self.moved[value]

    def _settle(self, value: int) -> None:
        """Bring a value back to the layout it was written in, where it exists only in the other."""
        maker = self.owed.pop(value, None)
        if maker is not None:
            source = self.moved[value]
            axes = _axes(source, self.avals, self.back)
            self._copy(source, value, axes, maker, self.back)

    def _copy(
        self, source: int, target: int, axes: tuple[int, ...], beside: Eqn, side: Side
    ) -> None:
        original = source if source in self.called else target
        name = f"{self.called[original]}_{_NAMES[side][len(axes)]}"
        origin = Origin(name, beside.device, beside.span, beside.scope, "forward")
        self.eqns.append(Eqn(RELAYOUT, (source,), (target,), {"axes": axes}, *origin))

    def _fresh(self, aval: Aval) -> int:
        self.avals[self.next] = aval
        self.next += 1
        return self.next - 1

    def finish(self) -> Graph:
        """The rewritten graph, its outputs in the layout they were written in."""
        for value in self.graph.outputs:
            self._settle(value)
        return replace(self.graph, eqns=tuple(self.eqns), avals=self.avals)
