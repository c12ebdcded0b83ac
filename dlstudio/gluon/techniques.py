"""Techniques of training: several tasks, accumulation, averaging, mixup, smoothing, decay masks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy

from dlstudio import nd, np, npx
from dlstudio.core.device import cpu
from dlstudio.core.random import next_generator
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.gluon.block import Block
from dlstudio.gluon.loss import Loss
from dlstudio.gluon.parameter import Parameter
from dlstudio.gluon.trainer import Trainer
from dlstudio.gluon.utils import clip_global_norm
from dlstudio.interop.weights import load_named, save_named

__all__ = [
    "ExponentialMovingAverage", "GradientAccumulation", "MultiTaskLoss", "mixup", "no_decay",
    "smooth_labels",
]  # fmt: skip


class MultiTaskLoss(Loss):
    """The weighted sum of several heads' losses, to train them all in one step.

    Parameters
    ----------
    losses : sequence of Loss
        One per head.
    weights : sequence of float, optional
        One per head; 1 by default. `weights` may be changed between steps.
    prefix, params : see `Block`

    Examples
    --------
    >>> from dlstudio import gluon, nd
    >>> loss = MultiTaskLoss([gluon.loss.L2Loss(), gluon.loss.L1Loss()], weights=[1.0, 0.5])
    >>> loss([nd.ones(2), nd.ones(2)], [nd.zeros(2), nd.zeros(2)]).asnumpy()
    array([1., 1.], dtype=float32)
    """

    def __init__(
        self, losses: Sequence[Any], weights: Sequence[float] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(None, 0, **kwargs)
        self.weights = [1.0] * len(losses) if weights is None else list(weights)
        if not losses or len(self.weights) != len(losses):
            raise ParamError(
                f"MultiTaskLoss: {len(self.weights)} weights for {len(losses)} losses. Expected"
                " one each, and at least one."
            )
        self.losses = list(losses)
        for loss in losses:
            self.register_child(loss)

    def hybridize(self, active: bool = True, *args: Any, **kwargs: Any) -> None:
        """Compile the losses; a plan of all together would not see that `weights` change."""
        for loss in self.losses:
            loss.hybridize(active, *args, **kwargs)

    def forward(self, outputs: Sequence[Any], labels: Sequence[Any]) -> Any:
        """Loss of every sample, (B,).

        Parameters
        ----------
        outputs, labels : sequence of array
            One per head.
        """
        if len(outputs) != len(self.losses) or len(labels) != len(self.losses):
            raise ShapeError(
                f"MultiTaskLoss got {len(outputs)} outputs and {len(labels)} labels for"
                f" {len(self.losses)} losses. Expected one each."
            )
        parts = [
            loss(out, label) * weight
            for loss, out, label, weight in zip(
                self.losses, outputs, labels, self.weights, strict=True
            )
        ]
        return sum(parts[1:], parts[0])


class GradientAccumulation:
    """Steps once for several batches, as one batch of all of them would.

    From now on the gradients of the trainer's parameters add up, ``grad_req="add"``.

    Parameters
    ----------
    trainer : Trainer
    batches : int
        How many batches make a step.
    clip_norm : float, optional
        Largest norm of the mean gradient of all samples together; on several devices the trainer
        is made with ``update_on_kvstore=False`` then.

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.gluon.nn.Dense(1, in_units=2)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    >>> accumulated = GradientAccumulation(trainer, batches=2)
    >>> for _ in range(2):
    ...     with mx.autograd.record():
    ...         loss = net(mx.nd.ones((4, 2)))
    ...     loss.backward()
    ...     print(accumulated.step(4))
    False
    True
    """

    def __init__(self, trainer: Trainer, batches: int, clip_norm: float | None = None) -> None:
        if batches < 1:
            raise ParamError(f"GradientAccumulation: batches must be at least 1. Got {batches}.")
        self._trainer, self._batches, self._clip_norm = trainer, batches, clip_norm
        self._seen, self._samples = 0, 0.0
        self._parameters = [p for p in trainer._params if p.grad_req != "null"]
        for parameter in self._parameters:
            parameter.grad_req = "add"
            parameter.zero_grad()

    def step(self, batch_size: float) -> bool:
        """Count a batch whose backward pass has run; answer whether the weights were updated."""
        self._seen += 1
        self._samples += batch_size
        if self._seen < self._batches:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Update with what has come together, at the end of an epoch; without batches, nothing."""
        if not self._seen:
            return
        if self._clip_norm is None:
            self._trainer.step(self._samples)
        else:
            self._step_clipped(self._clip_norm * self._samples)
        for parameter in self._parameters:
            parameter.zero_grad()
        self._seen, self._samples = 0, 0.0

    def _step_clipped(self, limit: float) -> None:
        self._trainer.allreduce_grads()  # every device has the sum now, and clips its own copy
        copies = [parameter.list_grad() for parameter in self._parameters]
        for gradients in zip(*copies, strict=True):
            clip_global_norm(list(gradients), limit)
        self._trainer.update(self._samples)


class ExponentialMovingAverage:
    """Keeps averages of the weights over the steps, which often predict better.

    Averages of float16 weights are float32: small steps would be lost in rounding.

    Parameters
    ----------
    net : Block
    decay : float
        ``average = decay * average + (1 - decay) * weight`` at each `update`.
    warmup : bool
        Begin with a smaller decay, ``(1 + steps) / (10 + steps)``, so that the first weights are
        forgotten.

    References
    ----------
    Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
    """

    def __init__(self, net: Block, decay: float = 0.999, *, warmup: bool = True) -> None:
        if not 0 <= decay < 1:
            raise ParamError(f"ExponentialMovingAverage: decay must be in [0, 1). Got {decay}.")
        self._decay, self._warmup, self._steps = decay, warmup, 0
        self._parameters = list(net.collect_params().values())
        self.averages: list[Tensor] = []
        if all(p._data is not None for p in self._parameters):
            self._begin()

    def _begin(self) -> None:
        self.averages = [_widened(value) for value in self._values()]

    def _values(self) -> list[Tensor]:
        return [p._on(p.list_ctx()[0]).detach() for p in self._parameters]

    def update(self) -> None:
        """Take in the weights of now; call after every `Trainer.step`."""
        if not self.averages:
            self._begin()  # shapes were not known before the first batch
        self._steps += 1
        decay = self._decay
        if self._warmup:
            decay = min(decay, (1 + self._steps) / (10 + self._steps))
        for average, weight in zip(self.averages, self._values(), strict=True):
            average[:] = average * decay + weight.astype(average.dtype, copy=False) * (1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """``with average.applied():`` the network computes with the averages."""
        if not self.averages:
            self._begin()
        kept = [value.copy() for value in self._values()]
        self._put(self.averages)
        try:
            yield
        finally:
            self._put(kept)

    def save_states(self, fname: Any) -> None:
        """Write the averages, so that a later program goes on; see `Trainer.save_states`."""
        if not self.averages:
            self._begin()
        numbered = {str(i): average for i, average in enumerate(self.averages)}
        save_named(fname, {"steps": nd.array([self._steps], dtype="int64"), **numbered})

    def load_states(self, fname: Any) -> None:
        """Read what `save_states` wrote.

        Raises
        ------
        ParamError
            If it was written for another network.
        """
        loaded: Any = load_named(fname)
        shapes = {str(i): p.shape for i, p in enumerate(self._parameters)}
        named = loaded if isinstance(loaded, dict) else {}
        found = {name: array.shape for name, array in named.items()}
        if found != {"steps": (1,), **shapes}:
            raise ParamError(
                explain(
                    f"{fname} does not hold averages of parameters of shapes {[*shapes.values()]}.",
                    "what save_states wrote for the same network.",
                    "make the network as it was, and run it once",
                )
            )
        self._steps = int(named["steps"][0])
        self.averages = [
            nd.array(named[name], ctx=parameter.list_ctx()[0], dtype=named[name].dtype)
            for name, parameter in zip(shapes, self._parameters, strict=True)
        ]

    def _put(self, values: Sequence[Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.set_data(value.astype(parameter.dtype, copy=False))


def _widened(array: Any) -> Any:
    """Copy an array, into float32 if its own kind of numbers is too coarse for shares."""
    fine = numpy.dtype(array.dtype) in (numpy.float32, numpy.float64)
    return array.copy() if fine else array.astype("float32")


def _one_hot(label: Any, classes: int) -> Any:
    label = label if isinstance(label, Tensor) else nd.array(label)
    numbers = label.asnumpy()
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise ParamError(
            f"labels of {classes} classes are numbers from 0 to {classes - 1}. Got {numbers.min()}"
            f" to {numbers.max()}."
        )
    return (npx if isinstance(label, np.ndarray) else nd).one_hot(label, classes)


def mixup(
    data: Any, label: Any, alpha: float = 0.2, *, classes: int | None = None, rng: Any = None
) -> tuple[Any, Any]:
    """Mix every sample with another one of the batch.

    Parameters
    ----------
    data : NDArray, shape (B, ...)
    label : NDArray
        Of shape (B, classes), or (B,) numbers of classes with `classes` given.
    alpha : float
        Of the Beta distribution the share is drawn from; 0 mixes nothing.
    classes : int, optional
    rng : numpy.random.Generator, optional
        By default the generator that `mx.random.seed` seeds.

    Returns
    -------
    tuple of NDArray
        Mixed data, and mixed labels (B, classes) for a loss with ``sparse_label=False``; integers
        become float32.

    References
    ----------
    Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    """
    _check_mixable(data, label, alpha)
    rng = rng or next_generator(cpu())
    share = float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0
    order = nd.array(rng.permutation(len(data)), ctx=data.context, dtype="int64")
    spread = label if classes is None else _one_hot(label, classes)
    if len(spread.shape) < 2:
        raise ShapeError(
            explain(
                f"mixup: labels of shape {label.shape} cannot be mixed.",
                "one number per class and sample.",
                "mixup(data, label, classes=10)",
            )
        )
    data, spread = _widened(data), _widened(spread)
    return (
        data * share + data.take(order, axis=0) * (1 - share),
        spread * share + spread.take(order, axis=0) * (1 - share),
    )


def _check_mixable(data: Any, label: Any, alpha: float) -> None:
    if alpha < 0:
        raise ParamError(f"mixup: alpha must be at least 0. Got {alpha}.")
    if not isinstance(data, Tensor) or not isinstance(label, Tensor):
        kinds = f"{type(data).__name__} and {type(label).__name__}"
        raise ParamError(
            explain(f"mixup: data and label are {kinds}.", "NDArrays.", "mx.nd.array(data)")
        )
    if len(data) != len(label):
        raise ShapeError(f"mixup: {len(data)} samples and {len(label)} labels. Expected one each.")


def smooth_labels(label: Any, classes: int, epsilon: float = 0.1) -> Any:
    """Spread `epsilon` of each label evenly over all classes.

    Parameters
    ----------
    label : NDArray, shape (B,)
        Numbers of classes.
    classes : int
    epsilon : float

    Returns
    -------
    NDArray, shape (B, classes)
        For a loss with ``sparse_label=False``.

    References
    ----------
    Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
    """
    if not 0 <= epsilon < 1:
        raise ParamError(f"smooth_labels: epsilon must be in [0, 1). Got {epsilon}.")
    return _one_hot(label, classes) * (1 - epsilon) + epsilon / classes


def no_decay(net: Block, pattern: str = r".*(bias|gamma|beta)$") -> list[str]:
    """Take parameters out of the weight decay, by default biases and those of normalisations.

    Parameters
    ----------
    net : Block
    pattern : str
        Regular expression for structural names.

    Returns
    -------
    list of str
        Names of the parameters.
    """
    named: Mapping[str, Parameter] = net._collect_params_with_prefix()
    found = {name: p for name, p in named.items() if re.match(pattern, name)}
    for parameter in found.values():
        parameter.wd_mult = 0.0
    return list(found)
