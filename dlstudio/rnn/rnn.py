"""Checkpoints of networks with cells: their weights are stored gate by gate."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlstudio import sym
from dlstudio.callback import save_checkpoint
from dlstudio.module.checkpoint import load_checkpoint
from dlstudio.rnn.base_cells import BaseRNNCell

__all__ = [
    "BaseRNNCell", "do_rnn_checkpoint", "load_checkpoint", "load_rnn_checkpoint", "rnn_unroll",
    "save_checkpoint", "save_rnn_checkpoint",
]  # fmt: skip

Cells = BaseRNNCell | Sequence[BaseRNNCell]


def _listed(cells: Cells) -> list[BaseRNNCell]:
    return [cells] if isinstance(cells, BaseRNNCell) else list(cells)


def rnn_unroll(
    cell: BaseRNNCell, length: int, inputs: Any = None, begin_state: Any = None,
    input_prefix: str = "", layout: str = "NTC",
) -> tuple[Any, list[Any]]:  # fmt: skip
    """Unroll a cell; deprecated in favour of ``cell.unroll``.

    Parameters
    ----------
    inputs : Symbol or list of Symbol, optional
        Default: variables called ``t0_data``, ``t1_data``, … after `input_prefix`.
    """
    warnings.warn("rnn_unroll is deprecated. Use cell.unroll.", DeprecationWarning, stacklevel=2)
    if inputs is None:
        inputs = [sym.var(f"{input_prefix}t{i}_data") for i in range(length)]
    return cell.unroll(length, inputs, begin_state, layout)


def save_rnn_checkpoint(
    cells: Cells, prefix: str, epoch: int, symbol: Any, arg_params: Mapping[str, Any],
    aux_params: Mapping[str, Any],
) -> None:  # fmt: skip
    """Write symbol and parameters like `save_checkpoint`, the cells' weights gate by gate.

    A network trained with `FusedRNNCell` can so be loaded into one of single cells.

    Parameters
    ----------
    cells : BaseRNNCell or list of these
    prefix : str
        Files are ``prefix-symbol.json`` and ``prefix-0000.params``.
    epoch : int
        Number in the name.
    symbol : Symbol
    arg_params, aux_params : dict of str to NDArray
    """
    params = dict(arg_params)
    for cell in _listed(cells):
        params = cell.unpack_weights(params)
    save_checkpoint(prefix, epoch, symbol, params, dict(aux_params))


def load_rnn_checkpoint(
    cells: Cells, prefix: str, epoch: int
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Read what `save_rnn_checkpoint` wrote; return symbol, arguments and auxiliary states."""
    symbol, params, aux_params = load_checkpoint(prefix, epoch)
    for cell in _listed(cells):
        params = cell.pack_weights(params)
    return symbol, params, aux_params


def do_rnn_checkpoint(cells: Cells, prefix: str, period: int = 1) -> Callable[..., None]:
    """Callback for ``fit(epoch_end_callback=...)`` that saves every `period` epochs."""
    period = max(1, int(period))

    def callback(iter_no: int, symbol: Any = None, arg: Any = None, aux: Any = None) -> None:
        if (iter_no + 1) % period == 0:
            save_rnn_checkpoint(cells, prefix, iter_no + 1, symbol, arg, aux)

    return callback
