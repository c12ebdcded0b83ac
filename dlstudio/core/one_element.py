"""NumPy arrays with one element that still convert to Python numbers.

``"loss %f" % loss.mean().asnumpy()`` stands in many MXNet programs, where a mean has shape (1,).
NumPy 2.4 refuses such conversions, which it had deprecated, for all arrays with axes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["convertible"]


class _OneElement(np.ndarray[Any, Any]):
    """Prints and computes as any array; results with more elements are plain arrays again."""

    def _as(self, number: Callable[[Any], Any]) -> Any:
        if self.size != 1:
            raise TypeError(
                f"only arrays with one element can be converted to {number.__name__}. "
                f"Got shape {self.shape}."
            )
        return number(self.item())

    def __float__(self) -> float:
        return self._as(float)

    def __int__(self) -> int:
        return self._as(int)

    def __complex__(self) -> complex:
        return self._as(complex)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else convertible(array)

    def __reduce__(self) -> Any:  # pickles are read where only NumPy is
        return self.view(np.ndarray).__reduce__()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.view(np.ndarray).__reduce_ex__(protocol)


_OneElement.__name__ = "array"  # which NumPy's repr() shows


def convertible(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return `array`, or a view of which `float` and `int` take what has one element.

    That is the array itself, or the rows of a column: predictions of shape (B, 1).
    """
    one = array.ndim and (array.size == 1 or array.shape[-1] == 1)
    return array.view(_OneElement) if one else array
