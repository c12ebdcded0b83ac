"""Layers on quantized arrays: 8-bit numbers in, with the ranges they stand for.

Products and sums come out as int32 with the range that 2**31 - 1 stands for; layers that only move
or choose numbers keep 8 bits and their range.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.interpret import Avals, raw
from dlstudio.core.params import Choice, Float, Int, Shape
from dlstudio.core.registry import OPS, Names, bad, op
from dlstudio.errors import ArgumentError, ParamError, explain
from dlstudio.ops import nn_conv, nn_dense, nn_norm, nn_pool  # noqa: F401  register what is used
from dlstudio.ops import shape as _shape  # noqa: F401  likewise
from dlstudio.ops.quantized import BYTES, INT32, ROUNDS, expect, three
from dlstudio.ops.rules import contrib

Array = Any


def _top(xp: Any, low: Array, high: Array) -> Array:
    """Greatest absolute value of a range, (1,), float32."""
    return xp.maximum(xp.abs(low), xp.abs(high)).astype("float32").reshape(1)


def _ends(top: Array) -> tuple[Array, Array]:
    return -top, top


# ---- layers with weights ---------------------------------------------------------------------
_INPUTS = ("data", "weight", "bias", "min_data", "max_data", "min_weight", "max_weight",
           "min_bias", "max_bias")  # fmt: skip


def _input_names(attrs: Any) -> tuple[str, ...]:
    return tuple(x for x in _INPUTS if not attrs["no_bias"] or "bias" not in x)


def _arranged(name: str, inputs: Any, *, no_bias: bool) -> dict[str, Any]:
    """Inputs by name; without a bias, files and graphs leave its three places out."""
    given = [x for x in inputs if x is not None]
    names = _input_names({"no_bias": no_bias})
    if len(given) != len(names):
        raise ArgumentError(
            explain(f"{name}: {len(given)} inputs.", f"{len(names)}: {', '.join(names)}.")
        )
    return dict(zip(names, given, strict=True))


def _product(xp: Any, float_op: str, found: dict[str, Any], attrs: dict[str, Any]) -> Any:
    """Run the float layer on the whole numbers: float64 holds the sums exactly."""
    sums = getattr(raw(xp), float_op)(
        found["data"].astype("float64"), found["weight"].astype("float64"), **attrs, no_bias=True
    )
    scales = [_top(xp, found[f"min_{x}"], found[f"max_{x}"]) for x in ("data", "weight")]
    if "bias" in found:
        # bias in units of the products, which are ranges over 127.5 each
        top = _top(xp, found["min_bias"], found["max_bias"])
        factor = top.astype("float64") * 127.5 / (scales[0] * scales[1])
        bias = xp.trunc(found["bias"] * factor)
        sums = sums + (bias.reshape(-1, *(1,) * (sums.ndim - 2)) if sums.ndim > 2 else bias)
    top = (scales[0] / 127) * (scales[1] / 127) * np.float32(INT32)
    return (sums.astype("int32"), *_ends(top))


def _weighted(name: str, float_op: str, doc: str, samples: Any) -> None:
    """Register contrib.quantized_<layer> after the float layer's schema."""
    base = OPS[float_op]
    attributes = {k: v for k, v in base.attrs.items() if k != "no_bias"}

    def infer(*inputs: Any, no_bias: bool, **attrs: Any) -> Any:
        found = _arranged(name, inputs, no_bias=no_bias)
        expect(name, BYTES, data=found["data"], weight=found["weight"])
        whole = [Aval(found[x].shape, np.dtype("float64")) for x in ("data", "weight")]
        shape = getattr(Avals, float_op)(*whole, **{**attrs, "no_bias": True}).shape
        return three(shape, "int32")

    def complete(shapes: Any, attrs: Any) -> Any:
        count = 2 if attrs.get("no_bias") else 3
        ends = [(1,) if shape is None else shape for shape in shapes[count:]]
        assert base.complete is not None
        return [*base.complete(shapes[:count], attrs), *ends]

    def complete_dtypes(dtypes: Any, attrs: Any) -> Any:
        count = 2 if attrs.get("no_bias") else 3
        whole = [np.dtype("int8") if d is None else d for d in dtypes[1:count]]
        return [dtypes[0], *whole, *[np.dtype("float32")] * (len(dtypes) - count)]

    def run(xp: Any, inputs: Any, no_bias: bool, attrs: dict[str, Any]) -> Any:
        found = _arranged(name, inputs, no_bias=no_bias)
        expect(name, BYTES, data=found["data"], weight=found["weight"])
        return _product(xp, float_op, found, attrs)

    forward = _dense_forward(run) if float_op == "FullyConnected" else _conv_forward(run)
    forward.__doc__ = doc
    op(
        name,
        infer=infer,
        complete=complete,
        complete_dtypes=complete_dtypes,
        grad=ROUNDS,
        outputs=3,
        input_names=_input_names,
        params={k: base.params[k] for k in attributes},
        names=contrib(name, name),
        samples=samples,
        errors=lambda s: [
            bad(s(*(s.uniform(2, 3) for _ in range(2)), **samples(s)[0].attrs), ArgumentError,
                "2 inputs"),
        ],
    )(forward)  # fmt: skip


def _dense_forward(run: Any) -> Any:
    def forward(
        xp: Any, data: Array, weight: Array, bias: Array = None, min_data: Array = None,
        max_data: Array = None, min_weight: Array = None, max_weight: Array = None,
        min_bias: Array = None, max_bias: Array = None, *, num_hidden: int, no_bias: bool = False,
        flatten: bool = True,
    ) -> Any:  # fmt: skip
        ends = (min_data, max_data, min_weight, max_weight, min_bias, max_bias)
        return run(
            xp, (data, weight, bias, *ends), no_bias, dict(num_hidden=num_hidden, flatten=flatten)
        )

    return forward


def _conv_forward(run: Any) -> Any:
    def forward(
        xp: Any, data: Array, weight: Array, bias: Array = None, min_data: Array = None,
        max_data: Array = None, min_weight: Array = None, max_weight: Array = None,
        min_bias: Array = None, max_bias: Array = None, *, kernel: Any = (), stride: Any = (),
        dilate: Any = (), pad: Any = (), num_filter: int = 0, num_group: int = 1,
        workspace: int = 1024, no_bias: bool = False, cudnn_tune: str | None = None,
        cudnn_off: bool = False, layout: str | None = None,
    ) -> Any:  # fmt: skip
        ends = (min_data, max_data, min_weight, max_weight, min_bias, max_bias)
        attrs = dict(kernel=kernel, stride=stride, dilate=dilate, pad=pad, num_filter=num_filter,
                     num_group=num_group, layout=layout)  # fmt: skip
        return run(xp, (data, weight, bias, *ends), no_bias, attrs)

    return forward


def _bytes(s: Any, *shape: int) -> Any:
    return s.ints(*shape, low=-127, high=127, dtype=np.int8)


def _range(n: int) -> list[Any]:
    return [np.array([x], "float32") for x in (-2.0, 2.0)] * n


_weighted(
    "quantized_fully_connected",
    "FullyConnected",
    "`FullyConnected` on quantized arrays: int32 sums and their range.",
    lambda s: [
        s(_bytes(s, 2, 3), _bytes(s, 4, 3), _bytes(s, 4), *_range(3), num_hidden=4),
        s(_bytes(s, 2, 3), _bytes(s, 4, 3), *_range(2), num_hidden=4, no_bias=True),
    ],
)
_weighted(
    "quantized_conv",
    "Convolution",
    "`Convolution` on quantized arrays: int32 sums and their range.",
    lambda s: [
        s(_bytes(s, 1, 2, 3, 3), _bytes(s, 2, 2, 2, 2), _bytes(s, 2), *_range(3), kernel=(2, 2),
          num_filter=2),
        s(_bytes(s, 1, 2, 3, 3), _bytes(s, 2, 2, 2, 2), *_range(2), kernel=(2, 2), num_filter=2,
          no_bias=True, pad=(1, 1)),
    ],
)  # fmt: skip


# ---- layers that keep their numbers ----------------------------------------------------------
@op(
    "quantized_act",
    infer=lambda data, *_, **__: three(data.shape, data.dtype),
    grad=ROUNDS,
    outputs=3,
    params={"act_type": Choice("relu")},
    names=contrib("quantized_act", "quantized_act"),
    samples=lambda s: [s(_bytes(s, 2, 3), *_range(1))],
)
def _(
    xp: Any, data: Array, min_data: Array, max_data: Array, *, act_type: str = "relu"
) -> tuple[Array, Array, Array]:
    """`relu` of quantized numbers; the range stays."""
    return xp.maximum(data, 0), min_data.copy(), max_data.copy()


@op(
    "quantized_flatten",
    infer=lambda data, *_: three(getattr(Avals, "Flatten")(data).shape, data.dtype),  # noqa: B009
    grad=ROUNDS,
    outputs=3,
    names=contrib("quantized_flatten", "quantized_flatten"),
    samples=lambda s: [s(_bytes(s, 2, 3, 2), *_range(1))],
)  # fmt: skip
def _(xp: Any, data: Array, min_data: Array, max_data: Array) -> tuple[Array, Array, Array]:
    """`Flatten` of quantized numbers."""
    return raw(xp).Flatten(data).copy(), min_data.copy(), max_data.copy()


@op(
    "quantized_pooling",
    infer=lambda data, *_, **attrs: three(
        Avals.Pooling(Aval(data.shape, np.dtype("float32")), **attrs).shape, data.dtype
    ),
    grad=ROUNDS,
    outputs=3,
    params=OPS["Pooling"].params,
    names=contrib("quantized_pooling", "quantized_pooling"),
    samples=lambda s: [
        s(_bytes(s, 1, 2, 4, 4), *_range(1), kernel=(2, 2), stride=(2, 2), pool_type=kind)
        for kind in ("max", "avg")
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, min_data: Array, max_data: Array, *, kernel: Any = (),
    pool_type: str = "max", global_pool: bool = False, cudnn_off: bool = False,
    pooling_convention: str = "valid", stride: Any = (), pad: Any = (),
    p_value: int | None = None, count_include_pad: bool | None = True, layout: str | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """`Pooling` of quantized numbers; means are rounded."""
    y = raw(xp).Pooling(
        data.astype("float32"), kernel=kernel, pool_type=pool_type, global_pool=global_pool,
        pooling_convention=pooling_convention, stride=stride, pad=pad, p_value=p_value,
        count_include_pad=count_include_pad, layout=layout,
    )  # fmt: skip
    return xp.rint(y).astype(data.dtype), min_data.copy(), max_data.copy()


@op(
    "quantized_embedding",
    infer=lambda data, weight, *_, output_dim, **__: three(
        (*data.shape, output_dim), weight.dtype
    ),
    grad=ROUNDS,
    outputs=3,
    params={"input_dim": Int(1), "output_dim": Int(1)},
    names=contrib("quantized_embedding", "quantized_embedding"),
    samples=lambda s: [
        s(s.ints(3, high=4), _bytes(s, 4, 2), *_range(1), input_dim=4, output_dim=2),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, weight: Array, min_weight: Array, max_weight: Array, *, input_dim: int,
    output_dim: int, dtype: str = "float32", sparse_grad: bool = False,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """`Embedding` with quantized rows."""
    rows = raw(xp).Embedding(data, weight, input_dim=input_dim, output_dim=output_dim)
    return rows, min_weight.copy(), max_weight.copy()


@op(
    "quantized_elemwise_add",
    infer=lambda lhs, *_, **__: three(lhs.shape, "int32"),
    grad=ROUNDS,
    outputs=3,
    params={"min_calib_range": Float(optional=True), "max_calib_range": Float(optional=True)},
    names=contrib("quantized_elemwise_add", "quantized_elemwise_add"),
    samples=lambda s: [s(_bytes(s, 2, 3), _bytes(s, 2, 3), *_range(2))],
)
def _(
    xp: Any, lhs: Array, rhs: Array, lhs_min: Array, lhs_max: Array, rhs_min: Array,
    rhs_max: Array, *, min_calib_range: float | None = None, max_calib_range: float | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Sum of quantized arrays: int32 with the sum of their ranges."""
    expect("quantized_elemwise_add", BYTES, lhs=lhs, rhs=rhs)
    a, b = _top(xp, lhs_min, lhs_max), _top(xp, rhs_min, rhs_max)
    top = a + b
    unit = np.float32(INT32) / top
    total = lhs * (a / np.float32(127.5) * unit) + rhs * (b / np.float32(127.5) * unit)
    return (xp.rint(total).astype("int32"), *_ends(top))


@op(
    "quantized_elemwise_mul",
    infer=lambda lhs, *_, enable_float_output=False, max_calib_range=None, **__: three(
        lhs.shape,
        "float32" if enable_float_output else "int32" if max_calib_range is None else "int8",
    ),
    grad=ROUNDS,
    outputs=3,
    params={"min_calib_range": Float(optional=True), "max_calib_range": Float(optional=True)},
    names=contrib("quantized_elemwise_mul", "quantized_elemwise_mul"),
    samples=lambda s: [
        s(_bytes(s, 2, 3), _bytes(s, 2, 3), *_range(2)),
        s(_bytes(s, 2, 3), _bytes(s, 2, 3), *_range(2), enable_float_output=True),
        s(_bytes(s, 2, 3), _bytes(s, 2, 3), *_range(2), min_calib_range=-2.0, max_calib_range=2.0),
    ],
)
def _(
    xp: Any, lhs: Array, rhs: Array, lhs_min: Array, lhs_max: Array, rhs_min: Array,
    rhs_max: Array, *, min_calib_range: float | None = None, max_calib_range: float | None = None,
    enable_float_output: bool = False,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Product of quantized arrays: int32, or int8 of the calibrated range, or float32."""
    expect("quantized_elemwise_mul", BYTES, lhs=lhs, rhs=rhs)
    unit = _top(xp, lhs_min, lhs_max) * _top(xp, rhs_min, rhs_max) / np.float32(127.0 * 127.0)
    product = lhs.astype("int32") * rhs.astype("int32")
    if enable_float_output:
        return ((product * unit).astype("float32"), *_ends(unit * INT32))
    if min_calib_range is None or max_calib_range is None:
        return (product, *_ends(unit * np.float32(INT32)))
    top = xp.asarray(max(abs(min_calib_range), abs(max_calib_range)), "float32").reshape(1)
    scaled = xp.rint(product * unit * (np.float32(127) / top))
    return (xp.clip(scaled, -127, 127).astype("int8"), *_ends(top))


@op(
    "quantized_batch_norm",
    infer=lambda data, *_, **__: three(data.shape, "int8"),
    grad=ROUNDS,
    outputs=3,
    params=OPS["BatchNorm"].params,
    names=contrib("quantized_batch_norm", "quantized_batch_norm"),
    samples=lambda s: [
        s(
            _bytes(s, 1, 2, 2, 2), *(s.uniform(2).astype("float32") for _ in range(4)), *_range(1),
            min_calib_range=-3.0, max_calib_range=3.0,
        )
    ],
    errors=lambda s: [
        bad(
            s(_bytes(s, 1, 2, 2, 2), *(s.uniform(2).astype("float32") for _ in range(4)),
              *_range(1)),
            ParamError, "min_calib_range",
        )
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, gamma: Array, beta: Array, moving_mean: Array, moving_var: Array,
    min_data: Array, max_data: Array, *, eps: float = 1e-3, momentum: float = 0.9,
    fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False,
    axis: int = 1, cudnn_off: bool = False, min_calib_range: float | None = None,
    max_calib_range: float | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """`BatchNorm` in prediction on quantized numbers; the result has the calibrated range."""
    if min_calib_range is None or max_calib_range is None:
        raise ParamError(
            "quantized_batch_norm: parameters min_calib_range and max_calib_range must be given. "
            f"Got {min_calib_range}, {max_calib_range}."
        )
    shape = [1] * data.ndim
    shape[axis] = -1
    scale, shift = gamma / xp.sqrt(moving_var + eps), moving_mean
    x = data * (_top(xp, min_data, max_data) / 127.5)
    y = (x - shift.reshape(shape)) * scale.reshape(shape) + beta.reshape(shape)
    top = max(abs(min_calib_range), abs(max_calib_range))
    numbers = xp.clip(xp.rint(y * (127.5 / top)), -127, 127).astype("int8")
    return numbers, *(xp.full((1,), v, "float32") for v in (-top, top))


def _infer_concat(*data: Any, dim: int, num_args: int) -> Any:
    parts = [Aval(x.shape, np.dtype("float32")) for x in data[:num_args]]
    shape = Avals.concatenate(*parts, axis=dim).shape
    return three(shape, data[0].dtype)


@op(
    "quantized_concat",
    infer=_infer_concat,
    grad=ROUNDS,
    outputs=3,
    params={"dim": Int(), "num_args": Int(1)},
    names=contrib("quantized_concat", "quantized_concat"),
    samples=lambda s: [s(_bytes(s, 2, 3), _bytes(s, 2, 1), *_range(2), num_args=2)],
)
def _(xp: Any, *data: Array, dim: int = 1, num_args: int) -> tuple[Array, Array, Array]:
    """Join quantized arrays; the arrays are followed by min and max of each.

    All are brought to the widest range.
    """
    arrays, ends = data[:num_args], data[num_args:]
    tops = [_top(xp, ends[2 * i], ends[2 * i + 1]) for i in range(num_args)]
    low = xp.stack([x.reshape(1) for x in ends[::2]]).min(axis=0)
    high = xp.stack([x.reshape(1) for x in ends[1::2]]).max(axis=0)
    widest = _top(xp, low, high)
    parts = [xp.rint(x * (top / widest)) for x, top in zip(arrays, tops, strict=True)]
    joined = xp.concatenate(parts, axis=dim).astype(arrays[0].dtype)
    return joined, low.astype("float32"), high.astype("float32")


# ---- layers of MXNet 2 that only move numbers ------------------------------------------------
@op(
    "quantized_reshape",
    infer=lambda data, *_, newshape, **__: three(
        Avals.reshape(data, shape=newshape).shape, data.dtype
    ),
    grad=ROUNDS,
    outputs=3,
    params={"newshape": Shape(), "order": Choice("C")},
    names=Names(npx="quantized_reshape", json="_npx_quantized_reshape"),
    samples=lambda s: [s(_bytes(s, 2, 3), *_range(1), newshape=(3, -1))],
)
def _(
    xp: Any, data: Array, min_data: Array, max_data: Array, *, newshape: Any,
    reverse: bool = False, order: str = "C",
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Reshape quantized numbers, which keep their range."""
    expect("quantized_reshape", BYTES, data=data)
    return raw(xp).reshape(data, shape=newshape).copy(), min_data.copy(), max_data.copy()


@op(
    "quantized_transpose",
    infer=lambda data, *_, axes: three(Avals.transpose(data, axes=axes).shape, data.dtype),
    grad=ROUNDS,
    outputs=3,
    params=OPS["transpose"].params,
    names=Names(npx="quantized_transpose", json="_npx_quantized_transpose"),
    samples=lambda s: [
        s(_bytes(s, 2, 3), *_range(1)), s(_bytes(s, 2, 3, 1), *_range(1), axes=(2, 0, 1)),
    ],
)  # fmt: skip
def _(
    xp: Any, data: Array, min_data: Array, max_data: Array, *, axes: Any = None
) -> tuple[Array, Array, Array]:
    """Permute the axes of quantized numbers, which keep their range."""
    expect("quantized_transpose", BYTES, data=data)
    return raw(xp).transpose(data, axes=axes).copy(), min_data.copy(), max_data.copy()
