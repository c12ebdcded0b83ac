"""PQ-trees: every order of some leaves in which given sets of them are consecutive.

The leaves below a P node may be permuted freely, child by child; the children of a Q node keep
their order or turn it round. `reduce` keeps the orders in which one more set stands together. A
set of leaves is an integer with one bit per leaf, so that set operations cost next to nothing;
trees are immutable and written in one canonical way, so that equal trees compare equal.

References
----------
Booth, Lueker, "Testing for the consecutive ones property, interval graphs, and graph planarity
using PQ-tree algorithms", Journal of Computer and System Sciences 13, 1976. The templates are
theirs; their linear running time is not sought here, because our trees are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma, log
from typing import NamedTuple

__all__ = ["Node", "free", "leaf", "leaves", "order_within", "reduce", "replace", "runs"]

_LEAF, _P, _Q = 0, 1, 2


class Node(NamedTuple):
    """A tree: its leaves as bits, its kind, its children, and the logarithm of its orders."""

    mask: int
    kind: int
    children: tuple[Node, ...]
    freedom: float


def leaf(number: int) -> Node:
    """Make a tree of one leaf."""
    return Node(1 << number, _LEAF, (), 0.0)


def free(children: Sequence[Node]) -> Node:
    """Make a P node: its children stand in any order."""
    if len(children) == 1:
        return children[0]
    freedom = lgamma(len(children) + 1)
    return _node(_P, tuple(sorted(children)), freedom)


def _fixed(children: Sequence[Node]) -> Node:
    """Make a Q node; with two children, that is the same as a P node."""
    if len(children) < 3:
        return free(children)
    if children[0].mask > children[-1].mask:
        children = children[::-1]
    return _node(_Q, tuple(children), log(2))


def _node(kind: int, children: tuple[Node, ...], freedom: float) -> Node:
    mask = 0
    for child in children:
        mask |= child.mask
        freedom += child.freedom
    return Node(mask, kind, children, freedom)


def _make(kind: int, children: Sequence[Node]) -> Node:
    return free(children) if kind == _P else _fixed(children)


def leaves(tree: Node) -> list[int]:
    """List the leaves in one of the orders that the tree allows."""
    if tree.kind == _LEAF:
        return [tree.mask.bit_length() - 1]
    return [number for child in tree.children for number in leaves(child)]


# ---- one more consecutive set ----------------------------------------------------------------
def reduce(tree: Node, wanted: int) -> Node | None:
    """Keep the orders in which the leaves `wanted` are consecutive; None if there are none."""
    if tree.mask == wanted:
        return tree
    for i, child in enumerate(tree.children):
        if child.mask & wanted == wanted:  # all of them in one child: the rest stays as it is
            below = reduce(child, wanted)
            if below is None or below is child:
                return tree if below is child else None
            return _make(tree.kind, (*tree.children[:i], below, *tree.children[i + 1 :]))
    return _gather_free(tree, wanted) if tree.kind == _P else _gather_fixed(tree, wanted)


def _split(tree: Node, wanted: int) -> tuple[list[Node], list[Node], list[Node]]:
    """Children that hold none, some, and nothing but the wanted leaves."""
    none: list[Node] = []
    some: list[Node] = []
    full: list[Node] = []
    for child in tree.children:
        common = child.mask & wanted
        (none if not common else full if common == child.mask else some).append(child)
    return none, some, full


def _gather_free(tree: Node, wanted: int) -> Node | None:
    none, some, full = _split(tree, wanted)
    if len(some) > 2:
        return None
    row = [free(full)] if full else []
    if some:
        left = _to_the_end(some[0], wanted)
        if left is None:
            return None
        row = left + row
    if len(some) == 2:
        right = _to_the_end(some[1], wanted)
        if right is None:
            return None
        row += right[::-1]
    together = _fixed(row)
    return free([*none, together]) if none else together


def _gather_fixed(tree: Node, wanted: int) -> Node | None:
    row: list[Node] = []
    begun = ended = False
    for child in tree.children:
        common = child.mask & wanted
        if not common:
            ended = begun
            row.append(child)
            continue
        if ended:
            return None
        if common == child.mask:
            row.append(child)
        else:
            part = _to_the_end(child, wanted)
            if part is None:
                return None
            ended = begun  # a partial child after the first closes the run
            row += part[::-1] if begun else part
        begun = True
    return _fixed(row)


def _to_the_end(tree: Node, wanted: int) -> list[Node] | None:
    """Children of a Q node with the same leaves, the wanted ones last; None if impossible."""
    common = tree.mask & wanted
    if common in (0, tree.mask):
        return [tree]
    if tree.kind == _Q:
        return _turn_to_the_end(tree.children, wanted)
    none, some, full = _split(tree, wanted)
    if len(some) > 1:
        return None
    middle = _to_the_end(some[0], wanted) if some else []
    if middle is None:
        return None
    return [*([free(none)] if none else []), *middle, *([free(full)] if full else [])]


def _turn_to_the_end(children: Sequence[Node], wanted: int) -> list[Node] | None:
    first, last = children[0].mask, children[-1].mask
    if first & wanted == first or not last & wanted:
        children = children[::-1]
    row: list[Node] = []
    begun = False
    for child in children:
        common = child.mask & wanted
        if begun and common != child.mask:
            return None
        begun = bool(common)
        part = _to_the_end(child, wanted)
        if part is None:
            return None
        row += part
    return row


# ---- leaves that go and come -----------------------------------------------------------------
def replace(tree: Node, old: int, new: Node) -> Node:
    """Put `new` where the leaves `old` are, which `reduce` has made consecutive."""
    if tree.mask == old:
        return new
    row: list[Node] = []
    placed = False
    for child in tree.children:
        common = child.mask & old
        if common == 0:
            row.append(child)
        elif common != child.mask:
            row.append(replace(child, old, new))
        elif not placed:
            row.append(new)
            placed = True
    return _make(tree.kind, row)


def order_within(tree: Node, block: int, position: dict[int, int], base: int) -> list[int]:
    """Order the leaves of a consecutive block in agreement with where the others stand.

    Parameters
    ----------
    block : int
        The leaves to order, as bits.
    position : dict
        Where each leaf outside the block stands, in one order that the tree allows.
    base : int
        Where the block stands.
    """
    if tree.mask == block:
        return leaves(tree)
    for child in tree.children:
        if child.mask & block == block:
            return order_within(child, block, position, base)
    # neighbours below a Q node: their order turns with it
    inside = [i for i, child in enumerate(tree.children) if child.mask & block]
    order = [number for i in inside for number in leaves(tree.children[i])]
    outside = inside[0] - 1 if inside[0] else inside[-1] + 1
    stands_below = position[leaves(tree.children[outside])[0]] < base
    return order if stands_below == (outside < inside[0]) else order[::-1]


def runs(tree: Node, marked: int) -> int:
    """Estimate the fewest consecutive runs that the marked leaves can form."""
    return _runs(tree, marked)[0]


def _runs(tree: Node, marked: int) -> tuple[int, int]:
    """Give the fewest runs, and how many ends of the tree they reach: 0, 1 or 2."""
    common = tree.mask & marked
    if common == 0:
        return 0, 0
    if common == tree.mask:
        return 1, 2
    return (_runs_free if tree.kind == _P else _runs_fixed)(tree, marked)


def _runs_free(tree: Node, marked: int) -> tuple[int, int]:
    count = through = one_end = full = 0
    for child in tree.children:
        if child.mask & marked == child.mask:
            full = 1  # however many there are, they can stand together
        elif child.mask & marked:
            number, ends = _runs(child, marked)
            count += number
            through += ends == 2
            one_end += ends == 1
    through += full
    # those that reach both ends form a chain; those that reach one close it, or meet in pairs
    closing = min(2, one_end) if through else 0
    count += full - max(0, through - 1) - closing - (one_end - closing) // 2
    if not through and not one_end:
        return count, 0
    inside = one_end or any(not child.mask & marked for child in tree.children)
    return count, 1 if inside else 2


def _runs_fixed(tree: Node, marked: int) -> tuple[int, int]:
    count = ends = 0
    touches = False  # whether a run reaches the border with the next child
    for i, child in enumerate(tree.children):
        number, reach = _runs(child, marked)
        joins = touches and reach > 0
        count += number - joins
        ends += i == 0 and reach > 0
        touches = reach == 2 or (reach == 1 and not joins)
    return count, ends + touches
