"""Every operator, by its own samples: alone in a compiled plan, with reused memory poisoned."""

from __future__ import annotations

import pytest

from dlstudio.testing import sweep
from dlstudio.testing.sweep_graph import GRAPH_CHECKS


@pytest.mark.parametrize("op", sweep.operators(), ids=lambda op: op.name)
def test_operator_in_a_plan(op):
    problems = sweep.problems(sweep.cases([op]), GRAPH_CHECKS)
    assert not problems, "\n".join(problems)
