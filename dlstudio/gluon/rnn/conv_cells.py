"""Recurrent cells whose products are convolutions, for sequences of images and volumes."""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError
from dlstudio.gluon.nn.pool_layers import spread
from dlstudio.gluon.rnn.cells import CountedStates, Info, activated

__all__ = [
    "Conv1DGRUCell", "Conv1DLSTMCell", "Conv1DRNNCell", "Conv2DGRUCell", "Conv2DLSTMCell",
    "Conv2DRNNCell", "Conv3DGRUCell", "Conv3DLSTMCell", "Conv3DRNNCell",
]  # fmt: skip

_LAYOUTS = ("NCW", "NCHW", "NCDHW")


class _ConvCell(CountedStates):
    """What all convolutional cells share.

    Parameters
    ----------
    input_shape : tuple
        Channels and spatial sizes of one step, in the layout's order, without the batch.
    hidden_channels : int
    i2h_kernel, h2h_kernel : int or tuple
        The state's kernel must be odd, so that the state keeps its size.
    i2h_pad, i2h_dilate, h2h_dilate : int or tuple
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer
        Initializers or names.
    conv_layout : str
        Channels first: "NCW", "NCHW" or "NCDHW".
    activation : str or Block
    prefix, params : see `Block`

    References
    ----------
    Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation
    Nowcasting", NIPS 2015.
    """

    _spatial = 2
    _gates = 1
    _kind = "rnn"
    i2h_weight: Any

    def __init__(
        self,
        input_shape: Any,
        hidden_channels: int,
        i2h_kernel: Any,
        h2h_kernel: Any,
        i2h_pad: Any = 0,
        i2h_dilate: Any = 1,
        h2h_dilate: Any = 1,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        conv_layout: str = "",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        n, owner = self._spatial, type(self).__name__
        self._layout = conv_layout or _LAYOUTS[n - 1]
        if self._layout != _LAYOUTS[n - 1]:
            raise ParamError(
                f"{owner}: parameter conv_layout must be {_LAYOUTS[n - 1]!r}. Got {conv_layout!r}."
            )
        if len(input_shape) != n + 1:
            raise ParamError(
                f"{owner}: parameter input_shape must be (channels, {n} lengths): {self._layout}"
                f" without the batch. Got {tuple(input_shape)}."
            )
        self._channels, self._activation = hidden_channels, activation
        self._i2h = _window(owner, n, i2h_kernel, i2h_pad, i2h_dilate)
        self._h2h = _recurrent_window(owner, n, h2h_kernel, h2h_dilate)
        self._state_shape = (hidden_channels, *_sizes(tuple(input_shape)[1:], self._i2h))
        rows = self._gates * hidden_channels
        shapes = {
            "i2h_weight": ((rows, input_shape[0], *self._i2h["kernel"]), i2h_weight_initializer),
            "h2h_weight": ((rows, hidden_channels, *self._h2h["kernel"]), h2h_weight_initializer),
            "i2h_bias": ((rows,), i2h_bias_initializer),
            "h2h_bias": ((rows,), h2h_bias_initializer),
        }
        for name, (shape, init) in shapes.items():
            parameter = self.params.get(name, shape=shape, init=init, allow_deferred_init=True)
            setattr(self, name, parameter)

    def _alias(self) -> str:
        return f"conv_{self._kind}"

    def state_info(self, batch_size: int = 0) -> Info:
        """Shape and layout of each state."""
        shape = (batch_size, *self._state_shape)
        return [{"shape": shape, "__layout__": self._layout} for _ in range(self._state_names)]

    def _convolutions(self, F: Any, inputs: Any, state: Any, weights: Any) -> Any:
        i2h_weight, h2h_weight, i2h_bias, h2h_bias = weights
        rows, prefix = self._gates * self._channels, f"t{self._counter}_"
        i2h = F.Convolution(
            inputs, i2h_weight, i2h_bias, num_filter=rows, name=prefix + "i2h", **self._i2h
        )
        h2h = F.Convolution(
            state, h2h_weight, h2h_bias, num_filter=rows, name=prefix + "h2h", **self._h2h
        )
        return i2h, h2h

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any,
        h2h_bias: Any,
    ) -> Any:  # fmt: skip
        """Compute one step."""
        weights = (i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i2h, h2h = self._convolutions(F, inputs, states[0], weights)
        output = activated(F, i2h + h2h, self._activation)
        return output, [output]

    def __repr__(self) -> str:
        rows, columns = self.i2h_weight.shape[:2]
        return f"{type(self).__name__}({columns} -> {rows}, {self._activation}, {self._layout})"


class _ConvLSTM(_ConvCell):
    _gates, _state_names, _kind = 4, 2, "lstm"

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any,
        h2h_bias: Any,
    ) -> Any:  # fmt: skip
        """Compute one step."""
        weights = (i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i2h, h2h = self._convolutions(F, inputs, states[0], weights)
        gates = F.SliceChannel(i2h + h2h, num_outputs=4)
        i, f, o = (F.Activation(gates[k], act_type="sigmoid") for k in (0, 1, 3))
        cell = f * states[1] + i * activated(F, gates[2], self._activation)
        hidden = o * activated(F, cell, self._activation)
        return hidden, [hidden, cell]


class _ConvGRU(_ConvCell):
    _gates, _kind = 3, "gru"

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any,
        h2h_bias: Any,
    ) -> Any:  # fmt: skip
        """Compute one step."""
        weights = (i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i2h, h2h = self._convolutions(F, inputs, states[0], weights)
        x, h = F.SliceChannel(i2h, num_outputs=3), F.SliceChannel(h2h, num_outputs=3)
        r = F.Activation(x[0] + h[0], act_type="sigmoid")
        z = F.Activation(x[1] + h[1], act_type="sigmoid")
        n = activated(F, x[2] + r * h[2], self._activation)
        hidden = (1.0 - z) * n + z * states[0]
        return hidden, [hidden]


def _window(owner: str, n: int, kernel: Any, pad: Any, dilate: Any) -> dict[str, Any]:
    pad = (pad * n) if isinstance(pad, tuple) and len(pad) == 1 else pad
    dilate = (dilate * n) if isinstance(dilate, tuple) and len(dilate) == 1 else dilate
    return {
        "kernel": spread(kernel, n, owner, "i2h_kernel"),
        "stride": (1,) * n,
        "pad": spread(pad, n, owner, "i2h_pad"),
        "dilate": spread(dilate, n, owner, "i2h_dilate"),
    }


def _recurrent_window(owner: str, n: int, kernel: Any, dilate: Any) -> dict[str, Any]:
    kernel = spread(kernel, n, owner, "h2h_kernel")
    if any(size % 2 == 0 for size in kernel):
        raise ParamError(
            f"{owner}: parameter h2h_kernel must be odd, so that states keep their size."
            f" Got {kernel}."
        )
    window = _window(owner, n, kernel, 0, dilate)
    # as much padding as keeps the size: dilate * (kernel - 1) / 2 on both sides
    window["pad"] = tuple(d * (k - 1) // 2 for d, k in zip(window["dilate"], kernel, strict=True))
    return window


def _sizes(sizes: tuple[int, ...], window: dict[str, Any]) -> tuple[int, ...]:
    """Spatial sizes after the input's convolution."""
    parts = zip(sizes, window["pad"], window["dilate"], window["kernel"], strict=True)
    return tuple(size + 2 * p - d * (k - 1) for size, p, d, k in parts)


def _family(base: type, n: int) -> type:
    name = f"Conv{n}D{base._kind.upper()}Cell"  # type: ignore[attr-defined]
    head = f"Recurrent cell over {n}-D data with convolutions for products.\n"
    document = head + (_ConvCell.__doc__ or "").split("\n", 1)[1]
    return type(name, (base,), {"_spatial": n, "__doc__": document, "__module__": __name__})


Conv1DRNNCell, Conv2DRNNCell, Conv3DRNNCell = (_family(_ConvCell, n) for n in (1, 2, 3))
Conv1DLSTMCell, Conv2DLSTMCell, Conv3DLSTMCell = (_family(_ConvLSTM, n) for n in (1, 2, 3))
Conv1DGRUCell, Conv2DGRUCell, Conv3DGRUCell = (_family(_ConvGRU, n) for n in (1, 2, 3))
