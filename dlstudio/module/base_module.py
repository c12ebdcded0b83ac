"""`BaseModule`: training, evaluation and prediction in terms of forward, backward and update."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dlstudio import metric as metrics
from dlstudio import nd
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.core.tensor import Tensor
from dlstudio.errors import DataError, InitError, ParamError, explain
from dlstudio.initializer import Uniform
from dlstudio.io import DataBatch
from dlstudio.module.checkpoint import BatchEndParam, read_params
from dlstudio.module.pieces import check_batches, joined, without_pad

__all__ = ["BaseModule"]

SMALL_UNIFORM = Uniform(0.01)
_STAGES = {
    "binded": ("has no memory yet", "mod.bind(data_shapes=..., label_shapes=...)"),
    "params_initialized": ("has no parameters yet", "mod.init_params()"),
    "optimizer_initialized": ("has no optimizer yet", "mod.init_optimizer(...)"),
}


class BaseModule:
    """A network with its data, parameters and optimizer: what all kinds of modules can do.

    A module is first bound (`bind`), then gets parameters (`init_params`) and an optimizer
    (`init_optimizer`). `fit` does all that, and the training.

    Parameters
    ----------
    logger : logger

    Attributes
    ----------
    binded, params_initialized, optimizer_initialized : bool
        How far it has come.
    for_training, inputs_need_grad : bool
        What it was bound for.
    """

    def __init__(self, logger: Any = logging) -> None:
        self.logger = logger
        self.binded = False
        self.for_training = False
        self.inputs_need_grad = False
        self.params_initialized = False
        self.optimizer_initialized = False
        self._symbol: Any = None

    def _require(self, *stages: str) -> None:
        for stage in stages:
            if not getattr(self, stage):
                lacks, fix = _STAGES[stage]
                raise InitError(explain(f"this {type(self).__name__} {lacks}.", fix=fix))

    # ---- one step --------------------------------------------------------------------------
    def forward_backward(self, data_batch: Any) -> None:
        """`forward` in training mode, then `backward`."""
        self.forward(data_batch, is_train=True)
        self.backward()

    def prepare(self, data_batch: Any, sparse_row_id_fn: Any = None) -> None:
        """Get ready for a batch; called before each one.

        Parameters
        ----------
        data_batch : DataBatch
        sparse_row_id_fn : function, optional
            Accepted for MXNet programs; parameters are dense.
        """

    # ---- evaluation ------------------------------------------------------------------------
    def _batches(
        self, eval_data: Any, num_batch: int | None, *, reset: bool, sparse_row_id_fn: Any
    ) -> Iterator[tuple[int, Any]]:
        """Run `forward` for prediction on each batch; yield number and batch."""
        self._require("binded", "params_initialized")
        if reset:
            check_batches(eval_data, "score", "reset")
            eval_data.reset()
        for nbatch, batch in enumerate(eval_data):
            if nbatch == num_batch:
                return
            self.prepare(batch, sparse_row_id_fn)
            self.forward(batch, is_train=False)
            yield nbatch, batch

    def score(
        self, eval_data: Any, eval_metric: Any, num_batch: int | None = None,
        batch_end_callback: Any = None, score_end_callback: Any = None, reset: bool = True,
        epoch: int = 0, sparse_row_id_fn: Any = None,
    ) -> list[tuple[str, float]]:  # fmt: skip
        """Measure the network on data.

        Parameters
        ----------
        eval_data : DataIter
        eval_metric : EvalMetric, or what `metric.create` takes
        num_batch : int, optional
            Only so many batches.
        batch_end_callback, score_end_callback : function or list of functions, optional
            Called with a `BatchEndParam`.
        reset : bool
            Begin at the first batch.
        epoch : int
            For the callbacks.

        Returns
        -------
        list of (name, value)
        """
        eval_metric = metrics.create(eval_metric)
        eval_metric.reset()
        count = 0
        for nbatch, eval_batch in self._batches(
            eval_data, num_batch, reset=reset, sparse_row_id_fn=sparse_row_id_fn
        ):
            self._measure(eval_metric, eval_batch)
            _call(batch_end_callback, BatchEndParam(epoch, nbatch, eval_metric, locals()))
            count = nbatch + 1
        _call(score_end_callback, BatchEndParam(epoch, count, eval_metric, locals()))
        return eval_metric.get_name_value()

    def _measure(self, eval_metric: Any, batch: Any) -> None:
        if isinstance(batch, list):
            self.update_metric(eval_metric, [b.label for b in batch], pre_sliced=True)
        else:
            self.update_metric(eval_metric, batch.label)

    def iter_predict(
        self, eval_data: Any, num_batch: int | None = None, reset: bool = True,
        sparse_row_id_fn: Any = None,
    ) -> Iterator[tuple[list[Any], int, Any]]:  # fmt: skip
        """Yield (outputs, number, batch) batch by batch, without samples that only fill up.

        The outputs are valid until the next batch.
        """
        for nbatch, batch in self._batches(
            eval_data, num_batch, reset=reset, sparse_row_id_fn=sparse_row_id_fn
        ):
            yield (
                [without_pad(out, getattr(batch, "pad", 0)) for out in self.get_outputs()],
                nbatch,
                batch,
            )

    def predict(
        self, eval_data: Any, num_batch: int | None = None, merge_batches: bool = True,
        reset: bool = True, always_output_list: bool = False, sparse_row_id_fn: Any = None,
    ) -> Any:  # fmt: skip
        """Outputs for data.

        Parameters
        ----------
        eval_data : DataIter, or array of shape (B, ...)
        num_batch : int, optional
            Only so many batches.
        merge_batches : bool
            Join the batches; else a list of outputs for each batch.
        reset : bool
            Begin at the first batch.
        always_output_list : bool
            A list even of a single output.

        Returns
        -------
        NDArray, list of NDArray, or list of lists

        Raises
        ------
        ShapeError
            If batches to be joined have different numbers of outputs.
        """
        if isinstance(eval_data, (Tensor, np.ndarray)):
            if isinstance(eval_data, np.ndarray):
                eval_data = nd.array(eval_data, dtype=eval_data.dtype)
            self._require("binded", "params_initialized")
            self.forward(DataBatch([eval_data]), is_train=False)
            outputs = [out.copy() for out in self.get_outputs()]
            return outputs if always_output_list or len(outputs) > 1 else outputs[0]
        found = [
            [out.copy() for out in outputs]
            for outputs, _, _ in self.iter_predict(eval_data, num_batch, reset, sparse_row_id_fn)
        ]
        if not merge_batches or not found:
            return found
        return joined(found, as_list=always_output_list)

    # ---- training --------------------------------------------------------------------------
    def fit(
        self, train_data: Any, eval_data: Any = None, eval_metric: Any = "acc",
        epoch_end_callback: Any = None, batch_end_callback: Any = None, kvstore: Any = "local",
        optimizer: Any = "sgd", optimizer_params: Any = (("learning_rate", 0.01),),
        eval_end_callback: Any = None, eval_batch_end_callback: Any = None,
        initializer: Any = SMALL_UNIFORM, arg_params: dict[str, Any] | None = None,
        aux_params: dict[str, Any] | None = None, allow_missing: bool = False,
        force_rebind: bool = False, force_init: bool = False, begin_epoch: int = 0,
        num_epoch: int | None = None, validation_metric: Any = None, monitor: Any = None,
        sparse_row_id_fn: Any = None,
    ) -> None:  # fmt: skip
        """Train.

        Parameters
        ----------
        train_data, eval_data : DataIter
            The second one is measured after each epoch.
        eval_metric, validation_metric : EvalMetric, or what `metric.create` takes
            For training data, and for `eval_data` (the same by default).
        epoch_end_callback : function or list of functions, optional
            Called with (epoch, symbol, arg_params, aux_params).
        batch_end_callback, eval_end_callback, eval_batch_end_callback : likewise
            Called with a `BatchEndParam`.
        kvstore, optimizer, optimizer_params
            See `init_optimizer`.
        initializer, arg_params, aux_params, allow_missing, force_init
            See `init_params`.
        force_rebind : bool
            Bind anew even if the module is bound.
        begin_epoch, num_epoch : int
            Epochs are numbered from `begin_epoch` to ``num_epoch - 1``.
        monitor : Monitor, optional

        Raises
        ------
        ParamError
            If `num_epoch` is missing.
        DataError
            If `train_data` yields nothing.
        """
        if num_epoch is None:
            raise ParamError(explain("fit was not told how long to train.", fix="num_epoch=10"))
        check_batches(train_data, "fit", "provide_data")
        self.bind(
            data_shapes=train_data.provide_data, label_shapes=train_data.provide_label,
            for_training=True, force_rebind=force_rebind,
        )  # fmt: skip
        if monitor is not None:
            self.install_monitor(monitor)
        self.init_params(initializer, arg_params, aux_params, allow_missing, force_init)
        self.init_optimizer(kvstore, optimizer, optimizer_params)
        eval_metric = metrics.create(eval_metric)
        validation_metric = validation_metric or eval_metric
        for epoch in range(begin_epoch, num_epoch):
            self._train_epoch(
                train_data, epoch, eval_metric, batch_end_callback, monitor, sparse_row_id_fn
            )
            arg_params, aux_params = self.get_params()
            # running means that several devices collected become the same on all of them
            self.set_params(arg_params, aux_params)
            _call(epoch_end_callback, epoch, self.symbol, arg_params, aux_params)
            if eval_data is not None:
                results = self.score(
                    eval_data, validation_metric, score_end_callback=eval_end_callback,
                    batch_end_callback=eval_batch_end_callback, epoch=epoch,
                )  # fmt: skip
                self._log_metric(epoch, "Validation", results)
            train_data.reset()

    def _train_epoch(
        self, train_data: Any, epoch: int, eval_metric: Any, batch_end_callback: Any,
        monitor: Any, sparse_row_id_fn: Any,
    ) -> None:  # fmt: skip
        start = time.time()
        eval_metric.reset()
        results: Any = []
        for nbatch, data_batch in enumerate(train_data):
            self._train_batch(data_batch, monitor, sparse_row_id_fn)
            self._measure(eval_metric, data_batch)
            if monitor is not None:
                monitor.toc_print()
            # a callback such as Speedometer may reset the metric; the log wants the whole epoch
            results = eval_metric.get_global_name_value()
            _call(batch_end_callback, BatchEndParam(epoch, nbatch, eval_metric, locals()))
        if not results:
            raise DataError(
                explain(
                    f"epoch {epoch}: train_data yielded no batch.",
                    "an iterator at its beginning.",
                    "train_data.reset()",
                )
            )
        self._log_metric(epoch, "Train", results)
        self.logger.info("Epoch[%d] Time cost=%.3f", epoch, time.time() - start)

    def _train_batch(self, data_batch: Any, monitor: Any, sparse_row_id_fn: Any) -> None:
        self.prepare(data_batch, sparse_row_id_fn)
        if monitor is not None:
            monitor.tic()
        self.forward_backward(data_batch)
        self.update()

    def _log_metric(self, epoch: int, what: str, results: Sequence[tuple[str, float]]) -> None:
        for name, value in results:
            self.logger.info("Epoch[%d] %s-%s=%f", epoch, what, name, value)

    # ---- parameters ------------------------------------------------------------------------
    def set_params(
        self, arg_params: Any, aux_params: Any, allow_missing: bool = False,
        force_init: bool = True, allow_extra: bool = False,
    ) -> None:  # fmt: skip
        """Give parameters their values.

        Parameters
        ----------
        arg_params, aux_params : dict of str to NDArray
        allow_missing : bool
            Parameters that are not given keep their values.
        force_init : bool
            Also if there are parameters already.
        allow_extra : bool
            Values that the network does not need are no mistake.
        """
        self.init_params(None, arg_params, aux_params, allow_missing, force_init, allow_extra)

    def save_params(self, fname: Any) -> None:
        """Write parameters and auxiliary states to a ``.params`` file."""
        arg_params, aux_params = self.get_params()
        named = {f"arg:{name}": value for name, value in arg_params.items()}
        named.update({f"aux:{name}": value for name, value in aux_params.items()})
        nd.save(fname, named)

    def load_params(self, fname: Any) -> None:
        """Read what `save_params` wrote."""
        self.set_params(*read_params(fname))

    # ---- what kinds of modules define ------------------------------------------------------
    @property
    def data_names(self) -> list[str]:
        """Names of the data."""
        raise self._undefined("data_names")

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        raise self._undefined("output_names")

    @property
    def data_shapes(self) -> list[Any]:
        """Name and shape of each input."""
        raise self._undefined("data_shapes")

    @property
    def label_shapes(self) -> list[Any] | None:
        """Name and shape of each label; None if the module takes none."""
        raise self._undefined("label_shapes")

    @property
    def output_shapes(self) -> list[Any]:
        """Name and shape of each output."""
        raise self._undefined("output_shapes")

    @property
    def symbol(self) -> Any:
        """The network; None for modules without a symbol."""
        return self._symbol

    def bind(
        self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True,
        inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
        grad_req: Any = "write",
    ) -> None:  # fmt: skip
        """Make memory for batches of these shapes."""
        raise self._undefined("bind")

    def init_params(
        self, initializer: Any = SMALL_UNIFORM, arg_params: Any = None, aux_params: Any = None,
        allow_missing: bool = False, force_init: bool = False, allow_extra: bool = False,
    ) -> None:  # fmt: skip
        """Give parameters their first values."""
        raise self._undefined("init_params")

    def get_params(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return copies of parameters and auxiliary states."""
        raise self._undefined("get_params")

    def init_optimizer(
        self, kvstore: Any = "local", optimizer: Any = "sgd",
        optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False,
    ) -> None:  # fmt: skip
        """Make the optimizer."""
        raise self._undefined("init_optimizer")

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Compute the outputs of a batch."""
        raise self._undefined("forward")

    def backward(self, out_grads: Any = None) -> None:
        """Compute the gradients."""
        raise self._undefined("backward")

    def update(self) -> None:
        """Let the optimizer change the parameters."""
        raise self._undefined("update")

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Add the last outputs to a metric."""
        raise self._undefined("update_metric")

    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Outputs of the last `forward`."""
        raise self._undefined("get_outputs")

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the data after the last `backward`."""
        raise self._undefined("get_input_grads")

    def get_states(self, merge_multi_context: bool = True) -> list[Any]:
        """States of the network: none, unless a kind of module has them."""
        self._require("binded", "params_initialized")
        return []

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Overwrite the states."""
        self._require("binded", "params_initialized")
        if states or value:
            raise ParamError(f"this {type(self).__name__} has no states.")

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor watch."""
        raise self._undefined("install_monitor")

    def _undefined(self, name: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} must define {name}.")


def _call(callbacks: Any, *args: Any) -> None:
    """Call one function, or each of a list of them."""
    if callbacks is None:
        return
    for callback in callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]:
        callback(*args)


__getattr__ = held_elsewhere(__name__, dict.fromkeys(("DataDesc", "DataIter"), "io"))
