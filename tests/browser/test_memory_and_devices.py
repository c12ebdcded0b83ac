"""MemoryView and DeviceView in JupyterLab show what the recorder of the bus holds."""

from __future__ import annotations

import json

import pytest

MEMORY, DEVICES = ".dl-memory", ".dl-devices"
PROGRAM = """
import json
import numpy as np
from dlstudio import autograd, nd
from dlstudio.trace.events import Allocated, Copied, Freed, OpRan
from dlstudio.trace.recorder import Recorder
from dlstudio.widgets import DeviceView, MemoryView, link

rng = np.random.default_rng(0)
array = lambda *shape: nd.array(rng.standard_normal(shape).astype("float32"))
w = array(64, 256)
w.attach_grad()
x, y = array(128, 64), array(128, 256)

def step():
    with autograd.record():
        loss = nd.square(nd.relu(nd.dot(x, w)) - y).mean()
    loss.backward()
    w[:] = w - 0.1 * w.grad
    return loss
"""
OPEN = "recorder = Recorder().start()\nmemory, devices = MemoryView(), DeviceView()\n"
SHOW = "display(memory, devices)\nfor _ in range(5): step()\nrecorder.stop()"
FACTS = """
print(json.dumps({
    "born": [[e.buffer, e.owner, e.category, e.address, e.nbytes] for e in recorder.of(Allocated)],
    "freed": [e.buffer for e in recorder.of(Freed)],
    "ran": [[e.op, e.end - e.start] for e in recorder.of(OpRan)],
    "copied": [e.nbytes for e in recorder.of(Copied)],
}))
"""


def shown(book, view):
    """Open the text form of a view and return its rows."""
    book.page.wait_for_selector(f"{view} [data-action=table]")
    book.page.click(f"{view} [data-action=table]")
    book.page.wait_for_selector(f"{view} tbody tr", state="attached")
    return book.table(view)


def facts(book):
    return json.loads(next(text for text in book.outputs() if text.startswith("{")))


def memory_rows(book):
    rows = shown(book, MEMORY)
    return {(int(b), owner, kind, int(a), int(n)) for b, owner, kind, a, n, *_ in rows}


def test_memory_view_equals_the_recorder(notebook):
    book = notebook([PROGRAM + OPEN + SHOW, FACTS])
    book.run_all()
    book.wait_idle()
    expected = {tuple(row) for row in facts(book)["born"]}
    assert len(expected) > 20
    assert memory_rows(book) == expected
    live = {row[0] for row in expected} - set(facts(book)["freed"])
    assert int(book.data(MEMORY)["live"]) == len(live)
    assert book.errors == []


def test_without_the_recorder_the_views_show_nothing(notebook):
    book = notebook([PROGRAM + OPEN + "memory.recorder.stop()\n" + SHOW, FACTS])
    book.run_all()
    book.wait_idle()
    assert len(facts(book)["born"]) > 20
    for view in (MEMORY, DEVICES):
        book.page.wait_for_selector(f"{view} .dl-empty:visible")
        assert book.table(view) == []


def test_device_view_equals_the_recorder(notebook):
    book = notebook([PROGRAM + OPEN + SHOW, FACTS])
    book.run_all()
    book.wait_idle()
    rows = [[op, int(last)] for _, op, _, _, _, last, _ in reversed(shown(book, DEVICES))]
    ran = [row for row in rows if " from cpu(0) to cpu(0)" not in row[0]]
    assert ran == facts(book)["ran"][-len(ran) :]
    assert len(ran) > 20
    # w[:] = ... writes 64 × 256 numbers into the weights
    copied = [nbytes for text, nbytes in rows if text.startswith("64 KiB from")]
    assert copied == facts(book)["copied"] == [64 * 256 * 4] * 5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_canvases_are_drawn_in_both_themes(notebook, dark):
    book = notebook([PROGRAM + OPEN + SHOW])
    book.theme(dark=dark)
    book.run_all()
    book.wait_idle()
    book.page.wait_for_selector(f"{MEMORY}[data-drawn]")
    book.page.locator(f"{MEMORY} canvas").scroll_into_view_if_needed()
    for view in (MEMORY, DEVICES):
        assert book.data(view)["dark"] == str(dark).lower()
        assert book.colours(f"{view} canvas") > 4
        book.shot(f"{view[4:]}-{'dark' if dark else 'light'}", view)
    assert book.errors == []
