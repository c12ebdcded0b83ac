"""`mx.contrib.autograd`: how gradients were computed before `mx.autograd`, for old programs.

Examples
--------
>>> import dlstudio as mx
>>> from dlstudio.contrib import autograd
>>> def square(x):
...     return x * x
>>> gradients, value = autograd.grad_and_loss(square)(mx.nd.array([3.0]))
>>> float(gradients[0]), float(value)
(6.0, 9.0)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from dlstudio import autograd
from dlstudio.autograd import mark_variables
from dlstudio.core.tensor import Tensor
from dlstudio.errors import DTypeError, explain

__all__ = [
    "TrainingStateScope",
    "backward",
    "compute_gradient",
    "grad",
    "grad_and_loss",
    "mark_variables",
    "set_is_training",
    "test_section",
    "train_section",
]


def set_is_training(is_train: bool) -> bool:
    """Turn recording and training mode on or off together; return what it was."""
    autograd.set_training(is_train)
    return autograd.set_recording(is_train)


class TrainingStateScope:
    """``with`` block that records as in training, or does not.

    Parameters
    ----------
    enter_state : bool
    """

    def __init__(self, enter_state: bool) -> None:
        make = autograd.record if enter_state else autograd.pause
        self._scope = make(train_mode=enter_state)

    def __enter__(self) -> None:
        self._scope.__enter__()

    def __exit__(self, *exc: object) -> None:
        self._scope.__exit__(*exc)


def train_section() -> TrainingStateScope:
    """``with train_section():`` records; layers behave as in training."""
    return TrainingStateScope(True)


def test_section() -> TrainingStateScope:
    """``with test_section():`` inside `train_section` neither records nor trains."""
    return TrainingStateScope(False)


def backward(outputs: Sequence[Tensor], out_grads: Any = None, retain_graph: bool = False) -> None:
    """Compute gradients of `outputs` with respect to all marked variables."""
    autograd.backward(outputs, out_grads, retain_graph)


def compute_gradient(outputs: Sequence[Tensor]) -> None:
    """Compute gradients of `outputs` with respect to all marked variables; see `backward`."""
    backward(outputs)


def grad_and_loss(func: Callable[..., Any], argnum: Any = None) -> Callable[..., Any]:
    """Make a function that returns the gradients of `func` with its value.

    Parameters
    ----------
    func : callable
        From arrays to an array or several.
    argnum : int or sequence of int, optional
        The arguments to differentiate by; default all.

    Returns
    -------
    callable
        Answers a list with one gradient for each of those arguments, and what `func` answers.
    """

    @functools.wraps(func)
    def wrapped(*args: Any) -> tuple[list[Any], Any]:
        places = range(len(args)) if argnum is None else autograd._list(argnum)
        variables = [args[i] for i in places]
        for x in variables:
            if not isinstance(x, Tensor):
                raise DTypeError(
                    explain(f"grad_and_loss: an argument is a {type(x).__name__}.", "an array.")
                )
        gradients = [x.zeros_like() for x in variables]
        mark_variables(variables, gradients)
        with train_section():
            outputs = func(*args)
        backward(autograd._list(outputs))
        return gradients, outputs

    return wrapped


def grad(func: Callable[..., Any], argnum: Any = None) -> Callable[..., list[Any]]:
    """Make a function that returns the gradients of `func`; see `grad_and_loss`."""
    both = grad_and_loss(func, argnum)

    @functools.wraps(both)
    def wrapped(*args: Any) -> list[Any]:
        return both(*args)[0]

    return wrapped
