"""Image data sets: real digits written to real files, and a real download from this machine."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import struct
import threading
from functools import partial

import numpy as np
import pytest

from dlstudio import config
from dlstudio.errors import DataError, FileFormatError
from dlstudio.gluon.data import DataLoader, datasets
from dlstudio.gluon.data.vision import MNIST, FashionMNIST, ImageFolderDataset, transforms
from dlstudio.gluon.data.vision import datasets as vision_datasets
from dlstudio.gluon.data.vision.downloads import Source, default_root
from dlstudio.io.idx import read_idx

Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def some_digits():
    """Twenty real digits, two of each class."""
    return [datasets.digits(train=False)[i] for i in range(20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, some_digits):
    """Write them as PNG files, one folder per class."""
    root = tmp_path_factory.mktemp("digits 数字")
    for number, (image, label) in enumerate(some_digits):
        path = root / f"digit {label}" / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image.asnumpy()[..., 0]).save(path)
    return root


def test_folders_are_classes_in_alphabetical_order(folder):
    dataset = ImageFolderDataset(folder)

    assert len(dataset) == 20
    assert dataset.synsets == [f"digit {label}" for label in range(10)]
    assert [label for _, label in dataset.items] == sorted(list(range(10)) * 2)


def test_images_are_read_in_colour_or_grey(folder, some_digits):
    image, label = ImageFolderDataset(folder, flag=0)[6]
    colour, _ = ImageFolderDataset(folder)[6]

    assert label == 3
    assert np.array_equal(image.asnumpy(), some_digits[3][0].asnumpy())
    assert colour.shape == (28, 28, 3)
    assert np.array_equal(colour.asnumpy()[..., 2:], image.asnumpy())


def test_an_image_folder_takes_a_transform(folder):
    dataset = ImageFolderDataset(folder, transform=lambda image, label: (image.shape, -label))

    assert dataset[2] == ((28, 28, 3), -1)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_reads_an_image_folder(folder, workers):
    pipeline = transforms.Compose([transforms.Resize(20), transforms.ToTensor()])
    dataset = ImageFolderDataset(folder, flag=0).transform_first(pipeline)

    batches = list(DataLoader(dataset, 8, num_workers=workers))

    assert [data.shape for data, _ in batches] == [(8, 1, 20, 20), (8, 1, 20, 20), (4, 1, 20, 20)]
    labels = np.concatenate([label.asnumpy() for _, label in batches])
    assert labels.tolist() == sorted(list(range(10)) * 2)


def test_other_files_are_ignored_with_a_warning(folder, tmp_path):
    root = tmp_path / "cats"
    (root / "cat").mkdir(parents=True)
    (root / "cat" / "a.PNG").write_bytes(next(folder.rglob("*.png")).read_bytes())
    (root / "cat" / "notes.txt").touch()
    (root / "readme.md").touch()

    with pytest.warns() as caught:
        dataset = ImageFolderDataset(root)

    assert len(dataset) == 1
    first, second = sorted(str(warning.message) for warning in caught)
    assert "notes.txt" in first
    assert "readme.md" in second


def test_a_missing_or_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        ImageFolderDataset(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"one folder per class.*\.png"):
        ImageFolderDataset(tmp_path)


def test_a_damaged_image_is_named(tmp_path, folder):
    whole = next(folder.rglob("*.png")).read_bytes()
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "half.png").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(DataError, match=r"half\.png cannot be read"):
        ImageFolderDataset(tmp_path)[0]


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture(scope="module")
def idx_files(tmp_path_factory, some_digits):
    """Write the digits as the four files of MNIST."""
    root = tmp_path_factory.mktemp("idx")
    images = np.stack([image.asnumpy()[..., 0] for image, _ in some_digits])
    labels = np.array([label for _, label in some_digits], np.uint8)
    for part, chosen in (("train", slice(0, 15)), ("t10k", slice(15, 20))):
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = gzip.compress(idx(array[chosen]))
            (root / f"{part}-{kind}-ubyte.gz").write_bytes(content)
    return root


@pytest.fixture
def mirror(idx_files):
    """Serve the files on this machine."""
    handler = partial(_Quiet, directory=str(idx_files))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def small_mnist(idx_files, monkeypatch):
    """Point MNIST to our files; returns a function that sets the mirrors."""
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in idx_files.iterdir()}

    def use(*mirrors):
        monkeypatch.setattr(vision_datasets.MNIST, "source", Source("MNIST", mirrors, files))

    return use


NOBODY = "http://127.0.0.1:9/"  # refuses connections at once


def test_mnist_is_downloaded_checked_and_read(small_mnist, mirror, tmp_path, some_digits):
    small_mnist(mirror)

    train, test = MNIST(tmp_path), MNIST(tmp_path, train=False)

    assert (len(train), len(test)) == (15, 5)
    image, label = train[4]
    assert image.shape == (28, 28, 1)
    assert image.dtype == np.uint8
    assert label.dtype == np.int32
    assert label == some_digits[4][1]
    assert np.array_equal(image.asnumpy(), some_digits[4][0].asnumpy())


def test_the_second_mirror_is_tried_when_the_first_fails(small_mnist, mirror, tmp_path):
    small_mnist(NOBODY, mirror)

    assert len(MNIST(tmp_path)) == 15


def test_files_that_are_there_need_no_connection(small_mnist, idx_files):
    small_mnist(NOBODY)

    assert len(MNIST(idx_files)) == 15


def test_offline_the_error_names_the_files_the_folder_and_the_packaged_digits(
    small_mnist, tmp_path
):
    small_mnist(NOBODY)

    with pytest.raises(DataError) as caught:
        MNIST(tmp_path)

    message = str(caught.value)
    for part in (str(tmp_path), "train-labels-idx1-ubyte.gz", "datasets.digits()", "internet"):
        assert part in message


def test_a_damaged_file_is_downloaded_again(small_mnist, mirror, tmp_path):
    small_mnist(mirror)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"half a file")

    assert len(MNIST(tmp_path)) == 15


def test_a_wrong_checksum_is_refused(small_mnist, mirror, tmp_path, monkeypatch):
    small_mnist(mirror)
    monkeypatch.setitem(MNIST.source.files, "train-images-idx3-ubyte.gz", "0" * 64)

    with pytest.raises(DataError, match="could not be downloaded"):
        MNIST(tmp_path)


def test_mnist_takes_a_transform_of_image_and_label(small_mnist, idx_files):
    small_mnist(NOBODY)

    assert MNIST(idx_files, transform=lambda image, label: label * 10)[3] == 30


def test_the_files_of_the_two_data_sets_differ_and_have_checksums():
    for source in (MNIST.source, FashionMNIST.source):
        assert all(len(checksum) == 64 for checksum in source.files.values())
        assert all(mirror.endswith("/") for mirror in source.mirrors)
    assert not set(MNIST.source.files.values()) & set(FashionMNIST.source.files.values())


def test_the_default_folder_is_mxnets(tmp_path):
    assert default_root("mnist").endswith("mxnet/datasets/mnist")
    with config.using(home=tmp_path):
        assert default_root("mnist") == (tmp_path / "datasets" / "mnist").as_posix()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x0d\x01",
        b"\x00\x00\x08\x03\x00\x00",
        idx(np.zeros((3, 4), np.uint8))[:-1],
        gzip.compress(idx(np.zeros((3, 4), np.uint8)))[:-5],
    ],
    ids=["empty", "other type", "cut header", "cut data", "cut gzip"],
)
def test_a_truncated_or_foreign_idx_file_is_refused(tmp_path, content):
    path = tmp_path / "images.gz"
    path.write_bytes(content)

    with pytest.raises(FileFormatError, match=r"images\.gz is not a whole IDX file"):
        read_idx(path)
