"""Chrome traces: valid for Perfetto, and saying what the bus said."""

import json

from dlstudio.trace import chrome
from dlstudio.trace.events import Allocated, Copied, Freed, OpRan, SlotFreed, SlotTaken
from dlstudio.trace.marks import Count, Mark, Span


def ran(start, end, device="cpu(0)", op="exp"):
    return OpRan(op, "node", device, start, end, (1,), (2,), (2, 3), "forward", "net.py:3")


def born(number, nbytes, time, category="data"):
    return Allocated(number, "cpu(0)", 0, nbytes, "x", category, time)


def records(events, phase):
    return [r for r in chrome.trace(events)["traceEvents"] if r["ph"] == phase]


def counters(events, name):
    return [r["args"] for r in records(events, "C") if r["name"] == name]


def test_an_operator_becomes_a_box_with_microseconds_since_the_first_event():
    first, second = records([ran(3_000, 5_000), ran(10_000, 10_500, op="dot")], "X")
    assert (first["ts"], first["dur"]) == (0, 2)
    assert (second["name"], second["ts"], second["dur"]) == ("dot", 7, 0.5)
    assert second["args"]["shape"] == [2, 3]
    assert second["args"]["line"] == "net.py:3"


def test_every_device_is_a_process_with_a_name():
    events = [ran(0, 1), ran(0, 1, device="gpu(0)")]
    names = {r["pid"]: r["args"]["name"] for r in records(events, "M") if r["tid"] == 0}
    assert sorted(names.values()) == ["cpu(0)", "gpu(0)"]
    assert {names[r["pid"]] for r in records(events, "X")} == {"cpu(0)", "gpu(0)"}


def test_boxes_of_one_lane_nest_or_lie_apart():
    outer, inner, crossing, later = ran(0, 100), ran(0, 40), ran(20, 120), ran(130, 140)
    lanes = [r["tid"] for r in records([crossing, inner, later, outer], "X")]
    assert lanes == [1, 1, 2, 1]


def test_a_copy_is_an_arrow_between_two_processes():
    events = [Copied("cpu(0)", "gpu(0)", 64, "as_in_context()", 2_000)]
    [begin], [end] = records(events, "s"), records(events, "f")
    assert begin["id"] == end["id"]
    assert begin["pid"] != end["pid"]
    boxes = records(events, "X")
    assert {(b["pid"], b["tid"], b["ts"]) for b in boxes} == {
        (r["pid"], r["tid"], r["ts"]) for r in (begin, end)
    }
    assert boxes[0]["args"] == {"bytes": 64, "from": "cpu(0)", "to": "gpu(0)"}


def test_a_copy_on_one_device_is_no_arrow():
    events = [Copied("cpu(0)", "cpu(0)", 64, "copy()", 0)]
    assert len(records(events, "X")) == 1
    assert not records(events, "s")


def test_memory_counts_what_lives():
    events = [born(1, 64, 1), born(2, 128, 2, "parameter"), Freed(1, "cpu(0)", 0, 64, 3)]
    assert counters(events, "memory") == [
        {"data": 64},
        {"data": 64, "parameter": 128},
        {"data": 0, "parameter": 128},
    ]


def test_a_census_replaces_what_was_counted():
    events = [
        born(1, 64, 1),
        chrome.Census((born(2, 32, 0),), 5),  # buffer 1 died while nobody listened
        born(2, 32, 6),  # listed already
        Freed(1, "cpu(0)", 0, 64, 7),
        Freed(2, "cpu(0)", 0, 32, 8),
    ]
    assert counters(events, "memory") == [{"data": 64}, {"data": 32}, {"data": 0}]


def test_a_death_whose_birth_was_dropped_is_not_counted():
    assert counters([Freed(1, "cpu(0)", 0, 64, 7)], "memory") == []


def test_arenas_count_the_slots_in_use():
    events = [
        SlotTaken(4, "cpu(0)", 0, 64, "a", "", 1),
        SlotTaken(4, "cpu(0)", 64, 64, "b", "", 2),
        SlotTaken(4, "cpu(0)", 0, 64, "c", "a", 3),  # in place
        SlotFreed(4, "cpu(0)", 0, 64, "c", 4),
    ]
    assert [c["arena"] for c in counters(events, "plan 4")] == [64, 128, 128, 64]


def test_what_the_program_says_is_drawn_too():
    events = [
        Span("task", "loading", "decode", 0, 4_000),
        Count("loading", "queue", 3, 1_000),
        Mark("loading", "epoch", "global", 2_000),
    ]
    [box], [mark] = records(events, "X"), records(events, "i")
    assert (box["name"], box["dur"], box["args"]["domain"]) == ("decode", 4, "loading")
    assert (mark["name"], mark["s"]) == ("epoch", "g")
    assert counters(events, "loading: queue") == [{"queue": 3}]


def test_the_file_is_json_and_says_how_much_is_missing(tmp_path):
    file = tmp_path / "made" / "trace.json"
    chrome.save(file, [ran(0, 1)], dropped=7)
    read = json.loads(file.read_text(encoding="utf-8"))
    assert read["otherData"]["droppedEvents"] == 7
    assert all({"name", "ph", "pid", "tid"} <= r.keys() for r in read["traceEvents"])


def recorded_training():
    """The events of a training step over two devices, with a task of the program around it."""
    import dlstudio as mx
    from dlstudio.trace.recorder import Recorder

    with mx.AttrScope(ctx_group="a"):
        h = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=8, name="first")
    with mx.AttrScope(ctx_group="b"):
        h = mx.sym.FullyConnected(h, num_hidden=4, name="second")
    places = {"a": mx.cpu(0), "b": mx.cpu(1)}
    executor = h.simple_bind(mx.cpu(0), group2ctx=places, data=(4, 6))
    with Recorder() as recorder:
        for _ in range(2):
            executor.forward(is_train=True)
            executor.backward(mx.nd.ones((4, 4), ctx=mx.cpu(1)))
            (mx.nd.ones(3) * 2).asnumpy()
    return recorder.events


def test_a_training_step_keeps_the_rules_of_the_trace_event_format():
    """What Perfetto's and Chrome's readers ask of every record, on a real step."""
    read = json.loads(json.dumps(chrome.trace(recorded_training()), allow_nan=False))
    seen = read["traceEvents"]
    assert {r["ph"] for r in seen} == {"M", "X", "C", "s", "f"}
    for r in seen:
        assert isinstance(r["name"], str)
        assert all(type(r[key]) is int for key in ("pid", "tid"))
        assert r["ph"] == "M" or r["ts"] >= 0
        assert r["ph"] != "X" or r["dur"] >= 0
        assert r["ph"] != "C" or all(type(v) in (int, float) for v in r["args"].values())
    named = {(r["pid"], r["tid"]) for r in seen if r["name"] == "thread_name"}
    assert {(r["pid"], r["tid"]) for r in seen if r["ph"] == "X"} <= named
    boxes = {(r["pid"], r["tid"], r["ts"]) for r in seen if r["ph"] == "X"}
    arrows = [r for r in seen if r["ph"] in "sf"]
    assert {(r["pid"], r["tid"], r["ts"]) for r in arrows} <= boxes  # arrows hang on boxes
    ids = {phase: sorted(r["id"] for r in arrows if r["ph"] == phase) for phase in "sf"}
    assert ids["s"] == ids["f"] != []
    times = [r["ts"] for r in seen if r["ph"] != "M"]
    assert times == sorted(times)


def test_nothing_recorded_is_a_valid_trace():
    assert chrome.trace([])["traceEvents"] == []
