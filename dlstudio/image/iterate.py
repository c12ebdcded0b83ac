"""Batches of pictures from record files, list files, or lists in memory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.core.random import host_generator
from dlstudio.dialects import pictures
from dlstudio.errors import ArgumentError, DataError, ParamError, ShapeError, explain
from dlstudio.image.create import CreateAugmenter
from dlstudio.io.batches import DataBatch, DataDesc, DataIter
from dlstudio.io.lists import one_part, read_list
from dlstudio.io.record_files import PlacedRecords
from dlstudio.recordio import unpack

__all__ = ["ImageIter", "made_by"]

Array = Any
_LAST_BATCH = ("pad", "discard", "roll_over")
_DTYPES = ("int32", "float32", "int64", "float64", "uint8", "float16")


class ImageIter(DataIter):
    """Iterate over pictures, augmented, with their labels.

    Parameters
    ----------
    batch_size : int
    data_shape : (channels, height, width)
        Of each picture after augmentation; 3 channels, or 1 for grey.
    label_width : int
        Labels of each picture.
    path_imgrec : path, optional
        A record file, and in `path_imgidx` its index.
    path_imglist : path, optional
        A list file; its labels replace those of a record file.
    path_root : path, optional
        Folder that the paths of a list begin at.
    shuffle : bool
        A new order at each `reset`, drawn from the stream of ``mx.random.seed``.
    part_index, num_parts : int
        Read only part number `part_index` of `num_parts` equal stretches.
    aug_list : list of Augmenter, optional
        Otherwise ``CreateAugmenter(data_shape, **kwargs)``.
    imglist : list, optional
        Of entries ``[label, …, path]`` or ``[labels, path]``, in place of a list file.
    data_name, label_name : str
    dtype : str
        Of data and labels.
    last_batch_handle : {"pad", "discard", "roll_over"}
        Fill the last batch up with pictures from the beginning, drop it, or begin the next epoch
        with it.
    **kwargs
        For `CreateAugmenter`.

    Raises
    ------
    ArgumentError, ParamError, ShapeError
        If the arguments do not fit together.
    DataError
        While iterating: if a picture is damaged, or its labels are not as many as said.

    Examples
    --------
    >>> iterator = ImageIter(32, (3, 224, 224), path_imgrec="train.rec", path_imgidx="train.idx",
    ...                      shuffle=True, resize=256, rand_crop=True)  # doctest: +SKIP
    """

    def __init__(
        self,
        batch_size: int,
        data_shape: Sequence[int],
        label_width: int = 1,
        path_imgrec: Any = None,
        path_imglist: Any = None,
        path_root: Any = None,
        path_imgidx: Any = None,
        shuffle: bool = False,
        part_index: int = 0,
        num_parts: int = 1,
        aug_list: Sequence[Callable[..., Any]] | None = None,
        imglist: Any = None,
        data_name: str = "data",
        label_name: str = "softmax_label",
        dtype: str = "float32",
        last_batch_handle: str = "pad",
        **kwargs: Any,
    ) -> None:
        super().__init__(batch_size)
        self._check(path_imgrec, path_imglist, imglist, last_batch_handle, dtype)
        self.check_data_shape(data_shape)
        self.data_shape, self.label_width = tuple(data_shape), label_width
        self.dtype, self.shuffle, self.last_batch_handle = dtype, shuffle, last_batch_handle
        self.path_root = path_root
        self.imgrec = PlacedRecords(path_imgrec, path_imgidx) if path_imgrec else None
        self._listed = _listed(path_imglist, imglist)
        self._keys = list(self._listed)
        numbers = self._numbers()
        self.seq = numbers[one_part(len(numbers), num_parts, part_index, type(self).__name__)]
        self.auglist = list(aug_list) if aug_list is not None else self._augmenters(kwargs)
        self._names = data_name, label_name
        self.cur, self._cache, self._finished = 0, [], False
        self._check_size()
        self.reset()

    # ---- checks ------------------------------------------------------------------------------
    def _check(self, rec: Any, lst: Any, imglist: Any, last: str, dtype: str) -> None:
        name = type(self).__name__
        if not rec and not lst and imglist is None:
            raise ArgumentError(
                explain(
                    f"{name}: no source of pictures was given.",
                    "path_imgrec, path_imglist or imglist.",
                    f'{name}(…, path_imgrec="train.rec", path_imgidx="train.idx")',
                )
            )
        if last not in _LAST_BATCH:
            raise ParamError(
                explain(f"{name}: got last_batch_handle={last!r}.", f"one of {_LAST_BATCH}.")
            )
        if str(np.dtype(dtype)) not in _DTYPES:
            raise ParamError(explain(f"{name}: got dtype={dtype!r}.", f"one of {_DTYPES}."))

    def check_data_shape(self, data_shape: Sequence[int]) -> None:
        """Refuse a shape that is not (1 or 3, height, width)."""
        if len(data_shape) != 3 or data_shape[0] not in (1, 3):
            raise ShapeError(
                explain(
                    f"{type(self).__name__}: got data_shape={tuple(data_shape)}.",
                    "(channels, height, width) with 3 channels, or 1 for grey pictures.",
                )
            )

    def _check_size(self) -> None:
        if not isinstance(self.batch_size, int) or self.batch_size < 1 or not len(self.seq):
            raise ParamError(
                explain(
                    f"{type(self).__name__}: got batch_size={self.batch_size!r} for "
                    f"{len(self.seq)} pictures.",
                    "a whole number of at least 1, and at least one picture.",
                )
            )

    def _augmenters(self, kwargs: dict[str, Any]) -> list[Any]:
        return made_by(CreateAugmenter, self.data_shape, kwargs, type(self).__name__)

    def check_valid_image(self, data: Any) -> None:
        """Refuse an empty picture."""
        if 0 in data.shape or len(data.shape) != 3:
            raise DataError(f"{type(self).__name__}: a picture has shape {tuple(data.shape)}.")

    # ---- where samples come from ---------------------------------------------------------------
    def _numbers(self) -> Array:
        """Numbers of all samples: of records, and without a record file of entries of the list."""
        if self.imgrec is None:
            return np.arange(len(self._listed))
        if not self._listed:
            return np.arange(len(self.imgrec))
        place = {key: number for number, key in enumerate(self.imgrec.keys)}
        missing = [key for key in self._listed if key not in place]
        if missing:
            raise DataError(
                explain(
                    f"{self.imgrec.uri} has no record {missing[0]}, which the list names.",
                    "a list and a record file that were made together.",
                )
            )
        return np.array([place[key] for key in self._listed])

    @property
    def num_image(self) -> int:
        """Number of pictures of an epoch."""
        return len(self.seq)

    def read_image(self, fname: Any) -> bytes:
        """Return the bytes of a picture file below `path_root`."""
        try:
            return Path(self.path_root or "", fname).read_bytes()
        except OSError as error:
            raise DataError(
                explain(
                    f"{type(self).__name__}: {error}.", "the files of the list below path_root."
                )
            ) from error

    def next_sample(self) -> tuple[Any, bytes]:
        """Return label and bytes of the next picture.

        Raises
        ------
        StopIteration
            At the end of the epoch.
        """
        if self.cur >= len(self.seq):
            raise StopIteration
        number = int(self.seq[self.cur])
        self.cur += 1
        if self.imgrec is None:
            key = self._keys[number]
            self._current = label, path = self._listed[key]
            return label, self.read_image(path)
        header, content = unpack(self.imgrec.read_at(number))
        key = self.imgrec.keys[number]
        self._current = header.label, f"record {key} of {self.imgrec.uri}"
        return (self._listed[key][0] if self._listed else header.label), content

    # ---- one picture ---------------------------------------------------------------------------
    def imdecode(self, s: bytes) -> Any:
        """Decode the bytes of a picture; the message of an error says which one it was."""
        try:
            return pictures.imdecode(s, flag=int(self.data_shape[0] == 3))
        except DataError as error:
            error.add_note(f"it is {self._current[1]}")
            raise

    def augmentation_transform(self, data: Any) -> Any:
        """Apply the augmenters to a picture."""
        for augmenter in self.auglist:
            data = augmenter(data)
        return data

    def postprocess_data(self, datum: Any) -> Any:
        """Turn (H, W, C) into (C, H, W)."""
        return datum.transpose((2, 0, 1))

    def _sample(self) -> tuple[Array, Array]:
        """Return the next picture (C, H, W) and its label, ready for a batch."""
        label, content = self.next_sample()
        data = self.imdecode(content)
        self.check_valid_image(data)
        data = self.postprocess_data(self.augmentation_transform(data)).asnumpy()
        return self._shaped(data), self._label(label)

    def _shaped(self, data: Array) -> Array:
        if data.shape != self.data_shape:
            raise ShapeError(
                explain(
                    f"{type(self).__name__}: {self._current[1]} has shape {data.shape} after "
                    "augmentation.",
                    f"data_shape={self.data_shape}.",
                    "end aug_list with a crop or ForceResizeAug((width, height))",
                )
            )
        return data

    def _label(self, label: Any) -> Array:
        values = np.atleast_1d(np.asarray(label, np.float32))
        if values.size != self.label_width:
            raise DataError(
                explain(
                    f"{type(self).__name__}: {self._current[1]} has {values.size} labels.",
                    f"label_width={self.label_width} of them.",
                    f"label_width={values.size}",
                )
            )
        return values.reshape(() if self.label_width == 1 else -1)

    # ---- batches -------------------------------------------------------------------------------
    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and dtype of the data of a batch."""
        return [DataDesc(self._names[0], (self.batch_size, *self.data_shape), self.dtype)]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and dtype of the labels of a batch."""
        return [DataDesc(self._names[1], (self.batch_size, *self._label_shape()), self.dtype)]

    def _label_shape(self) -> tuple[int, ...]:
        return () if self.label_width == 1 else (self.label_width,)

    def reset(self) -> None:
        """Begin an epoch; pictures that roll over come first."""
        if self.shuffle:
            host_generator().shuffle(self.seq)
        self.cur, self._finished = 0, False

    def hard_reset(self) -> None:
        """Begin an epoch, forgetting pictures that were to roll over."""
        self._cache = []
        self.reset()

    def next(self) -> DataBatch:
        """Return the next batch."""
        if self._finished:
            raise StopIteration
        samples, self._cache = self._cache, []
        pad = self._fill(samples)
        data = np.stack([sample[0] for sample in samples]).astype(self.dtype)
        labels = np.stack([sample[1] for sample in samples]).astype(self.dtype)
        return DataBatch(
            [_tensor(data)], [_tensor(labels)], pad=pad,
            provide_data=self.provide_data, provide_label=self.provide_label,
        )  # fmt: skip

    def _fill(self, samples: list[Any]) -> int:
        """Append samples until a batch is full; return how many only fill it up."""
        while len(samples) < self.batch_size:
            try:
                samples.append(self._sample())
            except StopIteration:
                break
        missing = self.batch_size - len(samples)
        if missing == 0:
            return 0
        self._finished = True
        if self.last_batch_handle == "roll_over":
            self._cache = samples
        if self.last_batch_handle != "pad" or not samples:
            raise StopIteration
        while len(samples) < self.batch_size:
            self.cur = self.cur if self.cur < len(self.seq) else 0
            samples.append(self._sample())
        return missing


def _tensor(array: Array) -> Any:
    from dlstudio import nd

    return nd.array(array, dtype=array.dtype)


def _listed(path: Any, imglist: Any) -> dict[Any, tuple[Array, str]]:
    """Labels and paths by key, from a list file or a list in memory."""
    if path:
        return {entry.key: (entry.label, entry.path) for entry in read_list(path)}
    found = {}
    for number, entry in enumerate(imglist or ()):
        if len(entry) < 2 or not isinstance(entry[-1], str):
            raise ParamError(
                explain(
                    f"imglist: entry {number} is {entry!r}.",
                    "a label and a path.",
                    'imglist=[[0, "cat.jpg"], [1, "dog.jpg"]]',
                )
            )
        label = entry[0] if len(entry) == 2 else entry[:-1]
        found[number] = np.atleast_1d(np.asarray(label, np.float32)), entry[-1]
    return found


def made_by(
    create: Callable[..., Any], data_shape: Any, kwargs: dict[str, Any], owner: str
) -> list[Any]:
    """Call a function that makes augmenters; what it does not know is explained."""
    known = list(inspect.signature(create).parameters)[1:]
    for name in kwargs:
        if name not in known:
            raise ArgumentError(
                explain(f"{owner}: unknown argument {name!r}.", f"one of {', '.join(known)}.")
            )
    return create(data_shape, **kwargs)
