"""A drawing as plain data for the browser: the state of the GraphView widget and of HTML files."""

from __future__ import annotations

from typing import Any

from dlstudio.viz.drawing import Drawing, DrawNode
from dlstudio.viz.palette import CATEGORIES, device_colour
from dlstudio.viz.scopes import ScopeTree
from dlstudio.viz.units import shape_text

__all__ = ["EDGE_FIELDS", "NODE_FIELDS", "VERSION", "state_of"]

VERSION = 1
# One row per node: field names are sent once, since a network may have thousands of nodes.
NODE_FIELDS = (
    "name", "label", "op", "kind", "weight", "scope", "shape", "dtype", "bytes", "params",
    "device", "attrs", "span", "detail", "role", "time", "category",
)  # fmt: skip
EDGE_FIELDS = ("source", "target", "shape", "port")  # source and target: places in the node list


def state_of(drawing: Drawing) -> dict[str, Any]:
    """Write `drawing` as JSON values: rows of nodes and edges, folds, colours."""
    place = {node.id: index for index, node in enumerate(drawing.nodes)}
    return {
        "version": VERSION,
        "title": drawing.title,
        "note": drawing.note,
        "params": drawing.params,
        "nodeFields": list(NODE_FIELDS),
        "nodes": [_node_row(node) for node in drawing.nodes],
        "edgeFields": list(EDGE_FIELDS),
        "edges": [
            [place[edge.source], place[edge.target], shape_text(edge.shape), edge.port]
            for edge in drawing.edges
        ],
        "scopes": dict(drawing.scopes),
        "folds": [list(chain) for chain in ScopeTree(drawing).folds()],
        "palette": CATEGORIES,
        "devices": [[name, device_colour(i)] for i, name in enumerate(drawing.devices)],
    }


def _node_row(node: DrawNode) -> list[Any]:
    return [
        node.name, node.label, node.op, node.kind, node.weight, node.scope, shape_text(node.shape),
        node.dtype, node.nbytes, node.params, node.device, dict(node.attrs), node.span,
        node.detail, node.role, node.time_ns, node.category,
    ]  # fmt: skip
