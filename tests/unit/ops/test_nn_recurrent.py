"""The fused recurrent operator, CTC and sequences, against plain loops over time."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from dlstudio.core.interpret import raw

F = raw(np)
RNG = np.random.default_rng(5)
T, B, INPUTS, H = 4, 3, 2, 5
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(mode, x, h, c, wx, wh, bx, bh):
    """One step of a cell, from its formula."""
    a, b = x @ wx.T + bx, h @ wh.T + bh
    if mode == "lstm":
        i, f, g, o = np.split(a + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    if mode == "gru":
        (ar, az, an), (br, bz, bn) = np.split(a, 3, axis=1), np.split(b, 3, axis=1)
        z = sigmoid(az + bz)
        return (1 - z) * np.tanh(an + sigmoid(ar + br) * bn) + z * h, c
    return (np.tanh(a + b) if mode == "rnn_tanh" else np.maximum(a + b, 0)), c


def packed(mode, inputs):
    """Parameters of one layer and direction, packed and apart."""
    G = GATES[mode] * H
    parts = [RNG.normal(size=shape) * 0.5 for shape in ((G, inputs), (G, H), (G,), (G,))]
    return parts, np.concatenate([p.ravel() for p in parts])


@pytest.mark.parametrize("mode", list(GATES))
def test_a_layer_equals_its_cell_run_step_by_step(mode):
    parts, flat = packed(mode, INPUTS)
    x, h, c = RNG.normal(size=(T, B, INPUTS)), RNG.normal(size=(B, H)), RNG.normal(size=(B, H))
    cell = (c[None],) if mode == "lstm" else ()
    out = F.RNN(x, flat, h[None], *cell, mode=mode, state_size=H, num_layers=1)
    for t in range(T):
        h, c = step(mode, x[t], h, c, *parts)
        np.testing.assert_allclose(out[0][t], h, atol=1e-12)
    np.testing.assert_allclose(out[1][0], h, atol=1e-12)
    if mode == "lstm":
        np.testing.assert_allclose(out[2][0], c, atol=1e-12)


@pytest.mark.parametrize("mode", list(GATES))
def test_sequences_in_a_batch_give_what_they_give_alone(mode):
    directions, lengths = 2, np.array([2, 4, 1])
    size = 2 * (GATES[mode] * H) * (INPUTS + H + 2)
    flat, x = RNG.normal(size=size) * 0.5, RNG.normal(size=(T, B, INPUTS))
    state = RNG.normal(size=(directions, B, H))
    call = dict(mode=mode, state_size=H, num_layers=1, bidirectional=True)
    cell = state if mode == "lstm" else None
    out = F.RNN(x, flat, state, cell, lengths, use_sequence_length=True, **call)
    for b, n in enumerate(lengths):
        one = slice(b, b + 1)
        alone = F.RNN(
            x[:n, one], flat, state[:, one], None if cell is None else cell[:, one], **call
        )
        np.testing.assert_allclose(out[0][:n, one], alone[0], atol=1e-12)
        np.testing.assert_array_equal(out[0][n:, b], 0)
        np.testing.assert_allclose(out[1][:, one], alone[1], atol=1e-12)


def test_dropout_between_layers_acts_in_training_only():
    flat = RNG.normal(size=2 * (H + H + 2) * H + (INPUTS - H) * H)
    x, state = RNG.normal(size=(T, B, INPUTS)), np.zeros((2, B, H))
    call = dict(mode="rnn_tanh", state_size=H, num_layers=2)
    plain = F.RNN(x, flat, state, **call)[0]
    predicted = F.RNN(x, flat, state, p=0.5, **call)[0]
    np.testing.assert_array_equal(predicted, plain)
    rng = np.random.default_rng(0)
    trained = F.RNN(x, flat, state, p=0.5, training=True, rng=rng, **call)[0]
    assert not np.allclose(trained, plain)


# ---- CTC -------------------------------------------------------------------------------------
def collapse(path, blank):
    """The label that a path of symbols spells: repeats merged, blanks dropped."""
    merged = [s for i, s in enumerate(path) if i == 0 or s != path[i - 1]]
    return [s for s in merged if s != blank]


@pytest.mark.parametrize(
    ("blank_label", "labels"), [("first", [[1, 2], [2, 2]]), ("last", [[0, 1], [1, -1]])]
)
def test_ctc_sums_over_all_alignments(blank_label, labels):
    steps, C = 4, 3
    x = RNG.normal(size=(steps, 2, C))
    p = np.exp(x) / np.exp(x).sum(axis=2, keepdims=True)
    blank = 0 if blank_label == "first" else C - 1
    loss = F.CTCLoss(x, np.array(labels), blank_label=blank_label)
    for b, row in enumerate(labels):
        label = [s for s in row if s != (0 if blank_label == "first" else -1)]
        chance = sum(
            np.prod([p[t, b, s] for t, s in enumerate(path)])
            for path in product(range(C), repeat=steps)
            if collapse(path, blank) == label
        )
        np.testing.assert_allclose(loss[b], -np.log(chance))


def test_ctc_of_an_empty_label_is_the_chance_of_blanks_only():
    x = RNG.normal(size=(3, 1, 3))
    p = np.exp(x) / np.exp(x).sum(axis=2, keepdims=True)
    loss = F.CTCLoss(x, np.zeros((1, 2)))
    np.testing.assert_allclose(loss, -np.log(p[:, 0, 0]).sum(), rtol=1e-6)


# ---- sequences -------------------------------------------------------------------------------
def test_sequence_operators_follow_their_definitions():
    x, lengths = RNG.normal(size=(4, 3, 2)), np.array([1, 4, 2])
    used = dict(use_sequence_length=True)
    mask = F.SequenceMask(x, lengths, value=-1.0, **used)
    last, back = F.SequenceLast(x, lengths, **used), F.SequenceReverse(x, lengths, **used)
    for b, n in enumerate(lengths):
        np.testing.assert_array_equal(mask[:n, b], x[:n, b])
        np.testing.assert_array_equal(mask[n:, b], -1)
        np.testing.assert_array_equal(last[b], x[n - 1, b])
        np.testing.assert_array_equal(back[:n, b], x[:n, b][::-1])
        np.testing.assert_array_equal(back[n:, b], x[n:, b])
