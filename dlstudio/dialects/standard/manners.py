"""Lets functions of `mx.np` take the standard's calls too, as NumPy's main namespace does.

`mx.np` computes ``clip(x, a_min, a_max)`` as MXNet does; ``clip(x, min=0)`` is the standard's
call. A function of both manners goes by the keywords it is given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["KEYWORDS", "both"]

# parameters that only the standard's form of a function has, and their defaults
KEYWORDS: dict[str, dict[str, Any]] = {
    "argsort": {"descending": False, "stable": True},
    "clip": {"min": None, "max": None},
    "diff": {"prepend": None, "append": None},
    "reshape": {"copy": None},
    "sort": {"descending": False, "stable": True},
    "std": {"correction": 0.0},
    "var": {"correction": 0.0},
    "linalg.cholesky": {"upper": False},
    "linalg.pinv": {"rtol": None},
    "linalg.qr": {"mode": "reduced"},
    "linalg.svd": {"full_matrices": True},
    "linalg.trace": {"dtype": None},
}


def _standard(name: str) -> Callable[..., Any]:
    """Return the standard's function; `name` may be dotted."""
    from dlstudio import array_api

    place, _, short = name.rpartition(".")
    return getattr(array_api.linalg if place else array_api, short)


def _joined(own: Callable[..., Any], extra: dict[str, Any]) -> inspect.Signature:
    """Signature of MXNet's form with the standard's keywords before ``**kwargs``."""
    kind = inspect.Parameter.KEYWORD_ONLY
    added = [inspect.Parameter(k, kind, default=v) for k, v in extra.items()]
    signature = inspect.signature(own)
    given = list(signature.parameters.values())
    last = [given.pop()] if given and given[-1].kind is inspect.Parameter.VAR_KEYWORD else []
    return signature.replace(parameters=[*given, *added, *last])


def both(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """Join MXNet's form of a function and the standard's."""
    extra = KEYWORDS[name]

    def function(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not kwargs.keys().isdisjoint(extra):
            return _standard(name)(*args, **kwargs)
        return own(*args, **kwargs)

    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    function.__module__ = own.__module__
    function.__doc__ = f"{own.__doc__}\n\nAlso takes the call of the array API standard."
    function.__signature__ = _joined(own, extra)  # type: ignore[attr-defined]
    return function
