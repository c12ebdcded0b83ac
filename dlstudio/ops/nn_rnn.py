"""The fused recurrent operator: lstm, gru and plain cells, stacked and bidirectional."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Float, Int
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, op
from dlstudio.errors import ArgumentError, ParamError, ShapeError, explain
from dlstudio.ops.nn_rnn_cells import BLOCKS, GATES, Clip, Weights, run_backward, run_forward
from dlstudio.ops.nn_rules import aval, expect_dtype, expect_float, expect_shape

Array = Any


class Shapes(NamedTuple):
    """Sizes: T steps, B examples, I inputs, L layers, D directions, H cells, R outputs."""

    mode: str
    T: int
    B: int
    I: int  # noqa: E741  the field's name
    L: int
    D: int
    H: int
    R: int

    @property
    def gates(self) -> int:
        """Rows of a gate matrix."""
        return GATES[self.mode] * self.H

    def inputs(self, layer: int) -> int:
        """Width of a layer's input."""
        return self.I if layer == 0 else self.D * self.R

    def sizes(self) -> int:
        """Length of the packed parameters."""
        per = self.gates * (self.R + 2) + (self.R * self.H if self.R != self.H else 0)
        widths = self.I + (self.L - 1) * self.D * self.R  # of the inputs of all layers
        return self.D * (self.L * per + self.gates * widths)


def _shapes(data: Any, attrs: Any) -> Shapes:
    if data.ndim != 3:
        raise ShapeError(
            explain(
                f"RNN: data has shape {tuple(data.shape)}.",
                "(T, B, I): steps, batch, inputs.",
                "data.swapaxes(0, 1) for (B, T, I)",
            )
        )
    H = attrs["state_size"]
    T, B, I = data.shape  # noqa: E741  the field's names
    return Shapes(
        attrs["mode"], T, B, I, attrs["num_layers"], 2 if attrs["bidirectional"] else 1, H,
        attrs["projection_size"] or H,
    )  # fmt: skip


def _views(n: Shapes, flat: Array) -> list[list[Weights]]:
    """Cut the packed parameters: all weights, layer by layer, then all biases."""
    position = 0

    def take(*shape: int) -> Array:
        nonlocal position
        size = int(np.prod(shape))
        position += size
        return flat[position - size : position].reshape(shape)

    matrices = [
        [
            (
                take(n.gates, n.inputs(layer)),
                take(n.gates, n.R),
                take(n.R, n.H) if n.R != n.H else None,
            )
            for _ in range(n.D)
        ]
        for layer in range(n.L)
    ]
    return [
        [Weights(wx, wh, take(n.gates), take(n.gates), wr) for wx, wh, wr in layer]
        for layer in matrices
    ]


# ---- checks ----------------------------------------------------------------------------------
_NAMES = ("data", "parameters", "state", "state_cell", "sequence_length")


def _input_names(attrs: Any) -> tuple[str, ...]:
    present = (True, True, True, attrs["mode"] == "lstm", attrs["use_sequence_length"])
    return tuple(name for name, used in zip(_NAMES, present, strict=True) if used)


def _arranged(cell: Any, lengths: Any, attrs: Any) -> tuple[Any, Any]:
    """Tell cell from lengths: gru and plain cells have no cell, lengths may stand there."""
    if attrs["mode"] != "lstm" and lengths is None and attrs["use_sequence_length"]:
        return None, cell
    return cell, lengths


def _check(data: Any, parameters: Any, state: Any, cell: Any, lengths: Any, attrs: Any) -> Shapes:
    n = _shapes(data, attrs)
    if n.R != n.H and n.mode != "lstm":
        raise ParamError(f"RNN: parameter projection_size is for mode='lstm'. Got mode={n.mode!r}.")
    why = (
        f"all weights and biases of {n.L} layers x {n.D} directions, mode {n.mode}, "
        f"{n.I} inputs, state_size {n.H}"
    )
    expect_shape("RNN", "parameters", parameters, (n.sizes(),), why)
    expect_shape(
        "RNN", "state", state, (n.L * n.D, n.B, n.R), "(layers * directions, batch, state_size)"
    )
    if n.mode == "lstm" and cell is None:
        raise ArgumentError(
            explain(
                "RNN: mode='lstm' needs state_cell.", fix="RNN(data, parameters, state, cell, ...)"
            )
        )
    expect_shape(
        "RNN", "state_cell", cell, (n.L * n.D, n.B, n.H), "(layers * directions, batch, state_size)"
    )
    if attrs["use_sequence_length"]:
        expect_shape("RNN", "sequence_length", lengths, (n.B,), "one length per sequence")
    expect_dtype("RNN", data, parameters=parameters, state=state, state_cell=cell)
    return n


def _stored(n: Shapes, p: float) -> tuple[tuple[int, ...], ...]:
    """Shapes of the hidden outputs: gate blocks, states, dropout masks."""
    return (
        (n.L, n.D, n.T, n.B, BLOCKS[n.mode], n.H),
        (n.L, n.D, n.T, n.B, n.R),
        (n.L - 1 if p > 0 else 0, n.T, n.B, n.D * n.R),
    )


def _infer(
    data: Any, parameters: Any, state: Any, state_cell: Any = None, sequence_length: Any = None,
    **attrs: Any,
) -> tuple[Aval, ...]:  # fmt: skip
    cell, lengths = _arranged(state_cell, sequence_length, attrs)
    n = _check(data, parameters, state, cell, lengths, attrs)
    expect_float("RNN", data)
    shapes = [(n.T, n.B, n.D * n.R), (n.L * n.D, n.B, n.R)]
    if n.mode == "lstm":
        shapes.append((n.L * n.D, n.B, n.H))
    return tuple(aval(shape, data) for shape in (*shapes, *_stored(n, attrs["p"])))


def _complete(shapes: Any, attrs: Any) -> Any:
    if shapes[0] is None:
        return shapes
    n = _shapes(Aval(tuple(shapes[0]), np.dtype("float32")), attrs)
    known = {
        "data": shapes[0],
        "parameters": (n.sizes(),),
        "state": (n.L * n.D, n.B, n.R),
        "state_cell": (n.L * n.D, n.B, n.H),
        "sequence_length": (n.B,),
    }
    return [known[name] for name in _input_names(attrs)]


# ---- the operator ----------------------------------------------------------------------------
def _keep(xp: Any, lengths: Array, n: Shapes, dtype: Any) -> Array:
    if lengths is None:
        return None
    return (xp.arange(n.T)[:, None] < lengths).astype(dtype)[:, :, None]


def _order(direction: int, T: int) -> range:
    return range(T) if direction == 0 else range(T - 1, -1, -1)


def _clip(attrs: Any) -> Clip:
    low, high = attrs["lstm_state_clip_min"], attrs["lstm_state_clip_max"]
    if low is None or high is None:
        return Clip()
    return Clip(low, high, bool(attrs["lstm_state_clip_nan"]))


def _layer_output(xp: Any, states: Array, keep: Array) -> Array:
    """States of both directions side by side (T, B, D*R); zero after the end of a sequence."""
    y = xp.concatenate(list(states), axis=2)
    return y if keep is None else y * keep


def _grad(
    F: Any, g: Any, out: Any, data: Any, parameters: Any, state: Any, state_cell: Any = None,
    sequence_length: Any = None, **attrs: Any,
) -> tuple[Any, ...]:  # fmt: skip
    attrs = {k: v for k, v in attrs.items() if k not in ("training", "state_outputs")}
    cell, lengths = _arranged(state_cell, sequence_length, attrs)
    lstm = attrs["mode"] == "lstm"
    heads = [*g[: 3 if lstm else 2]] + ([] if lstm else [None])
    kept = out[3:] if lstm else out[2:]
    found = F.rnn_grad(data, parameters, state, *kept, cell, lengths, *heads, **attrs)
    return (*found, None, None) if not lstm else (*found, None)


def _samples(s: Any) -> list[Any]:
    def one(
        mode: str, size: int, *, R: int = 2, rows: int = 1, lengths: Any = None, **attrs: Any
    ) -> Any:
        cell = (rows, 2, attrs.get("state_size", 2)) if mode == "lstm" else None
        attrs = {"state_size": 2, "num_layers": 1, "mode": mode, **attrs}
        return s(
            s.normal(3, 2, 2), s.normal(size), s.normal(rows, 2, R),
            None if cell is None else s.normal(*cell), lengths, **attrs,
        )  # fmt: skip

    used: dict[str, Any] = dict(lengths=np.array([2, 3]), use_sequence_length=True)
    return [
        one("lstm", 48),
        one("lstm", 224, rows=4, num_layers=2, bidirectional=True, state_outputs=True),
        one("lstm", 96, rows=2, bidirectional=True, **used),
        one("lstm", 78, projection_size=2, state_size=3, state_outputs=True),
        one("lstm", 48, lstm_state_clip_min=-0.4, lstm_state_clip_max=0.4),
        one("gru", 36, state_outputs=True),
        one("gru", 168, rows=4, num_layers=2, bidirectional=True),
        one("gru", 72, rows=2, bidirectional=True, **used),
        one("rnn_tanh", 24, rows=2, num_layers=2, state_outputs=True),
        one("rnn_relu", 24, rows=2, bidirectional=True, **used),
        one("gru", 72, rows=2, num_layers=2, p=0.5),
    ]


_GRU = dict(mode="gru", state_size=2, num_layers=1)

_RNN_PARAMS = {
    "mode": Choice("rnn_relu", "rnn_tanh", "lstm", "gru"),
    "state_size": Int(1),
    "num_layers": Int(1),
    "p": Float(0, 1),
    "projection_size": Int(1, optional=True),
    "lstm_state_clip_min": Float(optional=True),
    "lstm_state_clip_max": Float(optional=True),
}


@op(
    "RNN",
    infer=_infer,
    grad=_grad,
    complete=_complete,
    input_names=_input_names,
    outputs=lambda attrs: 6 if attrs["mode"] == "lstm" else 5,
    visible=lambda attrs: (3 if attrs["mode"] == "lstm" else 2) if attrs["state_outputs"] else 1,
    constant=("sequence_length",),
    params=_RNN_PARAMS,
    names=Names(nd="RNN", npx="rnn", output="output state state_cell"),
    flags=Flags(random=True, mode=True, amp="fp32"),
    samples=_samples,
    second_order="the fused backward is no rule of operators; unroll cells for second derivatives",
    errors=lambda s: [
        bad(s((3, 2), (36,), (1, 2, 2), **_GRU), ShapeError, r"\(T, B, I\)"),
        bad(s((3, 2, 2), (5,), (1, 2, 2), **_GRU), ShapeError, r"\(36,\)"),
        bad(s((3, 2, 2), (36,), (2, 2, 2), **_GRU), ShapeError, "state has"),
        bad(
            s((3, 2, 2), (48,), (1, 2, 2), **{**_GRU, "mode": "lstm"}), ArgumentError, "state_cell",
        ),
        bad(s((3, 2, 2), (36,), (1, 2, 2), projection_size=1, **_GRU), ParamError, "projection"),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, parameters: Array, state: Array, state_cell: Array = None,
    sequence_length: Array = None, *, state_size: int, num_layers: int,
    bidirectional: bool = False, mode: str, p: float = 0.0, state_outputs: bool = False,
    projection_size: int | None = None, lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None, lstm_state_clip_nan: bool = False,
    use_sequence_length: bool = False, training: bool = False, rng: Any = None,
) -> tuple[Array, ...]:  # fmt: skip
    r"""Run stacked recurrent layers over a sequence.

    ========  =====================================================================================
    rnn_relu  :math:`h = \max(0, W x + b + U h + b')`; rnn_tanh with tanh
    lstm      :math:`i, f, o = \sigma(\cdot)`, :math:`g = \tanh(\cdot)`, :math:`c = f c + i g`,
              :math:`h = o \tanh c`
    gru       :math:`r, z = \sigma(\cdot)`, :math:`n = \tanh(W x + b + r (U h + b'))`,
              :math:`h = (1 - z) n + z h`
    ========  =====================================================================================

    Parameters
    ----------
    data : (T, B, I)
    parameters : all weights W, U of each layer and direction, then all biases b, b', flattened;
        gate order i f g o and r z n
    state, state_cell : (layers * directions, B, state_size); the cell for lstm only
    sequence_length : (B,), with ``use_sequence_length=True``
    p : dropout between layers, in training

    Returns
    -------
    (T, B, directions * state_size); with `state_outputs` also the last state (and cell)
    """
    attrs = dict(
        mode=mode, state_size=state_size, num_layers=num_layers, bidirectional=bidirectional,
        projection_size=projection_size, use_sequence_length=use_sequence_length,
        lstm_state_clip_min=lstm_state_clip_min, lstm_state_clip_max=lstm_state_clip_max,
        lstm_state_clip_nan=lstm_state_clip_nan,
    )  # fmt: skip
    cell, lengths = _arranged(state_cell, sequence_length, attrs)
    n = _check(data, parameters, state, cell, lengths, attrs)
    blocks, states, masks = (xp.zeros(shape, data.dtype) for shape in _stored(n, p))
    if len(masks):
        masks[...] = 1
        if training:
            masks *= (rng.random(masks.shape) >= p) / (1 - p) if p < 1 else 0
    last, cells = xp.empty_like(state), None if cell is None else xp.empty_like(cell)
    keep, clip, y = _keep(xp, lengths, n, data.dtype), _clip(attrs), data
    for layer, weights in enumerate(_views(n, parameters)):
        x = y * masks[layer - 1] if layer and len(masks) else y
        for d in range(n.D):
            k = layer * n.D + d
            c = None if cell is None else cell[k]
            h, c = run_forward(xp, mode, weights[d], x, state[k], c, keep, clip, _order(d, n.T),
                               blocks[layer, d], states[layer, d])  # fmt: skip
            last[k] = h
            if cells is not None:
                cells[k] = c
        y = _layer_output(xp, states[layer], keep)
    visible = (y, last) if cells is None else (y, last, cells)
    return (*visible, blocks, states, masks)


# ---- its gradient ----------------------------------------------------------------------------
def _infer_grad(data: Any, parameters: Any, state: Any, *rest: Any, mode: str, **_: Any) -> Any:
    found = [aval(x.shape, x) for x in (data, parameters, state)]
    if mode == "lstm":
        found.append(aval(rest[3].shape, rest[3]))
    return tuple(found)


def _grad_samples(s: Any) -> list[Any]:
    from dlstudio.core.interpret import raw

    found = []
    for sample in (_samples(s)[0], _samples(s)[5]):
        lstm = sample.attrs["mode"] == "lstm"
        inputs = sample.inputs
        out = raw(np).RNN(*inputs, **sample.attrs)
        heads = [s.normal(*x.shape) for x in out[: 3 if lstm else 2]] + [None] * (not lstm)
        attrs = {k: v for k, v in sample.attrs.items() if k != "state_outputs"}
        found.append(s(*inputs[:3], *out[-3:], *inputs[3:], *heads, **attrs))
    return found


@op(
    "rnn_grad",
    infer=_infer_grad,
    grad=NotDifferentiable("the fused backward is no rule of operators; unroll cells instead"),
    outputs=lambda attrs: 4 if attrs["mode"] == "lstm" else 3,
    params=_RNN_PARAMS,
    samples=_grad_samples,
)
def _(
    xp: Any, data: Array, parameters: Array, state: Array, blocks: Array, states: Array,
    masks: Array, state_cell: Array = None, sequence_length: Array = None, g: Array = None,
    g_state: Array = None, g_cell: Array = None, *, state_size: int, num_layers: int, mode: str,
    bidirectional: bool = False, p: float = 0.0, projection_size: int | None = None,
    lstm_state_clip_min: float | None = None, lstm_state_clip_max: float | None = None,
    lstm_state_clip_nan: bool = False, use_sequence_length: bool = False,
) -> tuple[Array, ...]:  # fmt: skip
    """Gradients of `RNN` for data, parameters, state and (lstm) cell: backpropagation through time.

    References
    ----------
    Werbos, "Backpropagation through time: what it does and how to do it", 1990.
    """
    attrs = dict(
        mode=mode, state_size=state_size, num_layers=num_layers, bidirectional=bidirectional,
        projection_size=projection_size, lstm_state_clip_min=lstm_state_clip_min,
        lstm_state_clip_max=lstm_state_clip_max, lstm_state_clip_nan=lstm_state_clip_nan,
    )  # fmt: skip
    n, clip = _shapes(data, attrs), _clip(attrs)
    keep = _keep(xp, sequence_length, n, data.dtype)
    slopes, dstate = xp.zeros_like(parameters), xp.zeros_like(state)
    dcell = None if state_cell is None else xp.zeros_like(state_cell)
    views, into = _views(n, parameters), _views(n, slopes)
    gy = xp.zeros((n.T, n.B, n.D * n.R), data.dtype) if g is None else g
    for layer in reversed(range(n.L)):
        gy = gy if keep is None else gy * keep
        x = data if layer == 0 else _layer_output(xp, states[layer - 1], keep)
        dropped = layer > 0 and len(masks) > 0
        x = x * masks[layer - 1] if dropped else x
        dx: Any = 0
        for d in range(n.D):
            k = layer * n.D + d
            found = run_backward(
                xp, mode, views[layer][d], x, state[k],
                None if state_cell is None else state_cell[k],
                keep, clip, _order(d, n.T), blocks[layer, d], states[layer, d],
                gy[:, :, d * n.R : (d + 1) * n.R],
                xp.zeros_like(state[k]) if g_state is None else g_state[k],
                0 if dcell is None or g_cell is None else g_cell[k],
            )  # fmt: skip
            dx, dstate[k] = dx + found.x, found.h
            if dcell is not None:
                dcell[k] = found.c
            for target, value in zip(into[layer][d], found.weights, strict=True):
                if target is not None:
                    target[...] = value
        gy = dx * masks[layer - 1] if dropped else dx
    return (gy, slopes, dstate) if dcell is None else (gy, slopes, dstate, dcell)
