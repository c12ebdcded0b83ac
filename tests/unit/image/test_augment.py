"""Augmenters of one picture, of colours, and the lists that the factories make."""

from __future__ import annotations

import json

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import image, nd
from dlstudio.errors import DTypeError, ParamError, ShapeError

PIXELS = np.random.default_rng(2).integers(0, 256, (12, 16, 3), dtype=np.uint8)


@pytest.fixture
def picture():
    mx.random.seed(3)
    return nd.array(PIXELS, dtype="uint8")


@pytest.mark.parametrize(
    ("augmenter", "shape"),
    [
        (image.ResizeAug(6), (6, 8, 3)),
        (image.ForceResizeAug((5, 7)), (7, 5, 3)),
        (image.RandomCropAug((5, 7)), (7, 5, 3)),
        (image.CenterCropAug((5, 7)), (7, 5, 3)),
        (image.RandomSizedCropAug((5, 7), 0.3, (0.75, 1.33)), (7, 5, 3)),
        (image.HorizontalFlipAug(0.5), (12, 16, 3)),
        (image.BrightnessJitterAug(0.3), (12, 16, 3)),
        (image.ContrastJitterAug(0.3), (12, 16, 3)),
        (image.SaturationJitterAug(0.3), (12, 16, 3)),
        (image.HueJitterAug(0.3), (12, 16, 3)),
        (image.ColorJitterAug(0.3, 0.3, 0.3), (12, 16, 3)),
        (image.LightingAug(0.1, np.ones(3), np.eye(3)), (12, 16, 3)),
        (image.RandomGrayAug(0.5), (12, 16, 3)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, image.Augmenter) else "",
)
def test_an_augmenter_gives_its_shape_keeps_the_dtype_and_repeats_with_the_seed(
    picture, augmenter, shape
):
    first = augmenter(picture)
    assert first.shape == shape
    assert first.dtype == np.uint8
    mx.random.seed(3)
    np.testing.assert_array_equal(augmenter(picture).asnumpy(), first.asnumpy())
    np.testing.assert_array_equal(picture.asnumpy(), PIXELS)


def test_a_certain_mirror_mirrors(picture):
    mirrored = image.HorizontalFlipAug(1.0)(picture)
    np.testing.assert_array_equal(mirrored.asnumpy(), PIXELS[:, ::-1])


def test_brightness_is_one_factor_within_its_range(picture):
    x = picture.astype("float32")
    ratios = image.BrightnessJitterAug(0.2)(x).asnumpy() / np.maximum(PIXELS, 1e-9)
    ratios = ratios[PIXELS > 0]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-5)
    assert 0.8 <= ratios[0] <= 1.2


def test_contrast_and_saturation_keep_the_mean_grey(picture):
    luma = np.array([0.299, 0.587, 0.114])
    x = picture.astype("float32")
    mean = (PIXELS @ luma).mean()
    for kind in (image.ContrastJitterAug, image.SaturationJitterAug):
        assert (kind(0.5)(x).asnumpy() @ luma).mean() == pytest.approx(mean, rel=1e-4)


def test_turning_the_hue_leaves_grey_as_it_is():
    grey = nd.array(np.full((2, 2, 3), 77.0))
    np.testing.assert_allclose(image.HueJitterAug(1.0)(grey).asnumpy(), 77, atol=0.5)


def test_lighting_adds_the_same_colour_everywhere(picture):
    x = picture.astype("float32")
    shift = image.LightingAug(1.0, [10, 5, 1], np.eye(3))(x).asnumpy() - PIXELS
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0, 0], shift.shape), atol=1e-3)
    assert np.abs(shift).max() > 0.1


def test_taking_colours_away_makes_channels_equal(picture):
    grey = image.RandomGrayAug(1.0)(picture.astype("float32")).asnumpy()
    np.testing.assert_allclose(grey[..., 0], PIXELS @ [0.21, 0.72, 0.07], rtol=1e-5)
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])


def test_normalizing_makes_floats(picture):
    result = image.ColorNormalizeAug([1, 2, 3], [2, 2, 4])(picture)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.asnumpy(), (PIXELS - [1.0, 2, 3]) / [2, 2, 4], rtol=1e-6)
    halved = image.ColorNormalizeAug(None, [2, 2, 2])(picture)
    np.testing.assert_allclose(halved.asnumpy(), PIXELS / 2)


def test_several_augmenters_run_in_order_or_in_any(picture):
    double, add = (lambda x: x * 2), (lambda x: x + 1)
    x = nd.array([3.0])
    assert image.SequentialAug([double, add])(x).asscalar() == 7
    found = {image.RandomOrderAug([double, add])(x).asscalar() for _ in range(30)}
    assert found == {7, 8}


def test_the_factory_makes_the_documented_order():
    made = image.CreateAugmenter(
        (3, 8, 8), resize=10, rand_crop=True, rand_resize=True, rand_mirror=True, mean=True,
        std=True, brightness=0.1, hue=0.1, pca_noise=0.1, rand_gray=0.1,
    )  # fmt: skip
    assert [type(each).__name__ for each in made] == [
        "ResizeAug", "RandomSizedCropAug", "HorizontalFlipAug", "CastAug", "ColorJitterAug",
        "HueJitterAug", "LightingAug", "RandomGrayAug", "ColorNormalizeAug",
    ]  # fmt: skip
    plain = image.CreateAugmenter((3, 8, 8))
    assert [type(each).__name__ for each in plain] == ["CenterCropAug", "CastAug"]


def test_augmenters_describe_themselves_as_json():
    made = image.CreateAugmenter((3, 8, 8), brightness=0.1, mean=True)
    assert json.loads(made[0].dumps()) == ["centercropaug", {"size": [8, 8], "interp": 2}]
    assert made[2].dumps()[0] == "colorjitteraug"
    assert json.loads(made[3].dumps())[0] == "colornormalizeaug"


def test_pictures_of_np_stay_of_np():
    x = mx.np.array(PIXELS, dtype="uint8")
    for augmenter in image.CreateAugmenter((3, 8, 8), rand_mirror=True, contrast=0.1, std=True):
        x = augmenter(x)
    assert type(x) is mx.np.ndarray


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: image.CreateAugmenter((8, 8)), ShapeError, "channels, height, width"),
        (lambda: image.CreateAugmenter((3, 8, 8), rand_resize=True), ParamError, "rand_crop"),
        (lambda: image.CreateAugmenter((3, 8, 8), mean=[1, 2]), ShapeError, "mean"),
        (lambda: image.HueJitterAug(0.1)(nd.ones((4, 4, 1))), ShapeError, "HueJitterAug"),
        (lambda: image.Augmenter()(nd.ones((4, 4, 1))), ParamError, "does not define"),
    ],
)
def test_misuse_teaches(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- turning -----------------------------------------------------------------------------------
def test_a_quarter_turn_is_counter_clockwise():
    x = nd.array(np.arange(9.0).reshape(1, 3, 3))
    np.testing.assert_allclose(
        image.imrotate(x, 90).asnumpy()[0], np.rot90(np.arange(9).reshape(3, 3)), atol=1e-4
    )


def test_turning_agrees_with_pillow():
    picture = pytest.importorskip("PIL.Image")
    smooth = np.add.outer(np.arange(31.0), 2 * np.arange(31.0)).astype(np.float32)
    theirs = np.asarray(picture.fromarray(smooth).rotate(20, picture.Resampling.BILINEAR))
    ours = image.imrotate(nd.array(smooth[None]), 20).asnumpy()[0]
    np.testing.assert_allclose(ours[8:23, 8:23], theirs[8:23, 8:23], atol=0.1)


def test_zooming_shows_no_corner_or_every_corner():
    white = nd.ones((1, 20, 30))
    assert image.imrotate(white, 30).asnumpy().min() == 0
    np.testing.assert_allclose(image.imrotate(white, 30, zoom_in=True).asnumpy(), 1, atol=1e-3)
    frame = np.zeros((1, 20, 30), np.float32)
    frame[:, 0, 0] = 1
    assert image.imrotate(nd.array(frame), 30).asnumpy().sum() == 0
    assert image.imrotate(nd.array(frame), 30, zoom_out=True).asnumpy().sum() > 0


def test_a_batch_is_turned_by_one_angle_or_by_many():
    x = nd.array(np.random.default_rng(0).normal(size=(2, 3, 8, 8)))
    both = image.imrotate(x, nd.array([0, 45])).asnumpy()
    np.testing.assert_allclose(both[0], x.asnumpy()[0], atol=1e-5)
    np.testing.assert_allclose(both[1], image.imrotate(x[1], 45).asnumpy(), atol=1e-6)
    mx.random.seed(1)
    first = image.random_rotate(x, (-30, 30)).asnumpy()
    mx.random.seed(1)
    np.testing.assert_array_equal(image.random_rotate(x, (-30, 30)).asnumpy(), first)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((nd.ones((1, 4, 4)), 1, True, True), ParamError, "zoom_in and zoom_out"),
        ((nd.ones((1, 4, 4), dtype="uint8"), 1), DTypeError, "float32"),
        ((nd.ones((4, 4)), 1), ShapeError, r"\(C, H, W\)"),
        ((nd.ones((1, 4, 4)), [1, 2]), ShapeError, "one number"),
    ],
)
def test_wrong_turns_teach(arguments, error, message):
    with pytest.raises(error, match=message):
        image.imrotate(*arguments)
    with pytest.raises(ParamError, match="angle_limits"):
        image.random_rotate(nd.ones((1, 4, 4)), (3, -3))


def test_random_resized_crops_have_their_size_and_place():
    mx.random.seed(0)
    x = nd.array(np.arange(100.0)[None, :, None] * np.ones((100, 1, 1)))
    part = mx.npx.image.random_resized_crop(
        x, (0.0, 0.0), (0.0, 0.0), 5, 5, area=(0.04, 0.04), ratio=(1, 1)
    )
    assert part.shape == (5, 5, 1)
    assert part.asnumpy().max() < 20  # the left fifth
    with pytest.raises(ParamError, match="width and height"):
        mx.npx.image.random_resized_crop(x)
