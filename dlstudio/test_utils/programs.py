"""Around tests: environment variables, expected exceptions, retries, downloads, iterators."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlstudio.errors import ParamError, explain
from dlstudio.gluon import utils
from dlstudio.io import DataBatch, DataIter, NDArrayIter
from dlstudio.util import getenv, setenv

__all__ = [
    "DummyIter",
    "EnvManager",
    "assert_exception",
    "discard_stderr",
    "download",
    "environment",
    "get_mnist",
    "get_mnist_iterator",
    "getenv",
    "has_tvm_ops",
    "is_aarch64_run",
    "is_cd_run",
    "is_op_runnable",
    "retry",
    "setenv",
]


def assert_exception(
    f: Callable[..., Any], exception_type: type[BaseException], *args: Any, **kwargs: Any
) -> None:
    """Raise AssertionError unless ``f(*args, **kwargs)`` raises `exception_type`."""
    try:
        f(*args, **kwargs)
    except exception_type:
        return
    raise AssertionError(f"{f!r} did not raise {exception_type.__name__}")


def retry(n: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a test so that it may fail (AssertionError) `n` - 1 times before it passes.

    Raises
    ------
    ParamError
        If `n` is not positive.
    """
    if n < 1:
        raise ParamError(f"retry: parameter n must be at least 1. Got {n}.")

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(test)
        def repeated(*args: Any, **kwargs: Any) -> Any:
            for _ in range(n - 1):
                try:
                    return test(*args, **kwargs)
                except AssertionError:
                    continue
            return test(*args, **kwargs)

        return repeated

    return decorate


@contextmanager
def discard_stderr() -> Iterator[None]:
    """Throw away what is written to standard error inside the block, by C code too."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


@contextmanager
def environment(*args: Any) -> Iterator[None]:
    """Set environment variables inside the block: ``environment("NAME", "1")``, or with a dict.

    Parameters
    ----------
    *args : a name and a value, or a dict of names to values
        The value None removes the variable.

    Raises
    ------
    ParamError
        If it is neither.
    """
    if len(args) == 2 and isinstance(args[0], str):
        changes: Mapping[str, str | None] = {args[0]: args[1]}
    elif len(args) == 1 and isinstance(args[0], Mapping):
        changes = args[0]
    else:
        raise ParamError(
            explain(
                f"environment was called with {args!r}.",
                "a name and a value, or a dict.",
                'environment("NAME", "1")',
            )
        )
    before = {name: os.environ.get(name) for name in changes}
    try:
        for name, value in changes.items():
            setenv(name, value)
        yield
    finally:
        for name, value in before.items():
            setenv(name, value)


class EnvManager:
    """``with EnvManager("NAME", "1"):`` sets an environment variable inside the block.

    Parameters
    ----------
    key : str
    val : str or None
    """

    def __init__(self, key: str, val: str | None) -> None:
        self._setting = (key, val)
        self._before: str | None = None

    def __enter__(self) -> None:
        key, value = self._setting
        self._before = getenv(key)
        setenv(key, value)

    def __exit__(self, *exc: object) -> None:
        setenv(self._setting[0], self._before)


def download(
    url: str,
    fname: str | None = None,
    dirname: str | None = None,
    overwrite: bool = False,
    retries: int = 5,
) -> str:
    """Fetch a file unless it is there.

    Parameters
    ----------
    url : str
    fname : str, optional
        Default: the address's last part.
    dirname : str, optional
        Folder that `fname` lies in; made if absent.
    overwrite : bool
    retries : int

    Returns
    -------
    str
        Where the file is.

    Raises
    ------
    DataError
        If it cannot be fetched.
    """
    target = Path(fname or url.rsplit("/", maxsplit=1)[-1])
    if dirname is not None:
        target = Path(dirname) / target
    return utils.download(url, str(target), overwrite=overwrite, retries=retries)


def get_mnist() -> dict[str, Any]:
    """Return MNIST's images and labels, downloaded when first asked for.

    Returns
    -------
    dict
        "train_data" and "test_data": float32 in [0, 1], shape (N, 1, 28, 28);
        "train_label" and "test_label": int32, shape (N,).

    Raises
    ------
    DataError
        If the files are not in the cache and cannot be downloaded.
    """
    from dlstudio.gluon.data.vision import MNIST

    found: dict[str, Any] = {}
    for part, train in (("train", True), ("test", False)):
        data = MNIST(train=train)
        images = data._data.asnumpy() if hasattr(data._data, "asnumpy") else data._data
        found[f"{part}_data"] = images.transpose(0, 3, 1, 2).astype("float32") / 255
        found[f"{part}_label"] = data._label
    return found


def get_mnist_iterator(
    batch_size: int, input_shape: tuple[int, ...], num_parts: int = 1, part_index: int = 0
) -> tuple[Any, Any]:
    """Return iterators over MNIST for training (shuffled) and for testing.

    Parameters
    ----------
    batch_size : int
    input_shape : tuple of int
        (1, 28, 28), or (784,) for flat images.
    num_parts, part_index : int
        The iterators run over one of so many equal parts.
    """
    mnist = get_mnist()

    def part(name: str, shuffle: bool) -> Any:
        chosen = slice(part_index, None, num_parts)
        images = mnist[f"{name}_data"][chosen].reshape(-1, *input_shape)
        labels = mnist[f"{name}_label"][chosen].astype("float32")
        return NDArrayIter(images, labels, batch_size, shuffle, last_batch_handle="discard")

    return part("train", True), part("test", False)


class DummyIter(DataIter):
    """Gives the first batch of another iterator for ever, to time training without loading.

    Parameters
    ----------
    real_iter : DataIter
    """

    def __init__(self, real_iter: DataIter) -> None:
        super().__init__(real_iter.batch_size)
        self.real_iter: Any = real_iter
        self.provide_data = self.real_iter.provide_data
        self.provide_label = self.real_iter.provide_label
        self.the_batch = real_iter.next()

    def next(self) -> DataBatch:
        """Return the batch."""
        return self.the_batch


def is_cd_run() -> bool:
    """Whether the environment variable CD_JOB is 1."""
    return os.environ.get("CD_JOB") == "1"


def is_aarch64_run() -> bool:
    """Whether this is an ARM processor of 64 bits."""
    import platform

    return platform.machine().lower() in ("aarch64", "arm64")


def is_op_runnable() -> bool:
    """Whether operators run on the current device; always, once it exists."""
    return True


def has_tvm_ops() -> bool:
    """Whether operators were compiled by TVM: never here."""
    return False
