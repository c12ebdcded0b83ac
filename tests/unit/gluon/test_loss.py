"""Losses: the slips of labels, and what the records of MXNet do not say."""

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import autograd, gluon, nd
from dlstudio.errors import DTypeError, ShapeError

CE = gluon.loss.SoftmaxCrossEntropyLoss


@pytest.mark.parametrize("active", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("loss", [gluon.loss.L1Loss, gluon.loss.L2Loss, gluon.loss.SigmoidBCELoss])
def test_a_label_of_another_dtype_teaches(loss, active):
    made = loss()
    made.hybridize(active)
    with pytest.raises(DTypeError, match=r'label.astype\("float32"\)'):
        made(nd.ones((2, 3)), nd.ones((2, 3), dtype="int32"))


def test_one_hot_labels_for_class_numbers_teach():
    with pytest.raises(ShapeError, match="sparse_label=False"):
        CE()(nd.ones((2, 3)), nd.array([[0, 1, 0], [1, 0, 0]]))


def test_class_numbers_may_be_integers_or_floats():
    scores = nd.array([[1.0, 2.0, 3.0]])
    values = {
        CE()(scores, nd.array([2], dtype=d)).asscalar()
        for d in ("float32", "int32", "int64", "uint8")
    }
    assert len(values) == 1


def test_boolean_labels_teach():
    with pytest.raises(DTypeError, match=r'astype\("int32"\)'):
        CE()(nd.ones((2, 3)), nd.array([True, False], dtype="bool"))


def test_swapped_arguments_teach():
    with pytest.raises(DTypeError, match="predictions first"):
        CE()(nd.array([1, 2], dtype="int32"), nd.ones((2, 3)))


def test_labels_of_another_size_teach():
    with pytest.raises(ShapeError, match=r"8 elements, prediction .* has 12"):
        gluon.loss.L2Loss()(nd.ones((3, 4)), nd.ones((2, 4)))


def test_sparse_and_dense_labels_agree():
    scores = nd.array(np.random.default_rng(0).normal(size=(5, 4)))
    numbers = nd.array([0, 3, 2, 1, 1])
    dense = CE(sparse_label=False)(scores, nd.one_hot(numbers, depth=4))
    np.testing.assert_allclose(dense.asnumpy(), CE()(scores, numbers).asnumpy(), rtol=1e-6)


def test_sample_weights_without_their_second_axis_warn():
    with pytest.warns(UserWarning, match=r"widens losses of shape \(2, 1\) to \(2, 2\)"):
        CE()(nd.ones((2, 3)), nd.array([0, 1]), nd.array([1, 0]))


def test_sample_weights_scale_and_silence():
    scores, labels = nd.ones((3, 4)), nd.array([0, 1, 2])
    weights = nd.array([[0.0], [1.0], [2.0]])
    found = CE()(scores, labels, weights).asnumpy()
    np.testing.assert_allclose(found, np.log(4) * np.array([0, 1, 2]), rtol=1e-6)
    np.testing.assert_allclose(CE()(scores, labels, 0.5).asnumpy(), np.log(4) / 2, rtol=1e-6)


def test_full_poisson_loss_is_finite_for_zero_counts_and_has_a_gradient():
    loss = gluon.loss.PoissonNLLLoss(from_logits=False, compute_full=True)
    pred, target = nd.array([[0.5, 2.0]]), nd.array([[0.0, 3.0]])
    pred.attach_grad()
    with autograd.record():
        value = loss(pred, target)
    value.backward()
    assert np.isfinite(value.asscalar())
    np.testing.assert_allclose(pred.grad.asnumpy(), [[0.5, (1 - 1.5) / 2]], rtol=1e-5)


@pytest.mark.parametrize("active", [False, True])
def test_binary_loss_does_not_overflow(active):
    loss = gluon.loss.SigmoidBCELoss()
    loss.hybridize(active)
    found = loss(nd.array([[-500.0, 500.0]]), nd.array([[1.0, 1.0]])).asnumpy()
    np.testing.assert_allclose(found, [250.0])


def test_a_hybridized_loss_equals_the_eager_one():
    scores = nd.array(np.random.default_rng(0).normal(size=(5, 4)))
    labels = nd.array([0, 3, 2, 1, 1])
    loss = CE()
    want = loss(scores, labels).asnumpy()
    loss.hybridize()
    np.testing.assert_allclose(loss(scores, labels).asnumpy(), want, rtol=1e-6)


def test_a_loss_of_ones_own_uses_the_helpers_of_mxnet():
    from dlstudio.gluon.loss import Loss, _apply_weighting, _reshape_like

    class Square(Loss):
        def hybrid_forward(self, F, pred, label, sample_weight=None):
            loss = F.square(pred - _reshape_like(F, label, pred))
            loss = _apply_weighting(F, loss, self._weight, sample_weight)
            return F.mean(loss, axis=self._batch_axis, exclude=True)

    square = Square(2.0, 0)
    given = nd.array([[1, 2], [3, 4]]), nd.array([1, 0, 0, 0]), nd.array([[1], [0]])
    assert square(*given).asnumpy().tolist() == [4, 0]
    square.hybridize()
    assert square(*given).asnumpy().tolist() == [4, 0]


@pytest.mark.parametrize("loss", ["SoftmaxCELoss", "L2Loss", "CosineEmbeddingLoss", "SDMLLoss"])
@pytest.mark.parametrize("given", [[0, 1], np.ones(2), None, 3, nd.ones((2, 2)).tostype("csr")])
def test_what_is_no_array_teaches(loss, given):
    made = getattr(gluon.loss, loss)()
    name = "ndarray" if isinstance(given, np.ndarray) else type(given).__name__
    with pytest.raises(DTypeError, match=f"{type(made).__name__}: input 1 is a {name}"):
        made(nd.ones((2, 2)), given)
    with pytest.raises(DTypeError, match="prediction is a"):
        made(given, nd.ones((2, 2)))


@pytest.mark.parametrize("active", [False, True], ids=["eager", "compiled"])
def test_losses_of_numpy_arrays_are_numpy_arrays(active):
    x = mx.np.array([[1.0, 2.0], [3.0, 4.0]])
    for name, shape in (("L2Loss", (2,)), ("PoissonNLLLoss", ()), ("SDMLLoss", (2,))):
        loss = getattr(gluon.loss, name)()
        loss.hybridize(active)
        found = loss(x, x)
        assert (type(found), found.shape) == (mx.np.ndarray, shape), name
    assert gluon.loss.PoissonNLLLoss()(nd.ones(2), nd.ones(2)).shape == (1,)
