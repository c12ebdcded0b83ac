"""Classification: pictures with labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dlstudio.errors import ArgumentError, explain
from dlstudio.gluon.block import Block
from dlstudio.gluon.data import DataLoader
from dlstudio.gluon.data.dataset import Dataset
from dlstudio.gluon.data.vision import ImageListDataset, ImageRecordDataset
from dlstudio.gluon.data.vision.transforms import Cast, Compose
from dlstudio.image.create import CreateAugmenter

__all__ = ["ImageDataLoader", "create_image_augment", "samples_of"]


class Augmented(Block):
    """Augmenters of `mx.image` as a transform.

    Parameters
    ----------
    augmenters : list of Augmenter
    """

    def __init__(self, augmenters: Sequence[Any]) -> None:
        super().__init__()
        self._augmenters = list(augmenters)

    def forward(self, x: Any) -> Any:
        """Transform a picture (H, W, C)."""
        for augmenter in self._augmenters:
            x = augmenter(x)
        return x


class ChannelsFirst(Block):
    """Turn (H, W, C) into (C, H, W)."""

    def forward(self, x: Any) -> Any:
        """Transform a picture."""
        return x.transpose((2, 0, 1))


def create_image_augment(
    data_shape: Sequence[int], resize: int = 0, rand_crop: bool = False, rand_resize: bool = False,
    rand_mirror: bool = False, mean: Any = None, std: Any = None, brightness: float = 0,
    contrast: float = 0, saturation: float = 0, hue: float = 0, pca_noise: float = 0,
    rand_gray: float = 0, inter_method: int = 2, dtype: str = "float32",
) -> Compose:  # fmt: skip
    """Make a transform from a picture (H, W, C) to what a network takes, (C, H, W).

    Parameters
    ----------
    data_shape : (channels, height, width)
    resize, rand_crop, rand_resize, rand_mirror, mean, std, brightness, contrast, saturation, hue
        As of `image.CreateAugmenter`: values stay on the scale to 255, unless `std` changes it.
    pca_noise, rand_gray, inter_method
        Likewise.
    dtype : str
        Of the result.
    """
    augmenters = CreateAugmenter(
        data_shape, resize, rand_crop, rand_resize, rand_mirror, mean, std, brightness, contrast,
        saturation, hue, pca_noise, rand_gray, inter_method,
    )  # fmt: skip
    return Compose([Augmented(augmenters), ChannelsFirst(), Cast(dtype)])


def samples_of(
    owner: str, path_imgrec: Any, path_imglist: Any, path_root: Any, imglist: Any, flag: int
) -> Dataset:
    """The pictures of a record file, of a list file, or of a list in memory."""
    if path_imgrec:
        return ImageRecordDataset(path_imgrec, flag)
    if path_imglist or imglist is not None:
        return ImageListDataset(path_root, path_imglist or imglist, flag)
    raise ArgumentError(
        explain(
            f"{owner}: no source of pictures was given.", "path_imgrec, path_imglist or imglist."
        )
    )


class LoaderOfPictures:
    """What loaders of pictures share: they iterate over a `DataLoader`."""

    _loader: DataLoader

    def __iter__(self) -> Iterator[Any]:
        return iter(self._loader)

    def __len__(self) -> int:
        """Return the number of batches of one epoch."""
        return len(self._loader)


class ImageDataLoader(LoaderOfPictures):
    """Load pictures and labels batch by batch.

    Parameters
    ----------
    batch_size : int
    data_shape : (channels, height, width)
    path_imgrec, path_imglist, imglist, path_root
        Where pictures come from; see `image.ImageIter`.
    part_index, num_parts : int
        Read only part number `part_index` of `num_parts` equal stretches.
    aug_list : list of callable, or callable, optional
        Transforms from (H, W, C); otherwise ``create_image_augment(data_shape, **kwargs)``.
    dtype : str
        Of the data.
    shuffle, sampler, last_batch, batch_sampler, batchify_fn, num_workers, pin_memory
        As of `gluon.data.DataLoader`.
    pin_device_id, prefetch, thread_pool, timeout, try_nopython
        Likewise.
    **kwargs
        For `create_image_augment`.
    """

    def __init__(
        self, batch_size: int, data_shape: Sequence[int], path_imgrec: Any = None,
        path_imglist: Any = None, path_root: Any = ".", part_index: int = 0, num_parts: int = 1,
        aug_list: Any = None, imglist: Any = None, dtype: str = "float32", shuffle: bool = False,
        sampler: Any = None, last_batch: str | None = None, batch_sampler: Any = None,
        batchify_fn: Any = None, num_workers: int = 0, pin_memory: bool = False,
        pin_device_id: int = 0, prefetch: int | None = None, thread_pool: bool = False,
        timeout: float = 120, try_nopython: bool | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        flag = int(data_shape[0] == 3)
        samples = samples_of(
            "ImageDataLoader", path_imgrec, path_imglist, path_root, imglist, flag
        ).shard(num_parts, part_index)
        if aug_list is None:
            aug_list = create_image_augment(data_shape, dtype=dtype, **kwargs)
        elif isinstance(aug_list, (list, tuple)):
            aug_list = Compose(aug_list)
        self._loader = DataLoader(
            samples.transform_first(aug_list), batch_size, shuffle, sampler, last_batch,
            batch_sampler, batchify_fn, num_workers, pin_memory, pin_device_id, prefetch,
            thread_pool, timeout, try_nopython=try_nopython,
        )  # fmt: skip
