"""A batch in parts on several devices trains as the whole batch does on one."""

from __future__ import annotations

import copy
import gc
import threading
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.core import late
from dlstudio.errors import GradError, GraphError, ParamError, WaitingError
from dlstudio.gluon import nn
from dlstudio.trace import bus

Array = Any

_RNG = np.random.default_rng(0)
_DATA = _RNG.normal(size=(9, 2, 6, 6)).astype("float32")
_LABELS = _RNG.integers(0, 4, 9).astype("float32")


@pytest.fixture(autouse=True)
def _nothing_left():
    """Nobody waits for anything once a test is over."""
    yield
    gc.collect()
    assert not late.alive
    assert not late.visits
    assert not late.unfinished


class _Residual(gluon.HybridBlock):
    """Two paths around a normalisation: their gradients meet below it."""

    def __init__(self, norm: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.first = nn.Conv2D(3, 3, padding=1, in_channels=2)
            self.norm = norm()
            self.second = nn.Conv2D(3, 1, in_channels=3)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        y = self.first(x)
        return F.relu(self.second(self.norm(y)) + y)


def _network(devices: list[Any]) -> Any:
    def norm() -> Any:
        if len(devices) == 1:
            return nn.BatchNorm(in_channels=3)
        return nn.SyncBatchNorm(in_channels=3, num_devices=len(devices))

    net = nn.HybridSequential()
    with net.name_scope():
        net.add(_Residual(norm), nn.Conv2D(3, 3, in_channels=3), norm(), nn.Dense(4, in_units=48))
    net.initialize(ctx=devices)
    rng = np.random.default_rng(1)
    for name, p in net.collect_params().items():
        if "running" not in name:
            p.set_data(nd.array(rng.normal(size=p.shape) * 0.3 + ("gamma" in name)))
    return net


def _parts(sizes: list[int], devices: list[Any]) -> list[tuple[Any, Any]]:
    ends = list(accumulate(sizes))
    spans = zip([0, *ends], ends, devices, strict=False)
    return [(nd.array(_DATA[i:j], d), nd.array(_LABELS[i:j], d)) for i, j, d in spans]


def _step(net: Any, loss: Any, parts: list[tuple[Any, Any]], style: str) -> list[Any]:
    if style == "device by device":
        losses = []
        for x, y in parts:
            with autograd.record():
                losses.append(loss(net(x), y))
            losses[-1].backward()
        return losses
    with autograd.record():
        losses = [loss(net(x), y) for x, y in parts]
    if style == "one backward":
        autograd.backward(losses)
    else:
        for each in losses:
            each.backward()
    return losses


def _train(sizes: list[int], style: str, *, hybrid: bool = False) -> list[Array]:
    devices = [mx.cpu(i) for i in range(len(sizes))]
    net, loss = _network(devices), gluon.loss.SoftmaxCrossEntropyLoss()
    if hybrid:
        net.hybridize()
        loss.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    for _ in range(2):
        losses = _step(net, loss, _parts(sizes, devices), style)
        trainer.step(9)
    values = [p.data(devices[-1]).asnumpy() for p in net.collect_params().values()]
    return [*values, np.concatenate([x.asnumpy() for x in losses])]


def _close(found: list[Array], expected: list[Array]) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


_STYLES = ["one backward", "one backward each", "device by device"]


@pytest.mark.parametrize("style", _STYLES)
@pytest.mark.parametrize("sizes", [[4, 5], [1, 6, 2]])
def test_trains_like_one_batch(sizes, style):
    expected = _train([9], "one backward")
    _close(_train(sizes, style), expected)


@pytest.mark.parametrize("style", _STYLES)
def test_trains_like_one_batch_hybridized(style):
    _close(_train([4, 5], style, hybrid=True), _train([9], "one backward"))


def _layer(**options: Any) -> Any:
    net = nn.SyncBatchNorm(in_channels=2, num_devices=2, **options)
    net.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    return net


def _two(n: int = 4) -> list[Any]:
    return [nd.array(_DATA[:n], mx.cpu(0)), nd.array(_DATA[n:], mx.cpu(1))]


def test_moving_averages_are_those_of_the_whole_batch():
    net, plain = _layer(momentum=0.5), nn.BatchNorm(in_channels=2, momentum=0.5)
    plain.initialize()
    with autograd.record():
        outputs = [net(x) for x in _two()]
        expected = plain(nd.array(_DATA))
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
    net, x = _layer(), nd.array(_DATA)
    np.testing.assert_allclose(net(x).asnumpy(), _DATA / np.sqrt(1 + 1e-5), rtol=1e-5)
    with autograd.record(train_mode=False):
        assert net(x).asnumpy().shape == _DATA.shape
    with autograd.train_mode():  # nothing is recorded: the statistics of this part
        assert abs(net(x).asnumpy().mean()) < 1e-5


def test_global_statistics_wait_for_nobody():
    net = _layer(use_global_stats=True)
    with autograd.record():
        out = net(nd.array(_DATA))
    np.testing.assert_allclose(out.asnumpy(), _DATA / np.sqrt(1 + 1e-5), rtol=1e-5)


def test_gradients_asked_for_by_name():
    net, plain = _layer(), nn.BatchNorm(in_channels=2)
    plain.initialize()
    parts, whole = _two(), nd.array(_DATA)
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
    _close([g.asnumpy() for g in first], [reference.asnumpy()[:4], reference.asnumpy()[4:]])
    _close([x.grad.asnumpy() for x in parts], [whole.grad.asnumpy()[:4], whole.grad.asnumpy()[4:]])


def test_half_precision():
    net = _layer()
    net.cast("float16")
    with autograd.record():
        outputs = [net(x.astype("float16")) for x in _two()]
    assert {x.dtype for x in outputs} == {np.float16}
    together = np.concatenate([x.asnumpy() for x in outputs]).astype("float32")
    assert np.abs(together.mean(axis=(0, 2, 3))).max() < 1e-3


def test_fixed_gamma_has_gradient_zero():
    net = _layer(scale=False)
    with autograd.record():
        outputs = [net(x) for x in _two()]
    autograd.backward(outputs)
    assert net.gamma.data(mx.cpu(0)).asnumpy().tolist() == [1, 1]
    parts = [nd.array(_DATA[:4], mx.cpu(0)), nd.array(_DATA[4:], mx.cpu(1))]
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
        for x in _two():
            vectors = [nd.ones(2, x.context) for _ in range(4)]
            outputs.append(
                nd.contrib.SyncBatchNorm(x, *vectors, ndev=2, key="m", eps=0, output_mean_var=True)
            )
    for y, mean, scale in outputs:
        assert y.shape[1:] == (2, 6, 6)
        np.testing.assert_allclose(mean.asnumpy(), _DATA.mean(axis=(0, 2, 3)), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(scale.asnumpy(), 1 / _DATA.std(axis=(0, 2, 3)), rtol=1e-4)


def test_two_calls_of_each_device_meet_in_their_order():
    net = _layer()
    pairs = [(x, x * 3 + 1) for x in _two()]
    with autograd.record():
        outputs = [(net(a), net(b)) for a, b in pairs]
    for which, whole in enumerate((_DATA, _DATA * 3 + 1)):
        axes = (0, 2, 3)
        expected = (whole - whole.mean(axes, keepdims=True)) / whole.std(axes, keepdims=True)
        found = np.concatenate([y[which].asnumpy() for y in outputs])
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_thread_for_each_device():
    expected = _train([9], "one backward")
    devices = [mx.cpu(0), mx.cpu(1)]
    net, loss = _network(devices), gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1, "momentum": 0.9})
    for _ in range(2):
        losses: dict[int, Any] = {}

        def work(i: int, x: Any, y: Any, losses: dict[int, Any] = losses) -> None:
            with autograd.record():
                found = loss(net(x), y)
            found.wait_to_read()
            found.backward()
            losses[i] = found

        parts = enumerate(_parts([4, 5], devices))
        threads = [threading.Thread(target=work, args=(i, *part)) for i, part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        trainer.step(9)
    values = [p.data(mx.cpu(1)).asnumpy() for p in net.collect_params().values()]
    _close([*values, np.concatenate([losses[i].asnumpy() for i in (0, 1)])], expected)


def test_a_thread_reads_gradients_when_all_parts_have_come():
    net, early, late_ones = _layer(), {}, {}

    def work(i: int, x: Any) -> None:
        with autograd.record():
            loss = (net(x) ** 3).sum()
        loss.backward()
        early[i] = net.gamma.grad(x.context).asnumpy()

    for _ in range(5):
        threads = [threading.Thread(target=work, args=part) for part in enumerate(_two())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        late_ones = {i: net.gamma.grad(mx.cpu(i)).asnumpy() for i in (0, 1)}
        np.testing.assert_equal(early, late_ones)
        net.collect_params().zero_grad()


def test_networks_of_several_threads_have_nothing_to_do_with_each_other():
    keys = []

    def work() -> None:
        with autograd.record():
            kept = _layer()(_two()[0])  # noqa: F841  it waits until the thread ends
            keys.extend(visit.key for visit in late.visits)
        late.give_up()

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(set(keys)) == 2


def test_the_main_thread_waits_for_what_others_compute():
    net, outputs, made = _layer(), [], threading.Event()

    def work() -> None:
        first, second = _two()
        with autograd.record():
            outputs.append(net(first))
            made.set()
            outputs.append(net(second))

    thread = threading.Thread(target=work)
    thread.start()
    made.wait()
    assert abs(outputs[0].asnumpy().mean()) < 1
    thread.join()


def test_an_error_in_a_backward_pass_ends_the_waiting():
    net, parts = _layer(), _two()

    class Broken(autograd.Function):
        def forward(self, x):
            return x * 1

        def backward(self, dy):
            raise ZeroDivisionError

    for x in parts:
        x.attach_grad()
    with autograd.record():
        outputs = [net(Broken()(x)) for x in parts]
    outputs[0].backward()
    with pytest.raises(ZeroDivisionError):
        outputs[1].backward()
    with autograd.record():
        outputs = [net(x) for x in parts]
    autograd.backward(outputs)
    assert net.beta.grad(mx.cpu(0)).asnumpy().tolist() == [4 * 36, 4 * 36]


def test_a_graph_read_from_a_file_trains_on_several_devices(tmp_path):
    devices = [mx.cpu(0), mx.cpu(1)]
    net = _network(devices)
    net.hybridize()
    net(_parts([4, 5], devices)[0][0])
    net.export(str(tmp_path / "net"))
    again = gluon.SymbolBlock.imports(
        str(tmp_path / "net-symbol.json"), ["data"], str(tmp_path / "net-0000.params"), ctx=devices
    )
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    found = _step(again, loss, _parts([4, 5], devices), "one backward each")
    expected = _step(net, loss, _parts([4, 5], devices), "one backward each")
    _close([x.asnumpy() for x in found], [x.asnumpy() for x in expected])


# ---- reading too early, and mistakes ---------------------------------------------------------
def test_reading_too_early_is_an_error_and_ends_the_waiting():
    net, parts = _layer(), _two()
    with autograd.record():
        early = net(parts[0])
    assert early.shape == (4, 2, 6, 6)
    assert early.dtype == np.float32
    assert early.context == mx.cpu(0)
    with pytest.raises(WaitingError, match=r"called on cpu\(0\), and waits for calls on 2 devices"):
        early.asnumpy()
    with autograd.record():
        outputs = [net(x) for x in parts]  # these meet each other, not what was given up
    whole = np.concatenate([x.asnumpy() for x in outputs])
    assert np.abs(whole.mean(axis=(0, 2, 3))).max() < 1e-5
    with pytest.raises(WaitingError, match="given up"):
        print(early)


def test_gradients_read_too_early():
    net, parts = _layer(), _two()
    with autograd.record():
        outputs = [net(x).sum() for x in parts]
    outputs[0].backward()
    with pytest.raises(GradError, match="backward of all devices' losses first"):
        net.beta.grad(mx.cpu(0))
    with autograd.record():
        outputs = [net(x).sum() for x in parts]
    autograd.backward(outputs)
    assert net.beta.grad(mx.cpu(0)).asnumpy().tolist() == [4 * 36, 4 * 36]


def test_a_backward_pass_that_was_given_up_leaves_nothing():
    net, parts = _layer(), _two()
    with autograd.record():
        outputs = [net(x).sum() for x in parts]
    outputs[0].backward(retain_graph=True)
    with pytest.raises(GradError):
        net.beta.grad(mx.cpu(0))
    autograd.backward(outputs)
    assert net.beta.grad(mx.cpu(0)).asnumpy().tolist() == [4 * 36, 4 * 36]


def test_a_call_without_partner_is_named_when_gradients_do_not_come():
    net, parts = _layer(), _two()
    with autograd.record():
        tried = net(parts[0])  # it is still there, and meets the next batch
        losses = [net(x).sum() for x in parts]
    autograd.backward(losses)
    with pytest.raises(GradError, match=r"syncbatchnorm\d+_\d+ has been called on cpu\(0\)"):
        net.beta.grad(mx.cpu(0))
    assert abs(tried.asnumpy().mean()) < 1


def test_step_before_all_backward_passes_changes_nothing():
    net, parts = _layer(), _two()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    with autograd.record():
        outputs = [net(x).sum() for x in parts]
    outputs[0].backward()
    with pytest.raises(GradError, match="backward of all devices' losses first"):
        trainer.step(9)
    assert net.beta.data(mx.cpu(0)).asnumpy().tolist() == [0, 0]


def test_an_error_in_between_ends_the_waiting():
    net, parts = _layer(), _two()
    kept = []

    def mistaken() -> None:
        with autograd.record():
            kept.append(net(parts[0]))
            kept.append(1 / 0)

    with pytest.raises(ZeroDivisionError):
        mistaken()
    with autograd.record():
        outputs = [net(x) for x in parts]
    whole = np.concatenate([x.asnumpy() for x in outputs])
    assert np.abs(whole.mean(axis=(0, 2, 3))).max() < 1e-5


def test_a_forgotten_call_meets_nobody():
    net, parts = _layer(), _two()
    with autograd.record():
        net(parts[0] * 100)
    with autograd.record():
        outputs = [net(x) for x in parts]
    whole = np.concatenate([x.asnumpy() for x in outputs])
    assert np.abs(whole.mean(axis=(0, 2, 3))).max() < 1e-5


def test_the_number_of_devices():
    assert "ndev=1" in repr(nn.SyncBatchNorm(in_channels=2))  # no GPU here, as in MXNet
    with pytest.raises(ParamError, match="num_devices must be at least 1"):
        nn.SyncBatchNorm(num_devices=0)


def test_wrong_shapes_are_explained():
    net = _layer()
    with pytest.raises(mx.errors.ShapeError, match="gamma has shape"), autograd.record():
        net(nd.ones((2, 3, 4, 4)))


def test_executors_refuse_to_train():
    x = mx.sym.var("x")
    y = mx.sym.contrib.SyncBatchNorm(x, ndev=2, key="e", name="norm")
    executor = y.simple_bind(mx.cpu(), x=(2, 3))
    executor.forward(is_train=False, x=nd.ones((2, 3)))
    with pytest.raises(GraphError, match="'norm' over several devices"):
        executor.forward(is_train=True, x=nd.ones((2, 3)))


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
    parts = [mx.np.array(x, ctx=d) for x, d in zip((_DATA[:4], _DATA[4:]), devices, strict=True)]
    for _ in range(2):
        with autograd.record():
            outputs = [net(x) for x in parts]
            losses = [(y**2).sum() for y in outputs]
        autograd.backward(losses)
    assert {type(y) for y in outputs} == {mx.np.ndarray}
    values = {k: p.data().asnumpy() for k, p in net.collect_params().items() if "running" not in k}
    kernel, bias = (v for k, v in values.items() if "conv" in k)
    hidden = nd.Convolution(
        nd.array(_DATA), nd.array(kernel), nd.array(bias), kernel=(3, 3), num_filter=4
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
    net, seen = _layer(), []
    stop = bus.subscribe(seen.append)
    try:
        with autograd.record():
            outputs = [net(x) * 2 for x in _two()]
        autograd.backward(outputs)
    finally:
        stop()
    ran = [e for e in seen if type(e).__name__ == "OpRan"]
    assert {e.device for e in ran} == {"cpu(0)", "cpu(1)"}


def test_symbol_of_what_was_computed_together():
    net, parts = _layer(prefix="norm_"), _two()
    with autograd.record():
        outputs = [net(x) for x in parts]
    assert "norm_beta" in autograd.get_symbol(outputs[0]).list_arguments()


def test_a_network_that_only_trained_is_drawn_and_has_no_plan():
    devices = [mx.cpu(0), mx.cpu(1)]
    net = _network(devices)
    net.hybridize()
    _step(net, gluon.loss.L2Loss(), [(x, nd.ones((len(x), 4), x.context)) for x in _two()], "")
    assert any("SyncBatchNorm" in str(node) for node in mx.viz.drawing_of(net).nodes)
    with pytest.raises(mx.errors.ArgumentError, match="waits for other devices"):
        net.plan()


def test_a_copy_of_a_network_meets_copies_of_itself():
    net = _layer()
    again = copy.deepcopy(net)
    parts = _two()
    with autograd.record():
        first = net(parts[0]), again(parts[0] * 3)
        second = again(parts[1] * 3), net(parts[1])  # in another order
    whole = np.concatenate([first[0].asnumpy(), second[1].asnumpy()])
    tripled = np.concatenate([first[1].asnumpy(), second[0].asnumpy()])
    for found in (whole, tripled):
        assert np.abs(found.mean(axis=(0, 2, 3))).max() < 1e-5
        assert np.abs(found.std(axis=(0, 2, 3)) - 1).max() < 1e-3
