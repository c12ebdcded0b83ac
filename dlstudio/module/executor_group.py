"""One executor per device, each with its share of the batch."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlstudio import nd
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.graph.passes.infer import infer_nodes
from dlstudio.io import DataDesc
from dlstudio.module.pieces import split_batch

__all__ = ["DataParallelExecutorGroup"]


class DataParallelExecutorGroup:
    """Executors of one symbol on several devices; each gets a slice of every batch.

    Parameters
    ----------
    symbol : Symbol
    contexts : list of Device
    workload : list of float
        Shares of the batch, one per device.
    data_shapes, label_shapes : list of DataDesc, or None for no labels
        Of the whole batch.
    param_names : list of str
    for_training, inputs_need_grad : bool
        Whether gradients are wanted, and whether of the data too.
    shared_group : DataParallelExecutorGroup, optional
        Its parameters, gradients and states are used, so that both train the same network.
    logger : logger
    fixed_param_names : list of str, optional
        Parameters without gradients.
    grad_req : {"write", "add", "null"}, or a list or dict of these
    state_names : list of str, optional
    group2ctxs : list of dict, optional
        Where each ``ctx_group`` runs, one dict per device.
    """

    def __init__(
        self, symbol: Any, contexts: Sequence[Any], workload: Sequence[float],
        data_shapes: Sequence[DataDesc], label_shapes: Sequence[DataDesc] | None,
        param_names: Sequence[str], for_training: bool, inputs_need_grad: bool,
        shared_group: DataParallelExecutorGroup | None = None, logger: Any = logging,
        fixed_param_names: Sequence[str] | None = None, grad_req: Any = "write",
        state_names: Sequence[str] | None = None,
        group2ctxs: Sequence[Mapping[str, Any] | None] | None = None,
    ) -> None:  # fmt: skip
        self.symbol, self.contexts, self.workload = symbol, list(contexts), list(workload)
        self.arg_names = symbol.list_arguments()
        self.aux_names = symbol.list_auxiliary_states()
        self.param_names = list(param_names)
        self.fixed_param_names = list(fixed_param_names or [])
        self.state_names = list(state_names or [])
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        self.group2ctxs = list(group2ctxs or [None] * len(self.contexts))
        self.logger = logger
        self.grad_req = self._requests(grad_req, {d.name for d in data_shapes})
        names = symbol.list_outputs()
        self.output_axes = [DataDesc.get_batch_axis(symbol[n].attr("__layout__")) for n in names]
        self.execs: list[Any] = []
        self.bind_exec(data_shapes, label_shapes, shared_group)

    def _requests(self, grad_req: Any, data_names: set[str]) -> dict[str, str]:
        """Gradient request of every argument."""
        if isinstance(grad_req, str):
            wanted = dict.fromkeys(self.arg_names, grad_req)
        elif isinstance(grad_req, Mapping):
            wanted = {**dict.fromkeys(self.arg_names, "write"), **grad_req}
        else:
            wanted = dict(zip(self.arg_names, grad_req, strict=True))
        trained = {*self.param_names} - {*self.fixed_param_names}
        if self.inputs_need_grad:
            trained |= data_names
        if not self.for_training:
            trained = set()
        return {n: wanted[n] if n in trained else "null" for n in self.arg_names}

    # ---- binding ---------------------------------------------------------------------------
    def decide_slices(self, data_shapes: Sequence[DataDesc]) -> list[int]:
        """Cut the batch; return the batch axis of each input.

        Raises
        ------
        ShapeError
            If the inputs have batches of different size.
        ParamError
            If a device gets no sample.
        """
        axes = [DataDesc.get_batch_axis(d.layout) for d in data_shapes]
        sizes = {
            d.name: d.shape[axis] for d, axis in zip(data_shapes, axes, strict=True) if axis >= 0
        }
        if len(set(sizes.values())) > 1:
            raise ShapeError(
                explain(f"the inputs have batches of sizes {sizes}.", "one size for all.")
            )
        self.batch_size = next(iter(sizes.values()), 0)
        self.slices = split_batch(self.batch_size, self.workload)
        return axes

    def bind_exec(
        self, data_shapes: Sequence[DataDesc], label_shapes: Sequence[DataDesc] | None,
        shared_group: DataParallelExecutorGroup | None = None, reshape: bool = False,
    ) -> None:  # fmt: skip
        """Make the executors for these shapes.

        Parameters
        ----------
        shared_group : DataParallelExecutorGroup, optional
            See the class.
        reshape : bool
            Keep the arrays of the executors that are there.
        """
        self.data_axes = self.decide_slices(data_shapes)
        self.data_shapes, self.label_shapes = list(data_shapes), list(label_shapes or [])
        self.data_names = [d.name for d in self.data_shapes]
        self.label_names = [d.name for d in self.label_shapes]
        self.label_axes = [DataDesc.get_batch_axis(d.layout) for d in self.label_shapes]
        source = self if reshape else shared_group
        shared = source.execs if source else [None] * len(self.contexts)
        self.execs = [self._bind_one(i, old) for i, old in enumerate(shared)]

    def reshape(
        self, data_shapes: Sequence[DataDesc], label_shapes: Sequence[DataDesc] | None
    ) -> None:
        """Make executors for other shapes with the same parameters."""
        self.bind_exec(data_shapes, label_shapes, reshape=True)

    def _bind_one(self, i: int, shared: Any) -> Any:
        described = [*self.data_shapes, *self.label_shapes]
        axes = [*self.data_axes, *self.label_axes]
        inputs = [(d, a) for d, a in zip(described, axes, strict=True) if d.name in self.arg_names]
        made = self.symbol.simple_bind(
            self.contexts[i],
            grad_req=self.grad_req,
            type_dict={d.name: d.dtype for d, _ in inputs},
            group2ctx=self.group2ctxs[i],
            shared_exec=shared,
            **{d.name: self._shape_here(d.shape, axis, i) for d, axis in inputs},
        )
        if shared is not None:
            self._share(made, shared)
        return made

    def _shape_here(self, shape: tuple[int, ...], axis: int, i: int) -> tuple[int, ...]:
        if axis < 0 or len(self.contexts) == 1:  # one device gets it all, whatever the sizes
            return tuple(shape)
        part = self.slices[i]
        return (*shape[:axis], part.stop - part.start, *shape[axis + 1 :])

    def _share(self, made: Any, shared: Any) -> None:
        """Check that parameters are the shared ones, and share their gradients too."""
        arguments, old = made.arg_dict, {**shared.arg_dict, **shared.aux_dict}
        states = made.aux_dict
        for name in [*self.param_names, *self.aux_names]:
            array = arguments[name] if name in arguments else states[name]
            if array is not old.get(name):
                had = f"of shape {old[name].shape}" if name in old else "not there"
                raise ShapeError(
                    explain(
                        f"parameter {name!r} has shape {array.shape} for these inputs; in the "
                        f"module it shares parameters with it is {had}.",
                        "the same parameters for all input shapes and buckets.",
                    )
                )
        gradients = shared.grad_dict
        for k, name in enumerate(self.arg_names):
            mine, theirs = made.grad_arrays[k], gradients.get(name)
            if name in self.param_names and mine is not None and theirs is not None:
                made.grad_arrays[k] = theirs

    # ---- running ---------------------------------------------------------------------------
    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Run all executors on a batch, or on a list of batches, one per device."""
        train = self.for_training if is_train is None else is_train
        for i, exe in enumerate(self.execs):
            exe.forward(bool(train), **self._inputs(data_batch, i))

    def _inputs(self, data_batch: Any, i: int) -> dict[str, Any]:
        if isinstance(data_batch, list):
            batch = data_batch[i]
            values = [*batch.data, *_labels(batch)]
            return self._wanted([*self.data_names, *self.label_names], values)
        data = self._cut(data_batch.data, self.data_axes, i)
        labels = self._cut(_labels(data_batch), self.label_axes, i)
        return {
            **self._wanted(self.data_names, data),
            **self._wanted(self.label_names, labels),
        }

    def _wanted(self, names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
        pairs = zip(names, values, strict=False)  # a batch may come without its labels
        return {name: value for name, value in pairs if name in self.arg_names}

    def _cut(self, arrays: Sequence[Any], axes: Sequence[int], i: int) -> list[Any]:
        """Slice of each array for device `i`."""
        if len(self.execs) == 1:
            return list(arrays)
        part = self.slices[i]
        return [
            a if axis < 0 else a[part if axis == 0 else (slice(None),) * axis + (part,)]
            for a, axis in zip(arrays, axes, strict=False)
        ]

    def backward(self, out_grads: Any = None) -> None:
        """Compute gradients, from head gradients of the whole batch if given.

        Raises
        ------
        ParamError
            If the group was not bound for training.
        """
        if not self.for_training:
            raise ParamError(
                explain(
                    "backward() was called on a module bound for prediction.",
                    fix="mod.bind(..., for_training=True)",
                )
            )
        if out_grads is not None and not isinstance(out_grads, (list, tuple)):
            out_grads = [out_grads]
        for i, exe in enumerate(self.execs):
            heads = None if out_grads is None else self._cut(out_grads, self.output_axes, i)
            exe.backward(heads)

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool) -> None:
        """Add the outputs of all executors to a metric."""
        names = self.symbol.list_outputs()
        for i, exe in enumerate(self.execs):
            mine = labels[i] if pre_sliced else self._cut(labels or [], self._axes_of(labels), i)
            known = dict(zip(self.label_names or _numbered(mine), mine, strict=False))
            eval_metric.update_dict(known, dict(zip(names, exe.outputs, strict=True)))

    def _axes_of(self, labels: Any) -> list[int]:
        return self.label_axes or [0] * len(labels or [])

    # ---- results ---------------------------------------------------------------------------
    def get_output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """Name and shape of each output of the whole batch."""
        described = [*self.data_shapes, *self.label_shapes]
        given = {d.name: tuple(d.shape) for d in described if d.name in self.arg_names}
        facts = infer_nodes(self.symbol.outputs_, given)  # an empty batch is no unknown one
        shapes = [facts.shape(edge) or () for edge in self.symbol.outputs_]
        return list(zip(self.symbol.list_outputs(), shapes, strict=True))

    def get_outputs(
        self, merge_multi_context: bool = True, begin: int = 0, end: int | None = None
    ) -> list[Any]:
        """Outputs number `begin` to `end`; a list per output if they are not merged."""
        axes = self.output_axes[begin:end]
        outputs = [e.outputs[begin:end] for e in self.execs]
        columns = [list(column) for column in zip(*outputs, strict=True)]
        return _merged(columns, axes) if merge_multi_context else columns

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the data.

        Raises
        ------
        ParamError
            If they were not asked for.
        """
        columns = self.input_grad_arrays
        if columns is None:
            raise ParamError(
                explain(
                    "gradients of the data were not asked for.",
                    fix="mod.bind(..., inputs_need_grad=True)",
                )
            )
        return _merged(columns, self.data_axes) if merge_multi_context else columns

    def get_states(self, merge_multi_context: bool = True) -> list[Any]:
        """Arrays named by `state_names`."""
        columns = self.state_arrays
        return _merged(columns, [0] * len(columns)) if merge_multi_context else columns

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Overwrite the states by arrays (one per state, or lists with one per device) or a number.

        Raises
        ------
        ParamError
            If both are given, or neither.
        """
        if (states is None) == (value is None):
            raise ParamError("set_states takes either states or value.")
        for k, column in enumerate(self.get_states(merge_multi_context=False)):
            for i, array in enumerate(column):
                if states is None:
                    array[:] = value
                elif isinstance(states[k], (list, tuple)):
                    array[:] = states[k][i]
                else:
                    array[:] = self._cut([states[k]], [0], i)[0]

    # ---- arrays: a list with one entry per device for each name -----------------------------
    @property
    def param_arrays(self) -> list[list[Any]]:
        """Parameters."""
        return [[e.arg_dict[n] for e in self.execs] for n in self.param_names]

    @property
    def grad_arrays(self) -> list[list[Any]] | None:
        """Gradients of the parameters, None for fixed ones; None if bound for prediction."""
        if not self.for_training:
            return None
        return [[e.grad_dict[n] for e in self.execs] for n in self.param_names]

    @property
    def aux_arrays(self) -> list[list[Any]]:
        """Auxiliary states."""
        return [[e.aux_dict[n] for e in self.execs] for n in self.aux_names]

    @property
    def state_arrays(self) -> list[list[Any]]:
        """Arrays named by `state_names`."""
        return [[e.arg_dict[n] for e in self.execs] for n in self.state_names]

    @property
    def input_grad_arrays(self) -> list[list[Any]] | None:
        """Gradients of the data, or None if they were not asked for."""
        if not self.inputs_need_grad:
            return None
        return [[e.grad_dict[n] for e in self.execs] for n in self.data_names]

    @property
    def data_arrays(self) -> list[list[tuple[slice, Any]]]:
        """Data, each with the part of the batch it holds."""
        return [self._with_parts(n) for n in self.data_names]

    @property
    def label_arrays(self) -> list[list[tuple[slice, Any]]]:
        """Labels that the symbol reads, likewise."""
        return [self._with_parts(n) for n in self.label_names if n in self.arg_names]

    def _with_parts(self, name: str) -> list[tuple[slice, Any]]:
        return [(s, e.arg_dict[name]) for s, e in zip(self.slices, self.execs, strict=True)]

    # ---- parameters ------------------------------------------------------------------------
    def set_params(
        self, arg_params: Mapping[str, Any], aux_params: Mapping[str, Any] | None,
        allow_extra: bool = False,
    ) -> None:  # fmt: skip
        """Copy values to all devices."""
        for exe in self.execs:
            exe.copy_params_from(arg_params, aux_params, allow_extra_params=allow_extra)

    def get_params(self, arg_params: dict[str, Any], aux_params: dict[str, Any]) -> None:
        """Put copies of parameters and states on the CPU into two dicts: means over the devices."""
        for name in self.param_names:
            arg_params[name] = _mean([e.arg_dict[name] for e in self.execs])
        for name in self.aux_names:
            aux_params[name] = _mean([e.aux_dict[name] for e in self.execs])

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor watch all executors."""
        for exe in self.execs:
            mon.install(exe)


def _labels(batch: Any) -> Any:
    return getattr(batch, "label", None) or []


def _numbered(values: Sequence[Any]) -> list[str]:
    return [f"label{i}" for i in range(len(values))]


def _merged(columns: Sequence[list[Any]], axes: Sequence[int]) -> list[Any]:
    """Join what the devices computed along the batch axis, on the first device."""
    return [_join(column, axis) for column, axis in zip(columns, axes, strict=True)]


def _join(column: list[Any], axis: int) -> Any:
    if len(column) == 1 or axis < 0:  # without a batch axis every device has it all
        return column[0]
    return nd.concat(*[x.as_in_context(column[0].context) for x in column], dim=axis)


def _mean(column: Sequence[Any]) -> Any:
    arrays = [x.asnumpy() for x in column]
    mean = arrays[0]
    if len(arrays) > 1:
        mean = np.mean(arrays, axis=0, dtype=np.float64)
    return nd.array(mean, dtype=arrays[0].dtype).tostype(column[0].stype)


__getattr__ = held_elsewhere(__name__)  # what MXNet's module of this name has besides
