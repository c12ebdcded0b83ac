"""Time dlstudio beside torch, in one run: ``python tests/bench/run.py [--threads N]``.

All numbers are ratios of median times, ours to theirs (below 1: dlstudio is faster), taken in turns
of about 2 ms, with the same number of threads for both: CPU time for one thread, so that other
processes matter little, and elapsed time for more. Without torch the ratios are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="for both (default 1)")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each number (default 2)")
    parser.add_argument("--no-torch", action="store_true", help="time dlstudio alone")
    return parser.parse_args(given)


def _prepare(threads: int) -> None:
    """Set what NumPy's and torch's libraries read when they are loaded."""
    for name in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    # BLAS shall choose its loops for the CPU it runs on, as it does for a user.
    os.environ.pop("OPENBLAS_CORETYPE", None)
    os.environ.pop("OPENBLAS_L2_SIZE", None)
    os.environ["DLSTUDIO_KERNELS"] = "compiled"
    sys.path.insert(0, str(ROOT))


def _row(name: str, times: dict[str, float], base: str, unit: float = 1e3) -> None:
    label = "ms" if unit == 1e3 else "µs"
    parts = [f"{who} {t * unit:.3f} {label}" for who, t in times.items()]
    ratios = [f"{who}/{base} {t / times[base]:.2f}" for who, t in times.items() if who != base]
    print(f"{name:32s} {'   '.join([*parts, *ratios])}", flush=True)


def _steps(seconds: float, theirs: object | None) -> None:
    from tests.bench import ours
    from tests.bench.timing import medians

    for name in ours.NETS:
        steps = {
            "hybrid": ours.Training(name, hybrid=True),
            "eager": ours.Training(name, hybrid=False),
        }
        if theirs is not None:
            steps["torch"] = theirs.training_step(name)
        _row(f"{name} training step", medians(steps, seconds), "torch" if theirs else "hybrid")


def _fresh() -> None:
    from tests.bench.first_step import first_step

    found = first_step()
    print(
        f"{'first step of a fresh install':32s} starts after {found['started']:.2f} s, done after"
        f" {found['done']:.2f} s ({found['cpu']:.2f} s of processor time)",
        flush=True,
    )


def _dispatch(seconds: float, theirs: object | None) -> None:
    from tests.bench import ours
    from tests.bench.timing import medians

    others = theirs.eager_calls() if theirs is not None else {}
    for name, call in ours.eager_calls().items():
        calls = {"dlstudio": call}
        if name in others:
            calls["torch"] = others[name]
        _row(f"eager {name}", medians(calls, seconds), "torch" if others else "dlstudio", 1e6)


def _layers(seconds: float, theirs: object | None) -> None:
    from tests.bench import layers
    from tests.bench.timing import medians

    others = {} if theirs is None else layers.theirs()
    for name, ours in layers.ours().items():
        steps = {**ours, **({"torch": others[name]} if others else {})}
        _row(name, medians(steps, seconds), "torch" if others else "eager")
    _row("two devices, eager step", medians(layers.in_parts(), seconds), "BatchNorm")


def _memory(seconds: float) -> None:
    from tests.bench import memory

    took, peak = memory.planning()
    print(f"{'planning ResNet-50 training':32s} {took:.2f} s, {peak / 1e6:.0f} MB", flush=True)
    first, *others = memory.trade(seconds).lines()
    print(f"{'200 layers in a third':32s} {first}", flush=True)
    for line in others:
        print(f"{'':32s} {line}", flush=True)


def _passes(seconds: float) -> None:
    from tests.bench import passes

    for name in passes.NETS:
        _row(f"pass {name}", passes.gain(name, seconds), "without")


def main(given: list[str] | None = None) -> int:
    """Print every number."""
    options = _arguments(given)
    _prepare(options.threads)
    from tests.bench import timing

    if options.threads == 1:
        timing.clock = time.process_time
    from dlstudio import kernels

    theirs = None
    if not options.no_torch and importlib.util.find_spec("torch") is not None:
        import torch

        from tests.bench import theirs

        torch.set_num_threads(options.threads)
        print(f"torch {torch.__version__}, {options.threads} thread(s) each")
    kernels.warmup()
    from tests.bench import watching

    _fresh()
    _dispatch(options.seconds, theirs)
    _steps(options.seconds, theirs)
    _layers(options.seconds, theirs)
    times = watching.idle_overhead(options.seconds)
    _row("eager call, nobody watching", times, "without it", 1e6)
    _row(
        "LeNet step, four views open", watching.watched_step("LeNet", options.seconds), "unwatched"
    )
    _passes(options.seconds)
    _memory(options.seconds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
