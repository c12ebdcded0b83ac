"""``dlstudio lab``: JupyterLab, open on the first notebook.

In a clone the clone's own notebooks are opened. From a wheel they are copied to
``./dlstudio-notebooks`` first, since a learner should not edit files of the installation;
a file that already lies there is the learner's and stays as it is.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from dlstudio.errors import missing_extra

__all__ = ["copy_notebooks", "notebook_root", "run"]

START = Path("en", "00_start_here.ipynb")
COPY_TO = "dlstudio-notebooks"
_PACKAGE = Path(__file__).resolve().parent


def run(arguments: Sequence[str]) -> int:
    """Start JupyterLab in this process and return its exit status.

    Parameters
    ----------
    arguments : sequence of str
        Flags of ``jupyter lab``, passed through unchanged (``--no-browser``, ``--port=8900``, …).
    """
    if find_spec("jupyterlab") is None:
        print(f"dlstudio: {missing_extra('jupyterlab', 'lab', 'dlstudio lab')}", file=sys.stderr)
        return 1
    from jupyterlab.labapp import main as jupyter_lab

    command = lab_arguments(notebook_root(Path.cwd()), arguments)
    return jupyter_lab(command) or 0


def lab_arguments(root: Path, arguments: Sequence[str]) -> list[str]:
    """Put together the command line of ``jupyter lab``; what the user says comes last and wins."""
    return [
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{START.as_posix()}",
        *arguments,
    ]


def notebook_root(folder: Path) -> Path:
    """Find the notebooks of a clone, or copy the packaged ones into `folder`.

    Parameters
    ----------
    folder : Path
        Where ``dlstudio-notebooks`` is made if this is not a clone.

    Returns
    -------
    Path
        The folder that holds ``en`` and ``zh``.
    """
    clone = _PACKAGE.parent
    if (clone / "pyproject.toml").is_file() and (clone / "notebooks" / START).is_file():
        return clone / "notebooks"
    target = folder / COPY_TO
    for path in copy_notebooks(_PACKAGE / "_notebooks", target):
        print(f"dlstudio: copied {path.relative_to(folder)}")
    return target


def copy_notebooks(source: Path, target: Path) -> list[Path]:
    """Copy every file below `source` that `target` does not have yet.

    Returns
    -------
    list of Path
        The files written. Existing files are never touched.
    """
    written: list[Path] = []
    for original in sorted(path for path in source.rglob("*") if path.is_file()):
        copy = target / original.relative_to(source)
        if copy.exists() or "__pycache__" in copy.parts:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, copy)
        written.append(copy)
    return written
