"""Still pictures of the views, by matplotlib's object interface: pyplot is not thread-safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dlstudio.errors import missing_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlstudio.widgets.progress import Metrics

__all__ = ["PALETTE", "canvas", "curves", "empty", "fonts", "lanes", "memory_map"]

# The browser's palette (widgets/src/lib/theme.ts); a test compares.
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#B87A00", "#2E8BC0", "#8A8000", "#757575"),
)
_DASHES = ("-", (0, (4, 2)), (0, (1, 2)), (0, (5, 2, 1, 2)))
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
    return figure, axes


def empty(message: str) -> Figure:
    """Return a figure that says there is nothing to show."""
    figure, axes = canvas(7.0, 0.9)
    axes.axis("off")
    axes.text(0.5, 0.5, message, ha="center", va="center", color="0.4")
    return figure


def curves(metrics: Metrics, x_label: str) -> Figure:
    """Return one line per series, dashes and colours as in the browser."""
    figure, axes = canvas()
    for index, (name, steps, values) in enumerate(metrics.thinned(2_000)):
        style = _DASHES[index % len(_DASHES)]
        axes.plot(steps, values, color=PALETTE[index % len(PALETTE)], linestyle=style, label=name)
    axes.set_xlabel(x_label)
    axes.legend(frameon=False)
    return figure


def memory_map(
    boxes: Sequence[tuple[float, float, float, float, str]], x_label: str, y_label: str
) -> Figure:
    """Return a time × address map; boxes are (start, length, address, bytes, group)."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    figure, axes = canvas(7.0, 3.2)
    groups = {group: i for i, group in enumerate(dict.fromkeys(box[4] for box in boxes))}
    patches = [Rectangle((x, y / _MIB), w, h / _MIB) for x, w, y, h, _ in boxes]
    colours = [PALETTE[groups[box[4]] % len(PALETTE)] for box in boxes]
    axes.add_collection(
        PatchCollection(patches, facecolors=colours, edgecolors="white", linewidths=0.3)
    )
    axes.autoscale_view()
    axes.set(xlabel=x_label, ylabel=f"{y_label} (MiB)")
    return figure


def lanes(rows: Sequence[Mapping[str, Any]], x_label: str) -> Figure:
    """Return one lane per device with the operators (rows of the wire table) as bars."""
    devices = sorted({row["device"] for row in rows})
    figure, axes = canvas(7.0, 0.8 + 0.5 * len(devices))
    start = min(row["start"] for row in rows)
    for phase, colour in zip(("forward", "backward", "update"), PALETTE, strict=False):
        for lane, device in enumerate(devices):
            bars = [
                ((row["start"] - start) / 1e6, (row["end"] - row["start"]) / 1e6)
                for row in rows
                if row["device"] == device and row["phase"] == phase
            ]
            axes.broken_barh(bars, (lane - 0.35, 0.7), facecolors=colour, label=phase)
    axes.set(xlabel=x_label, yticks=range(len(devices)), yticklabels=devices)
    axes.invert_yaxis()
    return figure
