"""Batches of pictures with the objects in them, from record files."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dlstudio.errors import DataError, explain
from dlstudio.io.det_augment import DetAugmentation
from dlstudio.io.image_records import ImageRecordIter
from dlstudio.recordio import unpack

__all__ = ["ImageDetRecordIter"]

Array = Any
_PLENTY = 1 << 12  # room for a label while the longest one is not known yet
_PREFIX = 4  # channels, height, width and the count of the numbers that follow


class ImageDetRecordIter(ImageRecordIter):
    """Iterate over a record file of pictures with objects.

    The label of a record is that of `image.ImageDetIter`: header length A, numbers per object B,
    the rest of the header, and B numbers for each object. Labels of a batch have shape
    (batch_size, 4 + most numbers): channels, height and width of the picture, the count of the
    numbers that follow, the label as the augmentation left it, and `label_pad_value` up to the end.

    Parameters
    ----------
    path_imgrec, data_shape, batch_size, path_imgidx, path_imglist, shuffle, seed, num_parts,
    part_index, round_batch, preprocess_threads, prefetch_buffer, dtype, data_name, label_name,
    mean_r, std_r, scale, …
        As of `ImageRecordIter`.
    label_pad_width : int
        Room for so many numbers of a label; 0: as many as the longest one has.
    label_pad_value : float
    label_width
        Accepted for MXNet programs: labels have any length.
    **kwargs
        See `dlstudio.io.det_augment.DetAugmentation`.

    Raises
    ------
    DataError
        If a label has not this form, or there is no room for it.
    """

    _AUGMENTATION: ClassVar[Any] = DetAugmentation

    def __init__(
        self,
        path_imgrec: Any = None,
        data_shape: Any = None,
        batch_size: int = 1,
        label_width: int = -1,
        label_pad_width: int = 0,
        label_pad_value: float = -1.0,
        label_name: str = "label",
        **kwargs: Any,
    ) -> None:
        self._pad_value, self._room = label_pad_value, label_pad_width or _PLENTY
        super().__init__(
            path_imgrec, data_shape, batch_size, label_width=label_width, label_name=label_name,
            **kwargs,
        )  # fmt: skip
        self._room = label_pad_width or max(len(self._raw(int(n))) for n in self._numbers)

    def _raw(self, number: int) -> Array:
        header, _ = unpack(self._records.read_at(number))
        return self._flat(header)

    def _label_shape(self) -> tuple[int, ...]:
        return (_PREFIX + self._room,)

    def _flat(self, header: Any) -> Array:
        """Return the numbers of a record's label, or of the list's."""
        values = self._numbers_of(header)
        head, width = (int(values[0]), int(values[1])) if values.size > 2 else (0, 0)
        if head < 2 or width < 5 or (values.size - head) % width:
            raise DataError(
                explain(
                    f"ImageDetRecordIter: a label has {values.size} numbers and begins with "
                    f"{values[:4].tolist()}.",
                    "header length A >= 2, numbers per object B >= 5, the rest of the header, and "
                    "B numbers for each object: class, left, top, right, bottom, ….",
                )
            )
        return values

    def _sample(self, content: bytes, draw: Any) -> tuple[Array, Array]:
        header, encoded = unpack(content)
        flat = self._flat(header)
        head, width = int(flat[0]), int(flat[1])
        image = self._decoded(encoded)
        objects = flat[head:].reshape(-1, width)
        image, objects = self._augment(image, objects, draw)
        numbers = np.concatenate([flat[:head], objects.ravel()])
        if len(numbers) > self._room:
            raise DataError(
                explain(
                    f"ImageDetRecordIter: a label has {len(numbers)} numbers.",
                    f"at most label_pad_width={self._room}.",
                    f"label_pad_width={len(numbers)}",
                )
            )
        label = np.full(self._label_shape(), self._pad_value, np.float32)
        label[:_PREFIX] = image.shape[2], *image.shape[:2], len(numbers)
        label[_PREFIX : _PREFIX + len(numbers)] = numbers
        return image, label
