"""Record files (``.rec``, ``.idx``), byte for byte as MXNet reads and writes them.

A record is ``uint32 0xced7230a``, ``uint32`` with a part number in the upper 3 bits and the length
in the lower 29, the bytes, and zeros up to a multiple of 4; all little-endian. Where the bytes
themselves hold the mark at a multiple of 4, the record is cut there into parts (1 the first, 2 a
middle, 3 the last one; 0 is a whole record), and the mark is left out.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from dlstudio.errors import (
    ArgumentError,
    FileFormatError,
    MissingFileError,
    ParamError,
    UnknownKeyError,
    explain,
)
from dlstudio.labelled_records import IRHeader, as_bytes, pack, pack_img, unpack, unpack_img

__all__ = [
    "IRHeader", "MXIndexedRecordIO", "MXRecordIO", "pack", "pack_img", "unpack", "unpack_img",
]  # fmt: skip

_MARK = struct.pack("<I", 0xCED7230A)
_LONGEST = (1 << 29) - 1
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)


class MXRecordIO:
    """Reads or writes records one after the other.

    Parameters
    ----------
    uri : path
    flag : {"r", "w"}
        Writing begins a new file.

    Raises
    ------
    MissingFileError
        If there is no file to read, or no folder to write to.

    Examples
    --------
    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "a.rec")
    >>> with MXRecordIO(path, "w") as records:
    ...     records.write(b"one")
    >>> MXRecordIO(path, "r").read()
    b'one'
    """

    def __init__(self, uri: Any, flag: str) -> None:
        self.uri, self.flag = uri, flag
        self.pid: int | None = None
        self.is_open = False
        self._file: Any = None
        self.open()

    def open(self) -> None:
        """Open the file again, at its beginning; a file to write is emptied."""
        if self.flag not in ("r", "w"):
            raise ParamError(
                f"{type(self).__name__}: parameter flag must be 'r' or 'w'. Got {self.flag!r}."
            )
        self.writable = self.flag == "w"
        self._file = _opened(self.uri, "wb" if self.writable else "rb")
        self.pid, self.is_open = os.getpid(), True

    def close(self) -> None:
        """Close the file; what was written is on the disk then."""
        if self.is_open:
            self._file.close()
            self.is_open, self.pid = False, None

    def reset(self) -> None:
        """Begin again: read from the start, or write an empty file."""
        self.close()
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        """State for other processes: they open the file themselves."""
        state = dict(self.__dict__)
        state.update(_file=None, is_open=False, pid=None, reopen=self.is_open)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the file if it was open; a file that is being written cannot be shared."""
        reopen = state.pop("reopen", False)
        self.__dict__.update(state)
        if self.writable:
            raise ArgumentError(
                explain(
                    f"{self.uri} is being written and cannot be handed to another process.",
                    "a reader.",
                    'close it, and open it with flag "r"',
                )
            )
        if reopen:
            self.open()

    def _ready(self, *, writing: bool) -> Any:
        if self.writable != writing:
            verb = "written" if writing else "read"
            raise ArgumentError(
                f"{self.uri} was opened with flag {self.flag!r}: it cannot be {verb}."
            )
        if not self.is_open:
            raise ArgumentError(f"{self.uri} is closed. Fix: call open() or reset() first.")
        if self.pid != os.getpid():  # a forked child must not move its parent's file position
            self.reset()
        return self._file

    def write(self, buf: bytes) -> None:
        """Append one record."""
        file = self._ready(writing=True)
        content = as_bytes(buf)
        if len(content) > _LONGEST:
            raise ParamError(f"a record holds at most {_LONGEST} bytes. Got {len(content)}.")
        parts = _cut(content)
        for i, part in enumerate(parts):
            kind = _WHOLE if len(parts) == 1 else _FIRST if i == 0 else _MIDDLE
            if kind == _MIDDLE and i == len(parts) - 1:
                kind = _LAST
            file.write(_MARK + struct.pack("<I", kind << 29 | len(part)) + part)
            file.write(b"\0" * (-len(part) % 4))

    def read(self) -> bytes | None:
        """Return the next record, or None at the end of the file.

        Raises
        ------
        FileFormatError
            If the file is damaged here.
        """
        file = self._ready(writing=False)
        kind, content = self._part(file)
        if kind is None:
            return None
        if kind == _WHOLE:
            return content
        parts = [content]
        while kind != _LAST:
            kind, content = self._part(file)
            if kind not in (_MIDDLE, _LAST):
                raise self._damaged("a record in parts has no end")
            parts.append(content)
        return _MARK.join(parts)

    def _part(self, file: Any) -> tuple[int | None, bytes]:
        head = file.read(8)
        if not head:
            return None, b""
        if len(head) < 8 or head[:4] != _MARK:
            raise self._damaged(f"no record begins at byte {file.tell() - len(head)}")
        number = struct.unpack("<I", head[4:])[0]
        kind, length = number >> 29, number & _LONGEST
        content = file.read(length)
        padding = file.read(-length % 4)
        if len(content) < length or len(padding) < -length % 4 or kind > _LAST:
            raise self._damaged("a record is cut off")
        return kind, content

    def _damaged(self, what: str) -> FileFormatError:
        return FileFormatError(f"{self.uri}: {what}. It is damaged, or no record file.")


def _opened(path: Any, mode: str) -> Any:
    file = Path(path)
    if mode == "rb" and not file.is_file():
        raise MissingFileError(f"{file}: there is no such file.")
    if mode != "rb" and not file.absolute().parent.is_dir():
        raise MissingFileError(f"{file}: there is no folder {file.parent}.")
    return file.open(mode)


def _cut(content: bytes) -> list[bytes]:
    """Cut at every mark that lies at a multiple of 4; the marks themselves are left out."""
    parts, begin, at = [], 0, content.find(_MARK)
    while at >= 0:
        if at % 4 == 0:
            parts.append(content[begin:at])
            begin = at + 4
            at = content.find(_MARK, begin)
        else:
            at = content.find(_MARK, at + 1)
    return [*parts, content[begin:]]


class MXIndexedRecordIO(MXRecordIO):
    """Reads or writes records in any order, by keys that an index file lists.

    Parameters
    ----------
    idx_path : path
        Of the index: lines ``key<tab>position``. It is written when the file is closed.
    uri : path
    flag : {"r", "w"}
    key_type : type
        Of the keys.
    """

    def __init__(
        self, idx_path: Any, uri: Any, flag: str, key_type: Callable[[str], Any] = int
    ) -> None:
        self.idx_path, self.key_type = idx_path, key_type
        self.idx: dict[Any, int] = {}
        self.keys: list[Any] = []
        self.fidx: Any = None
        super().__init__(uri, flag)

    def open(self) -> None:
        """Open file and index again."""
        super().open()
        self.idx, self.keys = {}, []
        if self.writable:
            self.fidx = _opened(self.idx_path, "wb")
        elif Path(self.idx_path).is_file():
            self._read_index()

    def _read_index(self) -> None:
        for number, line in enumerate(Path(self.idx_path).read_bytes().splitlines(), 1):
            try:
                key_text, position = line.decode("utf-8").strip().split("\t")
                key, place = self.key_type(key_text), int(position)
            except (ValueError, UnicodeDecodeError) as error:
                raise FileFormatError(
                    explain(
                        f"{self.idx_path}, line {number}: {line[:40]!r} is no entry of an index.",
                        "a key, a tab and a position.",
                    )
                ) from error
            self.idx[key] = place
            self.keys.append(key)

    def close(self) -> None:
        """Close file and index."""
        if self.is_open and self.fidx is not None:
            self.fidx.close()
            self.fidx = None
        super().close()

    def __getstate__(self) -> dict[str, Any]:
        """State for other processes."""
        return {**super().__getstate__(), "fidx": None}

    def seek(self, idx: Any) -> None:
        """Go to the record of key `idx`.

        Raises
        ------
        UnknownKeyError
            If there is no such key.
        """
        file = self._ready(writing=False)
        if idx not in self.idx:
            raise UnknownKeyError(
                f"{self.uri} has no record {idx!r}; its index {self.idx_path} lists"
                f" {len(self.idx)} keys."
            )
        file.seek(self.idx[idx])

    def tell(self) -> int:
        """Position where the next record will be written."""
        return self._ready(writing=True).tell()

    def read_idx(self, idx: Any) -> bytes | None:
        """Return the record of key `idx`."""
        self.seek(idx)
        return self.read()

    def write_idx(self, idx: Any, buf: bytes) -> None:
        """Append a record and note its key."""
        key = self.key_type(idx)
        place = self.tell()
        self.write(buf)
        self.fidx.write(f"{key}\t{place}\n".encode())
        self.idx[key] = place
        self.keys.append(key)
