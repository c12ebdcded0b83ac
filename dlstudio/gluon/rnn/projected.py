"""LSTM with a projected state."""

from __future__ import annotations

from typing import Any

from dlstudio.gluon.rnn.cells import CountedStates, Info

__all__ = ["LSTMPCell"]


class LSTMPCell(CountedStates):
    """LSTM whose hidden state is projected to fewer elements before it is fed back.

    Parameters
    ----------
    hidden_size, projection_size : int
    i2h_weight_initializer, h2h_weight_initializer, h2r_weight_initializer
        Initializers or names.
    i2h_bias_initializer, h2h_bias_initializer
        Initializers or names.
    input_size : int
        0 lets the first step decide.
    prefix, params : see `Block`

    References
    ----------
    Sak et al., "Long Short-Term Memory Based Recurrent Neural Network Architectures for Large
    Vocabulary Speech Recognition", 2014.
    """

    _state_names = 2
    i2h_weight: Any

    def __init__(
        self,
        hidden_size: int,
        projection_size: int,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        h2r_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._hidden_size, self._projection_size = hidden_size, projection_size
        rows = 4 * hidden_size
        shapes = {
            "i2h_weight": ((rows, input_size), i2h_weight_initializer),
            "h2h_weight": ((rows, projection_size), h2h_weight_initializer),
            "h2r_weight": ((projection_size, hidden_size), h2r_weight_initializer),
            "i2h_bias": ((rows,), i2h_bias_initializer),
            "h2h_bias": ((rows,), h2h_bias_initializer),
        }
        for name, (shape, init) in shapes.items():
            parameter = self.params.get(name, shape=shape, init=init, allow_deferred_init=True)
            setattr(self, name, parameter)

    def _alias(self) -> str:
        return "lstmp"

    def state_info(self, batch_size: int = 0) -> Info:
        """Shape and layout of the projected state and the cell."""
        sizes = (self._projection_size, self._hidden_size)
        return [{"shape": (batch_size, size), "__layout__": "NC"} for size in sizes]

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, h2r_weight: Any,
        i2h_bias: Any, h2h_bias: Any,
    ) -> Any:  # fmt: skip
        """See the class."""
        rows, prefix = 4 * self._hidden_size, f"t{self._counter}_"
        i2h = F.FullyConnected(inputs, i2h_weight, i2h_bias, num_hidden=rows, name=prefix + "i2h")
        h2h = F.FullyConnected(
            states[0], h2h_weight, h2h_bias, num_hidden=rows, name=prefix + "h2h"
        )
        gates = F.SliceChannel(i2h + h2h, num_outputs=4, name=prefix + "slice")
        i, f, o = (F.Activation(gates[k], act_type="sigmoid") for k in (0, 1, 3))
        cell = f * states[1] + i * F.Activation(gates[2], act_type="tanh")
        hidden = o * F.Activation(cell, act_type="tanh")
        projected = F.FullyConnected(
            hidden, h2r_weight, num_hidden=self._projection_size, no_bias=True,
            name=prefix + "out",
        )  # fmt: skip
        return projected, [projected, cell]

    def __repr__(self) -> str:
        rows, columns = self.i2h_weight.shape
        return f"{type(self).__name__}({columns or None} -> {rows} -> {self._projection_size})"
