"""Slips a learner makes: an error of our own that teaches, and nothing left half done."""

from __future__ import annotations

import warnings
from contextlib import suppress

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import (
    ArgumentError,
    DataError,
    DeviceError,
    DTypeError,
    FileFormatError,
    GradError,
    InitError,
    MissingFileError,
    MXNetError,
    ParamError,
    ShapeError,
    UnknownNameError,
)
from dlstudio.gluon import nn

X = nd.ones((2, 4))
IMAGES = nd.ones((2, 1, 8, 8))


def dense():
    net = nn.Dense(3, in_units=4)
    net.initialize()
    return net


def conv(**options):
    net = nn.Conv2D(2, kernel_size=3, in_channels=1, **options)
    net.initialize()
    return net


def called(net, *inputs):
    """Initialize and call, as most slips in a layer's parameters show at the first call."""
    net.initialize()
    return net(*inputs)


def hybrid(net):
    net.hybridize()
    return net


def trainer(net=None, optimizer="sgd", options=None):
    parameters = (net or dense()).collect_params()
    return gluon.Trainer(parameters, optimizer, options or {"learning_rate": 0.1})


def loader(dataset=None, **options):
    dataset = gluon.data.ArrayDataset(np.ones((4, 2))) if dataset is None else dataset
    return gluon.data.DataLoader(dataset, **options)


def linear():
    return mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")


def bound(**options):
    return linear().simple_bind(mx.cpu(), **(options or {"data": (2, 4)}))


def view(*args, **options):
    return pytest.importorskip("dlstudio.widgets").GraphView(*args, **options)


# name -> (what is done, the error, facts that its message must contain)
SLIPS = {
    "Dense: shape": (lambda: dense()(nd.ones((2, 5))), ShapeError, r"\(2, 5\).*\(3, 4\)"),
    "Dense: shape, hybrid": (
        lambda: hybrid(dense())(nd.ones((2, 5))), ShapeError, r"dense\d+_fwd.*\(2, 5\)"),
    "Dense: dtype": (lambda: dense()(X.astype("int32")), DTypeError, "int32.*float32"),
    "Dense: dtype, hybrid": (
        lambda: hybrid(dense())(X.astype("float64")), DTypeError, "float64.*float32"),
    "Dense: device": (
        lambda: dense()(X.as_in_context(mx.cpu(1))), DeviceError, r"cpu\(1\).*cpu\(0\)"),
    "Dense: device, hybrid": (
        lambda: hybrid(dense())(X.as_in_context(mx.cpu(1))), DeviceError, r"cpu\(1\).*cpu\(0\)"),
    "Dense: a NumPy array": (lambda: dense()(X.asnumpy()), ParamError, "ndarray.*nd.array"),
    "Dense: nothing": (lambda: dense()(None), ParamError, "NoneType"),
    "Dense: two inputs": (lambda: dense()(X, X), ArgumentError, "2 inputs"),
    "Dense: uninitialised": (lambda: nn.Dense(3)(X), InitError, r"net\.initialize\(\)"),
    "Dense: uninitialised, hybrid": (lambda: hybrid(nn.Dense(3))(X), InitError, "initialize"),
    "Dense: read too early": (
        nn.Dense(3).weight.data, InitError, "initialize"),
    "Dense: unknown parameter": (
        lambda: nn.Dense(3, activations="relu"), ArgumentError, "mean 'activation'"),
    "Dense: unknown activation": (
        lambda: called(nn.Dense(3, activation="rellu"), X), ParamError, "'relu'.*'rellu'"),
    "Dense: units in words": (lambda: nn.Dense("three"), ParamError, "'three'"),
    "Dense: no units": (lambda: called(nn.Dense(-1), X), ParamError, "num_hidden.*-1"),
    "Conv2D: no batch axis": (
        lambda: conv()(nd.ones((1, 8, 8))), ShapeError, r"\(1, 8, 8\).*expand_dims"),
    "Conv2D: channels": (
        lambda: conv()(nd.ones((2, 3, 8, 8))), ShapeError, r"\(2, 1, 3, 3\).*\(2, 3, 3, 3\)"),
    "Conv2D: channels, hybrid": (
        lambda: hybrid(conv())(nd.ones((2, 3, 8, 8))), ShapeError, r"conv\d+_fwd"),
    "Conv2D: image too small": (
        lambda: conv()(nd.ones((2, 1, 2, 2))), ShapeError, r"does not fit.*pad=\(1, 1\)"),
    "Conv2D: bytes": (lambda: conv()(IMAGES.astype("uint8")), DTypeError, "data.astype"),
    "Conv2D: device": (lambda: conv()(IMAGES.as_in_context(mx.cpu(1))), DeviceError, "cpu"),
    "Conv2D: flat data first": (
        lambda: called(nn.Conv2D(2, 3), X), ShapeError, r"inputs of shape \(2, 4\)"),
    "Conv2D: three kernel sizes": (
        lambda: nn.Conv2D(2, (3, 3, 3)), ParamError, r"kernel_size.*\(3, 3, 3\)"),
    "Conv2D: stride 0": (lambda: called(nn.Conv2D(2, 3, strides=0), IMAGES), ParamError, "stride"),
    "Conv2D: unknown parameter": (lambda: nn.Conv2D(2, 3, stride=2), ArgumentError, "'strides'"),
    "Conv2D: groups": (
        lambda: nn.Conv2D(3, 3, groups=2), ParamError, "channels=3.*groups=2"),
    "BatchNorm: channels as the first argument": (
        lambda: nn.BatchNorm(64), ParamError, r"in_channels=64"),
    "save: a number": (lambda: nd.save("x.nd", 3), DTypeError, "int is among the values"),
    "save: numbers as names": (lambda: nd.save("x.nd", {1: X}), DTypeError, "1 is among the names"),
    "imdecode: a path": (lambda: mx.image.imdecode("cat.jpg"), ParamError, "str.*imread"),
    "DataLoader: no batch size": (loader, ParamError, "batch_size=64"),
    "DataLoader: batch size 0": (lambda: loader(batch_size=0), ParamError, "batch_size=0"),
    "DataLoader: batch size as text": (lambda: loader(batch_size="2"), ParamError, "'2'"),
    "DataLoader: no data set": (lambda: loader(5, batch_size=2), DataError, "int is no data set"),
    "DataLoader: unknown parameter": (
        lambda: loader(batchsize=2), ArgumentError, "mean 'batch_size'"),
    "DataLoader: last_batch": (
        lambda: loader(batch_size=2, last_batch="drop"), ParamError, "'drop'.*'discard'"),
    "DataLoader: workers as text": (
        lambda: loader(batch_size=2, num_workers="two"), ParamError, "'two'"),
    "DataLoader: samples of different shapes": (
        lambda: list(loader([np.ones(2), np.ones(3)], batch_size=2)),
        DataError, r"\(2,\), \(3,\).*Resize"),
    "ArrayDataset: lengths": (
        lambda: gluon.data.ArrayDataset(np.ones(4), np.ones(5)), ShapeError, "4, 5"),
    "Trainer: a block": (lambda: gluon.Trainer(dense(), "sgd"), ParamError, "collect_params"),
    "Trainer: unknown optimizer": (lambda: trainer(optimizer="sdg"), ParamError, "'sdg'"),
    "Trainer: unknown parameter": (
        lambda: trainer(options={"lr": 0.1}), ArgumentError, "'lr'.*'learning_rate'"),
    "Trainer: rate in words": (
        lambda: trainer(options={"learning_rate": "fast"}), ParamError, "'fast'"),
    "Trainer: set rate in words": (
        lambda: trainer().set_learning_rate("fast"), ParamError, "'fast'"),
    "Trainer: options in a list": (lambda: trainer(options=[0.1]), ParamError, "list.*dict"),
    "Trainer: step before backward": (lambda: trainer().step(2), GradError, "backward"),
    "Trainer: uninitialised": (lambda: trainer(nn.Dense(3)).step(2), InitError, "initialize"),
    "simple_bind: no shape": (lambda: linear().simple_bind(mx.cpu()), ShapeError, "data=.batch"),
    "simple_bind: unknown name": (lambda: bound(dat=(2, 4)), ArgumentError, "'dat'.*'data'"),
    "simple_bind: contradiction": (
        lambda: bound(data=(2, 4), fc_weight=(3, 5)), ShapeError, r"\(2, 4\).*\(3, 5\)"),
    "simple_bind: negative size": (lambda: bound(data=(-2, 4)), ParamError, "'data'.*-2"),
    "simple_bind: dtype": (
        lambda: bound(data=(2, 4), type_dict={"data": "floaty"}), ParamError, "'floaty'"),
    "simple_bind: grad_req": (
        lambda: bound(data=(2, 4), grad_req="wrte"), ParamError, "'write'.*'wrte'"),
    "executor: shape": (
        lambda: bound().forward(data=nd.ones((3, 4))), ShapeError, r"\(2, 4\).*\(3, 4\)"),
    "executor: text": (lambda: bound().forward(data="four"), DTypeError, "text"),
    "executor: unknown name": (lambda: bound().forward(dat=X), ArgumentError, "'dat'.*'data'"),
    "executor: backward before forward": (
        lambda: bound().backward(), GradError, r"forward\(is_train=True\)"),
    "symbol: unknown parameter": (
        lambda: mx.sym.FullyConnected(mx.sym.var("data"), num_hiden=3),
        ArgumentError, "mean 'num_hidden'"),
    "symbol: required parameter": (
        lambda: mx.sym.FullyConnected(mx.sym.var("data")), ArgumentError, "num_hidden"),
    "symbol: an array": (
        lambda: mx.sym.FullyConnected(X, num_hidden=3), ArgumentError, "NDArray.*sym.var"),
    "GraphView: nothing to draw": (lambda: view(None), ArgumentError, "NoneType"),
    "GraphView: a NumPy array": (
        lambda: view(dense(), data=np.ones((2, 4))), ArgumentError, "ndarray.*nd.array"),
    "GraphView: shape": (
        lambda: view(dense(), data=nd.ones((2, 5))), ShapeError, r"\(2, 5\).*\(3, 4\)"),
    "GraphView: device, hybrid": (
        lambda: view(hybrid(dense()), data=X.as_in_context(mx.cpu(1))), DeviceError, "cpu"),
    "GraphView: unknown input": (
        lambda: view(linear(), shape={"dat": (2, 4)}), ArgumentError, "'dat'.*data"),
    "GraphView: not recorded": (lambda: view(X), GradError, "autograd.record"),
    "GraphView: unknown parameter": (
        lambda: view(linear(), shapes={}), ArgumentError, "mean 'shape'"),
    "GraphView: overlay": (
        lambda: view(linear(), overlay="colour"), ParamError, "'colour'.*'device'"),
    "GraphView: depth": (lambda: view(linear(), depth="all"), ParamError, "'all'"),
    "backward without record": (lambda: dense()(X).backward(), GradError, "autograd.record"),
    "operator: unknown parameter": (lambda: nd.relu(X, axis=1), ArgumentError, "'axis'"),
    "operator: unknown name": (lambda: nd.softmaxx(X), UnknownNameError, "softmax"),
    "operator: two devices": (
        lambda: X + X.as_in_context(mx.cpu(1)), DeviceError, "as_in_context"),
    "operator: two dtypes": (lambda: X + X.astype("int32"), DTypeError, "float32.*int32"),
    "loss: label of the predictions' shape": (
        lambda: gluon.loss.SoftmaxCrossEntropyLoss()(X, X), ShapeError, "sparse_label=False"),
    "loss: label of another length": (
        lambda: gluon.loss.SoftmaxCrossEntropyLoss()(X, nd.ones(5)), ShapeError, r"\(5,\)"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_the_error_is_ours_and_says_what_was_given_and_what_to_do(slip):
    do, kind, facts = SLIPS[slip]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(kind, match=f"(?s){facts}") as caught:
            do()
    assert isinstance(caught.value, MXNetError)
    assert not autograd.is_recording()


# ---- files ---------------------------------------------------------------------------------------
def network(first=4, last=2):
    net = nn.HybridSequential()
    net.add(nn.Dense(first, in_units=4), nn.Dense(last, in_units=first))
    net.initialize(mx.init.Uniform())
    return net


def values(net):
    return [p.data().asnumpy().copy() for p in net.collect_params().values()]


def unchanged(net, before):
    return all(np.array_equal(a, b) for a, b in zip(values(net), before, strict=True))


def truncated(path):
    network().save_parameters(path)
    path.write_bytes(path.read_bytes()[:-20])


def of_another_network(path):
    network(last=5).save_parameters(path)  # its first layer would fit


def without_the_last_layer(path):
    net = nn.HybridSequential()
    net.add(nn.Dense(4, in_units=4))
    net.initialize(mx.init.One())
    net.save_parameters(path)


def of_text(path):
    path.write_text("epoch,loss\n1,0.5\n", encoding="utf-8")


BAD_FILES = {
    truncated: (FileFormatError, "it ends after"),
    of_another_network: (ShapeError, r"\(2, 4\).*\(5, 4\)"),
    without_the_last_layer: (MXNetError, "1.weight.*missing"),
    of_text: (FileFormatError, "mark"),
    (lambda path: path.write_bytes(b"")): (FileFormatError, "mark"),
    (lambda path: None): (MissingFileError, "no such file"),
    (lambda path: path.mkdir()): (MissingFileError, "is a folder"),
}


@pytest.mark.parametrize("spoil", BAD_FILES, ids=lambda make: make.__name__.replace("<", "_"))
def test_a_bad_parameter_file_changes_nothing(spoil, tmp_path):
    kind, facts = BAD_FILES[spoil]
    spoil(tmp_path / "net.params")
    net = network()
    before = values(net)
    with pytest.raises(kind, match=f"(?s){facts}"):
        net.load_parameters(tmp_path / "net.params")
    assert unchanged(net, before)


def test_saving_into_a_folder_that_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(MissingFileError, match=r"mkdir\(parents=True\)"):
        network().save_parameters(tmp_path / "models" / "net.params")
    assert list(tmp_path.iterdir()) == []


def test_optimizer_states_that_are_no_states_change_nothing(tmp_path):
    net = network()
    adam = trainer(net, "adam")
    one_step(net, adam)
    before = adam._updaters[0].get_states()
    (tmp_path / "adam.states").write_bytes(b"not states")
    with pytest.raises(FileFormatError):
        adam.load_states(tmp_path / "adam.states")
    assert adam._updaters[0].get_states() == before


# ---- nothing is left half changed ---------------------------------------------------------------
def one_step(net, trainer):
    with autograd.record():
        loss = net(X).sum()
    loss.backward()
    trainer.step(2)


@pytest.mark.parametrize("wrong", [nd.ones((9, 9)), np.ones(3, "float32"), "text", None])
def test_a_refused_set_data_changes_nothing(wrong):
    net = network()
    before = values(net)
    with pytest.raises(MXNetError):
        net[0].weight.set_data(wrong)
    assert unchanged(net, before)


def test_a_refused_step_changes_neither_parameters_nor_the_optimizer():
    net = network()
    sgd = trainer(net, options={"learning_rate": 0.1, "momentum": 0.9})
    before, scale = values(net), sgd.optimizer.rescale_grad
    with autograd.record():
        loss = net[0](X).sum()  # the second layer takes no part
    loss.backward()
    with pytest.raises(GradError, match="ignore_stale_grad"):
        sgd.step(2)
    for batch_size in (0, -1, "two", None):
        with pytest.raises(ParamError, match="batch_size"):
            sgd.step(batch_size, ignore_stale_grad=True)
    assert unchanged(net, before)
    assert (sgd.optimizer.rescale_grad, sgd.optimizer.num_update) == (scale, 0)
    one_step(net, sgd)
    assert not unchanged(net, before)


def test_a_refused_initializer_changes_nothing():
    net = network()
    before = values(net)
    with pytest.raises(ParamError, match="xavier"):
        net.initialize("xavierr", force_reinit=True)
    assert unchanged(net, before)


@pytest.mark.parametrize("hybridize", [False, True])
def test_a_block_works_after_a_call_with_wrong_data(hybridize):
    net = nn.HybridSequential()
    net.add(nn.Conv2D(2, 3), nn.Dense(2))  # their shapes wait for the first batch
    net.initialize()
    if hybridize:
        net.hybridize()
    with pytest.raises(ShapeError):
        net(X)
    assert net(IMAGES).shape == (2, 2)
    for wrong in (X, IMAGES.astype("float64"), nd.ones((2, 1, 9, 9))):
        with pytest.raises(MXNetError):
            net(wrong)
    assert net(IMAGES).shape == (2, 2)


def test_an_executor_works_after_refused_calls():
    executor = bound()
    right = nd.array(np.arange(8).reshape(2, 4))
    executor.arg_dict["fc_weight"][:] = 1
    executor.forward(is_train=True, data=right)
    refused = [
        lambda: executor.forward(data=right * 2, fc_weight=nd.ones((1, 1))),
        lambda: executor.forward(data=right * 2, no_such=right),
        lambda: executor.backward(nd.ones((5, 5))),
    ]
    for call in refused:
        with pytest.raises(MXNetError):
            call()
    assert np.array_equal(executor.arg_dict["data"].asnumpy(), right.asnumpy())
    (out,) = executor.forward(is_train=True)
    assert np.array_equal(out.asnumpy()[:, 0], [6, 22])
    executor.backward(nd.ones((2, 3)))
    assert np.array_equal(executor.grad_dict["fc_bias"].asnumpy(), [2, 2, 2])


def test_a_loader_works_again_when_its_data_set_does():
    class Pictures(gluon.data.Dataset):
        broken = True

        def __len__(self):
            return 4

        def __getitem__(self, index):
            if self.broken and index == 1:
                raise DataError("picture 1 cannot be read")
            return np.ones(2)

    pictures = Pictures()
    batches = loader(pictures, batch_size=2)
    with pytest.raises(DataError, match="picture 1") as caught:
        list(batches)
    assert "sample 1" in caught.value.__notes__[0]
    pictures.broken = False
    assert len(list(batches)) == 2


def test_drawing_a_network_changes_nothing_of_it():
    net = nn.HybridSequential()
    net.add(nn.Conv2D(2, 3), nn.Dense(2))
    net.initialize()
    view(net, data=IMAGES)
    with suppress(MXNetError):
        view(net, data=X)
    assert next(iter(net.collect_params().values())).shape == (2, 0, 3, 3)
    assert net(IMAGES).shape == (2, 2)
