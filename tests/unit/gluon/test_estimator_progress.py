"""ProgressHandler: bars where somebody watches, silence elsewhere."""

import sys
from types import SimpleNamespace

import pytest

from dlstudio.errors import MissingExtraError
from dlstudio.gluon.contrib import estimator as es
from dlstudio.gluon.contrib.estimator import progress
from tests.unit.gluon.test_estimator import classifier, loader


class Bar:
    """Stands for tqdm and notes what it is told."""

    made = None

    def __init__(self, total, initial, desc, unit, leave):
        self.total, self.n, self.desc, self.unit, self.leave = total, initial, desc, unit, leave
        self.figures, self.closed = {}, False
        Bar.made.append(self)

    def set_postfix(self, figures, refresh):
        self.figures = figures

    def update(self, steps):
        assert not self.closed
        self.n += steps

    def close(self):
        self.closed = True


@pytest.fixture
def bars(monkeypatch):
    Bar.made = []
    monkeypatch.setattr(progress, "_tqdm", lambda: Bar)
    return Bar.made


def test_each_epoch_has_a_bar_with_the_metrics(bars):
    classifier().fit(loader(), epochs=2, event_handlers=[es.ProgressHandler(show=True)])
    assert [bar.desc for bar in bars] == ["Epoch 0", "Epoch 1"]
    assert all(bar.n == bar.total == len(loader()) and bar.closed for bar in bars)
    assert set(bars[0].figures) == {"accuracy", "softmaxcrossentropyloss"}


def test_the_last_bar_of_a_number_of_batches_is_shorter(bars):
    size = len(loader())
    classifier().fit(loader(), batches=size + 2, event_handlers=[es.ProgressHandler(show=True)])
    assert [bar.total for bar in bars] == [size, 2]
    assert all(bar.n == bar.total and bar.closed for bar in bars)


def test_a_bar_is_closed_before_an_error_shows(bars):
    class Failing(es.BatchEnd):
        def batch_end(self, estimator, *args, **kwargs):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        classifier().fit(
            loader(), epochs=1, event_handlers=[es.ProgressHandler(show=True), Failing()]
        )
    assert bars[0].closed


def test_a_training_in_a_file_or_under_ci_is_quiet(bars, monkeypatch):
    classifier().fit(loader(), epochs=1)  # stderr is captured: no terminal
    assert not bars
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("CI", raising=False)
    assert progress._is_watched()
    monkeypatch.setenv("CI", "true")
    classifier().fit(loader(), epochs=1)
    assert not bars


def test_a_notebook_is_a_running_kernel_and_not_an_import(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    ipython = SimpleNamespace(get_ipython=lambda: None)
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert not progress._is_watched()
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    assert progress._is_watched()


def test_tqdm_draws_when_asked_to(capsys):
    pytest.importorskip("tqdm")
    classifier().fit(loader(), epochs=1, event_handlers=[es.ProgressHandler(True, leave=True)])
    assert "Epoch 0: 100%" in capsys.readouterr().err


def test_a_bar_that_is_asked_for_needs_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    classifier().fit(loader(), epochs=1)  # not asked for: fine without
    with pytest.raises(MissingExtraError, match="dlstudio\\[lab\\]"):
        classifier().fit(loader(), epochs=1, event_handlers=[es.ProgressHandler(show=True)])
