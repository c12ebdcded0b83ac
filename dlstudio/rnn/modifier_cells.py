"""Cells of `mx.rnn` that change what another cell does, or what flows between cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlstudio import sym
from dlstudio.errors import ParamError, explain
from dlstudio.graph.symbol import Symbol
from dlstudio.rnn.base_cells import (
    Arrays,
    BaseRNNCell,
    Info,
    RNNParams,
    as_steps,
    as_wanted,
    as_whole,
)
from dlstudio.rnn.combined_cells import BidirectionalCell
from dlstudio.rnn.fused_cell import FusedRNNCell

__all__ = ["DropoutCell", "ModifierCell", "ResidualCell", "ZoneoutCell"]


class DropoutCell(BaseRNNCell):
    """Dropout between cells; it has no state.

    Parameters
    ----------
    dropout : float in [0, 1)
        Share of the values that become 0 in training.
    prefix : str
    params : RNNParams, optional
    """

    def __init__(
        self, dropout: float, prefix: str = "dropout_", params: RNNParams | None = None
    ) -> None:
        super().__init__(prefix, params)
        if not isinstance(dropout, (int, float)):
            raise ParamError(f"DropoutCell: parameter dropout must be a number. Got {dropout!r}.")
        self.dropout = dropout

    @property
    def state_info(self) -> Info:
        """No states."""
        return []

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Drop values; see `BaseRNNCell`."""
        if self.dropout > 0:
            inputs = sym.Dropout(inputs, p=self.dropout)
        return inputs, list(states)

    def unroll(
        self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list[Any]]:  # fmt: skip
        """Drop values of the whole sequence at once where it is one symbol."""
        self.reset()
        inputs = as_wanted(inputs, length, layout, merge_outputs)
        if isinstance(inputs, Symbol):
            return self(inputs, [])
        return super().unroll(length, inputs, begin_state, layout, merge_outputs)


class ModifierCell(BaseRNNCell):
    """Base of cells that wrap another one, with its parameters and states.

    Parameters
    ----------
    base_cell : BaseRNNCell
        It is used through this cell from now on.
    """

    def __init__(self, base_cell: BaseRNNCell) -> None:
        self.base_cell = base_cell
        super().__init__(base_cell._prefix, base_cell.params)
        base_cell._modified = True

    @property
    def params(self) -> RNNParams:
        """Variables of the cell inside."""
        self._own_params = False
        return self.base_cell.params

    @property
    def state_info(self) -> Info:
        """States of the cell inside."""
        return self.base_cell.state_info

    def begin_state(self, init_sym: Any = sym.zeros, **kwargs: Any) -> list[Any]:
        """First states of the cell inside, made by `init_sym`; see `BaseRNNCell`."""
        self._refuse_modified()
        self.base_cell._modified = False
        try:
            return self.base_cell.begin_state(**{"func": init_sym, **kwargs})
        finally:
            self.base_cell._modified = True

    def unpack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """Cut the arrays of the cell inside into gates."""
        return self.base_cell.unpack_weights(args)

    def pack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """Undo `unpack_weights`."""
        return self.base_cell.pack_weights(args)


class ZoneoutCell(ModifierCell):
    """Keep some values of the last step instead of the new ones, at random in training.

    Parameters
    ----------
    base_cell : BaseRNNCell
    zoneout_outputs, zoneout_states : float in [0, 1)
        Share of the outputs and of the states that stay.

    References
    ----------
    Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations", 2017.
    """

    def __init__(
        self, base_cell: BaseRNNCell, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0
    ) -> None:
        if isinstance(base_cell, (FusedRNNCell, BidirectionalCell)):
            raise ParamError(
                explain(
                    f"ZoneoutCell was given a {type(base_cell).__name__}, which has no steps.",
                    "a cell that computes one step.",
                    "wrap the cells inside; a fused cell has them after cell.unfuse()",
                )
            )
        super().__init__(base_cell)
        self.zoneout_outputs, self.zoneout_states = zoneout_outputs, zoneout_states

    def reset(self) -> None:
        """Forget the last output."""
        super().reset()
        self.base_cell.reset()
        self.prev_output: Symbol | None = None

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step; see `BaseRNNCell`."""
        output, new_states = self.base_cell(inputs, states)
        before = sym.zeros((0, 0)) if self.prev_output is None else self.prev_output
        output = _mixed(self.zoneout_outputs, output, before)
        pairs = zip(new_states, states, strict=True)
        found = [_mixed(self.zoneout_states, new, old) for new, old in pairs]
        self.prev_output = output
        return output, found


def _mixed(rate: float, new: Symbol, old: Symbol) -> Symbol:
    """`new`, but `old` at random places."""
    if rate == 0.0:
        return new
    mask = sym.Dropout(sym.ones_like(new), p=rate)  # all ones when the network predicts
    return sym.where(mask, new, old)


class ResidualCell(ModifierCell):
    """Add the input to the output, which must have as many channels.

    Parameters
    ----------
    base_cell : BaseRNNCell

    References
    ----------
    Wu et al., "Google's neural machine translation system", 2016.
    """

    def reset(self) -> None:
        """Reset the cell inside."""
        super().reset()
        self.base_cell.reset()

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step; see `BaseRNNCell`."""
        output, new_states = self.base_cell(inputs, states)
        return _plus(output, inputs), new_states

    def unroll(
        self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list[Any]]:  # fmt: skip
        """Unroll the cell inside and add the sequence; see `BaseRNNCell`."""
        self.reset()
        self.base_cell._modified = False
        try:
            outputs, states = self.base_cell.unroll(
                length, inputs, begin_state, layout, merge_outputs
            )
        finally:
            self.base_cell._modified = True
        if isinstance(outputs, Symbol):
            return _plus(outputs, as_whole(inputs, length, layout)), states
        steps = as_steps(inputs, length, layout)
        return [_plus(out, step) for out, step in zip(outputs, steps, strict=True)], states


def _plus(output: Symbol, inputs: Symbol) -> Symbol:
    return sym.elemwise_add(output, inputs, name=f"{output.name}_plus_residual")
