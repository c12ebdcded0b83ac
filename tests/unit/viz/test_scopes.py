from __future__ import annotations

import itertools

from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode
from dlstudio.viz.scopes import CROWD, IN, OUT, ScopeTree, prefix_scopes, tidy


def chain(*scopes: str, op: str = "Convolution") -> Drawing:
    """Operators one after the other, each in the given scope."""
    nodes = [DrawNode(id="x", name="x", label="x", kind="variable")]
    nodes += [
        DrawNode(id=f"n{i}", name=f"n{i}", label="n", op=op, scope=s) for i, s in enumerate(scopes)
    ]
    ids = [node.id for node in nodes]
    edges = [DrawEdge(a, b) for a, b in itertools.pairwise(ids)]
    return Drawing(tuple(nodes), tuple(edges))


def paths(drawing: Drawing) -> list[str]:
    return [node.scope for node in drawing.operators]


def test_shared_prefixes_of_names_become_scopes() -> None:
    scopes = prefix_scopes(["net0_stage1_conv0_fwd", "net0_stage1_conv1_fwd", "net0_dense0_fwd"])
    assert scopes["net0_stage1_conv0_fwd"] == "net0/stage1"
    assert scopes["net0_dense0_fwd"] == "net0"


def test_a_prefix_without_a_counter_needs_three_operators() -> None:
    assert prefix_scopes(["max_pool", "max_norm"])["max_pool"] == ""
    assert prefix_scopes(["head_a", "head_b", "head_c"])["head_a"] == "head"


def test_a_box_around_everything_is_dissolved() -> None:
    assert paths(tidy(chain("net/a", "net/a", "net/b", "net/b"))) == ["a", "a", "b", "b"]


def test_a_box_around_one_operator_is_dissolved() -> None:
    assert paths(tidy(chain("a", "a", "b"))) == ["a", "a", ""]


def test_nested_boxes_with_the_same_contents_are_one_box() -> None:
    assert paths(tidy(chain("a/b/c", "a/b/c", "d"))) == ["a", "a", ""]


def test_backward_operators_get_a_box_of_their_own() -> None:
    forward = chain("a", "a", "b")
    back = DrawNode(id="g", name="g", label="g", op="relu_grad", scope="a", role="backward")
    drawing = tidy(Drawing((*forward.nodes, back), forward.edges))
    assert drawing.node("g").scope == "backward"
    assert drawing.node("n0").scope == "a"


def test_weights_move_to_the_innermost_box_of_their_readers() -> None:
    drawing = chain("a/x", "a/x", "a/y", "a/y", "b", "b")
    weights = [
        DrawNode(id=name, name=name, label=name, kind="variable", weight=True)
        for name in ("own", "shared")
    ]
    edges = [DrawEdge("own", "n0"), DrawEdge("shared", "n1"), DrawEdge("shared", "n2")]
    moved = tidy(Drawing((*drawing.nodes, *weights), (*drawing.edges, *edges)))
    assert moved.node("own").scope == "a/x"
    assert moved.node("shared").scope == "a"


def test_a_crowd_without_boxes_is_split() -> None:
    drawing = tidy(chain(*[""] * (CROWD + 50)))
    assert len(set(paths(drawing))) == 4
    assert paths(drawing)[0] == "1–100"


def test_flows_pass_the_doors_of_every_box_on_their_way() -> None:
    tree = ScopeTree(chain("a/b", "a/b", "c", "c"))
    assert ("x", "a/") in tree.flows[""]
    assert ("a/", "c/") in tree.flows[""]
    assert (IN, "a/b/") in tree.flows["a"]
    assert ("a/b/", OUT) in tree.flows["a"]
    assert (IN, "n0") in tree.flows["a/b"]
    assert ("n0", "n1") in tree.flows["a/b"]


def test_equal_blocks_in_a_chain_fold() -> None:
    tree = ScopeTree(chain("a0", "a0", "a1", "a1", "a2", "a2", "b", "b", "b"))
    assert tree.folds() == [("a0", "a1", "a2")]


def test_blocks_that_differ_in_an_attribute_do_not_fold() -> None:
    drawing = chain("a0", "a0", "a1", "a1")
    nodes = [
        DrawNode(
            **{f: getattr(n, f) for f in ("id", "name", "label", "op", "scope")},
            attrs={"k": n.scope},
        )
        for n in drawing.operators
    ]
    assert ScopeTree(Drawing((drawing.nodes[0], *nodes), drawing.edges)).folds() == []


def test_a_block_read_from_elsewhere_is_not_folded_away() -> None:
    drawing = chain("a0", "a0", "a1", "a1", "b", "b", "b")
    skip = DrawEdge("n1", "n5")  # out of a0, past a1
    assert ScopeTree(Drawing(drawing.nodes, (*drawing.edges, skip))).folds() == []
