"""Adam and its relatives: running means of the gradient and of its square."""

from __future__ import annotations

from math import sqrt
from typing import Any

from dlstudio.optimizer.optimizer import Optimizer, State, register, zeros_like

Array = Any

__all__ = ["FTML", "LAMB", "Adam", "Adamax", "Nadam", "TwoStates"]


class TwoStates(Optimizer):
    """Keeps two zeroed arrays per weight."""

    def create_state(self, index: Any, weight: Any) -> State:
        """Two zeroed arrays."""
        return (zeros_like(weight), zeros_like(weight))


@register
class Adam(TwoStates):
    r"""Adam: steps scaled by running means of the gradient and of its square.

    .. math:: m = \beta_1 m + (1 - \beta_1) g,\quad v = \beta_2 v + (1 - \beta_2) g^2,\quad
              w = w - lr \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \frac{m}{\sqrt v + \epsilon}

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float in [0, 1)
    epsilon : float
    lazy_update : bool
        With a row-sparse gradient leave rows without gradient as they are: no decay, no momentum.
    **kwargs
        See `Optimizer`.

    References
    ----------
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        lazy_update: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.lazy_update = lazy_update

    def kernel(self) -> tuple[str, dict[str, float]] | None:
        """See `Optimizer.kernel`."""
        return "adam_update", {"beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon}

    def kernel_rate(self, lr: float, t: int) -> float:
        """Rate with the bias correction of both running means."""
        return lr * sqrt(1.0 - self.beta2**t) / (1.0 - self.beta1**t)

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
        g = self.prepared(xp, grad, weight, wd, clip_last=True)
        rate = self.kernel_rate(lr, t)
        mean *= self.beta1
        mean += (1.0 - self.beta1) * g
        g *= g
        g *= 1.0 - self.beta2
        var *= self.beta2
        var += g
        xp.sqrt(var, out=g)
        g += self.epsilon
        xp.divide(mean, g, out=g)
        g *= rate
        weight -= g


@register
class Adamax(TwoStates):
    r"""Adam with the maximum of past gradients instead of their mean square.

    .. math:: u = \max(\beta_2 u, |g|),\quad w = w - \frac{lr}{1 - \beta_1^t} \frac{m}{u + \epsilon}

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float in [0, 1)
    epsilon : float
        An element that never had a gradient has mean 0 and must not become 0 / 0.
    **kwargs
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
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
        mean, largest = states
        g = self.prepared(xp, grad, weight, wd, clip_last=True)
        mean *= self.beta1
        mean += (1.0 - self.beta1) * g
        largest *= self.beta2
        xp.maximum(largest, abs(g), out=largest)
        weight -= lr / (1.0 - self.beta1**t) * mean / (largest + self.epsilon)


@register
class Nadam(TwoStates):
    """Adam with Nesterov momentum on a schedule.

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float in [0, 1)
    epsilon : float
    schedule_decay : float
    **kwargs
        See `Optimizer`.

    References
    ----------
    Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.schedule_decay = schedule_decay
        self.m_schedule = 1.0  # as in MXNet, every single update moves the one schedule on

    def _momentum(self, t: int) -> float:
        return self.beta1 * (1.0 - 0.5 * 0.96 ** (t * self.schedule_decay))

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
        g = self.prepared(xp, grad, weight, wd, clip_last=True)
        now, following = self._momentum(t), self._momentum(t + 1)
        self.m_schedule *= now
        mean *= self.beta1
        mean += (1.0 - self.beta1) * g
        var *= self.beta2
        var += (1.0 - self.beta2) * g * g
        ahead = (1.0 - now) / (1.0 - self.m_schedule) * g
        ahead += following / (1.0 - self.m_schedule * following) * mean
        weight -= lr * ahead / (xp.sqrt(var / (1.0 - self.beta2**t)) + self.epsilon)


@register
class FTML(Optimizer):
    """Follow the moving leader.

    Parameters
    ----------
    beta1, beta2 : float in [0, 1)
    epsilon : float
    **kwargs
        See `Optimizer`.

    References
    ----------
    Zheng and Kwok, "Follow the Moving Leader in Deep Learning", ICML 2017.
    """

    def __init__(
        self, beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-8, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def create_state(self, index: Any, weight: Any) -> State:
        """Return (d, v, z), all zero."""
        return (zeros_like(weight), zeros_like(weight), zeros_like(weight))

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
        d, v, z = states
        g = self.prepared(xp, grad, weight, wd, clip_last=True)
        v *= self.beta2
        v += (1.0 - self.beta2) * g * g
        scale = (1.0 - self.beta1**t) / lr
        new_d = scale * (xp.sqrt(v / (1.0 - self.beta2**t)) + self.epsilon)
        z *= self.beta1
        z += (1.0 - self.beta1) * g - (new_d - self.beta1 * d) * weight
        d[...] = new_d
        xp.divide(-z, d, out=weight)


@register
class LAMB(TwoStates):
    r"""Adam with a step as long, relative to its weight, in every layer.

    .. math:: r = m / (\sqrt v + \epsilon) + wd \cdot w,\quad w = w - lr \frac{\|w\|}{\|r\|} r

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float in [0, 1)
    epsilon : float
    lower_bound, upper_bound : float, optional
        Limits of the weight's norm in the ratio.
    bias_correction : bool
    **kwargs
        See `Optimizer`.

    References
    ----------
    You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 Minutes",
    ICLR 2020.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        lower_bound: float | None = None,
        upper_bound: float | None = None,
        bias_correction: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound
        self.bias_correction = bias_correction

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
        fix1 = 1.0 - self.beta1**t if self.bias_correction else 1.0
        fix2 = 1.0 - self.beta2**t if self.bias_correction else 1.0
        step = mean / fix1 / (xp.sqrt(var / fix2) + self.epsilon) + wd * weight
        weight -= lr * self._trust(xp, weight, step) * step

    def _trust(self, xp: Any, weight: Array, step: Array) -> float:
        w_norm, step_norm = float(xp.linalg.norm(weight)), float(xp.linalg.norm(step))
        if self.lower_bound is not None:
            w_norm = max(w_norm, self.lower_bound)
        if self.upper_bound is not None:
            w_norm = min(w_norm, self.upper_bound)
        return w_norm / step_norm if w_norm > 0.0 and step_norm > 0.0 else 1.0
