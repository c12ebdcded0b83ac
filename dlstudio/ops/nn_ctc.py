"""Connectionist temporal classification: the loss of a label sequence without alignment.

The label, with blanks between and around its symbols, has S = 2 L + 1 states. `_alphas` sums the
probability of all alignments of a prefix, `_betas` of all alignments of a suffix; both work on
logarithms and on the whole batch, and loop over time only.

References
----------
Graves, Fernández, Gomez and Schmidhuber, "Connectionist temporal classification", ICML 2006.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, op
from dlstudio.errors import IndexRangeError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, expect_float, expect_shape

Array = Any

_LOW = -1e30  # a logarithm that stands for zero: sums of it stay finite


class Problem(NamedTuple):
    """One batch, ready for the recursions."""

    logs: Array  # (T, B, C) log-probabilities
    states: Array  # (B, S) symbol of each state
    skip: Array  # (B, S) whether a state can be reached from two states before
    steps: Array  # (B,) steps that count
    last: Array  # (B,) number of the last state, 2 * label length


def _arranged(data_lengths: Any, label_lengths: Any, attrs: Any) -> tuple[Any, Any]:
    """Tell the optional inputs apart: with use_label_lengths alone they may come third."""
    if not attrs["use_data_lengths"] and attrs["use_label_lengths"] and label_lengths is None:
        return None, data_lengths
    first = data_lengths if attrs["use_data_lengths"] else None
    return first, label_lengths if attrs["use_label_lengths"] else None


def _check(data: Any, label: Any, data_lengths: Any, label_lengths: Any) -> None:
    if data.ndim != 3 or label.ndim != 2 or label.shape[0] != data.shape[1]:
        raise ShapeError(
            explain(
                f"CTCLoss: data {tuple(data.shape)}, label {tuple(label.shape)}.",
                "data (T, B, C) and label (B, L): one row of label per example.",
            )
        )
    if label.shape[1] > data.shape[0]:
        raise ShapeError(
            explain(
                f"CTCLoss: {label.shape[1]} labels for {data.shape[0]} steps.",
                "no more labels than steps: each takes one step at least.",
            )
        )
    B = (data.shape[1],)
    expect_shape("CTCLoss", "data_lengths", data_lengths, B, "one length per example")
    expect_shape("CTCLoss", "label_lengths", label_lengths, B, "one length per example")
    expect_float("CTCLoss", data)


def _problem(
    xp: Any, data: Array, label: Array, data_lengths: Array, label_lengths: Array, blank: str
) -> Problem:
    T, B, C = data.shape
    label = label.astype("int64")
    if label.size and int(label.max()) >= C:
        raise IndexRangeError(
            explain(
                f"CTCLoss: label {int(label.max())} for data of {C} classes.",
                f"labels below {C}; one of the classes is the blank"
                f" ({0 if blank == 'first' else C - 1}).",
                "one output more than there are symbols, such as Dense(symbols + 1)",
            )
        )
    padding, blank_symbol = (0, 0) if blank == "first" else (-1, C - 1)
    if label_lengths is None:
        lengths = xp.cumprod(label != padding, axis=1).sum(axis=1)
    else:
        lengths = label_lengths.astype("int64")
    states = xp.full((B, 2 * label.shape[1] + 1), blank_symbol, "int64")
    states[:, 1::2] = xp.where(label == padding, blank_symbol, label)
    skip = xp.zeros(states.shape, "bool")
    skip[:, 2:] = (states[:, 2:] != blank_symbol) & (states[:, 2:] != states[:, :-2])
    shifted = data - data.max(axis=2, keepdims=True)
    logs = shifted - xp.log(xp.exp(shifted).sum(axis=2, keepdims=True))
    steps = xp.full((B,), T) if data_lengths is None else data_lengths.astype("int64")
    return Problem(logs, states, skip, steps, 2 * lengths)


def _add(xp: Any, *terms: Array) -> Array:
    """Logarithm of the sum of exponentials."""
    top = terms[0]
    for x in terms[1:]:
        top = xp.maximum(top, x)
    return top + xp.log(sum(xp.exp(x - top) for x in terms))


def _moved(xp: Any, x: Array, by: int) -> Array:
    """Shift along the states, filling with log 0."""
    y = xp.full_like(x, _LOW)
    if by > 0:
        y[:, by:] = x[:, :-by]
    else:
        y[:, :by] = x[:, -by:]
    return y


def _emitted(xp: Any, p: Problem, t: int) -> Array:
    return xp.take_along_axis(p.logs[t], p.states, axis=1)


def _alphas(xp: Any, p: Problem) -> Array:
    """Log-probability (T, B, S) of being in a state after step t, all prefixes summed."""
    T = p.logs.shape[0]
    alphas = xp.full((T, *p.states.shape), _LOW, p.logs.dtype)
    alphas[0, :, :2] = _emitted(xp, p, 0)[:, :2]
    for t in range(1, T):
        before = alphas[t - 1]
        jump = (
            xp.where(p.skip, _moved(xp, before, 2), _LOW) if before.shape[1] > 2 else before + _LOW
        )
        alphas[t] = _add(xp, before, _moved(xp, before, 1), jump) + _emitted(xp, p, t)
    return xp.maximum(alphas, _LOW)


def _total(xp: Any, p: Problem, alphas: Array) -> Array:
    """Log-probability (B,) of the label: it ends in its last symbol or in the blank after it."""
    batch = xp.arange(p.states.shape[0])
    final = alphas[p.steps - 1, batch]
    blank = final[batch, p.last]
    symbol = xp.where(p.last > 0, final[batch, xp.maximum(p.last - 1, 0)], _LOW)
    return _add(xp, blank, symbol)


def _betas(xp: Any, p: Problem) -> Array:
    """Log-probability (T, B, S) of finishing from a state after step t, all suffixes summed."""
    T, (B, S) = p.logs.shape[0], p.states.shape
    number = xp.arange(S)
    ends = (number == p.last[:, None]) | (number == p.last[:, None] - 1)
    betas = xp.full((T, B, S), _LOW, p.logs.dtype)
    after = xp.full((B, S), _LOW, p.logs.dtype)
    for t in range(T - 1, -1, -1):
        if t < T - 1:
            ahead = betas[t + 1] + _emitted(xp, p, t + 1)
            jump = _moved(xp, xp.where(p.skip, ahead, _LOW), -2)
            after = _add(xp, ahead, _moved(xp, ahead, -1), jump)
        last = (t == p.steps - 1)[:, None]
        betas[t] = xp.where(last, xp.where(ends, 0, _LOW), after)
    return xp.maximum(betas, _LOW)


# ---- the operator ----------------------------------------------------------------------------
def _infer(
    data: Any, label: Any, data_lengths: Any = None, label_lengths: Any = None, **attrs: Any
) -> Aval:
    _check(data, label, *_arranged(data_lengths, label_lengths, attrs))
    return aval((data.shape[1],), data)


def _grad(
    F: Any, g: Any, out: Any, data: Any, label: Any, data_lengths: Any = None,
    label_lengths: Any = None, **attrs: Any,
) -> tuple[Any, ...]:  # fmt: skip
    dx = F.ctc_loss_grad(data, label, data_lengths, label_lengths, **attrs)
    return F.multiply(dx, F.reshape(g, shape=(1, g.shape[0], 1))), None, None, None


def _input_names(attrs: Any) -> tuple[str, ...]:
    names = ["data", "label"]
    names += [x for x in ("data_lengths", "label_lengths") if attrs[f"use_{x}"]]
    return tuple(names)


_LABEL = np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 0.0]])


def _samples(s: Any) -> list[Any]:
    steps, counts = np.array([5.0, 4.0, 3.0]), np.array([2.0, 1.0, 1.0])
    return [
        s(s.normal(5, 3, 4), _LABEL),
        s(s.normal(5, 3, 4), _LABEL - 1, blank_label="last"),
        s(s.normal(5, 3, 4), _LABEL, steps, counts, use_data_lengths=True, use_label_lengths=True),
        s(s.normal(5, 3, 4), _LABEL, steps, use_data_lengths=True),
        s(s.normal(5, 3, 4), _LABEL, counts, use_label_lengths=True),
    ]


_SECOND = "the recursions over alignments are no rule of operators"


@op(
    "CTCLoss",
    infer=_infer,
    grad=_grad,
    input_names=_input_names,
    constant=("label", "data_lengths", "label_lengths"),
    params={"blank_label": Choice("first", "last")},
    names=Names(
        nd="CTCLoss ctc_loss contrib.CTCLoss contrib.ctc_loss", npx="ctc_loss", json="CTCLoss"
    ),
    flags=Flags(amp="fp32"),
    samples=_samples,
    second_order=_SECOND,
    errors=lambda s: [
        bad(s((5, 3), _LABEL), ShapeError, r"data \(T, B, C\)"),
        bad(s((1, 3, 4), _LABEL), ShapeError, "2 labels for 1 steps"),
        bad(s((5, 3, 4), _LABEL, (2,), use_data_lengths=True), ShapeError, "data_lengths has"),
        bad(s((5, 3, 2), _LABEL), IndexRangeError, "for data of 2 classes"),
    ],
)
def _(
    xp: Any, data: Array, label: Array, data_lengths: Array = None, label_lengths: Array = None, *,
    use_data_lengths: bool = False, use_label_lengths: bool = False, blank_label: str = "first",
) -> Array:  # fmt: skip
    r"""Negative log-probability of a label sequence, summed over all its alignments.

    Parameters
    ----------
    data : (T, B, C) scores before softmax
    label : (B, L) class numbers. With ``blank_label="first"`` 0 is the blank and the padding;
        with "last" C - 1 is the blank and -1 the padding
    data_lengths, label_lengths : (B,), used with `use_data_lengths`, `use_label_lengths`

    Returns
    -------
    (B,)
    """
    attrs = dict(use_data_lengths=use_data_lengths, use_label_lengths=use_label_lengths)
    data_lengths, label_lengths = _arranged(data_lengths, label_lengths, attrs)
    _check(data, label, data_lengths, label_lengths)
    p = _problem(xp, data, label, data_lengths, label_lengths, blank_label)
    return -_total(xp, p, _alphas(xp, p))


@op(
    "ctc_loss_grad",
    infer=lambda data, *_, **__: aval(data.shape, data),
    grad=NotDifferentiable(_SECOND),
    params={"blank_label": Choice("first", "last")},
    samples=_samples,
)
def _(
    xp: Any, data: Array, label: Array, data_lengths: Array = None, label_lengths: Array = None, *,
    use_data_lengths: bool = False, use_label_lengths: bool = False, blank_label: str = "first",
) -> Array:  # fmt: skip
    """Gradient of `CTCLoss` for data: softmax minus the probability of being in each symbol."""
    attrs = dict(use_data_lengths=use_data_lengths, use_label_lengths=use_label_lengths)
    data_lengths, label_lengths = _arranged(data_lengths, label_lengths, attrs)
    p = _problem(xp, data, label, data_lengths, label_lengths, blank_label)
    alphas = _alphas(xp, p)
    posterior = xp.exp(alphas + _betas(xp, p) - _total(xp, p, alphas)[:, None])
    symbols = p.states[:, :, None] == xp.arange(data.shape[2])
    expected = xp.matmul(posterior.transpose(1, 0, 2), symbols.astype(data.dtype))
    dx = xp.exp(p.logs) - expected.transpose(1, 0, 2)
    return dx * (xp.arange(data.shape[0])[:, None] < p.steps)[:, :, None]
