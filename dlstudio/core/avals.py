"""Abstract values: what is known of an array before it is computed."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Aval", "aval_of", "is_floating"]


class Aval(NamedTuple):
    """Shape and dtype of a value that has not been computed.

    Rules written for arrays work on it as far as they only ask for shape and dtype.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the array, without padding."""
        return prod(self.shape) * self.dtype.itemsize


def aval_of(x: Any) -> Aval:
    """Shape and dtype of an array, tensor or graph reference."""
    return Aval(tuple(x.shape), np.dtype(x.dtype))


def is_floating(dtype: Any) -> bool:
    """Whether a dtype holds real numbers with fractions.

    bfloat16 does, although it comes from `ml_dtypes` with a kind of its own ("V").
    """
    return dtype.kind == "f" or dtype.name == "bfloat16"
