"""`FusedRNNCell`: a recurrent network of several layers as one operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dlstudio import nd, sym
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.graph.symbol import Symbol
from dlstudio.initializer import FusedRNN
from dlstudio.rnn.base_cells import Arrays, BaseRNNCell, Info, RNNParams, as_wanted, as_whole
from dlstudio.rnn.combined_cells import BidirectionalCell, SequentialRNNCell
from dlstudio.rnn.step_cells import GRUCell, LSTMCell, RNNCell

__all__ = ["FusedRNNCell"]

_GATES = {
    "rnn_relu": ("",),
    "rnn_tanh": ("",),
    "lstm": ("_i", "_f", "_c", "_o"),
    "gru": ("_r", "_z", "_o"),
}


class FusedRNNCell(BaseRNNCell):
    """Several recurrent layers over a whole sequence, computed by the operator `RNN`.

    Parameters
    ----------
    num_hidden, num_layers : int
    mode : {"lstm", "gru", "rnn_relu", "rnn_tanh"}
    bidirectional : bool
        Read in both directions and join the outputs.
    dropout : float
        Between layers.
    get_next_state : bool
        Return the last states too; else the list of states is empty.
    forget_bias : float
        First value of an LSTM's forget gate.
    prefix : str, optional
        Default: the mode and an underscore.
    params : RNNParams, optional

    Raises
    ------
    ParamError
        If the mode is unknown.
    """

    def __init__(
        self, num_hidden: int, num_layers: int = 1, mode: str = "lstm",
        bidirectional: bool = False, dropout: float = 0.0, get_next_state: bool = False,
        forget_bias: float = 1.0, prefix: str | None = None, params: RNNParams | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f"{mode}_" if prefix is None else prefix, params)
        self._num_hidden, self._num_layers, self._mode = num_hidden, num_layers, mode
        self._bidirectional, self._dropout = bidirectional, dropout
        self._get_next_state = get_next_state
        self._directions = ("l", "r") if bidirectional else ("l",)
        # the initializer refuses unknown modes
        first = FusedRNN(None, num_hidden, num_layers, mode, bidirectional, forget_bias)
        self._parameter = self._params.get("parameters", init=first)

    @property
    def state_info(self) -> Info:
        """One state, two for LSTM, (layers times directions, batch, hidden)."""
        shape = (len(self._directions) * self._num_layers, 0, self._num_hidden)
        return [{"shape": shape, "__layout__": "LNC"}] * (2 if self._mode == "lstm" else 1)

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return _GATES[self._mode]

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Refuse: the operator computes whole sequences."""
        raise ParamError(
            explain(
                "a FusedRNNCell cannot be stepped.",
                "a whole sequence.",
                "cell.unroll(length, inputs), or cell.unfuse() for cells that can",
            )
        )

    def unroll(
        self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list[Any]]:  # fmt: skip
        """Apply the operator; see `BaseRNNCell`.

        The states are empty unless `get_next_state` asked for them.
        """
        self.reset()
        data = as_whole(inputs, length, layout)
        turned = layout.index("T") == 1
        if turned:  # the operator reads (T, B, C)
            data = sym.SwapAxis(data, dim1=0, dim2=1)
        states = self.begin_state() if begin_state is None else begin_state
        names = ("state", "state_cell") if self._mode == "lstm" else ("state",)
        found = sym.RNN(
            data=data, parameters=self._parameter, state_size=self._num_hidden,
            num_layers=self._num_layers, bidirectional=self._bidirectional, p=self._dropout,
            state_outputs=self._get_next_state, mode=self._mode, name=f"{self._prefix}rnn",
            **dict(zip(names, states, strict=True)),
        )  # fmt: skip
        outputs = found[0]
        if turned:
            outputs = sym.SwapAxis(outputs, dim1=0, dim2=1)
        return as_wanted(outputs, length, layout, merge_outputs), list(found)[1:]

    def unfuse(self) -> SequentialRNNCell:
        """Return the same network as cells that compute step by step, on any device.

        Their weights are those that `unpack_weights` gives, after the cells' `pack_weights`.
        """
        stack = SequentialRNNCell()
        for i in range(self._num_layers):
            left = self._step_cell(f"{self._prefix}l{i}_")
            if self._bidirectional:
                right = self._step_cell(f"{self._prefix}r{i}_")
                stack.add(BidirectionalCell(left, right, None, f"{self._prefix}bi_l{i}_"))
            else:
                stack.add(left)
            if self._dropout > 0 and i < self._num_layers - 1:
                from dlstudio.rnn.modifier_cells import DropoutCell

                stack.add(DropoutCell(self._dropout, prefix=f"{self._prefix}_dropout{i}_"))
        return stack

    def _step_cell(self, prefix: str) -> BaseRNNCell:
        """One cell of this mode."""
        if self._mode == "lstm":
            return LSTMCell(self._num_hidden, prefix)
        if self._mode == "gru":
            return GRUCell(self._num_hidden, prefix)
        return RNNCell(self._num_hidden, self._mode.removeprefix("rnn_"), prefix)

    # ---- stored weights --------------------------------------------------------------------
    def _pieces(self, num_input: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Name and shape of each gate's array, in the order of the one stored array."""
        hidden, directions = self._num_hidden, len(self._directions)
        for kind in ("weight", "bias"):
            for layer in range(self._num_layers):
                below = num_input if layer == 0 else hidden * directions
                for direction in self._directions:
                    for group, size in (("i2h", below), ("h2h", hidden)):
                        shape = (hidden, size) if kind == "weight" else (hidden,)
                        stem = f"{self._prefix}{direction}{layer}_{group}"
                        yield from ((f"{stem}{gate}_{kind}", shape) for gate in self._gate_names)

    def _inputs_of(self, size: int) -> int:
        """Number of input channels of a stored array of this size.

        Raises
        ------
        ShapeError
            If no number of channels gives it.
        """
        b, h, m = len(self._directions), self._num_hidden, len(self._gate_names)
        rest = (self._num_layers - 1) * (b * h + h + 2) + h + 2
        channels, left = divmod(size, b * h * m)
        if left or channels <= rest:
            raise ShapeError(
                explain(
                    f"an array of {size} weights does not fit a FusedRNNCell of mode "
                    f"{self._mode!r} with {self._num_layers} layers of {h} units.",
                    f"{b * h * m} times (channels + {rest}).",
                )
            )
        return channels - rest

    def unpack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """Cut the one array into arrays like ``lstm_l0_i2h_i_weight``, for all layers and gates."""
        found = dict(args)
        whole = found.pop(f"{self._prefix}parameters").reshape((-1,))
        start = 0
        for name, shape in self._pieces(self._inputs_of(whole.size)):
            size = int(np.prod(shape))
            found[name] = whole[start : start + size].reshape(shape).copy()
            start += size
        return found

    def pack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """Undo `unpack_weights`."""
        found = dict(args)
        first = found[f"{self._prefix}l0_i2h{self._gate_names[0]}_weight"]
        pieces = [found.pop(name).reshape((-1,)) for name, _ in self._pieces(first.shape[1])]
        found[f"{self._prefix}parameters"] = nd.concat(*pieces, dim=0)
        return found
