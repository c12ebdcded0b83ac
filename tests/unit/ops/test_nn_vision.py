"""Operators of detectors, of optical flow and of resizing, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio import nd
from dlstudio.core.interpret import raw
from dlstudio.ops import nn_resize

F = raw(np)
RNG = np.random.default_rng(8)


def test_deformable_convolution_without_offsets_is_a_convolution():
    x, w, b = RNG.normal(size=(2, 4, 6, 5)), RNG.normal(size=(4, 2, 3, 3)), RNG.normal(size=4)
    call = dict(kernel=(3, 3), stride=(2, 1), pad=(1, 1), num_filter=4, num_group=2)
    expected = F.Convolution(x, w, b, **call)
    offset = np.zeros((2, 18, *expected.shape[2:]))
    mask = np.ones((2, 9, *expected.shape[2:]))
    # padding is zero in a convolution; at the border the first version reads the same zeros
    np.testing.assert_allclose(F.DeformableConvolution(x, offset, w, b, **call), expected)
    got = F.ModulatedDeformableConvolution(x, offset, mask, w, b, **call)
    np.testing.assert_allclose(got, expected)


def test_roi_align_of_a_plane_reads_the_plane_at_the_centres_of_the_bins():
    y, x = np.meshgrid(np.arange(8.0), np.arange(8.0), indexing="ij")
    maps = (2 * x + 3 * y)[None, None]
    rois = np.array([[0.0, 1.0, 2.0, 5.0, 6.0]])
    got = F.ROIAlign(maps, rois, pooled_size=(2, 2), spatial_scale=1.0, sample_ratio=2)
    centres_x, centres_y = np.array([2.0, 4.0]), np.array([3.0, 5.0])
    np.testing.assert_allclose(got[0, 0], 2 * centres_x + 3 * centres_y[:, None])


def test_roi_pooling_takes_the_maximum_of_each_bin():
    maps = np.arange(16.0).reshape(1, 1, 4, 4)
    got = F.ROIPooling(maps, np.array([[0.0, 0, 0, 3, 3]]), pooled_size=(2, 2), spatial_scale=1.0)
    np.testing.assert_array_equal(got[0][0, 0], [[5, 7], [13, 15]])


@pytest.mark.parametrize("multiply", [True, False])
def test_correlation_follows_its_definition(multiply):
    a, b = RNG.normal(size=(1, 2, 5, 6)), RNG.normal(size=(1, 2, 5, 6))
    got = F.Correlation(
        a, b, kernel_size=3, max_displacement=2, stride1=2, stride2=2, pad_size=3,
        is_multiply=multiply,
    )  # fmt: skip
    p, q = (np.pad(v, ((0, 0), (0, 0), (3, 3), (3, 3))) for v in (a, b))
    for channel, i, j in np.ndindex(*got.shape[1:]):
        down, right = channel // 3 * 2 - 2, channel % 3 * 2 - 2
        y, x = i * 2 + 2, j * 2 + 2
        one = p[0, :, y : y + 3, x : x + 3]
        two = q[0, :, y + down : y + down + 3, x + right : x + right + 3]
        expected = (one * two if multiply else np.abs(one - two)).sum() / (9 * 2)
        np.testing.assert_allclose(got[0, channel, i, j], expected)


def test_decoding_undoes_encoding():
    anchors = np.array([[[0.1, 0.2, 0.5, 0.6], [0.4, 0.4, 0.9, 0.8]]])
    boxes = np.array([[[0.15, 0.1, 0.6, 0.7], [0.3, 0.5, 0.8, 0.9]]])
    stds = np.array([0.1, 0.1, 0.2, 0.2])
    offsets, mask = F.box_encode(
        np.ones((1, 2)), np.array([[1.0, 0.0]]), anchors, boxes, np.zeros(4), stds
    )
    back = F.box_decode(offsets, anchors, std0=0.1, std1=0.1, std2=0.2, std3=0.2, format="corner")
    np.testing.assert_allclose(back, boxes[:, ::-1], atol=1e-12)
    np.testing.assert_array_equal(mask, 1)


def test_suppression_keeps_the_best_of_overlapping_boxes():
    rows = nd.array([[0, 0.5, 0, 0, 2, 2], [0, 0.9, 0.1, 0, 2, 2], [0, 0.3, 5, 5, 6, 6]])
    kept = nd.contrib.box_nms(rows, overlap_thresh=0.5).asnumpy()
    np.testing.assert_allclose(kept[:, 1], [0.9, 0.3, -1])


def test_a_prior_and_its_target_belong_together():
    anchors = nd.contrib.MultiBoxPrior(nd.zeros((1, 3, 4, 4)), sizes=(0.5,))
    label = nd.array([[[2, 0.1, 0.1, 0.6, 0.6]]])
    scores = nd.zeros((1, 4, 16))
    offsets, mask, classes = nd.contrib.MultiBoxTarget(anchors, label, scores)
    positive = np.flatnonzero(classes.asnumpy()[0] == 3)
    assert len(positive) >= 1
    chance = np.zeros((1, 4, 16))
    chance[0, 3, positive] = 0.9
    found = nd.contrib.MultiBoxDetection(nd.array(chance), offsets * mask, anchors).asnumpy()
    np.testing.assert_allclose(found[0, 0], [2, 0.9, 0.1, 0.1, 0.6, 0.6], atol=1e-6)


@pytest.mark.parametrize("interp", range(5))
def test_resizing_keeps_a_constant_picture_constant(interp):
    picture = nd.full((5, 7, 3), 77, dtype="uint8")
    got = nd.image.resize(picture, size=(4, 9), interp=interp)
    assert got.shape == (9, 4, 3)
    np.testing.assert_array_equal(got.asnumpy(), 77)


def test_nearest_resizing_keeps_whole_numbers_that_float32_has_not():
    labels = nd.array([[[2**24 + 1], [7]], [[-(2**30) - 1], [0]]], dtype="int32")
    large = nd.image.resize(labels, size=(4, 4), interp=0).asnumpy()
    np.testing.assert_array_equal(large, labels.asnumpy().repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize(("kind", "reach"), [("cubic", 2), ("lanczos", 4)])
def test_bytes_are_filtered_with_weights_in_2048ths_and_rounded_once(kind, reach):
    x = RNG.integers(0, 256, (9, 14, 3), dtype="uint8")

    def weights(n, m):
        filters, _ = nn_resize._FILTERS[kind]
        matrix = np.zeros((m, n), int)
        for i, place in enumerate((np.arange(m) + 0.5) * n / m - 0.5):
            cells = int(np.floor(place)) + np.arange(1 - reach, reach + 1)
            part = filters(place - cells)
            np.add.at(matrix[i], cells.clip(0, n - 1), np.rint(part / part.sum() * 2048))
        return matrix

    total = np.einsum("ih,hwc,jw->ijc", weights(9, 12), x.astype(int), weights(14, 5))
    expected = ((total + (1 << 21)) >> 22).clip(0, 255)
    np.testing.assert_array_equal(F.image_resize_bytes(x, size=(12, 5), kind=kind), expected)
