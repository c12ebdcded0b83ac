"""`Module`: a symbol that trains, on one device or on several."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from dlstudio import initializer as initializers
from dlstudio import kvstore as stores
from dlstudio.callback import save_checkpoint
from dlstudio.core.device import Device, cpu
from dlstudio.initializer import InitDesc
from dlstudio.io import DataDesc
from dlstudio.module.base_module import SMALL_UNIFORM, BaseModule
from dlstudio.module.checkpoint import load_checkpoint
from dlstudio.module.executor_group import DataParallelExecutorGroup
from dlstudio.module.learning import Learning, make_optimizer
from dlstudio.module.pieces import (
    check_batch,
    check_names,
    check_symbol,
    checked_shapes,
    fill,
    groups,
    shapes_of,
    workload,
)
from dlstudio.module.reached import Reached

__all__ = ["Module"]

CPU = cpu()


class Module(Reached, BaseModule):
    """A symbol with data, parameters and an optimizer.

    Parameters
    ----------
    symbol : Symbol
    data_names, label_names : list of str
        Which arguments are fed by the data iterator; all others are parameters.
    logger : logger
    context : Device or list of Device
        Several devices share every batch.
    work_load_list : list of float, optional
        Their shares of it; equal by default.
    fixed_param_names : list of str, optional
        Parameters that are not trained.
    state_names : list of str, optional
        Arguments that are neither data nor trained; see `set_states`.
    group2ctxs : dict of Device (or of lists with one per context), or list of dicts, optional
        Where each ``ctx_group`` of the symbol runs.
    compression_params : dict, optional
        Handed to the key-value store.

    Raises
    ------
    ParamError
        If the symbol has no argument of a given name.

    Examples
    --------
    >>> import dlstudio as mx
    >>> line = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=1, name="fc")
    >>> loss = mx.sym.LinearRegressionOutput(line, name="lr")
    >>> mod = mx.mod.Module(loss, label_names=["lr_label"])
    >>> x = mx.nd.array([[0.0], [1.0], [2.0], [3.0]])
    >>> points = mx.io.NDArrayIter(x, 2 * x + 1, batch_size=4, label_name="lr_label")
    >>> mod.fit(points, num_epoch=200, eval_metric="mse", optimizer_params={"learning_rate": 0.3})
    >>> float(mod.get_params()[0]["fc_weight"].asscalar().round(2))
    2.0
    """

    def __init__(
        self, symbol: Any, data_names: Sequence[str] | None = ("data",),
        label_names: Sequence[str] | None = ("softmax_label",), logger: Any = logging,
        context: Any = CPU, work_load_list: Sequence[float] | None = None,
        fixed_param_names: Sequence[str] | None = None, state_names: Sequence[str] | None = None,
        group2ctxs: Any = None, compression_params: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(logger)
        check_symbol(symbol)
        contexts = context if isinstance(context, (list, tuple)) else [context or CPU]
        self._symbol, self._context = symbol, [Device(c) for c in contexts]
        self._work_load_list = workload(work_load_list, len(contexts))
        self._group2ctxs = groups(group2ctxs, len(contexts))
        self._data_names, self._label_names = list(data_names or []), list(label_names or [])
        self._fixed_param_names = list(fixed_param_names or [])
        self._state_names = list(state_names or [])
        check_names(symbol, "data", self._data_names)
        check_names(symbol, "state", self._state_names)
        check_names(symbol, "fixed_param", self._fixed_param_names)
        missing = {*self._label_names} - {*symbol.list_arguments(), "softmax_label"}
        if missing:  # a network used for prediction only may have lost its labels
            self.logger.warning("Module: the symbol has no argument named %s.", sorted(missing))
        fed = {*self._data_names, *self._label_names, *self._state_names}
        self._param_names = [n for n in symbol.list_arguments() if n not in fed]
        self._aux_names = symbol.list_auxiliary_states()
        self._compression_params = compression_params
        self._loaded: tuple[Any, Any] | None = None  # parameters that wait for `bind`
        self._exec_group: DataParallelExecutorGroup | None = None
        self._learning: Learning | None = None
        self._preload_opt_states: str | None = None
        self._monitor: Any = None

    # ---- saving and loading ----------------------------------------------------------------
    @staticmethod
    def load(prefix: str, epoch: int, load_optimizer_states: bool = False, **kwargs: Any) -> Module:
        """Make a module from a checkpoint.

        Parameters
        ----------
        prefix : str
        epoch : int
        load_optimizer_states : bool
            Also from ``prefix-0000.states``, when the optimizer is made.
        **kwargs
            For `Module`.
        """
        symbol, arg_params, aux_params = load_checkpoint(prefix, epoch)
        module = Module(symbol, **kwargs)
        module._loaded = arg_params, aux_params
        module.params_initialized = True
        if load_optimizer_states:
            module._preload_opt_states = f"{prefix}-{epoch:04d}.states"
        return module

    def save_checkpoint(
        self, prefix: str, epoch: int, save_optimizer_states: bool = False,
        remove_amp_cast: bool = True,
    ) -> None:  # fmt: skip
        """Write symbol and parameters, and if asked for what the optimizer remembers.

        Parameters
        ----------
        prefix : str
            Files are ``prefix-symbol.json``, ``prefix-0000.params`` and ``prefix-0000.states``.
        epoch : int
            Number in the names.
        """
        save_checkpoint(prefix, epoch, self.symbol, *self.get_params(), remove_amp_cast)
        if save_optimizer_states:
            states = f"{prefix}-{epoch:04d}.states"
            self.save_optimizer_states(states)
            logging.info('Saved optimizer state to "%s"', states)

    def save_optimizer_states(self, fname: Any) -> None:
        """Write states and update counts of the optimizer."""
        self._learned().save(fname)

    def load_optimizer_states(self, fname: Any) -> None:
        """Read what `save_optimizer_states` wrote; rates and decays stay as given here."""
        self._learned().load(fname)

    def _learned(self) -> Learning:
        self._require("optimizer_initialized")
        assert self._learning is not None
        return self._learning

    def _bound(self) -> DataParallelExecutorGroup:
        self._require("binded")
        assert self._exec_group is not None
        return self._exec_group

    # ---- names and shapes ------------------------------------------------------------------
    @property
    def data_names(self) -> list[str]:
        """Names of the data."""
        return self._data_names

    @property
    def label_names(self) -> list[str]:
        """Names of the labels."""
        return self._label_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return self._symbol.list_outputs()

    @property
    def data_shapes(self) -> list[DataDesc]:
        """Name and shape of each input."""
        return self._bound().data_shapes

    @property
    def label_shapes(self) -> list[DataDesc] | None:
        """Name and shape of each label, or None."""
        return self._bound().label_shapes or None

    @property
    def output_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """Name and shape of each output."""
        return self._bound().get_output_shapes()

    # ---- binding ---------------------------------------------------------------------------
    def bind(
        self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True,
        inputs_need_grad: bool = False, force_rebind: bool = False,
        shared_module: Module | None = None, grad_req: Any = "write",
    ) -> None:  # fmt: skip
        """Make memory for batches of these shapes.

        Parameters
        ----------
        data_shapes, label_shapes : list of DataDesc or of (name, shape)
        for_training : bool
            Gradients of parameters will be wanted.
        inputs_need_grad : bool
            Gradients of the data too.
        force_rebind : bool
            Do it again if the module is bound.
        shared_module : Module, optional
            Use its parameters, gradients and optimizer.
        grad_req : {"write", "add", "null"}, or a list or dict of these

        Raises
        ------
        ParamError
            If `data_shapes` are not those of `data_names`.
        """
        if self.binded and not force_rebind:
            self.logger.warning("Already bound, ignoring bind()")
            return
        data, labels = checked_shapes(self, data_shapes, label_shapes)
        if self.binded and self.params_initialized:
            self._loaded = self.get_params()
        self._stop_monitor()
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        self._exec_group = DataParallelExecutorGroup(
            self._symbol, self._context, self._work_load_list, data, labels, self._param_names,
            for_training, inputs_need_grad, shared_module and shared_module._bound(), self.logger,
            self._fixed_param_names, grad_req, self._state_names, self._group2ctxs,
        )  # fmt: skip
        self.binded = True
        self._start_monitor()
        if shared_module is not None:
            self._join(shared_module)
        elif self.params_initialized:
            self._exec_group.set_params(*(self._loaded or ({}, {})), allow_extra=True)
            self._loaded = None

    def _join(self, other: Module) -> None:
        self.params_initialized = other.params_initialized
        if other.optimizer_initialized:
            self.borrow_optimizer(other)

    def reshape(self, data_shapes: Any, label_shapes: Any = None) -> None:
        """Take batches of other shapes from now on; parameters stay."""
        data, labels = checked_shapes(self, data_shapes, label_shapes)
        self._stop_monitor()
        self._bound().reshape(data, labels)
        self._start_monitor()

    # ---- parameters ------------------------------------------------------------------------
    def init_params(
        self, initializer: Any = SMALL_UNIFORM, arg_params: Any = None, aux_params: Any = None,
        allow_missing: bool = False, force_init: bool = False, allow_extra: bool = False,
    ) -> None:  # fmt: skip
        """Give parameters their first values, in the order of their names.

        Parameters
        ----------
        initializer : Initializer, its registered name, or None
            For parameters that are not given.
        arg_params, aux_params : dict of str to NDArray, optional
            Given values.
        allow_missing : bool
            Not all need be given.
        force_init : bool
            Also if there are parameters already.
        allow_extra : bool
            Do not mention values that the network does not need.

        Raises
        ------
        ParamError
            If some are given, one is missing, and that is not allowed.
        """
        group = self._bound()
        if self.params_initialized and not force_init:
            if arg_params or aux_params:
                self.logger.warning("Parameters are initialized; pass force_init=True to replace.")
            return
        if isinstance(initializer, str):
            initializer = initializers.create(initializer)
        first, attributes = group.execs[0], self._symbol.attr_dict()
        for names, arrays, given in (
            (self._param_names, first.arg_dict, arg_params),
            (self._aux_names, first.aux_dict, aux_params),
        ):
            for name in sorted(names):
                desc = InitDesc(name, attributes.get(name))
                fill(desc, arrays[name], given, initializer, missing_ok=allow_missing)
            extra = sorted({*(given or {})} - {*names})
            if extra and not allow_extra:
                self.logger.warning("init_params: the network does not need %s.", extra)
        self.params_initialized = True
        if len(group.execs) > 1:
            group.set_params({n: first.arg_dict[n] for n in self._param_names}, first.aux_dict)
        if self._learning is not None:
            self._learning.adopt(group)

    def get_params(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return copies of parameters and auxiliary states, on the CPU."""
        self._require("params_initialized")
        if self._exec_group is None:
            arg_params, aux_params = self._loaded or ({}, {})
            return dict(arg_params), dict(aux_params)
        arg_params, aux_params = {}, {}
        self._exec_group.get_params(arg_params, aux_params)
        return arg_params, aux_params

    # ---- optimizer -------------------------------------------------------------------------
    def init_optimizer(
        self, kvstore: Any = "local", optimizer: Any = "sgd",
        optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False,
    ) -> None:  # fmt: skip
        """Make the optimizer.

        Parameters
        ----------
        kvstore : str, KVStore or None
            Where gradients of several devices are added up; one device needs none. With None,
            each device learns by itself.
        optimizer : str or Optimizer
            One made by name divides gradients by the batch size unless told otherwise.
        optimizer_params : dict or list of pairs
        force_init : bool
            Also if there is one already.
        """
        group = self._bound()
        self._require("params_initialized")
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring...")
            return
        store = kvstore
        if isinstance(kvstore, str):
            made = stores.create(kvstore)  # refuses unknown names for one device too
            store = made if len(self._context) > 1 else None
        made_optimizer = make_optimizer(
            optimizer, dict(optimizer_params), group, self._symbol, self.logger,
            one_state_each=store is not None,
        )  # fmt: skip
        if store is not None and self._compression_params:
            store.set_gradient_compression(self._compression_params)
        self._learning = Learning(made_optimizer, store, group)
        self.optimizer_initialized = True
        if self._preload_opt_states is not None:
            self.load_optimizer_states(self._preload_opt_states)
            self._preload_opt_states = None

    def borrow_optimizer(self, shared_module: Module) -> None:
        """Use the optimizer of another module, together with its states."""
        self._learning = shared_module._learned()
        self.optimizer_initialized = True

    # ---- one step --------------------------------------------------------------------------
    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Compute the outputs of a batch, whose shape may be new.

        Parameters
        ----------
        data_batch : DataBatch, or list of DataBatch (one per device)
        is_train : bool, optional
            Default: what the module was bound for.
        """
        group = self._bound()
        self._require("params_initialized")
        check_batch(data_batch)
        new = shapes_of(data_batch, group)
        if new is not None:
            self.reshape(*new)
        group.forward(data_batch, is_train)

    def backward(self, out_grads: Any = None) -> None:
        """Compute the gradients.

        Parameters
        ----------
        out_grads : NDArray or list of NDArray, optional
            Gradients of the outputs, where the symbol does not end in a loss.
        """
        self._require("params_initialized")
        self._bound().backward(out_grads)

    def update(self) -> None:
        """Let the optimizer change the parameters."""
        self._require("binded", "params_initialized")
        self._learned().update(self._bound())

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Add the last outputs to a metric.

        Parameters
        ----------
        eval_metric : EvalMetric
        labels : list of NDArray, or with `pre_sliced` a list of these for each device
        """
        self._bound().update_metric(eval_metric, labels, pre_sliced)

    # ---- results ---------------------------------------------------------------------------
    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Outputs of the last `forward`; a list per output if devices are not merged."""
        self._require("params_initialized")
        return self._bound().get_outputs(merge_multi_context)

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the data after the last `backward`."""
        self._require("params_initialized")
        return self._bound().get_input_grads(merge_multi_context)

    def get_states(self, merge_multi_context: bool = True) -> list[Any]:
        """Arrays named by `state_names`."""
        self._require("params_initialized")
        return self._bound().get_states(merge_multi_context)

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Overwrite the states, by arrays or by a number."""
        self._require("params_initialized")
        self._bound().set_states(states, value)

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor watch all executors, also those made for other shapes later."""
        self._bound()
        self._stop_monitor()
        self._monitor = mon
        self._start_monitor()

    def _start_monitor(self) -> None:
        if self._monitor is not None and self._exec_group is not None:
            self._exec_group.install_monitor(self._monitor)

    def _stop_monitor(self) -> None:
        uninstall = getattr(self._monitor, "uninstall", None)
        if uninstall is not None and self._exec_group is not None:
            for exe in self._exec_group.execs:
                uninstall(exe)
