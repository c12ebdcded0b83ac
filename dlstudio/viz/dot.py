"""A picture as Graphviz text.

Every size is fixed here from estimated text widths, so a picture comes out the same whether a
system Graphviz with real fonts lays it out or the WebAssembly one without any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dlstudio.viz.drawing import NOTES, Drawing, DrawNode
from dlstudio.viz.palette import CATEGORIES, device_colour, mix, tint
from dlstudio.viz.picture import Box, Options, Picture, picture_of
from dlstudio.viz.units import bytes_text, count_text, shape_text, shorten, text_width, time_text

__all__ = ["Theme", "attributes", "dot_of", "quote", "themes"]

FONT = "Helvetica"
FONT_SIZE = 11.0
LINE_HEIGHT = 14.5
POINTS_PER_INCH = 72.0


@dataclass(frozen=True)
class Theme:
    """Colours of paper and ink."""

    paper: str
    ink: str
    quiet: str  # edges, edge labels, frames
    frame: str  # ground of open scopes
    closed: str  # ground of closed scopes
    variable: str

    def ground(self, colour: str) -> str:
        """Turn a category colour into a background that the ink is legible on."""
        return tint(colour) if self.paper == "#FFFFFF" else mix(colour, self.paper, 0.38)


themes: dict[str, Theme] = {
    "light": Theme("#FFFFFF", "#1B1F24", "#5B6470", "#F5F7FA", "#E3E8EF", "#FAFAFA"),
    "dark": Theme("#14181D", "#E8EBEF", "#A6AFBB", "#1C2229", "#2A323C", "#1A2027"),
}


def dot_of(drawing: Drawing, options: Options | None = None, theme: str = "light") -> str:
    """Write the visible part of `drawing` in the DOT language."""
    return "\n".join(_Writer(picture_of(drawing, options), themes[theme]).lines()) + "\n"


def quote(text: str) -> str:
    r"""Quote a text for DOT; a newline becomes the escape ``\n`` that Graphviz centres at.

    A backslash is doubled, so that a name such as ``a\N`` is text and not an escape.
    """
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def attributes(values: Mapping[str, object]) -> str:
    """Write an attribute list, ``[shape="box", width="1.2"]``."""
    return "[" + ", ".join(f"{name}={quote(str(value))}" for name, value in values.items()) + "]"


class _Writer:
    def __init__(self, picture: Picture, theme: Theme) -> None:
        self.picture = picture
        self.theme = theme
        visible = [*picture.boxes, *picture.nodes]
        self.ids = {key: f"n{place}" for place, key in enumerate(visible)}
        self.heaviest = max((self._weight(node) for node in picture.nodes.values()), default=0)

    def lines(self) -> Iterator[str]:
        theme, title = self.theme, self.picture.drawing.title
        yield f"digraph {quote(title)} {{"
        ink = {"fontname": FONT, "fontcolor": theme.ink}
        yield "  graph " + attributes(
            {
                **ink, "bgcolor": theme.paper, "rankdir": "TB", "nodesep": 0.22, "ranksep": 0.34,
                "pad": 0.15, "fontsize": 12, "labelloc": "t", "label": self._caption(),
            }
        )  # fmt: skip
        yield "  node " + attributes(
            {**ink, "fontsize": FONT_SIZE, "fixedsize": "true", "penwidth": 1.1}
        )
        yield "  edge " + attributes(
            {
                "fontname": FONT, "fontsize": 9, "color": theme.quiet, "fontcolor": theme.quiet,
                "arrowsize": 0.6, "penwidth": 0.9,
            }
        )  # fmt: skip
        for key in self.picture.roots:
            yield from self._member(key, "  ")
        for arrow in self.picture.arrows:
            label = f"   {shape_text(arrow.shape)} " if arrow.shape is not None else ""
            yield (
                f"  {self.ids[arrow.source]} -> {self.ids[arrow.target]} "
                + attributes({"label": label} if label else {})
            )
        yield "}"

    def _caption(self) -> str:
        drawing = self.picture.drawing
        return drawing.describe() + (f"\n{NOTES[drawing.note]}" if drawing.note else "") + "\n "

    def _member(self, key: str, indent: str) -> Iterator[str]:
        box = self.picture.boxes.get(key)
        if box is None:
            yield indent + self._node(key, self.picture.nodes[key])
        elif box.is_open:
            yield from self._cluster(key, box, indent)
        else:
            yield indent + self._closed(key, box)

    def _cluster(self, key: str, box: Box, indent: str) -> Iterator[str]:
        yield f"{indent}subgraph cluster_{self.ids[key]} {{"
        style = {
            "label": _box_title(box), "style": "rounded,filled", "fillcolor": self.theme.frame,
            "color": self.theme.quiet, "fontsize": FONT_SIZE, "labeljust": "l", "margin": 10,
        }  # fmt: skip
        yield f"{indent}  graph " + attributes(style)
        for member in box.members:
            yield from self._member(member, indent + "  ")
        yield f"{indent}}}"

    def _closed(self, key: str, box: Box) -> str:
        facts = f"{box.operators} ops"
        if box.params:
            facts += f", {count_text(box.params)} params"
        return self._shape(
            key,
            [_box_title(box), facts],
            {
                "shape": "box", "style": "rounded,filled,bold", "peripheries": 2,
                "fillcolor": self.theme.closed, "color": self.theme.quiet, "tooltip": box.path,
            },
        )  # fmt: skip

    def _node(self, key: str, node: DrawNode) -> str:
        if node.kind != "operator":
            return self._variable(key, node)
        colour = self._colour(node)
        return self._shape(
            key,
            [shorten(node.label), shorten(_second_line(node, self.picture.options.overlay), 34)],
            {
                "shape": "box", "style": "rounded,filled", "color": colour,
                "fillcolor": self.theme.ground(colour), "tooltip": _tooltip(node),
            },
        )  # fmt: skip

    def _variable(self, key: str, node: DrawNode) -> str:
        lines = [shorten(node.label)]
        if node.shape is not None:
            lines.append(shape_text(node.shape))
        border = {"variable": "solid", "auxiliary": "dotted"}[node.kind]
        border = "dashed" if node.weight and node.kind == "variable" else border
        return self._shape(
            key,
            lines,
            {
                "shape": "ellipse", "style": f"filled,{border}", "color": self.theme.quiet,
                "fillcolor": self.theme.variable, "tooltip": _tooltip(node),
            },
        )  # fmt: skip

    def _shape(self, key: str, lines: list[str], style: dict[str, object]) -> str:
        # An ellipse holds a text whose corners lie inside it: √2 times the text's width.
        room = 1.3 if style["shape"] == "ellipse" else 1.0
        width = max(text_width(line, FONT_SIZE) for line in lines) * room + 16
        height = len(lines) * LINE_HEIGHT * room + 9
        size = {
            "label": "\n".join(lines),
            "width": f"{max(width, 60) / POINTS_PER_INCH:.3f}",
            "height": f"{height / POINTS_PER_INCH:.3f}",
        }
        return f"{self.ids[key]} {attributes({**size, **style})}"

    def _colour(self, node: DrawNode) -> str:
        overlay = self.picture.options.overlay
        if overlay == "device":
            devices = self.picture.drawing.devices
            return device_colour(devices.index(node.device)) if node.device else "#999999"
        if overlay in ("bytes", "time"):
            share = self._weight(node) / self.heaviest if self.heaviest else 0.0
            return mix("#D55E00", "#CFD6DE", share**0.5)
        return CATEGORIES[node.category]

    def _weight(self, node: DrawNode) -> int:
        overlay = self.picture.options.overlay
        return {"bytes": node.nbytes, "time": node.time_ns}.get(overlay, 0)


def _box_title(box: Box) -> str:
    kind = f" · {box.kind}" if box.kind else ""
    repeats = f"  ×{box.repeats}" if box.repeats > 1 else ""
    return f"{box.label}{kind}{repeats}"


def _second_line(node: DrawNode, overlay: str) -> str:
    if overlay == "device" and node.device:
        return f"{node.op} · {node.device}"
    if overlay == "bytes" and node.nbytes:
        return f"{node.op} · {bytes_text(node.nbytes)}"
    if overlay == "time" and node.time_ns:
        return f"{node.op} · {time_text(node.time_ns)}"
    return f"{node.op} {node.detail}".strip()


def _tooltip(node: DrawNode) -> str:
    facts = [node.name, node.op, shape_text(node.shape), node.dtype, node.device, node.span]
    facts += [f"{name}={value}" for name, value in node.attrs.items()]
    return "\n".join(fact for fact in facts if fact)
