"""Image transforms, on real digits and on small images whose answer is known."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import image, nd
from dlstudio.errors import ParamError, ShapeError
from dlstudio.gluon.data import datasets
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.vision import pixels, transforms


@pytest.fixture
def digit():
    return datasets.digits()[5][0]


def bilinear(image, width, height):
    """Sample at pixel centres, clamped at the border, straight from the definition."""
    result = np.empty((height, width, image.shape[2]))
    for row in range(height):
        for column in range(width):
            y = (row + 0.5) * image.shape[0] / height - 0.5
            x = (column + 0.5) * image.shape[1] / width - 0.5
            top, left = int(np.floor(y)), int(np.floor(x))
            corners = 0
            for r, c in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                weight = (1 - abs(y - r)) * (1 - abs(x - c))
                pixel = image[np.clip(r, 0, image.shape[0] - 1), np.clip(c, 0, image.shape[1] - 1)]
                corners = corners + weight * pixel
            result[row, column] = corners
    return result


def test_to_tensor_scales_and_moves_channels_first(digit):
    tensor = transforms.ToTensor()(digit)

    assert tensor.shape == (1, 28, 28)
    assert tensor.dtype == np.float32
    assert np.array_equal(tensor.asnumpy()[0], digit.asnumpy()[..., 0] / np.float32(255))


def test_to_tensor_takes_a_batch(photo):
    tensor = transforms.ToTensor()(np.stack([photo, photo]))

    assert tensor.shape == (2, 3, 20, 30)


def test_to_tensor_refuses_an_image_without_channels():
    with pytest.raises(ShapeError, match=r"\(28, 28\)"):
        transforms.ToTensor()(np.zeros((28, 28), np.uint8))


def test_normalize_works_channel_by_channel(photo):
    image = pixels.to_chw(photo)

    result = transforms.Normalize((0.1, 0.2, 0.3), (1.0, 2.0, 4.0))(image).asnumpy()

    expected = [(image[0] - 0.1) / 1, (image[1] - 0.2) / 2, (image[2] - 0.3) / 4]
    assert result.dtype == np.float32
    assert np.allclose(result, expected, atol=1e-6)


def test_normalize_with_two_numbers_does_the_same_to_all_channels(photo):
    image = pixels.to_chw(photo)

    assert np.allclose(transforms.Normalize(0.5, 0.25)(image).asnumpy(), (image - 0.5) / 0.25)


def test_normalize_refuses_what_does_not_fit(photo):
    with pytest.raises(ShapeError, match="2 numbers for an image of 3 channels"):
        transforms.Normalize((0.1, 0.2))(pixels.to_chw(photo))
    with pytest.raises(ShapeError, match="dtype uint8"):
        transforms.Normalize()(photo)


def test_cast_changes_the_dtype(digit):
    assert transforms.Cast("float32")(digit).dtype == np.float32
    assert transforms.Cast(np.float16)(digit).dtype == np.float16


@pytest.mark.parametrize("size", [(45, 31), (17, 9), (30, 5)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_resize_is_bilinear_at_pixel_centres(photo, size, dtype):
    result = transforms.Resize(size)(photo.astype(dtype)).asnumpy()

    assert result.shape == (size[1], size[0], 3)
    assert result.dtype == dtype
    tolerance = 1.0 if dtype == np.uint8 else 1e-3  # rounding to a whole number
    assert np.abs(result - bilinear(photo.astype(float), *size)).max() <= tolerance


@pytest.mark.parametrize("interpolation", [1, 2, 4])
def test_bytes_are_resized_to_the_numbers_of_imresize(photo, interpolation):
    expected = image.imresize(nd.array(photo, dtype="uint8"), 17, 21, interp=interpolation)

    result = transforms.Resize((17, 21), interpolation=interpolation)(photo)

    np.testing.assert_array_equal(result.asnumpy(), expected.asnumpy())


def test_resize_by_area_averages():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4, 1) * 10

    result = transforms.Resize(2, interpolation=3)(image).asnumpy()

    assert result[..., 0].tolist() == [[25, 45], [105, 125]]


def test_resize_keeps_the_ratio_if_asked_to(photo):
    assert transforms.Resize(10, keep_ratio=True)(photo).shape == (10, 15, 3)
    assert transforms.Resize(10)(photo).shape == (10, 10, 3)
    upright = photo.transpose(1, 0, 2)
    assert transforms.Resize(10, keep_ratio=True)(upright).shape == (15, 10, 3)


def test_resize_takes_grey_images_and_batches(digit):
    assert transforms.Resize(14)(digit).shape == (14, 14, 1)
    batch = np.stack([digit.asnumpy()] * 3)
    assert transforms.Resize((10, 12))(batch).shape == (3, 12, 10, 1)


@pytest.mark.parametrize("size", [0, (3, 4, 5), (4, -1), 8.5])
def test_a_senseless_size_is_refused(size):
    with pytest.raises(ParamError, match="Resize: got size="):
        transforms.Resize(size)


def test_an_unknown_interpolation_is_refused_with_the_known_ones(photo):
    with pytest.raises(ParamError, match=r"interpolation=7.*\n.*bilinear"):
        transforms.Resize(5, interpolation=7)(photo)


def test_center_crop_takes_the_middle(photo):
    result = transforms.CenterCrop((10, 8))(photo).asnumpy()

    assert np.array_equal(result, photo[6:14, 10:20])


def test_center_crop_of_a_smaller_image_enlarges_it(photo):
    assert transforms.CenterCrop((60, 60))(photo).shape == (60, 60, 3)


def test_crop_resize_cuts_and_scales(photo):
    assert np.array_equal(transforms.CropResize(2, 3, 5, 7)(photo).asnumpy(), photo[3:10, 2:7])
    assert transforms.CropResize(2, 3, 5, 7, size=(9, 11))(photo).shape == (11, 9, 3)
    with pytest.raises(ParamError, match="30 × 20 pixels"):
        transforms.CropResize(28, 0, 5, 5)(photo)


@pytest.mark.parametrize(
    ("flip", "mirrored"),
    [
        (transforms.RandomFlipLeftRight(), lambda x: x[:, ::-1]),
        (transforms.RandomFlipTopBottom(), lambda x: x[::-1]),
    ],
)
def test_flips_mirror_about_half_of_the_images(photo, flip, mirrored):
    mx.random.seed(0)

    results = [flip(photo).asnumpy() for _ in range(200)]

    flipped = sum(np.array_equal(x, mirrored(photo)) for x in results)
    kept = sum(np.array_equal(x, photo) for x in results)
    assert flipped + kept == 200
    assert 70 < flipped < 130


def test_random_resized_crop_gives_the_size_and_varies(photo):
    mx.random.seed(0)
    crop = transforms.RandomResizedCrop((12, 8))

    results = [crop(photo).asnumpy() for _ in range(20)]

    assert {x.shape for x in results} == {(8, 12, 3)}
    assert len({x.tobytes() for x in results}) > 15


def test_random_crop_pads_and_cuts(photo):
    mx.random.seed(0)

    result = transforms.RandomCrop((40, 30), pad=10)(photo).asnumpy()

    assert result.shape == (30, 40, 3)
    assert transforms.RandomCrop((30, 20))(photo).shape == photo.shape


@pytest.mark.parametrize(
    "jitter",
    [
        transforms.RandomBrightness(0.5),
        transforms.RandomContrast(0.5),
        transforms.RandomSaturation(0.5),
        transforms.RandomHue(0.5),
        transforms.RandomColorJitter(0.4, 0.4, 0.4, 0.1),
        transforms.RandomLighting(0.5),
    ],
)
def test_colour_transforms_keep_shape_and_dtype_and_change_values(photo, jitter):
    mx.random.seed(1)

    result = jitter(photo)

    assert result.shape == photo.shape
    assert result.dtype == np.uint8
    assert not np.array_equal(result.asnumpy(), photo)


@pytest.mark.parametrize(
    "jitter",
    [
        transforms.RandomBrightness(0),
        transforms.RandomContrast(0),
        transforms.RandomSaturation(0),
        transforms.RandomColorJitter(),
        transforms.RandomLighting(0),
    ],
)
def test_colour_transforms_of_strength_zero_change_nothing(photo, jitter):
    assert np.array_equal(jitter(photo).asnumpy(), photo)


def test_turning_the_hue_keeps_the_brightness(photo):
    mx.random.seed(1)
    image = photo.astype(np.float32)
    luma = np.array([0.299, 0.587, 0.114])

    result = transforms.RandomHue(0.3)(image).asnumpy()

    assert np.abs(result @ luma - image @ luma).max() < 0.5  # the matrix has three digits


def test_bright_values_are_clipped_and_do_not_wrap():
    mx.random.seed(0)
    image = np.full((2, 2, 3), 250, np.uint8)

    results = [transforms.RandomBrightness(1.0)(image).asnumpy() for _ in range(20)]

    assert max(x.max() for x in results) == 255
    assert all(x.min() == x.max() for x in results)


def test_compose_runs_in_order_and_takes_plain_functions(digit):
    pipeline = transforms.Compose(
        [transforms.Resize(14), transforms.ToTensor(), lambda x: x * 2, transforms.Normalize(1.0)]
    )

    result = pipeline(digit)

    assert result.shape == (1, 14, 14)
    assert result.asnumpy().min() == -1.0


def test_random_apply_applies_as_often_as_it_should(photo):
    mx.random.seed(0)
    apply = transforms.RandomApply(lambda x: None, p=0.25)

    skipped = sum(apply(photo) is not None for _ in range(400))

    assert 260 < skipped < 340


@pytest.mark.parametrize("kind", [transforms.RandomApply, transforms.HybridRandomApply])
def test_random_apply_takes_several_transforms(photo, kind):
    several = kind([transforms.Resize(8), transforms.ToTensor()], p=1)

    assert several(to_tensors(photo)).shape == (3, 8, 8)
    with pytest.raises(ParamError, match="probability"):
        kind(transforms.ToTensor(), p=1.5)


def test_a_hybridized_jitter_has_no_forgotten_children(photo):
    net = mx.gluon.nn.HybridSequential()
    net.add(transforms.RandomColorJitter(0.1, 0.1))
    net.hybridize()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net(to_tensors(photo))


def test_transforms_do_not_change_their_input(photo):
    mx.random.seed(0)
    before = photo.copy()

    transforms.Compose(
        [
            transforms.RandomColorJitter(0.5, 0.5, 0.5, 0.5),
            transforms.RandomResizedCrop(8),
            transforms.ToTensor(),
            transforms.Normalize(0.5, 0.5),
        ]
    )(photo)

    assert np.array_equal(photo, before)


@pytest.mark.parametrize("view", [transforms.CropResize(2, 3, 5, 7), transforms.CenterCrop(10)])
def test_a_crop_has_memory_of_its_own(photo, view):
    image = to_tensors(photo.copy())
    part = view(image)
    before = part.asnumpy()

    image[:] = 0

    assert np.array_equal(part.asnumpy(), before)
    assert part._data.flags.c_contiguous


def test_a_result_is_on_the_device_of_its_image(digit):
    import dlstudio as mx

    moved = digit.as_in_context(mx.cpu(1))

    assert transforms.ToTensor()(moved).context == mx.cpu(1)


@pytest.mark.parametrize(
    "crop",
    [
        transforms.RandomCrop(12, pad=3),
        transforms.RandomResizedCrop(12, scale=(0.2, 0.4)),
        transforms.CenterCrop(12),
    ],
    ids=lambda t: type(t).__name__,
)
def test_the_pictures_of_a_batch_are_cropped_alike(photo, crop):
    batch = crop(np.stack([photo, photo])).asnumpy()

    assert batch.shape == (2, 12, 12, 3)
    assert np.array_equal(batch[0], batch[1])


def test_composed_transforms_are_hybridized_without_advice(photo):
    composed = transforms.Compose([transforms.Resize(4), transforms.ToTensor()])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        composed.hybridize()

    assert composed(photo).shape == (3, 4, 4)


@pytest.mark.parametrize(
    "transform",
    [
        transforms.Compose([transforms.Resize(4), transforms.ToTensor()]),
        transforms.HybridCompose([transforms.Resize(4), transforms.Cast("float32")]),
        transforms.RandomApply(transforms.CenterCrop(4), p=1),
        transforms.HybridRandomApply(transforms.CenterCrop(4), p=1),
        transforms.Compose([lambda image: image[:4]]),
    ],
)
def test_what_stands_beside_an_image_stays(transform):
    image = mx.nd.ones((8, 8, 3)).astype("uint8")
    data = mx.gluon.data.SimpleDataset([(image, 5), (image, 6)]).transform(transform)
    assert [label for _, label in data] == [5, 6]
    assert all(4 in image.shape for image, _ in data)


@pytest.mark.parametrize("turn", [transforms.Rotate(20), transforms.RandomRotation((-5, 5))])
def test_labels_stay_beside_a_turned_image(turn):
    image, label = turn(mx.nd.ones((3, 8, 8)), 7)
    assert (image.shape, label) == ((3, 8, 8), 7)
