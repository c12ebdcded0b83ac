"""Loops and branches of ``nd.contrib``: ordinary Python, so that autograd records each step.

Arrays may stand alone or in nested lists; what is handed to the user's functions, and what comes
back, keeps the nesting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.core.tensor import Tensor
from dlstudio.errors import ArgumentError, ParamError, ShapeError, explain

__all__ = ["CONTROL_FLOW", "cond", "foreach", "while_loop"]

# An array, or lists of arrays to any depth.
Nest = Any


def _leaves(nest: Nest) -> list[Tensor]:
    if isinstance(nest, (list, tuple)):
        return [leaf for part in nest for leaf in _leaves(part)]
    return [nest]


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


def _check(owner: str, name: str, nest: Nest) -> None:
    for leaf in _leaves(nest):
        if not isinstance(leaf, Tensor):
            raise ArgumentError(
                explain(
                    f"{owner}: {name} holds a {type(leaf).__name__}.",
                    "an NDArray, or nested lists of NDArrays.",
                    "nd.array([0])",
                )
            )


def _pair(owner: str, function: str, returned: Any) -> tuple[Nest, Nest]:
    if not isinstance(returned, (list, tuple)) or len(returned) != 2:
        raise ArgumentError(
            explain(
                f"{owner}: {function} returned {type(returned).__name__}.",
                "two things: the outputs of this step, and the states or variables of the next.",
                f"return output, states   # from {function}",
            )
        )
    return returned[0], returned[1]


def _stacked(steps: list[Nest]) -> Nest:
    from dlstudio import nd

    return _each(lambda *arrays: nd.stack(*arrays, axis=0), *steps)


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
    _check("foreach", "data", data)
    _check("foreach", "init_states", init_states)
    lengths = {leaf.shape[0] if leaf.ndim else 0 for leaf in _leaves(data)}
    if len(lengths) != 1 or 0 in lengths:
        raise ShapeError(
            explain(
                f"foreach: data of shapes {[leaf.shape for leaf in _leaves(data)]}.",
                "arrays of one length, at least 1, in their first axis.",
            )
        )
    outputs, states = [], init_states
    for i in range(lengths.pop()):
        slices = _each(lambda array, i=i: array[i], data)
        output, states = _pair("foreach", "body", body(slices, states))
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
    _check("while_loop", "loop_vars", loop_vars)
    if max_iterations is None or max_iterations < 0 or not loop_vars:
        raise ParamError(
            explain(
                f"while_loop: max_iterations={max_iterations}, {len(loop_vars)} loop_vars.",
                "a number of iterations from 0 on, and at least one loop variable.",
                "nd.contrib.while_loop(cond, func, [i], max_iterations=10)",
            )
        )
    outputs = []
    while len(outputs) < max_iterations and _truth("while_loop", "cond", cond(*loop_vars)):
        output, new = _pair("while_loop", "func", func(*loop_vars))
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

    if missing == 0:
        return array
    rest = nd.zeros((missing, *array.shape[1:]), ctx=array.context, dtype=array.dtype)
    return nd.concat(array, rest, dim=0)


def _truth(owner: str, name: str, value: Any) -> bool:
    if isinstance(value, Tensor):
        if value.size != 1:
            raise ShapeError(
                explain(
                    f"{owner}: {name} is an array of shape {value.shape}.",
                    "one element, which is true or false.",
                    "(x > 0).sum() > 0 asks for any, (x > 0).min() for all",
                )
            )
        return bool(value.asscalar())
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
    return then_func() if _truth("cond", "pred", pred) else else_func()


CONTROL_FLOW = {"cond": cond, "foreach": foreach, "while_loop": while_loop}
