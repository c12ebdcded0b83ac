"""The summary table of a network: layers, output shapes, parameters, what each reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from dlstudio.errors import ShapeError, explain
from dlstudio.viz.drawing import Drawing, DrawNode, drawing_of

__all__ = ["print_summary", "summary_text"]

HEADINGS = ("Layer (type)", "Output Shape", "Param #", "Previous Layer")
POSITIONS = (0.44, 0.64, 0.74, 1.0)

Row = tuple[str, str, str, list[str]]


def print_summary(
    symbol: Any,
    shape: Mapping[str, tuple[int, ...]] | None = None,
    line_length: int = 120,
    positions: Sequence[float] = POSITIONS,
) -> None:
    """Print the table of layers.

    Parameters
    ----------
    symbol : Symbol or Block or Drawing
    shape : dict of str to tuple of int, optional
        Input shapes with the batch axis; without them no shape or parameter count is known,
        except those of an initialised block.
    line_length : int
        Characters per line.
    positions : sequence of 4 float
        Where the columns end: fractions of the line if the last is at most 1, else characters.

    Raises
    ------
    ShapeError
        If `shape` leaves a shape unknown.

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
    >>> mx.viz.print_summary(
    ...     net, {"data": (1, 4)}, line_length=60
    ... )  # doctest: +NORMALIZE_WHITESPACE
    ____________________________________________________________
    Layer (type)              Output ShapeParam Previous Layer
    ============================================================
    data(null)                4           0
    ____________________________________________________________
    fc(FullyConnected)        3           15    data
    ============================================================
    Total params: 15
    ____________________________________________________________
    """
    print(summary_text(drawing_of(symbol, shape=shape), shape, line_length, positions))


def summary_text(
    drawing: Drawing,
    shape: Mapping[str, tuple[int, ...]] | None = None,
    line_length: int = 120,
    positions: Sequence[float] = POSITIONS,
) -> str:
    """Compose the table that `print_summary` prints."""
    if shape is not None:
        _check_known(drawing, shape)
    ends = [int(line_length * p) for p in positions] if positions[-1] <= 1 else list(positions)
    lines = ["_" * line_length, *_columns([list(HEADINGS)], ends), "=" * line_length]
    rows = list(_rows(drawing))
    for place, (name, output, params, previous) in enumerate(rows):
        first = [name, output, params, previous[0] if previous else ""]
        rest = [["", "", "", source] for source in previous[1:]]
        lines += _columns([first, *rest], [int(end) for end in ends])
        lines.append(("=" if place == len(rows) - 1 else "_") * line_length)
    return "\n".join([*lines, f"Total params: {drawing.params}", "_" * line_length])


def _columns(rows: Sequence[Sequence[str]], ends: Sequence[float]) -> Iterator[str]:
    for row in rows:
        line = ""
        for field, end in zip(row, ends, strict=True):
            line = (line + field)[: int(end)].ljust(int(end))
        yield line


def _rows(drawing: Drawing) -> Iterator[Row]:
    shown = {n.id: n for n in drawing.nodes if n.kind == "operator" or _is_input(n)}
    sources: dict[str, list[str]] = {}
    for edge in drawing.edges:
        if edge.source in shown:
            names = sources.setdefault(edge.target, [])
            if shown[edge.source].name not in names:
                names.append(shown[edge.source].name)
    for node in shown.values():
        params = str(node.params) if node.kind == "operator" else "0"
        yield f"{node.name}({node.op or 'null'})", _shape(node), params, sources.get(node.id, [])


def _is_input(node: DrawNode) -> bool:
    """Tell whether a variable gets a row: data does, weights and labels do not."""
    return node.kind == "variable" and not node.weight and not node.name.endswith("label")


def _shape(node: DrawNode) -> str:
    """Write the shape without the batch axis, which says nothing about the layer."""
    return "x".join(map(str, node.shape[1:])) if node.shape else ""


def _check_known(drawing: Drawing, shape: Mapping[str, tuple[int, ...]]) -> None:
    for node in drawing.operators:
        if node.shape is None or (node.shape and prod(node.shape) < 0):
            raise ShapeError(
                explain(
                    f"print_summary: the shape of {node.name!r} cannot be told from shape={shape}.",
                    "the shape of every input, so that all others follow.",
                    'print_summary(net, shape={"data": (1, 3, 224, 224)})',
                )
            )
