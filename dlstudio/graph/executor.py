"""`Executor`: a symbol bound to arrays, as made by `Symbol.bind` and `Symbol.simple_bind`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval, aval_of
from dlstudio.core.device import Device
from dlstudio.core.tensor import NDArray
from dlstudio.errors import ArgumentError, GradError, GraphError, ParamError, ShapeError, explain
from dlstudio.graph import pipeline
from dlstudio.graph.compose import check_unique, topological
from dlstudio.graph.lower import input_avals, lower
from dlstudio.graph.program import Frame, Program
from dlstudio.trace import copies

if TYPE_CHECKING:
    from dlstudio.graph.ir import Graph
    from dlstudio.graph.memory import MemoryPlan
    from dlstudio.graph.symbol import Symbol

__all__ = ["Executor", "bind", "simple_bind"]

Array = Any
_REQS = ("write", "add", "null", "inplace")


def new_array(aval: Aval, device: Device) -> NDArray:
    """Zeros on `device`."""
    array = device.backend.empty(aval.shape, aval.dtype)
    array.fill(0)
    return NDArray._wrap(array, device)


def plain(array: Array, reason: str, device: Device) -> Array:
    """`array`, or a C-contiguous copy of it: plans read memory in order."""
    if array.flags.c_contiguous:
        return array
    copies.count(str(device), str(device), array.nbytes, reason)
    return array.copy(order="C")


class Executor:
    """A symbol with memory for its arguments, gradients and states, ready to run.

    Attributes
    ----------
    arg_arrays, grad_arrays, aux_arrays : list of NDArray
        In the order of `list_arguments` and `list_auxiliary_states`; a gradient not asked for
        is None.
    outputs : list of NDArray
        Overwritten by every `forward`.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.sym.var("x")
    >>> executor = (x * x).bind(mx.cpu(), {"x": mx.nd.array([3.0])}, {"x": mx.nd.zeros(1)})
    >>> float(executor.forward(is_train=True)[0].asscalar())
    9.0
    >>> executor.backward()
    >>> float(executor.grad_dict["x"].asscalar())
    6.0
    """

    def __init__(
        self, symbol: Symbol, ctx: Device, args: list[NDArray], grads: list[NDArray | None],
        aux: list[NDArray], grad_req: dict[str, str], group2ctx: Mapping[str, Any] | None,
    ) -> None:  # fmt: skip
        self._symbol, self._ctx, self._group2ctx = symbol, ctx, group2ctx
        self.arg_arrays, self.grad_arrays, self.aux_arrays = args, grads, aux
        self._arg_names, self._aux_names = symbol.list_arguments(), symbol.list_auxiliary_states()
        self._grad_req = grad_req
        self._runs: dict[tuple[bool, bool], _Run] = {}  # by mode, and whether it is monitored
        self._last: _Run | None = None
        self._monitor: tuple[Callable[[str, NDArray], None], bool] | None = None
        self._outputs: list[NDArray] | None = None

    # ---- arrays by name --------------------------------------------------------------------
    @property
    def arg_dict(self) -> dict[str, NDArray]:
        """Arguments by name."""
        return dict(zip(self._arg_names, self.arg_arrays, strict=True))

    @property
    def grad_dict(self) -> dict[str, NDArray | None]:
        """Gradients by argument name."""
        return dict(zip(self._arg_names, self.grad_arrays, strict=True))

    @property
    def aux_dict(self) -> dict[str, NDArray]:
        """Auxiliary states by name."""
        return dict(zip(self._aux_names, self.aux_arrays, strict=True))

    @property
    def output_dict(self) -> dict[str, NDArray]:
        """Outputs by name."""
        return dict(zip(self._symbol.list_outputs(), self.outputs, strict=True))

    @property
    def outputs(self) -> list[NDArray]:
        """Results of the last `forward` (zeros before the first)."""
        if self._outputs is None:
            run = self._run(train=False)
            self._outputs = [new_array(a, d) for a, d in run.heads]
        return self._outputs

    # ---- running ---------------------------------------------------------------------------
    def forward(self, is_train: bool = False, **kwargs: Any) -> list[NDArray]:
        """Compute the outputs.

        Parameters
        ----------
        is_train : bool
            Training mode, and keep what `backward` needs.
        **kwargs : NDArray
            New values of arguments, copied into the bound arrays.

        Raises
        ------
        ArgumentError, ShapeError
            If a name or a shape does not fit.
        """
        if kwargs:
            self._set_arguments(kwargs)
        run = self._run(train=bool(is_train))
        run.forward()
        self._last = run if is_train else None
        return self.outputs

    def backward(self, out_grads: Any = None, is_train: bool = True) -> None:
        """Write the gradients of the outputs, weighted by `out_grads`, into `grad_arrays`.

        Parameters
        ----------
        out_grads : NDArray or list of NDArray, optional
            One per output; ones if not given. Output operators such as SoftmaxOutput ignore it.

        Raises
        ------
        GradError
            If no `forward(is_train=True)` came before.
        """
        run = self._last
        if run is None:
            raise GradError(
                explain(
                    "executor.backward() was called without a forward pass in training mode before.",
                    "values kept by the forward pass.",
                    "executor.forward(is_train=True)",
                )
            )
        given = [out_grads] if isinstance(out_grads, NDArray) else out_grads
        run.backward(given)

    def _set_arguments(self, values: Mapping[str, Any]) -> None:
        arguments = self.arg_dict
        for name, value in values.items():
            target = arguments.get(name)
            if target is None:
                raise ArgumentError(
                    explain(f"the executor has no argument {name!r}.", f"one of {self._arg_names}.")
                )
            if not isinstance(value, NDArray):
                value = NDArray(np.asarray(value), target.context, target._data.dtype)  # noqa: PLW2901
            if value.shape != target.shape:
                raise ShapeError(
                    explain(
                        f"argument {name!r} was bound with shape {target.shape}, and given {value.shape}.",
                        "the bound shape.",
                        f"executor.reshape({name}={value.shape})",
                    )
                )
            if value is not target:
                copies.count(
                    str(value.context), str(target.context), value.nbytes, f"forward({name}=...)"
                )
                target._overwrite(value)

    def _run(self, *, train: bool) -> _Run:
        key = (train, self._monitor is not None)
        run = self._runs.get(key)
        if run is None:
            # a monitor wants to see every node's output: nothing is fused for it
            with pipeline.without(*(("fuse",) if key[1] else ())):
                run = self._runs[key] = _Run(self, train=train)
        return run

    # ---- parameters ------------------------------------------------------------------------
    def copy_params_from(
        self, arg_params: Mapping[str, Any], aux_params: Mapping[str, Any] | None = None,
        allow_extra_params: bool = False,
    ) -> None:  # fmt: skip
        """Copy values into arguments and auxiliary states by name.

        Raises
        ------
        ArgumentError
            If a name is not there, unless `allow_extra_params`.
        """
        for given, mine, what in (
            (arg_params, self.arg_dict, "argument"),
            (aux_params or {}, self.aux_dict, "auxiliary state"),
        ):
            for name, value in given.items():
                if name in mine:
                    mine[name]._overwrite(value.astype(mine[name].dtype))
                elif not allow_extra_params:
                    raise ArgumentError(
                        explain(
                            f"the executor has no {what} {name!r}.",
                            f"one of {list(mine)}.",
                            "copy_params_from(..., allow_extra_params=True)",
                        )
                    )

    def reshape(
        self, partial_shaping: bool = False, allow_up_sizing: bool = False, **kwargs: Any
    ) -> Executor:
        """Return an executor for new input shapes that shares all arrays whose shape stays.

        Raises
        ------
        ShapeError
            If an array not named in `kwargs` would change its shape (allowed by
            `partial_shaping`), or an array would grow (allowed by `allow_up_sizing`).
        """
        shapes = {n: tuple(s) for n, s in kwargs.items()}
        avals = input_avals(
            self._symbol, shapes, {n: a._data.dtype for n, a in self.arg_dict.items()}
        )

        def fitted(name: str, old: NDArray, *, may_change: bool) -> NDArray:
            aval = avals[name]
            if old.shape == aval.shape:
                return old
            grows = aval.size > old.size
            if not may_change or (grows and not allow_up_sizing):
                option = "allow_up_sizing" if may_change else "partial_shaping"
                raise ShapeError(
                    explain(
                        f"reshape changes {name!r} from {old.shape} to {aval.shape}.",
                        fix=f"executor.reshape({option}=True, ...)",
                    )
                )
            return new_array(Aval(aval.shape, old._data.dtype), old.context)

        args = [
            fitted(n, a, may_change=n in shapes or partial_shaping)
            for n, a in self.arg_dict.items()
        ]
        grads = [
            g if g is None or g.shape == a.shape else new_array(aval_of(a._data), a.context)
            for g, a in zip(self.grad_arrays, args, strict=True)
        ]
        aux = [fitted(n, a, may_change=partial_shaping) for n, a in self.aux_dict.items()]
        return Executor(self._symbol, self._ctx, args, grads, aux, self._grad_req, self._group2ctx)

    # ---- looking inside --------------------------------------------------------------------
    def plan(self, train: bool = True) -> Program:
        """The compiled program of a mode, with `.source`, `.memory` and `.graph`."""
        return self._run(train=train).program

    @property
    def _shown(self) -> Program:
        wants_training = any(req != "null" for req in self._grad_req.values())
        return self.plan(train=wants_training)

    @property
    def source(self) -> str:
        """The generated Python text that runs (training, if gradients were asked for)."""
        return self._shown.source

    @property
    def memory(self) -> MemoryPlan:
        """The memory plan."""
        return self._shown.memory

    @property
    def graph(self) -> Graph:
        """The graph after all passes."""
        return self._shown.graph

    def debug_str(self) -> str:
        """List the symbol's nodes and the memory that the plan allocates."""
        mega = self.memory.arena_bytes >> 20
        return f"{self._symbol.debug_str()}\nTotal {mega} MB allocated\n"

    def get_optimized_symbol(self) -> Symbol:
        """Return the symbol; passes work on `graph`, not on symbols."""
        return self._symbol

    def set_monitor_callback(
        self, callback: Callable[[str, NDArray], None] | None, monitor_all: bool = False
    ) -> None:
        """Call ``callback(name, array)`` with every operator's output at each step.

        Parameters
        ----------
        callback : function, or None to stop
        monitor_all : bool
            Also with every operator's inputs.
        """
        self._monitor = None if callback is None else (callback, monitor_all)
        for run in self._runs.values():
            run.monitored = None


class _Run:
    """One mode of an executor: its program, its frame, and where the arrays come from."""

    def __init__(self, owner: Executor, *, train: bool) -> None:
        self.owner = owner
        names = [*owner._arg_names, *owner._aux_names]
        arrays = [*owner.arg_arrays, *owner.aux_arrays]
        avals = {n: aval_of(a._data) for n, a in zip(names, arrays, strict=True)}
        graph = lower(owner._symbol, avals=avals, training=train, group2ctx=owner._group2ctx)
        requests = {n: r for n, r in owner._grad_req.items() if r != "null"} if train else {}
        pinned = {n: str(a.context) for n, a in zip(names, arrays, strict=True)}
        graph = pipeline.compile_graph(graph, requests, device=str(owner._ctx), pinned=pinned)
        self.program = Program(graph, owner._symbol.name or "group")
        self.frame: Frame = self.program.frame()
        self.requests = requests
        self.monitored: Callable[[str], Callable[..., None]] | None = None
        self._ones: list[Array] | None = None
        self._find_sources()

    def _find_sources(self) -> None:
        """For each external value of the program: the function that fetches its array."""
        owner, graph = self.owner, self.program.graph
        self.heads = [
            (graph.avals[v], self.program.devices[graph.devices[v]])
            for v in graph.outputs[: graph.heads]
        ]
        arguments, states, grads = owner.arg_dict, owner.aux_dict, owner.grad_dict
        self.readers: dict[int, NDArray] = {}
        self.head_inputs: list[tuple[int, int]] = []  # (value, number of output)
        names = self.owner._symbol.list_outputs()
        for x in graph.inputs:
            if x.kind == "argument":
                self.readers[x.value] = arguments[x.name]
            elif x.kind == "auxiliary":
                self.readers[x.value] = states[x.name]
            elif x.kind == "gradient":
                self.readers[x.value] = grads[x.name.removesuffix("_old_grad")]  # type: ignore[assignment]
        order = [x.value for x in graph.inputs if x.kind == "head_gradient"]
        self.head_inputs = list(zip(order, range(len(names)), strict=False))
        self.written = [s for s in states.values()] if self.requests else []
        self.grads = {
            v: grads[n] for n, v in zip(self.requests, graph.outputs[graph.heads :], strict=True)
        }  # fmt: skip

    def _arrays(self, half: str, heads: Mapping[int, Array]) -> list[Array]:
        outputs = dict(zip(self.program.graph.outputs, self.owner.outputs, strict=False))
        found: list[Array] = []
        for value in self.program.params[half]:
            tensor = self.readers.get(value)
            if tensor is None:
                tensor = self.grads.get(value)
            if tensor is None:
                tensor = outputs.get(value)
            if tensor is not None:
                found.append(plain(tensor._data, "executor input", tensor.context))
            else:
                found.append(heads[value])
        return found

    def forward(self) -> None:
        """Run the forward half."""
        for out in self.owner.outputs:
            out._prepare_write()
        self._execute("forward", self._arrays("forward", {}))

    def backward(self, given: Sequence[Any] | None) -> None:
        """Run the backward half with the given head gradients."""
        for tensor in [*self.written, *self.grads.values()]:
            if tensor is not None:
                tensor._prepare_write()
        heads = self._heads(given)
        if "backward" in self.program.params:
            self._execute("backward", self._arrays("backward", heads))

    def _heads(self, given: Sequence[Any] | None) -> dict[int, Array]:
        if given is None:
            if self._ones is None:
                self._ones = [d.xp.ones(a.shape, a.dtype) for a, d in self.heads]
            return {value: self._ones[i] for value, i in self.head_inputs}
        if len(given) != len(self.heads):
            raise GradError(
                explain(
                    f"backward was given {len(given)} head gradients for {len(self.heads)} outputs.",
                    "one per output.",
                )
            )
        for g, (aval, _) in zip(given, self.heads, strict=True):
            if g.shape != aval.shape:
                raise ShapeError(
                    explain(
                        f"a head gradient has shape {g.shape}, its output {aval.shape}.",
                        "equal shapes.",
                    )
                )
        devices = self.program.graph.devices
        return {
            value: plain(
                given[i].as_in_context(self.program.devices[devices[value]])._data.astype(self.heads[i][0].dtype, copy=False),
                "head gradient", given[i].context,
            )
            for value, i in self.head_inputs
        }  # fmt: skip

    def _execute(self, half: str, arrays: list[Array]) -> None:
        monitor = self.owner._monitor
        if monitor is None:
            self.frame.run(half, arrays)
            return
        if self.monitored is None:
            self.monitored = self.frame.observed(_Monitor(self.program, *monitor))
        self.monitored(half)(*arrays)


class _Monitor:
    """Hands every step's arrays to a user's callback."""

    def __init__(
        self, program: Program, callback: Callable[[str, NDArray], None], inputs: bool
    ) -> None:
        self.program, self.callback, self.inputs = program, callback, inputs
        # a node written as several equations reports the last of them, its output
        self.final = {e.name: k for k, e in enumerate(program.graph.eqns) if e.role == "forward"}

    def __call__(self, step: int, start: int, arrays: tuple[Array, ...]) -> None:
        eqn = self.program.graph.eqns[step]
        if self.final.get(eqn.name) != step:
            return
        device = self.program.devices[eqn.device]
        count = len(eqn.reads)
        if self.inputs:
            for i, array in enumerate(arrays[:count]):
                self.callback(f"{eqn.name}_input{i}", NDArray._wrap(array.copy(), device))
        self.callback(f"{eqn.name}_output", NDArray._wrap(arrays[count].copy(), device))


# ---- binding ---------------------------------------------------------------------------------
def _listed(given: Any, names: list[str], what: str, *, partial: bool = False) -> list[Any]:
    """Arrays in the order of `names`, from a list or a dict."""
    if given is None:
        given = {}
    if isinstance(given, Mapping):
        missing = [n for n in names if n not in given]
        if missing and not partial:
            raise GraphError(
                explain(
                    f"bind: no array was given for {what} {missing[0]!r}.",
                    f"arrays for all of {names}.",
                    "simple_bind, which makes them",
                )
            )
        return [given.get(n) for n in names]
    if len(given) != len(names):
        raise GraphError(
            explain(f"bind: {len(given)} arrays were given for {len(names)} {what}s.", f"{names}.")
        )
    return list(given)


def requests_of(grad_req: Any, names: list[str]) -> dict[str, str]:
    """`grad_req` per argument, from one word, a list, or a dict.

    Raises
    ------
    ParamError
        If a request is none of "write", "add", "null".
    """
    if isinstance(grad_req, str):
        found = dict.fromkeys(names, grad_req)
    elif isinstance(grad_req, Mapping):
        found = {n: grad_req.get(n, "null") for n in names}
    else:
        found = dict(zip(names, grad_req, strict=True))
    for name, req in found.items():
        if req not in _REQS:
            raise ParamError(
                f"bind: parameter grad_req of {name!r} must be one of {_REQS[:3]}. Got {req!r}."
            )
    return {n: "write" if r == "inplace" else r for n, r in found.items()}


def bind(
    symbol: Symbol, ctx: Any, args: Any, args_grad: Any = None, grad_req: Any = "write",
    aux_states: Any = None, group2ctx: Mapping[str, Any] | None = None, shared_exec: Any = None,
) -> Executor:  # fmt: skip
    """Bind `symbol` to the arrays given; they are used as they are, without a copy.

    Parameters
    ----------
    ctx : Device
    args, args_grad, aux_states : list or dict of NDArray
        Gradients left out are not computed.
    grad_req : {"write", "add", "null"}, or a list or dict of these
    group2ctx : dict of Device
        Device of each ``ctx_group``.
    shared_exec : Executor, optional
        Accepted for MXNet programs; executors of one symbol share parameters by sharing arrays.

    Raises
    ------
    GraphError
        If an argument has no array.
    ShapeError, DTypeError
        If the arrays do not fit the graph.
    """
    check_unique(topological(symbol.outputs_))
    names = symbol.list_arguments()
    arguments = _listed(args, names, "argument")
    grads = (
        _listed(args_grad, names, "gradient", partial=True)
        if args_grad is not None
        else [None] * len(names)
    )
    states = _listed(aux_states, symbol.list_auxiliary_states(), "auxiliary state")
    requests = requests_of(grad_req, names)
    requests = {
        n: r if g is not None else "null" for (n, r), g in zip(requests.items(), grads, strict=True)
    }
    _check(symbol, names, arguments, grads, requests)
    return Executor(symbol, Device(ctx), arguments, grads, states, requests, group2ctx)


def _check(
    symbol: Symbol,
    names: list[str],
    arguments: list[Any],
    grads: list[Any],
    requests: Mapping[str, str],
) -> None:
    for name, array, grad in zip(names, arguments, grads, strict=True):
        if not isinstance(array, NDArray):
            raise GraphError(
                f"bind: argument {name!r} must be an NDArray. Got {type(array).__name__}."
            )
        if grad is not None and requests[name] != "null" and grad.shape != array.shape:
            raise ShapeError(
                explain(
                    f"bind: argument {name!r} has shape {array.shape}, its gradient array {grad.shape}.",
                    "equal shapes.",
                )
            )
    # contradictions show here, with the names of nodes, and not at the first forward
    input_avals(symbol, {n: a.shape for n, a in zip(names, arguments, strict=True)},
                {n: a._data.dtype for n, a in zip(names, arguments, strict=True)})  # fmt: skip


def simple_bind(
    symbol: Symbol, ctx: Any, grad_req: Any, type_dict: Mapping[str, Any] | None,
    group2ctx: Mapping[str, Any] | None, shared_exec: Executor | None,
    shared_buffer: dict[str, Any] | None, shapes: Mapping[str, Any],
) -> Executor:  # fmt: skip
    """Infer shapes from those given, make all arrays (zeros), and bind.

    Parameters
    ----------
    grad_req : {"write", "add", "null"}, or a list or dict of these
    type_dict : dict of dtype, by argument name
    shared_exec : Executor, optional
        Arrays of equal name and shape are taken from it.
    shared_buffer : dict of NDArray, optional
        Taken from and added to likewise.
    shapes : dict of tuple

    Raises
    ------
    ShapeError
        If a shape stays unknown; the message names the variable.
    """
    check_unique(topological(symbol.outputs_))
    names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
    symbol._by_name((), shapes)
    avals = input_avals(symbol, {n: tuple(s) for n, s in shapes.items()}, type_dict or {})
    requests, places = requests_of(grad_req, names), _places(symbol, Device(ctx), group2ctx)
    old_args = {**(shared_exec.arg_dict if shared_exec else {}), **(shared_buffer or {})}
    old_aux = shared_exec.aux_dict if shared_exec else {}

    def made(name: str, old: Mapping[str, Any]) -> NDArray:
        found = old.get(name)
        if found is not None and found.shape == avals[name].shape and found.context == places[name]:
            return found
        return new_array(avals[name], places[name])

    args = [made(n, old_args) for n in names]
    if shared_buffer is not None:
        shared_buffer.update(zip(names, args, strict=True))
    grads = [new_array(avals[n], places[n]) if requests[n] != "null" else None for n in names]
    aux = [made(n, old_aux) for n in states]
    return Executor(symbol, Device(ctx), args, grads, aux, requests, group2ctx)


def _places(
    symbol: Symbol, default: Device, group2ctx: Mapping[str, Any] | None
) -> dict[str, Device]:
    found: dict[str, Device] = {}
    for node in topological(symbol.outputs_):
        if node.is_variable:
            group = node.raw.get("__ctx_group__", "")
            found[node.name] = Device((group2ctx or {}).get(group, default))
    return found
