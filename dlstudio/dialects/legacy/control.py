"""Loops and branches on arrays: ordinary Python, so that autograd records each step.

Arrays may stand alone or in nested lists; what is handed to the user's functions, and what comes
back, keeps the nesting. While a block is captured they become nodes of its graph instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.core import tape
from dlstudio.core.avals import aval_of
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.errors import ShapeError, explain
from dlstudio.graph.control import capture
from dlstudio.graph.control.inference import check_iterations, check_truth
from dlstudio.graph.control.nests import check_leaves, flatten, pair

__all__ = ["CONTROL_FLOW", "cond", "foreach", "truth", "while_loop"]

# An array, or lists of arrays to any depth.
Nest = Any


def _leaves(nest: Nest) -> list[Tensor]:
    return flatten(nest)[0]


def _each(function: Callable[..., Any], *nests: Nest) -> Nest:
    """Apply `function` to the arrays that stand at one place of all `nests`."""
    first = nests[0]
    if not isinstance(first, (list, tuple)):
        return function(*nests)
    if any(not isinstance(n, (list, tuple)) or len(n) != len(first) for n in nests):
        raise ShapeError(
            explain(
                "a loop's function returned outputs of another nesting than in the step before.",
                "the same number of arrays at each step.",
            )
        )
    return [_each(function, *parts) for parts in zip(*nests, strict=True)]


def _stacked(steps: list[Nest]) -> Nest:
    from dlstudio import nd
    from dlstudio import np as mnp

    def stack(*arrays: Tensor) -> Tensor:
        if isinstance(arrays[0], ndarray):
            return mnp.stack(arrays, axis=0)
        return nd.stack(*arrays, axis=0)

    return _each(stack, *steps)


def foreach(
    body: Callable[[Nest, Nest], tuple[Nest, Nest]], data: Nest, init_states: Nest
) -> tuple[Nest, Nest]:
    """Run `body` over the first axis of `data`, handing states from step to step.

    Parameters
    ----------
    body : callable
        ``output, states = body(slice, states)``.
    data : NDArray (T, ...), or nested lists of them
    init_states : NDArray, or nested lists of them
        States of the first step.

    Returns
    -------
    outputs, states
        Outputs stacked, (T, ...); states of the last step.

    Raises
    ------
    ShapeError
        If arrays of `data` differ in length, or have none.

    Examples
    --------
    >>> from dlstudio import nd
    >>> total = lambda x, s: (x + s, x + s)
    >>> outputs, state = nd.contrib.foreach(total, nd.array([1, 2, 3]), nd.zeros(1))
    >>> outputs.asnumpy().ravel().tolist(), state.asnumpy().tolist()
    ([1.0, 3.0, 6.0], [6.0])
    """
    check_leaves("foreach", "data", data, Tensor)
    check_leaves("foreach", "init_states", init_states, Tensor)
    lengths = {leaf.shape[0] if leaf.ndim else 0 for leaf in _leaves(data)}
    if len(lengths) != 1 or 0 in lengths:
        raise ShapeError(
            explain(
                f"foreach: data of shapes {[leaf.shape for leaf in _leaves(data)]}.",
                "arrays of one length, at least 1, in their first axis.",
            )
        )
    if tape.state.tracer is not None:
        np_shape = isinstance(_leaves(data)[0], ndarray)
        return capture.foreach(tape.state.tracer, body, data, init_states, np_shape=np_shape)
    outputs, states = [], init_states
    for i in range(lengths.pop()):
        slices = _each(lambda array, i=i: array[i], data)
        output, states = pair("foreach", "body", body(slices, states))
        outputs.append(output)
    return _stacked(outputs), states


def while_loop(
    cond: Callable[..., Any],
    func: Callable[..., tuple[Nest, Nest]],
    loop_vars: Nest,
    max_iterations: int | None = None,
) -> tuple[Nest, Nest]:
    """Run `func` as long as `cond` says so, at most `max_iterations` times.

    Parameters
    ----------
    cond : callable
        ``cond(*loop_vars)`` is a number or an array of one element.
    func : callable
        ``output, loop_vars = func(*loop_vars)``; `output` may be None or an empty list.
    loop_vars : NDArray or list of NDArray
    max_iterations : int

    Returns
    -------
    outputs, loop_vars
        Outputs stacked, (max_iterations, ...), rows that were not reached being zero; an empty
        list if there was no step.

    Raises
    ------
    ParamError
        If `max_iterations` is missing or negative, or `loop_vars` is empty.

    Examples
    --------
    >>> from dlstudio import nd
    >>> double = lambda x: (x, 2 * x)
    >>> outputs, x = nd.contrib.while_loop(lambda x: x < 8, double, nd.array([3]), 4)
    >>> outputs.asnumpy().ravel().tolist(), x.asnumpy().tolist()
    ([3.0, 6.0, 0.0, 0.0], [12.0])
    """
    single = not isinstance(loop_vars, (list, tuple))
    loop_vars = [loop_vars] if single else list(loop_vars)
    check_leaves("while_loop", "loop_vars", loop_vars, Tensor)
    max_iterations = check_iterations(max_iterations, loop_vars)
    if tape.state.tracer is not None:
        given = loop_vars[0] if single else loop_vars
        return capture.while_loop(tape.state.tracer, cond, func, given, max_iterations)
    outputs = []
    while len(outputs) < max_iterations and truth("while_loop", "cond", cond(*loop_vars)):
        output, new = pair("while_loop", "func", func(*loop_vars))
        outputs.append([] if output is None else output)
        loop_vars = list(new) if isinstance(new, (list, tuple)) else [new]
    if not outputs:
        return [], loop_vars[0] if single else loop_vars
    missing = max_iterations - len(outputs)
    padded = _each(lambda array: _padded(array, missing), _stacked(outputs))
    return padded, loop_vars[0] if single else loop_vars


def _padded(array: Any, missing: int) -> Any:
    """Append zeros: MXNet leaves rows that were not reached undefined."""
    from dlstudio import nd
    from dlstudio import np as mnp

    if missing == 0:
        return array
    shape = (missing, *array.shape[1:])
    if isinstance(array, ndarray):
        rest = mnp.zeros(shape, ctx=array.context, dtype=array.dtype)
        return mnp.concatenate([array, rest], axis=0)
    rest = nd.zeros(shape, ctx=array.context, dtype=array.dtype)
    return nd.concat(array, rest, dim=0)


def truth(owner: str, name: str, value: Any) -> bool:
    """Whether a condition holds; raise ShapeError if it is an array of several elements."""
    if isinstance(value, Tensor):
        check_truth(f"{owner}: {name}", [aval_of(value)])
        return bool(value._data.reshape(-1)[0])
    return bool(value)


def cond(pred: Any, then_func: Callable[[], Nest], else_func: Callable[[], Nest]) -> Nest:
    """Return ``then_func()`` if `pred` is true, else ``else_func()``; only one of them runs.

    Parameters
    ----------
    pred : NDArray of one element
    then_func, else_func : callable without arguments

    Raises
    ------
    ShapeError
        If `pred` has more or fewer elements.

    Examples
    --------
    >>> from dlstudio import nd
    >>> x = nd.array([3])
    >>> nd.contrib.cond(x > 2, lambda: x, lambda: -x).asnumpy().tolist()
    [3.0]
    """
    if tape.state.tracer is not None and isinstance(pred, Tensor):
        check_truth("cond: pred", [aval_of(pred)])
        return capture.cond(tape.state.tracer, pred, then_func, else_func)
    return then_func() if truth("cond", "pred", pred) else else_func()


CONTROL_FLOW = {"cond": cond, "foreach": foreach, "while_loop": while_loop}
