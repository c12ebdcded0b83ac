"""Whose memory results live in: a hidden view would let writing a result change an input."""

import numpy as np
import pytest

from dlstudio import nd
from dlstudio.dialects import legacy, numpy  # noqa: F401  they add operators to the table
from dlstudio.testing import sweep

PLAIN = [op for op in sweep.operators() if not op.flags.view and op.samples is not None]


@pytest.mark.parametrize("op", PLAIN, ids=lambda op: op.name)
def test_an_operator_that_is_no_view_gives_memory_of_its_own(op):
    with np.errstate(all="ignore"):
        for case in sweep.cases([op]):
            arrays = sweep.present(case.sample.inputs)
            results = sweep.forward(case, arrays)
            kept = [a for i, a in enumerate(arrays) if a is not None and i not in op.flags.mutates]
            for result in results:
                assert not any(np.shares_memory(result, a) for a in kept), case.name


def test_writing_into_a_cut_leaves_the_whole_alone():
    x = nd.ones((2, 4))
    part = nd.split(x, num_outputs=2)[0]
    part[:] = 5
    assert x.asnumpy().sum() == 8


def test_writing_into_the_whole_leaves_a_cut_alone():
    x = nd.ones((2, 4))
    part = nd.slice_axis(x, axis=1, begin=0, end=2)
    x[:] = 5
    assert part.asnumpy().sum() == 4
