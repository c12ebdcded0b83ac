"""The first notebook, as a learner meets it: opened in JupyterLab, run, watched, steered."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FIRST = Path(__file__).parents[2] / "notebooks" / "en" / "00_start_here.ipynb"
MONITOR, MEMORY, DEVICES, GRAPH = ".dl-monitor", ".dl-memory", ".dl-devices", ".dl-graph"
RATE = 10**-2.5

# One more step, heard by a recorder of the test's own beside the one that feeds the views.
STEP = """
import json
from dlstudio.trace import events
from dlstudio.trace.recorder import Recorder
from dlstudio.widgets.feed import watch
memory = [view for view in watch._viewers if isinstance(view, ui.MemoryView)][-1]

def heard():
    with Recorder() as recorder:
        with autograd.record():
            loss = objective(net(data), label)
        loss.backward()
        trainer.step(len(data))
    zero = memory._stream.origin  # the view counts time from its own beginning
    took, born = recorder.of(events.SlotTaken), recorder.of(events.Allocated)
    return {
        "space": f"{took[0].device}#{took[0].plan}" if took else "",
        "slots": [[e.owner, e.address, e.nbytes, e.time - zero] for e in took],
        "born": [[e.buffer, e.owner, e.address, e.nbytes, e.time - zero] for e in born],
    }
"""
FACTS = """
facts = {"lr": trainer.learning_rate, "steps": monitor.steps, "heard": heard()}
facts["seen"] = {name: len(values) for name, (steps, values) in monitor.history.items()}
facts["plan"] = [memory.plan.naive_bytes, memory.plan.arena_bytes]
print(json.dumps(facts))
"""
UNHEARD = "watch.recorder.stop()\nprint(json.dumps(heard()))"


def first_notebook(*more: str) -> list[str]:
    """Code of the notebook's cells, and `more` behind them.

    It trains for four epochs instead of all: how good the network gets in the end is shown by
    tests/notebooks.
    """
    cells = json.loads(FIRST.read_text(encoding="utf-8"))["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    shorter = [re.sub(r"epochs=\d+", "epochs=4", re.sub(r"assert acc.*", "", c)) for c in code]
    return [*shorter, *more]


def has(condition: str, view: str = MONITOR) -> str:
    return f"(d => {condition})(document.querySelector('{view}')?.dataset ?? {{}})"


# Cells far from the screen are not drawn, so the document is asked, and not the page.
ALL_RAN = """() => {
    const widget = jupyterapp.shell.currentWidget;
    const cells = [...widget.content.model.cells].filter(cell => cell.type === 'code');
    const failed = cells.some(
        cell => cell.toJSON().outputs.some(output => output.output_type === 'error'));
    return failed || (cells.every(cell => cell.executionCount !== null)
        && widget.context.sessionContext.session.kernel.status === 'idle');
}"""


def printed(book: Any) -> list[str]:
    """Wait for the last cell; what the cells wrote, without any error among it."""
    book.page.wait_for_function(ALL_RAN, timeout=180_000)
    outputs = [o for c in book.save()["cells"] for o in c.get("outputs", [])]
    assert not [o["evalue"] for o in outputs if o["output_type"] == "error"]
    return ["".join(o["text"]) for o in outputs if o["output_type"] == "stream"]


def pause_and_hold(page: Any) -> float:
    """Press Pause; return the milliseconds until the step counter stood still, and let it go."""
    frozen = page.evaluate(
        f"""() => new Promise(done => {{
            const view = document.querySelector('{MONITOR}');
            const clicked = performance.now();
            let moved = clicked;
            const watcher = new MutationObserver(() => {{ moved = performance.now(); }});
            watcher.observe(view, {{ attributes: true, attributeFilter: ['data-step'] }});
            view.querySelector('[data-action=pause]').click();
            setTimeout(() => done(moved - clicked), 1500);
        }})"""
    )
    assert page.evaluate(has("d.state")) == "paused"
    page.click("[data-action=pause]")
    page.wait_for_function(has("d.state === 'running'"))
    return frozen


def steer(page: Any) -> list[float]:
    """Pause and resume three times, then drag the learning rate; all while the cell runs."""
    page.wait_for_function(has("d.state === 'running' && +d.points > 10"), timeout=120_000)
    assert page.locator(".jp-InputPrompt", has_text="*").count() > 0, "the cell is still running"
    latencies = [pause_and_hold(page) for _ in range(3)]
    before = page.evaluate(has("+d.step"))
    page.wait_for_function(has(f"+d.step > {before}"))
    page.wait_for_function(has("+d.step > 0.6 * +d.total"), timeout=120_000)
    page.locator("[data-action=lr]").fill("-2.5")
    page.wait_for_function(has(f"Math.abs(d.lr - {RATE}) < 1e-9"))
    assert page.evaluate(has("d.state")) == "running"
    return latencies


def rows_of(book: Any, space: str) -> list[list[str]]:
    """Rows of the memory view's table, newest first: what lives, then what was freed."""
    book.page.select_option(f"{MEMORY} [data-action=space]", space)
    book.page.wait_for_selector(f"{MEMORY}[data-space='{space}']")
    book.page.wait_for_timeout(700)  # the table is written twice a second
    return book.table(MEMORY)


def shown_slots(book: Any, space: str) -> set[tuple[Any, ...]]:
    return {(owner, int(a), int(n), int(t)) for _, owner, _, a, n, t, *_ in rows_of(book, space)}


def check_memory_shows(book: Any, heard: dict[str, Any]) -> None:
    """Owners, addresses, bytes and times in the view are those that a recorder heard."""
    slots = {tuple(row) for row in heard["slots"]}
    assert len(slots) > 10
    assert slots <= shown_slots(book, heard["space"])
    rows = rows_of(book, "cpu(0)")
    shown = {(int(b), owner, int(a), int(n), int(t)) for b, owner, _, a, n, t, *_ in rows}
    assert {tuple(row) for row in heard["born"]} <= shown


def check_views(book: Any) -> None:
    """Both graphs, both devices and all canvases are drawn, in this theme."""
    page = book.page
    for view in page.locator(GRAPH).all():
        view.scroll_into_view_if_needed()
        assert view.locator(".dl-item").count() >= 3
    page.locator(DEVICES).first.scroll_into_view_if_needed()
    page.wait_for_function(has("+d.drawn > 0", DEVICES))
    page.locator(MEMORY).first.scroll_into_view_if_needed()
    page.wait_for_function(has("+d.drawn > 0", MEMORY))
    for view in (MONITOR, MEMORY, DEVICES):
        page.locator(view).first.scroll_into_view_if_needed()
        assert book.colours(f"{view} canvas") > 4


def test_the_first_notebook_is_drawn_and_steered_while_it_trains(
    notebook: Callable[..., Any],
) -> None:
    book = notebook(first_notebook(STEP, FACTS, UNHEARD))
    page = book.page
    book.run_all()
    latencies = steer(page)
    texts = printed(book)
    facts, unheard = (json.loads(text) for text in texts if text.startswith("{"))
    assert statistics.median(latencies) < 500, latencies
    assert facts["lr"] == pytest.approx(RATE)
    assert facts["steps"] == int(book.data(MONITOR)["step"]) == facts["seen"]["loss"]
    assert sum(facts["seen"].values()) == int(book.data(MONITOR)["points"])
    assert any(text.startswith("test accuracy:") for text in texts)

    lanes = book.data(DEVICES)
    assert lanes["lanes"] == "cpu(0) cpu(1)"
    assert int(lanes["copies"]) >= 5
    saving = book.data(f"{MEMORY} .dl-saving")
    assert [int(saving["naive"]), int(saving["arena"])] == facts["plan"]
    assert page.locator(GRAPH).count() == 3  # before and after hybridize, and placed
    page.click(f"{MEMORY} [data-action=table]")
    page.wait_for_selector(f"{MEMORY} tbody tr", state="attached")
    check_memory_shows(book, facts["heard"])
    with pytest.raises(AssertionError):  # what nobody heard is not shown
        check_memory_shows(book, unheard)
    page.click(f"{MEMORY} [data-action=table]")

    for dark in (False, True):
        book.theme(dark=dark)
        check_views(book)
        for name in (MONITOR, MEMORY, DEVICES):
            book.shot(f"start-{name[4:]}-{'dark' if dark else 'light'}", name)
        page.locator(GRAPH).nth(1).scroll_into_view_if_needed()
        book.shot(f"start-graph-{'dark' if dark else 'light'}")
    book.theme(dark=False)
    assert book.errors == []
