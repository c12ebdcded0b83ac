"""Files of classic data sets where MXNet's example programs look for them: in ``data/``."""

from __future__ import annotations

import bz2
import gzip
import shutil
import zipfile
from pathlib import Path
from typing import Any

from dlstudio.gluon import utils
from dlstudio.interop.files import write_atomically

__all__ = ["get_bz2_data", "get_cifar10", "get_im2rec_path", "get_mnist_ubyte", "get_zip_data"]

_FOLDER = Path("data")


def get_mnist_ubyte() -> None:
    """Unpack MNIST's four files to ``data/``, for `mx.io.MNISTIter`; downloaded if need be.

    Raises
    ------
    DataError
        If they are not in the cache and cannot be downloaded.
    """
    from dlstudio.gluon.data.vision import MNIST
    from dlstudio.gluon.data.vision.downloads import default_root, fetch

    _FOLDER.mkdir(exist_ok=True)
    for name in MNIST.source.files:
        target = _FOLDER / name.removesuffix(".gz")
        if not target.is_file():
            packed = fetch(MNIST.source, name, Path(default_root("mnist")).expanduser())
            write_atomically(target, gzip.decompress(packed.read_bytes()))


def get_cifar10() -> None:
    """Write CIFAR-10 as ``data/cifar/train.rec`` and ``test.rec``, for `mx.io.ImageRecordIter`.

    Raises
    ------
    DataError
        If its files are not in the cache and cannot be downloaded.
    """
    from dlstudio.gluon.data.vision import CIFAR10

    folder = _FOLDER / "cifar"
    folder.mkdir(parents=True, exist_ok=True)
    for part, train in (("train", True), ("test", False)):
        if not (folder / f"{part}.rec").is_file():
            _write_records(CIFAR10(train=train), folder / f"{part}.rec")


def _write_records(dataset: Any, target: Path) -> None:
    """Write images (H, W, C) and labels as records, without loss."""
    from dlstudio import recordio

    unfinished = target.with_suffix(".part")
    records = recordio.MXRecordIO(str(unfinished), "w")
    for number, (image, label) in enumerate(dataset):
        header = recordio.IRHeader(0, float(label), number, 0)
        blue_first = image.asnumpy()[..., ::-1]
        records.write(recordio.pack_img(header, blue_first, quality=1, img_fmt=".png"))
    records.close()
    unfinished.replace(target)


def get_zip_data(data_dir: Any, url: str, data_origin_name: str) -> None:
    """Download a zip archive to a folder and unpack it there, unless the folder has it.

    Parameters
    ----------
    data_dir : path
        Made if absent.
    url : str
    data_origin_name : str
        The archive's name.

    Raises
    ------
    DataError
        If it cannot be fetched.
    """
    packed = _fetched(data_dir, url, data_origin_name)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(Path(data_dir))


def get_bz2_data(data_dir: Any, data_name: str, url: str, data_origin_name: str) -> None:
    """Download a bzip2 file to a folder and unpack it there, unless it is there unpacked.

    Parameters
    ----------
    data_dir : path
        Made if absent.
    data_name : str
        The unpacked file's name.
    url : str
    data_origin_name : str
        The packed file's name.

    Raises
    ------
    DataError
        If it cannot be fetched.
    """
    target = Path(data_dir) / data_name
    if target.is_file():
        return
    packed = _fetched(data_dir, url, data_origin_name)
    with bz2.open(packed) as content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
    packed.unlink()


def _fetched(data_dir: Any, url: str, name: str) -> Path:
    Path(data_dir).mkdir(parents=True, exist_ok=True)
    return Path(utils.download(url, str(Path(data_dir) / name)))


def get_im2rec_path(home_env: str = "MXNET_HOME") -> str:
    """Return the path of the program that packs folders of pictures into record files.

    Parameters
    ----------
    home_env : str
        Accepted for MXNet's sake.

    Examples
    --------
    >>> import subprocess, sys
    >>> command = [sys.executable, get_im2rec_path(), "--list", "pictures", "folder"]
    >>> subprocess.run(command)  # doctest: +SKIP
    """
    del home_env
    from dlstudio import tools

    return str(Path(next(iter(tools.__path__))) / "im2rec.py")
