"""A small network, its training, and its parameters."""

import numpy as np

import dlstudio as mx


def mlp():
    x = mx.sym.var("data")
    x = mx.sym.FullyConnected(x, num_hidden=32, name="fc1")
    x = mx.sym.Activation(x, act_type="relu", name="relu1")
    x = mx.sym.FullyConnected(x, num_hidden=10, name="fc2")
    return mx.sym.SoftmaxOutput(x, name="softmax")


def fit(mod, batches, *, epochs=1, begin=0, optimizer="sgd", **kwargs):
    mx.random.seed(1)
    mod.fit(
        batches, num_epoch=epochs, begin_epoch=begin, optimizer=optimizer,
        optimizer_params={"learning_rate": 0.01 if optimizer == "adam" else 0.2},
        initializer=mx.init.Xavier(), **kwargs,
    )  # fmt: skip
    return mod


def values(mod):
    arg_params, aux_params = mod.get_params()
    return {n: a.asnumpy() for n, a in {**arg_params, **aux_params}.items()}


def assert_same(a, b, **tolerance):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], err_msg=name, **(tolerance or {"rtol": 0}))
