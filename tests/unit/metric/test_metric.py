"""What the records of MXNet do not say about metrics."""

import numpy as np
import pytest

from dlstudio import metric, nd
from dlstudio.errors import DTypeError, IndexRangeError, ParamError, ShapeError


def test_local_reset_keeps_the_global_figure():
    accuracy = metric.Accuracy()
    accuracy.update(nd.array([0, 1]), nd.array([[0.9, 0.1], [0.8, 0.2]]))
    accuracy.reset_local()
    accuracy.update(nd.array([1]), nd.array([[0.1, 0.9]]))
    assert accuracy.get()[1] == 1.0
    assert accuracy.get_global()[1] == pytest.approx(2 / 3)


def test_update_dict_picks_outputs_by_name():
    accuracy = metric.Accuracy(output_names=["b"], label_names=["y"])
    accuracy.update_dict(
        {"x": nd.array([9]), "y": nd.array([1])},
        {"a": nd.array([[1.0, 0.0]]), "b": nd.array([[0.0, 1.0]])},
    )
    assert accuracy.get()[1] == 1.0


def test_a_registered_metric_is_made_by_name():
    @metric.register
    @metric.alias("always7")
    class Seven(metric.EvalMetric):
        def __init__(self):
            super().__init__("seven")

        def update(self, labels, preds):
            self._add(7, 1)

    made = metric.create("always7")
    made.update([], [])
    assert made.get() == ("seven", 7.0)


def test_a_function_becomes_a_metric():
    made = metric.create(lambda label, pred: float((label == pred).mean()))
    made.update(nd.array([1, 2]), nd.array([1, 3]))
    assert made.get()[1] == 0.5


def test_unknown_name_lists_near_ones():
    with pytest.raises(ParamError, match="accuracy"):
        metric.create("acuracy")


def test_unequal_counts_teach():
    with pytest.raises(ShapeError, match="Shape of labels 1 does not match shape of predictions 2"):
        metric.Accuracy().update([nd.array([1])], [nd.array([[1.0]]), nd.array([[1.0]])])


def test_loss_metric_averages_all_values():
    loss = metric.Loss()
    loss.update(None, [nd.array([1.0, 2.0]), nd.array([6.0])])
    assert loss.get() == ("loss", 3.0)


def test_pearson_micro_equals_one_correlation_of_everything():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=12), rng.normal(size=12)
    made = metric.PearsonCorrelation(average="micro")
    for part in (slice(0, 5), slice(5, 12)):
        made.update([y[part]], [x[part]])
    assert made.get()[1] == pytest.approx(np.corrcoef(x, y)[0, 1])


LABELS, CHOSEN = np.array([0, 1, 1, 2, 2, 2]), np.array([0, 1, 0, 2, 2, 1])


def test_confusion_matrix_counts_rows_of_truth():
    table = metric.ConfusionMatrix()
    table.update(LABELS, CHOSEN)
    assert table.get()[1].tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 2]]


@pytest.mark.parametrize(
    ("average", "precision", "recall"),
    [("binary", 1 / 2, 1 / 2), ("macro", (1 / 2 + 1 / 2 + 1) / 3, (1 + 1 / 2 + 2 / 3) / 3),
     ("micro", 4 / 6, 4 / 6)],
)  # fmt: skip
def test_precision_and_recall(average, precision, recall):
    for name, want in (("precision", precision), ("recall", recall)):
        made = metric.create(name, average=average)
        made.update(LABELS, CHOSEN)
        assert made.get() == (name, pytest.approx(want))


def test_a_class_beyond_the_table_teaches():
    with pytest.raises(ParamError, match="class 2 was seen"):
        metric.ConfusionMatrix(num_classes=2).update(LABELS, CHOSEN)


def test_a_metric_of_an_older_program_has_its_figure_for_the_whole_epoch():
    class Hits(metric.EvalMetric):
        def __init__(self):
            super().__init__("hits")

        def reset(self):
            self.num_inst = 0
            self.sum_metric = 0.0

        def update(self, labels, preds):
            self.sum_metric += 3.0
            self.num_inst += 4

    hits = Hits()
    hits.update([], [])
    assert hits.get_global_name_value() == [("hits", 0.75)]


def test_figures_are_python_numbers_that_print_as_in_books():
    label, pred = nd.array([0, 1, 1]), nd.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])
    for name in ("acc", "f1", "mcc", "pcc", "ce", "precision", "recall"):
        made = metric.create(name)
        made.update(label, pred)
        assert type(made.get()[1]) is float, name
    for name in ("mae", "mse", "rmse", "loss", "pearsonr"):
        made = metric.create(name)
        made.update([nd.array([1, 2, 4])], [nd.array([1, 2, 3])])
        assert type(made.get()[1]) is float, name


class TestMetricsOfMxnet2:
    def test_f_score_of_several_classes(self):
        label, pred = np.array([0, 1, 2, 2]), np.eye(3)[[0, 2, 2, 2]]
        macro = metric.F1(class_type="multiclass", average="macro")
        macro.update(label, pred)
        assert macro.get()[1] == pytest.approx((1 + 0 + 0.8) / 3)
        macro.reset()
        assert np.isnan(macro.get()[1])
        each = metric.Fbeta(class_type="multiclass", average=None, beta=2)
        each.update(label, pred)
        assert each.get()[1] == pytest.approx([1, 0, 5 * 2 / (3 + 4 * 2)])

    def test_f_score_of_several_labels_each_decided_by_the_threshold(self):
        table = metric.Fbeta(class_type="multilabel", threshold=0.3)
        table.update(np.array([[1, 0], [1, 1]]), np.array([[0.4, 0.2], [0.1, 0.9]]))
        assert table.get() == ("fbeta", pytest.approx(0.8))

    def test_a_binary_f_score_takes_probabilities(self):
        score = metric.Fbeta()
        score.update(np.array([1, 0, 1]), np.array([0.9, 0.8, 0.1]))
        assert score.get()[1] == pytest.approx(0.5)
        with pytest.raises(ParamError, match="class_type"):
            metric.Fbeta(class_type="many")

    def test_binary_accuracy_counts_every_element(self):
        made = metric.BinaryAccuracy(threshold=0.6)
        made.update(nd.array([[1, 0], [1, 1]]), nd.array([[0.7, 0.7], [0.5, 0.9]]))
        assert made.get() == ("binary_accuracy", 0.5)

    def test_distance_and_cosine_are_means_over_rows(self):
        label, pred = np.array([[1.0, 0], [0, 1]]), np.array([[4.0, 4], [0, 3]])
        distance, cosine = metric.MeanPairwiseDistance(), metric.MeanCosineSimilarity()
        distance.update(label, pred)
        cosine.update(label, pred)
        assert distance.get() == ("mpd", pytest.approx((5 + 2) / 2))
        assert cosine.get() == ("cos_sim", pytest.approx((0.5**0.5 + 1) / 2))


def test_arrays_that_do_not_fit_teach():
    message = r"Accuracy.update\(array \(2,\) of float32, NoneType\).*\nExpected labels \(B,\)"
    with pytest.raises(ShapeError, match=message):
        metric.Accuracy().update(nd.array([0, 1]), None)
    with pytest.raises(IndexRangeError, match=r"index 5 .*\nExpected labels \(B,\), probabilities"):
        metric.CrossEntropy().update([nd.array([0, 5])], [nd.ones((2, 3))])
    with pytest.raises(DTypeError, match="equal shape"):
        metric.MSE().update(labels=nd.ones(2), preds=None)


def test_errors_of_a_function_of_ones_own_stay_as_they_are():
    with pytest.raises(ZeroDivisionError):
        metric.CustomMetric(lambda label, pred: 1 / 0).update(nd.ones(2), nd.ones(2))
    with pytest.raises(TypeError, match="mine"):
        metric.CustomMetric(_failing).update(nd.ones(2), nd.ones(2))


def _failing(label, pred):
    raise TypeError("mine")


@pytest.mark.parametrize("kind", [metric.CrossEntropy, metric.Perplexity])
def test_scores_and_padding_of_mxnet_2(kind):
    scores = np.array([[2.0, 0.0], [100.0, 0.0], [5.0, 5.0]])
    figure = kind(ignore_label=1, from_logits=True)
    figure.update(np.array([0, 0, 1]), scores)
    mean = np.mean([np.log1p(np.exp(-2)), 0])
    expected = np.exp(mean) if kind is metric.Perplexity else mean
    assert figure.get()[1] == pytest.approx(expected, abs=1e-9)
