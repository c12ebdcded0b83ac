"""Image transforms: blocks that turn one image into another.

They take images as `ImageFolderDataset` and `MNIST` give them: (height, width, channels), uint8,
NDArray or NumPy. `ToTensor` makes of these what networks take; only `Normalize` comes after it.
"""

from dlstudio.gluon.data.vision.transforms.base import ArrayTransform, Compose, RandomApply
from dlstudio.gluon.data.vision.transforms.color import (
    RandomBrightness,
    RandomColorJitter,
    RandomContrast,
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
from dlstudio.gluon.data.vision.transforms.values import Cast, Normalize, ToTensor

__all__ = [
    "ArrayTransform",
    "Cast",
    "CenterCrop",
    "Compose",
    "CropResize",
    "Normalize",
    "RandomApply",
    "RandomBrightness",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomFlipLeftRight",
    "RandomFlipTopBottom",
    "RandomHue",
    "RandomLighting",
    "RandomResizedCrop",
    "RandomSaturation",
    "Resize",
    "ToTensor",
]
