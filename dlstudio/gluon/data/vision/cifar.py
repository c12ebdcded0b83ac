"""CIFAR-10 and CIFAR-100: small photographs of things and animals, in their binary form.

A file is a row of records: one label byte (CIFAR-100: the coarse class, then the fine one) and the
3 · 32 · 32 bytes of a picture, channels first.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dlstudio.errors import FileFormatError, explain
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.dataset import _DownloadedDataset
from dlstudio.gluon.data.vision.downloads import Archive, default_root, fetch_archive
from dlstudio.interop.files import write_atomically

__all__ = ["CIFAR10", "CIFAR100"]

_PIXELS = 3 * 32 * 32


class _BinaryDataset(_DownloadedDataset):
    """Pictures and labels of binary files that all begin with label bytes."""

    archive: ClassVar[Archive]
    classes: ClassVar[tuple[int, ...]]  # one number for each label byte
    _byte = 0  # which of them is the label

    def __init__(self, root: Any, train: bool, transform: Callable[..., Any] | None) -> None:
        self._train = train
        super().__init__(root, transform)

    def _files(self) -> list[str]:
        return ["train.bin" if self._train else "test.bin"]

    def _get_data(self) -> None:
        root = Path(self._root)
        rows = np.concatenate([self._read(self._found(root, name)) for name in self._files()])
        pictures = rows[:, len(self.classes) :].reshape(-1, 3, 32, 32)
        self._data = to_tensors(np.ascontiguousarray(np.moveaxis(pictures, 1, -1)))
        self._label = rows[:, self._byte].astype(np.int32)

    def _found(self, root: Path, name: str) -> Path:
        """Where a file is: in `root`, or in the folder that the archive makes there."""
        for folder in (root, root / self.archive.folder):
            if (folder / name).is_file():
                return folder / name
        packed = fetch_archive(self.archive, root)
        self._unpack(packed, root)
        if not (root / name).is_file():
            raise FileFormatError(f"{packed} holds no {name}.")
        return root / name

    def _unpack(self, path: Path, root: Path) -> None:
        try:
            with tarfile.open(path) as archive:
                for member in archive.getmembers():
                    content = archive.extractfile(member) if member.isfile() else None
                    if content is not None and member.name.endswith(".bin"):
                        write_atomically(root / Path(member.name).name, content.read())
        except (tarfile.TarError, EOFError, OSError) as error:
            raise FileFormatError(f"{path} cannot be unpacked: {error}") from error

    def _read(self, path: Path) -> np.ndarray[Any, Any]:
        content = np.frombuffer(path.read_bytes(), np.uint8)
        width = len(self.classes) + _PIXELS
        if not content.size or content.size % width:
            raise FileFormatError(
                explain(
                    f"{path} has {content.size} bytes.",
                    f"a multiple of {width}: labels and 3 · 32 · 32 values for each picture.",
                    f"delete {path.name}; it is downloaded again",
                )
            )
        rows = content.reshape(-1, width)
        for byte, count in enumerate(self.classes):
            if rows[:, byte].max() >= count:
                raise FileFormatError(
                    explain(
                        f"{path} holds the label {rows[:, byte].max()}.",
                        f"labels from 0 to {count - 1}. It is damaged, or of another data set.",
                    )
                )
        return rows


class CIFAR10(_BinaryDataset):
    """Photographs of ten classes of things: 50,000 training and 10,000 test images.

    Samples are (image, label): NDArray of shape (32, 32, 3), dtype uint8; label of dtype int32.

    Parameters
    ----------
    root : str or path
        Folder of ``data_batch_1.bin`` … ``test_batch.bin``; they are downloaded (162 MB) and
        checked if they are not there.
    train : bool, default True
    transform : callable, optional
        Takes (image, label) and returns what to hand out instead.

    Raises
    ------
    DataError
        Without a connection, if the files are not there.
    FileFormatError
        If a file is damaged.

    References
    ----------
    Krizhevsky, "Learning multiple layers of features from tiny images", 2009;
    https://www.cs.toronto.edu/~kriz/cifar.html (no licence is stated there).
    """

    archive = Archive(
        "CIFAR10",
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "md5:c32a1d4ab5d03f1284b67883e8d87530",
        "cifar-10-batches-bin",
    )
    classes = (10,)

    def __init__(
        self,
        root: str | Path | None = None,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(root or default_root("cifar10"), train, transform)

    def _files(self) -> list[str]:
        return [f"data_batch_{i}.bin" for i in range(1, 6)] if self._train else ["test_batch.bin"]


class CIFAR100(_BinaryDataset):
    """Photographs of a hundred classes in twenty groups: 50,000 training and 10,000 test images.

    Samples are (image, label): NDArray of shape (32, 32, 3), dtype uint8; label of dtype int32.

    Parameters
    ----------
    root : str or path
        Folder of ``train.bin`` and ``test.bin``; they are downloaded (161 MB) and checked if they
        are not there.
    fine_label : bool, default False
        Labels are the hundred classes, in place of the twenty groups.
    train : bool, default True
    transform : callable, optional
        Takes (image, label) and returns what to hand out instead.

    Raises
    ------
    DataError
        Without a connection, if the files are not there.
    FileFormatError
        If a file is damaged.

    References
    ----------
    As of `CIFAR10`.
    """

    archive = Archive(
        "CIFAR100",
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        "md5:03b5dce01913d631647c71ecec9e9cb8",
        "cifar-100-binary",
    )
    classes = (20, 100)

    def __init__(
        self,
        root: str | Path | None = None,
        fine_label: bool = False,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        self._byte = int(fine_label)
        super().__init__(root or default_root("cifar100"), train, transform)
