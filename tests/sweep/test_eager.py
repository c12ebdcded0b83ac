"""Every operator, by its own samples: the eager side."""

from __future__ import annotations

import pytest

from dlstudio.testing import sweep

OPERATORS = sweep.operators()


def test_every_operator_declares_samples():
    missing = [op.name for op in OPERATORS if op.samples is None]
    assert not missing, f"operators without samples: {missing}"


def test_every_operator_is_documented():
    missing = [op.name for op in OPERATORS if not op.doc.strip()]
    assert not missing, f"operators without a docstring: {missing}"


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.name)
def test_operator(op):
    problems = sweep.problems(sweep.cases([op]), sweep.CHECKS)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.name)
def test_operator_refuses_what_it_declares_as_errors(op):
    sweep.check_common_errors(op)
    sweep.check_errors(op)
    sweep.check_invalid_parameters(op)
