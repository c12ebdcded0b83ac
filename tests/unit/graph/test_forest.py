from random import Random

import numpy as np
import pytest

from dlstudio.graph.forest import Forest
from dlstudio.testing.packings import tight_packing


def forest_of(rectangles):
    """A forest of (first time, time after the last, bytes)."""
    return Forest(*([r[i] for r in rectangles] for i in range(3)))


def offsets_of(forest):
    (piece,) = forest.alive
    return forest.offsets([(piece, 0)])


@pytest.mark.parametrize(
    "rectangles",
    [
        [(0, 2, 3), (0, 2, 4)],  # stacked
        [(0, 1, 3), (1, 3, 3)],  # joined
        [(0, 1, 3), (0, 1, 4), (1, 3, 7)],  # stacked, and then joined
        [(0, 1, 3), (0, 1, 4), (1, 3, 5), (1, 3, 2)],
    ],
)
def test_parts_of_a_cut_become_one(rectangles):
    forest = forest_of(rectangles)
    forest.merge(1, Random(0))
    assert len(forest.alive) == 1
    assert sorted(offsets_of(forest)) == list(range(len(rectangles)))


def test_a_wheel_becomes_one():
    below, right, above, left, middle = (0, 5, 2), (5, 8, 6), (2, 8, 3), (0, 2, 7), (2, 5, 4)
    forest = forest_of([below, right, above, left, middle])
    forest.merge(1, Random(0))
    assert offsets_of(forest) == {0: 0, 1: 0, 2: 6, 3: 2, 4: 2}


def test_what_does_not_fit_stays_apart():
    forest = forest_of([(0, 2, 3), (2, 3, 3)])
    forest.merge(1, Random(0))
    assert len(forest.alive) == 1
    forest = forest_of([(0, 2, 3), (1, 3, 4)])
    forest.merge(1, Random(0))
    assert len(forest.alive) == 2


@pytest.mark.parametrize("style", ["coarse", "wheels"])
def test_a_shaken_forest_holds_the_same_buffers(style):
    cut = tight_packing(style, 80, seed=3)
    forest = Forest(cut.lower.tolist(), cut.upper.tolist(), cut.size.tolist())
    random = Random(0)
    forest.merge(1, random)
    before = list(forest.alive)
    other = forest.copy()
    for _ in range(20):
        other.shake(4, random)
        area = sum((p.end - p.start) * p.size for p in other.alive)
        assert area == np.sum((cut.upper - cut.lower) * cut.size)
        numbers = sorted(other.offsets((piece, 0) for piece in other.alive))
        assert numbers == list(range(len(cut.size)))
        other.merge(1, random)
    assert list(forest.alive) == before  # a copy changes on its own
