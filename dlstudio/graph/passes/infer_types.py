"""Dtypes of symbols whose inputs are partly unknown, in both directions.

An operator's `infer` rule is asked with dtypes tried in the place of unknown ones: an output that
is the same for all of them is known, and an input that only one of them suits is known as well.
Where shapes are unknown too, likely ones stand in, since dtypes hardly ever depend on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.errors import DTypeError, MXNetError
from dlstudio.graph.passes.facts import FLOAT32, Facts, Shape, node_outputs

if TYPE_CHECKING:
    from dlstudio.core.node import Node

__all__ = ["learn_dtypes"]

DTypes = Sequence[np.dtype[Any]]
_TRIED = tuple(np.dtype(name) for name in ("float32", "float64", "float16"))
_SIZE = 60  # in the place of unknown dimensions
_RANKS = (4, 2, 3, 5, 1, 0)  # in the place of unknown shapes: images, rows, sequences, ...
_ROUNDS = 16


def learn_dtypes(facts: Facts, nodes: Sequence[Node], *, assume: bool = True) -> None:
    """Learn dtypes of all nodes, which stand inputs before users.

    Parameters
    ----------
    assume : bool
        Let variables that nothing tells the dtype of follow their neighbours, else be float32.

    Raises
    ------
    DTypeError
        If dtypes contradict each other; the message names the node and its line.
    """
    asker = _Asker(facts)
    applied = [node for node in nodes if node.op is not None]
    _spread(asker, applied)
    if not assume:
        return
    for node in nodes:
        if node.is_variable:
            continue
        asker.complete(node)
        asker.assume(node)
        asker.outputs(node)
    for node in nodes:
        facts.learn_dtype((node, 0), FLOAT32)


def _spread(asker: _Asker, applied: Sequence[Node]) -> None:
    """Go forwards and backwards until nothing new is learned."""
    order = list(applied)
    for _ in range(_ROUNDS):
        asker.facts.changed = False
        for node in order:
            asker.complete(node)
            asker.inputs(node)
            asker.outputs(node)
        if not asker.facts.changed:
            return
        order.reverse()


class _Asker:
    """Asks operators about dtypes; remembers which shapes they took."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.shapes: dict[int, list[Shape] | None] = {}

    # ---- what a node tells -----------------------------------------------------------------
    def complete(self, node: Node) -> None:
        """Learn what the operator says of its further inputs, whatever the data."""
        rule = node.op and node.op.complete_dtypes
        if not rule:
            return
        dtypes = [self.facts.dtype(edge) for edge in node.inputs]
        for edge, dtype in zip(node.inputs, rule(dtypes, node.attrs), strict=False):
            self.facts.learn_dtype(edge, dtype)

    def outputs(self, node: Node) -> None:
        """Learn the outputs, as far as they do not hang on inputs that are unknown."""
        if all(self.facts.dtype((node, i)) is not None for i in range(node.n_outputs)):
            return
        dtypes = [self.facts.dtype(edge) for edge in node.inputs]
        whole = [dtype for dtype in dtypes if dtype is not None]
        if len(whole) == len(dtypes):
            answers = [self._answer_or_raise(node, whole)]
        else:
            answers = [self._answer(node, _tried(dtypes, t)) for t in _TRIED]
        found = [answer for answer in answers if answer is not None]
        for i in range(node.n_outputs):
            stated = {answer[i] for answer in found if i < len(answer)}
            if len(stated) == 1 and (len(found) > 1 or len(answers) == 1):
                self.facts.learn_dtype((node, i), stated.pop())

    def inputs(self, node: Node) -> None:
        """Learn unknown inputs that only one dtype suits."""
        facts = self.facts
        dtypes = [facts.dtype(edge) for edge in node.inputs]
        results = [facts.dtype((node, i)) for i in range(node.n_outputs)]
        clues = [d for d in (*dtypes, *results) if d is not None]
        if not clues or all(d is not None for d in dtypes):
            return
        fitting = [
            tried
            for tried in dict.fromkeys((*clues, *_TRIED))
            if _agrees(self._answer(node, _tried(dtypes, tried)), results)
        ]
        if len(fitting) == 1:
            for edge in node.inputs:
                facts.learn_dtype(edge, fitting[0])

    def assume(self, node: Node) -> None:
        """Let variables of unknown dtype have the likeliest one that the operator takes."""
        candidates = list(self.facts.likely_dtypes(node))
        if len(candidates) > 1:
            taken = (c for c in candidates if self._answer(node, c) is not None)
            for edge, dtype in zip(node.inputs, next(taken, candidates[0]), strict=True):
                if edge[0].is_variable:
                    self.facts.learn_dtype(edge, dtype)

    # ---- asking ----------------------------------------------------------------------------
    def _answer_or_raise(self, node: Node, dtypes: DTypes) -> list[Any]:
        found = self._answer(node, dtypes)
        if found is not None:
            return found
        try:
            return [
                a.dtype for a in node_outputs(node, _avals(self.shapes[id(node)] or (), dtypes))
            ]
        except DTypeError as error:
            if error.__cause__ is not None:  # no rule about dtypes: the shapes that stood in
                return self._guess(node, dtypes)
            raise

    def _answer(self, node: Node, dtypes: DTypes) -> list[Any] | None:
        """Output dtypes for whole input dtypes; None if the operator refuses them."""
        if id(node) not in self.shapes:
            return self._first_answer(node, dtypes)
        shapes = self.shapes[id(node)]
        return self._guess(node, dtypes) if shapes is None else _ask(node, shapes, dtypes)

    def _first_answer(self, node: Node, dtypes: DTypes) -> list[Any] | None:
        """Find shapes that the operator takes, and answer with them."""
        for shapes in self._candidates(node):
            try:
                answer = [a.dtype for a in node_outputs(node, _avals(shapes, dtypes))]
            except DTypeError:
                self.shapes[id(node)] = shapes
                return None
            except MXNetError:
                continue
            self.shapes[id(node)] = shapes
            return answer
        self.shapes[id(node)] = None
        return self._guess(node, dtypes)

    def _candidates(self, node: Node) -> list[list[Shape]]:
        known = [self.facts.shape(edge) for edge in node.inputs]
        whole = [None if s is None else tuple(n or _SIZE for n in s) for s in known]
        if all(s is not None for s in whole):
            return [[s for s in whole if s is not None]]
        ranks = _RANKS if whole[0] is None else (len(whole[0]),)
        return [_companions(node, whole, (_SIZE,) * rank) for rank in ranks]

    @staticmethod
    def _guess(node: Node, dtypes: DTypes) -> list[Any]:
        """No shape was found: an output follows ``dtype=`` or the first input."""
        stated = node.attrs.get("dtype")
        first = dtypes[0] if dtypes else FLOAT32
        return [np.dtype(stated) if stated else first] * node.n_outputs


def _tried(dtypes: Sequence[np.dtype[Any] | None], tried: np.dtype[Any]) -> DTypes:
    # "d or tried" and "None in dtypes" would be wrong: NumPy takes None for float64
    return [tried if d is None else d for d in dtypes]


def _companions(node: Node, shapes: Sequence[Shape | None], first: Shape) -> list[Shape]:
    """Whole shapes for all inputs, the first being like `first` if it is unknown."""
    asked = (shapes[0] or first, *shapes[1:])
    filled: Sequence[Any] = asked
    if node.op is not None and node.op.complete is not None:
        try:
            filled = node.op.complete(asked, node.attrs)
        except (MXNetError, TypeError, IndexError, ValueError, ZeroDivisionError):
            filled = asked
    pairs = zip(asked, (*filled, *asked[len(filled) :]), strict=False)
    return [mine if mine is not None else (theirs or first) for mine, theirs in pairs]


def _avals(shapes: Sequence[Shape], dtypes: DTypes) -> list[Aval]:
    return [Aval(s, d) for s, d in zip(shapes, dtypes, strict=True)]


def _ask(node: Node, shapes: Sequence[Shape], dtypes: DTypes) -> list[Any] | None:
    try:
        return [a.dtype for a in node_outputs(node, _avals(shapes, dtypes))]
    except MXNetError:
        return None


def _agrees(answer: list[Any] | None, results: Sequence[Any]) -> bool:
    """Whether the operator took the dtypes, and gives what is known of its outputs."""
    if answer is None:
        return False
    return all(r is None or r == a for r, a in zip(results, answer, strict=False))
