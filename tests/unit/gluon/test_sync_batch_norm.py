"""A batch in parts on several devices trains as the whole batch does on one."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.gluon import nn
from dlstudio.trace import bus
from tests.unit.gluon.parts import (
    DATA,
    close,
    layer,
    network,
    nothing_left,
    parts_of,
    step,
    train,
    two,
)

_nothing_left = pytest.fixture(autouse=True)(nothing_left)


_STYLES = ["one backward", "one backward each", "device by device"]


@pytest.mark.parametrize("style", _STYLES)
@pytest.mark.parametrize("sizes", [[4, 5], [1, 6, 2]])
def test_trains_like_one_batch(sizes, style):
    expected = train([9], "one backward")
    close(train(sizes, style), expected)


@pytest.mark.parametrize("style", _STYLES)
def test_trains_like_one_batch_hybridized(style):
    close(train([4, 5], style, hybrid=True), train([9], "one backward"))


def test_moving_averages_are_those_of_the_whole_batch():
    net, plain = layer(momentum=0.5), nn.BatchNorm(in_channels=2, momentum=0.5)
    plain.initialize()
    with autograd.record():
        outputs = [net(x) for x in two()]
        expected = plain(nd.array(DATA))
    autograd.backward([*outputs, expected])
    for device in (mx.cpu(0), mx.cpu(1)):
        for one, other in (
            (net.running_mean, plain.running_mean),
            (net.running_var, plain.running_var),
        ):
            np.testing.assert_allclose(
                one.data(device).asnumpy(), other.data().asnumpy(), rtol=1e-5
            )


def test_predictions_wait_for_nobody():
    net, x = layer(), nd.array(DATA)
    np.testing.assert_allclose(net(x).asnumpy(), DATA / np.sqrt(1 + 1e-5), rtol=1e-5)
    with autograd.record(train_mode=False):
        assert net(x).asnumpy().shape == DATA.shape
    with autograd.train_mode():  # nothing is recorded: the statistics of this part
        assert abs(net(x).asnumpy().mean()) < 1e-5


def test_global_statistics_wait_for_nobody():
    net = layer(use_global_stats=True)
    with autograd.record():
        out = net(nd.array(DATA))
    np.testing.assert_allclose(out.asnumpy(), DATA / np.sqrt(1 + 1e-5), rtol=1e-5)


def test_gradients_asked_for_by_name():
    net, plain = layer(), nn.BatchNorm(in_channels=2)
    plain.initialize()
    parts, whole = two(), nd.array(DATA)
    for x in (*parts, whole):
        x.attach_grad()
    with autograd.record():
        outputs = [net(x) ** 3 for x in parts]
        total = outputs[0].sum() + outputs[1].sum().as_in_context(mx.cpu(0))
        first = autograd.grad(total, parts, create_graph=True)
        slope = (first[0] ** 2).sum() + (first[1] ** 2).sum().as_in_context(mx.cpu(0))
        reference = autograd.grad((plain(whole) ** 3).sum(), [whole], create_graph=True)[0]
        expected = (reference**2).sum()
    slope.backward()
    expected.backward()
    close([g.asnumpy() for g in first], [reference.asnumpy()[:4], reference.asnumpy()[4:]])
    close([x.grad.asnumpy() for x in parts], [whole.grad.asnumpy()[:4], whole.grad.asnumpy()[4:]])


def test_half_precision():
    net = layer()
    net.cast("float16")
    with autograd.record():
        outputs = [net(x.astype("float16")) for x in two()]
    assert {x.dtype for x in outputs} == {np.float16}
    together = np.concatenate([x.asnumpy() for x in outputs]).astype("float32")
    assert np.abs(together.mean(axis=(0, 2, 3))).max() < 1e-3


def test_fixed_gamma_has_gradient_zero():
    net = layer(scale=False)
    with autograd.record():
        outputs = [net(x) for x in two()]
    autograd.backward(outputs)
    assert net.gamma.data(mx.cpu(0)).asnumpy().tolist() == [1, 1]
    parts = [nd.array(DATA[:4], mx.cpu(0)), nd.array(DATA[4:], mx.cpu(1))]
    ones = [[nd.ones(2, x.context) for _ in range(4)] for x in parts]
    for given in ones:
        for vector in given:
            vector.attach_grad()
    with autograd.record():
        outputs = [
            nd.contrib.SyncBatchNorm(x, *given, ndev=2, key="k")
            for x, given in zip(parts, ones, strict=True)
        ]
    autograd.backward(outputs)
    assert ones[0][0].grad.asnumpy().tolist() == [0, 0]
    assert ones[1][1].grad.asnumpy().tolist() == [5 * 36, 5 * 36]


def test_statistics_as_outputs():
    outputs = []
    with autograd.record():
        for x in two():
            vectors = [nd.ones(2, x.context) for _ in range(4)]
            outputs.append(
                nd.contrib.SyncBatchNorm(x, *vectors, ndev=2, key="m", eps=0, output_mean_var=True)
            )
    for y, mean, scale in outputs:
        assert y.shape[1:] == (2, 6, 6)
        np.testing.assert_allclose(mean.asnumpy(), DATA.mean(axis=(0, 2, 3)), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(scale.asnumpy(), 1 / DATA.std(axis=(0, 2, 3)), rtol=1e-4)


def test_two_calls_of_each_device_meet_in_their_order():
    net = layer()
    pairs = [(x, x * 3 + 1) for x in two()]
    with autograd.record():
        outputs = [(net(a), net(b)) for a, b in pairs]
    for which, whole in enumerate((DATA, DATA * 3 + 1)):
        axes = (0, 2, 3)
        expected = (whole - whole.mean(axes, keepdims=True)) / whole.std(axes, keepdims=True)
        found = np.concatenate([y[which].asnumpy() for y in outputs])
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_graph_read_from_a_file_trains_on_several_devices(tmp_path):
    devices = [mx.cpu(0), mx.cpu(1)]
    net = network(devices)
    net.hybridize()
    net(parts_of([4, 5], devices)[0][0])
    net.export(str(tmp_path / "net"))
    again = gluon.SymbolBlock.imports(
        str(tmp_path / "net-symbol.json"), ["data"], str(tmp_path / "net-0000.params"), ctx=devices
    )
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    found = step(again, loss, parts_of([4, 5], devices), "one backward each")
    expected = step(net, loss, parts_of([4, 5], devices), "one backward each")
    close([x.asnumpy() for x in found], [x.asnumpy() for x in expected])


# ---- around it -------------------------------------------------------------------------------
class _Head(gluon.HybridBlock):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Dense(3)

    def forward(self, x):
        return self.dense(mx.npx.relu(x).reshape(x.shape[0], -1))


@pytest.mark.parametrize("compiled", ["nothing", "the head", "everything"])
def test_blocks_with_forward_and_shapes_not_known_yet(compiled):
    devices = [mx.cpu(0), mx.cpu(1)]
    net, head = nn.HybridSequential(), _Head()
    net.add(nn.Conv2D(4, 3), nn.SyncBatchNorm(num_devices=2), head)
    mx.random.seed(0)
    net.initialize(ctx=devices)
    if compiled != "nothing":
        (head if compiled == "the head" else net).hybridize()
    parts = [mx.np.array(x, ctx=d) for x, d in zip((DATA[:4], DATA[4:]), devices, strict=True)]
    for _ in range(2):
        with autograd.record():
            outputs = [net(x) for x in parts]
            losses = [(y**2).sum() for y in outputs]
        autograd.backward(losses)
    assert {type(y) for y in outputs} == {mx.np.ndarray}
    values = {k: p.data().asnumpy() for k, p in net.collect_params().items() if "running" not in k}
    kernel, bias = (v for k, v in values.items() if "conv" in k)
    hidden = nd.Convolution(
        nd.array(DATA), nd.array(kernel), nd.array(bias), kernel=(3, 3), num_filter=4
    ).asnumpy()
    axes = (0, 2, 3)
    hidden = (hidden - hidden.mean(axes, keepdims=True)) / np.sqrt(
        hidden.var(axes, keepdims=True) + 1e-5
    )
    weight, offset = (v for k, v in values.items() if "dense" in k)
    expected = np.maximum(hidden, 0).reshape(9, -1) @ weight.T + offset
    np.testing.assert_allclose(
        np.concatenate([y.asnumpy() for y in outputs]), expected, rtol=1e-4, atol=1e-5
    )


def test_watchers_see_what_was_put_off():
    net, seen = layer(), []
    stop = bus.subscribe(seen.append)
    try:
        with autograd.record():
            outputs = [net(x) * 2 for x in two()]
        autograd.backward(outputs)
    finally:
        stop()
    ran = [e for e in seen if type(e).__name__ == "OpRan"]
    assert {e.device for e in ran} == {"cpu(0)", "cpu(1)"}


def test_symbol_of_what_was_computed_together():
    net, parts = layer(prefix="norm_"), two()
    with autograd.record():
        outputs = [net(x) for x in parts]
    assert "norm_beta" in autograd.get_symbol(outputs[0]).list_arguments()


def test_a_network_that_only_trained_is_drawn_and_has_no_plan():
    devices = [mx.cpu(0), mx.cpu(1)]
    net = network(devices)
    net.hybridize()
    step(net, gluon.loss.L2Loss(), [(x, nd.ones((len(x), 4), x.context)) for x in two()], "")
    assert any("SyncBatchNorm" in str(node) for node in mx.viz.drawing_of(net).nodes)
    with pytest.raises(mx.errors.ArgumentError, match="waits for other devices"):
        net.plan()


def test_a_copy_of_a_network_meets_copies_of_itself():
    net = layer()
    again = copy.deepcopy(net)
    parts = two()
    with autograd.record():
        first = net(parts[0]), again(parts[0] * 3)
        second = again(parts[1] * 3), net(parts[1])  # in another order
    whole = np.concatenate([first[0].asnumpy(), second[1].asnumpy()])
    tripled = np.concatenate([first[1].asnumpy(), second[0].asnumpy()])
    for found in (whole, tripled):
        assert np.abs(found.mean(axis=(0, 2, 3))).max() < 1e-5
        assert np.abs(found.std(axis=(0, 2, 3)) - 1).max() < 1e-3
