"""Loaders that read, augment and batch pictures in one object, as in MXNet 2.0.

`transforms` has transforms of pictures with the boxes in them.
"""

from dlstudio.gluon.contrib.data.vision.boxes import ImageBboxDataLoader, create_bbox_augment
from dlstudio.gluon.contrib.data.vision.pictures import ImageDataLoader, create_image_augment
from dlstudio.gluon.contrib.data.vision.transforms import (
    ImageBboxCrop,
    ImageBboxRandomCropWithConstraints,
    ImageBboxRandomExpand,
    ImageBboxRandomFlipLeftRight,
    ImageBboxResize,
)

__all__ = [
    "ImageBboxCrop",
    "ImageBboxDataLoader",
    "ImageBboxRandomCropWithConstraints",
    "ImageBboxRandomExpand",
    "ImageBboxRandomFlipLeftRight",
    "ImageBboxResize",
    "ImageDataLoader",
    "create_bbox_augment",
    "create_image_augment",
]
