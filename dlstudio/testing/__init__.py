"""Tools for testing operators and programs: the sweep's checks, gradient checks, comparisons."""

from __future__ import annotations

from dlstudio.testing.gradcheck import check_gradients, numeric_gradients
from dlstudio.testing.numbers import assert_close, tolerance
from dlstudio.testing.samples import SampleMaker
from dlstudio.testing.surface import Coverage, coverage

__all__ = [
    "Coverage", "SampleMaker", "assert_close", "check_gradients", "coverage", "numeric_gradients",
    "tolerance",
]  # fmt: skip
