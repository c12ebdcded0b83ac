"""From constraints to transformations: numbers without bounds to numbers of a set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.probability.distributions import constraint as sets
from dlstudio.gluon.probability.transformation.transformation import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    SigmoidTransform,
    SoftmaxTransform,
    Transformation,
)

__all__ = ["biject_to", "domain_map", "transform_to"]


Factory = Callable[[Any], Transformation]


class domain_map:  # noqa: N801  MXNet's name
    """A table from constraints to transformations: ``table(constraint)`` looks one up.

    Examples
    --------
    >>> from dlstudio.gluon import probability as mgp
    >>> mgp.biject_to(mgp.constraint.Positive())
    ExpTransform()
    """

    def __init__(self) -> None:
        self._factories: dict[type, Factory] = {}

    def register(
        self, constraint: Any, factory: Callable[[Any], Transformation] | None = None
    ) -> Any:
        """Say which transformation leads to a set; without `factory` a decorator.

        Parameters
        ----------
        constraint : Constraint or its class
        factory : ``constraint -> Transformation``, optional

        Raises
        ------
        ParamError
            If it is no constraint.
        """
        if factory is None:
            return lambda function: self.register(constraint, function)
        kind = type(constraint) if isinstance(constraint, sets.Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, sets.Constraint)):
            raise ParamError(
                explain(f"register: {constraint!r} was given.", "a constraint or its class.")
            )
        self._factories[kind] = factory
        return factory

    def __call__(self, constraint: sets.Constraint) -> Transformation:
        """Return the transformation registered for the class of `constraint`."""
        for kind in type(constraint).__mro__:
            if kind in self._factories:
                return self._factories[kind](constraint)
        known = ", ".join(sorted(kind.__name__ for kind in self._factories))
        raise NotImplementedError(
            explain(
                f"There is no transformation to {constraint!r}.",
                f"one of {known}.",
                "biject_to.register(MyConstraint, lambda c: MyTransformation())",
            )
        )


biject_to = domain_map()
transform_to = domain_map()


def _both(*kinds: type) -> Callable[[Any], Any]:
    def register(factory: Any) -> Any:
        for table in (biject_to, transform_to):
            for kind in kinds:
                table.register(kind, factory)
        return factory

    return register


@_both(sets.Real)
def _to_real(_: Any) -> Transformation:
    return ComposeTransform([])


@_both(sets.Positive, sets.NonNegative)
def _to_positive(_: Any) -> Transformation:
    return ExpTransform()


@_both(sets.GreaterThan, sets.GreaterThanEq)
def _to_above(constraint: Any) -> Transformation:
    return ComposeTransform([ExpTransform(), AffineTransform(constraint.lower, 1)])


@_both(sets.LessThan, sets.LessThanEq)
def _to_below(constraint: Any) -> Transformation:
    return ComposeTransform([ExpTransform(), AffineTransform(constraint.upper, -1)])


@_both(sets.Interval, sets.OpenInterval, sets.HalfOpenInterval)
def _to_interval(constraint: Any) -> Transformation:
    low, width = constraint.lower, constraint.upper - constraint.lower
    if not isinstance(low, Tensor) and not isinstance(width, Tensor) and (low, width) == (0, 1):
        return SigmoidTransform()
    return ComposeTransform([SigmoidTransform(), AffineTransform(low, width)])


@transform_to.register(sets.Simplex)
def _to_simplex(_: Any) -> Transformation:
    return SoftmaxTransform()
