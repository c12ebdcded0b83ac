"""The debugger in JupyterLab: its buttons move the plan, Python moves the view, others follow."""

from __future__ import annotations

from typing import Any

VIEW = ".dl-debugger"
NETWORK = """
import numpy as np
import dlstudio as mx
from dlstudio import gluon
from dlstudio.widgets import Debugger, GraphView, MemoryView, link

mx.random.seed(1)
np.random.seed(1)
net = gluon.nn.HybridSequential(prefix="net_")
with net.name_scope():
    net.add(gluon.nn.Conv2D(8, 3, activation="relu"), gluon.nn.MaxPool2D(2), gluon.nn.BatchNorm(),
            gluon.nn.Flatten(), gluon.nn.Dense(16, activation="tanh"), gluon.nn.Dense(4))
net.initialize(mx.init.Xavier())
net.hybridize()
x = mx.nd.array(np.random.default_rng(0).standard_normal((4, 1, 12, 12)))
view = Debugger(net, x, locale="en")
"""
SHOW = "display(view)"
STAND = "print(view.debugger.at and view.debugger.at.index, view.selected)"


def stands_at(index: int) -> str:
    return f"document.querySelector('{VIEW}')?.dataset.index === '{index}'"


def opened(notebook: Any, *cells: str) -> Any:
    book = notebook([NETWORK + SHOW, *cells])
    book.run_all()
    book.wait_idle()
    book.page.wait_for_selector(f"{VIEW} .dl-line")
    return book


def press(book: Any, action: str) -> None:
    book.page.click(f"{VIEW} [data-action={action}]")


def current(book: Any) -> str:
    return book.page.text_content(f"{VIEW} .dl-line[data-current=true] code")


def printed(book: Any, cell: int = 1) -> str:
    book.run_cell(cell)
    book.wait_idle()
    return book.outputs()[-1].strip()


def test_buttons_step_run_restart_and_explain(notebook):
    book = opened(notebook, STAND)
    assert "Run to an operator" in book.page.inner_text(f"{VIEW} .dl-reason")
    press(book, "step")
    book.page.wait_for_function(stands_at(0))
    assert "conv0" in current(book)
    book.page.fill(f"{VIEW} [data-action=place]", "net_dense7_fwd")
    book.page.keyboard.press("Enter")
    note = book.page.locator(f"{VIEW} .dl-note[data-state=error]")
    note.wait_for()
    assert "did you mean 'net_dense" in note.inner_text()
    book.page.fill(f"{VIEW} [data-action=place]", "net_dense0_fwd")
    press(book, "runTo")
    book.page.wait_for_function(f"!({stands_at(0)})")
    assert note.is_hidden()
    at = int(book.data(VIEW)["index"])
    assert printed(book).split()[0] == str(at)
    assert "dense0" in book.page.inner_text(f"{VIEW} .dl-reason")
    rows = book.table(f"{VIEW} [data-values=outputs]")
    assert rows[0][2] == "4×16"
    press(book, "nan")
    book.page.wait_for_function("document.querySelector('.dl-badge').dataset.state === 'done'")
    assert book.page.is_disabled(f"{VIEW} [data-action=step]")
    press(book, "restart")
    book.page.wait_for_function(stands_at(-1))
    press(book, "stepOver")
    book.page.wait_for_function(f"!({stands_at(-1)})")
    assert book.errors == []


def test_python_mouse_and_keyboard_move_the_same_view(notebook):
    book = opened(notebook, "view.debugger.run_to(1); view.debugger.break_at(3)")
    assert book.page.locator(f"{VIEW} .dl-line[data-current=true]").count() == 1
    book.page.wait_for_function(stands_at(1))
    assert book.data(VIEW)["breaks"] == "step 3"
    line = book.page.locator(f"{VIEW} .dl-line[data-step='4']")
    line.locator(".dl-gutter").click()
    book.page.wait_for_function(
        f"document.querySelector('{VIEW}').dataset.breaks === 'step 3 step 4'"
    )
    assert book.page.locator(f"{VIEW} .dl-line[data-break=true]").count() == 2
    press(book, "cont")
    book.page.wait_for_function(stands_at(3))
    press(book, "cont")
    book.page.wait_for_function(stands_at(4))
    book.page.locator(f"{VIEW} .dl-plan-text").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        book.page.keyboard.press(key)
    book.page.wait_for_function(f"Number(document.querySelector('{VIEW}').dataset.index) > 4")
    at = int(book.data(VIEW)["index"])
    book.page.keyboard.press("s")
    book.page.wait_for_function(stands_at(at + 1))
    assert book.page.locator(".jp-Notebook .jp-CodeCell").count() == 2  # keys stay in the view


def test_linked_views_follow_the_step_and_choose_lines(notebook):
    linked = (
        "graph, memory = GraphView(net, data=x, depth=None), MemoryView(net)\n"
        "link(view, graph, memory)\ndisplay(memory, graph)"
    )
    book = opened(notebook, linked, STAND)
    book.page.wait_for_selector(".dl-graph .dl-item")
    book.page.fill(f"{VIEW} [data-action=place]", "net_dense1_fwd")
    press(book, "runTo")
    book.page.wait_for_function(
        "document.querySelector('.dl-graph').dataset.selected === 'net_dense1_fwd'"
    )
    assert book.data(".dl-memory")["selected"] == "net_dense1_fwd"
    key = book.page.locator('.dl-graph [data-key*="dense0"] rect').last
    key.click(position={"x": 12, "y": 8}, force=True)
    book.page.wait_for_function(
        f"document.querySelector('{VIEW}').dataset.selected.includes('dense0')"
    )
    chosen = f"{VIEW} .dl-line[data-selected=true] >> nth=0"
    assert "dense0" in book.page.text_content(chosen)  # innerText of what is scrolled away is empty
    book.shot("debugger-linked")
    assert book.errors == []


def test_both_themes_chinese_texts_and_an_exported_page_without_a_kernel(notebook):
    run = (
        "view.debugger.break_at('net_dense1_fwd'); view.debugger.run_to('net_batchnorm0_fwd')\n"
        "view.to_file('debug.html')\n"
    )
    book = notebook([NETWORK.replace('"en"', '"zh"') + run + SHOW])
    book.run_all()
    book.wait_idle()
    book.page.wait_for_selector(f"{VIEW} .dl-line")
    assert book.page.inner_text(f"{VIEW} [data-action=step]") == "单步"
    assert "输入" in book.page.inner_text(f"{VIEW} .dl-values")
    for dark in (False, True):
        book.theme(dark=dark)
        assert book.data(VIEW)["dark"] == str(dark).lower()
        assert book.colours(f"{VIEW} [data-values=inputs] canvas") > 10
        book.shot(f"debugger-{'dark' if dark else 'light'}-zh", VIEW)
    book.theme(dark=False)
    book.page.goto((book.lab.folder / "debug.html").as_uri())
    book.page.wait_for_selector(f"{VIEW} .dl-line[data-current=true]")
    assert book.page.is_disabled(f"{VIEW} [data-action=step]")
    assert book.errors == []
