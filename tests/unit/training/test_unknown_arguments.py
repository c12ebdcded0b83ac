"""A misspelt keyword of anything that is made for a training is named, with the nearest one."""

import inspect

import pytest

import dlstudio as mx
from dlstudio import gluon
from dlstudio.errors import ArgumentError

# the one keeps what it is given, the others cannot be made without arguments
ABSTRACT = (mx.init.Initializer, mx.metric.EvalMetric, gluon.loss.Loss)


def classes(module, base):
    named = {name: getattr(module, name) for name in module.__all__}
    return [
        pytest.param(found, id=name)
        for name, found in named.items()
        if inspect.isclass(found) and issubclass(found, base) and found not in ABSTRACT
    ]


@pytest.mark.parametrize(
    "kind",
    [
        *classes(mx.init, (mx.init.Initializer, mx.init.Mixed)),
        *classes(mx.metric, mx.metric.EvalMetric),
        *classes(mx.optimizer, mx.optimizer.Optimizer),
        *classes(mx.lr_scheduler, mx.lr_scheduler.LRScheduler),
        *classes(gluon.loss, gluon.loss.Loss),
        mx.init.Load,
        mx.lr_scheduler.LRScheduler,
        mx.callback.Speedometer,
        mx.callback.ProgressBar,
    ],
)
def test_unknown_keywords_are_named(kind):
    with pytest.raises(ArgumentError, match="no parameter 'bogus'"):
        kind(bogus=1)


def test_the_nearest_keyword_is_offered():
    with pytest.raises(ArgumentError, match="did you mean 'magnitude'"):
        mx.init.Xavier(magnitud=3)
    with pytest.raises(ArgumentError, match="did you mean 'top_k'"):
        mx.metric.create("top_k_accuracy", topk=5)
    with pytest.raises(ArgumentError, match="did you mean 'momentum'"):
        mx.optimizer.create("sgd", momentun=0.9)


def test_names_in_mxnet_s_modules_of_training():
    assert mx.optimizer.optimizer.SGD is mx.optimizer.SGD
    assert mx.init.load is mx.nd.load
    assert gluon.trainer.KVStore is mx.kv.KVStore
    assert gluon.contrib.estimator.event_handler.CompositeEvalMetric is (
        mx.metric.CompositeEvalMetric
    )
