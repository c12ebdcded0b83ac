"""Output layers: losses with a gradient of their own; `nn_loss_plain` has the ordinary ones.

An *output layer* (SoftmaxOutput, LinearRegressionOutput, MakeLoss, …) ends a network: its forward
gives predictions, its backward the gradient of a loss it never computes, whatever head gradient
arrives. MXNet's symbolic programs train with them.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import Choice, Float
from dlstudio.core.registry import Flags, Names, NotDifferentiable, bad, op
from dlstudio.errors import DTypeError, ShapeError, explain
from dlstudio.ops.nn_rules import aval, expect_float, narrow, wide
from dlstudio.ops.rules import same

Array = Any

OWN = "an output layer: its gradient is that of a loss, and ignores the head gradient"
DEFINED = NotDifferentiable("it is the definition of an output layer's gradient")
NORMALIZATION = Choice("null", "batch", "valid")


# ---- SoftmaxOutput ---------------------------------------------------------------------------
def _classes_axis(shape: Any, *, multi_output: bool, preserve_shape: bool) -> tuple[int, ...]:
    """Axes softmax normalizes over."""
    if multi_output:
        return (1,)
    if preserve_shape:
        return (len(shape) - 1,)
    return tuple(range(1, len(shape)))


def _label_shapes(shape: Any, *, multi_output: bool, preserve_shape: bool) -> list[tuple[int, ...]]:
    shape = tuple(shape)
    if multi_output:
        B, space = shape[0], shape[2:]
        return [(B, *space), (B, prod(space)), (B, 1, *space), shape]
    if preserve_shape:
        return [shape[:-1], shape]
    return [shape[:-1] if len(shape) > 2 else shape[:1], shape]


def _check_output(data: Any, label: Any, *, multi_output: bool, preserve_shape: bool) -> None:
    if data.ndim < 2:
        raise ShapeError(
            explain(
                f"SoftmaxOutput: data has shape {tuple(data.shape)}.",
                "(B, K) or more axes: a score per example and class.",
            )
        )
    allowed = _label_shapes(data.shape, multi_output=multi_output, preserve_shape=preserve_shape)
    if label is not None and tuple(label.shape) not in allowed:
        raise ShapeError(
            explain(
                f"SoftmaxOutput: data {tuple(data.shape)}, label {tuple(label.shape)}.",
                f"label of shape {allowed[0]} with class numbers, or {tuple(data.shape)} with "
                "probabilities.",
                "multi_output=True for scores of shape (B, K, ...)" if data.ndim > 2 else "",
            )
        )


def _infer_output(
    data: Any, label: Any, *, multi_output: bool, preserve_shape: bool, **_: Any
) -> Aval:
    _check_output(data, label, multi_output=multi_output, preserve_shape=preserve_shape)
    expect_float("SoftmaxOutput", data)
    return aval(data.shape, data)


def _complete_output(shapes: Any, attrs: Any) -> Any:
    if shapes[0] is None or shapes[1] is not None:
        return shapes
    flags = {name: attrs[name] for name in ("multi_output", "preserve_shape")}
    return [shapes[0], _label_shapes(shapes[0], **flags)[0]]


def _grad_output(
    F: Any, g: Any, out: Any, data: Any, label: Any, *, out_grad: bool, **attrs: Any
) -> tuple[Any, None]:
    dx = F.softmax_output_grad(out, label, **attrs)
    return (F.multiply(dx, g) if out_grad else dx), None


_OUTPUT_PARAMS = {
    "grad_scale": Float(),
    "ignore_label": Float(),
    "smooth_alpha": Float(),
    "normalization": NORMALIZATION,
}


def _output_samples(s: Any) -> list[Any]:
    three = np.array([0.0, 2.0, 1.0])
    grid = np.array([[0.0, 2.0], [1.0, 1.0]])
    return [
        s((3, 4), three),
        s((3, 4), three, grad_scale=2.5, normalization="batch"),
        s((3, 4), three, use_ignore=True, ignore_label=2, normalization="valid"),
        s((3, 4), three, smooth_alpha=0.1),
        s((3, 4), (3, 4)),
        s((2, 3, 2), grid, multi_output=True),
        s(
            (2, 3, 2), grid, multi_output=True, use_ignore=True, ignore_label=1,
            normalization="valid",
        ),
        s((2, 2, 3), grid, preserve_shape=True),
        s((3, 4), three, out_grad=True),
        s((0, 4), np.zeros(0)),
    ]  # fmt: skip


@op(
    "SoftmaxOutput",
    infer=_infer_output,
    grad=_grad_output,
    complete=_complete_output,
    params=_OUTPUT_PARAMS,
    names=Names(nd="SoftmaxOutput Softmax"),
    flags=Flags(inplace=(0,), amp="fp32"),
    samples=_output_samples,
    custom_gradient=OWN,
    errors=lambda s: [
        bad(s((3, 4), (2,)), ShapeError, r"label of shape \(3,\)"),
        bad(s((2, 3, 4), (2,)), ShapeError, "multi_output=True"),
        bad(s((3,), (3,)), ShapeError, r"\(B, K\)"),
        bad(s(s.ints(3, 4, high=3), (3,)), DTypeError, "floating"),
    ],
)
def _(
    xp: Any, data: Array, label: Array, *, grad_scale: float = 1.0, ignore_label: float = -1.0,
    multi_output: bool = False, use_ignore: bool = False, preserve_shape: bool = False,
    normalization: str = "null", out_grad: bool = False, smooth_alpha: float = 0.0,
) -> Array:  # fmt: skip
    r"""Softmax whose backward is the gradient of the cross-entropy with `label`.

    .. math:: \partial / \partial x = (softmax(x) - onehot(label)) \cdot grad\_scale / norm

    Parameters
    ----------
    data : (B, K) scores; (B, K, ...) with ``multi_output=True``, (..., K) with
        ``preserve_shape=True``, otherwise all axes but the first are classes
    label : class numbers, data's shape without the classes; or probabilities, data's shape
    use_ignore, ignore_label : examples with this label get no gradient
    normalization : divide by 1 ("null"), by B ("batch") or by the labels not ignored ("valid")
    out_grad : multiply by the head gradient, which otherwise is ignored
    smooth_alpha : take that much probability from the label and share it among the other classes
    """
    _check_output(data, label, multi_output=multi_output, preserve_shape=preserve_shape)
    expect_float("SoftmaxOutput", data)
    axes = _classes_axis(data.shape, multi_output=multi_output, preserve_shape=preserve_shape)
    if not data.size:
        return data.copy()
    x = wide(data)
    y = xp.exp(x - x.max(axis=axes, keepdims=True))
    y /= y.sum(axis=axes, keepdims=True)
    return narrow(y, data.dtype)


def _class_view(out: Array, *, multi_output: bool, preserve_shape: bool) -> tuple[int, int, int]:
    """Shape (rows, K, space) in which axis 1 counts classes."""
    shape = out.shape
    if multi_output:
        return shape[0], shape[1], prod(shape[2:])
    if preserve_shape or len(shape) > 2:
        return prod(shape[:-1]), shape[-1], 1
    return shape[0], prod(shape[1:]), 1


@op(
    "softmax_output_grad",
    infer=lambda out, label, **_: aval(out.shape, out),
    grad=DEFINED,
    params=_OUTPUT_PARAMS,
    flags=Flags(inplace=(0,), amp="fp32"),
    samples=lambda s: [
        s(x.inputs[0].shape, x.inputs[1], **{k: v for k, v in x.attrs.items() if k != "out_grad"})
        for x in _output_samples(s)
    ],
)
def _(
    xp: Any, out: Array, label: Array, *, grad_scale: float = 1.0, ignore_label: float = -1.0,
    multi_output: bool = False, use_ignore: bool = False, preserve_shape: bool = False,
    normalization: str = "null", smooth_alpha: float = 0.0,
) -> Array:  # fmt: skip
    """Gradient that `SoftmaxOutput` defines, from its output and the label."""
    if label.shape == out.shape:
        return narrow((wide(out) - wide(label)) * grad_scale, out.dtype)
    rows, K, space = _class_view(out, multi_output=multi_output, preserve_shape=preserve_shape)
    p, y = wide(out).reshape(rows, K, space), label.reshape(rows, 1, space)
    off = smooth_alpha / (K - 1) if K > 1 else 0.0
    hit = xp.arange(K).reshape(1, K, 1) == y.astype("int64")
    dx = p - xp.where(hit, 1 - smooth_alpha, off).astype(p.dtype)
    kept = y != ignore_label
    if use_ignore:
        dx *= kept
    scale = grad_scale
    if normalization == "valid":
        scale = scale / max(1, int(kept.sum()) if use_ignore else y.size)
    else:
        scale = scale / (max(1, out.shape[0]) if normalization == "batch" else 1) / max(1, space)
    dx *= scale
    return narrow(dx.reshape(out.shape), out.dtype)


# ---- regression outputs ----------------------------------------------------------------------
def _check_regression(name: str, data: Any, label: Any) -> None:
    if label is not None and prod(label.shape) != prod(data.shape):
        raise ShapeError(
            explain(
                f"{name}: data {tuple(data.shape)}, label {tuple(label.shape)}.",
                "a label for each prediction.",
                f"label.reshape({tuple(data.shape)})",
            )
        )
    expect_float(name, data)


def _complete_regression(shapes: Any, attrs: Any) -> Any:
    """A label for each prediction; for one column of them a plain vector."""
    data, label = shapes
    if data is None or label is not None:
        return shapes
    return [data, data[:1] if len(data) == 2 and data[1] == 1 else data]


def _regression(name: str, doc: str, predict: Any, slope: Any) -> None:
    """Register an output layer with gradient slope(prediction, label) * grad_scale / outputs."""

    def infer(data: Any, label: Any, **_: Any) -> Aval:
        _check_regression(name, data, label)
        return aval(data.shape, data)

    def grad(F: Any, g: Any, out: Any, data: Any, label: Any, *, grad_scale: float) -> Any:
        # MXNet divides by the number of outputs per example, not by the batch
        scale = grad_scale * data.shape[0] / max(1, data.size) if data.ndim else grad_scale
        if tuple(label.shape) != tuple(data.shape):
            label = F.reshape(label, shape=tuple(data.shape))
        if label.dtype != data.dtype:
            label = F.cast(label, dtype=data.dtype.name)
        return F.multiply_scalar(slope(F, out, label), scalar=scale), None

    def forward(xp: Any, data: Array, label: Array, *, grad_scale: float = 1.0) -> Array:
        _check_regression(name, data, label)
        return predict(xp, data)

    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        grad=grad,
        complete=_complete_regression,
        names=Names(nd=f"{name} sparse.{name}"),
        params={"grad_scale": Float()},
        flags=Flags(inplace=(0,), amp="fp32"),
        custom_gradient=OWN,
        samples=lambda s: [s((3, 2), (3, 2)), s((3, 1), (3,), grad_scale=2.0), s((0, 2), (0, 2))],
        errors=lambda s: [bad(s((3, 2), (3,)), ShapeError, "a label for each prediction")],
    )(forward)


def _logistic(xp: Any, x: Array) -> Array:
    return xp.tanh(x * 0.5) * 0.5 + 0.5


_regression(
    "LinearRegressionOutput",
    "Pass data through; the gradient is that of half the squared error, ``data - label``.",
    lambda xp, data: data.copy(),
    lambda F, out, label: F.subtract(out, label),
)
_regression(
    "LogisticRegressionOutput",
    "Sigmoid of data; the gradient is that of binary cross-entropy, ``sigmoid(data) - label``.",
    _logistic,
    lambda F, out, label: F.subtract(out, label),
)
_regression(
    "MAERegressionOutput",
    "Pass data through; the gradient is that of the absolute error, ``sign(data - label)``.",
    lambda xp, data: data.copy(),
    lambda F, out, label: F.sign(F.subtract(out, label)),
)


# ---- SVMOutput -------------------------------------------------------------------------------
def _infer_svm(data: Aval, label: Aval, **_: Any) -> Aval:
    if len(data.shape) != 2 or tuple(label.shape) != (data.shape[0],):
        given = f"SVMOutput: data has shape {data.shape}, label {label.shape}."
        raise ShapeError(explain(given, "scores (B, K) and class numbers (B,)."))
    return aval(data.shape, data)


@op(
    "SVMOutput",
    infer=_infer_svm,
    grad=lambda F, g, out, data, label, **attrs: (F.svm_output_grad(out, label, **attrs), None),
    complete=lambda shapes, attrs: [
        shapes[0],
        shapes[1] or (None if shapes[0] is None else shapes[0][:1]),
    ],
    params={"margin": Float(), "regularization_coefficient": Float()},
    names=Names(nd="SVMOutput"),
    flags=Flags(inplace=(0,), amp="fp32"),
    custom_gradient=OWN,
    samples=lambda s: [
        s((3, 4), np.array([0.0, 2.0, 1.0])),
        s((3, 4), np.array([0.0, 2.0, 1.0]), margin=0.5, use_linear=True),
    ],
)
def _(
    xp: Any, data: Array, label: Array, *, margin: float = 1.0,
    regularization_coefficient: float = 1.0, use_linear: bool = False,
) -> Array:  # fmt: skip
    """Pass scores (B, K) through; the gradient is that of the one-against-all hinge loss.

    Squared hinge, or the plain one with ``use_linear=True``; `label` (B,) holds class numbers.
    """
    _infer_svm(data, label)
    return data.copy()


@op(
    "svm_output_grad",
    infer=lambda out, label, **_: aval(out.shape, out),
    grad=DEFINED,
    params={"margin": Float(), "regularization_coefficient": Float()},
    samples=lambda s: [
        s((3, 4), np.array([0.0, 2.0, 1.0])),
        s((3, 4), np.array([0.0, 2.0, 1.0]), margin=0.5, use_linear=True),
    ],
)
def _(
    xp: Any, out: Array, label: Array, *, margin: float = 1.0,
    regularization_coefficient: float = 1.0, use_linear: bool = False,
) -> Array:  # fmt: skip
    """Gradient that `SVMOutput` defines."""
    hit = xp.arange(out.shape[1]) == label.astype("int64")[:, None]
    sign = xp.where(hit, -1, 1).astype(out.dtype)  # the label's score should rise, others fall
    short = xp.maximum(margin + sign * out, 0)
    slope = (short > 0) if use_linear else 2 * short
    return (sign * slope * regularization_coefficient).astype(out.dtype)


# ---- MakeLoss, make_loss ----------------------------------------------------------
@op(
    "MakeLoss",
    infer=same,
    grad=lambda F, g, out, data, **attrs: (F.make_loss_grad(out, **attrs),),
    params={"grad_scale": Float(), "valid_thresh": Float(), "normalization": NORMALIZATION},
    names=Names(nd="MakeLoss"),
    flags=Flags(inplace=(0,), amp="fp32"),
    custom_gradient=OWN,
    samples=lambda s: [
        s(2, 3),
        s(2, 3, grad_scale=2.0, normalization="batch"),
        s(2, 3, normalization="valid", valid_thresh=1.0),
    ],
)
def _(
    xp: Any, data: Array, *, grad_scale: float = 1.0, valid_thresh: float = 0.0,
    normalization: str = "null",
) -> Array:  # fmt: skip
    """Declare `data` a loss: passed through, its gradient is `grad_scale`, normalized.

    `normalization` divides by 1 ("null"), by the batch size ("batch"), or by the count of elements
    above `valid_thresh` ("valid").
    """
    return data.copy()


@op(
    "make_loss_grad",
    infer=same,
    grad=DEFINED,
    params={"grad_scale": Float(), "valid_thresh": Float(), "normalization": NORMALIZATION},
    samples=lambda s: [s(2, 3), s(2, 3, normalization="valid", valid_thresh=1.0)],
)
def _(
    xp: Any, out: Array, *, grad_scale: float = 1.0, valid_thresh: float = 0.0,
    normalization: str = "null",
) -> Array:  # fmt: skip
    """Gradient that `MakeLoss` defines."""
    count = 1
    if normalization == "batch":
        count = out.shape[0]
    elif normalization == "valid":
        count = int((out > valid_thresh).sum())
    return xp.full(out.shape, grad_scale / max(1, count), out.dtype)


@op(
    "make_loss",
    infer=same,
    grad=lambda F, g, out, data: (F.ones_like(data),),
    names=Names(nd="make_loss sparse.make_loss"),
    flags=Flags(inplace=(0,), amp="fp32"),
    custom_gradient=OWN,
    samples=lambda s: [s(2, 3), s(()), s(0, 2)],
)
def _(xp: Any, data: Array) -> Array:
    """Declare `data` a loss: passed through, its gradient is one, whatever arrives from above."""
    return data.copy()
