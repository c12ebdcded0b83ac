"""Loops and branches of ``npx``, on arrays and on symbols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.dialects.legacy import control
from dlstudio.graph.control import compose
from dlstudio.graph.control.nests import flatten
from dlstudio.graph.symbol import Symbol

__all__ = ["CONTROL_FLOW", "SYMBOLIC", "cond", "foreach", "while_loop"]

Nest = Any


def _symbolic(*nests: Nest) -> bool:
    return any(isinstance(leaf, Symbol) for leaf in flatten(list(nests))[0])


def foreach(
    body: Callable[[Nest, Nest], tuple[Nest, Nest]], data: Nest, init_states: Nest
) -> tuple[Nest, Nest]:
    """Run `body` over the first axis of `data`; see `mx.nd.contrib.foreach`.

    A row of a vector has no axis.

    Examples
    --------
    >>> from dlstudio import np, npx
    >>> total = lambda x, s: (x + s, x + s)
    >>> outputs, state = npx.foreach(total, np.array([1, 2, 3]), np.array(0.0))
    >>> outputs.tolist(), state.item()
    ([1.0, 3.0, 6.0], 6.0)
    """
    if _symbolic(data, init_states):
        return compose.np_foreach(body, data, init_states)
    return control.foreach(body, data, init_states)


def while_loop(
    cond: Callable[..., Any],
    func: Callable[..., tuple[Nest, Nest]],
    loop_vars: Nest,
    max_iterations: int | None = None,
) -> tuple[Nest, Nest]:
    """Run `func` as long as `cond` says so; see `mx.nd.contrib.while_loop`.

    Examples
    --------
    >>> from dlstudio import np, npx
    >>> double = lambda x: (x, 2 * x)
    >>> outputs, x = npx.while_loop(lambda x: x < 8, double, np.array(3.0), 4)
    >>> outputs.tolist(), x.item()
    ([3.0, 6.0, 0.0, 0.0], 12.0)
    """
    if _symbolic(loop_vars):
        return compose.while_loop(cond, func, loop_vars, max_iterations)
    return control.while_loop(cond, func, loop_vars, max_iterations)


def cond(
    pred: Any,
    then_func: Callable[..., Nest],
    else_func: Callable[..., Nest],
    inputs: Nest,
    name: str = "cond",
) -> Nest:
    """Return ``then_func(*inputs)`` if ``pred(*inputs)`` is true, else ``else_func(*inputs)``.

    Parameters
    ----------
    pred : callable, or ndarray of one element
    then_func, else_func : callable
        Only one of them runs.
    inputs : ndarray, or list of them
    name : str
        Name of the graphs inside, when a block is captured.

    Examples
    --------
    >>> from dlstudio import np, npx
    >>> x = np.array([3.0])
    >>> npx.cond(lambda x: x.sum() > 2, lambda x: x, lambda x: -x, [x]).tolist()
    [3.0]
    """
    if _symbolic(inputs, pred):
        return compose.np_cond(pred, then_func, else_func, inputs, name)
    given = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    asked = pred(*given) if callable(pred) else pred
    return control.cond(asked, lambda: then_func(*given), lambda: else_func(*given))


CONTROL_FLOW = {"cond": cond, "foreach": foreach, "while_loop": while_loop}
SYMBOLIC = {
    "cond": compose.np_cond,
    "foreach": compose.np_foreach,
    "while_loop": compose.while_loop,
}
