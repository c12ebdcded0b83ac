"""Batches of pictures with the objects in them, for detection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from dlstudio.errors import DataError, ShapeError, explain, missing_extra
from dlstudio.image.augment import ForceResizeAug
from dlstudio.image.create import IMAGENET_MEAN, IMAGENET_STD, CreateDetAugmenter
from dlstudio.image.iterate import ImageIter, made_by

__all__ = ["ImageDetIter"]

Array = Any
_HEADER = 2  # at least: its own length, and the numbers of an object


class ImageDetIter(ImageIter):
    """Iterate over pictures with objects in them.

    The label of a picture is a flat list of numbers: the length of this header A (at least 2), the
    numbers of each object B (at least 5), A - 2 more of any meaning, and then B for each object:
    class, left, top, right, bottom as parts from 0 to 1, and what else there is.

    Labels of a batch have shape (batch_size, objects, B); -1 fills pictures with fewer objects.

    Parameters
    ----------
    batch_size : int
    data_shape : (channels, height, width)
    path_imgrec, path_imglist, path_root, path_imgidx, shuffle, part_index, num_parts, imglist,
    data_name, label_name, last_batch_handle
        As of `ImageIter`.
    aug_list : list of DetAugmenter, optional
        Otherwise ``CreateDetAugmenter(data_shape, **kwargs)``.
    **kwargs
        For `CreateDetAugmenter`.

    Raises
    ------
    DataError
        If a label has not this form.
    """

    def __init__(
        self,
        batch_size: int,
        data_shape: Sequence[int],
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
        label_name: str = "label",
        last_batch_handle: str = "pad",
        **kwargs: Any,
    ) -> None:
        dtype = kwargs.pop("dtype", "float32")
        super().__init__(
            batch_size, data_shape, -1, path_imgrec, path_imglist, path_root, path_imgidx, shuffle,
            part_index, num_parts, aug_list, imglist, data_name, label_name, dtype,
            last_batch_handle, **kwargs,
        )  # fmt: skip
        self.label_shape = self._estimate_label_shape()

    def _augmenters(self, kwargs: dict[str, Any]) -> list[Any]:
        return made_by(CreateDetAugmenter, self.data_shape, kwargs, type(self).__name__)

    # ---- labels --------------------------------------------------------------------------------
    def _estimate_label_shape(self) -> tuple[int, int]:
        """Most objects of a picture, and numbers of an object."""
        most, width = 0, 0
        for cur in range(len(self.seq)):
            self.cur = cur
            objects = self._parse_label(self._label_of_next())
            most, width = max(most, len(objects)), max(width, objects.shape[1])
        self.cur = 0
        return most, width

    def _label_of_next(self) -> Any:
        """Return the label of the next picture; files are not read for it."""
        if self.imgrec is None:
            number = int(self.seq[self.cur])
            self._current = self._listed[self._keys[number]]
            return self._current[0]
        return self.next_sample()[0]

    def _parse_label(self, label: Any) -> Array:
        """Return the objects (N, B) of a flat label."""
        raw = np.asarray(label, np.float32).ravel()
        header, width = (int(raw[0]), int(raw[1])) if raw.size >= _HEADER else (0, 0)
        if header < _HEADER or width < 5 or (raw.size - header) % width or raw.size <= header:
            raise DataError(
                explain(
                    f"ImageDetIter: the label of {self._current[1]} is {raw[:8].tolist()}… with "
                    f"{raw.size} numbers.",
                    "header length A >= 2, numbers per object B >= 5, the rest of the header, and "
                    "B numbers for each object.",
                    "[2, 5, class, left, top, right, bottom, …]",
                )
            )
        objects = raw[header:].reshape(-1, width)
        valid = (objects[:, 3] > objects[:, 1]) & (objects[:, 4] > objects[:, 2])
        if not valid.any():
            raise DataError(
                explain(
                    f"ImageDetIter: {self._current[1]} has no object with an area.",
                    "right > left and bottom > top.",
                )
            )
        return objects[valid]

    def check_label_shape(self, label_shape: Sequence[int]) -> None:
        """Refuse a shape that has no room for the labels of this iterator."""
        shape = tuple(label_shape)
        if len(shape) != 2 or any(n < m for n, m in zip(shape, self.label_shape, strict=True)):
            raise ShapeError(
                explain(
                    f"ImageDetIter: got label_shape={shape}.",
                    f"(objects, numbers per object), at least {self.label_shape}.",
                )
            )

    def _label(self, label: Any) -> Array:
        padded = np.full(self.label_shape, -1, np.float32)
        padded[: len(label), : label.shape[1]] = label[: len(padded)]
        return padded

    def _label_shape(self) -> tuple[int, ...]:
        return self.label_shape

    def reshape(self, data_shape: Any = None, label_shape: Any = None) -> None:
        """Change the shape of pictures or labels from the next batch on.

        Parameters
        ----------
        data_shape : (channels, height, width), optional
            The augmenters that force a size take it over.
        label_shape : (objects, numbers per object), optional
        """
        if data_shape is not None:
            self.check_data_shape(data_shape)
            self.data_shape = tuple(data_shape)
            for each in self.auglist:
                inner = getattr(each, "augmenter", None)
                if isinstance(inner, ForceResizeAug):
                    inner.size = self.data_shape[2], self.data_shape[1]
        if label_shape is not None:
            self.check_label_shape(label_shape)
            self.label_shape = tuple(label_shape)

    def sync_label_shape(self, it: ImageDetIter, verbose: bool = False) -> ImageDetIter:
        """Give two iterators, of training and validation say, room for equally many objects."""
        if not isinstance(it, ImageDetIter):
            raise DataError(
                explain(f"sync_label_shape: got a {type(it).__name__}.", "an ImageDetIter.")
            )
        rows = max(self.label_shape[0], it.label_shape[0])
        columns = max(self.label_shape[1], it.label_shape[1])
        if verbose and (rows, columns) != self.label_shape:
            print(f"label shape {self.label_shape} becomes {(rows, columns)}")
        self.reshape(label_shape=(rows, columns))
        it.reshape(label_shape=(rows, columns))
        return it

    # ---- samples -------------------------------------------------------------------------------
    def augmentation_transform(self, data: Any, label: Any) -> tuple[Any, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Apply the augmenters to a picture and its objects."""
        for augmenter in self.auglist:
            data, label = augmenter(data, label)
        return data, label

    def _augmented(self) -> tuple[Any, Array]:
        label, content = self.next_sample()
        data = self.imdecode(content)
        self.check_valid_image(data)
        return self.augmentation_transform(data, self._parse_label(label))

    def _sample(self) -> tuple[Array, Array]:
        data, label = self._augmented()
        return self._shaped(self.postprocess_data(data).asnumpy()), self._label(label)

    # ---- looking at it -------------------------------------------------------------------------
    def draw_next(
        self,
        color: Any = None,
        thickness: int = 2,
        mean: Any = None,
        std: Any = None,
        clip: bool = True,
        waitKey: Any = None,
        window_name: str = "draw_next",
        id2labels: Any = None,
    ) -> Iterator[Array]:
        """Draw the objects into one augmented picture after the other.

        Parameters
        ----------
        color : (red, green, blue), optional
            Of the boxes; by default each class has its own.
        thickness : int
        mean, std : array, or True for those of ImageNet
            What was subtracted and divided by, to be undone.
        clip : bool
            Clip values to 0 … 255.
        waitKey, window_name
            Accepted for MXNet programs: nothing is opened, show the pictures with matplotlib.
        id2labels : dict, optional
            Names of the classes.

        Yields
        ------
        numpy.ndarray, (H, W, 3), uint8
        """
        del waitKey, window_name
        while True:
            try:
                data, label = self._augmented()
            except StopIteration:
                return
            image = _as_it_was(data.asnumpy(), mean, std)
            image = np.clip(image, 0, 255) if clip else image
            yield _drawn(image.astype(np.uint8), label, color, thickness, id2labels)


def _as_it_was(image: Array, mean: Any, std: Any) -> Array:
    image = image if std is None else image * np.asarray(IMAGENET_STD if std is True else std)
    return image if mean is None else image + np.asarray(IMAGENET_MEAN if mean is True else mean)


_COLOURS = ((230, 60, 50), (60, 120, 230), (40, 170, 80), (240, 160, 20), (150, 70, 200))


def _drawn(image: Array, label: Array, color: Any, thickness: int, names: Any) -> Array:
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise missing_extra("Pillow", "lab", "drawing boxes") from None
    picture = Image.fromarray(image if image.shape[2] == 3 else np.repeat(image, 3, axis=2))
    pen = ImageDraw.Draw(picture)
    H, W = image.shape[:2]
    for each in label:
        number = int(each[0])
        ink = tuple(color) if color is not None else _COLOURS[number % len(_COLOURS)]
        box = [each[1] * W, each[2] * H, each[3] * W, each[4] * H]
        pen.rectangle(box, outline=ink, width=thickness)
        if names is not None and number in names:
            pen.text((box[0] + thickness, box[1] + thickness), str(names[number]), fill=ink)
    return np.asarray(picture)
