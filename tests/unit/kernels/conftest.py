"""Kernel tests compile what they need (about 15 s once per machine) and share one process."""

import pytest

from dlstudio import config
from dlstudio.kernels import cache


def pytest_collection_modifyitems(items):
    for item in items:
        if "unit/kernels" in item.path.as_posix():
            item.add_marker(pytest.mark.xdist_group("kernels"))


@pytest.fixture
def compiled():
    """Mode "compiled": what a test asks for is compiled in the foreground."""
    if not cache.has_numba():
        pytest.skip("needs numba: pip install numba")
    with config.using(kernels="compiled"):
        yield
