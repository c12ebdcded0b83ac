"""Packing without waste: sweep through time with PQ-trees, keeping the most promising states.

Where the buffers alive fill the capacity at every time, they form a stack without gaps. When some
end, others must fill the holes exactly: a *block* of ending buffers that stood together gives way
to a block of starting ones with the same bytes. Which order the stack has need not be decided; a
PQ-tree holds every order that agrees with the blocks so far. Only which buffers form blocks is a
choice, and mostly the sizes leave just one. Where several remain, a beam keeps the states whose
blocks hardly fit by accident, and whose trees leave the most orders open and let the buffers that
end next come together.

A sweep that ends without a packing proves nothing. `exact.search` alternates it with a complete
search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import nlargest
from itertools import accumulate, combinations, cycle, pairwise, product
from math import comb, gcd, lgamma, log
from random import Random
from time import monotonic
from typing import Any, NamedTuple

from dlstudio.graph.pqtree import Node, free, leaf, leaves, order_within, reduce, replace, runs

__all__ = ["Sweep"]

_SEEN = 2  # states per state kept that are looked at ahead
_SUMS = 12  # buffers whose sums are compared
_SUBSETS = 1000  # of one size are tried on either side of a block, not more
_STEPS = 20_000  # to find larger subsets of given bytes
_HORIZON, _DECAY = 6, 0.8  # events looked ahead, and how much less the next one counts
_TRUST = (0.4, 1.5)  # in evidence, against the logarithm of the orders left: in turns
_APART = 6.0  # a run too many at an event, against the logarithm of the orders left


class _OutOfTimeError(Exception):
    """The deadline has passed."""


class _Block(NamedTuple):
    """Ending buffers that stand together, and the starting ones that take their place."""

    ends: tuple[int, ...]
    starts: tuple[int, ...]
    mask: int  # `ends` as bits
    node: Node  # `starts` as a tree
    evidence: float  # logarithm of how unlikely it is that it fits by accident


class _State(NamedTuple):
    """A tree of the buffers alive, those of the event still to place, and how it came about."""

    tree: Node
    ends: tuple[int, ...]
    starts: tuple[int, ...]
    evidence: float  # of all blocks so far
    history: Any  # (earlier history, tree before the block was replaced, block) or None


class _Choices:
    """The blocks with the largest buffer of an event, made when asked for."""

    def __init__(self, blocks: Iterator[_Block]) -> None:
        self._known: list[_Block] = []
        self._more = blocks

    def __iter__(self) -> Iterator[_Block]:
        yield from self._known
        for block in self._more:
            self._known.append(block)
            yield block


class Sweep:
    """Beam searches over one instance in one direction of time.

    Parameters
    ----------
    lower, upper, size : equally long lists of int
        Buffers that fill the capacity at every time between the first `lower` and the last
        `upper`. Sizes are positive.
    """

    def __init__(self, lower: Sequence[int], upper: Sequence[int], size: Sequence[int]) -> None:
        self.size = size
        self.unit = gcd(*size)
        times = sorted({*lower, *upper})
        self.ends: dict[int, list[int]] = {t: [] for t in times}
        self.starts: dict[int, list[int]] = {t: [] for t in times}
        for i in sorted(range(len(size)), key=lambda i: (-size[i], upper[i])):
            self.starts[lower[i]].append(i)
            self.ends[upper[i]].append(i)
        self.times = times
        self.ending = [sum(1 << i for i in self.ends[t]) for t in times]
        # equal buffers may trade places: one counts only after the one before it
        self.twin = {
            b: a
            for row in self.starts.values()
            for a, b in pairwise(row)
            if (size[a], upper[a]) == (size[b], upper[b])
        }
        self.together = self._forced_sets(lower)
        self._trusts, self._trust = cycle(_TRUST), _TRUST[0]
        self._chance = Random(0).random  # seeded: the same instance gives the same answer
        self.choices: dict[Any, _Choices] = {}
        self.deadline = 0.0

    def run(self, width: int, options: int, deadline: float) -> dict[int, int] | None:
        """Sweep once, keeping `width` states and trying `options` blocks from each.

        Returns
        -------
        dict or None
            The offset of each buffer, or None if every state kept comes to a dead end, or
            `time.monotonic` passes the deadline.
        """
        self.deadline = deadline
        self.choices.clear()
        self._trust = next(self._trusts)
        try:
            last = self._last(width, options)
        except _OutOfTimeError:
            return None
        return self._offsets(last) if last else None

    def _last(self, width: int, options: int) -> _State | None:
        first = _State(free([leaf(i) for i in self.starts[self.times[0]]]), (), (), 0.0, None)
        states = self._joined(0, [first])
        for k in range(1, len(self.times) - 1):
            states = self._pass(k, states, width, options)
            if not states:
                return None
        return states[0]

    # ---- one event -----------------------------------------------------------------------
    def _pass(self, k: int, states: list[_State], width: int, options: int) -> list[_State]:
        """Replace the buffers that end at event `k`, block by block."""
        ends, starts = tuple(self.ends[self.times[k]]), tuple(self.starts[self.times[k]])
        waiting = [_State(s.tree, ends, starts, s.evidence, s.history) for s in states]
        done: dict[Node, _State] = {}
        while waiting:
            found: dict[Any, _State] = {}
            for state in waiting:
                for after in self._continued(state, options):
                    if after.ends:
                        found.setdefault(after[:3], after)
                    else:
                        done.setdefault(after.tree, after)
            waiting = self._best(k, list(found.values()), width)
        return self._best(k, self._joined(k, list(done.values())), width)

    def _continued(self, state: _State, options: int) -> Iterator[_State]:
        if monotonic() > self.deadline:
            raise _OutOfTimeError
        key = state.ends, state.starts
        if key not in self.choices:
            self.choices[key] = _Choices(self._blocks(*key))
        reduced: dict[int, Node | None] = {}
        for block in self.choices[key]:
            if block.mask not in reduced:
                reduced[block.mask] = reduce(state.tree, block.mask)
            tree = reduced[block.mask]
            if tree is None:
                continue
            yield _State(
                replace(tree, block.mask, block.node),
                tuple(i for i in state.ends if i not in block.ends),
                tuple(i for i in state.starts if i not in block.starts),
                state.evidence + block.evidence,
                (state.history, tree, block),
            )
            options -= 1
            if not options:
                return

    def _best(self, k: int, states: list[_State], width: int) -> list[_State]:
        """Keep the most promising states; chance breaks near ties, differently in each run."""
        if len(states) <= width:
            return states
        known = [(self._evidence(s) + self._chance(), s) for s in states]
        if len(states) > _SEEN * width:  # looking ahead costs more than the freedom, which is known
            known = nlargest(_SEEN * width, known, key=lambda e: e[0] + e[1].tree.freedom)
        best = nlargest(width, known, key=lambda e: e[0] + self._promise(k, e[1].tree))
        return [state for _, state in best]

    def _evidence(self, state: _State) -> float:
        """Rate the blocks so far; fewer ways to choose them remain where fewer buffers do."""
        return self._trust * (state.evidence + _ways(state.ends) + _ways(state.starts))

    def _promise(self, k: int, tree: Node) -> float:
        """Rate a tree: many orders are left, and buffers that end together can stand together."""
        promise, weight = tree.freedom, 1.0
        for j in range(k + 1, min(k + 1 + _HORIZON, len(self.times) - 1)):
            here = self.ending[j] & tree.mask
            if here & (here - 1):  # two at least
                count = runs(tree, here)
                promise -= weight * (count - 1)
                if here == self.ending[j]:  # every run needs a buffer that starts there
                    promise -= _APART * max(0, count - len(self.starts[self.times[j]]))
            weight *= _DECAY
        return promise

    # ---- what must stand together ----------------------------------------------------------
    def _forced_sets(self, lower: Sequence[int]) -> dict[int, list[int]]:
        """Sets that must be consecutive after an event, because they form one block later on."""
        event = {t: k for k, t in enumerate(self.times)}
        forced: dict[int, list[int]] = {}
        for t in self.times[1:-1]:
            if not self._is_one_block(self.ends[t], self.starts[t]):
                continue
            block = set(self.ends[t])
            # Where all that starts at an event is in the block, what ends there was in its place.
            while (born := max(lower[i] for i in block)) > self.times[0]:
                if not block.issuperset(self.starts[born]):
                    break
                block = block.difference(self.starts[born]).union(self.ends[born])
            if len(block) > 1:
                forced.setdefault(event[born], []).append(sum(1 << i for i in block))
        return forced

    def _is_one_block(self, ends: list[int], starts: list[int]) -> bool:
        """Whether no proper parts of what ends and of what starts have equal bytes."""
        if min(len(ends), len(starts)) == 1:
            return True
        if max(len(ends), len(starts)) > _SUMS:
            return False  # perhaps, but it would take long to tell
        ending, starting = self._sums(ends), self._sums(starts)
        return len(ending & starting) == 2  # nothing, and everything

    def _sums(self, buffers: list[int]) -> set[int]:
        sums = {0}
        for i in buffers:
            sums |= {total + self.size[i] for total in sums}
        return sums

    def _joined(self, k: int, states: list[_State]) -> list[_State]:
        """Keep the orders in which the sets that event `k` completes are consecutive."""
        for wanted in self.together.get(k, ()):
            trees = [(state, reduce(state.tree, wanted)) for state in states]
            states = [state._replace(tree=tree) for state, tree in trees if tree is not None]
        return states

    # ---- blocks --------------------------------------------------------------------------
    def _blocks(self, ends: tuple[int, ...], starts: tuple[int, ...]) -> Iterator[_Block]:
        """Blocks of equal bytes that hold the largest buffer.

        Everything in one comes first, then everything but one pair: they are hidden behind many
        simple blocks otherwise, most of which fit by chance.
        """
        yield self._block(ends, starts)
        largest = max(self.size[ends[0]], self.size[starts[0]])
        for i, j in product(ends, starts):
            if self.size[i] == self.size[j] < largest:
                yield self._block(_without(ends, i), _without(starts, j))
        begins = self.size[starts[0]] >= self.size[ends[0]]
        own, other = (starts, ends) if begins else (ends, starts)
        for ours, theirs in self._matches(own, other):
            block_ends, block_starts = (theirs, ours) if begins else (ours, theirs)
            if self._comes_first(block_starts, starts):
                yield self._block(block_ends, block_starts)

    def _block(self, ends: tuple[int, ...], starts: tuple[int, ...]) -> _Block:
        """Make a block; large numbers seldom agree by accident, but many subsets have many sums."""
        total = sum([self.size[i] for i in ends]) // self.unit
        evidence = log(total) + _ways(ends) + _ways(starts)
        mask = sum(1 << i for i in ends)
        return _Block(ends, starts, mask, free([leaf(i) for i in starts]), evidence)

    def _comes_first(self, chosen: tuple[int, ...], starts: tuple[int, ...]) -> bool:
        """Whether no chosen buffer has a twin before it that is still to be chosen."""
        return not any(
            i in self.twin and self.twin[i] not in chosen and self.twin[i] in starts for i in chosen
        )

    def _matches(
        self, own: tuple[int, ...], other: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Proper subsets of equal bytes, the first of `own` among them, few buffers first."""
        first, rest = own[:1], own[1:]
        sums: dict[int, dict[int, list[tuple[int, ...]]]] = {}
        for number in range(2, len(own) + len(other) - 1):
            for b in range(1, min(number, len(other))):
                a = number - b - 1
                if a >= len(rest) or max(comb(len(rest), a), comb(len(other), b)) > _SUBSETS:
                    continue
                if b not in sums:
                    sums[b] = self._by_bytes(other, b)
                for chosen in combinations(rest, a):
                    ours = first + chosen
                    for theirs in sums[b].get(sum([self.size[i] for i in ours]), ()):
                        yield ours, theirs
        if comb(len(other), len(other) // 2) > _SUBSETS:  # some were left out
            yield from self._many_to_few(first, rest, other)

    def _many_to_few(
        self, first: tuple[int, ...], rest: tuple[int, ...], other: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Many buffers on the other side, against the first one alone or with one more."""
        for ours in (first, *[(*first, i) for i in rest[:-1]]):
            for theirs in self._exactly(other, sum([self.size[i] for i in ours])):
                if comb(len(other), len(theirs)) > _SUBSETS:
                    yield ours, theirs

    def _exactly(self, buffers: tuple[int, ...], total: int) -> Iterator[tuple[int, ...]]:
        """Subsets of so many bytes, until that takes too many steps."""
        left = [*accumulate([self.size[i] for i in reversed(buffers)])][::-1]
        stack: list[tuple[int, int, tuple[int, ...]]] = [(0, total, ())]
        for _ in range(_STEPS):
            if not stack:
                return
            at, missing, chosen = stack.pop()
            if not missing:
                yield chosen
            elif at < len(buffers) and left[at] >= missing:
                stack.append((at + 1, missing, chosen))
                after = missing - self.size[buffers[at]]
                if after >= 0:
                    stack.append((at + 1, after, (*chosen, buffers[at])))

    def _by_bytes(self, buffers: tuple[int, ...], number: int) -> dict[int, list[tuple[int, ...]]]:
        found: dict[int, list[tuple[int, ...]]] = {}
        for chosen in combinations(buffers, number):
            found.setdefault(sum([self.size[i] for i in chosen]), []).append(chosen)
        return found

    # ---- the way back --------------------------------------------------------------------
    def _offsets(self, state: _State) -> dict[int, int]:
        """Choose an order for the last stack; each block before it then has one that agrees."""
        offsets: dict[int, int] = {}
        self._stack(leaves(state.tree), 0, offsets)
        history = state.history
        while history is not None:
            history, tree, block = history
            base = min(offsets[i] for i in block.starts)
            self._stack(order_within(tree, block.mask, offsets, base), base, offsets)
        return offsets

    def _stack(self, order: list[int], base: int, offsets: dict[int, int]) -> None:
        for i in order:
            offsets[i] = base
            base += self.size[i]


def _ways(buffers: tuple[int, ...]) -> float:
    """Logarithm of the orders of buffers; a partition leaves the product of those of its parts."""
    return lgamma(len(buffers) + 1)


def _without(buffers: tuple[int, ...], left_out: int) -> tuple[int, ...]:
    return tuple(i for i in buffers if i != left_out)
