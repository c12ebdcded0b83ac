"""`BatchProcessor`: what is done with one batch."""

from __future__ import annotations

from typing import Any

from dlstudio import autograd
from dlstudio.gluon.utils import split_and_load

__all__ = ["BatchProcessor"]

Processed = tuple[list[Any], list[Any], list[Any], list[Any]]


class BatchProcessor:
    """Forward and backward of one batch. Derive from it for losses with more than one input."""

    def _get_data_and_label(
        self, batch: Any, ctx: list[Any], batch_axis: int = 0
    ) -> tuple[list[Any], list[Any]]:
        # a last, shorter batch need not be a multiple of the number of devices
        data = split_and_load(batch[0], ctx, batch_axis, even_split=False)
        return data, split_and_load(batch[1], ctx, batch_axis, even_split=False)

    def evaluate_batch(self, estimator: Any, val_batch: Any, batch_axis: int = 0) -> Processed:
        """Forward pass and loss, without gradients.

        Parameters
        ----------
        estimator : Estimator
        val_batch : (data, label)
        batch_axis : int

        Returns
        -------
        data, label, pred, loss : lists of NDArray, one per device
        """
        data, label = self._get_data_and_label(val_batch, estimator.context, batch_axis)
        pred = [estimator.val_net(x) for x in data]
        pairs = zip(pred, label, strict=True)
        return data, label, pred, [estimator.val_loss(p, y) for p, y in pairs]

    def fit_batch(self, estimator: Any, train_batch: Any, batch_axis: int = 0) -> Processed:
        """Forward pass, loss and backward pass; `GradientUpdateHandler` does the step.

        Parameters
        ----------
        estimator : Estimator
        train_batch : (data, label)
        batch_axis : int

        Returns
        -------
        data, label, pred, loss : lists of NDArray, one per device
        """
        data, label = self._get_data_and_label(train_batch, estimator.context, batch_axis)
        with autograd.record():
            pred = [estimator.net(x) for x in data]
            loss = [estimator.loss(p, y) for p, y in zip(pred, label, strict=True)]
        for one in loss:
            one.backward()
        return data, label, pred, loss
