"""Operator calls with sparse operands: around the zeros where a rule knows how, else spelled out.

`dispatch.invoke` comes here when an operand has no dense memory, so dense calls pay nothing.
A rule works on bare storage (`core.sparse_storage`); an operator without one, or a combination its
rule does not know, runs on dense copies, which MXNet calls storage fallback.

Gradients in transit are plain arrays. Only those that go straight to a leaf may be row-sparse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlstudio.core import sparse_storage as storage
from dlstudio.core import tape
from dlstudio.core.device import Device
from dlstudio.core.dispatch import (
    Attrs,
    attributes,
    explain_failure,
    invoke,
    operands,
    transfer,
)
from dlstudio.core.node import caller_span
from dlstudio.core.registry import OPS, NotDifferentiable
from dlstudio.core.sparse import BaseSparseNDArray, stored
from dlstudio.core.sparse_kinds import wrap
from dlstudio.core.storage import Store
from dlstudio.core.tape import Leaf
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.errors import ArgumentError, DTypeError, ShapeError, StaleValueError, explain
from dlstudio.trace import bus, copies
from dlstudio.trace.events import OpRan

if TYPE_CHECKING:
    from dlstudio.core.registry import Op

__all__ = [
    "RULES",
    "Call",
    "Rule",
    "added",
    "all_rows",
    "by_name",
    "call",
    "cast_storage",
    "check_same_dtype",
    "deliver",
    "moved",
    "rule",
    "write",
    "write_all",
]

Array = Any


class Call(NamedTuple):
    """A finished call, for its gradient rule."""

    xp: Any
    op: Op
    attrs: Attrs
    values: tuple[Any, ...]  # of the inputs: plain arrays, sparse storage, or None
    wanted: tuple[bool, ...]  # whether the gradient of an input is asked for
    leaves: tuple[bool, ...]  # whether it may be row-sparse: it goes straight to a leaf


class Rule(NamedTuple):
    """How an operator works on sparse storage.

    ``forward(xp, attrs, *values)`` answers a plain or sparse value, or NotImplemented for a
    combination of storages it leaves to the fallback. ``backward(call, head)`` answers one
    gradient per input (None = none) and may answer NotImplemented likewise. An `update` changes
    the values of its first input, whose storage must be one of those named, and of its states in
    place, and answers nothing.
    """

    forward: Callable[..., Any]
    backward: Callable[[Call, Array], Any] | None = None
    update: tuple[str, ...] = ()


RULES: dict[str, Rule] = {}


def rule(
    *names: str,
    backward: Callable[[Call, Array], Any] | None = None,
    update: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as the sparse rule of the operators `names`."""

    def register(forward: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            RULES[name] = Rule(forward, backward, update)
        return forward

    return register


# ---- calls -----------------------------------------------------------------------------------
def call(op: Op, inputs: Sequence[Any], attrs: Attrs, cls: type[Any], out: Any = None) -> Any:
    """Run `op` on operands at least one of which is sparse, or with a sparse `out`."""
    given, device = operands(op, inputs, NDArray)
    found = RULES.get(op.name)
    if found is None or (found.update and given[0].stype not in found.update):
        return _fall_back(op, given, attrs, cls, out)
    if found.update:
        return _update(op, found, given, attrs, device, out)
    values = tuple(None if x is None else stored(x) for x in given)
    start = perf_counter_ns()
    try:
        result = found.forward(device.xp, attrs, *values)
    except Exception as error:
        raise explain_failure(op, given, attrs, error) from error
    if result is NotImplemented:
        return _fall_back(op, given, attrs, cls, out)
    if bus.subscribers:
        _tell(op, device, values, result, start)
    if out is not None:
        return write_all(op, out, result)
    tensor = wrap(result, device)
    if tape.state.recording and any(x is not None and x._entry is not None for x in given):
        _record(op, found, given, attrs, values, tensor)
    return tensor


def by_name(name: str, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """Call the operator called `name`."""
    op = OPS[name]
    return invoke(op, inputs, attributes(op, attrs), NDArray)


def _tell(op: Op, device: Device, values: Sequence[Any], result: Any, start: int) -> None:
    """Tell the watchers which buffers a call has read and written."""
    end, span = perf_counter_ns(), caller_span()
    ins = _buffers(values, device, "input", "data")
    made = "activation" if tape.state.recording else "other"
    outs = _buffers([result], device, op.name, made)
    shape = tuple(result.shape)
    bus.emit(OpRan(op.name, "", str(device), start, end, ins, outs, shape, "forward", span))


def _buffers(values: Sequence[Any], device: Device, owner: str, kind: str) -> tuple[int, ...]:
    from dlstudio.core.watch import buffer_of

    arrays = [
        part
        for value in values
        if value is not None
        for part in (value[:-1] if storage.is_sparse(value) else [value])
    ]
    return tuple(buffer_of(array, device, owner, kind) for array in arrays)


def _fall_back(op: Op, given: Sequence[Any], attrs: Attrs, cls: type[Any], out: Any) -> Any:
    """Run `op` on dense copies; states it changed and sparse `out` arrays get the values."""
    dense = [cast_storage(x, "default") if isinstance(x, BaseSparseNDArray) else x for x in given]
    if issubclass(cls, BaseSparseNDArray):
        cls = NDArray
    targets = list(out) if isinstance(out, (list, tuple)) else [out]
    if not any(isinstance(t, BaseSparseNDArray) for t in targets):
        result = invoke(op, dense, attrs, cls, out)
    else:
        result = write_all(op, out, invoke(op, dense, attrs, cls))
    for i in op.flags.mutates:
        if i < len(given) and isinstance(given[i], BaseSparseNDArray):
            given[i]._store_value(dense[i]._data)
    return result


def write_all(op: Op, out: Any, result: Any) -> Any:
    """Write results, tensors or bare values, into the caller's arrays."""
    targets = list(out) if isinstance(out, (list, tuple)) else [out]
    plain = isinstance(result, (list, tuple)) and not storage.is_sparse(result)
    results: list[Any] = list(result) if plain else [result]
    for target, each in zip(targets, results, strict=False):
        value = stored(each) if isinstance(each, Tensor) else each
        if not isinstance(target, Tensor):
            raise ArgumentError(
                f"{op.name}: parameter out must be an array. Got {type(target).__name__}."
            )
        if tuple(target.shape) != tuple(value.shape):
            raise ShapeError(
                explain(
                    f"{op.name}: out has shape {target.shape}, the result {tuple(value.shape)}.",
                    "equal shapes.",
                )
            )
        write(target, value)
    return out


def write(target: Tensor, value: Any) -> None:
    """Replace what `target` holds, whatever the storage of either."""
    if isinstance(target, BaseSparseNDArray):
        target._store_value(value)
        return
    target._prepare_write()
    target._data[...] = storage.densified(target._device.xp, value)


def _update(
    op: Op, found: Rule, given: Sequence[Any], attrs: Attrs, device: Device, out: Any
) -> Any:
    """Run a step of an optimizer on the weight in place if that is `out`, else on a copy."""
    weight = given[0]
    target = weight if out is weight else weight.copy()
    states = [given[i] for i in op.flags.mutates]
    for x in given[1:]:
        if tuple(x.shape[:1]) != tuple(weight.shape[:1]):
            raise ShapeError(
                explain(
                    f"{op.name}: weight has shape {weight.shape}, an operand {x.shape}.",
                    "the shape of the weight.",
                )
            )
    changed = [target, *states]
    dense = [all_rows(x) for x in changed]
    gradient = stored(given[1])
    for x in changed:
        x._prepare_write()
    try:
        found.forward(device.xp, attrs, dense[0], gradient, *dense[1:])
    except Exception as error:
        raise explain_failure(op, given, attrs, error) from error
    if out is None or out is weight:
        return target
    return write_all(op, out, stored(target))


def all_rows(tensor: Tensor) -> Array:
    """Values of every row, to be changed in place; a row-sparse array then stores all its rows."""
    if not isinstance(tensor, BaseSparseNDArray):
        return tensor._data
    if tensor._stored.data.shape[:1] != tensor.shape[:1] or tensor.stype != "row_sparse":
        xp = tensor._device.xp
        every = xp.arange(tensor.shape[0], dtype=storage.INDEX)
        tensor._stored = storage.RowSparseArray(tensor._dense(), every, tensor.shape)
    return tensor._stored.data


# ---- the tape --------------------------------------------------------------------------------
def _versions(tensors: Sequence[Tensor]) -> list[tuple[Store, int]]:
    for x in tensors:
        if x._store is None:
            x._store = Store()
    return [(x._store, x._store.version) for x in tensors if x._store is not None]


def _record(
    op: Op, found: Rule, given: Sequence[Any], attrs: Attrs, values: tuple[Any, ...], out: Tensor
) -> None:
    if isinstance(op.grad, NotDifferentiable) and op.expand is None:
        return
    if op.flags.mode:
        attrs = attrs.with_training(tape.state.training)
    tensors = [x for x in given if x is not None]
    versions = _versions(tensors)
    entries = [None if x is None else x._entry for x in given]
    wanted = tuple(entry is not None for entry in entries)
    leaves = tuple(isinstance(entry, Leaf) for entry in entries)
    done = Call(out._device.xp, op, attrs, values, wanted, leaves)

    def back(heads: tuple[Any, ...], create_graph: bool) -> list[Any]:
        if any(store.version != version for store, version in versions):
            raise _stale(op)
        gradients: Any = NotImplemented
        if found.backward is not None and not create_graph:
            gradients = found.backward(done, heads[0])
        if gradients is NotImplemented:
            return _dense_gradients(op, tensors, attrs, heads[0], create_graph=create_graph)
        return [g for g, x in zip(gradients, given, strict=True) if x is not None]

    tape.record_custom(tensors, (out,), back, op.name, operator=(op, attrs))


def _stale(op: Op) -> StaleValueError:
    return StaleValueError(
        explain(
            f"a value that the gradient of {op.name} needs was changed in place after it was "
            "recorded.",
            "inputs of recorded operators to stay as they were until backward.",
            "write into a copy, or call backward first",
        )
    )


def _dense_gradients(
    op: Op, inputs: Sequence[Any], attrs: Attrs, head: Any, *, create_graph: bool
) -> list[Any]:
    """Gradients of the operator on dense copies of its inputs."""
    from dlstudio.core.reverse import gradients

    wanted = [i for i, x in enumerate(inputs) if x._entry is not None]
    recording = tape.state.recording
    tape.state.recording = True
    try:
        dense = [cast_storage(x if create_graph else x.detach(), "default") for x in inputs]
        if not create_graph:
            for i in wanted:
                dense[i]._attach(None, "write")
        plain = Attrs({k: v for k, v in attrs.items() if k != "training"})
        result = invoke(op, dense, plain, NDArray)
    finally:
        tape.state.recording = recording
    if not isinstance(head, Tensor):
        head = NDArray._wrap(head, result._device)
    found = gradients(
        [result], [dense[i] for i in wanted], [head], create_graph=create_graph, stop=True
    )
    by_place = dict(zip(wanted, found, strict=True))
    return [by_place.get(i) for i in range(len(inputs))]


def cast_storage(x: Any, stype: str) -> Any:
    """`x` in another storage, recorded; the gradient comes back as it is."""
    if x.stype == stype:
        return x
    result = wrap(storage.cast(x._device.xp, stored(x), stype), x._device)
    if tape.state.recording and x._entry is not None:
        operator = OPS["cast_storage"], {"stype": stype}
        tape.record_custom(
            (x,), (result,), lambda heads, _: [heads[0]], "cast_storage", operator=operator
        )
    return result


def moved(x: Any, device: Device) -> Any:
    """Copy of a sparse array on `device`, recorded."""
    source = x._device
    parts = [p if isinstance(p, tuple) else transfer(p, source, device) for p in x._stored]
    result = wrap(type(x._stored)(*parts), device)
    if bus.subscribers:
        copies.count(str(source), str(device), x.nbytes, "copy of a sparse array")
    if tape.state.recording and x._entry is not None:

        def back(heads: tuple[Any, ...], create_graph: bool) -> list[Any]:
            if create_graph:
                return [heads[0].as_in_context(source)]
            return [transfer(heads[0], device, source)]

        tape.record_custom((x,), (result,), back, "copy", same=True)
    return result


# ---- the end of a backward pass --------------------------------------------------------------
def added(xp: Any, old: Any, new: Any) -> Any:
    """Sum of two gradients of one leaf, either of which may be row-sparse."""
    if storage.is_sparse(old) and old.__class__ is new.__class__:
        return storage.union(xp, xp.add, old, new)
    return storage.densified(xp, old) + storage.densified(xp, new)


def deliver(leaf: Leaf, gradient: Any) -> None:
    """Put a finished gradient into the leaf's buffer, one of which is sparse."""
    target: Any = leaf.grad
    value = stored(gradient) if isinstance(gradient, Tensor) else gradient
    if leaf.req == "add":
        value = added(target._device.xp, stored(target), value)
    write(target, value)
    leaf.fresh = True


def check_same_dtype(name: str, *values: Any) -> None:
    """MXNet's operators of several arrays do not promote."""
    dtypes = {np.dtype(v.data.dtype if storage.is_sparse(v) else v.dtype) for v in values}
    if len(dtypes) > 1:
        shown = ", ".join(sorted(str(d) for d in dtypes))
        raise DTypeError(
            explain(f"{name}: operands have dtypes {shown}.", "one dtype.", 'x.astype("float32")')
        )
