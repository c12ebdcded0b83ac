"""`FeedForward`: MXNet's first training class, for arrays in and arrays out."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from dlstudio import metric as metrics
from dlstudio.callback import LogValidationMetricsCallback, save_checkpoint
from dlstudio.core.tensor import Tensor
from dlstudio.errors import InitError, ParamError, explain
from dlstudio.io import DataIter, NDArrayIter
from dlstudio.module.base_module import SMALL_UNIFORM
from dlstudio.module.checkpoint import load_checkpoint
from dlstudio.module.module import Module

__all__ = ["FeedForward"]

_LOG = LogValidationMetricsCallback()


class FeedForward:
    """A symbol with parameters that is fitted to arrays; new programs use `Module`.

    Parameters
    ----------
    symbol : Symbol
    ctx : Device or list of Device, optional
    num_epoch : int
    epoch_size : int, optional
        Batches of an epoch; by default all that the data have.
    optimizer : str or Optimizer
    initializer : Initializer
    numpy_batch_size : int
        Batch size for arrays.
    arg_params, aux_params : dict of str to NDArray, optional
    allow_extra_params : bool
        Values that the network does not need are no mistake.
    begin_epoch : int
    **kwargs
        For the optimizer.

    Attributes
    ----------
    arg_params, aux_params : dict of str to NDArray, or None before `fit`
    """

    def __init__(
        self, symbol: Any, ctx: Any = None, num_epoch: int | None = None,
        epoch_size: int | None = None, optimizer: Any = "sgd", initializer: Any = SMALL_UNIFORM,
        numpy_batch_size: int = 128, arg_params: Any = None, aux_params: Any = None,
        allow_extra_params: bool = False, begin_epoch: int = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.symbol, self.ctx = symbol, ctx
        self.num_epoch, self.epoch_size, self.begin_epoch = num_epoch, epoch_size, begin_epoch
        self.optimizer, self.initializer, self.kwargs = optimizer, initializer, kwargs
        self.numpy_batch_size = numpy_batch_size
        self.arg_params, self.aux_params = arg_params, aux_params
        self.allow_extra_params = allow_extra_params

    # ---- training --------------------------------------------------------------------------
    def fit(
        self, X: Any, y: Any = None, eval_data: Any = None, eval_metric: Any = "acc",
        epoch_end_callback: Any = None, batch_end_callback: Any = None, kvstore: Any = "local",
        logger: Any = None, work_load_list: Any = None, monitor: Any = None,
        eval_end_callback: Any = _LOG, eval_batch_end_callback: Any = None,
    ) -> None:  # fmt: skip
        """Train.

        Parameters
        ----------
        X : DataIter, or array of shape (N, ...)
        y : array of shape (N, ...), optional
            Labels, if `X` is an array.
        eval_data : DataIter, or pair of arrays, optional
        eval_metric, epoch_end_callback, batch_end_callback, kvstore, logger, work_load_list,
        monitor, eval_end_callback, eval_batch_end_callback
            See `Module.fit`.
        """
        data = self._iterator(X, y, training=True)
        if isinstance(eval_data, (list, tuple)):
            eval_data = self._iterator(*eval_data, training=False)
        if self.epoch_size is not None:
            data = _Portions(data, self.epoch_size)
        module = self._module(data, logger or logging, work_load_list)
        module.fit(
            data, eval_data, eval_metric, epoch_end_callback, batch_end_callback, kvstore,
            self.optimizer, self.kwargs, eval_end_callback, eval_batch_end_callback,
            self.initializer, self.arg_params, self.aux_params, allow_missing=True,
            begin_epoch=self.begin_epoch, num_epoch=self.num_epoch, monitor=monitor,
        )  # fmt: skip
        self.arg_params, self.aux_params = module.get_params()

    @staticmethod
    def create(
        symbol: Any, X: Any, y: Any = None, ctx: Any = None, num_epoch: int | None = None,
        epoch_size: int | None = None, optimizer: Any = "sgd", initializer: Any = SMALL_UNIFORM,
        eval_data: Any = None, eval_metric: Any = "acc", epoch_end_callback: Any = None,
        batch_end_callback: Any = None, kvstore: Any = "local", logger: Any = None,
        work_load_list: Any = None, eval_end_callback: Any = _LOG,
        eval_batch_end_callback: Any = None, **kwargs: Any,
    ) -> FeedForward:  # fmt: skip
        """Make a `FeedForward` and fit it."""
        model = FeedForward(symbol, ctx, num_epoch, epoch_size, optimizer, initializer, **kwargs)
        model.fit(
            X, y, eval_data, eval_metric, epoch_end_callback, batch_end_callback, kvstore, logger,
            work_load_list, None, eval_end_callback, eval_batch_end_callback,
        )  # fmt: skip
        return model

    # ---- evaluation ------------------------------------------------------------------------
    def predict(
        self, X: Any, num_batch: int | None = None, return_data: bool = False, reset: bool = True
    ) -> Any:
        """Outputs for data.

        Parameters
        ----------
        X : DataIter, or array of shape (N, ...)
        num_batch : int, optional
            Only so many batches.
        return_data : bool
            Also return data and labels.
        reset : bool
            Begin at the first batch.

        Returns
        -------
        numpy.ndarray, or list of these if there are several outputs
            With `return_data` a triple of such: outputs, data, labels.
        """
        batches = self._iterator(X, None, training=False)
        module = self._bound(batches)
        rows: list[tuple[list[Any], list[Any], list[Any]]] = []
        for outputs, _, batch in module.iter_predict(batches, num_batch, reset):
            rows.append(
                (
                    [x.asnumpy() for x in outputs],
                    _unpadded(batch.data, batch.pad),
                    _unpadded(batch.label or [], batch.pad),
                )
            )
        outputs, data, labels = (_stacked(column) for column in zip(*rows, strict=True))
        return (outputs, data, labels) if return_data else outputs

    def score(
        self, X: Any, eval_metric: Any = "acc", num_batch: int | None = None,
        batch_end_callback: Any = None, reset: bool = True,
    ) -> Any:  # fmt: skip
        """Figure of a metric on a DataIter."""
        measured = metrics.create(eval_metric)
        batches = self._iterator(X, None, training=False)
        self._bound(batches).score(
            batches, measured, num_batch, batch_end_callback=batch_end_callback, reset=reset
        )
        return measured.get()[1]

    # ---- saving and loading ----------------------------------------------------------------
    def save(self, prefix: str, epoch: int | None = None, remove_amp_cast: bool = True) -> None:
        """Write a checkpoint; its number is `epoch`, by default `num_epoch`."""
        number = self.num_epoch if epoch is None else epoch
        if number is None:
            raise ParamError(explain("save was not told a number.", fix="save(prefix, epoch=1)"))
        arg_params, aux_params = self._values()
        save_checkpoint(prefix, number, self.symbol, arg_params, aux_params, remove_amp_cast)

    @staticmethod
    def load(prefix: str, epoch: int, ctx: Any = None, **kwargs: Any) -> FeedForward:
        """Make a `FeedForward` from a checkpoint; training goes on at `epoch`."""
        symbol, arg_params, aux_params = load_checkpoint(prefix, epoch)
        return FeedForward(
            symbol, ctx, arg_params=arg_params, aux_params=aux_params, begin_epoch=epoch, **kwargs
        )

    # ---- pieces ----------------------------------------------------------------------------
    def _values(self) -> tuple[Any, Any]:
        if self.arg_params is None:
            raise InitError(explain("this FeedForward has no parameters.", fix="model.fit(X, y)"))
        return self.arg_params, self.aux_params or {}

    def _iterator(self, data: Any, labels: Any, *, training: bool) -> Any:
        if not isinstance(data, (Tensor, np.ndarray, list)):
            return data  # an iterator, whatever its class
        if training and labels is None:
            raise ParamError(explain("fit was given an array without labels.", fix="fit(X, y)"))
        return NDArrayIter(
            data, labels, min(len(data), self.numpy_batch_size), shuffle=training,
            last_batch_handle="roll_over" if training else "pad",
        )  # fmt: skip

    def _module(self, data: Any, logger: Any = logging, shares: Any = None) -> Module:
        data_names = [d.name for d in data.provide_data]
        label_names = [d.name for d in data.provide_label or []]
        if not label_names and self.arg_params is not None:
            there = {*data_names, *self.arg_params}
            label_names = [n for n in self.symbol.list_arguments() if n not in there]
        return Module(self.symbol, data_names, label_names, logger, self.ctx, shares)

    def _bound(self, batches: Any) -> Module:
        """Module for prediction on such batches."""
        arg_params, aux_params = self._values()
        module = self._module(batches)
        module.bind(batches.provide_data, batches.provide_label or None, for_training=False)
        module.set_params(arg_params, aux_params, allow_extra=self.allow_extra_params)
        return module


class _Portions(DataIter):
    """Epochs of a fixed number of batches, from an iterator that begins anew at its end."""

    def __init__(self, source: Any, count: int) -> None:
        super().__init__(source.batch_size)
        self.source, self.count, self.left = source, count, count

    @property
    def provide_data(self) -> Any:
        """What the source says."""
        return self.source.provide_data

    @property
    def provide_label(self) -> Any:
        """What the source says."""
        return self.source.provide_label

    def reset(self) -> None:
        """Begin an epoch where the last one ended."""
        self.left = self.count

    def next(self) -> Any:
        """Return the next batch."""
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        try:
            return self.source.next()
        except StopIteration:
            self.source.reset()
            return self.source.next()


def _unpadded(arrays: Any, pad: int | None) -> list[Any]:
    return [x.asnumpy()[: x.shape[0] - (pad or 0)] for x in arrays]


def _stacked(batches: Any) -> Any:
    """Join each array over the batches; a single one stands alone."""
    joined = [np.concatenate(column) for column in zip(*batches, strict=True)]
    return joined[0] if len(joined) == 1 else joined
