"""Pictures by matplotlib, through its object interface only, which any thread may use.

`figure_of_dot` draws what Graphviz laid out: with ``-Tjson`` it answers a list of pen strokes per
node, edge and frame, and each stroke has one counterpart in matplotlib.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dlstudio.errors import missing_extra
from dlstudio.viz.layout import Engine

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FONTS", "available_fonts", "figure_of_dot"]

# The first Latin font and the first CJK font found are used; matplotlib falls back per character.
FONTS = (
    "DejaVu Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Noto Sans SC",
    "Source Han Sans SC", "WenQuanYi Micro Hei", "SimHei", "Arial Unicode MS",
)  # fmt: skip
POINTS_PER_INCH = 72.0
TEXT_SCALE = 0.88  # DejaVu Sans is wider than the Helvetica that widths were estimated for
_LAYERS = ("_draw_", "_tdraw_", "_hdraw_", "_ldraw_")

Stroke = dict[str, Any]


def available_fonts() -> list[str]:
    """List those of `FONTS` that this machine has; naming others would log a warning per text."""
    from matplotlib import font_manager

    present = set(font_manager.fontManager.get_font_names())
    return [font for font in FONTS if font in present] or ["sans-serif"]


def figure_of_dot(source: str, engine: Engine) -> Figure:
    """Lay DOT text out with `engine` and draw it.

    Parameters
    ----------
    source : str
        DOT text; any Graphviz attributes that draw boxes, ellipses, splines, arrows and text.
    engine : Engine
        One that writes ``json``.

    Returns
    -------
    matplotlib.figure.Figure
        As large as the layout, one unit being one point.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("matplotlib", "lab", "Drawing a PNG or PDF") from error
    # Embedding a CJK font logs a line per dropped table; that is no news for the reader.
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    layout: dict[str, Any] = json.loads(engine.render(source, "json"))
    left, bottom, right, top = (float(x) for x in layout["bb"].split(","))
    pad = 10.0
    width, height = right - left + 2 * pad, top - bottom + 2 * pad
    paper = layout.get("bgcolor", "#FFFFFF")
    figure = Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH), facecolor=paper)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(left - pad, right + pad)
    axes.set_ylim(bottom - pad, top + pad)
    pen = _Pen(axes, available_fonts())
    for strokes, halo in _strokes(layout):
        pen.draw(strokes, halo)
    return figure


def _strokes(layout: dict[str, Any]) -> Iterator[tuple[list[Stroke], str]]:
    """Yield stroke lists in drawing order, each with the colour of a halo for its text, or "".

    Frames come first, then edges, then nodes; the titles of frames come last, since arrows would
    strike them through.
    """
    objects: list[dict[str, Any]] = layout.get("objects", [])
    frames = [thing for thing in objects if "nodes" in thing or "bb" in thing]
    nodes = [thing for thing in objects if thing not in frames]
    yield from ((frame["_draw_"], "") for frame in frames if "_draw_" in frame)
    for thing in (*layout.get("edges", []), *nodes):
        yield from ((thing[layer], "") for layer in _LAYERS if layer in thing)
    for frame in frames:
        yield frame.get("_ldraw_", []), frame.get("fillcolor", "")
    yield layout.get("_ldraw_", []), ""


class _Pen:
    """Draws strokes in Graphviz's xdot vocabulary, which is stateful: colours, style, font."""

    def __init__(self, axes: Any, fonts: list[str]) -> None:
        self.axes = axes
        self.fonts = fonts
        self._reset()

    def _reset(self) -> None:
        self.ink, self.fill, self.halo = "#000000", "none", ""
        self.size, self.width, self.dash = 11.0, 1.0, "solid"

    def draw(self, strokes: list[Stroke], halo: str = "") -> None:
        self._reset()
        self.halo = halo
        for stroke in strokes:
            action = getattr(self, f"_on_{self._NAMES.get(stroke['op'], '')}", None)
            if action is not None:
                action(stroke)

    _NAMES = {  # noqa: RUF012  a constant table
        "c": "ink", "C": "fill", "F": "font", "S": "style", "T": "text", "L": "line",
        "p": "polygon", "P": "filled_polygon", "e": "ellipse", "E": "filled_ellipse",
        "b": "curve", "B": "filled_curve",
    }  # fmt: skip

    def _on_ink(self, stroke: Stroke) -> None:
        self.ink = stroke["color"]

    def _on_fill(self, stroke: Stroke) -> None:
        self.fill = stroke["color"]

    def _on_font(self, stroke: Stroke) -> None:
        self.size = float(stroke["size"])

    def _on_style(self, stroke: Stroke) -> None:
        style = stroke["style"]
        if style.startswith("setlinewidth"):
            self.width = float(style[style.index("(") + 1 : -1])
        elif style in ("solid", "dashed", "dotted"):
            self.dash = style

    def _on_text(self, stroke: Stroke) -> None:
        x, y = stroke["pt"]
        align = {"l": "left", "c": "center", "r": "right"}[stroke["align"]]
        text = self.axes.text(
            x, y, stroke["text"].replace("$", r"\$"), ha=align, va="baseline", color=self.ink,
            fontsize=self.size * TEXT_SCALE, fontfamily=self.fonts,
        )  # fmt: skip
        if self.halo:
            from matplotlib.patheffects import withStroke

            text.set_path_effects([withStroke(linewidth=3, foreground=self.halo)])

    def _on_line(self, stroke: Stroke) -> None:
        xs, ys = zip(*stroke["points"], strict=True)
        self.axes.plot(xs, ys, color=self.ink, lw=self.width, ls=self.dash)

    def _on_polygon(self, stroke: Stroke, fill: str = "none") -> None:
        from matplotlib.patches import Polygon

        self._add(Polygon(stroke["points"], closed=True), fill)

    def _on_filled_polygon(self, stroke: Stroke) -> None:
        self._on_polygon(stroke, self.fill)

    def _on_ellipse(self, stroke: Stroke, fill: str = "none") -> None:
        from matplotlib.patches import Ellipse

        x, y, half_width, half_height = stroke["rect"]
        self._add(Ellipse((x, y), 2 * half_width, 2 * half_height), fill)

    def _on_filled_ellipse(self, stroke: Stroke) -> None:
        self._on_ellipse(stroke, self.fill)

    def _on_curve(self, stroke: Stroke, fill: str = "none") -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        points = stroke["points"]
        codes = [Path.MOVETO] + [Path.CURVE4] * (len(points) - 1)
        self._add(PathPatch(Path(points, codes)), fill)

    def _on_filled_curve(self, stroke: Stroke) -> None:
        self._on_curve(stroke, self.fill)

    def _add(self, patch: Any, fill: str) -> None:
        patch.set(facecolor=fill, edgecolor=self.ink, linewidth=self.width, linestyle=self.dash)
        self.axes.add_patch(patch)
