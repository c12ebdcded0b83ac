from __future__ import annotations

import pytest

from dlstudio.errors import GraphError
from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode
from dlstudio.viz.picture import MAX_NODES, Options, picture_of


def network(layers: int = 3) -> Drawing:
    """`x` through equal blocks of two operators, then a head; every operator has a weight."""
    nodes = [DrawNode(id="x", name="x", label="x", kind="variable")]
    edges = []
    last = "x"
    for layer in range(layers):
        for part, op in enumerate(("Convolution", "Activation")):
            key = f"n{layer}_{part}"
            nodes.append(DrawNode(id=key, name=key, label=key, op=op, scope=f"layer{layer}"))
            nodes.append(
                DrawNode(
                    id=f"w{key}", name=f"w{key}", label="w", kind="variable", weight=True,
                    scope=f"layer{layer}", params=10,
                )
            )  # fmt: skip
            edges += [DrawEdge(last, key), DrawEdge(f"w{key}", key)]
            last = key
    nodes.append(DrawNode(id="head", name="head", label="head", op="FullyConnected"))
    return Drawing(tuple(nodes), (*edges, DrawEdge(last, "head")), title="net")


def arrows(options: Options, drawing: Drawing | None = None) -> set[tuple[str, str]]:
    picture = picture_of(drawing or network(), options)
    return {(arrow.source, arrow.target) for arrow in picture.arrows}


def test_closed_scopes_stand_for_their_operators() -> None:
    assert arrows(Options(depth=0, fold_repeats=False)) == {
        ("x", "layer0/"), ("layer0/", "layer1/"), ("layer1/", "layer2/"), ("layer2/", "head"),
    }  # fmt: skip


def test_a_folded_chain_is_drawn_once_with_its_count() -> None:
    picture = picture_of(network(), Options(depth=0))
    assert [box.repeats for box in picture.boxes.values()] == [3]
    assert arrows(Options(depth=0)) == {("x", "layer0/"), ("layer0/", "head")}


def test_an_open_folded_chain_leaves_from_its_last_operator() -> None:
    assert arrows(Options(depth=1)) == {("x", "n0_0"), ("n0_0", "n0_1"), ("n0_1", "head")}


def test_expand_decides_per_scope() -> None:
    found = arrows(Options(expand=lambda path: path == "layer1", fold_repeats=False))
    assert ("n1_0", "n1_1") in found
    assert ("layer0/", "n1_0") in found


def test_weights_are_drawn_only_when_asked_for() -> None:
    assert not any(node.weight for node in picture_of(network(), Options()).nodes.values())
    shown = picture_of(network(), Options(show_weights=True, depth=None, fold_repeats=False))
    assert sum(node.weight for node in shown.nodes.values()) == 6


def test_hidden_operator_types_are_bridged() -> None:
    found = arrows(Options(depth=None, fold_repeats=False, hide_ops={"Activation"}))
    assert found == {("x", "n0_0"), ("n0_0", "n1_0"), ("n1_0", "n2_0"), ("n2_0", "head")}


def test_backward_operators_can_be_left_out() -> None:
    drawing = network(1)
    back = DrawNode(id="g", name="g", label="g", op="relu_grad", role="backward")
    both = Drawing((*drawing.nodes, back), (*drawing.edges, DrawEdge("head", "g")))
    assert ("head", "g") in arrows(Options(), both)
    assert ("head", "g") not in arrows(Options(show_backward=False), both)


def test_a_network_that_stays_too_large_is_refused() -> None:
    with pytest.raises(GraphError, match="5 nodes remain with every block closed"):
        picture_of(network(), Options(fold_repeats=False, limit=3))


def test_too_many_nodes_are_collapsed_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="too many for one file"):
        picture = picture_of(network(MAX_NODES - 2), Options(depth=None, fold_repeats=False))
    assert picture.size <= MAX_NODES
