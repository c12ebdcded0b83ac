"""Loaders that read, augment and batch pictures in one object, as in MXNet 2.0.

`transforms` has transforms of pictures with the boxes in them.
"""

import sys

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.gluon.contrib.data.vision import transforms, utils
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
    "transforms",
    "utils",
]

# MXNet's modules inside this one and inside transforms
dataloader = sys.modules[__name__]
bbox = transforms

__getattr__ = held_elsewhere(
    __name__,
    {**dict.fromkeys(("HybridSequential", "Sequential"), "gluon.nn"), "DataLoader": "gluon.data"},
)
