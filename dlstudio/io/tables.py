"""Batches from text files with a sample per line, and from the files of MNIST."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import FileFormatError, ParamError, explain, knows_its_names
from dlstudio.interop.files import read_file
from dlstudio.io.batches import DataDesc
from dlstudio.io.idx import read_idx
from dlstudio.io.lists import one_part
from dlstudio.io.rounds import MXDataIter

__all__ = ["CSVIter", "MNISTIter"]

Array = Any
_NONE = ("NULL", "", None)


class CSVIter(MXDataIter):
    r"""Iterate over a file whose lines are numbers parted by commas.

    Parameters
    ----------
    data_csv : path
    data_shape : tuple of int
        Of a sample: its size is the count of numbers on a line.
    label_csv : path, optional
        File of labels, with as many lines; without it labels are 0.
    label_shape : tuple of int
    batch_size : int
    round_batch : bool
        Fill the last batch with lines from the beginning, after which the next epoch goes on;
        otherwise with zeros. `DataBatch.pad` says how many they are.
    dtype : {"float32", "int32", "int64", "float64"}
    data_name, label_name : str
    prefetch_buffer, ctx
        Accepted for MXNet programs: the file is read at once.

    Raises
    ------
    MissingFileError, FileFormatError
        If a file is not there, or a line has not the numbers that the shape says.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "data.csv"
    >>> _ = file.write_text("1,2,3\n4,5,6\n7,8,9\n", encoding="utf-8")
    >>> batches = CSVIter(data_csv=file, data_shape=(3,), batch_size=2)
    >>> [(batch.data[0].asnumpy()[:, 0].tolist(), batch.pad) for batch in batches]
    [([1.0, 4.0], 0), ([7.0, 1.0], 1)]
    """

    @knows_its_names
    def __init__(
        self, data_csv: Any, data_shape: Any, label_csv: Any = "NULL", label_shape: Any = (1,),
        batch_size: int = 1, round_batch: bool = True, dtype: Any = "float32",
        data_name: str = "data", label_name: str = "softmax_label", prefetch_buffer: int = 4,
        ctx: Any = None,
    ) -> None:  # fmt: skip
        del prefetch_buffer, ctx
        self._dtype = np.dtype(dtype or "float32")
        self._data = _table(data_csv, "data_shape", data_shape, self._dtype)
        count = len(self._data)
        label_shape = () if tuple(np.atleast_1d(label_shape)) == (1,) else label_shape
        if label_csv in _NONE:
            self._label = np.zeros((count, *np.atleast_1d(label_shape).astype(int)), self._dtype)
        else:
            self._label = _table(label_csv, "label_shape", label_shape, self._dtype)
        if len(self._label) != count:
            raise FileFormatError(
                explain(
                    f"CSVIter: {data_csv} has {count} lines, {label_csv} {len(self._label)}.",
                    "one line of labels per line of data.",
                )
            )
        super().__init__(batch_size, count, round_batch, data_name=data_name, label_name=label_name)

    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and dtype of the data of a batch."""
        return [DataDesc(self._names[0], (self.batch_size, *self._data.shape[1:]), self._dtype)]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and dtype of the labels of a batch."""
        return [DataDesc(self._names[1], (self.batch_size, *self._label.shape[1:]), self._dtype)]

    def getdata(self) -> list[Any]:
        """Return the data of the current batch."""
        return [self.filled(self._data[self._chosen])]

    def getlabel(self) -> list[Any]:
        """Return the labels of the current batch."""
        return [self.filled(self._label[self._chosen])]


def _table(path: Any, name: str, shape: Any, dtype: Any) -> Array:
    """Read lines of numbers as an array (N, *shape)."""
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if any(n < 1 for n in sizes):
        raise ParamError(explain(f"CSVIter: got {name}={shape}.", "positive numbers."))
    width = math.prod(sizes)
    try:
        lines = read_file(path).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise FileFormatError(f"{path}: this is not a text file with numbers.") from None
    rows = [_numbers(path, n, line, width, name) for n, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise FileFormatError(explain(f"{path}: there are no lines to read.", "lines of numbers."))
    return np.array(rows).astype(dtype).reshape(-1, *sizes)


def _numbers(path: Any, number: int, line: str, width: int, name: str) -> Array:
    fields = line.rstrip().rstrip(",").split(",")
    try:
        row = np.array(fields, np.float64)
    except ValueError as error:
        raise FileFormatError(f"{path}, line {number}: {error}.") from None
    if row.size != width:
        raise FileFormatError(
            explain(
                f"{path}, line {number}: {row.size} numbers.",
                f"{width} of them, as {name} says.",
            )
        )
    return row


class MNISTIter(MXDataIter):
    """Iterate over files of MNIST's format, as they are or compressed by gzip.

    Values are divided by 256. A last batch that is too small is dropped.

    Parameters
    ----------
    image, label : path
        If there is no such file, one of the same name with ``.gz`` is taken.
    batch_size : int
    shuffle : bool
        Another order in each epoch, the same in each run with equal `seed`.
    flat : bool
        Vectors (batch_size, 784) in place of pictures (batch_size, 1, 28, 28).
    seed : int
    num_parts, part_index : int
        Read only part number `part_index` of `num_parts` equal stretches.
    data_name, label_name : str
    dtype : dtype
    silent, input_shape, data_shape, prefetch_buffer, ctx
        Accepted for MXNet programs.

    Raises
    ------
    MissingFileError, FileFormatError
        If a file is not there, or damaged.
    """

    @knows_its_names
    def __init__(
        self, image: Any = "./train-images-idx3-ubyte", label: Any = "./train-labels-idx1-ubyte",
        batch_size: int = 128, shuffle: bool = True, flat: bool = False, seed: int = 0,
        silent: bool = False, num_parts: int = 1, part_index: int = 0, data_name: str = "data",
        label_name: str = "softmax_label", dtype: Any = None, input_shape: Any = None,
        data_shape: Any = None, prefetch_buffer: int = 4, ctx: Any = None,
    ) -> None:  # fmt: skip
        del silent, input_shape, data_shape, prefetch_buffer, ctx
        images, labels = read_idx(_found(image)), read_idx(_found(label))
        if len(images) != len(labels):
            raise FileFormatError(
                explain(f"MNISTIter: {image} holds {len(images)} images, {label} {len(labels)}.")
            )
        part = one_part(len(images), num_parts, part_index, "MNISTIter")
        self._images = images[part].reshape(len(images[part]), -1) if flat else images[part, None]
        self._labels = labels[part]
        self._dtype = np.dtype(dtype or "float32")
        super().__init__(batch_size, len(self._labels), False, shuffle, seed, data_name, label_name)

    def _advance(self) -> tuple[Array, int] | None:
        found = super()._advance()
        return None if found is None or found[1] else found

    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and dtype of the data of a batch."""
        return [DataDesc(self._names[0], (self.batch_size, *self._images.shape[1:]), self._dtype)]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and dtype of the labels of a batch."""
        return [DataDesc(self._names[1], (self.batch_size,), self._dtype)]

    def getdata(self) -> list[Any]:
        """Return the data of the current batch."""
        return [self.filled((self._images[self._chosen] / 256).astype(self._dtype))]

    def getlabel(self) -> list[Any]:
        """Return the labels of the current batch."""
        return [self.filled(self._labels[self._chosen].astype(self._dtype))]


def _found(path: Any) -> Path:
    file = Path(path)
    packed = file.with_name(file.name + ".gz")
    if not file.is_file() and packed.is_file():
        return packed
    if not file.is_file():
        read_file(path)  # says what is there instead
    return file
