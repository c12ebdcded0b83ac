"""`dynamic_unroll`: a cell run over a sequence by `foreach`, one node whatever the length."""

from __future__ import annotations

from typing import Any

from dlstudio.gluon.rnn.sequences import functions_of, time_axis

__all__ = ["dynamic_unroll"]


def dynamic_unroll(
    cell: Any, inputs: Any, begin_state: Any, drop_inputs: float = 0, drop_outputs: float = 0,
    layout: str = "TNC", valid_length: Any = None,
) -> tuple[Any, list[Any]]:  # fmt: skip
    """Run `cell` over a sequence whose length need not be known when the graph is made.

    Parameters
    ----------
    cell : RecurrentCell
    inputs : NDArray or Symbol, (T, B, C) or (B, T, C) as `layout` says
    begin_state : NDArray or Symbol, or nested list of them
    drop_inputs, drop_outputs : float
        Rates of dropout, with one mask for all time steps.
    layout : {"TNC", "NTC"}
    valid_length : NDArray or Symbol (B,), optional
        Lengths: outputs behind them are zero, and states are those at the last valid step.

    Returns
    -------
    outputs, states
        Outputs laid out as the inputs; states after the last step.

    Raises
    ------
    ParamError
        If the layout names no time or batch axis.

    Examples
    --------
    >>> import dlstudio as mx
    >>> cell = mx.gluon.rnn.RNNCell(4, input_size=3)
    >>> cell.initialize()
    >>> outputs, states = dynamic_unroll(cell, mx.nd.ones((5, 2, 3)), cell.begin_state(2))
    >>> outputs.shape, states[0].shape
    ((5, 2, 4), (2, 4))
    """
    F, axis = functions_of(inputs), time_axis(layout)
    swapped = (1, 0, *range(2, len(layout)))
    if axis != 0:
        inputs = F.transpose(inputs, axes=swapped)
    if drop_inputs:
        inputs = F.Dropout(inputs, p=drop_inputs, axes=(0,))
    listed = isinstance(begin_state, (list, tuple))
    states = list(begin_state) if listed else [begin_state]
    body, start = _steps(F, cell, states, valid_length)
    outputs, states = F.contrib.foreach(body, inputs, start)
    if drop_outputs:
        outputs = F.Dropout(outputs, p=drop_outputs, axes=(0,))
    if valid_length is not None:
        outputs = F.SequenceMask(
            outputs, sequence_length=valid_length, use_sequence_length=True, axis=0
        )
        states = states[:-1]  # without the number of steps
    if axis != 0:
        outputs = F.transpose(outputs, axes=swapped)
    return outputs, states


def _steps(F: Any, cell: Any, states: list[Any], valid_length: Any) -> tuple[Any, list[Any]]:
    """The function that runs one step, and the states it starts from."""
    if valid_length is None:
        return cell, states

    def body(x: Any, carried: list[Any]) -> tuple[Any, list[Any]]:
        old, step = carried[:-1], carried[-1]
        output, new = cell(x, old)
        goes_on = F.broadcast_greater(valid_length, step)  # sequences that are over stay
        kept = [F.where(goes_on, b, a) for a, b in zip(old, new, strict=True)]
        return output, [*kept, step + 1]

    return body, [*states, F.zeros((1,))]
