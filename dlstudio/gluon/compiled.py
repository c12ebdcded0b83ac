"""From a hybrid block to its symbol, and from the symbol to a compiled function."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from dlstudio import autograd, sym
from dlstudio.core import random, tape
from dlstudio.core.node import scope
from dlstudio.core.tensor import ndarray
from dlstudio.errors import ArgumentError, GraphError, ShapeError, explain
from dlstudio.gluon.structure import Leaf, count_leaves, flatten, has_sparse, leaves, regroup
from dlstudio.graph.capture import CachedOp
from dlstudio.graph.compose import label, topological
from dlstudio.graph.control.subgraph import is_dynamic
from dlstudio.graph.symbol import Symbol
from dlstudio.graph.tracing import Tracer, UntraceableError

if TYPE_CHECKING:
    from dlstudio.gluon.hybrid import HybridBlock
    from dlstudio.gluon.parameter import Parameter
    from dlstudio.gluon.parameter_dict import ParameterDict
    from dlstudio.graph.program import Program

__all__ = [
    "Compiled",
    "Traced",
    "Uncompiled",
    "not_inferred",
    "plan_of",
    "retrace",
    "trace",
    "traced_on_arrays",
    "tracer_needed",
    "works_sparsely",
]


class Traced(NamedTuple):
    """A block's computation as a symbol, the names of its inputs, and how outputs are nested."""

    names: list[str]
    symbol: Symbol
    structure: Any
    constants: dict[str, Any] = {}  # noqa: RUF012  arrays the code used that are no parameters
    dynamic: str = ""  # why there is no graph for other values


class _State(threading.local):
    eager = False


_state = _State()


def compiling_allowed() -> bool:
    """Whether hybridized blocks use their plans: not while one is being traced or sized."""
    return tape.state.tracer is None and not _state.eager


def runs_to_infer(block: Any) -> bool:
    """Whether a layer below finds its shapes by a rule of its own, not by the graph's."""
    from dlstudio.gluon.hybrid import HybridBlock

    return any(
        type(b).infer_shape is not HybridBlock.infer_shape
        for b in _with_children(block)
        if isinstance(b, HybridBlock) and any(p._deferred for p in b._reg_params.values())
    )


def run_eagerly(block: HybridBlock, args: tuple[Any, ...]) -> None:
    """Run once, operator by operator and off the tape, so that every layer sees its input."""
    before, _state.eager = _state.eager, True
    try:
        with autograd.pause(train_mode=autograd.is_training()):
            block.forward(*args)
    finally:
        _state.eager = before


_LIMIT = 32  # traces of one block; each has plans for its signatures


def key_of(block: HybridBlock, arrays: list[Any], structure: Any) -> Any:
    """What a trace holds for: the nesting of the arguments.

    Code that runs on arrays may look at their shapes and at the mode, too: it is traced for each.
    """
    if block._dynamic or not traced_on_arrays(block, arrays):
        return structure
    return structure, tuple([(x.shape, x.dtype) for x in arrays]), tape.state.training


def traced_on_arrays(block: HybridBlock, arrays: list[Any]) -> bool:
    """Whether the block is called with arrays when it is traced, not with symbols.

    So are blocks with ``forward(x)``, and a user's ``hybrid_forward(F, x)`` on arrays of `mx.np`:
    operators, methods and indexing of symbols have the manners of MXNet 1.x.
    """
    if block._by_arrays is None:
        vars(block)["_by_arrays"] = tracer_needed(block)
    if block._by_arrays:
        return True
    for x in arrays:  # a loop: every call of a compiled block passes here
        if x.__class__ is ndarray:
            return _has_code_of_users(block)
    return False


def _has_code_of_users(block: HybridBlock) -> bool:
    if block._users is None:
        kinds = (type(b) for b in _with_children(block))
        vars(block)["_users"] = any(kind._users_code for kind in kinds)
    return bool(block._users)


def forget_oldest(kept: dict[Any, Any]) -> None:
    """Bound a dictionary of traces; their order is that of use."""
    while len(kept) > _LIMIT:
        del kept[next(iter(kept))]


def warn_dynamic(block: HybridBlock, reason: str) -> None:
    """Say once why a hybridized block is not compiled."""
    name = block.name or type(block).__name__
    warnings.warn(f"{name} runs operator by operator and has no plan: {reason}.", stacklevel=5)


def input_names(count: int) -> list[str]:
    """Name a block's inputs as MXNet does: "data", or "data0", "data1", and so on."""
    return ["data"] if count == 1 else [f"data{i}" for i in range(count)]


def tracer_needed(block: Any) -> bool:
    """Whether `block` or a descendant is written as ``forward(x)`` on arrays."""
    return block._own_forward or any(
        tracer_needed(child) for child in block._children.values() if hasattr(child, "_own_forward")
    )


def trace(block: HybridBlock, args: tuple[Any, ...], arrays: list[Any], structure: Any) -> Traced:
    """Return the symbol of `block` for arguments nested like `args`.

    Blocks with ``hybrid_forward(F, x)`` are called with symbols. Others (`traced_on_arrays`) run
    once on the real arrays while every operator is noted.
    """
    if traced_on_arrays(block, arrays):
        return _trace_arrays(block, args, arrays)
    return retrace(block, structure)


def retrace(block: HybridBlock, structure: Any) -> Traced:
    """Trace with symbols, which needs no arrays."""
    names = input_names(count_leaves(structure))
    inputs = regroup([sym.var(name) for name in names], structure)
    _forget_steps(block)
    try:
        with scope(block._local_name):
            out = block.forward(*inputs)
    finally:
        _forget_steps(block)
    symbol, nesting = grouped(block, out)
    deciding = next((n for n in topological(symbol.outputs_) if is_dynamic(n)), None)
    reason = deciding and f"the shape that {label(deciding)} gives depends on values"
    return Traced(names, symbol, nesting, {}, reason or "")


def _forget_steps(block: HybridBlock) -> None:
    """Let what cells remember from step to step stay within one trace: it is symbols there."""
    for part in _with_children(block):
        part._forget_steps()


def _trace_arrays(block: HybridBlock, args: tuple[Any, ...], arrays: list[Any]) -> Traced:
    if any(_waits(child) for child in _with_children(block)):
        run_eagerly(block, args)  # parameters get their shapes layer by layer
    names = input_names(len(arrays))
    # the caller's arrays stay untouched: the tracer marks what it follows
    watched = {name: array.detach() for name, array in zip(names, arrays, strict=True)}
    device = arrays[0].context
    known = {p.name: p.data(device) for p in block.collect_params().values() if p._data is not None}
    tracer = Tracer({**watched, **known})
    try:
        with _draws_again(), tracer, scope(block._local_name), block.name_scope():
            out = block.forward(*regroup(list(watched.values()), flatten(args)[1]))
            outputs, nesting = flatten(out)
            symbol = _symbol(tracer, outputs, names)
    except UntraceableError:
        return Traced(names, _nothing(names), None, {}, tracer.dynamic)
    constants = {name: tensor.detach() for name, tensor in tracer.constants.items()}
    return Traced(names, symbol, nesting, constants, tracer.dynamic)


@contextmanager
def _draws_again() -> Iterator[None]:
    """Let the plan draw what the trace has drawn: the same numbers as eager code."""
    before = random.get_state()
    try:
        yield
    finally:
        random.set_state(before)


def _symbol(tracer: Tracer, outputs: list[Any], names: list[str]) -> Symbol:
    """What was noted; where only values tell the outputs, as far as it goes (for pictures)."""
    try:
        return tracer.symbol(outputs)
    except GraphError:
        if not tracer.dynamic:
            raise
        return _nothing(names)


def _nothing(names: list[str]) -> Symbol:
    return sym.Group([sym.var(name) for name in names])


def _waits(block: Any) -> bool:
    return any(p._deferred is not None for p in block._reg_params.values())


def _with_children(block: Any) -> list[Any]:
    return [block, *(b for child in block._children.values() for b in _with_children(child))]


def grouped(block: Any, out: Any) -> tuple[Symbol, Any]:
    """One symbol for all outputs, and how they are nested.

    Raises
    ------
    GraphError
        If an output is something else than a symbol.
    """
    symbols, structure = flatten(out)
    if not symbols or not all(isinstance(s, Symbol) for s in symbols):
        raise GraphError(
            explain(
                f"hybrid_forward of {type(block).__name__} {block.name!r} returned {out!r} when it"
                " was traced.",
                "what functions of F gave: a symbol, or a list of them.",
                "use F.relu(x) and the like for all computations, not mx.nd",
            )
        )
    return (symbols[0] if len(symbols) == 1 else sym.Group(symbols)), structure


def not_inferred(block: HybridBlock, parameter: Parameter, args: tuple[Any, ...]) -> ShapeError:
    """Compose the error for a parameter whose shape the inputs leave open."""
    given = ", ".join(str(x.shape) for x in leaves(args))
    return ShapeError(
        explain(
            f"The shape of parameter {parameter.name!r} {parameter.shape} cannot be inferred from"
            f" inputs of shape {given}.",
            "inputs with the axes that the layers need (images: batch, channels, height, width),"
            " so that all shapes follow from the first batch.",
            f"give the shape in {type(block).__name__}.__init__, or define infer_shape(self, x)",
        )
    )


class Compiled:
    """A traced block as a function of its input arrays; parameters are looked up at every call."""

    __slots__ = ("last", "op", "single", "sources", "structure")

    def __init__(self, graph: Traced, parameters: ParameterDict, block: HybridBlock) -> None:
        self.op = CachedOp(graph.symbol, block._flags, block.name or type(block).__name__)
        self.structure = graph.structure
        self.single = graph.structure == Leaf()
        self.last: list[ref[Any]] = []  # inputs of the last call, for as long as others keep them
        position = {name: i for i, name in enumerate(graph.names)}
        self.sources: list[Any] = [  # position of an input, or what has data(device)
            position[name] if name in position else _source(graph, parameters, name, block)
            for name in self.op.names
        ]

    def __call__(self, arrays: list[Any]) -> Any:
        """Run; outputs come back nested as the block returned them."""
        self.last = [ref(array) for array in arrays]
        out = self.op(*self.operands(arrays))
        if not self.sources and isinstance(arrays[0], ndarray):  # made of nothing, in no dialect
            out = [x.as_np_ndarray() for x in leaves(out)]
            return self.regrouped(out)
        if self.single:
            return out
        return self.regrouped(list(out) if isinstance(out, (list, tuple)) else [out])

    def operands(self, arrays: list[Any]) -> list[Any]:
        """Return inputs and parameters in the order of the compiled function."""
        device = arrays[0]._device
        return [arrays[s] if s.__class__ is int else s.data(device) for s in self.sources]

    def regrouped(self, outputs: list[Any]) -> Any:
        """Nest outputs as the block returned them."""
        return regroup(outputs, self.structure)


def stepped(
    block: HybridBlock, args: tuple[Any, ...]
) -> tuple[CachedOp, list[Any], Callable[[list[Any]], Any]]:
    """Return a block's compiled function, its operands for `args`, and how its outputs are nested.

    Without `args` those of the last call are taken, if they still exist.

    Raises
    ------
    ArgumentError
        If there is nothing that could be stepped through.
    """
    if not block._active:
        raise _nothing_to_step(block, "it is not hybridized")
    compiled = block._compiled.get(block._last_structure)
    if args:
        arrays, structure = flatten(args)
        key = key_of(block, arrays, structure)
        compiled = block._compiled.get(key) or block._compile(args, structure)
        vars(block)["_last_structure"] = key
    else:
        arrays = [found() for found in getattr(compiled, "last", ())]
        if not arrays or any(array is None for array in arrays):
            raise _nothing_to_step(block, "it was given no inputs, and none are left of a call")
    if not isinstance(compiled, Compiled):
        raise _nothing_to_step(block, "it runs operator by operator")
    return compiled.op, compiled.operands(arrays), compiled.regrouped


def _nothing_to_step(block: HybridBlock, why: str) -> ArgumentError:
    return ArgumentError(
        explain(
            f"debug: {block.name} has no plan to step through: {why}.",
            "a hybridized block, and dense arrays that it is to be called with.",
            "net.hybridize(); mx.graph.debug(net, x)",
        )
    )


class Uncompiled:
    """Stands where a plan would for a block that has none.

    Plans have dense memory, and shapes that are known before values are. The block itself runs
    operator by operator; blocks inside it that can be compiled are, each for itself.
    """

    op = None

    def __init__(self, block: HybridBlock, structure: Any) -> None:
        self._block, self._structure = block, structure

    def __call__(self, arrays: list[Any]) -> Any:
        """Run the block."""
        return self._block._run_operators(*regroup(arrays, self._structure))


def plan_of(block: HybridBlock, train: bool | None) -> Program:
    """Return the plan of the last call; see `HybridBlock.plan`."""
    last = block._compiled.get(block._last_structure)
    if isinstance(last, Uncompiled):
        sparse = "an input, a parameter or a gradient is sparse"
        why = "shapes depend on values" if vars(block).get("_dynamic") else sparse
        raise ArgumentError(
            explain(
                f"{block.name} has no plan, and runs operator by operator: {why}.",
                fix="the plan of a child that has one: net[1].plan()",
            )
        )
    if last is None:
        raise ArgumentError(
            explain(
                f"{block.name} has no plan.",
                "a hybridized block that has been called: plans are made by the first call.",
                "net.hybridize(); net(data); net.plan().source",
            )
        )
    return last.op.plan(train)


def works_sparsely(parameters: ParameterDict, structure: Any) -> bool:
    """Whether an input, a parameter or a gradient has sparse storage."""
    return has_sparse(structure) or any(
        p._stype != "default" or p._grad_stype != "default" for p in parameters.values()
    )


class _Constant:
    """An array that is part of a traced computation, copied to other devices when needed."""

    __slots__ = ("copies",)

    def __init__(self, tensor: Any) -> None:
        self.copies = {tensor.context: tensor}

    def data(self, device: Any) -> Any:
        """Return the array on `device`."""
        if device not in self.copies:
            self.copies[device] = next(iter(self.copies.values())).as_in_context(device)
        return self.copies[device]


def _source(graph: Traced, parameters: ParameterDict, name: str, block: Any) -> Any:
    if name in graph.constants:
        return _Constant(graph.constants[name])
    try:
        return parameters[name]
    except KeyError:
        raise GraphError(
            explain(
                f"{type(block).__name__} {block.name!r} uses a variable {name!r} that is neither an"
                " input nor one of its parameters.",
                fix="make parameters with self.params.get(...) and assign them to attributes",
            )
        ) from None
