"""`mx.image`: files in, arrays out, and what is done to them."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import image, nd, recordio
from dlstudio.errors import DataError, ParamError

PIXELS = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)


@pytest.fixture
def file(tmp_path):
    picture = pytest.importorskip("PIL.Image")
    path = tmp_path / "picture with a space.png"
    picture.fromarray(PIXELS).save(path)
    return path


def test_a_file_and_its_bytes_give_the_same_picture(file):
    np.testing.assert_array_equal(mx.image.imread(file).asnumpy(), PIXELS)
    np.testing.assert_array_equal(image.imdecode(file.read_bytes()).asnumpy(), PIXELS)
    np.testing.assert_array_equal(image.imread(file, to_rgb=0).asnumpy(), PIXELS[:, :, ::-1])
    assert image.imread(file, flag=0).shape == (6, 8, 1)


CORNER = np.zeros((4, 6, 3), np.uint8)
CORNER[0, 0] = 255  # upper left


@pytest.mark.parametrize(
    ("orientation", "shape", "corner"),
    [
        (1, (4, 6), (0, 0)),
        (2, (4, 6), (0, 5)),
        (3, (4, 6), (3, 5)),
        (4, (4, 6), (3, 0)),
        (5, (6, 4), (0, 0)),
        (6, (6, 4), (0, 3)),
        (7, (6, 4), (5, 3)),
        (8, (6, 4), (5, 0)),
        (99, (4, 6), (0, 0)),
    ],
)
def test_pictures_stand_upright_however_the_camera_was_held(tmp_path, orientation, shape, corner):
    pillow = pytest.importorskip("PIL.Image")
    notes = pillow.Exif()
    notes[0x0112] = orientation
    pillow.fromarray(CORNER).save(tmp_path / "held.png", exif=notes)

    for found in (
        image.imread(tmp_path / "held.png").asnumpy(),
        mx.gluon.data.vision.pixels.read_image(tmp_path / "held.png"),
        recordio.unpack_img(
            recordio.pack(recordio.IRHeader(0, 0, 0, 0), (tmp_path / "held.png").read_bytes()), 1
        )[1],
    ):
        assert found.shape == (*shape, 3)
        assert tuple(np.argwhere(found[..., 0])[0]) == corner


def test_of_sixteen_bits_the_upper_eight_count(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    deep = np.array([[0, 256, 32768, 65535]], np.uint16)
    pillow.fromarray(deep).save(tmp_path / "deep.png")

    assert image.imread(tmp_path / "deep.png")[0, :, 1].asnumpy().tolist() == [0, 1, 128, 255]
    assert image.imread(tmp_path / "deep.png", 0)[0, :, 0].asnumpy().tolist() == [0, 1, 128, 255]


def test_a_damaged_file_is_reported(tmp_path):
    pytest.importorskip("PIL.Image")
    path = tmp_path / "broken.png"
    path.write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"broken\.png cannot be read"):
        image.imread(path)


def test_cropping_answers_the_part_and_where_it_was():
    src = nd.array(PIXELS, dtype="uint8")
    part, place = image.center_crop(src, (4, 2))
    assert place == (2, 2, 4, 2)
    np.testing.assert_array_equal(part.asnumpy(), PIXELS[2:4, 2:6])
    part, (x0, y0, w, h) = image.random_crop(src, (3, 5))
    np.testing.assert_array_equal(part.asnumpy(), PIXELS[y0 : y0 + h, x0 : x0 + w])


def test_random_size_crops_have_the_size_asked_for():
    src = nd.array(PIXELS, dtype="uint8")
    part, _ = image.random_size_crop(src, (5, 4), (0.3, 0.9), (0.75, 1.33))
    assert part.shape == (4, 5, 3)


def test_the_shorter_edge_gets_its_length():
    src = nd.array(PIXELS, dtype="uint8")
    assert image.resize_short(src, 3).shape == (3, 4, 3)
    assert image.imresize(src, 5, 7, interp=9).shape == (7, 5, 3)
    with pytest.raises(ParamError, match="interp"):
        image.imresize(src, 5, 7, interp=6)


def test_sizes_shrink_in_proportion():
    assert image.scale_down((640, 480), (720, 120)) == (640, 106)


def test_borders_repeat_mirror_or_fill():
    src = nd.array(PIXELS, dtype="uint8")
    filled = image.copyMakeBorder(src, 1, 0, 2, 0, value=9).asnumpy()
    assert (filled[0] == 9).all()
    assert (filled[:, :2] == 9).all()
    np.testing.assert_array_equal(filled[1:, 2:], PIXELS)
    edge = image.copyMakeBorder(src, 1, 1, 0, 0, type=1).asnumpy()
    np.testing.assert_array_equal(edge[0], PIXELS[0])


def test_np_arrays_stay_np_arrays():
    src = mx.np.array(PIXELS, dtype="uint8")
    assert type(mx.npx.image.imresize(src, 4, 3)) is mx.np.ndarray
