"""Several tasks, accumulation, averages, mixup, smoothing, decay masks."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import ParamError, ShapeError
from dlstudio.gluon import nn, techniques

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(8, 3)).astype("float32")
LABEL = RNG.normal(size=(8, 2)).astype("float32")


def dense_net(seed=0):
    mx.random.seed(seed)
    net = nn.HybridSequential()
    net.add(nn.Dense(5, in_units=3, activation="tanh"), nn.Dense(2, in_units=5))
    net.initialize(mx.init.Xavier())
    return net


def weights(net):
    return [p.data().asnumpy() for p in net._collect_params_with_prefix().values()]


class TwoHeads(gluon.HybridBlock):
    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.body = nn.Dense(6, in_units=3, activation="relu")
            self.number = nn.Dense(1, in_units=6)
            self.kind = nn.Dense(3, in_units=6)

    def hybrid_forward(self, F, x):
        shared = self.body(x)
        return self.number(shared), self.kind(shared)


@pytest.mark.parametrize("hybrid", [False, True])
def test_several_heads_train_in_one_step_with_their_weights(hybrid):
    mx.random.seed(0)
    net = TwoHeads()
    net.initialize(mx.init.Xavier())
    if hybrid:
        net.hybridize()
    numbers, kinds = nd.array(DATA[:, :1] * 2), nd.array(DATA.argmax(axis=1))
    loss_of = techniques.MultiTaskLoss(
        [gluon.loss.L2Loss(), gluon.loss.SoftmaxCrossEntropyLoss()], [1.0, 0.5]
    )
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.05})
    losses = []
    for _ in range(60):
        with autograd.record():
            loss = loss_of(net(nd.array(DATA)), [numbers, kinds])
        loss.backward()
        trainer.step(len(DATA))
        losses.append(float(loss.mean().asscalar()))
    assert losses[-1] < 0.2 * losses[0]
    parts = [loss(out, y) for loss, out, y in zip(
        loss_of.losses, net(nd.array(DATA)), [numbers, kinds], strict=True)]  # fmt: skip
    want = parts[0] + 0.5 * parts[1]
    got = loss_of(net(nd.array(DATA)), [numbers, kinds])
    np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=1e-6)


def test_weights_of_the_losses_may_change_between_steps_of_a_hybridized_loss():
    loss_of = techniques.MultiTaskLoss([gluon.loss.L2Loss(), gluon.loss.L1Loss()])
    loss_of.hybridize()
    ones, zeros = [nd.ones(1), nd.ones(1)], [nd.zeros(1), nd.zeros(1)]
    assert loss_of(ones, zeros).asscalar() == 1.5
    loss_of.weights[1] = 0.0
    assert loss_of(ones, zeros).asscalar() == 0.5


def test_an_estimator_trains_several_heads_with_a_batch_processor_of_its_own():
    from dlstudio.gluon.contrib.estimator import BatchProcessor, Estimator

    class BothLabels(BatchProcessor):
        def fit_batch(self, estimator, train_batch, batch_axis=0):
            data, *labels = train_batch
            with autograd.record():
                outputs = estimator.net(data)
                loss = estimator.loss(outputs, labels)
            loss.backward()
            return [data], labels[1:], outputs[1:], [loss]

    net = TwoHeads()
    net.initialize(mx.init.Xavier())
    loss_of = techniques.MultiTaskLoss(
        [gluon.loss.L2Loss(), gluon.loss.SoftmaxCrossEntropyLoss()], [1.0, 0.5]
    )
    kinds = DATA.argmax(axis=1).astype("float32")
    batches = gluon.data.DataLoader(gluon.data.ArrayDataset(DATA, DATA[:, :1], kinds), 4)
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 0.05})
    estimator = Estimator(
        net, loss_of, mx.metric.Accuracy(), trainer=trainer, batch_processor=BothLabels()
    )
    estimator.fit(batches, epochs=30)
    assert estimator.train_metrics[0].get()[1] > 0.9


def test_counts_of_heads_and_weights_must_agree():
    with pytest.raises(ParamError, match="3 weights for 1 losses"):
        techniques.MultiTaskLoss([gluon.loss.L2Loss()], [1, 2, 3])
    with pytest.raises(ShapeError, match="1 outputs and 2 labels for 1"):
        techniques.MultiTaskLoss([gluon.loss.L2Loss()])([nd.ones(1)], [nd.ones(1), nd.ones(1)])


def test_accumulated_batches_step_as_one_batch_of_all():
    loss_of = gluon.loss.L2Loss()
    whole, parts = dense_net(), dense_net()
    options = {"learning_rate": 0.1, "momentum": 0.9}
    one = gluon.Trainer(whole.collect_params(), "sgd", options)
    two = gluon.Trainer(parts.collect_params(), "sgd", dict(options))
    accumulated = techniques.GradientAccumulation(two, batches=2)
    for _ in range(3):
        with autograd.record():
            loss = loss_of(whole(nd.array(DATA)), nd.array(LABEL))
        loss.backward()
        one.step(8)
        stepped = []
        for half in (slice(0, 4), slice(4, 8)):
            with autograd.record():
                loss = loss_of(parts(nd.array(DATA[half])), nd.array(LABEL[half]))
            loss.backward()
            stepped.append(accumulated.step(4))
        assert stepped == [False, True]
    for a, b in zip(weights(whole), weights(parts), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("devices", [1, 2])
def test_accumulated_gradients_are_clipped_together(devices):
    places = [mx.cpu(i) for i in range(devices)]
    net = nn.Dense(1, in_units=3, use_bias=False)
    net.initialize(mx.init.Zero(), ctx=places)
    trainer = gluon.Trainer(
        net.collect_params(), "sgd", {"learning_rate": 1.0}, update_on_kvstore=False
    )
    accumulated = techniques.GradientAccumulation(trainer, batches=2, clip_norm=0.1)
    for half in (slice(0, 4), slice(4, 8)):
        for part in gluon.utils.split_and_load(nd.array(DATA[half]), places):
            with autograd.record():
                loss = net(part).sum()
            loss.backward()
        accumulated.step(4)
    mean = DATA.mean(axis=0)
    want = -mean * (0.1 / np.linalg.norm(mean))
    for copy in net.weight.list_data():
        np.testing.assert_allclose(copy.asnumpy()[0], want, rtol=1e-5)


def test_an_incomplete_accumulation_can_be_flushed():
    net = dense_net()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    accumulated = techniques.GradientAccumulation(trainer, batches=5)
    before = weights(net)
    accumulated.flush()
    for a, b in zip(before, weights(net), strict=True):
        np.testing.assert_array_equal(a, b)
    with autograd.record():
        loss = net(nd.array(DATA))
    loss.backward()
    assert not accumulated.step(8)
    accumulated.flush()
    assert any((a != b).any() for a, b in zip(before, weights(net), strict=True))
    with pytest.raises(ParamError, match="at least 1"):
        techniques.GradientAccumulation(trainer, 0)


def test_moving_average_of_the_weights():
    net = nn.Dense(1, in_units=1, use_bias=False)
    net.initialize(mx.init.Constant(1.0))
    average = techniques.ExponentialMovingAverage(net, decay=0.5, warmup=False)
    for value in (3.0, 5.0):
        net.weight.set_data(nd.array([[value]]))
        average.update()
    assert average.averages[0].asscalar() == 0.5 * (0.5 * 1 + 0.5 * 3) + 0.5 * 5
    with average.applied():
        assert net(nd.ones((1, 1))).asscalar() == 3.5
    assert net(nd.ones((1, 1))).asscalar() == 5.0
    with pytest.raises(ParamError, match="decay"):
        techniques.ExponentialMovingAverage(net, decay=1.5)


def test_averages_go_on_from_a_file(tmp_path):
    nets = [dense_net(0), dense_net(0)]
    averages = [techniques.ExponentialMovingAverage(net, decay=0.9) for net in nets]
    for step in range(6):
        if step == 3:
            averages[1].save_states(tmp_path / "averages")
            averages[1] = techniques.ExponentialMovingAverage(nets[1], decay=0.9)
            averages[1].load_states(tmp_path / "averages")
        for net, average in zip(nets, averages, strict=True):
            net[0].weight.set_data(nd.full((5, 3), step))
            average.update()
    for one, other in zip(averages[0].averages, averages[1].averages, strict=True):
        np.testing.assert_array_equal(one.asnumpy(), other.asnumpy())
    with pytest.raises(ParamError, match=r"shapes \[\(1, 0\), \(1,\)\]"):
        techniques.ExponentialMovingAverage(nn.Dense(1)).load_states(tmp_path / "averages")


def test_averages_of_float16_weights_are_exact():
    net = nn.Dense(1, in_units=1, use_bias=False)
    net.cast("float16")
    net.initialize(mx.init.Zero())
    average = techniques.ExponentialMovingAverage(net, decay=0.999, warmup=False)
    net.weight.set_data(nd.ones((1, 1), dtype="float16"))
    for _ in range(2000):
        average.update()
    with average.applied():
        assert net.weight.data().dtype == np.float16
        assert net.weight.data().asscalar() == pytest.approx(1 - 0.999**2000, rel=1e-3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: techniques.smooth_labels([0, 5], 3), ParamError, "from 0 to 2"),
        (lambda: techniques.mixup(nd.ones(2), nd.ones(2), -1, classes=2), ParamError, "alpha"),
        (lambda: techniques.mixup(nd.ones(2), nd.ones(3), classes=2), ShapeError, "3 labels"),
        (lambda: techniques.mixup(DATA, LABEL), ParamError, "mx.nd.array"),
        (lambda: techniques.MultiTaskLoss([]), ParamError, "at least one"),
    ],
)
def test_what_cannot_be_mixed_or_smoothed_teaches(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_pixels_are_mixed_as_fractions():
    data, label = nd.array([[0], [200]], dtype="uint8"), nd.array([0, 1], dtype="int32")
    mixed, spread = techniques.mixup(data, label, 1.0, classes=2, rng=np.random.default_rng(0))
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed.asnumpy()[:, 0], 200 * spread.asnumpy()[:, 1], rtol=1e-6)


def test_arrays_of_mxnet_2_stay_so():
    data, label = mx.np.array(np.eye(4)), mx.np.array([0, 1, 2, 3])
    mixed = techniques.mixup(data, label, classes=4)
    smoothed = techniques.smooth_labels(label, 4)
    assert all(isinstance(x, mx.np.ndarray) for x in (*mixed, smoothed))


def test_mixup_mixes_data_and_labels_alike():
    data, label = nd.array(np.eye(4)), nd.array([0, 1, 2, 3])
    mixed, spread = techniques.mixup(
        data, label, alpha=1.0, classes=4, rng=np.random.default_rng(3)
    )
    np.testing.assert_allclose(mixed.asnumpy(), spread.asnumpy(), rtol=1e-6)
    np.testing.assert_allclose(spread.asnumpy().sum(axis=1), 1, rtol=1e-6)
    assert (spread.asnumpy() > 0).sum() > 4
    same, _ = techniques.mixup(data, label, alpha=0, classes=4)
    np.testing.assert_array_equal(same.asnumpy(), data.asnumpy())
    with pytest.raises(ShapeError, match="classes=10"):
        techniques.mixup(data, label)


def test_smoothed_labels():
    got = techniques.smooth_labels(nd.array([1, 0]), 4, 0.2).asnumpy()
    np.testing.assert_allclose(got, [[0.05, 0.85, 0.05, 0.05], [0.85, 0.05, 0.05, 0.05]], rtol=1e-6)
    loss = gluon.loss.SoftmaxCrossEntropyLoss(sparse_label=False)
    assert loss(nd.zeros((2, 4)), nd.array(got)).shape == (2,)
    with pytest.raises(ParamError, match="epsilon"):
        techniques.smooth_labels(nd.array([1]), 4, 1.0)


def test_biases_are_kept_out_of_the_weight_decay():
    net = dense_net()
    assert techniques.no_decay(net) == ["0.bias", "1.bias"]
    for p in net.collect_params(".*bias").values():
        p.set_data(nd.ones(p.shape))
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 1.0, "wd": 0.5})
    before = weights(net)
    with autograd.record():
        loss = net(nd.array(DATA)) * 0
    loss.backward()
    trainer.step(1)
    for (name, p), old in zip(net._collect_params_with_prefix().items(), before, strict=True):
        want = old if name.endswith("bias") else old * 0.5
        np.testing.assert_allclose(p.data().asnumpy(), want, rtol=1e-6)


def test_averages_begin_when_shapes_are_known_and_on_several_devices():
    net = nn.Dense(2)
    net.initialize(mx.init.One(), ctx=[mx.cpu(1), mx.cpu(2)])
    average = techniques.ExponentialMovingAverage(net, decay=0.5, warmup=False)
    net(mx.nd.ones((1, 3), ctx=mx.cpu(1)))
    average.update()
    net.weight.set_data(mx.nd.full((2, 3), 3))
    average.update()
    with average.applied():
        for weight in net.weight.list_data():
            np.testing.assert_allclose(weight.asnumpy(), 2)
    np.testing.assert_allclose(net.weight.data(mx.cpu(2)).asnumpy(), 3)
