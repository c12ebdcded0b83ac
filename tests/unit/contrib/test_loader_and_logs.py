"""Gluon's loaders for `Module`, and metrics for TensorBoard."""

from __future__ import annotations

import builtins
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import dlstudio as mx
from dlstudio.errors import MissingExtraError
from dlstudio.gluon.data import ArrayDataset, DataLoader


def make_iterator(**kwargs):
    data = ArrayDataset(np.arange(15.0).reshape(5, 3), np.arange(5))
    return mx.contrib.io.DataLoaderIter(DataLoader(data, batch_size=2), **kwargs)


def test_a_loader_is_described_as_an_iterator():
    batches = make_iterator(label_name="label", dtype="float64")

    assert batches.batch_size == 2
    assert [(d.name, d.shape, d.dtype) for d in batches.provide_data] == [
        ("data", (2, 3), np.float64)
    ]
    assert batches.provide_label[0].name == "label"


def test_batches_come_in_order_the_last_one_filled_with_zeros_and_again_after_reset():
    batches = make_iterator()

    first = [(b.data[0].asnumpy(), b.label[0].asnumpy(), b.pad) for b in batches]
    batches.reset()
    second = [b.label[0].asnumpy().tolist() for b in batches]

    assert [pad for *_, pad in first] == [0, 0, 1]
    assert first[2][0].tolist() == [[12, 13, 14], [0, 0, 0]]
    assert second == [[0, 1], [2, 3], [4, 0]]


def test_a_module_trains_from_a_loader():
    np.random.seed(0)
    mx.random.seed(0)
    data = np.random.normal(size=(64, 4)).astype("float32")
    loader = DataLoader(ArrayDataset(data, (data[:, 0] > 0).astype("float32")), batch_size=16)
    net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2)
    module = mx.mod.Module(mx.sym.SoftmaxOutput(net, name="softmax"))
    batches = mx.contrib.io.DataLoaderIter(loader)

    module.fit(batches, num_epoch=20, optimizer_params={"learning_rate": 0.5})

    batches.reset()
    assert dict(module.score(batches, "acc"))["accuracy"] > 0.9


class Writer:
    """Remembers what tensorboardX would write."""

    def __init__(self, folder):
        self.folder, self.written = folder, []

    def add_scalar(self, *args):
        self.written.append(args)

    def flush(self):
        pass


def test_metrics_are_written_with_prefix_and_step(monkeypatch):
    module = ModuleType("tensorboardX")
    module.SummaryWriter = Writer  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    metric = mx.metric.Accuracy()
    metric.update(mx.nd.array([1]), mx.nd.array([[0, 1]]))
    callback = mx.contrib.tensorboard.LogMetricsCallback("logs", prefix="train")

    callback(SimpleNamespace(eval_metric=metric))
    callback(SimpleNamespace(eval_metric=None))
    callback(SimpleNamespace(eval_metric=metric))

    assert callback.summary_writer.folder == "logs"
    assert callback.summary_writer.written == [("train-accuracy", 1, 1), ("train-accuracy", 1, 2)]


def test_without_tensorboardx_its_command_is_named(monkeypatch):
    original = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "tensorboardX":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match="pip install tensorboardX"):
        mx.contrib.tensorboard.LogMetricsCallback("logs")
