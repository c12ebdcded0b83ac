"""Callbacks of training loops."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.errors import ParamError


def batch(n, metric=None):
    return SimpleNamespace(epoch=1, nbatch=n, eval_metric=metric)


def accuracy():
    metric = mx.metric.Accuracy()
    metric.update(nd.array([1]), nd.array([[0.0, 1.0]]))
    return metric


def test_speedometer_logs_every_so_many_batches(caplog):
    speedometer = mx.callback.Speedometer(batch_size=4, frequent=2)
    with caplog.at_level(logging.INFO):
        for n in range(5):
            speedometer(batch(n, accuracy()))
    assert len(caplog.messages) == 2
    assert "Batch [0-2]" in caplog.messages[0]
    assert "accuracy=1.0" in caplog.messages[0]
    with pytest.raises(ParamError):
        mx.callback.Speedometer(1, frequent=0)


def test_train_metric_is_logged_by_period(caplog):
    callback = mx.callback.log_train_metric(2)
    with caplog.at_level(logging.INFO):
        for n in range(4):
            callback(batch(n, accuracy()))
    assert len(caplog.messages) == 2


def test_progress_bar_is_drawn(capsys):
    mx.callback.ProgressBar(total=4, length=8)(batch(2))
    assert capsys.readouterr().out == "[====----] 50%\r"


def test_checkpoint_holds_graph_and_values(tmp_path):
    symbol = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc")
    prefix = str(tmp_path / "net")
    save = mx.callback.do_checkpoint(prefix, period=2)
    arguments = {"fc_weight": nd.ones((2, 3)), "fc_bias": nd.zeros((2,))}
    for epoch in range(2):
        save(epoch, symbol, arguments, {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net-0002.params", "net-symbol.json"]
    block = mx.gluon.SymbolBlock.imports(f"{prefix}-symbol.json", "data", f"{prefix}-0002.params")
    np.testing.assert_array_equal(block(nd.ones((1, 3))).asnumpy(), [[3, 3]])
