"""Image data sets of record files and of lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.dialects.pictures import decode_pixels
from dlstudio.errors import DataError, ParamError, explain
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.dataset import Dataset, RecordFileDataset
from dlstudio.gluon.data.vision.pixels import checked_flag, read_image
from dlstudio.io.lists import read_list
from dlstudio.recordio import unpack

__all__ = ["ImageListDataset", "ImageRecordDataset"]


class ImageRecordDataset(RecordFileDataset):
    """The pictures of a record file, as im2rec makes it.

    Samples are (image, label): NDArray (H, W, C), uint8; the label as it was packed, a number or an
    array.

    Parameters
    ----------
    filename : path
        The record file; the index of the same name, ending in ``.idx``, is used if it is there.
    flag : {0, 1}, default 1
        1 reads colours, 0 grey.
    transform : callable, optional
        Takes (image, label) and returns what to hand out instead.

    Raises
    ------
    MissingFileError, FileFormatError, DataError
        If the file, or a picture in it, is not there or damaged.
    """

    def __init__(
        self, filename: Any, flag: int = 1, transform: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(filename)
        self._flag = checked_flag(flag, "ImageRecordDataset")
        self._transform = transform

    def __getitem__(self, idx: int) -> Any:
        header, content = unpack(super().__getitem__(idx))
        name = f"record {self._record.keys[idx]} of {self._record.uri}"
        image = to_tensors(decode_pixels(content, name, self._flag))
        label = header.label
        return (image, label) if self._transform is None else self._transform(image, label)


class ImageListDataset(Dataset):
    """The pictures that a list names.

    Samples are (image, label): NDArray (H, W, C), uint8, and an array of float32.

    Parameters
    ----------
    root : path
        Folder that paths begin at.
    imglist : path or list
        A list file, or entries ``[label, …, path]`` or ``[labels, path]``.
    flag : {0, 1}, default 1
        1 reads colours, 0 grey.

    Attributes
    ----------
    items : list of (str, numpy.ndarray)
        File and labels of each sample.

    Raises
    ------
    ParamError, MissingFileError, FileFormatError
        If the list is none.
    DataError
        If a picture cannot be read.
    """

    def __init__(self, root: Any = ".", imglist: Any = None, flag: int = 1) -> None:
        self._root = Path(root).expanduser()
        self._flag = checked_flag(flag, "ImageListDataset")
        self.items: list[tuple[str, Any]]
        if isinstance(imglist, (str, Path)):
            entries = [(entry.path, entry.label) for entry in read_list(self._listed(imglist))]
        else:
            entries = [_entry(number, each) for number, each in enumerate(imglist or ())]
        if not entries:
            raise ParamError(
                explain(
                    f"ImageListDataset: got imglist={imglist!r}.",
                    "a list file, or a list of labels and paths.",
                    'imglist=[[0, "cat.jpg"], [1, "dog.jpg"]]',
                )
            )
        self.items = [(str(self._root / path), label) for path, label in entries]

    def _listed(self, path: Any) -> Path:
        inside = self._root / path
        return inside if inside.is_file() else Path(path)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, idx: int) -> Any:
        path, label = self.items[idx]
        return to_tensors(read_image(path, self._flag)), label


def _entry(number: int, entry: Any) -> tuple[str, Any]:
    if len(entry) < 2 or not isinstance(entry[-1], (str, Path)):
        raise DataError(
            explain(f"ImageListDataset: entry {number} is {entry!r}.", "a label and a path.")
        )
    label = entry[0] if len(entry) == 2 else entry[:-1]
    return str(entry[-1]), np.atleast_1d(np.asarray(label, np.float32))
