"""Image data sets and transforms."""

from dlstudio.gluon.data.vision import transforms
from dlstudio.gluon.data.vision.cifar import CIFAR10, CIFAR100
from dlstudio.gluon.data.vision.datasets import MNIST, FashionMNIST, ImageFolderDataset
from dlstudio.gluon.data.vision.records import ImageListDataset, ImageRecordDataset

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "MNIST",
    "FashionMNIST",
    "ImageFolderDataset",
    "ImageListDataset",
    "ImageRecordDataset",
    "transforms",
]
