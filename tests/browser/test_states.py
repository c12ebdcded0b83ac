"""What a view looks like when things are not simply running."""

from __future__ import annotations

import subprocess
import sys

VIEW = ".dl-monitor"
LOOP = """
import time
from dlstudio.widgets import TrainingMonitor

with TrainingMonitor(lr=0.1) as monitor:
    for step in monitor.track(range({steps})):
        time.sleep(0.004)
        monitor.log(loss=1 / (step + 1))
"""
BACKGROUND = """
import time
from dlstudio.widgets import TrainingMonitor

monitor = TrainingMonitor(lr=0.1)

def train():
    for step in monitor.track(range(100_000)):
        time.sleep(0.004)
        monitor.log(loss=1 / (step + 1))

run = monitor.run(train)
"""
ERROR = """
monitor = TrainingMonitor()
for i in monitor.track(range(9)):
    monitor.log(x=1 / (4 - i))
"""


def has(name: str, value: str) -> str:
    return f"document.querySelector('{VIEW}')?.dataset.{name} === '{value}'"


def points(count: int) -> str:
    return f"+document.querySelector('{VIEW}')?.dataset.points > {count}"


def test_the_stop_button_of_the_notebook_stops_gracefully(notebook):
    book = notebook([LOOP.format(steps=100_000), "print('after', monitor.state)"])
    book.run_all()
    book.page.wait_for_function(points(20))
    book.interrupt()
    book.wait_idle()
    assert any("after stopped" in text for text in book.outputs())
    assert not any("KeyboardInterrupt" in text for text in book.outputs())


def test_an_error_in_the_loop_is_shown_without_a_with_block(notebook):
    book = notebook(["from dlstudio.widgets import TrainingMonitor", ERROR])
    book.run_all()
    book.page.wait_for_function(has("state", "error"))
    note = book.page.locator(f"{VIEW} .dl-note")
    assert "ZeroDivisionError" in note.inner_text()
    assert book.page.locator(f"{VIEW} [data-action=pause]").is_disabled()


def test_a_reloaded_page_goes_on_while_a_background_run_trains(notebook):
    book = notebook([BACKGROUND])
    book.run_all()
    book.page.wait_for_function(points(100))
    book.save()
    book.page.reload()
    book.page.wait_for_function(f"{has('state', 'running')} && {points(100)}")
    book.page.click("[data-action=stop]")
    book.page.wait_for_function(has("state", "stopped"))


def test_a_dead_kernel_leaves_what_was_drawn_and_no_controls(notebook):
    crash = "import os, threading\nthreading.Timer(6, lambda: os._exit(1)).start()\n"
    book = notebook([crash + LOOP.format(steps=100_000)])
    book.run_all()
    book.page.wait_for_function(points(20))
    book.page.wait_for_function(has("connection", "disconnected"))
    assert int(book.data(VIEW)["points"]) > 20
    assert book.page.locator(f"{VIEW} [data-action=pause]").is_disabled()


def test_controls_that_cannot_arrive_say_so(notebook):
    # As in a front-end and kernel without subshells: nothing takes messages while the cell runs.
    cut = "import dlstudio.widgets.kernel as k\nk.open_line = lambda widget: False\n"
    book = notebook([cut + LOOP.format(steps=2_000)])
    book.run_all()
    book.page.wait_for_function(f"{has('connection', 'queued')} && {points(20)}")
    assert book.page.locator(f"{VIEW} .dl-note").is_visible()
    assert book.page.locator(f"{VIEW} [data-action=stop]").is_enabled()
    book.interrupt()
    book.wait_idle()
    book.page.wait_for_function(has("connection", "live"))


def test_keys_in_a_view_never_touch_the_notebook(notebook):
    book = notebook([LOOP.format(steps=30), "'untouched'"])
    book.run_all()
    book.wait_idle()
    book.page.wait_for_function(points(29))  # an idle kernel's last points may be on their way
    cells = book.page.locator(".jp-Notebook .jp-CodeCell").count()
    book.page.locator(f"{VIEW} [data-action=log]").focus()
    for key in ("x", "d", "d", "a", "b", "ArrowDown", "ArrowRight", "l", "t", "0"):
        book.page.keyboard.press(key)
    assert book.page.locator(".jp-Notebook .jp-CodeCell").count() == cells
    assert book.page.evaluate(f"document.querySelector('{VIEW}').contains(document.activeElement)")
    log = book.page.locator(f"{VIEW} [data-action=log]")
    assert log.get_attribute("aria-pressed") == "true"
    book.page.wait_for_selector(f"{VIEW} tbody tr")  # drawn with the next frame
    assert book.table(VIEW)[0][0] == "30"
    assert book.errors == []


def test_the_saved_notebook_shows_the_curves_without_a_kernel(notebook):
    book = notebook([LOOP.format(steps=100)])
    book.run_all()
    book.wait_idle()
    stored = book.save()
    (output,) = [o for o in stored["cells"][0]["outputs"] if "data" in o]
    assert "<svg" in "".join(output["data"]["image/svg+xml"])
    assert "Step 100/100" in "".join(output["data"]["text/plain"])
    path = book.lab.folder / book.name
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level=ERROR", str(path)]
    subprocess.run(command, check=True)
    assert "data:image/svg+xml" in path.with_suffix(".html").read_text(encoding="utf-8")


def test_the_texts_come_in_chinese(notebook):
    cell = LOOP.format(steps=50).replace("lr=0.1", "lr=0.1, locale='zh'")
    book = notebook([cell])
    book.run_all()
    book.wait_idle()
    book.page.wait_for_function(has("state", "done"))
    assert book.page.locator(f"{VIEW} [data-action=pause]").inner_text() == "暂停"
    assert book.page.locator(f"{VIEW} .dl-badge").inner_text() == "已完成"
    book.shot("monitor-zh", VIEW)


def test_an_empty_view_says_how_to_fill_it(notebook):
    book = notebook(["from dlstudio.widgets import *\ndisplay(TrainingMonitor(), MemoryView())"])
    book.run_all()
    book.page.wait_for_selector(f"{VIEW} .dl-empty:visible")
    assert "monitor.track" in book.page.locator(f"{VIEW} .dl-empty").inner_text()
    assert book.page.locator(".dl-memory .dl-empty").is_visible()
    book.shot("monitor-empty", VIEW)


def test_an_exported_page_works_without_a_kernel(notebook):
    export = "monitor.to_file('page.html')"
    book = notebook([LOOP.format(steps=60), export])
    book.run_all()
    book.wait_idle()
    book.page.goto((book.lab.folder / "page.html").as_uri())
    book.page.wait_for_function(f"{has('connection', 'stale')} && {points(59)}")
    assert book.data(VIEW)["state"] == "done"
    book.page.click(f"{VIEW} [data-action=table]")
    book.page.wait_for_selector(f"{VIEW} tbody tr", state="attached")
    assert book.table(VIEW)[0][0] == "60"
    book.shot("monitor-page")
    assert book.errors == []
