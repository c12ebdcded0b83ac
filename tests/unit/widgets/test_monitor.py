"""TrainingMonitor without a browser: what it counts, sends, says and stores."""

import time

import numpy as np
import pytest

from dlstudio.errors import ArgumentError, ParamError
from dlstudio.widgets.monitor import TrainingMonitor
from dlstudio.widgets.progress import Clock, Metrics, number


class Trainer:
    def __init__(self, rate=0.1, scheduled=False):
        self.learning_rate, self.scheduled = rate, scheduled

    def set_learning_rate(self, rate):
        if self.scheduled:
            raise UserWarning("a scheduler is in force")
        self.learning_rate = rate


def post(monitor, name, value=0.0, sequence=1):
    monitor._take({"command": name, "value": value, "client": "tab", "sequence": sequence})


@pytest.fixture
def monitor(wired):
    made = TrainingMonitor(lr=0.1, locale="en")
    made.wire = wired(made)
    return made


def test_a_tracked_loop_counts_steps_and_epochs(monitor):
    seen = []
    for item in monitor.track("abc", epochs=2):
        monitor.log(loss=float(len(seen)))
        seen.append((item, monitor._loop.epoch))
    assert seen == [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("c", 2)]
    assert (monitor.steps, monitor.state) == (6, "done")
    steps, values = monitor.history["loss"]
    assert steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert values.tolist() == [0, 1, 2, 3, 4, 5]


def test_one_frame_carries_many_points_and_the_progress(monitor):
    for i in monitor.track(range(1000)):
        monitor.log(loss=i * 0.5, acc=1.0)
    monitor.flush()
    (frame,) = monitor.wire.of("frame")
    assert frame["tables"][0]["rows"] == 2000
    assert frame["progress"]["step"] == frame["progress"]["total"] == 1000
    assert monitor.wire.rows["metrics"][-2] == {"series": "loss", "step": 1000, "value": 499.5}


def test_nothing_new_sends_nothing(monitor):
    monitor.log(loss=1.0)
    assert monitor.flush()
    assert not monitor.flush()


def test_a_browser_that_opens_late_gets_everything(monitor):
    for i in monitor.track(range(10)):
        monitor.log(loss=float(i))
        monitor.flush()
    post(monitor, "hello")
    monitor.flush()
    assert monitor.wire.of("frame")[-1]["reset"]
    assert [row["value"] for row in monitor.wire.rows["metrics"]] == list(range(10))
    assert monitor.wire.of("acknowledgement")[-1]["received"] == {"tab": 1}


def test_controls_of_the_browser_act_between_two_steps(monitor):
    done = []
    for step in monitor.track(range(100)):
        done.append((step, monitor.lr))
        if step == 3:
            post(monitor, "lr", 0.01, sequence=1)
            assert monitor.lr == 0.1
        if step == 5:
            post(monitor, "stop", sequence=2)
    assert done[3:] == [(3, 0.1), (4, 0.01), (5, 0.01)]
    assert monitor.state == "stopped"
    monitor.flush()
    assert monitor.wire.of("acknowledgement")[-1]["applied"] == {"tab": 2}


def test_a_trainer_gets_the_rate(wired):
    trainer = Trainer(0.5)
    monitor = TrainingMonitor(trainer=trainer)
    wired(monitor)
    assert monitor.lr == 0.5
    for step in monitor.track(range(2)):
        if step == 0:
            monitor.set(lr=0.25)
            assert trainer.learning_rate == 0.5
    assert trainer.learning_rate == 0.25
    monitor.lr = 0.125
    assert trainer.learning_rate == 0.125


def test_a_schedule_locks_the_slider(wired):
    monitor = TrainingMonitor(trainer=Trainer(0.5, scheduled=True))
    wired(monitor)
    post(monitor, "lr", 0.1)
    assert monitor.lr == 0.5
    assert monitor._progress()["rateLocked"]


def test_break_means_stopped_and_an_error_in_the_loader_is_shown(monitor):
    for _ in monitor.track(range(5)):
        break
    assert monitor.state == "stopped"

    def broken():
        yield 1
        raise ValueError("file is gone")

    with pytest.raises(ValueError, match="file is gone"):
        list(monitor.track(broken()))
    assert monitor.state == "error"
    assert "ValueError: file is gone" in monitor.summary()


def test_an_error_inside_the_with_block_is_shown(monitor):
    def train():
        with monitor:
            for _ in monitor.track(range(5)):
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train()
    assert monitor.state == "error"


def test_an_async_loop_is_tracked_alike(monitor, run_async):
    async def train():
        async for step in monitor.atrack(range(20)):
            monitor.log(loss=float(step))
            if step == 10:
                monitor.stop()

    run_async(train())
    assert (monitor.steps, monitor.state) == (11, "stopped")


def test_a_background_run_is_steered_and_waited_for(monitor):
    def train(limit):
        for _ in monitor.track(range(limit)):
            monitor.log(loss=1.0)
        return "result"

    run = monitor.run(train, 10**9)
    while monitor.steps < 10:
        time.sleep(0.001)
    run.set(lr=0.5)
    run.pause()
    while monitor.state != "paused":
        time.sleep(0.001)
    held = monitor.steps
    run.step(3)
    while monitor.steps < held + 3:
        time.sleep(0.001)
    with pytest.raises(TimeoutError):
        run.wait(timeout=0.01)
    run.resume()
    run.stop()
    assert run.wait(timeout=10) == "result"
    assert monitor.lr == 0.5
    assert not run.running


def test_a_background_run_hands_its_error_to_who_waits(monitor, run_async):
    def train():
        for _ in monitor.track(range(3)):
            raise RuntimeError("diverged")

    with pytest.raises(RuntimeError, match="diverged"):
        monitor.run(train).wait(timeout=10)
    assert monitor.state == "error"

    async def wait():
        return await monitor.run(lambda: 7)

    assert run_async(wait()) == 7


def test_without_a_browser_the_end_is_written_as_a_line(monitor, capsys):
    for step in monitor.track(range(3)):
        monitor.log(loss=1.0 / (step + 1))
    assert capsys.readouterr().out.strip().startswith("done · Step 3/3")


def test_lines_come_every_few_seconds(monitor, capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("dlstudio.widgets.console.time.monotonic", lambda: now[0])
    for _ in monitor.track(range(30)):
        now[0] += 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7  # after 2 s, then every 5 s, and the last
    assert lines[0].startswith("running · Step 2/30")


def test_with_a_browser_nothing_is_written(monitor, capsys):
    for step in monitor.track(range(3)):
        if step == 0:
            post(monitor, "pong")
    assert capsys.readouterr().out == ""


def test_log_costs_little(monitor):
    for _ in monitor.track(range(1)):
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(2000):
                monitor.log(loss=0.5, acc=0.5)
            best = min(best, (time.perf_counter() - start) / 2000)
    assert best < 15e-6  # the goal is 5 µs; shared machines get three times that


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (np.float32(0.5), 0.5), (np.array([1.0, 3.0]), 2.0), ([2, 4], 3.0)],
)
def test_values_become_numbers(value, expected):
    assert number(value) == expected


def test_a_tensor_is_logged_by_its_mean(monitor):
    nd = pytest.importorskip("dlstudio.nd")
    monitor.log(loss=nd.array([1.0, 2.0, 6.0]))
    assert monitor.history["loss"][1].tolist() == [3.0]


def test_a_monitor_without_a_rate_says_so(wired):
    monitor = TrainingMonitor()
    wired(monitor)
    with pytest.raises(ArgumentError, match="has no learning rate"):
        _ = monitor.lr
    with pytest.raises(ParamError, match="lr=-1"):
        TrainingMonitor(lr=-1)


def test_the_durable_state_is_a_complete_frame(monitor):
    assert monitor.durable() is None
    for i in monitor.track(range(3)):
        monitor.log(loss=float(i))
    frame, data = monitor.durable()
    assert frame["reset"]
    assert frame["strings"] == {"start": 0, "added": ["loss"]}
    assert len(data) == 3 * 3 * 8
    assert monitor._still["type"] == "frame"


def test_files_are_written_by_suffix(monitor, tmp_path):
    for i in monitor.track(range(30)):
        monitor.log(loss=1.0 / (i + 1))
    assert monitor.to_file(tmp_path / "a.svg").read_text(encoding="utf-8").count("<svg") == 1
    assert monitor.to_file(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert monitor.to_file(tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    page = monitor.to_file(tmp_path / "a.html").read_text(encoding="utf-8")
    assert 'type="module"' in page
    assert "dl-monitor" in page, "the page holds the style sheet"
    assert len(page) > 80_000, "and the bundle"
    assert "http://" not in page.replace("http://www.w3.org", "")
    rows = monitor.to_file(tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert rows[:2] == ["series,step,value", "loss,1,1.0"]
    with pytest.raises(ParamError, match=r"'txt'"):
        monitor.to_file(tmp_path / "a.txt")


def test_the_picture_is_in_the_mime_bundle_and_in_the_snapshot(monitor):
    bundle, _ = monitor._repr_mimebundle_()
    assert "image/svg+xml" not in bundle
    monitor.log(loss=1.0)
    bundle, _ = monitor._repr_mimebundle_()
    assert bundle["image/svg+xml"].lstrip().startswith("<?xml")
    assert bundle["text/plain"].startswith("<TrainingMonitor: running")
    assert monitor.snapshot()._repr_svg_() == bundle["image/svg+xml"]


def test_thinning_keeps_ends_and_extremes():
    metrics = Metrics()
    values = np.sin(np.arange(10_000) / 50)
    values[4321] = 99.0
    metrics.add([("loss", step, value) for step, value in enumerate(values)])
    ((name, steps, kept),) = metrics.thinned(200)
    assert name == "loss"
    assert len(steps) <= 202
    assert (steps[0], steps[-1], kept.max()) == (0, 9999, 99.0)


def test_the_clock_leaves_pauses_out(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("dlstudio.widgets.progress.time.perf_counter", lambda: now[0])
    clock = Clock()
    clock.start()
    now[0] += 2
    assert clock.pace(20) == 10
    clock.stop()
    now[0] += 60
    assert clock.elapsed == 2
    clock.start()
    now[0] += 1
    assert clock.elapsed == 3
