"""The kernel half that all views share: traits, display, saved picture, files, browser messages."""

from __future__ import annotations

import base64
import io
import threading
import time
import uuid
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from dlstudio.errors import ParamError, explain, missing_extra
from dlstudio.core.shell import in_kernel
from dlstudio.widgets import kernel
from dlstudio.widgets.schema import Acknowledgement, Command, Frame
from dlstudio.widgets.text import Text

try:
    import anywidget
    import traitlets
except ImportError as error:  # pragma: no cover  an installation without the extra
    raise missing_extra("anywidget", "lab", "dlstudio.widgets") from error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STATIC", "Picture", "View"]

STATIC = Path(__file__).parent / "static"
# Above this the SVG is heavier than a picture of it; both sizes in characters.
_HEAVY_SVG = 300_000
# Seconds after which a complete frame is sent though nobody asked for it.
_FIRST_KEYFRAME = 0.5
_WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


class Picture:
    """A view as it was at one moment; shows itself in any notebook, without a widget.

    Parameters
    ----------
    svg : str
    summary : str
        Used by consoles and screen readers.
    """

    def __init__(self, svg: str, summary: str) -> None:
        self.svg = svg
        self.summary = summary

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Picture of {self.summary}>"


class View(anywidget.AnyWidget):  # pyright: ignore[reportUntypedBaseClass]  partly typed
    """Base of all views: display it, save it, link it.

    Parameters
    ----------
    locale : {"auto", "en", "zh"}
        Language of its texts; ``"auto"`` follows JupyterLab in the browser and the system here.
    """

    _esm: ClassVar[Any]  # the bundle and its style sheet: each view's own
    _css: ClassVar[Any]

    locale = traitlets.Unicode("auto").tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    _group = traitlets.Unicode("").tag(sync=True)
    _model_key = traitlets.Unicode("").tag(sync=True)
    # The last durable state in the form of a complete frame: what a saved notebook reopens with.
    _still = traitlets.Dict().tag(sync=True)
    _still_data = traitlets.Bytes(b"").tag(sync=True)

    def __init__(self, *, locale: str = "auto", **traits: Any) -> None:
        self.text = Text(locale)
        self._guard = threading.RLock()
        self._display_id = f"dlstudio-{uuid.uuid4().hex}"
        self._displayed = False
        self._received: dict[str, int] = {}
        self._acknowledged: dict[str, int] = {}
        self._reset_wanted = False
        self._answered = threading.Event()
        self._met = False  # a browser has ever asked for everything
        self._born = time.monotonic()
        self._next_keyframe = self._born + _FIRST_KEYFRAME
        super().__init__(locale=locale, **traits)
        self._model_key = self.model_id or ""
        self.on_msg(_hear(self))
        kernel.open_line(self)

    # What a view adds ---------------------------------------------------------------------

    def summary(self) -> str:
        """Return one line that says what the view shows now."""
        return type(self).__name__

    def figure(self) -> Figure | None:
        """Return the view as a matplotlib figure, or None while there is nothing to draw."""
        return None

    def durable(self) -> tuple[Frame, bytes] | None:
        """Return everything shown now as one complete frame, or None if there is nothing."""
        return None

    def command(self, message: Command) -> None:
        """Act on a browser command other than the handshake.

        Called on a message thread while the training loop runs: set flags, do nothing else.
        """

    def applied(self) -> dict[str, int]:
        """Return, per browser client, the number of its last command that took effect."""
        return self._received

    # Messages ----------------------------------------------------------------------------

    def _take(self, message: Command) -> None:
        if message["command"] == "hello":
            self._reset_wanted = self._met = True
        elif message["command"] != "pong":
            self.command(message)
        self._answered.set()
        client = message["client"]
        self._received[client] = max(self._received.get(client, 0), message["sequence"])

    def _take_reset(self) -> bool:
        """Whether the next frame has to carry everything; asked once per frame.

        A browser that opens the view says hello and gets it all. Where its hello cannot arrive
        because the kernel is busy, complete frames come by themselves, ever more seldom.
        """
        wanted, self._reset_wanted = self._reset_wanted, False
        now = time.monotonic()
        if not self._met and now >= self._next_keyframe:
            self._next_keyframe = now + 2 * (now - self._born)
            return True
        return wanted

    def ping(self) -> None:
        """Ask whether a browser shows this view; `watched` tells once the answer is here."""
        self._answered.clear()
        self.send({"type": "ping"})

    @property
    def watched(self) -> bool:
        """True if a browser has answered since the last `ping`."""
        return self._answered.is_set()

    def _acknowledge(self) -> bool:
        """Tell the browsers which of their commands arrived and which took effect, if news."""
        received, applied = dict(self._received), dict(self.applied())
        state = {**received, **{f"{client} applied": n for client, n in applied.items()}}
        if state == self._acknowledged:
            return False
        self._acknowledged = state
        message: Acknowledgement = {
            "type": "acknowledgement",
            "received": received,
            "applied": applied,
        }
        self.send(message)
        return True

    # Display -----------------------------------------------------------------------------

    def _repr_mimebundle_(self, **_options: Any) -> Any:
        """Widget for live front-ends, SVG for saved notebooks and nbconvert, text for consoles."""
        shown: Any = super()._repr_mimebundle_()
        bundle, metadata = shown if isinstance(shown, tuple) else (shown, {})
        return {**bundle, **self._still_bundle()}, metadata

    def _still_bundle(self) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        svg = self._svg_if_possible()
        if svg and len(svg) > _HEAVY_SVG:
            bundle["image/png"] = base64.b64encode(self._render("png")).decode("ascii")
        elif svg:
            bundle["image/svg+xml"] = svg
        return bundle

    def _svg_if_possible(self) -> str | None:
        try:
            return self.to_svg() if self.figure_ready() else None
        except ImportError:
            return None  # no matplotlib: the text form has to do

    def figure_ready(self) -> bool:
        """Return whether there is anything to draw; spares importing matplotlib for nothing."""
        return self.durable() is not None

    def _ipython_display_(self, **_options: Any) -> None:
        self.show()

    def show(self) -> None:
        """Display the view in the current cell."""
        self._displayed = True
        kernel.show(self._repr_mimebundle_()[0], self._display_id)

    def refresh_still(self) -> None:
        """Store the picture of this moment in the notebook beside the live view, and in traits."""
        self._keep_still()
        if self._displayed and in_kernel():
            kernel.show(self._repr_mimebundle_()[0], self._display_id, update=True)

    def _keep_still(self) -> None:
        durable = self.durable()
        if durable is None:
            return
        with self.hold_sync():
            self._still, self._still_data = durable

    # Files -------------------------------------------------------------------------------

    def to_svg(self) -> str:
        """Return the view as SVG text.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        return self._render("svg").decode("utf-8")

    def _render(self, suffix: str) -> bytes:
        from dlstudio.widgets import figures

        figure = self.figure()
        if figure is None:
            figure = figures.empty(self.summary())
        buffer = io.BytesIO()
        with figures.fonts():
            # Without a date the same picture is the same bytes.
            metadata = {"Date": None} if suffix == "svg" else {}
            figure.savefig(buffer, format=suffix, bbox_inches="tight", dpi=144, metadata=metadata)
        return buffer.getvalue()

    def to_html(self) -> str:
        """Return one self-contained page: the same view, on the data of this moment."""
        from dlstudio.widgets.page import page

        self._keep_still()
        return page(self)

    def to_file(self, path: str | Path) -> Path:
        """Write the view to a file; its suffix decides: ``.svg .png .pdf .html``.

        Returns
        -------
        Path

        Raises
        ------
        ParamError
            If the suffix is another.
        MissingExtraError
            Without matplotlib (except for ``.html``).
        """
        path = Path(path)
        suffix = path.suffix.lower().lstrip(".")
        if suffix == "html":
            path.write_text(self.to_html(), encoding="utf-8")
        elif suffix in {"svg", "png", "pdf"}:
            path.write_bytes(self._render(suffix))
        else:
            raise ParamError(
                explain(
                    f"to_file({str(path)!r}): cannot write {suffix or 'a file without suffix'!r}.",
                    "a path that ends in .svg, .png, .pdf or .html.",
                    f"to_file({str(path.with_suffix('.svg'))!r})",
                )
            )
        return path

    def snapshot(self) -> Picture:
        """Return a still picture of this moment."""
        self._keep_still()
        return Picture(self.to_svg(), self.summary())

    def freeze(self) -> Self:
        """Replace the live view in the notebook by its picture: small, and needs no kernel."""
        if self._displayed and in_kernel():
            bundle = {**self._still_bundle(), _WIDGET_MIME: None}
            kept = {mime: data for mime, data in bundle.items() if data is not None}
            kernel.show(kept, self._display_id, update=True)
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary()}>"


def _hear(view: View) -> Any:
    """Return the message handler; it holds the view weakly, so that closing a view frees it."""
    reference = weakref.ref(view)

    def handler(_widget: Any, content: Any, _buffers: Any) -> None:
        heard = reference()
        if heard is not None and isinstance(content, dict) and "command" in content:
            heard._take(cast("Command", content))

    return handler
