"""Loaders that read, augment and batch pictures in one object, as in MXNet 2.0."""

from dlstudio.gluon.contrib.data.vision.boxes import ImageBboxDataLoader, create_bbox_augment
from dlstudio.gluon.contrib.data.vision.pictures import ImageDataLoader, create_image_augment

__all__ = [
    "ImageBboxDataLoader",
    "ImageDataLoader",
    "create_bbox_augment",
    "create_image_augment",
]
