"""TrainingMonitor in JupyterLab: everything while the cell still runs."""

from __future__ import annotations

import pytest

VIEW = ".dl-monitor"
SETUP = """
import time
from dlstudio.widgets import TrainingMonitor

def step(lr):
    step.value = getattr(step, "value", 2.0) * (1 - 0.01 * lr)
    time.sleep(0.004)
    return step.value
"""
SYNC = """
with TrainingMonitor(lr=0.1) as monitor:
    for _ in monitor.track(range(100_000)):
        monitor.log(loss=step(monitor.lr), acc=0.5)
"""
ASYNC = """
with TrainingMonitor(lr=0.1) as monitor:
    async for _ in monitor.atrack(range(100_000)):
        monitor.log(loss=step(monitor.lr))
"""
THREAD = """
monitor = TrainingMonitor(lr=0.1)
def train():
    for _ in monitor.track(range(100_000)):
        monitor.log(loss=step(monitor.lr))
run = monitor.run(train)
run.wait()
"""


def state_is(state: str) -> str:
    return f"document.querySelector('{VIEW}')?.dataset.state === '{state}'"


@pytest.mark.parametrize("loop", [SYNC, ASYNC, THREAD], ids=["for", "async", "thread"])
def test_controls_act_while_the_cell_runs(notebook, loop):
    book = notebook([SETUP + loop, "print('lr', monitor.lr, 'state', monitor.state)"])
    page = book.page
    points = f"+document.querySelector('{VIEW}').dataset.points"
    book.run_all()
    page.wait_for_function(f"{state_is('running')} && {points} > 20")
    assert "*" in page.text_content(".jp-InputPrompt")

    page.click("[data-action=pause]")
    page.wait_for_function(state_is("paused"))
    before = book.data(VIEW)["step"]
    page.wait_for_timeout(700)
    assert book.data(VIEW)["step"] == before

    page.click("[data-action=step]")
    page.wait_for_function(f"document.querySelector('{VIEW}').dataset.step === '{int(before) + 1}'")

    page.click("[data-action=pause]")
    page.wait_for_function(state_is("running"))
    page.locator("[data-action=lr]").fill("-2")
    page.wait_for_function(f"Math.abs(document.querySelector('{VIEW}').dataset.lr - 0.01) < 1e-9")
    book.shot(f"monitor-{loop.split()[0]}")

    page.click("[data-action=stop]")
    book.wait_idle()
    page.wait_for_function(state_is("stopped"))
    assert any("lr 0.01 state stopped" in text for text in book.outputs())
    assert book.errors == []


def test_a_pause_leaves_the_open_table_and_the_focus_where_they_are(notebook):
    book = notebook([SETUP + SYNC])
    page = book.page
    book.run_all()
    page.wait_for_function(state_is("running"))
    page.click("[data-action=table]")
    page.locator("[data-action=pause]").focus()
    view = page.query_selector(VIEW)
    place = page.evaluate_handle("view => view.parentElement", view)
    page.keyboard.press("Space")
    # The saved picture of the pause makes JupyterLab render the output anew: a new place.
    page.wait_for_function("place => !place.isConnected", arg=place)
    page.wait_for_function("view => view.isConnected", arg=view)
    page.wait_for_function("document.activeElement.dataset.action === 'pause'")
    assert page.locator(f"{VIEW} tbody tr").count() > 0
    assert page.locator(VIEW).count() == 1
    page.keyboard.press("Space")
    page.wait_for_function(state_is("running"))
    page.click("[data-action=stop]")
    book.wait_idle()
    assert book.errors == []
