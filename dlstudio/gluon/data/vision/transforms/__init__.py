"""Image transforms: blocks that turn one image into another.

They take images as `ImageFolderDataset` and `MNIST` give them: (height, width, channels), uint8,
NDArray or NumPy. `ToTensor` makes of these what networks take; `Normalize` and the rotations come
after it.
"""

import sys

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.gluon.data.vision.transforms.base import (
    ArrayTransform,
    Compose,
    HybridCompose,
    HybridRandomApply,
    RandomApply,
)
from dlstudio.gluon.data.vision.transforms.color import (
    RandomBrightness,
    RandomColorJitter,
    RandomContrast,
    RandomGray,
    RandomHue,
    RandomLighting,
    RandomSaturation,
)
from dlstudio.gluon.data.vision.transforms.geometry import (
    CenterCrop,
    CropResize,
    RandomCrop,
    RandomFlipLeftRight,
    RandomFlipTopBottom,
    RandomResizedCrop,
    Resize,
)
from dlstudio.gluon.data.vision.transforms.rotation import RandomRotation, Rotate
from dlstudio.gluon.data.vision.transforms.values import Cast, Normalize, ToTensor

__all__ = [
    "ArrayTransform",
    "Cast",
    "CenterCrop",
    "Compose",
    "CropResize",
    "HybridCompose",
    "HybridRandomApply",
    "Normalize",
    "RandomApply",
    "RandomBrightness",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomFlipLeftRight",
    "RandomFlipTopBottom",
    "RandomGray",
    "RandomHue",
    "RandomLighting",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSaturation",
    "Resize",
    "Rotate",
    "ToTensor",
]

# MXNet's module inside this one
image = sys.modules[__name__]

__getattr__ = held_elsewhere(
    __name__, dict.fromkeys(("HybridSequential", "Sequential"), "gluon.nn")
)  # what transforms are made of
