"""How many tight packings are solved, and in which time.

    python -m tests.bench.packing [--counts 100 200 500] [--seeds 3] [--limit 60] [--styles even]

Prints a table: per style and number of buffers, the instances solved and the median and longest
seconds of processor time, which other programs on the machine hardly change. Instances that are
not solved within the limit, which is wall-clock time, are left out of the seconds.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from dlstudio.graph.pack import NoPackingError, arena_size, pack
from dlstudio.testing.packings import STYLES, TightPacking, tight_packing


def main() -> None:
    """Run the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 200, 300, 400, 500])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--styles", nargs="+", default=list(STYLES), choices=list(STYLES))
    given = parser.parse_args()
    print(f"{'style':14s}" + "".join(f"{n:>20d}" for n in given.counts))
    for style in given.styles:
        print(f"{style:14s}", end="", flush=True)
        for count in given.counts:
            cuts = [tight_packing(style, count, 100 + seed) for seed in range(given.seeds)]
            print(f"{_cell([seconds(cut, given.limit) for cut in cuts]):>20s}", end="", flush=True)
        print()


def seconds(cut: TightPacking, limit: float) -> float | None:
    """Processor time to solve one instance; None where it was not solved."""
    begin = time.process_time()
    try:
        offsets = pack(cut.lower, cut.upper, cut.size, cut.capacity, time_limit=limit)
    except NoPackingError:
        return None
    spent = time.process_time() - begin
    assert arena_size(offsets, cut.size) == cut.capacity
    together = (cut.lower[:, None] < cut.upper) & (cut.lower < cut.upper[:, None])
    above = offsets[:, None] >= offsets + cut.size
    assert (above | above.T | ~together | np.eye(len(offsets), dtype=bool)).all()
    return spent


def _cell(times: list[float | None]) -> str:
    solved = [t for t in times if t is not None]
    share = f"{len(solved)}/{len(times)}"
    if not solved:
        return share
    return f"{share} {statistics.median(solved):.2f} {max(solved):.2f} s"


if __name__ == "__main__":
    main()
