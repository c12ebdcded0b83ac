"""`mx.image`: files in, arrays out, and what is done to them."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import image, nd
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
