"""Form and order of the elements: reshape, transpose, join, split, repeat, pad."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Axes, Shape
from dlstudio.core.registry import Flags, Names, bad, op
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.rules import normalize_axes, normalize_axis

Array = Any
VIEW = Flags(view=True)


def resolve_shape(name: str, old: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...]:
    """Fill in the one -1 of a new shape; refuse a shape of another size."""
    size = prod(old)
    known = prod(n for n in new if n != -1)
    holes = sum(n == -1 for n in new)
    if holes == 1 and known and size % known == 0:
        return tuple(size // known if n == -1 else n for n in new)
    if holes == 0 and known == size and min(new, default=0) >= 0:
        return new
    raise ShapeError(
        explain(
            f"{name}: an array of shape {old} ({size} elements) cannot get shape {new}.",
            "as many elements as before, with at most one -1, which is computed.",
            f"{name}(-1) to flatten, or check the product of the lengths.",
        )
    )


@op(
    "reshape",
    flags=VIEW,
    params={"shape": Shape()},
    infer=lambda a, *, shape: Aval(resolve_shape("reshape", a.shape, shape), a.dtype),
    grad=lambda F, g, out, a, *, shape: (F.reshape(g, shape=tuple(a.shape)),),
    names=Names(),
    samples=lambda s: [
        s(2, 3, shape=(3, 2)),
        s(2, 3, shape=(-1,)),
        s((), shape=(1, 1)),
        s(0, 3, shape=(3, -1, 2)),
    ],
    reference=lambda a, *, shape: np.reshape(a, shape),
    errors=lambda s: [
        bad(s(2, 3, shape=(4,)), ShapeError, "6 elements"),
        bad(s(2, 3, shape=(-1, -1)), ShapeError, "6 elements"),
    ],
)
def _(xp, a, *, shape):
    """Same elements in the same order, in another shape; one length may be -1."""
    return a.reshape(shape)


def _permutation(x: Any, axes: tuple[int, ...] | None) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(x.ndim))[::-1]
    order = tuple(normalize_axis("transpose", i, x.ndim) for i in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(
            explain(
                f"transpose: axes={axes} is not an order of the {x.ndim} axes.",
                f"each of 0 to {x.ndim - 1} once.",
            )
        )
    return order


def _infer_transpose(a: Aval, *, axes: Any) -> Aval:
    return Aval(tuple(a.shape[i] for i in _permutation(a, axes)), a.dtype)


def _transpose_grad(F: Any, g: Array, out: Array, a: Array, *, axes: Any) -> tuple[Array]:
    back = tuple(int(i) for i in np.argsort(_permutation(a, axes)))
    return (F.transpose(g, axes=back),)


@op(
    "transpose",
    infer=_infer_transpose,
    grad=_transpose_grad,
    flags=VIEW,
    params={"axes": Shape(optional=True)},
    names=Names(
        np="transpose permute_dims", np_method="transpose", np_args="a", json="_np_transpose"
    ),
    samples=lambda s: [s(2, 3), s(2, 3, 4, axes=(1, 0, -1)), s(()), s(0, 3)],
    reference=lambda a, *, axes=None: np.transpose(a, axes),
    errors=lambda s: [bad(s(2, 3, axes=(0, 0)), ShapeError, "not an order")],
)
def _(xp, a, *, axes=None):
    """Axes in another order; without `axes`, reversed."""
    return a.transpose(axes)


def _expanded(x: Any, axis: Any) -> tuple[int, ...]:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    ndim = x.ndim + len(axes)
    new = normalize_axes("expand_dims", axes, ndim)
    rest = iter(x.shape)
    return tuple(1 if i in new else next(rest) for i in range(ndim))


@op(
    "expand_dims",
    flags=VIEW,
    params={"axis": Axes()},
    infer=lambda a, *, axis: Aval(_expanded(a, axis), a.dtype),
    grad=lambda F, g, out, a, *, axis: (F.reshape(g, shape=tuple(a.shape)),),
    names=Names(
        nd="expand_dims",
        np="expand_dims",
        method="expand_dims",
        np_method="expand_dims",
        args="data",
        np_args="a",
        json="expand_dims",
    ),
    samples=lambda s: [s(2, 3, axis=0), s(2, 3, axis=-1), s((), axis=0), s((0,), axis=(0, 2))],
    reference=lambda a, *, axis: np.expand_dims(a, axis),
    errors=lambda s: [bad(s(2, 3, axis=4), ShapeError, "axis=4 .* 3 dimensions")],
)
def _(xp, a, *, axis):
    """Insert axes of length one, so that they stand at the positions `axis`."""
    return a.reshape(_expanded(a, axis))


def squeezed(x: Any, axis: Any) -> tuple[int, ...]:
    """Shape without the axes of length one, or without those named."""
    if axis is None:
        return tuple(n for n in x.shape if n != 1)
    axes = normalize_axes("squeeze", axis, x.ndim)
    wrong = [i for i in axes if x.shape[i] != 1]
    if wrong:
        raise ShapeError(
            explain(
                f"squeeze: axis {wrong[0]} of shape {tuple(x.shape)} "
                f"has length {x.shape[wrong[0]]}.",
                "only axes of length 1 can be removed.",
            )
        )
    return tuple(n for i, n in enumerate(x.shape) if i not in axes)


@op(
    "squeeze",
    flags=VIEW,
    params={"axis": Axes()},
    infer=lambda a, *, axis: Aval(squeezed(a, axis), a.dtype),
    grad=lambda F, g, out, a, *, axis: (F.reshape(g, shape=tuple(a.shape)),),
    names=Names(np="squeeze", np_method="squeeze", np_args="a", json="_np_squeeze"),
    samples=lambda s: [s(1, 3, 1), s(1, 3, 1, axis=0), s(1, 3, 1, axis=(0, -1)), s(1, 1), s(0, 1)],
    reference=lambda a, *, axis=None: np.squeeze(a, axis),
    errors=lambda s: [bad(s(2, 3, axis=0), ShapeError, "length 2")],
)
def _(xp, a, *, axis=None):
    """Remove axes of length one."""
    return a.reshape(squeezed(a, axis))


# --- broadcasting -------------------------------------------------------------------------------


def _infer_broadcast_to(x: Aval, *, shape: tuple[int, ...]) -> Aval:
    lead = len(shape) - x.ndim
    if lead < 0 or any(n not in (1, m) for n, m in zip(x.shape, shape[lead:], strict=True)):
        raise ShapeError(
            explain(
                f"broadcast_to: an array of shape {x.shape} does not broadcast to {shape}.",
                "each length equal to the new one, or 1, counted from the last axis.",
            )
        )
    return Aval(shape, x.dtype)


@op(
    "broadcast_to",
    infer=_infer_broadcast_to,
    flags=Flags(out=True),
    params={"shape": Shape(0)},
    grad=lambda F, g, out, array, *, shape: (F.sum_to(g, shape=tuple(array.shape)),),
    names=Names(
        np="broadcast_to", np_method="broadcast_to", np_args="array", json="_np_broadcast_to"
    ),
    samples=lambda s: [
        s(2, 3, shape=(2, 3)),
        s(1, 3, shape=(4, 2, 3)),
        s((), shape=(2,)),
        s(1, 3, shape=(0, 3)),
    ],
    reference=lambda array, *, shape: np.broadcast_to(array, shape),
    errors=lambda s: [bad(s(2, 3, shape=(2, 4)), ShapeError, "does not broadcast")],
)
def _(xp, array, *, shape, out=None):
    """Repeat along axes of length one, and along new leading axes, up to `shape`."""
    if array.ndim > len(shape):  # assignment would drop leading ones
        _infer_broadcast_to(array, shape=shape)
    full = xp.empty(shape, array.dtype) if out is None else out
    full[...] = array
    return full


# --- reversing, rolling, moving -----------------------------------------------------------------


@op(
    "flip",
    infer=lambda m, *, axis: (normalize_axes("flip", axis, m.ndim), m)[1],
    grad=lambda F, g, out, m, *, axis: (F.flip(g, axis=axis),),
    params={"axis": Axes()},
    names=Names(np="flip", json="_npi_flip"),
    samples=lambda s: [s(2, 3), s(2, 3, axis=1), s(2, 3, 2, axis=(0, -1)), s(()), s(0, 3, axis=0)],
    reference=lambda m, *, axis=None: np.flip(m, axis),
    errors=lambda s: [bad(s(2, 3, axis=2), ShapeError, "axis=2 .* 2 dimensions")],
)
def _(xp, m, *, axis=None):
    """Reverse the order along `axis`, or along all axes."""
    return xp.flip(m, axis).copy()


@op(
    "roll",
    infer=lambda a, *, shift, axis: (normalize_axes("roll", axis, a.ndim), a)[1],
    params={"shift": Shape(), "axis": Axes()},
    grad=lambda F, g, out, a, *, shift, axis: (
        F.roll(g, shift=tuple(-n for n in shift), axis=axis),
    ),
    names=Names(np="roll", json="_npi_roll"),
    samples=lambda s: [
        s(2, 3, shift=1),
        s(2, 3, shift=(1,), axis=1),
        s(2, 3, shift=(1, -1), axis=(0, 1)),
        s(0, 3, shift=2),
    ],
    reference=lambda a, *, shift, axis=None: np.roll(
        a,
        shift if axis is not None or isinstance(shift, int) else sum(shift),
        axis if axis is None or isinstance(shift, int) or isinstance(axis, tuple) else (axis,),
    ),
    errors=lambda s: [bad(s(2, 3, shift=1, axis=2), ShapeError, "axis=2")],
)
def _(xp, a, *, shift, axis=None):
    """Shift elements along `axis`; those beyond the end come back at the start."""
    if axis is None:
        return xp.roll(a, sum(shift))
    axes = (axis,) if isinstance(axis, int) else axis
    return xp.roll(a, shift if len(shift) == len(axes) else shift * len(axes), axes)
