"""Every recorded case agrees, or differs for a known reason."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from tests.reference import runner
from tests.reference.compare import pack
from tests.reference.differences import VALUES, reason


@pytest.mark.filterwarnings("ignore")  # some recorded cases are there to warn
@pytest.mark.parametrize("part", list(runner.RUNNERS))
def test_cases_that_disagree_have_a_reason_and_reasons_have_cases(part):
    unexplained, differing, used = [], set(), set()
    for case in pack.cases(part):
        answer, text = runner.verdict(part, case)
        if answer == "pass":
            continue
        why = reason(part, case, text)
        if why is None:
            unexplained.append(f"{answer} {case.name}: {text[:100]}")
        differing.add(case.name)
        used.add(why)
    assert not unexplained
    idle = [
        (pattern, why)
        for known, pattern, why in VALUES
        if known == part and not any(fnmatchcase(name, pattern) for name in differing)
    ]
    assert not idle, "these agree by now, or are gone: strike them from the table"
