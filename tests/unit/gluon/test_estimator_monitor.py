"""MonitorHandler, and `fit` in the background: steering a training while it runs."""

import importlib
import threading

import pytest

import dlstudio as mx
from dlstudio.errors import ParamError
from dlstudio.gluon.contrib import estimator as es
from tests.unit.gluon.test_estimator import Scribe, classifier, loader, plain_training, weights


class Meeting(es.BatchEnd):
    """Lets the test and the training meet at each batch."""

    def __init__(self):
        self.done = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.count = 0
        self.rates = []

    def batch_end(self, estimator, *args, **kwargs):
        self.count += 1
        self.rates.append(estimator.trainer.learning_rate)
        self.done.release()
        assert self.go_on.acquire(timeout=60)

    def meet(self, times=1):
        for _ in range(times):
            assert self.done.acquire(timeout=60)

    def part(self, times=1):
        self.go_on.release(times)


def until(condition):
    """Wait for another thread; a minute without success is a failure."""
    pause = threading.Event()
    for _ in range(6_000):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("the other thread did not get there within a minute")


# In the background ----------------------------------------------------------------------------
def test_a_background_fit_ends_with_the_weights_of_an_ordinary_one():
    estimator = classifier()
    run = estimator.fit(loader(), epochs=2, background=True)
    run.wait(60)
    assert (run.state, run.epoch, run.batch) == ("done", 2, 0)
    assert repr(run) == "<FitRun done: epoch 2, batch 0>"
    for key, value in plain_training(2).items():
        assert (weights(estimator)[key] == value).all()


def test_a_run_is_held_stepped_and_continued():
    meeting, estimator = Meeting(), classifier()
    run = estimator.fit(loader(), epochs=2, event_handlers=[meeting], background=True)
    meeting.meet()
    run.pause()
    meeting.part()
    until(lambda: run.state == "paused")
    run.step(2)
    meeting.part(2)
    until(lambda: run.state == "paused" and meeting.count == 3)
    run.set(lr=0.5)
    run.resume()
    meeting.part(99)
    run.wait(60)
    assert meeting.count == 10
    assert meeting.rates[:3] == [0.1] * 3
    assert meeting.rates[3:] == [0.5] * 7


def test_a_run_is_stopped():
    meeting, scribe = Meeting(), Scribe()
    run = classifier().fit(loader(), epochs=9, event_handlers=[meeting, scribe], background=True)
    meeting.meet()
    with pytest.raises(TimeoutError):
        run.wait(0.01)
    run.stop()
    meeting.part(99)
    run.wait(60)
    assert run.state == "stopped"
    assert scribe.told[-2:] == ["epoch_end", "train_end"]
    assert meeting.count == 1


def test_an_estimator_does_one_training_at_a_time():
    meeting, estimator = Meeting(), classifier()
    run = estimator.fit(loader(), epochs=1, event_handlers=[meeting], background=True)
    with pytest.raises(ParamError, match="a training of this estimator runs"):
        estimator.fit(loader(), epochs=1)
    meeting.part(99)
    run.wait(60)
    estimator.fit(loader(), epochs=1)


class Failing(es.BatchEnd):
    def batch_end(self, estimator, *args, **kwargs):
        raise ValueError("out of order")


def test_an_error_in_the_background_is_raised_by_wait_and_await(run_async):
    run = classifier().fit(loader(), epochs=1, event_handlers=[Failing()], background=True)
    with pytest.raises(ValueError, match="out of order"):
        run.wait(60)
    assert run.state == "error"

    async def awaited():
        await run

    with pytest.raises(ValueError, match="out of order"):
        run_async(awaited())


def test_a_run_trains_on_the_device_that_is_current_where_it_was_started():
    seen = []

    class Look(es.BatchEnd):
        def batch_end(self, estimator, *args, **kwargs):
            seen.append(mx.current_context())

    with mx.cpu(3):
        run = classifier().fit(loader(), batches=1, event_handlers=[Look()], background=True)
    run.wait(60)
    assert seen == [mx.cpu(3)]


# The widget -----------------------------------------------------------------------------------
@pytest.fixture
def monitor():
    pytest.importorskip("anywidget")
    from dlstudio.widgets import TrainingMonitor

    made = TrainingMonitor()
    yield made
    made.close()


def test_the_monitor_shows_every_batch_and_each_validation(monitor):
    estimator = classifier()
    estimator.fit(loader(), loader(), 3, [es.MonitorHandler(monitor)])
    assert (monitor.state, monitor.steps) == ("done", 15)
    steps, values = monitor.history["training accuracy"]
    assert steps.tolist() == list(range(1, 16))
    assert values[-1] == estimator.train_metrics[0].get()[1]
    assert len(monitor.history["validation accuracy"][0]) == 3
    assert "3/3" in monitor.summary()


def test_the_monitors_stop_ends_the_training(monitor):
    class Press(es.BatchEnd):
        def batch_end(self, estimator, *args, **kwargs):
            if monitor.steps == 1:
                monitor.stop()

    scribe = Scribe()
    handlers = [Press(), scribe, es.MonitorHandler(monitor)]
    classifier().fit(loader(), epochs=4, event_handlers=handlers)
    assert monitor.state == "stopped"
    assert scribe.told.count("batch_end") == 2
    assert scribe.told[-1] == "train_end"


def test_the_monitor_shows_an_error(monitor):
    class FailingLater(es.BatchBegin):
        def batch_begin(self, estimator, *args, **kwargs):
            if monitor.steps:
                raise ValueError("out of order")

    handlers = [es.MonitorHandler(monitor), FailingLater()]
    with pytest.raises(ValueError, match="out of order"):
        classifier().fit(loader(), epochs=1, event_handlers=handlers)
    assert monitor.state == "error"
    assert "ValueError: out of order" in monitor.summary()


def test_the_monitor_is_made_for_the_trainer():
    pytest.importorskip("anywidget")
    handler, estimator = es.MonitorHandler(), classifier()
    estimator.fit(loader(), batches=3, event_handlers=handler)
    assert handler.monitor.steps == 3
    handler.monitor.lr = 0.25
    assert estimator.trainer.learning_rate == 0.25
    handler.monitor.close()


def test_a_resumed_training_shows_the_steps_that_are_left(monitor, tmp_path):
    for batches, shown in ((7, 7), (13, 13)):
        handlers = [
            es.CheckpointHandler(tmp_path, resume_from_checkpoint=True),
            es.MonitorHandler(monitor),
        ]
        classifier().fit(loader(), batches=batches, event_handlers=handlers)
        assert (monitor.state, monitor.steps) == ("done", shown)


def test_without_the_lab_extra_the_monitor_writes_text(monkeypatch, capsys):
    found = importlib.import_module

    def missing(name, *rest):
        if name == "dlstudio.widgets":
            raise ImportError(name)
        return found(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)
    handler = es.MonitorHandler()
    classifier().fit(loader(), epochs=2, event_handlers=[handler])
    assert handler.monitor is None
    assert capsys.readouterr().out.startswith("step 10 · training accuracy 0.")
