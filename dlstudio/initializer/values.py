"""Constant and random values."""

from __future__ import annotations

import json
from functools import partial
from math import prod, sqrt
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain
from dlstudio.initializer.base import Initializer, alias, draw_into, fill, generator, register

__all__ = ["Constant", "MSRAPrelu", "Normal", "One", "Orthogonal", "Uniform", "Xavier", "Zero"]


@register
@alias("zeros")
class Zero(Initializer):
    """All zeros."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        self._init_zero(name, arr)


@register
@alias("ones")
class One(Initializer):
    """All ones."""

    def __init__(self) -> None:
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        self._init_one(name, arr)


@register
class Constant(Initializer):
    """One value everywhere, or a copy of an array of the parameter's shape.

    Parameters
    ----------
    value : float or array
    """

    def __init__(self, value: Any) -> None:
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, _: str, arr: Any) -> None:
        arr[:] = self.value

    def dumps(self) -> str:
        """As JSON; an array is written as nested lists."""
        value = self.value.asnumpy() if hasattr(self.value, "asnumpy") else self.value
        plain = value.tolist() if isinstance(value, np.ndarray) else value
        return json.dumps(["constant", {"value": plain}])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and np.array_equal(
            np.asarray(self.value), np.asarray(other.value)
        )

    __hash__ = object.__hash__


@register
class Uniform(Initializer):
    """Uniformly random in [-scale, scale].

    Parameters
    ----------
    scale : float > 0
    """

    def __init__(self, scale: float = 0.07) -> None:
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, _: str, arr: Any) -> None:
        draw_into(arr, partial(generator().uniform, -self.scale, self.scale))


@register
class Normal(Initializer):
    """Normally distributed with mean 0 and standard deviation `sigma`."""

    def __init__(self, sigma: float = 0.01) -> None:
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, _: str, arr: Any) -> None:
        draw_into(arr, partial(generator().normal, 0.0, self.sigma))


@register
class Orthogonal(Initializer):
    """Rows (or columns) that are orthonormal, times `scale`.

    Parameters
    ----------
    scale : float
    rand_type : {"uniform", "normal"}
        Distribution of the random matrix whose singular vectors are taken.
    """

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform") -> None:
        super().__init__(scale=scale, rand_type=rand_type)
        if rand_type not in ("uniform", "normal"):
            raise ParamError(
                f"Orthogonal: parameter rand_type must be 'uniform' or 'normal'. Got {rand_type!r}."
            )
        self.scale = scale
        self.rand_type = rand_type

    def _init_weight(self, name: str, arr: Any) -> None:
        at_least_2d(self, name, arr)
        rows, columns = arr.shape[0], prod(arr.shape[1:])
        draw = generator().uniform if self.rand_type == "uniform" else generator().normal
        # uniform(-1, 1) or normal(0, 1): numpy's arguments mean (low, high) and (mean, deviation)
        start = draw(-1.0 if self.rand_type == "uniform" else 0.0, 1.0, (rows, columns))
        u, _, v = np.linalg.svd(start, full_matrices=False)
        basis = u if u.shape == start.shape else v
        fill(arr, self.scale * basis.reshape(arr.shape))


def at_least_2d(initializer: Initializer, name: str, arr: Any) -> None:
    if len(arr.shape) < 2:
        raise ParamError(
            explain(
                f"{type(initializer).__name__} cannot fill {str(name)!r} of shape"
                f" {tuple(arr.shape)}.",
                "at least 2 dimensions, since it counts what goes in and out of a unit.",
                "mx.init.Normal() or mx.init.Uniform() for vectors",
            )
        )


@register
class Xavier(Initializer):
    r"""Keeps the scale of activations and gradients alike through layers (Glorot).

    Values have variance `magnitude` / 3 / fan for "uniform" and `magnitude` / fan for "gaussian",
    where fan is the number of inputs ("in"), of outputs ("out") or their mean ("avg").

    Parameters
    ----------
    rnd_type : {"uniform", "gaussian"}
    factor_type : {"avg", "in", "out"}
    magnitude : float > 0
    """

    def __init__(
        self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3
    ) -> None:
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type = rnd_type
        self.factor_type = factor_type
        self.magnitude = float(magnitude)

    def _init_weight(self, name: str, arr: Any) -> None:
        at_least_2d(self, name, arr)
        scale = sqrt(self.magnitude / self._fan(arr.shape))
        if self.rnd_type == "uniform":
            draw_into(arr, partial(generator().uniform, -scale, scale))
        elif self.rnd_type == "gaussian":
            draw_into(arr, partial(generator().normal, 0.0, scale))
        else:
            raise ParamError(
                "Xavier: parameter rnd_type must be 'uniform' or 'gaussian'."
                f" Got {self.rnd_type!r}."
            )

    def _fan(self, shape: tuple[int, ...]) -> float:
        receptive_field = prod(shape[2:])
        fan_in, fan_out = shape[1] * receptive_field, shape[0] * receptive_field
        fans = {"avg": (fan_in + fan_out) / 2.0, "in": fan_in, "out": fan_out}
        if self.factor_type not in fans:
            raise ParamError(
                f"Xavier: parameter factor_type must be one of {', '.join(fans)}."
                f" Got {self.factor_type!r}."
            )
        return fans[self.factor_type]


@register
class MSRAPrelu(Xavier):
    """Normal with variance 2 / ((1 + slope²) fan), made for (P)ReLU networks (He).

    Parameters
    ----------
    factor_type : {"avg", "in", "out"}
    slope : float
        Slope of the negative side; 0 for plain ReLU.
    """

    def __init__(self, factor_type: str = "avg", slope: float = 0.25) -> None:
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}
