"""MemoryView and DeviceView hear the bus and nothing else."""

import numpy as np
import pytest

from dlstudio.errors import ArgumentError
from dlstudio.trace import bus
from dlstudio.trace.events import Allocated, Copied, Freed, OpRan, SlotFreed, SlotTaken
from dlstudio.widgets import feed
from dlstudio.widgets.devices import DeviceView
from dlstudio.widgets.memory import MemoryView, plan_map

CPU = "cpu(0)"


class Buffer:
    def __init__(self, owner, offset, nbytes, first, last, previous=()):
        self.owner, self.device, self.offset, self.nbytes = owner, CPU, offset, nbytes
        self.first, self.last, self.previous = first, last, previous


class Plan:
    naive_bytes, inplace_bytes, arena_bytes, lower_bound_bytes = 400, 300, 200, 192
    buffers = (
        Buffer("conv0", 0, 128, 0, 1),
        Buffer("relu0", 128, 64, 1, 2),
        Buffer("fc0", 0, 64, 2, 3, ("conv0",)),
    )


class Executor:
    memory = Plan()


@pytest.fixture(autouse=True)
def nothing_alive(monkeypatch):
    """Other tests' arrays are none of these tests' business."""
    monkeypatch.setattr("dlstudio.widgets.memory.live_buffers", list)
    monkeypatch.setattr("dlstudio.widgets.devices.live_buffers", list)


@pytest.fixture
def memory(wired):
    view = MemoryView(locale="en")
    view.wire = wired(view)
    return view


@pytest.fixture
def devices(wired):
    view = DeviceView(locale="en")
    view.wire = wired(view)
    return view


def born(view, number, address=0, nbytes=64, owner="dot", category="activation", time=0):
    origin = view._stream.origin
    bus.emit(Allocated(number, CPU, address, nbytes, owner, category, origin + time))


def died(view, number, address=0, nbytes=64, time=0):
    bus.emit(Freed(number, CPU, address, nbytes, view._stream.origin + time))


def test_every_allocation_arrives_with_its_number_address_bytes_and_owner(memory):
    born(memory, 7, address=4096, nbytes=640, owner="fc0", time=5)
    died(memory, 7, address=4096, nbytes=640, time=9)
    feed.watch.flush()
    first, second = memory.wire.rows["memory"]
    assert first == {
        "kind": 0,
        "space": CPU,
        "buffer": 7,
        "address": 4096,
        "bytes": 640,
        "owner": "fc0",
        "note": "activation",
        "time": 5,
    }
    assert (second["kind"], second["buffer"], second["time"]) == (1, 7, 9)
    assert memory.live() == []


def test_slots_name_their_plan_and_their_previous_owner(memory):
    bus.emit(SlotTaken(3, CPU, 128, 64, "relu0", "conv0", memory._stream.origin))
    feed.watch.flush()
    (row,) = memory.wire.rows["memory"]
    assert (row["kind"], row["space"], row["owner"], row["note"]) == (
        2,
        "cpu(0)#3",
        "relu0",
        "conv0",
    )
    assert [slot["owner"] for slot in memory.live()] == ["relu0"]
    bus.emit(SlotFreed(3, CPU, 128, 64, "relu0", memory._stream.origin + 1))
    assert memory.live() == []


def test_a_batch_of_events_is_one_message(memory):
    for number in range(1000):
        born(memory, number, address=64 * number)
    feed.watch.flush()
    assert len(memory.wire.of("frame")) == 1
    assert len(memory.wire.rows["memory"]) == 1000
    feed.watch.flush()
    assert len(memory.wire.of("frame")) == 1


def test_a_late_browser_gets_what_still_lives_even_if_it_is_old(memory, monkeypatch):
    monkeypatch.setitem(memory._kept, "memory", type(memory._kept["memory"])(maxlen=4))
    born(memory, 1, owner="weight", time=1)
    for number in range(2, 10):
        born(memory, number, address=64, time=10 * number)
        died(memory, number, address=64, time=10 * number + 5)
    feed.watch.flush()
    memory._take({"command": "hello", "value": 0, "client": "tab", "sequence": 1})
    feed.watch.flush()
    assert memory.wire.of("frame")[-1]["reset"]
    assert memory.wire.rows["memory"][0]["owner"] == "weight"
    assert len(memory.wire.rows["memory"]) == 5


def test_buffers_that_lived_before_the_view_are_shown(wired, monkeypatch):
    known = Allocated(5, CPU, 0, 64, "weight", "parameter", 0)
    monkeypatch.setattr("dlstudio.widgets.memory.live_buffers", lambda: [known])
    view = MemoryView()
    wired(view)
    bus.emit(known)  # heard twice, shown once
    assert [buffer["owner"] for buffer in view.live()] == ["weight"]


def test_the_death_of_an_unknown_buffer_is_no_news(memory):
    died(memory, 99)
    feed.watch.flush()
    assert "memory" not in memory.wire.rows


def test_with_the_recorder_off_nothing_arrives(memory, devices):
    memory.recorder.stop()
    born(memory, 1)
    bus.emit(OpRan("dot", "", CPU, 0, 5, (), (1,), (2, 2), "forward", ""))
    feed.watch.flush()
    assert memory.live() == []
    assert devices.operators() == []


def test_the_last_view_that_closes_leaves_the_bus():
    views = [MemoryView(), DeviceView()]
    assert len(bus.subscribers) == 1
    for view in views:
        view.close()
    assert bus.subscribers == ()


def test_operators_and_copies_arrive(devices):
    origin = devices._stream.origin
    bus.emit(
        OpRan("dot", "fc0", CPU, origin + 3, origin + 8, (1,), (2,), (4, 5), "forward", "a.py:3")
    )
    bus.emit(Copied(CPU, "cpu(1)", 80, "as_in_context", origin + 9))
    feed.watch.flush()
    assert devices.wire.rows["operators"] == [
        {
            "start": 3,
            "end": 8,
            "op": "dot",
            "name": "fc0",
            "device": CPU,
            "phase": "forward",
            "span": "a.py:3",
            "elements": 20,
        }
    ]
    assert devices.wire.rows["copies"] == [
        {"source": CPU, "target": "cpu(1)", "bytes": 80, "reason": "as_in_context", "time": 9}
    ]


def test_bytes_in_use_and_peak_are_those_of_the_events(devices):
    born(devices, 1, nbytes=100, time=1)
    born(devices, 2, nbytes=50, time=2)
    died(devices, 1, nbytes=100, time=3)
    feed.watch.flush()
    rows = [(row["bytes"], row["peak"], row["time"]) for row in devices.wire.rows["usage"]]
    assert rows == [(100, 100, 1), (150, 150, 2), (50, 150, 3)]
    assert devices.usage() == {CPU: (50, 150)}


def test_more_changes_than_anybody_could_see_are_thinned_to_the_last(devices):
    for number in range(1000):
        born(devices, number, nbytes=1, time=number)
    feed.watch.flush()
    rows = devices.wire.rows["usage"]
    assert len(rows) <= 64
    assert rows[-1]["bytes"] == 1000


def test_a_plan_is_drawn_with_who_comes_before_and_after():
    drawn = plan_map(Plan(), ["a", "b"])
    assert (drawn["naive"], drawn["arena"], drawn["lowerBound"]) == (400, 200, 192)
    conv, relu, dense = drawn["buffers"]
    assert (conv["next"], conv["previous"]) == ("fc0", "")
    assert (dense["previous"], relu["next"]) == ("conv0", "")


def test_a_view_takes_the_plan_of_an_executor(wired, tmp_path):
    view = MemoryView(Executor(), locale="en")
    wired(view)
    assert "planned 200 B instead of 400 B" in view.summary()
    assert view._plan["arena"] == 200
    assert view.to_file(tmp_path / "plan.svg").stat().st_size > 1000
    assert '"naive": 400' in view.to_html()


def test_what_has_no_plan_is_refused():
    with pytest.raises(ArgumentError, match="int has no memory plan"):
        MemoryView(3)


def test_pictures_are_drawn_from_the_same_rows(memory, devices):
    for number in range(3):
        born(memory, number, address=64 * number, time=1000 * number)
        start = devices._stream.origin + 1000 * number
        bus.emit(OpRan("dot", "", CPU, start, start + 500, (), (), (2,), "forward", ""))
    for view in (memory, devices):
        bundle, _ = view._repr_mimebundle_()
        assert "<svg" in bundle["image/svg+xml"]
    assert "cpu(0) 192 B" in repr(memory)
    assert "3 operators" in repr(devices)


def test_real_operators_are_seen_as_the_recorder_sees_them(memory, devices):
    nd = pytest.importorskip("dlstudio.nd")
    from dlstudio.trace.recorder import Recorder

    x = nd.array(np.ones((8, 8), "float32"))
    with Recorder() as recorder:
        y = nd.exp(x + 1)
    rows = {
        (row["buffer"], row["address"], row["bytes"], row["owner"])
        for row in memory.rows("memory")
        if row["kind"] == 0
    }
    assert rows == {(e.buffer, e.address, e.nbytes, e.owner) for e in recorder.of(Allocated)}
    assert [row["op"] for row in devices.operators()] == [e.op for e in recorder.of(OpRan)]
    assert y.shape == (8, 8)
