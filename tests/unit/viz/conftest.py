"""Drawings made straight from symbol files that MXNet 1.9.1 wrote, without the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import pytest

from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode
from dlstudio.viz.scopes import prefix_scopes, tidy

SYMBOLS = Path(__file__).parents[2] / "reference" / "pack" / "symbols" / "open"
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


class Recorded:
    """A network of the recorded pack: its symbol, and what MXNet 1.9.1 said about it."""

    def __init__(self, name: str) -> None:
        self.facts: dict[str, Any] = recorded(name)
        self.path = SYMBOLS / f"{name}-symbol.json"

    @property
    def symbol(self) -> Any:
        import dlstudio as mx

        return mx.sym.load(str(self.path))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {key: tuple(shape) for key, shape in self.facts["data_shapes"].items()}


@pytest.fixture
def network() -> Callable[[str], Recorded]:
    return Recorded


@pytest.fixture
def drawing_of_file() -> Callable[[str], Drawing]:
    return drawing_from_file
