"""Recurrent cells run over a whole sequence, forward and backward, on bare arrays.

One call is one layer in one direction. The input's part of the gates is one matrix product for
all steps; the loop over time holds only what depends on the state. Shapes:

    gx (T, B, G*H)   input part of the gates, biases included
    h0 (B, R)        first state; R = H, or the projection's size
    keep (T, B, 1)   1 while a sequence lasts, 0 after its end; None: all last
    blocks (T, B, K, H), states (T, B, R)   written by forward, read by backward

G gates: lstm i f g o, gru r z n, rnn one. K blocks: lstm i f g o c, gru r z n and the state's
part of n, rnn none.

References
----------
Hochreiter and Schmidhuber, "Long short-term memory", 1997; Cho et al., "Learning phrase
representations using RNN encoder-decoder", 2014.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

__all__ = ["BLOCKS", "GATES", "Weights", "run_backward", "run_forward"]

Array = Any

GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}
BLOCKS = {"rnn_relu": 0, "rnn_tanh": 0, "lstm": 5, "gru": 4}


class Weights(NamedTuple):
    """Parameters of one layer in one direction."""

    wx: Array  # (G*H, I)
    wh: Array  # (G*H, R)
    bx: Array  # (G*H,)
    bh: Array  # (G*H,)
    wr: Array = None  # (R, H), lstm with projection


class Clip(NamedTuple):
    """Bounds of the lstm's cell state."""

    low: float | None = None
    high: float | None = None
    nan: bool = False


def _sigmoid(xp: Any, x: Array) -> Array:
    return xp.tanh(x * 0.5) * 0.5 + 0.5


def _held(keep: Array, t: int, new: Array, old: Array) -> Array:
    """State after step t: a sequence that has ended keeps its last one."""
    return new if keep is None else keep[t] * new + (1 - keep[t]) * old


# ---- forward ---------------------------------------------------------------------------------
def run_forward(
    xp: Any, mode: str, w: Weights, x: Array, h: Array, c: Array, keep: Array, clip: Clip,
    order: range, blocks: Array, states: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Run a cell over x (T, B, I) in the given order of steps; answer the last h and c."""
    T, B, inputs = x.shape
    bias = w.bx if mode == "gru" else w.bx + w.bh
    gx = (x.reshape(T * B, inputs) @ w.wx.T + bias).reshape(T, B, w.wx.shape[0])
    for t in order:
        if mode == "lstm":
            h, c = _lstm_step(xp, w, gx[t], h, c, keep, t, clip, blocks[t])
        elif mode == "gru":
            h = _held(keep, t, _gru_step(xp, w, gx[t], h, blocks[t]), h)
        else:
            z = gx[t] + h @ w.wh.T
            h = _held(keep, t, xp.tanh(z) if mode == "rnn_tanh" else xp.maximum(z, 0), h)
        states[t] = h
    return h, c


def _lstm_step(
    xp: Any,
    w: Weights,
    gx: Array,
    h: Array,
    c: Array,
    keep: Array,
    t: int,
    clip: Clip,
    block: Array,
) -> tuple[Array, Array]:
    B, H = c.shape
    gates = (gx + h @ w.wh.T).reshape(B, 4, H)
    block[:, :2] = _sigmoid(xp, gates[:, :2])
    block[:, 2] = xp.tanh(gates[:, 2])
    block[:, 3] = _sigmoid(xp, gates[:, 3])
    new = block[:, 1] * c + block[:, 0] * block[:, 2]
    if clip.low is not None:
        new = _clipped(xp, new, clip)
    block[:, 4] = _held(keep, t, new, c)
    y = block[:, 3] * xp.tanh(new)
    if w.wr is not None:
        y = y @ w.wr.T
    return _held(keep, t, y, h), block[:, 4]


def _clipped(xp: Any, c: Array, clip: Clip) -> Array:
    c = xp.clip(c, clip.low, clip.high)
    return xp.nan_to_num(c, nan=clip.low) if clip.nan else c


def _gru_step(xp: Any, w: Weights, gx: Array, h: Array, block: Array) -> Array:
    B, H = h.shape
    gx, gh = gx.reshape(B, 3, H), (h @ w.wh.T + w.bh).reshape(B, 3, H)
    block[:, :2] = _sigmoid(xp, gx[:, :2] + gh[:, :2])
    block[:, 3] = gh[:, 2]
    block[:, 2] = xp.tanh(gx[:, 2] + block[:, 0] * gh[:, 2])
    z = block[:, 1]
    return (1 - z) * block[:, 2] + z * h


# ---- backward --------------------------------------------------------------------------------
class Slopes(NamedTuple):
    """Gradients of one layer in one direction."""

    x: Array
    h: Array
    c: Array
    weights: Weights


def run_backward(
    xp: Any, mode: str, w: Weights, x: Array, h0: Array, c0: Array, keep: Array, clip: Clip,
    order: range, blocks: Array, states: Array, gy: Array, dh: Array, dc: Array,
) -> Slopes:  # fmt: skip
    """Gradients from those of the states (gy, T steps) and of the last h and c (dh, dc)."""
    T, B, inputs = x.shape
    steps = list(order)
    before = {t: states[p] for p, t in pairwise(steps)} | {steps[0]: h0}
    earlier = {t: blocks[p] for p, t in pairwise(steps)}
    G = w.wx.shape[0]
    gates = xp.zeros((T, B, G), x.dtype)  # gradients of the input's part of the gates
    inner = xp.zeros((T, B, G), x.dtype) if mode == "gru" else gates  # of the state's part
    wr = None if w.wr is None else xp.zeros_like(w.wr)
    for t in reversed(steps):
        dh = dh + gy[t]
        rest = 0 if keep is None else (1 - keep[t]) * dh
        dy = dh if keep is None else keep[t] * dh
        if mode == "lstm":
            cell = earlier[t][:, 4] if t in earlier else c0
            dc = _lstm_back(xp, w, blocks[t], cell, dy, dc, keep, t, clip, gates[t], wr)
        elif mode == "gru":
            rest = rest + dy * blocks[t][:, 1]
            _gru_back(blocks[t], before[t], dy, gates[t], inner[t])
        else:
            gates[t] = dy * (states[t] > 0 if mode == "rnn_relu" else 1 - states[t] ** 2)
        dh = rest + inner[t] @ w.wh
    past = xp.stack([before[t] for t in range(T)]).reshape(T * B, w.wh.shape[1])
    flat, flat_inner = gates.reshape(T * B, G), inner.reshape(T * B, G)
    weights = Weights(
        flat.T @ x.reshape(T * B, inputs), flat_inner.T @ past, flat.sum(axis=0),
        flat_inner.sum(axis=0), wr,
    )  # fmt: skip
    return Slopes((flat @ w.wx).reshape(T, B, inputs), dh, dc, weights)


def _lstm_back(
    xp: Any, w: Weights, block: Array, cell: Array, dy: Array, dc: Array, keep: Array, t: int,
    clip: Clip, gates: Array, wr: Array,
) -> Array:  # fmt: skip
    """Write the gradients of the gates; answer that of the cell state before the step."""
    i, f, g, o = (block[:, k] for k in range(4))
    raw = f * cell + i * g
    new = raw if clip.low is None else _clipped(xp, raw, clip)
    squashed = xp.tanh(new)
    if wr is not None:
        wr += dy.T @ (o * squashed)
        dy = dy @ w.wr
    rest = 0 if keep is None else (1 - keep[t]) * dc
    dnew = (dc if keep is None else keep[t] * dc) + dy * o * (1 - squashed * squashed)
    if clip.low is not None:
        dnew = dnew * ((raw >= clip.low) & (raw <= clip.high))
    out = gates.reshape(block.shape[0], 4, gates.shape[-1] // 4)
    out[:, 0] = dnew * g * i * (1 - i)
    out[:, 1] = dnew * cell * f * (1 - f)
    out[:, 2] = dnew * i * (1 - g * g)
    out[:, 3] = dy * squashed * o * (1 - o)
    return rest + dnew * f


def _gru_back(block: Array, h: Array, dy: Array, gates: Array, inner: Array) -> None:
    """Write the gradients of the gates, for the input's and for the state's part."""
    r, z, n, hn = (block[:, k] for k in range(4))
    dn = dy * (1 - z) * (1 - n * n)
    parts = (h.shape[0], 3, gates.shape[-1] // 3)
    out, back = gates.reshape(parts), inner.reshape(parts)
    out[:, 0] = back[:, 0] = dn * hn * r * (1 - r)
    out[:, 1] = back[:, 1] = dy * (h - n) * z * (1 - z)
    out[:, 2] = dn
    back[:, 2] = dn * r
