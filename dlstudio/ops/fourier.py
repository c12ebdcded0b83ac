"""Discrete Fourier transforms with complex results, as in `numpy.fft`.

The transforms of MXNet 1.x, which keep real and imaginary parts side by side in real arrays and
have gradients, are `contrib.fft` and `contrib.ifft` in `spectral`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Axes, Choice, Int, Shape
from dlstudio.core.registry import Names, NotDifferentiable, bad, composite, op
from dlstudio.errors import AxisError, ParamError, ShapeError, explain
from dlstudio.ops.rules import normalize_axes, normalize_axis, real_dtype

Array = Any
COMPLEX = NotDifferentiable("gradients are of real functions; contrib.fft has one")
NORM = Choice("backward", "ortho", "forward")


def _spectrum(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Complex dtype of the precision of `dtype`; integers count as float64."""
    single = dtype in (np.float32, np.complex64, np.float16)
    return np.dtype("complex64" if single else "complex128")


def _length(name: str, n: int | None, given: int) -> int:
    """Number of points of a transform, at least one."""
    n = given if n is None else n
    if n < 1:
        raise ShapeError(explain(f"{name}: a transform of {n} points.", "at least one point."))
    return n


_DOUBLE = ("irfft", "hfft")  # transforms with real results, of twice the length


def _points(name: str, n: int | None, length: int) -> tuple[int, int]:
    """Points of the transform and length of the result along its axis."""
    kind = name.removesuffix("n")
    if kind in _DOUBLE:
        n = _length(name, n, 2 * (length - 1))
        return n, n
    n = _length(name, n, length)
    return n, n // 2 + 1 if kind in ("rfft", "ihfft") else n


def _dtype_of(name: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    if name.removesuffix("n") in _DOUBLE:
        return real_dtype(_spectrum(dtype))
    if name in ("rfft", "rfftn", "ihfft") and dtype.kind == "c":
        raise ParamError(
            explain(f"{name}: complex numbers ({dtype}).", "real numbers.", "fft, or real(x)")
        )
    return _spectrum(dtype)


def _whole(name: str, x: Any) -> None:
    if not x.ndim:
        raise AxisError(explain(f"{name}: an array without axes.", "at least one axis."))


def _along_one(name: str, doc: str) -> None:
    """Register the transform `name` along one axis."""

    def infer(x: Aval, *, n: int | None, axis: int, norm: str) -> Aval:
        _whole(name, x)
        i = normalize_axis(name, axis, x.ndim)
        _, length = _points(name, n, x.shape[i])
        return Aval((*x.shape[:i], length, *x.shape[i + 1 :]), _dtype_of(name, x.dtype))

    def forward(
        xp: Any, x: Array, *, n: int | None = None, axis: int = -1, norm: str = "backward"
    ) -> Array:
        dtype = _dtype_of(name, x.dtype)
        return getattr(xp.fft, name)(x, n=n, axis=axis, norm=norm).astype(dtype, copy=False)

    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        grad=COMPLEX,
        params={"n": Int(1, optional=True), "axis": Int(), "norm": NORM},
        names=Names(np=f"fft.{name}", np_args="a"),
        samples=lambda s: [
            s(2, 6),
            s(2, 6, n=4),
            s(3, 2, axis=0, n=5, norm="ortho"),
            s(s.uniform(4).astype("float32"), norm="forward"),
        ],
        errors=lambda s: [
            bad(s(2, 3, axis=2), ShapeError, "axis=2"),
            bad(s(()), ShapeError, "at least one axis"),
        ],
        reference=getattr(np.fft, name),
    )(forward)


_along_one("fft", "Fourier transform along one axis, of `n` points: cut or filled up with zeros.")
_along_one("ifft", "Inverse of `fft`.")
_along_one("rfft", "Fourier transform of real numbers: the n // 2 + 1 terms that are not mirrored.")
_along_one("irfft", "Inverse of `rfft`; `n` is the number of results, even if not given.")
_along_one("hfft", "Fourier transform of a signal with Hermitian symmetry: a real spectrum.")
_along_one("ihfft", "Inverse of `hfft`.")


def _transformed(name: str, x: Any, s: Any, axes: Any) -> tuple[tuple[int, ...], Any]:
    """Axes of a transform over several, and its lengths or None."""
    _whole(name, x)
    if axes is None:
        axes = tuple(range(x.ndim)) if s is None else tuple(range(x.ndim - len(s), x.ndim))
    found = tuple(normalize_axis(name, i, x.ndim) for i in axes)
    if s is not None and len(s) != len(found):
        raise ParamError(f"{name}: parameter s must have one length for each axis {axes}. Got {s}.")
    return found, s


def _along_many(name: str, doc: str) -> None:
    """Register the transform `name` over several axes."""

    def infer(x: Aval, *, s: Any, axes: Any, norm: str) -> Aval:
        found, lengths = _transformed(name, x, s, axes)
        shape = list(x.shape)
        for k, i in enumerate(found):
            n = None if lengths is None else lengths[k]
            last = k == len(found) - 1
            shape[i] = _points(name if last else "fftn", n, shape[i])[1]
        return Aval(tuple(shape), _dtype_of(name, x.dtype))

    def forward(
        xp: Any, x: Array, *, s: Any = None, axes: Any = None, norm: str = "backward"
    ) -> Array:
        found, lengths = _transformed(name, x, s, axes)
        dtype = _dtype_of(name, x.dtype)
        result = getattr(xp.fft, name)(x, s=lengths, axes=found, norm=norm)
        return result.astype(dtype, copy=False)

    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        grad=COMPLEX,
        params={"s": Shape(1, optional=True), "axes": Shape(optional=True), "norm": NORM},
        names=Names(np=f"fft.{name}", np_args="a"),
        samples=lambda s: [
            s(2, 4),
            s(3, 4, s=(2, 6), axes=(0, 1)),
            s(2, 3, 4, axes=(-1, 0), norm="ortho"),
            s(3, 4, 2, s=(4, 2), norm="forward"),
        ],
        errors=lambda s: [
            bad(s(2, 3, axes=(2,)), ShapeError, "axis=2"),
            bad(s(2, 3, s=(2,), axes=(0, 1)), ParamError, "one length for each axis"),
        ],
    )(forward)


_along_many("fftn", "Fourier transform over several axes, all by default.")
_along_many("ifftn", "Inverse of `fftn`.")
_along_many("rfftn", "Fourier transform of real numbers over several axes, halved on the last.")
_along_many("irfftn", "Inverse of `rfftn`.")


# --- where the zero frequency stands ------------------------------------------------------------


def _shift(name: str, doc: str, half: Callable[[int], int]) -> None:
    def expand(F: Any, x: Array, *, axes: Any = None) -> Array:
        found = normalize_axes(name, axes, x.ndim)
        if not found:
            return F.identity(x)
        return F.roll(x, shift=tuple(half(x.shape[i]) for i in found), axis=found)

    expand.__doc__ = doc
    composite(
        name,
        params={"axes": Axes()},
        names=Names(np=f"fft.{name}"),
        samples=lambda s: [s(5), s(2, 3), s(2, 3, axes=1), s(4, 3, axes=(0, -1)), s(0, 3)],
        errors=lambda s: [bad(s(2, 3, axes=2), ShapeError, "axis=2")],
        reference=getattr(np.fft, name),
    )(expand)


_shift("fftshift", "Move the zero frequency to the middle of `axes`.", lambda n: n // 2)
_shift("ifftshift", "Inverse of `fftshift`.", lambda n: -(n // 2))
