"""Augmenters that move boxes together with their pictures."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import image, nd
from dlstudio.errors import DTypeError, ParamError, ShapeError

H, W = 60, 80
BOXES = np.array([[0, 0.25, 0.25, 0.5, 0.5, 7], [1, 0.6, 0.1, 0.9, 0.3, 8]])


@pytest.fixture
def scene():
    """A black picture with one bright rectangle for each box; classes are 1 and 2."""
    mx.random.seed(5)
    pixels = np.zeros((H, W, 3), np.uint8)
    for number, (_, left, top, right, bottom, _) in enumerate(BOXES):
        area = slice(round(top * H), round(bottom * H)), slice(round(left * W), round(right * W))
        pixels[area] = 100 * (number + 1)
    return nd.array(pixels, dtype="uint8")


def inside(picture, box):
    """Mean of the pixels within a box."""
    rows, columns = picture.shape[:2]
    left, top, right, bottom = box[1:5]
    part = picture.asnumpy()[
        round(top * rows) : round(bottom * rows), round(left * columns) : round(right * columns)
    ]
    return part.mean()


@pytest.mark.parametrize(
    "augmenter",
    [
        image.DetHorizontalFlipAug(1.0),
        image.DetRandomCropAug(0.3, area_range=(0.3, 0.9), min_eject_coverage=0.2),
        image.DetRandomPadAug(area_range=(1.2, 3.0), pad_val=0),
        image.DetRandomSelectAug([image.DetRandomPadAug(pad_val=(0, 0, 0))]),
    ],
    ids=lambda each: type(each).__name__,
)
def test_boxes_stay_on_their_objects(scene, augmenter):
    for _ in range(10):
        picture, boxes = augmenter(scene, BOXES.copy())
        assert boxes.shape[1] == 6
        for box in boxes:
            assert 0 <= box[1] < box[3] <= 1
            assert box[5] == 7 + box[0]
            assert inside(picture, box) == pytest.approx(100 * (box[0] + 1), abs=12)


def test_boxes_are_not_changed_in_place(scene):
    boxes = BOXES.copy()
    image.DetHorizontalFlipAug(1.0)(scene, boxes)
    image.DetRandomPadAug()(scene, boxes)
    np.testing.assert_array_equal(boxes, BOXES)


def test_a_crop_shows_as_much_of_objects_as_asked_for(scene):
    crop = image.DetRandomCropAug(min_object_covered=1.0, area_range=(0.2, 0.6))
    for _ in range(10):
        picture, boxes = crop(scene, BOXES)
        assert (inside(picture, boxes[0]) > 60) or len(boxes) == 2
        assert picture.size < scene.size


def test_a_crop_that_cannot_be_leaves_the_picture(scene):
    everything = np.array([[0, 0.0, 0.0, 1.0, 1.0]])
    crop = image.DetRandomCropAug(min_object_covered=1.0, area_range=(0.1, 0.5))
    picture, boxes = crop(scene, everything)
    assert picture.shape == scene.shape
    np.testing.assert_array_equal(boxes, everything)


def test_skipping_leaves_all_as_it_is(scene):
    skip = image.DetRandomSelectAug([image.DetHorizontalFlipAug(1.0)], skip_prob=1.0)
    picture, _ = skip(scene, BOXES)
    np.testing.assert_array_equal(picture.asnumpy(), scene.asnumpy())
    assert image.DetRandomSelectAug([])(scene, BOXES)[0] is scene


def test_several_crops_are_made_of_lists():
    made = image.CreateMultiRandCropAugmenter(
        min_object_covered=[0.1, 0.5, 0.9], area_range=[(0.1, 1.0)] * 3, skip_prob=0.2
    )
    assert [each.min_object_covered for each in made.aug_list] == [0.1, 0.5, 0.9]
    with pytest.raises(ParamError, match="area_range has 2 entries"):
        image.CreateMultiRandCropAugmenter([0.1, 0.5, 0.9], area_range=[(0.1, 1.0)] * 2)


def test_the_factory_ends_with_the_size_asked_for(scene):
    made = image.CreateDetAugmenter(
        (3, 24, 32), resize=50, rand_crop=0.5, rand_pad=0.5, rand_mirror=True, rand_gray=0.2,
        brightness=0.1, hue=0.1, pca_noise=0.1, mean=True, std=True,
    )  # fmt: skip
    names = [type(each).__name__ for each in made]
    assert names[:4] == [
        "DetBorrowAug", "DetRandomSelectAug", "DetHorizontalFlipAug", "DetRandomSelectAug",
    ]  # fmt: skip
    assert names[4:] == ["DetBorrowAug"] * 7
    picture, boxes = scene, BOXES
    for augmenter in made:
        picture, boxes = augmenter(picture, boxes)
        assert augmenter.dumps()
    assert picture.shape == (24, 32, 3)
    assert picture.dtype == np.float32
    assert len(boxes) >= 1


def test_the_seed_repeats_what_happens(scene):
    crop = image.DetRandomCropAug()
    mx.random.seed(9)
    first = crop(scene, BOXES)
    mx.random.seed(9)
    again = crop(scene, BOXES)
    np.testing.assert_array_equal(first[0].asnumpy(), again[0].asnumpy())
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: image.DetBorrowAug(3), DTypeError, "an image.Augmenter"),
        (lambda: image.DetRandomSelectAug([image.CastAug()]), DTypeError, "DetBorrowAug"),
        (lambda: image.DetRandomCropAug(area_range=(0.9, 0.1)), ParamError, "area_range"),
        (
            lambda: image.DetRandomCropAug()(nd.ones((4, 4, 3)), np.ones((2, 4))),
            ShapeError,
            "class, left, top",
        ),
    ],
)
def test_misuse_teaches(call, error, message):
    with pytest.raises(error, match=message):
        call()
