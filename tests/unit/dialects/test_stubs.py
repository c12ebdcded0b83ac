"""The type stubs say what the table says."""

from pathlib import Path

import pytest

import dlstudio
from dlstudio.dialects.stubs import NAMESPACES, stub

FOLDER = Path(dlstudio.__file__).parent


@pytest.mark.parametrize("dialect", NAMESPACES)
def test_stubs_are_those_the_table_gives(dialect):
    written = (FOLDER / f"{dialect}.pyi").read_text(encoding="utf-8")
    assert written == stub(dialect), "run python -m dlstudio.dialects.stubs"


def test_stubs_show_signature_and_documentation():
    text = (FOLDER / "nd.pyi").read_text(encoding="utf-8")
    start = text.index("def Convolution(")
    assert "kernel: int | Sequence[int] = ..., " in text[start : start + 400]
    assert "num_group: int = 1" in text[start : start + 400]
    assert ".. math:: out[b, o, p]" in text[start : start + 1000]
    assert "class random:" in text
    assert (FOLDER / "py.typed").exists()
