"""Output layers: their backward is the gradient of a loss, whatever arrives from above."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio import autograd, nd

RNG = np.random.default_rng(2)


def gradient(function, data, *others, head=None):
    x = nd.array(data)
    x.attach_grad()
    with autograd.record():
        y = function(x, *(nd.array(o) for o in others))
    y.backward(None if head is None else nd.array(head))
    return y.asnumpy(), x.grad.asnumpy()


def test_softmax_output_gives_probabilities_and_the_gradient_of_cross_entropy():
    x, label = RNG.normal(size=(3, 4)), np.array([0, 2, 1])
    y, g = gradient(nd.SoftmaxOutput, x, label, head=RNG.normal(size=(3, 4)))
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    np.testing.assert_allclose(y, p, rtol=1e-5)
    np.testing.assert_allclose(g, p - np.eye(4)[label], rtol=1e-4, atol=1e-6)


def test_softmax_output_gives_ignored_labels_no_gradient():
    x, label = RNG.normal(size=(3, 4)), np.array([0, -1, 1])

    def layer(x, label):
        return nd.SoftmaxOutput(x, label, use_ignore=True, normalization="valid")

    _, g = gradient(layer, x, label)
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    np.testing.assert_array_equal(g[1], 0)
    np.testing.assert_allclose(g[0], (p[0] - np.eye(4)[0]) / 2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "slope"),
    [
        (nd.LinearRegressionOutput, lambda x, t: x - t),
        (nd.LogisticRegressionOutput, lambda x, t: 1 / (1 + np.exp(-x)) - t),
        (nd.MAERegressionOutput, lambda x, t: np.sign(x - t)),
    ],
)
def test_regression_outputs_divide_by_the_outputs_of_an_example(layer, slope):
    x, t = RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2))
    _, g = gradient(layer, x, t, head=RNG.normal(size=(3, 2)))
    np.testing.assert_allclose(g, slope(x, t) / 2, rtol=1e-4, atol=1e-6)


def test_make_loss_counts_what_is_above_the_threshold():
    x = np.array([[0.2, 0.8, 0.9]])

    def layer(x):
        return nd.MakeLoss(x, grad_scale=3.0, normalization="valid", valid_thresh=0.5)

    np.testing.assert_allclose(gradient(layer, x)[1], 1.5)


def test_softmax_cross_entropy_is_the_sum_over_the_batch():
    x, label = RNG.normal(size=(3, 4)), np.array([0, 3, 2])
    y, _ = gradient(nd.softmax_cross_entropy, x, label)
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    assert y.shape == (1,)
    np.testing.assert_allclose(y[0], -np.log(p[np.arange(3), label]).sum(), rtol=1e-5)
