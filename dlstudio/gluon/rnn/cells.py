"""Recurrent cells: one step of a recurrent network, and how steps are strung together."""

from __future__ import annotations

from typing import Any

from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.block import Block
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.rnn.sequences import (
    expect_states,
    first_states,
    functions_of,
    masked,
    merged,
    split_steps,
)
from dlstudio.gluon.structure import as_numpy_dialect

__all__ = ["GRUCell", "HybridRecurrentCell", "LSTMCell", "RNNCell", "RecurrentCell"]

Info = list[dict[str, Any]]


class RecurrentCell(Block):
    """Base class: ``output, states = cell(input, states)`` computes one time step.

    Parameters
    ----------
    prefix, params : see `Block`
    """

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)
        self._modified = False
        self.reset()

    def reset(self) -> None:
        """Forget counters and masks before a new sequence."""
        self._init_counter = -1
        self._counter = -1
        for cell in self._children.values():
            if isinstance(cell, RecurrentCell):
                cell.reset()

    def state_info(self, batch_size: int = 0) -> Info:
        """Shape and layout of each state."""
        raise NotImplementedError(f"{type(self).__name__} must define state_info(batch_size).")

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """First states, by default zeros.

        Parameters
        ----------
        batch_size : int
        func : callable, optional
            Makes a state from ``shape=``; default: zeros, of `mx.np` under ``npx.set_np()``.
        **kwargs
            Further arguments of `func`, e.g. ``ctx``.

        Raises
        ------
        ParamError
            If a modifier holds this cell: ask the modifier instead.
        """
        self._refuse_modified("begin_state")
        infos = self.state_info(batch_size)
        start = self._init_counter + 1
        self._init_counter += len(infos)
        names = [f"{self._prefix}begin_state_{start + i}" for i in range(len(infos))]
        return first_states(infos, names, func, kwargs)

    def _refuse_modified(self, method: str) -> None:
        if self._modified:
            raise ParamError(
                explain(
                    f"{method}() was called on {self!r}, which a modifier cell wraps.",
                    "the modifier, which knows the states of both.",
                    f"call {method}() of the outer cell",
                )
            )

    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Run the cell over `length` time steps.

        Parameters
        ----------
        length : int
        inputs : array (B, T, C) or (T, B, C), or list of T arrays (B, C)
        begin_state : list of arrays, optional
            Default: zeros.
        layout : {"NTC", "TNC"}
        merge_outputs : bool, optional
            One array, a list, or (None) whatever is at hand.
        valid_length : array (B,), optional
            Outputs after it are zero, states are those at it.

        Returns
        -------
        outputs, states

        Raises
        ------
        ShapeError
            If `inputs` has another length.
        """
        self.reset()
        steps = split_steps(inputs, length, layout)
        states = self._first_states(steps, begin_state)
        outputs, history = [], []
        for step in steps:
            output, states = self(step, states)
            outputs.append(output)
            history.append(states)
        if valid_length is None:
            return merged(outputs, layout, merge_outputs, length), states
        F = functions_of(steps)
        states = [
            F.SequenceLast(
                F.stack(*values, axis=0), sequence_length=valid_length, use_sequence_length=True
            )
            for values in zip(*history, strict=True)
        ]
        masked_outputs = masked(outputs, valid_length, layout)
        return merged(masked_outputs, layout, merge_outputs, length), states

    def _first_states(self, steps: list[Any], begin_state: Any) -> Any:
        if begin_state is not None:
            return begin_state
        first = steps[0]
        if isinstance(first, Tensor):
            states = self.begin_state(first.shape[0], ctx=first.context, dtype=first.dtype)
            return as_numpy_dialect(states) if isinstance(first, ndarray) else states
        return self.begin_state(0, func=lambda shape, **_: zeros_beside(first, shape))

    def forward(self, inputs: Any, states: Any) -> Any:
        """Compute one step.

        Parameters
        ----------
        inputs : array (B, C)
        states : list of arrays

        Returns
        -------
        output : array (B, H)
        states : list of arrays
        """
        self._counter += 1
        return super().forward(inputs, states)


def zeros_beside(inputs: Any, shape: tuple[int, ...]) -> Any:
    """Zeros as a symbol for the batch of `inputs`, whose size is not known yet: (B, *shape[1:])."""
    from dlstudio import sym

    one = sym.sum(inputs, axis=tuple(range(1, len(shape))), keepdims=True)
    axes = tuple(range(1, len(shape)))
    return sym.broadcast_axis(sym.zeros_like(one), axis=axes, size=tuple(shape[1:]))


class HybridRecurrentCell(RecurrentCell, HybridBlock):
    """Base class of cells with ``hybrid_forward(F, inputs, states, **params)``.

    Parameters
    ----------
    prefix, params : see `Block`
    """

    _own_forward = False

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Compile a step; of cells that remember more than their states, the cells inside."""
        super().hybridize(active, **kwargs)
        self._active = active and not self._remembers()

    def _remembers(self) -> bool:
        """Whether steps leave something behind that a plan of one step would not see."""
        cells = [c for c in self._children.values() if isinstance(c, HybridRecurrentCell)]
        return any(cell._remembers() for cell in cells)

    def _forget_steps(self) -> None:
        self.reset()


class CountedStates(HybridRecurrentCell):
    """Base class of cells that are called with so many states and no others."""

    _state_names = 1

    def __call__(self, inputs: Any, states: Any = ()) -> Any:
        """Compute one step; a single state may come without its list, as in the layers.

        States that were forgotten are asked for.
        """
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        expect_states(self, len(states), self._state_names)
        return super().__call__(inputs, states)


class _GatedCell(CountedStates):
    """What the three basic cells share: input and recurrent weights for a number of gates."""

    _gates = 1
    i2h_weight: Any

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: Any,
        h2h_weight_initializer: Any,
        i2h_bias_initializer: Any,
        h2h_bias_initializer: Any,
        input_size: int,
        prefix: str | None,
        params: Any,
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._hidden_size = hidden_size
        self._input_size = input_size
        rows = self._gates * hidden_size
        shapes = {
            "i2h_weight": ((rows, input_size), i2h_weight_initializer),
            "h2h_weight": ((rows, hidden_size), h2h_weight_initializer),
            "i2h_bias": ((rows,), i2h_bias_initializer),
            "h2h_bias": ((rows,), h2h_bias_initializer),
        }
        for name, (shape, init) in shapes.items():
            parameter = self.params.get(name, shape=shape, init=init, allow_deferred_init=True)
            setattr(self, name, parameter)

    def state_info(self, batch_size: int = 0) -> Info:
        """Shape and layout of each state."""
        shape = (batch_size, self._hidden_size)
        return [{"shape": shape, "__layout__": "NC"} for _ in range(self._state_names)]

    def _alias(self) -> str:
        return type(self).__name__.removesuffix("Cell").lower()

    def _products(self, F: Any, inputs: Any, state: Any, weights: Any) -> tuple[Any, Any]:
        """Input and state, each times its weight plus its bias: (B, gates * H)."""
        i2h_weight, h2h_weight, i2h_bias, h2h_bias = weights
        options = dict(num_hidden=self._gates * self._hidden_size)
        prefix = f"t{self._counter}_"
        i2h = F.FullyConnected(inputs, i2h_weight, i2h_bias, name=prefix + "i2h", **options)
        h2h = F.FullyConnected(state, h2h_weight, h2h_bias, name=prefix + "h2h", **options)
        return i2h, h2h

    def _mapping(self) -> str:
        rows, columns = self.i2h_weight.shape
        return f"{columns or None} -> {rows}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._mapping()})"


def activated(F: Any, x: Any, activation: Any, name: str | None = None) -> Any:
    """Apply an activation given by name, or a block."""
    if isinstance(activation, str):
        return F.Activation(x, act_type=activation, name=name)
    return activation(x)


class RNNCell(_GatedCell):
    r"""Elman cell, :math:`h' = act(W x + b + U h + c)`.

    Parameters
    ----------
    hidden_size : int
    activation : str or Block
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer
        Initializers or names.
    input_size : int
        0 lets the first step decide.
    prefix, params : see `Block`
    """

    def __init__(
        self,
        hidden_size: int,
        activation: Any = "tanh",
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: Any = None,
    ) -> None:
        super().__init__(
            hidden_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer, input_size, prefix, params,
        )  # fmt: skip
        self._activation = activation

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any,
        h2h_bias: Any,
    ) -> Any:  # fmt: skip
        """See the class."""
        prefix = f"t{self._counter}_"
        weights = (i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i2h, h2h = self._products(F, inputs, states[0], weights)
        output = activated(F, i2h + h2h, self._activation, prefix + "out")
        return output, [output]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._mapping()}, {self._activation})"


class LSTMCell(_GatedCell):
    r"""Long short-term memory.

    .. math:: i, f, o = \sigma(\cdot),\quad g = \tanh(\cdot),\quad c' = f c + i g,\quad
              h' = o \tanh(c')

    with the gates packed in the order i, f, g, o.

    Parameters
    ----------
    hidden_size : int
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer
        Initializers or names.
    input_size : int
        0 lets the first step decide.
    prefix, params : see `Block`
    activation, recurrent_activation : str or Block
        Instead of tanh and sigmoid.

    References
    ----------
    Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 1997.
    """

    _gates = 4
    _state_names = 2

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: Any = None,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
    ) -> None:
        super().__init__(
            hidden_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer, input_size, prefix, params,
        )  # fmt: skip
        self._activation, self._recurrent_activation = activation, recurrent_activation

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any,
        h2h_bias: Any,
    ) -> Any:  # fmt: skip
        """See the class."""
        prefix = f"t{self._counter}_"
        weights = (i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i2h, h2h = self._products(F, inputs, states[0], weights)
        gates = F.SliceChannel(i2h + h2h, num_outputs=4, name=prefix + "slice")
        i, f, o = (
            activated(F, gates[k], self._recurrent_activation, prefix + name)
            for k, name in ((0, "i"), (1, "f"), (3, "o"))
        )
        g = activated(F, gates[2], self._activation, prefix + "c")
        cell = F.elemwise_add(f * states[1], i * g, name=prefix + "state")
        hidden = F.elemwise_mul(o, activated(F, cell, self._activation), name=prefix + "out")
        return hidden, [hidden, cell]


class GRUCell(_GatedCell):
    r"""Gated recurrent unit.

    .. math:: r, z = \sigma(\cdot),\quad n = \tanh(W x + b + r (U h + c)),\quad
              h' = (1 - z) n + z h

    with the gates packed in the order r, z, n.

    Parameters
    ----------
    hidden_size : int
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer
        Initializers or names.
    input_size : int
        0 lets the first step decide.
    prefix, params : see `Block`
    activation, recurrent_activation : str or Block
        Instead of tanh and sigmoid.

    References
    ----------
    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014.
    """

    _gates = 3

    def __init__(
        self,
        hidden_size: int,
        i2h_weight_initializer: Any = None,
        h2h_weight_initializer: Any = None,
        i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros",
        input_size: int = 0,
        prefix: str | None = None,
        params: Any = None,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
    ) -> None:
        super().__init__(
            hidden_size, i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer,
            h2h_bias_initializer, input_size, prefix, params,
        )  # fmt: skip
        self._activation, self._recurrent_activation = activation, recurrent_activation

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any,
        h2h_bias: Any,
    ) -> Any:  # fmt: skip
        """See the class."""
        prefix, previous = f"t{self._counter}_", states[0]
        weights = (i2h_weight, h2h_weight, i2h_bias, h2h_bias)
        i2h, h2h = self._products(F, inputs, previous, weights)
        i2h = F.SliceChannel(i2h, num_outputs=3, name=prefix + "i2h_slice")
        h2h = F.SliceChannel(h2h, num_outputs=3, name=prefix + "h2h_slice")
        r = activated(F, i2h[0] + h2h[0], self._recurrent_activation, prefix + "r_act")
        z = activated(F, i2h[1] + h2h[1], self._recurrent_activation, prefix + "z_act")
        n = activated(F, i2h[2] + r * h2h[2], self._activation, prefix + "h_act")
        hidden = F.elemwise_add((1.0 - z) * n, z * previous, name=prefix + "out")
        return hidden, [hidden]
