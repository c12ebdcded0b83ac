"""The class `Symbol`; functions that make symbols stand in `dlstudio.graph.symbol`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.node import Node, current_scope
from dlstudio.errors import (
    ArgumentError,
    GraphError,
    ParamError,
    explain,
)
from dlstudio.graph.compose import (
    Output,
    auxiliary,
    check_unique,
    copied,
    output_names,
    replace,
    topological,
)
from dlstudio.graph.inferring import Inferring
from dlstudio.graph.refusals import install, lacks, mention_rows, no_elements, no_such_output
from dlstudio.graph.scopes import HIDDEN_KEYS, NameManager, annotation, hidden

if TYPE_CHECKING:
    from dlstudio.graph.executor import Executor

__all__ = ["Symbol"]


class Symbol(Inferring):
    """Outputs of a computation that has not run.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.sym.var("x")
    >>> y = mx.sym.FullyConnected(x, num_hidden=3, name="fc")
    >>> y.list_arguments()
    ['x', 'fc_weight', 'fc_bias']
    """

    __slots__ = ("outputs_",)
    __array_priority__ = 1000.0
    outputs_: tuple[Output, ...]

    def __init__(self, outputs: Sequence[Output]) -> None:
        self.outputs_ = tuple(outputs)

    @classmethod
    def _of(cls, node: Node) -> Symbol:
        return cls(tuple((node, i) for i in range(node.n_visible)))

    # ---- names and attributes --------------------------------------------------------------
    @property
    def name(self) -> str | None:
        """Name of the node, or None for a group of several."""
        nodes = {id(node) for node, _ in self.outputs_}
        return self.outputs_[0][0].name if len(nodes) == 1 else None

    @property
    def _node(self) -> Node:
        """The one node behind this symbol."""
        if self.name is None:
            raise GraphError(
                explain(
                    f"a group of {len(self.outputs_)} symbols was used where one is needed.",
                    fix="pick one, for example group[0]",
                )
            )
        return self.outputs_[0][0]

    def attr(self, key: str) -> str | None:
        """Attribute `key` of this node as a string, or None."""
        raw = self._node.raw
        return raw.get(key, raw.get(annotation(key)))

    def list_attr(self, recursive: bool = False) -> dict[str, str]:
        """Return all attributes of this node."""
        if recursive:
            raise ParamError("list_attr: recursive listing is attr_dict(). Got recursive=True.")
        return _both_spellings(self._node.raw)

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """Attributes of every node below, by node name."""
        pairs = ((n.name, _both_spellings(n.raw)) for n in topological(self.outputs_))
        return {name: attrs for name, attrs in pairs if attrs}

    def _set_attr(self, **kwargs: str) -> None:
        """Set attributes of this node."""
        for key, value in kwargs.items():
            if not isinstance(value, str):
                raise ParamError(f"_set_attr: attribute {key} must be a string. Got {value!r}.")
            spell = hidden if self._node.is_variable else annotation
            self._node.raw[spell(key)] = value

    # ---- structure -------------------------------------------------------------------------
    def list_arguments(self) -> list[str]:
        """Names of the variables, without auxiliary states, in the order of the graph."""
        nodes = topological(self.outputs_)
        aux = auxiliary(nodes)
        return [n.name for n in nodes if n.is_variable and id(n) not in aux]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the variables that operators update themselves (moving averages)."""
        nodes = topological(self.outputs_)
        aux = auxiliary(nodes)
        return [n.name for n in nodes if id(n) in aux]

    def list_inputs(self) -> list[str]:
        """Names of all variables, auxiliary states included."""
        return [n.name for n in topological(self.outputs_) if n.is_variable]

    def get_inputs(self) -> Symbol:
        """Return a group of all variables, auxiliary states included."""
        return Symbol([(n, 0) for n in topological(self.outputs_) if n.is_variable])

    def has_dynamic_shape_op(self) -> bool:
        """Whether the shapes of some operator's outputs depend on values."""
        from dlstudio.graph.control.subgraph import is_dynamic

        return any(is_dynamic(node) for node in topological(self.outputs_))

    def list_outputs(self) -> list[str]:
        """Names of the outputs, such as ``fc_output``."""
        return [output_names(node)[i] for node, i in self.outputs_]

    @property
    def num_outputs(self) -> int:
        """Count of outputs."""
        return len(self.outputs_)

    def get_internals(self) -> Symbol:
        """Return a group of the outputs of every node below, hidden ones included."""
        nodes = topological(self.outputs_)
        return Symbol([(n, i) for n in nodes for i in range(n.n_visible)])

    def get_children(self) -> Symbol | None:
        """Return a group of the direct inputs, or None for a variable."""
        inputs = [
            edge for node in dict.fromkeys(n for n, _ in self.outputs_) for edge in node.inputs
        ]
        return Symbol(inputs) if inputs else None

    def __len__(self) -> int:
        return len(self.outputs_)

    def __iter__(self) -> Iterator[Symbol]:
        return (self[i] for i in range(len(self.outputs_)))

    def __getitem__(self, index: int | str | slice) -> Symbol:
        if isinstance(index, str):
            return Symbol([self.outputs_[self._find(index)]])
        if isinstance(index, slice):
            chosen = self.outputs_[index]
        elif isinstance(index, (int, np.integer)):
            if not -len(self.outputs_) <= index < len(self.outputs_):
                raise no_such_output(self, index)
            chosen = (self.outputs_[index],)
        else:
            raise no_elements(index)
        if not chosen:
            raise no_elements(index)
        if len(self.outputs_) == 1 and current_scope():
            mention_rows(self.outputs_[0][0], index)
        return Symbol(chosen)

    def _find(self, name: str) -> int:
        names = self.list_outputs()
        found = [i for i, n in enumerate(names) if n == name]
        if len(found) == 1:
            return found[0]
        import difflib

        if found:
            raise GraphError(
                explain(
                    f"the symbol has {len(found)} outputs called {name!r}.",
                    "one, to be picked by its name.",
                    f"different names for the operators, or an index: symbol[{found[0]}]",
                )
            )
        near = difflib.get_close_matches(name, names, n=3)
        raise GraphError(
            explain(
                f"the symbol has no output called {name!r}.",
                fix=f"nearest names: {', '.join(near) or names[:5]}",
            )
        )

    def __call__(self, *args: Symbol, name: str | None = None, **kwargs: Symbol) -> Symbol:
        """Replace variables by other symbols, positionally or by name."""
        return _compose(self, args, kwargs, name)

    if not TYPE_CHECKING:  # a type checker shall know which attributes there are

        def __getattr__(self, name: str) -> Any:
            raise lacks(self, name)

    def __bool__(self) -> bool:
        raise GraphError(
            explain(
                f"the truth value of symbol {self.name!r} was asked for.",
                "no Python branching on values that are not computed yet.",
                "mx.sym.where(condition, x, y), or the eager nd namespace",
            )
        )

    def __copy__(self) -> Symbol:
        return Symbol(copied(self.outputs_))

    def __deepcopy__(self, memo: Any) -> Symbol:
        return Symbol(copied(self.outputs_))

    def __reduce__(self) -> tuple[Any, ...]:
        from dlstudio.graph.json import loads

        return loads, (self.tojson(),)

    def __repr__(self) -> str:
        if self.name is not None:
            return f"<Symbol {self.name}>"
        return f"<Symbol group [{', '.join(node.name for node, _ in self.outputs_)}]>"

    # ---- files -----------------------------------------------------------------------------
    def tojson(self, remove_amp_cast: bool = True) -> str:
        """Write the graph as MXNet's JSON text."""
        from dlstudio.graph.json_writer import dumps

        return dumps(self, remove_amp_cast=remove_amp_cast)

    def save(self, fname: str | Path, remove_amp_cast: bool = True) -> None:
        """Write the graph into a file such as ``net-symbol.json``."""
        Path(fname).write_text(self.tojson(remove_amp_cast), encoding="utf-8")

    def debug_str(self) -> str:
        """List nodes, inputs and attributes as text, in MXNet's form."""
        from dlstudio.graph.text import describe

        return describe(self)

    # ---- running ---------------------------------------------------------------------------
    def bind(
        self, ctx: Any, args: Any, args_grad: Any = None, grad_req: Any = "write",
        aux_states: Any = None, group2ctx: Any = None, shared_exec: Any = None,
        *, without: Any = (), layout: str | None = None, memory_budget: int | None = None,
    ) -> Executor:  # fmt: skip
        """Make an executor over the given arrays; see `dlstudio.graph.binding.bind`.

        `without` names passes to leave out (`dlstudio.graph.passes` lists them); `layout` is that
        of convolutional layers, "NCHW" or "NHWC"; `memory_budget` the bytes that arenas of a
        training plan may take (see `dlstudio.graph.passes.recompute`).
        """
        from dlstudio.graph.binding import bind
        from dlstudio.graph.pipeline import wishes

        with wishes(without, layout, memory_budget):
            return bind(self, ctx, args, args_grad, grad_req, aux_states, group2ctx, shared_exec)

    def simple_bind(
        self, ctx: Any, grad_req: Any = "write", type_dict: Any = None, stype_dict: Any = None,
        group2ctx: Any = None, shared_arg_names: Any = None, shared_exec: Any = None,
        shared_buffer: Any = None, *, without: Any = (), layout: str | None = None,
        memory_budget: int | None = None, **kwargs: Any,
    ) -> Executor:  # fmt: skip
        """Infer shapes, make arrays for every argument, and bind; see `dlstudio.graph.binding`.

        `without`, `layout` and `memory_budget` as for `bind`.
        """
        from dlstudio.graph.binding import simple_bind
        from dlstudio.graph.pipeline import wishes

        with wishes(without, layout, memory_budget):
            return simple_bind(
                self, ctx, grad_req, type_dict, group2ctx, shared_exec, shared_buffer, kwargs,
                stype_dict,
            )  # fmt: skip

    _bind, _simple_bind = bind, simple_bind  # their names in MXNet 2

    def eval(self, ctx: Any = None, **kwargs: Any) -> list[Any]:
        """Run the symbol once on the given arrays and return its outputs."""
        from dlstudio.core.device import current_context

        return self.bind(ctx or current_context(), kwargs).forward()

    def as_nd_ndarray(self) -> Symbol:
        """Return this symbol: symbols have one class for both dialects."""
        return self

    as_np_ndarray = as_nd_ndarray

    def get_backend_symbol(self, backend: str) -> Symbol:
        """Return this symbol: MXNet's backends are accepted and change nothing here."""
        return self

    def optimize_for(
        self, backend: str, args: Any = None, aux: Any = None, ctx: Any = None,
        shape_dict: Any = None, type_dict: Any = None, stype_dict: Any = None,
        skip_infer: bool = False, **kwargs: Any,
    ) -> Symbol:  # fmt: skip
        """Return this symbol: what a backend would do is done when it is bound."""
        return self

    def gradient(self, wrt: str | Sequence[str]) -> Symbol:
        """Gradient of the sum of the outputs, as a symbol with one output for each name in `wrt`.

        It can be composed and differentiated again; MXNet 1.9 has the method and refuses. Output
        operators such as SoftmaxOutput give the gradient of their loss.
        """
        from dlstudio.graph.derivative import derivative

        return derivative(self, wrt)

    grad = gradient  # its name in early versions


def _both_spellings(raw: Mapping[str, str]) -> dict[str, str]:
    """Answer hidden keys under both spellings, as MXNet lists them."""
    plain = {k[2:-2]: v for k, v in raw.items() if k.startswith("__") and k[2:-2] in HIDDEN_KEYS}
    return {**raw, **plain}


install(Symbol)


# ---- composition by call ---------------------------------------------------------------------
def _compose(
    symbol: Symbol, args: Sequence[Symbol], kwargs: Mapping[str, Symbol], name: str | None
) -> Symbol:
    given = symbol._by_name(args, kwargs, "symbols")
    for key, value in given.items():
        if not isinstance(value, Symbol):
            raise ArgumentError(f"compose: {key} must be a Symbol. Got {type(value).__name__}.")
        if len(value.outputs_) != 1:
            raise ArgumentError(f"compose: {key} must have one output. Got {len(value.outputs_)}.")
    variables = {n.name: n for n in topological(symbol.outputs_) if n.is_variable}
    outputs = replace(symbol.outputs_, {id(variables[k]): v.outputs_[0] for k, v in given.items()})
    if name:
        outputs = (
            _renamed(outputs, NameManager.current.get(name, "")) if len(outputs) == 1 else outputs
        )
    composed = Symbol(outputs)
    check_unique(topological(outputs), "the composed symbol")
    return composed


def _renamed(outputs: Sequence[Output], name: str) -> tuple[Output, ...]:
    node, index = outputs[0]
    return ((Node(node.op, node.inputs, node.attrs, name, node.raw, node.span, node.scope), index),)
