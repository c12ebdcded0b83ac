"""Photographs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.data.batchify import to_tensors
from dlstudio.gluon.data.dataset import ArrayDataset, Dataset
from dlstudio.gluon.data.datasets.files import Package, reading, transformed
from dlstudio.gluon.data.datasets.tables import SCIKIT_LEARN
from dlstudio.gluon.data.vision.pixels import read_image

__all__ = ["PHOTOS", "faces", "photo"]

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


class _Photo(NamedTuple):
    """Where a photograph lies, and what its docstring and its licence are."""

    package: Package
    parts: tuple[str, ...]
    shows: str
    licence: str


def _photo(file: str, shows: str, licence: str) -> _Photo:
    return _Photo(SCIKIT_IMAGE, ("data", file), shows, licence)


_FLICKR = "CC BY 2.0, danielbuechele and vultilion on Flickr"
PHOTOS = {
    "astronaut": _photo("astronaut.png", "Eileen Collins", "public domain, NASA"),
    "camera": _photo("camera.png", "a man with a camera", "CC0, Lav Varshney"),
    "cat": _photo("chelsea.png", "the head of a cat", "CC0, Stéfan van der Walt"),
    "cell": _photo("cell.png", "a cell in a hologram", "CC0"),
    "china": _Photo(SCIKIT_LEARN, ("datasets", "images", "china.jpg"), "a temple", _FLICKR),
    "coffee": _photo("coffee.png", "a cup of coffee", "CC0, Rachel Michetti"),
    "flower": _Photo(SCIKIT_LEARN, ("datasets", "images", "flower.jpg"), "a dahlia", _FLICKR),
    "galaxies": _photo("hubble_deep_field.jpg", "hundreds of galaxies", "public domain, NASA"),
    "retina": _photo("retina.jpg", "the inside of an eye", "CC0, Häggström"),
    "rocket": _photo("rocket.jpg", "a launch at night", "public domain, SpaceX"),
    "tissue": _photo("ihc.png", "coloured tissue of a gut", "no known restrictions, CMMI"),
}


def photo(name: str) -> Any:
    """Return a photograph in full resolution: for augmentation, filters and style transfer.

    Parameters
    ----------
    name : str
        A key of `PHOTOS`, which tells what each shows, where it comes from and its licence:
        "astronaut", "camera", "cat", "cell", "china", "coffee", "flower", "galaxies", "retina",
        "rocket" or "tissue".

    Returns
    -------
    NDArray, shape (H, W, 3), dtype uint8

    Raises
    ------
    MissingExtraError
        If the package that carries it, or Pillow, is not installed.
    ParamError
        If there is no such photograph.

    Examples
    --------
    >>> photo("flower").shape
    (427, 640, 3)
    >>> PHOTOS["cat"].licence
    'CC0, Stéfan van der Walt'

    References
    ----------
    Files of scikit-image (BSD-3-Clause) and scikit-learn (BSD-3-Clause), which are not imported.
    """
    if name not in PHOTOS:
        raise ParamError(explain(f"photo: got name={name!r}.", f"one of {', '.join(PHOTOS)}."))
    found = PHOTOS[name]
    return to_tensors(read_image(found.package.file(*found.parts, needed_by="photo")))
