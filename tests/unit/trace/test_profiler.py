"""`mx.profiler`: records while it runs, and only then."""

import json
import subprocess
import sys
import time

import pytest

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.errors import ArgumentError, ParamError
from dlstudio.gluon import nn
from dlstudio.trace import bus, marks
from dlstudio.trace.events import Allocated, Copied, OpRan, SlotTaken
from dlstudio.trace.profiler import Profiler


@pytest.fixture
def profiler(monkeypatch, tmp_path):
    fresh = Profiler(mx.profiler.live_buffers)
    fresh.set_config(filename=str(tmp_path / "profile.json"))
    monkeypatch.setattr(mx.profiler, "_profiler", fresh)
    yield mx.profiler
    fresh.set_state("stop")


def kept(*kinds):
    return [e for e in mx.profiler._profiler.events if isinstance(e, kinds)]


def read():
    with open(mx.profiler._profiler.config.filename, encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)["traceEvents"]


def test_nothing_listens_while_it_is_stopped(profiler):
    before = bus.subscribers
    profiler.set_state("run")
    assert len(bus.subscribers) == len(before) + 1
    profiler.set_state("stop")
    assert bus.subscribers == before
    assert marks.listener is None


def test_it_keeps_the_operators_between_run_and_stop(profiler):
    x = nd.ones((2, 3))
    nd.exp(x)
    profiler.start()
    nd.tanh(x)
    assert profiler.state() == "run"
    profiler.stop()
    nd.sqrt(x)
    assert [e.op for e in kept(OpRan)] == ["tanh"]
    assert profiler.state() == "stop"


def test_pause_and_resume_leave_a_gap(profiler):
    x = nd.ones(2)
    profiler.set_state("run")
    profiler.pause()
    nd.exp(x)
    profiler.resume()
    nd.tanh(x)
    profiler.set_state("stop")
    assert [e.op for e in kept(OpRan)] == ["tanh"]


def test_resume_does_nothing_while_stopped(profiler):
    profiler.resume()
    assert bus.subscribers == ()


def test_a_training_step_is_traced_with_its_memory(profiler):
    net = nn.HybridSequential()
    net.add(nn.Dense(4, activation="relu"), nn.Dense(2))
    net.initialize()
    net.hybridize(static_alloc=True)
    x = nd.ones((3, 5))
    net(x)
    profiler.set_config(profile_all=True)
    profiler.set_state("run")
    with autograd.record():
        loss = net(x).sum()
    loss.backward()
    profiler.dump()
    trace = read()
    boxes = [r for r in trace if r["ph"] == "X"]
    assert {"forward", "backward"} <= {b["args"].get("phase") for b in boxes}
    assert any(r["ph"] == "C" and r["name"] == "memory" for r in trace)
    assert any(r["ph"] == "C" and r["name"].startswith("plan ") for r in trace)
    assert kept(SlotTaken)


def test_switched_off_kinds_are_left_out(profiler):
    profiler.set_config(profile_memory=False, profile_imperative=False, profile_api=False)
    profiler.set_state("run")
    x = nd.ones(4)
    nd.exp(x)
    x.copyto(mx.cpu(1))
    profiler.set_state("stop")
    assert mx.profiler._profiler.events == []


def test_profile_all_overrides_the_switches(profiler):
    profiler.set_config(profile_all=True, profile_memory=False, profile_api=False)
    profiler.set_state("run")
    nd.ones(4).copyto(mx.cpu(1))
    profiler.set_state("stop")
    assert kept(Allocated)
    assert kept(Copied)


def test_operators_of_plans_and_eager_operators_are_told_apart(profiler):
    executor = mx.sym.exp(mx.sym.var("x"), name="e").bind(mx.cpu(), {"x": nd.ones(3)})
    profiler.set_config(profile_imperative=False)
    profiler.set_state("run")
    executor.forward()
    nd.tanh(nd.ones(2))
    profiler.set_state("stop")
    assert [e.name for e in kept(OpRan)] == ["e"]


def test_the_table_counts_and_sorts(profiler):
    x = nd.ones(3)
    profiler.set_config(aggregate_stats=True)
    profiler.set_state("run")
    nd.exp(x)
    for _ in range(3):
        nd.tanh(x)
    profiler.set_state("stop")
    table = profiler.dumps(sort_by="count")
    rows = [line.split() for line in table.splitlines() if line.startswith(("exp", "tanh"))]
    assert [row[:2] for row in rows] == [["tanh", "3"], ["exp", "1"]]
    rising = profiler.dumps(sort_by="count", ascending=True)
    assert rising.index("exp") < rising.index("tanh")


def test_the_json_table_adds_up(profiler):
    profiler.set_state("run")
    with profiler.Domain("loading").new_task("decode"):
        nd.exp(nd.ones(3))
    profiler.set_state("stop")
    table = json.loads(profiler.dumps(format="json"))
    row = table["Time"]["loading"]["decode"]
    assert row["Count"] == 1
    assert row["Total"] == row["Min"] == row["Max"] == row["Avg"] > 0
    assert table["Time"]["operator"]["exp"]["Total"] <= row["Total"]
    assert table["Unit"] == {"Time": "ms", "Memory": "kB"}


def test_memory_and_counters_are_levels_and_have_no_total(profiler):
    profiler.set_state("run")
    queue = profiler.Counter(profiler.Domain("loading"), "queue", 4)
    queue -= 2
    kept_alive = nd.exp(nd.ones(256))  # 1024 bytes
    profiler.set_state("stop")
    assert kept_alive.size == 256
    table = json.loads(profiler.dumps(format="json"))
    assert table["Counter"]["loading"]["queue"] == {"Count": 2, "Min": 2, "Max": 4, "Avg": 3}
    assert table["Memory"]["Memory"]["cpu(0)"]["Max"] >= 1
    assert "Total" not in table["Memory"]["Memory"]["cpu(0)"]
    [header] = [line for line in profiler.dumps().splitlines() if "Max Use (kB)" in line]
    assert "Total (kB)" not in header


def test_reset_counts_anew_and_keeps_the_trace(profiler):
    profiler.set_state("run")
    nd.exp(nd.ones(3))
    assert "exp" in profiler.dumps(reset=True)
    assert "exp" not in profiler.dumps()
    profiler.dump()
    assert "exp" in {r["name"] for r in read()}


def test_a_finished_dump_stops_and_the_next_run_is_a_new_profile(profiler):
    x = nd.ones(2)
    profiler.set_state("run")
    nd.exp(x)
    profiler.dump()
    assert profiler.state() == "stop"
    profiler.set_state("run")
    nd.tanh(x)
    profiler.set_state("stop")
    assert [e.op for e in kept(OpRan)] == ["tanh"]


def test_an_unfinished_dump_goes_on(profiler):
    profiler.set_state("run")
    profiler.dump(finished=False)
    nd.exp(nd.ones(2))
    profiler.dump()
    assert "exp" in {r["name"] for r in read()}


def test_the_objects_of_the_program_are_in_the_trace(profiler):
    domain = profiler.Domain("training")
    frame, event = domain.new_frame("batch"), profiler.Event("shuffle")
    counter, marker = domain.new_counter("images", 5), domain.new_marker("epoch")
    profiler.set_state("run")
    frame.start()
    with event:
        counter.increment(2)
        counter -= 3
        marker.mark()
    frame.stop()
    profiler.dump()
    trace = read()
    assert {r["name"] for r in trace if r["ph"] == "X"} == {"batch", "shuffle"}
    assert [r["args"]["images"] for r in trace if r["ph"] == "C" and "images" in r["args"]] == [
        7,
        4,
    ]
    assert [r["name"] for r in trace if r["ph"] == "i"] == ["epoch"]
    assert [str(o) for o in (domain, frame, event, counter, marker)] == [
        "training", "batch", "shuffle", "images", "epoch",
    ]  # fmt: skip


def test_continuous_dump_writes_while_it_runs(profiler, tmp_path):
    profiler.set_config(continuous_dump=True, dump_period=0.01)
    profiler.set_state("run")
    for _ in range(500):
        if (tmp_path / "profile.json").exists():
            break
        time.sleep(0.01)
    profiler.set_state("stop")
    assert (tmp_path / "profile.json").exists()


def test_a_profile_nobody_dumped_is_saved_at_exit(tmp_path):
    code = (
        "import dlstudio as mx\n"
        "mx.profiler.set_config(filename='end.json')\n"
        "mx.profiler.set_state('run')\n"
        "mx.nd.exp(mx.nd.ones(2))\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env=_with_package())
    assert '"exp"' in (tmp_path / "end.json").read_text(encoding="utf-8")


def _with_package():
    import os
    from pathlib import Path

    root = str(Path(mx.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": root, "OPENBLAS_NUM_THREADS": "1"}


def test_servers_are_ignored_and_other_processes_refused(profiler):
    profiler.set_config(profile_process="server", filename="server.json")
    profiler.set_state("run", profile_process="server")
    profiler.pause("server")
    profiler.resume("server")
    profiler.dump(True, "server")
    profiler.set_kvstore_handle(None)
    assert profiler.state() == "stop"
    with pytest.raises(ParamError, match='"worker" or "server"'):
        profiler.set_state("run", profile_process="scheduler")


def test_unknown_settings_name_the_nearest(profiler):
    with pytest.raises(ArgumentError, match="did you mean 'filename'"):
        profiler.set_config(filenam="x.json")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.set_state("go"), '"run" or "stop"'),
        (lambda p: p.dumps(format="xml"), '"table" or "json"'),
        (lambda p: p.set_config(dump_period=0), "dump_period must be positive"),
        (lambda p: p.Marker(p.Domain("d"), "m").mark("here"), "global, process"),
        (lambda p: p.Event("e").stop(), "without start"),
    ],
)
def test_wrong_arguments_are_explained(profiler, call, message):
    with pytest.raises(ParamError, match=message):
        call(profiler)


def test_an_unknown_order_is_explained(profiler):
    profiler.set_state("run")
    nd.exp(nd.ones(2))
    with pytest.raises(ParamError, match="one of total, avg"):
        profiler.dumps(sort_by="name")


def test_former_names_work_with_a_warning(profiler, tmp_path):
    with pytest.warns(DeprecationWarning, match="set_config"):
        profiler.profiler_set_config("all", filename=str(tmp_path / "old.json"))
    with pytest.warns(DeprecationWarning, match="set_state"):
        profiler.profiler_set_state("run")
    nd.exp(nd.ones(2))
    with pytest.warns(DeprecationWarning, match="dump"):
        profiler.dump_profile()
    assert (tmp_path / "old.json").exists()
