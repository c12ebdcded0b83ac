"""The first notebook: short, the same code in both languages, and it teaches what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(p.stem for p in (NOTEBOOKS / "en").glob("*.ipynb"))


def cells(language, name, kind):
    notebook = json.loads((NOTEBOOKS / language / f"{name}.ipynb").read_text(encoding="utf-8"))
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == kind]


@pytest.mark.parametrize("name", NAMES)
class TestEveryNotebook:
    def test_both_languages_run_the_same_code(self, name):
        assert cells("en", name, "code") == cells("zh", name, "code")

    def test_every_text_is_translated(self, name):
        english, chinese = cells("en", name, "markdown"), cells("zh", name, "markdown")
        assert len(english) == len(chinese)
        assert all(any("\u4e00" <= c <= "\u9fff" for c in text) for text in chinese)

    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_both_halves_of_the_pair_agree(self, name, language):
        jupytext = pytest.importorskip("jupytext")
        stored = jupytext.read(NOTEBOOKS / language / f"{name}.ipynb")
        source = jupytext.read(NOTEBOOKS / language / f"{name}.py")
        assert [(c.cell_type, c.source) for c in stored.cells] == [
            (c.cell_type, c.source) for c in source.cells
        ]

    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_no_outputs_are_stored(self, name, language):
        text = (NOTEBOOKS / language / f"{name}.ipynb").read_text(encoding="utf-8")
        for cell in json.loads(text)["cells"]:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None


def test_the_first_notebook_has_at_most_sixty_lines_of_code():
    lines = [line for cell in cells("en", "00_start_here", "code") for line in cell.splitlines()]
    assert sum(bool(line.strip()) for line in lines) <= 60


# what the saved weights are worth, computed in a process that has not seen the training
RECOMPUTE = """
import sys
import numpy as np
import dlstudio as mx
from dlstudio import gluon, nd
from dlstudio.gluon import nn
features, classifier = nn.HybridSequential(), nn.HybridSequential()
features.add(nn.Conv2D(8, 5, padding=2, activation="relu"), nn.MaxPool2D(2),
             nn.Conv2D(16, 5, activation="relu"), nn.MaxPool2D(2), nn.Flatten())
classifier.add(*[layer for layer in CLASSIFIER])
net = nn.HybridSequential()
net.add(features, classifier)
net.load_parameters(sys.argv[1])
test = gluon.data.datasets.digits(train=False)
images = np.stack([test[i][0].asnumpy() for i in range(len(test))]).transpose(0, 3, 1, 2)
answers = net(nd.array(images / 255)).asnumpy().argmax(axis=1)
print((answers == [int(test[i][1]) for i in range(len(test))]).mean())
"""


@pytest.mark.notebook
@pytest.mark.timeout(400)
def test_it_runs_headless_and_the_saved_weights_are_as_good_as_it_says(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOKS / "en" / "00_start_here.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    layers = "[nn.Dense(120, activation='relu'), nn.Dense(84, activation='relu'), nn.Dense(10)]"
    answer = subprocess.run(
        [sys.executable, "-c", RECOMPUTE.replace("CLASSIFIER", layers), str(tmp_path / "lenet.params")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(answer.stdout) >= 0.97
    assert (tmp_path / "lenet.svg").read_text(encoding="utf-8").lstrip().startswith("<")
    assert (tmp_path / "lenet.pdf").read_bytes().startswith(b"%PDF")
