"""The recorder keeps the latest events and counts the others."""

import gc
import threading
import weakref

import pytest

from dlstudio.errors import ParamError
from dlstudio.trace import bus
from dlstudio.trace.events import Copied, Freed
from dlstudio.trace.recorder import Recorder


def copied(number):
    return Copied("cpu(0)", "cpu(1)", number, "test", number)


def test_it_hears_events_only_between_start_and_stop():
    recorder = Recorder()
    bus.emit(copied(0))
    with recorder:
        bus.emit(copied(1))
    bus.emit(copied(2))
    assert recorder.events == [copied(1)]
    assert bus.subscribers == ()


def test_starting_twice_hears_everything_once():
    recorder = Recorder().start().start()
    bus.emit(copied(1))
    recorder.stop()
    assert len(recorder) == 1
    assert not recorder.recording


def test_a_full_ring_drops_the_oldest_and_counts_it():
    with Recorder(capacity=3) as recorder:
        for number in range(5):
            bus.emit(copied(number))
    assert [event.nbytes for event in recorder.events] == [2, 3, 4]
    assert recorder.dropped == 2
    assert repr(recorder) == "<Recorder stopped: 3 events, 2 dropped>"


def test_draining_hands_every_event_out_once():
    with Recorder() as recorder:
        bus.emit(copied(1))
        assert recorder.drain() == [copied(1)]
        bus.emit(copied(2))
        assert recorder.drain() == [copied(2)]
    assert recorder.drain() == []


def test_events_can_be_asked_for_by_type():
    freed = Freed(1, "cpu(0)", 0, 64, 5)
    with Recorder() as recorder:
        bus.emit(copied(1))
        bus.emit(freed)
    assert recorder.of(Freed) == [freed]
    assert recorder.of(Copied, Freed) == recorder.events


def test_clearing_forgets_events_and_the_count():
    with Recorder(capacity=1) as recorder:
        bus.emit(copied(1))
        bus.emit(copied(2))
        recorder.clear()
    assert (len(recorder), recorder.dropped) == (0, 0)


def test_no_event_is_lost_or_doubled_between_threads():
    def emit(base):
        for i in range(500):
            bus.emit(copied(base + i))

    with Recorder() as recorder:
        threads = [threading.Thread(target=emit, args=[base]) for base in (0, 1000, 2000, 3000)]
        for thread in threads:
            thread.start()
        drained = []
        while any(thread.is_alive() for thread in threads):
            drained += recorder.drain()
        drained += recorder.drain()
    assert sorted(event.nbytes for event in drained) == sorted(
        base + i for base in (0, 1000, 2000, 3000) for i in range(500)
    )


def test_an_event_from_a_finalizer_inside_the_recorder_does_not_lock_up():
    class Owner:
        pass

    gc.collect()  # what other tests left behind must not die into this recorder
    recorder = Recorder().start()
    owner = Owner()
    owner.itself = owner
    weakref.finalize(owner, bus.emit, copied(1))
    del owner
    with recorder._lock:  # as if appending had started the collection
        gc.collect()
    recorder.stop()
    assert recorder.events == [copied(1)]


def test_a_capacity_below_one_is_refused():
    with pytest.raises(ParamError, match="capacity=0"):
        Recorder(capacity=0)
