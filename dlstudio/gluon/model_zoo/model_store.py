"""Where weights of the model zoo lie: ``$MXNET_HOME/models``, by default ``~/.mxnet/models``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlstudio import config
from dlstudio.errors import DataError, explain

__all__ = ["get_model_file", "load_weights"]


def default_root() -> Path:
    """Folder of weights: ``models`` below the environment variable MXNET_HOME or ``~/.mxnet``."""
    return config.get().home.expanduser() / "models"


def get_model_file(name: str, root: Any = None) -> str:
    """Path of the weights of a network; nothing is downloaded.

    Parameters
    ----------
    name : str
        For example "resnet18_v1": files ``resnet18_v1.params`` or ``resnet18_v1-<hash>.params``.
    root : path, optional
        Default: `default_root`.

    Raises
    ------
    DataError
        If there is no such file; the message says where to put it.
    """
    folder = default_root() if root is None else Path(root).expanduser()
    exact = folder / f"{name}.params"
    found = [exact] if exact.exists() else sorted(folder.glob(f"{name}-*.params"))
    if not found:
        raise DataError(
            explain(
                f"there are no weights of {name!r} in {folder}.",
                f"a file {name}.params or {name}-<hash>.params, as MXNet names it.",
                f"put the file there, or build the network with random weights: {name}()",
            )
        )
    return str(found[0])


def load_weights(net: Any, name: str, ctx: Any, root: Any) -> Any:
    """Load the weights of network `name` into `net` and return it."""
    net.load_parameters(get_model_file(name, root), ctx=ctx)
    return net
