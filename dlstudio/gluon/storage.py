"""Parameters in row_sparse storage: how their values are kept and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.sparse import stored
from dlstudio.core.sparse_calls import added
from dlstudio.core.sparse_kinds import RowSparseNDArray, wrap
from dlstudio.core.sparse_storage import INDEX, RowSparseArray, kept_rows
from dlstudio.errors import NotSupportedForSparseNDArray, ParamError, explain

if TYPE_CHECKING:
    from dlstudio.gluon.parameter import Parameter

__all__ = ["add_up", "in_storage", "rows_of", "storage_types", "unreadable"]

_STORAGES = ("default", "row_sparse", "csr")


def storage_types(name: str, stype: str, grad_stype: str) -> tuple[str, str]:
    """Return both if they are storage types."""
    for argument, given in (("stype", stype), ("grad_stype", grad_stype)):
        if given not in _STORAGES:
            raise ParamError(
                f"{argument} for Parameter '{name}' must be one of 'default', 'row_sparse', or"
                f" 'csr'. Got {given!r}."
            )
    if stype == "csr":
        raise ParamError(f"Parameter '{name}': stype must be 'default' or 'row_sparse'. Got 'csr'.")
    return stype, grad_stype


def in_storage(values: Any, stype: str) -> Any:
    """`values`, dense, as a parameter of storage `stype` keeps them: all rows stored."""
    if stype == "default":
        return values
    device = values.context
    every = device.xp.arange(values.shape[0], dtype=INDEX)
    return RowSparseNDArray._wrap(RowSparseArray(values._data, every, values.shape), device)


def rows_of(parameter: Parameter, row_id: Any) -> Any:
    """Rows numbered in `row_id` of a row_sparse parameter; its gradient goes to the parameter."""
    if parameter._stype != "row_sparse":
        raise NotSupportedForSparseNDArray(
            explain(
                f"Cannot return a copy of Parameter '{parameter.name}' via row_sparse_data()"
                f" because its storage type is {parameter._stype}.",
                fix=f"{parameter.name}.data()",
            )
        )
    weight = parameter._on(row_id.context)
    xp = weight.context.xp
    wanted = xp.unique(row_id._data.astype(INDEX))
    weight_rows = weight._stored
    if weight_rows.data.shape[0] == weight.shape[0]:  # every row is stored, in order
        inside = wanted[(wanted >= 0) & (wanted < weight.shape[0])]
        found = RowSparseArray(weight_rows.data[inside], inside, weight.shape)
    else:
        found = kept_rows(xp, weight_rows, wanted)
    view = RowSparseNDArray._wrap(found, weight.context)
    view._entry, view._index = weight._entry, 0  # the parameter's own place on the tape
    return view


def add_up(grads: list[Any]) -> None:
    """Give each of the sparse gradients of several devices the sum of all."""
    home = grads[0].context
    total = stored(grads[0])
    for grad in grads[1:]:
        total = added(home.xp, total, stored(grad.as_in_context(home)))
    for grad in grads:
        grad._overwrite(wrap(total, home))


def unreadable(parameter: Parameter, method: str) -> NotSupportedForSparseNDArray:
    """Compose the error for reading a row_sparse parameter as a dense one."""
    return NotSupportedForSparseNDArray(
        explain(
            f"Cannot return a copy of Parameter '{parameter.name}' via {method}() because its"
            f" storage type is {parameter._stype}.",
            fix=f"{parameter.name}.row_sparse_data(row_id) with the numbers of the rows needed,"
            f" or row_sparse_data(mx.nd.arange({np.max([parameter.shape[0], 1])})) for all",
        )
    )
