"""Samplers as programs call them: `mx.nd.random` and `mx.sym.random`.

Parameters may be numbers or arrays; that choice is what these functions add to the operators.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from dlstudio.core.device import Device
from dlstudio.core.dispatch import attributes, create, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.dialects.explaining import explaining
from dlstudio.errors import DTypeError, ParamError, explain

__all__ = ["named", "nd_functions", "sym_functions"]

Shape = int | tuple[int, ...] | None


# --- nd -----------------------------------------------------------------------------------------


def _nd(
    name: str, numbers: dict[str, Any], shape: Shape, dtype: Any, ctx: Device | None, out: Any
) -> Any:
    """Draw with parameters that are all numbers or all arrays."""
    attrs: dict[str, Any] = {"dtype": dtype or "float32"}
    if shape is not None:
        attrs["shape"] = shape
    elif out is not None:
        attrs["shape"] = out.shape
    arrays = [v for v in numbers.values() if isinstance(v, Tensor)]
    if not arrays:
        op = OPS[f"_random_{name}"]
        return create(op, attributes(op, {**numbers, **attrs}), ctx, NDArray, out)
    if len(arrays) < len(numbers):
        raise DTypeError(
            explain(
                f"random.{name}: some parameters are arrays, others numbers.",
                "all of them arrays, or all of them numbers.",
                "nd.array([...]) around the numbers",
            )
        )
    op = OPS[f"_sample_{name}"]
    return invoke(op, arrays, attributes(op, attrs), NDArray, out)


def _nd_uniform(
    low: Any = 0,
    high: Any = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw uniform numbers in [low, high)."""
    return _nd("uniform", {"low": low, "high": high}, shape, dtype, ctx, out)


def _nd_normal(
    loc: Any = 0,
    scale: Any = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw normal numbers with mean `loc` and standard deviation `scale`."""
    return _nd("normal", {"loc": loc, "scale": scale}, shape, dtype, ctx, out)


def _nd_randn(*shape: int, **kwargs: Any) -> Any:
    """Draw normal numbers of the given lengths: ``randn(2, 3, loc=0, scale=1)``."""
    loc, scale = kwargs.pop("loc", 0), kwargs.pop("scale", 1)
    return _nd_normal(loc, scale, shape or None, **kwargs)


def _nd_gamma(
    alpha: Any = 1,
    beta: Any = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw gamma numbers with shape `alpha` and scale `beta`."""
    return _nd("gamma", {"alpha": alpha, "beta": beta}, shape, dtype, ctx, out)


def _inverse(x: Any) -> Any:
    return 1.0 / x


def _nd_exponential(
    scale: Any = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw exponential numbers with mean `scale`."""
    if not isinstance(scale, Tensor) and not scale > 0:
        raise ParamError(f"exponential: parameter scale must be above 0. Got {scale}.")
    return _nd("exponential", {"lam": _inverse(scale)}, shape, dtype, ctx, out)


def _nd_poisson(
    lam: Any = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw Poisson numbers with mean `lam`."""
    return _nd("poisson", {"lam": lam}, shape, dtype, ctx, out)


def _nd_negative_binomial(
    k: Any = 1,
    p: Any = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw failures before success number `k`, each with probability `p`."""
    return _nd("negative_binomial", {"k": k, "p": p}, shape, dtype, ctx, out)


def _nd_generalized_negative_binomial(
    mu: Any = 1,
    alpha: Any = 1,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw negative binomial numbers with mean `mu` and dispersion `alpha`."""
    return _nd("generalized_negative_binomial", {"mu": mu, "alpha": alpha}, shape, dtype, ctx, out)


def _nd_randint(
    low: int,
    high: int,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw whole numbers from `low` to ``high - 1``."""
    return _nd("randint", {"low": low, "high": high}, shape, dtype or "int32", ctx, out)


def _nd_multinomial(
    data: Any,
    shape: Shape = None,
    get_prob: bool = False,
    out: Any = None,
    dtype: Any = "int32",
    **_: Any,
) -> Any:
    """Draw categories with the probabilities in `data`, (K,) or (B, K)."""
    op = OPS["_sample_multinomial"]
    given = {"shape": shape or (), "get_prob": get_prob, "dtype": dtype}
    return invoke(op, (data,), attributes(op, given), NDArray, out)


def _nd_binomial(
    n: Any = 1,
    p: Any = 0.5,
    shape: Shape = None,
    dtype: Any = None,
    ctx: Device | None = None,
    out: Any = None,
    **_: Any,
) -> Any:
    """Draw successes in `n` trials, each with probability `p`."""
    return _nd("binomial", {"n": n, "p": p}, shape, dtype, ctx, out)


def _nd_categorical(
    data: Any,
    shape: Shape = None,
    get_prob: bool = False,
    out: Any = None,
    dtype: Any = "int32",
    **_: Any,
) -> Any:
    """Draw categories with the probabilities in `data`: `multinomial` as MXNet 2 calls it."""
    return _nd_multinomial(data, shape, get_prob, out, dtype)


_ND = (
    _nd_binomial,
    _nd_categorical,
    _nd_uniform,
    _nd_normal,
    _nd_randn,
    _nd_gamma,
    _nd_exponential,
    _nd_poisson,
    _nd_randint,
    _nd_negative_binomial,
    _nd_generalized_negative_binomial,
    _nd_multinomial,
)


def named(functions: Any, prefix: str, module: str) -> dict[str, Callable[..., Any]]:
    """Call functions by their public names, without `prefix`."""
    found = {}
    for function in functions:
        name = function.__name__.removeprefix(prefix)
        function.__name__ = function.__qualname__ = name
        function.__module__ = module
        found[name] = explaining(function)
    return found


def nd_functions() -> dict[str, Callable[..., Any]]:
    """Functions of `mx.nd.random`."""
    return named(_ND, "_nd_", "dlstudio.nd.random")


# --- sym ----------------------------------------------------------------------------------------


def _sym(law: str, names: tuple[str, ...], defaults: tuple[Any, ...]) -> Callable[..., Any]:
    """Build ``sym.random.<law>``: numbers as parameters, or symbols."""

    def function(*args: Any, **kwargs: Any) -> Any:
        from dlstudio import sym
        from dlstudio.graph.symbol import Symbol

        order = (*names, "shape", "dtype")
        given = (
            dict(zip(names, defaults, strict=True)) | dict(zip(order, args, strict=False)) | kwargs
        )
        given = {key: value for key, value in given.items() if value is not None}
        symbols = [given[key] for key in names if isinstance(given[key], Symbol)]
        if not symbols:
            return getattr(sym._internal, f"_random_{law}")(**given)
        rest = {key: value for key, value in given.items() if key not in names}
        return getattr(sym._internal, f"_sample_{law}")(*symbols, **rest)

    function.__name__ = function.__qualname__ = law
    function.__module__ = "dlstudio.sym.random"
    function.__doc__ = OPS[f"_random_{law}"].doc
    function.__signature__ = _signature(names, defaults)  # type: ignore[attr-defined]
    return function


def _signature(names: tuple[str, ...], defaults: tuple[Any, ...]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    pairs = [*zip(names, defaults, strict=True), ("shape", None), ("dtype", None)]
    required = [n for n, default in zip(names, defaults, strict=True) if default is None]
    parameters = [
        inspect.Parameter(n, kind, default=inspect.Parameter.empty if n in required else default)
        for n, default in pairs
    ]
    rest = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)
    return inspect.Signature([*parameters, rest])


def _sym_exponential(scale: Any = 1, shape: Shape = None, dtype: Any = None, **kwargs: Any) -> Any:
    """Draw exponential numbers with mean `scale`."""
    return _sym("exponential", ("lam",), (1,))(1.0 / scale, shape, dtype, **kwargs)


def _sym_randn(*shape: int, **kwargs: Any) -> Any:
    """Draw normal numbers of the given lengths."""
    return _sym("normal", ("loc", "scale"), (0, 1))(shape=shape, **kwargs)


def _sym_multinomial(
    data: Any, shape: Shape = None, get_prob: bool = True, dtype: Any = "int32", **kwargs: Any
) -> Any:
    """Draw categories with the probabilities in `data`, (K,) or (B, K)."""
    from dlstudio import sym

    given = {"get_prob": get_prob, "dtype": dtype, **kwargs}
    return sym.sample_multinomial(data, **({} if shape is None else {"shape": shape}), **given)


def _sym_categorical(
    data: Any, shape: Shape = None, get_prob: bool = True, dtype: Any = "int32", **kwargs: Any
) -> Any:
    """Draw categories with the probabilities in `data`: `multinomial` as MXNet 2 calls it."""
    return _sym_multinomial(data, shape, get_prob, dtype, **kwargs)


_SYM_OWN = (_sym_exponential, _sym_randn, _sym_multinomial, _sym_categorical)


def sym_functions() -> dict[str, Callable[..., Any]]:
    """Functions of `mx.sym.random`."""
    laws = {
        "uniform": (("low", "high"), (0, 1)),
        "normal": (("loc", "scale"), (0, 1)),
        "gamma": (("alpha", "beta"), (1, 1)),
        "poisson": (("lam",), (1,)),
        "binomial": (("n", "p"), (1, 0.5)),
        "negative_binomial": (("k", "p"), (1, 1)),
        "generalized_negative_binomial": (("mu", "alpha"), (1, 1)),
        "randint": (("low", "high"), (None, None)),
    }
    own = named(_SYM_OWN, "_sym_", "dlstudio.sym.random")
    return {name: _sym(name, *row) for name, row in laws.items()} | own
