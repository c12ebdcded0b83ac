"""Loops and branches as symbols, with shapes of their inputs; and how plans are checked."""

import numpy as np

import dlstudio as mx
from dlstudio import autograd, nd
from dlstudio.graph.on_tape import run_on_arrays

sym = mx.sym
contrib = mx.sym.contrib


def recurrent():
    """A recurrent layer: weights in the body, a value computed outside, one value twice."""
    outside = sym.exp(sym.var("scale"))

    def step(x, h):
        z = sym.FullyConnected(x, num_hidden=4, name="i2h")
        z = z + sym.FullyConnected(h, num_hidden=4, name="h2h")
        h = sym.tanh(sym.broadcast_mul(z, outside))
        return h, h

    outputs, state = contrib.foreach(step, sym.var("x"), sym.var("h"))
    return sym.Group([outputs, state]), {"x": (5, 2, 3), "scale": (1, 4)}


def two_states():
    def step(xs, states):
        a, (b,) = xs
        return [a * states[0], b], [states[0] + a, states[1] * sym.var("w")]

    outputs, states = contrib.foreach(
        step, [sym.var("a"), [sym.var("b")]], [sym.var("s"), sym.var("t")]
    )
    shapes = {"a": (3, 2), "b": (3, 2), "s": (2,), "t": (2,), "w": (2,)}
    return sym.Group([*outputs, *states]), shapes


def vector():
    outputs, state = contrib.foreach(lambda x, s: (x * s, s + x), sym.var("x"), sym.var("s"))
    return sym.Group([outputs, state]), {"x": (4,), "s": (1,)}


def counting(limit=3, most=5):
    outputs, (i, a) = contrib.while_loop(
        lambda i, a: i < limit,
        lambda i, a: (sym.sin(a * sym.var("w")), [i + 1, a * 2]),
        [sym.var("i"), sym.var("a")],
        max_iterations=most,
    )
    return sym.Group([outputs, i, a]), {"i": (1,), "a": (2,), "w": (2,)}


def never():
    return counting(limit=-1)


def always():
    return counting(limit=100, most=4)


def either(positive):
    x, y = sym.var("x"), sym.var("y")
    pred = x.sum() > 0 if positive else x.sum() < 0
    out = contrib.cond(pred, lambda: [x * y, sym.exp(x)], lambda: [sym.tanh(x) * x, -x])
    return sym.Group(out), {"x": (3,), "y": (3,)}


def branch_in_loop():
    w = sym.var("w")

    def step(x, s):
        r = contrib.cond(s.sum() < 0.9, lambda: x * w * s, lambda: x + sym.sigmoid(s))
        return r, s + r

    outputs, state = contrib.foreach(step, sym.var("x"), sym.var("s"))
    return sym.Group([outputs, state]), {"x": (5, 3), "s": (3,), "w": (3,)}


def loop_in_loop():
    w = sym.var("w")

    def row(x, s):
        out, s = contrib.foreach(lambda a, b: (a * b * w, sym.tanh(a + b)), x, s)
        return out.sum(axis=0), s

    outputs, state = contrib.foreach(row, sym.var("x"), sym.var("s"))
    return sym.Group([outputs, state]), {"x": (3, 2, 4), "s": (4,), "w": (4,)}


def loop_in_branch():
    x, s = sym.var("x"), sym.var("s")

    def summed():
        return contrib.foreach(lambda a, b: (a * b, a + b), x, s)[1]

    return contrib.cond(s.sum() > 0, summed, lambda: s * 2), {"x": (3, 2), "s": (2,)}


def while_in_loop():
    def step(x, s):
        out, last = contrib.while_loop(
            lambda v: v.sum() < 1, lambda v: (v * x, v + x), s, max_iterations=3
        )
        return out, last

    outputs, state = contrib.foreach(step, sym.var("x"), sym.var("s"))
    return sym.Group([outputs, state]), {"x": (3, 2), "s": (2,)}


def unread():
    """What the body does not read: data, a state, and a state that comes back as it was."""

    def step(x, states):
        return sym.var("w") * 2, [states[1], states[1]]

    outputs, states = contrib.foreach(step, sym.var("x"), [sym.var("s"), sym.var("t")])
    return sym.Group([outputs, *states]), {"x": (3, 2), "s": (2,), "t": (2,), "w": (2,)}


NETS = {
    "recurrent": recurrent, "two_states": two_states, "vector": vector, "counting": counting,
    "never": never, "always": always, "then": lambda: either(True), "else": lambda: either(False),
    "branch_in_loop": branch_in_loop, "loop_in_loop": loop_in_loop,
    "loop_in_branch": loop_in_branch, "while_in_loop": while_in_loop, "unread": unread,
}  # fmt: skip


def values(symbol, shapes):
    """Arrays for all arguments, always the same."""
    rng = np.random.default_rng(5)
    found = symbol.infer_shape(**shapes)[0]
    return {
        n: nd.array(rng.uniform(0.05, 0.45, s))
        for n, s in zip(symbol.list_arguments(), found, strict=True)
    }


def eager(symbol, given):
    """Outputs and gradients of sum((i + 1) * y_i ** 2), operator by operator on the tape."""
    for x in given.values():
        x.attach_grad()
    with autograd.record():
        outputs = run_on_arrays(symbol, given)
        loss = sum(((y * y).sum() * (i + 1) for i, y in enumerate(outputs)), nd.zeros(1))
    loss.backward()
    return outputs, {n: x.grad.asnumpy() for n, x in given.items()}


def bound(symbol, given, req="write"):
    grads = {n: nd.zeros(x.shape) for n, x in given.items()}
    return symbol.bind(mx.cpu(), {n: x.copy() for n, x in given.items()}, grads, req)


def heads(outputs):
    return [2 * y * (i + 1) for i, y in enumerate(outputs)]
