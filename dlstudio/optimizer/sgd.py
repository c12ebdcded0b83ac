"""Gradient descent and its relatives: momentum, Nesterov, sign, noise."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from dlstudio.core.device import cpu
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.core.random import next_generator
from dlstudio.optimizer.optimizer import (
    Optimizer,
    State,
    master_of,
    register,
    zeros_like,
)

Array = Any

__all__ = ["DCASGD", "NAG", "SGD", "SGLD", "MasterLast", "Signum", "Test", "ccSGD"]


class MasterLast(Optimizer):
    """Multi-precision states in MXNet's order for this family: (momentum, float32 weight)."""

    def create_state_multi_precision(self, index: Any, weight: Any) -> State:
        """States for `weight`; for float16 ``(momentum, float32 copy)``."""
        if self.multi_precision and weight.dtype == np.float16:
            master = master_of(weight)
            return (self.create_state(index, master), master)
        return self.create_state(index, weight)

    def _split_master(self, state: State) -> tuple[Any, State]:
        return state[1], state[0]


@register
class SGD(MasterLast):
    r"""Stochastic gradient descent with momentum and weight decay.

    .. math:: g = clip(rescale \cdot grad) + wd \cdot w,\quad
              v = momentum \cdot v - lr \cdot g,\quad w = w + v

    Parameters
    ----------
    momentum : float
        0 keeps no state.
    lazy_update : bool
        With a row-sparse gradient leave rows without gradient as they are: no decay, no momentum.
    **kwargs
        See `Optimizer`.
    """

    def __init__(self, momentum: float = 0.0, lazy_update: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.lazy_update = lazy_update

    def create_state(self, index: Any, weight: Any) -> State:
        """One momentum array, or None."""
        return zeros_like(weight) if self.momentum else None

    def kernel(self) -> tuple[str, dict[str, float]] | None:
        """See `Optimizer.kernel`."""
        if self.momentum:
            return "sgd_mom_update", {"momentum": self.momentum}
        return "sgd_update", {}

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
        g = self.prepared(xp, grad, weight, wd)
        g *= lr
        if states:
            (momentum,) = states
            momentum *= self.momentum
            momentum -= g
            weight += momentum
        else:
            weight -= g


@register
class ccSGD(SGD):  # noqa: N801  MXNet's name
    """MXNet's old name of SGD."""


@register
class NAG(MasterLast):
    r"""Nesterov's accelerated gradient.

    .. math:: v = momentum \cdot v + g,\quad w = w - lr (g + momentum \cdot v)

    With weight decay, as in MXNet, the momentum decays with the weight after the step.

    Parameters
    ----------
    momentum : float
    **kwargs
        See `Optimizer`.

    References
    ----------
    Sutskever et al., "On the importance of initialization and momentum in deep learning",
    ICML 2013.
    """

    def __init__(self, momentum: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum

    def create_state(self, index: Any, weight: Any) -> State:
        """One momentum array, or None."""
        return zeros_like(weight) if self.momentum else None

    def _is_lazy(self, weight: Any) -> bool:
        # MXNet's steps without momentum are those of lazy SGD
        return not self.momentum

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
        """See the class; the stored momentum is already multiplied by the rate."""
        g = self.prepared(xp, grad, weight, wd)
        g *= lr
        if not states:
            weight -= g
            return
        (momentum,) = states
        momentum *= self.momentum
        momentum -= g
        step = self.momentum * momentum - g
        weight += step
        if wd:  # MXNet writes the weight first, so that the momentum decays with the new one
            momentum -= lr * wd * step


@register
class Signum(Optimizer):
    r"""Move by the sign of the momentum.

    .. math:: v = momentum \cdot v - (1 - momentum) g,\quad
              w = (1 - lr \cdot wd_{lh}) w + lr \cdot sign(v)

    Parameters
    ----------
    learning_rate : float
    momentum : float
        0 uses the sign of the gradient itself.
    wd_lh : float
        Decay that is not part of the gradient.
    **kwargs
        See `Optimizer`.

    References
    ----------
    Bernstein et al., "signSGD: Compressed Optimisation for Non-Convex Problems", ICML 2018.
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.9, wd_lh: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum
        self.wd_lh = wd_lh

    def create_state(self, index: Any, weight: Any) -> State:
        """One momentum array, or None."""
        return zeros_like(weight) if self.momentum else None

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
        if not states:
            g = self.prepared(xp, grad, weight, 0.0)
            weight *= 1 - lr * wd
            weight -= lr * xp.sign(g)
            return
        (momentum,) = states
        momentum *= self.momentum
        momentum -= (1 - self.momentum) * self.prepared(xp, grad, weight, wd)
        weight *= 1 - lr * self.wd_lh
        weight += lr * xp.sign(momentum)


@register
class SGLD(Optimizer):
    r"""Stochastic gradient Langevin dynamics: half a gradient step plus noise of variance `lr`.

    The weights of a long run are samples of the posterior distribution.

    References
    ----------
    Welling and Teh, "Bayesian Learning via Stochastic Gradient Langevin Dynamics", ICML 2011.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

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
        noise = next_generator(cpu()).normal(0.0, sqrt(lr), weight.shape)
        weight -= lr / 2 * self.prepared(xp, grad, weight, wd)
        weight += xp.asarray(noise, dtype=weight.dtype)


@register
class DCASGD(Optimizer):
    r"""Delay-compensated asynchronous SGD.

    .. math:: w = w - lr (g + \lambda g^2 (w - w_{previous}))

    Parameters
    ----------
    momentum : float
    lamda : float
        Strength of the compensation.
    **kwargs
        See `Optimizer`.

    References
    ----------
    Zheng et al., "Asynchronous Stochastic Gradient Descent with Delay Compensation", ICML 2017.
    """

    def __init__(self, momentum: float = 0.0, lamda: float = 0.04, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.lamda = lamda

    def create_state(self, index: Any, weight: Any) -> State:
        """Return (momentum or None, previous weight)."""
        return (zeros_like(weight) if self.momentum else None, weight.copy())

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
        momentum, previous = states
        g = self.prepared(xp, grad, weight, 0.0)
        move = -lr * (g + wd * weight + self.lamda * g * g * (weight - previous))
        if momentum is not None:
            momentum *= self.momentum
            momentum += move
            move = momentum
        previous[...] = weight
        weight += move


@register
class Test(Optimizer):
    """Adds the rescaled gradient; for testing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def create_state(self, index: Any, weight: Any) -> State:
        """Return a copy's worth of zeros."""
        return zeros_like(weight)

    def update(self, index: Any, weight: Any, grad: Any, state: State) -> None:
        """``weight += grad * rescale_grad; state = weight``; updates are not counted."""
        moved = weight.tostype("default") + grad.tostype("default") * self.rescale_grad
        weight._overwrite(moved)
        state._overwrite(moved)


__getattr__ = held_elsewhere(__name__, {"Optimizer": "optimizer", "register": "optimizer"})
