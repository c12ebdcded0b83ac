"""Random whole numbers, categories and order."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import DType, Int, Shape
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, op
from dlstudio.errors import ParamError, ShapeError, explain

Array = Any
RANDOM = Flags(random=True)
DRAWN = NotDifferentiable("its result is a random draw")


# --- whole numbers, categories, order -----------------------------------------------------------


def _infer_randint(*, low: int, high: int, shape: Any, dtype: str) -> Aval:
    if high <= low:
        raise ParamError(f"randint: parameter high must be above low ({low}). Got {high}.")
    return Aval(shape, np.dtype(dtype))


@op(
    "_random_randint",
    infer=_infer_randint,
    grad=DRAWN,
    flags=RANDOM,
    params={"low": Int(), "high": Int(), "shape": Shape(0), "dtype": DType()},
    names=Names(nd="random_randint", json="_random_randint"),
    samples=lambda s: [s(low=0, high=5, shape=(2, 3)), s(low=-3, high=4, shape=(), dtype="int64")],
    errors=lambda s: [bad(s(low=5, high=0), ParamError, "above low")],
)
def _(xp, *, low, high, shape=(1,), dtype="int32", rng):
    """Draw whole numbers from `low` to ``high - 1``, all equally likely."""
    _infer_randint(low=low, high=high, shape=shape, dtype=dtype)
    return xp.asarray(rng.integers(low, high, shape)).astype(dtype)


def _infer_multinomial(data: Aval, *, shape: Any, get_prob: bool, dtype: str) -> Any:
    if data.ndim not in (1, 2):
        raise ShapeError(
            explain(
                f"multinomial: data has shape {data.shape}.",
                "one row of probabilities (K,), or a batch of them (B, K).",
            )
        )
    size = (*data.shape[:-1], *shape) or (1,)
    draws = Aval(size, np.dtype(dtype))
    return (draws, Aval(size, data.dtype)) if get_prob else draws


def _multinomial_grad(
    F: Any, g: Any, out: Any, data: Array, *, shape: Any, get_prob: bool, dtype: str
) -> tuple[Array]:
    """The draw itself has no slope; d log p[drawn] / d p is 1 / p there and 0 elsewhere."""
    if not get_prob or g[1] is None:
        return (F.zeros(shape=tuple(data.shape), dtype=np.dtype(data.dtype).name),)
    drawn, log_prob = out
    classes = data.shape[-1]
    rows = 1 if data.ndim == 1 else data.shape[0]
    slope = F.reshape(F.multiply(g[1], F.exp(F.negative(log_prob))), shape=(rows, -1, 1))
    kind = np.dtype(data.dtype).name
    chosen = F.one_hot(F.reshape(drawn, shape=(rows, -1)), depth=classes, dtype=kind)
    spread = F.sum(F.multiply(slope, chosen), axis=(1,))
    return (F.reshape(spread, shape=tuple(data.shape)),)


@op(
    "_sample_multinomial",
    infer=_infer_multinomial,
    grad=_multinomial_grad,
    flags=RANDOM,
    params={"shape": Shape(0), "dtype": DType()},
    outputs=lambda attrs: 2 if attrs["get_prob"] else 1,
    names=Names(nd="sample_multinomial", json="_sample_multinomial"),
    samples=lambda s: [
        s(np.array([0.1, 0.2, 0.7]), shape=(2, 3)),
        s(np.array([[0.1, 0.9], [0.9, 0.1]]), shape=(5,)),
        s(np.array([0.5, 0.5])),
        s(np.array([0.1, 0.9]), shape=(2,), get_prob=True, dtype="float32"),
    ],
    errors=lambda s: [bad(s(2, 2, 2), ShapeError, "probabilities")],
)
def _(xp, data, *, shape=(), get_prob=False, dtype="int32", rng):
    """Draw categories 0 … K-1 with the probabilities in `data`, (K,) or a batch (B, K).

    With `get_prob` the logarithms of the drawn probabilities are a second output; gradients flow
    through it, as policy gradients (REINFORCE) need it.
    """
    infer = _infer_multinomial(data, shape=shape, get_prob=False, dtype=dtype)
    table = data.reshape(-1, data.shape[-1])
    edges = xp.cumsum(table, axis=-1)
    count = max(1, int(np.prod(shape, dtype=np.int64)))
    marks = rng.random((table.shape[0], count)) * edges[:, -1:]
    drawn = xp.sum(marks[:, :, None] >= edges[:, None, :-1], axis=-1)
    result = drawn.reshape(infer.shape).astype(dtype)
    if not get_prob:
        return result
    return result, xp.log(xp.take_along_axis(table, drawn, 1)).reshape(infer.shape).astype(
        data.dtype
    )


@op(
    "_shuffle",
    infer=lambda data: data,
    grad=DRAWN,
    flags=RANDOM,
    names=Names(nd="shuffle random.shuffle", json="_shuffle"),
    samples=lambda s: [s(6), s(4, 2), s(0, 2)],
)
def _(xp, data, *, rng):
    """Put the rows (entries of the first axis) into random order."""
    order = xp.argsort(rng.random(data.shape[0]))
    return data[order]
