"""Learning-rate schedules: functions from the number of updates to a learning rate.

A scheduler is called with `num_update`, the number of optimizer steps taken so far (counted from
1 by the optimizer), and answers the rate for this step. All of them can warm up first: from
`warmup_begin_lr` to `base_lr` during the first `warmup_steps` updates.
"""

from __future__ import annotations

import logging
from itertools import pairwise
from math import cos, pi
from typing import TYPE_CHECKING, Any

from dlstudio.errors import ParamError, knows_its_names, lookup_that_teaches

__all__ = [
    "CosineRestartScheduler",
    "CosineScheduler",
    "FactorScheduler",
    "LRScheduler",
    "MultiFactorScheduler",
    "OneCycleScheduler",
    "PolyScheduler",
]


class LRScheduler:
    """Base class of schedules; subclasses define ``__call__(num_update)``.

    Parameters
    ----------
    base_lr : float
        Rate at the end of the warm-up. An optimizer given both a rate and a schedule sets it.
    warmup_steps : int >= 0
    warmup_begin_lr : float <= base_lr
    warmup_mode : {"linear", "constant"}
        Rise in a line, or stay at `warmup_begin_lr`.

    Raises
    ------
    ParamError
        If a parameter is outside its domain.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = knows_its_names(cls.__init__)

    @knows_its_names
    def __init__(
        self,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        _whole("warmup_steps", warmup_steps)
        if warmup_begin_lr > base_lr:
            raise ParamError(
                "parameter warmup_begin_lr must not exceed base_lr, since warming up raises the"
                f" rate ({base_lr}). Got {warmup_begin_lr}."
            )
        if warmup_steps < 0:
            raise ParamError(f"parameter warmup_steps must be >= 0. Got {warmup_steps}.")
        if warmup_mode not in ("linear", "constant"):
            raise ParamError(
                f"parameter warmup_mode must be 'linear' or 'constant'. Got {warmup_mode!r}."
            )
        self.base_lr = base_lr
        self.warmup_steps = warmup_steps
        self.warmup_begin_lr = warmup_begin_lr
        self.warmup_final_lr = base_lr
        self.warmup_mode = warmup_mode

    def get_warmup_lr(self, num_update: int) -> float:
        """Rate at update `num_update` < `warmup_steps`."""
        if self.warmup_mode == "constant":
            return self.warmup_begin_lr
        rise = (self.warmup_final_lr - self.warmup_begin_lr) / self.warmup_steps
        return self.warmup_begin_lr + rise * num_update

    def __call__(self, num_update: int) -> float:
        """Rate of update `num_update`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(num_update).")


def _whole(name: str, value: object) -> None:
    if not isinstance(value, int):
        raise ParamError(f"parameter {name} must be a whole number. Got {value!r}.")


class FactorScheduler(LRScheduler):
    """Multiply the rate by `factor` every `step` updates, down to `stop_factor_lr`.

    Parameters
    ----------
    step : int >= 1, updates
    factor : float <= 1
    stop_factor_lr : float
        The rate never falls below.
    base_lr, warmup_steps, warmup_begin_lr, warmup_mode
        See `LRScheduler`.

    Examples
    --------
    >>> schedule = FactorScheduler(step=10, factor=0.5, base_lr=1.0)
    >>> schedule(10), schedule(11), schedule(21)
    (1.0, 0.5, 0.25)
    """

    def __init__(
        self,
        step: int,
        factor: float = 1,
        stop_factor_lr: float = 1e-8,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if step < 1:
            raise ParamError(f"FactorScheduler: parameter step must be >= 1 update. Got {step}.")
        _at_most_one("FactorScheduler", factor)
        self.step = step
        self.factor = factor
        self.stop_factor_lr = stop_factor_lr
        self.count = 0

    def __call__(self, num_update: int) -> float:
        """Rate of update `num_update`. Keeps what has been reached: call in increasing order."""
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while num_update > self.count + self.step:
            self.count += self.step
            self.base_lr *= self.factor
            if self.base_lr < self.stop_factor_lr:
                self.base_lr = self.stop_factor_lr
                logging.info(
                    "Update[%d]: the learning rate stays at %0.5e", num_update, self.base_lr
                )
            else:
                logging.info("Update[%d]: the learning rate is now %0.5e", num_update, self.base_lr)
        return self.base_lr


def _at_most_one(owner: str, factor: float) -> None:
    if factor > 1.0:
        raise ParamError(
            f"{owner}: parameter factor must be <= 1, so that the rate falls. Got {factor}."
        )


class MultiFactorScheduler(LRScheduler):
    """Multiply the rate by `factor` after each of the given numbers of updates.

    Parameters
    ----------
    step : list of int, strictly increasing, >= 1, updates
    factor : float <= 1
    base_lr, warmup_steps, warmup_begin_lr, warmup_mode
        See `LRScheduler`.

    Examples
    --------
    >>> schedule = MultiFactorScheduler([10, 15], factor=0.5, base_lr=1.0)
    >>> schedule(10), schedule(11), schedule(16)
    (1.0, 0.5, 0.25)
    """

    def __init__(
        self,
        step: list[int],
        factor: float = 1,
        base_lr: float = 0.01,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        _check_steps(step)
        _at_most_one("MultiFactorScheduler", factor)
        self.step = step
        self.cur_step_ind = 0
        self.factor = factor
        self.count = 0

    def __call__(self, num_update: int) -> float:
        """Rate of update `num_update`. Keeps what has been reached: call in increasing order."""
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while self.cur_step_ind < len(self.step) and num_update > self.step[self.cur_step_ind]:
            self.count = self.step[self.cur_step_ind]
            self.cur_step_ind += 1
            self.base_lr *= self.factor
            logging.info("Update[%d]: the learning rate is now %0.5e", num_update, self.base_lr)
        return self.base_lr


def _check_steps(step: object) -> None:
    if not isinstance(step, list) or not step:
        raise ParamError(
            f"MultiFactorScheduler: parameter step must be a list of update counts. Got {step!r}."
        )
    if any(s < 1 for s in step) or any(a >= b for a, b in pairwise(step)):
        raise ParamError(
            f"MultiFactorScheduler: parameter step must increase strictly from >= 1. Got {step!r}."
        )


class _Decay(LRScheduler):
    """From `base_lr` to `final_lr` within `max_update` updates, along `curve` from 1 to 0."""

    def __init__(
        self,
        max_update: int,
        base_lr: float,
        final_lr: float,
        warmup_steps: int,
        warmup_begin_lr: float,
        warmup_mode: str,
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        _whole("max_update", max_update)
        if max_update < 1:
            raise ParamError(f"parameter max_update must be >= 1. Got {max_update}.")
        self.base_lr_orig = base_lr
        self.max_update = max_update
        self.final_lr = final_lr
        self.max_steps = max_update - warmup_steps

    def curve(self, progress: float) -> float:
        """Height between 1 (start) and 0 (end) at `progress` between 0 and 1."""
        raise NotImplementedError

    def __call__(self, num_update: int) -> float:
        """Rate of update `num_update`; `final_lr` from `max_update` on."""
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        if num_update <= self.max_update:
            progress = (num_update - self.warmup_steps) / self.max_steps if self.max_steps else 1.0
            height = self.base_lr_orig - self.final_lr
            self.base_lr = self.final_lr + height * self.curve(progress)
        return self.base_lr


class PolyScheduler(_Decay):
    r"""Polynomial decay.

    .. math:: \eta_t = \eta_{end} + (\eta_0 - \eta_{end}) (1 - t / T)^{pwr}

    Parameters
    ----------
    max_update : int >= 1, updates
        T; the rate stays at `final_lr` afterwards.
    base_lr : float
    pwr : int
    final_lr : float
    warmup_steps, warmup_begin_lr, warmup_mode
        See `LRScheduler`.
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        pwr: int = 2,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.power = pwr

    def curve(self, progress: float) -> float:
        """``(1 - progress) ** pwr``."""
        return (1 - progress) ** self.power


class CosineScheduler(_Decay):
    r"""Half a cosine wave from `base_lr` to `final_lr`.

    .. math:: \eta_t = \eta_{end} + (\eta_0 - \eta_{end}) (1 + \cos(\pi t / T)) / 2

    Parameters
    ----------
    max_update : int >= 1, updates
        T; the rate stays at `final_lr` afterwards.
    base_lr, final_lr : float
    warmup_steps, warmup_begin_lr, warmup_mode
        See `LRScheduler`.

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        final_lr: float = 0,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)

    def curve(self, progress: float) -> float:
        """``(1 + cos(pi * progress)) / 2``."""
        return (1 + cos(pi * progress)) / 2


class CosineRestartScheduler(LRScheduler):
    r"""Half a cosine wave from `base_lr` to `final_lr`, again and again.

    Parameters
    ----------
    period : int >= 1, updates
        Length of the first wave.
    base_lr, final_lr : float
    period_mult : float >= 1
        Each wave is this much longer than the one before.
    warmup_steps, warmup_begin_lr, warmup_mode
        See `LRScheduler`.

    Examples
    --------
    >>> schedule = CosineRestartScheduler(period=4, base_lr=1.0)
    >>> [round(schedule(t), 2) for t in (0, 2, 4, 6)]
    [1.0, 0.5, 1.0, 0.5]

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    """

    def __init__(
        self,
        period: int,
        base_lr: float = 0.01,
        final_lr: float = 0,
        period_mult: float = 1,
        warmup_steps: int = 0,
        warmup_begin_lr: float = 0,
        warmup_mode: str = "linear",
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        _whole("period", period)
        if period < 1 or period_mult < 1:
            raise ParamError(
                "CosineRestartScheduler: parameters period and period_mult must be >= 1."
                f" Got {period} and {period_mult}."
            )
        self.period = period
        self.period_mult = period_mult
        self.final_lr = final_lr

    def __call__(self, num_update: int) -> float:
        """Rate of update `num_update`."""
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        position, length = float(num_update - self.warmup_steps), float(self.period)
        while position >= length:
            position, length = position - length, length * self.period_mult
        height = self.base_lr - self.final_lr
        return self.final_lr + height * (1 + cos(pi * position / length)) / 2


class OneCycleScheduler(LRScheduler):
    """Up to `base_lr` and down to almost nothing, along two half cosine waves.

    Parameters
    ----------
    max_update : int >= 2, updates
        Length of the cycle; the rate stays at its end afterwards.
    base_lr : float
        The highest rate.
    rise : float between 0 and 1
        Share of the cycle in which the rate rises.
    start_div, final_div : float
        The first and the last rate are `base_lr` divided by these.

    References
    ----------
    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
    Rates", 2018.
    """

    def __init__(
        self,
        max_update: int,
        base_lr: float = 0.01,
        rise: float = 0.3,
        start_div: float = 25.0,
        final_div: float = 1e4,
    ) -> None:
        super().__init__(base_lr)
        _whole("max_update", max_update)
        if max_update < 2 or not 0 < rise < 1:
            raise ParamError(
                "OneCycleScheduler: parameter max_update must be >= 2 and rise between 0 and 1."
                f" Got {max_update} and {rise}."
            )
        self.max_update = max_update
        self.rise = rise
        self.start_div = start_div
        self.final_div = final_div

    def __call__(self, num_update: int) -> float:
        """Rate of update `num_update`."""
        progress = min(num_update / self.max_update, 1.0)
        if progress < self.rise:
            low, done = self.base_lr / self.start_div, 1 - progress / self.rise
        else:
            low, done = self.base_lr / self.final_div, (progress - self.rise) / (1 - self.rise)
        return low + (self.base_lr - low) * (1 + cos(pi * done)) / 2


if not TYPE_CHECKING:  # a type checker shall know which names there are
    __getattr__ = lookup_that_teaches("mx.lr_scheduler", globals())
