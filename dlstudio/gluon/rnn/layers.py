"""Recurrent layers that run a whole sequence in one operator."""

from __future__ import annotations

from typing import Any

from dlstudio.core.tensor import Tensor
from dlstudio.errors import ArgumentError, ParamError, ShapeError, explain
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.rnn.cells import Info
from dlstudio.gluon.rnn.sequences import expect_states, first_states
from dlstudio.initializer.recurrent import parameter_shapes
from dlstudio.ops.nn_rnn_cells import GATES

__all__ = ["GRU", "LSTM", "RNN"]


class _RNNLayer(HybridBlock):
    """What the three layers share.

    Parameters
    ----------
    hidden_size : int
    num_layers : int
    layout : {"TNC", "NTC"}
    dropout : float in [0, 1)
        Between layers.
    bidirectional : bool
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer
        Initializers or names.
    input_size : int
        0 lets the first batch decide.
    dtype : dtype
    use_sequence_length : bool
        Take lengths as third argument; outputs after them are zero.
    prefix, params : see `Block`

    Notes
    -----
    Called with (T, B, C) and optionally a list of states it answers (T, B, directions * H), and the
    last states if states were given.
    """

    l0_i2h_weight: Any

    def __init__(
        self,
        hidden_size: int,
        num_layers: int,
        layout: str,
        dropout: float,
        bidirectional: bool,
        input_size: int,
        initializers: dict[str, Any],
        mode: str,
        dtype: Any,
        projection_size: int | None = None,
        clip: tuple[float | None, float | None, bool] = (None, None, False),
        /,  # so far what the three layers fill in; the rest is what users may add to theirs
        use_sequence_length: bool = False,
        **kwargs: Any,
    ) -> None:
        if num_layers < 1:
            raise ParamError(f"parameter num_layers must be at least 1. Got {num_layers}.")
        if layout not in ("TNC", "NTC"):
            raise ParamError(f"Invalid layout {layout}; must be one of ['TNC' or 'NTC']")
        if mode not in GATES:
            raise ParamError(
                f"RNN: parameter activation must be 'relu' or 'tanh'. Got {mode[4:]!r}."
            )
        super().__init__(**kwargs)
        self._hidden_size, self._num_layers = hidden_size, num_layers
        self._layout, self._dropout, self._mode = layout, dropout, mode
        self._dir = 2 if bidirectional else 1
        self._input_size, self._dtype = input_size, dtype
        self._projection_size, self._clip = projection_size, clip
        self._use_sequence_length = use_sequence_length
        self._initializers = initializers
        for name, shape in self._shapes(input_size):
            parameter = self.params.get(
                name, shape=shape, init=initializers[name.split("_", 1)[1]], dtype=dtype,
                allow_deferred_init=True,
            )  # fmt: skip
            setattr(self, name, parameter)

    def _shapes(self, input_size: int) -> list[tuple[str, tuple[int, ...]]]:
        """Names and shapes of all parameters, layer by layer, direction by direction."""
        sizes = (self._hidden_size, self._dir == 2, self._projection_size)
        return parameter_shapes(self._mode, self._num_layers, input_size, *sizes)

    def infer_shape(self, inputs: Any, *args: Any) -> None:
        """Complete the shapes from the input's last axis."""
        for name, shape in self._shapes(inputs.shape[2]):
            getattr(self, name).shape = shape

    def __repr__(self) -> str:
        rows, columns = self.l0_i2h_weight.shape
        text = f"{columns or None} -> {rows // GATES[self._mode]}, {self._layout}"
        if self._num_layers != 1:
            text += f", num_layers={self._num_layers}"
        if self._dropout != 0:
            text += f", dropout={self._dropout}"
        if self._dir == 2:
            text += ", bidirectional"
        return f"{type(self).__name__}({text})"

    def state_info(self, batch_size: int = 0) -> Info:
        """Shape and layout of each state."""
        rows = self._num_layers * self._dir
        sizes = [self._projection_size or self._hidden_size]
        if self._mode == "lstm":
            sizes.append(self._hidden_size)
        return [{"shape": (rows, batch_size, size), "__layout__": "LNC"} for size in sizes]

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """First states, by default zeros; see `RecurrentCell.begin_state`."""
        infos = self.state_info(batch_size)
        names = [f"{self.prefix}h0_{i}" for i in range(len(infos))]
        return first_states(infos, names, func, kwargs)

    def __call__(self, inputs: Any, states: Any = None, sequence_length: Any = None) -> Any:
        """Run over a sequence; see the class."""
        if isinstance(inputs, Tensor):
            self._check(inputs)
        skip = states is None
        if states is None:
            states = self._zeros(inputs)
        elif not isinstance(states, (list, tuple)):
            states = [states]
        expect_states(self, len(states), len(self.state_info()))
        if self._use_sequence_length and sequence_length is None:
            raise _without_lengths(self)
        # the flag is an argument, since it decides what is returned and so what is compiled
        return super().__call__(inputs, states, sequence_length, skip)

    def _check(self, inputs: Tensor) -> None:
        if len(inputs.shape) != 3:
            raise _not_a_sequence(self, inputs)
        columns = self.l0_i2h_weight.shape[1]
        if columns not in (0, inputs.shape[2]):
            raise _other_features(self, inputs, columns)

    def _zeros(self, inputs: Any) -> list[Any]:
        if isinstance(inputs, Tensor):
            batch = inputs.shape[self._layout.index("N")]
            return self.begin_state(batch, ctx=inputs.context, dtype=inputs.dtype)
        from dlstudio import sym

        x = inputs if self._layout == "TNC" else sym.swapaxes(inputs, dim1=0, dim2=1)
        one = sym.sum(x, axis=(0, 2), keepdims=True)  # (1, B, 1), whatever the batch size will be
        return [
            sym.broadcast_axis(
                sym.zeros_like(one), axis=(0, 2), size=(info["shape"][0], info["shape"][2])
            )
            for info in self.state_info()
        ]

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, sequence_length: Any, skip: bool, **params: Any
    ) -> Any:
        """See the class."""
        swap = self._layout == "NTC"
        data = F.swapaxes(inputs, dim1=0, dim2=1) if swap else inputs
        extra = [sequence_length] if self._use_sequence_length else []
        found = F.RNN(data, self._packed(F, params), *states, *extra, **self._options())
        output = F.swapaxes(found[0], dim1=0, dim2=1) if swap else found[0]
        if skip:
            return output
        return output, [found[1], found[2]] if self._mode == "lstm" else [found[1]]

    def _packed(self, F: Any, params: dict[str, Any]) -> Any:
        """All weights, then all biases, in one vector."""
        names = [name for name, _ in self._shapes(0)]
        order = [n for n in names if n.endswith("weight")] + [
            n for n in names if n.endswith("bias")
        ]
        return F.concat(*[F.reshape(params[name], shape=(-1,)) for name in order], dim=0)

    def _options(self) -> dict[str, Any]:
        low, high, nan = self._clip
        options: dict[str, Any] = {
            "state_size": self._hidden_size, "num_layers": self._num_layers, "mode": self._mode,
            "bidirectional": self._dir == 2, "p": self._dropout, "state_outputs": True,
            "use_sequence_length": self._use_sequence_length,
        }  # fmt: skip
        if self._projection_size:
            options["projection_size"] = self._projection_size
        if low is not None and high is not None:
            options.update(
                lstm_state_clip_min=low, lstm_state_clip_max=high, lstm_state_clip_nan=nan
            )
        return options


def _not_a_sequence(layer: _RNNLayer, inputs: Any) -> ShapeError:
    return ShapeError(
        explain(
            f"{type(layer).__name__} {layer.name!r} was called with data of shape {inputs.shape}.",
            f"three axes, {layer._layout}: T steps, N sequences (batch), C features.",
            "data.expand_dims(0) for a single step, or rnn.LSTMCell for steps one by one",
        )
    )


def _other_features(layer: _RNNLayer, inputs: Tensor, columns: int) -> ShapeError:
    found = inputs.shape[2]
    return ShapeError(
        explain(
            f"{type(layer).__name__} {layer.name!r} was called with data of shape {inputs.shape}.",
            f"{columns} features on the last axis of {layer._layout}, as its weights have. Got"
            f" {found}.",
            f"input_size={found} when the layer is made, or data of {columns} features",
        )
    )


def _without_lengths(layer: _RNNLayer) -> ArgumentError:
    return ArgumentError(
        explain(
            f"{type(layer).__name__} {layer.name!r} has use_sequence_length=True, but got none.",
            "the length of each sequence as third argument.",
            "layer(data, layer.begin_state(batch_size), lengths)",
        )
    )


def _initializers(
    i2h: Any, h2h: Any, i2h_bias: Any, h2h_bias: Any, h2r: Any = None
) -> dict[str, Any]:
    return {
        "i2h_weight": i2h, "h2h_weight": h2h, "i2h_bias": i2h_bias, "h2h_bias": h2h_bias,
        "h2r_weight": h2r,
    }  # fmt: skip


class RNN(_RNNLayer):
    """Elman layers with relu or tanh; the parameters are those of the family."""

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        activation: str = "relu",
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        given = _initializers(
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer,
        )  # fmt: skip
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size, given,
            f"rnn_{activation}", dtype, **kwargs,
        )  # fmt: skip


class LSTM(_RNNLayer):
    """Long short-term memory layers; the parameters are those of the family."""

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        input_size: int = 0,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        projection_size: int | None = None,
        h2r_weight_initializer: Any = None,
        state_clip_min: float | None = None,
        state_clip_max: float | None = None,
        state_clip_nan: bool = False,
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        given = _initializers(
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer, h2r_weight_initializer,
        )  # fmt: skip
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size, given, "lstm",
            dtype, projection_size, (state_clip_min, state_clip_max, state_clip_nan), **kwargs,
        )  # fmt: skip


class GRU(_RNNLayer):
    """Layers of gated recurrent units; the parameters are those of the family."""

    def __init__(
        self,
        hidden_size: int,
        num_layers: int = 1,
        layout: str = "TNC",
        dropout: float = 0,
        bidirectional: bool = False,
        input_size: int = 0,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        given = _initializers(
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer,
        )  # fmt: skip
        super().__init__(
            hidden_size, num_layers, layout, dropout, bidirectional, input_size, given, "gru",
            dtype, **kwargs,
        )  # fmt: skip
