"""Image data sets and transforms."""

from dlstudio.gluon.data.vision import transforms
from dlstudio.gluon.data.vision.datasets import MNIST, FashionMNIST, ImageFolderDataset

__all__ = ["MNIST", "FashionMNIST", "ImageFolderDataset", "transforms"]
