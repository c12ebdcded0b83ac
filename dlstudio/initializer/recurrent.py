"""The parameters of recurrent layers: their shapes, their order in one vector, and its values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.initializer.base import Initializer, create, fill, register
from dlstudio.initializer.values import Uniform
from dlstudio.ops.nn_rnn_cells import GATES

__all__ = ["Held", "RNNFused", "packed_pieces", "parameter_shapes"]

Array = Any


def parameter_shapes(
    mode: str,
    num_layers: int,
    input_size: int,
    hidden_size: int,
    bidirectional: bool = False,
    projection_size: int | None = None,
) -> list[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all parameters, layer by layer, direction by direction."""
    directions = "lr" if bidirectional else "l"
    rows, state = GATES[mode] * hidden_size, projection_size or hidden_size
    found: list[tuple[str, tuple[int, ...]]] = []
    columns = input_size
    for layer in range(num_layers):
        for direction in directions:
            stem = f"{direction}{layer}_"
            found += [
                (stem + "i2h_weight", (rows, columns)),
                (stem + "h2h_weight", (rows, state)),
                (stem + "i2h_bias", (rows,)),
                (stem + "h2h_bias", (rows,)),
            ]
            if projection_size:
                found.append((stem + "h2r_weight", (projection_size, hidden_size)))
        columns = state * len(directions)
    return found


def packed_pieces(
    flat: Any, shapes: list[tuple[str, tuple[int, ...]]]
) -> Iterator[tuple[str, Any]]:
    """Cut the vector of a fused operator into parameters: all weights, then all biases.

    Raises
    ------
    ShapeError
        If the vector is shorter or longer than the parameters.
    """
    total = sum(math.prod(shape) for _, shape in shapes)
    if flat.shape != (total,):
        raise ShapeError(
            explain(
                f"the parameters of a recurrent layer have shape {tuple(flat.shape)}.",
                f"({total},): all weights, then all biases.",
            )
        )
    position = 0
    for kind in ("weight", "bias"):
        for name, shape in shapes:
            if name.endswith(kind):
                count = math.prod(shape)
                yield name, flat[position : position + count].reshape(shape)
                position += count


@register
class RNNFused(Initializer):
    """Fills the packed parameters of a fused RNN operator, each kind by its own initializer.

    Parameters
    ----------
    mode : {"lstm", "gru", "rnn_relu", "rnn_tanh"}
    num_layers, state_size : int
    bidirectional : bool
    projection_size : int, optional
        Of the states of a projected LSTM.
    i2h_weight_initializer, h2h_weight_initializer, h2r_weight_initializer : optional
        Initializer or its name; default the global initializer.
    i2h_bias_initializer, h2h_bias_initializer : optional
        Likewise; default zeros.
    """

    def __init__(
        self,
        mode: str,
        num_layers: int,
        state_size: int,
        bidirectional: bool = False,
        projection_size: int | None = None,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = None,
        h2h_bias_initializer: Any = None,
        h2r_weight_initializer: Any = None,
    ) -> None:
        if mode not in GATES:
            raise ParamError(
                f"RNNFused: parameter mode must be one of {', '.join(GATES)}. Got {mode!r}."
            )
        given = {
            "i2h_weight": i2h_weight_initializer, "h2h_weight": h2h_weight_initializer,
            "i2h_bias": i2h_bias_initializer, "h2h_bias": h2h_bias_initializer,
            "h2r_weight": h2r_weight_initializer,
        }  # fmt: skip
        self._inner = {name: None if x is None else create(x) for name, x in given.items()}
        super().__init__(
            mode=mode, num_layers=num_layers, state_size=state_size, bidirectional=bidirectional,
            projection_size=projection_size,
            **{f"{n}_initializer": x and x.dumps() for n, x in self._inner.items()},
        )  # fmt: skip
        self._sizes = (state_size, bidirectional, projection_size)
        self._mode, self._layers = mode, num_layers

    def _init_weight(self, desc: str, arr: Any) -> None:
        values = np.zeros(arr.shape, arr.dtype)
        default = getattr(desc, "global_init", None) or Uniform()
        shapes = parameter_shapes(self._mode, self._layers, self._inputs(arr.size), *self._sizes)
        for name, piece in packed_pieces(values, shapes):
            kind = name.split("_", 1)[1]
            inner = self._inner[kind] or (default if kind.endswith("weight") else None)
            if inner is not None:
                inner._init_weight(name, Held(piece))
        fill(arr, values)

    def _inputs(self, size: int) -> int:
        """Solve the packed size for the number of inputs of the first layer."""

        def total(inputs: int) -> int:
            shapes = parameter_shapes(self._mode, self._layers, inputs, *self._sizes)
            return sum(math.prod(shape) for _, shape in shapes)

        return (size - total(0)) // (total(1) - total(0))


class Held:
    """Lets an initializer fill a NumPy view."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype

    def __setitem__(self, key: Any, value: Any) -> None:
        self.array[key] = value
