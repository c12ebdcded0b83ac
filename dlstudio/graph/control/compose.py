"""`sym.contrib.foreach`, `while_loop` and `cond`: from functions of symbols to nodes.

The user's function is called once, with new variables in the place of its arguments. Nodes it
makes carry the subgraph's name; where an edge comes from a node without it, the graph is cut, and
the value becomes an input of the loop or branch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from dlstudio.core.node import Node
from dlstudio.errors import ArgumentError, ShapeError, explain
from dlstudio.graph.compose import SUBGRAPH, Output
from dlstudio.graph.control.inference import check_iterations
from dlstudio.graph.control.nests import check_leaves, flatten, pair, regroup
from dlstudio.graph.control.nodes import Cut, make_cond, make_foreach, make_while
from dlstudio.graph.scopes import AttrScope
from dlstudio.graph.symbol_class import Symbol

__all__ = [
    "check_branches",
    "check_count",
    "cond",
    "foreach",
    "np_cond",
    "np_foreach",
    "while_loop",
]

Nest = Any
_numbers = itertools.count()


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
