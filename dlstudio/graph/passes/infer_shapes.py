"""Shapes of symbols whose inputs are partly unknown, in both directions.

An operator's `infer` rule wants whole shapes, and answers with whole shapes. For a dimension that
is unknown it is asked several times, with different numbers in its place: what stays the same in
all answers is known, and an output dimension that grows with an input dimension one to one gives
the input back when the output is known. So no operator needs a second rule for partial shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlstudio.core.avals import Aval
from dlstudio.core.unknown import stated
from dlstudio.errors import DTypeError, MXNetError, ShapeError
from dlstudio.graph.compose import label
from dlstudio.graph.passes.facts import Facts, Shape, known, merged, node_outputs

if TYPE_CHECKING:
    from dlstudio.core.node import Node

__all__ = ["visit"]

# divisible by what layers divide by: heads, groups, strides; 1 is shorter than everything
_STAND_INS = (60, 12, 96, 120, 1)
_GROWING = (60, 120, 4800)
_MAX_RANK = 6
Shapes = Sequence[Shape | None]


def visit(facts: Facts, node: Node) -> bool:
    """Learn what a node tells of its inputs and outputs; answer whether it has no more to tell."""
    _complete(facts, node)
    inputs = [facts.shape(edge) for edge in node.inputs]
    if all(known(shape) for shape in inputs):
        return _whole(facts, node)
    if all(shape is not None for shape in inputs):
        for i, shape in enumerate(_agreed([_answer(facts, node, s) for s in _filled(inputs)])):
            facts.learn_shape((node, i), shape, node)
    _from_outputs(facts, node)
    return False


def _whole(facts: Facts, node: Node) -> bool:
    """Learn the outputs, all inputs being known."""
    shapes = [facts.shape(edge) or () for edge in node.inputs]
    unsure = any(facts.dtype(edge) is None for edge in node.inputs)
    try:
        results = _computed(facts, node, shapes)
    except DTypeError:
        if unsure:
            return False  # a dtype that is not known yet may be to blame
        raise
    if not node.inputs:  # zeros(shape=(0, 4)): what reads it may say how large it is
        results = [stated(shape) for shape in results]
    for i, shape in enumerate(results):
        facts.learn_shape((node, i), shape, node)
    return all(known(shape) for shape in results)


def _computed(facts: Facts, node: Node, shapes: Sequence[Shape]) -> list[Shape]:
    """Output shapes for whole input shapes; what the operator raises if it refuses them."""
    refused: DTypeError | None = None
    for dtypes in facts.likely_dtypes(node):
        try:
            avals = [Aval(s, d) for s, d in zip(shapes, dtypes, strict=True)]
            return [aval.shape for aval in node_outputs(node, avals)]
        except DTypeError as error:
            refused = refused or error
    assert refused is not None
    raise refused


# ---- asking with stand-ins --------------------------------------------------------------------
def _fill(shape: Shape | None, number: int) -> Shape | None:
    return None if shape is None else tuple(number if n < 0 else n for n in shape)


def _filled(shapes: Shapes) -> list[list[Shape | None]]:
    """The shapes, once for each stand-in."""
    return [[_fill(shape, number) for shape in shapes] for number in _STAND_INS]


def _answer(facts: Facts, node: Node, shapes: Shapes) -> list[Shape] | None:
    """Output shapes for whole input shapes; None if the operator refuses them."""
    whole = [shape for shape in shapes if shape is not None]
    if len(whole) < len(shapes):
        return None
    try:
        return _computed(facts, node, whole)
    except MXNetError:
        return None


def _agreed(answers: Sequence[Shapes | None]) -> list[Shape | None]:
    """What all answers have in common: -1 for dimensions, None for shapes that differ."""
    found = [answer for answer in answers if answer is not None]
    if len(found) < 2:
        return []
    return [_common(shapes) for shapes in zip(*found, strict=False)]


def _common(shapes: Shapes) -> Shape | None:
    whole = [shape for shape in shapes if shape is not None]
    if len(whole) < len(shapes) or len({len(shape) for shape in whole}) > 1:
        return None
    return tuple(sizes[0] if len(set(sizes)) == 1 else -1 for sizes in zip(*whole, strict=True))


# ---- inputs from inputs -----------------------------------------------------------------------
def _complete(facts: Facts, node: Node) -> None:
    """Learn what the operator says its further inputs must be (the weight of a convolution)."""
    shapes = [facts.shape(edge) for edge in node.inputs]
    if all(known(shape) for shape in shapes):
        return
    for i, shape in enumerate(_completed(node, shapes)):
        if i < len(shapes) and not known(shapes[i]) and merged(shapes[i], shape) is not None:
            facts.learn_shape(node.inputs[i], shape, node)
    if _alike(node):
        _share(facts, node)


def _completed(node: Node, shapes: Shapes) -> list[Shape | None]:
    """Answer of the operator's `complete`, as far as it does not hang on unknown dimensions."""
    op = node.op
    if op is None or op.complete is None:
        return []
    answers: list[Shapes | None] = []
    for number in _STAND_INS[: 2 if known(shapes[0]) or shapes[0] is None else None]:
        asked = [_fill(s, number) if i == 0 or known(s) else None for i, s in enumerate(shapes)]
        try:
            answers.append(op.complete(tuple(asked), node.attrs))
        except (MXNetError, TypeError, IndexError, ValueError, ZeroDivisionError) as error:
            if op.flags.graphs and isinstance(error, ShapeError) and known(shapes[0]):
                raise ShapeError(f"{label(node)}: {error}") from None  # what is known contradicts
            continue  # not enough is known; `infer` explains if it never becomes enough
    return _agreed(answers)


_EXAMPLE = (3, 5)


def _alike(node: Node) -> bool:
    """Whether all inputs must have one shape, whichever of them is known."""
    op, count = node.op, len(node.inputs)
    if op is None or op.complete is None or count < 2:
        return False
    for i in (0, count - 1):
        asked = tuple(_EXAMPLE if k == i else None for k in range(count))
        try:
            if list(op.complete(asked, node.attrs)) != [_EXAMPLE] * count:
                return False
        except (MXNetError, TypeError, IndexError, ValueError):
            return False
    return True


def _share(facts: Facts, node: Node) -> None:
    """Let inputs that are alike tell each other their dimensions, and an output that is so too."""
    edges = list(node.inputs)
    if _answer(facts, node, [_EXAMPLE] * len(edges)) == [_EXAMPLE]:
        edges.append((node, 0))
    shape: Shape | None = None
    for edge in edges:
        if facts.shape(edge) is not None:
            shape = merged(shape, facts.shape(edge))
            if shape is None:
                return  # they contradict each other: the operator's own rule says so best
    for edge in edges:
        facts.learn_shape(edge, shape, node)


# ---- inputs from outputs ----------------------------------------------------------------------
def _from_outputs(facts: Facts, node: Node) -> None:
    outputs = [facts.shape((node, i)) for i in range(node.n_outputs)]
    if not node.inputs or not any(n >= 0 for shape in outputs for n in shape or ()):
        return
    if facts.shape(node.inputs[0]) is None:
        _guess_rank(facts, node, outputs)
    for i, edge in enumerate(node.inputs):
        for axis, size in enumerate(facts.shape(edge) or ()):
            if size < 0:
                _solve(facts, node, outputs, (i, axis))


def _guess_rank(facts: Facts, node: Node, outputs: Shapes) -> None:
    """Learn the number of axes of the first input, if only one number fits the output."""
    if outputs[0] is None:
        return
    fitting = [r for r in range(_MAX_RANK + 1) if _rank_gives(facts, node, r) == len(outputs[0])]
    if len(fitting) == 1:
        facts.learn_shape(node.inputs[0], (-1,) * fitting[0], node)


def _rank_gives(facts: Facts, node: Node, rank: int) -> int | None:
    """Number of axes of the output for `rank` axes of the first input; None if it is refused."""
    rest = [facts.shape(edge) for edge in node.inputs[1:]]
    answers = [
        _answer(facts, node, _with_companions(node, [(number,) * rank, *rest], number))
        for number in _STAND_INS
    ]
    shape = next(iter(_agreed(answers)), None)
    return None if shape is None else len(shape)


def _with_companions(node: Node, shapes: Shapes, number: int) -> list[Shape | None]:
    """`shapes` without unknowns, as far as the operator's `complete` can fill them."""
    whole = [_fill(shape, number) for shape in shapes]
    if all(shape is not None for shape in whole):
        return whole
    found = _completed(node, whole)
    return [s if s is not None or i >= len(found) else found[i] for i, s in enumerate(whole)]


def _solve(facts: Facts, node: Node, outputs: Shapes, place: tuple[int, int]) -> None:
    """Learn one dimension of an input from a known output dimension that grows with it."""
    answers = [_answer(facts, node, _grown(facts, node, place, n)) for n in _GROWING]
    if any(answer is None for answer in answers):
        return
    for k, shape in enumerate(outputs):
        for axis, size in enumerate(shape or ()):
            gains = {
                a[k][axis] - n if a and axis < len(a[k]) else None
                for a, n in zip(answers, _GROWING, strict=True)
            }
            gain = gains.pop()
            if gain is None or gains or size < 0:
                continue
            if size > gain or size == gain == 0:
                _learn_dimension(facts, node, place, size - gain)
                return


def _grown(facts: Facts, node: Node, place: tuple[int, int], number: int) -> list[Shape | None]:
    """Input shapes with `number` at `place` and a fixed stand-in for other unknown dimensions."""
    shapes = [facts.shape(edge) for edge in node.inputs]
    i, axis = place
    start = shapes[i] or ()
    shapes[i] = (*start[:axis], number, *start[axis + 1 :])
    return _with_companions(node, shapes, _GROWING[0])


def _learn_dimension(facts: Facts, node: Node, place: tuple[int, int], size: int) -> None:
    i, axis = place
    rank = len(facts.shape(node.inputs[i]) or ())
    facts.learn_shape(node.inputs[i], tuple(size if a == axis else -1 for a in range(rank)), node)
