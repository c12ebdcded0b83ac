"""The normal distribution of vectors."""

from __future__ import annotations

from functools import cached_property
from math import log as ln
from math import pi
from typing import Any

from dlstudio import np
from dlstudio.errors import ParamError, explain
from dlstudio.gluon.probability.distributions.constraint import (
    LowerCholesky,
    PositiveDefinite,
    Real,
)
from dlstudio.gluon.probability.distributions.distribution import Distribution
from dlstudio.gluon.probability.functions import as_array, log

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """Normal distribution of vectors of length K.

    Exactly one of the three matrices is given.

    Parameters
    ----------
    loc : array, shape (..., K)
        Mean.
    cov : array, shape (..., K, K)
        Covariance matrix, symmetric and positive definite.
    precision : array, shape (..., K, K)
        Its inverse.
    scale_tril : array, shape (..., K, K)
        Its Cholesky factor: lower triangular, ``cov = scale_tril @ scale_tril.T``.
    validate_args : bool, optional
        See `Distribution`.
    """

    has_grad = True
    support = Real()
    arg_constraints = {  # noqa: RUF012
        "loc": Real(), "cov": PositiveDefinite(), "precision": PositiveDefinite(),
        "scale_tril": LowerCholesky(),
    }  # fmt: skip
    _axes = {"loc": 1, "cov": 2, "precision": 2, "scale_tril": 2}  # noqa: RUF012

    def __init__(
        self,
        loc: Any,
        cov: Any = None,
        precision: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        matrices = {"cov": cov, "precision": precision, "scale_tril": scale_tril}
        given = {name: as_array(m) for name, m in matrices.items() if m is not None}
        if len(given) != 1:
            raise ParamError(
                explain(
                    f"MultivariateNormal: {' and '.join(given) or 'no matrix'} given.",
                    "exactly one of cov, precision and scale_tril.",
                    "MultivariateNormal(loc, cov=np.eye(3))",
                )
            )
        self.loc = as_array(loc)
        vars(self).update(given)
        super().__init__(event_dim=1, validate_args=validate_args)

    def _parameters(self) -> dict[str, Any]:
        found = super()._parameters()
        name = next(n for n in ("cov", "precision", "scale_tril") if n in found)
        return {"loc": found["loc"], name: found[name]}

    @cached_property
    def cov(self) -> Any:
        """Covariance matrix."""
        if "precision" in vars(self):
            return np.linalg.inv(self.precision)
        return np.matmul(self.scale_tril, np.swapaxes(self.scale_tril, -1, -2))

    @cached_property
    def precision(self) -> Any:
        """Inverse of the covariance matrix."""
        return np.linalg.inv(self.cov)

    @cached_property
    def scale_tril(self) -> Any:
        """Cholesky factor of the covariance matrix."""
        return np.linalg.cholesky(self.cov)

    @property
    def _event_shape(self) -> tuple[int, ...]:
        return self.loc.shape[-1:]

    @property
    def half_log_det(self) -> Any:
        """Half the logarithm of the determinant of the covariance matrix."""
        return log(np.diagonal(self.scale_tril, axis1=-2, axis2=-1)).sum(-1)

    def _log_prob(self, value: Any) -> Any:
        centred = np.expand_dims(value - self.loc, -1)
        batch = np.broadcast_arrays(centred[..., 0, 0], self.scale_tril[..., 0, 0])[0].shape
        K = self._event_shape[0]
        factor = np.broadcast_to(self.scale_tril, (*batch, K, K))
        z = np.linalg.solve(factor, np.broadcast_to(centred, (*batch, K, 1)))
        squares = (z * z).sum((-2, -1))
        return -0.5 * squares - self.half_log_det - 0.5 * K * ln(2 * pi)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        noise = np.expand_dims(self._noise("normal", shape + self._event_shape), -1)
        return self.loc + np.matmul(self.scale_tril, noise)[..., 0]

    def _mean(self) -> Any:
        return self.loc

    def _variance(self) -> Any:
        return (self.scale_tril**2).sum(-1)

    def _entropy(self) -> Any:
        return 0.5 * self._event_shape[0] * (1 + ln(2 * pi)) + self.half_log_det
