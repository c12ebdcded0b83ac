"""Cells and what their genes do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.gluon.data.datasets.files import Package, reading
from dlstudio.gluon.data.datasets.tables import TableDataset
from dlstudio.interop.weights import library

__all__ = ["pbmc68k_reduced"]

SCANPY = Package("scanpy", "--no-deps scanpy")

Array = Any


def pbmc68k_reduced() -> TableDataset:
    """700 white blood cells: how active 765 genes are in each, and what kind of cell it is.

    Returns
    -------
    TableDataset
        Features of shape (700, 765), float32: logarithms of counts, each gene scaled to mean 0 and
        variance 1 over the cells, cut at 10. Labels of 10 kinds of cells, 8 … 240 of each.
        Nothing is split: see `gluon.data.train_test_split` and `gluon.data.k_fold`.

    Raises
    ------
    MissingExtraError
        If scanpy, or h5py which opens its file, is not installed.

    References
    ----------
    Zheng et al., "Massively parallel digital transcriptional profiling of single cells", Nature
    Communications, 2017 (data of 10x Genomics, CC BY 4.0), reduced by the authors of scanpy (Wolf,
    Angerer and Theis, Genome Biology, 2018; BSD-3-Clause), whose file is read and which is not
    imported.
    """
    path = SCANPY.file("datasets", "10x_pbmc68k_reduced.h5ad", needed_by="pbmc68k_reduced")
    return _read(path, library("h5py", "h5py"))


def _read(path: Path, h5py: Any) -> TableDataset:
    with reading(path, "an HDF5 file with X, obs and var", SCANPY), h5py.File(path, "r") as file:
        features = np.asarray(file["X"], np.float32)
        codes, kinds = _kinds(file)
        return TableDataset(features, codes.astype(np.int32), _texts(file["var"]["index"]), kinds)


def _kinds(file: Any) -> tuple[Array, list[str]]:
    """Return the kind of each cell and the names of the kinds.

    Until version 1.11, which is the last for Python 3.11, scanpy's file is of anndata's older form:
    `obs` is one table, and the names stand elsewhere.
    """
    kinds = file["obs"]["bulk_labels"]
    if isinstance(kinds, np.ndarray):
        return kinds, _texts(file["uns"]["bulk_labels_categories"])
    return np.asarray(kinds["codes"]), _texts(kinds["categories"])


def _texts(names: Any) -> list[str]:
    return [name.decode() for name in np.asarray(names)]
