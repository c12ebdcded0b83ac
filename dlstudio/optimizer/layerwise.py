"""Gradient descent whose rate follows the norms of each layer."""

from __future__ import annotations

from math import sqrt
from typing import Any

from dlstudio.optimizer.optimizer import Optimizer, State, register, zeros_like
from dlstudio.optimizer.sgd import MasterLast

Array = Any

__all__ = ["LARS", "LBSGD"]


class _LayerWise(MasterLast):
    """SGD whose rate is scaled by the norms of each layer's weight and gradient."""

    def __init__(self, momentum: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum

    def create_state(self, index: Any, weight: Any) -> State:
        """One momentum array, or None."""
        return zeros_like(weight) if self.momentum else None

    def descend(
        self, xp: Any, weight: Array, grad: Array, states: tuple[Array, ...], lr: float, wd: float
    ) -> None:
        """Take a plain SGD step with the final rate."""
        g = lr * self.prepared(xp, grad, weight, wd)
        if states:
            (momentum,) = states
            momentum *= self.momentum
            momentum -= g
            weight += momentum
        else:
            weight -= g


@register
class LARS(_LayerWise):
    r"""Layer-wise adaptive rate scaling.

    .. math:: lr' = lr \cdot \eta \frac{\|w\|}{\|g\| + wd \|w\| + \epsilon}

    applied to weights; parameters named gamma, beta or bias keep the plain rate.

    Parameters
    ----------
    momentum : float
    lazy_update : bool
        Accepted for MXNet programs: the norms are those of the whole weight.
    eta : float
        Trust coefficient.
    eps, epsilon : float
        1.9's name and 2.0's.
    momentum_correction : bool
        Rescale the momentum when the rate changes.
    **kwargs
        See `Optimizer`.

    References
    ----------
    You et al., "Large Batch Training of Convolutional Networks", 2017.
    """

    def __init__(
        self,
        momentum: float = 0.0,
        lazy_update: bool = True,
        eta: float = 0.001,
        eps: float = 0,
        momentum_correction: bool = True,
        *,
        epsilon: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(momentum, **kwargs)
        self.lazy_update = lazy_update
        self.eta = eta
        self.eps = eps if epsilon is None else epsilon
        self.momentum_correction = momentum_correction
        self.last_lr: float | None = None
        self.cur_lr: float | None = None

    def _get_lrs(self, indices: Any) -> list[float]:
        """Note a change of the global rate, for the momentum correction."""
        if self.cur_lr is not None:
            self.last_lr = self.cur_lr
        self.cur_lr = self.learning_rate
        if self.last_lr is None:
            self.last_lr = self.cur_lr
        return super()._get_lrs(indices)

    def update(self, index: Any, weight: Any, grad: Any, state: State) -> None:
        """See `Optimizer.update`."""
        self._plain = self._name(index).endswith(("gamma", "beta", "bias"))
        super().update(index, weight, grad, state)

    def _name(self, index: Any) -> str:
        if index in self.param_dict:
            return self.param_dict[index].name
        return self.idx2name.get(index, str(index))

    def rule(
        self,
        xp: Any,
        weight: Array,
        grad: Array,
        states: tuple[Array, ...],
        lr: float,
        wd: float,
        t: int,
    ) -> None:
        """See the class."""
        if states and self.momentum_correction and self.last_lr:
            states[0][...] *= (self.cur_lr or lr) / self.last_lr
        self.descend(xp, weight, grad, states, lr * self._trust(xp, weight, grad, wd), wd)

    def _is_lazy(self, weight: Any) -> bool:
        return False  # a step needs the norm of the whole weight

    def _trust(self, xp: Any, weight: Array, grad: Array, wd: float) -> float:
        if self._plain:
            return 1.0
        w_norm = float(xp.linalg.norm(weight))
        g_norm = float(xp.linalg.norm(grad)) * self.rescale_grad  # MXNet clips only afterwards
        if w_norm > 0.0 and g_norm > 0.0:
            return self.eta * w_norm / (g_norm + wd * w_norm + self.eps)
        return 1.0


@register
class LBSGD(_LayerWise):
    """Large-batch SGD: accumulates `batch_scale` batches and warms the rate up, or uses LARS.

    Parameters
    ----------
    momentum : float
    multi_precision : bool
    warmup_strategy : {"linear", "power2", "sqrt", "lars"}
    warmup_epochs : int
    batch_scale : int >= 1
        Batches per update.
    updates_per_epoch, begin_epoch, num_epochs : int
    **kwargs
        See `Optimizer`.
    """

    def __init__(
        self,
        momentum: float = 0.0,
        multi_precision: bool = False,
        warmup_strategy: str = "linear",
        warmup_epochs: int = 5,
        batch_scale: int = 1,
        updates_per_epoch: int = 32,
        begin_epoch: int = 0,
        num_epochs: int = 60,
        **kwargs: Any,
    ) -> None:
        super().__init__(momentum, multi_precision=multi_precision, **kwargs)
        self.warmup_strategy = warmup_strategy
        self.warmup_epochs = warmup_epochs
        self.batch_scale = batch_scale
        self.updates_per_epoch = updates_per_epoch
        self.init_updates = begin_epoch * updates_per_epoch
        self.num_epochs = num_epochs
        self.cumgrads: dict[Any, tuple[Array, int]] = {}

    # MXNet stores (float32 copy, momentum) here, unlike its other momentum optimizers
    create_state_multi_precision = Optimizer.create_state_multi_precision
    _split_master = Optimizer._split_master

    def update(self, index: Any, weight: Any, grad: Any, state: State) -> None:
        """Add `grad` to what has been collected; move the weight with every `batch_scale`-th."""
        if isinstance(index, (tuple, list)):
            super().update(index, weight, grad, state)
            return
        total, count = self.cumgrads.get(index, (0.0, self.init_updates))
        grad = grad.tostype("default")
        total, count = total + grad._data, count + 1
        if count % self.batch_scale:
            self._update_count(index)
            self._get_lr(index)
            self.cumgrads[index] = total, count
            return
        self.cumgrads[index] = 0.0, count
        mean = type(grad)._wrap(total / self.batch_scale, grad.context)
        super().update(index, weight, mean, state)

    def _is_lazy(self, weight: Any) -> bool:
        return False  # gradients are collected, and norms taken, for the whole weight

    def rule(
        self,
        xp: Any,
        weight: Array,
        grad: Array,
        states: tuple[Array, ...],
        lr: float,
        wd: float,
        t: int,
    ) -> None:
        """See the class."""
        scale = (
            self._lars(xp, weight, grad, wd) if self.warmup_strategy == "lars" else self._warmup(t)
        )
        self.descend(xp, weight, grad, states, lr * scale, wd)

    def _warmup(self, update: int) -> float:
        total = self.warmup_epochs * self.updates_per_epoch
        if update >= total:
            return float(self.batch_scale)
        if total <= 1:
            return 1.0
        done = update / total
        shape = {"linear": done, "power2": done**2, "sqrt": sqrt(done)}
        return 1.0 + (self.batch_scale - 1) * shape.get(self.warmup_strategy, 0.0)

    @staticmethod
    def _lars(xp: Any, weight: Array, grad: Array, wd: float) -> float:
        w2, g2 = float((weight * weight).sum()), float((grad * grad).sum())
        return min(max(sqrt(w2 / (g2 + wd * w2 + 1e-18)), 0.01), 100.0)
