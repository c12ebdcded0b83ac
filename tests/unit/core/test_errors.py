"""Each class documents one wrong and one right program; here they run."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dlstudio as mx
from dlstudio import errors

CLASSES = [
    getattr(errors, name)
    for name in errors.__all__
    if isinstance(getattr(errors, name), type) and name != "MXNetError"
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_is_ours_and_documents_wrong_and_right(cls):
    assert issubclass(cls, errors.MXNetError)
    assert "Wrong:" in cls.__doc__
    assert "Right:" in cls.__doc__


def test_messages_have_one_form():
    text = errors.explain("given.", "this.", "that")
    assert text.splitlines() == ["given.", "Expected this.", "Fix: that"]


def test_a_missing_library_names_the_extra():
    assert 'pip install "dlstudio[lab]"' in str(
        errors.missing_extra("matplotlib", "lab", "plotting")
    )


def test_importing_dlstudio_loads_numpy_and_the_standard_library_only():
    program = """
import sys
import numpy
before = set(sys.modules)
import dlstudio as mx
mx.nd, mx.np, mx.npx, mx.sym, mx.autograd, mx.gluon
foreign = {name.partition('.')[0] for name in set(sys.modules) - before}
known = {*sys.stdlib_module_names, 'dlstudio', 'numpy'}
print(sorted(n for n in foreign if n not in known))
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "name", "fix"),
    [
        (mx, "gloun", "did you mean gluon?"),
        (mx.gluon, "Trainr", "did you mean Trainer"),
        (mx.gluon.nn, "dense", r"did you mean Dense\?"),
        (mx.gluon.nn, "Linear", r"Dense\(units\)"),
        (mx.gluon.loss, "MSELoss", "L2Loss"),
        (mx.gluon.rnn, "lstm", r"did you mean LSTM\?"),
        (mx.init, "Xavior", r"did you mean Xavier\?"),
        (mx.optimizer, "Sgd", r"did you mean SGD\?"),
        (mx.metric, "Acuracy", "did you mean Accuracy"),
        (mx.lr_scheduler, "CosineSchedule", "did you mean CosineScheduler"),
        (mx.callback, "Speedomter", "did you mean Speedometer"),
    ],
)
def test_a_name_a_module_lacks_teaches(module, name, fix):
    assert not hasattr(module, name)
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'.\nFix: {fix}"):
        getattr(module, name)
