"""`gluon.metric`: the parameters and figures of MXNet 2."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd
from dlstudio.gluon import metric

TRUTH = nd.array([[0, 1, 2], [1, 1, 0]])
SCORES = nd.array(np.random.default_rng(3).normal(size=(2, 4, 3)))


def log_probability():
    return nd.log(nd.pick(nd.softmax(SCORES, axis=1), TRUTH, axis=1)).asnumpy()


def test_classes_may_lie_on_any_axis():
    entropy = metric.CrossEntropy(1e-12, None, 1, True)
    entropy.update(TRUTH, SCORES)
    assert entropy.get()[1] == pytest.approx(-log_probability().mean(), rel=1e-5)
    perplexity = metric.Perplexity(axis=1, from_logits=True, ignore_label=0)
    perplexity.update(TRUTH, SCORES)
    kept = log_probability()[TRUTH.asnumpy() != 0]
    assert perplexity.get() == ("perplexity", pytest.approx(np.exp(-kept.mean()), rel=1e-5))


def two_batches(made):
    made.update(nd.array([1, 2, 3, 4]), nd.array([1, 2, 3, 6]))
    made.update(nd.array([1, 5]), nd.array([2, 3]))
    return made.get()[1]


def test_errors_are_those_of_all_samples():
    # errors 0 0 0 2 and 1 2
    assert two_batches(metric.MAE()) == pytest.approx(5 / 6)
    assert two_batches(metric.MSE()) == pytest.approx(9 / 6)
    assert two_batches(metric.RMSE()) == pytest.approx(np.sqrt(9 / 6))
    joined = np.corrcoef([1, 2, 3, 6, 2, 3], [1, 2, 3, 4, 1, 5])[0, 1]
    assert two_batches(metric.PearsonCorrelation()) == pytest.approx(joined)
    assert two_batches(mx.metric.MAE()) == pytest.approx((0.5 + 1.5) / 2)


def test_scores_are_those_of_all_samples():
    labels = nd.array([0, 1, 1, 0]), nd.array([1, 0])
    scores = nd.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]), nd.array([[1, 0], [1, 0]])
    f1, mcc = metric.create("f1"), metric.MCC()
    for made in (f1, mcc):
        for label, score in zip(labels, scores, strict=True):
            made.update(label, score)
    assert f1.get()[1] == pytest.approx(2 / (2 + 1 + 2))  # 1 found, 1 wrong, 2 missed
    assert mcc.get()[1] == pytest.approx((1 * 2 - 1 * 2) / np.sqrt(2 * 3 * 3 * 4))


def test_metrics_are_made_by_name():
    made = metric.create(["ce", "rmse", "acc", "pearsonr"])
    kinds = (metric.CrossEntropy, metric.RMSE, mx.metric.Accuracy, metric.PearsonCorrelation)
    assert [type(m) for m in made.metrics] == list(kinds)
    assert isinstance(made.metrics[0], mx.metric.CrossEntropy)
    assert made.get()[0] == ["cross-entropy", "rmse", "accuracy", "pearsonr"]
    assert metric.F1("f", None, None, "multiclass", 0.5, "macro").average == "macro"
    with pytest.raises(mx.MXNetError, match="no metric 'nothing'"):
        metric.create("nothing")


def test_probabilities_become_classes():
    assert metric.predict_with_threshold(np.array([0.2, 0.7])).tolist() == [False, True]


@pytest.mark.parametrize("threshold", [0.3, 0.5])
@pytest.mark.parametrize("columns", [1, 2])
def test_f1_counts_scores_above_the_threshold(threshold, columns):
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 2, 10), rng.random(10).astype(np.float32)
    preds = score if columns == 1 else np.stack([1 - score, score], 1)
    both = ((threshold < score) & (truth == 1)).sum()

    made = metric.F1(threshold=threshold)
    for part in (slice(8), slice(8, None)):
        made.update(nd.array(truth[part]), nd.array(preds[part]))

    assert made.get()[1] == pytest.approx(2 * both / (truth.sum() + (threshold < score).sum()))


def test_members_of_a_composite_are_those_of_2():
    both = metric.CompositeEvalMetric(["f1"])
    both.add("mcc")
    assert [type(m) for m in both.metrics] == [metric.F1, metric.MCC]
    assert type(metric.create(["f1"]).metrics[0]) is metric.F1
    assert type(mx.metric.CompositeEvalMetric(["f1"]).metrics[0]) is mx.metric.F1
