"""The fuse pass: plans with compiled, fused kernels compute what plans on NumPy compute."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import config
from dlstudio.graph import pipeline, program
from dlstudio.kernels import cache

pytestmark = [
    pytest.mark.skipif(not cache.has_numba(), reason="needs numba: pip install numba"),
    pytest.mark.xdist_group("kernels"),  # one process compiles them
]


def conv(x, name, filters=4, **options):
    return mx.sym.Convolution(x, kernel=(3, 3), num_filter=filters, name=name, **options)


def pooled(x, **options):
    options = dict(kernel=(2, 2), stride=(2, 2), pool_type="max") | options
    return mx.sym.Pooling(x, **options)


def plain(x):
    return pooled(mx.sym.Activation(conv(x, "c"), act_type="relu"))


def two_layers(x):
    return pooled(mx.sym.relu(conv(plain(x), "d", filters=16, pad=(1, 1))))


def without_pooling(x):
    return mx.sym.relu(conv(mx.sym.relu(conv(x, "c")), "d", stride=(2, 2)))


def rectified_value_used_twice(x):
    r = mx.sym.relu(conv(x, "c"))
    return mx.sym.elemwise_add(mx.sym.sum(pooled(r)), mx.sym.sum(r))


def convolution_output_used_twice(x):
    c = conv(x, "c")
    return mx.sym.elemwise_add(mx.sym.relu(c), c)


def overlapping_pooling(x):
    return pooled(mx.sym.relu(conv(x, "c")), kernel=(3, 3))


def without_bias(x):
    return pooled(mx.sym.relu(conv(x, "c", no_bias=True)))


def dense(x):
    h = mx.sym.relu(mx.sym.FullyConnected(x, num_hidden=7, name="f"))
    return mx.sym.FullyConnected(h, num_hidden=3, name="g")


def cross_entropy(x):
    """What SoftmaxCrossEntropyLoss becomes."""
    scores = mx.sym.FullyConnected(x, num_hidden=5, name="f")
    logs = mx.sym.log_softmax(scores)
    loss = mx.sym.negative(mx.sym.pick(logs, mx.sym.Variable("label", shape=(3,)), keepdims=True))
    return mx.sym.mean(loss, axis=0, exclude=True)


def logarithms_used_twice(x):
    logs = mx.sym.log_softmax(mx.sym.FullyConnected(x, num_hidden=5, name="f"))
    picked = mx.sym.negative(mx.sym.pick(logs, mx.sym.Variable("label", shape=(3,))))
    return mx.sym.elemwise_add(mx.sym.sum(logs), mx.sym.sum(picked))


NETS = [
    cross_entropy, logarithms_used_twice,
    plain, two_layers, without_pooling, rectified_value_used_twice, convolution_output_used_twice,
    overlapping_pooling, without_bias, dense,
]  # fmt: skip


def train_once(net, kernels, grad_req="write"):
    """Output, gradients and graph of one step on a seeded batch; plans are built at first use."""
    rng = np.random.default_rng(0)
    with config.using(kernels=kernels):
        executor = net(mx.sym.Variable("data")).simple_bind(
            mx.cpu(), data=(3, 2, 11, 12), grad_req=grad_req
        )
        for array in executor.arg_dict.values():
            array[:] = mx.nd.array(rng.standard_normal(array.shape))
        executor.forward(is_train=True)
        head = rng.standard_normal(executor.outputs[0].shape)
        executor.backward(mx.nd.array(head))
        grads = {n: g.asnumpy().copy() for n, g in executor.grad_dict.items() if g is not None}
        return executor.outputs[0].asnumpy().copy(), grads, executor.graph


@pytest.mark.parametrize("net", NETS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("grad_req", ["write", "add"])
def test_fused_plan_equals_numpy_plan(net, grad_req, monkeypatch):
    expected, expected_grads, _ = train_once(net, "numpy", grad_req)
    monkeypatch.setattr(program, "poison", True)  # NaN in every buffer that is read too early
    out, grads, _ = train_once(net, "compiled", grad_req)
    # Sums of a few hundred float32 products in another order.
    np.testing.assert_allclose(out, expected, rtol=2e-5, atol=2e-5)
    for name, grad in expected_grads.items():
        np.testing.assert_allclose(grads[name], grad, rtol=2e-5, atol=5e-5, err_msg=name)


@pytest.mark.parametrize(
    ("net", "kept", "gone"),
    [
        (plain, "fused_conv_relu_pool", "pooling_grad"),
        (without_pooling, "fused_conv_grad_weight", "relu_grad"),
        (rectified_value_used_twice, "fused_conv_relu", "relu_grad"),
        (convolution_output_used_twice, "Convolution", "fused_conv_relu"),
        (dense, "fused_relu_bias_grad", "relu_grad"),
        (cross_entropy, "fused_cross_entropy_grad", "pick_grad"),
        (logarithms_used_twice, "log_softmax", "fused_cross_entropy"),
    ],
    ids=lambda v: v if isinstance(v, str) else v.__name__,
)
def test_what_is_fused_and_what_is_not(net, kept, gone):
    graph = train_once(net, "compiled")[2]
    names = {eqn.op.name for eqn in graph.eqns}
    assert kept in names
    assert gone not in names


def test_the_pass_says_what_it_did_and_can_be_switched_off():
    assert "fused_conv_relu_pool" in train_once(plain, "compiled")[2].explain()
    with pipeline.without("fuse"):
        names = {eqn.op.name for eqn in train_once(plain, "compiled")[2].eqns}
    assert "Convolution" in names


def test_mode_numpy_leaves_the_graph_alone():
    names = {eqn.op.name for eqn in train_once(plain, "numpy")[2].eqns}
    assert not [name for name in names if name.startswith("fused")]
