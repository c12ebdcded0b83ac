"""Fetching the files of public data sets: checked, cached, and clear about it when offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlstudio import config
from dlstudio.errors import DataError, explain, missing_extra

__all__ = ["Source", "default_root", "fetch"]


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


def default_root(name: str) -> str:
    """Return MXNet's folder for a data set: ``~/.mxnet/datasets/NAME``, or below MXNET_HOME."""
    home = config.get().home
    if home.is_relative_to(Path.home()):
        home = Path("~") / home.relative_to(Path.home())
    return (home / "datasets" / name).as_posix()


def fetch(source: Source, name: str, root: Path) -> Path:
    """Return the path of a file in `root`, downloading it if it is absent or damaged.

    Raises
    ------
    DataError
        If it is neither there nor to be had.
    """
    try:
        import pooch
    except ImportError:
        if (root / name).is_file():  # a copy brought by hand needs no downloader
            return root / name
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
