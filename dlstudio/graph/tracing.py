"""Capture of ordinary array code: `forward(x)` runs once on real arrays; its calls become nodes.

No placeholder reaches user code. What Python decides meanwhile (branches, loops, numbers read with
`asscalar`) is decided once, for all later calls.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self

from dlstudio.core import tape
from dlstudio.core.node import Node, caller_span, current_scope
from dlstudio.core.registry import OPS
from dlstudio.core.tape import Entry, Leaf
from dlstudio.core.tensor import Tensor
from dlstudio.errors import GraphError, explain
from dlstudio.graph.compose import Output
from dlstudio.graph.json_names import json_name
from dlstudio.graph.scopes import AttrScope, NameManager, hidden
from dlstudio.graph.symbol import Symbol

if TYPE_CHECKING:
    from dlstudio.core.registry import Op

__all__ = ["Tracer", "UntraceableError", "is_tracing"]


class UntraceableError(GraphError):
    """Ends the run of code of which no graph can be made."""


def is_tracing() -> bool:
    """Whether a `Tracer` is open in this thread."""
    return tape.state.tracer is not None


class Tracer:
    """Notes every operator call between ``with`` and its end.

    Parameters
    ----------
    variables : dict of Tensor
        Inputs and parameters by the name they get in the symbol.

    Attributes
    ----------
    constants : dict of Tensor
        Arrays that the code used and that are no variables: further inputs of the symbol.
    dynamic : str
        Why no graph can be made of the code, or "".

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.nd.ones((2, 3))
    >>> with Tracer({"x": x}) as tracer:
    ...     y = mx.nd.exp(x) + 1
    >>> tracer.symbol([y]).list_arguments()
    ['x']
    """

    def __init__(self, variables: Mapping[str, Tensor]) -> None:
        self.constants: dict[str, Tensor] = {}
        self.dynamic = ""
        self._variables = dict(variables)
        self._edges: dict[tuple[int, int], Output] = {}  # by (id of token, output number)
        self._arrays: dict[int, Output] = {}  # by id of the bare array: for detached tensors
        self._kept: list[Any] = []  # keeps ids valid
        self._marked: list[tuple[Tensor, Any, int]] = []  # and where they hung on the tape before
        self._before: Any = None

    def __enter__(self) -> Self:
        state = tape.state
        self._before = (state.tracer, state.recording)
        for name, tensor in self._variables.items():
            self._mark([tensor], [(Node(None, (), {}, name), 0)])
        state.tracer, state.recording = self, True
        return self

    def __exit__(self, *exc: object) -> None:
        tape.state.tracer, tape.state.recording = self._before
        for tensor, entry, index in reversed(self._marked):  # marked twice: the first is right
            tensor._entry, tensor._index = entry, index

    def _mark(self, tensors: Sequence[Tensor], edges: Sequence[Output]) -> None:
        """Let `tensors` stand for `edges` until the trace ends."""
        token = Leaf(None, "null", tensors[0]._device)
        self._kept.append(token)
        for i, (tensor, edge) in enumerate(zip(tensors, edges, strict=True)):
            before = 0 if tensor._entry is None else tensor._index
            self._marked.append((tensor, tensor._entry, before))
            self._kept.append(tensor._data)
            self._edges[id(token), i] = self._arrays[id(tensor._data)] = edge
            tensor._entry, tensor._index = token, i

    def note(
        self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any], outputs: Sequence[Tensor]
    ) -> None:
        """Add a call as a node; the dispatcher calls this."""
        if op.flags.dynamic:
            self.note_dynamic(f"the shape that {op.name} gives depends on values")
        while inputs and inputs[-1] is None:
            inputs = inputs[:-1]
        edges = tuple(self._edge(op, x) for x in inputs)
        given = {k: v for k, v in attrs.items() if k in op.attrs}
        raw = {
            k: op.params[k].text(v)
            for k, v in given.items()
            if op.attrs[k] is not v and op.attrs[k] != v
        }
        raw.update({hidden(k): v for k, v in AttrScope.current.get().items()})
        if op.variadic:
            raw["num_args"] = str(len(edges))
        name = NameManager.current.get(None, json_name(op).rsplit(".", 1)[-1].lower().strip("_"))
        node = Node(op, edges, given, name, raw, caller_span(), current_scope())
        if outputs:
            self._mark(outputs, [(node, i) for i in range(len(outputs))])

    def note_dynamic(self, reason: str) -> None:
        """Note why no graph can be made of the code: the first reason counts."""
        self.dynamic = self.dynamic or f"{reason} ({caller_span()})"

    def stop(self, reason: str) -> NoReturn:
        """Give the trace up: to go on would change the caller's arrays a second time."""
        self.note_dynamic(reason)
        raise UntraceableError(self.dynamic)

    def note_read(self, tensor: Tensor) -> None:
        """Warn that Python has read a value which later calls will not have."""
        if self.dynamic:
            return  # nothing is kept of this trace
        if tensor._entry is not None and (id(tensor._entry), tensor._index) in self._edges:
            warnings.warn(
                f"{caller_span()}: the value of an array of shape {tensor.shape} was read while "
                "the block was captured. What follows from it is decided now, for all later calls. "
                "Use operators such as where, or do not hybridize this block.",
                stacklevel=3,
            )

    def edge(self, tensor: Tensor) -> Output:
        """What `tensor` is in the graph: an input, a result, or else a constant from now on."""
        return self._found(tensor, "a loop or branch")

    def stand_for(self, tensors: Sequence[Tensor], edges: Sequence[Output]) -> None:
        """Let results that were computed elsewhere be outputs of a node."""
        self._mark(tensors, edges)

    def _edge(self, op: Op, tensor: Any) -> Output:
        if tensor is None:
            raise GraphError(
                f"{op.name}: an input between others is absent; this cannot be captured."
            )
        return self._found(tensor, op.name)

    def _found(self, tensor: Tensor, user: str) -> Output:
        entry, index = tensor._entry, 0 if tensor._entry is None else tensor._index
        while isinstance(entry, Entry) and (entry.extra or {}).get("name") == "copy":
            entry, index = entry.parents[0]  # type: ignore[misc]  # a copy between devices has one parent
        found = None if entry is None else self._edges.get((id(entry), index))
        if found is not None:
            return found
        if isinstance(entry, Entry):
            called = (entry.extra or {}).get("name", "a function")
            raise GraphError(
                explain(
                    f"{user} uses the result of {called}, which cannot be captured.",
                    "operators of the table inside a hybridized forward.",
                    "do not hybridize this block",
                )
            )
        same = self._arrays.get(id(tensor._data))
        if same is not None:  # detach(): the same memory, cut from the tape
            return Node(
                OPS["BlockGrad"], (same,), {}, NameManager.current.get(None, "blockgrad")
            ), 0
        return self._constant(tensor)

    def _constant(self, tensor: Tensor) -> Output:
        name = f"constant{len(self.constants)}"
        self.constants[name] = tensor
        edge = (Node(None, (), {}, name), 0)
        self._mark([tensor], [edge])
        return edge

    def symbol(self, outputs: Sequence[Tensor]) -> Symbol:
        """Return the symbol that computes `outputs`.

        Raises
        ------
        GraphError
            If an output does not depend on any variable or call.
        """
        by_tensor = {
            id(t): self._arrays[id(t._data)]
            for t, *_ in self._marked
            if id(t._data) in self._arrays
        }
        missing = [x for x in outputs if id(x) not in by_tensor and id(x._data) not in self._arrays]
        if missing:
            raise GraphError(
                explain(
                    f"forward returned an array of shape {missing[0].shape} "
                    "that no operator computed from its inputs.",
                    "results of operators on the inputs.",
                )
            )
        return Symbol([by_tensor.get(id(x)) or self._arrays[id(x._data)] for x in outputs])
