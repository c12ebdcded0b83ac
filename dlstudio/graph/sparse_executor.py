"""Executors of symbols with sparse arguments or gradients: they run operator by operator.

Plans have dense memory at fixed places, which is what sparse storage does without. A symbol one
of whose variables has sparse storage, or whose `Embedding` asks for a sparse gradient, is
therefore run on arrays, node by node and on the tape, with the same results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core import sparse_kinds, tape
from dlstudio.core.avals import Aval
from dlstudio.core.sparse import BaseSparseNDArray
from dlstudio.core.tensor import NDArray
from dlstudio.errors import GraphError, ParamError, explain
from dlstudio.graph.compose import topological
from dlstudio.graph.executor import Executor
from dlstudio.graph.executor_run import new_array
from dlstudio.graph.on_tape import (
    head_gradients,
    leaves,
    nothing_recorded,
    placed,
    push_back,
    run_on_arrays,
)

if TYPE_CHECKING:
    from dlstudio.core.device import Device
    from dlstudio.core.node import Node
    from dlstudio.graph.symbol import Symbol

__all__ = [
    "SparseExecutor",
    "executor_class",
    "gradient_storages",
    "storages",
    "zeros_in",
]

_STORAGES = ("default", "row_sparse", "csr")


# ---- storage types ---------------------------------------------------------------------------
def storages(symbol: Symbol, stated: Mapping[str, str] | None) -> dict[str, str]:
    """Storage of each variable: as stated, else as its `sym.var(stype=)` says."""
    found = {}
    for node in topological(symbol.outputs_):
        if node.is_variable:
            number = node.raw.get("__storage_type__", "0")
            found[node.name] = _STORAGES[int(number)] if number in ("0", "1", "2") else "default"
    for name, stype in (stated or {}).items():
        if stype not in _STORAGES:
            raise ParamError(
                f"simple_bind: the storage type of {name!r} must be one of {_STORAGES}."
                f" Got {stype!r}."
            )
        found[name] = stype
    return found


def gradient_storages(symbol: Symbol, stypes: Mapping[str, str]) -> dict[str, str]:
    """Storage of each variable's gradient: row_sparse if all that use it give it only rows."""
    uses: dict[str, list[bool]] = {}
    for node in topological(symbol.outputs_):
        for i, (source, _) in enumerate(node.inputs):
            if source.is_variable:
                uses.setdefault(source.name, []).append(_gives_rows(node, i, stypes))
    return {
        name: "row_sparse" if stype == "row_sparse" or all(uses.get(name, [False])) else "default"
        for name, stype in stypes.items()
    }


def _gives_rows(node: Node, position: int, stypes: Mapping[str, str]) -> bool:
    """Whether input `position` of a node gets a gradient that has only some rows."""
    assert node.op is not None
    if node.op.name in ("Embedding", "_contrib_SparseEmbedding"):
        wanted = {**node.op.attrs, **node.attrs}["sparse_grad"]
        return position == 1 and bool(wanted)
    if node.op.name == "dot" and position == 1:
        left = node.inputs[0][0]
        straight = not node.attrs.get("transpose_a") and not node.attrs.get("transpose_b")
        return straight and left.is_variable and stypes.get(left.name) == "csr"
    return False


def executor_class(
    symbol: Symbol, stypes: Mapping[str, str], arrays: Sequence[Any]
) -> type[Executor]:
    """Which executor runs `symbol` with these arguments and gradients."""
    sparse_arrays = any(isinstance(a, BaseSparseNDArray) for a in arrays)
    sparse_variables = any(stype != "default" for stype in stypes.values())
    casts = any(n.op is not None and n.op.name == "cast_storage"
                for n in topological(symbol.outputs_))  # fmt: skip
    return SparseExecutor if sparse_arrays or sparse_variables or casts else Executor


def zeros_in(stype: str, aval: Aval, device: Device) -> NDArray:
    """Zeros in a storage."""
    if stype == "default":
        return new_array(aval, device)
    return sparse_kinds.zeros(stype, aval.shape, device, aval.dtype)


# ---- executors -------------------------------------------------------------------------------
class SparseExecutor(Executor):
    """An executor that runs its symbol on arrays in any storage; see `Executor`."""

    _recorded = False

    @property
    def outputs(self) -> list[NDArray]:
        """Results of the last `forward`."""
        if self._outputs is None:
            self.forward()
        return self._outputs or []

    def forward(self, is_train: bool = False, **kwargs: Any) -> list[NDArray]:
        """Compute the outputs; see `Executor.forward`."""
        if kwargs:
            self._set_arguments(kwargs)
        state = tape.state
        before = state.recording, state.training
        state.recording, state.training = bool(is_train), bool(is_train)
        try:
            bound = {
                **leaves(self.arg_dict, self.grad_dict, self._grad_req),
                **self.aux_dict,
            }
            report = None if self._monitor is None else self._report
            place = placed(self._ctx, self._group2ctx)
            self._outputs = run_on_arrays(self._symbol, bound, place, report)
        finally:
            state.recording, state.training = before
        self._recorded = bool(is_train)
        return self._outputs

    def _report(self, node: Node, inputs: list[Any], results: list[Any]) -> None:
        assert self._monitor is not None
        callback, with_inputs = self._monitor
        seen = [(f"{node.name}_input{i}", x) for i, x in enumerate(inputs)] if with_inputs else []
        many = len(results) > 1
        seen += [(f"{node.name}_output{i if many else ''}", x) for i, x in enumerate(results)]
        recording, tape.state.recording = tape.state.recording, False
        try:
            for name, x in seen:
                callback(name, x)
        finally:
            tape.state.recording = recording

    def backward(self, out_grads: Any = None, is_train: bool = True) -> None:
        """Write the gradients into `grad_arrays`; see `Executor.backward`."""
        if not self._recorded or self._outputs is None:
            raise nothing_recorded()
        push_back(self._outputs, head_gradients(out_grads))

    def _zeros_like(self, old: NDArray, shape: tuple[int, ...]) -> NDArray:
        return zeros_in(old.stype, Aval(shape, np.dtype(old.dtype)), old.context)

    def plan(self, train: bool = True) -> Any:
        """Refuse: there is no plan.

        Raises
        ------
        GraphError
            Always.
        """
        raise GraphError(
            explain(
                "this executor has no plan: arguments or gradients are sparse, and it runs "
                "operator by operator.",
                "dense storage for compiled plans.",
                "bind without stype_dict and with dense arrays",
            )
        )

    def debug_str(self) -> str:
        """List the symbol's nodes."""
        return self._symbol.debug_str()
