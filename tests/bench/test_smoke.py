"""The benchmark runs, without torch; its numbers are for people, run alone."""

import tracemalloc
from pathlib import Path

import pytest

import dlstudio as mx
from dlstudio import config, trace
from dlstudio.kernels import cache
from tests.bench import layers, memory, ours, passes, watching
from tests.bench.first_step import first_step
from tests.bench.timing import medians

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("name", ours.NETS)
@pytest.mark.parametrize("hybrid", [True, False])
def test_a_training_step_runs_and_learns(name, hybrid):
    step = ours.Training(name, hybrid=hybrid)
    first = step().mean().asscalar()
    for _ in range(10):
        last = step()
    assert last.mean().asscalar() < first


def test_layers_are_measured():
    with config.using(kernels="numpy"):
        for steps in (*layers.ours().values(), layers.in_parts()):
            assert all(step() is None for step in steps.values())


def test_medians_are_those_of_the_functions():
    calls = {"a": lambda: sum(range(2000)), "b": lambda: None}
    times = medians(calls, seconds=0.05)
    assert times["a"] > times["b"] > 0


@pytest.mark.skipif(not cache.has_numba(), reason="needs numba: pip install numba")
@pytest.mark.parametrize("name", passes.NETS)
def test_the_gain_of_a_pass_is_measured(name):
    with config.using(kernels="compiled"):
        times = passes.gain(name, seconds=0.1)
    assert min(times.values()) > 0


def test_the_test_of_the_idle_bus_is_measured():
    times = watching.idle_overhead(seconds=0.1)
    assert times["with the test"] > 0
    assert times["without it"] > 0


def test_watching_a_step_is_measured():
    with config.using(kernels="numpy"):
        times = watching.watched_step("MLP", seconds=0.1)
    assert times["watched"] > 0


@pytest.mark.skipif(not cache.has_numba(), reason="needs numba: pip install numba")
def test_a_fresh_install_trains_at_once_and_says_that_kernels_are_being_compiled():
    found = first_step()
    assert not found["numba"], "the learner's process does not load the compiler"
    assert "in the background" in found["told"]
    # Processor time, as others may use the cores; the benchmark prints elapsed seconds.
    assert found["cpu"] < 2


def test_an_eager_call_allocates_nothing_for_watchers_while_nobody_watches():
    x, y = mx.nd.ones((4, 4)), mx.nd.ones((4, 4))
    x + y
    where = str(Path(trace.__file__).parent / "*")
    tracemalloc.start()
    try:
        results = [x + y for _ in range(100)]
        snapshot = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    assert len(results) == 100
    assert not snapshot.filter_traces([tracemalloc.Filter(True, where)]).traces


def test_recomputation_is_measured():
    with config.using(kernels="numpy"):
        found = memory.trade(seconds=0.1, blocks=3, batch=4, size=8, fraction=2)
    assert found.arenas["budget"] <= found.arenas["plain"] // 2
    assert min(found.seconds.values()) > 0
    assert "arena" in found.lines()[0]


def test_planning_is_measured():
    with config.using(kernels="numpy"):
        seconds, peak = memory.planning("resnet18_v1", batch=2, size=64)
    assert seconds > 0
    assert 0 < peak < 100e6
