"""The IDX file format of MNIST: a magic number, the sizes of the axes, then the raw bytes.

======  ===========================================================
bytes   meaning
======  ===========================================================
0-1     zero
2       element type, 8 for unsigned bytes
3       number of axes
4-…     one big-endian 32-bit size for each axis
rest    the elements, last axis fastest
======  ===========================================================
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import FileFormatError, explain

__all__ = ["read_idx"]

_UNSIGNED_BYTE = 8


def read_idx(path: Path) -> np.ndarray[Any, Any]:
    """Read an IDX file of unsigned bytes, compressed by gzip or not.

    Parameters
    ----------
    path : Path

    Returns
    -------
    numpy.ndarray, dtype uint8

    Raises
    ------
    FileFormatError
        If the file is truncated, corrupt, or no IDX file.
    """
    content = _read(path)
    if len(content) < 4 or content[:3] != bytes((0, 0, _UNSIGNED_BYTE)):
        raise _damaged(path, f"it begins with {content[:4].hex(' ') or 'nothing'}")
    axes = content[3]
    header = 4 + 4 * axes
    if len(content) < header:
        raise _damaged(path, "it ends within its header")
    shape = struct.unpack(f">{axes}I", content[4:header])
    if len(content) - header != math.prod(shape):
        raise _damaged(path, f"it has {len(content) - header} elements for the shape {shape}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _read(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:2] != b"\x1f\x8b":  # gzip's own magic number
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, OSError, zlib.error) as error:
        raise _damaged(path, f"it cannot be decompressed ({error})") from error


def _damaged(path: Path, reason: str) -> FileFormatError:
    return FileFormatError(
        explain(
            f"{path} is not a whole IDX file of bytes: {reason}.",
            "the bytes 00 00 08, the number of axes, their sizes and all elements.",
            f"delete {path.name} and download it again",
        )
    )
