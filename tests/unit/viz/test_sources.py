"""Every kind of object that holds a computation, drawn from the real engine."""

from __future__ import annotations

from typing import Any

import pytest

import dlstudio as mx
from dlstudio import autograd, gluon
from dlstudio.errors import ArgumentError, GradError
from dlstudio.gluon import nn
from dlstudio.viz import Drawing, drawing_of


def lenet(**options: Any) -> nn.HybridSequential:
    net = nn.HybridSequential(prefix="lenet_")
    with net.name_scope():
        features = nn.HybridSequential(prefix="features_")
        with features.name_scope():
            for channels in (6, 16):
                features.add(nn.Conv2D(channels, 5, activation="relu"), nn.MaxPool2D(2, 2))
        net.add(features, nn.Flatten(), nn.Dense(10))
    net.initialize(**options)
    return net


class Plain(gluon.Block):
    """A block that is no hybrid one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.conv = nn.Conv2D(8, 3, padding=1)
            self.norm = nn.BatchNorm()
            self.act = nn.Activation("relu")
            self.dense = nn.Dense(3)

    def forward(self, x: Any) -> Any:
        return self.dense(mx.nd.flatten(self.act(self.norm(self.conv(x)))))


def image() -> Any:
    return mx.nd.ones((4, 1, 28, 28))


def ops(drawing: Drawing) -> list[str]:
    return [node.op for node in drawing.operators]


LENET = ["Convolution", "Activation", "Pooling", "Convolution", "Activation", "Pooling"]
LENET += ["Flatten", "FullyConnected"]


def test_a_hybrid_block_is_traced_with_the_shapes_of_its_data() -> None:
    drawing = drawing_of(lenet(), data=image())
    assert ops(drawing) == LENET
    assert drawing.title == "lenet"
    assert drawing.operators[0].shape == (4, 6, 24, 24)
    assert drawing.operators[0].scope == "features/conv0"
    assert drawing.scopes["features/conv0"] == "Conv2D"
    assert drawing.params == 6 * 25 + 6 + 16 * 150 + 16 + 10 * 256 + 10
    assert {node.device for node in drawing.operators} == {"cpu(0)"}
    assert drawing.operators[0].span.startswith("test_sources.py:")


def test_a_hybrid_block_needs_no_data_to_be_drawn() -> None:
    drawing = drawing_of(lenet())
    assert ops(drawing) == LENET
    assert drawing.operators[0].shape is None


def test_shapes_can_stand_for_data() -> None:
    drawing = drawing_of(lenet(), shape={"data": (2, 1, 28, 28)})
    assert drawing.operators[-1].shape == (2, 10)


def test_a_hybridized_block_shows_the_plan_that_runs() -> None:
    net = lenet()
    net.hybridize()
    drawing = drawing_of(net, data=image())
    plan = net._cached_op.graph(train=False)
    assert len(drawing.operators) == len(plan.eqns)
    assert {node.device for node in drawing.operators} == {"cpu(0)"}
    assert drawing.operators[0].scope.startswith("features")


def test_a_trained_hybridized_block_shows_its_backward_half() -> None:
    net = lenet()
    net.hybridize()
    with autograd.record():
        net(image()).sum().backward()
    roles = {node.role for node in drawing_of(net).operators}
    assert roles == {"forward", "backward"}
    assert drawing_of(net._cached_op).operators == drawing_of(net).operators


def test_a_plain_block_with_data_runs_once() -> None:
    net = Plain()
    net.initialize()
    x = image()
    drawing = drawing_of(net, data=x)
    assert ops(drawing) == [
        "Convolution", "BatchNorm", "Activation", "Flatten", "FullyConnected",
    ]  # fmt: skip
    assert drawing.params == 8 * 9 + 8 + 2 * 8 + 3 * 6272 + 3
    assert [n.name for n in drawing.nodes if n.kind == "variable" and not n.weight] == ["data"]
    assert x.grad is None


def test_a_plain_block_without_data_is_drawn_as_a_tree() -> None:
    drawing = drawing_of(Plain())
    assert drawing.note == "tree"
    assert ops(drawing) == ["Conv2D", "BatchNorm", "Activation", "Dense"]
    assert drawing.edges == ()


def test_a_tree_of_sequential_blocks_shows_their_order() -> None:
    net = nn.Sequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Conv2D(4, 3, activation="relu"), nn.Dense(2))
    drawing = drawing_of(net)
    assert ops(drawing) == ["Conv2D", "Activation", "Dense"]
    assert [(edge.source, edge.target) for edge in drawing.edges] == [("n1", "n2"), ("n0", "n1")]


def test_a_recorded_tensor_shows_its_tape() -> None:
    x = mx.nd.ones((2, 3))
    x.attach_grad()
    with autograd.record():
        y = mx.nd.exp(x)
        z = mx.nd.broadcast_add(y, mx.nd.relu(y))
    drawing = drawing_of(z)
    assert ops(drawing) == ["exp", "relu", "broadcast_add"]
    assert [edge.shape for edge in drawing.edges] == [(2, 3)] * 4
    assert [node.weight for node in drawing.nodes if node.kind == "variable"] == [False]


def test_the_tape_through_a_hybridized_block_shows_its_operators() -> None:
    net = lenet()
    net.hybridize()
    loss = gluon.loss.L2Loss()
    with autograd.record():
        result = loss(net(image()), mx.nd.zeros((4, 10)))
    drawing = drawing_of(result)
    assert ops(drawing)[: len(LENET)] == LENET
    assert drawing.operators[0].shape == (4, 6, 24, 24)


def test_a_tensor_that_was_not_recorded_teaches() -> None:
    with pytest.raises(GradError, match="autograd's tape"):
        drawing_of(mx.nd.ones((2,)))


def test_a_function_is_run_once() -> None:
    def f(a: Any, b: Any) -> Any:
        return mx.nd.relu(mx.nd.dot(a, b))

    drawing = drawing_of(f, data=(mx.nd.ones((2, 3)), mx.nd.ones((3, 4))))
    assert ops(drawing) == ["dot", "relu"]
    assert drawing.operators[0].shape == (2, 4)
    assert drawing.title == "f"
    assert drawing.operators[0].span.startswith("test_sources.py:")


def test_a_function_without_data_teaches() -> None:
    with pytest.raises(ArgumentError, match="must run once"):
        drawing_of(lambda x: x)


def test_an_executor_shows_devices_and_both_halves() -> None:
    with mx.AttrScope(ctx_group="first"):
        hidden = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="fc1")
    with mx.AttrScope(ctx_group="second"):
        scores = mx.sym.FullyConnected(hidden, num_hidden=3, name="fc2")
        net = mx.sym.SoftmaxOutput(scores, name="softmax")
    executor = net.simple_bind(
        mx.cpu(0), data=(2, 5), group2ctx={"first": mx.cpu(0), "second": mx.cpu(1)}
    )
    drawing = drawing_of(executor)
    assert set(drawing.devices) == {"cpu(0)", "cpu(1)"}
    assert drawing.node("fc1").device == "cpu(0)"
    assert drawing.node("fc2").device == "cpu(1)"
    assert {node.role for node in drawing.operators} >= {"forward", "backward"}
    assert "copy" in {node.category for node in drawing.operators}


def test_a_symbol_file_shows_its_context_groups() -> None:
    with mx.AttrScope(ctx_group="first"):
        net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="fc1")
    assert drawing_of(mx.sym.load_json(net.tojson())).node("fc1").device == "first"


def test_what_holds_no_computation_is_refused() -> None:
    with pytest.raises(ArgumentError, match="int holds no computation"):
        drawing_of(3)


def watched(run: Any) -> list[Any]:
    from dlstudio.trace.recorder import Recorder

    with Recorder() as recorder:
        run()
    return list(recorder.events)


def test_measured_times_go_to_the_node_that_ran() -> None:
    net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
    executor = net.simple_bind(mx.cpu(), data=(2, 5))

    def run() -> None:
        for _ in range(2):
            executor.forward(is_train=True)
            executor.backward(mx.nd.ones((2, 3)))

    events = [event for event in watched(run) if hasattr(event, "op")]
    drawing = drawing_of(executor).with_times(events)
    forward = [e.end - e.start for e in events if e.op == "FullyConnected"]
    assert drawing.node("fc").time_ns == sum(forward)
    assert len(forward) == 2
    total = sum(e.end - e.start for e in events if e.name)  # the head gradient has none
    assert sum(node.time_ns for node in drawing.operators) == total


def test_a_block_can_be_plotted_and_summarised(capsys: pytest.CaptureFixture[str]) -> None:
    net = lenet()
    plot = mx.viz.plot_network(net, shape={"data": (1, 1, 28, 28)})
    assert sum('shape="box"' in line for line in plot.body) == len(LENET)
    mx.viz.print_summary(net, shape={"data": (1, 1, 28, 28)})
    assert "Total params: 5142" in capsys.readouterr().out
