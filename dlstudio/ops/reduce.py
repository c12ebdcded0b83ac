"""Reductions: sums, means, extremes and norms over axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Axes, DType, Int
from dlstudio.core.registry import Flags, Names, NotDifferentiable, Op, bad, op
from dlstudio.errors import ShapeError, explain
from dlstudio.ops.families import LOGIC, floating, normalize_axes, spread

Array = Any


def reduced_shape(name: str, x: Any, axis: Any, *, keepdims: bool) -> tuple[int, ...]:
    """Shape of `x` after a reduction over `axis`."""
    axes = normalize_axes(name, axis, x.ndim)
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return tuple(n for i, n in enumerate(x.shape) if i not in axes)


def count(x: Any, axis: Any) -> int:
    """How many elements a reduction over `axis` folds into one."""
    axes = normalize_axes("reduction", axis, x.ndim)
    return int(np.prod([x.shape[i] for i in axes], dtype=np.int64))


def reduce_samples(s: Any) -> list[Any]:
    """All axes, one, several, none left, scalars; and nothing to sum."""
    return [
        s(2, 3),
        s(2, 3, axis=1),
        s(2, 3, 2, axis=(0, -1), keepdims=True),
        s(()),
        s(2, 3, keepdims=True),
        s(2, 0, axis=0),
    ]


def _reduce_errors(s: Any) -> list[Any]:
    return [
        bad(s(2, 3, axis=5), ShapeError, "axis=5 .* 2 dimensions"),
        bad(s(2, 3, axis=(1, -1)), ShapeError, "twice"),
    ]


def kept_sum_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Dtype of a sum: that of the array; truth values are counted in int64."""
    return np.dtype("int64") if dtype.kind == "b" else dtype


def reduction(
    name: str,
    doc: str,
    slope: Callable[..., Array] | NotDifferentiable,
    *,
    typed: Callable[[np.dtype[Any]], np.dtype[Any]] | None = kept_sum_dtype,
    names: Names | None = None,
    **fields: Any,
) -> Op:
    """Register NumPy's reduction `name`.

    ``slope(F, g, out, x, axis, keepdims)`` gives the gradient. `typed` is the rule for the dtype;
    None means that of the array, and that there is no attribute dtype.
    """

    def shape_and(x: Aval, axis: Any, keepdims: bool, dtype: Any) -> Aval:
        return Aval(reduced_shape(name, x, axis, keepdims=keepdims), np.dtype(dtype))

    def plain(
        xp: Any, x: Array, *, axis: Any = None, keepdims: bool = False, out: Any = None
    ) -> Any:
        return getattr(xp, name)(x, axis=axis, out=out, keepdims=keepdims)

    def with_dtype(
        xp: Any,
        x: Array,
        *,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        out: Any = None,
    ) -> Any:
        dtype = dtype or typed(x.dtype)  # type: ignore[misc]  # only where typed is given
        return getattr(xp, name)(x, axis=axis, dtype=dtype, out=out, keepdims=keepdims)

    def infer(x: Aval, *, axis: Any, keepdims: bool, dtype: Any = None) -> Aval:
        if dtype is None:
            dtype = x.dtype if typed is None else typed(x.dtype)
        return shape_and(x, axis, keepdims, dtype)

    def grad(
        F: Any, g: Array, out: Array, x: Array, *, axis: Any, keepdims: bool, dtype: Any = None
    ) -> tuple[Array]:
        gx = slope(F, g, out, x, axis, keepdims)  # type: ignore[operator]  # see unary
        return (gx if gx.dtype == x.dtype else F.cast(gx, dtype=x.dtype.name),)

    forward = plain if typed is None else with_dtype
    forward.__doc__ = doc
    params = {"axis": Axes()} | ({} if typed is None else {"dtype": DType(optional=True)})
    fields.setdefault("samples", reduce_samples)
    return op(
        name,
        infer=infer,
        grad=slope if isinstance(slope, NotDifferentiable) else grad,
        names=names or Names(np=name, np_method=name, np_args="a", json=f"_npi_{name}"),
        flags=Flags(out=True),
        params=params,
        errors=_reduce_errors,
        **fields,
    )(forward)


def _np_reference(name: str) -> Callable[..., Array]:
    return lambda x, **attrs: getattr(np, name)(x, **attrs)


def _sum_slope(F: Any, g: Array, out: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    return spread(F, g, x, axis, keepdims=keepdims)


def _mean_slope(F: Any, g: Array, out: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    scaled = F.multiply_scalar(g, scalar=1 / max(1, count(x, axis)))
    return spread(F, scaled, x, axis, keepdims=keepdims)


def _prod_slope(F: Any, g: Array, out: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    others = F.prod_of_others(x, axis=axis)
    return F.multiply(spread(F, g, x, axis, keepdims=keepdims), others)


def _extreme_slope(F: Any, g: Array, out: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    # every element that equals the extreme gets the whole gradient, as in MXNet
    found = F.equal(x, spread(F, out, x, axis, keepdims=keepdims))
    return F.multiply(spread(F, g, x, axis, keepdims=keepdims), F.cast(found, dtype=g.dtype.name))


def _filled(s: Any) -> list[Any]:
    """Samples for reductions that an empty axis leaves without a value."""
    return [
        s(2, 3),
        s(2, 3, axis=1),
        s(2, 3, 2, axis=(0, -1), keepdims=True),
        s(()),
        s(2, 0, axis=0),
    ]


reduction("sum", "Sum of the elements over `axis`.", _sum_slope, reference=_np_reference("sum"))
reduction(
    "mean",
    "Mean of the elements over `axis`; integers give float32.",
    _mean_slope,
    typed=floating,
    reference=_np_reference("mean"),
    samples=_filled,
)
reduction(
    "prod",
    "Product of the elements over `axis`.",
    _prod_slope,
    reference=_np_reference("prod"),
    names=Names(np="prod product", np_method="prod", np_args="a", json="_npi_prod"),
)
reduction(
    "max",
    "Largest element over `axis`; where several are equal, each gets the gradient.",
    _extreme_slope,
    typed=None,
    reference=_np_reference("max"),
    samples=_filled,
    names=Names(np="max amax", np_method="max", np_args="a", json="_npi_max"),
)
reduction(
    "min",
    "Smallest element over `axis`; where several are equal, each gets the gradient.",
    _extreme_slope,
    typed=None,
    reference=_np_reference("min"),
    samples=_filled,
    names=Names(np="min amin", np_method="min", np_args="a", json="_npi_min"),
)


def _truth(name: str, doc: str, more: str) -> None:
    def forward(
        xp: Any, a: Array, *, axis: Any = None, keepdims: bool = False, out: Any = None
    ) -> Any:
        return getattr(xp, name)(a, axis=axis, out=out, keepdims=keepdims)

    def infer(a: Aval, *, axis: Any, keepdims: bool) -> Aval:
        return Aval(reduced_shape(name, a, axis, keepdims=keepdims), np.dtype(bool))

    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        grad=LOGIC,
        flags=Flags(out=True),
        params={"axis": Axes()},
        names=Names(np=f"{name} {more}", np_method=name, json=f"_npi_{name}"),
        samples=reduce_samples,
        reference=_np_reference(name),
        errors=_reduce_errors,
    )(forward)


_truth("all", "Whether all elements over `axis` are non-zero.", "alltrue")
_truth("any", "Whether any element over `axis` is non-zero.", "sometrue")


# --- product of the others: the gradient of prod, right also where elements are zero ------------


def _others_slope(F: Any, g: Array, out: Array, x: Array, *, axis: Any) -> tuple[Array]:
    weighted = F.multiply(g, out)
    total = spread(F, F.sum(weighted, axis=axis, keepdims=True), x, axis, keepdims=True)
    return (F.divide(F.subtract(total, weighted), x),)


@op(
    "prod_of_others",
    infer=lambda x, *, axis: x,
    grad=_others_slope,
    params={"axis": Axes()},
    samples=lambda s: [s(2, 3), s(2, 3, axis=1), s(2, 3, 2, axis=(0, 2)), s(0, 3, axis=1), s(())],
)
def _(xp, x, *, axis=None):
    """For each element the product of all others over `axis`, without dividing."""
    axes = normalize_axes("prod_of_others", axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    moved = xp.transpose(x, [*rest, *axes])
    flat = moved.reshape([*(x.shape[i] for i in rest), -1]) if x.size else moved[..., :0]
    before = _exclusive_product(xp, flat)
    after = _exclusive_product(xp, flat[..., ::-1])[..., ::-1]
    product = (before * after).reshape(moved.shape)
    return xp.transpose(product, np.argsort([*rest, *axes]).tolist()).copy()


def _exclusive_product(xp: Any, x: Array) -> Array:
    ones = xp.ones((*x.shape[:-1], 1), x.dtype)
    return xp.cumprod(xp.concatenate([ones, x[..., :-1]], axis=-1), axis=-1)[..., : x.shape[-1]]


# --- spread of the values -----------------------------------------------------------------------


def _centred(F: Any, x: Array, axis: Any) -> Array:
    return F.subtract(x, F.mean(x, axis=axis, keepdims=True))


def _var_slope(
    F: Any, g: Array, out: Array, x: Array, ddof: int, axis: Any, keepdims: bool
) -> Array:
    factor = 2 / max(1e-300, count(x, axis) - ddof)
    scaled = F.multiply_scalar(spread(F, g, x, axis, keepdims=keepdims), scalar=factor)
    return F.multiply(scaled, _centred(F, x, axis))


def _std_slope(
    F: Any, g: Array, out: Array, x: Array, ddof: int, axis: Any, keepdims: bool
) -> Array:
    half = F.divide(F.multiply_scalar(g, scalar=0.5), out)
    return _var_slope(F, half, out, x, ddof, axis, keepdims)


def _spread_of_values(name: str, doc: str, slope: Callable[..., Array]) -> None:
    def forward(
        xp: Any,
        a: Array,
        *,
        axis: Any = None,
        dtype: Any = None,
        ddof: int = 0,
        keepdims: bool = False,
        out: Any = None,
    ) -> Any:
        dtype = dtype or floating(a.dtype)
        return getattr(xp, name)(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, out=out)

    def infer(a: Aval, *, axis: Any, dtype: Any, ddof: int, keepdims: bool) -> Aval:
        shape = reduced_shape(name, a, axis, keepdims=keepdims)
        return Aval(shape, np.dtype(dtype or floating(a.dtype)))

    def grad(
        F: Any, g: Array, out: Array, a: Array, *, axis: Any, dtype: Any, ddof: int, keepdims: bool
    ) -> tuple[Array]:
        gx = slope(F, g, out, a, ddof, axis, keepdims)
        return (gx if gx.dtype == a.dtype else F.cast(gx, dtype=a.dtype.name),)

    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        grad=grad,
        flags=Flags(out=True),
        params={"axis": Axes(), "dtype": DType(optional=True)},
        names=Names(np=name, np_method=name, np_args="a", json=f"_npi_{name}"),
        samples=lambda s: [
            s(2, 3),
            s(2, 3, axis=1),
            s(2, 3, 2, axis=(0, -1), keepdims=True, ddof=1),
            s(s.ints(2, 3, high=9), axis=0),
            s(2, 0, axis=0),
        ],
        reference=_np_reference(name),
        errors=_reduce_errors,
    )(forward)


_spread_of_values(
    "var", "Variance over `axis`: mean of the squared distance from the mean.", _var_slope
)
_spread_of_values("std", "Standard deviation over `axis`: root of the variance.", _std_slope)


# --- Euclidean norm -----------------------------------------------------------------------------


def _norm_grad(
    F: Any, g: Array, out: Array, x: Array, *, axis: Any, keepdims: bool
) -> tuple[Array]:
    # where the norm is 0 so is x, and the gradient taken there is 0 as well
    safe = F.add(out, F.cast(F.equal_scalar(out, scalar=0), dtype=out.dtype.name))
    return (F.multiply(spread(F, F.divide(g, safe), x, axis, keepdims=keepdims), x),)


@op(
    "l2_norm", grad=_norm_grad, flags=Flags(out=True), params={"axis": Axes()},
    infer=lambda x, *, axis, keepdims: Aval(reduced_shape("norm", x, axis, keepdims=keepdims), x.dtype),
    samples=reduce_samples, errors=_reduce_errors,
)  # fmt: skip
def _(xp, x, *, axis=None, keepdims=False, out=None):
    """Euclidean norm over `axis`: ``√Σx²``."""
    y = xp.sqrt(xp.sum(xp.square(x), axis=axis, keepdims=keepdims, dtype=floating(x.dtype)))
    if out is None:
        return y.astype(x.dtype)
    xp.copyto(out, y, casting="unsafe")
    return out


# --- running sums -------------------------------------------------------------------------------


def _scan_shape(a: Aval, axis: int | None) -> tuple[int, ...]:
    if axis is None:
        return (a.size,)
    normalize_axes("cumsum", axis, a.ndim)
    return a.shape


def _cumsum_infer(a: Aval, *, axis: Any, dtype: Any) -> Aval:
    return Aval(_scan_shape(a, axis), np.dtype(dtype or kept_sum_dtype(a.dtype)))


def _cumsum_grad(F: Any, g: Array, out: Array, a: Array, *, axis: Any, dtype: Any) -> tuple[Array]:
    along = 0 if axis is None else axis
    reverse = F.flip(F.cumsum(F.flip(g, axis=along), axis=along), axis=along)
    gx = F.reshape(reverse, shape=tuple(a.shape)) if axis is None else reverse
    return (gx if gx.dtype == a.dtype else F.cast(gx, dtype=a.dtype.name),)


@op(
    "cumsum",
    infer=_cumsum_infer,
    grad=_cumsum_grad,
    flags=Flags(out=True),
    params={"axis": Int(optional=True), "dtype": DType(optional=True)},
    names=Names(nd="cumsum", np="cumsum", np_method="cumsum", json="_np_cumsum", args="a"),
    samples=lambda s: [
        s(2, 3),
        s(2, 3, axis=1),
        s(2, 3, axis=-2, dtype="float64"),
        s(0, 3, axis=1),
    ],
    reference=_np_reference("cumsum"),
    errors=lambda s: [bad(s(2, 3, axis=5), ShapeError, "axis=5 .* 2 dimensions")],
)
def _(xp, a, *, axis=None, dtype=None, out=None):
    """Running sum along `axis`, or of the flattened array."""
    return xp.cumsum(a, axis=axis, dtype=dtype or kept_sum_dtype(a.dtype), out=out)


# --- adjoint of broadcasting --------------------------------------------------------------------


def _summed_axes(x: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    lead = x.ndim - len(shape)
    fits = lead >= 0 and all(n in (1, m) for n, m in zip(shape, x.shape[lead:], strict=True))
    if not fits:
        raise ShapeError(
            explain(
                f"sum_to: an array of shape {tuple(x.shape)} cannot be summed to {shape}.",
                "a shape that broadcasts to that of the array.",
            )
        )
    kept = tuple(i + lead for i, n in enumerate(shape) if n == 1 != x.shape[i + lead])
    return tuple(range(lead)) + kept


def _infer_sum_to(x: Aval, *, shape: tuple[int, ...]) -> Aval:
    _summed_axes(x, shape)
    return Aval(shape, x.dtype)


@op(
    "sum_to",
    infer=_infer_sum_to,
    flags=Flags(out=True),
    grad=lambda F, g, out, x, *, shape: (F.broadcast_to(g, shape=tuple(x.shape)),),
    samples=lambda s: [
        s(2, 3, shape=(2, 3)),
        s(4, 2, 3, shape=(1, 3)),
        s(2, 3, shape=()),
        s(0, 3, shape=(1, 3)),
    ],
    errors=lambda s: [bad(s(2, 3, shape=(2,)), ShapeError, "cannot be summed")],
)
def _(xp, x, *, shape, out=None):
    """Sum over the axes that broadcasting `shape` to ``x.shape`` would make: its adjoint."""
    axes = _summed_axes(x, shape)
    if not axes:
        return _copied(xp, x, out)
    y = x.sum(axis=axes, keepdims=True, dtype=x.dtype).reshape(shape)
    return _copied(xp, y, out) if out is not None else y


def _copied(xp: Any, x: Array, out: Array | None) -> Array:
    if out is None:
        return x.copy()
    xp.copyto(out, x)
    return out
