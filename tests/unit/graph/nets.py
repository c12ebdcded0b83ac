"""Small networks that several tests of the graph use."""

from __future__ import annotations

import numpy as np

import dlstudio as mx
from dlstudio import sym


def mlp():
    """Two dense layers and a softmax output."""
    x = sym.var("data")
    h = sym.FullyConnected(x, num_hidden=16, name="fc1")
    h = sym.Activation(h, act_type="tanh", name="act1")
    h = sym.FullyConnected(h, num_hidden=4, name="fc2")
    return sym.SoftmaxOutput(h, name="softmax")


def lenet(batch_norm=False, dropout=0.0):
    """The classic convolutional network, ending in class scores."""
    h = sym.Convolution(sym.var("data"), kernel=(5, 5), num_filter=20, name="conv1")
    h = sym.Activation(h, act_type="tanh", name="tanh1")
    h = sym.Pooling(h, kernel=(2, 2), stride=(2, 2), pool_type="max", name="pool1")
    h = sym.Convolution(h, kernel=(5, 5), num_filter=50, name="conv2")
    if batch_norm:
        h = sym.BatchNorm(h, fix_gamma=False, name="bn")
    h = sym.Activation(h, act_type="relu", name="relu2")
    h = sym.Pooling(h, kernel=(2, 2), stride=(2, 2), pool_type="max", name="pool2")
    h = sym.FullyConnected(sym.Flatten(h, name="flat"), num_hidden=500, name="fc1")
    h = sym.Activation(h, act_type="tanh", name="tanh3")
    if dropout:
        h = sym.Dropout(h, p=dropout, name="drop")
    return sym.FullyConnected(h, num_hidden=10, name="fc2")


def tensors(symbol, seed=0, **shapes):
    """Random values for every variable; arguments other than the given ones want gradients."""
    arguments, _, states = symbol.infer_shape(**shapes)
    rng = np.random.default_rng(seed)
    found = {}
    for name, shape in zip(symbol.list_arguments(), arguments, strict=True):
        found[name] = mx.nd.array(rng.standard_normal(shape) * 0.2)
        if name not in shapes:
            found[name].attach_grad()
    for name, shape in zip(symbol.list_auxiliary_states(), states, strict=True):
        found[name] = mx.nd.ones(shape) if name.endswith("var") else mx.nd.zeros(shape)
    return found


def fill(executor, seed=0, classes=4):
    """Random values for every argument of an executor; labels are class numbers."""
    rng = np.random.default_rng(seed)
    for name, array in executor.arg_dict.items():
        if name.endswith("label"):
            array[:] = rng.integers(0, classes, array.shape)
        else:
            array[:] = rng.standard_normal(array.shape) * 0.3


def bound(net=None, **shapes):
    """An executor of `net`, by default the `mlp`, with values in its arrays."""
    executor = (net or mlp()).simple_bind(mx.cpu(), **(shapes or {"data": (8, 5)}))
    fill(executor)
    return executor
