"""Batches of pictures from record files, decoded and augmented by threads ahead of their use."""

from __future__ import annotations

import weakref
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dlstudio.dialects.pictures import decode_pixels
from dlstudio.errors import ArgumentError, DataError, FileFormatError, ShapeError, explain
from dlstudio.io.batches import DataDesc
from dlstudio.io.lists import one_part, read_list
from dlstudio.io.normalize import Normalization
from dlstudio.io.record_augment import Augmentation
from dlstudio.io.record_files import PlacedRecords
from dlstudio.io.rounds import MXDataIter
from dlstudio.recordio import unpack

__all__ = ["ImageRecordInt8Iter", "ImageRecordIter", "ImageRecordUInt8Iter"]

Array = Any
_NORMALIZATION = {field.name for field in fields(Normalization)}
# parameters of MXNet's readers that change nothing here
_IGNORED = {
    "aug_seq", "ctx", "device_id", "shuffle_chunk_seed", "shuffle_chunk_size", "verbose",
}  # fmt: skip


class ImageRecordIter(MXDataIter):
    """Iterate over the pictures of a record file.

    Parameters
    ----------
    path_imgrec : path
    data_shape : (channels, height, width)
        Of each picture; 3 channels, 1 for grey.
    batch_size : int
    path_imgidx : path, optional
        The index; without it the file is looked through once.
    path_imglist : path, optional
        A list whose labels replace those of the records.
    label_width : int
        Labels of each picture.
    shuffle : bool
        Another order in each epoch, the same in each run with equal `seed`.
    seed, seed_aug : int
        Of the order, and of augmentation (like `seed` by default).
    num_parts, part_index : int
        Read only part number `part_index` of `num_parts` equal stretches of records.
    round_batch : bool
        Fill the last batch with pictures of the next epoch, which goes on after them; otherwise
        with zeros. `DataBatch.pad` says how many they are.
    preprocess_threads, prefetch_buffer : int
        Threads that decode, and batches that they make ahead.
    dtype : {"float32", "float16", "float64", "uint8", "int8"}, optional
        Of the data.
    data_name, label_name : str
    resize, rand_crop, random_resized_crop, max_rotate_angle, rotate, …
        See `dlstudio.io.record_augment.Augmentation`.
    mean_img, mean_r, mean_g, mean_b, std_r, std_g, std_b, scale, mirror, rand_mirror, …
        See `dlstudio.io.normalize.Normalization`.

    Raises
    ------
    ArgumentError, ParamError, ShapeError
        If arguments are unknown or do not fit together.
    MissingFileError, FileFormatError
        If a file is not there, or damaged.
    DataError
        While iterating: if a picture is damaged or too small, or has other labels than said.

    Examples
    --------
    >>> batches = ImageRecordIter(
    ...     path_imgrec="train.rec", data_shape=(3, 224, 224), batch_size=32, shuffle=True,
    ...     resize=256, rand_crop=True, rand_mirror=True, mean_r=123.7, mean_g=116.3, mean_b=103.5,
    ... )  # doctest: +SKIP
    """

    _DTYPE: ClassVar[str] = "float32"
    _AUGMENTATION: ClassVar[Any] = Augmentation

    def __init__(
        self,
        path_imgrec: Any = None,
        data_shape: Any = None,
        batch_size: int = 1,
        path_imgidx: Any = None,
        path_imglist: Any = None,
        label_width: int = 1,
        shuffle: bool = False,
        seed: int = 0,
        seed_aug: int | None = None,
        num_parts: int = 1,
        part_index: int = 0,
        round_batch: bool = True,
        preprocess_threads: int = 4,
        prefetch_buffer: int = 4,
        dtype: Any = None,
        data_name: str = "data",
        label_name: str = "softmax_label",
        **kwargs: Any,
    ) -> None:
        name = type(self).__name__
        augmentation = {field.name for field in fields(self._AUGMENTATION)}
        _check(name, path_imgrec, data_shape, kwargs, augmentation | _NORMALIZATION | _IGNORED)
        self._records = PlacedRecords(path_imgrec, path_imgidx or None)
        self._labels = _labels(path_imglist)
        self._numbers = np.arange(len(self._records))[
            one_part(len(self._records), num_parts, part_index, name)
        ]
        if not len(self._numbers):
            raise DataError(explain(f"{name}: part {part_index} of {num_parts} has no record."))
        super().__init__(
            batch_size, len(self._numbers), round_batch, shuffle, seed, data_name, label_name
        )
        self._shape, self._label_width = tuple(int(n) for n in data_shape), label_width
        self._dtype = np.dtype(dtype or self._DTYPE)
        self._augment = self._AUGMENTATION(self._shape, **_chosen(kwargs, augmentation))
        self._seed_aug = seed if seed_aug is None else seed_aug
        self._batches_begun = 0
        self._prefetch = max(1, int(prefetch_buffer))
        self._ahead: deque[tuple[Future[Any], Array, int]] = deque()
        self._threads = ThreadPoolExecutor(max(1, int(preprocess_threads)), "dlstudio-pictures")
        weakref.finalize(self, self._threads.shutdown, wait=False, cancel_futures=True)
        self._normalize = Normalization(**_chosen(kwargs, _NORMALIZATION - augmentation)).loaded(
            self._mean
        )
        self._made: tuple[Array, Array] | None = None

    # ---- descriptions ----------------------------------------------------------------------------
    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and dtype of the data of a batch."""
        return [DataDesc(self._names[0], (self.batch_size, *self._shape), self._dtype)]

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and dtype of the labels of a batch."""
        return [DataDesc(self._names[1], (self.batch_size, *self._label_shape()), np.float32)]

    def _label_shape(self) -> tuple[int, ...]:
        return () if self._label_width == 1 else (self._label_width,)

    # ---- batches ---------------------------------------------------------------------------------
    def reset(self) -> None:
        """Begin an epoch: after the pictures that filled the last batch, if there were any."""
        if self._ahead:  # the epoch is left early: nobody saw the pictures that would fill it
            self._resume = 0
        while self._ahead:
            self._ahead.popleft()[0].cancel()
        super().reset()

    def iter_next(self) -> bool:
        """Move on; False at the end."""
        while len(self._ahead) < self._prefetch and self._submit():
            pass
        if not self._ahead:
            return False
        future, self._chosen, self._pad = self._ahead.popleft()
        self._submit()
        self._made = future.result()
        return True

    def _submit(self) -> bool:
        """Have one more batch made; False at the end of the epoch."""
        found = self._advance()
        if found is None:
            return False
        contents = [self._records.read_at(int(self._numbers[i])) for i in found[0]]
        names = [self._records.keys[int(self._numbers[i])] for i in found[0]]
        seed = (self._seed_aug & (2**63 - 1), self._batches_begun)
        self._batches_begun += 1
        future = self._threads.submit(self._batch, contents, names, seed)
        self._ahead.append((future, *found))
        return True

    def _batch(self, contents: list[bytes], names: list[Any], seed: Any) -> tuple[Array, Array]:
        """Decode and augment; runs in a thread."""
        draw = np.random.default_rng(seed)
        data = np.empty((len(contents), *self._shape), self._dtype)
        labels = []
        for place, (content, name) in enumerate(zip(contents, names, strict=True)):
            try:
                image, label = self._sample(content, draw)
                data[place] = self._normalize(image, draw).astype(self._dtype)
            except (DataError, FileFormatError) as error:
                error.add_note(f"it is record {name} of {self._records.uri}")
                raise
            labels.append(label)
        return data, np.stack(labels)

    def _sample(self, content: bytes, draw: Any) -> tuple[Array, Array]:
        """Return the augmented picture (H, W, C) and the labels of a record."""
        header, encoded = unpack(content)
        return self._augment(self._decoded(encoded), draw), self._label(header)

    def _decoded(self, encoded: bytes) -> Array:
        name = f"a picture of {len(encoded)} bytes"
        return decode_pixels(encoded, name, flag=int(self._shape[0] == 3))

    def _label(self, header: Any) -> Array:
        values = self._numbers_of(header)
        if values.size != self._label_width:
            raise DataError(
                explain(
                    f"{type(self).__name__}: a record has {values.size} labels.",
                    f"label_width={self._label_width} of them.",
                    f"label_width={values.size}",
                )
            )
        return values.reshape(self._label_shape())

    def _numbers_of(self, header: Any) -> Array:
        """Labels of a record, or those that the list has for it."""
        if self._labels is None:
            return np.atleast_1d(np.asarray(header.label, np.float32))
        if header.id not in self._labels:
            raise DataError(f"the list has no entry for picture {header.id}.")
        return self._labels[header.id]

    def getdata(self) -> list[Any]:
        """Return the data of the current batch."""
        return [self.filled(self._current()[0])]

    def getlabel(self) -> list[Any]:
        """Return the labels of the current batch."""
        return [self.filled(self._current()[1])]

    def _current(self) -> tuple[Array, Array]:
        if self._made is None:
            raise DataError(f"{type(self).__name__}: iter_next() comes before the first batch.")
        return self._made

    def _mean(self, path: Path) -> Array:
        """Mean picture of all records, for `mean_img`."""
        total = np.zeros(self._shape, np.float64)
        draw = np.random.default_rng(self._seed_aug & (2**63 - 1))
        for number in self._numbers:
            image, _ = self._sample(self._records.read_at(int(number)), draw)
            total += np.moveaxis(image, -1, 0)
        del path
        return (total / len(self._numbers)).astype(np.float32)


class ImageRecordUInt8Iter(ImageRecordIter):
    """Iterate over the pictures of a record file as bytes, without subtracting a mean.

    Takes the parameters of `ImageRecordIter`.
    """

    _DTYPE = "uint8"


class ImageRecordInt8Iter(ImageRecordIter):
    """Iterate over the pictures of a record file as whole numbers from -128 to 127.

    Takes the parameters of `ImageRecordIter`; 128 is subtracted from each value.
    """

    _DTYPE = "int8"

    def _sample(self, content: bytes, draw: Any) -> tuple[Array, Array]:
        image, label = super()._sample(content, draw)
        return image.astype(np.float32) - 128, label


def _check(
    name: str, path_imgrec: Any, data_shape: Any, kwargs: dict[str, Any], known: set[str]
) -> None:
    if not path_imgrec:
        raise ArgumentError(
            explain(f"{name}: path_imgrec was not given.", "a record file, as im2rec makes it.")
        )
    shape = () if data_shape is None else tuple(data_shape)
    if len(shape) != 3 or shape[0] not in (1, 3) or min(shape) < 1:
        raise ShapeError(
            explain(
                f"{name}: got data_shape={data_shape!r}.",
                "(channels, height, width) with 3 channels, or 1 for grey pictures.",
            )
        )
    for each in kwargs:
        if each not in known:
            import difflib

            near = difflib.get_close_matches(each, sorted(known), n=1)
            raise ArgumentError(
                explain(
                    f"{name}: unknown argument {each!r}.",
                    f"one of {', '.join(sorted(known))}.",
                    f"{near[0]}=…" if near else "",
                )
            )


def _chosen(kwargs: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name in names and value is not None}


def _labels(path: Any) -> dict[int, Array] | None:
    return {entry.key: entry.label for entry in read_list(path)} if path else None
