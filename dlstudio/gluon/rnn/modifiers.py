"""Cells that change how another cell behaves: dropout, zoneout, residual connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.rnn.cells import HybridRecurrentCell, Info, RecurrentCell
from dlstudio.gluon.rnn.containers import BidirectionalCell
from dlstudio.gluon.rnn.sequences import functions_of, masked, merged, split_steps

__all__ = ["DropoutCell", "ModifierCell", "ResidualCell", "VariationalDropoutCell", "ZoneoutCell"]


class ModifierCell(HybridRecurrentCell):
    """Base class of cells that wrap another one and use its parameters.

    Parameters
    ----------
    base_cell : HybridRecurrentCell

    Raises
    ------
    ParamError
        If it is no cell, or another modifier wraps it already.
    """

    def __init__(self, base_cell: Any) -> None:
        if not isinstance(base_cell, RecurrentCell):
            raise ParamError(
                explain(
                    f"{type(self).__name__} cannot wrap {base_cell!r}.",
                    "a recurrent cell, which computes one time step.",
                    f"{type(self).__name__}(rnn.LSTMCell(100)); layers such as rnn.LSTM take"
                    " dropout= and run over whole sequences",
                )
            )
        if base_cell._modified:
            raise ParamError(
                f"Cell {base_cell.name} is already modified. One cell cannot be twice."
            )
        base_cell._modified = True
        super().__init__(prefix=base_cell.prefix + self._alias(), params=None)
        self.base_cell = base_cell

    @property
    def params(self) -> Any:
        """Parameters of the wrapped cell."""
        return self.base_cell.params if "base_cell" in vars(self) else self._params

    def state_info(self, batch_size: int = 0) -> Info:
        """Shape and layout of the wrapped cell's states."""
        return self.base_cell.state_info(batch_size)

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """First states of the wrapped cell."""
        self._refuse_modified("begin_state")
        self.base_cell._modified = False
        try:
            return self.base_cell.begin_state(batch_size, func, **kwargs)
        finally:
            self.base_cell._modified = True

    def _unroll_base(
        self, length: int, steps: Any, begin_state: Any, layout: str, valid_length: Any,
        finish: Callable[[Any, Any], Any],
    ) -> tuple[Any, list[Any]]:  # fmt: skip
        """Unroll the wrapped cell, which may run in both directions.

        ``finish(output, input)`` makes the output of each step.
        """
        states = self._first_states(steps, begin_state)
        found, states = self.base_cell.unroll(length, steps, states, layout, False, valid_length)
        outputs: Any = [finish(out, step) for out, step in zip(found, steps, strict=True)]
        return (outputs if valid_length is None else masked(outputs, valid_length, layout)), states

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_cell!r})"


def _refuse_both_directions(modifier: ModifierCell) -> None:
    if isinstance(modifier.base_cell, BidirectionalCell):
        name = type(modifier).__name__
        raise ParamError(
            explain(
                f"{name} was given a BidirectionalCell, which has no steps.",
                "a cell that computes one step.",
                f"BidirectionalCell({name}(left), {name}(right)), for the cells inside",
            )
        )


class DropoutCell(HybridRecurrentCell):
    """Dropout between cells; has no state.

    Parameters
    ----------
    rate : float in [0, 1)
    axes : tuple of int
        Axes along which one decision is shared.
    prefix, params : see `Block`
    """

    def __init__(
        self, rate: float, axes: Any = (), prefix: str | None = None, params: Any = None
    ) -> None:
        super().__init__(prefix=prefix, params=params)
        self._rate = rate
        self._axes = axes

    def _alias(self) -> str:
        return "dropout"

    def state_info(self, batch_size: int = 0) -> Info:
        """Return no states."""
        return []

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """See the class."""
        if self._rate > 0:
            inputs = F.Dropout(inputs, p=self._rate, axes=self._axes, name=f"t{self._counter}_fwd")
        return inputs, states

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rate={self._rate}, axes={self._axes})"


class ZoneoutCell(ModifierCell):
    """Keep a random share of outputs and states from the step before.

    Parameters
    ----------
    base_cell : HybridRecurrentCell
    zoneout_outputs, zoneout_states : float in [0, 1)

    References
    ----------
    Krueger et al., "Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations",
    ICLR 2017.
    """

    def __init__(
        self, base_cell: Any, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0
    ) -> None:
        super().__init__(base_cell)
        _refuse_both_directions(self)
        self.zoneout_outputs = zoneout_outputs
        self.zoneout_states = zoneout_states

    def _alias(self) -> str:
        return "zoneout"

    def _remembers(self) -> bool:
        return True

    def reset(self) -> None:
        """Forget the output of the step before."""
        super().reset()
        self._prev_output = None

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """See the class."""
        output, new_states = self.base_cell(inputs, states)
        if self.zoneout_outputs:
            before = self._prev_output
            before = F.zeros_like(output) if before is None else before
            output = F.where(self._mask(F, self.zoneout_outputs, output), output, before)
        if self.zoneout_states:
            new_states = [
                F.where(self._mask(F, self.zoneout_states, new), new, old)
                for new, old in zip(new_states, states, strict=True)
            ]
        self._prev_output = output
        return output, new_states

    @staticmethod
    def _mask(F: Any, share: float, like: Any) -> Any:
        return F.Dropout(F.ones_like(like), p=share)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p_out={self.zoneout_outputs}, p_state={self.zoneout_states},"
            f" {self.base_cell!r})"
        )


class ResidualCell(ModifierCell):
    """Add a cell's input to its output.

    Parameters
    ----------
    base_cell : HybridRecurrentCell
        Its input must be as long as its output.
    """

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """See the class."""
        output, states = self.base_cell(inputs, states)
        return F.elemwise_add(output, inputs, name=f"t{self._counter}_fwd"), states

    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Unroll the wrapped cell, which may run in both directions; see `RecurrentCell`."""
        self.reset()
        steps = split_steps(inputs, length, layout)
        outputs, states = self._unroll_base(
            length, steps, begin_state, layout, valid_length, functions_of(steps).elemwise_add
        )
        return merged(outputs, layout, merge_outputs, length), states


class VariationalDropoutCell(ModifierCell):
    """Dropout with one mask for all steps of a sequence.

    Parameters
    ----------
    base_cell : HybridRecurrentCell
    drop_inputs, drop_states, drop_outputs : float in [0, 1)

    References
    ----------
    Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural
    Networks", NIPS 2016.
    """

    def __init__(
        self,
        base_cell: Any,
        drop_inputs: float = 0.0,
        drop_states: float = 0.0,
        drop_outputs: float = 0.0,
    ) -> None:
        super().__init__(base_cell)
        if drop_states:
            _refuse_both_directions(self)
        self.drop_inputs = drop_inputs
        self.drop_states = drop_states
        self.drop_outputs = drop_outputs

    def _alias(self) -> str:
        return "vardrop"

    def _remembers(self) -> bool:
        return True

    def reset(self) -> None:
        """Forget the masks."""
        super().reset()
        self._masks: dict[str, Any] = {}

    def _masked(self, F: Any, what: str, share: float, x: Any) -> Any:
        if not share:
            return x
        if what not in self._masks:
            self._masks[what] = F.Dropout(F.ones_like(x), p=share)
        return x * self._masks[what]

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """See the class."""
        first = self._masked(F, "states", self.drop_states, states[0])
        inputs = self._masked(F, "inputs", self.drop_inputs, inputs)
        output, states = self.base_cell(inputs, [first, *states[1:]])
        return self._masked(F, "outputs", self.drop_outputs, output), states

    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Run over `length` steps with one set of masks; see `RecurrentCell`."""
        steps = split_steps(inputs, length, layout)
        unroll = super().unroll if self.drop_states else self._unroll_whole
        outputs, states = unroll(length, steps, begin_state, layout, None, valid_length)
        return merged(outputs, layout, merge_outputs, length), states

    def _unroll_whole(
        self, length: int, steps: Any, begin_state: Any, layout: str, _: Any, valid_length: Any
    ) -> tuple[Any, list[Any]]:
        """Unroll the wrapped cell, which may run in both directions, between the masks."""
        self.reset()
        F = functions_of(steps)
        steps = [self._masked(F, "inputs", self.drop_inputs, step) for step in steps]
        return self._unroll_base(
            length, steps, begin_state, layout, valid_length,
            lambda out, _: self._masked(F, "outputs", self.drop_outputs, out),
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p_out = {self.drop_outputs}, p_state = {self.drop_states})"
