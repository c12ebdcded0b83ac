"""What operators have in common: dtype rules, broadcasting, axes, and pieces of gradients.

The dtype rules of both dialects live here:

* a function of one array keeps its dtype, also for integers, as MXNet does;
* two arrays of the NumPy dialect promote, where a floating dtype wins over any integer dtype;
* two arrays of the legacy dialect must agree;
* a Python number takes the dtype of the array it meets.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.node import caller_level
from dlstudio.core.registry import Names, NotDifferentiable
from dlstudio.errors import AxisError, DTypeError, GradError, ShapeError, explain

__all__ = [
    "FLOATING",
    "LOGIC",
    "broadcast_shape",
    "common_dtype",
    "contrib",
    "counted",
    "fit",
    "flat",
    "floating",
    "normalize_axes",
    "normalize_axis",
    "real_dtype",
    "refuse_complex",
    "same",
    "same_dtypes",
    "same_shapes",
    "scalar_like",
    "spread",
    "zeros",
]

Array = Any
FLOATING = "fcV"  # V: bfloat16, the only dtype here that NumPy does not have by itself

# inf and nan are results like others, as in MXNet; NumPy's warning would name a line of ours
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"dlstudio\.ops\.")
LOGIC = NotDifferentiable("its result is a truth value or an integer")


# --- dtypes and shapes -------------------------------------------------------------------------


def common_dtype(x: np.dtype[Any], y: np.dtype[Any]) -> np.dtype[Any]:
    """Dtype of ``x ∘ y`` in the NumPy dialect: int32 with float32 is float32, not float64."""
    if x == y:
        return x
    if x.kind in FLOATING and y.kind in "iub":
        return x
    if y.kind in FLOATING and x.kind in "iub":
        return y
    return np.promote_types(_known(x), _known(y))


def _known(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The nearest dtype that NumPy promotes: bfloat16 meets others as float32."""
    return np.dtype("float32") if dtype.kind == "V" else dtype


def floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Dtype of a real-valued result of integers (float32) or floats (unchanged)."""
    return dtype if dtype.kind in FLOATING else np.dtype("float32")


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Dtype of the parts of a complex number; other dtypes are their own."""
    if dtype.kind != "c":
        return dtype
    return np.dtype("float32") if dtype == np.complex64 else np.dtype("float64")


def scalar_like(x: Array, scalar: Any) -> Any:
    """Give the number as the array's dtype holds it: 2.5 as int32 is 2, -1 as uint8 is 255.

    A fraction that is lost warns: ``x * 0.5`` is zero for integers.
    """
    if x.dtype.kind in FLOATING:
        return x.dtype.type(scalar)
    if x.dtype.kind == "b":
        return bool(scalar)
    whole = int(scalar)
    if whole != scalar:
        warnings.warn(
            f"{scalar} beside an array of {x.dtype} counts as {whole}, as in MXNet: integers stay"
            " integers. Use x.astype('float32') for the fraction.",
            stacklevel=caller_level(),
        )
    return np.asarray(whole).astype(x.dtype)[()]


def counted(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Dtype of an array beside a number: a truth value counts as the integer 0 or 1."""
    return np.dtype("int64") if dtype.kind == "b" else dtype


def broadcast_shape(name: str, x: tuple[int, ...], y: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of two arrays broadcast together, or a ShapeError that names both."""
    if x == y:
        return x
    try:
        return np.broadcast_shapes(x, y)
    except ValueError:
        raise ShapeError(
            explain(
                f"{name}: arrays of shapes {x} and {y} do not broadcast together.",
                "equal lengths on each axis, counted from the last, or a length of 1.",
                "reshape or transpose one of them, for example x.expand_dims(axis=...).",
            )
        ) from None


def normalize_axis(name: str, axis: int, ndim: int) -> int:
    """Non-negative form of `axis`, or an AxisError."""
    if -ndim <= axis < ndim:
        return axis + ndim if axis < 0 else axis
    raise AxisError(
        explain(
            f"{name}: axis={axis} is outside an array of {ndim} dimensions.",
            f"an axis from {-ndim} to {ndim - 1}." if ndim else "no axis: the array is a scalar.",
        )
    )


def normalize_axes(name: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """Sorted non-negative axes; None means all of them."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, int):
        return (normalize_axis(name, axis, ndim),)
    found = sorted(normalize_axis(name, a, ndim) for a in axis)
    if len(set(found)) < len(found):
        raise ShapeError(explain(f"{name}: axis={axis} names one axis twice."))
    return tuple(found)


def same(x: Aval, *_: Any, **__: Any) -> Aval:
    """Inference of operators that keep shape and dtype of their first input."""
    return x


def same_dtypes(name: str, x: Any, y: Any) -> None:
    """Refuse two dtypes, as the legacy dialect does."""
    if x.dtype != y.dtype:
        raise DTypeError(
            explain(
                f"{name}: dtypes {x.dtype} and {y.dtype} differ.",
                "equal dtypes: the nd dialect converts nothing by itself.",
                f"y.astype({str(x.dtype)!r}), or the np dialect, which promotes.",
            )
        )


def same_shapes(name: str, x: Any, y: Any) -> None:
    """Refuse two shapes, as MXNet's elemwise operators do."""
    if x.shape != y.shape:
        raise ShapeError(
            explain(
                f"{name}: shapes {tuple(x.shape)} and {tuple(y.shape)} differ.",
                "equal shapes.",
                f"broadcast_{name.removeprefix('elemwise_')} for arrays that broadcast.",
            )
        )


# --- gradients ---------------------------------------------------------------------------------


def zeros(F: Any, x: Array) -> Array:
    """Gradient of a piecewise constant function, which is zero almost everywhere."""
    return F.zeros(shape=tuple(x.shape), dtype=x.dtype.name)


def flat(F: Any, g: Array, out: Array, x: Array) -> Array:
    """Slope, as `unary` wants it, of a piecewise constant function."""
    return zeros(F, x)


def refuse_complex(g: Any, x: Any) -> None:
    """Refuse a complex gradient for real `x`: the rules are those of real functions."""
    if g.dtype.kind == "c" and x.dtype.kind != "c":
        raise GradError(
            explain(
                "a real array took part in complex arithmetic that was recorded.",
                "real numbers on the way to the loss: gradients are of real functions.",
                "keep real and imaginary part as two arrays, or detach() the complex factor",
            )
        )


def fit(F: Any, g: Array, x: Array) -> Array:
    """Gradient `g` of a broadcast, promoted result, brought to shape and dtype of input `x`."""
    if g.shape != x.shape:
        g = F.sum_to(g, shape=tuple(x.shape))
    if g.dtype != x.dtype:
        refuse_complex(g, x)
        g = F.cast(g, dtype=x.dtype.name)
    return g


def spread(F: Any, g: Array, x: Array, axis: Any, *, keepdims: bool) -> Array:
    """Gradient or result of a reduction over `axis`, broadcast back to the shape of `x`."""
    if not keepdims:
        axes = normalize_axes("reduction", axis, x.ndim)
        kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        g = F.reshape(g, shape=kept)
    return F.broadcast_to(g, shape=tuple(x.shape))


def contrib(name: str, npx: str = "", *, output: str = "output") -> Names:
    """Names of an operator of ``nd.contrib``, in files and, where it has one, in ``npx``."""
    return Names(nd=f"contrib.{name}", npx=npx, json=f"_contrib_{name}", output=output)
