"""Sets of numbers: what parameters must be, and where a distribution lives."""

from __future__ import annotations

from typing import Any

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.probability.functions import as_array

__all__ = [
    "Boolean", "Constraint", "GreaterThan", "GreaterThanEq", "HalfOpenInterval",
    "IntegerGreaterThan", "IntegerGreaterThanEq", "IntegerHalfOpenInterval", "IntegerInterval",
    "IntegerLessThan", "IntegerLessThanEq", "IntegerOpenInterval", "Interval", "LessThan",
    "LessThanEq", "NonNegative", "NonNegativeInteger", "OpenInterval", "Positive",
    "PositiveInteger", "Real", "UnitInterval", "dependent", "dependent_property", "is_dependent",
]  # fmt: skip


class Constraint:
    """A set of values; `check` returns a value that belongs to it and refuses others.

    Subclasses define `holds(value)`: truth values, one for each event; and `expected`, the set in
    words.
    """

    expected = "a value of the set"

    def holds(self, value: Any) -> Any:
        """Where `value` belongs to the set: truth values, or one for a number."""
        raise NotImplementedError(f"{type(self).__name__} must define holds(self, value).")

    def check(self, value: Any, name: str = "") -> Any:
        """Return `value` if all of it belongs to the set.

        Parameters
        ----------
        value : array or number
        name : str
            What the value is called in the message.

        Raises
        ------
        ParamError
            Names the first element outside. In a compiled block the plan checks at every run.
        """
        value = as_array(value)
        name = name or type(self).__name__
        holds = self.holds(value)
        if isinstance(value, Tensor) and isinstance(holds, Tensor):
            op = OPS["_constrained"]
            given = attributes(op, {"name": name, "expected": self.expected})
            return invoke(op, (value, holds), given, ndarray)
        if not holds:
            raise ParamError(explain(f"{name} is {value!r}.", f"{self.expected}."))
        return value

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _Dependent(Constraint):
    """Stands for a set that depends on other parameters; it cannot be checked alone."""

    expected = "a value that depends on the other parameters"

    def check(self, value: Any, name: str = "") -> Any:
        raise ParamError(
            explain(
                f"The set for {name or 'this value'} depends on the parameters of a distribution.",
                "a constraint with known bounds.",
                "the `support` of a distribution, not of its class",
            )
        )


dependent = _Dependent()


class dependent_property(property, _Dependent):  # noqa: N801  MXNet's name
    """A property whose value is a constraint; on the class it counts as dependent."""


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint depends on parameters that are not known yet."""
    return isinstance(constraint, _Dependent)


class Real(Constraint):
    """Numbers that are not nan."""

    expected = "real numbers, no nan"

    def holds(self, value: Any) -> Any:
        """Only nan differs from itself."""
        return value == value  # noqa: PLR0124


class Boolean(Constraint):
    """0 and 1."""

    expected = "0 or 1"

    def holds(self, value: Any) -> Any:
        """Compare with both."""
        return (value == 0) | (value == 1)


def _whole(value: Any) -> Any:
    return value % 1 == 0


class _Bounded(Constraint):
    """Between bounds, each open or closed; whole numbers only if `whole`."""

    low_open = high_open = whole = False
    lower: Any = None
    upper: Any = None

    def holds(self, value: Any) -> Any:
        """Compare with the bounds that there are."""
        tests = []
        if self.lower is not None:
            tests.append(value > self.lower if self.low_open else value >= self.lower)
        if self.upper is not None:
            tests.append(value < self.upper if self.high_open else value <= self.upper)
        if self.whole:
            tests.append(_whole(value))
        found = tests[0]
        for test in tests[1:]:
            found = found & test
        return found

    @property
    def expected(self) -> str:  # type: ignore[override]  # a text that depends on the bounds
        """The set in words."""
        kind = "whole numbers" if self.whole else "numbers"
        low = f"{'above' if self.low_open else 'at least'} {_told(self.lower)}"
        high = f"{'below' if self.high_open else 'at most'} {_told(self.upper)}"
        if self.lower is None or self.upper is None:
            return f"{kind} {low if self.upper is None else high}"
        return f"{kind} {low} and {high}"

    def __repr__(self) -> str:
        bounds = [_told(b) for b in (self.lower, self.upper) if b is not None]
        return f"{type(self).__name__}({', '.join(bounds)})"


def _told(bound: Any) -> str:
    return f"the bounds of shape {bound.shape}" if isinstance(bound, Tensor) else f"{bound}"


class _Between(_Bounded):
    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower, self.upper = lower_bound, upper_bound


class _Above(_Bounded):
    def __init__(self, lower_bound: Any) -> None:
        self.lower = lower_bound


class _Below(_Bounded):
    def __init__(self, upper_bound: Any) -> None:
        self.upper = upper_bound


class Interval(_Between):
    """Numbers from `lower_bound` to `upper_bound`, both included."""


class OpenInterval(_Between):
    """Numbers between the bounds, both left out."""

    low_open = high_open = True


class HalfOpenInterval(_Between):
    """Numbers from `lower_bound` on, below `upper_bound`."""

    high_open = True


class IntegerInterval(Interval):
    """Whole numbers from `lower_bound` to `upper_bound`, both included."""

    whole = True


class IntegerOpenInterval(OpenInterval):
    """Whole numbers between the bounds, both left out."""

    whole = True


class IntegerHalfOpenInterval(HalfOpenInterval):
    """Whole numbers from `lower_bound` on, below `upper_bound`."""

    whole = True


class GreaterThan(_Above):
    """Numbers above `lower_bound`."""

    low_open = True


class GreaterThanEq(_Above):
    """Numbers from `lower_bound` on."""


class IntegerGreaterThan(GreaterThan):
    """Whole numbers above `lower_bound`."""

    whole = True


class IntegerGreaterThanEq(GreaterThanEq):
    """Whole numbers from `lower_bound` on."""

    whole = True


class LessThan(_Below):
    """Numbers below `upper_bound`."""

    high_open = True


class LessThanEq(_Below):
    """Numbers up to `upper_bound`."""


class IntegerLessThan(LessThan):
    """Whole numbers below `upper_bound`."""

    whole = True


class IntegerLessThanEq(LessThanEq):
    """Whole numbers up to `upper_bound`."""

    whole = True


class UnitInterval(Interval):
    """Numbers from 0 to 1."""

    def __init__(self) -> None:
        super().__init__(0, 1)


class Positive(GreaterThan):
    """Numbers above 0."""

    def __init__(self) -> None:
        super().__init__(0)


class NonNegative(GreaterThanEq):
    """Numbers from 0 on."""

    def __init__(self) -> None:
        super().__init__(0)


class PositiveInteger(IntegerGreaterThan):
    """Whole numbers from 1 on."""

    def __init__(self) -> None:
        super().__init__(0)


class NonNegativeInteger(IntegerGreaterThanEq):
    """Whole numbers from 0 on."""

    def __init__(self) -> None:
        super().__init__(0)
