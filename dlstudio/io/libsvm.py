"""Batches from text files in LibSVM format, as csr matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlstudio.errors import FileFormatError, ParamError, explain, knows_its_names
from dlstudio.interop.files import read_file
from dlstudio.io.batches import DataBatch, DataDesc, DataIter

__all__ = ["LibSVMIter"]

_FAR = 2**62  # larger column numbers are outside as well, and fit no integer of NumPy
_NONE = ("NULL", "", None)


class _Rows(NamedTuple):
    """The lines of a file: a number each, and columns with values."""

    heads: np.ndarray[Any, Any]  # (N,)
    values: np.ndarray[Any, Any]  # (nnz,)
    columns: np.ndarray[Any, Any]  # (nnz,)
    starts: np.ndarray[Any, Any]  # (N + 1,)


class LibSVMIter(DataIter):
    r"""Iterate over a file whose lines are ``label column:value column:value …``.

    Columns count from 0. Data come as `CSRNDArray` of shape (batch_size, columns), labels as the
    first number of each line, (batch_size,), or from a file of their own as csr too.

    Parameters
    ----------
    data_libsvm : path
    data_shape : tuple of one int
        Number of columns.
    label_libsvm : path, optional
        File of labels in the same format; the numbers that begin its lines are ignored.
    label_shape : tuple of one int
        Number of columns there.
    num_parts, part_index : int
        Read only part number `part_index` of `num_parts` equal stretches of lines.
    batch_size : int
    round_batch : bool
        Fill the last batch with lines from the beginning; otherwise with empty ones.
        `DataBatch.pad` says how many they are.
    dtype : dtype
    data_name, label_name : str
    prefetch_buffer, ctx
        Accepted for MXNet programs: the file is read at once.

    Raises
    ------
    MissingFileError, FileFormatError
        If a file is not there or not of this format; the message names the line.
    ParamError
        If a number is outside its domain.

    Examples
    --------
    >>> import tempfile, pathlib, dlstudio as mx
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "data.t"
    >>> _ = file.write_text("1 0:0.5 2:1.5\n-2\n", encoding="utf-8")
    >>> batch = mx.io.LibSVMIter(file, data_shape=(3,), batch_size=2).next()
    >>> batch.data[0].asnumpy().tolist(), batch.label[0].asnumpy().tolist()
    ([[0.5, 0.0, 1.5], [0.0, 0.0, 0.0]], [1.0, -2.0])
    """

    @knows_its_names
    def __init__(
        self, data_libsvm: Any, data_shape: Any, label_libsvm: Any = "NULL",
        label_shape: Any = (1,), num_parts: int = 1, part_index: int = 0, batch_size: int = 1,
        round_batch: bool = True, dtype: Any = "float32", data_name: str = "data",
        label_name: str = "softmax_label", prefetch_buffer: int = 4, ctx: Any = None,
    ) -> None:  # fmt: skip
        del prefetch_buffer, ctx
        super().__init__(batch_size)
        part = _part(num_parts, part_index)
        self._dtype, self._round = np.dtype(dtype or "float32"), bool(round_batch)
        self._width = _columns("data_shape", data_shape)
        self._data = _read(data_libsvm, self._width, self._dtype, part)
        self._label: _Rows | None = None
        if label_libsvm not in _NONE:
            self._label_width = _columns("label_shape", label_shape)
            self._label = _read(label_libsvm, self._label_width, self._dtype, part)
            self._check_lengths(data_libsvm, label_libsvm)
        self._names = data_name, label_name
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ParamError(f"LibSVMIter: batch_size must be an integer >= 1. Got {batch_size!r}.")
        self._cursor = -batch_size

    def _check_lengths(self, data: Any, label: Any) -> None:
        assert self._label is not None
        if len(self._data.heads) != len(self._label.heads):
            raise FileFormatError(
                explain(
                    f"{data} has {len(self._data.heads)} lines, {label} {len(self._label.heads)}.",
                    "one line of labels per line of data.",
                )
            )

    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and dtype of the data of a batch."""
        return [DataDesc(self._names[0], (self.batch_size, self._width), self._dtype)]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and dtype of the labels of a batch."""
        more = () if self._label is None else (self._label_width,)
        return [DataDesc(self._names[1], (self.batch_size, *more), self._dtype)]

    def reset(self) -> None:
        """Go back to the beginning."""
        self._cursor = -self.batch_size

    def iter_next(self) -> bool:
        """Move on; False at the end."""
        self._cursor += self.batch_size
        return self._cursor < len(self._data.heads)

    def next(self) -> DataBatch:
        """Return the next batch."""
        batch = super().next()
        batch.provide_data, batch.provide_label = self.provide_data, self.provide_label
        return batch

    def getpad(self) -> int:
        """Return how many lines only fill up the current batch."""
        return max(0, self._cursor + self.batch_size - len(self._data.heads))

    def getindex(self) -> Any:
        """Return the numbers of the current lines."""
        return np.arange(self._cursor, self._cursor + self.batch_size) % len(self._data.heads)

    def getdata(self) -> list[Any]:
        """Return the data of the current batch, csr."""
        return [self._matrix(self._data, self._width)]

    def getlabel(self) -> list[Any]:
        """Return the labels of the current batch."""
        from dlstudio import nd

        if self._label is not None:
            return [self._matrix(self._label, self._label_width)]
        labels = self._data.heads[self.getindex()]
        if not self._round and self.getpad():
            labels[-self.getpad() :] = 0
        return [nd.array(labels, dtype=self._dtype)]

    def _matrix(self, rows: _Rows, width: int) -> Any:
        from dlstudio import nd

        chosen = self.getindex()
        lengths = np.diff(rows.starts)[chosen]
        if not self._round and self.getpad():
            lengths[-self.getpad() :] = 0
        pointer = np.concatenate([[0], np.cumsum(lengths)])
        offsets = np.arange(pointer[-1]) - np.repeat(pointer[:-1], lengths)
        source = offsets + np.repeat(rows.starts[chosen], lengths)
        parts = rows.values[source], rows.columns[source], pointer
        return nd.sparse.csr_matrix(parts, shape=(self.batch_size, width), dtype=self._dtype)


def _columns(name: str, shape: Any) -> int:
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if len(sizes) != 1 or int(sizes[0]) < 1:
        raise ParamError(
            f"LibSVMIter: parameter {name} must be a tuple of one size. Got {shape!r}."
        )
    return int(sizes[0])


def _part(count: int, index: int) -> tuple[int, int]:
    if not 0 <= index < count:
        raise ParamError(
            f"LibSVMIter: part_index must be from 0 to num_parts - 1. Got {index} of {count}."
        )
    return count, index


# ---- reading ---------------------------------------------------------------------------------
def _read(path: Any, width: int, dtype: Any, part: tuple[int, int]) -> _Rows:
    try:
        lines = read_file(path).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise FileFormatError(f"{path}: this is not a text file in LibSVM format.") from None
    filled = [(n, t) for n, line in enumerate(lines, 1) if (t := line.split("#", 1)[0].split())]
    count, index = part
    first, last = len(filled) * index // count, len(filled) * (index + 1) // count
    filled = filled[first:last]
    if not filled:
        raise FileFormatError(
            explain(f"{path}: there are no lines to read.", "lines such as ``1 0:0.5 2:1.2``.")
        )
    heads, values, columns, starts = [], [], [], [0]
    for number, tokens in filled:
        try:
            _line(tokens, heads, values, columns)
        except ValueError:
            raise _unreadable(path, number, tokens) from None
        starts.append(len(values))
    found = _Rows(
        np.array(heads, dtype),
        np.array(values, dtype),
        np.array(columns, np.int64),
        np.array(starts),
    )
    _check_columns(path, found, width, [number for number, _ in filled])
    return found


def _line(tokens: list[str], heads: list[Any], values: list[Any], columns: list[Any]) -> None:
    heads.append(float(tokens[0].split(":", 1)[0]))  # a weight may follow the label
    for token in tokens[1:]:
        column, _, value = token.partition(":")
        if column == "qid":
            continue
        columns.append(min(int(column), _FAR))
        values.append(float(value) if value else 1.0)


def _unreadable(path: Any, number: int, tokens: list[str]) -> FileFormatError:
    return FileFormatError(
        explain(
            f"{path}, line {number}: {' '.join(tokens)[:80]!r} is not in LibSVM format.",
            "a label and then column:value pairs, such as ``1 0:0.5 2:1.2``.",
        )
    )


def _check_columns(path: Any, rows: _Rows, width: int, numbers: list[int]) -> None:
    outside = np.flatnonzero((rows.columns < 0) | (rows.columns >= width))
    if len(outside):
        line = numbers[int(np.searchsorted(rows.starts, outside[0], side="right")) - 1]
        raise FileFormatError(
            explain(
                f"{path}, line {line}: column {rows.columns[outside[0]]}.",
                f"columns from 0 to {width - 1}, as the shape says; MXNet counts from 0.",
                "a larger shape, or columns that count from 0",
            )
        )
