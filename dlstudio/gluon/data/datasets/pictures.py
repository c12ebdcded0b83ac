"""Photographs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.dataset import ArrayDataset, Dataset
from dlstudio.gluon.data.datasets.files import Package, reading, transformed

__all__ = ["faces"]

SCIKIT_IMAGE = Package("skimage", "--no-deps scikit-image")


def faces(train: bool = True, transform: Callable[..., Any] | None = None) -> Dataset:
    """100 faces and 100 other cuts from the same photographs, 25 x 25 pixels, grey.

    80 of each are for training and 20 for testing; the split is fixed. Classes take turns.

    Parameters
    ----------
    train : bool, default True
        The 160 training samples; False for the 40 test samples.
    transform : callable, optional
        Takes (image, label) of a sample and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of pairs (image, label): NDArray of shape (25, 25, 1), dtype float32, from 0 to 1; label of
        dtype int32, 1 for a face.

    Raises
    ------
    MissingExtraError
        If scikit-image is not installed.

    References
    ----------
    Huang, Mattar, Lee and Learned-Miller, "Learning to Align from Scratch", NIPS 2012 (Labeled
    Faces in the Wild, published for research). Read from ``lfw_subset.npy`` of scikit-image
    (BSD-3-Clause), which is not imported.
    """
    path = SCIKIT_IMAGE.file("data", "lfw_subset.npy", needed_by="faces")
    with reading(path, "200 images of 25 x 25 pixels, first the faces", SCIKIT_IMAGE):
        images = np.load(path, allow_pickle=False).reshape(2, 100, 25, 25, 1)
    chosen = images[:, :80] if train else images[:, 80:]
    turns = np.ascontiguousarray(chosen.swapaxes(0, 1), np.float32).reshape(-1, 25, 25, 1)
    labels = np.tile(np.array([1, 0], np.int32), chosen.shape[1])
    return transformed(ArrayDataset(to_tensors(turns), labels), transform)
