"""The text files in which vectors of tokens are published."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import FileFormatError, MissingFileError, explain

__all__ = ["read_vectors"]

_logger = logging.getLogger(__name__)
Array = Any


def read_vectors(path: Path, delimiter: str, encoding: str) -> Iterator[tuple[str, Array]]:
    """Yield the token and the vector of each line.

    Parameters
    ----------
    path : Path
    delimiter : str
        What stands between the token and the numbers.
    encoding : str

    Yields
    ------
    tuple of str and numpy.ndarray
        Vectors float32, all of one length.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If it holds something else.
    """
    if not path.is_file():
        raise MissingFileError(explain(f"there is no file {path}."))
    length = 0
    with path.open(encoding=encoding) as lines:
        try:
            for number, line in enumerate(lines, 1):
                token, *elements = line.rstrip().split(delimiter)
                if len(elements) > 1:
                    length = length or len(elements)
                    inside = _words(elements[:-length])
                    yield delimiter.join([token, *inside]), _vector(elements[len(inside) :], length)
                elif token:  # fastText's files begin with how many there are, of which length
                    _logger.info("%s, line %d: taken for a header and skipped", path, number)
        except ValueError as error:  # not a number, or not in the encoding
            raise FileFormatError(
                explain(
                    f"{path} cannot be read: {error}",
                    f"lines of a token and numbers, as many on each, in {encoding}.",
                )
            ) from error


def _words(extra: list[str]) -> list[str]:
    """Return what belongs to the token: a few of GloVe's contain the delimiter, as ". . ."."""
    try:
        np.array(extra, np.float32)
    except ValueError:
        return extra
    return []


def _vector(elements: list[str], length: int) -> Array:
    if len(elements) != length:
        raise ValueError(f"a line has {len(elements)} numbers, those before it {length}")
    return np.array(elements, np.float32)
