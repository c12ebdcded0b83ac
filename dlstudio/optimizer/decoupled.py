"""Newer relatives of Adam: decoupled weight decay, belief, sign momentum, normalised steps."""

from __future__ import annotations

from math import sqrt
from typing import Any

from dlstudio.optimizer.adam import LAMB, TwoStates
from dlstudio.optimizer.optimizer import Optimizer, State, register, zeros_like

__all__ = ["LANS", "AdaBelief", "AdamW", "Lion"]

Array = Any


@register
class AdamW(TwoStates):
    r"""Adam whose weight decay does not pass through the running means.

    .. math:: w = w - lr \left( \frac{\hat m}{\sqrt{\hat v} + \epsilon} + wd \cdot w \right)

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float in [0, 1)
    epsilon : float
    correct_bias : bool
        Divide the running means by what they lack in the first steps.
    **kwargs
        See `Optimizer`.

    References
    ----------
    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        correct_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.correct_bias = correct_bias

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
        mean, var = states
        g = self.prepared(xp, grad, weight, 0.0)
        mean *= self.beta1
        mean += (1.0 - self.beta1) * g
        var *= self.beta2
        var += (1.0 - self.beta2) * g * g
        fix1 = 1.0 - self.beta1**t if self.correct_bias else 1.0
        fix2 = 1.0 - self.beta2**t if self.correct_bias else 1.0
        step = mean / (xp.sqrt(var / fix2) + self.epsilon)
        weight *= 1.0 - lr * wd
        weight -= lr / fix1 * step


@register
class AdaBelief(TwoStates):
    r"""Adam that divides by how far gradients deviate from their running mean.

    .. math:: s = \beta_2 s + (1 - \beta_2)(g - m)^2 + \epsilon

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float in [0, 1)
    epsilon : float
    correct_bias : bool
        Undo the pull of the first means towards zero.
    **kwargs
        See `Optimizer`.

    References
    ----------
    Zhuang et al., "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients",
    NeurIPS 2020.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        correct_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.correct_bias = correct_bias
        self.beta1 = beta1
        self.beta2 = beta2
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
        mean, deviation = states
        g = self.prepared(xp, grad, weight, wd)
        mean *= self.beta1
        mean += (1.0 - self.beta1) * g
        deviation *= self.beta2
        deviation += (1.0 - self.beta2) * (g - mean) ** 2 + self.epsilon
        rate = lr
        if self.correct_bias:
            rate *= sqrt(1.0 - self.beta2**t) / (1.0 - self.beta1**t)
        weight -= rate * mean / (xp.sqrt(deviation) + self.epsilon)


@register
class Lion(Optimizer):
    r"""Move by the sign of an interpolated momentum, with decoupled decay.

    .. math:: w = w - lr (sign(\beta_1 m + (1 - \beta_1) g) + wd \cdot w),\quad
              m = \beta_2 m + (1 - \beta_2) g

    Parameters
    ----------
    learning_rate : float
        Three to ten times smaller than Adam's.
    beta1, beta2 : float in [0, 1)
    **kwargs
        See `Optimizer`.

    References
    ----------
    Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023.
    """

    def __init__(
        self, learning_rate: float = 1e-4, beta1: float = 0.9, beta2: float = 0.99, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2

    def create_state(self, index: Any, weight: Any) -> State:
        """Return the momentum, zero."""
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
        (momentum,) = states
        g = self.prepared(xp, grad, weight, 0.0)
        weight *= 1.0 - lr * wd
        weight -= lr * xp.sign(self.beta1 * momentum + (1.0 - self.beta1) * g)
        momentum *= self.beta2
        momentum += (1.0 - self.beta2) * g


@register
class LANS(LAMB):
    r"""LAMB on normalised gradients with a Nesterov step.

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float in [0, 1)
    epsilon : float
    lower_bound, upper_bound : float, optional
        Limits of the weight's norm in the ratio.
    **kwargs
        See `Optimizer`.

    References
    ----------
    Zheng et al., "Accelerated Large Batch Optimization of BERT Pretraining in 54 minutes", 2020.
    """

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
        mean, var = states
        g = self.prepared(xp, grad, weight, 0.0)
        g /= max(float(xp.linalg.norm(g)), 1e-30)  # a zero gradient stays zero
        mean *= self.beta1
        mean += (1.0 - self.beta1) * g
        var *= self.beta2
        var += (1.0 - self.beta2) * g * g
        scale = xp.sqrt(var / (1.0 - self.beta2**t)) + self.epsilon
        past = mean / (1.0 - self.beta1**t) / scale + wd * weight
        now = g / scale + wd * weight
        step = self.beta1 * self._trust(xp, weight, past) * past
        step += (1.0 - self.beta1) * self._trust(xp, weight, now) * now
        weight -= lr * step
