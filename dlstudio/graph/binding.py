"""`Symbol.bind` and `Symbol.simple_bind`: from a symbol and arrays to an `Executor`."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlstudio.core import params
from dlstudio.core.device import Device
from dlstudio.core.tensor import NDArray
from dlstudio.core.unknown import stated
from dlstudio.errors import GraphError, OutOfMemoryError, ParamError, ShapeError, explain
from dlstudio.graph.arenas import Arenas
from dlstudio.graph.compose import check_unique, label, topological
from dlstudio.graph.executor import Executor
from dlstudio.graph.lower import input_avals
from dlstudio.graph.sparse_executor import (
    executor_class,
    gradient_storages,
    storages,
    zeros_in,
)

if TYPE_CHECKING:
    from dlstudio.core.avals import Aval
    from dlstudio.graph.symbol import Symbol

__all__ = ["bind", "requests_of", "simple_bind"]

_REQS = ("write", "add", "null", "inplace")
_SHAPE, _DTYPE = params.Shape(-1), params.DType()


def _listed(
    symbol: Symbol, given: Any, names: list[str], what: str, *, partial: bool = False
) -> list[Any]:
    """Arrays in the order of `names`, from a list or a dict."""
    if given is None:
        given = {}
    if isinstance(given, Mapping):
        missing = [n for n in names if n not in given]
        if missing and not partial:
            raise GraphError(
                explain(
                    f"bind: no array was given for {what} {missing[0]!r}, "
                    f"which {_reader(symbol, missing[0])} reads.",
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


def _reader(symbol: Symbol, name: str) -> str:
    """Say who reads a variable."""
    nodes = topological(symbol.outputs_)
    users = (n for n in nodes if any(child.name == name for child, _ in n.inputs))
    user = next(users, None)
    return "the caller" if user is None else label(user)


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
    elif len(grad_req) == len(names):
        found = dict(zip(names, grad_req, strict=True))
    else:
        raise ParamError(
            explain(
                f"bind: grad_req has {len(grad_req)} entries for {len(names)} arguments.",
                f"one word for each of {names}.",
                f'grad_req={{{names[0]!r}: "write"}}, which leaves out the others',
            )
        )
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
        Run in its arenas, in turn: together they take what the larger of the two needs.

    Raises
    ------
    GraphError
        If an argument has no array.
    ShapeError, DTypeError
        If the arrays do not fit the graph.
    """
    check_unique(topological(symbol.outputs_))
    _check_groups(group2ctx)
    names = symbol.list_arguments()
    arguments = _listed(symbol, args, names, "argument")
    grads: list[Any] = (
        _listed(symbol, args_grad, names, "gradient", partial=True)
        if args_grad is not None
        else [None] * len(names)
    )
    states = _listed(symbol, aux_states, symbol.list_auxiliary_states(), "auxiliary state")
    requests = requests_of(grad_req, names)
    requests = {
        n: r if g is not None else "null" for (n, r), g in zip(requests.items(), grads, strict=True)
    }
    _check(names, arguments, grads, requests)
    _check_graph(symbol, [*names, *symbol.list_auxiliary_states()], [*arguments, *states])
    kind = executor_class(symbol, storages(symbol, None), [*arguments, *grads])
    return kind(
        symbol, Device(ctx), arguments, grads, states, requests, group2ctx,
        arenas=_arenas(shared_exec),
    )  # fmt: skip


def _check_groups(group2ctx: Any) -> None:
    if group2ctx is not None and not isinstance(group2ctx, Mapping):
        raise ParamError(
            explain(
                f"bind: group2ctx is a {type(group2ctx).__name__}.",
                "a dict with the device of each ctx_group.",
                'group2ctx={"stage1": mx.cpu(0), "stage2": mx.cpu(1)}',
            )
        )


def _arenas(shared: Executor | None) -> Arenas | None:
    return None if shared is None else shared._arenas


def _check(
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
                    f"bind: argument {name!r} has shape {array.shape}, "
                    f"its gradient array {grad.shape}.",
                    "equal shapes.",
                )
            )


def _check_graph(symbol: Symbol, names: list[str], arrays: list[Any]) -> None:
    """Let contradictions show when binding, with the names of nodes, not at the first forward."""
    shapes = {n: a.shape for n, a in zip(names, arrays, strict=True)}
    input_avals(symbol, shapes, {n: a.dtype for n, a in zip(names, arrays, strict=True)})


def simple_bind(
    symbol: Symbol, ctx: Any, grad_req: Any, type_dict: Mapping[str, Any] | None,
    group2ctx: Mapping[str, Any] | None, shared_exec: Executor | None,
    shared_buffer: dict[str, Any] | None, shapes: Mapping[str, Any],
    stype_dict: Mapping[str, str] | None = None,
) -> Executor:  # fmt: skip
    """Infer shapes from those given, make all arrays (zeros), and bind.

    Parameters
    ----------
    grad_req : {"write", "add", "null"}, or a list or dict of these
    type_dict : dict of dtype, by argument name
    shared_exec : Executor, optional
        Arrays of equal name and shape are taken from it; both run in the same arenas, in turn.
    shared_buffer : dict of NDArray, optional
        Taken from and added to likewise.
    shapes : dict of tuple
    stype_dict : dict of str, by argument name
        Storage of arguments: "default", "row_sparse" or "csr". With sparse ones the executor runs
        operator by operator.

    Raises
    ------
    ShapeError
        If a shape stays unknown; the message names the variable.
    """
    check_unique(topological(symbol.outputs_))
    _check_groups(group2ctx)
    names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
    avals = _inferred(symbol, shapes, _dtypes(type_dict or {}))
    requests, places = requests_of(grad_req, names), _places(symbol, Device(ctx), group2ctx)
    old_args = {**(shared_exec.arg_dict if shared_exec else {}), **(shared_buffer or {})}
    old_aux = shared_exec.aux_dict if shared_exec else {}
    stypes = storages(symbol, stype_dict)
    grad_stypes = gradient_storages(symbol, stypes)

    def made(name: str, old: Mapping[str, Any]) -> NDArray:
        found, stype = old.get(name), stypes.get(name, "default")
        if (
            found is not None
            and found.shape == avals[name].shape
            and (found.context, found.stype) == (places[name], stype)
        ):
            return found
        return zeros(name, stype)

    def zeros(name: str, stype: str) -> NDArray:
        try:
            return zeros_in(stype, avals[name], places[name])
        except OutOfMemoryError as error:
            raise OutOfMemoryError(f"simple_bind: {name!r} is {error}") from None

    args = [made(n, old_args) for n in names]
    if shared_buffer is not None:
        shared_buffer.update(zip(names, args, strict=True))
    grads = [zeros(n, grad_stypes[n]) if requests[n] != "null" else None for n in names]
    aux = [made(n, old_aux) for n in states]
    kind = executor_class(symbol, stypes, [*args, *grads])
    return kind(
        symbol, Device(ctx), args, grads, aux, requests, group2ctx, arenas=_arenas(shared_exec)
    )


def _inferred(
    symbol: Symbol, shapes: Mapping[str, Any], dtypes: Mapping[str, Any]
) -> dict[str, Aval]:
    """Avals of all variables. A 0 that nothing else tells the size of is an empty batch."""
    given = {n: _SHAPE.parse(s, f"simple_bind: shape of {n!r}") for n, s in shapes.items()}
    known = {name: stated(shape) for name, shape in given.items()}
    if any(0 in shape and stated(shape) != shape for shape in given.values()):
        with contextlib.suppress(ShapeError):
            return input_avals(symbol, known, dtypes)
        known = given
    try:
        found = input_avals(symbol, known, dtypes)
    except ShapeError:
        symbol._by_name((), shapes)  # a misspelt name explains it better
        raise
    _mention_lost(symbol, shapes)
    return found


def _mention_lost(symbol: Symbol, shapes: Mapping[str, Any]) -> None:
    """Say that shapes are stated of what the symbol does not read, such as a label it has lost."""
    lost = sorted({*shapes} - {*symbol.list_arguments(), *symbol.list_auxiliary_states()})
    if lost:
        warnings.warn(
            f"simple_bind: the symbol has no argument {lost[0]!r}, only {symbol.list_arguments()}.",
            stacklevel=5,
        )


def _dtypes(given: Mapping[str, Any]) -> dict[str, Any]:
    return {n: _DTYPE.parse(d, f"simple_bind: dtype of {n!r}") for n, d in given.items()}


def _places(
    symbol: Symbol, default: Device, group2ctx: Mapping[str, Any] | None
) -> dict[str, Device]:
    found: dict[str, Device] = {}
    for node in topological(symbol.outputs_):
        if node.is_variable:
            group = node.raw.get("__ctx_group__", "")
            found[node.name] = Device((group2ctx or {}).get(group, default))
    return found
