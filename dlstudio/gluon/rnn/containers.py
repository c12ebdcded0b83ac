"""Cells made of cells: stacked, and running in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.rnn.cells import HybridRecurrentCell, Info, RecurrentCell
from dlstudio.gluon.rnn.sequences import (
    expect_states,
    functions_of,
    masked,
    merged,
    reversed_steps,
    split_steps,
)

__all__ = ["BidirectionalCell", "HybridSequentialRNNCell", "SequentialRNNCell"]


def _infos(cells: Any, batch_size: int) -> Info:
    return [info for cell in cells for info in cell.state_info(batch_size)]


class _Stack:
    """What the two sequential cells share."""

    _children: Any

    def add(self, *cells: RecurrentCell) -> None:
        """Append cells, each fed by the one before.

        Raises
        ------
        ParamError
            If one is no cell.
        """
        for cell in cells:
            if not isinstance(cell, RecurrentCell):
                raise ParamError(
                    explain(
                        f"{type(self).__name__}.add() was given {cell!r}.",
                        "recurrent cells, which compute one time step.",
                        "rnn.LSTMCell(100), rnn.DropoutCell(0.5)",
                    )
                )
            self.register_child(cell)  # type: ignore[attr-defined]

    def state_info(self, batch_size: int = 0) -> Info:
        """Shape and layout of the states of all cells."""
        return _infos(self._children.values(), batch_size)

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """First states of all cells."""
        self._refuse_modified("begin_state")  # type: ignore[attr-defined]
        cells = self._children.values()
        return [s for cell in cells for s in cell.begin_state(batch_size, func, **kwargs)]

    def _step(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        found, position = [], 0
        for cell in self._children.values():
            count = len(cell.state_info())
            inputs, new = cell(inputs, states[position : position + count])
            position += count
            found += new
        expect_states(self, len(states), position)
        return inputs, found

    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Run the cells over `length` steps, one cell after the other; see `RecurrentCell`."""
        self.reset()  # type: ignore[attr-defined]
        steps = split_steps(inputs, length, layout)
        states = self._first_states(steps, begin_state)  # type: ignore[attr-defined]
        found, position, last = [], 0, len(self._children) - 1
        outputs: Any = steps
        for k, cell in enumerate(self._children.values()):
            count = len(cell.state_info())
            outputs, new = cell.unroll(
                length, outputs, states[position : position + count], layout,
                merge_outputs if k == last else None, valid_length,
            )  # fmt: skip
            position += count
            found += new
        return outputs, found

    def __repr__(self) -> str:
        lines = "\n".join(f"({key}): {cell!r}" for key, cell in self._children.items())
        return f"{type(self).__name__}(\n{lines}\n)"

    def __getitem__(self, index: int) -> Any:
        return list(self._children.values())[index]

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._children.values())


class SequentialRNNCell(_Stack, RecurrentCell):
    """Cells on top of each other.

    Parameters
    ----------
    prefix, params : see `Block`
    """

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def forward(self, inputs: Any, states: Any) -> Any:
        """Compute one step of all cells."""
        self._counter += 1
        return self._step(inputs, states)


class HybridSequentialRNNCell(_Stack, HybridRecurrentCell):
    """Hybrid cells on top of each other.

    Parameters
    ----------
    prefix, params : see `Block`
    """

    def __init__(self, prefix: str | None = None, params: Any = None) -> None:
        super().__init__(prefix=prefix, params=params)

    def hybrid_forward(self, F: Any, inputs: Any, states: Any) -> Any:
        """Compute one step of all cells."""
        return self._step(inputs, states)


class BidirectionalCell(HybridRecurrentCell):
    """One cell forwards and one backwards; their outputs side by side. Runs by `unroll` only.

    Parameters
    ----------
    l_cell, r_cell : RecurrentCell
    output_prefix : str
        Kept for MXNet programs.

    References
    ----------
    Schuster and Paliwal, "Bidirectional Recurrent Neural Networks", 1997.
    """

    def __init__(self, l_cell: Any, r_cell: Any, output_prefix: str = "bi_") -> None:
        super().__init__(prefix="", params=None)
        self.register_child(l_cell, "l_cell")
        self.register_child(r_cell, "r_cell")
        self._output_prefix = output_prefix

    def _pair(self) -> tuple[Any, Any]:
        return self._children["l_cell"], self._children["r_cell"]

    def __repr__(self) -> str:
        left, right = self._pair()
        return f"{type(self).__name__}(forward={left!r}, backward={right!r})"

    def forward(self, inputs: Any, states: Any) -> Any:
        """Refuse: the backward cell needs the whole sequence.

        Raises
        ------
        ParamError
            Always.
        """
        raise ParamError(
            explain(
                "Bidirectional cannot be stepped: its backward cell starts at the last step.",
                "the whole sequence at once.",
                "cell.unroll(length, inputs)",
            )
        )

    def state_info(self, batch_size: int = 0) -> Info:
        """Shape and layout of the states of both cells."""
        return _infos(self._pair(), batch_size)

    def begin_state(self, batch_size: int = 0, func: Any = None, **kwargs: Any) -> list[Any]:
        """First states of both cells."""
        self._refuse_modified("begin_state")
        return [s for cell in self._pair() for s in cell.begin_state(batch_size, func, **kwargs)]

    def unroll(
        self,
        length: int,
        inputs: Any,
        begin_state: Any = None,
        layout: str = "NTC",
        merge_outputs: bool | None = None,
        valid_length: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Run both cells over `length` steps; see `RecurrentCell`."""
        self.reset()
        steps = split_steps(inputs, length, layout)
        states = self._first_states(steps, begin_state)
        left, right = self._pair()
        count = len(left.state_info())
        there, left_states = left.unroll(length, steps, states[:count], layout, False, valid_length)
        back, right_states = right.unroll(
            length, reversed_steps(steps, valid_length), states[count:], layout, False, valid_length
        )
        back = reversed_steps(back, valid_length)
        F = functions_of(steps)
        outputs: Any = [F.concat(a, b, dim=1) for a, b in zip(there, back, strict=True)]
        if valid_length is not None:
            outputs = masked(outputs, valid_length, layout)
        return merged(outputs, layout, merge_outputs, length), left_states + right_states
