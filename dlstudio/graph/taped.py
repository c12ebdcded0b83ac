"""The tape as a symbolic graph: what `autograd.get_symbol`, export and pictures read."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from dlstudio.core.late import alive, is_late, wait
from dlstudio.core.node import Node
from dlstudio.core.tape import Entry, Leaf
from dlstudio.errors import GradError, explain
from dlstudio.graph.compose import Output, replace, topological
from dlstudio.graph.symbol import Symbol

if TYPE_CHECKING:
    from dlstudio.core.tensor import Tensor

__all__ = ["symbol_of"]


def symbol_of(x: Tensor) -> Symbol:
    """Return the recorded computation of `x`; arrays that were not computed become variables.

    Raises
    ------
    GradError
        If `x` was not computed while recording, or through a custom `Function`.
    WaitingError
        If `x` waits for calls on other devices.
    """
    if alive and is_late(x):
        wait(x)
    if not isinstance(x._entry, Entry):
        raise GradError(
            explain(
                "the array was not computed while recording.",
                "a result of operators run inside `with autograd.record():`.",
            )
        )
    return Symbol([_Reader().read(x._entry)[x._index]])


class _Reader:
    """Turns entries into nodes, each once, oldest first and without recursion."""

    def __init__(self) -> None:
        self.nodes: dict[Entry, list[Output]] = {}
        self.leaves: dict[Leaf, Output] = {}
        self.numbers = itertools.count()
        self.names: dict[str, int] = {}

    def read(self, last: Entry) -> list[Output]:
        for entry in _reachable(last):
            self.nodes[entry] = self._outputs(entry)
        return self.nodes[last]

    def _outputs(self, entry: Entry) -> list[Output]:
        inputs = tuple(self._input(parent) for parent in entry.parents)
        extra = entry.extra or {}
        if entry.op is not None:
            name = extra.get("name") or self._name(entry.op.name.lower())
            node = Node(
                entry.op,
                inputs,
                _schema_only(entry),
                name,
                {},
                extra.get("span", ""),
                extra.get("scope", ""),
            )
            return [(node, i) for i in range(entry.count)]
        if "symbol" in extra:  # a hybridized block: put its graph in place of the call
            return _spliced(extra["symbol"], extra["arguments"], inputs)
        if "operator" in extra:  # an operator of the table that ran on sparse storage
            op, attrs = extra["operator"]
            schema = {k: v for k, v in attrs.items() if k in op.attrs}
            return [(Node(op, inputs, schema, self._name(op.name.lower())), 0)]
        if extra.get("same"):  # values pass: to another device, or through `meeting.gate`
            return list(inputs)
        raise GradError(
            explain(
                f"the computation runs through {extra.get('name')}, whose forward is Python code.",
                "operators of the table.",
            )
        )

    def _input(self, parent: tuple[Entry | Leaf, int] | None) -> Output:
        if parent is None:
            return self._variable("")
        entry, index = parent
        if isinstance(entry, Leaf):
            if entry not in self.leaves:
                self.leaves[entry] = self._variable(entry.name)
            return self.leaves[entry]
        return self.nodes[entry][index]

    def _variable(self, name: str) -> Output:
        return Node(None, (), {}, name or f"var{next(self.numbers)}"), 0

    def _name(self, stem: str) -> str:
        number = self.names.get(stem, 0)
        self.names[stem] = number + 1
        return f"{stem}{number}"


def _schema_only(entry: Entry) -> dict[str, Any]:
    """The attributes of the operator's schema, without the mode of the call."""
    assert entry.op is not None
    return {k: v for k, v in entry.attrs.items() if k in entry.op.attrs}


def _spliced(symbol: Symbol, arguments: list[str], inputs: tuple[Output, ...]) -> list[Output]:
    given = dict(zip(arguments, inputs, strict=True))
    variables = {n.name: n for n in topological(symbol.outputs_) if n.is_variable}
    return list(
        replace(symbol.outputs_, {id(variables[k]): v for k, v in given.items() if k in variables})
    )


def _reachable(last: Entry) -> list[Entry]:
    seen: set[Entry] = set()
    stack = [last]
    while stack:
        entry = stack.pop()
        if entry in seen:
            continue
        seen.add(entry)
        stack.extend(p[0] for p in entry.parents if p is not None and isinstance(p[0], Entry))
    return sorted(seen, key=lambda entry: entry.seq)
