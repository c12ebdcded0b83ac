"""`sym.contrib.foreach`, `while_loop` and `cond`: from functions of symbols to nodes.

The user's function is called once, with new variables in the place of its arguments. Nodes it
makes carry the subgraph's name; where an edge comes from a node without it, the graph is cut, and
the value becomes an input of the loop or branch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from dlstudio.core.node import Node, caller_span, current_scope
from dlstudio.core.registry import Op
from dlstudio.errors import ArgumentError, ShapeError, explain
from dlstudio.graph.compose import SUBGRAPH, Output, topological
from dlstudio.graph.control.inference import check_iterations
from dlstudio.graph.control.nests import check_leaves, flatten, pair, regroup
from dlstudio.graph.control.operators import COND, FOREACH, WHILE
from dlstudio.graph.control.subgraph import Subgraph
from dlstudio.graph.scopes import AttrScope, NameManager, hidden
from dlstudio.graph.symbol_class import Symbol

__all__ = [
    "Cut",
    "check_branches",
    "check_count",
    "cond",
    "foreach",
    "make_cond",
    "make_foreach",
    "make_while",
    "np_cond",
    "np_foreach",
    "while_loop",
]

Nest = Any
_numbers = itertools.count()


class Cut:
    """A body cut out of the graph around it.

    Parameters
    ----------
    name : str
        The subgraph's name, which nodes inside carry.
    placeholders : list of Symbol
        Variables that stand for the function's arguments.
    outputs : list of Symbol
        What the function returned.

    Attributes
    ----------
    inner : Subgraph
    free : dict from variable name to the edge outside that feeds it
    """

    def __init__(
        self, name: str, placeholders: Sequence[Symbol], outputs: Sequence[Symbol]
    ) -> None:
        self._name = name
        self._own = {id(p.outputs_[0][0]) for p in placeholders}
        self._moved: dict[tuple[int, int], Output] = {}
        self._taken: set[str] = {p.outputs_[0][0].name for p in placeholders}
        self.free: dict[str, Output] = {}
        edges = [edge for symbol in outputs for edge in symbol.outputs_]
        for node in topological(edges):
            if self._inside(node):
                self._rebuild(node)
        self.inner = Subgraph(Symbol([self._edge(edge) for edge in edges]))

    def _inside(self, node: Node) -> bool:
        return node.op is not None and node.raw.get(SUBGRAPH) == self._name

    def _rebuild(self, node: Node) -> None:
        edges = tuple(self._edge(edge) for edge in node.inputs)
        if edges != node.inputs:
            node_ = Node(node.op, edges, node.attrs, node.name, node.raw, node.span, node.scope)
            for i in range(node.n_outputs):
                self._moved[id(node), i] = (node_, i)

    def _edge(self, edge: Output) -> Output:
        node, index = edge
        if id(node) in self._own:
            return edge
        key = (id(node), index)
        if key not in self._moved:
            self._moved[key] = edge if self._inside(node) else self._freed(edge)
        return self._moved[key]

    def _freed(self, edge: Output) -> Output:
        """Make a variable inside for a value outside."""
        node, index = edge
        wanted = node.name if node.is_variable else f"{node.name}_output{index}"
        name = wanted
        for number in itertools.count(1):
            if name not in self._taken:
                break
            name = f"{wanted}_{number}"
        self._taken.add(name)
        self.free[name] = edge
        return (node if node.is_variable and name == wanted else Node(None, (), {}, name)), 0


def _placeholders(name: str, kind: str, count: int) -> list[Symbol]:
    return [Symbol([(Node(None, (), {}, f"{name}_{kind}{i}"), 0)]) for i in range(count)]


def _inside(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call the user's function so that nodes made there carry the subgraph's name."""
    if not callable(function):
        raise ArgumentError(
            explain(f"{name}: a {type(function).__name__} was given.", "a function of symbols.")
        )
    with AttrScope(**{SUBGRAPH: name}):
        return function(*args)


def _unique(name: str) -> str:
    return f"{name}{next(_numbers)}"


def _apply(
    record: Op, edges: Sequence[Output], attrs: dict[str, Any], called: str | None = None
) -> Symbol:
    """Make the node; its text attributes are those of MXNet's files."""
    parsed = record.parse(attrs)
    graphs = record.flags.graphs
    raw = {k: record.params[k].text(parsed[k]) for k in attrs if k not in graphs}
    if raw.pop("np_shape", "False") == "True":
        raw["__np_shape__"] = "True"
    raw["num_args"] = str(len(edges) + len(graphs))
    raw.update({hidden(k): v for k, v in AttrScope.current.get().items()})
    name: str = NameManager.current.get(called, record.name)
    node = Node(record, tuple(edges), parsed, name, raw, caller_span(), current_scope())
    return Symbol._of(node)


def _edge(symbol: Symbol) -> Output:
    return symbol.outputs_[0]


# ---- foreach -----------------------------------------------------------------------------------
def foreach(
    body: Callable[[Nest, Nest], tuple[Nest, Nest]],
    data: Nest,
    init_states: Nest,
    name: str = "foreach",
) -> tuple[Nest, Nest]:
    """Run `body` over the first axis of `data`, handing states from step to step.

    Parameters
    ----------
    body : callable
        ``output, states = body(slice, states)``; called once, with symbols.
    data : Symbol (T, ...), or nested lists of them
    init_states : Symbol, or nested lists of them
        States of the first step. Their shapes and dtypes stay.
    name : str
        Name of the graph inside.

    Returns
    -------
    outputs, states
        Outputs stacked, (T, ...); states of the last step; nested as `body` returns them.

    Raises
    ------
    ArgumentError
        If something else than a symbol is given or returned.
    ShapeError
        If `body` returns other states than it got.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x, s = mx.sym.var("x"), mx.sym.var("s")
    >>> outputs, state = mx.sym.contrib.foreach(lambda x, s: (x + s, x + s), x, s)
    >>> total = outputs.eval(x=mx.nd.array([1, 2, 3]), s=mx.nd.zeros(1))[0]
    >>> total.asnumpy().ravel().tolist()
    [1.0, 3.0, 6.0]
    """
    return _foreach(body, data, init_states, name, np_shape=False)


def np_foreach(
    body: Callable[[Nest, Nest], tuple[Nest, Nest]],
    data: Nest,
    init_states: Nest,
    name: str = "foreach",
) -> tuple[Nest, Nest]:
    """`foreach` of the np dialect: a row of a vector has no axis."""
    return _foreach(body, data, init_states, name, np_shape=True)


def _foreach(
    body: Callable[..., Any], data: Nest, init_states: Nest, name: str, *, np_shape: bool
) -> tuple[Nest, Nest]:
    check_leaves("foreach", "data", data, Symbol)
    check_leaves("foreach", "init_states", init_states, Symbol)
    rows, rows_form = flatten(data)
    states, states_form = flatten(init_states)
    called = _unique(name)
    parts = _placeholders(called, "data", len(rows))
    olds = _placeholders(called, "state", len(states))
    returned = _inside(called, body, regroup(parts, rows_form), regroup(olds, states_form))
    output, new = pair("foreach", "body", returned)
    check_leaves("foreach", "what body returned", [output, new], Symbol)
    outputs, outputs_form = flatten(output)
    news, news_form = flatten(new)
    check_count("foreach", "body", len(news), len(states))
    cut = Cut(called, [*parts, *olds], [*outputs, *news])
    made = make_foreach(
        cut.inner, [_edge(s) for s in (*rows, *states)], cut.free,
        [_edge(p)[0].name for p in (*parts, *olds)], len(rows), len(outputs), np_shape=np_shape,
    )  # fmt: skip
    found = list(made)
    return regroup(found[: len(outputs)], outputs_form), regroup(found[len(outputs) :], news_form)


def check_count(owner: str, function: str, given: int, wanted: int) -> None:
    """Refuse a function that returns more or fewer states than it got."""
    if given != wanted:
        raise ShapeError(
            explain(
                f"{owner}: {function} got {wanted} states and returned {given}.",
                "as many states as it got: those of the next step.",
            )
        )


def make_foreach(
    inner: Subgraph, edges: Sequence[Output], free: dict[str, Output], stand_ins: Sequence[str],
    split: int, n_outputs: int, *, np_shape: bool,
) -> Symbol:  # fmt: skip
    """Make a ``_foreach`` node.

    Parameters
    ----------
    inner : outputs first, then states
    edges : data and states outside
    free : edges that feed the further variables, by their names inside
    stand_ins : variables inside for `edges`
    split : how many of `edges` are data
    n_outputs : how many of `inner`'s outputs are no states
    """
    where = {name: i for i, name in enumerate(inner.names)}
    locations = [where.get(name, -1) for name in stand_ins]
    attrs = {
        "body": inner, "num_outputs": len(inner.symbol.outputs_), "num_out_data": n_outputs,
        "in_state_locs": locations[split:], "in_data_locs": locations[:split],
        "remain_locs": [where[name] for name in free], "np_shape": np_shape,
    }  # fmt: skip
    return _apply(FOREACH, [*edges, *free.values()], attrs)


# ---- while_loop --------------------------------------------------------------------------------
def while_loop(
    cond: Callable[..., Any],
    func: Callable[..., tuple[Nest, Nest]],
    loop_vars: Nest,
    max_iterations: int | None = None,
    name: str = "while_loop",
) -> tuple[Nest, Nest]:
    """Run `func` as long as `cond` says so, at most `max_iterations` times.

    Parameters
    ----------
    cond : callable
        ``cond(*loop_vars)`` is a symbol of one element.
    func : callable
        ``output, loop_vars = func(*loop_vars)``; `output` may be None or an empty list.
    loop_vars : Symbol, or nested lists of them
        Their shapes and dtypes stay.
    max_iterations : int
        First axis of the outputs.
    name : str
        Name of the graphs inside.

    Returns
    -------
    outputs, loop_vars
        Outputs stacked, (max_iterations, ...), rows that were not reached being zero.

    Raises
    ------
    ParamError
        If `max_iterations` is missing or negative, or `loop_vars` is empty.
    ShapeError
        If `func` returns other variables than it got.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.sym.var("x")
    >>> double = lambda x: (x, 2 * x)
    >>> outputs, last = mx.sym.contrib.while_loop(lambda x: x < 8, double, x, 4)
    >>> outputs.eval(x=mx.nd.array([3]))[0].asnumpy().ravel().tolist()
    [3.0, 6.0, 0.0, 0.0]
    """
    check_leaves("while_loop", "loop_vars", loop_vars, Symbol)
    states, form = flatten(loop_vars)
    limit = check_iterations(max_iterations, states)
    listed = isinstance(loop_vars, (list, tuple))
    called = _unique(name)
    olds = _placeholders(called, "var", len(states))

    def arguments() -> Sequence[Any]:
        nest = regroup(olds, form)
        return nest if listed else [nest]

    asked = _inside(called, cond, *arguments())
    check_leaves("while_loop", "what cond returned", asked, Symbol)
    output, new = pair("while_loop", "func", _inside(called, func, *arguments()))
    check_leaves("while_loop", "what func returned", [output, new], Symbol)
    outputs, outputs_form = flatten(output)
    news, news_form = flatten(new)
    check_count("while_loop", "func", len(news), len(states))
    made = make_while(
        Cut(called, olds, flatten(asked)[0]), Cut(called, olds, [*outputs, *news]),
        [_edge(s) for s in states], [_edge(o)[0].name for o in olds], len(outputs), limit,
    )  # fmt: skip
    found = list(made)
    return regroup(found[: len(outputs)], outputs_form), regroup(found[len(outputs) :], news_form)


def make_while(
    asked: Any, done: Any, edges: Sequence[Output], stand_ins: Sequence[str], n_outputs: int,
    limit: int,
) -> Symbol:  # fmt: skip
    """Make a ``_while_loop`` node from two cut graphs (`Cut`, or alike: `inner` and `free`)."""
    union = _Union(edges, stand_ins)
    where = {name: i for i, name in enumerate(done.inner.names)}
    attrs = {
        "cond": asked.inner, "func": done.inner, "max_iterations": limit,
        "num_outputs": len(done.inner.symbol.outputs_), "num_out_data": n_outputs,
        "cond_input_locs": union.locations(asked), "func_input_locs": union.locations(done),
        "func_var_locs": [where.get(name, -1) for name in stand_ins],
    }  # fmt: skip
    return _apply(WHILE, union.edges, attrs)


class _Union:
    """Inputs of a node with several graphs inside: each edge once."""

    def __init__(self, edges: Sequence[Output], stand_ins: Sequence[str]) -> None:
        self.edges = list(edges)
        self._named = dict(zip(stand_ins, range(len(edges)), strict=True))
        self._known: dict[tuple[int, int], int] = {}

    def locations(self, cut: Any) -> list[int]:
        """For each variable of a cut graph: the number of the edge that feeds it."""
        return [
            self._named[name] if name in self._named else self._place(cut.free[name])
            for name in cut.inner.names
        ]

    def _place(self, edge: Output) -> int:
        key = (id(edge[0]), edge[1])
        if key not in self._known:
            self._known[key] = len(self.edges)
            self.edges.append(edge)
        return self._known[key]


# ---- cond --------------------------------------------------------------------------------------
def cond(
    pred: Symbol,
    then_func: Callable[[], Nest],
    else_func: Callable[[], Nest],
    name: str = "cond",
) -> Nest:
    """Compute ``then_func()`` if `pred` is true, else ``else_func()``; only one of them runs.

    Parameters
    ----------
    pred : Symbol of one element
    then_func, else_func : callable without arguments
        Both give the same shapes and dtypes.
    name : str
        Name of the graphs inside.

    Raises
    ------
    ArgumentError
        If the branches return outputs of different nesting.

    Examples
    --------
    >>> import dlstudio as mx
    >>> x = mx.sym.var("x")
    >>> y = mx.sym.contrib.cond(x > 2, lambda: x, lambda: -x)
    >>> y.eval(x=mx.nd.array([3]))[0].asnumpy().tolist()
    [3.0]
    """
    return np_cond(pred, then_func, else_func, (), name)


def np_cond(
    pred: Any,
    then_func: Callable[..., Nest],
    else_func: Callable[..., Nest],
    inputs: Any,
    name: str = "cond",
) -> Nest:
    """`cond` of the np dialect: its functions, `pred` too, are called with `inputs`."""
    given = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    called = _unique(name)
    ready = isinstance(pred, Symbol) or not callable(pred)  # symbols can be called, too
    asked = pred if ready else _inside(f"{called}_pred", pred, *given)
    check_leaves("cond", "pred", asked, Symbol)
    nests = [
        _inside(f"{called}_{kind}", function, *given)
        for kind, function in (("then", then_func), ("else", else_func))
    ]
    check_leaves("cond", "what the functions returned", nests, Symbol)
    (yes, form), (no, other) = (flatten(nest) for nest in nests)
    check_branches(form, other)
    cuts = [
        Cut(f"{called}_{kind}", (), part)
        for kind, part in (("pred", flatten(asked)[0]), ("then", yes), ("else", no))
    ]
    return regroup(list(make_cond(cuts)), form)


def check_branches(yes: Any, no: Any) -> None:
    """Refuse branches whose results are nested differently."""
    if yes != no:
        raise ArgumentError(
            explain(
                "cond: then_func and else_func return outputs of different nesting.",
                "the same number of arrays, in the same lists.",
            )
        )


def make_cond(cuts: Sequence[Any]) -> Symbol:
    """Make a ``_cond`` node from the cut graphs of pred, then_func and else_func."""
    union = _Union((), ())
    pred, yes, no = ((cut.inner, union.locations(cut)) for cut in cuts)
    attrs = {
        "pred": pred[0], "then_branch": yes[0], "else_branch": no[0],
        "num_outputs": len(yes[0].symbol.outputs_), "cond_input_locs": pred[1],
        "then_input_locs": yes[1], "else_input_locs": no[1],
    }  # fmt: skip
    return _apply(COND, union.edges, attrs)
