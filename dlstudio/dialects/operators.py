"""Python's operators on arrays: ``x + y``, ``2 - x``, ``x += y``, ``x[0]``.

Also the number forms of functions such as ``nd.maximum(x, 0)``.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dlstudio.core import tape
from dlstudio.core.avals import is_floating
from dlstudio.core.dispatch import Attrs, invoke
from dlstudio.core.late import alive, is_late, write_later
from dlstudio.core.registry import OPS, Op
from dlstudio.core.tape import refuse_while_recorded, state
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.errors import DTypeError, ShapeError, explain
from dlstudio.trace import bus

__all__ = ["inplace", "install", "number_functions"]


class Arithmetic(NamedTuple):
    """One Python operator: its name, MXNet's names, and the core's."""

    python: str  # "sub" for __sub__, __rsub__, __isub__
    legacy: str  # of two arrays
    scalar: str  # of an array and a number
    rscalar: str  # of a number and an array
    core: str
    functions: str = ""  # names in nd that also take numbers


TABLE = (
    Arithmetic("add", "broadcast_add", "_plus_scalar", "_plus_scalar", "add", "add"),
    Arithmetic("sub", "broadcast_sub", "_minus_scalar", "_rminus_scalar", "subtract", "subtract"),
    Arithmetic("mul", "broadcast_mul", "_mul_scalar", "_mul_scalar", "multiply", "multiply"),
    Arithmetic(
        "truediv", "broadcast_div", "_div_scalar", "_rdiv_scalar", "divide", "divide true_divide"
    ),
    Arithmetic("mod", "broadcast_mod", "_mod_scalar", "_rmod_scalar", "mod", "modulo"),
    Arithmetic("pow", "broadcast_power", "_power_scalar", "_rpower_scalar", "power", "power"),
    Arithmetic("eq", "broadcast_equal", "_equal_scalar", "_equal_scalar", "equal", "equal"),
    Arithmetic(
        "ne", "broadcast_not_equal", "_not_equal_scalar", "_not_equal_scalar", "not_equal",
        "not_equal",
    ),
    Arithmetic(
        "gt", "broadcast_greater", "_greater_scalar", "_lesser_scalar", "greater", "greater"
    ),
    Arithmetic(
        "ge", "broadcast_greater_equal", "_greater_equal_scalar", "_lesser_equal_scalar",
        "greater_equal", "greater_equal",
    ),
    Arithmetic("lt", "broadcast_lesser", "_lesser_scalar", "_greater_scalar", "less", "lesser"),
    Arithmetic(
        "le", "broadcast_lesser_equal", "_lesser_equal_scalar", "_greater_equal_scalar",
        "less_equal", "lesser_equal",
    ),
)  # fmt: skip

# functions of nd that take numbers and stand for no Python operator
FUNCTIONS = (
    Arithmetic("", "broadcast_maximum", "_maximum_scalar", "_maximum_scalar", "maximum", "maximum"),
    Arithmetic("", "broadcast_minimum", "_minimum_scalar", "_minimum_scalar", "minimum", "minimum"),
    Arithmetic(
        "", "broadcast_logical_and", "_logical_and_scalar", "_logical_and_scalar", "", "logical_and"
    ),
    Arithmetic(
        "", "broadcast_logical_or", "_logical_or_scalar", "_logical_or_scalar", "", "logical_or"
    ),
    Arithmetic(
        "", "broadcast_logical_xor", "_logical_xor_scalar", "_logical_xor_scalar", "", "logical_xor"
    ),
)

_NUMBERS = (int, float, bool, complex, np.generic, numbers.Number)
_COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
Binary = Callable[[Any, Any], Any]


def _number(op: Op, memo: dict[Any, Attrs], value: Any, *, reverse: bool) -> Attrs:
    """Attributes of an array-and-number call, remembered by value and type."""
    key = (op, value, value.__class__, reverse)
    found = memo.get(key)
    if found is None or value == 0:  # 0.0 and -0.0 are one key but two operands
        given = {"scalar": value, "reverse": True} if reverse else {"scalar": value}
        found = Attrs(op.parse(given))
        if len(memo) > 4096:
            memo.clear()
        memo[key] = found
    return found


def _binary(pair: Op, right: Op, left: Op, default: type[Tensor]) -> Binary:
    """Build ``f(lhs, rhs)`` of arrays and numbers in any combination.

    `right` computes array ∘ number. `left` computes number ∘ array; where it is the same
    operator with an attribute `reverse`, that is set.
    """
    plain = Attrs(dict(pair.attrs))
    memo: dict[Any, Attrs] = {}
    flip = left is right and "reverse" in left.attrs

    def function(lhs: Any, rhs: Any) -> Any:
        if not isinstance(lhs, Tensor):
            if isinstance(rhs, Tensor) and isinstance(lhs, _NUMBERS):
                return invoke(left, (rhs,), _number(left, memo, lhs, reverse=flip), rhs.__class__)
            cls = rhs.__class__ if isinstance(rhs, Tensor) else default
            return invoke(pair, (lhs, rhs), plain, cls)
        cls = lhs.__class__
        if isinstance(rhs, Tensor):
            if rhs.__class__ is not cls and isinstance(rhs, ndarray):
                cls = rhs.__class__
            return invoke(pair, (lhs, rhs), plain, cls)
        if isinstance(rhs, _NUMBERS):
            return invoke(right, (lhs,), _number(right, memo, rhs, reverse=False), cls)
        return invoke(pair, (lhs, rhs), plain, cls)

    return function


_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def _quick(pair: Op, cls: type[Tensor], general: Binary) -> Binary:
    """Put the commonest call before `general`: two CPU arrays of one floating dtype.

    It is what `invoke` does for them, spelled out without its detours: on small arrays the
    detours take longer than the arithmetic.
    """
    if not pair.ufunc:
        return general
    ufunc = getattr(np, pair.ufunc)
    plain = Attrs(dict(pair.attrs))
    state = tape.state

    def function(lhs: Any, rhs: Any) -> Any:
        if lhs.__class__ is not cls or rhs.__class__ is not cls or bus.subscribers or alive:
            return general(lhs, rhs)
        x, y, device = lhs._data, rhs._data, lhs._device
        dtype = x.dtype
        if (
            device is not rhs._device
            or dtype is not y.dtype
            or (dtype is not _FLOAT32 and dtype is not _FLOAT64)
            or x.__class__ is not np.ndarray
        ):
            return general(lhs, rhs)
        recording = state.recording
        if recording and state.tracer is not None:
            return general(lhs, rhs)
        try:
            result = ufunc(x, y)
        except ValueError:  # shapes that do not broadcast
            return general(lhs, rhs)
        if result.__class__ is not np.ndarray:  # NumPy answers 0-d results as scalars
            return general(lhs, rhs)
        tensor = cls.__new__(cls)
        tensor._data, tensor._device, tensor._entry, tensor._store = result, device, None, None
        if recording and (lhs._entry is not None or rhs._entry is not None):
            tape.record(pair, (lhs, rhs), plain, (x, y), (tensor,), (result,))
        return tensor

    return function


def _pair(row: Arithmetic, cls: type[Tensor]) -> Op:
    return OPS[row.core] if cls is ndarray else OPS[row.legacy]


def _function(row: Arithmetic, cls: type[Tensor]) -> Binary:
    if cls is ndarray:
        scalar = OPS[f"{row.core}_scalar"]
        mirrored = {
            "greater": "less",
            "less": "greater",
            "greater_equal": "less_equal",
            "less_equal": "greater_equal",
        }
        left = OPS[f"{mirrored[row.core]}_scalar"] if row.core in mirrored else scalar
        return _binary(_pair(row, cls), scalar, left, ndarray)
    return _binary(_pair(row, cls), OPS[row.scalar], OPS[row.rscalar], NDArray)


def number_functions(dialect: str) -> dict[str, Binary]:
    """``nd.add``, ``nd.maximum`` …, ``np.add`` …, which take numbers as well as arrays."""
    found: dict[str, Binary] = {}
    for row in (*TABLE, *FUNCTIONS):
        if dialect == "nd":
            function = _function(row, NDArray)
            for name in row.functions.split():
                found[name] = _named(_pair(row, NDArray), function, name)
    return found


# two plain numbers give a plain number, in nd 0 or 1 for a comparison
PLAIN: dict[str, Binary] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "true_divide": operator.truediv,
    "modulo": operator.mod,
    "power": operator.pow,
    "hypot": math.hypot,
    "maximum": max,
    "minimum": min,
    "equal": lambda x, y: int(x == y),
    "not_equal": lambda x, y: int(x != y),
    "greater": lambda x, y: int(x > y),
    "greater_equal": lambda x, y: int(x >= y),
    "lesser": lambda x, y: int(x < y),
    "lesser_equal": lambda x, y: int(x <= y),
    "logical_and": lambda x, y: int(bool(x) and bool(y)),
    "logical_or": lambda x, y: int(bool(x) or bool(y)),
    "logical_xor": lambda x, y: int(bool(x) != bool(y)),
}


def _named(pair: Op, function: Binary, name: str) -> Binary:
    plain = PLAIN[name]

    def general(lhs: Any, rhs: Any) -> Any:
        if isinstance(lhs, _NUMBERS) and isinstance(rhs, _NUMBERS):
            return plain(lhs, rhs)
        return function(lhs, rhs)

    quick = _quick(pair, NDArray, general)
    named: Any = quick
    if name == "power":  # MXNet calls the operands so

        def power(base: Any, exp: Any) -> Any:
            return quick(base, exp)

        named = power
    named.__name__ = named.__qualname__ = name
    named.__doc__ = f"{pair.doc}\n\nEither operand may be a number."
    named.__module__ = "dlstudio.nd"
    return named


# ---- methods ---------------------------------------------------------------------------------
def _forward(function: Binary) -> Binary:
    def operator(self: Any, other: Any) -> Any:
        if hasattr(other, "list_arguments"):
            return NotImplemented
        return function(self, other)

    return operator


def _equality(function: Binary) -> Binary:
    """Build ``==`` or ``!=`` of np arrays; what can be no operand is never equal, as in NumPy.

    None is refused, as in MXNet: ``x is None`` was meant.
    """
    forward = _forward(function)

    def operator(self: Any, other: Any) -> Any:
        if other is None or isinstance(other, (Tensor, np.ndarray, list, tuple, *_NUMBERS)):
            return forward(self, other)
        return NotImplemented

    return operator


def _reverse(function: Binary) -> Binary:
    def operator(self: Any, other: Any) -> Any:
        return function(other, self)

    return operator


def inplace(function: Binary) -> Binary:
    """Build the in-place operator of a binary one; the result goes into the left operand.

    While recording, gradients flow from there to an operand that is on the tape; the left operand
    itself must not be there.
    """

    def operator(self: Any, other: Any) -> Any:
        refuse_while_recorded(self)
        follows = state.recording and isinstance(other, Tensor) and other._entry is not None
        # the gradient of the operand may need what is overwritten here
        result = function(self.copy() if follows else self.detach(), other)
        if result._data.shape != self._data.shape:
            raise ShapeError(
                explain(
                    f"an array of shape {self._data.shape} cannot hold the result "
                    f"of shape {result._data.shape} in place.",
                    fix="x = x + y, which makes a new array",
                )
            )
        if isinstance(self, ndarray):
            _refuse_other_kind(self, result)
        if result._data.dtype != self._data.dtype:
            result = result.astype(self._data.dtype)
        if alive and is_late(result):
            write_later(self, result)
        else:
            self._prepare_write()
            self._data[...] = result._data
        if follows:
            self._entry, self._index = result._entry, result._index
        return self

    return operator


def _refuse_other_kind(self: Any, result: Any) -> None:
    """Refuse to store fractions in integers, or complex numbers in real ones."""
    new, old = result._data.dtype, self._data.dtype
    if not (np.can_cast(new, old, "same_kind") or (is_floating(new) and is_floating(old))):
        raise DTypeError(
            explain(
                f"an array of {old} cannot hold a result of {new} in place.",
                fix="x = x / y, which makes a new array, or x.astype('float32') before",
            )
        )


def install() -> None:
    """Hang the operators on both array classes."""
    for cls in (NDArray, ndarray):
        for row in TABLE:
            function = _function(row, cls)
            equality = cls is ndarray and row.python in ("eq", "ne")
            general = _equality(function) if equality else _forward(function)
            setattr(cls, f"__{row.python}__", _quick(_pair(row, cls), cls, general))
            if row.python not in _COMPARISONS:
                setattr(cls, f"__r{row.python}__", _reverse(function))
                setattr(cls, f"__i{row.python}__", inplace(function))
        _unary(cls)
    _matmul()
    _bits()


def _unary(cls: type[Any]) -> None:
    negative, absolute = OPS["negative"], OPS["abs"]
    none, none_abs = Attrs(dict(negative.attrs)), Attrs(dict(absolute.attrs))
    cls.__neg__ = lambda self: invoke(negative, (self,), none, self.__class__)
    cls.__abs__ = lambda self: invoke(absolute, (self,), none_abs, self.__class__)
    cls.__pos__ = lambda self: self
    cls.__bool__ = _truth


def _truth(self: Any) -> bool:
    if self._data.size == 1:
        return bool(self.asscalar())
    if self._data.size == 0 and not isinstance(self, ndarray):
        return False
    raise ShapeError(
        f"the truth value of an array with {self._data.size} elements is ambiguous. "
        "Use x.any() or x.all()."
    )


def _bits() -> None:
    """``& | ^ ~`` of integers and truth values, which only the NumPy dialect has."""
    from dlstudio.dialects.numpy.binary import binary_function

    for python, name in (("and", "bitwise_and"), ("or", "bitwise_or"), ("xor", "bitwise_xor")):
        function = binary_function(name)
        setattr(ndarray, f"__{python}__", _forward(function))
        setattr(ndarray, f"__r{python}__", _reverse(function))
        setattr(ndarray, f"__i{python}__", inplace(function))
    invert = OPS["invert"]
    none = Attrs(dict(invert.attrs))
    owner: Any = ndarray
    owner.__invert__ = lambda self: invoke(invert, (self,), none, self.__class__)


def _matmul() -> None:
    matmul = OPS["matmul"]
    none = Attrs(dict(matmul.attrs))

    def left(self: Any, other: Any) -> Any:
        return invoke(matmul, (self, other), none, self.__class__)

    def right(self: Any, other: Any) -> Any:
        return invoke(matmul, (other, self), none, self.__class__)

    def inplace(self: Any, other: Any) -> Any:
        result = left(self, other)
        self._overwrite(result)
        return self

    for name, function in (("__matmul__", left), ("__rmatmul__", right), ("__imatmul__", inplace)):
        setattr(ndarray, name, function)
