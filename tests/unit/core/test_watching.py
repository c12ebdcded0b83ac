"""Nobody watching, nothing done; somebody watching, everything told."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.core import watch
from dlstudio.trace import bus
from dlstudio.trace.events import Allocated, Copied, Freed, OpRan


@pytest.fixture
def events():
    seen = []
    stop = bus.subscribe(seen.append)
    yield seen
    stop()


def of(events, kind):
    return [e for e in events if isinstance(e, kind)]


def test_without_subscribers_a_call_emits_nothing_and_keeps_nothing():
    x, y = nd.ones(8), nd.ones(8)
    assert bus.subscribers == ()
    live = dict(watch._live)
    for _ in range(10):
        x + y
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        for _ in range(1000):
            x + y
        after = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    ours = [Path(watch.__file__), *Path(bus.__file__).parent.glob("*.py")]
    grown = [
        s
        for s in after.compare_to(before, "filename")
        if Path(s.traceback[0].filename) in ours and s.size_diff > 0
    ]
    assert not grown
    assert watch._live == live


def test_the_watching_half_is_not_even_imported():
    program = (
        "import sys; import dlstudio as mx; x = mx.nd.ones(2); y = x + x; "
        "print('dlstudio.core.watch' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def test_operators_report_device_buffers_phase_and_line(events):
    x = nd.ones((2, 3))
    x.attach_grad()
    with autograd.record():
        y = nd.exp(x)
    y.backward()
    forward = [e for e in of(events, OpRan) if e.op == "exp" and e.phase == "forward"]
    assert len(forward) == 1
    assert forward[0].device == "cpu(0)"
    assert forward[0].shape == (2, 3)
    assert forward[0].span.startswith("test_watching.py:")
    assert forward[0].start <= forward[0].end
    assert [e for e in of(events, OpRan) if e.phase == "backward"]


def test_buffers_live_from_allocation_to_release_and_addresses_are_reused(events):
    x = nd.ones(1000)
    y = x + 1
    made = [e for e in of(events, Allocated) if e.owner == "_plus_scalar"]
    assert len(made) == 1
    assert made[0].nbytes >= 4000
    del y
    freed = [e for e in of(events, Freed) if e.buffer == made[0].buffer]
    assert len(freed) == 1
    z = x + 2
    again = [e for e in of(events, Allocated) if e.owner == "_plus_scalar"][-1]
    assert again.address == made[0].address
    assert again.buffer != made[0].buffer
    del z


def test_copies_between_devices_are_reported(events):
    x = nd.ones(4)
    x.as_in_context(mx.cpu(1))
    copies = of(events, Copied)
    assert [(c.source, c.target, c.nbytes) for c in copies] == [("cpu(0)", "cpu(1)", 16)]


class TestAddressSpace:
    def test_the_lowest_hole_that_fits_is_taken(self):
        space = watch.AddressSpace()
        a, b, c = space.take(64), space.take(128), space.take(64)
        assert (a, b, c) == (0, 64, 192)
        space.give(b, 128)
        assert space.take(64) == 64
        assert space.take(128) == 256

    def test_neighbouring_holes_join_and_the_top_sinks(self):
        space = watch.AddressSpace()
        addresses = [space.take(64) for _ in range(4)]
        space.give(addresses[0], 64)
        space.give(addresses[2], 64)
        space.give(addresses[1], 64)
        assert space.holes == [(0, 192)]
        space.give(addresses[3], 64)
        assert (space.top, space.holes) == (192, [(0, 192)]) or space.top == 0


def test_gradients_copied_back_between_devices_are_reported(events):
    x = nd.ones(4)
    x.attach_grad()
    with autograd.record():
        y = x.as_in_context(mx.cpu(1)) * 2
    y.backward()
    assert [(c.source, c.target) for c in of(events, Copied)] == [
        ("cpu(0)", "cpu(1)"),
        ("cpu(1)", "cpu(0)"),
    ]


def test_a_plan_tells_its_data_from_its_parameters(events):
    net = mx.gluon.nn.Dense(2, in_units=3)
    net.initialize()
    net.hybridize()
    net(nd.array([[1, 2, 3]]))
    owners = {e.owner: e.category for e in of(events, Allocated)}
    assert owners["input"] == "data"
    assert owners[net.weight.name] == "parameter"
