"""Downloading files: piece by piece, checked, and in place only when they are whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from dlstudio.errors import DataError, ParamError, explain

__all__ = ["check_sha1", "download", "replace_file"]

_PIECE = 1 << 20  # bytes read at once
_PATIENCE = 60  # seconds without a byte


def check_sha1(filename: str | os.PathLike[str], sha1_hash: str) -> bool:
    """Whether the file's SHA-1 starts with `sha1_hash`.

    Parameters
    ----------
    filename : path
    sha1_hash : str, hexadecimal digits, at least one
    """
    digest = hashlib.sha1(usedforsecurity=False)
    with Path(filename).open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return bool(sha1_hash) and digest.hexdigest().startswith(sha1_hash.lower())


def replace_file(src: str | os.PathLike[str], dst: str | os.PathLike[str]) -> None:
    """Move `src` over `dst` in one step."""
    Path(src).replace(dst)


def download(
    url: str,
    path: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    sha1_hash: str | None = None,
    retries: int = 5,
    verify_ssl: bool = True,
) -> str:
    """Fetch a file unless it is there already.

    The file appears under its name only when it is whole and its checksum is right; several
    processes may fetch it at once.

    Parameters
    ----------
    url : str
        An address that begins with ``http://``, ``https://`` or ``file://``.
    path : str or path, optional
        File or existing folder; default: the address's last part in the current folder.
    overwrite : bool
        Fetch again.
    sha1_hash : str, optional
        Expected SHA-1 (or its start); a file that differs is fetched again.
    retries : int >= 0
        How often it is tried again after a failure.
    verify_ssl : bool

    Returns
    -------
    str
        Where the file is.

    Raises
    ------
    DataError
        If it cannot be fetched, or its checksum is wrong.
    ParamError
        If the address is of another kind, or `retries` is negative.
    """
    if retries < 0:
        raise ParamError(f"download: parameter retries must be >= 0. Got {retries}.")
    if not url.startswith(("http://", "https://", "file://")):
        raise ParamError(
            f"download: parameter url must be an http(s) or file address. Got {url!r}."
        )
    target = _target(url, path)
    if not overwrite and target.exists() and (not sha1_hash or check_sha1(target, sha1_hash)):
        return str(target)
    if not verify_ssl:
        warnings.warn(
            f"{url} is fetched without checking who answers (verify_ssl=False).", stacklevel=2
        )
    failure: Exception | None = None
    for _ in range(retries + 1):
        try:
            _fetch(url, target, sha1_hash, verify_ssl)
        except (OSError, DataError) as error:
            failure = error
        else:
            return str(target)
    raise DataError(
        explain(
            f"{url} could not be downloaded: {failure}",
            "a working connection and an unchanged file.",
            f"fetch it yourself and put it at {target}",
        )
    ) from failure


def _target(url: str, path: str | os.PathLike[str] | None) -> Path:
    """Where the file goes: a folder takes the name from the address."""
    name = url.rsplit("/", maxsplit=1)[-1]
    target = Path(name if path is None else path).expanduser()
    return target / name if not target.name or target.is_dir() else target


def _fetch(url: str, target: Path, sha1_hash: str | None, verify_ssl: bool) -> None:
    """Write beside the target, check, and move: a broken connection leaves the old file whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha1(usedforsecurity=False)
    with tempfile.NamedTemporaryFile(
        dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False
    ) as partial:
        try:
            for piece in _pieces(url, verify_ssl):
                digest.update(piece)
                partial.write(piece)
            partial.close()
            _compare(digest.hexdigest(), sha1_hash)
            _share(partial.name)
            replace_file(partial.name, target)
        except BaseException:
            partial.close()
            Path(partial.name).unlink(missing_ok=True)
            raise


def _compare(found: str, expected: str | None) -> None:
    if expected and not found.startswith(expected.lower()):
        raise DataError(f"its checksum is wrong: {found}, not {expected}")


def _share(path: str) -> None:
    """Let others read the file as any new file: temporary ones are for their owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    Path(path).chmod(0o666 & ~mask)


def _pieces(url: str, verify_ssl: bool) -> Iterator[bytes]:
    """Yield what the address answers."""
    import ssl
    import urllib.request

    context = ssl.create_default_context()
    if not verify_ssl:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(url, context=context, timeout=_PATIENCE) as reply:
        expected, received = reply.headers.get("Content-Length"), 0
        while piece := reply.read(_PIECE):
            received += len(piece)
            yield piece
    if expected is not None and received != int(expected):
        raise DataError(f"the connection broke after {received} of {expected} bytes")
