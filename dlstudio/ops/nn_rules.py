"""What the network operators share: layouts, window geometry, shape and dtype checks."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

import numpy as np

from dlstudio.core.avals import Aval, is_floating
from dlstudio.core.params import Choice, Int, Param, Shape
from dlstudio.errors import ArgumentError, DTypeError, ParamError, ShapeError, explain

__all__ = [
    "GEOMETRY",
    "LAYOUT",
    "Floats",
    "Window",
    "aval",
    "channels_last",
    "chosen",
    "expect_bias",
    "expect_dtype",
    "expect_float",
    "expect_shape",
    "narrow",
    "per_filter",
    "tuple_of",
    "wide",
    "window_of",
]

Array = Any

_LAST = ("NWC", "NHWC", "NDHWC")
LAYOUT = Choice("NCW", "NCHW", "NCDHW", "NHWC", "NDHWC", optional=True)

# attributes of every operator that slides a window
GEOMETRY: dict[str, Param] = {
    "kernel": Shape(1),
    "stride": Shape(1),
    "dilate": Shape(1),
    "pad": Shape(0),
    "num_filter": Int(0),
    "num_group": Int(1),
    "workspace": Int(0),
    "layout": LAYOUT,
    "cudnn_tune": Choice("off", "limited_workspace", "fastest", optional=True),
}


class Floats(Param):
    """A number, or a sequence of numbers: one per weight, channel or size."""

    describe = "a number or a sequence of numbers"

    def convert(self, value: Any) -> tuple[float, ...]:
        """Accept numbers, sequences, arrays, and spellings like "(0.1, 0.2)"."""
        if isinstance(value, str):
            value = ast.literal_eval(value)
        if isinstance(value, (int, float, np.number)):
            return (float(value),)
        return tuple(float(v) for v in value)

    def invalid(self) -> tuple[Any, ...]:
        """Give a word and a sequence of words."""
        return ("fast", ("a",))


class Window(NamedTuple):
    """A sliding window over the space axes; one entry per axis in each field."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[int, ...]

    @property
    def reach(self) -> tuple[int, ...]:
        """Cells from the first to the last one the window touches, per axis."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilate, strict=True))

    def steps(self, space: tuple[int, ...]) -> tuple[int, ...]:
        """How many positions the window takes over `space`, per axis (floor convention)."""
        axes = zip(space, self.pad, self.reach, self.stride, strict=True)
        return tuple((n + 2 * p - r) // s + 1 for n, p, r, s in axes)


def tuple_of(value: tuple[int, ...], n: int, default: int, where: str) -> tuple[int, ...]:
    """Fill an attribute that was not given, or check that it has one entry per space axis."""
    if len(value) == 0:
        return (default,) * n
    if len(value) != n:
        raise ParamError(f"{where} must have {n} entries, one per space axis. Got {value}.")
    return value


def window_of(
    op: str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilate: tuple[int, ...],
    pad: tuple[int, ...],
) -> Window:
    """Build the window of 1 to 3 axes that the attributes describe."""
    n = len(kernel)
    if not 1 <= n <= 3:
        raise ParamError(f"{op}: parameter kernel must have 1, 2 or 3 entries. Got {kernel}.")
    return Window(
        kernel,
        tuple_of(stride, n, 1, f"{op}: parameter stride"),
        tuple_of(dilate, n, 1, f"{op}: parameter dilate"),
        tuple_of(pad, n, 0, f"{op}: parameter pad"),
    )


def channels_last(layout: str | None) -> bool:
    """Whether the channel axis comes last ("NHWC") rather than second ("NCHW")."""
    return layout in _LAST


def wide(x: Array) -> Array:
    """Half precision as float32: sums would overflow, and NumPy computes it very slowly."""
    return x.astype("float32") if x.dtype.itemsize == 2 and is_floating(x.dtype) else x


def narrow(x: Array, dtype: Any) -> Array:
    """Back to `dtype`, without a copy where it is there already."""
    return x if x.dtype == dtype else x.astype(dtype)


def aval(shape: tuple[int, ...], like: Any) -> Aval:
    """Aval of `shape` with the dtype of `like`."""
    return Aval(tuple(shape), np.dtype(like.dtype))


def chosen(dtype: str | None, x: Any) -> np.dtype[Any]:
    """Dtype an attribute asks for, or that of `x`."""
    return np.dtype(x.dtype if dtype is None else dtype)


def expect_float(op: str, x: Any, name: str = "data") -> None:
    """Check that `x` holds real numbers with fractions."""
    if not is_floating(x.dtype):
        raise DTypeError(
            explain(
                f"{op}: {name} has dtype {x.dtype}.",
                "a floating dtype: this operator computes with fractions.",
                f"{name}.astype('float32')",
            )
        )


def expect_dtype(op: str, data: Any, **others: Any) -> None:
    """Check that all arrays have the dtype of `data`; None stands for an absent one."""
    for name, x in others.items():
        if x is not None and x.dtype != data.dtype:
            fix = f"data.astype('{x.dtype}')"
            if not is_floating(x.dtype):
                fix = f"{name}.astype('{data.dtype}')"
            elif is_floating(data.dtype):  # not for pixels
                fix += f", or net.cast('{data.dtype}') for all layers"
            raise DTypeError(
                explain(
                    f"{op}: data has dtype {data.dtype}, {name} {x.dtype}.",
                    "one dtype for all: MXNet's layers do not promote.",
                    fix,
                )
            )


def expect_bias(op: str, bias: Any, *, no_bias: bool) -> None:
    """Check that a bias is given exactly when the attributes promise one."""
    if (bias is None) != no_bias:
        given = "is missing" if bias is None else "is given, together with no_bias=True"
        fix = f"{op}(..., no_bias={not no_bias}), or {'give' if bias is None else 'drop'} the bias"
        raise ArgumentError(explain(f"{op}: the input bias {given}.", fix=fix))


def expect_shape(op: str, name: str, x: Any, shape: tuple[int, ...], why: str) -> None:
    """Check the shape of an input that the others determine; None stands for an absent one."""
    if x is not None and tuple(x.shape) != tuple(shape):
        raise ShapeError(
            explain(f"{op}: {name} has shape {tuple(x.shape)}.", f"{tuple(shape)}: {why}.")
        )


def per_filter(ins: Any, outs: Any, attrs: Any) -> int:
    """Multiply-adds where every output element is one filter's (or hidden unit's) sum."""
    weight = ins[1]
    return outs[0].size * (weight.size // max(1, weight.shape[0]))
