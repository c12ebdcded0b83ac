"""A residual network as deep as wanted, for tests and benchmarks of memory."""

from __future__ import annotations

import numpy as np

import dlstudio as mx
from dlstudio import sym


def _layer(x, width, name, stride=1, kernel=3):
    h = sym.Convolution(
        x, kernel=(kernel, kernel), stride=(stride, stride), pad=(kernel // 2, kernel // 2),
        num_filter=width, no_bias=True, name=name,
    )  # fmt: skip
    return sym.BatchNorm(h, fix_gamma=False, name=f"{name}_bn")


def _relu(x, name):
    return sym.Activation(x, act_type="relu", name=name)


def residual(blocks, widths=(16, 32, 64), dropout=0.0):
    """Two convolutions a block, `blocks` blocks of each width: ``2 * sum + 2`` layers."""
    x = _relu(_layer(sym.var("data"), widths[0], "stem"), "stem_relu")
    for stage, width in enumerate(widths):
        for block in range(blocks):
            name = f"s{stage}b{block}"
            stride = 2 if stage and block == 0 else 1
            h = _relu(_layer(x, width, f"{name}_c1", stride), f"{name}_r1")
            if dropout and block % 4 == 1:
                h = sym.Dropout(h, p=dropout, name=f"{name}_drop")
            h = _layer(h, width, f"{name}_c2")
            if stride > 1:
                x = _layer(x, width, f"{name}_short", stride, kernel=1)
            x = _relu(sym.elemwise_add(h, x, name=f"{name}_add"), f"{name}_r2")
    x = sym.Pooling(x, global_pool=True, pool_type="avg", kernel=(1, 1), name="pool")
    x = sym.FullyConnected(sym.Flatten(x, name="flat"), num_hidden=10, name="fc")
    return sym.SoftmaxOutput(x, name="softmax")


def fill(executor, seed=0):
    """Reproducible weights, data and labels, the same for every executor of one network."""
    rng = np.random.default_rng(seed)
    for name, array in executor.arg_dict.items():
        value = rng.standard_normal(array.shape) / np.sqrt(max(1, np.prod(array.shape[1:])))
        if name.endswith("gamma"):
            value = np.ones(array.shape)
        if name == "softmax_label":
            value = rng.integers(0, 10, array.shape)
        array[:] = value
    for name, array in executor.aux_dict.items():
        array[:] = 1.0 if name.endswith("var") else 0.0
    return executor


def train(executor, steps=2, rate=0.01, seed=3):
    """Plain descent; all numbers that come out of it, by name."""
    mx.random.seed(seed)
    for _ in range(steps):
        executor.forward(is_train=True)
        executor.backward()
        for name, gradient in executor.grad_dict.items():
            if gradient is not None and name not in ("data", "softmax_label"):
                executor.arg_dict[name][:] = executor.arg_dict[name] - rate * gradient
    found = {"out": executor.outputs[0], "next draw": mx.nd.random.uniform(shape=(4,))}
    found.update(executor.aux_dict)
    found.update({f"{n}_grad": g for n, g in executor.grad_dict.items() if g is not None})
    return {name: array.asnumpy() for name, array in found.items()}
