"""Where weights of the model zoo lie: ``$MXNET_HOME/models``, by default ``~/.mxnet/models``.

A file ``<network>-<hash>.params`` begins its SHA-1 with that hash, as MXNet named its published
weights; the hash is compared whenever the file is opened. A file ``<network>.params`` is your own.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from dlstudio import config
from dlstudio.errors import DataError, ParamError, ShapeError, explain
from dlstudio.gluon.fetching import check_sha1, download, replace_file

__all__ = [
    "apache_repo_url",
    "check_sha1",
    "download",
    "get_model_file",
    "load_weights",
    "purge",
    "replace_file",
    "short_hash",
]

apache_repo_url = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"
"""The folder above ``gluon/models/``; the environment variable MXNET_GLUON_REPO names another."""

# SHA-1 of the weights that MXNet 1.9 published: the first 32 bits. Programs that add networks of
# their own to MXNet's table of this name write all 160.
_model_sha1 = {
    "alexnet": "44335d1f",
    "densenet121": "f27dbf2d", "densenet161": "b6c8a957",
    "densenet169": "2603f878", "densenet201": "1cdbc116",
    "inceptionv3": "ed47ec45",
    "mobilenet0.25": "9f83e440", "mobilenet0.5": "8e9d539c",
    "mobilenet0.75": "529b2c7f", "mobilenet1.0": "6b8c5106",
    "mobilenetv2_0.25": "ae8f9392", "mobilenetv2_0.5": "aabd26cd",
    "mobilenetv2_0.75": "e2be7b72", "mobilenetv2_1.0": "36da4ff1",
    "resnet18_v1": "a0666292", "resnet34_v1": "48216ba9", "resnet50_v1": "0aee57f9",
    "resnet101_v1": "d988c13d", "resnet152_v1": "671c637a",
    "resnet18_v2": "a81db45f", "resnet34_v2": "9d6b80bb", "resnet50_v2": "ecdde353",
    "resnet101_v2": "18e93e4f", "resnet152_v2": "f2695542",
    "squeezenet1.0": "264ba497", "squeezenet1.1": "33ba0f93",
    "vgg11": "dd221b16", "vgg13": "6bc5de58", "vgg16": "e660d456", "vgg19": "ad2f660d",
    "vgg11_bn": "ee79a809", "vgg13_bn": "7d97a06c", "vgg16_bn": "7f01cf05", "vgg19_bn": "f360b758",
}  # fmt: skip


def default_root() -> Path:
    """Folder of weights: ``models`` below the environment variable MXNET_HOME or ``~/.mxnet``."""
    return config.get().home.expanduser() / "models"


def short_hash(name: str) -> str:
    """Return the eight digits that the name of a published file of weights ends with.

    Parameters
    ----------
    name : str
        Of a network, for example "resnet18_v1".

    Raises
    ------
    ParamError
        If MXNet published no weights for it.

    Examples
    --------
    >>> short_hash("resnet18_v1")
    'a0666292'
    """
    if name not in _model_sha1:
        raise ParamError(
            explain(
                f"MXNet published no weights for {name!r}.",
                f"one of {', '.join(_model_sha1)}.",
                f"put your own into {default_root() / f'{name}.params'}",
            )
        )
    return _model_sha1[name][:8]


def get_model_file(name: str, root: Any = None) -> str:
    """Path of the weights of a network; they are downloaded only if they are not in `root`.

    Parameters
    ----------
    name : str
        For example "resnet18_v1": files ``resnet18_v1.params`` or ``resnet18_v1-<hash>.params``.
    root : path, optional
        Default: ``$MXNET_HOME/models``.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If a file is damaged and cannot be replaced, or if there is none and no connection; the
        message says where to put it.
    """
    folder = default_root() if root is None else Path(root).expanduser()
    exact = folder / f"{name}.params"
    if exact.exists():
        return str(exact)
    damaged: list[Path] = []
    for path in sorted(folder.glob(f"{name}-*.params")):
        if _is_intact(name, path):
            return str(path)
        damaged.append(path)
    return str(_downloaded(name, folder, damaged))


def _is_intact(name: str, path: Path) -> bool:
    """Whether the file's SHA-1 begins as its name says, and is the published one if that is."""
    digits = path.stem.rpartition("-")[2]
    published = _model_sha1.get(name, "")
    return check_sha1(path, published if published.startswith(digits) else digits)


def _downloaded(name: str, folder: Path, damaged: list[Path]) -> Path:
    """Fetch the published weights from the mirror and unpack them."""
    if name not in _model_sha1:
        raise _unavailable(name, folder, damaged, "MXNet published none")
    stem = f"{name}-{short_hash(name)}"
    mirror = os.environ.get("MXNET_GLUON_REPO", apache_repo_url).rstrip("/")
    url, target = f"{mirror}/gluon/models/{stem}.zip", folder / f"{stem}.params"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            packed = download(url, scratch, retries=1)
            with zipfile.ZipFile(packed) as archive:
                unpacked = archive.extract(target.name, scratch)
            if check_sha1(unpacked, _model_sha1[name]):
                replace_file(unpacked, target)
                return target
            reason = f"the file at {url} is not the published one"
    except (DataError, OSError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).partition("\n")[0]
    raise _unavailable(name, folder, damaged, reason)


def _unavailable(name: str, folder: Path, damaged: list[Path], reason: str) -> DataError:
    state = "".join(f" {path.name} is damaged: its SHA-1 is not in its name." for path in damaged)
    return DataError(
        explain(
            f"there are no weights of {name!r} in {folder}.{state} They could not be downloaded: "
            f"{reason}",
            f"a file {name}.params or {name}-<hash>.params, as MXNet names it.",
            "put the file there, name a mirror in the environment variable MXNET_GLUON_REPO, or "
            f"build the network with random weights: get_model({name!r})",
        )
    )


def load_weights(net: Any, name: str, ctx: Any, root: Any) -> Any:
    """Load the weights of network `name` into `net` and return it."""
    file = get_model_file(name, root)
    try:
        net.load_parameters(file, ctx=ctx)
    except ShapeError as error:
        raise ShapeError(
            explain(
                f"{error}.",
                f"a network as it was when {file} was written: published ones know 1000 classes.",
                f"net = get_model({name!r}, pretrained=True)\n"
                "gluon.transfer.replace_head(net, classes=10)",
            )
        ) from None
    return net


def purge(root: Any = None) -> None:
    """Delete all weights in the store.

    Parameters
    ----------
    root : path, optional
        Default: ``$MXNET_HOME/models``.
    """
    folder = default_root() if root is None else Path(root).expanduser()
    for path in folder.glob("*.params"):
        path.unlink()
