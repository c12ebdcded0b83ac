"""Values for particular layers, and choices among initializers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain, knows_its_names
from dlstudio.initializer.base import Initializer, create, fill, register
from dlstudio.initializer.recurrent import Held
from dlstudio.initializer.values import Uniform

Array = Any

__all__ = ["Bilinear", "FusedRNN", "LSTMBias", "Load", "Mixed"]


@register
class Bilinear(Initializer):
    """Bilinear interpolation weights for up-sampling by a transposed convolution (4-d weights)."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        if len(arr.shape) != 4:
            raise ParamError(
                f"Bilinear fills 4-d convolution weights. Got shape {tuple(arr.shape)} for"
                f" {name!r}."
            )
        half = ceil(arr.shape[3] / 2.0)
        center = (2 * half - 1 - half % 2) / (2.0 * half)
        tent = 1 - abs(np.arange(max(arr.shape[2:])) / half - center)
        kernel = np.outer(tent[: arr.shape[2]], tent[: arr.shape[3]])
        fill(arr, np.broadcast_to(kernel, arr.shape))


@register
class LSTMBias(Initializer):
    """Zeros, with `forget_bias` for the forget gate (gates are stored i, f, c, o).

    Parameters
    ----------
    forget_bias : float
        A positive value lets a new LSTM remember.
    """

    def __init__(self, forget_bias: float = 1.0) -> None:
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = 0.0
        hidden = arr.shape[0] // 4
        arr[hidden : 2 * hidden] = self.forget_bias


@register
class Mixed:
    """The first initializer whose regular expression matches the name.

    Parameters
    ----------
    patterns : list of str
        Regular expressions, matched at the start of the name.
    initializers : list of Initializer
        One per pattern.
    """

    @knows_its_names
    def __init__(self, patterns: list[str], initializers: list[Any]) -> None:
        if len(patterns) != len(initializers):
            raise ParamError(
                f"Mixed: one initializer per pattern is needed. Got {len(patterns)} patterns and"
                f" {len(initializers)} initializers."
            )
        self.map = [(re.compile(p), i) for p, i in zip(patterns, initializers, strict=True)]

    def set_verbosity(self, verbose: bool = False, print_func: Any = None) -> Mixed:
        """Let all initializers print; see `Initializer`."""
        for _, initializer in self.map:
            initializer.set_verbosity(verbose, print_func)
        return self

    def __call__(self, name: str, arr: Any) -> None:
        """Fill `arr` by the first matching initializer."""
        for pattern, initializer in self.map:
            if pattern.match(name):
                initializer(name, arr)
                return
        raise ParamError(
            explain(
                f"Mixed: no pattern matches the parameter {str(name)!r}.",
                "a match for every name.",
                'add ".*" as the last pattern, with the initializer for the rest',
            )
        )


@register
class Load:
    """Values from a dictionary or ``.params`` file, by name.

    Parameters
    ----------
    param : dict of str to array, or path
        ``arg:`` and ``aux:`` prefixes are dropped.
    default_init : Initializer, optional
        For names that are missing.
    verbose : bool
        Log where each value came from.
    """

    @knows_its_names
    def __init__(
        self, param: Any, default_init: Callable[..., None] | None = None, verbose: bool = False
    ) -> None:
        if not isinstance(param, Mapping):
            from dlstudio.nd import load

            param = load(param)
        self.param = {re.sub(r"^(arg|aux):", "", name): value for name, value in param.items()}
        self.default_init = default_init
        self.verbose = verbose

    def __call__(self, name: str, arr: Any) -> None:
        """Fill `arr` with the stored value."""
        value = self.param.get(str(name))
        if value is None:
            self._by_default(name, arr)
            return
        if tuple(value.shape) != tuple(arr.shape):
            raise ParamError(
                f"Load: parameter {str(name)!r} has shape {tuple(arr.shape)}, the stored value"
                f" {tuple(value.shape)}."
            )
        arr[:] = value
        self._log("%s: from the stored values", name)

    def _by_default(self, name: str, arr: Any) -> None:
        if self.default_init is None:
            raise ParamError(
                f"Load: parameter {str(name)!r} is not stored and there is no default_init."
            )
        self.default_init(name, arr)
        self._log("%s: by the default initializer", name)

    def _log(self, message: str, name: str) -> None:
        if self.verbose:
            import logging

            logging.info(message, name)


@register
class FusedRNN(Initializer):
    """Fills the packed weights of a fused RNN operator by another initializer, gate by gate.

    Parameters
    ----------
    init : Initializer or str or None
        None uses the global initializer.
    num_hidden, num_layers : int
    mode : {"lstm", "gru", "rnn_relu", "rnn_tanh"}
    bidirectional : bool
    forget_bias : float
        Bias of the LSTM forget gate.
    """

    _GATES = {"lstm": "ifco", "gru": "rzo", "rnn_relu": "h", "rnn_tanh": "h"}  # noqa: RUF012

    def __init__(
        self,
        init: Any,
        num_hidden: int,
        num_layers: int,
        mode: str,
        bidirectional: bool = False,
        forget_bias: float = 1.0,
    ) -> None:
        init = create(init) if isinstance(init, str) else init
        super().__init__(
            init=init.dumps() if init is not None else None,
            num_hidden=num_hidden, num_layers=num_layers, mode=mode,
            bidirectional=bidirectional, forget_bias=forget_bias,
        )  # fmt: skip
        if mode not in self._GATES:
            raise ParamError(
                f"FusedRNN: parameter mode must be one of {', '.join(self._GATES)}. Got {mode!r}."
            )
        self._init = init
        self._hidden, self._layers, self._mode = num_hidden, num_layers, mode
        self._directions = 2 if bidirectional else 1
        self._forget_bias = forget_bias

    def _init_weight(self, desc: str, arr: Any) -> None:
        values = np.zeros(arr.shape, arr.dtype)
        inner = self._init or getattr(desc, "global_init", None) or Uniform()
        for piece, is_weight in self._pieces(values):
            if is_weight:
                holder = Held(piece)
                inner._init_weight("weight", holder)
            elif self._mode == "lstm":
                piece[self._hidden : 2 * self._hidden] = self._forget_bias
        fill(arr, values)

    def _pieces(self, flat: Array) -> Any:
        """Views of `flat`: first all weight matrices, layer by layer, then all biases."""
        gates, hidden = len(self._GATES[self._mode]), self._hidden
        position = 0
        for layer in range(self._layers):
            inputs = hidden * self._directions if layer else self._first_inputs(flat.size)
            for columns in (inputs, hidden) * self._directions:
                count = gates * hidden * columns
                yield flat[position : position + count].reshape(gates * hidden, columns), True
                position += count
        for _ in range(self._layers * self._directions * 2):
            yield flat[position : position + gates * hidden], False
            position += gates * hidden

    def _first_inputs(self, size: int) -> int:
        """Solve the packed size for the number of inputs of the first layer."""
        rows = len(self._GATES[self._mode]) * self._hidden * self._directions
        later = (self._layers - 1) * (self._hidden * (self._directions + 1) + 2)
        return size // rows - later - self._hidden - 2
