"""Sets of values, `mgp.constraint`: those of numbers, of vectors and matrices, and of parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from dlstudio import np
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.probability.distributions import bounds
from dlstudio.gluon.probability.distributions.bounds import *  # noqa: F403
from dlstudio.gluon.probability.distributions.bounds import Constraint
from dlstudio.gluon.probability.functions import as_array

__all__ = [
    "Cat", "LowerCholesky", "LowerTriangular", "PositiveDefinite", "Simplex", "Stack",
]  # fmt: skip
__all__ += bounds.__all__

# a sum of K float32 numbers is exact to about K * 1e-7
_TOLERANCE = 1e-5


class Simplex(Constraint):
    """Rows of the last axis that are at least 0 and add up to 1."""

    expected = "rows of probabilities: at least 0, with the sum 1"

    def holds(self, value: Any) -> Any:
        """One truth value for each row."""
        total = np.abs(value.sum(-1) - 1) < _TOLERANCE
        return (value >= 0).min(-1) & total


class LowerTriangular(Constraint):
    """Square matrices of the last two axes with zeros above the diagonal."""

    expected = "lower triangular matrices"

    def holds(self, value: Any) -> Any:
        """One truth value for each matrix."""
        return (np.tril(value) == value).min((-2, -1))


class LowerCholesky(LowerTriangular):
    """Lower triangular matrices with a diagonal above 0."""

    expected = "lower triangular matrices with positive numbers on the diagonal"

    def holds(self, value: Any) -> Any:
        """One truth value for each matrix."""
        return super().holds(value) & (_diagonal(value) > 0).min(-1)


def _diagonal(matrix: Any) -> Any:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


class PositiveDefinite(Constraint):
    """Symmetric matrices of the last two axes with eigenvalues above 0."""

    expected = "symmetric matrices with positive eigenvalues"

    def holds(self, value: Any) -> Any:
        """One truth value for each matrix."""
        size = np.abs(value).max((-2, -1)) + 1e-30
        flipped = np.swapaxes(value, -1, -2)
        symmetric = np.abs(value - flipped).max((-2, -1)) <= _TOLERANCE * size
        return symmetric & (np.linalg.eigvalsh(value)[..., 0] > 0)


class _Parts(Constraint):
    """Parts of an array along one axis, each with a constraint of its own."""

    def __init__(self, constraint_seq: Sequence[Constraint], axis: int = 0) -> None:
        if not all(isinstance(c, Constraint) for c in constraint_seq):
            raise ParamError(
                explain(
                    f"{type(self).__name__}: constraint_seq holds {list(constraint_seq)!r}.",
                    "constraints.",
                    f"{type(self).__name__}([constraint.Positive(), constraint.Real()])",
                )
            )
        self._constraints, self._axis = list(constraint_seq), axis

    def _parts(self, value: Any) -> list[Any]:
        raise NotImplementedError

    def _checked(self, value: Any, name: str) -> list[Any]:
        parts = self._parts(as_array(value))
        name = name or type(self).__name__
        return [
            constraint.check(part, f"{name}, part {i},")
            for i, (constraint, part) in enumerate(zip(self._constraints, parts, strict=True))
        ]


class Cat(_Parts):
    """Parts of given `lengths` along `axis`, each with a constraint of its own."""

    def __init__(
        self,
        constraint_seq: Sequence[Constraint],
        axis: int = 0,
        lengths: Sequence[int] | None = None,
    ) -> None:
        super().__init__(constraint_seq, axis)
        self._lengths = list(lengths or [1] * len(self._constraints))
        if len(self._lengths) != len(self._constraints):
            raise ParamError(
                explain(
                    f"Cat: {len(self._lengths)} lengths for {len(self._constraints)} constraints.",
                    "one length for each constraint.",
                )
            )

    def _parts(self, value: Any) -> list[Any]:
        return np.split(value, list(numpy.cumsum(self._lengths)[:-1]), axis=self._axis)

    def check(self, value: Any, name: str = "") -> Any:
        """Return `value` if each part belongs to its set."""
        return np.concatenate(self._checked(value, name), axis=self._axis)


class Stack(_Parts):
    """Slices along `axis`, each with a constraint of its own."""

    def _parts(self, value: Any) -> list[Any]:
        count = value.shape[self._axis]
        if count != len(self._constraints):
            raise ParamError(
                explain(
                    f"Stack: {count} slices for {len(self._constraints)} constraints.",
                    "one constraint for each slice.",
                )
            )
        return [value.take(i, axis=self._axis) for i in range(count)]

    def check(self, value: Any, name: str = "") -> Any:
        """Return `value` if each slice belongs to its set."""
        return np.stack(self._checked(value, name), axis=self._axis)
