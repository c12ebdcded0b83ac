"""A batch of distributions taken as one distribution of vectors."""

from __future__ import annotations

from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.probability.distributions.constraint import dependent_property
from dlstudio.gluon.probability.distributions.distribution import Distribution
from dlstudio.gluon.probability.distributions.utils import (
    sample_n_shape_converter,
    sum_right_most,
)

__all__ = ["Independent"]


class Independent(Distribution):
    """The last axes of a batch become one event, whose parts are independent.

    Parameters
    ----------
    base_distribution : Distribution
    reinterpreted_batch_ndims : int
        How many of the last batch axes.
    validate_args : bool, optional
        See `Distribution`.
    """

    def __init__(
        self,
        base_distribution: Distribution,
        reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:
        axes = len(base_distribution._batch_shape)
        if not 0 <= reinterpreted_batch_ndims <= axes:
            raise ParamError(
                explain(
                    f"Independent: reinterpreted_batch_ndims={reinterpreted_batch_ndims}.",
                    f"0 to {axes}: {base_distribution} has batch shape"
                    f" {base_distribution._batch_shape}.",
                )
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        event_dim = reinterpreted_batch_ndims + base_distribution.event_dim
        super().__init__(event_dim=event_dim, validate_args=validate_args)

    @property
    def has_grad(self) -> bool:
        """As the base."""
        return self.base_dist.has_grad

    @property
    def has_enumerate_support(self) -> bool:
        """As the base, unless values would have to be combined."""
        return self.reinterpreted_batch_ndims == 0 and self.base_dist.has_enumerate_support

    @dependent_property
    def support(self) -> Any:
        """As the base."""
        return self.base_dist.support

    def _parameters(self) -> dict[str, Any]:
        return self.base_dist._parameters()

    @property
    def _batch_shape(self) -> tuple[int, ...]:
        shape = self.base_dist._batch_shape
        return shape[: len(shape) - self.reinterpreted_batch_ndims]

    @property
    def _own_shape(self) -> tuple[int, ...]:
        shape = self.base_dist._batch_shape
        return shape[len(shape) - self.reinterpreted_batch_ndims :]

    @property
    def _event_shape(self) -> tuple[int, ...]:
        return self._own_shape + self.base_dist._event_shape

    def broadcast_to(self, batch_shape: Any) -> Independent:
        """Return this distribution for each element of `batch_shape`."""
        base = self.base_dist.broadcast_to(sample_n_shape_converter(batch_shape) + self._own_shape)
        return Independent(base, self.reinterpreted_batch_ndims, validate_args=False)

    def _log_prob(self, value: Any) -> Any:
        return sum_right_most(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self.base_dist.sample(shape + self._own_shape)

    def _mean(self) -> Any:
        return self.base_dist.mean

    def _variance(self) -> Any:
        return self.base_dist.variance

    def _entropy(self) -> Any:
        return sum_right_most(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self) -> Any:
        """As the base, if no axes were taken together."""
        if not self.has_enumerate_support:
            return super().enumerate_support()
        return self.base_dist.enumerate_support()

    def __repr__(self) -> str:
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"
