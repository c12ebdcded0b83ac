"""Operator attributes: how each is parsed, checked, written to MXNet JSON, and got wrong.

A `Param` turns what a user (or a JSON file) gives into one canonical, hashable value. The
message of every failure has the same form:

    clip: parameter a_max must be a number. Got 'high'.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from dlstudio.errors import ParamError
from dlstudio.interop.dtypes import dtype_of

__all__ = [
    "Anything",
    "Axes",
    "Bool",
    "Choice",
    "DType",
    "Float",
    "Int",
    "Param",
    "Scalar",
    "Shape",
    "Text",
    "param_for_default",
]


class Param:
    """One attribute's domain. `optional` also admits None."""

    describe = "a value"

    def __init__(self, *, optional: bool = False) -> None:
        self.optional = optional

    def convert(self, value: Any) -> Any:
        """Canonical form of `value`; raise ValueError or TypeError if there is none."""
        return value

    def parse(self, value: Any, where: str = "") -> Any:
        """Canonical form of `value`, or a ParamError that names `where`."""
        if value is None or (isinstance(value, str) and value == "None"):
            if self.optional:
                return None
            raise self.error(value, where)
        try:
            return self.convert(value)
        except ParamError:
            raise
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, OverflowError):
            raise self.error(value, where) from None

    def error(self, value: Any, where: str) -> ParamError:
        """Compose the message for a value outside the domain."""
        none = " or None" if self.optional else ""
        text = repr(value)
        return ParamError(f"{where} must be {self.describe}{none}. Got {text[:200]}.")

    def text(self, value: Any) -> str:
        """Spell a canonical value as MXNet writes it into JSON."""
        return str(value)

    def invalid(self) -> tuple[Any, ...]:
        """Values that must be refused; the sweep tries each."""
        return ()


def _literal(value: Any) -> Any:
    """Read numbers and tuples from the strings of MXNet JSON; other values pass through."""
    if isinstance(value, str):
        return ast.literal_eval(value.strip())
    return value


class Anything(Param):
    """No restriction; the forward itself says what it accepts."""

    def __init__(self) -> None:
        super().__init__(optional=True)

    def convert(self, value: Any) -> Any:
        """Make lists hashable, leave the rest."""
        return _freeze(value)


def _freeze(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_freeze(v) for v in value)
    return value


class Bool(Param):
    """True or False; MXNet JSON also writes "1" and "0"."""

    describe = "True or False"

    def convert(self, value: Any) -> bool:
        """Accept bools, 0/1 and their JSON spellings."""
        if isinstance(value, str):
            value = (
                {"true": True, "1": True, "false": False, "0": False}[value.lower()]
                if (value.lower() in ("true", "false", "1", "0"))
                else value
            )
        if isinstance(value, (bool, np.bool_)) or (isinstance(value, Integral) and value in (0, 1)):
            return bool(value)
        raise ValueError(value)

    def invalid(self) -> tuple[Any, ...]:
        """Words and numbers that are not truth values."""
        return ("perhaps", 2)


class Int(Param):
    """A whole number, optionally bounded below."""

    def __init__(self, low: int | None = None, *, optional: bool = False) -> None:
        super().__init__(optional=optional)
        self.low = low
        self.describe = "an integer" if low is None else f"an integer >= {low}"

    def convert(self, value: Any) -> int:
        """Accept ints, integral floats and their spellings."""
        value = _literal(value)
        if (
            isinstance(value, Real)
            and not isinstance(value, Integral)
            and float(value).is_integer()
        ):
            value = int(float(value))
        if not isinstance(value, (Integral, np.bool_)) or (
            self.low is not None and value < self.low
        ):
            raise ValueError(value)
        return int(value)

    def invalid(self) -> tuple[Any, ...]:
        """A word, a fraction, and a value below the bound."""
        return ("many", 1.5) if self.low is None else ("many", 1.5, self.low - 1)


class Float(Param):
    """A real number, optionally bounded."""

    def __init__(
        self, low: float | None = None, high: float | None = None, *, optional: bool = False
    ) -> None:
        super().__init__(optional=optional)
        self.low, self.high = low, high
        bounds = [f">= {low}"] if low is not None else []
        bounds += [f"<= {high}"] if high is not None else []
        self.describe = " and ".join(["a number", *bounds]).replace("number and", "number", 1)

    def convert(self, value: Any) -> float:
        """Accept numbers, NumPy scalars and their spellings."""
        number = float(value)
        if self.low is not None and not number >= self.low:
            raise ValueError(value)
        if self.high is not None and not number <= self.high:
            raise ValueError(value)
        return number

    def invalid(self) -> tuple[Any, ...]:
        """A word, and values beyond each bound."""
        low = () if self.low is None else (self.low - 1,)
        high = () if self.high is None else (self.high + 1,)
        return ("large", *low, *high)


def _number(text: str) -> Any:
    """Read a number as it was written: "2" is an integer, "2.0" and "inf" are not."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):  # inf, nan
        return float(text)
    if isinstance(value, (bool, int, float, complex)):
        return value
    raise ValueError(text)


class Scalar(Param):
    """A number whose Python type matters: 1, 1.0 and True promote differently."""

    describe = "a number"

    def convert(self, value: Any) -> Any:
        """Keep Python and NumPy numbers as they are; read JSON spellings."""
        if isinstance(value, str):
            return _number(value.strip())
        if isinstance(value, np.complexfloating):
            return complex(value)
        if isinstance(value, (bool, int, float, complex, np.generic)):
            return value
        raise TypeError(value)

    def invalid(self) -> tuple[Any, ...]:
        """A word."""
        return ("much",)


class Text(Param):
    """Any string."""

    describe = "a string"

    def convert(self, value: Any) -> str:
        """Accept strings only."""
        if not isinstance(value, str):
            raise TypeError(value)
        return value

    def invalid(self) -> tuple[Any, ...]:
        """A number."""
        return (3,)


class Choice(Param):
    """One of a few words."""

    def __init__(self, *values: str, optional: bool = False) -> None:
        super().__init__(optional=optional)
        self.values = values
        self.describe = "one of " + ", ".join(repr(v) for v in values)

    def convert(self, value: Any) -> str:
        """Accept the words as they are."""
        if value not in self.values:
            raise ValueError(value)
        return str(value)

    def invalid(self) -> tuple[Any, ...]:
        """A word that is not on the list."""
        return ("no-such-choice",)


class DType(Param):
    """A dtype, kept as its name: "float32"."""

    describe = "a dtype such as 'float32'"

    def convert(self, value: Any) -> str:
        """Accept names, NumPy dtypes and NumPy scalar types."""
        found = dtype_of(value)
        if found.kind not in "biufc" and (found.kind != "V" or found.name.startswith("void")):
            raise TypeError(value)  # bfloat16 is of kind V; objects and text hold no numbers
        return found.name

    def invalid(self) -> tuple[Any, ...]:
        """A name that no dtype has, and a dtype of no numbers."""
        return ("float33", "object")


class Shape(Param):
    """A tuple of whole numbers; a single number means one axis."""

    def __init__(
        self, low: int | None = None, *, optional: bool = False, holes: bool = False
    ) -> None:
        super().__init__(optional=optional)
        self.low, self.holes = low, holes
        self.describe = "a tuple of integers" + ("" if low is None else f" >= {low}")

    def convert(self, value: Any) -> tuple[int | None, ...]:
        """Accept sequences, single integers and spellings like "(3, 3)"."""
        value = _literal(value)
        items = [value] if isinstance(value, (Integral, Real)) else list(value)
        return tuple(self._item(item) for item in items)

    def _item(self, item: Any) -> int | None:
        if item is None and self.holes:
            return None
        return Int(self.low).convert(item)

    def invalid(self) -> tuple[Any, ...]:
        """A word, a tuple of fractions, and an entry below the bound."""
        low = () if self.low is None else ((self.low - 1,),)
        return ("wide", (1.5,), *low)


class Axes(Param):
    """One axis, several axes, or None for all of them. Canonical: int, tuple or None."""

    describe = "an axis, a tuple of axes, or None"

    def __init__(self) -> None:
        super().__init__(optional=True)

    def convert(self, value: Any) -> int | tuple[int, ...]:
        """Accept integers and sequences of integers."""
        value = _literal(value)
        if isinstance(value, (Sequence, np.ndarray)):
            return tuple(Int().convert(v) for v in value)
        return Int().convert(value)

    def invalid(self) -> tuple[Any, ...]:
        """A word and a fraction."""
        return ("rows", 0.5)


def param_for_default(default: Any) -> Param:
    """Guess an attribute's domain from its default value, where the entry does not state it."""
    if isinstance(default, bool):
        return Bool()
    if isinstance(default, int):
        return Int()
    if isinstance(default, float):
        return Float()
    if isinstance(default, str):
        return Text()
    if isinstance(default, tuple):
        return Shape()
    return Anything()
