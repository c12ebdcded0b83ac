"""`set_np` and its kin: which dialect's arrays Gluon hands out.

In MXNet these switches also change what operators do; here every operator takes both kinds of
arrays and answers in the dialect of the namespace called, so only the handing-out is switched.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from dlstudio.core import unknown
from dlstudio.core.unknown import local, process

__all__ = [
    "is_np_array",
    "is_np_shape",
    "np_array",
    "np_shape",
    "reset_np",
    "set_np",
    "set_np_shape",
    "use_np",
]


def set_np(shape: bool = True, array: bool = True, dtype: bool = False) -> None:
    """Let Gluon hand out `mx.np` arrays from now on."""
    del dtype
    _set("array", array)
    _set("shape", shape)


def _set(name: str, active: bool) -> None:
    """Switch for the process, and until the end of the block in which this is called."""
    process[name] = bool(active)
    if getattr(local, name) is not None:
        setattr(local, name, bool(active))


def reset_np() -> None:
    """Let Gluon hand out `mx.nd` arrays again."""
    set_np(shape=False, array=False)


def is_np_array() -> bool:
    """Whether Gluon hands out `mx.np` arrays."""
    return process["array"] if local.array is None else local.array


def is_np_shape() -> bool:
    """Whether an unknown dimension is -1 and zero-size arrays are allowed (always allowed here)."""
    return unknown.is_np_shape()


def set_np_shape(active: bool) -> bool:
    """Switch NumPy shape semantics; return what it was."""
    before = is_np_shape()
    _set("shape", active)
    return before


class _Switch:
    """``with np_array(True):`` switches one of the two for a block of code."""

    def __init__(self, name: str, active: bool) -> None:
        self._name, self._active = name, active
        self._before: list[bool | None] = []

    def __enter__(self) -> None:
        self._before.append(getattr(local, self._name))
        setattr(local, self._name, bool(self._active))

    def __exit__(self, *exc: object) -> None:
        setattr(local, self._name, self._before.pop())


def np_array(active: bool = True) -> _Switch:
    """Hand out `mx.np` arrays inside the block."""
    return _Switch("array", active)


def np_shape(active: bool = True) -> _Switch:
    """NumPy shape semantics inside the block."""
    return _Switch("shape", active)


def use_np(func: Any) -> Any:
    """Decorate a function or a class so that it runs with NumPy semantics."""
    if inspect.isclass(func):
        for name, method in list(vars(func).items()):
            if inspect.isfunction(method):
                setattr(func, name, _wrapped(method))
        return func
    return _wrapped(func)


def _wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with np_shape(), np_array():
            return function(*args, **kwargs)

    return wrapper
