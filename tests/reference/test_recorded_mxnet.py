"""The recorded MXNet 1.9.1: how many cases agree is printed, and may not fall."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.reference import runner

FLOORS = json.loads((Path(__file__).parent / "floors.json").read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore")  # some recorded cases are there to warn
@pytest.mark.parametrize("part", list(runner.RUNNERS))
def test_recorded_cases_that_pass_never_become_fewer(part, record_property):
    counts, failures = runner.count(part)
    existing = counts["pass"] + counts["fail"]
    record_property(  # printed at the end of the run, see conftest.py
        "recorded",
        f"{part}: {counts['pass']} of {existing} recorded cases agree, {counts['absent']} absent",
    )
    assert counts["pass"] >= FLOORS[part], (
        f"fewer than the recorded {FLOORS[part]}; first: {failures[:5]}"
    )
