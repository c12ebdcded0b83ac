"""`ImageRecordIter`: what it reads, in which order, and what it does to pictures."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import nd, recordio
from dlstudio.errors import (
    ArgumentError,
    DataError,
    FileFormatError,
    MissingFileError,
    ParamError,
    ShapeError,
)
from dlstudio.io import ImageRecordInt8Iter, ImageRecordIter, ImageRecordUInt8Iter

COUNT = 7


def write(path, pictures, labels):
    records = recordio.MXIndexedRecordIO(path.with_suffix(".idx"), path, "w")
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        header = recordio.IRHeader(0, label, number, 0)
        records.write_idx(number, recordio.pack_img(header, picture[..., ::-1], img_fmt=".png"))
    records.close()
    return path


@pytest.fixture
def shades(tmp_path):
    """Pictures whose every pixel is ten times their number, which is their label."""
    pytest.importorskip("PIL.Image")
    pictures = [np.full((12, 10, 3), 10 * n, np.uint8) for n in range(COUNT)]
    return write(tmp_path / "shades.rec", pictures, [float(n) for n in range(COUNT)])


@pytest.fixture
def photo(tmp_path):
    """One picture of smooth colours."""
    pytest.importorskip("PIL.Image")
    rows, columns = np.mgrid[0:20, 0:24]
    pixels = np.stack([rows * 10, columns * 9, rows + columns], axis=-1).astype(np.uint8)
    return write(tmp_path / "photo.rec", [pixels], [1.0]), pixels


def seen(batches):
    found = []
    for batch in batches:
        numbers = batch.data[0].asnumpy()[:, 0, 0, 0] / 10
        np.testing.assert_array_equal(batch.label[0].asnumpy(), numbers)
        found.append((numbers.astype(int).tolist(), batch.pad))
    return found


def only(path, **options):
    """The first picture as the iterator hands it out, (H, W, C)."""
    options = {"data_shape": (3, 20, 24), "batch_size": 1, **options}
    return np.moveaxis(
        ImageRecordIter(path_imgrec=path, **options).next().data[0].asnumpy()[0], 0, 2
    )


def test_epochs_go_on_after_the_pictures_that_filled_the_last_batch(shades):
    batches = ImageRecordIter(path_imgrec=str(shades), data_shape=(3, 8, 8), batch_size=3)
    assert isinstance(batches, mx.io.MXDataIter)
    assert batches.provide_data == [("data", (3, 3, 8, 8))]
    assert batches.provide_label == [("softmax_label", (3,))]
    assert seen(batches) == [([0, 1, 2], 0), ([3, 4, 5], 0), ([6, 0, 1], 2)]
    batches.reset()
    assert seen(batches) == [([2, 3, 4], 0), ([5, 6, 0], 1)]


def test_an_epoch_left_early_begins_again(shades):
    batches = ImageRecordIter(
        path_imgrec=shades, data_shape=(3, 8, 8), batch_size=3, prefetch_buffer=8
    )
    batches.next()
    batches.reset()
    assert seen(batches)[0] == ([0, 1, 2], 0)


def test_without_rounding_the_last_batch_ends_with_zeros(shades):
    batches = ImageRecordIter(
        path_imgrec=shades, data_shape=(3, 8, 8), batch_size=3, round_batch=False
    )
    for _ in range(2):
        assert seen(batches)[-1] == ([6, 0, 0], 2)
        batches.reset()


def test_runs_repeat_whatever_the_number_of_threads(shades):
    def epochs(threads):
        batches = ImageRecordIter(
            path_imgrec=shades, data_shape=(3, 8, 8), batch_size=2, shuffle=True, seed=5,
            rand_crop=True, rand_mirror=True, max_rotate_angle=20, brightness=0.4, random_h=20,
            pca_noise=0.1, preprocess_threads=threads, round_batch=False,
        )  # fmt: skip
        found = [batch.data[0].asnumpy() for batch in batches]
        batches.reset()
        return found + [batch.data[0].asnumpy() for batch in batches]

    for a, b in zip(epochs(1), epochs(3), strict=True):
        np.testing.assert_array_equal(a, b)


def test_shuffling_changes_from_epoch_to_epoch_and_with_the_seed(shades):
    def epochs(seed):
        batches = ImageRecordIter(
            path_imgrec=shades, data_shape=(3, 8, 8), batch_size=7, shuffle=True, seed=seed
        )
        first = seen(batches)[0][0]
        batches.reset()
        return first, seen(batches)[0][0]

    first, second = epochs(1)
    assert sorted(first) == sorted(second) == list(range(COUNT))
    assert first != second
    assert epochs(2) != (first, second)


def test_parts_and_lists(shades, tmp_path):
    found = []
    for part in range(3):
        batches = ImageRecordIter(
            path_imgrec=shades, path_imgidx=shades.with_suffix(".idx"), data_shape=(3, 8, 8),
            batch_size=1, num_parts=3, part_index=part,
        )  # fmt: skip
        found += [numbers[0] for numbers, _ in seen(batches)]
    assert found == list(range(COUNT))
    lst = tmp_path / "two.lst"
    lst.write_text("".join(f"{n}\t{n}\t{-n}\tx\n" for n in range(COUNT)), encoding="utf-8")
    batch = ImageRecordIter(
        path_imgrec=shades, path_imglist=lst, label_width=2, data_shape=(3, 8, 8), batch_size=2
    ).next()
    assert batch.label[0].asnumpy().tolist() == [[0, 0], [1, -1]]


def test_mean_spread_scale_and_mirror(photo):
    path, pixels = photo
    result = only(
        path, mean_r=1, mean_g=2, mean_b=3, std_r=2, std_g=4, std_b=8, scale=0.5, mirror=True
    )
    expected = (pixels - [1.0, 2, 3]) * 0.5 / [2, 4, 8]
    np.testing.assert_allclose(result, expected[:, ::-1], rtol=1e-5)


def test_a_mean_picture_is_made_once_and_read_again(shades, tmp_path):
    mean = tmp_path / "mean.bin"
    options = dict(path_imgrec=shades, data_shape=(3, 8, 8), batch_size=COUNT, mean_img=str(mean))
    batch = ImageRecordIter(**options).next()
    np.testing.assert_allclose(batch.data[0].asnumpy().mean(axis=0), 0, atol=1e-4)
    saved = nd.load(str(mean))["mean_img"]
    np.testing.assert_allclose(saved.asnumpy(), 30)
    nd.save(str(mean), {"mean_img": saved * 0})
    assert ImageRecordIter(**options).next().data[0].asnumpy().max() == 60
    with pytest.raises(ShapeError, match="made anew"):
        ImageRecordIter(**{**options, "data_shape": (3, 6, 6)}).next()


def test_resizing_and_cropping(photo):
    path, pixels = photo
    np.testing.assert_array_equal(only(path), pixels)
    middle = only(path, data_shape=(3, 10, 12))
    np.testing.assert_array_equal(middle, pixels[5:15, 6:18])
    smaller = only(path, data_shape=(3, 10, 12), resize=10)
    assert np.abs(smaller - pixels[::2, ::2]).max() < 20
    for options in (
        dict(random_resized_crop=True, min_random_area=0.3, max_aspect_ratio=0.3),
        dict(random_resized_crop=True, min_aspect_ratio=0.5, max_aspect_ratio=2.0),
        dict(rand_crop=True, min_crop_size=5, max_crop_size=15),
        dict(pad=8, fill_value=0, rand_crop=True),
        dict(inter_method=10, resize=30),
        dict(inter_method=9, resize=30),
    ):
        assert only(path, **{"data_shape": (3, 20, 20), **options}).shape == (20, 20, 3)


def test_turning_shearing_and_scaling_fill_with_a_colour(photo):
    path, pixels = photo
    turned = only(path, rotate=90, data_shape=(3, 20, 20), fill_value=7)
    square = pixels[:, 2:22]
    assert min(np.abs(turned - np.rot90(square, k)).max() for k in (1, 3)) <= 1
    larger = only(path, min_random_scale=2, max_random_scale=2)
    np.testing.assert_allclose(larger[..., 1].mean(), pixels[..., 1].mean(), rtol=0.05)
    sheared = only(path, max_shear_ratio=0.5, max_rotate_angle=45, max_aspect_ratio=0.3)
    assert sheared.shape == pixels.shape


def test_colours_change_within_bounds(photo):
    path, pixels = photo
    for options in (
        dict(brightness=0.5), dict(contrast=0.5), dict(saturation=0.5), dict(pca_noise=0.5),
        dict(random_h=90), dict(random_s=100), dict(random_l=100), dict(max_random_contrast=0.5),
    ):  # fmt: skip
        changed = only(path, **options)
        assert np.abs(changed - pixels).max() > 1, options
    unchanged = only(path, random_h=1e-9, random_s=1e-9, random_l=1e-9)
    np.testing.assert_allclose(unchanged, pixels, atol=0.01)


def test_bytes_signed_bytes_and_grey(photo):
    path, pixels = photo
    options = dict(path_imgrec=path, data_shape=(3, 20, 24), batch_size=1)
    data = ImageRecordUInt8Iter(**options).next().data[0]
    assert data.dtype == np.uint8
    np.testing.assert_array_equal(np.moveaxis(data.asnumpy()[0], 0, 2), pixels)
    signed = ImageRecordInt8Iter(**options).next().data[0]
    assert signed.dtype == np.int8
    np.testing.assert_array_equal(signed.asnumpy().astype(int) + 128, data.asnumpy())
    grey = ImageRecordIter(**{**options, "data_shape": (1, 20, 24)}, dtype="float16").next()
    assert grey.data[0].shape == (1, 1, 20, 24)
    assert grey.data[0].dtype == np.float16


def test_what_cannot_be_read_is_named(tmp_path, shades):
    records = recordio.MXIndexedRecordIO(tmp_path / "b.idx", tmp_path / "b.rec", "w")
    records.write_idx(0, recordio.pack(recordio.IRHeader(0, 1.0, 0, 0), b"no picture"))
    records.close()
    with pytest.raises(DataError, match="cannot be read") as caught:
        ImageRecordIter(path_imgrec=tmp_path / "b.rec", data_shape=(3, 8, 8), batch_size=1).next()
    assert "record 0 of" in caught.value.__notes__[0]
    with pytest.raises(DataError, match="too small for a crop"):
        ImageRecordIter(path_imgrec=shades, data_shape=(3, 80, 80), batch_size=1).next()
    with pytest.raises(DataError, match="label_width=1"):
        ImageRecordIter(
            path_imgrec=shades, data_shape=(3, 8, 8), batch_size=1, label_width=3
        ).next()
    (tmp_path / "cut.rec").write_bytes(shades.read_bytes()[:-9])
    with pytest.raises(FileFormatError, match="damaged"):
        ImageRecordIter(path_imgrec=tmp_path / "cut.rec", data_shape=(3, 8, 8), batch_size=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (dict(path_imgrec=None), ArgumentError, "path_imgrec"),
        (dict(path_imgrec="nowhere.rec"), MissingFileError, "nowhere"),
        (dict(path_imgidx="nowhere.idx"), MissingFileError, "nowhere"),
        (dict(data_shape=(8, 8)), ShapeError, "channels, height, width"),
        (dict(and_mirror=True), ArgumentError, "rand_mirror"),
        (dict(batch_size=0), ParamError, "batch_size"),
        (dict(inter_method=7), ParamError, "inter_method"),
        (dict(num_parts=2, part_index=2), ParamError, "part_index"),
    ],
)
def test_misuse_teaches(shades, options, error, message):
    arguments = dict(path_imgrec=shades, data_shape=(3, 8, 8), batch_size=1)
    with pytest.raises(error, match=message):
        ImageRecordIter(**{**arguments, **options})


def test_no_thread_outlives_its_iterator(shades):
    batches = ImageRecordIter(path_imgrec=shades, data_shape=(3, 8, 8), batch_size=3)
    batches.next()
    del batches
    gc.collect()
    left = [t for t in threading.enumerate() if t.name.startswith("dlstudio-pictures")]
    for thread in left:
        thread.join(10)
    assert not any(thread.is_alive() for thread in left)


def test_a_module_trains_on_records_as_in_mxnets_first_years(tmp_path):
    rng = np.random.default_rng(0)
    labels = [float(n % 2) for n in range(40)]
    pictures = [
        np.clip(rng.normal(80 + 90 * label, 15, (12, 12, 3)), 0, 255).astype(np.uint8)
        for label in labels
    ]
    path = write(tmp_path / "train.rec", pictures, labels)
    mx.random.seed(1)
    np.random.seed(1)
    train = mx.io.ImageRecordIter(
        path_imgrec=str(path), data_shape=(3, 8, 8), batch_size=10, shuffle=True, rand_crop=True,
        rand_mirror=True, mean_r=125, mean_g=125, mean_b=125, scale=1 / 128,
    )  # fmt: skip
    net = mx.sym.Convolution(mx.sym.Variable("data"), num_filter=4, kernel=(3, 3), name="conv")
    net = mx.sym.Activation(net, act_type="relu", name="relu")
    net = mx.sym.FullyConnected(mx.sym.Flatten(net), num_hidden=2, name="fc")
    net = mx.sym.SoftmaxOutput(net, name="softmax")
    module = mx.mod.Module(net)
    module.fit(
        train, num_epoch=4, optimizer="sgd", optimizer_params={"learning_rate": 0.1},
        initializer=mx.init.Xavier(),
    )  # fmt: skip
    assert dict(module.score(train, "acc"))["accuracy"] > 0.95
