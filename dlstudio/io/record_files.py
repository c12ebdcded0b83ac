"""Record files read in any order, also without an index file beside them."""

from __future__ import annotations

import struct
import threading
from pathlib import Path
from typing import Any

from dlstudio.errors import FileFormatError, IndexRangeError, explain
from dlstudio.recordio import MXIndexedRecordIO, MXRecordIO

__all__ = ["PlacedRecords"]

_HEAD = struct.Struct("<II")
_MARK, _LENGTH = 0xCED7230A, (1 << 29) - 1
_WHOLE, _FIRST = 0, 1


class PlacedRecords(MXRecordIO):
    """A record file whose records are numbered.

    Parameters
    ----------
    uri : path
    idx_path : path, optional
        Its index; without one the file is looked through for where its records begin.

    Attributes
    ----------
    keys : list of int
        Of the index, or 0, 1, 2, ….

    Raises
    ------
    MissingFileError, FileFormatError
        If a file is not there, or damaged.
    """

    def __init__(self, uri: Any, idx_path: Any = None) -> None:
        super().__init__(uri, "r")
        self._lock = threading.Lock()
        self.keys: list[Any]
        if idx_path:
            index = _index(idx_path, uri)
            self.keys, self._places = index.keys, [index.idx[key] for key in index.keys]
        else:
            self._places = self._looked_through()
            self.keys = list(range(len(self._places)))
        if not self._places:
            raise FileFormatError(explain(f"{uri} holds no records.", "at least one."))

    def __getstate__(self) -> dict[str, Any]:
        """State for other processes, which have a lock of their own."""
        return {**super().__getstate__(), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the file here."""
        super().__setstate__({**state, "_lock": threading.Lock()})

    def __len__(self) -> int:
        return len(self._places)

    def read_at(self, number: int) -> bytes:
        """Return record `number`, counted from 0.

        Raises
        ------
        IndexRangeError, FileFormatError
            If there is no such record, or the file is damaged there.
        """
        if not 0 <= number < len(self._places):
            raise IndexRangeError(f"{self.uri} has {len(self._places)} records, no {number}.")
        with self._lock:  # threads of a loader share the file's position
            self._ready(writing=False).seek(self._places[number])
            content = self.read()
        if content is None:
            raise FileFormatError(f"{self.uri} ends before record {number}, where its index leads.")
        return content

    def _looked_through(self) -> list[int]:
        file, size = self._file, Path(self.uri).stat().st_size
        places, place = [], 0
        while place < size:
            file.seek(place)
            head = file.read(_HEAD.size)
            mark, word = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
            length = word & _LENGTH
            end = place + _HEAD.size + length + -length % 4
            if mark != _MARK or end > size:
                raise self._damaged(f"no whole record begins at byte {place}")
            if word >> 29 in (_WHOLE, _FIRST):
                places.append(place)
            place = end
        file.seek(0)
        return places


def _index(idx_path: Any, uri: Any) -> MXIndexedRecordIO:
    from dlstudio.interop.files import read_file

    read_file(idx_path)  # MXIndexedRecordIO takes a missing index for an empty one
    index = MXIndexedRecordIO(idx_path, uri, "r")
    index.close()
    return index
