"""A planned graph as straight-line Python: one readable text, which is the text that runs.

Buffers are bound once per frame (an arena and everything that looks into it), so that a call
makes no views and allocates nothing where operators write into given memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from dlstudio.core.device import Device
from dlstudio.graph.ir import ABSENT, Eqn, Graph
from dlstudio.graph.memory import SUFFIXES, Buffer, MemoryPlan
from dlstudio.graph.operators import ASSIGN, CROSS
from dlstudio.graph.pointwise import POINTWISE, spell
from dlstudio.graph.spelling import RESERVED, Names, has_literal, human_bytes, remark
from dlstudio.graph.storage import Storages
from dlstudio.trace import copies

__all__ = ["Half", "Text", "Twin", "function_name", "human_bytes", "write"]

Twin = Literal["", "watched", "stepped"]
# Behind a line it says which equation the line computes; `_Writer.text` takes it off again.
_MARK = "\0"


class Half:
    """One generated half: its parameters (external values, in order) and its devices."""

    def __init__(self, name: str, params: tuple[int, ...], devices: tuple[str, ...]) -> None:
        self.name, self.params, self.devices = name, params, devices


class Text:
    """The finished text, its halves, and the objects its names stand for.

    `lines` tells the line (from 1) of each equation, `names` the identifier of each value.
    """

    def __init__(
        self, source: str, halves: tuple[Half, ...], scope: dict[str, Any], signals: int,
        lines: dict[int, int], names: dict[int, str],
    ) -> None:  # fmt: skip
        self.source, self.halves, self.scope, self.signals = source, halves, scope, signals
        self.lines, self.names = lines, names


def write(
    graph: Graph, storages: Storages, plan: MemoryPlan, kernels: dict[int, Callable[..., None]],
    unused: frozenset[int], *, twin: Twin = "", title: str = "graph",
) -> Text:  # fmt: skip
    """Generate the program of a planned graph.

    Parameters
    ----------
    kernels : compiled kernels by index of equation
    unused : outputs nobody reads and no memory is planned for
    twin : "watched" reports every step; "stepped" makes the functions generators that pause
        before every step

    Returns
    -------
    Text
        Its source defines ``build(arena, signal, watch)``, which answers a dict of functions.
    """
    return _Writer(graph, storages, plan, kernels, unused, twin).text(title)


class _Writer:
    def __init__(
        self, graph: Graph, storages: Storages, plan: MemoryPlan,
        kernels: dict[int, Callable[..., None]], unused: frozenset[int], twin: Twin,
    ) -> None:  # fmt: skip
        self.graph, self.storages, self.plan = graph, storages, plan
        self.kernels, self.unused, self.twin = kernels, unused, twin
        self.buffers: dict[int, Buffer] = {b.value: b for b in plan.buffers}
        self.scope: dict[str, Any] = {}
        self.names = Names(set(RESERVED))
        self.functions: dict[Any, str] = {}
        self.made = {v: (k, e) for k, e in enumerate(graph.eqns) for v in e.outs}
        self.kinds = {x.value: x for x in graph.inputs}
        self.carriers = self._carriers()
        self.name_of = self._name_values()
        self.bound = {  # index of a loop or branch -> the function that runs it
            k: self.names.fresh(f"run_{e.name}")
            for k, e in enumerate(graph.eqns)
            if e.op.flags.graphs
        }
        self.signals: dict[int, int] = {}  # value read by another device -> its signal
        again = (e for e in graph.eqns if e.role == "recompute" and e.op.flags.random)
        self.replays = {graph.again[e.outs[0]]: number for number, e in enumerate(again)}

    # ---- names of values -----------------------------------------------------------------
    def _carriers(self) -> dict[int, int]:
        """Root of each output that is a whole view of its storage -> the output's value."""
        roots = ((self.storages.root[v], v) for v in self.graph.outputs)
        return {root: v for root, v in roots if root != v}

    def _name_values(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for x in self.graph.inputs:
            found[x.value] = self.names.fresh(x.name)
            if x.kind == "constant":
                place = self.graph.devices.get(x.value, "cpu(0)")
                self.scope[found[x.value]] = _moved(x.data, place)
        for name, value in zip(self.graph.names, self.graph.outputs, strict=False):
            if value not in found:
                found[value] = self.names.fresh(name if name.endswith("_grad") else f"out_{name}")
        for number, value in enumerate(self.buffers):
            found.setdefault(value, self.names.fresh(f"b{number}"))
        for value, (_, eqn) in self.made.items():
            if eqn.op is ASSIGN:  # another name for the state that was written
                found[value] = found[eqn.ins[0]]
            elif value not in found:
                found[value] = "_" if value in self.unused else self.names.fresh(f"v{value}")
        return found

    def _in_frame(self, value: int) -> bool:
        """Whether a value's memory is bound once per frame (arena or constant)."""
        root = self.storages.root[value]
        return root in self.buffers or (root in self.kinds and self.kinds[root].kind == "constant")

    # ---- the text ------------------------------------------------------------------------
    def text(self, title: str) -> Text:
        """Write everything."""
        split = self.graph.split
        ranges = [("forward", range(split))]
        if split < len(self.graph.eqns):
            ranges.append(("backward", range(split, len(self.graph.eqns))))
        self._find_signals()
        body, halves = [], []
        for name, steps in ranges:
            half = self._half(name, steps)
            halves.append(half)
            for device in half.devices:
                body += list(self._function(half, steps, device))
        functions = [function_name(h, d) for h in halves for d in h.devices]
        answer = ", ".join(f"{f!r}: {f}" for f in functions)
        lines = [
            *self._heading(title),
            "def build(arena, signal, watch):",
            *(f"    {line}" for line in self._bindings()),
            *(f"    {line}" for line in body),
            f"    return {{{answer}}}",
        ]
        found: dict[int, int] = {}
        for number, mark in enumerate((_unmarked(line)[1] for line in lines), 1):
            if mark:  # a view of an argument is made again in the other half: the first counts
                found.setdefault(int(mark), number)
        source = "".join(f"{_unmarked(line)[0]}\n" for line in lines)
        return Text(source, tuple(halves), self.scope, len(self.signals), found, self.name_of)

    def _heading(self, title: str) -> Iterator[str]:
        plan = self.plan
        mode = "training" if self.graph.training else "inference"
        steps = f"{len(self.graph.eqns)} steps, {len(plan.buffers)} buffers"
        yield remark(f"# Plan of {title} ({mode}): {steps}.")
        yield (
            f"# Arena {human_bytes(plan.arena_bytes)}; "
            f"without sharing {human_bytes(plan.naive_bytes)}; "
            f"never below {human_bytes(plan.lower_bound_bytes)}."
        )
        if self.kernels:
            yield "# fast_NAME(outputs..., inputs...): compiled; NAME(np, inputs...): NumPy."
        yield ""

    def _bindings(self) -> Iterator[str]:
        for value, b in self.buffers.items():
            aval = self.graph.avals[value]
            if b.in_place_of:
                note = f"{b.owner}, over {b.in_place_of}"
            else:
                note = b.owner + (f", was {b.was}'s" if b.was else "")
            place = f'"{b.device}", {b.offset}, {aval.shape}, "{aval.dtype.name}"'
            yield f"{self.name_of[value]} = arena({place})" + remark(
                f"  # {human_bytes(b.nbytes)}: {note}"
            )
        for k, eqn in enumerate(self.graph.eqns):
            if k in self.storages.views and eqn.op is not ASSIGN and self._in_frame(eqn.outs[0]):
                note = remark(f"  # {eqn.name}: the same memory")
                yield f"{self._view(eqn)}{note}{_MARK}{k}"
        for k, eqn in enumerate(self.graph.eqns):
            if eqn.op.flags.graphs:
                yield self._bound(k, eqn)

    def _bound(self, k: int, eqn: Eqn) -> str:
        """The function that runs a loop or branch, with its buffers in a workspace."""
        bind = self.names.fresh(f"bind_{eqn.name}")
        self.scope[bind] = eqn.attrs["plan"].bind
        space = self.name_of[eqn.outs[-1]] if eqn.attrs["workspace"] else "np.empty(0, np.uint8)"
        return f"{self.bound[k]} = {bind}({space})" + remark("  # its plan stands below")

    def _view(self, eqn: Eqn) -> str:
        targets = ", ".join(self.name_of[v] for v in eqn.outs)
        return f"{targets}{',' if len(eqn.outs) > 1 else ''} = {self._call(eqn)}"

    # ---- one function --------------------------------------------------------------------
    def _half(self, name: str, steps: range) -> Half:
        """Find the external values a half touches, in a stable order: its parameters."""
        touched: set[int] = set()
        for k in steps:
            eqn = self.graph.eqns[k]
            for value in (*eqn.reads, *eqn.outs):
                root = self.storages.root[value]
                if root in self.storages.external and not self._in_frame(value):
                    touched.add(self.carriers.get(root, root))
        order = [x.value for x in self.graph.inputs] + list(self.graph.outputs)
        params = tuple(v for v in dict.fromkeys(order) if v in touched)
        devices = tuple(dict.fromkeys(self.graph.eqns[k].device or "cpu(0)" for k in steps))
        return Half(name, params, devices or ("cpu(0)",))

    def _find_signals(self) -> None:
        for k, eqn in enumerate(self.graph.eqns):
            if self._arrives(k, eqn):
                self.signals.setdefault(self._computed(eqn.ins[0]), len(self.signals))

    def _arrives(self, k: int, eqn: Eqn) -> bool:
        """Whether a step waits for another device: between the halves everybody waits anyway."""
        source = self._computed(eqn.ins[0]) if eqn.op is CROSS else -1
        split = self.graph.split
        return source in self.made and (self.made[source][0] < split) == (k < split)

    def _computed(self, value: int) -> int:
        """The value behind a chain of views: views are bound before the plan runs."""
        while value in self.made and self.made[value][0] in self.storages.views:
            value = self.made[value][1].ins[0]
        return value

    def _function(self, half: Half, steps: range, device: str) -> Iterator[str]:
        params = ", ".join(self.name_of[v] for v in half.params)
        yield f"def {function_name(half, device)}({params}):"
        local: set[int] = set()
        empty = True
        for root, value in self.carriers.items():
            if value in half.params:
                yield f"    {self._unview(root, value)}{_MARK}{self.made[value][0]}"
                empty = False
        for k in steps:
            eqn = self.graph.eqns[k]
            if (eqn.device or "cpu(0)") != device:
                continue
            for line in self._step(k, eqn, local):
                yield f"    {line}"
                empty = False
        if empty:
            yield "    yield from ()" if self.twin == "stepped" else "    pass"
        yield ""

    def _unview(self, root: int, value: int) -> str:
        aval = self.graph.avals[root]
        source = self.name_of[value]
        if root == value:
            return f"{source} = {source}"
        return f"{self.name_of[root]} = {source}.reshape({aval.shape})"

    def _step(self, k: int, eqn: Eqn, local: set[int]) -> Iterator[str]:
        if k in self.storages.views and eqn.op is not ASSIGN:
            # bound per frame, or made where it is first read; a watcher wants to see it anyway
            if self.twin:
                yield from self._external_views(eqn.outs, local)
                yield from self._before(k, eqn)
                yield from self._after(k, eqn)
            return
        yield from self._external_views(eqn.reads, local)
        if self._arrives(k, eqn) and self.twin != "stepped":  # who steps keeps to the plan's order
            yield f"wait({self.signals[self._computed(eqn.ins[0])]})"
        yield from self._before(k, eqn)
        yield f"{self._statement(k, eqn)}{self._comment(k, eqn)}{_MARK}{k}"
        yield from self._after(k, eqn)
        for value in eqn.outs:
            if value in self.signals:
                yield f"ready({self.signals[value]})"

    def _before(self, k: int, eqn: Eqn) -> Iterator[str]:
        if self.twin == "stepped":
            yield f"yield {k}, {self._arrays(eqn)}"
        elif self.twin:
            yield "t = now()"

    def _after(self, k: int, eqn: Eqn) -> Iterator[str]:
        if self.twin == "watched":
            yield f"watch({k}, t, {self._arrays(eqn)})"

    def _arrays(self, eqn: Eqn) -> str:
        """The arrays that a step reads and writes, for whoever looks on."""
        values = [v for v in (*eqn.reads, *eqn.outs) if v not in self.unused]
        return "(" + "".join(f"{self.name_of[v]}, " for v in values) + ")"

    def _external_views(self, values: tuple[int, ...], local: set[int]) -> Iterator[str]:
        """Views of arguments cannot be bound per frame: make them where they are first read."""
        for value in values:
            chain: list[tuple[int, Eqn]] = []
            while value not in local and value in self.made and not self._in_frame(value):
                k, maker = self.made[value]
                carried = value in self.carriers.values()
                if k not in self.storages.views or carried:
                    break
                chain.append((k, maker))
                local.update(maker.outs)
                value = maker.ins[0]  # noqa: PLW2901
            for k, maker in reversed(chain):
                if maker.op is not ASSIGN:
                    note = remark(f"  # {maker.name}: a view")
                    yield f"{self._view(maker)}{note}{_MARK}{k}"

    # ---- one statement -------------------------------------------------------------------
    def _statement(self, k: int, eqn: Eqn) -> str:
        outs = [self.name_of[v] for v in eqn.outs]
        ins = [self._operand(v) for v in eqn.ins]
        if eqn.op is ASSIGN:
            return f"{outs[0]}[...] = {ins[1]}"
        if eqn.op is CROSS:
            self.scope["cross"] = _cross
            return f'cross({outs[0]}, {ins[0]}, "{self.graph.devices[eqn.ins[0]]}", "{eqn.device}")'
        if eqn.op.flags.graphs:
            results = outs[:-1] if eqn.attrs["workspace"] else outs
            return f"{self.bound[k]}({', '.join([*results, *ins])})"
        kernel = self.kernels.get(k)
        if kernel is not None:
            given = [name for v, name in zip(eqn.ins, ins, strict=True) if v != ABSENT]
            fast = self._function_named(kernel, f"fast_{eqn.op.name}")
            return f"{fast}({', '.join([*outs, *given])})"
        if eqn.op.flags.out and len(outs) == 1:
            return self._call(eqn, f"out={outs[0]}")
        left = ", ".join("_" if v in self.unused else f"{self.name_of[v]}[...]" for v in eqn.outs)
        return f"{left} = {self._call(eqn)}"

    def _operand(self, value: int) -> str:
        return "None" if value == ABSENT else self.name_of[value]

    def _call(self, eqn: Eqn, *extra: str) -> str:
        xp = "cp" if eqn.device.startswith("gpu") else "np"
        # what the forward itself takes for granted need not be spelled
        defaults = getattr(eqn.op.forward, "__kwdefaults__", None) or {}
        attrs = [
            f"{name}={self._literal(value)}"
            for name, value in eqn.attrs.items()
            if name not in defaults
            or defaults[name].__class__ is not value.__class__
            or defaults[name] != value
        ]
        if eqn.op.flags.random:
            attrs.append(f"rng={self._generator(eqn)}")
        parts = [xp, *(self._operand(v) for v in eqn.ins), *attrs, *extra]
        return f"{self._function_named(eqn.op.forward, eqn.op.name)}({', '.join(parts)})"

    def _generator(self, eqn: Eqn) -> str:
        """Where an equation's random numbers come from; those drawn again have a number."""
        if eqn.role == "recompute":
            return f"replay({self.replays[self.graph.again[eqn.outs[0]]]})"
        number = self.replays.get(eqn.outs[0])
        return f'draw("{eqn.device or "cpu(0)"}"{"" if number is None else f", {number}"})'

    def _function_named(self, function: Any, wanted: str) -> str:
        name = self.functions.get(id(function))
        if name is None:
            name = self.functions[id(function)] = self.names.fresh(wanted)
            self.scope[name] = function
        return name

    def _literal(self, value: Any) -> str:
        """Spell an attribute; what has no literal becomes a named constant."""
        if has_literal(value):
            return repr(value)
        name = self.names.fresh("constant")
        self.scope[name] = value
        return name

    def _comment(self, k: int, eqn: Eqn) -> str:
        value = eqn.outs[0]
        aval = self.graph.avals[value]
        name = eqn.name and eqn.name + SUFFIXES.get(eqn.role, "")
        shape = "x".join(str(n) for n in aval.shape) or "scalar"
        facts = [name or eqn.op.name, eqn.span, f"{shape} {aval.dtype.name}"]
        if eqn.op is POINTWISE:
            facts.insert(1, spell(eqn.attrs["steps"], [self.name_of[v] for v in eqn.ins]))
        buffer = self.buffers.get(value)
        if buffer is not None and buffer.in_place_of:
            facts.append(f"in place: {buffer.in_place_of} dies here")
        elif buffer is not None and buffer.was:
            facts.append(f"{human_bytes(buffer.nbytes)}, was {buffer.was}'s")
        elif buffer is not None:
            facts.append(human_bytes(buffer.nbytes))
        return remark("  # " + "  ".join(f for f in facts if f))


def _unmarked(line: str) -> tuple[str, str]:
    """A line without its mark, and the mark: the number of an equation, or nothing."""
    text, _, equation = line.partition(_MARK)
    return text, equation


def function_name(half: Half, device: str) -> str:
    """Name of the function that runs a half's equations on one device."""
    if len(half.devices) == 1:
        return half.name
    return f"{half.name}_{re.sub(r'[^0-9a-z]+', '_', device).strip('_')}"


def _moved(array: Any, place: str) -> Any:
    """A constant where the plan reads it."""
    if not place.startswith("gpu"):
        return array
    return Device("gpu", int(place[4:-1])).backend.from_numpy(array)


def _cross(out: Any, x: Any, source: str, target: str) -> None:
    """Copy between devices; the ledger counts every crossing."""
    if hasattr(out, "set") and not hasattr(x, "get"):
        out.set(x)
    elif hasattr(x, "get") and not hasattr(out, "set"):
        x.get(out=out)
    else:
        out[...] = x
    copies.count(source, target, out.nbytes, "placement")
