"""Drawings made straight from symbol files that MXNet 1.9.1 wrote, without the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path

import pytest

from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode
from dlstudio.viz.scopes import prefix_scopes, tidy

SYMBOLS = Path(__file__).parents[2] / "reference" / "symbols" / "open"
NETWORKS = ("mlp", "lenet", "vgg11", "squeezenet1.0", "mobilenet1.0", "resnet18_v1")
WEIGHTS = ("_weight", "_bias", "_gamma", "_beta", "_running_mean", "_running_var")


def recorded(name: str) -> dict:
    """What MXNet 1.9.1 said about the network: shapes, printed summary."""
    return json.loads((SYMBOLS / f"{name}.json").read_text(encoding="utf-8"))


def drawing_from_file(name: str) -> Drawing:
    """Build a drawing from a symbol file and the recorded shapes."""
    text = (SYMBOLS / f"{name}-symbol.json").read_text(encoding="utf-8")
    graph, facts = json.loads(text), recorded(name)
    shapes = {key.removesuffix("_output"): tuple(shape) for key, shape in facts["internal_outputs"]}
    auxiliary = set(facts["list_auxiliary_states"])
    scopes = prefix_scopes(n["name"] for n in graph["nodes"] if n["op"] != "null")
    nodes, edges = [], []
    for place, node in enumerate(graph["nodes"]):
        shape, weight = shapes.get(node["name"]), node["name"].endswith(WEIGHTS)
        sources = [graph["nodes"][i] for i, *_ in node["inputs"]]
        read = {s["name"] for s in sources if s["name"].endswith(WEIGHTS)} - auxiliary
        nodes.append(
            DrawNode(
                id=f"n{place}",
                name=node["name"],
                label=node["name"],
                op="" if node["op"] == "null" else node["op"],
                kind="operator"
                if node["op"] != "null"
                else "auxiliary"
                if node["name"] in auxiliary
                else "variable",
                weight=weight,
                scope=scopes.get(node["name"], ""),
                shape=shape,
                params=prod(shape or ()) if weight else sum(prod(shapes[name]) for name in read),
                attrs=node.get("attrs", {}),
            )
        )
        for source, port, *_ in node["inputs"]:
            shape = shapes.get(graph["nodes"][source]["name"])
            edges.append(DrawEdge(f"n{source}", f"n{place}", shape, port))
    return tidy(Drawing(tuple(nodes), tuple(edges), title=name))


@pytest.fixture
def drawing_of_file() -> Callable[[str], Drawing]:
    return drawing_from_file
