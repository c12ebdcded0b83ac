"""List files (``.lst``) of pictures: lines ``key<tab>label<tab>…<tab>path``, made by im2rec."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlstudio.errors import FileFormatError, ParamError, explain
from dlstudio.interop.files import read_file

__all__ = ["ListEntry", "one_part", "read_list"]


class ListEntry(NamedTuple):
    """One picture of a list."""

    key: int
    label: np.ndarray[Any, Any]  # (number of labels,), float32
    path: str


def read_list(path: Any) -> list[ListEntry]:
    """Read a list file.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of ListEntry

    Raises
    ------
    MissingFileError, FileFormatError
        If there is no such file, or a line of it is no entry; the message names the line.
    """
    try:
        lines = read_file(path).decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise FileFormatError(f"{path}: this is not a text file with a list of pictures.") from None
    entries = [_entry(path, n, line) for n, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise FileFormatError(explain(f"{path}: the list is empty.", "one line per picture."))
    return entries


def _entry(path: Any, number: int, line: str) -> ListEntry:
    fields = line.strip("\r\n").split("\t")
    try:
        key, labels = int(float(fields[0])), [float(field) for field in fields[1:-1]]
    except ValueError:
        key, labels = 0, []
    if len(fields) < 3 or not labels:
        raise FileFormatError(
            explain(
                f"{path}, line {number}: {line[:80]!r} is no entry of a list of pictures.",
                "a number, the labels as numbers and the path, parted by tabs.",
            )
        )
    return ListEntry(key, np.array(labels, np.float32), fields[-1])


def one_part(count: int, num_parts: int, part_index: int, owner: str) -> slice:
    """Part number `part_index` of `num_parts` equal stretches of `count` samples.

    Raises
    ------
    ParamError
        If there is no such part.
    """
    if num_parts < 1 or not 0 <= part_index < num_parts:
        raise ParamError(
            explain(
                f"{owner}: got part_index={part_index}, num_parts={num_parts}.",
                "part_index from 0 to num_parts - 1.",
            )
        )
    return slice(count * part_index // num_parts, count * (part_index + 1) // num_parts)
