"""Lists of augmenters made from a few numbers, in the order that suits most trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.image import augment, boxes, color
from dlstudio.image.augment import Augmenter
from dlstudio.image.boxes import DetAugmenter, DetBorrowAug, DetRandomSelectAug

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "CreateAugmenter",
    "CreateDetAugmenter",
    "CreateMultiRandCropAugmenter",
]

# of the pictures of ImageNet: mean and spread of R, G, B, and the principal axes of their colours
IMAGENET_MEAN, IMAGENET_STD = (123.68, 116.28, 103.53), (58.395, 57.12, 57.375)
_EIGVAL = np.array([55.46, 4.794, 1.148])
_EIGVEC = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
)


def CreateAugmenter(  # noqa: N802  MXNet's name
    data_shape: Sequence[int],
    resize: int = 0,
    rand_crop: bool = False,
    rand_resize: bool = False,
    rand_mirror: bool = False,
    mean: Any = None,
    std: Any = None,
    brightness: float = 0,
    contrast: float = 0,
    saturation: float = 0,
    hue: float = 0,
    pca_noise: float = 0,
    rand_gray: float = 0,
    inter_method: int = 2,
) -> list[Augmenter]:
    """Make a list of augmenters for classification.

    Parameters
    ----------
    data_shape : (channels, height, width)
        Of the result.
    resize : int
        Length of the shorter edge before the crop; 0 leaves it.
    rand_crop : bool
        Crop at a random place, else in the middle.
    rand_resize : bool
        Crop parts of random area and proportions; needs `rand_crop`.
    rand_mirror : bool
        Mirror half of the pictures.
    mean, std : array of 3 numbers, or True for those of ImageNet
    brightness, contrast, saturation, hue : float
        Strength of the random changes.
    pca_noise : float
        See `LightingAug`.
    rand_gray : float
        How often colours are taken away.
    inter_method : int
        See `ResizeAug`.

    Returns
    -------
    list of Augmenter
    """
    size = _size(data_shape, "CreateAugmenter")
    made: list[Augmenter] = [augment.ResizeAug(resize, inter_method)] if resize > 0 else []
    if rand_resize:
        if not rand_crop:
            raise ParamError(
                explain(
                    "CreateAugmenter: rand_resize=True without rand_crop.",
                    "both, since a part of random size lies at a random place.",
                    "CreateAugmenter(…, rand_crop=True, rand_resize=True)",
                )
            )
        made.append(augment.RandomSizedCropAug(size, 0.08, (3 / 4, 4 / 3), inter_method))
    else:
        kind = augment.RandomCropAug if rand_crop else augment.CenterCropAug
        made.append(kind(size, inter_method))
    if rand_mirror:
        made.append(augment.HorizontalFlipAug(0.5))
    made.append(augment.CastAug())
    changes = _colours(brightness, contrast, saturation, hue, pca_noise, rand_gray)
    return [*made, *changes, *_normalized(mean, std)]


def _size(data_shape: Sequence[int], owner: str) -> tuple[int, int]:
    shape = tuple(data_shape)
    if len(shape) != 3 or min(shape) < 1:
        raise ShapeError(
            explain(f"{owner}: got data_shape={data_shape!r}.", "(channels, height, width).")
        )
    return shape[2], shape[1]


def _colours(
    brightness: float, contrast: float, saturation: float, hue: float, pca_noise: float,
    rand_gray: float,
) -> list[Augmenter]:  # fmt: skip
    made: list[Augmenter] = []
    if brightness or contrast or saturation:
        made.append(color.ColorJitterAug(brightness, contrast, saturation))
    if hue:
        made.append(color.HueJitterAug(hue))
    if pca_noise > 0:
        made.append(color.LightingAug(pca_noise, _EIGVAL, _EIGVEC))
    if rand_gray > 0:
        made.append(color.RandomGrayAug(rand_gray))
    return made


def _normalized(mean: Any, std: Any) -> list[Augmenter]:
    mean, std = _of_imagenet("mean", mean, IMAGENET_MEAN), _of_imagenet("std", std, IMAGENET_STD)
    return [] if mean is None and std is None else [color.ColorNormalizeAug(mean, std)]


def _of_imagenet(name: str, value: Any, known: Any) -> Any:
    if value is None or value is False:
        return None
    values = np.asarray(known if value is True else _numbers(value), np.float32)
    if values.shape not in ((1,), (3,)):
        raise ShapeError(
            explain(f"CreateAugmenter: got {name}={value!r}.", "one number per channel, or True.")
        )
    return values


def _numbers(value: Any) -> Any:
    values = value.asnumpy() if hasattr(value, "asnumpy") else value
    return np.atleast_1d(np.asarray(values, np.float32))


# ---- detection -------------------------------------------------------------------------------
def CreateMultiRandCropAugmenter(  # noqa: N802  MXNet's name
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = (0.75, 1.33),
    area_range: Any = (0.05, 1.0),
    min_eject_coverage: Any = 0.3,
    max_attempts: Any = 50,
    skip_prob: float = 0,
) -> DetRandomSelectAug:
    """Make an augmenter that crops in one of several ways, chosen at random.

    Parameters
    ----------
    min_object_covered, aspect_ratio_range, area_range, min_eject_coverage, max_attempts
        As of `DetRandomCropAug`, or lists with one for each way; single ones serve all ways.
    skip_prob : float
        How often a picture is not cropped.
    """
    given = {
        "min_object_covered": min_object_covered,
        "aspect_ratio_range": aspect_ratio_range,
        "area_range": area_range,
        "min_eject_coverage": min_eject_coverage,
        "max_attempts": max_attempts,
    }
    lists = {name: v if isinstance(v, list) else [v] for name, v in given.items()}
    ways = max(len(values) for values in lists.values())
    for name, values in lists.items():
        if len(values) not in (1, ways):
            raise ParamError(
                explain(
                    f"CreateMultiRandCropAugmenter: {name} has {len(values)} entries.",
                    f"one, or {ways} as the longest list has.",
                )
            )
    crops = [
        boxes.DetRandomCropAug(**{name: values[i % len(values)] for name, values in lists.items()})
        for i in range(ways)
    ]
    return DetRandomSelectAug(crops, skip_prob)


def CreateDetAugmenter(  # noqa: N802  MXNet's name
    data_shape: Sequence[int],
    resize: int = 0,
    rand_crop: float = 0,
    rand_pad: float = 0,
    rand_gray: float = 0,
    rand_mirror: bool = False,
    mean: Any = None,
    std: Any = None,
    brightness: float = 0,
    contrast: float = 0,
    saturation: float = 0,
    pca_noise: float = 0,
    hue: float = 0,
    inter_method: int = 2,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = (0.75, 1.33),
    area_range: Any = (0.05, 3.0),
    min_eject_coverage: Any = 0.3,
    max_attempts: int = 50,
    pad_val: Any = (127, 127, 127),
) -> list[DetAugmenter]:
    """Make a list of augmenters for object detection.

    Parameters
    ----------
    data_shape : (channels, height, width)
        Of the result; the last step forces this size.
    resize : int
        Length of the shorter edge before all else; 0 leaves it.
    rand_crop, rand_pad : float in [0, 1]
        How often a picture is cropped, or padded.
    rand_gray, rand_mirror, mean, std, brightness, contrast, saturation, pca_noise, hue
        As of `CreateAugmenter`.
    inter_method : int
        As of `CreateAugmenter`.
    min_object_covered, aspect_ratio_range, area_range, min_eject_coverage, max_attempts
        As of `CreateMultiRandCropAugmenter`; padding takes the upper end of `area_range`.
    pad_val : number, or one for each channel

    Returns
    -------
    list of DetAugmenter
    """
    size = _size(data_shape, "CreateDetAugmenter")
    made: list[DetAugmenter] = []
    if resize > 0:
        made.append(DetBorrowAug(augment.ResizeAug(resize, inter_method)))
    if rand_crop > 0:
        made.append(
            CreateMultiRandCropAugmenter(
                min_object_covered, aspect_ratio_range, area_range, min_eject_coverage,
                max_attempts, skip_prob=1 - rand_crop,
            )
        )  # fmt: skip
    if rand_mirror:
        made.append(boxes.DetHorizontalFlipAug(0.5))
    if rand_pad > 0:
        pad = boxes.DetRandomPadAug(
            _first(aspect_ratio_range), (1.0, _first(area_range)[1]), max_attempts, pad_val
        )
        made.append(DetRandomSelectAug([pad], 1 - rand_pad))
    borrowed: list[Augmenter] = [augment.ForceResizeAug(size, inter_method), augment.CastAug()]
    borrowed += _colours(brightness, contrast, saturation, hue, pca_noise, rand_gray)
    return [*made, *(DetBorrowAug(each) for each in [*borrowed, *_normalized(mean, std)])]


def _first(ranges: Any) -> tuple[float, float]:
    return tuple(ranges[0]) if isinstance(ranges, list) and np.ndim(ranges[0]) else tuple(ranges)
