"""`SequentialModule`: modules one after the other, each fed by the outputs of the one before."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from dlstudio.errors import ParamError, explain
from dlstudio.io import DataBatch, DataDesc
from dlstudio.module.base_module import SMALL_UNIFORM, BaseModule
from dlstudio.module.pieces import described

__all__ = ["SequentialModule"]


class SequentialModule(BaseModule):
    """A chain of modules.

    Parameters
    ----------
    logger : logger

    Examples
    --------
    >>> import dlstudio as mx
    >>> first = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="a")
    >>> second = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="b")
    >>> one, two = (mx.mod.Module(net, label_names=None) for net in (first, second))
    >>> chain = mx.mod.SequentialModule().add(one).add(two, auto_wiring=True)
    >>> chain.bind([("data", (4, 5))])
    >>> chain.output_shapes
    [('b_output', (4, 2))]
    """

    META_TAKE_LABELS: ClassVar[str] = "take_labels"
    META_AUTO_WIRING: ClassVar[str] = "auto_wiring"

    def __init__(self, logger: Any = logging) -> None:
        super().__init__(logger)
        self._modules: list[Any] = []
        self._metas: list[dict[str, Any]] = []
        self._label_shapes: list[DataDesc] | None = None
        self._data_shapes: list[DataDesc] = []

    def add(self, module: Any, **kwargs: Any) -> SequentialModule:
        """Append a module; it must be bound anew afterwards.

        Parameters
        ----------
        module : BaseModule
        take_labels : bool
            It gets the labels, and its outputs are measured.
        auto_wiring : bool
            Its data take the outputs of the module before in their order, whatever the names.

        Returns
        -------
        SequentialModule
            Itself, so that calls can be chained.

        Raises
        ------
        ParamError
            For options of another name, and for what is no module.
        """
        if not isinstance(module, BaseModule):
            raise ParamError(
                explain(
                    f"add was given a {type(module).__name__}.", "a module.",
                    "chain.add(mx.mod.Module(symbol))",
                )
            )  # fmt: skip
        known = (self.META_TAKE_LABELS, self.META_AUTO_WIRING)
        for option in kwargs:
            if option not in known:
                raise ParamError(explain(f"add was given {option!r}.", f"some of {known}."))
        self._modules.append(module)
        self._metas.append(kwargs)
        self.binded = self.params_initialized = self.optimizer_initialized = False
        return self

    def _takes_labels(self, i: int) -> bool:
        return bool(self._metas[i].get(self.META_TAKE_LABELS))

    # ---- names and shapes ------------------------------------------------------------------
    @property
    def data_names(self) -> list[str]:
        """Names of the data of the first module."""
        return self._modules[0].data_names if self._modules else []

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs of the last module."""
        return self._modules[-1].output_names if self._modules else []

    @property
    def data_shapes(self) -> list[Any]:
        """Name and shape of each input of the first module."""
        self._require("binded")
        return self._modules[0].data_shapes

    @property
    def label_shapes(self) -> list[Any] | None:
        """Name and shape of each label; None if no module takes labels."""
        self._require("binded")
        return self._label_shapes

    @property
    def output_shapes(self) -> list[Any]:
        """Name and shape of each output of the last module."""
        self._require("binded")
        return self._modules[-1].output_shapes

    # ---- binding ---------------------------------------------------------------------------
    def bind(
        self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True,
        inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
        grad_req: Any = "write",
    ) -> None:  # fmt: skip
        """Bind one module after the other; see `Module`.

        Raises
        ------
        ParamError
            If there are no modules, or `shared_module` is given.
        """
        if self.binded and not force_rebind:
            self.logger.warning("Already bound, ignoring bind()")
            return
        if shared_module is not None:
            raise ParamError("SequentialModule.bind takes no shared_module.")
        if not self._modules:
            raise ParamError(explain("this SequentialModule is empty.", fix="chain.add(module)"))
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        labels, flowing = described(label_shapes), described(data_shapes)
        for i, module in enumerate(self._modules):
            if self._metas[i].get(self.META_AUTO_WIRING):
                flowing = _renamed(flowing, module.data_names)
            module.bind(
                data_shapes=flowing,
                label_shapes=labels if self._takes_labels(i) else None,
                for_training=for_training,
                inputs_need_grad=inputs_need_grad or (for_training and i > 0),
                force_rebind=force_rebind,
                grad_req=grad_req,
            )
            flowing = described(module.output_shapes)
        taken = any(self._takes_labels(i) for i in range(len(self._modules)))
        self._label_shapes = labels if taken and labels else None
        self.binded = True

    # ---- parameters and optimizer ----------------------------------------------------------
    def init_params(
        self, initializer: Any = SMALL_UNIFORM, arg_params: Any = None, aux_params: Any = None,
        allow_missing: bool = False, force_init: bool = False, allow_extra: bool = False,
    ) -> None:  # fmt: skip
        """Give the parameters of all modules their first values; see `Module`.

        Raises
        ------
        ParamError
            If two modules have a parameter of the same name.
        """
        self._require("binded")
        if self.params_initialized and not force_init:
            return
        owner: dict[str, int] = {}
        for i, module in enumerate(self._modules):
            # what the others take is none of this module's extras
            module.init_params(
                initializer, arg_params, aux_params, allow_missing, force_init, allow_extra=True
            )
            for name in [n for params in module.get_params() for n in params]:
                if owner.setdefault(name, i) != i:
                    raise ParamError(
                        explain(
                            f"modules {owner[name]} and {i} both have a parameter {name!r}.",
                            "names that differ, since all are saved in one file.",
                        )
                    )
        self.params_initialized = True

    def get_params(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return copies of the parameters and auxiliary states of all modules."""
        self._require("binded", "params_initialized")
        arg_params: dict[str, Any] = {}
        aux_params: dict[str, Any] = {}
        for module in self._modules:
            arguments, states = module.get_params()
            arg_params.update(arguments)
            aux_params.update(states)
        return arg_params, aux_params

    def init_optimizer(
        self, kvstore: Any = "local", optimizer: Any = "sgd",
        optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False,
    ) -> None:  # fmt: skip
        """Make one optimizer for each module; see `Module`."""
        self._require("binded", "params_initialized")
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring...")
            return
        for module in self._modules:
            module.init_optimizer(kvstore, optimizer, optimizer_params, force_init)
        self.optimizer_initialized = True

    # ---- one step --------------------------------------------------------------------------
    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Compute the outputs, module by module."""
        self._require("binded", "params_initialized")
        batch = data_batch
        for i, module in enumerate(self._modules):
            module.forward(batch, is_train)
            if i + 1 < len(self._modules):
                outputs = module.get_outputs()
                batch = DataBatch(outputs, getattr(data_batch, "label", None))

    def backward(self, out_grads: Any = None) -> None:
        """Compute the gradients, from the last module to the first."""
        self._require("binded", "params_initialized")
        for i, module in reversed(list(enumerate(self._modules))):
            module.backward(out_grads)
            if i > 0:
                out_grads = module.get_input_grads()

    def update(self) -> None:
        """Let the optimizers change the parameters."""
        self._require("binded", "params_initialized", "optimizer_initialized")
        for module in self._modules:
            module.update()

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Add the outputs of those modules that take labels to a metric."""
        self._require("binded", "params_initialized")
        for i, module in enumerate(self._modules):
            if self._takes_labels(i):
                module.update_metric(eval_metric, labels, pre_sliced)

    # ---- results ---------------------------------------------------------------------------
    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Outputs of the last module."""
        self._require("binded", "params_initialized")
        return self._modules[-1].get_outputs(merge_multi_context)

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Gradients of the data of the first module."""
        self._require("binded", "params_initialized")
        return self._modules[0].get_input_grads(merge_multi_context)

    def install_monitor(self, mon: Any) -> None:
        """Let a monitor watch all modules."""
        self._require("binded")
        for module in self._modules:
            module.install_monitor(mon)


def _renamed(shapes: list[DataDesc], names: list[str]) -> list[DataDesc]:
    if len(shapes) != len(names):
        raise ParamError(
            explain(
                f"{len(shapes)} outputs meet the {len(names)} inputs {names} of the next module.",
                "as many outputs as inputs.",
            )
        )
    return [DataDesc(n, d.shape, d.dtype, d.layout) for n, d in zip(names, shapes, strict=True)]
