"""Invertible functions of random numbers, with the logarithm of how they stretch space."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from dlstudio import np, npx
from dlstudio.errors import explain
from dlstudio.gluon.hybrid import HybridBlock
from dlstudio.gluon.probability.distributions.utils import cached_property, sum_right_most
from dlstudio.gluon.probability.functions import as_array, log, softplus

__all__ = [
    "AbsTransform", "AffineTransform", "ComposeTransform", "ExpTransform", "PowerTransform",
    "SigmoidTransform", "SoftmaxTransform", "TransformBlock", "Transformation",
]  # fmt: skip


class Transformation:
    """A function y = f(x) of random numbers: ``t(x)``, ``t.inv(y)``, ``t.log_det_jacobian(x, y)``.

    Subclasses define `_forward_compute`, `_inverse_compute` and `log_det_jacobian`.

    Attributes
    ----------
    bijective : bool
        Whether every y comes from one x.
    event_dim : int
        How many of the last axes are transformed together; 0 for functions of numbers.
    sign : int or array
        1 if it rises, -1 if it falls; for functions of numbers.
    """

    bijective: Any = False
    event_dim: Any = 0

    @property
    def sign(self) -> Any:
        """1 where the function rises, -1 where it falls."""
        raise _undefined(self, "sign")

    @property
    def inv(self) -> Transformation:
        """The inverse function; its own inverse is this one."""
        return _Inverse(self)

    def __call__(self, x: Any) -> Any:
        """Transform `x`."""
        return self._forward_compute(as_array(x))

    def _inv_call(self, y: Any) -> Any:
        return self._inverse_compute(as_array(y))

    def _forward_compute(self, x: Any) -> Any:
        raise _undefined(self, "_forward_compute(self, x)")

    def _inverse_compute(self, x: Any) -> Any:
        raise _undefined(self, "_inverse_compute(self, y)")

    def log_det_jacobian(self, x: Any, y: Any) -> Any:
        """Logarithm of how much volume grows around `x`, which goes to `y`; one for each event."""
        raise _undefined(self, "log_det_jacobian(self, x, y)")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _undefined(transform: Any, what: str) -> NotImplementedError:
    return NotImplementedError(
        explain(f"{type(transform).__name__} has no {what}.", "a transformation that defines it.")
    )


class _Inverse(Transformation):
    """The inverse of a transformation."""

    def __init__(self, forward: Transformation) -> None:
        self._forward = forward

    @property
    def bijective(self) -> bool:
        """As that of the function."""
        return self._forward.bijective

    @property
    def event_dim(self) -> int:
        """As that of the function."""
        return self._forward.event_dim

    @property
    def sign(self) -> Any:
        """As that of the function."""
        return self._forward.sign

    @property
    def inv(self) -> Transformation:
        """The function itself."""
        return self._forward

    def __call__(self, x: Any) -> Any:
        """Go back from `x`."""
        return self._forward._inv_call(x)

    def log_det_jacobian(self, x: Any, y: Any) -> Any:
        """What the function stretches, its inverse shrinks."""
        return -self._forward.log_det_jacobian(y, x)

    def __repr__(self) -> str:
        return f"{self._forward!r}.inv"


class TransformBlock(Transformation, HybridBlock):
    """A transformation with parameters that are trained: a `HybridBlock` as well.

    Define `_forward_compute`, `_inverse_compute` and `log_det_jacobian`, which may call layers.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        HybridBlock.__init__(self, *args, **kwargs)

    def __call__(self, x: Any, *args: Any) -> Any:
        """Transform `x`, with the block's hooks."""
        return HybridBlock.__call__(self, x, *args)

    def forward(self, x: Any, *args: Any) -> Any:
        """Transform `x`."""
        del args
        return self._forward_compute(x)

    def __repr__(self) -> str:
        return HybridBlock.__repr__(self)


class ComposeTransform(Transformation):
    """Several transformations, one after the other.

    Parameters
    ----------
    parts : list of Transformation
        In the order in which they are applied.
    """

    def __init__(self, parts: Sequence[Transformation]) -> None:
        self._parts = list(parts)

    def __call__(self, x: Any) -> Any:
        """Apply all parts to `x`."""
        x = as_array(x)
        for part in self._parts:
            x = part(x)
        return x

    def _inv_call(self, y: Any) -> Any:
        for part in reversed(self._parts):
            y = part.inv(y)
        return y

    def log_det_jacobian(self, x: Any, y: Any) -> Any:
        """Sum of what the parts add, at the values between them."""
        if not self._parts:
            return np.zeros_like(as_array(x))
        found: Any = 0.0
        for part in self._parts[:-1]:
            between = part(x)
            stretch = part.log_det_jacobian(x, between)
            found = found + sum_right_most(stretch, self.event_dim - part.event_dim)
            x = between
        last = self._parts[-1]
        stretch = last.log_det_jacobian(x, y)
        return found + sum_right_most(stretch, self.event_dim - last.event_dim)

    @cached_property
    def event_dim(self) -> int:  # type: ignore[override]
        """The largest of the parts'."""
        return max((part.event_dim for part in self._parts), default=0)

    @cached_property
    def bijective(self) -> bool:  # type: ignore[override]
        """Whether all parts are."""
        return all(part.bijective for part in self._parts)

    @property
    def sign(self) -> Any:
        """The product of the parts'."""
        return prod(part.sign for part in self._parts)

    def __repr__(self) -> str:
        return f"ComposeTransform({self._parts!r})"


class _Rising(Transformation):
    """A rising function of numbers with an inverse."""

    bijective = True

    @property
    def sign(self) -> Any:
        """Always 1."""
        return 1


class ExpTransform(_Rising):
    """y = exp(x)."""

    def _forward_compute(self, x: Any) -> Any:
        return np.exp(x)

    def _inverse_compute(self, x: Any) -> Any:
        return np.log(x)

    def log_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return ``x``: log of eˣ."""
        del y
        return as_array(x)


class AffineTransform(Transformation):
    """y = loc + scale · x.

    Parameters
    ----------
    loc, scale : array or float
    event_dim : int
        How many of the last axes belong to one event.
    """

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0) -> None:
        self._loc, self._scale = as_array(loc), as_array(scale)
        self.event_dim = event_dim

    def _forward_compute(self, x: Any) -> Any:
        return self._loc + self._scale * x

    def _inverse_compute(self, x: Any) -> Any:
        return (x - self._loc) / self._scale

    def log_det_jacobian(self, x: Any, y: Any) -> Any:
        """Log |scale|, summed over an event."""
        del y
        stretch = np.zeros_like(as_array(x)) + log(abs(self._scale))
        return sum_right_most(stretch, self.event_dim)

    @property
    def sign(self) -> Any:
        """The sign of `scale`."""
        if isinstance(self._scale, (int, float)):
            return (self._scale > 0) - (self._scale < 0)
        return np.sign(self._scale)


class PowerTransform(_Rising):
    """y = x ** exponent, for x above 0.

    Parameters
    ----------
    exponent : array or float
    """

    def __init__(self, exponent: Any) -> None:
        self._exponent = as_array(exponent)

    @property
    def sign(self) -> Any:
        """The sign of the exponent."""
        if isinstance(self._exponent, (int, float)):
            return (self._exponent > 0) - (self._exponent < 0)
        return np.sign(self._exponent)

    def _forward_compute(self, x: Any) -> Any:
        return np.power(x, self._exponent)

    def _inverse_compute(self, x: Any) -> Any:
        return np.power(x, 1 / self._exponent)

    def log_det_jacobian(self, x: Any, y: Any) -> Any:
        """Log |exponent · y / x|."""
        return np.log(np.abs(self._exponent * as_array(y) / as_array(x)))


class AbsTransform(Transformation):
    """y = |x|; of the two x with this y, `inv` gives the one that is not negative."""

    def _forward_compute(self, x: Any) -> Any:
        return np.abs(x)

    def _inverse_compute(self, x: Any) -> Any:
        return x


class SigmoidTransform(_Rising):
    """y = 1 / (1 + exp(-x))."""

    def _forward_compute(self, x: Any) -> Any:
        return npx.sigmoid(x)

    def _inverse_compute(self, x: Any) -> Any:
        return np.log(x) - np.log1p(-x)

    def log_det_jacobian(self, x: Any, y: Any) -> Any:
        """Log y (1 - y), computed from x."""
        del y
        x = as_array(x)
        return -softplus(-x) - softplus(x)


class SoftmaxTransform(Transformation):
    """Rows of K numbers to K shares; `inv` gives their logarithms."""

    event_dim = 1

    def _forward_compute(self, x: Any) -> Any:
        return npx.softmax(x, axis=-1)

    def _inverse_compute(self, x: Any) -> Any:
        return np.log(x)
