"""`ImageIter` and `ImageDetIter` over record files, list files and lists in memory."""

from __future__ import annotations

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import image, recordio
from dlstudio.errors import (
    ArgumentError,
    DataError,
    FileFormatError,
    MissingFileError,
    ParamError,
    ShapeError,
)

COUNT = 7


def shade(number):
    """A picture whose every pixel is its number."""
    return np.full((10, 12, 3), 10 * number, np.uint8)


@pytest.fixture
def folder(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    for number in range(COUNT):
        pillow.fromarray(shade(number)).save(tmp_path / f"{number}.png")
    lines = [f"{n}\t{n / 2}\t{n}.png\n" for n in range(COUNT)]
    (tmp_path / "all.lst").write_text("".join(lines), encoding="utf-8")
    records = recordio.MXIndexedRecordIO(tmp_path / "all.idx", tmp_path / "all.rec", "w")
    for number in range(COUNT):
        header = recordio.IRHeader(0, number / 2, number, 0)
        records.write_idx(number, recordio.pack_img(header, shade(number), img_fmt=".png"))
    records.close()
    return tmp_path


def sources(folder):
    return {
        "records": dict(path_imgrec=folder / "all.rec", path_imgidx=folder / "all.idx"),
        "records alone": dict(path_imgrec=folder / "all.rec"),
        "list file": dict(path_imglist=folder / "all.lst", path_root=folder),
        "list": dict(imglist=[[n / 2, f"{n}.png"] for n in range(COUNT)], path_root=folder),
    }


def seen(batches):
    """Numbers of the pictures of each batch, and its padding; labels must fit them."""
    found = []
    for batch in batches:
        numbers = batch.data[0].asnumpy()[:, 0, 0, 0] / 10
        np.testing.assert_array_equal(batch.label[0].asnumpy(), numbers / 2)
        found.append((numbers.astype(int).tolist(), batch.pad))
    return found


@pytest.mark.parametrize("source", ["records", "records alone", "list file", "list"])
def test_all_pictures_come_with_their_labels(folder, source):
    batches = image.ImageIter(3, (3, 8, 8), **sources(folder)[source])
    assert batches.provide_data == [("data", (3, 3, 8, 8))]
    assert batches.provide_label == [("softmax_label", (3,))]
    expected = [([0, 1, 2], 0), ([3, 4, 5], 0), ([6, 0, 1], 2)]
    assert seen(batches) == expected
    assert seen(batches) == []
    batches.reset()
    assert seen(batches) == expected


def test_a_last_batch_is_dropped_or_rolls_over(folder):
    source = sources(folder)["records"]
    batches = image.ImageIter(3, (3, 8, 8), last_batch_handle="discard", **source)
    assert seen(batches) == [([0, 1, 2], 0), ([3, 4, 5], 0)]
    batches = image.ImageIter(3, (3, 8, 8), last_batch_handle="roll_over", **source)
    assert seen(batches) == [([0, 1, 2], 0), ([3, 4, 5], 0)]
    batches.reset()
    assert seen(batches) == [([6, 0, 1], 0), ([2, 3, 4], 0)]
    batches.hard_reset()
    assert seen(batches)[0] == ([0, 1, 2], 0)


def test_shuffling_repeats_with_the_seed(folder):
    def epochs():
        mx.random.seed(4)
        batches = image.ImageIter(
            7, (3, 8, 8), shuffle=True, rand_crop=True, **sources(folder)["records alone"]
        )
        first = seen(batches)
        batches.reset()
        return first, seen(batches)

    first, second = epochs()
    assert sorted(first[0][0]) == list(range(COUNT))
    assert first != second
    assert epochs() == (first, second)


def test_parts_are_disjoint_and_complete(folder):
    found = []
    for part in range(3):
        batches = image.ImageIter(
            1, (3, 8, 8), num_parts=3, part_index=part, **sources(folder)["list file"]
        )
        found += [numbers[0] for numbers, _ in seen(batches)]
    assert found == list(range(COUNT))


def test_a_list_replaces_the_labels_of_records(folder):
    (folder / "new.lst").write_text("5\t50\tx\n2\t20\tx\n", encoding="utf-8")
    batches = image.ImageIter(
        2, (3, 8, 8), path_imglist=folder / "new.lst", **sources(folder)["records"]
    )
    assert batches.next().label[0].asnumpy().tolist() == [50, 20]


def test_several_labels_grey_pictures_and_other_augmenters(folder):
    batches = image.ImageIter(
        2, (1, 4, 6), label_width=2, path_root=folder, dtype="float64",
        imglist=[[1, 2, "1.png"], [np.array([3, 4]), "2.png"]],
        aug_list=[image.ForceResizeAug((6, 4))], data_name="x", label_name="y",
    )  # fmt: skip
    batch = batches.next()
    assert batch.data[0].shape == (2, 1, 4, 6)
    assert batch.data[0].dtype == np.float64
    assert batch.label[0].asnumpy().tolist() == [[1, 2], [3, 4]]
    assert batch.provide_label == [("y", (2, 2))]


def test_damaged_pictures_and_files_are_named(folder):
    (folder / "3.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="cannot be read") as caught:
        list(image.ImageIter(3, (3, 8, 8), **sources(folder)["list file"]))
    assert "3.png" in caught.value.__notes__[0]
    (folder / "2.png").unlink()
    with pytest.raises(DataError, match=r"2\.png"):
        list(image.ImageIter(3, (3, 8, 8), **sources(folder)["list file"]))
    whole = (folder / "all.rec").read_bytes()
    (folder / "all.rec").write_bytes(whole[:-5])
    with pytest.raises(FileFormatError, match="damaged"):
        image.ImageIter(3, (3, 8, 8), path_imgrec=folder / "all.rec")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_files_that_claim_to_be_huge_are_refused_before_memory_is_taken(folder, monkeypatch):
    pillow = pytest.importorskip("PIL.Image")
    monkeypatch.setattr(pillow, "MAX_IMAGE_PIXELS", 50)  # these have 120, more than twice as many
    with pytest.raises(DataError, match="decompression bomb"):
        image.ImageIter(1, (3, 8, 8), **sources(folder)["list"]).next()
    with pytest.raises(DataError, match="decompression bomb"):
        mx.gluon.data.vision.ImageListDataset(folder, [[0, "1.png"]])[0]
    record = recordio.MXRecordIO(folder / "all.rec", "r").read()
    with pytest.raises(FileFormatError, match="decompression bomb"):
        recordio.unpack_img(record)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(), ArgumentError, "no source"),
        (dict(path_imgrec="no.rec"), MissingFileError, r"no\.rec"),
        (dict(imglist=[["a.png"]]), ParamError, "entry 0"),
        (dict(imglist=[[0, "a.png"]], data_shape=(2, 8, 8)), ShapeError, "3 channels"),
        (dict(imglist=[[0, "a.png"]], last_batch_handle="keep"), ParamError, "last_batch"),
        (dict(imglist=[[0, "a.png"]], num_parts=2, part_index=2), ParamError, "part_index"),
        (dict(imglist=[[0, "a.png"]], rand_corp=True), ArgumentError, "rand_corp"),
        (dict(imglist=[[0, "a.png"]], dtype="int8"), ParamError, "dtype"),
        (dict(imglist=[]), ParamError, "0 pictures"),
    ],
)
def test_misuse_teaches(arguments, error, message):
    with pytest.raises(error, match=message):
        image.ImageIter(**{"batch_size": 1, "data_shape": (3, 8, 8), **arguments})


def test_wrong_labels_and_shapes_are_told(folder):
    with pytest.raises(DataError, match="label_width=2"):
        image.ImageIter(1, (3, 8, 8), label_width=2, **sources(folder)["list"]).next()
    with pytest.raises(ShapeError, match="ForceResizeAug"):
        image.ImageIter(1, (3, 8, 8), aug_list=[], **sources(folder)["list"]).next()


def test_lists_with_senseless_lines_are_refused(folder):
    path = folder / "bad.lst"
    for text in ("1\t0\n", "x\t0\ta.png\n", "0\tcat\ta.png\n", "\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FileFormatError, match=r"bad\.lst"):
            image.ImageIter(1, (3, 8, 8), path_imglist=path)


# ---- objects -----------------------------------------------------------------------------------
ONE = [2, 5, 0, 0.1, 0.1, 0.5, 0.5]
TWO = [4, 5, 12, 10, 1, 0.2, 0.2, 0.6, 0.9, 0, 0.3, 0.3, 0.4, 0.4]


def detections(folder, **changes):
    entries = [[TWO if n == 2 else ONE, f"{n}.png"] for n in range(COUNT)]
    return image.ImageDetIter(
        **{"batch_size": 3, "data_shape": (3, 16, 20), "imglist": entries, "path_root": folder}
        | changes
    )


def test_objects_are_padded_to_the_most_of_a_picture(folder):
    batches = detections(folder)
    assert batches.label_shape == (2, 5)
    assert batches.provide_label == [("label", (3, 2, 5))]
    found = list(batches)
    assert [batch.pad for batch in found] == [0, 0, 2]
    labels = found[0].label[0].asnumpy()
    np.testing.assert_allclose(labels[0], [ONE[2:], [-1] * 5], rtol=1e-6)
    np.testing.assert_allclose(labels[2], np.reshape(TWO[4:], (2, 5)), rtol=1e-6)


def test_augmented_objects_repeat_with_the_seed(folder):
    def epoch():
        mx.random.seed(2)
        batches = detections(
            folder, shuffle=True, rand_crop=0.7, rand_pad=0.7, rand_mirror=True, mean=True
        )
        return [(b.data[0].asnumpy(), b.label[0].asnumpy()) for b in batches]

    for first, again in zip(epoch(), epoch(), strict=True):
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])
        boxes = first[1][first[1][:, :, 0] >= 0]
        assert ((boxes[:, 1:] >= 0) & (boxes[:, 1:] <= 1)).all()


def test_records_of_objects(folder):
    path = folder / "det.rec"
    records = recordio.MXIndexedRecordIO(folder / "det.idx", path, "w")
    for number, label in enumerate((ONE, TWO)):
        header = recordio.IRHeader(0, label, number, 0)
        records.write_idx(number, recordio.pack_img(header, shade(number), img_fmt=".png"))
    records.close()
    batches = image.ImageDetIter(2, (3, 8, 8), path_imgrec=path, path_imgidx=folder / "det.idx")
    assert batches.next().label[0].shape == (2, 2, 5)


def test_shapes_can_be_changed_and_matched(folder):
    train, val = detections(folder), detections(folder, imglist=[[ONE, "0.png"]], batch_size=1)
    train.sync_label_shape(val)
    assert val.label_shape == train.label_shape == (2, 5)
    val.reshape(data_shape=(3, 6, 9), label_shape=(4, 6))
    batch = val.next()
    assert batch.data[0].shape == (1, 3, 6, 9)
    assert batch.label[0].shape == (1, 4, 6)
    with pytest.raises(ShapeError, match="at least"):
        train.reshape(label_shape=(1, 5))


def test_objects_are_drawn(folder):
    picture = next(detections(folder).draw_next(color=(255, 0, 0), id2labels={0: "cat"}))
    assert picture.shape == (16, 20, 3)
    assert picture.dtype == np.uint8
    assert (picture == [255, 0, 0]).all(axis=-1).any()
    normalized = detections(folder, mean=True, std=True)
    assert len(list(normalized.draw_next(mean=True, std=True))) == COUNT


@pytest.mark.parametrize("label", [[1], [2, 4, 0, 0, 0, 1], [2, 5, 0, 0, 0, 1], [2, 5]])
def test_labels_of_another_form_are_told(folder, label):
    with pytest.raises(DataError, match="header length"):
        detections(folder, imglist=[[label, "0.png"]])


def test_objects_without_area_are_told(folder):
    with pytest.raises(DataError, match="no object with an area"):
        detections(folder, imglist=[[[2, 5, 0, 0.5, 0.5, 0.5, 0.5], "0.png"]])
