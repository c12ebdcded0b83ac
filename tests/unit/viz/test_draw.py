from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlstudio.cli import main
from dlstudio.errors import ArgumentError
from dlstudio.viz.draw import parse_shapes

Network = Callable[[str], Any]

MODEL = """
import dlstudio as mx
from dlstudio.gluon import nn

def net():
    block = nn.HybridSequential(prefix="net_")
    with block.name_scope():
        block.add(nn.Dense(8, activation="relu"), nn.Dense(3))
    return block

def symbol():
    return mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder with a module, as the current one."""
    (tmp_path / "learner_nets.py").write_text(MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "dot", "html"])
def test_a_symbol_file_is_drawn(
    suffix: str, network: Network, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = folder / f"net.{suffix}"
    arguments = ["draw", str(network("lenet").path), "-o", str(output), "--depth", "1"]
    assert main([*arguments, "--shape", "data=1,1,28,28"]) == 0
    assert output.stat().st_size > 1000
    assert "lenet: 11 operators, 431 k parameters" in capsys.readouterr().out


def test_the_file_is_named_after_the_model(network: Network, folder: Path) -> None:
    assert main(["draw", str(network("mlp").path)]) == 0
    assert (folder / "mlp.svg").exists()


@pytest.mark.parametrize("function", ["net", "symbol"])
def test_a_function_that_returns_a_model_is_drawn(function: str, folder: Path) -> None:
    model = f"learner_nets:{function}"
    assert main(["draw", model, "--shape", "data=2,5", "-o", "out.dot"]) == 0
    assert "2×3" in (folder / "out.dot").read_text(encoding="utf-8") or function == "symbol"


def test_options_reach_the_picture(network: Network, folder: Path) -> None:
    path = str(network("resnet18_v1").path)
    assert main(["draw", path, "-o", "a.dot", "--depth", "0", "--weights"]) == 0
    text = (folder / "a.dot").read_text(encoding="utf-8")
    assert "subgraph" not in text
    assert "conv0_weight" in text


def test_summary_prints_the_table(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    shapes = ["--shape", "data=32,1,28,28", "--shape", "softmax_label=32"]
    assert main(["summary", str(network("lenet").path), *shapes]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed == network("lenet").facts["print_summary_text"].strip()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("no-such-symbol.json", "There is no file"),
        ("net", "neither a symbol file nor a function"),
        ("learner_nets:missing", "Cannot import"),
        ("no_such_module:net", "Cannot import"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_model_that_is_not_there_teaches(
    model: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", model]) == 1
    assert message in capsys.readouterr().err


def test_shapes_are_read() -> None:
    assert parse_shapes(["data=1,3,224,224", "label=(1,)"]) == {
        "data": (1, 3, 224, 224),
        "label": (1,),
    }


@pytest.mark.parametrize("text", ["data", "data=a,b", "=1,2"])
def test_a_malformed_shape_teaches(text: str) -> None:
    with pytest.raises(ArgumentError, match="--shape data=1,3,224,224"):
        parse_shapes([text])
