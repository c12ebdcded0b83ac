"""What the entries of layers cannot say: definitions by loops, modes, side effects."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from dlstudio import autograd, nd
from dlstudio import random as mx_random
from dlstudio.core.interpret import raw
from dlstudio.ops import nn_windows

F = raw(np)
RNG = np.random.default_rng(11)


def naive_convolution(x, w, stride, dilate, pad, groups):
    """The definition, cell by cell, in two dimensions."""
    x = np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2))
    B, _, H, W = x.shape
    filters, c, kh, kw = w.shape
    rows = (H - dilate[0] * (kh - 1) - 1) // stride[0] + 1
    columns = (W - dilate[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((B, filters, rows, columns))
    for b, o, i, j in np.ndindex(*y.shape):
        first = o // (filters // groups) * c
        for k, u, v in product(range(c), range(kh), range(kw)):
            cell = x[b, first + k, i * stride[0] + u * dilate[0], j * stride[1] + v * dilate[1]]
            y[b, o, i, j] += w[o, k, u, v] * cell
    return y


GEOMETRIES = [
    ((1, 1), (1, 1), (0, 0), 1),
    ((2, 1), (1, 2), (1, 2), 1),
    ((1, 1), (1, 1), (2, 2), 2),
    ((3, 2), (2, 1), (0, 1), 4),
]


@pytest.mark.parametrize(("stride", "dilate", "pad", "groups"), GEOMETRIES)
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_convolution_follows_its_definition(stride, dilate, pad, groups, layout):
    x, w = RNG.normal(size=(2, 4, 6, 7)), RNG.normal(size=(4, 4 // groups, 3, 2))
    expected = naive_convolution(x, w, stride, dilate, pad, groups)
    geometry = dict(kernel=(3, 2), stride=stride, dilate=dilate, pad=pad, num_group=groups)
    if layout == "NHWC":
        x, w, expected = (a.transpose(0, 2, 3, 1) for a in (x, w, expected))
    y = F.Convolution(x, w, num_filter=4, no_bias=True, layout=layout, **geometry)
    np.testing.assert_allclose(y, expected, atol=1e-12)


@pytest.mark.parametrize(("stride", "dilate", "pad", "groups"), GEOMETRIES)
def test_convolution_gradients_are_its_adjoints(stride, dilate, pad, groups):
    x, w = RNG.normal(size=(2, 4, 6, 7)), RNG.normal(size=(4, 4 // groups, 3, 2))
    geometry = dict(kernel=(3, 2), stride=stride, dilate=dilate, pad=pad, num_group=groups)
    y = F.Convolution(x, w, num_filter=4, no_bias=True, **geometry)
    g = RNG.normal(size=y.shape)
    dx = F.convolution_grad_data(g, w, data_shape=x.shape, **geometry)
    dw = F.convolution_grad_weight(g, x, weight_shape=w.shape, **geometry)
    np.testing.assert_allclose([(dx * x).sum(), (dw * w).sum()], (g * y).sum(), rtol=1e-10)


def test_large_batches_are_convolved_in_chunks_with_the_same_result(monkeypatch):
    x, w = RNG.normal(size=(5, 2, 6, 6)), RNG.normal(size=(3, 2, 3, 3))
    call = dict(kernel=(3, 3), stride=(2, 2), dilate=(1, 1), pad=(1, 1))
    whole = F.Convolution(x, w, num_filter=3, no_bias=True, **call)
    back = F.convolution_grad_data(whole, w, data_shape=x.shape, **call)
    slope = F.convolution_grad_weight(whole, x, weight_shape=w.shape, **call)
    monkeypatch.setattr(nn_windows, "_CHUNK_BYTES", 1)
    np.testing.assert_allclose(F.Convolution(x, w, num_filter=3, no_bias=True, **call), whole)
    np.testing.assert_allclose(F.convolution_grad_data(whole, w, data_shape=x.shape, **call), back)
    again = F.convolution_grad_weight(whole, x, weight_shape=w.shape, **call)
    np.testing.assert_allclose(again, slope)


def test_deconvolution_is_the_adjoint_of_convolution():
    x, w = RNG.normal(size=(1, 3, 7, 6)), RNG.normal(size=(2, 3, 3, 2))
    call = dict(kernel=(3, 2), stride=(2, 2), pad=(1, 0))
    y = F.Convolution(x, w, num_filter=2, no_bias=True, **call)
    g = RNG.normal(size=y.shape)
    back = F.Deconvolution(g, w, num_filter=3, target_shape=(7, 6), **call)
    same = F.convolution_grad_data(g, w, data_shape=x.shape, dilate=(1, 1), **call)
    assert back.shape == x.shape
    np.testing.assert_allclose((same * x).sum(), (g * y).sum(), rtol=1e-10)


@pytest.mark.parametrize("kind", ["max", "avg", "sum"])
@pytest.mark.parametrize("convention", ["valid", "full"])
@pytest.mark.parametrize("include", [True, False])
def test_pooling_follows_its_definition(kind, convention, include):
    x = RNG.normal(size=(1, 2, 7, 7))
    y = F.Pooling(
        x, kernel=(3, 2), stride=(2, 3), pad=(1, 0), pool_type=kind,
        pooling_convention=convention, count_include_pad=include,
    )  # fmt: skip
    for b, c, i, j in np.ndindex(*y.shape):
        top, left = i * 2 - 1, j * 3
        window = x[b, c, max(top, 0) : top + 3, left : left + 2]
        # windows may reach into the declared padding, never beyond it
        cells = (min(top + 3, 8) - top) * (min(left + 2, 7) - left) if include else window.size
        expected = {"max": window.max(), "sum": window.sum(), "avg": window.sum() / cells}[kind]
        np.testing.assert_allclose(y[b, c, i, j], expected)


def test_max_pooling_sends_the_gradient_of_a_tie_to_the_first_maximum():
    x = np.ones((1, 1, 2, 2))
    y = F.Pooling(x, kernel=(2, 2))
    np.testing.assert_array_equal(F.pooling_grad(y, x, y, kernel=(2, 2))[0, 0], [[1, 0], [0, 0]])


def batch_norm_inputs():
    x = nd.array(RNG.normal(size=(4, 3, 2, 2)))
    return x, nd.array([2.0, 0.5, 1.5]), nd.array([0.1, 0.2, 0.3]), nd.zeros(3), nd.ones(3)


def test_moving_averages_move_in_the_backward_pass_of_a_training_step():
    x, gamma, beta, mean, var = batch_norm_inputs()
    x.attach_grad()
    with autograd.record():
        y = nd.BatchNorm(x, gamma, beta, mean, var, fix_gamma=False, momentum=0.9)
    np.testing.assert_array_equal(mean.asnumpy(), 0)
    y.backward()
    batch = x.asnumpy()
    np.testing.assert_allclose(mean.asnumpy(), 0.1 * batch.mean((0, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(var.asnumpy(), 0.9 + 0.1 * batch.var((0, 2, 3)), rtol=1e-4)


def test_moving_averages_stay_in_prediction_and_with_global_statistics():
    x, gamma, beta, mean, var = batch_norm_inputs()
    x.attach_grad()
    with autograd.record(train_mode=False):
        nd.BatchNorm(x, gamma, beta, mean, var, fix_gamma=False).backward()
    with autograd.record():
        nd.BatchNorm(x, gamma, beta, mean, var, fix_gamma=False, use_global_stats=True).backward()
    np.testing.assert_array_equal(mean.asnumpy(), 0)
    np.testing.assert_array_equal(var.asnumpy(), 1)


def test_fixed_gamma_counts_as_one_and_is_written_so():
    x, gamma, beta, mean, var = batch_norm_inputs()
    y = nd.BatchNorm(x, gamma, beta, mean, var)
    np.testing.assert_array_equal(gamma.asnumpy(), 1)
    expected = x.asnumpy() / np.sqrt(1.001) + beta.asnumpy().reshape(1, 3, 1, 1)
    # two rounding orders differ by an ulp of the summands, much for a sum near zero
    np.testing.assert_allclose(y.asnumpy(), expected, rtol=1e-5, atol=1e-6)


def test_dropout_keeps_the_mean_and_is_the_identity_in_prediction():
    mx_random.seed(3)
    x = nd.ones((200, 100))
    np.testing.assert_array_equal(nd.Dropout(x, p=0.4).asnumpy(), 1)
    y = nd.Dropout(x, p=0.4, mode="always").asnumpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.6)}
    assert abs(y.mean() - 1) < 0.03  # six standard deviations of the mean of 20,000 draws


def test_dropout_shares_one_draw_along_axes():
    y = nd.Dropout(nd.ones((50, 4)), p=0.5, axes=(1,), mode="always").asnumpy()
    np.testing.assert_array_equal(y, np.repeat(y[:, :1], 4, axis=1))


def test_dropout_gradient_uses_the_mask_of_the_forward():
    x = nd.ones((20, 20))
    x.attach_grad()
    with autograd.record():
        y = nd.Dropout(x, p=0.5)
    y.backward()
    np.testing.assert_array_equal(x.grad.asnumpy(), y.asnumpy())


def test_embedding_sums_the_gradients_of_repeated_rows():
    weight = nd.array(RNG.normal(size=(4, 2)))
    weight.attach_grad()
    with autograd.record():
        y = nd.Embedding(nd.array([1, 1, 3]), weight, input_dim=4, output_dim=2)
    y.backward()
    np.testing.assert_array_equal(weight.grad.asnumpy(), [[0, 0], [2, 2], [0, 0], [1, 1]])


@pytest.mark.parametrize("scale", [60000.0, 1e-4])
def test_half_precision_computes_in_single_precision(scale):
    x = np.full((1, 4, 3, 3), scale, "float16")
    w = np.full((1, 4, 3, 3), 1 / 36, "float16")
    y = F.Convolution(x, w, kernel=(3, 3), num_filter=1, no_bias=True)
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.ravel(), scale, rtol=2e-3)  # the sum would overflow at 65504


def test_softmax_of_large_scores_is_finite():
    y = nd.softmax(nd.array([[1000.0, 0.0], [-1000.0, -1000.0]])).asnumpy()
    np.testing.assert_array_equal(y, [[1, 0], [0.5, 0.5]])


def test_softmax_of_a_sequence_of_length_zero_is_zero():
    length = nd.array([0, 2], dtype="int32")
    y = nd.softmax(nd.ones((2, 3)), length, use_length=True).asnumpy()
    np.testing.assert_array_equal(y, [[0, 0, 0], [0.5, 0.5, 0]])


def test_resampling_and_its_adjoint_belong_together():
    x, g = RNG.normal(size=(1, 2, 5, 4)), RNG.normal(size=(1, 2, 3, 7))
    for kind in ("corners", "linear", "average", "cubic", "area"):
        y = F.resample2d(x, size=(3, 7), kind=kind)
        back = F.resample2d_adjoint(g, size=(5, 4), kind=kind)
        np.testing.assert_allclose((y * g).sum(), (back * x).sum())
