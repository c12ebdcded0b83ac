"""Still pictures of the views, by matplotlib's object interface: pyplot is not thread-safe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dlstudio.errors import missing_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlstudio.widgets.progress import Metrics

__all__ = ["PALETTE", "canvas", "curves", "empty", "fonts"]

# The browser's palette (widgets/src/lib/theme.ts); a test compares.
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#B87A00", "#2E8BC0", "#8A8000", "#757575"),
)
_DASHES = ("-", (0, (4, 2)), (0, (1, 2)), (0, (5, 2, 1, 2)))
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
