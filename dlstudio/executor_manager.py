"""`mx.executor_manager`: data-parallel executors with loops of one's own, before `mx.mod`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.module.executor_group import DataParallelExecutorGroup as _Group
from dlstudio.module.pieces import described
from dlstudio.module.pieces import split_batch as _split_input_slice

__all__ = ["DataParallelExecutorGroup", "DataParallelExecutorManager"]


class DataParallelExecutorGroup(_Group):
    """Executors of one symbol on several devices, for batches of one shape.

    Parameters
    ----------
    sym : Symbol
    arg_names, param_names : list of str
        All arguments; those that are trained.
    ctx : list of Device
    slices : list of slice
        The part of the batch of each device.
    train_data : DataIter or DataBatch
        Tells names and shapes by ``provide_data`` and ``provide_label``.
    shared_group : DataParallelExecutorGroup, optional
        Its parameters, gradients and states are used.
    """

    def __init__(
        self, sym: Any, arg_names: Sequence[str], param_names: Sequence[str], ctx: Sequence[Any],
        slices: Sequence[slice], train_data: Any, shared_group: _Group | None = None,
    ) -> None:  # fmt: skip
        del arg_names  # the symbol knows them
        super().__init__(
            sym, ctx, [part.stop - part.start for part in slices],
            described(train_data.provide_data), described(train_data.provide_label),
            param_names, for_training=True, inputs_need_grad=False, shared_group=shared_group,
        )  # fmt: skip
        self._batch: Any = None

    def load_data_batch(self, data_batch: Any) -> None:
        """Take the batch that `forward` shall run on."""
        self._batch = data_batch

    def forward(self, data_batch: Any = None, is_train: bool | None = False) -> None:
        """Run on the batch that was loaded, or on one given."""
        if isinstance(data_batch, bool):  # forward(True): MXNet's only argument here is is_train
            data_batch, is_train = None, data_batch
        super().forward(self._batch if data_batch is None else data_batch, is_train)

    def update_metric(self, metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Add the outputs of all executors to a metric."""
        super().update_metric(metric, labels, pre_sliced)


class DataParallelExecutorManager:
    """Runs a symbol on several devices, each with its share of every batch.

    Parameters
    ----------
    symbol : Symbol
    ctx : list of Device
    train_data : DataIter
        Tells the batch size, names and shapes.
    arg_names, param_names, aux_names : list of str, optional
        Arguments, those that are trained, and states; default as the symbol lists them.
    work_load_list : list of float, optional
        Shares of the batch; equal by default.
    logger : logger, optional
    sym_gen : callable, optional
        From a bucket's key to its symbol, for batches with a ``bucket_key``.

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.sym.LinearRegressionOutput(
    ...     mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=1, name="fc"), name="lin"
    ... )
    >>> batches = mx.io.NDArrayIter(mx.nd.ones((4, 2)), mx.nd.ones(4), 2, label_name="lin_label")
    >>> manager = mx.executor_manager.DataParallelExecutorManager(net, [mx.cpu(0)], batches)
    >>> manager.load_data_batch(next(batches))
    >>> manager.forward(is_train=True)
    >>> manager.backward()
    >>> [grads[0].shape for grads in manager.grad_arrays]
    [(1, 2), (1,)]
    """

    def __init__(
        self, symbol: Any, ctx: Sequence[Any], train_data: Any,
        arg_names: Sequence[str] | None = None, param_names: Sequence[str] | None = None,
        aux_names: Sequence[str] | None = None, work_load_list: Sequence[float] | None = None,
        logger: Any = None, sym_gen: Callable[[Any], Any] | None = None,
    ) -> None:  # fmt: skip
        shares = [1.0] * len(ctx) if work_load_list is None else list(work_load_list)
        if len(shares) != len(ctx):
            raise ParamError(
                explain(
                    f"work_load_list has {len(shares)} entries for {len(ctx)} devices.",
                    "one for each device.",
                )
            )
        inputs = {d.name for d in described([*train_data.provide_data, *train_data.provide_label])}
        self.arg_names = list(arg_names or symbol.list_arguments())
        self.param_names = list(param_names or [n for n in self.arg_names if n not in inputs])
        self.aux_names = list(aux_names or symbol.list_auxiliary_states())
        self.symbol, self.ctx, self.sym_gen = symbol, list(ctx), sym_gen
        self.logger = logger or logging
        self.slices = _split_input_slice(train_data.batch_size, shares)
        self.execgrp = self._group(symbol, train_data)
        self._current = self.execgrp
        self._buckets = {getattr(train_data, "default_bucket_key", None): self.execgrp}

    def _group(self, symbol: Any, shapes: Any) -> DataParallelExecutorGroup:
        shared = getattr(self, "execgrp", None)
        names = symbol.list_arguments()
        params = [name for name in self.param_names if name in names]
        return DataParallelExecutorGroup(
            symbol, names, params, self.ctx, self.slices, shapes, shared
        )

    def install_monitor(self, monitor: Any) -> None:
        """Let a monitor watch all executors.

        Raises
        ------
        ParamError
            With `sym_gen`, whose executors come and go.
        """
        if self.sym_gen is not None:
            raise ParamError("install_monitor: a monitor cannot watch executors of many buckets.")
        self.execgrp.install_monitor(monitor)

    def set_params(
        self, arg_params: Mapping[str, Any], aux_params: Mapping[str, Any] | None
    ) -> None:
        """Copy values to all devices; names that the symbol lacks are passed over."""
        self.execgrp.set_params(arg_params, aux_params, allow_extra=True)

    def copy_to(self, arg_params: Mapping[str, Any], aux_params: Mapping[str, Any]) -> None:
        """Write means over the devices into the arrays of two dicts."""
        args: dict[str, Any] = {}
        states: dict[str, Any] = {}
        self.execgrp.get_params(args, states)
        for found, given in ((args, arg_params), (states, aux_params)):
            for name, value in found.items():
                if given[name].shape != value.shape:
                    raise ShapeError(
                        f"copy_to: {name} has shape {value.shape}. Got {given[name].shape}."
                    )
                value.astype(given[name].dtype).copyto(given[name])

    @property
    def param_arrays(self) -> list[list[Any]]:
        """Parameters: for each name a list with one array per device."""
        return self.execgrp.param_arrays

    @property
    def grad_arrays(self) -> list[list[Any]]:
        """Gradients of the parameters, likewise."""
        return self.execgrp.grad_arrays or []

    @property
    def aux_arrays(self) -> list[list[Any]]:
        """Auxiliary states, likewise."""
        return self.execgrp.aux_arrays

    def load_data_batch(self, data_batch: Any) -> None:
        """Take the batch that `forward` shall run on; with `sym_gen`, find its bucket."""
        if self.sym_gen is not None:
            key = data_batch.bucket_key
            if key not in self._buckets:
                self._buckets[key] = self._group(self.sym_gen(key), data_batch)
            self._current = self._buckets[key]
        self._current.load_data_batch(data_batch)

    def forward(self, is_train: bool = False) -> None:
        """Run on the batch that was loaded."""
        self._current.forward(is_train=is_train)

    def backward(self) -> None:
        """Compute gradients of the last `forward`."""
        self._current.backward()

    def update_metric(self, metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Add the outputs of all executors to a metric."""
        self._current.update_metric(metric, labels, pre_sliced)
