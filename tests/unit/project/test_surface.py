"""How many of MXNet's names are here, by calling each; the README states the figure."""

import re
from pathlib import Path

import pytest

from dlstudio.testing import coverage

README = Path(__file__).parents[3] / "README.md"
PRESENT = 1820  # may only rise


@pytest.fixture(scope="module")
def found():
    return coverage(verbose=False)


def test_the_count_of_names_never_falls(found):
    assert len(found.present) >= PRESENT, str(found)


def test_the_readme_states_the_figure(found):
    stated = re.search(r"([\d,]+) of ([\d,]+) names", README.read_text(encoding="utf-8"))
    assert stated is not None
    numbers = [int(text.replace(",", "")) for text in stated.groups()]
    assert numbers == [len(found.present), len(found.present) + len(found.missing)]


def test_what_is_left_out_has_a_reason(found):
    assert found.excluded
    assert all(": " in text for text in found.excluded)
    assert re.search(r"\d+ of \d+ names present \((9\d|100)", str(found))
