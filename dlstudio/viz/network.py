"""`plot_network`: MXNet's way to draw a symbol, and the plot object it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlstudio.errors import DTypeError, explain
from dlstudio.viz.dot import attributes, dot_of, quote
from dlstudio.viz.drawing import Drawing, drawing_of
from dlstudio.viz.export import render_dot, write_file
from dlstudio.viz.picture import MAX_NODES, Options

__all__ = ["Plot", "plot_network"]


def plot_network(
    symbol: Any,
    title: str = "plot",
    save_format: str = "pdf",
    shape: Mapping[str, tuple[int, ...]] | None = None,
    dtype: Any = None,
    node_attrs: Mapping[str, str] = {},
    hide_weights: bool = True,
) -> Plot:
    """Draw a network with one node per operator and arrows along the data, inputs on top.

    Parameters
    ----------
    symbol : Symbol or Block
    title : str
        Name of the plot, and of the file that `Plot.render` writes.
    save_format : str
        "pdf", "png", "svg" or "dot": what `Plot.render` writes unless told otherwise.
    shape : dict of str to tuple of int, optional
        Input shapes; with them every arrow carries the shape of its value.
    dtype : dict of str to dtype, optional
        Input dtypes; they name the dtype in the tooltips where inference knows no better.
    node_attrs : dict of str to str
        Graphviz attributes for all nodes, ``{"fontsize": "14", "fixedsize": "false"}``.
    hide_weights : bool
        Leave parameters and auxiliary states out.

    Returns
    -------
    Plot
        Shows itself in a notebook; `render`, `view`, `save`, `source`, `node`, `edge` and `attr`
        are those of `graphviz.Digraph`. It needs no installed Graphviz.

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
    >>> plot = mx.viz.plot_network(net, shape={"data": (1, 4)})
    >>> plot.source.splitlines()[0]
    'digraph "plot" {'
    """
    if isinstance(symbol, (str, bytes, int, float)):
        raise DTypeError(
            explain(
                f"plot_network was given {type(symbol).__name__} {symbol!r}.",
                "a Symbol or a Block.",
                'plot_network(mx.sym.load("net-symbol.json"))',
            )
        )
    drawing = drawing_of(symbol, shape=shape, title=title)
    if len(drawing.nodes) <= MAX_NODES:  # a larger one needs its blocks, to be closed
        drawing = _flat(drawing)
    drawing = _with_dtypes(drawing, dtype or {})
    options = Options(depth=None, fold_repeats=False, show_weights=not hide_weights)
    return Plot(dot_of(drawing, options), title, save_format, node_attrs)


def _flat(drawing: Drawing) -> Drawing:
    return replace(drawing, nodes=tuple(replace(node, scope="") for node in drawing.nodes))


def _with_dtypes(drawing: Drawing, dtypes: Mapping[str, Any]) -> Drawing:
    import numpy as np

    known = {name: np.dtype(value).name for name, value in dtypes.items()}
    nodes = tuple(
        replace(node, dtype=known[node.name]) if node.name in known else node
        for node in drawing.nodes
    )
    return replace(drawing, nodes=nodes)


class Plot:
    """DOT text that can draw itself; speaks the part of `graphviz.Digraph` that programs use.

    Parameters
    ----------
    source : str
        A complete ``digraph``.
    name : str
        Stem of the file written by `render`.
    format : str
        Default format of `render` and `pipe`.
    """

    def __init__(
        self,
        source: str,
        name: str = "plot",
        format: str = "pdf",  # noqa: A002  graphviz's word
        node_attrs: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.format = format
        self.filename = f"{name}.gv"
        self.engine = "auto"
        self.body = source.rstrip().removesuffix("}").splitlines()
        if node_attrs:
            self._override(dict(node_attrs))

    def _override(self, node_attrs: dict[str, str]) -> None:
        """Write the attributes into every node, since a node's own win over a later default."""
        for place, line in enumerate(self.body):
            words = line.split(None, 2)
            if len(words) > 1 and words[1].startswith("[") and words[0] not in ("graph", "edge"):
                end = line.rindex("]")
                self.body[place] = f"{line[:end]}, {attributes(node_attrs)[1:-1]}]"

    @property
    def source(self) -> str:
        """The DOT text."""
        return "\n".join([*self.body, "}"]) + "\n"

    def node(self, name: str, label: str | None = None, **attrs: str) -> None:
        """Add a node."""
        given = {**({} if label is None else {"label": label}), **attrs}
        self.body.append(f"  {quote(name)} {attributes(given)}")

    def edge(self, tail_name: str, head_name: str, label: str | None = None, **attrs: str) -> None:
        """Add an arrow from `tail_name` to `head_name`."""
        given = {**({} if label is None else {"label": label}), **attrs}
        self.body.append(f"  {quote(tail_name)} -> {quote(head_name)} {attributes(given)}")

    def attr(self, kw: str | None = None, **attrs: str) -> None:
        """Set attributes of the graph (`kw` None or "graph"), of later nodes or of later edges."""
        self.body.append(f"  {kw or 'graph'} {attributes(attrs)}")

    def pipe(self, format: str | None = None, encoding: str | None = None) -> Any:  # noqa: A002
        """Return the picture: bytes, or text if `encoding` is given."""
        content = render_dot(self.source, format or self.format, self.engine)
        return content if encoding is None else content.decode(encoding)

    def save(self, filename: str | Path | None = None, directory: str | Path | None = None) -> str:
        """Write the DOT text and return the path."""
        path = self._path(filename, directory)
        return str(write_file(path, self.source.encode("utf-8")))

    def render(
        self,
        filename: str | Path | None = None,
        directory: str | Path | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,  # noqa: A002
        **unused: Any,
    ) -> str:
        """Write the DOT text and, beside it, the picture; return the picture's path.

        `cleanup` removes the DOT text again and `view` opens the picture. Further keywords of
        `graphviz.Digraph.render` are accepted and have no effect.
        """
        text = Path(self.save(filename, directory))
        chosen = format or self.format
        picture = write_file(text.with_name(f"{text.name}.{chosen}"), self.pipe(chosen))
        if cleanup:
            text.unlink()
        if view:
            _open(picture)
        return str(picture)

    def view(self, filename: str | Path | None = None, directory: str | Path | None = None) -> str:
        """Render and open the picture in the system's viewer."""
        return self.render(filename, directory, view=True)

    def _path(self, filename: str | Path | None, directory: str | Path | None) -> Path:
        return Path(directory or ".") / (filename or self.filename)

    def _repr_svg_(self) -> str:
        return self.pipe("svg", "utf-8")

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return (
            f"<Plot {self.name!r}: {len(self.body)} lines of DOT; .render() writes {self.format}>"
        )


def _open(path: Path) -> None:
    import webbrowser

    webbrowser.open(path.resolve().as_uri())
