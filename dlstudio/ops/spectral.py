"""Fourier transforms, sketches, casts for mixed precision, and histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval, is_floating
from dlstudio.core.params import Anything, Int
from dlstudio.core.registry import Names, NotDifferentiable, bad, op
from dlstudio.errors import ParamError, ShapeError, explain

Array = Any


# --- Fourier transforms, real and imaginary parts side by side -----------------------------------


def _interleaved(xp: Any, z: Array, dtype: Any) -> Array:
    parts = xp.stack([z.real, z.imag], axis=-1)
    return parts.reshape((*z.shape[:-1], 2 * z.shape[-1])).astype(dtype)


def _complex(xp: Any, x: Array) -> Array:
    pairs = x.reshape((*x.shape[:-1], x.shape[-1] // 2, 2))
    return pairs[..., 0] + 1j * pairs[..., 1]


@op(
    "_contrib_fft",
    infer=lambda data, **_: Aval((*data.shape[:-1], 2 * data.shape[-1]), data.dtype),
    grad=lambda F, g, out, data, *, compute_size: (F._contrib_ifft(g),),
    names=Names(nd="contrib.fft"),
    samples=lambda s: [s(2, 4), s(3)],
)
def _(xp, data, *, compute_size=128):
    """Fourier transform of the last axis; real and imaginary parts alternate in the result."""
    return _interleaved(xp, xp.fft.fft(data), data.dtype)


def _infer_ifft(data: Aval, **_: Any) -> Aval:
    if data.shape[-1] % 2:
        raise ShapeError(
            explain(
                f"ifft: data has shape {data.shape}.",
                "an even last axis: real and imaginary parts alternate.",
            )
        )
    return Aval((*data.shape[:-1], data.shape[-1] // 2), data.dtype)


@op(
    "_contrib_ifft",
    infer=_infer_ifft,
    grad=lambda F, g, out, data, *, compute_size: (F._contrib_fft(g),),
    names=Names(nd="contrib.ifft"),
    samples=lambda s: [s(2, 4), s(6)],
    errors=lambda s: [bad(s(2, 3), ShapeError, "even last axis")],
)
def _(xp, data, *, compute_size=128):
    """Real part of the inverse Fourier transform, without the factor 1/n, as in MXNet."""
    _infer_ifft(data)
    z = _complex(xp, data)
    return (xp.fft.ifft(z).real * z.shape[-1]).astype(data.dtype)


# --- count sketch -------------------------------------------------------------------------------


@op(
    "_contrib_count_sketch",
    infer=lambda data, h, s, *, out_dim, **_: Aval((*data.shape[:-1], out_dim), data.dtype),
    grad=lambda F, g, out, data, h, s, **_: (F.sketch_back(g, h, s), None, None),
    params={"out_dim": Int(1)},
    names=Names(nd="contrib.count_sketch"),
    samples=lambda s: [s((2, 4), np.array([[0, 2, 1, 2]]), np.array([[1, -1, 1, -1]]), out_dim=3)],
)
def _(xp, data, h, s, *, out_dim, processing_batch_size=32):
    """Sum the features into `out_dim` buckets `h` with signs `s`, both of shape (1, D)."""
    out = xp.zeros((*data.shape[:-1], out_dim), data.dtype)
    buckets = h.reshape(-1).astype("int64")
    signed = data * s.reshape(-1).astype(data.dtype)
    xp.add.at(xp.moveaxis(out, -1, 0), buckets, xp.moveaxis(signed, -1, 0))
    return out


@op(
    "sketch_back",
    infer=lambda g, h, s: Aval((*g.shape[:-1], h.size), g.dtype),
    grad=lambda F, k, out, g, h, s: (
        F._contrib_count_sketch(k, h, s, out_dim=g.shape[-1]),
        None,
        None,
    ),
    samples=lambda s: [s((2, 3), np.array([[0, 2, 1, 2]]), np.array([[1, -1, 1, -1]]))],
)
def _(xp, g, h, s):
    """Adjoint of the count sketch: every feature reads its bucket, with its sign."""
    return xp.take(g, h.reshape(-1).astype("int64"), axis=-1) * s.reshape(-1).astype(g.dtype)


# --- mixed precision ----------------------------------------------------------------------------


def _common_float(arrays: tuple[Any, ...], *, narrow: bool) -> np.dtype[Any]:
    floats = sorted({x.dtype for x in arrays if is_floating(x.dtype)}, key=lambda d: d.itemsize)
    return (floats or [arrays[0].dtype])[0 if narrow else -1]


def _infer_multicast(*data: Aval, num_outputs: int, cast_narrow: bool) -> Any:
    dtype = _common_float(data, narrow=cast_narrow)
    outs = tuple(Aval(x.shape, dtype if is_floating(x.dtype) else x.dtype) for x in data)
    return outs if len(outs) != 1 else outs[0]


def _multicast_grad(F: Any, g: Any, out: Any, *data: Array, **_: Any) -> tuple[Any, ...]:
    heads = g if len(data) > 1 else (g,)
    return tuple(
        None if h is None else F.cast(h, dtype=np.dtype(x.dtype).name)
        for h, x in zip(heads, data, strict=True)
    )


@op(
    "amp_multicast",
    infer=_infer_multicast,
    grad=_multicast_grad,
    params={"num_outputs": Int(1)},
    outputs=lambda attrs: attrs["num_outputs"],
    names=Names(nd="amp_multicast"),
    samples=lambda s: [
        s((2, 3), s.uniform(2).astype("float32"), num_outputs=2),
        s((2, 3), s.uniform(2).astype("float32"), num_outputs=2, cast_narrow=True),
    ],
)
def _(xp, *data, num_outputs, cast_narrow=False):
    """Cast floating arrays to the widest (or narrowest) dtype among them."""
    dtype = _common_float(data, narrow=cast_narrow)
    outs = tuple(x.astype(dtype) if is_floating(x.dtype) else x.copy() for x in data)
    return outs if len(outs) != 1 else outs[0]


# --- histogram ----------------------------------------------------------------------------------


def _infer_histogram(data: Aval, *, bin_cnt: int, range: Any) -> tuple[Aval, Aval]:
    if len(range) != 2 or not range[0] < range[1]:
        raise ParamError(
            f"histogram: parameter range must be (low, high), low < high. Got {range}."
        )
    return Aval((bin_cnt,), np.dtype("int64")), Aval((bin_cnt + 1,), data.dtype)


@op(
    "_histogram",
    infer=_infer_histogram,
    grad=NotDifferentiable("its results are counts"),
    outputs=2,
    params={"bin_cnt": Int(1), "range": Anything()},
    names=Names(nd="_internal._histogram"),
    samples=lambda s: [s(2, 6, bin_cnt=4, range=(0, 2))],
    errors=lambda s: [bad(s(3, bin_cnt=2, range=(1, 1)), ParamError, "low < high")],
)
def _(xp, data, *, bin_cnt=10, range=(0.0, 1.0)):
    """Counts in `bin_cnt` equal bins over `range`, and the edges of the bins."""
    _infer_histogram(data, bin_cnt=bin_cnt, range=range)
    counts, edges = xp.histogram(data, bin_cnt, range)
    return counts.astype("int64"), edges.astype(data.dtype)
