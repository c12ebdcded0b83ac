"""The tape: what autograd records, and what each entry keeps for its gradient rule.

While recording, every operator call whose inputs want a gradient leaves an `Entry`. The sweep
that runs the rules, from the newest entry to the oldest, is `dlstudio.core.reverse`.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dlstudio.core.avals import Aval
from dlstudio.core.interpret import Interpreter, Placeholder, Uses, made
from dlstudio.core.node import caller_span, current_scope
from dlstudio.core.storage import Store
from dlstudio.errors import GradError, explain
from dlstudio.trace import bus

if TYPE_CHECKING:
    from dlstudio.core.device import Device
    from dlstudio.core.registry import Op
    from dlstudio.core.tensor import Tensor

__all__ = [
    "Entry",
    "Leaf",
    "Recorded",
    "record",
    "record_custom",
    "refuse_while_recorded",
    "state",
    "values_decide",
]

Array = Any
_numbers = itertools.count(1)


class _State(threading.local):
    recording = False
    training = False
    tracer: Any = None  # a graph.tracing.Tracer that notes every call; set only while recording


state = _State()


def values_decide(name: str) -> None:
    """Say that only values tell what `name` gives: a block that is being captured cannot be."""
    if state.tracer is not None:
        state.tracer.note_dynamic(f"what {name} gives depends on values")


def refuse_while_recorded(tensor: Tensor) -> None:
    """In-place changes of values on the tape are errors, as in MXNet."""
    if state.recording and tensor._entry is not None:
        if state.tracer is not None:
            state.tracer.stop("an array is changed in place")
        raise GradError(
            explain(
                "an array on the tape was changed in place while recording.",
                "recorded values to stay as they are.",
                "y = x + 1 instead of x += 1, or change it outside autograd.record()",
            )
        )


class Leaf:
    """End of the tape: a tensor whose gradient is wanted (`attach_grad`)."""

    __slots__ = ("device", "fresh", "grad", "name", "req", "seq")
    inputs = ()  # as those of an `Entry`, which are None once they are consumed

    def __init__(self, grad: Tensor | None, req: str, device: Device) -> None:
        self.grad, self.req, self.device = grad, req, device
        self.seq = 0
        self.name = ""  # of the parameter, for pictures
        self.fresh = False  # a backward pass has written the gradient since it was last consumed


class Entry:
    """One recorded call: the operator application and what its gradient rule needs.

    `inputs` and `outputs` hold arrays where the rule reads them and avals where it only asks for
    shapes; both are dropped once backward has run. `extra` holds what few entries have: a rule of
    their own (`custom`), auxiliary states (`aux`), names and source lines.
    """

    __slots__ = (
        "attrs", "count", "device", "extra", "inputs", "op", "outputs", "parents", "seq",
        "versions",
    )  # fmt: skip

    op: Op | None
    attrs: dict[str, Any]
    parents: tuple[tuple[Entry | Leaf, int] | None, ...]
    inputs: Any
    outputs: tuple[Any, ...]
    versions: Any
    count: int  # of outputs, hidden ones included
    device: Device
    seq: int
    extra: dict[str, Any] | None


class _Recorded(Interpreter):
    """F over tensors: every call is dispatched, and recorded while recording is on."""

    def reader(self, op: Op) -> Callable[..., Any]:
        from dlstudio.core.dispatch import attributes, create, invoke
        from dlstudio.core.tensor import Tensor

        if not op.inputs:
            return lambda **attrs: create(op, attributes(op, attrs), None, Tensor)

        def run(*tensors: Any, **attrs: Any) -> Any:
            return invoke(op, tensors, attributes(op, attrs), Tensor)

        return run


Recorded = _Recorded()


# ---- what backward must keep -----------------------------------------------------------------
def what_backward_needs(
    op: Op, attrs: dict[str, Any], inputs: Sequence[Any], outputs: Sequence[Any]
) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """Run the gradient rule on placeholders; say for each input and output whether it was read."""
    uses = Uses()
    ins = tuple(None if x is None else Placeholder(Aval(x.shape, x.dtype)) for x in inputs)
    outs = tuple(Placeholder(Aval(x.shape, x.dtype)) for x in outputs)
    heads = tuple(Placeholder(Aval(x.shape, x.dtype)) for x in outputs)
    single = len(outs) == 1
    try:
        rule: Any = op.grad  # differentiable, hence a rule
        found = rule(
            uses, heads[0] if single else heads, outs[0] if single else outs, *ins, **attrs
        )
        result = [made(gradient) for gradient in found]
        read = uses.read | {id(x) for x in result}
        if op.aux_update is not None:
            op.aux_update(uses, outs, *ins, **attrs)
            read |= uses.read
    except (AttributeError, TypeError):  # the rule looks at values: keep everything
        return (True,) * len(ins), (True,) * len(outs)
    return tuple(id(x) in read for x in ins), tuple(id(x) in read for x in outs)


_SMALL = 32  # elements
_aval = tuple.__new__  # of Aval, without the detour through its Python constructor


# Operators that may put themselves on the tape by `record_custom` if an attribute is set:
# name -> (attribute, function of (inputs, attrs, arrays, outputs) that answers the entry, or None
# if the ordinary way will do).
recorders: dict[str, tuple[str, Callable[..., Entry | None]]] = {}


def record(
    op: Op, inputs: Sequence[Any], attrs: Any, arrays: Sequence[Array],
    outputs: Sequence[Tensor], results: Sequence[Array],
) -> None:  # fmt: skip
    """Put a call on the tape, unless no gradient leads from it.

    `attrs` carries a cache of what backward needs (see `attributes`).
    """
    parents = tuple([  # `_parent`, spelled out because every recorded call passes here
        None if x is None or x._entry is None or x._entry.inputs is None else (x._entry, x._index)
        for x in inputs
    ])  # fmt: skip
    if not any(parents):
        return
    # rules branch on dtypes and numbers of axes; numbers of dtypes stay below 4096
    key = tuple([-1 if a is None else a.ndim * 4096 + a.dtype.num for a in arrays])
    needs = attrs.needs.get(key)
    if needs is None:
        switch, own_way = recorders.get(op.name, ("", None))
        asked = own_way is not None and bool(attrs[switch])
        if own_way is not None and asked and own_way(inputs, attrs, arrays, outputs) is not None:
            return
        ins, outs = what_backward_needs(op, attrs, arrays, results)
        needs = (ins if any(ins) else None, outs if any(outs) else None)
        if not asked:  # else it is asked each time
            attrs.needs[key] = needs
    entry = Entry()
    entry.op, entry.attrs, entry.extra = op, attrs, None
    entry.seq, entry.count, entry.device = next(_numbers), len(results), outputs[0]._device
    entry.parents = parents
    versions: list[Any] = []
    ins, outs = needs
    entry.inputs = _unread(arrays) if ins is None else _save(inputs, arrays, ins, versions)
    entry.outputs = _unread(results) if outs is None else _save(outputs, results, outs, versions)
    entry.versions = versions
    if op.aux_update is not None:
        _keep_aux(entry, op, inputs)
    if bus.subscribers or lines.wanted:
        entry.extra = {**(entry.extra or {}), "span": caller_span(), "scope": current_scope()}
    for i, out in enumerate(outputs):
        out._entry, out._index = entry, i


def _parent(x: Tensor | None) -> tuple[Entry | Leaf, int] | None:
    """Where the gradient of an input goes.

    What a backward pass has consumed is a constant from then on, as in MXNet: the state that a
    recurrent network carries from batch to batch needs no `detach`.
    """
    if x is None:
        return None
    entry = x._entry
    return None if entry is None or entry.inputs is None else (entry, x._index)


class _Lines:
    """Whether entries note the user's source line although nobody watches (pictures want them)."""

    wanted = False


lines = _Lines()


def _unread(arrays: Sequence[Array]) -> tuple[Any, ...]:
    """Avals of arrays that no rule reads; small arrays stand for themselves, which is quicker."""
    for array in arrays:
        if array is not None and array.size > _SMALL:
            return tuple([None if a is None else _aval(Aval, (a.shape, a.dtype)) for a in arrays])
    return tuple(arrays)


def _save(
    tensors: Sequence[Tensor], arrays: Sequence[Array], needed: Sequence[bool], versions: list[Any]
) -> tuple[Any, ...]:
    """Arrays that are needed, avals of the others, and the versions that must not change."""
    saved: list[Any] = []
    for i, array in enumerate(arrays):
        if array is None:
            saved.append(None)
        elif not needed[i]:
            saved.append(_aval(Aval, (array.shape, array.dtype)))
        else:
            saved.append(array)
            if i < len(tensors):  # hidden outputs belong to no tensor
                tensor = tensors[i]
                store = tensor._store
                if store is None:
                    store = tensor._store = Store()
                versions.append((store, store.version))
    return tuple(saved)


def _keep_aux(entry: Entry, op: Op, inputs: Sequence[Any]) -> None:
    """Note auxiliary states to update; they may change before backward: no version counts."""
    aux = tuple(inputs[op.inputs.index(name)] for name in op.aux)
    stores = {id(x._store) for x in aux if x._store is not None}
    entry.versions = [pair for pair in entry.versions if id(pair[0]) not in stores]
    entry.extra = {"aux": aux}


def record_custom(
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    backward_rule: Callable[[tuple[Any, ...], bool], Sequence[Any]],
    name: str,
    **extra: Any,
) -> Entry:
    """Put a call with a gradient of its own on the tape.

    ``backward_rule(heads, create_graph)`` gets one head gradient per output (None where none
    arrived), as arrays, or as tensors when `create_graph`; it answers one gradient per input.
    Further keywords are kept in the entry's `extra`, for pictures.
    """
    entry = Entry()
    entry.op, entry.attrs, entry.versions = None, {}, ()
    entry.extra = {"name": name, "custom": backward_rule, **extra}
    entry.seq, entry.count, entry.device = next(_numbers), len(outputs), outputs[0]._device
    entry.parents = tuple(_parent(x) for x in inputs)
    entry.inputs, entry.outputs = (), ()
    for i, out in enumerate(outputs):
        out._entry, out._index = entry, i
    return entry
