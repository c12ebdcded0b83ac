"""Scopes: the nested boxes of a picture, and the repeated boxes that fold into one, ``×12``.

Gluon says in which block an operator was made; a symbol file says nothing, but its names were built
from prefixes (``resnetv10_stage1_conv0_fwd``), so the prefixes that several operators share become
scopes. `tidy` then removes the boxes that would tell nothing, and `ScopeTree` answers who lies in
which box and what goes from box to box.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from dlstudio.viz.drawing import DrawEdge, Drawing, DrawNode

__all__ = ["IN", "OUT", "ScopeTree", "prefix_scopes", "scope_key", "tidy"]

CROWD = 300  # layered layout grows faster than linearly: a scope with more direct members is split
PART = 100

IN, OUT = "@in", "@out"  # the two doors of a scope: where values enter it and leave it


def scope_key(path: str) -> str:
    """Key of a scope among the children of its parent; node ids never end with a slash."""
    return path + "/"


def prefix_scopes(names: Iterable[str]) -> dict[str, str]:
    """Derive a scope path for each operator name from the prefixes that names share.

    ``stage1_conv0_fwd`` and ``stage1_conv1_fwd`` share ``stage1_``. Gluon's own prefixes end with a
    counter; one without a counter may be chance (``max_pool``, ``max_norm``), so it has to be
    shared by three operators.
    """
    tokens = {name: [part for part in name.split("_") if part] for name in names}
    shared: Counter[str] = Counter()
    for parts in tokens.values():
        for end in range(1, len(parts)):
            shared["/".join(parts[:end])] += 1

    def is_scope(path: str) -> bool:
        return shared[path] >= (2 if path[-1].isdigit() else 3)

    return {name: _kept(parts[:-1], is_scope) for name, parts in tokens.items()}


def _kept(parts: list[str], is_scope: Callable[[str], bool]) -> str:
    paths = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    return "/".join(part for part, path in zip(parts, paths, strict=True) if is_scope(path))


def tidy(drawing: Drawing) -> Drawing:
    """Remove boxes that say nothing, move weights to their readers, split crowds.

    A box around a single operator, around all operators, or around the same operators as its parent
    box is dissolved. Backward and update operators get a box of their own, since a forward box that
    also held its backward half would have arrows both into and out of everything.
    """
    paths: dict[str, str] = {}
    kinds: dict[str, str] = {}
    labels: dict[str, str] = {}
    for role in dict.fromkeys(node.role for node in drawing.operators):
        group = [node for node in drawing.operators if node.role == role]
        held = _held(group)
        renamed = _useful_paths(held, len(group), "" if role in ("forward", "copy") else role)
        labels.update({node.id: _label(node, held) for node in group})
        paths.update({node.id: renamed[node.scope] for node in group})
        kinds.update(_renamed(drawing.scopes, renamed))
    _split_crowds(drawing.operators, paths)
    paths.update(_weight_paths(drawing, paths))
    nodes = tuple(
        replace(node, scope=paths.get(node.id, ""), label=labels.get(node.id, node.label))
        for node in drawing.nodes
    )
    return replace(drawing, nodes=nodes, scopes=kinds)


def _renamed(kinds: Mapping[str, str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Carry the kinds of the boxes that remain over to their new paths."""
    return {
        renamed[path]: kind
        for path, kind in kinds.items()
        if path in renamed and renamed[path] != renamed[path.rpartition("/")[0]]
    }


def _held(nodes: Sequence[DrawNode]) -> Counter[str]:
    """Count the operators in each scope."""
    held: Counter[str] = Counter()
    for node in nodes:
        held.update(_ancestors(node.scope))
    return held


def _label(node: DrawNode, held: Mapping[str, int]) -> str:
    """Drop from a name what the boxes around it say; a box of one operator is not drawn."""
    if node.label != node.name:
        return node.label  # chosen by the reader
    rest, last = node.name, ""
    for path in _ancestors(node.scope):
        part = path.rsplit("/", 1)[-1]
        if held[path] > 1 and rest.startswith(part + "_"):
            rest, last = rest[len(part) + 1 :].lstrip("_"), part
    rest = rest.removesuffix("_fwd")
    half = len(rest) // 2
    if rest[:half] == rest[half + 1 :] and rest[half : half + 1] == "_":
        rest = rest[:half]  # "flatten0_flatten0": block and operator have the same name
    return last if rest == "fwd" else rest or node.name


def _useful_paths(held: Counter[str], total: int, root: str) -> dict[str, str]:
    """Map every path in use, and the paths above it, to what is left of it."""

    def useful(path: str) -> str:
        kept, above = [root] if root else [], total
        for ancestor in _ancestors(path):
            if 1 < held[ancestor] < above:
                kept.append(ancestor.rsplit("/", 1)[-1])
                above = held[ancestor]
        return "/".join(kept)

    return {path: useful(path) for path in ("", *held)}


def _ancestors(path: str) -> Iterator[str]:
    """Yield ``a``, ``a/b``, ``a/b/c`` for ``a/b/c``; nothing for the root."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)
    if path:
        yield path


def _split_crowds(operators: Sequence[DrawNode], paths: dict[str, str]) -> None:
    members: dict[str, list[str]] = defaultdict(list)
    for node in operators:
        members[paths[node.id]].append(node.id)
    for path, ids in members.items():
        if len(ids) <= CROWD:
            continue
        for start in range(0, len(ids), PART):
            part = ids[start : start + PART]
            name = f"{start + 1}–{start + len(part)}"
            for node_id in part:
                paths[node_id] = f"{path}/{name}" if path else name


def _weight_paths(drawing: Drawing, paths: dict[str, str]) -> dict[str, str]:
    """Put a weight into the innermost box that holds all operators that read it going forward."""
    readers: dict[str, list[str]] = defaultdict(list)
    backward = {node.id for node in drawing.nodes if node.role not in ("forward", "copy")}
    for edge in drawing.edges:
        if edge.target not in backward:
            readers[edge.source].append(paths.get(edge.target, ""))
    weights = (n.id for n in drawing.nodes if n.kind != "operator" and n.weight)
    return {node_id: _common(readers[node_id]) for node_id in weights}


def _common(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    split = [path.split("/") if path else [] for path in paths]
    shared: list[str] = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared)


class ScopeTree:
    """Who lies in which scope, what flows between the members of each scope, what repeats.

    Attributes
    ----------
    children : dict of str to list of str
        Scope path (``""`` is the root) to the keys of its members, in order of first appearance.
    flows : dict of str to dict of (str, str) to DrawEdge
        Scope path to the edges among its members; `IN` and `OUT` stand for the outside. Each pair
        keeps the first edge that made it.
    operators, params : Counter of str
        Operators in each scope, and elements of the weights in it.
    """

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.nodes = {node.id: node for node in drawing.nodes}
        self.children: dict[str, list[str]] = {"": []}
        self.operators: Counter[str] = Counter()
        self.params: Counter[str] = Counter()
        for node in drawing.nodes:
            self._add(node)
        self.flows: dict[str, dict[tuple[str, str], DrawEdge]] = defaultdict(dict)
        for edge in drawing.edges:
            self._route(edge)
        self._signatures: dict[str, int] = {}
        self._known: dict[object, int] = {}

    def _add(self, node: DrawNode) -> None:
        parent = ""
        for path in _ancestors(node.scope):
            if path not in self.children:
                self.children[path] = []
                self.children[parent].append(scope_key(path))
            parent = path
        self.children[node.scope].append(node.id)
        for path in ("", *_ancestors(node.scope)):
            self.operators[path] += node.kind == "operator"
            self.params[path] += node.params if node.weight and node.kind == "variable" else 0

    def _route(self, edge: DrawEdge) -> None:
        source, target = self.nodes[edge.source].scope, self.nodes[edge.target].scope
        top = _common([source, target])
        outer, inner = self._key_in(top, edge.source), self._key_in(top, edge.target)
        self.flows[top].setdefault((outer, inner), edge)
        for path in _between(source, top):
            self.flows[path].setdefault((self._key_in(path, edge.source), OUT), edge)
        for path in _between(target, top):
            self.flows[path].setdefault((IN, self._key_in(path, edge.target)), edge)

    def _key_in(self, scope: str, node_id: str) -> str:
        """Key of the member of `scope` that is, or holds, the node."""
        path = self.nodes[node_id].scope
        if path == scope:
            return node_id
        rest = path[len(scope) + 1 :] if scope else path
        step = rest.split("/", 1)[0]
        return scope_key(f"{scope}/{step}" if scope else step)

    def scopes(self) -> Iterator[str]:
        """Yield every scope path except the root, outer ones first."""
        yield from (path for path in self.children if path)

    def signature(self, scope: str) -> int:
        """Return a number that scopes built alike have in common, whatever their names."""
        if scope not in self._signatures:
            members = {key: place for place, key in enumerate(self.children[scope])}
            parts = tuple(self._part(key) for key in members)
            flows = frozenset((members.get(a, a), members.get(b, b)) for a, b in self.flows[scope])
            self._signatures[scope] = self._known.setdefault((parts, flows), len(self._known))
        return self._signatures[scope]

    def _part(self, key: str) -> object:
        if key.endswith("/"):
            return self.signature(key[:-1])
        node = self.nodes[key]
        return node.kind, node.op, node.params, node.role, tuple(sorted(node.attrs.items()))

    def folds(self) -> list[tuple[str, ...]]:
        """List the chains of equal sibling scopes, each the only reader of the one before it."""
        return [chain for scope in self.children for chain in self._chains(scope)]

    def _chains(self, scope: str) -> Iterator[tuple[str, ...]]:
        following = self._links(scope)
        inner = set(following.values())
        for first in following:
            if first in inner:
                continue
            chain = [first]
            while chain[-1] in following:
                chain.append(following[chain[-1]])
            yield tuple(key[:-1] for key in chain)

    def _links(self, scope: str) -> dict[str, str]:
        after: dict[str, set[str]] = defaultdict(set)
        before: dict[str, set[str]] = defaultdict(set)
        for source, target in self.flows[scope]:
            if source.endswith("/") or source == IN or not self.nodes[source].weight:
                after[source].add(target)
                before[target].add(source)
        links: dict[str, str] = {}
        for key in self.children[scope]:
            follower = next(iter(after[key]), "") if len(after[key]) == 1 else ""
            if (
                key.endswith("/")
                and follower.endswith("/")
                and before[follower] == {key}
                and self.signature(key[:-1]) == self.signature(follower[:-1])
            ):
                links[key] = follower
        return links


def _between(path: str, top: str) -> Iterator[str]:
    """Yield `path` and its ancestors below `top`, innermost first."""
    while path != top:
        yield path
        path = path.rpartition("/")[0]
