"""Estimator: the loop, its default handlers, metrics, stopping, logging."""

import logging

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import gluon, metric, nd
from dlstudio.errors import ParamError
from dlstudio.gluon import nn
from dlstudio.gluon.contrib import estimator as es
from dlstudio.gluon.contrib.estimator import event_handler

RNG = np.random.default_rng(3)
DATA = RNG.normal(size=(22, 4)).astype("float32")
LABEL = (DATA.sum(1) > 0).astype("float32")


def loader(batch_size=5, **keywords):
    return gluon.data.DataLoader(gluon.data.ArrayDataset(DATA, LABEL), batch_size, **keywords)


def classifier(ctx=None, lr=0.1, **keywords):
    mx.random.seed(1)
    net = nn.HybridSequential()
    net.add(nn.Dense(8, in_units=4, activation="tanh"), nn.Dense(2, in_units=8))
    net.initialize(mx.init.Xavier(), ctx=ctx)
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": lr})
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    made = es.Estimator(net, loss, trainer=trainer, **keywords)
    made.logger.setLevel(logging.ERROR)
    return made


def heard(estimator):
    """Collect what the estimator logs."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    estimator.logger.handlers[:] = [handler]
    estimator.logger.setLevel(logging.INFO)
    return lines


class Scribe(es.TrainBegin, es.TrainEnd, es.EpochBegin, es.EpochEnd, es.BatchBegin, es.BatchEnd):
    def __init__(self, stop_at=None):
        self.told, self.stop_at = [], stop_at

    def train_begin(self, estimator, *args, **kwargs):
        self.told.append("train_begin")

    def train_end(self, estimator, *args, **kwargs):
        self.told.append("train_end")

    def epoch_begin(self, estimator, *args, **kwargs):
        self.told.append("epoch_begin")

    def epoch_end(self, estimator, *args, **kwargs):
        self.told.append("epoch_end")

    def batch_begin(self, estimator, *args, **kwargs):
        self.told.append(("batch_begin", kwargs["batch"][0].shape[0]))

    def batch_end(self, estimator, *args, **kwargs):
        assert set(kwargs) == {"batch", "pred", "label", "loss"}
        self.told.append("batch_end")
        return self.told.count("batch_end") == self.stop_at


def weights(estimator):
    named = estimator.net._collect_params_with_prefix()
    return {key: parameter.data().asnumpy() for key, parameter in named.items()}


def plain_training(epochs):
    other = classifier()
    for _ in range(epochs):
        for data, label in loader():
            with mx.autograd.record():
                loss = other.loss(other.net(data), label)
            loss.backward()
            other.trainer.step(len(data))
    return weights(other)


def test_fit_does_what_the_written_out_loop_does():
    estimator = classifier()
    estimator.fit(loader(), epochs=3)
    for key, value in plain_training(3).items():
        np.testing.assert_array_equal(weights(estimator)[key], value)


def test_events_come_in_order():
    scribe = Scribe()
    classifier().fit(loader(20), epochs=1, event_handlers=scribe)
    assert scribe.told == [
        "train_begin", "epoch_begin", ("batch_begin", 20), "batch_end", ("batch_begin", 2),
        "batch_end", "epoch_end", "train_end",
    ]  # fmt: skip


def test_batches_end_the_training_inside_an_epoch():
    scribe = Scribe()
    classifier().fit(loader(), batches=7, event_handlers=[scribe])
    assert scribe.told.count("batch_end") == 7
    assert scribe.told.count("epoch_end") == 2


def test_a_true_answer_of_batch_end_ends_the_training():
    scribe = Scribe(stop_at=2)
    classifier().fit(loader(), epochs=4, event_handlers=[scribe])
    assert scribe.told.count("batch_end") == 2
    assert scribe.told[-2:] == ["epoch_end", "train_end"]


def test_default_metrics_are_accuracy_and_loss_with_prefixes():
    estimator = classifier()
    assert [m.name for m in estimator.train_metrics] == [
        "training accuracy", "training softmaxcrossentropyloss",
    ]  # fmt: skip
    assert [m.name for m in estimator.val_metrics] == [
        "validation accuracy", "validation softmaxcrossentropyloss",
    ]  # fmt: skip


def test_given_metrics_are_used_and_copied_for_validation():
    estimator = classifier(train_metrics=metric.TopKAccuracy(2))
    assert [m.name for m in estimator.train_metrics] == ["training top_k_accuracy_2"]
    assert estimator.val_metrics[0] is not estimator.train_metrics[0]
    assert estimator.prepare_loss_and_metrics() == (estimator.train_metrics, estimator.val_metrics)
    assert estimator.val_metrics[0].name == "validation top_k_accuracy_2"


def test_evaluate_measures_with_the_validation_network_and_loss():
    other = nn.Dense(2, in_units=4)
    other.initialize(mx.init.Zero())
    estimator = classifier(val_net=other)
    estimator.evaluate(loader())
    values = dict(pair for m in estimator.val_metrics for pair in m.get_name_value())
    assert values["validation accuracy"] == pytest.approx((LABEL == 0).mean())
    assert values["validation softmaxcrossentropyloss"] == pytest.approx(np.log(2), rel=1e-5)


def test_evaluation_loss_is_the_older_name_of_val_loss():
    loss = gluon.loss.SoftmaxCrossEntropyLoss(weight=0.0)
    estimator = classifier(evaluation_loss=loss)
    estimator.evaluate(loader())
    assert estimator.val_metrics[1].get()[1] == 0


def test_device_is_the_newer_name_of_context():
    estimator = classifier(device=mx.cpu(0))

    assert estimator.device == estimator.context == [mx.cpu(0)]


def test_validation_runs_by_its_periods():
    calls = []
    handler = es.ValidationHandler(
        loader(), lambda **kw: calls.append(kw["batch_axis"]), epoch_period=2, batch_period=4
    )
    classifier().fit(loader(), val_data=loader(), epochs=4, event_handlers=[handler])
    assert calls == [0] * (2 + 5)


def test_several_devices_train_as_one_does():
    two = classifier(ctx=[mx.cpu(0), mx.cpu(1)])
    assert two.context == [mx.cpu(0), mx.cpu(1)]
    two.fit(loader(), epochs=2)
    one = plain_training(2)
    for key, value in one.items():
        parameter = two.net._collect_params_with_prefix()[key]
        for copy in parameter.list_data():
            np.testing.assert_allclose(copy.asnumpy(), value, rtol=1e-5, atol=1e-6)


def test_an_uninitialized_network_is_initialized_and_gets_a_trainer():
    with pytest.warns(UserWarning, match=r"default SGD optimizer with learning rate 0\.001"):
        estimator = es.Estimator(nn.Dense(2), gluon.loss.L2Loss(), initializer=mx.init.One())
    estimator.net(nd.ones((1, 3)))
    assert (estimator.net.weight.data().asnumpy() == 1).all()
    assert estimator.trainer.learning_rate == 0.001


def test_an_initializer_for_an_initialized_network_is_not_used():
    with pytest.warns(UserWarning, match="already fully initialized"):
        classifier(initializer=mx.init.One())


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"loss": nn.Dense(1)}, r"loss is a Dense"),
        ({"train_metrics": ["acc"]}, r"metrics is a str"),
        ({"trainer": "sgd"}, r"trainer is a str"),
        ({"context": "cpu"}, r"context is a str"),
        ({"batch_processor": 3}, r"batch_processor is a int"),
    ],
)
def test_arguments_of_a_wrong_kind_are_refused(keywords, message):
    net = nn.Dense(1, in_units=1)
    net.initialize()
    keywords = {"loss": gluon.loss.L2Loss(), **keywords}
    with pytest.raises(ParamError, match=message):
        es.Estimator(net, **keywords)


def test_fit_refuses_what_is_no_loader_and_both_or_no_lengths():
    estimator = classifier()
    with pytest.raises(ValueError, match="data is a ndarray"):
        estimator.fit(DATA, epochs=1)
    with pytest.raises(ValueError, match="exactly one"):
        estimator.fit(loader())
    with pytest.raises(ValueError, match="exactly one"):
        estimator.fit(loader(), epochs=1, batches=1)
    with pytest.raises(ValueError, match="data is a list"):
        estimator.evaluate([1])


def test_handlers_with_foreign_metrics_are_refused():
    with pytest.raises(ValueError, match="outside of the known training and validation metrics"):
        classifier().fit(loader(), epochs=1, event_handlers=[es.MetricHandler(metric.Accuracy())])


def test_handlers_are_called_by_priority():
    order = []

    class Early(es.BatchEnd):
        def __init__(self, name, priority):
            self.name, self.priority = name, priority

        def batch_end(self, estimator, *args, **kwargs):
            order.append(self.name)

    handlers = [Early("last", 5), Early("first", -9000), Early("middle", 0)]
    classifier().fit(loader(), batches=1, event_handlers=handlers)
    assert order == ["first", "middle", "last"]


def test_logging_tells_epochs_and_batches():
    estimator = classifier()
    lines = heard(estimator)
    handler = es.LoggingHandler(log_interval=2, metrics=estimator.train_metrics)
    estimator.fit(loader(), epochs=1, event_handlers=[handler])
    assert lines[0] == "Training begin: using optimizer SGD with current learning rate 0.1000 "
    assert lines[1] == "Train for 1 epochs."
    assert lines[2] == "[Epoch 0] Begin, current learning rate: 0.1000"
    assert [line[:20] for line in lines if "[Batch" in line] == [
        "[Epoch 0][Batch 0][S", "[Epoch 0][Batch 2][S", "[Epoch 0][Batch 4][S",
    ]  # fmt: skip
    assert "training accuracy: 0." in lines[-1]
    assert lines[-1].startswith("Train finished using total 0s with 1 epochs.")


def test_logging_refuses_other_intervals():
    with pytest.raises(ParamError, match="log_interval='batch'"):
        es.LoggingHandler("batch")


class Script(es.EpochEnd):
    """Gives a metric the next of the given values after each epoch."""

    priority = -1

    def __init__(self, target, values):
        self.target, self.values = target, iter(values)

    def epoch_end(self, estimator, *args, **kwargs):
        self.target.reset()
        self.target.sum_metric, self.target.num_inst = next(self.values), 1


@pytest.mark.parametrize(
    ("values", "keywords", "epochs"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], {}, 5),
        ([0.1, 0.2, 0.1, 0.1, 0.1], {"patience": 2}, 4),
        ([0.1, 0.15, 0.2, 0.9, 0.9], {"min_delta": 0.2, "patience": 1}, 2),
        ([0.1, 0.2, 0.3, 0.9, 0.9], {"baseline": 0.5, "patience": 3}, 3),
        ([0.1, 0.2, 0.3, 0.4, 0.5], {"mode": "min", "patience": 2}, 3),
    ],
)
def test_early_stopping(values, keywords, epochs):
    estimator = classifier()
    watched = estimator.val_metrics[0]
    stopper, scribe = es.EarlyStoppingHandler(watched, **keywords), Scribe()
    handlers = [Script(watched, values), stopper, scribe]
    estimator.fit(loader(), epochs=5, event_handlers=handlers)
    assert scribe.told.count("epoch_end") == epochs
    assert stopper.stop_training == (epochs < 5)


def test_early_stopping_puts_the_best_weights_back():
    estimator = classifier()
    watched = estimator.val_metrics[0]
    stopper = es.EarlyStoppingHandler(watched, patience=2, restore_best_weights=True)
    seen = []

    class Note(es.EpochEnd):
        def epoch_end(self, estimator, *args, **kwargs):
            seen.append(weights(estimator))

    handlers = [Script(watched, [0.1, 0.9, 0.2, 0.3]), stopper, Note()]
    estimator.fit(loader(), epochs=9, event_handlers=handlers)
    assert len(seen) == 4
    for key, value in weights(estimator).items():
        np.testing.assert_array_equal(value, seen[1][key])
        assert not np.array_equal(value, seen[3][key])


def test_early_stopping_refuses_composites_and_unknown_modes():
    with pytest.raises(ParamError, match="monitor is a CompositeEvalMetric"):
        es.EarlyStoppingHandler(metric.CompositeEvalMetric([]))
    with pytest.raises(ParamError, match="mode='best'"):
        es.EarlyStoppingHandler(metric.Accuracy(), mode="best")


def test_a_batch_processor_may_compute_another_loss():
    class Doubled(es.BatchProcessor):
        def fit_batch(self, estimator, train_batch, batch_axis=0):
            data, label = self._get_data_and_label(train_batch, estimator.context, batch_axis)
            with mx.autograd.record():
                pred = [estimator.net(x) for x in data]
                loss = [2 * estimator.loss(p, y) for p, y in zip(pred, label, strict=True)]
            for one in loss:
                one.backward()
            return data, label, pred, loss

    doubled = classifier(lr=0.05, batch_processor=Doubled())
    doubled.fit(loader(), epochs=3)
    for key, value in plain_training(3).items():
        np.testing.assert_allclose(weights(doubled)[key], value, rtol=1e-5, atol=1e-6)


def test_the_same_names_stand_where_mxnet_has_them():
    assert event_handler.CheckpointHandler is es.CheckpointHandler
    assert gluon.contrib.estimator is es
    from dlstudio.gluon.contrib.estimator.batch_processor import BatchProcessor
    from dlstudio.gluon.contrib.estimator.estimator import Estimator

    assert (Estimator, BatchProcessor) == (es.Estimator, es.BatchProcessor)
