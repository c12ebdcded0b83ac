"""Proteins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlstudio.gluon.data.dataset import ArrayDataset, Dataset
from dlstudio.gluon.data.datasets.files import reading, transformed
from dlstudio.gluon.data.datasets.genome import LOGOMAKER

__all__ = ["AMINO_ACIDS", "ww_domains"]

AMINO_ACIDS = "-ACDEFGHIKLMNPQRSTVWY"  # the first one is a gap of the alignment
_EVERY = 5  # one sequence in five is for testing


def ww_domains(train: bool = True, transform: Callable[..., Any] | None = None) -> Dataset:
    """3,390 different proteins of one family, aligned: for models that generate sequences.

    Four in five are for training; the split is fixed, and no sequence is in both parts.

    Parameters
    ----------
    train : bool, default True
        The training samples; False for the test samples.
    transform : callable, optional
        Takes a sequence and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of NumPy arrays of shape (44,), dtype int32: positions in `AMINO_ACIDS`, 0 for a gap (or,
        once, an unknown acid).

    Raises
    ------
    MissingExtraError
        If logomaker is not installed.

    References
    ----------
    Finn et al., "Pfam: the protein families database", Nucleic Acids Research, 2014 (CC0): the WW
    domain, PF00397. Read from the data file of logomaker (Tareen and Kinney, 2020; MIT), which is
    not imported.
    """
    path = LOGOMAKER.file("examples", "datafiles", "ww_sequences.fa", needed_by="ww_domains")
    with reading(path, "aligned sequences of 44 letters after lines with >", LOGOMAKER):
        lines = path.read_text(encoding="utf-8").splitlines()
        texts = dict.fromkeys(line.upper() for line in lines if line and line[0] not in "#>")
        sequences = np.array([_numbers(text) for text in texts], np.int32)
    place = np.arange(len(sequences)) % _EVERY
    chosen = place != _EVERY - 1 if train else place == _EVERY - 1
    return transformed(ArrayDataset(sequences[chosen]), transform)


def _numbers(text: str) -> list[int]:
    return [max(AMINO_ACIDS.find(letter), 0) for letter in text]  # gaps are written . and -
