"""Samplers of `mx.np.random` and `mx.npx.random`; parameters may be numbers or arrays."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from dlstudio.core.dispatch import attributes, create, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import Tensor, ndarray
from dlstudio.dialects.explaining import explaining
from dlstudio.dialects.random import named
from dlstudio.errors import ParamError, ShapeError

__all__ = ["np_functions", "npx_functions"]

Shape = int | tuple[int, ...] | None


# --- np -----------------------------------------------------------------------------------------


def _np(
    name: str, numbers: dict[str, Any], size: Shape, dtype: Any, ctx: Any, out: Any = None
) -> Any:
    """Draw with parameters that may be numbers or arrays, which broadcast."""
    kind = dtype or "float32"
    if any(isinstance(v, (Tensor, np.ndarray, list, tuple)) for v in numbers.values()):
        op = OPS[f"_npi_{name}"]
        attrs = attributes(op, {"size": size, "dtype": kind})
        return invoke(op, tuple(numbers.values()), attrs, ndarray, out)
    op = OPS[f"_random_{name}"]
    given = {**numbers, "shape": () if size is None else size, "dtype": kind}
    return create(op, attributes(op, given), ctx, ndarray, out)


# samplers whose dtype comes ahead of ctx; the others of MXNet always draw float32
_TYPED = ("uniform", "normal", "gamma", "beta", "chisquare", "laplace", "lognormal")


def _shown(defaults: dict[str, Any], name: str) -> Any:
    """Default of a parameter in the signature; a law's parameter without one is required."""
    default = defaults.get(name)
    return Parameter.empty if name in defaults and default is None else default


def _np_function(
    name: str, law: str, renamed: dict[str, str], defaults: dict[str, Any]
) -> Callable[..., Any]:
    """Build ``np.random.<name>`` with the parameters called as NumPy calls them."""
    order = list(defaults)
    options = ["size", "dtype", "ctx", "out"] if name in _TYPED else ["size", "ctx", "out", "dtype"]
    names = [*order, *options]

    def function(*args: Any, **kwargs: Any) -> Any:
        given = dict(zip(names, args, strict=False)) | kwargs
        unknown = [key for key in given if key not in (*names, "device")]
        if unknown:
            raise ParamError(
                f"random.{name}: there is no parameter {unknown[0]!r}. Known: {', '.join(names)}."
            )
        numbers = {renamed.get(key, key): given.get(key, defaults[key]) for key in order}
        missing = [key for key, value in numbers.items() if value is None]
        if missing:
            raise ParamError(f"random.{name}: the parameter {missing[0]!r} is missing.")
        ctx = given.get("device") or given.get("ctx")
        return _np(law, numbers, given.get("size"), given.get("dtype"), ctx, given.get("out"))

    function.__name__ = function.__qualname__ = name
    function.__module__ = "dlstudio.np.random"
    kind = Parameter.POSITIONAL_OR_KEYWORD
    shown = [Parameter(n, kind, default=_shown(defaults, n)) for n in names]
    function.__signature__ = Signature(shown)  # type: ignore[attr-defined]
    spelled = ", ".join(f"{k}={v}" if v is not None else k for k, v in defaults.items())
    call = f"``{name}({spelled}, {', '.join(f'{n}=None' for n in options)})``"
    function.__doc__ = f"{OPS[f'_random_{law}'].doc}\n\n{call}"
    return function


_NP = (
    ("uniform", "uniform", {}, {"low": 0.0, "high": 1.0}),
    ("normal", "normal", {}, {"loc": 0.0, "scale": 1.0}),
    ("gamma", "gamma", {"shape": "alpha", "scale": "beta"}, {"shape": None, "scale": 1.0}),
    ("beta", "beta", {}, {"a": None, "b": None}),
    ("chisquare", "chisquare", {}, {"df": None}),
    ("gumbel", "gumbel", {}, {"loc": 0.0, "scale": 1.0}),
    ("laplace", "laplace", {}, {"loc": 0.0, "scale": 1.0}),
    ("logistic", "logistic", {}, {"loc": 0.0, "scale": 1.0}),
    ("lognormal", "lognormal", {}, {"mean": 0.0, "sigma": 1.0}),
    ("pareto", "pareto", {}, {"a": None}),
    ("power", "power", {}, {"a": None}),
    ("rayleigh", "rayleigh", {}, {"scale": 1.0}),
    ("weibull", "weibull", {}, {"a": None}),
    ("poisson", "poisson", {}, {"lam": 1.0}),
)


def _np_exponential(
    scale: Any = 1.0,
    size: Shape = None,
    ctx: Any = None,
    out: Any = None,
    dtype: Any = None,
    device: Any = None,
) -> Any:
    """Draw exponential numbers with mean `scale`."""
    return _np("exponential", {"lam": 1.0 / scale}, size, dtype, device or ctx, out)


def _np_rand(*size: int, **kwargs: Any) -> Any:
    """Draw uniform numbers in [0, 1) of the given lengths."""
    return _np("uniform", {"low": 0.0, "high": 1.0}, size, kwargs.get("dtype"), kwargs.get("ctx"))


def _np_randn(*size: int, **kwargs: Any) -> Any:
    """Draw normal numbers of the given lengths."""
    return _np("normal", {"loc": 0.0, "scale": 1.0}, size, kwargs.get("dtype"), kwargs.get("ctx"))


def _np_randint(
    low: int,
    high: int | None = None,
    size: Shape = None,
    dtype: Any = None,
    ctx: Any = None,
    out: Any = None,
    device: Any = None,
) -> Any:
    """Draw whole numbers from `low` to ``high - 1``, or from 0 to ``low - 1``."""
    low, high = (0, low) if high is None else (low, high)
    return _np("randint", {"low": low, "high": high}, size, dtype or "int64", device or ctx, out)


def _np_f(
    dfnum: Any, dfden: Any, size: Shape = None, dtype: Any = None, ctx: Any = None,
    device: Any = None,
) -> Any:  # fmt: skip
    """Draw from Fisher's F distribution: the ratio of two mean squares of normal numbers."""
    above = _np("chisquare", {"df": dfnum}, size, dtype, device or ctx) / dfnum
    return above / (_np("chisquare", {"df": dfden}, size, dtype, device or ctx) / dfden)


def _np_permutation(x: Any, **_: Any) -> Any:
    """Return the rows of an array, or the numbers below an integer, in random order."""
    from dlstudio import np as mx_np

    rows = mx_np.arange(x, dtype="int64") if isinstance(x, int) else x
    op = OPS["_shuffle"]
    return invoke(op, (rows,), attributes(op, {}), ndarray)


def _np_shuffle(x: Any) -> None:
    """Put the rows of `x` into random order, in place."""
    x[:] = _np_permutation(x)


def _np_choice(
    a: Any,
    size: Shape = None,
    replace: bool = True,
    p: Any = None,
    ctx: Any = None,
    out: Any = None,
    device: Any = None,
) -> Any:
    """Draw entries of `a` (or numbers below an integer), with probabilities `p` if given."""
    from dlstudio import np as mx_np

    if not isinstance(a, (int, np.integer)):
        a = a if isinstance(a, Tensor) else mx_np.array(a)
        if a.ndim != 1:
            raise ShapeError(f"choice: parameter a must have one axis. Got shape {a.shape}.")
    count = a.shape[0] if isinstance(a, Tensor) else int(a)
    shape = () if size is None else (size,) if isinstance(size, int) else tuple(size)
    if replace and p is None:
        positions = _np_randint(0, count, shape, ctx=device or ctx)
    elif replace:
        op = OPS["_sample_multinomial"]
        given = attributes(op, {"shape": shape or (1,), "dtype": "int64"})
        positions = invoke(op, (mx_np.array(p),), given, ndarray).reshape(shape)
    else:
        positions = _without_replacement(count, shape, p)
    result = a.take(positions, axis=0) if isinstance(a, Tensor) else positions
    if out is not None:
        out[...] = result
        return out
    return result


def _without_replacement(count: int, shape: tuple[int, ...], p: Any) -> Any:
    """Draw distinct positions: the smallest of exponential clocks that tick with rates `p`."""
    from dlstudio import np as mx_np

    total = int(np.prod(shape, dtype=np.int64))
    if total > count:
        raise ParamError(
            f"choice: parameter size must be at most {count} without replacement. Got {total}."
        )
    clocks = _np_exponential(1.0, (count,), dtype="float64")
    if p is not None:
        clocks = clocks / mx_np.array(p, dtype="float64")
    return clocks.argsort()[:total].reshape(shape)


def _np_multinomial(n: int, pvals: Any, size: Shape = None, **_: Any) -> Any:
    """Count how often each category comes up in `n` draws with probabilities `pvals`."""
    from dlstudio import np as mx_np

    shape = () if size is None else (size,) if isinstance(size, int) else tuple(size)
    rows = int(np.prod(shape, dtype=np.int64))
    op = OPS["_sample_multinomial"]
    weights = mx_np.array(pvals)
    drawn = invoke(op, (weights,), attributes(op, {"shape": (rows, n), "dtype": "int64"}), ndarray)
    hits = drawn.reshape((rows, n, 1)) == mx_np.arange(weights.shape[0], dtype="int64")
    return hits.sum(axis=1).reshape((*shape, weights.shape[0]))


def _np_multivariate_normal(
    mean: Any, cov: Any, size: Shape = None, check_valid: Any = None, tol: Any = None
) -> Any:
    """Draw normal vectors with the given mean (..., K) and covariance (..., K, K).

    Gradients flow through the draws to both.
    """
    from dlstudio import np as mx_np

    del check_valid, tol
    shape = () if size is None else (size,) if isinstance(size, int) else tuple(size)
    mean, cov = (
        x.as_np_ndarray() if isinstance(x, Tensor) else mx_np.array(x) for x in (mean, cov)
    )
    batch = np.broadcast_shapes(mean.shape[:-1], cov.shape[:-2])
    size = (*shape, *batch, mean.shape[-1], 1)
    noise = _np("normal", {"loc": 0.0, "scale": 1.0}, size, None, mean.context)
    return mean + mx_np.matmul(mx_np.linalg.cholesky(cov), noise)[..., 0]


_NP_OWN = (
    _np_exponential,
    _np_f,
    _np_rand,
    _np_randn,
    _np_randint,
    _np_permutation,
    _np_shuffle,
    _np_choice,
    _np_multinomial,
    _np_multivariate_normal,
)


def np_functions() -> dict[str, Callable[..., Any]]:
    """Functions of `mx.np.random`."""
    from dlstudio.core.random import seed

    made = {row[0]: explaining(_np_function(*row)) for row in _NP}
    return {**made, **named(_NP_OWN, "_np_", "dlstudio.np.random"), "seed": seed}


# --- npx ----------------------------------------------------------------------------------------


def _exp(x: Any) -> Any:
    if not isinstance(x, Tensor):
        return float(np.exp(x))
    op = OPS["exp"]
    return invoke(op, (x,), attributes(op, {}), ndarray)


def _npx_bernoulli(
    prob: Any = None,
    logit: Any = None,
    size: Shape = None,
    dtype: Any = None,
    ctx: Any = None,
    out: Any = None,
) -> Any:
    """Draw 1 with probability `prob`, or with log-odds `logit`, else 0."""
    if (prob is None) == (logit is None):
        raise ParamError("bernoulli: exactly one of prob and logit must be given.")
    if prob is None:
        prob = 1 / (1 + _exp(-logit))
    return _np("bernoulli", {"prob": prob}, size, dtype, ctx, out)


def _batched(name: str, numbers: dict[str, Any], batch_shape: Shape, dtype: Any, ctx: Any) -> Any:
    shapes = [getattr(v, "shape", ()) for v in numbers.values()]
    batch = (batch_shape,) if isinstance(batch_shape, int) else tuple(batch_shape or ())
    return _np(name, numbers, (*batch, *np.broadcast_shapes(*shapes)), dtype, ctx)


def _npx_uniform_n(
    low: Any = 0.0, high: Any = 1.0, batch_shape: Shape = None, dtype: Any = None, ctx: Any = None
) -> Any:
    """Draw `batch_shape` uniform numbers for each element of the parameters."""
    return _batched("uniform", {"low": low, "high": high}, batch_shape, dtype, ctx)


def _npx_normal_n(
    loc: Any = 0.0, scale: Any = 1.0, batch_shape: Shape = None, dtype: Any = None, ctx: Any = None
) -> Any:
    """Draw `batch_shape` normal numbers for each element of the parameters."""
    return _batched("normal", {"loc": loc, "scale": scale}, batch_shape, dtype, ctx)


def _npx_categorical(
    data: Any, shape: Shape = None, get_prob: bool = False, dtype: str = "int32"
) -> Any:
    """Draw from the classes of each row of probabilities (…, K); see `mx.nd.random.multinomial`."""
    op = OPS["_sample_multinomial"]
    given = {"shape": () if shape is None else shape, "get_prob": get_prob, "dtype": dtype}
    return invoke(op, (data,), attributes(op, given), ndarray)


def _npx_multinomial(
    n: Any, p: Any, shape: Shape = None, ctx: Any = None, dtype: Any = None
) -> Any:
    """Count how often each of the classes with probabilities `p` (K,) comes in `n` draws."""
    del ctx
    counts = _np_multinomial(int(n), p, shape)
    return counts if dtype is None else counts.astype(dtype)


def npx_functions() -> dict[str, Callable[..., Any]]:
    """Functions of `mx.npx.random`."""
    from dlstudio.core.random import seed

    made = (_npx_bernoulli, _npx_uniform_n, _npx_normal_n, _npx_categorical, _npx_multinomial)
    return {**named(made, "_npx_", "dlstudio.npx.random"), "seed": seed}
