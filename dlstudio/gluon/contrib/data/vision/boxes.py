"""Detection: pictures with the objects in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlstudio.errors import DataError, ParamError, explain
from dlstudio.gluon.contrib.data.vision.pictures import LoaderOfPictures, samples_of
from dlstudio.gluon.data import DataLoader, batchify
from dlstudio.image.create import CreateDetAugmenter

__all__ = ["ImageBboxDataLoader", "create_bbox_augment"]

Array = Any


class BboxAugmentation:
    """Augment a picture (H, W, C) with its objects, (N, 5 or more).

    An object is (left, top, right, bottom, class, …), in pixels.

    Parameters
    ----------
    augmenters : list of DetAugmenter
    dtype : str
        Of the picture that comes out, (C, H, W).
    """

    def __init__(self, augmenters: Sequence[Any], dtype: str) -> None:
        self._augmenters, self._dtype = list(augmenters), dtype

    def __call__(self, image: Any, boxes: Any) -> tuple[Any, Array]:
        """Return the augmented picture and its objects."""
        H, W = image.shape[:2]
        label = np.asarray(boxes, np.float32)
        rest = label[:, 5:]
        label = np.concatenate([label[:, 4:5], label[:, :4] / [W, H, W, H], rest], axis=1)
        for augmenter in self._augmenters:
            image, label = augmenter(image, label)
        H, W = image.shape[:2]
        places = label[:, 1:5] * [W, H, W, H]
        boxes = np.concatenate([places, label[:, :1], label[:, 5:]], axis=1).astype(np.float32)
        return image.transpose((2, 0, 1)).astype(self._dtype), boxes


def create_bbox_augment(
    data_shape: Sequence[int], rand_crop: float = 0, rand_pad: float = 0, rand_gray: float = 0,
    rand_mirror: bool = False, mean: Any = None, std: Any = None, brightness: float = 0,
    contrast: float = 0, saturation: float = 0, pca_noise: float = 0, hue: float = 0,
    inter_method: int = 2, max_aspect_ratio: float = 2, area_range: Any = (0.3, 3.0),
    max_attempts: int = 50, pad_val: Any = (127, 127, 127), dtype: str = "float32",
) -> BboxAugmentation:  # fmt: skip
    """Make a transform of a picture (H, W, C) and its objects.

    Parameters
    ----------
    data_shape : (channels, height, width)
        Of the picture that comes out.
    rand_crop, rand_pad, rand_gray, rand_mirror, mean, std, brightness, contrast, saturation, hue
        As of `image.CreateDetAugmenter`.
    pca_noise, inter_method, area_range, max_attempts, pad_val
        Likewise.
    max_aspect_ratio : float >= 1
        Of crops and padded pictures, the longer edge by the shorter one.
    dtype : str
    """
    if max_aspect_ratio < 1:
        raise ParamError(
            explain(f"create_bbox_augment: got max_aspect_ratio={max_aspect_ratio}.", "at least 1.")
        )
    augmenters = CreateDetAugmenter(
        data_shape, 0, rand_crop, rand_pad, rand_gray, rand_mirror, mean, std, brightness,
        contrast, saturation, pca_noise, hue, inter_method, max_attempts=max_attempts,
        aspect_ratio_range=(1 / max_aspect_ratio, max_aspect_ratio), area_range=area_range,
        pad_val=pad_val,
    )  # fmt: skip
    return BboxAugmentation(augmenters, dtype)


class _Prepared:
    """Parse a sample's flat label, augment, and give coordinates their unit."""

    def __init__(self, augment: Any, coord_normalized: bool) -> None:
        self._augment, self._normalized = augment, coord_normalized

    def __call__(self, image: Any, label: Any) -> tuple[Any, Array]:
        raw = np.asarray(label, np.float32).ravel()
        header, width = (int(raw[0]), int(raw[1])) if raw.size > 2 else (0, 0)
        if header < 2 or width < 5 or (raw.size - header) % width:
            raise DataError(
                explain(
                    f"ImageBboxDataLoader: a label has {raw.size} numbers and begins with "
                    f"{raw[:4].tolist()}.",
                    "header length A >= 2, numbers per object B >= 5, the rest of the header, and "
                    "B numbers for each object: class, left, top, right, bottom, ….",
                )
            )
        objects = raw[header:].reshape(-1, width)
        H, W = image.shape[:2]
        scale = np.array([W, H, W, H]) if self._normalized else np.ones(4)
        boxes = np.concatenate([objects[:, 1:5] * scale, objects[:, :1], objects[:, 5:]], axis=1)
        image, boxes = self._augment(image, boxes)
        if self._normalized:
            H, W = image.shape[-2:]
            boxes[:, :4] /= [W, H, W, H]
        return image, boxes


class ImageBboxDataLoader(LoaderOfPictures):
    """Load pictures and the objects in them batch by batch.

    Labels of a batch have shape (batch_size, objects, B): left, top, right, bottom, class, …; -1
    fills pictures with fewer objects. Labels of the source have the form of `image.ImageDetIter`.

    Parameters
    ----------
    batch_size : int
    data_shape : (channels, height, width)
    path_imgrec, path_imglist, imglist, path_root, part_index, num_parts
        As of `ImageDataLoader`.
    aug_list : callable, optional
        From (picture, objects in pixels) to (picture, objects); otherwise
        ``create_bbox_augment(data_shape, **kwargs)``.
    coord_normalized : bool
        Whether coordinates are parts of width and height, in the source and in batches.
    dtype, shuffle, sampler, last_batch, batch_sampler, batchify_fn, num_workers, pin_memory
        As of `ImageDataLoader`.
    pin_device_id, prefetch, thread_pool, timeout, try_nopython
        Likewise.
    **kwargs
        For `create_bbox_augment`.
    """

    def __init__(
        self, batch_size: int, data_shape: Sequence[int], path_imgrec: Any = None,
        path_imglist: Any = None, path_root: Any = ".", part_index: int = 0, num_parts: int = 1,
        aug_list: Any = None, imglist: Any = None, coord_normalized: bool = True,
        dtype: str = "float32", shuffle: bool = False, sampler: Any = None,
        last_batch: str | None = None, batch_sampler: Any = None, batchify_fn: Any = None,
        num_workers: int = 0, pin_memory: bool = False, pin_device_id: int = 0,
        prefetch: int | None = None, thread_pool: bool = False, timeout: float = 120,
        try_nopython: bool | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        flag = int(data_shape[0] == 3)
        samples = samples_of(
            "ImageBboxDataLoader", path_imgrec, path_imglist, path_root, imglist, flag
        ).shard(num_parts, part_index)
        augment = aug_list or create_bbox_augment(data_shape, dtype=dtype, **kwargs)
        self._loader = DataLoader(
            samples.transform(_Prepared(augment, coord_normalized)), batch_size, shuffle, sampler,
            last_batch, batch_sampler,
            batchify_fn or batchify.Group(batchify.Stack(), batchify.Pad(val=-1)), num_workers,
            pin_memory, pin_device_id, prefetch, thread_pool, timeout, try_nopython=try_nopython,
        )  # fmt: skip
