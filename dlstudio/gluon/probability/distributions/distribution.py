"""What all distributions have in common."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar

import numpy

from dlstudio import np
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ShapeError, explain, knows_its_names
from dlstudio.gluon.probability.distributions.constraint import is_dependent
from dlstudio.gluon.probability.distributions.utils import sample_n_shape_converter
from dlstudio.gluon.probability.functions import as_array, dtype_of, exp, shape_of, sqrt

__all__ = ["Distribution"]


class Distribution:
    """A probability distribution over numbers, vectors or matrices ("events").

    Parameters of a distribution broadcast together to its batch shape: one distribution for each
    element. To define one, assign the parameters, call this constructor, and define `log_prob`,
    `sample`, `mean` and `variance`, as far as they exist.

    Parameters
    ----------
    event_dim : int, optional
        How many of the last axes make up one event; 0 for distributions of numbers.
    validate_args : bool, optional
        Check parameters against `arg_constraints` and values against `support`; default: what
        `set_default_validate_args` set (False). In a compiled block the plan checks at every run.

    Attributes
    ----------
    has_grad : bool
        Whether gradients flow through samples to the parameters (reparameterisation).
    has_enumerate_support : bool
        Whether `enumerate_support` lists all values.
    support : Constraint
        The values that can come up.
    arg_constraints : dict
        What each parameter must be.
    """

    has_grad: Any = False  # derived distributions ask their base
    has_enumerate_support: Any = False
    support: Any = None
    arg_constraints: Any = {}  # noqa: RUF012  name -> Constraint; replaced, never changed
    _validate_args = False
    _axes: ClassVar[dict[str, int]] = {}  # parameter -> how many of its axes belong to an event

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = knows_its_names(cls.__init__)

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Decide whether distributions made from now on check parameters and values."""
        Distribution._validate_args = bool(value)

    def __init__(self, event_dim: int | None = None, validate_args: bool | None = None) -> None:
        self.event_dim = event_dim or 0
        if validate_args is not None:
            self._validate_args = bool(validate_args)
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            if name in vars(self) and not is_dependent(constraint):
                what = f"{type(self).__name__}: parameter {name}"
                setattr(self, name, constraint.check(getattr(self, name), what))

    # ---- parameters ----------------------------------------------------------------------
    def _parameters(self) -> dict[str, Any]:
        """Those that were given; `prob` or `logit`, not both."""
        return {name: vars(self)[name] for name in self.arg_constraints if name in vars(self)}

    @property
    def _batch_shape(self) -> tuple[int, ...]:
        shapes = {}
        for name, value in self._parameters().items():
            shape, axes = shape_of(value), self._axes.get(name, 0)
            shapes[name] = shape[: len(shape) - axes]
        try:
            return numpy.broadcast_shapes(*shapes.values())
        except ValueError:
            given = " and ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ShapeError(
                explain(
                    f"{type(self).__name__}: parameters of shapes {given} do not broadcast"
                    " together.",
                    "equal lengths on each axis, counted from the last, or a length of 1.",
                    "x.reshape((-1, 1)) for all combinations of two vectors",
                )
            ) from None

    @property
    def _event_shape(self) -> tuple[int, ...]:
        return ()

    @property
    def _dtype(self) -> str:
        return dtype_of(*self._parameters().values())

    @property
    def _device(self) -> Any:
        tensors = [v for v in self._parameters().values() if isinstance(v, Tensor)]
        return tensors[0].context if tensors else None

    def broadcast_to(self, batch_shape: Any) -> Distribution:
        """Return this distribution for each element of `batch_shape`; nothing is checked again."""
        new = copy(self)
        new._validate_args = False
        batch = sample_n_shape_converter(batch_shape)
        for name in list(vars(new)):
            if name not in self.arg_constraints:
                continue
            value = self._array(vars(self)[name])
            axes = self._axes.get(name, 0)
            setattr(new, name, np.broadcast_to(value, batch + value.shape[value.ndim - axes :]))
        return new

    def _array(self, value: Any) -> Any:
        """A number as an array of the parameters' dtype, on their device."""
        if isinstance(value, Tensor):
            return value
        return np.full((), value, dtype=self._dtype, ctx=self._device)

    def _spread(self, value: Any, event: tuple[int, ...] = ()) -> Any:
        """One `value` for each distribution of the batch."""
        value, shape = self._array(value), self._batch_shape + event
        return value if value.shape == shape else np.broadcast_to(value, shape)

    def _value(self, value: Any, *, checked: bool = True) -> Any:
        """An argument as a floating array, which belongs to the support if that is asked for."""
        value = self._array(as_array(value))
        if value.dtype.kind != "f":
            value = value.astype(self._dtype)
        if checked and self._validate_args and self.support is not None:
            return self.support.check(value, f"{type(self).__name__}: value")
        return value

    # ---- probabilities -------------------------------------------------------------------
    def log_prob(self, value: Any) -> Any:
        """Logarithm of the density, or of the probability, at `value`.

        Parameters
        ----------
        value : array or number
            Broadcasts with the batch; the last `event_dim` axes are one event.

        Returns
        -------
        ndarray
            One number for each event.
        """
        return self._log_prob(self._value(value))

    def pdf(self, value: Any) -> Any:
        """Density, or probability, at `value`."""
        return exp(self.log_prob(value))

    def cdf(self, value: Any) -> Any:
        """Probability of a number that is at most `value`."""
        return self._cdf(self._value(value))

    def icdf(self, value: Any) -> Any:
        """The number that the cdf takes to `value`, a probability."""
        return self._icdf(self._value(value, checked=False))

    def _missing(self, what: str) -> NotImplementedError:
        return NotImplementedError(
            explain(
                f"{type(self).__name__} has no {what}.",
                "a method for which a closed form is known.",
                "estimate it from many draws: dist.sample_n(10000)",
            )
        )

    def _log_prob(self, value: Any) -> Any:
        raise self._missing("log_prob")

    def _cdf(self, value: Any) -> Any:
        raise self._missing("cdf")

    def _icdf(self, value: Any) -> Any:
        raise self._missing("icdf")

    # ---- draws ---------------------------------------------------------------------------
    def sample(self, size: Any = None) -> Any:
        """Draw once for each distribution of the batch.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the draws without their event axes; the batch broadcasts to it.

        Raises
        ------
        ShapeError
            If it does not.
        """
        batch = self._batch_shape
        if size is None:
            return self._draw(batch)
        size = sample_n_shape_converter(size)
        if not _fits(batch, size):
            raise ShapeError(
                explain(
                    f"{type(self).__name__}.sample: the batch of shape {batch} does not broadcast"
                    f" to size={size}.",
                    "the shape of the result, the batch's axes last.",
                    f"dist.sample_n({size}) for that many draws of each",
                )
            )
        return self._draw(size)

    def sample_n(self, size: Any = None) -> Any:
        """Draw `size` times for each distribution of the batch: shape (*size, *batch, *event)."""
        return self.sample(sample_n_shape_converter(size) + self._batch_shape)

    def _draw(self, shape: tuple[int, ...]) -> Any:
        raise self._missing("sampler")

    def _noise(self, law: str, shape: tuple[int, ...]) -> Any:
        """Draws of `np.random.<law>` with its default parameters, which depend on nothing."""
        sampler = getattr(np.random, law)
        return sampler(size=shape, dtype=self._dtype, ctx=self._device)

    # ---- what is expected ----------------------------------------------------------------
    @property
    def mean(self) -> Any:
        """Expected value; nan where there is none."""
        return self._spread(self._mean(), self._event_shape)

    @property
    def variance(self) -> Any:
        """Expected squared distance from the mean; nan or inf where there is none."""
        return self._spread(self._variance(), self._event_shape)

    @property
    def stddev(self) -> Any:
        """Square root of the variance."""
        return sqrt(self.variance)

    def entropy(self) -> Any:
        """Expected ``-log_prob``, in nats."""
        return self._spread(self._entropy())

    def perplexity(self) -> Any:
        """How many equally likely values have the same entropy."""
        return exp(self.entropy())

    def enumerate_support(self) -> Any:
        """Return all values along a new first axis, for each distribution of the batch."""
        raise self._missing("finite support to list")

    def _mean(self) -> Any:
        raise self._missing("mean")

    def _variance(self) -> Any:
        raise self._missing("variance")

    def _entropy(self) -> Any:
        raise self._missing("entropy")

    def __repr__(self) -> str:
        told = [
            f"{name}: size {value.shape}" if isinstance(value, Tensor) else f"{name}: {value}"
            for name, value in self._parameters().items()
        ]
        return f"{type(self).__name__}({', '.join([*told, f'event_dim: {self.event_dim}'])})"


def _fits(batch: tuple[int, ...], size: tuple[int, ...]) -> bool:
    try:
        return numpy.broadcast_shapes(batch, size) == size
    except ValueError:
        return False
