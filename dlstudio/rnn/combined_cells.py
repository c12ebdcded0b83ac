"""Cells of `mx.rnn` made of other cells: one above the other, or one for each direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlstudio import sym
from dlstudio.errors import ParamError, explain
from dlstudio.graph.symbol import Symbol
from dlstudio.rnn.base_cells import Arrays, BaseRNNCell, Info, RNNParams, as_steps, as_wanted

__all__ = ["BidirectionalCell", "SequentialRNNCell"]


class _CellOfCells(BaseRNNCell):
    """States and weights are those of the cells inside, in their order."""

    def __init__(self, params: RNNParams | None) -> None:
        super().__init__("", params)
        self._override_cell_params = params is not None

    def _take(self, cell: BaseRNNCell) -> None:
        """Add a cell, whose variables become this cell's too."""
        if self._override_cell_params:
            if not cell._own_params:
                raise ParamError(
                    explain(
                        "a cell was given params= of its own, and the cell around it as well.",
                        "one of them.",
                    )
                )
            cell.params._params.update(self.params._params)
        self.params._params.update(cell.params._params)
        self._cells.append(cell)

    @property
    def state_info(self) -> Info:
        """States of all cells."""
        return [info for cell in self._cells for info in cell.state_info]

    def begin_state(self, **kwargs: Any) -> list[Any]:
        """First states of all cells; see `BaseRNNCell`."""
        self._refuse_modified()
        return [state for cell in self._cells for state in cell.begin_state(**kwargs)]

    def unpack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """Cut the arrays of all cells into gates."""
        found = dict(args)
        for cell in self._cells:
            found = cell.unpack_weights(found)
        return found

    def pack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """Undo `unpack_weights`."""
        found = dict(args)
        for cell in self._cells:
            found = cell.pack_weights(found)
        return found

    def _share_out(self, states: Sequence[Any]) -> list[list[Any]]:
        """The states, cell by cell."""
        rest = list(states)
        parts = []
        for cell in self._cells:
            count = len(cell.state_info)
            parts.append(rest[:count])
            rest = rest[count:]
        return parts


class SequentialRNNCell(_CellOfCells):
    """Cells one above the other: each takes the outputs of the one below.

    Parameters
    ----------
    params : RNNParams, optional

    Examples
    --------
    >>> import dlstudio as mx
    >>> stack = mx.rnn.SequentialRNNCell()
    >>> stack.add(mx.rnn.LSTMCell(4, prefix="l0_"))
    >>> stack.add(mx.rnn.LSTMCell(3, prefix="l1_"))
    >>> outputs, states = stack.unroll(5, mx.sym.var("data"), merge_outputs=True)
    >>> outputs.infer_shape(data=(2, 5, 7))[1]
    [(2, 5, 3)]
    """

    def __init__(self, params: RNNParams | None = None) -> None:
        super().__init__(params)

    def add(self, cell: BaseRNNCell) -> None:
        """Put a cell on top."""
        self._take(cell)

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Compute one step of all cells; see `BaseRNNCell`."""
        self._counter += 1
        found: list[Any] = []
        for cell, mine in zip(self._cells, self._share_out(states), strict=True):
            inputs, new = cell(inputs, mine)
            found += new
        return inputs, found

    def unroll(
        self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list[Any]]:  # fmt: skip
        """Unroll one cell after the other; see `BaseRNNCell`."""
        self.reset()
        states = self.begin_state() if begin_state is None else begin_state
        found: list[Any] = []
        for i, (cell, mine) in enumerate(zip(self._cells, self._share_out(states), strict=True)):
            last = i == len(self._cells) - 1
            inputs, new = cell.unroll(length, inputs, mine, layout, merge_outputs if last else None)
            found += new
        return inputs, found


class BidirectionalCell(_CellOfCells):
    """Two cells: one reads forwards, one backwards, and their outputs are joined.

    Parameters
    ----------
    l_cell, r_cell : BaseRNNCell
        For reading forwards and backwards.
    params : RNNParams, optional
    output_prefix : str
        Goes before the names of the outputs.
    """

    def __init__(
        self, l_cell: BaseRNNCell, r_cell: BaseRNNCell, params: RNNParams | None = None,
        output_prefix: str = "bi_",
    ) -> None:  # fmt: skip
        super().__init__(params)
        self._output_prefix = output_prefix
        self._take(l_cell)
        self._take(r_cell)

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Any, list[Any]]:
        """Refuse: what is read backwards has no next step."""
        raise ParamError(
            explain(
                "a BidirectionalCell cannot be stepped.",
                "the whole sequence, since one cell begins at its end.",
                "cell.unroll(length, inputs)",
            )
        )

    def unroll(
        self, length: int, inputs: Any, begin_state: Any = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list[Any]]:  # fmt: skip
        """Unroll both cells and join their outputs; see `BaseRNNCell`.

        Returns
        -------
        outputs : Symbol or list of Symbol
        states : list of two lists of Symbol
            Of the cell that reads forwards, and of the other.
        """
        self.reset()
        steps = as_steps(inputs, length, layout)
        states = self.begin_state() if begin_state is None else begin_state
        forwards, backwards = self._cells
        mine, theirs = self._share_out(states)
        left, left_states = forwards.unroll(length, steps, mine, layout, merge_outputs)
        right, right_states = backwards.unroll(length, steps[::-1], theirs, layout, merge_outputs)
        if merge_outputs is None:
            merge_outputs = isinstance(left, Symbol) and isinstance(right, Symbol)
        left = as_wanted(left, length, layout, merge_outputs)
        right = as_wanted(right, length, layout, merge_outputs)
        name = self._output_prefix
        if merge_outputs:
            right = sym.reverse(right, axis=layout.index("T"))
            outputs: Any = sym.Concat(left, right, dim=2, name=f"{name}out")
        else:
            pairs = zip(left, reversed(right), strict=True)
            outputs = [
                sym.Concat(a, b, dim=1, name=f"{name}t{i}") for i, (a, b) in enumerate(pairs)
            ]
        return outputs, [left_states, right_states]
