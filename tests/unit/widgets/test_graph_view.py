from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("anywidget")

import dlstudio as mx
from dlstudio.errors import ParamError
from dlstudio.trace.events import OpRan
from dlstudio.viz.state import EDGE_FIELDS, NODE_FIELDS
from dlstudio.widgets import GraphView, link

WIDGETS = Path(__file__).parents[3] / "widgets" / "src" / "lib" / "graph"


def network() -> mx.sym.Symbol:
    data = mx.sym.var("data")
    for stage in ("stage1", "stage2"):
        for layer in (0, 1):
            name = f"net0_{stage}_dense{layer}"
            data = mx.sym.FullyConnected(data, num_hidden=8, name=f"{name}_fwd")
            data = mx.sym.Activation(data, act_type="relu", name=f"{name}_relu_fwd")
    return mx.sym.FullyConnected(data, num_hidden=3, name="net0_head_fwd")


@pytest.fixture
def view() -> GraphView:
    return GraphView(network(), shape={"data": (4, 8)}, depth=1, title="net")


def test_a_view_describes_itself(view: GraphView) -> None:
    assert repr(view) == "<GraphView: net: 9 operators, 315 parameters>"


def test_depth_and_expand_choose_what_is_open() -> None:
    assert set(GraphView(network(), depth=0).expanded) == set()
    assert set(GraphView(network(), depth=1).expanded) == {"stage1", "stage2"}
    assert "stage1/dense0" in GraphView(network(), depth=None).expanded
    assert GraphView(network(), expand=lambda path: path == "stage2").expanded == ["stage2"]


def test_the_state_holds_every_node_and_the_repeats(view: GraphView) -> None:
    state = view.graph
    names = [row[NODE_FIELDS.index("name")] for row in state["nodes"]]
    assert "net0_stage1_dense0_fwd" in names
    assert state["folds"] == [
        ["stage1", "stage2"],
        ["stage1/dense0", "stage1/dense1"],
        ["stage2/dense0", "stage2/dense1"],
    ]
    shapes = {row[NODE_FIELDS.index("shape")] for row in state["nodes"]}
    assert "4×8" in shapes


def test_python_and_typescript_name_the_same_fields() -> None:
    text = (WIDGETS / "data.ts").read_text(encoding="utf-8")
    for interface, fields in (("GraphNode", NODE_FIELDS), ("GraphEdge", EDGE_FIELDS)):
        body = re.search(rf"interface {interface} \{{(.*?)\n\}}", text, re.DOTALL)
        assert body is not None
        declared = set(re.findall(r"^  (\w+):", body.group(1), re.MULTILINE)) - {"index"}
        assert declared == set(fields)


def test_the_file_shows_what_the_screen_shows(view: GraphView) -> None:
    assert "stage1  ×2" in view.to_dot()
    view.fold_repeats = False
    view.expanded = []
    closed = view.to_dot()
    assert "stage2" in closed
    assert "subgraph" not in closed
    view.expanded = ["stage2"]
    assert view.to_dot().count("subgraph") == 1
    view.hide_ops = ["Activation"]
    assert "Activation" not in view.to_dot()


def test_selection_can_be_observed(view: GraphView) -> None:
    seen: list[str] = []
    view.observe(lambda change: seen.append(change["new"]), "selected")
    view.selected = "net0_head_fwd"
    assert seen == ["net0_head_fwd"]


def test_measured_times_become_an_overlay(view: GraphView) -> None:
    event = OpRan(
        "FullyConnected", "net0_head_fwd", "cpu(0)", 1000, 4000, (), (), (4, 3), "forward", ""
    )
    view.add_times([event, event, object()])
    assert view.overlay == "time"
    assert view.drawing.node("net0_head_fwd").time_ns == 6000
    assert "6 µs" in view.to_dot()


def test_an_unknown_overlay_teaches() -> None:
    with pytest.raises(ParamError, match="one of '', 'device', 'bytes', 'time'"):
        GraphView(network(), overlay="colour")


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "dot", "html"])
def test_files_are_written_by_suffix(view: GraphView, suffix: str, tmp_path: Path) -> None:
    assert view.to_file(tmp_path / f"net.{suffix}").stat().st_size > 1000


def test_an_unknown_suffix_teaches(view: GraphView, tmp_path: Path) -> None:
    with pytest.raises(ParamError, match=r"\.svg, \.png, \.pdf, \.dot, \.html"):
        view.to_file(tmp_path / "net.gif")


def test_the_saved_notebook_keeps_a_picture(view: GraphView) -> None:
    bundle, _ = view._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<?xml")
    assert bundle["text/plain"] == repr(view)
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_without_a_layout_engine_the_widget_still_shows(
    view: GraphView, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dlstudio.viz import layout

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(layout, "_has_wasi", lambda: False)
    bundle, _ = view._repr_mimebundle_()
    assert "image/svg+xml" not in bundle
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_snapshot_is_a_picture_of_now(view: GraphView) -> None:
    assert "<svg" in view.snapshot()._repr_svg_()


def test_a_view_can_be_linked(view: GraphView) -> None:
    other = GraphView(network())
    link(view, other)
    assert view._group == other._group != ""
