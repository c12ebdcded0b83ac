"""Nobody waits for a compiler: readiness, the helper process, the texts that say so."""

import importlib
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from dlstudio import config, kernels
from dlstudio.core.avals import Aval
from dlstudio.kernels import cache
from dlstudio.kernels import compile as background

X = Aval((4, 4), np.dtype(np.float32))
ROOT = Path(__file__).resolve().parents[3]
needs_numba = pytest.mark.skipif(not cache.has_numba(), reason="needs numba: pip install numba")


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache folder without anything in it, and nothing loaded."""
    monkeypatch.setattr(kernels, "_modules", {})
    monkeypatch.setattr(cache, "_failed_here", {})
    monkeypatch.setattr(kernels, "_missed", set())
    monkeypatch.setattr(kernels, "_announced", False)
    with config.using(cache=tmp_path / "Lernende Zwischenablage", kernels="auto"):
        yield


@pytest.fixture
def no_helper(monkeypatch):
    """Count the helpers that would have been started."""
    started = []
    monkeypatch.setattr(background, "start", lambda: started.append(1))
    return started


@needs_numba
@pytest.mark.usefixtures("empty_cache")
def test_a_missing_kernel_means_numpy_now_and_a_helper(no_helper):
    assert kernels.find("relu", [X], [X], {}) is None
    assert no_helper == [1]
    assert "kernels: 0 of" in kernels.status()


@needs_numba
@pytest.mark.usefixtures("empty_cache", "no_helper")
def test_the_announcement_is_made_once_and_only_if_something_was_missed():
    assert kernels.announcement() == ""
    kernels.find("relu", [X], [X], {})
    assert "warmup" in kernels.announcement()
    assert kernels.announcement() == ""


@needs_numba
@pytest.mark.usefixtures("empty_cache", "no_helper")
def test_a_family_that_does_not_compile_is_named_and_not_tried_again():
    cache.mark_failed("pointwise", "LoweringError: no")
    assert kernels.find("relu", [X], [X], {}) is None
    assert "pointwise (LoweringError: no)" in kernels.status()
    assert "pointwise" not in cache.pending()


@needs_numba
@pytest.mark.xdist_group("kernels")
def test_a_cache_that_cannot_be_written_does_not_stop_mode_compiled(tmp_path):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    program = """
        import numpy as np
        from dlstudio import kernels
        from dlstudio.core.avals import Aval
        x = Aval((4, 4), np.dtype(np.float32))
        out = np.empty((4, 4), np.float32)
        kernels.find("relu", [x], [x], {})(out, np.full((4, 4), -1, np.float32))
        assert not out.any()
    """
    run_python(program, DLSTUDIO_CACHE=str(tmp_path / "file"), DLSTUDIO_KERNELS="compiled")


@needs_numba
@pytest.mark.usefixtures("empty_cache")
def test_a_compiler_that_fails_leaves_numpy(monkeypatch):
    monkeypatch.setattr(cache, "_failed_here", {})

    def fail(name):
        raise RuntimeError("no memory\nfor LLVM")

    monkeypatch.setattr(background.importlib, "import_module", fail)
    assert not background.compile_family("pointwise")
    assert cache.failure("pointwise") == "RuntimeError: no memory"
    with config.using(kernels="compiled"):
        assert kernels.find("relu", [X], [X], {}) is None


@needs_numba
def test_a_numba_that_is_switched_off_leaves_numpy(tmp_path):
    program = """
        import numpy as np
        from dlstudio import kernels
        from dlstudio.core.avals import Aval
        from dlstudio.kernels import cache
        cache.mark_ready("pointwise")
        x = Aval((4, 4), np.dtype(np.float32))
        assert kernels.find("relu", [x], [x], {}) is None
        assert "pointwise" in kernels.status()
    """
    run_python(program, DLSTUDIO_CACHE=str(tmp_path), NUMBA_DISABLE_JIT="1")


@needs_numba
@pytest.mark.usefixtures("empty_cache")
def test_the_helper_is_started_once_and_not_for_every_equation(monkeypatch):
    started = []

    class Helper:
        def __init__(self, *args, **options):
            started.append(args)
            self.returncode = 0

        def poll(self):
            return self.returncode  # it has ended: another process's helper is at work

    monkeypatch.setattr(background.subprocess, "Popen", Helper)
    monkeypatch.setattr(background, "_helper", None)
    monkeypatch.setattr(background, "_not_before", 0.0)
    for _ in range(5):
        kernels.find("relu", [X], [X], {})
    assert len(started) == 1


@needs_numba
@pytest.mark.usefixtures("empty_cache")
def test_warmup_tries_again_what_failed_and_counts_what_it_compiled(monkeypatch):
    cache.mark_failed("pool", "LoweringError: no")
    monkeypatch.setattr(background, "compile_family", cache.mark_ready)
    said = []
    n = len(cache.FAMILIES)
    assert kernels.warmup(said.append) == n
    assert said[-1] == kernels.status() == f"kernels: {n} of {n} families compiled"
    assert kernels.warmup(said.append) == 0


@pytest.mark.usefixtures("empty_cache")
def test_mode_numpy_finds_nothing_and_starts_nothing(no_helper):
    with config.using(kernels="numpy"):
        assert kernels.find("relu", [X], [X], {}) is None
        assert kernels.status().startswith("kernels: NumPy")
    assert no_helper == []


@pytest.mark.usefixtures("empty_cache")
def test_without_numba_everything_is_numpy(no_helper, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    said = []
    assert kernels.find("relu", [X], [X], {}) is None
    assert kernels.warmup(said.append) == 0
    assert "pip install numba" in said[0]
    assert no_helper == []


def test_an_operator_without_kernels_costs_no_import():
    program = """
        import sys
        from dlstudio import kernels
        assert kernels.find("no_such_operator", [], [], {}) is None
        assert "numba" not in sys.modules and "llvmlite" not in sys.modules
    """
    run_python(program)


def run_python(program, **environ):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT, env={**os.environ, **environ}, check=True, timeout=100,
        capture_output=True, text=True,
    )  # fmt: skip


@needs_numba
@pytest.mark.xdist_group("kernels")
def test_the_helper_fills_the_cache_and_the_next_plan_uses_it(tmp_path):
    # One family is enough: the helper is told that the others have failed.
    program = """
        import sys, time
        import numpy as np
        from dlstudio import kernels
        from dlstudio.core.avals import Aval
        from dlstudio.kernels import cache, compile as background
        for name in cache.FAMILIES:
            if name != "pointwise":
                cache.mark_failed(name, "not in this test")
        x = Aval((4, 4), np.dtype(np.float32))
        start = time.process_time()  # other tests may be using the cores
        assert kernels.find("relu", [x], [x], {}) is None
        assert time.process_time() - start < 2
        assert "numba" not in sys.modules, "a cold start does not wait for numba"
        assert background.is_running()
        assert "in the background" in kernels.status()
        end = time.monotonic() + 90
        while not cache.is_ready("pointwise") and time.monotonic() < end:
            time.sleep(0.05)
        kernel = kernels.find("relu", [x], [x], {})
        out = np.empty((4, 4), np.float32)
        kernel(out, np.full((4, 4), -1, np.float32))
        assert not out.any()
        background.stop()
    """
    run_python(program, DLSTUDIO_CACHE=str(tmp_path), DLSTUDIO_KERNELS="auto")


@needs_numba
@pytest.mark.xdist_group("kernels")
def test_the_first_training_step_of_a_fresh_install_does_not_wait(tmp_path):
    program = """
        import time
        import numpy as np
        import dlstudio as mx
        from dlstudio.kernels import compile as background
        net = mx.gluon.nn.HybridSequential()
        net.add(
            mx.gluon.nn.Conv2D(6, 5, activation="relu"),
            mx.gluon.nn.MaxPool2D(2, 2),
            mx.gluon.nn.Dense(10),
        )
        net.initialize()
        net.hybridize()
        trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"momentum": 0.9})
        loss = mx.gluon.loss.SoftmaxCrossEntropyLoss()
        x, y = mx.nd.ones((64, 1, 28, 28)), mx.nd.zeros(64)
        start = time.process_time()
        with mx.autograd.record():
            value = loss(net(x), y)
        value.backward()
        trainer.step(64)
        mx.nd.waitall()
        # CPU time of this process: other tests may be using the cores.
        assert time.process_time() - start < 2
        assert background.is_running()
        assert "in the background" in mx.kernels.status()
        background.stop()
    """
    run_python(program, DLSTUDIO_CACHE=str(tmp_path), DLSTUDIO_KERNELS="auto")


@needs_numba
@pytest.mark.xdist_group("kernels")
def test_the_helper_dies_with_its_parent(tmp_path):
    program = """
        from dlstudio.kernels import compile as background
        assert background.start()
        print(background._helper.pid, flush=True)
        import os
        os._exit(0)  # as if killed: nothing is cleaned up
    """
    done = run_python(program, DLSTUDIO_CACHE=str(tmp_path))
    pid = int(done.stdout)
    end = time.monotonic() + 20
    while _alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2]
    except FileNotFoundError:
        return False


if not Path("/proc/self").exists():
    del test_the_helper_dies_with_its_parent  # only Linux shows other processes as files


@needs_numba
@pytest.mark.usefixtures("empty_cache")
def test_an_object_that_numba_loses_once_is_compiled_again(monkeypatch):
    class Kernel:
        attempts = 0

        def load(self):
            self.attempts += 1
            if self.attempts == 1:
                raise RuntimeError("no compiled object yet for <Library>")

    kernel = Kernel()
    monkeypatch.setattr(importlib.import_module("dlstudio.kernels.norm"), "KERNELS", [kernel])
    assert background.compile_family("norm")
    assert kernel.attempts == 2
    assert cache.is_ready("norm")
