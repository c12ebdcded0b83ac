"""Optimizers that scale every element's step by the history of its gradients."""

from __future__ import annotations

from typing import Any

from dlstudio.optimizer.adam import TwoStates
from dlstudio.optimizer.optimizer import Optimizer, State, register, zeros_like

Array = Any

__all__ = ["AdaDelta", "AdaGrad", "Ftrl", "RMSProp"]


@register
class AdaGrad(Optimizer):
    r"""Steps divided by the root of the sum of all squared gradients.

    .. math:: h = h + g^2,\quad w = w - lr (g / \sqrt{h + \epsilon} + wd \cdot w)

    Parameters
    ----------
    eps : float
    epsilon : float, optional
        MXNet 2's name of `eps`.
    **kwargs
        See `Optimizer`.

    References
    ----------
    Duchi et al., "Adaptive Subgradient Methods for Online Learning", JMLR 2011.
    """

    lazy_update = True

    def __init__(self, eps: float = 1e-7, *, epsilon: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.float_stable_eps = eps if epsilon is None else epsilon

    def create_state(self, index: Any, weight: Any) -> State:
        """Return the sum of squares, zero."""
        return zeros_like(weight)

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
        (history,) = states
        g = self.prepared(xp, grad, weight, 0.0)
        history += g * g
        weight -= lr * (g / xp.sqrt(history + self.float_stable_eps) + wd * weight)


@register
class AdaDelta(TwoStates):
    """Steps from the ratio of two running root mean squares; has no learning rate.

    Parameters
    ----------
    rho : float in [0, 1)
    epsilon : float
    **kwargs
        See `Optimizer`.

    References
    ----------
    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    """

    def __init__(self, rho: float = 0.90, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rho = rho
        self.epsilon = epsilon

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
        squares, steps = states
        g = self.prepared(xp, grad, weight, 0.0)
        squares *= self.rho
        squares += (1.0 - self.rho) * g * g
        step = xp.sqrt(steps + self.epsilon) / xp.sqrt(squares + self.epsilon) * g
        steps *= self.rho
        steps += (1.0 - self.rho) * step * step
        weight -= step + wd * weight


@register
class RMSProp(Optimizer):
    r"""Steps divided by the running root mean square of the gradient.

    .. math:: n = \gamma_1 n + (1 - \gamma_1) g^2,\quad w = w - lr \cdot g / \sqrt{n + \epsilon}

    Parameters
    ----------
    learning_rate : float
    gamma1 : float
        Decay of the running averages.
    gamma2 : float
        Momentum, used if `centered`.
    epsilon : float
    centered : bool
        Divide by the running standard deviation and use momentum (Graves 2013, eq. 38–45).
    clip_weights : float, optional
        Keep weights within [-clip_weights, clip_weights].
    rho, momentum : float, optional
        MXNet 2's names of `gamma1` and `gamma2`.
    **kwargs
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        gamma1: float = 0.9,
        gamma2: float = 0.9,
        epsilon: float = 1e-8,
        centered: bool = False,
        clip_weights: float | None = None,
        *,
        rho: float | None = None,
        momentum: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.gamma1 = gamma1 if rho is None else rho
        self.gamma2 = gamma2 if momentum is None else momentum
        self.centered = centered
        self.epsilon = epsilon
        self.clip_weights = clip_weights

    def create_state(self, index: Any, weight: Any) -> State:
        """Return (n,), or (n, mean, step) if centered, all zero."""
        return tuple(zeros_like(weight) for _ in range(3 if self.centered else 1))

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
        g = self.prepared(xp, grad, weight, wd, clip_last=True)
        n = states[0]
        n *= self.gamma1
        n += (1.0 - self.gamma1) * g * g
        if self.centered:
            _, mean, step = states
            mean *= self.gamma1
            mean += (1.0 - self.gamma1) * g
            step *= self.gamma2
            step -= lr * g / xp.sqrt(n - mean * mean + self.epsilon)
            weight += step
        else:
            weight -= lr * g / xp.sqrt(n + self.epsilon)
        if self.clip_weights:
            xp.clip(weight, -self.clip_weights, self.clip_weights, out=weight)


@register
class Ftrl(TwoStates):
    """Follow the regularised leader; makes weights exactly zero.

    Parameters
    ----------
    lamda1 : float
        L1 penalty.
    learning_rate : float
    beta : float
    **kwargs
        See `Optimizer`.

    References
    ----------
    McMahan et al., "Ad Click Prediction: a View from the Trenches", KDD 2013.
    """

    def __init__(
        self, lamda1: float = 0.01, learning_rate: float = 0.1, beta: float = 1, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.lamda1 = lamda1
        self.beta = beta

    def _is_lazy(self, weight: Any) -> bool:
        # a dense weight is updated as a whole, as in MXNet: rows without gradient become zero too
        return weight.stype == "row_sparse"

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
        z, n = states
        g = self.prepared(xp, grad, weight, 0.0)
        root = xp.sqrt(n)
        n += g * g
        z += g - (xp.sqrt(n) - root) * weight / lr
        pull = xp.sign(z) * self.lamda1 - z
        weight[...] = pull / ((self.beta + xp.sqrt(n)) / lr + wd) * (abs(z) > self.lamda1)
