"""Functions that NumPy computes for us: what it raises becomes an error of ours."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from dlstudio.errors import ArgumentError, MXNetError, explain, taught_class

__all__ = ["explaining"]

_CALL = re.compile(r"positional argument|keyword argument|multiple values for argument")


def explaining(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that no bare error of NumPy or Python comes out of it.

    The error keeps the builtin class that a careful caller would catch: a `ValueError` becomes a
    `ShapeError`, a `TypeError` a `DTypeError`, wrong arguments an `ArgumentError`.
    """

    @functools.wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except MXNetError:
            raise
        except (
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
            ArithmeticError,
            MemoryError,
        ) as e:
            raise _explanation(function.__name__, args, kwargs, e) from e

    return explained


def _explanation(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
) -> MXNetError:
    wrong_call = isinstance(error, TypeError) and _CALL.search(str(error))
    cls = ArgumentError if wrong_call else taught_class(error)
    given = [_short(value) for value in args] + [f"{k}={_short(v)}" for k, v in kwargs.items()]
    return cls(
        explain(
            f"{name}({', '.join(given)}) failed: {error}",
            fix=f"see the arguments that help({name}) states",
        )
    )


def _short(value: Any) -> str:
    """Shape and dtype of an array, the beginning of anything else."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"array {value.shape} {getattr(value.dtype, '__name__', value.dtype)}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__} of {len(value)}"
    return repr(value)[:40]
