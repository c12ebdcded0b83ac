"""The three classic cells of `mx.rnn`: RNN, LSTM and GRU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlstudio import sym
from dlstudio.graph.symbol import Symbol
from dlstudio.initializer import LSTMBias
from dlstudio.rnn.base_cells import BaseRNNCell, Info, RNNParams

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "gru_step", "lstm_step"]


def lstm_step(
    gates: Symbol, memory: Symbol, name: str, squash: Any, axis: int = 1
) -> tuple[Symbol, list[Symbol]]:
    """Output and states of an LSTM from its four gates, joined along `axis`.

    Parameters
    ----------
    squash : function
        ``squash(x, name=...)``, the tanh of dense cells.
    """
    i, f, c, o = sym.SliceChannel(gates, num_outputs=4, axis=axis, name=f"{name}slice")
    i = sym.Activation(i, act_type="sigmoid", name=f"{name}i")
    f = sym.Activation(f, act_type="sigmoid", name=f"{name}f")
    c = squash(c, name=f"{name}c")
    o = sym.Activation(o, act_type="sigmoid", name=f"{name}o")
    memory = sym.elemwise_add(f * memory, i * c, name=f"{name}state")
    output = sym.elemwise_mul(o, squash(memory), name=f"{name}out")
    return output, [output, memory]


def gru_step(
    i2h: Symbol, h2h: Symbol, state: Symbol, name: str, squash: Any, axis: int = 1
) -> tuple[Symbol, list[Symbol]]:
    """Output and states of a GRU from what it makes of its input and of its state."""
    slices = (
        sym.SliceChannel(part, num_outputs=3, axis=axis, name=f"{name}_{kind}_slice")
        for part, kind in ((i2h, "i2h"), (h2h, "h2h"))
    )
    (i2h_r, i2h_z, i2h), (h2h_r, h2h_z, h2h) = slices
    r = sym.Activation(i2h_r + h2h_r, act_type="sigmoid", name=f"{name}_r_act")
    z = sym.Activation(i2h_z + h2h_z, act_type="sigmoid", name=f"{name}_z_act")
    new = squash(i2h + r * h2h, name=f"{name}_h_act")
    output = sym.elemwise_add((1.0 - z) * new, z * state, name=f"{name}out")
    return output, [output]


def _tanh(x: Symbol, name: str | None = None) -> Symbol:
    return sym.Activation(x, act_type="tanh", name=name)


class _DenseCell(BaseRNNCell):
    """A cell of two dense layers: one of the input, one of the state."""

    def __init__(
        self, num_hidden: int, prefix: str, params: RNNParams | None, bias_init: Any = None
    ) -> None:
        super().__init__(prefix, params)
        self._num_hidden = num_hidden
        self._weights = {
            "i2h": (self._params.get("i2h_weight"), self._params.get("i2h_bias", init=bias_init)),
            "h2h": (self._params.get("h2h_weight"), self._params.get("h2h_bias")),
        }

    @property
    def state_info(self) -> Info:
        """One state, (batch, hidden)."""
        return [{"shape": (0, self._num_hidden), "__layout__": "NC"}]

    def _step_name(self) -> str:
        self._counter += 1
        return f"{self._prefix}t{self._counter}_"

    def _dense(self, group: str, data: Symbol, name: str) -> Any:
        weight, bias = self._weights[group]
        units = self._num_hidden * len(self._gate_names)
        return sym.FullyConnected(data, weight, bias, num_hidden=units, name=name)


class RNNCell(_DenseCell):
    r"""The simple cell, :math:`h' = act(W_x x + b_x + W_h h + b_h)`.

    Parameters
    ----------
    num_hidden : int
    activation : str or function
    prefix : str
    params : RNNParams, optional
    """

    def __init__(
        self, num_hidden: int, activation: Any = "tanh", prefix: str = "rnn_",
        params: RNNParams | None = None,
    ) -> None:  # fmt: skip
        super().__init__(num_hidden, prefix, params)
        self._activation = activation

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("",)

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step; see `BaseRNNCell`."""
        name = self._step_name()
        total = self._dense("i2h", inputs, f"{name}i2h") + self._dense(
            "h2h", states[0], f"{name}h2h"
        )
        output = self._get_activation(total, self._activation, name=f"{name}out")
        return output, [output]


class LSTMCell(_DenseCell):
    r"""Long short-term memory.

    With :math:`i, f, o` the sigmoids of the input, forget and output gates and :math:`g` the tanh
    of the fourth, :math:`c' = f c + i g` and :math:`h' = o \tanh(c')`. The states are h and c.

    Parameters
    ----------
    num_hidden : int
    prefix : str
    params : RNNParams, optional
    forget_bias : float
        First value of the forget gate's bias; 1 lets a new cell remember.

    References
    ----------
    Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 1997.
    """

    def __init__(
        self, num_hidden: int, prefix: str = "lstm_", params: RNNParams | None = None,
        forget_bias: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__(num_hidden, prefix, params, LSTMBias(forget_bias=forget_bias))

    @property
    def state_info(self) -> Info:
        """Two states, (batch, hidden): the output and the memory."""
        return super().state_info * 2

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("_i", "_f", "_c", "_o")

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step; see `BaseRNNCell`."""
        name = self._step_name()
        gates = self._dense("i2h", inputs, f"{name}i2h") + self._dense(
            "h2h", states[0], f"{name}h2h"
        )
        return lstm_step(gates, states[1], name, _tanh)


class GRUCell(_DenseCell):
    r"""Gated recurrent unit.

    With :math:`r, z` the sigmoids of the reset and update gates,
    :math:`h' = (1 - z) \tanh(W_x x + r (W_h h)) + z h`.

    Parameters
    ----------
    num_hidden : int
    prefix : str
    params : RNNParams, optional

    References
    ----------
    Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.
    """

    def __init__(
        self, num_hidden: int, prefix: str = "gru_", params: RNNParams | None = None
    ) -> None:
        super().__init__(num_hidden, prefix, params)

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("_r", "_z", "_o")

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step; see `BaseRNNCell`."""
        name = self._step_name()
        i2h = self._dense("i2h", inputs, f"{name}_i2h")
        h2h = self._dense("h2h", states[0], f"{name}_h2h")
        return gru_step(i2h, h2h, states[0], name, _tanh)
