"""Loops and branches drawn at random: plan == eager, and files round-trip."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import dlstudio as mx
from tests.unit.graph.control.nets import bound, contrib, eager, heads, sym, values

W = sym.var("w")
OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: sym.tanh(a) - b,
    lambda a, b: sym.broadcast_mul(a, W),
    lambda a, b: sym.reshape(sym.reshape(a, shape=(-1,)), shape=(2, 3)) + b,
    lambda a, b: sym.transpose(sym.transpose(a)) * 0.5,
    lambda a, b: sym.BlockGrad(b) + a,
    sym.maximum,
]


@st.composite
def programs(draw, depth=2):
    """A function of two symbols of shape (2, 3) that gives one."""
    chosen = draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=3))
    kinds = ["plain", "foreach", "while", "cond"] if depth else ["plain"]
    kind = draw(st.sampled_from(kinds))
    inner = draw(programs(depth - 1)) if depth else None

    def plain(a, b):
        for operation in chosen:
            a, b = operation(a, b), a
        return a

    def looped(a, b):
        rows = sym.stack(plain(a, b), b, a, axis=0)
        outputs, state = contrib.foreach(lambda x, s: (inner(x, s), inner(s, x)), rows, b)
        return outputs.mean(axis=0) + state

    def repeated(a, b):
        outputs, (_, last) = contrib.while_loop(
            lambda i, s: i < 2, lambda i, s: (inner(s, a), [i + 1, inner(a, s)]),
            [sym.zeros((1,)), b], max_iterations=3,
        )  # fmt: skip
        return outputs.sum(axis=0) * 0.5 + last

    def chosen_by_value(a, b):
        return contrib.cond(a.sum() < b.sum(), lambda: inner(a, b), lambda: plain(b, a))

    return {"plain": plain, "foreach": looped, "while": repeated, "cond": chosen_by_value}[kind]


@given(program=programs())
@settings(max_examples=8, deadline=None, derandomize=True)
def test_plan_equals_eager(program):
    symbol = program(sym.var("a"), sym.var("b"))
    shapes = {"a": (2, 3), "b": (2, 3)}
    if "w" in symbol.list_arguments():
        shapes["w"] = (1, 3)
    given_ = values(symbol, {k: v for k, v in shapes.items() if k in symbol.list_arguments()})
    outputs, gradients = eager(symbol, given_)
    loaded = mx.sym.load_json(symbol.tojson())
    for each in (symbol, loaded):
        executor = bound(each, given_)
        found = executor.forward(is_train=True)
        executor.backward(heads(outputs))
        np.testing.assert_allclose(found[0].asnumpy(), outputs[0].asnumpy(), rtol=1e-4, atol=1e-5)
        for name, gradient in gradients.items():
            np.testing.assert_allclose(
                executor.grad_dict[name].asnumpy(), gradient, rtol=1e-3, atol=1e-4
            )
