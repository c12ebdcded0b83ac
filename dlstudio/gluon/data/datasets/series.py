"""Time series with a class each."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import ParamError, explain
from dlstudio.gluon.data.dataset import ArrayDataset, Dataset
from dlstudio.gluon.data.datasets.files import Package, reading, transformed

__all__ = ["AEON", "TIME_SERIES", "japanese_vowels", "time_series"]

# with its dependencies, aeon would replace newer versions of NumPy and numba
AEON = Package("aeon", "--no-deps aeon")

TIME_SERIES = (
    "ACSF1",
    "ArrowHead",
    "BasicMotions",
    "GunPoint",
    "ItalyPowerDemand",
    "JapaneseVowels",
    "OSULeaf",
    "PickupGestureWiimoteZ",
)

Array = Any


def japanese_vowels(train: bool = True, transform: Callable[..., Any] | None = None) -> Dataset:
    """640 utterances of the vowels /ae/ by nine men; the task is to tell who speaks.

    Parameters
    ----------
    train : bool, default True
        The 270 training samples, 30 of each speaker; False for the 370 test samples, 24 to 88 of
        each. The split is that of the publication.
    transform : callable, optional
        Takes (series, label) of a sample and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of pairs (series, label): NumPy array of shape (T, 12), dtype float32, 12 coefficients of
        linear prediction (LPC cepstrum) at each of T = 7 … 29 moments; label of dtype int32, 0 … 8.

    Raises
    ------
    MissingExtraError
        If aeon is not installed.

    Examples
    --------
    Utterances differ in length; batches of them are padded:

    >>> from dlstudio.gluon.data import DataLoader, batchify
    >>> padded = batchify.Group(batchify.Pad(), batchify.Stack())
    >>> loader = DataLoader(japanese_vowels(), 30, batchify_fn=padded)  # doctest: +SKIP

    References
    ----------
    Kudo, Toyama and Shimbo, "Multidimensional Curve Classification Using Passing-Through Regions",
    Pattern Recognition Letters, 1999; UCI Machine Learning Repository (CC BY 4.0). Read from the
    data file of aeon (BSD-3-Clause), which is not imported.
    """
    return time_series("JapaneseVowels", train, transform)


def time_series(
    name: str, train: bool = True, transform: Callable[..., Any] | None = None
) -> Dataset:
    """Return one of the classification problems for time series that come with aeon.

    Parameters
    ----------
    name : str
        One of `TIME_SERIES`: power drawn by appliances ("ACSF1"), outlines of arrow heads
        ("ArrowHead") and leaves ("OSULeaf"), a smart watch in sports ("BasicMotions"), hands that
        point or draw ("GunPoint"), the power demand of summer or winter days ("ItalyPowerDemand"),
        vowels ("JapaneseVowels", see `japanese_vowels`) and gestures with a game controller
        ("PickupGestureWiimoteZ").
    train : bool, default True
        The training or the test samples, as the archive splits them.
    transform : callable, optional
        Takes (series, label) of a sample and returns what to hand out instead.

    Returns
    -------
    Dataset
        Of pairs (series, label): NumPy array of shape (T, C), dtype float32, C values at each of T
        moments; label of dtype int32, counted in the order of the file's list of classes.

    Raises
    ------
    MissingExtraError
        If aeon is not installed.
    ParamError
        If there is no such problem.

    References
    ----------
    Dau et al., "The UCR Time Series Archive", 2019, and Bagnall et al., "The UEA multivariate time
    series classification archive", 2018 (timeseriesclassification.com, for research; each file
    begins with its source). Read from the data files of aeon (BSD-3-Clause), which is not imported.
    """
    if name not in TIME_SERIES:
        raise ParamError(
            explain(f"time_series: got name={name!r}.", f"one of {', '.join(TIME_SERIES)}.")
        )
    file = f"{name}_{'TRAIN' if train else 'TEST'}.ts"
    asked = "japanese_vowels" if name == "JapaneseVowels" else "time_series"
    path = AEON.file("datasets", "data", name, file, needed_by=asked)
    with reading(path, "comments, a line @data, and one series per line", AEON):
        series, labels = _read(path)
    return transformed(ArrayDataset(list(series), labels), transform)


@functools.cache
def _read(path: Path) -> tuple[tuple[Array, ...], Array]:
    """Read a ``.ts`` file: channels are parted by colons, the class comes last."""
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    classes: list[str] = []
    for line in lines:
        words = line.split()
        if words and words[0].lower() == "@classlabel":
            classes = words[2:]
        if words and words[0].lower() == "@data":
            break
    rows = [line.strip().split(":") for line in lines if line.strip()]
    series = tuple(_series(channels) for *channels, _ in rows)
    return series, np.array([classes.index(row[-1]) for row in rows], np.int32)


def _series(channels: list[str]) -> Array:
    """Turn texts of numbers, one per channel, into an array (T, C)."""
    values = [np.array(channel.split(","), np.float32) for channel in channels]
    return np.stack(values, axis=1)
