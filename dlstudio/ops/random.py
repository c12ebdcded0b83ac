"""Random numbers over a shape, over arrays of parameters, and in the shape of another array.

A sampler gets `rng`, the generator of its device (NumPy's or CuPy's), at run time. Only functions
that both have are used, so the rarer distributions are built from uniform, normal, exponential,
gamma and Poisson draws.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import DType, Float, Param, Shape
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, op
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.ops.distributions import DISTRIBUTIONS, Distribution
from dlstudio.ops.draw_slopes import SLOPES, slopes_rule

Array = Any
RANDOM = Flags(random=True)
DRAWN = NotDifferentiable("its result is a random draw")
_PARAMETER = inspect.Parameter


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
    slopes = SLOPES.get(law.name)
    # where rejections decide, equal noise does not mean equal draws of nearby parameters
    rejects = "its draws are accepted or rejected" if law.name in ("gamma", "chisquare") else ""
    op(
        f"_npi_{law.name}",
        infer=infer,
        grad=DRAWN if slopes is None else slopes_rule(slopes),
        custom_gradient=rejects,
        flags=RANDOM,
        params={"size": Shape(0, optional=True), "dtype": DType()},
        # _npi_power is x ** y; MXNet calls the distribution _npi_powerd
        names=Names(json="_npi_powerd" if law.name == "power" else f"_npi_{law.name}"),
        samples=lambda s: [
            s(*_some(s, names, 2), dtype="float64"),
            s(*_some(s, names, 2), size=(3, 2), dtype="float64"),
            s(*_some(s, names, 0)),
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
