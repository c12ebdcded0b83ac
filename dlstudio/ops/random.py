"""Random numbers over a shape, over arrays of parameters, and in the shape of another array.

A sampler gets `rng`, the generator of its device (NumPy's or CuPy's), at run time. Only functions
that both have are used, so the rarer distributions are built from uniform, normal, exponential,
gamma and Poisson draws.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import DType, Float, Param, Shape
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, op
from dlstudio.errors import ParamError, ShapeError, explain

__all__ = ["DISTRIBUTIONS", "Distribution"]

Array = Any
RANDOM = Flags(random=True)
DRAWN = NotDifferentiable("its result is a random draw")
_PARAMETER = inspect.Parameter


class Distribution(NamedTuple):
    """A distribution: parameters with defaults, the draw, and what the parameters must satisfy."""

    name: str
    doc: str
    parameters: dict[str, float | None]
    draw: Callable[..., Array]  # (xp, rng, size, dtype, *parameters)
    check: Callable[..., str | None]  # complaint about number parameters, or None
    legacy: bool = False  # MXNet 1.x has it
    args: str = ""  # its names as inputs of _sample_…


def _real(dtype: np.dtype[Any]) -> str:
    """Dtype the generators draw in: float16 and integers are rounded from float32."""
    return "float64" if dtype == np.float64 else "float32"


def _uniform(xp: Any, rng: Any, size: Any, dtype: Any, low: Any, high: Any) -> Array:
    return low + (high - low) * rng.random(size, dtype=_real(dtype))


def _normal(xp: Any, rng: Any, size: Any, dtype: Any, loc: Any, scale: Any) -> Array:
    return loc + scale * rng.standard_normal(size, dtype=_real(dtype))


def _gamma(xp: Any, rng: Any, size: Any, dtype: Any, alpha: Any, beta: Any) -> Array:
    return beta * rng.standard_gamma(alpha, size, dtype=_real(dtype))


def _exponential(xp: Any, rng: Any, size: Any, dtype: Any, lam: Any) -> Array:
    return rng.standard_exponential(size, dtype=_real(dtype)) / lam


def _poisson(xp: Any, rng: Any, size: Any, dtype: Any, lam: Any) -> Array:
    return rng.poisson(lam, size)


def _negative_binomial(xp: Any, rng: Any, size: Any, dtype: Any, k: Any, p: Any) -> Array:
    # the number of failures before success k is Poisson with a gamma-distributed rate
    return rng.poisson(rng.standard_gamma(k, size) * (1 - p) / p)


def _generalized(xp: Any, rng: Any, size: Any, dtype: Any, mu: Any, alpha: Any) -> Array:
    rate = xp.maximum(alpha, 1e-12)  # alpha = 0 is the Poisson distribution
    return rng.poisson(rng.standard_gamma(1 / rate, size) * mu * rate)


def _beta(xp: Any, rng: Any, size: Any, dtype: Any, a: Any, b: Any) -> Array:
    x, y = rng.standard_gamma(a, size), rng.standard_gamma(b, size)
    return x / (x + y)


def _open_uniform(rng: Any, size: Any) -> Array:
    """Uniform in (0, 1]: its logarithm is finite."""
    return 1 - rng.random(size)


def _logistic(xp: Any, rng: Any, size: Any, dtype: Any, loc: Any, scale: Any) -> Array:
    u = xp.clip(_open_uniform(rng, size), 1e-300, 1 - 1e-16)
    return loc + scale * xp.log(u / (1 - u))


def _laplace(xp: Any, rng: Any, size: Any, dtype: Any, loc: Any, scale: Any) -> Array:
    return loc + scale * (rng.standard_exponential(size) - rng.standard_exponential(size))


def _positive(*names: str) -> Callable[..., str | None]:
    """Complain about the first of the named parameters that is not above 0."""

    def check(**values: float) -> str | None:
        for name in names:
            if not values[name] > 0:
                return f"parameter {name} must be above 0. Got {values[name]}."
        return None

    return check


def _ordered(low: float, high: float) -> str | None:
    if high < low:
        return f"parameter high must be at least low ({low}). Got {high}."
    return None


def _not_negative(lam: float) -> str | None:
    return None if lam >= 0 else f"parameter lam must be at least 0. Got {lam}."


def _binomial_domain(k: float, p: float) -> str | None:
    if k <= 0:
        return f"parameter k must be above 0. Got {k}."
    return None if 0 < p <= 1 else f"parameter p must be above 0 and at most 1. Got {p}."


def _generalized_domain(mu: float, alpha: float) -> str | None:
    return (
        None if mu >= 0 and alpha >= 0 else f"mu and alpha must be at least 0. Got {mu}, {alpha}."
    )


def _probability(prob: float) -> str | None:
    return None if 0 <= prob <= 1 else f"parameter prob must lie in 0 … 1. Got {prob}."


DISTRIBUTIONS = (
    Distribution(
        "uniform",
        "Uniform numbers in [low, high).",
        {"low": 0.0, "high": 1.0},
        _uniform,
        _ordered,
        legacy=True,
    ),
    Distribution(
        "normal",
        "Normal numbers with mean `loc` and standard deviation `scale`.",
        {"loc": 0.0, "scale": 1.0},
        _normal,
        _positive("scale"),
        legacy=True,
        args="mu sigma",
    ),
    Distribution(
        "gamma",
        "Gamma numbers with shape `alpha` and scale `beta`.",
        {"alpha": 1.0, "beta": 1.0},
        _gamma,
        _positive("alpha", "beta"),
        legacy=True,
    ),
    Distribution(
        "exponential",
        "Exponential numbers with rate `lam` (mean 1/lam).",
        {"lam": 1.0},
        _exponential,
        _positive("lam"),
        legacy=True,
    ),
    Distribution(
        "poisson",
        "Poisson numbers with mean `lam`.",
        {"lam": 1.0},
        _poisson,
        _not_negative,
        legacy=True,
    ),
    Distribution(
        "negative_binomial",
        "Failures before success number `k`, each with probability `p`.",
        {"k": 1.0, "p": 1.0},
        _negative_binomial,
        _binomial_domain,
        legacy=True,
    ),
    Distribution(
        "generalized_negative_binomial",
        "Negative binomial numbers with mean `mu` and dispersion `alpha`.",
        {"mu": 1.0, "alpha": 1.0},
        _generalized,
        _generalized_domain,
        legacy=True,
    ),
    Distribution(
        "beta", "Beta numbers in (0, 1).", {"a": 1.0, "b": 1.0}, _beta, _positive("a", "b")
    ),
    Distribution(
        "chisquare",
        "Chi-square numbers with `df` degrees of freedom.",
        {"df": 1.0},
        lambda xp, rng, size, dtype, df: 2 * rng.standard_gamma(df / 2, size),
        _positive("df"),
    ),
    Distribution(
        "gumbel",
        "Gumbel numbers: extremes of many.",
        {"loc": 0.0, "scale": 1.0},
        lambda xp, rng, size, dtype, loc, scale: (
            loc - scale * xp.log(xp.maximum(rng.standard_exponential(size), 1e-300))
        ),
        _positive("scale"),
    ),
    Distribution(
        "laplace",
        "Laplace (double exponential) numbers.",
        {"loc": 0.0, "scale": 1.0},
        _laplace,
        _positive("scale"),
    ),
    Distribution(
        "logistic", "Logistic numbers.", {"loc": 0.0, "scale": 1.0}, _logistic, _positive("scale")
    ),
    Distribution(
        "lognormal",
        "Numbers whose logarithm is normal.",
        {"mean": 0.0, "sigma": 1.0},
        lambda xp, rng, size, dtype, mean, sigma: xp.exp(mean + sigma * rng.standard_normal(size)),
        _positive("sigma"),
    ),
    Distribution(
        "pareto",
        "Pareto (Lomax) numbers with exponent `a`.",
        {"a": 1.0},
        lambda xp, rng, size, dtype, a: xp.expm1(rng.standard_exponential(size) / a),
        _positive("a"),
    ),
    Distribution(
        "power",
        "Numbers in [0, 1] with density a xᵃ⁻¹.",
        {"a": 1.0},
        lambda xp, rng, size, dtype, a: _open_uniform(rng, size) ** (1 / a),
        _positive("a"),
    ),
    Distribution(
        "rayleigh",
        "Rayleigh numbers: length of a normal vector in the plane.",
        {"scale": 1.0},
        lambda xp, rng, size, dtype, scale: scale * xp.sqrt(2 * rng.standard_exponential(size)),
        _positive("scale"),
    ),
    Distribution(
        "weibull",
        "Weibull numbers with exponent `a`.",
        {"a": 1.0},
        lambda xp, rng, size, dtype, a: rng.standard_exponential(size) ** (1 / a),
        _positive("a"),
    ),
    Distribution(
        "bernoulli",
        "1 with probability `prob`, else 0.",
        {"prob": 0.5},
        lambda xp, rng, size, dtype, prob: rng.random(size) < prob,
        _probability,
    ),
)


def _check(law: Distribution, values: dict[str, float]) -> None:
    complaint = law.check(**values)
    if complaint:
        raise ParamError(f"{law.name}: {complaint}")


def _signed(
    function: Callable[..., Any],
    inputs: tuple[str, ...],
    attrs: dict[str, Any],
    *,
    rng: bool = True,
) -> Callable[..., Any]:
    """Give a generic forward the signature its entry is read from."""
    positional = [_PARAMETER(n, _PARAMETER.POSITIONAL_OR_KEYWORD) for n in ("xp", *inputs)]
    keywords = [_PARAMETER(n, _PARAMETER.KEYWORD_ONLY, default=v) for n, v in attrs.items()]
    if rng:
        keywords.append(_PARAMETER("rng", _PARAMETER.KEYWORD_ONLY))
    function.__signature__ = inspect.Signature([*positional, *keywords])  # type: ignore[attr-defined]
    return function


def _numbers(law: Distribution) -> dict[str, Param]:
    return {name: Float() for name in law.parameters}


def _over_shape(law: Distribution) -> None:
    """Register ``_random_<name>``: numbers as parameters, a shape."""

    def forward(xp: Any, *, shape: Any, dtype: str, rng: Any, **numbers: float) -> Array:
        _check(law, numbers)
        kind = np.dtype(dtype)
        return xp.asarray(law.draw(xp, rng, shape, kind, *numbers.values())).astype(kind)

    def infer(*, shape: Any, dtype: str, **numbers: float) -> Aval:
        _check(law, numbers)
        return Aval(shape, np.dtype(dtype))

    forward.__doc__ = law.doc
    name = f"random_{law.name}"
    alias = law.name if law.name in ("uniform", "normal") else ""
    op(
        f"_{name}",
        infer=infer,
        grad=DRAWN,
        flags=RANDOM,
        params={**_numbers(law), "shape": Shape(0), "dtype": DType()},
        names=Names(nd=f"{name} {alias}".strip() if law.legacy else "", json=f"_{name}"),
        samples=lambda s: [
            s(shape=(2, 3)),
            s(shape=(), dtype="float64"),
            s(shape=(0, 2), dtype="float16"),
        ],
        errors=lambda s: [_bad_numbers(s, law)],
    )(_signed(forward, (), {**law.parameters, "shape": (1,), "dtype": "float32"}))


def _bad_numbers(s: Any, law: Distribution) -> Any:
    first = next(iter(law.parameters))
    wrong = (
        {"low": 3.0, "high": 1.0}
        if first == "low"
        else {name: -1.0 for name in law.parameters if name not in ("loc", "mean")}
    )
    return bad(s(shape=(2,), **wrong), ParamError, "Got")


def _some(s: Any, names: tuple[str, ...], *shape: int) -> list[Array]:
    """Arrays that are in the domain of every parameter, probabilities included."""
    return [s.uniform(*shape, low=0.2, high=0.9) for _ in names]


def _over_arrays(law: Distribution) -> None:
    """Register ``_sample_<name>``: arrays of parameters; each element gets `shape` draws."""
    names = tuple(law.parameters)

    def forward(xp: Any, *arrays: Array, shape: Any, dtype: str, rng: Any) -> Array:
        tail = (1,) * len(shape)
        spread = [a.reshape((*a.shape, *tail)) for a in arrays]
        kind = np.dtype(dtype)
        size = (*arrays[0].shape, *shape)
        return xp.asarray(law.draw(xp, rng, size, kind, *spread)).astype(kind)

    def infer(*arrays: Aval, shape: Any, dtype: str) -> Aval:
        if any(a.shape != arrays[0].shape for a in arrays):
            raise ShapeError(
                explain(
                    f"sample_{law.name}: parameters of shapes {[a.shape for a in arrays]}.",
                    "equal shapes.",
                )
            )
        return Aval((*arrays[0].shape, *shape), np.dtype(dtype))

    forward.__doc__ = f"{law.doc} One row of `shape` draws for each element of the parameters."
    op(
        f"_sample_{law.name}",
        infer=infer,
        grad=DRAWN,
        flags=RANDOM,
        params={"shape": Shape(0), "dtype": DType()},
        names=Names(
            nd=f"sample_{law.name}" if law.legacy else "", args=law.args, json=f"_sample_{law.name}"
        ),
        samples=lambda s: [
            s(*_some(s, names, 2), shape=(3,)),
            s(*_some(s, names, 2, 2), dtype="float64"),
        ],
    )(_signed(forward, names, {"shape": (), "dtype": "float32"}))


def _broadcasting(law: Distribution) -> None:
    """Register ``_npi_<name>``: arrays of parameters that broadcast together, and with `size`."""
    names = tuple(law.parameters)

    def forward(xp: Any, *arrays: Array, size: Any, dtype: str, rng: Any) -> Array:
        kind = np.dtype(dtype)
        shape = _full_size(law.name, arrays, size)
        return xp.asarray(law.draw(xp, rng, shape, kind, *arrays)).astype(kind)

    def infer(*arrays: Aval, size: Any, dtype: str) -> Aval:
        return Aval(_full_size(law.name, arrays, size), np.dtype(dtype))

    forward.__doc__ = f"{law.doc} The parameters broadcast together, and to `size` if given."
    op(
        f"_npi_{law.name}",
        infer=infer,
        grad=DRAWN,
        flags=RANDOM,
        params={"size": Shape(0, optional=True), "dtype": DType()},
        samples=lambda s: [
            s(*_some(s, names, 2)),
            s(*_some(s, names, 2), size=(3, 2), dtype="float64"),
        ],
    )(_signed(forward, names, {"size": None, "dtype": "float32"}))


def _full_size(name: str, arrays: tuple[Any, ...], size: Any) -> tuple[int, ...]:
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    if size is None:
        return shape
    if np.broadcast_shapes(shape, size) != tuple(size):
        raise ShapeError(
            explain(f"{name}: parameters of shape {shape} do not broadcast to size {tuple(size)}.")
        )
    return tuple(size)


def _like(law: Distribution) -> None:
    """Register ``_random_<name>_like``: shape and dtype of another array."""

    def forward(xp: Any, data: Array, *, rng: Any, **numbers: float) -> Array:
        _check(law, numbers)
        return xp.asarray(law.draw(xp, rng, data.shape, data.dtype, *numbers.values())).astype(
            data.dtype
        )

    forward.__doc__ = f"{law.doc} In the shape and dtype of `data`."
    op(
        f"_random_{law.name}_like",
        infer=lambda data, **_: data,
        grad=DRAWN,
        flags=RANDOM,
        params=_numbers(law),
        names=Names(nd=f"random.{law.name}_like", json=f"_random_{law.name}_like"),
        samples=lambda s: [s(2, 3), s(())],
    )(_signed(forward, ("data",), dict(law.parameters)))


for _law in DISTRIBUTIONS:
    _over_shape(_law)
    if _law.legacy:
        _over_arrays(_law)
        _like(_law)
    _broadcasting(_law)
