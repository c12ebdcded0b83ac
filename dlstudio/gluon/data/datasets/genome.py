"""DNA."""

from __future__ import annotations

import functools
import gzip
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.gluon.data.dataset import ArrayDataset, Dataset
from dlstudio.gluon.data.datasets.files import Package, reading, transformed

__all__ = ["LOGOMAKER", "NUCLEOTIDES", "replication_origins", "splice_sites"]

LOGOMAKER = Package("logomaker", "--no-deps logomaker")
NUCLEOTIDES = "ACGU"
_EVERY = 4  # one sequence in four is for testing

Array = Any


def splice_sites(
    train: bool = True, transform: Callable[..., Any] | None = None, least: int = 1
) -> Dataset:
    """Where introns begin in the human genome: all 32,768 sequences NNNGYNNNN, used or not.

    A 5' splice site is the end of an exon (three letters here) and the beginning of an intron
    (six letters, which begin with GU or, rarely, GC). Of all sequences of that form, 10,227 stand
    at a splice site somewhere in the genome; the others are the negatives, so none is invented.

    Parameters
    ----------
    train : bool, default True
        Three quarters of the sequences; False for the last quarter. The split is fixed.
    transform : callable, optional
        Takes (sequence, label) of a sample and returns what to hand out instead.
    least : int >= 1
        How often a sequence must stand at a splice site to be a positive.

    Returns
    -------
    Dataset
        Of pairs (sequence, label): NumPy array of shape (9,), dtype int32, positions in "ACGU"
        (U is T in DNA); label of dtype int32, 1 for a splice site.

    Raises
    ------
    MissingExtraError
        If logomaker is not installed.

    References
    ----------
    Frankish et al., "GENCODE reference annotation for the human and mouse genomes", Nucleic Acids
    Research, 2019 (open data). Counted in hg38 by the authors of logomaker (Tareen and Kinney,
    "Logomaker: Beautiful sequence logos in Python", Bioinformatics, 2020; MIT), whose file is read
    and which is not imported.
    """
    sequences, counts = _load()
    order = np.random.RandomState(0).permutation(len(counts))
    chosen = order[np.arange(len(order)) % _EVERY != 0] if train else order[::_EVERY]
    labels = (counts[chosen] >= least).astype(np.int32)
    return transformed(ArrayDataset(sequences[chosen], labels), transform)


@functools.cache
def _load() -> tuple[Array, Array]:
    """Return all sequences (32768, 9) int32 and how often each is a splice site (32768,)."""
    parts = ("examples", "datafiles", "ss_sequences.txt")
    path = LOGOMAKER.file(*parts, needed_by="splice_sites")
    with reading(path, "lines of a sequence of 9 letters and a count", LOGOMAKER):
        found = _read_counts(path)
    texts = ["".join(letters) for letters in itertools.product(*_FORM)]
    sequences = np.array([[NUCLEOTIDES.index(c) for c in text] for text in texts], np.int32)
    return sequences, np.array([found.get(text, 0) for text in texts])


_FORM = (*[NUCLEOTIDES] * 3, "G", "CU", *[NUCLEOTIDES] * 4)


def _read_counts(path: Path) -> dict[str, int]:
    lines = path.read_text(encoding="utf-8").splitlines()
    fields = (line.split() for line in lines if line and not line.startswith("#"))
    next(fields)  # the names of the columns
    return {sequence: int(count) for sequence, count in fields}


def replication_origins(
    train: bool = True, transform: Callable[..., Any] | None = None, samples: int | None = None
) -> Dataset:
    """Which mutants of a piece of yeast DNA still start its replication: 603,569 of 150 letters.

    Every sequence is the origin ARS1 with some letters changed. Yeast that carries it grows only if
    the origin works, so how much more frequent it is after growing tells how well it works.

    Parameters
    ----------
    train : bool, default True
        Three quarters of the sequences; False for the last quarter. The split is fixed.
    transform : callable, optional
        Takes (sequence, before, after) of a sample and returns what to hand out instead.
    samples : int >= 1, optional
        Read only so many sequences of the file; reading all takes some seconds the first time.

    Returns
    -------
    Dataset
        Of triples (sequence, before, after): NumPy array of shape (150,), dtype uint8, positions in
        "ACGT"; float32 numbers of copies before and after growing.

    Raises
    ------
    MissingExtraError
        If logomaker is not installed.

    References
    ----------
    J. B. Kinney's data for an assay like that of Liachko et al., "High-resolution mapping,
    characterization, and optimization of autonomously replicating sequences in yeast", Genome
    Research, 2013. Read from the data file of logomaker (MIT), which is not imported.
    """
    parts = ("examples", "datafiles", "ars_sequences.txt.gz")
    path = LOGOMAKER.file(*parts, needed_by="replication_origins")
    with reading(path, "lines of two counts and a sequence of 150 letters", LOGOMAKER):
        sequences, counts = _read_mutants(path, samples)
    order = np.random.RandomState(0).permutation(len(counts))
    chosen = order[np.arange(len(order)) % _EVERY != 0] if train else order[::_EVERY]
    dataset = ArrayDataset(sequences[chosen], *counts[chosen].T)
    return transformed(dataset, transform)


@functools.lru_cache(1)
def _read_mutants(path: Path, samples: int | None) -> tuple[Array, Array]:
    """Return sequences (N, 150) uint8 and counts (N, 2) float32."""
    with gzip.open(path, "rt", encoding="utf-8") as text:
        lines = (line.split() for line in text if not line.startswith("#"))
        next(lines)  # the names of the columns
        rows = list(itertools.islice(lines, samples))
    letters = np.frombuffer("".join(row[2] for row in rows).encode(), np.uint8)
    numbers = np.zeros(256, np.uint8)
    numbers[list(b"ACGT")] = range(4)
    counts = np.array([row[:2] for row in rows], np.float32)
    return numbers[letters].reshape(len(rows), 150), counts
