"""`PythonModule` and `PythonLossModule`: parts of a chain that are written in Python."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio import nd
from dlstudio.core.tensor import NDArray
from dlstudio.errors import GradError, explain
from dlstudio.io import DataDesc
from dlstudio.module.base_module import SMALL_UNIFORM, BaseModule
from dlstudio.module.pieces import described

__all__ = ["PythonLossModule", "PythonModule"]


class PythonModule(BaseModule):
    """A module without parameters, as a base: subclasses define what flows through.

    They define `forward`, `backward`, `get_outputs`, `get_input_grads` and
    ``_compute_output_shapes``.

    Parameters
    ----------
    data_names, label_names, output_names : list of str
    logger : logger
    """

    def __init__(
        self, data_names: Sequence[str], label_names: Sequence[str] | None,
        output_names: Sequence[str], logger: Any = logging,
    ) -> None:  # fmt: skip
        super().__init__(logger)
        self._data_names, self._label_names = list(data_names), list(label_names or [])
        self._output_names = list(output_names)
        self._data_shapes: list[DataDesc] = []
        self._label_shapes: list[DataDesc] | None = None
        self._output_shapes: list[Any] = []

    @property
    def data_names(self) -> list[str]:
        """Names of the data."""
        return self._data_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return self._output_names

    @property
    def data_shapes(self) -> list[Any]:
        """Name and shape of each input."""
        return self._data_shapes

    @property
    def label_shapes(self) -> list[Any] | None:
        """Name and shape of each label, or None."""
        return self._label_shapes

    @property
    def output_shapes(self) -> list[Any]:
        """Name and shape of each output."""
        return self._output_shapes

    def bind(
        self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True,
        inputs_need_grad: bool = False, force_rebind: bool = False, shared_module: Any = None,
        grad_req: Any = "write",
    ) -> None:  # fmt: skip
        """Take note of the shapes."""
        del shared_module, grad_req
        if self.binded and not force_rebind:
            self.logger.warning("Already bound, ignoring bind()")
            return
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        self._data_shapes = described(data_shapes)
        self._label_shapes = described(label_shapes) or None
        self._output_shapes = self._compute_output_shapes()
        self.binded = True

    def _compute_output_shapes(self) -> list[Any]:
        """Name and shape of each output, from ``_data_shapes`` and ``_label_shapes``."""
        raise self._undefined("_compute_output_shapes")

    def init_params(
        self, initializer: Any = SMALL_UNIFORM, arg_params: Any = None, aux_params: Any = None,
        allow_missing: bool = False, force_init: bool = False, allow_extra: bool = False,
    ) -> None:  # fmt: skip
        """There are no parameters."""
        self._require("binded")
        self.params_initialized = True

    def get_params(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Two empty dicts."""
        return {}, {}

    def init_optimizer(
        self, kvstore: Any = "local", optimizer: Any = "sgd",
        optimizer_params: Any = (("learning_rate", 0.01),), force_init: bool = False,
    ) -> None:  # fmt: skip
        """There is nothing to optimize."""
        self._require("params_initialized")
        self.optimizer_initialized = True

    def update(self) -> None:
        """There is nothing to update."""

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Add the outputs to a metric, if there are labels."""
        if self._label_shapes is not None:
            eval_metric.update(labels[0] if pre_sliced else labels, self.get_outputs())

    def install_monitor(self, mon: Any) -> None:
        """There are no executors to watch."""


class PythonLossModule(PythonModule):
    """A loss at the end of a chain: hands scores through, and their gradient back.

    Parameters
    ----------
    name : str
    data_names, label_names : list of one str
    logger : logger
    grad_func : function of (scores, labels) to array
        Gradient of the loss with respect to the scores; or a subclass defines
        ``_backward_impl``, which sets ``_scores_grad``.
    """

    def __init__(
        self, name: str = "pyloss", data_names: Sequence[str] = ("data",),
        label_names: Sequence[str] = ("softmax_label",), logger: Any = logging,
        grad_func: Callable[[Any, Any], Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(data_names, label_names, [f"{name}_output"], logger)
        self._name, self._grad_func = name, grad_func
        self._scores: Any = None
        self._labels: Any = None
        self._scores_grad: Any = None

    def _compute_output_shapes(self) -> list[Any]:
        return [(f"{self._name}_output", self._data_shapes[0].shape)]

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Keep the scores, and in training the labels."""
        self._scores = data_batch.data[0]
        if self.for_training if is_train is None else is_train:
            self._labels = data_batch.label[0]

    def get_outputs(self, merge_multi_context: bool = True) -> list[Any]:
        """Return the scores."""
        return [self._scores]

    def backward(self, out_grads: Any = None) -> None:
        """Compute the gradient of the scores.

        Raises
        ------
        GradError
            If head gradients are given: a loss is the last module.
        """
        if out_grads is not None:
            raise GradError(
                explain("a loss module was given head gradients.", "to be the last of its chain.")
            )
        self._backward_impl()

    def _backward_impl(self) -> None:
        if self._grad_func is None:
            raise self._undefined("grad_func or _backward_impl")
        grad = self._grad_func(self._scores, self._labels)
        self._scores_grad = grad if isinstance(grad, NDArray) else nd.array(np.asarray(grad))

    def get_input_grads(self, merge_multi_context: bool = True) -> list[Any]:
        """Return the gradient of the scores."""
        return [self._scores_grad]
