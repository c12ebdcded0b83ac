"""Distributions over K classes."""

from __future__ import annotations

from typing import Any

from dlstudio import np, npx
from dlstudio.gluon.probability.distributions.constraint import (
    IntegerInterval,
    Real,
    Simplex,
    dependent_property,
)
from dlstudio.gluon.probability.distributions.odds import Odds
from dlstudio.gluon.probability.functions import gammaln

__all__ = ["Categorical", "Multinomial", "OneHotCategorical"]


class _Classes(Odds):
    _binary = False
    _axes = {"prob": 1, "logit": 1}  # noqa: RUF012
    arg_constraints = {"prob": Simplex(), "logit": Real()}  # noqa: RUF012

    @property
    def _log_probs(self) -> Any:
        """Logarithms of the probabilities, also where `logit` has any constant added."""
        return npx.log_softmax(self.logit, axis=-1)

    def _draw_classes(self, shape: tuple[int, ...]) -> Any:
        # the largest of K Gumbel numbers around the logits is at k with probability k
        noise = self._noise("gumbel", (*shape, self.num_events))
        return np.argmax(self.logit + noise, axis=-1)

    def _draw_one_hot(self, shape: tuple[int, ...]) -> Any:
        drawn = npx.one_hot(self._draw_classes(shape), self.num_events)
        return drawn.astype(self._dtype)

    def _entropy(self) -> Any:
        logs = self._log_probs
        return -(np.exp(logs) * logs).sum(-1)


class Categorical(_Classes):
    """One of the classes 0 … num_events - 1.

    Parameters
    ----------
    num_events : int
        Number of classes K.
    prob : array, shape (..., K)
        Probabilities of the classes.
    logit : array, shape (..., K)
        Their logarithms, up to a constant, instead of `prob`.
    validate_args : bool, optional
        See `Distribution`.
    """

    has_enumerate_support = True

    def __init__(
        self, num_events: int, prob: Any = None, logit: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._give_classes(num_events, prob, logit)
        super().__init__(event_dim=0, validate_args=validate_args)

    @dependent_property
    def support(self) -> IntegerInterval:
        """0 to num_events - 1."""
        return IntegerInterval(0, self.num_events - 1)

    def _log_prob(self, value: Any) -> Any:
        logs = self._log_probs
        both = np.broadcast_arrays(value, logs[..., 0])[0].shape
        spread = np.broadcast_to(logs, (*both, self.num_events))
        return npx.pick(spread, np.broadcast_to(value, both), axis=-1)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self._draw_classes(shape).astype(self._dtype)

    def enumerate_support(self) -> Any:
        """All classes, shape (K, *batch)."""
        batch = self._batch_shape
        classes = np.arange(self.num_events, dtype=self._dtype, ctx=self._device)
        return np.broadcast_to(classes.reshape((-1, *[1] * len(batch))), (self.num_events, *batch))


class OneHotCategorical(_Classes):
    """One of K classes, as a vector of length K with a single 1.

    Parameters
    ----------
    num_events, prob, logit, validate_args
        See `Categorical`.
    """

    has_enumerate_support = True
    support = Simplex()

    def __init__(
        self, num_events: int, prob: Any = None, logit: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._give_classes(num_events, prob, logit)
        super().__init__(event_dim=1, validate_args=validate_args)

    @property
    def _event_shape(self) -> tuple[int, ...]:
        return (self.num_events,)

    def _log_prob(self, value: Any) -> Any:
        return (value * self._log_probs).sum(-1)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self._draw_one_hot(shape)

    def _mean(self) -> Any:
        return self.prob

    def _variance(self) -> Any:
        return self.prob * (1 - self.prob)

    def enumerate_support(self) -> Any:
        """All unit vectors, shape (K, *batch, K)."""
        batch, K = self._batch_shape, self.num_events
        vectors = np.eye(K, dtype=self._dtype, ctx=self._device)
        return np.broadcast_to(vectors.reshape((K, *[1] * len(batch), K)), (K, *batch, K))


class Multinomial(_Classes):
    """How often each of K classes comes up in `total_count` draws.

    Parameters
    ----------
    num_events, prob, logit
        See `Categorical`.
    total_count : int
    validate_args : bool, optional
        See `Distribution`.
    """

    def __init__(
        self, num_events: int, prob: Any = None, logit: Any = None, total_count: int = 1,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._give_classes(num_events, prob, logit)
        self.total_count = int(total_count)
        super().__init__(event_dim=1, validate_args=validate_args)

    @dependent_property
    def support(self) -> IntegerInterval:
        """Counts from 0 to total_count."""
        return IntegerInterval(0, self.total_count)

    @property
    def _event_shape(self) -> tuple[int, ...]:
        return (self.num_events,)

    def _log_prob(self, value: Any) -> Any:
        ways = gammaln(value.sum(-1) + 1) - gammaln(value + 1).sum(-1)
        return ways + (value * self._log_probs).sum(-1)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self._draw_one_hot((self.total_count, *shape)).sum(0)

    def _mean(self) -> Any:
        return self.prob * self.total_count

    def _variance(self) -> Any:
        return self.total_count * self.prob * (1 - self.prob)

    def _entropy(self) -> Any:
        raise self._missing("entropy")
