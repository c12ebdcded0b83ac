"""Fetching the files of public data sets: checked, cached, and clear about it when offline."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlstudio import config
from dlstudio.errors import DataError, FileFormatError, explain, missing_extra
from dlstudio.io.idx import read_idx

__all__ = ["Archive", "Source", "default_root", "fetch", "fetch_archive"]


@dataclass(frozen=True)
class Source:
    """Where the files of a data set are.

    Attributes
    ----------
    name : str
        Of the data set, for messages.
    mirrors : tuple of str
        Addresses that end in "/", tried in this order.
    files : dict
        File name to SHA-256 in hexadecimal.
    """

    name: str
    mirrors: tuple[str, ...]
    files: dict[str, str]


@dataclass(frozen=True)
class Archive:
    """A data set that is published as one packed file.

    Attributes
    ----------
    name : str
        Of the data set, for messages.
    address : str
    checksum : str
        ``md5:…`` or ``sha256:…``.
    folder : str
        The folder inside.
    """

    name: str
    address: str
    checksum: str
    folder: str


def fetch_archive(archive: Archive, root: Path) -> Path:
    """Return the path of the packed file in `root`, downloading it if it is absent or damaged.

    Raises
    ------
    DataError
        If it is neither there nor to be had.
    """
    name = archive.address.rpartition("/")[2]
    if _is_whole_archive(root / name):
        return root / name
    try:
        import pooch
    except ImportError:
        raise missing_extra("pooch", "lab", f"downloading {archive.name}") from None
    try:
        found = pooch.retrieve(archive.address, archive.checksum, fname=name, path=root)
    except (OSError, ValueError) as error:
        raise DataError(
            explain(
                f"{archive.name}: there are no files of it in {root}, and {archive.address} could "
                f"not be downloaded ({type(error).__name__}).",
                f"a connection to the internet, or {name} or what it holds in {root}.",
                "copy it there from another computer, or use gluon.data.datasets.digits(), 5,000 "
                "real digits that are installed already",
            )
        ) from error
    return Path(found)


def default_root(name: str) -> str:
    """Return MXNet's folder for a data set: ``~/.mxnet/datasets/NAME``, or below MXNET_HOME."""
    home = config.get().home
    if home.is_relative_to(Path.home()):
        home = Path("~") / home.relative_to(Path.home())
    return (home / "datasets" / name).as_posix()


def fetch(source: Source, name: str, root: Path) -> Path:
    """Return the path of a file in `root`, downloading it if it is absent or damaged.

    A whole file is never replaced, whatever its checksum: it may be the user's own.

    Raises
    ------
    DataError
        If it is neither there nor to be had.
    """
    if _is_whole(root / name, source.files[name]):
        return root / name
    try:
        import pooch
    except ImportError:
        raise missing_extra("pooch", "lab", f"downloading {source.name}") from None
    failures: list[str] = []
    for mirror in source.mirrors:
        try:
            found = pooch.retrieve(
                mirror + name, f"sha256:{source.files[name]}", fname=name, path=root
            )
        except (OSError, ValueError) as error:  # no connection, a wrong answer, a wrong checksum
            failures.append(f"{mirror}: {type(error).__name__}")
        else:
            return Path(found)
    raise _unavailable(source, name, root, failures)


def _is_whole(path: Path, checksum: str) -> bool:
    """Whether an idx file is there: the published one, or one that can be read to its end."""
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == checksum:
                return True
        read_idx(path)
    except (OSError, FileFormatError):
        return False
    return True


def _is_whole_archive(path: Path) -> bool:
    """Whether a packed file is there and can be read to its end."""
    try:
        with tarfile.open(path) as archive:
            archive.getmembers()
    except (OSError, EOFError, zlib.error, tarfile.TarError):
        return False
    return True


def _unavailable(source: Source, name: str, root: Path, failures: Sequence[str]) -> DataError:
    state = "is damaged" if (root / name).is_file() else "is not there"
    return DataError(
        explain(
            f"{source.name}: {root / name} {state}, and it could not be downloaded "
            f"({'; '.join(failures)}).",
            f"a connection to the internet, or these files in {root}: {', '.join(source.files)}.",
            f"copy the files there from another computer (they are at {source.mirrors[0]}), or use "
            "gluon.data.datasets.digits(), 5,000 real digits that are installed already",
        )
    )
