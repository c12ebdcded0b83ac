"""Whole programs, as people wrote them for MXNet, with only the import changed."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.gluon import nn
from dlstudio.gluon.data.vision import transforms


@pytest.fixture(scope="module")
def digit_folders(tmp_path_factory):
    """Real digits as PNG files, one folder per class, for training and for testing."""
    image = pytest.importorskip("PIL.Image")
    root = tmp_path_factory.mktemp("digits")
    for split, train, count in (("train", True, 40), ("test", False, 10)):
        seen = dict.fromkeys(range(10), 0)
        for picture, digit in gluon.data.datasets.digits(train=train):
            label = int(digit)
            if seen[label] < count:
                folder = root / split / str(label)
                folder.mkdir(parents=True, exist_ok=True)
                pixels = picture.asnumpy()[:, :, 0]
                image.fromarray(pixels).save(folder / f"{seen[label]:03d}.png")
                seen[label] += 1
    return root


class TestSymbols:
    def test_a_composed_network_infers_binds_and_runs(self):
        data = mx.symbol.Variable("data")
        hidden = mx.sym.FullyConnected(data, num_hidden=128, name="fc1")
        active = mx.sym.Activation(hidden, act_type="relu", name="relu1")
        out = mx.sym.FullyConnected(active, name="fc2", num_hidden=10)
        net = mx.sym.SoftmaxOutput(out, name="softmax")
        assert net.list_arguments() == [
            "data", "fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias", "softmax_label",
        ]  # fmt: skip
        arguments, outputs, _ = net.infer_shape(data=(32, 784))
        assert arguments[1] == (128, 784)
        assert outputs == [(32, 10)]
        executor = net.simple_bind(mx.cpu(), data=(32, 784))
        rng = np.random.default_rng(0)
        for name, array in executor.arg_dict.items():
            array[:] = rng.normal(0, 0.1, array.shape) if name != "softmax_label" else 3
        probabilities = executor.forward(is_train=True)[0].asnumpy()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        executor.backward()
        assert np.abs(executor.grad_dict["fc1_weight"].asnumpy()).sum() > 0

    def test_variables_add_and_bind_by_name(self):
        a, b = mx.sym.Variable("a"), mx.sym.Variable("b")
        c = a + b
        executor = c.bind(mx.cpu(), {"a": nd.ones((2, 3)), "b": nd.ones((2, 3)) * 2})
        np.testing.assert_array_equal(executor.forward()[0].asnumpy(), np.full((2, 3), 3.0))

    def test_operators_are_found_under_sym_op(self):
        x = mx.sym.var("x")
        y = mx.sym.op.relu(x)
        assert y.eval(ctx=mx.cpu(), x=nd.array([-1, 2]))[0].asnumpy().tolist() == [0, 2]


class Net(gluon.HybridBlock):
    """The block of many tutorials, with `hybrid_forward(F, x)`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.fc1 = nn.Dense(256)
            self.fc2 = nn.Dense(128)
            self.fc3 = nn.Dense(2)

    def hybrid_forward(self, F, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class TestHybridBlock:
    def test_the_same_numbers_before_and_after_hybridize(self):
        net = Net()
        net.initialize()
        x = nd.random.normal(shape=(4, 50))
        eager = net(x).asnumpy()
        net.hybridize()
        np.testing.assert_allclose(net(x).asnumpy(), eager, rtol=1e-5, atol=1e-6)

    def test_asnumpy_inside_a_hybridized_block_is_explained(self):
        class Peeking(gluon.HybridBlock):
            def hybrid_forward(self, F, x):
                return x * float(x.asnumpy().sum())

        net = Peeking()
        net.hybridize()
        with pytest.raises(mx.MXNetError, match=r"asnumpy.*hybrid"):
            net(nd.ones((2, 2)))


class ConvBlock(gluon.nn.Block):
    """Convolution, normalisation, activation: the unit of a classic CNN."""

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.conv = nn.Conv2D(channels, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm()
        self.activation = nn.Activation("relu")

    def forward(self, x):
        return self.activation(self.norm(self.conv(x)))


class CNN(gluon.nn.Block):
    def __init__(self, classes=10, **kwargs):
        super().__init__(**kwargs)
        self.block1 = ConvBlock(8)
        self.pool1 = nn.MaxPool2D(pool_size=2, strides=2)
        self.block2 = ConvBlock(16)
        self.pool2 = nn.MaxPool2D(pool_size=2, strides=2)
        self.dense = nn.Dense(classes)

    def forward(self, x):
        x = self.pool1(self.block1(x))
        x = self.pool2(self.block2(x))
        return self.dense(mx.nd.flatten(x))


def test_a_cnn_trains_on_image_folders_and_is_evaluated(digit_folders):
    mx.random.seed(3)
    np.random.seed(3)  # the order of shuffling loaders, as in MXNet
    transform = transforms.Compose(
        [transforms.Resize(14), transforms.ToTensor(), transforms.Normalize(0.13, 0.31)]
    )
    folders = {
        split: gluon.data.vision.ImageFolderDataset(str(digit_folders / split), flag=0)
        for split in ("train", "test")
    }
    assert folders["train"].synsets == [str(d) for d in range(10)]
    train = gluon.data.DataLoader(
        folders["train"].transform_first(transform), batch_size=32, shuffle=True
    )
    test = gluon.data.DataLoader(folders["test"].transform_first(transform), batch_size=50)
    net = CNN()
    net.initialize(mx.init.Xavier(), ctx=mx.cpu())
    loss_function = gluon.loss.SoftmaxCrossEntropyLoss()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.05, "momentum": 0.9})
    losses = []
    for _ in range(8):
        for data, label in train:
            with autograd.record():
                loss = loss_function(net(data), label)
            loss.backward()
            trainer.step(data.shape[0])
            losses.append(loss.mean().asscalar())
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    right = total = 0
    with mx.cpu():
        for data, label in test:
            best = mx.nd.topk(net(data), k=1, axis=1).reshape((-1,))
            right += (best == label.astype("float32")).sum().asscalar()
            total += label.shape[0]
    assert right / total > 0.8


def test_data_descriptions_carry_name_shape_and_layout():
    description = mx.io.DataDesc("data", (32, 3, 28, 28), dtype="float32", layout="NCHW")
    assert description.name == "data"
    assert tuple(description.shape) == (32, 3, 28, 28)
    assert mx.io.DataDesc.get_batch_axis("NCHW") == 0
    name, shape = description
    assert (name, shape) == ("data", (32, 3, 28, 28))


class TestTypicalSlips:
    def test_batch_norm_given_channels_as_axis(self):
        with pytest.raises(mx.MXNetError, match=r"in_channels=64"):
            nn.BatchNorm(64)

    def test_step_before_backward(self):
        net = nn.Dense(2, in_units=3)
        net.initialize()
        trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
        with pytest.raises((mx.MXNetError, UserWarning), match=r"backward"):
            trainer.step(1)

    def test_label_of_the_wrong_dtype(self):
        loss = gluon.loss.SoftmaxCrossEntropyLoss()
        with pytest.raises(mx.MXNetError, match=r"label"):
            loss(nd.ones((2, 3)), nd.array([True, False], dtype="bool"))

    def test_uninitialised_parameters(self):
        with pytest.raises(RuntimeError, match=r"initialize\(\)"):
            nn.Dense(2, in_units=3)(nd.ones((1, 3)))

    def test_backward_without_record(self):
        x = nd.ones(3)
        x.attach_grad()
        with pytest.raises(mx.MXNetError, match=r"autograd\.record"):
            (x * 2).backward()
