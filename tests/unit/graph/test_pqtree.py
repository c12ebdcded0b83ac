from itertools import permutations, product
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlstudio.graph.pqtree import free, leaf, leaves, order_within, reduce, replace, runs

COUNT = 6
_SETS = st.lists(st.integers(1, 2**COUNT - 1), max_size=5)


def flat(count=COUNT):
    return free([leaf(i) for i in range(count)])


def orders(tree):
    """Every order of leaves that the tree allows."""
    if not tree.children:
        return {tuple(leaves(tree))}
    p_node = tree.kind == flat().kind
    rows = permutations(tree.children) if p_node else (tree.children, tree.children[::-1])
    return {sum(parts, ()) for row in rows for parts in product(*[orders(child) for child in row])}


def together(order, wanted):
    places = [k for k, i in enumerate(order) if wanted >> i & 1]
    return places[-1] - places[0] == len(places) - 1


def reduced(sets):
    tree = flat()
    for wanted in sets:
        tree = tree and reduce(tree, wanted)
    return tree


@given(sets=_SETS)
@settings(max_examples=150, deadline=None)
def test_a_tree_holds_exactly_the_orders_in_which_the_sets_are_consecutive(sets):
    tree = reduced(sets)
    right = {o for o in permutations(range(COUNT)) if all(together(o, s) for s in sets)}
    assert (orders(tree) if tree else set()) == right


@given(sets=_SETS)
@settings(max_examples=100, deadline=None)
def test_the_order_in_which_sets_come_does_not_matter(sets):
    assert reduced(sets) == reduced(sets[::-1])


@given(sets=_SETS, marked=st.integers(1, 2**COUNT - 1))
@settings(max_examples=150, deadline=None)
def test_one_run_is_possible_where_the_set_can_be_consecutive(sets, marked):
    tree = reduced(sets)
    if tree and reduce(tree, marked):
        assert runs(tree, marked) == 1


@given(sets=_SETS, block=st.integers(1, 2**COUNT - 2))
@settings(max_examples=150, deadline=None)
def test_a_block_is_ordered_in_agreement_with_the_others(sets, block):
    tree = reduced([*sets, block])
    if tree is None:
        return
    after = replace(tree, block, leaf(COUNT))
    allowed = orders(tree)
    for order in orders(after):
        position = {i: k for k, i in enumerate(order)}
        inner = order_within(tree, block, position, position[COUNT])
        whole = [i for k in order for i in (inner if k == COUNT else [k])]
        assert tuple(whole) in allowed


@pytest.mark.parametrize(("sets", "count"), [([], 720), ([0b11], 240), ([0b11, 0b110], 48)])
def test_freedom_is_the_logarithm_of_the_orders(sets, count):
    assert exp(reduced(sets).freedom) == pytest.approx(count)
