"""Symbols, models and blocks with the casts of mixed precision written into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dlstudio.amp.lists import low_dtype, make_policy
from dlstudio.core.node import Node
from dlstudio.core.registry import OPS
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.symbol_block import SymbolBlock
from dlstudio.graph.compose import Output, topological
from dlstudio.graph.passes.amp import Policy
from dlstudio.graph.symbol import Symbol

__all__ = ["convert_hybrid_block", "convert_model", "convert_symbol"]

LOW, WIDE = "low", "wide"
_FILE_DTYPES = {"float16": "2", "bfloat16": "bfloat16"}  # files hold MXNet's numbers of dtypes


def convert_symbol(
    sym: Symbol, target_dtype: Any = "float16", target_dtype_ops: Iterable[str] | None = None,
    fp32_ops: Iterable[str] | None = None, conditional_fp32_ops: Iterable[Any] | None = None,
    excluded_sym_names: Iterable[str] | None = None, data_names: Iterable[str] | None = None,
    cast_optional_params: bool = False,
) -> Symbol:  # fmt: skip
    """Write the casts of mixed precision into a symbol, as `amp_cast` and `amp_multicast`.

    Parameters
    ----------
    sym : Symbol
    target_dtype : {"float16", "bfloat16"}
    target_dtype_ops, fp32_ops : list of str, optional
        Operators that run in 16 or in 32 bits, besides those of `list_lp16_ops`, `list_fp32_ops`.
    conditional_fp32_ops : list of (operator, parameter, values), optional
        Default: `list_conditional_fp32_ops`.
    excluded_sym_names : list of str, optional
        Nodes that are left alone.
    data_names : list of str, optional
        Variables that are data and not parameters; needed for `cast_optional_params`.
    cast_optional_params : bool
        Let parameters that are only read in 16 bits be 16-bit variables, which need no cast.

    Returns
    -------
    Symbol
        With the same arguments. ``tojson(remove_amp_cast=False)`` keeps the casts in files.

    Raises
    ------
    ParamError
        If a dtype, an operator or a name is unknown.
    """
    if not isinstance(sym, Symbol):
        raise ParamError(f"convert_symbol: parameter sym must be a Symbol. Got {type(sym)}.")
    excluded = _known(excluded_sym_names, {n.name for n in topological(sym.outputs_)})
    data = _known(data_names, set(sym.list_inputs()))
    policy = make_policy(target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded)
    work = _Conversion(policy)
    if cast_optional_params:
        work.lower_parameters(sym, data)
    for node in topological(sym.outputs_):
        work.visit(node)
    return Symbol(tuple(work.moved(edge) for edge in sym.outputs_))


def _known(names: Iterable[str] | None, known: set[str]) -> frozenset[str]:
    found = frozenset((names,) if isinstance(names, str) else names or ())
    unknown = sorted(found - known)
    if unknown:
        raise ParamError(
            explain(
                f"amp: the symbol has no node called {unknown[0]!r}.",
                f"names such as {', '.join(sorted(known)[:6])}.",
            )
        )
    return found


class _Conversion:
    """The new nodes so far, and whether each output is in 16 or in 32 bits."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.new: dict[int, Node] = {}
        self.width: dict[int, str] = {}  # by id of an old node
        self.casts: dict[tuple[int, int, str], Output] = {}
        self.low_variables: set[int] = set()

    def moved(self, edge: Output) -> Output:
        """The output of the new node that stands for an old one."""
        return self.new[id(edge[0])], edge[1]

    # ---- parameters ----------------------------------------------------------------------
    def lower_parameters(self, sym: Symbol, data: frozenset[str]) -> None:
        """Find variables all of whose readers want 16 bits."""
        wants: dict[int, set[str]] = {}
        for node in topological(sym.outputs_):
            for child, _ in node.inputs:
                if child.is_variable and child.name not in data:
                    wants.setdefault(id(child), set()).add(self._kind(node))
        self.low_variables = {key for key, kinds in wants.items() if kinds == {"fp16"}}

    def _kind(self, node: Node) -> str:
        assert node.op is not None
        return self.policy.kind(node.op, node.attrs, node.name)

    # ---- nodes ---------------------------------------------------------------------------
    def visit(self, node: Node) -> None:
        """Write a node again, with casts before it."""
        if node.is_variable:
            self._variable(node)
            return
        assert node.op is not None
        kind, edges = self._kind(node), [self.moved(e) for e in node.inputs]
        widths = [self.width[id(child)] for child, _ in node.inputs]
        states = {node.op.inputs.index(name) for name in node.op.aux}
        parts = [i for i in range(len(edges)) if i not in states]
        target = {"fp16": LOW, "fp32": WIDE}.get(kind)
        if target is not None:
            for i in parts:
                if widths[i] != target:
                    edges[i] = self._cast(edges[i], target)
        elif kind and len({widths[i] for i in parts}) > 1:
            edges, target = self._widest(node, edges, parts), WIDE
        self.width[id(node)] = target or (widths[0] if widths else WIDE)
        self.new[id(node)] = Node(
            node.op, tuple(edges), node.attrs, node.name, node.raw, node.span, node.scope
        )

    def _variable(self, node: Node) -> None:
        is_low = id(node) in self.low_variables
        self.width[id(node)] = LOW if is_low else WIDE
        if not is_low:
            self.new[id(node)] = node
            return
        raw = {**node.raw, "__dtype__": _FILE_DTYPES[self.policy.dtype]}
        self.new[id(node)] = Node(None, (), {}, node.name, raw, node.span, node.scope)

    def _cast(self, edge: Output, width: str) -> Output:
        dtype = self.policy.dtype if width == LOW else "float32"
        key = (id(edge[0]), edge[1], dtype)
        if key not in self.casts:
            number = f"{edge[1]}_" if edge[0].n_visible > 1 else ""
            name = f"{edge[0].name}_{number}amp_cast_{dtype}"
            raw = {"dtype": dtype}
            self.casts[key] = Node(OPS["amp_cast"], (edge,), {"dtype": dtype}, name, raw), 0
        return self.casts[key]

    def _widest(self, node: Node, edges: Sequence[Output], parts: Sequence[int]) -> list[Output]:
        """Cast operands to the widest dtype among them."""
        attrs = {"num_outputs": len(parts), "cast_narrow": False}
        raw = {"num_outputs": str(len(parts))}
        joint = Node(
            OPS["amp_multicast"], tuple(edges[i] for i in parts), attrs,
            f"{node.name}_amp_multicast", raw,
        )  # fmt: skip
        found = list(edges)
        for k, i in enumerate(parts):
            found[i] = (joint, k)
        return found


# ---- models ------------------------------------------------------------------------------------
def convert_model(
    sym: Symbol, arg_params: Mapping[str, Any], aux_params: Mapping[str, Any],
    target_dtype: Any = "float16", target_dtype_ops: Iterable[str] | None = None,
    fp32_ops: Iterable[str] | None = None, conditional_fp32_ops: Iterable[Any] | None = None,
    excluded_sym_names: Iterable[str] | None = None, cast_optional_params: bool = False,
) -> tuple[Symbol, dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Convert a symbol with its parameters; see `convert_symbol`.

    Returns
    -------
    sym, arg_params, aux_params
        With `cast_optional_params`, parameters that are only read in 16 bits are in 16 bits.

    Raises
    ------
    ParamError
        As `convert_symbol`.
    """
    for name, given in (("arg_params", arg_params), ("aux_params", aux_params)):
        if not isinstance(given, Mapping):
            raise ParamError(f"convert_model: parameter {name} must be a dict. Got {type(given)}.")
    known = {*arg_params, *aux_params}
    data = [n for n in sym.list_inputs() if n not in known]
    new = convert_symbol(
        sym, target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded_sym_names,
        data, cast_optional_params,
    )  # fmt: skip
    low, notes = low_dtype(target_dtype), new.attr_dict()
    lowered = {n for n, note in notes.items() if note.get("__dtype__") == _FILE_DTYPES[low]}
    args = {n: a.astype(low) if n in lowered else a for n, a in arg_params.items()}
    return new, args, dict(aux_params)


def convert_hybrid_block(
    block: Any, target_dtype: Any = "float16", target_dtype_ops: Iterable[str] | None = None,
    fp32_ops: Iterable[str] | None = None, conditional_fp32_ops: Iterable[Any] | None = None,
    excluded_sym_names: Iterable[str] | None = None, ctx: Any = None,
    cast_optional_params: bool = False, *, device: Any = None, cast_params_offline: bool = False,
) -> SymbolBlock:  # fmt: skip
    """Convert a block that was hybridized and called; see `convert_symbol`.

    Parameters
    ----------
    block : HybridBlock
    ctx, device : Device, optional
        Where the new block's parameters lie; default: where those of `block` do.
    cast_optional_params, cast_params_offline : bool
        See `convert_symbol`; MXNet 1 and 2 have a name each.

    Returns
    -------
    SymbolBlock
        With parameters of its own.

    Raises
    ------
    ParamError
        As `convert_symbol`.
    InitError
        If the block was not called yet, so that its graph is not known.
    """
    from dlstudio.gluon.block import Block
    from dlstudio.gluon.hybrid import HybridBlock

    if not isinstance(block, HybridBlock):
        what = "a Block, which has no graph" if isinstance(block, Block) else f"{type(block)}"
        raise ParamError(
            f"convert_hybrid_block: parameter block must be a HybridBlock. Got {what}."
        )
    names, symbol, values = block._exported()
    states = set(symbol.list_auxiliary_states())
    arguments = {n: v for n, v in values.items() if n not in states}
    new, args, aux = convert_model(
        symbol, arguments, {n: v for n, v in values.items() if n in states}, target_dtype,
        target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded_sym_names,
        cast_optional_params or cast_params_offline,
    )  # fmt: skip
    return _block_of(new, names, {**args, **aux}, device or ctx)


def _block_of(symbol: Symbol, names: Sequence[str], values: Mapping[str, Any], ctx: Any) -> Any:
    from dlstudio import sym

    result = SymbolBlock(symbol, [sym.var(name) for name in names])
    for name, parameter in result.collect_params().items():
        value = values[name]
        parameter.cast(value.dtype)
        parameter._load_init(value.asnumpy(), ctx or value.context)
    result.hybridize()
    return result
