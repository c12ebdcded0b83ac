"""Python's operators and the array methods on symbols: ``x + y``, ``2 - x``, ``x.reshape(...)``."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.registry import OPS, Op
from dlstudio.dialects.operators import FUNCTIONS, PLAIN, TABLE, Arithmetic
from dlstudio.errors import ArgumentError, explain
from dlstudio.graph.symbol import Symbol, create

__all__ = ["SymbolicNamespace", "install", "number_functions"]

# between two symbols these four take equal shapes, as in MXNet; the others broadcast
_ELEMENTWISE = {
    "add": "elemwise_add",
    "sub": "elemwise_sub",
    "mul": "elemwise_mul",
    "truediv": "elemwise_div",
}
# MXNet's stems of automatic names: x + y is called _plus0, x + 1 _plusscalar0
_STEMS = {
    "add": "_plus", "sub": "_minus", "mul": "_mul", "truediv": "_div", "mod": "_mod",
    "pow": "_power",
    "eq": "_equal", "ne": "_not_equal", "gt": "_greater", "ge": "_greater_equal", "lt": "_lesser",
    "le": "_lesser_equal",
}  # fmt: skip
_COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
_NUMBERS = (int, float, bool, np.generic, numbers.Number)


def _apply(op: Op, args: tuple[Symbol, ...], hint: str, **attrs: Any) -> Symbol:
    return create(op, args, attrs, hint=hint)


def _operator(python: str, pair: Op, scalar: Op, stem: str) -> Callable[[Symbol, Any], Any]:
    def operator(self: Symbol, other: Any) -> Any:
        if isinstance(other, Symbol):
            return _apply(pair, (self, other), stem)
        if isinstance(other, _NUMBERS):
            return _apply(scalar, (self,), _scalar_stem(scalar), scalar=other)
        raise _not_symbolic(python, other)

    return operator


def _scalar_stem(op: Op) -> str:
    """``_plus_scalar`` names its nodes ``_plusscalar0``."""
    return "_" + op.name.replace("_", "")


def _reflected(python: str, scalar: Op) -> Callable[[Symbol, Any], Any]:
    def operator(self: Symbol, other: Any) -> Any:
        if isinstance(other, _NUMBERS):
            return _apply(scalar, (self,), _scalar_stem(scalar), scalar=other)
        raise _not_symbolic(python, other)

    return operator


def _not_symbolic(python: str, other: Any) -> ArgumentError:
    return ArgumentError(
        explain(
            f"a symbol and a {type(other).__name__} cannot be combined by __{python}__.",
            "symbols and numbers: a graph is computed later and holds no arrays.",
            "in a hybrid block use a parameter or a Constant (self.params.get_constant) for arrays",
        )
    )


def _inplace(python: str) -> Callable[[Symbol, Any], Any]:
    def operator(self: Symbol, other: Any) -> Any:
        return getattr(self, f"__{python}__")(other)

    return operator


def _method(name: str) -> Callable[..., Any]:
    def method(self: Symbol, *args: Any, **kwargs: Any) -> Any:
        from dlstudio import sym

        return getattr(sym, name)(self, *args, **kwargs)

    method.__name__, method.__qualname__ = name, f"Symbol.{name}"
    return method


def _reshape(self: Symbol, *shape: Any, **kwargs: Any) -> Symbol:
    """Give the elements another shape; the codes 0, -1, -2, -3, -4 are those of `sym.reshape`."""
    from dlstudio import sym

    if len(shape) == 1 and not isinstance(shape[0], int):
        shape = tuple(shape[0])
    return sym.reshape(self, shape=kwargs.pop("shape", shape), **kwargs)


def _transpose(self: Symbol, *axes: Any, **kwargs: Any) -> Symbol:
    """Reorder the axes, or reverse them."""
    from dlstudio import sym

    if len(axes) == 1 and not isinstance(axes[0], int):
        axes = tuple(axes[0])
    return sym.transpose(self, axes=kwargs.pop("axes", axes), **kwargs)


def _expand_dims(self: Symbol, axis: int, inplace: bool = False, **kwargs: Any) -> Symbol:
    """Insert an axis of length 1 at `axis`; the plan decides about memory, not `inplace`."""
    from dlstudio import sym

    return sym.expand_dims(self, axis=axis, **kwargs)


def _squeeze(self: Symbol, axis: Any = None, inplace: bool = False, **kwargs: Any) -> Symbol:
    """Drop axes of length 1; the plan decides about memory, not `inplace`."""
    from dlstudio import sym

    return sym.squeeze(self, axis=axis, **kwargs)


def _flatten(self: Symbol, inplace: bool = False, **kwargs: Any) -> Symbol:
    """Keep the first axis and merge the rest; the plan decides about memory, not `inplace`."""
    from dlstudio import sym

    return sym.flatten(self, **kwargs)


def _diag(self: Symbol, k: int = 0, **kwargs: Any) -> Symbol:
    """Take diagonal `k`, or make a matrix with it."""
    from dlstudio import sym

    return sym.diag(self, k=k, **kwargs)


def _broadcast_like(self: Symbol, other: Symbol, **kwargs: Any) -> Symbol:
    """Stretch axes of length 1 to the shape of `other`."""
    from dlstudio import sym

    return sym.broadcast_like(self, other, **kwargs)


def _astype(self: Symbol, dtype: Any, **_: Any) -> Symbol:
    """Convert to another dtype."""
    from dlstudio import sym

    return sym.cast(self, dtype=np.dtype(dtype).name)


def install() -> None:
    """Hang operators and methods onto the class."""
    for row in TABLE:
        pair = OPS[_ELEMENTWISE.get(row.python, row.legacy)]
        stem = _STEMS[row.python]
        setattr(Symbol, f"__{row.python}__", _operator(row.python, pair, OPS[row.scalar], stem))
        if row.python not in _COMPARISONS:
            setattr(Symbol, f"__r{row.python}__", _reflected(row.python, OPS[row.rscalar]))
            setattr(Symbol, f"__i{row.python}__", _inplace(row.python))
    negative, absolute = OPS["negative"], OPS["abs"]
    Symbol.__neg__ = lambda self: _apply(negative, (self,), "negative")  # type: ignore[attr-defined]
    Symbol.__abs__ = lambda self: _apply(absolute, (self,), "abs")  # type: ignore[attr-defined]
    Symbol.T = property(_transpose)  # type: ignore[attr-defined]
    Symbol.__pos__ = lambda self: self  # type: ignore[attr-defined]
    _install_methods()


def _install_methods() -> None:
    special: dict[str, Callable[..., Symbol]] = {
        "reshape": _reshape, "transpose": _transpose, "astype": _astype, "cast": _astype,
        "expand_dims": _expand_dims, "squeeze": _squeeze, "flatten": _flatten, "diag": _diag,
        "broadcast_like": _broadcast_like,
    }  # fmt: skip
    for name, method in special.items():
        setattr(Symbol, name, method)
    for record in list(OPS.values()):
        for name in record.names.method.split():
            if name not in vars(Symbol):
                setattr(Symbol, name, _method(name))


_HYPOT = Arithmetic("", "broadcast_hypot", "_hypot_scalar", "_hypot_scalar", "hypot", "hypot")


def number_functions() -> dict[str, Callable[[Any, Any], Any]]:
    """``sym.maximum``, ``sym.add`` …, which take numbers as well as symbols."""
    rows = (*TABLE, *FUNCTIONS, _HYPOT)
    found = {name: _function(row, name) for row in rows for name in row.functions.split()}
    return found | {"pow": found["power"]}


# what MXNet calls the operands of functions that have names of their own for them
_OPERANDS = {
    **dict.fromkeys(("maximum", "minimum", "hypot"), ("left", "right")),
    **dict.fromkeys(("power", "pow"), ("base", "exp")),
}


def _function(row: Arithmetic, name: str) -> Callable[[Any, Any], Any]:
    pair, right, left = OPS[row.legacy], OPS[row.scalar], OPS[row.rscalar]
    first, second = _OPERANDS.get(name, ("lhs", "rhs"))

    def function(*args: Any, **kwargs: Any) -> Any:
        lhs, rhs = signature.bind(*args, **kwargs).args
        if isinstance(lhs, Symbol) and isinstance(rhs, Symbol):
            return _apply(pair, (lhs, rhs), f"_{name}")
        if isinstance(lhs, Symbol) and isinstance(rhs, _NUMBERS):
            return _apply(right, (lhs,), _scalar_stem(right), scalar=rhs)
        if isinstance(rhs, Symbol) and isinstance(lhs, _NUMBERS):
            return _apply(left, (rhs,), _scalar_stem(left), scalar=lhs)
        if isinstance(lhs, _NUMBERS) and isinstance(rhs, _NUMBERS):
            return PLAIN[name](lhs, rhs)
        raise _not_symbolic(name, rhs if isinstance(lhs, Symbol) else lhs)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(n, kind) for n in (first, second)])
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{pair.doc}\n\nOne of the operands may be a number."
    return function


class SymbolicNamespace:
    """Functions of the NumPy dialect on symbols: ``sym.np.dot`` and ``sym.npx.relu``.

    Parameters
    ----------
    dialect : {"np", "npx"}
    prefix : str
        Of a namespace inside: "linalg.".
    """

    def __init__(self, dialect: str, prefix: str = "") -> None:
        self._dialect, self._prefix = dialect, prefix

    def __getattr__(self, name: str) -> Any:
        from dlstudio.dialects.bind import build_symbol_function, index

        full, known = f"{self._prefix}{name}", index(self._dialect)
        if full in known:
            found: Any = build_symbol_function(known[full], full)
        elif any(other.startswith(f"{full}.") for other in known):
            found = SymbolicNamespace(self._dialect, f"{full}.")
        else:
            raise AttributeError(f"mx.sym.{self._dialect}.{full}: there is no such function.")
        setattr(self, name, found)
        return found
