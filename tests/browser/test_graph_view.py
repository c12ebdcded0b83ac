"""GraphView in real JupyterLab: open and close, select, search, filter, keys, themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NETWORK = """
import dlstudio as mx
from dlstudio.widgets import GraphView

def network():
    data = mx.sym.Convolution(mx.sym.var("data"), kernel=(3, 3), num_filter=8, pad=(1, 1),
                              name="net0_stem_fwd")
    for stage in ("stage1", "stage2"):
        skip = data
        for layer in (0, 1):
            name = f"net0_{stage}_conv{layer}"
            data = mx.sym.Convolution(data, kernel=(3, 3), num_filter=8, pad=(1, 1),
                                      name=f"{name}_fwd")
            data = mx.sym.Activation(data, act_type="relu", name=f"{name}_relu_fwd")
        data = mx.sym.elemwise_add(data, skip, name=f"net0_{stage}_add_fwd")
    return mx.sym.FullyConnected(data, num_hidden=10, name="net0_head_fwd")

view = GraphView(network(), shape={"data": (4, 3, 28, 28)}, depth=0, title="net", locale="en",
                 fold_repeats=False)
view
"""
STAGE = ".dl-graph .dl-stage"


@pytest.fixture
def graph(notebook: Callable[..., Any]) -> Any:
    """A notebook that shows a network of two stages, both closed."""
    book = notebook([NETWORK, "print(view.selected, view.expanded, view.hide_ops)"])
    book.command("notebook:run-cell-and-select-next")
    book.page.wait_for_selector(f"{STAGE} .dl-item")
    return book


def keys(book: Any) -> list[str]:
    """Visible items in drawing order."""
    return book.page.eval_on_selector_all(
        f"{STAGE} .dl-item", "nodes => nodes.map(node => node.dataset.key)"
    )


def click(book: Any, key: str) -> None:
    """Click near the top left corner: there an open block has its title."""
    box = book.page.locator(f'{STAGE} [data-key="{key}"] rect').first
    box.click(position={"x": 20, "y": 8}, force=True)


def kernel_state(book: Any) -> str:
    """What Python sees, printed by the second cell."""
    book.page.locator(".jp-Cell").nth(1).locator(".cm-content").click()
    book.command("notebook:run-cell")
    book.wait_idle()
    book.page.wait_for_function("document.querySelectorAll('.jp-OutputArea-output').length > 1")
    return book.outputs()[-1].strip()


def facts(book: Any) -> dict[str, str]:
    return book.page.eval_on_selector_all(
        ".dl-panel dd", "all => Object.fromEntries(all.map(d => [d.dataset.fact, d.textContent]))"
    )


def test_a_block_opens_by_click_and_closes_again(graph: Any) -> None:
    assert len(keys(graph)) == 5  # data, stem, two stages, head
    graph.shot("graph-closed-light")
    click(graph, "stage1/")
    graph.page.wait_for_selector(f"{STAGE} .dl-frame")
    assert len(keys(graph)) == 7
    assert "['stage1']" in kernel_state(graph)
    click(graph, "stage1/")
    graph.page.wait_for_selector(f"{STAGE} .dl-frame", state="detached")
    assert len(keys(graph)) == 5
    assert graph.errors == []


def test_a_selected_operator_shows_its_facts_and_reaches_python(graph: Any) -> None:
    stem = keys(graph)[1]
    click(graph, stem)
    graph.page.wait_for_selector(".dl-panel h3")
    shown = facts(graph)
    assert shown["Operator"] == "Convolution"
    assert shown["Shape"] == "4×8×28×28"
    assert shown["kernel"] == "(3, 3)"
    assert shown["Parameters"] == "224"
    assert "KiB" in shown["Memory"]
    assert kernel_state(graph).startswith("net0_stem_fwd")
    graph.shot("graph-selected-light")


def test_keys_walk_along_the_arrows_and_never_reach_the_notebook(graph: Any) -> None:
    cells = graph.page.locator(".jp-Cell").count()
    graph.page.locator(STAGE).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter", "x", "d", "d"):
        graph.page.keyboard.press(key)
    graph.page.wait_for_selector(f"{STAGE} .dl-frame")
    assert graph.page.locator(".jp-Cell").count() == cells
    assert "stage1" in kernel_state(graph)


def test_search_opens_the_blocks_around_what_it_finds(graph: Any) -> None:
    graph.page.locator(STAGE).focus()
    graph.page.keyboard.press("/")
    graph.page.keyboard.type("stage2_conv1_fwd")
    graph.page.keyboard.press("Enter")
    graph.page.wait_for_selector(".dl-panel h3")
    assert graph.page.inner_text(".dl-panel h3") == "net0_stage2_conv1_fwd"
    assert graph.page.locator(f"{STAGE} .dl-selected").count() == 1


def test_operator_types_can_be_hidden(graph: Any) -> None:
    graph.page.click('[data-action="expand"]')
    graph.page.wait_for_selector(f"{STAGE} .dl-frame")
    before = len(keys(graph))
    graph.page.click('[data-op="Activation"]')
    graph.page.wait_for_function(
        "n => document.querySelectorAll('.dl-graph .dl-item').length === n", arg=before - 4
    )
    assert "['Activation']" in kernel_state(graph)


def test_the_picture_has_a_text_form(graph: Any) -> None:
    graph.page.click('[data-action="table"]')
    graph.page.wait_for_selector(".dl-table tbody tr")
    rows = graph.table(".dl-graph .dl-table")
    assert len(rows) == 12
    assert rows[0][:4] == ["net0_stem_fwd", "Convolution", "data", "4×8×28×28"]


def test_both_themes_are_legible(graph: Any) -> None:
    graph.page.click('[data-action="expand"]')
    graph.page.wait_for_selector(f"{STAGE} .dl-frame")
    inks = []
    for dark in (False, True):
        graph.theme(dark=dark)
        graph.shot(f"graph-open-{'dark' if dark else 'light'}")
        inks.append(
            graph.page.eval_on_selector(
                f"{STAGE} .dl-item text", "node => getComputedStyle(node).fill"
            )
        )
    assert inks[0] != inks[1]
    graph.theme(dark=False)
    assert graph.errors == []


def test_a_narrower_window_keeps_the_picture_in_its_middle(graph: Any) -> None:
    def off_centre() -> float:
        return graph.page.eval_on_selector(
            STAGE,
            """stage => {
                const [box, inner] = [stage, stage.querySelector('.dl-item rect')]
                    .map(node => node.getBoundingClientRect());
                return Math.abs(box.x + box.width / 2 - inner.x - inner.width / 2);
            }""",
        )

    before = off_centre()
    graph.page.set_viewport_size({"width": 800, "height": 900})
    graph.page.wait_for_timeout(600)
    assert off_centre() < before + 3


LARGE = """
import dlstudio as mx
from dlstudio.widgets import GraphView

data = mx.sym.var("data")
for layer in range(250):
    for i in range(10):
        data = mx.sym.Activation(data, act_type="relu", name=f"layer{layer}_op{i}_fwd")
view = GraphView(data, depth=None, fold_repeats=False, locale="en")
view
"""


def test_thousands_of_operators_are_drawn_on_a_canvas_in_both_themes(
    notebook: Callable[..., Any],
) -> None:
    book = notebook([LARGE])
    book.run_all()
    book.page.wait_for_selector(f'{STAGE}[data-renderer="canvas"]')
    seen = []
    for dark in (False, True):
        book.theme(dark=dark)
        book.shot(f"graph-canvas-{'dark' if dark else 'light'}")
        seen.append(book.page.evaluate(_PIXELS))
    book.theme(dark=False)
    assert all(count > 200 for count in seen), seen
    assert book.page.locator(".dl-minimap").is_visible()
    assert book.errors == []


# How many pixels of the big canvas are drawn on.
_PIXELS = """() => {
  const canvas = document.querySelector('.dl-graph canvas.dl-layer');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let drawn = 0;
  for (let i = 3; i < data.length; i += 4) drawn += data[i] > 0;
  return drawn;
}"""


def test_a_saved_notebook_holds_the_picture(graph: Any) -> None:
    saved = graph.save()
    bundle = saved["cells"][0]["outputs"][0]["data"]
    assert "image/svg+xml" in bundle
    assert "12 operators" in "".join(bundle["text/plain"])


def test_an_html_file_works_alone(graph: Any, browser: Any, tmp_path: Any) -> None:
    import dlstudio as mx
    from dlstudio.widgets import GraphView

    data = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="卷积")
    path = GraphView(data, shape={"data": (2, 5)}, locale="zh").to_file(tmp_path / "net.html")
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector(f"{STAGE} .dl-item")
    assert "卷积" in page.inner_text(STAGE)
    assert "全部展开" in page.inner_text(".dl-bar")
    page.close()
    assert errors == []
