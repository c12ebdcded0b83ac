"""Quantization: floats as 8-bit whole numbers with the range they stand for.

A quantized array is three arrays: the numbers, and the ends of their range, (1,) each. Zero stays
zero. The constants are those MXNet's CPU build computes with; they differ by operator:

    quantize      int8 127,   uint8 255
    quantize_v2   int8 127.5, uint8 255.5
    dequantize    int8 127.5, uint8 255.5
    requantize    int8 127

References
----------
Jacob et al., "Quantization and training of neural networks for efficient inference", CVPR 2018.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Float, Int
from dlstudio.core.registry import Names, NotDifferentiable, bad, op
from dlstudio.errors import DTypeError, ParamError, explain
from dlstudio.ops.rules import contrib

Array = Any

ROUNDS = NotDifferentiable("rounding to whole numbers has no useful derivative")
INT32 = 2.0**31 - 1


def _contrib(name: str) -> Names:
    in_npx = name if name == "requantize" else f"contrib_{name}"
    return contrib(name, in_npx)


def _ends(xp: Any, low: Any, high: Any) -> tuple[Array, Array]:
    return tuple(  # type: ignore[return-value]
        xp.asarray(x, dtype="float32").reshape(1) for x in (low, high)
    )


def _rounded(xp: Any, x: Array, scale: Any, kind: str, low: int) -> Array:
    limits = (low, 127) if kind == "int8" else (0, 255)
    return xp.clip(xp.rint(x * scale), *limits).astype(kind)


def three(shape: Any, kind: Any) -> tuple[Aval, Aval, Aval]:
    """Numbers of `kind`, and the two ends of their range."""
    end = Aval((1,), np.dtype("float32"))
    return Aval(tuple(shape), np.dtype(kind)), end, end


def expect(name: str, kinds: tuple[str, ...], **arrays: Any) -> None:
    """Refuse arrays of any other dtype."""
    for given, x in arrays.items():
        if x.dtype.name not in kinds:
            raise DTypeError(
                explain(f"{name}: {given} has dtype {x.dtype}.", f"one of {', '.join(kinds)}.")
            )


def _largest(xp: Any, *ends: Any) -> Any:
    """Greatest absolute value of the ends of a range; 1 for an empty range."""
    top = xp.maximum(*(xp.abs(xp.asarray(e, dtype="float32")) for e in ends))
    return xp.where(top > 0, top, 1)


_FLOATS = ("float32", "float64", "float16")
BYTES = ("int8", "uint8")


def _infer_quantize(data: Any, low: Any, high: Any, *, out_type: str) -> Any:
    expect("quantize", _FLOATS, data=data)
    return three(data.shape, out_type)


@op(
    "_contrib_quantize",
    infer=_infer_quantize,
    grad=ROUNDS,
    outputs=3,
    params={"out_type": Choice("int8", "uint8")},
    names=_contrib("quantize"),
    samples=lambda s: [
        s(s.normal(2, 3), np.array([-2.0]), np.array([2.0])),
        s(s.normal(2, 3), np.array([-2.0]), np.array([1.0]), out_type="int8"),
    ],
    errors=lambda s: [
        bad(s(s.ints(2, high=3), (1,), (1,)), DTypeError, "int64"),
        bad(s((2,), (1,), (1,), out_type="int32"), ParamError, "'int8', 'uint8'"),
    ],
)
def _(
    xp: Any, data: Array, min_range: Array, max_range: Array, *, out_type: str = "uint8"
) -> tuple[Array, Array, Array]:
    """Round data to 8 bits, given its range (1,), (1,); what lies outside is cut off.

    Returns
    -------
    numbers like data, and the ends of the range they stand for
    """
    expect("quantize", _FLOATS, data=data)
    top = _largest(xp, min_range, max_range)
    if out_type == "int8":
        return (_rounded(xp, data, 127 / top, "int8", -127), *_ends(xp, -top, top))
    return (_rounded(xp, data, 255 / top, "uint8", 0), *_ends(xp, min_range, max_range))


def _infer_v2(data: Any, *, out_type: str, min_calib_range: Any, **_: Any) -> Any:
    expect("quantize_v2", _FLOATS, data=data)
    return three(data.shape, _kind(out_type, min_calib_range))


def _kind(out_type: str, low: Any) -> str:
    if out_type != "auto":
        return out_type
    return "uint8" if low is not None and low >= 0 else "int8"


_CALIB = {"min_calib_range": Float(optional=True), "max_calib_range": Float(optional=True)}


@op(
    "_contrib_quantize_v2",
    infer=_infer_v2,
    grad=ROUNDS,
    outputs=3,
    params={"out_type": Choice("int8", "uint8", "auto"), **_CALIB},
    names=_contrib("quantize_v2"),
    samples=lambda s: [
        s(s.normal(2, 3)),
        s(s.normal(2, 3), out_type="auto", min_calib_range=0.0, max_calib_range=1.5),
        s(s.normal(2, 3), out_type="uint8", min_calib_range=-1.0, max_calib_range=1.5),
        s(s.normal(2, 3), out_type="auto"),
    ],
    errors=lambda s: [bad(s(s.ints(2, high=3)), DTypeError, "int64")],
)
def _(
    xp: Any, data: Array, *, out_type: str = "int8", min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Round data to 8 bits, with its own range or a calibrated one; "auto" chooses the dtype."""
    expect("quantize_v2", _FLOATS, data=data)
    kind = _kind(out_type, min_calib_range)
    if min_calib_range is None or max_calib_range is None:
        low, high = data.min(), data.max()
    else:
        low, high = min_calib_range, max_calib_range
    top = _largest(xp, low, high)
    if kind == "int8":
        return (_rounded(xp, data, 127.5 / top, kind, -127), *_ends(xp, -top, top))
    return (_rounded(xp, data, 255.5 / top, kind, 0), *_ends(xp, low, high))


def _infer_dequantize(data: Any, low: Any, high: Any, *, out_type: str) -> Aval:
    expect("dequantize", BYTES, data=data)
    return Aval(tuple(data.shape), np.dtype("float32"))


@op(
    "_contrib_dequantize",
    infer=_infer_dequantize,
    grad=ROUNDS,
    params={"out_type": Choice("float32")},
    names=_contrib("dequantize"),
    samples=lambda s: [
        s(s.ints(2, 3, low=-127, high=127, dtype=np.int8), np.array([-2.0]), np.array([2.0])),
        s(s.ints(2, 3, high=255, dtype=np.uint8), np.array([0.0]), np.array([2.0])),
    ],
    errors=lambda s: [bad(s(s.ints(2, high=3), (1,), (1,)), DTypeError, "int8, uint8")],
)
def _(
    xp: Any, data: Array, min_range: Array, max_range: Array, *, out_type: str = "float32"
) -> Array:
    """Floats that 8-bit numbers stand for, given their range."""
    expect("dequantize", BYTES, data=data)
    steps = 127.5 if data.dtype == "int8" else 255.5
    scale = _largest(xp, min_range, max_range).astype("float32") / np.float32(steps)
    return data.astype("float32") * scale


def _infer_requantize(data: Any, low: Any, high: Any, **_: Any) -> Any:
    expect("requantize", ("int32",), data=data)
    return three(data.shape, "int8")


@op(
    "_contrib_requantize",
    infer=_infer_requantize,
    grad=ROUNDS,
    outputs=3,
    params={"out_type": Choice("int8"), **_CALIB},
    names=_contrib("requantize"),
    samples=lambda s: [
        s(s.ints(2, 3, low=-9999, high=9999, dtype=np.int32), np.array([-9.0]), np.array([9.0])),
        s(
            s.ints(2, 3, low=-9999, high=9999, dtype=np.int32), np.array([-9.0]), np.array([9.0]),
            min_calib_range=-1e-5, max_calib_range=2e-5,
        ),
    ],
    errors=lambda s: [bad(s((2,), (1,), (1,)), DTypeError, "int32")],
)  # fmt: skip
def _(
    xp: Any, data: Array, min_range: Array, max_range: Array, *, out_type: str = "int8",
    min_calib_range: float | None = None, max_calib_range: float | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Round 32-bit sums, such as products of 8-bit numbers give, back to 8 bits."""
    expect("requantize", ("int32",), data=data)
    real = data.astype("float64") * (_largest(xp, min_range, max_range) / INT32)
    if min_calib_range is None or max_calib_range is None:
        top = _largest(xp, real.min(), real.max())
    else:
        top = _largest(xp, min_calib_range, max_calib_range)
    return (_rounded(xp, real, 127 / top, "int8", -128), *_ends(xp, -top, top))


# ---- choosing a range ------------------------------------------------------------------------
@op(
    "_contrib_calibrate_entropy",
    infer=lambda hist, hist_edges, **_: (
        Aval((1,), np.dtype("float32")),
        Aval((1,), np.dtype("float32")),
    ),
    grad=ROUNDS,
    outputs=2,
    params={"num_quantized_bins": Int(3)},
    names=_contrib("calibrate_entropy"),
    samples=lambda s: [
        s(s.ints(21, high=50), np.linspace(-2.0, 2.0, 22), num_quantized_bins=7),
    ],
    errors=lambda s: [
        bad(s((20,), (21,)), ParamError, "an odd number of bins"),
        bad(s((21,), (21,)), ParamError, "one edge more"),
    ],
)
def _(
    xp: Any, hist: Array, hist_edges: Array, *, num_quantized_bins: int = 255
) -> tuple[Array, Array]:
    """Range whose quantized histogram has the least divergence from the true one.

    Returns
    -------
    tuple of array, (1,)
        Threshold: numbers beyond plus or minus it are cut; and the divergence, in nats.

    References
    ----------
    Migacz, "8-bit Inference with TensorRT", GTC 2017.
    """
    counts, edges = (
        np.asarray(x.get() if hasattr(x, "get") else x, np.float64) for x in (hist, hist_edges)
    )
    if len(counts) % 2 == 0 or len(edges) != len(counts) + 1:
        raise ParamError(
            explain(
                f"calibrate_entropy: {len(counts)} bins and {len(edges)} edges.",
                "an odd number of bins around zero, and one edge more.",
            )
        )
    middle = len(counts) // 2
    tried = range(min(num_quantized_bins // 2, middle), middle + 1)
    found = [(_divergence(counts, middle, half, num_quantized_bins), half) for half in tried]
    least, half = min(found)
    ends = (edges[middle + half + 1], least)
    return tuple(xp.asarray(x, dtype="float32").reshape(1) for x in ends)  # type: ignore[return-value]


def _divergence(counts: Any, middle: int, half: int, bins: int) -> float:
    """Kullback-Leibler divergence of the counts cut to `half` bins a side, when quantized."""
    inside = counts[middle - half : middle + half + 1]
    true = inside.copy()
    true[0] += counts[: middle - half].sum()
    true[-1] += counts[middle + half + 1 :].sum()
    coarse = np.zeros_like(inside)
    for part in np.array_split(np.arange(len(inside)), min(bins, len(inside))):
        filled = part[true[part] > 0]
        if len(filled):
            coarse[filled] = inside[part].sum() / len(filled)
    p, q = _smoothed(true), _smoothed(coarse)
    return float("inf") if p is None or q is None else float((p * np.log(p / q)).sum())


def _smoothed(counts: Any, part: float = 1e-4) -> Any:
    """Distribution without zeros: what the zeros get, the others give."""
    zero = counts == 0
    if zero.all():
        return None
    given = part * zero.sum() / max(1, (~zero).sum())
    shifted = np.where(zero, part, counts - given)
    return None if (shifted <= 0).any() else shifted / shifted.sum()
