"""Makes the small inputs that operators declare in their entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.registry import Sample

__all__ = ["SampleMaker"]


class SampleMaker:
    """The `s` of ``samples=lambda s: [s(2, 3), s((2, 3), (1, 3), axis=1)]``.

    Whole numbers alone give one array of that shape. Otherwise each argument is a shape (random
    numbers in 0.5 … 1.5, away from kinks and poles), an array to use as it is, or None for an
    absent optional input. Keywords are attributes.
    """

    def __init__(self, seed: int = 0, dtype: Any = np.float64) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = np.dtype(dtype)

    def __call__(self, *inputs: Any, **attrs: Any) -> Sample:
        """Make a sample; a tuple among the inputs stands for an array of that shape."""
        if inputs and all(isinstance(x, int) for x in inputs):
            inputs = (inputs,)
        return Sample(tuple(self._array(x) for x in inputs), attrs)

    def _array(self, x: Any) -> Any:
        if x is None or isinstance(x, np.ndarray):
            return x
        return self.uniform(*x)

    def uniform(self, *shape: int, low: float = 0.5, high: float = 1.5) -> Any:
        """Random numbers in [low, high)."""
        return np.asarray(self.rng.uniform(low, high, shape), self.dtype)

    def normal(self, *shape: int) -> Any:
        """Standard normal numbers, none nearer to 0 than 0.05 (kinks lie there)."""
        x = self.rng.standard_normal(shape)
        return np.asarray(np.where(np.abs(x) < 0.05, 0.05 + x, x), self.dtype)

    def distinct(self, *shape: int) -> Any:
        """Shuffled numbers at least 0.1 apart: no step of a numeric gradient reorders them."""
        n = int(np.prod(shape))
        return np.asarray(self.rng.permutation(n).reshape(shape) * 0.1 + 0.05, self.dtype)

    def ints(self, *shape: int, high: int, low: int = 0, dtype: Any = np.int64) -> Any:
        """Random whole numbers in [low, high)."""
        return np.asarray(self.rng.integers(low, high, shape), dtype)

    def bools(self, *shape: int) -> Any:
        """Random truth values."""
        return self.rng.integers(0, 2, shape).astype(bool)
