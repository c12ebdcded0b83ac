"""Reductions of nd: `exclude`, shape (1,) when nothing is left, and the dtype of the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.params import Axes, DType, Int
from dlstudio.core.registry import Flags, Names, bad, composite
from dlstudio.errors import ParamError, ShapeError
from dlstudio.ops.rules import normalize_axes

Array = Any


def legacy_axes(name: str, x: Any, axis: Any, *, exclude: bool) -> tuple[int, ...] | None:
    """Axes to reduce: () means all of them (None), `exclude` means all but those named."""
    if not exclude and (axis is None or axis == ()):
        return None
    axes = normalize_axes(name, None if axis == () else axis, x.ndim)
    if exclude:
        return tuple(i for i in range(x.ndim) if i not in axes)
    return axes


def at_least_1d(F: Any, y: Array) -> Array:
    """Give a scalar shape (1,): nd has no scalars."""
    return F.reshape(y, shape=(1,)) if y.ndim == 0 else y


def _as(F: Any, y: Array, dtype: np.dtype[Any]) -> Array:
    return y if y.dtype == dtype else F.cast(y, dtype=np.dtype(dtype).name)


def reduce_samples(s: Any) -> list[Any]:
    """Every way of naming axes."""
    return [
        s(2, 3),
        s(2, 3, axis=1),
        s(2, 3, 2, axis=(0, -1), keepdims=True),
        s(2, 3, axis=()),
        s(2, 3, 2, axis=1, exclude=True),
        s(2, 0, axis=0),
        s(s.ints(2, 3, high=5), axis=0),
    ]


def legacy_reduction(
    name: str,
    doc: str,
    compute: Callable[..., Array],
    names: str = "",
    *,
    samples: Callable[..., Any] = reduce_samples,
    method: bool = True,
) -> None:
    """Register ``nd.<name>`` from ``compute(F, data, axes, keepdims)``."""

    def expand(
        F: Any, data: Array, *, axis: Any = None, keepdims: bool = False, exclude: bool = False
    ) -> Array:
        axes = legacy_axes(name, data, axis, exclude=exclude)
        if axes is None and not keepdims:  # through keepdims: NumPy's scalars are slow to reshape
            return _as(F, F.reshape(compute(F, data, None, True), shape=(1,)), data.dtype)
        return _as(F, at_least_1d(F, compute(F, data, axes, keepdims)), data.dtype)

    expand.__doc__ = doc
    composite(
        f"_nd_{name}",
        flags=Flags(amp="widest" if name in ("max", "min") else "fp32"),  # sums overflow
        params={"axis": Axes()},
        samples=samples,
        names=Names(nd=f"{name} {names}".strip(), method=name if method else "", json=name),
        errors=lambda s: [
            bad(s(2, 3, axis=5), ShapeError, "axis=5 .* 2 dimensions"),
            bad(s(2, 3, axis=(1, -1)), ShapeError, "twice"),
        ],
    )(expand)


def _plain(name: str) -> Callable[..., Array]:
    def compute(F: Any, x: Array, axes: tuple[int, ...] | None, keepdims: bool) -> Array:
        return getattr(F, name)(x, axis=axes, keepdims=keepdims)

    return compute


def _without_nan(name: str, neutral: float) -> Callable[..., Array]:
    """Reduce with NaN replaced by the neutral element."""

    def compute(F: Any, x: Array, axes: tuple[int, ...] | None, keepdims: bool) -> Array:
        neutral_like = F.full(
            shape=tuple(x.shape), fill_value=neutral, dtype=np.dtype(x.dtype).name
        )
        clean = F.where(F.isnan(x), neutral_like, x)
        return getattr(F, name)(clean, axis=axes, keepdims=keepdims)

    return compute


def _filled(s: Any) -> list[Any]:
    return [*reduce_samples(s)[:5], s(s.distinct(2, 3), axis=0)]


_NOTE = " `axis` may be one or several; `exclude` reduces all other axes instead."
legacy_reduction("sum", f"Sum of the elements.{_NOTE}", _plain("sum"), "sum_axis")
legacy_reduction("mean", f"Mean of the elements.{_NOTE}", _plain("mean"), samples=_filled)
legacy_reduction("prod", f"Product of the elements.{_NOTE}", _plain("prod"))
legacy_reduction("max", f"Largest element.{_NOTE}", _plain("max"), "max_axis", samples=_filled)
legacy_reduction("min", f"Smallest element.{_NOTE}", _plain("min"), "min_axis", samples=_filled)
legacy_reduction(
    "nansum", f"Sum of the elements that are not NaN.{_NOTE}", _without_nan("sum", 0.0)
)
legacy_reduction(
    "nanprod", f"Product of the elements that are not NaN.{_NOTE}", _without_nan("prod", 1.0)
)


# --- norm ---------------------------------------------------------------------------------------


@composite(
    "norm",
    flags=Flags(amp="fp32"),
    params={"ord": Int(), "axis": Axes(), "out_dtype": DType(optional=True)},
    names=Names(nd="norm", npx="norm", method="norm"),
    samples=lambda s: [
        s(2, 3),
        s(2, 3, ord=1),
        s(2, 3, axis=1),
        s(2, 3, 2, ord=1, axis=(1, 2), keepdims=True),
        s(s.ints(2, 3, high=4), out_dtype="float32"),
    ],
    errors=lambda s: [bad(s(2, 3, ord=3), ParamError, "1 or 2")],
)
def _(F, data, *, ord=2, axis=None, out_dtype=None, keepdims=False):  # noqa: A002  MXNet's name
    """Norm over `axis` (all axes if None): ``Σ|x|`` for `ord` 1, ``√Σx²`` for `ord` 2."""
    if ord not in (1, 2):
        raise ParamError(f"norm: parameter ord must be 1 or 2. Got {ord}.")
    axes = legacy_axes("norm", data, axis, exclude=False)
    dtype = np.dtype(out_dtype or data.dtype)
    if ord == 1:
        total = F.sum(F.abs(data), axis=axes, keepdims=keepdims)
    else:
        total = F.l2_norm(data, axis=axes, keepdims=keepdims)
    return _as(F, at_least_1d(F, total), dtype)


@composite(
    "moments",
    params={"axes": Axes()},
    outputs=2,
    names=Names(nd="moments", output="mean var"),
    samples=lambda s: [s(2, 3), s(2, 3, axes=(0,)), s(2, 3, 2, axes=(0, 2), keepdims=True)],
)
def _(F, data, *, axes=None, keepdims=False):
    """Mean and variance over `axes`."""
    over = legacy_axes("moments", data, axes, exclude=False)
    mean = F.mean(data, axis=over, keepdims=keepdims)
    variance = F.var(data, axis=over, keepdims=keepdims)
    return at_least_1d(F, mean), at_least_1d(F, variance)


@composite(
    "add_n",
    names=Names(nd="add_n ElementWiseSum", npx="add_n", args="args"),
    complete=lambda shapes, attrs: [next(filter(None, shapes), None)] * len(shapes),
    samples=lambda s: [s((2, 3)), s((2, 3), (2, 3), (2, 3)), s((0, 3), (0, 3))],
)
def _(F, *args):
    """Sum of several arrays of one shape."""
    total = args[0]
    if len(args) == 1:
        return F.identity(total)
    for x in args[1:]:
        total = F.elemwise_add(total, x)
    return total


# --- positions of extremes ----------------------------------------------------------------------


def _argument(name: str, doc: str) -> None:
    def expand(F: Any, data: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
        found = getattr(F, name)(data, axis=axis, keepdims=keepdims)
        return at_least_1d(F, F.cast(found, dtype=np.dtype(data.dtype).name))

    expand.__doc__ = doc
    composite(
        f"_nd_{name}",
        params={"axis": Int(optional=True)},
        names=Names(nd=name, method=name, json=name),
        samples=lambda s: [s(2, 3), s(2, 3, axis=1), s(2, 3, 2, axis=-2, keepdims=True)],
        errors=lambda s: [bad(s(2, 3, axis=5), ShapeError, "axis=5 .* 2 dimensions")],
    )(expand)


_argument(
    "argmax", "Position of the largest element, in the dtype of the input; the first of equal ones."
)
_argument(
    "argmin",
    "Position of the smallest element, in the dtype of the input; the first of equal ones.",
)


@composite(
    "argmax_channel",
    names=Names(nd="argmax_channel", method="argmax_channel", np_method="argmax_channel"),
    samples=lambda s: [s(2, 3), s(2, 3, 2)],
)
def _(F, data):
    """Position of the largest element along axis 1, in the dtype of the input."""
    return F.cast(F.argmax(data, axis=1), dtype=np.dtype(data.dtype).name)


# --- broadcasting by axis and by example --------------------------------------------------------


def _listed(axes: Any) -> tuple[int, ...]:
    return (axes,) if isinstance(axes, int) else tuple(axes or ())


@composite(
    "broadcast_axis",
    params={"axis": Axes(), "size": Axes()},
    names=Names(nd="broadcast_axis broadcast_axes", method="broadcast_axes", json="broadcast_axis"),
    samples=lambda s: [s(1, 3, axis=0, size=2), s(1, 3, 1, axis=(0, 2), size=(2, 4)), s(2, 3)],
    errors=lambda s: [bad(s(2, 3, axis=0, size=4), ShapeError, "length 2")],
)
def _(F, data, *, axis=(), size=()):
    """Repeat axes of length one: `axis` names them, `size` their new lengths."""
    shape = list(data.shape)
    for a, n in zip(_listed(axis), _listed(size), strict=True):
        if shape[a] != 1:
            raise ShapeError(
                f"broadcast_axis: axis {a} of shape {tuple(data.shape)} has length {shape[a]}.\n"
                "Expected length 1: only such axes can be repeated."
            )
        shape[a] = n
    return F.broadcast_to(data, shape=tuple(shape))


@composite(
    "_nd_broadcast_to",
    names=Names(nd="broadcast_to", method="broadcast_to", json="broadcast_to"),
    samples=lambda s: [s(1, 3, shape=(2, 3)), s(1, 3, shape=(2, 0))],
    errors=lambda s: [bad(s(3, shape=(2, 3)), ShapeError, "adds none")],
)
def _(F, data, *, shape=()):
    """Repeat axes of length one up to `shape`, where 0 keeps a length."""
    if len(shape) != data.ndim:
        raise ShapeError(
            f"broadcast_to: data has {data.ndim} dimensions, shape={shape} has {len(shape)}.\n"
            "Expected as many: nd repeats axes of length one, it adds none.\n"
            "Fix: x.expand_dims(axis=0) first, or np.broadcast_to"
        )
    full = tuple(kept if n == 0 else n for n, kept in zip(shape, data.shape, strict=True))
    return F.broadcast_to(data, shape=full)


@composite(
    "broadcast_like",
    params={"lhs_axes": Axes(), "rhs_axes": Axes()},
    names=Names(
        nd="broadcast_like",
        npx="broadcast_like",
        method="broadcast_like",
    ),
    samples=lambda s: [s((1, 3), (2, 3)), s((1, 3, 1), (5, 3, 4), lhs_axes=(2,), rhs_axes=(0,))],
    errors=lambda s: [bad(s((2, 3), (4, 3)), ShapeError, "does not broadcast")],
)
def _(F, lhs, rhs, *, lhs_axes=None, rhs_axes=None):
    """Repeat axes of `lhs` of length one up to the shape of `rhs`, or only `lhs_axes`."""
    if lhs_axes is None:
        return F.broadcast_to(lhs, shape=tuple(rhs.shape))
    shape = list(lhs.shape)
    for a, b in zip(_listed(lhs_axes), _listed(rhs_axes), strict=True):
        shape[a] = rhs.shape[b]
    return F.broadcast_to(lhs, shape=tuple(shape))
