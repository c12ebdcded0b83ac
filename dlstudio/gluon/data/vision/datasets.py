"""Image data sets: MNIST, Fashion-MNIST, and folders of image files."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import DataError, explain
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.dataset import Dataset, _DownloadedDataset
from dlstudio.gluon.data.vision.cifar import CIFAR10, CIFAR100
from dlstudio.gluon.data.vision.downloads import Source, default_root, fetch
from dlstudio.gluon.data.vision.pixels import checked_flag, read_image
from dlstudio.gluon.data.vision.records import ImageListDataset, ImageRecordDataset
from dlstudio.io.idx import read_idx

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "MNIST",
    "FashionMNIST",
    "ImageFolderDataset",
    "ImageListDataset",
    "ImageRecordDataset",
]


class _IdxDataset(_DownloadedDataset):
    """Images and labels in the four IDX files that MNIST and its relatives consist of."""

    source: ClassVar[Source]

    def __init__(self, root: str | Path, train: bool, transform: Callable[..., Any] | None) -> None:
        self._train = train
        super().__init__(root, transform)

    def _get_data(self) -> None:
        part = "train" if self._train else "t10k"
        folder = Path(self._root)
        images = read_idx(fetch(self.source, f"{part}-images-idx3-ubyte.gz", folder))
        labels = read_idx(fetch(self.source, f"{part}-labels-idx1-ubyte.gz", folder))
        if len(images) != len(labels):
            raise DataError(
                explain(f"{folder} holds {len(images)} images but {len(labels)} labels.")
            )
        self._data = to_tensors(images[..., np.newaxis])  # B H W, to B H W C
        self._label = labels.astype(np.int32)


class MNIST(_IdxDataset):
    """Handwritten digits: 60,000 training and 10,000 test images.

    Samples are (image, label): NDArray of shape (28, 28, 1), dtype uint8; label of dtype int32.

    Parameters
    ----------
    root : str or path
        Folder of the four files; they are downloaded (11 MB) and checked if they are not there.
    train : bool, default True
    transform : callable, optional
        Takes (image, label) and returns what to hand out instead.

    Raises
    ------
    DataError
        Without a connection, if the files are not there.
    """

    source = Source(
        "MNIST",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        {
            "train-images-idx3-ubyte.gz": (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": (
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
    )

    def __init__(
        self,
        root: str | Path | None = None,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(root or default_root("mnist"), train, transform)


class FashionMNIST(_IdxDataset):
    """Photographs of clothes from a shop, in the form of MNIST: 60,000 and 10,000 images.

    Parameters
    ----------
    root : str or path
        Folder of the four files; they are downloaded (30 MB) and checked if they are not there.
    train : bool, default True
    transform : callable, optional
        Takes (image, label) and returns what to hand out instead.

    Raises
    ------
    DataError
        Without a connection, if the files are not there.
    """

    source = Source(
        "FashionMNIST",
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        {
            "train-images-idx3-ubyte.gz": (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
            ),
            "train-labels-idx1-ubyte.gz": (
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
        },
    )

    def __init__(
        self,
        root: str | Path | None = None,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(root or default_root("fashion-mnist"), train, transform)


class ImageFolderDataset(Dataset):
    """Image files in one folder per class.

    For example ``root/cat/001.jpg``, ``root/cat/002.jpg``, ``root/dog/rex.png``.
    Classes are numbered in the alphabetical order of their folders.

    Parameters
    ----------
    root : str or path
    flag : {0, 1}, default 1
        1 reads colours (H, W, 3), 0 reads grey (H, W, 1).
    transform : callable, optional
        Takes (image, label) and returns what to hand out instead.

    Attributes
    ----------
    synsets : list of str
        Name of each class.
    items : list of (str, int)
        File and label of each sample.

    Raises
    ------
    DataError
        If there is no such folder, or no image in it.
    """

    _SUFFIXES = (".jpg", ".jpeg", ".png")

    def __init__(
        self,
        root: str | Path,
        flag: int = 1,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        self._root = Path(root).expanduser()
        self._flag = checked_flag(flag, "ImageFolderDataset")
        self._transform = transform
        self.synsets: list[str] = []
        self.items: list[tuple[str, int]] = []
        if not self._root.is_dir():
            raise DataError(explain(f"ImageFolderDataset: {self._root} is not a folder."))
        for folder in sorted(self._root.iterdir()):
            self._list_class(folder)
        if not self.items:
            raise DataError(
                explain(
                    f"ImageFolderDataset: no image was found below {self._root}.",
                    f"one folder per class with files ending in {', '.join(self._SUFFIXES)}.",
                )
            )

    def _list_class(self, folder: Path) -> None:
        if folder.name.startswith("."):  # .DS_Store, .ipynb_checkpoints
            return
        if not folder.is_dir():
            warnings.warn(f"ignoring {folder}, which is not a folder of a class", stacklevel=3)
            return
        label = len(self.synsets)
        self.synsets.append(folder.name)
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in self._SUFFIXES:
                self.items.append((str(path), label))
            elif not path.name.startswith("."):
                warnings.warn(f"ignoring {path}: its type is not supported", stacklevel=3)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, idx: int) -> Any:
        path, label = self.items[idx]
        image = to_tensors(read_image(path, self._flag))
        return (image, label) if self._transform is None else self._transform(image, label)


__getattr__ = held_elsewhere(__name__, {}, "gluon.data.vision", "gluon.utils")  # MXNet's one file
