"""Data sets of record files and lists, and CIFAR."""

from __future__ import annotations

import io
import pickle
import tarfile

import numpy as np
import pytest

import dlstudio as mx
from dlstudio import config, gluon, recordio
from dlstudio.errors import (
    DataError,
    FileFormatError,
    IndexRangeError,
    MissingFileError,
    ParamError,
)
from dlstudio.gluon.data import DataLoader, RecordFileDataset
from dlstudio.gluon.data.vision import (
    CIFAR10,
    CIFAR100,
    ImageListDataset,
    ImageRecordDataset,
    cifar,
    transforms,
)

COUNT = 6


@pytest.fixture
def records(tmp_path):
    pytest.importorskip("PIL.Image")
    writer = recordio.MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w")
    for number in range(COUNT):
        picture = np.full((8, 8, 3), 10 * number, np.uint8)
        header = recordio.IRHeader(0, float(number), number, 0)
        writer.write_idx(number, recordio.pack_img(header, picture, img_fmt=".png"))
    writer.close()
    return tmp_path / "a.rec"


# ---- records and lists ---------------------------------------------------------------------------
def test_records_are_bytes_in_any_order_with_and_without_an_index(records):
    for _ in range(2):
        dataset = RecordFileDataset(str(records))
        assert len(dataset) == COUNT
        header, _ = recordio.unpack(dataset[4])
        assert header.label == 4
        assert dataset[-1] == dataset[COUNT - 1]
        records.with_suffix(".idx").unlink(missing_ok=True)
    with pytest.raises(IndexRangeError, match="6 records"):
        dataset[COUNT]


@pytest.mark.parametrize(
    "options", [dict(), dict(num_workers=2), dict(num_workers=2, thread_pool=True)]
)
def test_a_loader_reads_pictures_of_records(records, options):
    dataset = ImageRecordDataset(records).transform_first(transforms.ToTensor())
    batches = list(DataLoader(dataset, 4, **options))
    labels = np.concatenate([label.asnumpy() for _, label in batches])
    assert labels.tolist() == list(range(COUNT))
    data = np.concatenate([image.asnumpy() for image, _ in batches])
    np.testing.assert_allclose(data[:, 0, 0, 0] * 25.5, labels, rtol=1e-5)


def test_pictures_of_records_are_grey_or_transformed_if_asked(records):
    assert ImageRecordDataset(records, flag=0)[2][0].shape == (8, 8, 1)
    assert ImageRecordDataset(records, transform=lambda image, label: label + 1)[2] == 3


def test_a_data_set_of_records_can_be_pickled(records):
    copy = pickle.loads(pickle.dumps(ImageRecordDataset(records)))
    assert copy[3][1] == 3


def test_missing_and_damaged_records_are_told(records, tmp_path):
    with pytest.raises(MissingFileError, match=r"nowhere\.rec"):
        ImageRecordDataset(tmp_path / "nowhere.rec")
    whole = records.read_bytes()
    records.write_bytes(whole[:-5])
    with pytest.raises(FileFormatError, match="cut off"):
        ImageRecordDataset(records)[COUNT - 1]
    records.write_bytes(whole.replace(b"\x89PNG", b"\x89png"))
    with pytest.raises(DataError, match="record 0 of"):
        ImageRecordDataset(records)[0]


def test_a_list_in_memory_or_in_a_file(records, tmp_path):
    picture = pytest.importorskip("PIL.Image")
    picture.fromarray(np.zeros((4, 5, 3), np.uint8)).save(tmp_path / "x.png")
    dataset = ImageListDataset(
        tmp_path, [[3, "x.png"], [1, 2, "x.png"], [np.array([4, 5]), "x.png"]]
    )
    assert [label.tolist() for _, label in dataset] == [[3], [1, 2], [4, 5]]
    assert dataset[0][0].shape == (4, 5, 3)
    (tmp_path / "x.lst").write_text("9\t7\tx.png\n", encoding="utf-8")
    assert ImageListDataset(tmp_path, "x.lst", flag=0)[0][0].shape == (4, 5, 1)
    with pytest.raises(ParamError, match="imglist"):
        ImageListDataset(tmp_path)
    with pytest.raises(DataError, match="entry 0"):
        ImageListDataset(tmp_path, [["x.png"]])


# ---- cifar ---------------------------------------------------------------------------------------
def binary(count, *labels):
    """Records of `count` pictures, of which the n-th is all n, with the given label bytes."""
    return b"".join(
        bytes([*(each + n for each in labels)]) + bytes([n]) * 3072 for n in range(count)
    )


@pytest.fixture
def no_downloads(monkeypatch):
    def refuse(*_):
        raise AssertionError("a download was tried")

    monkeypatch.setattr(cifar, "fetch_archive", refuse)


@pytest.mark.usefixtures("no_downloads")
def test_cifar_is_read_from_mxnets_folder_without_a_download(tmp_path):
    folder = tmp_path / "datasets" / "cifar10"
    folder.mkdir(parents=True)
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        (folder / f"{name}.bin").write_bytes(binary(4, 2))
    with config.using(home=tmp_path):
        train, test = CIFAR10(), CIFAR10(train=False)
    assert (len(train), len(test)) == (20, 4)
    image, label = train[3]
    assert image.shape == (32, 32, 3)
    assert image.dtype == np.uint8
    assert (image.asnumpy() == 3).all()
    assert label.dtype == np.int32
    assert label == 5


@pytest.mark.usefixtures("no_downloads")
def test_channels_come_last(tmp_path):
    planes = np.arange(3, dtype=np.uint8).repeat(1024).tobytes()
    (tmp_path / "test.bin").write_bytes(bytes([4, 77]) + planes)
    image, coarse = CIFAR100(tmp_path, train=False)[0]
    assert image.asnumpy()[5, 6].tolist() == [0, 1, 2]
    assert coarse == 4
    assert CIFAR100(tmp_path, fine_label=True, train=False)[0][1] == 77
    assert CIFAR100(tmp_path, True, False, lambda image, label: label * 2)[0] == 154


def test_an_archive_is_unpacked(tmp_path):
    packed = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        for name in ("../../evil.txt", "cifar-10-batches-bin/test_batch.bin"):
            content = binary(3, 0)
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    root = tmp_path / "inner" / "root"
    root.mkdir(parents=True)
    packed.rename(root / packed.name)  # an archive that is there is not downloaded
    assert len(CIFAR10(root, train=False)) == 3
    assert not (tmp_path / "evil.txt").exists()


def test_offline_the_error_says_what_to_copy(tmp_path, monkeypatch):
    pooch = pytest.importorskip("pooch")

    def fail(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz"):
        CIFAR10(tmp_path)


@pytest.mark.usefixtures("no_downloads")
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "0 bytes"), (binary(2, 0)[:-1], "multiple"), (binary(2, 30), "label 31")],
)
def test_damaged_files_are_refused(tmp_path, content, message):
    (tmp_path / "test_batch.bin").write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        CIFAR10(tmp_path, train=False)


def test_files_of_the_user_s_own_are_read_and_never_replaced_by_mnist(tmp_path, monkeypatch):
    pooch = pytest.importorskip("pooch")

    def fail(*_, **__):
        pytest.fail("a file that is there was asked for")

    monkeypatch.setattr(pooch, "retrieve", fail)
    head = bytes([0, 0, 8])
    images = head + b"\x03" + b"".join(n.to_bytes(4, "big") for n in (2, 28, 28)) + bytes(2 * 784)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(images)
    labels = head + b"\x01" + (2).to_bytes(4, "big") + b"\x05\x07"
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(labels)
    assert gluon.data.vision.MNIST(tmp_path)[1][1] == 7


# ---- transforms that came late -------------------------------------------------------------------
def test_turning_transforms(records):
    mx.random.seed(2)
    image = transforms.ToTensor()(ImageRecordDataset(records)[5][0])
    turned = transforms.Rotate(90)(image).asnumpy()
    np.testing.assert_allclose(turned, image.asnumpy(), atol=1e-5)  # plain colour
    black = transforms.Rotate(45)(image).asnumpy()
    assert black[:, 0, 0].max() < 0.1
    kept = transforms.RandomRotation((10, 20), rotate_with_proba=0.0)(image)
    np.testing.assert_array_equal(kept.asnumpy(), image.asnumpy())
    random_turn = transforms.RandomRotation((-40, 40))
    assert (random_turn(image) - random_turn(image)).abs().sum().asscalar() > 0
    with pytest.raises(TypeError, match="ToTensor"):
        transforms.Rotate(10)(ImageRecordDataset(records)[0][0])
    with pytest.raises(ParamError, match="zoom_in and zoom_out"):
        transforms.Rotate(10, True, True)
    for arguments in (((3, 2),), ((1, 2), False, False, 1.5)):
        with pytest.raises(ParamError, match="RandomRotation"):
            transforms.RandomRotation(*arguments)


def test_some_images_lose_their_colours():
    mx.random.seed(0)
    photo = mx.nd.array(np.random.default_rng(0).integers(0, 256, (4, 4, 3)), dtype="uint8")
    results = [transforms.RandomGray(0.5)(photo).asnumpy() for _ in range(40)]
    grey = [np.ptp(each, axis=-1).max() == 0 for each in results]
    assert 8 < sum(grey) < 32
    with pytest.raises(ParamError, match="probability"):
        transforms.RandomGray(2)


def test_the_names_of_mxnet_2():
    double = transforms.HybridCompose([transforms.Cast("float32"), mx.gluon.nn.HybridLambda("exp")])
    assert double(mx.nd.zeros((2,), dtype="uint8")).asnumpy().tolist() == [1, 1]
    never = transforms.HybridRandomApply(double, p=0.0)
    assert never(mx.nd.zeros((2,))).asnumpy().tolist() == [0, 0]


@pytest.mark.parametrize("workers", [1, 2])
def test_mxs_seed_fixes_the_transforms_of_workers(records, workers):
    dataset = ImageRecordDataset(records).transform_first(
        transforms.Compose([transforms.RandomBrightness(0.5), transforms.ToTensor()])
    )

    def epoch(num_workers):
        mx.random.seed(8)
        return [data.asnumpy() for data, _ in DataLoader(dataset, 3, num_workers=num_workers)]

    first, again = epoch(workers), epoch(2)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    factors = {float(first[batch][row, 0, 0, 0]) / n for batch, row, n in ((0, 2, 2), (1, 2, 5))}
    assert len(factors) == 2


def test_a_transform_in_the_place_of_the_flag_is_told_where_it_belongs(records, tmp_path):
    with pytest.raises(ParamError, match=r"ImageFolderDataset\(…, transform=f\)"):
        gluon.data.vision.ImageFolderDataset(tmp_path, lambda image, label: (image, label))
    with pytest.raises(ParamError, match=r"ImageRecordDataset\(…, transform=f\)"):
        ImageRecordDataset(records, transforms.ToTensor())
    with pytest.raises(ParamError, match="flag=5"):
        gluon.data.vision.ImageListDataset(tmp_path, [], 5)
