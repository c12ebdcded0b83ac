"""`gluon.contrib.data`: loaders of pictures, and of pictures with objects."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import gluon, recordio
from dlstudio.errors import ArgumentError, DataError, ParamError, ShapeError
from dlstudio.gluon.contrib.data.vision import (
    ImageBboxDataLoader,
    ImageDataLoader,
    create_bbox_augment,
    create_image_augment,
    transforms,
    utils,
)

COUNT = 5
BOX = [2, 5, 3, 0.25, 0.25, 0.5, 0.75]
TWO = [*BOX, 1, 0.5, 0.5, 1.0, 1.0]


@pytest.fixture
def folder(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    writer = recordio.MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w")
    for number in range(COUNT):
        pixels = np.full((8, 12, 3), 10 * number, np.uint8)
        pillow.fromarray(pixels).save(tmp_path / f"{number}.png")
        header = recordio.IRHeader(0, float(number), number, 0)
        writer.write_idx(number, recordio.pack_img(header, pixels, img_fmt=".png"))
    writer.close()
    return tmp_path


def test_an_augmentation_makes_what_networks_take(folder):
    picture = mx.image.imread(folder / "3.png")
    made = create_image_augment((3, 6, 6), rand_crop=True, rand_mirror=True, mean=[10, 20, 30])
    result = made(picture)
    assert result.shape == (3, 6, 6)
    assert result.asnumpy()[:, 0, 0].tolist() == [20, 10, 0]
    assert create_image_augment((3, 6, 6), dtype="float16")(picture).dtype == np.float16


@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_are_loaded_in_parts_and_in_order(folder, workers):
    loader = ImageDataLoader(
        2, (3, 6, 6), path_imgrec=folder / "a.rec", num_parts=2, part_index=0, num_workers=workers
    )
    assert len(loader) == 2
    found = [(data.shape, label.asnumpy().tolist()) for data, label in loader]
    assert found == [((2, 3, 6, 6), [0, 1]), ((1, 3, 6, 6), [2])]


def test_pictures_of_lists_and_other_transforms(folder):
    loader = ImageDataLoader(
        2, (1, 8, 12), path_root=folder, imglist=[[1, 2, "1.png"], [3, 4, "2.png"]],
        aug_list=[gluon.data.vision.transforms.ToTensor()],
    )  # fmt: skip
    data, label = next(iter(loader))
    assert data.shape == (2, 1, 8, 12)
    assert label.asnumpy().tolist() == [[1, 2], [3, 4]]


def test_objects_come_padded_in_parts_of_the_picture_or_in_pixels(folder):
    entries = [[BOX, "1.png"], [TWO, "2.png"]]
    loader = ImageBboxDataLoader(2, (3, 16, 12), path_root=folder, imglist=entries)
    data, label = next(iter(loader))
    assert data.shape == (2, 3, 16, 12)
    expected = [[0.25, 0.25, 0.5, 0.75, 3], [-1] * 5]
    np.testing.assert_allclose(label.asnumpy()[0], expected, rtol=1e-5)
    pixels = [[2, 5, 3, 3, 2, 6, 6], "1.png"]
    loader = ImageBboxDataLoader(
        1, (3, 16, 24), path_root=folder, imglist=[pixels], coord_normalized=False
    )
    _, label = next(iter(loader))
    np.testing.assert_allclose(label.asnumpy()[0], [[6, 4, 12, 12, 3]], rtol=1e-5)


def test_augmented_objects_stay_inside_and_repeat_with_the_seed(folder):
    def epoch():
        mx.random.seed(6)
        loader = ImageBboxDataLoader(
            4, (3, 16, 16), path_root=folder, imglist=[[TWO, f"{n}.png"] for n in range(4)],
            rand_crop=0.8, rand_pad=0.8, rand_mirror=True, brightness=0.2,
        )  # fmt: skip
        data, label = next(iter(loader))
        return data.asnumpy(), label.asnumpy()

    first, again = epoch(), epoch()
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    boxes = first[1][first[1][..., 4] >= 0]
    assert len(boxes) >= 4
    assert ((boxes[:, :4] >= 0) & (boxes[:, :4] <= 1)).all()


def test_misuse_teaches(folder):
    with pytest.raises(ArgumentError, match="no source"):
        ImageDataLoader(2, (3, 6, 6))
    with pytest.raises(ParamError, match="max_aspect_ratio"):
        create_bbox_augment((3, 6, 6), max_aspect_ratio=0.5)
    loader = ImageBboxDataLoader(1, (3, 6, 6), path_root=folder, imglist=[[[2, 5, 1], "1.png"]])
    with pytest.raises(DataError, match="header length"):
        next(iter(loader))


def test_the_names_are_found_where_mxnet_has_them():
    assert gluon.contrib.data.sampler.IntervalSampler is gluon.data.IntervalSampler
    assert gluon.contrib.data.vision.ImageDataLoader is ImageDataLoader
    assert gluon.data.vision.datasets.CIFAR10 is gluon.data.vision.CIFAR10
    assert gluon.data.dataset.RecordFileDataset is gluon.data.RecordFileDataset
    assert mx.image.detection.DetBorrowAug is mx.image.DetBorrowAug
    assert mx.io.io.ImageRecordIter is mx.io.ImageRecordIter


def test_the_module_path_of_mxnet_2_leads_to_the_loaders():
    from dlstudio.compat import _resolve

    vision = gluon.contrib.data.vision
    assert _resolve("gluon.contrib.data.vision.dataloader") is vision
    assert _resolve("gluon.contrib.data.vision.transforms.bbox") is vision.transforms
    assert _resolve("gluon.data.vision.transforms.image") is gluon.data.vision.transforms


# ---- pictures with boxes ---------------------------------------------------------------------
@pytest.fixture
def scene():
    """A picture of 40 x 20 pixels whose two objects are its bright rectangles."""
    image, boxes = np.zeros((20, 40, 3), np.uint8), [[4, 2, 10, 8, 0], [20, 10, 36, 18, 1]]
    for left, top, right, bottom, kind in boxes:
        image[top:bottom, left:right] = 100 + 100 * kind
    return mx.nd.array(image, dtype="uint8"), mx.nd.array(boxes)


def bright(image, boxes):
    """Whether every box holds exactly its object."""
    image = image.asnumpy()[..., 0]
    found = np.zeros_like(image)
    for left, top, right, bottom, kind in boxes.asnumpy().astype(int):
        found[top:bottom, left:right] = 100 + 100 * kind
    return np.array_equal(found, image)


@pytest.mark.parametrize(
    "transform",
    [
        transforms.ImageBboxRandomFlipLeftRight(p=1),
        transforms.ImageBboxRandomFlipLeftRight(p=0),
        transforms.ImageBboxCrop((2, 0, 30, 16)),
        transforms.ImageBboxRandomExpand(p=1, max_ratio=3),
        transforms.ImageBboxRandomExpand(p=1, keep_ratio=False),
        transforms.ImageBboxResize(80, 60, interp=0),
    ],
    ids=lambda t: type(t).__name__,
)
def test_boxes_stay_on_their_objects(scene, transform):
    image, boxes = transform(*scene)

    assert bright(image, boxes)
    assert len(boxes) == 2


def test_boxes_whose_middle_is_cut_off_are_left_out_unless_allowed(scene):
    crop = (0, 0, 26, 20)

    _, kept = transforms.ImageBboxCrop(crop)(*scene)
    _, all_of_them = transforms.ImageBboxCrop(crop, allow_outside_center=True)(*scene)

    assert kept.asnumpy().tolist() == [[4, 2, 10, 8, 0]]
    assert all_of_them.asnumpy().tolist() == [[4, 2, 10, 8, 0], [20, 10, 26, 18, 1]]


def test_random_parts_keep_an_object_and_fulfil_a_constraint(scene):
    mx.random.seed(3)
    crop = transforms.ImageBboxRandomCropWithConstraints(p=1, constraints=[(0.05, None)])

    shapes = set()
    for _ in range(20):
        image, boxes = crop(*scene)
        H, W = image.shape[:2]
        shapes.add((H, W))
        corners = boxes.asnumpy()[:, :4]
        assert len(corners) >= 1
        assert (corners >= 0).all()
        assert (corners <= [W, H, W, H]).all()
    assert len(shapes) > 5


def test_without_a_part_that_fits_a_picture_stays_whole(scene):
    crop = transforms.ImageBboxRandomCropWithConstraints(p=1, constraints=[(0.99, 1)])

    image, boxes = crop(*scene)

    assert image.shape == scene[0].shape
    assert boxes.shape == (2, 5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: transforms.ImageBboxCrop((1, 2, 3)), "left, top, width, height"),
        (lambda: transforms.ImageBboxRandomFlipLeftRight(2), "probability"),
        (lambda: transforms.ImageBboxRandomExpand(max_ratio=0.5), "at least 1"),
        (lambda: transforms.ImageBboxResize(0, 4), "positive"),
        (lambda: transforms.ImageBboxRandomCropWithConstraints(min_scale=0), "min_scale"),
    ],
)
def test_senseless_box_transforms_are_refused(make, message):
    with pytest.raises(ParamError, match=message):
        make()


def test_boxes_need_four_edges():
    with pytest.raises(ShapeError, match="left, top, right, bottom"):
        transforms.ImageBboxResize(4, 4)(mx.nd.ones((4, 4, 3)), mx.nd.ones((2, 3)))


def test_boxes_are_flipped_moved_scaled_and_cut():
    boxes = np.array([[1.0, 2.0, 4.0, 6.0, 9.0]])
    flipped = utils.bbox_flip(boxes, (10, 8), flip_x=True, flip_y=True)
    assert flipped.tolist() == [[6, 2, 9, 6, 9]]
    assert utils.bbox_translate(boxes, 1, -1).tolist() == [[2, 1, 5, 5, 9]]
    assert utils.bbox_resize(boxes, (10, 8), (20, 4)).tolist() == [[2, 1, 8, 3, 9]]
    assert utils.bbox_crop(boxes, (2, None, None, 4)).tolist() == [[0, 2, 2, 4, 9]]
    assert utils.bbox_crop(boxes, (3, 3, 2, 2), allow_outside_center=False).shape == (0, 5)
    assert boxes.tolist() == [[1, 2, 4, 6, 9]]


def test_overlaps_are_shared_area_by_joint_area():
    a, b = [[0, 0, 2, 2], [5, 5, 6, 6]], [[1, 1, 3, 3]]
    np.testing.assert_allclose(utils.bbox_iou(a, b), [[1 / 7], [0]])
    np.testing.assert_allclose(utils.bbox_iou(a, b, offset=1), [[4 / 14], [0]])
    with pytest.raises(ShapeError, match="4 or more"):
        utils.bbox_iou(a, [[1, 2]])


def test_boxes_by_size_and_by_corners():
    sized, corners = np.array([[2, 3, 10, 20], [0, 0, 1, 1]]), [[2, 3, 11, 22], [0, 0, 0, 0]]
    assert utils.bbox_xywh_to_xyxy(sized).tolist() == corners
    assert utils.bbox_xyxy_to_xywh(np.array(corners)).tolist() == sized.tolist()
    assert utils.bbox_clip_xyxy((-1, 3, 30, 5), 20, 4) == (0, 3, 19, 3)
    with pytest.raises(ShapeError, match="3 numbers"):
        utils.bbox_xywh_to_xyxy((1, 2, 3))


def test_a_random_part_comes_with_its_boxes():
    boxes = np.array([[2.0, 2, 8, 8, 1]])
    inside, part = utils.bbox_random_crop_with_constraints(boxes, (10, 10), constraints=[(0, 1)])
    assert inside.tolist() == utils.bbox_crop(boxes, part, allow_outside_center=False).tolist()
    assert len(inside) == 1
