"""NumPy's ``.npz`` archives, which MXNet 2 writes its parameters in, and ``.npy`` files.

No pickle is ever read.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import FileFormatError

__all__ = ["NPY_MARK", "check_members", "dumps", "is_npy", "load_one", "loads"]

NPY_MARK = b"\x93NUMPY"
_FREE, _RATIO = 1 << 28, 200  # compressed zeros may be small: up to 256 MB are always unpacked


def loads(content: bytes) -> dict[str, Any]:
    """Arrays from the bytes of an archive.

    Raises
    ------
    FileFormatError
        If they are damaged, hold objects, or claim to unpack to far more than an archive can.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_members(archive)
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileFormatError:
        raise
    except Exception as error:  # a damaged header can fail in any way inside NumPy
        raise FileFormatError(f"not a whole .npz file of plain arrays: {error}") from error


def is_npy(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as NumPy's files of a single array do."""
    with Path(path).open("rb") as file:
        return file.read(len(NPY_MARK)) == NPY_MARK


def load_one(content: bytes) -> Any:
    """Return the array of a ``.npy`` file.

    Raises
    ------
    FileFormatError
        If the bytes are damaged or hold objects.
    """
    try:
        return np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # as above
        raise FileFormatError(f"not a whole .npy file of one plain array: {error}") from error


def dumps(arrays: Mapping[str, Any]) -> bytes:
    """Bytes of an archive of these arrays."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()


def check_members(archive: zipfile.ZipFile) -> None:
    """Refuse archives that claim to unpack to far more than lies in the file."""
    packed = sum(member.compress_size for member in archive.infolist())
    whole = sum(member.file_size for member in archive.infolist())
    if whole > max(_FREE, _RATIO * packed):
        raise FileFormatError(
            f"its members claim to unpack from {packed} to {whole} bytes; no weight file does."
        )
