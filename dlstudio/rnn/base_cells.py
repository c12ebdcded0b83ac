"""What all cells of `mx.rnn` have in common: parameters, first states, and unrolling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlstudio import nd, sym
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.graph.symbol import Symbol

__all__ = ["BaseRNNCell", "RNNParams", "as_steps", "as_wanted", "as_whole"]

Info = list[dict[str, Any]]
Arrays = dict[str, Any]


class RNNParams:
    """Variables that cells share, made when they are first asked for.

    Parameters
    ----------
    prefix : str
        Goes before the names.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._params: dict[str, Symbol] = {}

    def get(self, name: str, **kwargs: Any) -> Symbol:
        """Return the variable ``prefix + name``; keywords are those of `mx.sym.var`."""
        name = self._prefix + name
        if name not in self._params:
            self._params[name] = sym.var(name, **kwargs)
        return self._params[name]


class BaseRNNCell:
    """Base of cells: ``output, states = cell(input, states)`` adds one time step to a graph.

    Parameters
    ----------
    prefix : str
        Goes before the names of nodes and parameters.
    params : RNNParams, optional
        Variables of another cell, to share weights with it.
    """

    def __init__(self, prefix: str = "", params: RNNParams | None = None) -> None:
        self._own_params = params is None
        self._prefix = prefix
        self._params = RNNParams(prefix) if params is None else params
        self._modified = False
        self._cells: list[BaseRNNCell] = []
        self.reset()

    def reset(self) -> None:
        """Count time steps from 0 again, before the cell is used for another graph."""
        self._init_counter = -1
        self._counter = -1
        for cell in self._cells:
            cell.reset()

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step.

        Parameters
        ----------
        inputs : Symbol, shape (B, C)
        states : list of Symbol, as in `state_info`

        Returns
        -------
        output : Symbol, shape (B, H)
        states : list of Symbol
        """
        raise ParamError(f"{type(self).__name__} must define __call__(inputs, states).")

    # ---- what it holds ---------------------------------------------------------------------
    @property
    def params(self) -> RNNParams:
        """Its variables, to be shared with other cells."""
        self._own_params = False
        return self._params

    @property
    def state_info(self) -> Info:
        """Shape (0 for the batch) and layout of each state."""
        raise ParamError(f"{type(self).__name__} must define state_info.")

    @property
    def state_shape(self) -> list[tuple[int, ...]]:
        """Shape of each state, 0 for the batch."""
        return [info["shape"] for info in self.state_info]

    @property
    def _gate_names(self) -> tuple[str, ...]:
        """Endings of the gates whose weights are stored in one array."""
        return ()

    def begin_state(self, func: Any = sym.zeros, **kwargs: Any) -> list[Any]:
        """First states: zeros whose batch is inferred later.

        Parameters
        ----------
        func : function
            Makes a symbol from ``name=`` and ``shape=``, e.g. `mx.sym.Variable`.
        **kwargs
            Further arguments of `func`.

        Raises
        ------
        ParamError
            If a modifier cell holds this one: ask the modifier.
        """
        self._refuse_modified()
        states = []
        for info in self.state_info:
            self._init_counter += 1
            name = f"{self._prefix}begin_state_{self._init_counter}"
            states.append(func(name=name, **{**kwargs, **info}))
        return states

    def _refuse_modified(self) -> None:
        if self._modified:
            raise ParamError(
                explain(
                    f"begin_state() was called on a {type(self).__name__} inside another cell.",
                    "the outer cell, which knows the states of both.",
                    "outer.begin_state()",
                )
            )

    # ---- stored weights --------------------------------------------------------------------
    def _stored(self) -> list[tuple[str, str]]:
        """Pairs of group and kind of the arrays that hold several gates."""
        return [(group, kind) for group in ("i2h", "h2h") for kind in ("weight", "bias")]

    def unpack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """Cut arrays of several gates into one array for each gate.

        Parameters
        ----------
        args : dict of str to NDArray
            Parameters of a network.

        Returns
        -------
        dict of str to NDArray
            With ``lstm_i2h_i_weight`` etc. instead of ``lstm_i2h_weight``.
        """
        found = dict(args)
        gates = self._gate_names
        if not gates:
            return found
        for group, kind in self._stored():
            whole = found.pop(f"{self._prefix}{group}_{kind}")
            size = whole.shape[0] // len(gates)
            for i, gate in enumerate(gates):
                part = whole[i * size : (i + 1) * size].copy()
                found[f"{self._prefix}{group}{gate}_{kind}"] = part
        return found

    def pack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """Undo `unpack_weights`."""
        found = dict(args)
        gates = self._gate_names
        if not gates:
            return found
        for group, kind in self._stored():
            parts = [found.pop(f"{self._prefix}{group}{gate}_{kind}") for gate in gates]
            found[f"{self._prefix}{group}_{kind}"] = nd.concat(*parts, dim=0)
        return found

    # ---- sequences -------------------------------------------------------------------------
    def unroll(
        self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list[Any]]:  # fmt: skip
        """Repeat the cell over time.

        Parameters
        ----------
        length : int
            Number of steps.
        inputs : Symbol, shape (B, T, C) or as `layout` says, or list of T Symbols (B, C)
        begin_state : list of Symbol, optional
            Default: zeros.
        layout : {"NTC", "TNC"}
        merge_outputs : bool, optional
            One symbol (True), a list (False), or whatever is at hand (None).

        Returns
        -------
        outputs : Symbol or list of Symbol
        states : list of Symbol

        Raises
        ------
        ShapeError
            If the list has another length.
        """
        self.reset()
        steps = as_steps(inputs, length, layout)
        states = self.begin_state() if begin_state is None else begin_state
        outputs = []
        for step in steps:
            output, states = self(step, states)
            outputs.append(output)
        return as_wanted(outputs, length, layout, merge_outputs), states

    def _get_activation(self, inputs: Symbol, activation: Any, **kwargs: Any) -> Symbol:
        """Apply an activation by name, or a function."""
        if isinstance(activation, str):
            return sym.Activation(inputs, act_type=activation, **kwargs)
        return activation(inputs, **kwargs)


def _time_axis(layout: str) -> int:
    if "T" not in layout or "N" not in layout:
        raise ParamError(f"parameter layout must be 'NTC' or 'TNC'. Got {layout!r}.")
    return layout.index("T")


def as_steps(inputs: Any, length: int, layout: str) -> list[Symbol]:
    """Time steps of a sequence; ShapeError if it is a list of another length."""
    axis = _time_axis(layout)
    if isinstance(inputs, Symbol) and len(inputs) == 1:
        parts = sym.SliceChannel(inputs, axis=axis, num_outputs=length, squeeze_axis=True)
        return list(parts)
    steps = list(inputs)
    if len(steps) != length:
        raise ShapeError(
            explain(
                f"unroll was asked for length={length}, the sequence has {len(steps)} steps.",
                fix=f"unroll({len(steps)}, inputs, ...)",
            )
        )
    return steps


def as_whole(inputs: Any, length: int, layout: str) -> Symbol:
    """The sequence as one symbol."""
    axis = _time_axis(layout)
    if isinstance(inputs, Symbol) and len(inputs) == 1:
        return inputs
    steps = as_steps(inputs, length, layout)
    return sym.Concat(*[sym.expand_dims(step, axis=axis) for step in steps], dim=axis)


def as_wanted(inputs: Any, length: int, layout: str, merge: bool | None) -> Any:
    """The sequence as one symbol (True), as a list (False), or as it is (None)."""
    if merge is None:
        return inputs
    return as_whole(inputs, length, layout) if merge else as_steps(inputs, length, layout)
