"""Cells of `mx.rnn` whose layers are convolutions: their states are images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from dlstudio import sym
from dlstudio.errors import ParamError
from dlstudio.graph.symbol import Symbol
from dlstudio.rnn.base_cells import BaseRNNCell, Info, RNNParams
from dlstudio.rnn.step_cells import gru_step, lstm_step

__all__ = ["BaseConvRNNCell", "ConvGRUCell", "ConvLSTMCell", "ConvRNNCell"]

_LEAKY = partial(sym.LeakyReLU, act_type="leaky", slope=0.2)
Pair = tuple[int, ...]


class BaseConvRNNCell(BaseRNNCell):
    """A cell of two convolutions: one of the input, one of the state.

    Parameters
    ----------
    input_shape : tuple of int
        Of one step, with the batch: (B, C, H, W).
    num_hidden : int
        Channels of the state.
    h2h_kernel, h2h_dilate : tuple of int
        Odd kernels: the state keeps its size.
    i2h_kernel, i2h_stride, i2h_pad, i2h_dilate : tuple of int
    i2h_weight_initializer, h2h_weight_initializer : Initializer or str, optional
    i2h_bias_initializer, h2h_bias_initializer : Initializer or str, optional
    activation : str or function
    prefix : str
    params : RNNParams, optional
    conv_layout : {"NCHW", "NHWC"}

    Raises
    ------
    ParamError
        If a kernel over the state has an even size.
    """

    def __init__(
        self, input_shape: Sequence[int], num_hidden: int, h2h_kernel: Pair, h2h_dilate: Pair,
        i2h_kernel: Pair, i2h_stride: Pair, i2h_pad: Pair, i2h_dilate: Pair,
        i2h_weight_initializer: Any, h2h_weight_initializer: Any, i2h_bias_initializer: Any,
        h2h_bias_initializer: Any, activation: Any, prefix: str = "",
        params: RNNParams | None = None, conv_layout: str = "NCHW",
    ) -> None:  # fmt: skip
        super().__init__(prefix, params)
        if any(n % 2 == 0 for n in h2h_kernel):
            raise ParamError(
                f"{type(self).__name__}: h2h_kernel must have odd sizes. Got {h2h_kernel}."
            )
        self._num_hidden, self._activation, self._layout = num_hidden, activation, conv_layout
        h2h_pad = tuple(d * (k - 1) // 2 for d, k in zip(h2h_dilate, h2h_kernel, strict=True))
        one = (1,) * len(h2h_kernel)
        self._windows: dict[str, dict[str, Any]] = {
            "i2h": dict(kernel=i2h_kernel, stride=i2h_stride, pad=i2h_pad, dilate=i2h_dilate),
            "h2h": dict(kernel=h2h_kernel, stride=one, pad=h2h_pad, dilate=h2h_dilate),
        }
        get = self._params.get
        self._weights = {
            "i2h": (
                get("i2h_weight", init=i2h_weight_initializer),
                get("i2h_bias", init=i2h_bias_initializer),
            ),
            "h2h": (
                get("h2h_weight", init=h2h_weight_initializer),
                get("h2h_bias", init=h2h_bias_initializer),
            ),
        }
        self._state_shape = self._shape_after(tuple(input_shape))

    def _shape_after(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the state, 0 for the batch."""
        window = self._windows["i2h"]
        data = sym.var("data")
        net = sym.Convolution(data, num_filter=self._num_hidden, layout=self._layout, **window)
        return (0, *net.infer_shape(data=input_shape)[1][0][1:])

    @property
    def state_info(self) -> Info:
        """One state, an image."""
        return [{"shape": self._state_shape, "__layout__": self._layout}]

    @property
    def _channel_axis(self) -> int:
        return self._layout.index("C")

    def _step_name(self) -> str:
        self._counter += 1
        return f"{self._prefix}t{self._counter}_"

    def _convolved(self, group: str, data: Symbol, name: str) -> Any:
        weight, bias = self._weights[group]
        filters = self._num_hidden * len(self._gate_names)
        return sym.Convolution(
            data, weight, bias, num_filter=filters, layout=self._layout, name=f"{name}{group}",
            **self._windows[group],
        )  # fmt: skip

    def _squash(self, x: Symbol, name: str | None = None) -> Symbol:
        return self._get_activation(x, self._activation, name=name)


class _WithDefaults(BaseConvRNNCell):
    """The usual kernels of 3 by 3."""

    def __init__(
        self, input_shape: Sequence[int], num_hidden: int, h2h_kernel: Pair = (3, 3),
        h2h_dilate: Pair = (1, 1), i2h_kernel: Pair = (3, 3), i2h_stride: Pair = (1, 1),
        i2h_pad: Pair = (1, 1), i2h_dilate: Pair = (1, 1), i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros", activation: Any = _LEAKY, prefix: str | None = None,
        params: RNNParams | None = None, conv_layout: str = "NCHW",
    ) -> None:  # fmt: skip
        super().__init__(
            input_shape, num_hidden, h2h_kernel, h2h_dilate, i2h_kernel, i2h_stride, i2h_pad,
            i2h_dilate, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer, activation,
            f"{type(self).__name__.removesuffix('Cell')}_" if prefix is None else prefix, params,
            conv_layout,
        )  # fmt: skip


class ConvRNNCell(_WithDefaults):
    """The simple cell with convolutions; parameters as `BaseConvRNNCell`."""

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("",)

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step; see `BaseRNNCell`."""
        name = self._step_name()
        total = self._convolved("i2h", inputs, name) + self._convolved("h2h", states[0], name)
        output = self._squash(total, name=f"{name}out")
        return output, [output]


class ConvLSTMCell(_WithDefaults):
    """Long short-term memory with convolutions; parameters as `BaseConvRNNCell`.

    References
    ----------
    Shi et al., "Convolutional LSTM network: a machine learning approach for precipitation
    nowcasting", 2015.
    """

    @property
    def state_info(self) -> Info:
        """Two states: the output and the memory."""
        return super().state_info * 2

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("_i", "_f", "_c", "_o")

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step; see `BaseRNNCell`."""
        name = self._step_name()
        gates = self._convolved("i2h", inputs, name) + self._convolved("h2h", states[0], name)
        return lstm_step(gates, states[1], name, self._squash, self._channel_axis)


class ConvGRUCell(_WithDefaults):
    """Gated recurrent unit with convolutions; parameters as `BaseConvRNNCell`."""

    @property
    def _gate_names(self) -> tuple[str, ...]:
        return ("_r", "_z", "_o")

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step; see `BaseRNNCell`."""
        name = self._step_name()
        i2h = self._convolved("i2h", inputs, name)
        h2h = self._convolved("h2h", states[0], name)
        return gru_step(i2h, h2h, states[0], name, self._squash, self._channel_axis)
