"""The thread pool: pieces cover the range once, errors arrive, the budget is one number."""

import os
import threading

import pytest

from dlstudio.errors import ParamError
from dlstudio.kernels import blas, threads


@pytest.fixture
def pool():
    made = threads.Pool(3)
    yield made
    made.close()


def collect(pool, count, most=64):
    pieces = []
    pool.run(lambda out, lo, hi, worker: out.append((lo, hi, worker)), count, (pieces,), most)
    return sorted(pieces)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 1001])
def test_pieces_cover_the_range_exactly_once(pool, count):
    pieces = collect(pool, count)
    assert [i for lo, hi, _ in pieces for i in range(lo, hi)] == list(range(count))
    assert len({worker for *_, worker in pieces}) == len(pieces)


def test_no_more_pieces_than_sets_of_scratch(pool):
    assert len(collect(pool, 100, most=2)) == 2


def test_pieces_run_in_several_threads(pool):
    seen = set()
    meet = threading.Barrier(3, timeout=10)

    def piece(lo, hi, worker):
        seen.add(threading.get_ident())
        meet.wait()  # only passes if all three run at the same time

    pool.run(piece, 3, ())
    assert len(seen) == 3


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_any_piece_reaches_the_caller_after_all_have_ended(pool, failing):
    ended = []

    def piece(lo, hi, worker):
        ended.append(worker)
        if worker == failing:
            raise KeyError(worker)

    with pytest.raises(KeyError):
        pool.run(piece, 3, ())
    assert sorted(ended) == [0, 1, 2]
    assert len(collect(pool, 9)) == 3


def test_a_second_caller_computes_alone(pool):
    inner = []

    def piece(lo, hi, worker):
        if worker == 0:
            inner.extend(collect(pool, 10))

    pool.run(piece, 3, ())
    assert inner == [(0, 10, 0)]


def test_little_work_stays_in_the_caller():
    pieces = []
    threads.parallel_for(
        lambda lo, hi, worker: pieces.append((lo, hi, worker)), 100, (), work=10, grain=1000
    )
    assert pieces == [(0, 100, 0)]


def test_budget_is_shared_with_blas():
    before, blas_before = threads.budget(), blas.get_threads()
    try:
        wanted = 1 if before > 1 else 2
        threads.set_budget(wanted)
        assert threads.budget() == wanted
        assert blas.get_threads() in {wanted, None}
    finally:
        threads.set_budget(before)
        if blas_before is not None:
            blas.set_threads(blas_before)


@pytest.mark.parametrize("count", [0, -1, 10**6])
def test_a_senseless_budget_is_refused(count):
    with pytest.raises(ParamError, match="threads"):
        threads.set_budget(count)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"OPENBLAS_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": ""}, 1),
        ({"OMP_NUM_THREADS": "4,2"}, None),
        ({}, None),
    ],
)
def test_the_first_budget_is_what_blas_was_given(environ, expected):
    from dlstudio import config

    assert threads._initial_budget(environ) == (expected or config.usable_cores())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_gets_a_pool_of_its_own():
    import subprocess
    import sys

    program = (
        "import os\n"
        "from dlstudio.kernels import threads\n"
        "pool = threads._pool = threads.Pool(2)\n"
        "pool.run(lambda lo, hi, worker: None, 2, ())\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    threads._pool.run(lambda lo, hi, worker: None, 2, ())\n"
        "    os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "7"
