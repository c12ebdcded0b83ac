"""The checks of the symbolic side: every operator, alone in a compiled plan, answers as eagerly.

Reused memory is filled with NaN before each run (`program.poison`), so that a plan which reads a
buffer before writing it, or after giving it away, cannot pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from dlstudio.core import random, reverse, tape
from dlstudio.core.tensor import NDArray
from dlstudio.graph import program
from dlstudio.graph.capture import CachedOp
from dlstudio.graph.symbol import Symbol, create, var
from dlstudio.testing.sweep import (
    SEED,
    Case,
    differentiable_inputs,
    eager_gradients,
    forward,
    head_weights,
    present,
    tensors_of,
)

__all__ = ["GRAPH_CHECKS"]

Array = Any


@contextmanager
def _poisoned(training: bool, recording: bool) -> Iterator[None]:
    """Fill reused memory with NaN, and set the mode of the calls inside."""
    state = tape.state
    before = program.poison, state.training, state.recording
    program.poison, state.training, state.recording = True, training, recording
    try:
        yield
    finally:
        program.poison, state.training, state.recording = before


def _compiled(case: Case, count: int) -> CachedOp:
    """The operator as a graph of one node, its inputs as variables in order."""
    names = [f"input{i}" for i in range(count)]
    node: Symbol = create(case.op, [var(name) for name in names], dict(case.attrs), name="node")
    op = CachedOp(node, title=case.op.name)
    # a variadic operator without inputs, or one whose inputs are auxiliary, may list them otherwise
    assert sorted(op.names) == sorted(names), f"variables {op.names}, given {names}"
    return op


def _call(op: CachedOp, tensors: Sequence[Any]) -> list[NDArray]:
    random.seed(SEED)
    given = {f"input{i}": x for i, x in enumerate(tensors)}
    result = op(*[given[name] for name in op.names])
    return list(result) if isinstance(result, (list, tuple)) else [result]


def _applies(case: Case, arrays: Sequence[Any]) -> bool:
    """Plans take arrays and answer some; operators without, or with gaps, are checked eagerly."""
    if case.op.flags.dynamic or case.op.n_visible(case.attrs) == 0:
        return False
    return bool(arrays) and all(a is not None for a in arrays)


def check_plan_forward(case: Case) -> None:
    """A compiled plan computes what the eager call computes."""
    arrays = present(case.sample.inputs)
    if not _applies(case, arrays):
        return
    expected = forward(case, arrays)
    with _poisoned(case.training, recording=False):
        op = _compiled(case, len(arrays))
        for _ in range(2):  # the second run meets the first one's leftovers
            got = [x._data for x in _call(op, tensors_of([a.copy() for a in arrays]))]
            for out, value in zip(got, expected, strict=True):
                assert out.dtype == value.dtype, f"plan {out.dtype}, eager {value.dtype}"
                np.testing.assert_allclose(out, value, rtol=1e-12, atol=1e-12)


def check_plan_gradient(case: Case) -> None:
    """A compiled plan's gradients are the tape's."""
    arrays = present(case.sample.inputs)
    wanted = differentiable_inputs(case, arrays)
    if not _applies(case, arrays) or not wanted:
        return
    expected = eager_gradients(case, arrays, wanted)
    with _poisoned(case.training, recording=True):
        op = _compiled(case, len(arrays))
        tensors = _attached(arrays, wanted)
        outs = _floating(_call(op, tensors))
        if outs:
            heads = tensors_of(head_weights([o._data for o in outs]))
            got = reverse.gradients(outs, [tensors[i] for i in wanted], heads)
            _compare(got, expected, wanted)


def check_two_calls_before_backward(case: Case) -> None:
    """A block called twice keeps both calls' values until each has been differentiated."""
    arrays = present(case.sample.inputs)
    wanted = differentiable_inputs(case, arrays)
    if not _applies(case, arrays) or not wanted:
        return
    expected = eager_gradients(case, arrays, wanted)
    with _poisoned(case.training, recording=True):
        op = _compiled(case, len(arrays))
        first, second = _attached(arrays, wanted), _attached(arrays, wanted)
        both = [(_floating(_call(op, t)), t) for t in (first, second)]
        for outs, tensors in both:
            if outs:
                heads = tensors_of(head_weights([o._data for o in outs]))
                got = reverse.gradients(outs, [tensors[i] for i in wanted], heads)
                _compare(got, expected, wanted)


def _attached(arrays: Sequence[Array], wanted: Sequence[int]) -> list[NDArray]:
    tensors = tensors_of([a.copy() for a in arrays])
    for i in wanted:
        tensors[i].attach_grad()
    return tensors


def _floating(outs: Sequence[NDArray]) -> list[NDArray]:
    return [o for o in outs if o._entry is not None and o._data.dtype.kind == "f"]


def _compare(got: Sequence[Any], expected: Sequence[Any], wanted: Sequence[int]) -> None:
    for i, gradient, value in zip(wanted, got, expected, strict=True):
        eager = None if value is None else np.asarray(value)
        if gradient is None or eager is None:
            remaining = eager if gradient is None else np.asarray(gradient)
            assert remaining is None or not np.any(remaining), (
                f"input {i}: one side has no gradient"
            )
            continue
        np.testing.assert_allclose(
            gradient, eager, rtol=1e-10, atol=1e-11, err_msg=f"gradient of input {i}"
        )


GRAPH_CHECKS = (check_plan_forward, check_plan_gradient, check_two_calls_before_backward)
