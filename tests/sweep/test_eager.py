"""Every operator, by its own samples: the eager side."""

from __future__ import annotations

import pytest

from dlstudio.testing import sweep

CASES = list(sweep.cases())


def test_every_operator_declares_samples():
    missing = [op.name for op in sweep.operators() if op.samples is None]
    assert not missing, f"operators without samples: {missing}"


def test_every_operator_is_documented():
    missing = [op.name for op in sweep.operators() if not op.doc.strip()]
    assert not missing, f"operators without a docstring: {missing}"


@pytest.mark.parametrize("check", sweep.CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sample(case, check):
    check(case)


@pytest.mark.parametrize(("op", "number"), list(sweep.error_cases()), ids=str)
def test_declared_error_is_raised(op, number):
    sweep.check_error(op, number)


@pytest.mark.parametrize("op", sweep.operators(), ids=lambda op: op.name)
def test_attributes_refuse_values_outside_their_domain(op):
    sweep.check_invalid_parameters(op)
