"""The pump flushes at most 30 times a second and survives a broken view; strings travel once."""

import threading
import time

import numpy as np

from dlstudio.widgets.feed import MAX_HZ, Pump, Stream

ONE = np.zeros((3, 1))


class Source:
    def __init__(self, work=lambda: True):
        self.count, self.work = 0, work

    def flush(self):
        self.count += 1
        return self.work()


def test_a_busy_source_is_flushed_at_most_so_often():
    pump, source = Pump(), Source()
    started = time.monotonic()
    pump.add(source)
    time.sleep(0.5)
    pump.remove(source)
    assert 3 <= source.count <= MAX_HZ * (time.monotonic() - started) + 2


def test_a_broken_source_is_dropped_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr("traceback.print_exc", lambda **_: None)
    pump, good, enough = Pump(), Source(), threading.Event()
    broken = Source(lambda: 1 / 0)
    good.work = lambda: good.count < 5 or bool(enough.set())
    pump.add(broken)
    pump.add(good)
    assert enough.wait(10)
    pump.remove(good)
    assert broken.count == 1


def test_the_thread_ends_with_its_last_source():
    pump, source = Pump(), Source()
    pump.add(source)
    thread = pump._thread
    pump.remove(source)
    thread.join(10)
    assert not thread.is_alive()
    pump.add(source)
    assert pump._thread is not thread
    pump.remove(source)


def test_strings_are_sent_once_and_again_with_a_reset():
    stream = Stream()
    assert [stream.strings[text] for text in ("a", "b", "a")] == [0, 1, 0]
    first, _ = stream.frame([("metrics", ONE)])
    assert first["strings"] == {"start": 0, "added": ["a", "b"]}
    stream.strings["c"]
    second, _ = stream.frame([("metrics", ONE)])
    assert second["strings"] == {"start": 2, "added": ["c"]}
    again, _ = stream.frame([("metrics", ONE)], reset=True)
    assert again["strings"] == {"start": 0, "added": ["a", "b", "c"]}
    assert [frame["sequence"] for frame in (first, second, again)] == [0, 1, 2]


def test_a_durable_frame_leaves_the_stream_as_it_was():
    stream = Stream()
    stream.strings["a"]
    durable, _ = stream.frame([("metrics", ONE)], durable=True)
    sent, _ = stream.frame([("metrics", ONE)])
    assert durable["reset"]
    assert durable["strings"] == sent["strings"] == {"start": 0, "added": ["a"]}
    assert sent["sequence"] == 0
