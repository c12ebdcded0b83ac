"""Distributions given by probabilities or by log-odds, whichever the program has."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.gluon.probability.distributions.distribution import Distribution
from dlstudio.gluon.probability.distributions.utils import logit2prob, prob2logit
from dlstudio.gluon.probability.functions import as_array, shape_of

__all__ = ["Odds"]


class Odds(Distribution):
    """Has exactly one of `prob` and `logit`; the other follows when it is asked for."""

    _binary = True  # False: the last axis holds one probability for each class

    def _give(self, prob: Any, logit: Any) -> None:
        if (prob is None) == (logit is None):
            name = type(self).__name__
            raise ParamError(
                explain(
                    f"{name}: {'neither' if prob is None else 'both'} of prob and logit given.",
                    "exactly one of them: prob = sigmoid(logit), or softmax(logit) over classes.",
                    f"{name}(prob=0.3)" if self._binary else f"{name}(3, prob=p)",
                )
            )
        if prob is None:
            self.logit = as_array(logit)
        else:
            self.prob = as_array(prob)

    def _give_classes(self, num_events: int, prob: Any, logit: Any) -> None:
        """Also look whether the last axis has `num_events` entries."""
        self._give(prob, logit)
        self.num_events = int(num_events)
        shape = shape_of(self.prob if logit is None else self.logit)
        if not shape or shape[-1] != self.num_events:
            raise ShapeError(
                explain(
                    f"{type(self).__name__}: {'prob' if logit is None else 'logit'} has shape"
                    f" {shape}.",
                    f"num_events={num_events} entries along the last axis.",
                )
            )

    @cached_property
    def prob(self) -> Any:
        """Probability of 1, or of each class."""
        return logit2prob(self.logit, self._binary)

    @cached_property
    def logit(self) -> Any:
        """Log-odds of 1, or the logarithm of the probability of each class."""
        return prob2logit(self.prob, self._binary)

    def _parameters(self) -> dict[str, Any]:
        found = super()._parameters()
        if "prob" in found and "logit" in found:  # one of them was computed: equal shapes
            found.pop("logit")
        return found
