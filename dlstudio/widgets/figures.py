"""Still pictures of the views, by matplotlib's object interface: pyplot is not thread-safe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dlstudio.errors import missing_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlstudio.widgets.progress import Metrics

__all__ = ["PALETTE", "Box", "canvas", "curves", "empty", "fonts", "lanes", "memory_map", "text"]

# The browser's palette (widgets/src/lib/theme.ts); a test compares.
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#B87A00", "#2E8BC0", "#8A8000", "#757575"),
)
_MIB = 2**20
_FONTS = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Noto Sans SC"]


@contextmanager
def fonts() -> Iterator[None]:
    """Draw with fonts that know Chinese where the machine has any; text stays text in SVG."""
    from matplotlib import font_manager, rc_context

    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    families = ["DejaVu Sans", *(name for name in _FONTS if name in installed)]
    # A fixed salt: the same picture is the same bytes, and saved notebooks show no false changes.
    with rc_context({"font.family": families, "svg.fonttype": "none", "svg.hashsalt": "dlstudio"}):
        yield


def canvas(width: float = 7.0, height: float = 2.6) -> tuple[Figure, Axes]:
    """Return a new figure (inches) with one plain pair of axes."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("matplotlib", "lab", "A picture of a view") from error
    figure = Figure(figsize=(width, height), layout="tight")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, alpha=0.25)
    axes.set_axisbelow(True)
    return figure, axes


def _legend(axes: Axes, keys: Sequence[Any]) -> None:
    """Put the legend above the axes, where it covers nothing."""
    axes.legend(
        handles=keys,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=max(1, len(keys)),
        frameon=False,
        fontsize=8,
    )


def empty(message: str) -> Figure:
    """Return a figure that says there is nothing to show."""
    figure, axes = canvas(7.0, 0.9)
    axes.axis("off")
    axes.text(0.5, 0.5, message, ha="center", va="center", color="0.4")
    return figure


def text(content: str) -> Figure:
    """Return a figure of plain lines, letter below letter."""
    lines = content.splitlines()
    widest = max(map(len, lines), default=1)
    figure, axes = canvas(max(5.0, 0.068 * widest), 0.16 * len(lines) + 0.3)
    axes.axis("off")
    shown = content.replace("$", r"\$")  # no mathematics
    axes.text(0, 1, shown, va="top", family="monospace", fontsize=7, transform=axes.transAxes)
    return figure


def curves(metrics: Metrics, x_label: str) -> Figure:
    """Return one line per series: colours, dashes and axes as in the browser."""
    figure, axes = canvas()
    axes.set_xlabel(x_label)
    bases = list(dict.fromkeys(_base_name(name) for name in metrics.names))
    right = axes.twinx() if any(map(_is_fraction, metrics.names)) else axes
    lines: list[Any] = []
    for name, steps, values in metrics.thinned(2_000):
        base = _base_name(name)
        target = right if _is_fraction(name) else axes
        lines += target.plot(
            steps,
            values,
            color=PALETTE[bases.index(base) % len(PALETTE)],
            linestyle="-" if name == base else (0, (4, 2)),
            label=name,
        )
    _legend(axes, lines)
    return figure


def _base_name(name: str) -> str:
    """``val_loss`` belongs to ``loss``: same colour, dashed."""
    return re.sub(r"^(val|valid|validation|test)_", "", name, flags=re.IGNORECASE)


def _is_fraction(name: str) -> bool:
    """Accuracy and its like have an axis of their own: they live in 0 … 1 and grow."""
    pattern = r"(^|_)(acc|accuracy|top\d*|f1|auc|recall|precision)"
    return re.search(pattern, name, flags=re.IGNORECASE) is not None


class Box(NamedTuple):
    """A rectangle of a memory map: time or step, address in bytes, name, and what it counts as."""

    start: float
    length: float
    address: float
    nbytes: float
    name: str
    group: int  # decides the colour


def memory_map(
    boxes: Sequence[Box], x_label: str, y_label: str, title: str = "", groups: Sequence[str] = ()
) -> Figure:
    """Return a time × address map; `groups` are the names of the colours, for a legend."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Patch, Rectangle

    figure, axes = canvas(7.0, 3.2)
    patches = [Rectangle((b.start, b.address / _MIB), b.length, b.nbytes / _MIB) for b in boxes]
    colours = [PALETTE[b.group % len(PALETTE)] for b in boxes]
    axes.add_collection(
        PatchCollection(patches, facecolors=colours, edgecolors="white", linewidths=0.3)
    )
    axes.autoscale_view()
    axes.set(xlabel=x_label, ylabel=f"{y_label} (MiB)")
    axes.set_title(title, fontsize=9, loc="left")
    _write_names(axes, boxes)
    seen = sorted({b.group for b in boxes}) if groups else []
    keys = [Patch(color=PALETTE[group % len(PALETTE)], label=groups[group]) for group in seen]
    if keys:
        _legend(axes, keys)
    return figure


def _write_names(axes: Axes, boxes: Sequence[Box]) -> None:
    """Write the names of the boxes that have room for them."""
    begin = min((b.start for b in boxes), default=0)
    letter = 0.0125 * (max((b.start + b.length for b in boxes), default=0) - begin)
    high = 0.05 * max((b.address + b.nbytes for b in boxes), default=0)
    for b in boxes:
        if b.length >= letter * len(b.name) and b.nbytes >= high:
            middle = (b.start + b.length / 2, (b.address + b.nbytes / 2) / _MIB)
            axes.annotate(
                b.name, middle, ha="center", va="center", fontsize=7, color="white", clip_on=True
            )


def lanes(rows: Sequence[Mapping[str, Any]], x_label: str, phases: Mapping[str, str]) -> Figure:
    """Return one lane per device with the operators (rows of the wire table) as bars."""
    from matplotlib.patches import Patch

    devices = sorted({row["device"] for row in rows})
    figure, axes = canvas(7.0, 1.0 + 0.5 * len(devices))
    start = min(row["start"] for row in rows)
    for phase, colour in zip(phases, PALETTE, strict=False):
        for lane, device in enumerate(devices):
            bars = [
                ((row["start"] - start) / 1e6, (row["end"] - row["start"]) / 1e6)
                for row in rows
                if row["device"] == device and row["phase"] == phase
            ]
            axes.broken_barh(bars, (lane - 0.35, 0.7), facecolors=colour)
    axes.set(xlabel=x_label, yticks=range(len(devices)), yticklabels=devices)
    axes.invert_yaxis()
    keys = [
        Patch(color=colour, label=name)
        for name, colour in zip(phases.values(), PALETTE, strict=False)
    ]
    _legend(axes, keys)
    return figure
