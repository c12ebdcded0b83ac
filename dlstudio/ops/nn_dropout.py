"""Dropout, and the gradient of operators that multiply by a random mask."""

from __future__ import annotations

from typing import Any

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Float, Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.nn_rules import aval, expect_float
from dlstudio.ops.rules import normalize_axis

Array = Any


def masked(F: Any, g: Any, out: Any) -> Any:
    """Gradient of ``data * mask`` with outputs (product, mask)."""
    # the gradient of a gradient arrives at the mask only, which is a constant
    return None if g[0] is None else F.multiply(g[0], out[1])


def _mask_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    shared = [normalize_axis("Dropout", axis, len(shape)) for axis in axes]
    return tuple(1 if i in shared else n for i, n in enumerate(shape))


def _infer_dropout(data: Any, *, axes: tuple[int, ...] = (), **_: Any) -> tuple[Aval, Aval]:
    expect_float("Dropout", data)
    return aval(data.shape, data), aval(_mask_shape(data.shape, axes), data)


@op(
    "Dropout",
    infer=_infer_dropout,
    grad=lambda F, g, out, data, **_: (masked(F, g, out),),
    outputs=2,
    visible=1,
    params={"p": Float(0, 1), "mode": Choice("training", "always"), "axes": Shape()},
    names=Names(nd="Dropout", npx="dropout"),
    flags=Flags(random=True, mode=True),
    samples=lambda s: [
        s(4, 5, p=0.5),
        s(4, 5, p=0.3, mode="always"),
        s(2, 3, 4, p=0.5, axes=(1,), mode="always"),
        s(3, p=1.0, mode="always"),
        s(0, 3),
    ],
    errors=lambda s: [
        bad(s(2, 3, p=1.5), ParamError, "p must be a number .* 1"),
        bad(s(2, 3, p=0.5, axes=(2,), mode="always"), ShapeError, "axis=2"),
    ],
)
def _(
    xp: Any, data: Array, *, p: float = 0.5, mode: str = "training", axes: tuple[int, ...] = (),
    cudnn_off: bool | None = False, training: bool = False, rng: Any = None,
) -> tuple[Array, Array]:  # fmt: skip
    r"""Zero each element with probability `p` and scale the others by :math:`1 / (1 - p)`.

    Acts while training, or always with ``mode="always"``; otherwise the output is the input.
    Along `axes` one draw is shared ("spatial dropout"). A second, hidden output is the mask.

    References
    ----------
    Srivastava et al., "Dropout", JMLR 15 (2014).
    """
    shape = _mask_shape(data.shape, axes)
    if p == 0 or not (training or mode == "always"):
        # a mask of ones that broadcasts: no memory and hardly any time in prediction
        return data.copy(), xp.ones((1,) * data.ndim, data.dtype)
    keep = rng.random(shape, dtype="float32") >= p
    mask = keep * data.dtype.type(1 / (1 - p) if p < 1 else 0)
    return data * mask, mask
