"""`BucketingModule`: one network per sequence length, all with the same parameters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.module.base_module import SMALL_UNIFORM, BaseModule
from dlstudio.module.checkpoint import load_params
from dlstudio.module.module import CPU, Module

__all__ = ["BucketingModule"]

Generated = tuple[Any, Any, Any]


class BucketingModule(BaseModule):
    """Modules made on demand, one for each `bucket_key` of a batch.

    Parameters
    ----------
    sym_gen : function of bucket key to (symbol, data_names, label_names)
    default_bucket_key : hashable
        The bucket that is bound first; its network has all parameters.
    logger, context, work_load_list, fixed_param_names, state_names, group2ctxs, compression_params
        See `Module`.

    Raises
    ------
    ParamError
        If there is no default bucket.

    Examples
    --------
    >>> import dlstudio as mx
    >>> def mean_of(length):
    ...     line = mx.sym.FullyConnected(
    ...         mx.sym.var("data").mean(axis=1, keepdims=True), num_hidden=1, name="fc"
    ...     )
    ...     return mx.sym.LinearRegressionOutput(line, name="lr"), ["data"], ["lr_label"]
    >>> mod = mx.mod.BucketingModule(mean_of, default_bucket_key=8)
    >>> mod.bind([("data", (2, 8))], [("lr_label", (2, 1))])
    >>> mod.init_params()
    >>> mod.switch_bucket(3, [("data", (2, 3))], [("lr_label", (2, 1))])
    >>> mod.data_shapes[0].shape
    (2, 3)
    """

    def __init__(
        self, sym_gen: Callable[[Any], Generated], default_bucket_key: Any = None,
        logger: Any = logging, context: Any = CPU, work_load_list: Any = None,
        fixed_param_names: Any = None, state_names: Any = None, group2ctxs: Any = None,
        compression_params: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(logger)
        if default_bucket_key is None:
            raise ParamError(
                explain(
                    "BucketingModule was given no default bucket.",
                    "the key of the network that has all parameters.",
                    "default_bucket_key=the longest length",
                )
            )
        self._sym_gen, self._default_bucket_key = sym_gen, default_bucket_key
        self._options = {
            "logger": logger, "context": context, "work_load_list": work_load_list,
            "fixed_param_names": fixed_param_names, "state_names": state_names,
            "group2ctxs": group2ctxs, "compression_params": compression_params,
        }  # fmt: skip
        self._buckets: dict[Any, Module] = {}
        self._curr_bucket_key = default_bucket_key
        self._loaded: tuple[Any, Any] | None = None
        self._bound_for: dict[str, Any] = {}
        self._monitor: Any = None
        self._unbound = self._module_of(default_bucket_key)  # also checks the names now

    def _module_of(self, key: Any) -> Module:
        made = self._sym_gen(key)
        if not isinstance(made, (list, tuple)) or len(made) != 3:
            raise ParamError(
                explain(
                    f"BucketingModule: sym_gen({key!r}) returned {made!r}.",
                    "three things: the symbol, the names of its data, the names of its labels.",
                    'return symbol, ["data"], ["softmax_label"]',
                )
            )
        return Module(*made, **self._options)

    @property
    def _curr_module(self) -> Module:
        return self._buckets.get(self._curr_bucket_key, self._unbound)

    @property
    def _default(self) -> Module:
        return self._buckets[self._default_bucket_key]

    # ---- saving and loading ----------------------------------------------------------------
    def save_checkpoint(self, prefix: str, epoch: int, remove_amp_cast: bool = False) -> None:
        """Write ``prefix-0000.params``, and ``prefix-KEY-symbol.json`` for each bucket seen."""
        self._require("params_initialized")
        self.save_params(f"{prefix}-{epoch:04d}.params")
        for key, module in self._buckets.items():
            module.symbol.save(f"{prefix}-{key}-symbol.json", remove_amp_cast=remove_amp_cast)

    @staticmethod
    def load(
        prefix: str, epoch: int, sym_gen: Any = None, default_bucket_key: Any = None,
        **kwargs: Any,
    ) -> BucketingModule:  # fmt: skip
        """Make a module with the parameters of a checkpoint.

        Parameters
        ----------
        prefix : str
        epoch : int
        sym_gen, default_bucket_key, **kwargs
            See the class.
        """
        arg_params, aux_params = load_params(prefix, epoch)
        return BucketingModule.load_dict(
            None, sym_gen, default_bucket_key, arg_params, aux_params, **kwargs
        )

    @staticmethod
    def load_dict(
        sym_dict: Mapping[Any, Any] | None = None, sym_gen: Any = None,
        default_bucket_key: Any = None, arg_params: Any = None, aux_params: Any = None,
        **kwargs: Any,
    ) -> BucketingModule:  # fmt: skip
        """Make a module from parameters, and symbols that replace those of `sym_gen`.

        Raises
        ------
        ParamError
            If `sym_gen` is missing.
        """
        if sym_gen is None:
            raise ParamError(explain("sym_gen is missing.", fix="load(..., sym_gen=...)"))

        def chosen(key: Any) -> Generated:
            symbol, data_names, label_names = sym_gen(key)
            return (sym_dict or {}).get(key, symbol), data_names, label_names

        module = BucketingModule(
            chosen if sym_dict else sym_gen, default_bucket_key=default_bucket_key, **kwargs
        )
        if arg_params is not None:
            module._loaded = (arg_params, aux_params or {})
            module.params_initialized = True
        return module

    # ---- names and shapes ------------------------------------------------------------------
    @property
    def data_names(self) -> list[str]:
        """Names of the data of the current bucket."""
        return self._curr_module.data_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs of the current bucket."""
        return self._curr_module.output_names

    @property
    def data_shapes(self) -> list[Any]:
        """Name and shape of each input of the current bucket."""
        return self._curr_module.data_shapes

    @property
    def label_shapes(self) -> list[Any] | None:
        """Name and shape of each label of the current bucket."""
        return self._curr_module.label_shapes

    @property
    def output_shapes(self) -> list[Any]:
        """Name and shape of each output of the current bucket."""
        return self._curr_module.output_shapes

    @property
    def symbol(self) -> Any:
        """Network of the current bucket."""
        return self._curr_module.symbol

    # ---- binding ---------------------------------------------------------------------------
    def bind(
        self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True,
        inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
        grad_req: Any = "write",
    ) -> None:  # fmt: skip
        """Bind the default bucket for these shapes; other buckets follow when they come.

        Raises
        ------
        ParamError
            If `shared_module` is given: buckets share with each other only.
        """
        if shared_module is not None:
            raise ParamError("BucketingModule.bind takes no shared_module.")
        if self.binded and not force_rebind:
            self.logger.warning("Already bound, ignoring bind()")
            return
        if self.binded and self.params_initialized:
            self._loaded = self.get_params()
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        self._bound_for = {
            "for_training": for_training, "inputs_need_grad": inputs_need_grad,
            "grad_req": grad_req,
        }  # fmt: skip
        module = self._module_of(self._default_bucket_key)
        module.bind(data_shapes, label_shapes, **self._bound_for)
        if self.binded and self.optimizer_initialized:
            module.borrow_optimizer(self._default)
        self._buckets, self._curr_bucket_key = (
            {self._default_bucket_key: module},
            self._default_bucket_key,
        )
        self.binded = True
        if self.params_initialized and self._loaded is not None:
            module.set_params(*self._loaded)
            self._loaded = None

    def switch_bucket(self, bucket_key: Any, data_shapes: Any, label_shapes: Any = None) -> None:
        """Make a bucket the current one; bind it if it is new.

        Parameters
        ----------
        bucket_key : hashable
        data_shapes, label_shapes : list of DataDesc or of (name, shape)
            Used if the bucket is new.
        """
        self._require("binded")
        if bucket_key not in self._buckets:
            module = self._module_of(bucket_key)
            module.bind(data_shapes, label_shapes, shared_module=self._default, **self._bound_for)
            if self._monitor is not None:
                module.install_monitor(self._monitor)
            self._buckets[bucket_key] = module
        self._curr_bucket_key = bucket_key

    def prepare(self, data_batch: Any, sparse_row_id_fn: Any = None) -> None:
        """Bind the bucket of a batch; the current bucket stays."""
        self._require("binded", "params_initialized")
        current = self._curr_bucket_key
        self._switch_to(data_batch)
        self._curr_module.prepare(data_batch, sparse_row_id_fn)
        self._curr_bucket_key = current

    def _switch_to(self, batch: Any) -> None:
        if getattr(batch, "bucket_key", None) is None:
            raise ParamError(
                explain(
                    "BucketingModule was given a batch without a bucket_key.",
                    "the key that says which network it is for, and the shapes for that network.",
                    "mx.io.DataBatch(data, label, bucket_key=10, provide_data=..., "
                    "provide_label=...)",
                )
            )
        self.switch_bucket(batch.bucket_key, batch.provide_data, batch.provide_label)

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor watch all buckets, also those that come later."""
        self._require("binded")
        self._monitor = mon
        for module in self._buckets.values():
            module.install_monitor(mon)

    # ---- parameters and optimizer ----------------------------------------------------------
    def init_params(
        self, initializer: Any = SMALL_UNIFORM, arg_params: Any = None, aux_params: Any = None,
        allow_missing: bool = False, force_init: bool = False, allow_extra: bool = False,
    ) -> None:  # fmt: skip
        """Give the parameters that all buckets share their first values; see `Module`."""
        self._require("binded")
        if self.params_initialized and not force_init:
            return
        self._default.init_params(
            initializer, arg_params, aux_params, allow_missing, force_init, allow_extra
        )
        self.params_initialized = True
        for module in self._buckets.values():
            module.params_initialized = True

    def get_params(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return copies of parameters and auxiliary states, on the CPU."""
        self._require("params_initialized")
        return self._default.get_params() if self._loaded is None else self._loaded

    def init_optimizer(
        self, kvstore: Any = "local", optimizer: Any = "sgd",
        optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False,
    ) -> None:  # fmt: skip
        """Make the optimizer that all buckets share; see `Module`."""
        self._require("binded", "params_initialized")
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring...")
            return
        self._default.init_optimizer(kvstore, optimizer, optimizer_params, force_init)
        for module in self._buckets.values():
            module.borrow_optimizer(self._default)
        self.optimizer_initialized = True

    # ---- one step --------------------------------------------------------------------------
    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Compute the outputs of a batch in the network of its `bucket_key`."""
        self._require("binded", "params_initialized")
        self._switch_to(data_batch)
        self._curr_module.forward(data_batch, is_train)

    def backward(self, out_grads: Any = None) -> None:
        """Compute the gradients in the current bucket."""
        self._require("binded", "params_initialized")
        self._curr_module.backward(out_grads)

    def update(self) -> None:
        """Change the shared parameters along the current bucket's gradients."""
        self._require("binded", "params_initialized", "optimizer_initialized")
        self._curr_module.update()

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Add the last outputs to a metric."""
        self._require("binded", "params_initialized")
        self._curr_module.update_metric(eval_metric, labels, pre_sliced)

    # ---- results ---------------------------------------------------------------------------
    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Outputs of the last `forward`."""
        self._require("binded", "params_initialized")
        return self._curr_module.get_outputs(merge_multi_context)

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the data after the last `backward`."""
        self._require("binded", "params_initialized")
        return self._curr_module.get_input_grads(merge_multi_context)

    def get_states(self, merge_multi_context: bool = True) -> list[Any]:
        """States of the current bucket."""
        self._require("binded", "params_initialized")
        return self._curr_module.get_states(merge_multi_context)

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Overwrite the states of the current bucket."""
        self._require("binded", "params_initialized")
        self._curr_module.set_states(states, value)
