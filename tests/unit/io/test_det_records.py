"""`ImageDetRecordIter`: objects stay where their pixels are, and labels have MXNet's form."""

from __future__ import annotations

import numpy as np
import pytest

from dlstudio import recordio
from dlstudio.errors import ArgumentError, DataError, ParamError
from dlstudio.io import ImageDetRecordIter

H, W = 40, 60
BOXES = np.array([[0, 0.25, 0.25, 0.5, 0.5], [1, 0.6, 0.1, 0.9, 0.3]])


@pytest.fixture
def records(tmp_path):
    """Two black pictures with a bright rectangle for each object: 100 and 200."""
    pytest.importorskip("PIL.Image")
    writer = recordio.MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w")
    for number, boxes in enumerate((BOXES, BOXES[:1])):
        pixels = np.zeros((H, W, 3), np.uint8)
        for kind, left, top, right, bottom in boxes:
            rows = slice(round(top * H), round(bottom * H))
            pixels[rows, round(left * W) : round(right * W)] = 100 * (kind + 1)
        header = recordio.IRHeader(0, [4, 5, W, H, *boxes.ravel()], number, 0)
        writer.write_idx(number, recordio.pack_img(header, pixels, img_fmt=".png"))
    writer.close()
    return tmp_path / "a.rec"


def iterator(records, **options):
    return ImageDetRecordIter(
        **{"path_imgrec": str(records), "data_shape": (3, H, W), "batch_size": 2} | options
    )


def objects_of(label):
    count, head, width = int(label[3]), int(label[4]), int(label[5])
    return label[4 + head : 4 + count].reshape(-1, width)


def test_a_label_has_the_shape_of_the_picture_its_length_itself_and_padding(records):
    batches = iterator(records)
    batch = batches.next()
    assert batches.provide_label == [("label", (2, 4 + 4 + 10))]
    first, second = batch.label[0].asnumpy()
    assert first[:8].tolist() == [3, H, W, 14, 4, 5, W, H]
    np.testing.assert_allclose(objects_of(first), BOXES, rtol=1e-6)
    assert second[3] == 9
    assert (second[-5:] == -1).all()
    wider = iterator(records, label_pad_width=30, label_pad_value=-7).next().label[0]
    assert wider.shape == (2, 34)
    assert wider.asnumpy()[0, -1] == -7


@pytest.mark.parametrize(
    "options",
    [
        dict(),
        dict(rand_mirror_prob=1.0),
        dict(rand_pad_prob=1.0, max_pad_scale=2.0, fill_value=0),
        dict(resize_mode="fit", data_shape=(3, 90, 70), fill_value=0),
        dict(resize_mode="shrink", data_shape=(3, 30, 30), fill_value=0),
        dict(
            rand_crop_prob=1.0, num_crop_sampler=2, min_crop_scales=(0.5, 0.6),
            max_crop_scales=(0.9, 1.0), min_crop_aspect_ratios=(0.5,),
            max_crop_aspect_ratios=(2.0,), min_crop_overlaps=(0.05, 0.1), max_crop_trials=(20,),
        ),
        dict(rand_crop_prob=1.0, crop_emit_mode="overlap", min_crop_scales=(0.4,),
             min_crop_object_coverages=(0.7,)),
        dict(max_random_hue=20, random_hue_prob=1.0, resize=80),
    ],
    ids=["plain", "mirror", "pad", "fit", "shrink", "crop", "overlap", "colour"],
)  # fmt: skip
def test_objects_stay_on_their_pixels(records, options):
    for seed in range(4):
        batch = iterator(records, seed=seed, **options).next()
        for picture, label in zip(batch.data[0].asnumpy(), batch.label[0].asnumpy(), strict=True):
            rows, columns = picture.shape[1:]
            objects = objects_of(label)
            assert len(objects) >= 1
            for kind, left, top, right, bottom in objects:
                box = picture[
                    :, round(top * rows) : round(bottom * rows),
                    round(left * columns) : round(right * columns),
                ]  # fmt: skip
                assert np.median(box) == pytest.approx(100 * (kind + 1), abs=15)


def test_runs_repeat_and_pixels_are_normalized(records):
    options = dict(rand_crop_prob=0.5, rand_mirror_prob=0.5, rand_pad_prob=0.5, max_pad_scale=2)
    first, again = (iterator(records, **options).next() for _ in range(2))
    np.testing.assert_array_equal(first.data[0].asnumpy(), again.data[0].asnumpy())
    np.testing.assert_array_equal(first.label[0].asnumpy(), again.label[0].asnumpy())
    scaled = iterator(records, mean_r=100, std_g=2).next().data[0].asnumpy()[0]
    assert scaled[0].min() == -100
    assert scaled[1].max() == 100


def test_colours_change_as_often_as_asked(records):
    plain = iterator(records).next().data[0].asnumpy()
    for options in (
        dict(max_random_illumination=50, random_illumination_prob=1.0),
        dict(max_random_contrast=0.5, random_contrast_prob=1.0),
    ):
        assert np.abs(iterator(records, **options).next().data[0].asnumpy() - plain).max() > 1
    never = iterator(records, max_random_contrast=0.5, random_contrast_prob=0.0)
    np.testing.assert_array_equal(never.next().data[0].asnumpy(), plain)


def test_misuse_teaches(records, tmp_path):
    with pytest.raises(ArgumentError, match="rand_mirror_prob"):
        iterator(records, rand_mirror_pro=1)
    with pytest.raises(ParamError, match="resize_mode"):
        iterator(records, resize_mode="stretch")
    with pytest.raises(DataError, match="label_pad_width=14"):
        iterator(records, label_pad_width=10).next()
    writer = recordio.MXRecordIO(tmp_path / "b.rec", "w")
    writer.write(recordio.pack(recordio.IRHeader(0, 1.0, 0, 0), b""))
    writer.close()
    with pytest.raises(DataError, match="header length"):
        iterator(tmp_path / "b.rec")
