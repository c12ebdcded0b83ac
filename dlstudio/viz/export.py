"""A drawing into a file: SVG, PNG, PDF, DOT text, or one HTML page that works offline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.viz.dot import dot_of
from dlstudio.viz.drawing import Drawing
from dlstudio.viz.layout import find_engine
from dlstudio.viz.picture import Options

__all__ = [
    "FORMATS",
    "render_dot",
    "to_dot",
    "to_file",
    "to_html",
    "to_png",
    "to_svg",
    "write_file",
]

FORMATS = ("svg", "png", "pdf", "dot", "html")
BITMAP_DPI = 144  # twice the screen's 72, so that small text stays legible on dense displays

# Browsers pick the first family they have; the CJK ones make Chinese names legible everywhere.
SVG_FONTS = "Helvetica, Arial, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"


def to_dot(drawing: Drawing, options: Options | None = None, theme: str = "light") -> str:
    """Write the visible part of `drawing` as DOT text (see `dot.dot_of`)."""
    return dot_of(drawing, options, theme)


def to_svg(
    drawing: Drawing, options: Options | None = None, *, engine: str = "auto", theme: str = "light"
) -> str:
    """Draw as SVG text."""
    return render_dot(dot_of(drawing, options, theme), "svg", engine).decode("utf-8")


def to_png(
    drawing: Drawing, options: Options | None = None, *, engine: str = "auto", theme: str = "light"
) -> bytes:
    """Draw as PNG."""
    return render_dot(dot_of(drawing, options, theme), "png", engine)


def to_html(drawing: Drawing, options: Options | None = None, *, locale: str = "auto") -> str:
    """Write one HTML page holding the GraphView front-end and the drawing; it needs no network."""
    from dlstudio.viz.html import page_of

    return page_of(drawing, options or Options(), locale)


def to_file(
    drawing: Drawing,
    path: str | Path,
    options: Options | None = None,
    *,
    engine: str = "auto",
    theme: str = "light",
    locale: str = "auto",
) -> Path:
    """Draw into `path`; its suffix chooses the format.

    Parameters
    ----------
    drawing : Drawing
    path : str or Path
        Ends with .svg, .png, .pdf, .dot or .html; folders above it are made.
    options : Options, optional
        Depth, folding, weights, overlay.
    engine : "auto" | "dot" | "wasi"
        Who lays the graph out.
    theme : "light" | "dark"
    locale : "auto" | "en" | "zh"
        Language of the controls in an HTML file.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ParamError
        For another suffix.
    MissingExtraError
        Without any layout engine, or for PNG and PDF without matplotlib and ``dot``.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise ParamError(
            explain(
                f"to_file({str(path)!r}): unknown picture format {path.suffix!r}.",
                f"a name that ends with one of {', '.join('.' + f for f in FORMATS)}.",
                f'to_file("{path.stem or "net"}.svg")',
            )
        )
    if kind == "html":
        content: bytes = to_html(drawing, options, locale=locale).encode("utf-8")
    elif kind == "dot":
        content = to_dot(drawing, options, theme).encode("utf-8")
    else:
        content = render_dot(dot_of(drawing, options, theme), kind, engine)
    return write_file(path, content)


def write_file(path: Path, content: bytes) -> Path:
    """Write `content` whole or not at all: into a neighbour first, which is then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)
    return path


def render_dot(source: str, format: str, engine: str = "auto") -> bytes:  # noqa: A002
    """Lay any DOT text out and return it as ``svg``, ``png``, ``pdf`` or ``dot``.

    Bitmaps and PDF come from ``dot`` itself where it is installed; else matplotlib draws what the
    WebAssembly engine laid out.
    """
    chosen = find_engine(engine)
    if format == "svg":
        svg = chosen.render(source, "svg").decode("utf-8")
        return _titles_on_top(_with_fonts(svg)).encode("utf-8")
    if format in chosen.formats:
        return chosen.render(_with_resolution(source, format), format)
    if format in ("png", "pdf"):
        return _by_matplotlib(source, format, chosen)
    raise ParamError(
        explain(
            f"The layout engine {chosen.name!r} cannot write {format!r}.", "svg, png, pdf, dot."
        )
    )


def _with_fonts(svg: str) -> str:
    return re.sub(r'font-family="Helvetica[^"]*"', f'font-family="{SVG_FONTS}"', svg)


_TITLE = re.compile(
    r'(<g id="clust\d+" class="cluster">(?:(?!</g>).)*?fill="(#\w+)"(?:(?!</g>).)*?)'
    r"(<text .*?</text>\n)",
    re.DOTALL,
)


def _titles_on_top(svg: str) -> str:
    """Draw the titles of frames last, with a halo: Graphviz lets arrows strike them through."""
    titles: list[str] = []

    def take(found: re.Match[str]) -> str:
        halo = f'<text paint-order="stroke" stroke="{found[2]}" stroke-width="3" '
        titles.append(found[3].replace("<text ", halo, 1))
        return found[1]

    body = _TITLE.sub(take, svg)
    end = body.rindex("</g>")
    return body[:end] + "".join(titles) + body[end:]


def _with_resolution(source: str, format: str) -> str:  # noqa: A002
    if format != "png":
        return source
    head, brace, rest = source.partition("{")
    return f"{head}{brace}\n  dpi={BITMAP_DPI}{rest}"


def _by_matplotlib(source: str, format: str, engine: Any) -> bytes:  # noqa: A002
    import io

    from dlstudio.viz.figures import figure_of_dot

    buffer = io.BytesIO()
    figure_of_dot(source, engine).savefig(buffer, format=format, dpi=BITMAP_DPI)
    return buffer.getvalue()
