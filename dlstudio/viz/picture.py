"""What is visible: a drawing seen at some depth, with weights, repeats and operator types hidden.

The browser makes the same choices again when a learner opens a scope; here they are made once for a
file.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from dlstudio.errors import GraphError, explain
from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode, Shape
from dlstudio.viz.scopes import ScopeTree, scope_key

__all__ = ["MAX_NODES", "Arrow", "Box", "Options", "Picture", "picture_of"]

MAX_NODES = 1500  # beyond this Graphviz takes minutes: 161 s were measured for 5,000 nodes

Expand = Callable[[str], bool]


@dataclass(frozen=True)
class Options:
    """How much of a drawing to show.

    Parameters
    ----------
    depth : int or None
        Levels of scopes to open; 0 shows the outermost boxes closed, None opens everything.
    expand : callable, optional
        ``expand(path) -> bool`` decides for each scope instead of `depth`.
    fold_repeats : bool
        Draw a chain of equal blocks once, with ``×N``.
    show_weights : bool
        Draw learned values too.
    show_backward : bool
        Draw the operators of the backward pass and of updates, where the graph has them.
    hide_ops : collection of str
        Operator types to leave out; their readers are connected to what they read.
    overlay : "" | "device" | "bytes" | "time"
        What colours the operators instead of their category.
    limit : int
        Scopes are closed until no more nodes than this are left to lay out.
    quiet : bool
        Close them without a warning.
    """

    depth: int | None = 1
    expand: Expand | None = None
    fold_repeats: bool = True
    show_weights: bool = False
    show_backward: bool = True
    hide_ops: Collection[str] = ()
    overlay: str = ""
    limit: int = MAX_NODES
    quiet: bool = False

    def opens(self, path: str) -> bool:
        """Tell whether the scope `path` is drawn open."""
        if self.expand is not None:
            return bool(self.expand(path))
        return self.depth is None or path.count("/") < self.depth


@dataclass(frozen=True)
class Box:
    """A scope as drawn: closed (one node) or open (a frame around its members)."""

    path: str
    label: str
    kind: str  # class of the block, where known
    operators: int
    params: int
    repeats: int  # how many equal blocks it stands for
    is_open: bool
    members: list[str] = field(default_factory=list[str])  # keys, for an open box


@dataclass(frozen=True)
class Arrow:
    """An edge between two visible keys."""

    source: str
    target: str
    shape: Shape | None


@dataclass(frozen=True)
class Picture:
    """The visible part: `roots` lists the outermost keys, `boxes` and `nodes` say what they are."""

    drawing: Drawing
    options: Options
    roots: list[str]
    boxes: dict[str, Box]
    nodes: dict[str, DrawNode]
    arrows: list[Arrow]

    @property
    def size(self) -> int:
        """Number of nodes that a layout engine has to place."""
        return len(self.nodes) + sum(not box.is_open for box in self.boxes.values())


def picture_of(drawing: Drawing, options: Options | None = None) -> Picture:
    """Choose what to draw; close scopes until at most `options.limit` nodes remain.

    Raises
    ------
    GraphError
        If more remain with every scope closed.
    """
    options = options or Options()
    kept = drawing if options.show_backward else _forward_only(drawing)
    tree = ScopeTree(_without_ops(kept, options.hide_ops))
    picture = _Chooser(tree, options).picture()
    if picture.size <= options.limit:
        return picture
    asked = picture.size
    for depth in range(_depth_of(tree), -1, -1):
        options = replace(options, depth=depth, expand=None)
        picture = _Chooser(tree, options).picture()
        if picture.size <= options.limit:
            break
    else:
        raise _too_large(drawing, picture.size, options.limit)
    if not options.quiet:
        _warn(drawing, asked, options)
    return picture


def _too_large(drawing: Drawing, size: int, limit: int) -> GraphError:
    return GraphError(
        explain(
            f"{drawing.title}: {size} nodes remain with every block closed.",
            f"at most {limit}, so that the layout ends within seconds.",
            "draw a part of the network, or look at it with widgets.GraphView",
        )
    )


def _warn(drawing: Drawing, asked: int, options: Options) -> None:
    warnings.warn(
        f"{drawing.title}: {asked} nodes are too many for one file (at most {options.limit}); "
        f"drawn with depth={options.depth}. Fix: pass a smaller depth=, or expand= for one scope.",
        stacklevel=4,
    )


def _depth_of(tree: ScopeTree) -> int:
    return max((path.count("/") + 1 for path in tree.scopes()), default=0)


class _Chooser:
    """One walk over the scopes that collects boxes, nodes and arrows."""

    def __init__(self, tree: ScopeTree, options: Options) -> None:
        self.tree = tree
        self.options = options
        folds = tree.folds() if options.fold_repeats else []
        self.repeats = {chain[0]: len(chain) for chain in folds}
        self.stand_in = {scope: chain[0] for chain in folds for scope in chain[1:]}
        self.boxes: dict[str, Box] = {}
        self.nodes: dict[str, DrawNode] = {}
        self.seen_as: dict[str, str] = {}  # node id -> key of what represents it

    def picture(self) -> Picture:
        roots = self._members("")
        return Picture(
            drawing=self.tree.drawing,
            options=self.options,
            roots=roots,
            boxes=self.boxes,
            nodes=self.nodes,
            arrows=self._arrows(),
        )

    def _members(self, scope: str) -> list[str]:
        keys = [key for key in self.tree.children[scope] if self._is_drawn(key)]
        for key in keys:
            if key.endswith("/"):
                self._add_box(key[:-1])
            else:
                self.nodes[key] = self.tree.nodes[key]
                self.seen_as[key] = key
        return keys

    def _is_drawn(self, key: str) -> bool:
        if key.endswith("/"):
            return key[:-1] not in self.stand_in
        return self.options.show_weights or not self.tree.nodes[key].weight

    def _add_box(self, path: str) -> None:
        box = Box(
            path=path,
            label=path.rsplit("/", 1)[-1],
            kind=self.tree.drawing.scopes.get(path, ""),
            operators=self.tree.operators[path],
            params=self.tree.params[path],
            repeats=self.repeats.get(path, 1),
            is_open=self.options.opens(path),
        )
        self.boxes[scope_key(path)] = box
        if box.is_open:
            box.members.extend(self._members(path))
        else:
            self._represent(path, scope_key(path))

    def _represent(self, path: str, key: str) -> None:
        for child in self.tree.children[path]:
            if child.endswith("/"):
                self._represent(child[:-1], key)
            else:
                self.seen_as[child] = key

    def _arrows(self) -> list[Arrow]:
        found: dict[tuple[str, str], Arrow] = {}
        for edge in self.tree.drawing.edges:
            arrow = self._arrow(edge)
            if arrow is not None:
                found.setdefault((arrow.source, arrow.target), arrow)
        return list(found.values())

    def _arrow(self, edge: DrawEdge) -> Arrow | None:
        if self.tree.nodes[edge.source].weight and not self.options.show_weights:
            return None
        source, target = self._visible(edge.source), self._visible(edge.target)
        if not source or not target or source == target:
            return None
        return Arrow(source, target, edge.shape)

    def _visible(self, node_id: str) -> str:
        """Key that stands for the node; a node of a folded copy is seen as the whole fold."""
        key = self.seen_as.get(node_id)
        if key is not None:
            return key
        path = self.tree.nodes[node_id].scope
        while path:
            if path in self.stand_in:
                return self._way_out(self.stand_in[path])
            path = path.rpartition("/")[0]
        return ""

    def _way_out(self, first: str) -> str:
        """Where an arrow from a folded chain starts: its box, or the last operator of an open one.

        Graphviz draws arrows between nodes, not frames, so an open frame needs a member.
        """
        box = self.boxes.get(scope_key(first))
        if box is None:
            return self._visible_inside(first)
        return self._visible_inside(first) if box.is_open else scope_key(first)

    def _visible_inside(self, path: str) -> str:
        last = [source for source, target in self.tree.flows[path] if target == "@out"]
        if not last:
            return ""
        key = last[-1]
        return self._way_out(key[:-1]) if key.endswith("/") else self.seen_as.get(key, "")


def _forward_only(drawing: Drawing) -> Drawing:
    nodes = tuple(node for node in drawing.nodes if node.role in ("forward", "copy"))
    ids = {node.id for node in nodes}
    edges = tuple(edge for edge in drawing.edges if {edge.source, edge.target} <= ids)
    return replace(drawing, nodes=nodes, edges=edges)


def _without_ops(drawing: Drawing, hidden: Collection[str]) -> Drawing:
    """Take operators of the types `hidden` out and connect their readers to what they read."""
    if not hidden:
        return drawing
    gone = {node.id for node in drawing.operators if node.op in hidden}
    weights = {node.id for node in drawing.nodes if node.weight}
    first: dict[str, DrawEdge] = {}
    for edge in drawing.edges:
        if edge.target in gone and edge.source not in weights:
            first.setdefault(edge.target, edge)
    edges: list[DrawEdge] = []
    for edge in drawing.edges:
        source: DrawEdge | None = edge
        while source is not None and source.source in gone:
            source = first.get(source.source)
        if source is not None and edge.target not in gone:
            edges.append(replace(source, target=edge.target))
    nodes = tuple(node for node in drawing.nodes if node.id not in gone)
    return replace(drawing, nodes=nodes, edges=tuple(edges))
