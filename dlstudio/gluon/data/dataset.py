"""Data sets: anything with a length and an item for each index, and ways to derive new ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import DataError, IndexRangeError, ParamError, ShapeError, explain
from dlstudio.gluon.data.sampler import FilterSampler, Sampler, SequentialSampler

__all__ = ["ArrayDataset", "Dataset", "RecordFileDataset", "SimpleDataset"]


class Dataset:
    """A collection of samples. Subclasses define ``__getitem__`` and ``__len__``.

    A sample is whatever ``__getitem__`` returns; a tuple stands for several fields, most often
    (data, label).
    """

    def __getitem__(self, idx: int) -> Any:
        """Return sample number `idx`."""
        raise DataError(explain(f"{type(self).__name__} does not define __getitem__(self, idx)."))

    def __len__(self) -> int:
        """Return the number of samples."""
        raise DataError(explain(f"{type(self).__name__} does not define __len__(self)."))

    def __iter__(self) -> Iterator[Any]:
        for index in range(len(self)):
            yield self[index]

    def filter(self, fn: Callable[[Any], bool]) -> Dataset:
        """Keep the samples for which `fn(sample)` is true; every sample is read once to find out.

        Parameters
        ----------
        fn : callable
            Takes a whole sample (the tuple, if samples are tuples) and returns a bool.
        """
        return _SampledDataset(self, FilterSampler(fn, self))

    def shard(self, num_shards: int, index: int) -> Dataset:
        """Cut into `num_shards` contiguous parts of almost equal size and return one of them.

        Parameters
        ----------
        num_shards : int > 0
        index : int in [0, num_shards)
        """
        if num_shards < 1 or not 0 <= index < num_shards:
            raise ParamError(
                explain(
                    f"shard: got num_shards={num_shards}, index={index}.",
                    "num_shards of at least 1 and an index in [0, num_shards).",
                )
            )
        size, rest = divmod(len(self), num_shards)
        start = size * index + min(index, rest)  # the first `rest` parts are longer by one
        return _SampledDataset(self, SequentialSampler(size + (index < rest), start))

    def take(self, count: int | None) -> Dataset:
        """Keep the first `count` samples, or all if `count` is None or too large."""
        if count is not None and count < 0:
            raise ParamError(explain(f"take: count must not be negative. Got {count}."))
        whole = len(self)
        kept = whole if count is None else min(count, whole)
        return _SampledDataset(self, SequentialSampler(kept))

    def sample(self, sampler: Sampler) -> Dataset:
        """Pick and order samples by the indices that `sampler` yields now."""
        if not isinstance(sampler, Sampler):
            raise ParamError(
                explain(
                    f"sample: got {type(sampler).__name__}.",
                    "a gluon.data.Sampler.",
                    "dataset.sample(gluon.data.RandomSampler(len(dataset)))",
                )
            )
        return _SampledDataset(self, sampler)

    def transform(self, fn: Callable[..., Any], lazy: bool = True) -> Dataset:
        """Apply `fn` to each sample; fields of a tuple are passed as separate arguments.

        Parameters
        ----------
        fn : callable
            Called as ``fn(data, label)`` for samples of two fields.
        lazy : bool, default True
            True: at each access, so random augmentation differs from epoch to epoch.
            False: once, now, for all samples.
        """
        derived = _TransformedDataset(self, fn)
        return derived if lazy else SimpleDataset(list(derived))

    def transform_first(self, fn: Callable[[Any], Any], lazy: bool = True) -> Dataset:
        """Apply `fn` to the first field of each sample (the data) and leave the rest as it is."""
        return self.transform(_FirstField(fn), lazy)


class SimpleDataset(Dataset):
    """A data set made of a list, an array, or any other sequence.

    Parameters
    ----------
    data : sequence
        Needs ``len`` and indexing.
    """

    def __init__(self, data: Sequence[Any]) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: int) -> Any:
        return self._data[idx]


class ArrayDataset(Dataset):
    """Several arrays of equal length side by side: sample i is the tuple of their i-th items.

    Parameters
    ----------
    *args : sequence, NDArray or numpy.ndarray
        One or more, of equal length. With a single one, samples are bare items and not tuples.

    Raises
    ------
    ShapeError
        If the lengths differ.

    Examples
    --------
    >>> dataset = ArrayDataset([1, 2, 3], ["a", "b", "c"])
    >>> dataset[1]
    (2, 'b')
    """

    def __init__(self, *args: Any) -> None:
        if not args:
            raise ParamError(explain("ArrayDataset: got no array.", "at least one."))
        lengths = [len(data) for data in args]
        if len(set(lengths)) > 1:
            raise ShapeError(
                explain(f"ArrayDataset: the arrays have {lengths} items.", "equal lengths.")
            )
        self._length = lengths[0]
        self._data = [_plain_if_vector(data) for data in args]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, idx: int) -> Any:
        if len(self._data) == 1:
            return self._data[0][idx]
        return tuple(data[idx] for data in self._data)


class RecordFileDataset(Dataset):
    """The records of a record file, as bytes.

    Parameters
    ----------
    filename : path
        The index of the same name, ending in ``.idx``, is used if it is there.

    Raises
    ------
    MissingFileError, FileFormatError
        If the file is not there, or damaged.
    """

    def __init__(self, filename: Any) -> None:
        from dlstudio.io.record_files import PlacedRecords

        self.filename = str(filename)
        index = Path(filename).with_suffix(".idx")
        self.idx_file = str(index)
        self._record = PlacedRecords(filename, index if index.is_file() else None)

    def __len__(self) -> int:
        return len(self._record)

    def __getitem__(self, idx: int) -> Any:
        return self._record.read_at(idx + len(self) if idx < 0 else idx)


class _DownloadedDataset(Dataset):
    """Samples and labels that lie in files: programs derive from it and define ``_get_data``.

    Parameters
    ----------
    root : path
        Folder of the files; made if absent.
    transform : callable or None
        Takes (sample, label) and returns what to hand out instead.
    """

    _data: Any = None
    _label: Any = None

    def __init__(self, root: Any, transform: Callable[..., Any] | None) -> None:
        self._root = os.path.expanduser(root)  # noqa: PTH111  programs join it as a str
        self._transform = transform
        Path(self._root).mkdir(parents=True, exist_ok=True)
        self._get_data()

    def _get_data(self) -> None:
        """Set `_data` and `_label`."""
        raise NotImplementedError(f"{type(self).__name__} must define _get_data(self).")

    def __len__(self) -> int:
        return len(self._label)

    def __getitem__(self, idx: int) -> Any:
        sample, label = self._data[idx], self._label[idx]
        return (sample, label) if self._transform is None else self._transform(sample, label)


def _plain_if_vector(data: Any) -> Any:
    """Turn a vector of labels into NumPy, so that a sample's label is a number and not an array."""
    if hasattr(data, "asnumpy") and len(data.shape) == 1:
        return data.asnumpy()
    return data


class _SampledDataset(Dataset):
    """The samples of another data set, picked by a sampler's indices."""

    def __init__(self, dataset: Dataset, sampler: Sampler) -> None:
        self._dataset = dataset
        self._indices = list(sampler)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, idx: int) -> Any:
        if not -len(self) <= idx < len(self):
            raise IndexRangeError(
                explain(f"sample {idx} of a data set of {len(self)} samples does not exist.")
            )
        return self._dataset[self._indices[idx]]


class _TransformedDataset(Dataset):
    """Another data set, each sample passed through a function when it is read."""

    def __init__(self, dataset: Dataset, fn: Callable[..., Any]) -> None:
        self._dataset = dataset
        self._fn = fn

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, idx: int) -> Any:
        item = self._dataset[idx]
        return self._fn(*item) if isinstance(item, tuple) else self._fn(item)


class _FirstField:
    """Apply a function to the first argument; a class, so that it can be pickled for workers."""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn

    def __call__(self, first: Any, *rest: Any) -> Any:
        return (self._fn(first), *rest) if rest else self._fn(first)


__getattr__ = held_elsewhere(__name__)  # what MXNet's module of this name has besides
