"""Random graphs of views and in-place candidates: a plan computes what the tape does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dlstudio as mx
from dlstudio import autograd, sym
from dlstudio.graph import pipeline, program
from dlstudio.graph.capture import CachedOp
from dlstudio.graph.ir import verify
from dlstudio.graph.on_tape import run_on_arrays
from dlstudio.trace import bus
from dlstudio.trace.events import SlotFreed, SlotTaken

SIDE = 4  # all values are 4 x 4, so that any two can meet

UNARY = {
    "tanh": sym.tanh,
    "sigmoid": sym.sigmoid,
    "relu": sym.relu,
    "square": sym.square,
    "turn": sym.transpose,
    "double": lambda x: x * 2.0,
    "fold": lambda x: sym.reshape(sym.reshape(x, shape=(2, 8)), shape=(SIDE, SIDE)),
    "turn and fold": lambda x: sym.reshape(sym.transpose(x), shape=(SIDE, SIDE)),
    "softmax": lambda x: sym.softmax(x, axis=-1),
    "center": lambda x: sym.broadcast_sub(x, sym.mean(x, axis=1, keepdims=True)),
    "halves": lambda x: sym.concat(*sym.split(x, num_outputs=2, axis=0)[::-1], dim=0),
    "rows": lambda x: sym.concat(
        sym.slice_axis(x, axis=0, begin=1, end=4), sym.slice_axis(x, axis=0, begin=0, end=1), dim=0
    ),
    "stop": sym.BlockGrad,
}  # fmt: skip
BINARY = {"add": lambda x, y: x + y, "multiply": lambda x, y: x * y, "product": sym.dot}


@st.composite
def graphs(draw):
    """A symbol over x and w with one to three outputs."""
    values = [sym.var("x"), sym.var("w")]
    for _ in range(draw(st.integers(1, 14))):
        pick = st.integers(max(0, len(values) - 5), len(values) - 1)
        if draw(st.booleans()):
            name = draw(st.sampled_from(sorted(UNARY)))
            values.append(UNARY[name](values[draw(pick)]))
        else:
            name = draw(st.sampled_from(sorted(BINARY)))
            values.append(BINARY[name](values[draw(pick)], values[draw(pick)]))
    heads = [
        values[-1],
        *(values[i] for i in draw(st.lists(st.integers(0, len(values) - 1), max_size=2))),
    ]
    return sym.Group(heads)


def _leaves():
    rng = np.random.default_rng(1)
    found = {n: mx.nd.array(rng.uniform(-1, 1, (SIDE, SIDE)), dtype="float64") for n in ("x", "w")}
    for array in found.values():
        array.attach_grad()
    return found


def _run(function, names):
    values = _leaves()
    with autograd.record():
        outs = function(values)
        loss = sum(
            ((o * (i + 1)).sum() for i, o in enumerate(outs)), mx.nd.zeros(1, dtype="float64")
        )
    loss.backward()
    return [o.asnumpy() for o in outs] + [values[n].grad.asnumpy() for n in names]


def _listed(result):
    return result if isinstance(result, list) else [result]


@given(net=graphs())
@settings(max_examples=120, deadline=None)
def test_a_poisoned_plan_computes_what_the_tape_does(net):
    names = net.list_arguments()
    if not names:
        return
    expected = _run(lambda v: run_on_arrays(net, v), names)
    op = CachedOp(net)
    program.poison = True
    try:
        for _ in range(2):
            got = _run(lambda v: _listed(op(*[v[n] for n in op.names])), names)
            for a, b in zip(got, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    finally:
        program.poison = False
    plan = op.plan()
    verify(plan.graph)
    assert plan.memory.lower_bound_bytes <= plan.memory.arena_bytes <= plan.memory.naive_bytes


@pytest.mark.parametrize(
    "off", [("order",), ("merge_repeated", "remove_identities"), pipeline.NAMES]
)
@given(net=graphs())
@settings(max_examples=25, deadline=None)
def test_no_pass_changes_the_numbers(off, net):
    names = net.list_arguments()
    expected = _run(lambda v: run_on_arrays(net, v), names)
    op = CachedOp(net)
    with pipeline.without(*off):
        got = _run(lambda v: _listed(op(*[v[n] for n in op.names])), names)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@given(net=graphs(), groups=st.lists(st.integers(0, 2), min_size=60, max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_placement_computes_the_same(net, groups):
    names = net.list_arguments()
    expected = _run(lambda v: run_on_arrays(net, v), names)
    from dlstudio.graph.compose import topological

    for node, group in zip(topological(net.outputs_), groups, strict=False):
        if node.op is not None:
            node.raw["__ctx_group__"] = f"g{group}"
    devices = {f"g{i}": mx.cpu(i) for i in range(3)}
    values = _leaves()
    grads = {n: mx.nd.zeros((SIDE, SIDE), dtype="float64") for n in names}
    executor = net.bind(mx.cpu(), {n: values[n] for n in names}, grads, group2ctx=devices)
    program.poison = True
    try:
        for _ in range(3):
            outs = executor.forward(is_train=True)
            heads = [
                mx.nd.full((SIDE, SIDE), i + 1, dtype="float64", ctx=o.context)
                for i, o in enumerate(outs)
            ]
            executor.backward(heads)
            got = [o.asnumpy() for o in outs] + [grads[n].asnumpy() for n in names]
            for a, b in zip(got, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    finally:
        program.poison = False


@given(net=graphs())
@settings(max_examples=60, deadline=None)
def test_watching_changes_no_number_and_slots_never_overlap(net):
    names = net.list_arguments()
    op = CachedOp(net)
    expected = _run(lambda v: _listed(op(*[v[n] for n in op.names])), names)
    seen = []
    end = bus.subscribe(seen.append)
    try:
        got = _run(lambda v: _listed(op(*[v[n] for n in op.names])), names)
    finally:
        end()
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    live = {}
    for e in seen:
        if isinstance(e, SlotTaken):
            for address, (nbytes, owner) in live.items():
                apart = e.address + e.nbytes <= address or address + nbytes <= e.address
                assert apart or e.previous == owner
            live[e.address] = (e.nbytes, e.owner)
        elif isinstance(e, SlotFreed):
            assert live.pop(e.address) == (e.nbytes, e.owner)
    assert not live
