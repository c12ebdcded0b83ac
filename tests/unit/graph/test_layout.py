"""The layout pass: layers written channels last run in the layout that has kernels."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import config, sym
from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.graph.ir import Graph, verify
from dlstudio.graph.passes.gradient import gradient
from dlstudio.graph.passes.layout import layout
from dlstudio.kernels import cache
from tests.unit.graph.test_passes import evaluate

compiled = [
    pytest.mark.skipif(not cache.has_numba(), reason="needs numba: pip install numba"),
    pytest.mark.xdist_group("kernels"),
]


def residual(side, pool="max"):
    """Convolutions, norms, activations, a shortcut, pooling, and a dense layer behind."""
    axis = 3 if side == "NHWC" else 1

    def conv(x, name):
        return sym.Convolution(
            x, kernel=(3, 3), pad=(1, 1), num_filter=4, layout=side, name=name
        )  # fmt: skip

    h = sym.relu(conv(sym.var("data"), "c1"))
    g = sym.BatchNorm(conv(h, "c2"), axis=axis, fix_gamma=False, name="norm")
    h = sym.Activation(g + h, act_type="relu", name="act")
    h = sym.Pooling(h, kernel=(2, 2), stride=(2, 2), pool_type=pool, layout=side, name="pool")
    return sym.FullyConnected(h, num_hidden=3, name="fc")


SHAPES = {"NHWC": (2, 6, 6, 2), "NCHW": (2, 2, 6, 6)}


def moved(graph):
    return [e.name for e in graph.eqns if e.op.name == "graph_relayout"]


@pytest.mark.parametrize(("written", "wanted"), [("NHWC", "NCHW"), ("NCHW", "NHWC")])
def test_copies_stand_where_the_chain_begins_and_ends_and_nowhere_between(written, wanted):
    graph = Graph.of(residual(written), {"data": SHAPES[written]}, training=True)
    after = verify(layout(graph, wanted))
    assert moved(after) == [
        f"data_{wanted}", f"c1_weight_{wanted}", f"c2_weight_{wanted}", f"pool_{written}"
    ]  # fmt: skip
    layouts = {e.attrs["layout"] for e in after.eqns if "layout" in e.attrs}
    assert layouts == {wanted}
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(graph.avals[x.value].shape).astype("f4") for x in graph.inputs]
    arrays[-3] = np.abs(arrays[-3]) + 0.5
    np.testing.assert_allclose(
        evaluate(after, *arrays)[0], evaluate(graph, *arrays)[0], rtol=1e-4, atol=1e-5
    )


def test_gradients_follow_the_layout():
    graph = Graph.of(residual("NHWC"), {"data": SHAPES["NHWC"]}, training=True)
    requests = dict.fromkeys(("data", "c1_weight", "c2_weight", "norm_gamma"), "write")
    rng = np.random.default_rng(0)
    plain = gradient(graph, requests)
    changed = verify(gradient(layout(graph, "NCHW"), requests))
    plain, changed = (_without_states(g) for g in (plain, changed))
    arrays = [
        np.abs(rng.standard_normal(plain.avals[x.value].shape)).astype("f4") for x in plain.inputs
    ]
    for a, b in zip(evaluate(changed, *arrays), evaluate(plain, *arrays), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4)


def _without_states(graph):
    """The same without the writing of moving averages, which `evaluate` would do to its inputs."""
    from dataclasses import replace

    return replace(graph, eqns=tuple(e for e in graph.eqns if e.op.name != "graph_assign"))


def test_a_layer_that_is_in_the_layout_already_is_left_alone():
    graph = Graph.of(residual("NCHW"), {"data": SHAPES["NCHW"]})
    assert layout(graph, "auto") is graph
    assert layout(graph, "NCHW") is graph


def test_outputs_inside_the_chain_are_handed_out_as_written():
    inside = residual("NHWC").get_internals()
    net = sym.Group([inside["norm_output"], inside["pool_output"]])
    graph = Graph.of(net, {"data": SHAPES["NHWC"]}, training=True)
    after = verify(layout(graph, "NCHW"))
    shapes = [after.avals[v].shape for v in after.outputs]
    assert shapes == [(2, 6, 6, 4), (2, 3, 3, 4)]


def test_without_kernels_nothing_is_moved():
    with config.using(kernels="numpy"):
        executor = residual("NHWC").simple_bind(mx.cpu(), data=SHAPES["NHWC"])
        assert not moved(executor.graph)


def _train(net, shape, **options):
    executor = net.simple_bind(mx.cpu(), data=shape, **options)
    rng = np.random.default_rng(0)
    for name, array in executor.arg_dict.items():
        array[:] = rng.standard_normal(array.shape) * (1.0 if name == "data" else 0.3)
    executor.forward(is_train=True)
    executor.backward(mx.nd.ones((2, 3)))
    grads = {n: g.asnumpy() for n, g in executor.grad_dict.items()}
    return executor.outputs[0].asnumpy(), grads, executor.graph


class TestWithKernels:
    pytestmark = compiled

    def test_channels_last_runs_on_the_kernels_and_the_numbers_stay(self):
        with config.using(kernels="compiled"):
            out, grads, graph = _train(residual("NHWC"), SHAPES["NHWC"])
            plain, plain_grads, without = _train(
                residual("NHWC"), SHAPES["NHWC"], without="layout"
            )  # fmt: skip
        assert moved(graph)
        assert not moved(without)
        assert "layout: " in graph.explain()
        assert "+ data_NCHW (graph_relayout" in graph.explain("layout")
        np.testing.assert_allclose(out, plain, rtol=1e-4, atol=1e-5)
        for name, grad in plain_grads.items():
            np.testing.assert_allclose(grads[name], grad, rtol=1e-3, atol=1e-3, err_msg=name)

    def test_a_block_may_ask_for_a_layout(self):
        net = nn.HybridSequential()
        net.add(nn.Conv2D(3, 3, in_channels=2), nn.MaxPool2D(2))
        net.initialize()
        x = mx.nd.array(np.random.default_rng(0).standard_normal((2, 2, 8, 8)))
        expected = net(x).asnumpy()
        net.hybridize(layout="NHWC")
        np.testing.assert_allclose(net(x).asnumpy(), expected, rtol=1e-4, atol=1e-5)
        assert moved(net.plan().graph)
        net.hybridize(without=("layout", "fuse"))
        net(x)
        assert not moved(net.plan().graph)


def test_an_unknown_layout_or_pass_is_refused_when_it_is_asked_for():
    with pytest.raises(ParamError, match="layout='CHWN'"):
        residual("NHWC").simple_bind(mx.cpu(), data=SHAPES["NHWC"], layout="CHWN")
    with pytest.raises(ParamError, match="'fusion': there is no such pass"):
        residual("NHWC").simple_bind(mx.cpu(), data=SHAPES["NHWC"], without="fusion")
    with pytest.raises(ParamError, match="'compile_bodies': no plan can be written"):
        mx.graph.without("compile_bodies").__enter__()
