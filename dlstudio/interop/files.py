"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from dlstudio.errors import ArgumentError, MissingFileError, explain

__all__ = ["read_file", "whereabouts", "write_atomically"]


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of the file at `path`.

    Raises
    ------
    ArgumentError
        If `path` is no path.
    MissingFileError
        If there is no such file.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentError(
            explain(f"a {type(path).__name__} was given for a file.", "its path.", '"net.params"')
        )
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(whereabouts(file))
    return file.read_bytes()


def whereabouts(file: Path) -> str:
    """Say what is there instead of `file`."""
    if file.is_dir():
        return explain(f"{file} is a folder.", "a file.", f"name the file: {file / 'net.params'}")
    if not file.parent.is_dir():
        return explain(f"{file}: there is no folder {file.parent}.", "a file in a folder.")
    import difflib

    there = [other.name for other in file.parent.iterdir()]
    near = difflib.get_close_matches(file.name, there, n=1)
    fix = f"did you mean {near[0]}?" if near else f"relative paths begin at {Path.cwd()}"
    return explain(f"{file}: there is no such file.", fix=fix)


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace the file at `path` by `content`, or leave it as it was.

    The bytes go to a temporary file in the same folder, are forced to the disk and take the
    file's name in one step, so that a full disk or a killed process leaves the old file whole.

    Parameters
    ----------
    path : str or path
        The folder must exist.
    content : bytes

    Raises
    ------
    ArgumentError
        If `path` is a folder.
    MissingFileError
        If the folder does not exist.
    OSError
        If the disk is full; the old file is untouched.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise MissingFileError(
            explain(
                f"{target}: there is no folder {target.parent}.",
                "an existing folder.",
                f"Path({str(target.parent)!r}).mkdir(parents=True)",
            )
        )
    if target.is_dir():
        raise ArgumentError(whereabouts(target))
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; a result should have the rights any new file would have
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _umask() -> int:
    """Return the process's file-mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
