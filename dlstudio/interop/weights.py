"""Weight files of any kind as a mapping of names to arrays; nothing in a file is ever executed.

======================  =====================================================
``.params``             MXNet's own
``.npz``                NumPy's
``.safetensors``        needs ``dlstudio[files]``
``.pt`` ``.pth``        PyTorch's zip format, read by our own restricted reader
``.h5`` ``.keras``      Keras weights, needs ``dlstudio[files]``
======================  =====================================================
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlstudio.errors import ArgumentError, FileFormatError, MissingExtraError, explain
from dlstudio.interop import npz, params
from dlstudio.interop.dtypes import from_bits
from dlstudio.interop.files import read_file, write_atomically

__all__ = ["library", "load_named", "load_weights", "save_named", "save_weights", "suffixes"]

Arrays = dict[str, Any]


def load_weights(path: str | os.PathLike[str]) -> Arrays:
    """Read the arrays of a weight file, by the ending of its name.

    Parameters
    ----------
    path : str or path
        Ending in one of `suffixes`.

    Returns
    -------
    dict of str to numpy.ndarray
        Names as in the file: ``features.0.weight`` from PyTorch, ``dense/dense/kernel:0`` from
        Keras. Layouts are those of the framework that wrote it.

    Raises
    ------
    FileFormatError
        If the file is damaged, hostile or of another format.
    MissingFileError
        If there is no such file.
    MissingExtraError
        If the library that reads this format is not installed.
    ArgumentError
        If the ending is unknown.
    """
    kind = Path(path).suffix.lower()
    if kind not in _READERS:
        raise ArgumentError(
            explain(
                f"{Path(path).name}: no reader for files ending in {kind!r}.",
                f"a file ending in {', '.join(_READERS)}.",
                'load_weights("model.safetensors")',
            )
        )
    content = read_file(path)
    try:
        return _READERS[kind](content)
    except FileFormatError as error:
        raise FileFormatError(f"{Path(path)}: {error}") from error


def save_weights(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write named arrays in the format that the ending of `path` names, atomically.

    Parameters
    ----------
    path : str or path
        Ending in ``.params``, ``.npz`` or ``.safetensors``.
    arrays : mapping of str to array

    Raises
    ------
    ArgumentError
        If the ending is unknown or names a format that is only read.
    """
    kind = Path(path).suffix.lower()
    if kind not in _WRITERS:
        raise ArgumentError(
            explain(
                f"{Path(path).name}: no writer for files ending in {kind!r}.",
                f"a file ending in {', '.join(_WRITERS)}.",
                'save_weights("model.safetensors", arrays)',
            )
        )
    plain = {
        name: x.asnumpy() if hasattr(x, "asnumpy") else np.asarray(x) for name, x in arrays.items()
    }
    write_atomically(path, _WRITERS[kind](plain))


def save_named(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Write named arrays as ``.npz`` or ``.safetensors`` by the ending, else as ``.params``."""
    if Path(path).suffix.lower() in (".npz", ".safetensors"):
        save_weights(path, arrays)
    else:
        params.save(path, arrays)


def load_named(path: str | os.PathLike[str]) -> Arrays | list[Any]:
    """Read what `save_named` or MXNet wrote, whatever the ending."""
    if Path(path).suffix.lower() == ".safetensors":
        return load_weights(path)
    return params.load(path)


def suffixes() -> tuple[str, ...]:
    """Endings of the files that `load_weights` reads."""
    return tuple(_READERS)


# ---- MXNet ------------------------------------------------------------------------------------
def _read_params(content: bytes) -> Arrays:
    arrays = params.loads(content)
    return arrays if isinstance(arrays, dict) else {str(i): x for i, x in enumerate(arrays)}


# ---- safetensors -----------------------------------------------------------------------------
def _read_safetensors(content: bytes) -> Arrays:
    reader = library("safetensors", "safetensors")
    try:
        return {name: _tensor(name, view) for name, view in reader.deserialize(content)}
    except (reader.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(f"not a whole safetensors file: {error}") from error


# the library's own reader for NumPy does not know BF16
_SAFETENSORS_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "uint16", "C64": "complex64",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "BOOL": "bool",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
}  # fmt: skip


def _tensor(name: str, view: Mapping[str, Any]) -> Any:
    if view["dtype"] not in _SAFETENSORS_DTYPES:
        raise FileFormatError(
            explain(
                f"tensor {name!r} is of dtype {view['dtype']}.",
                f"one of {', '.join(_SAFETENSORS_DTYPES)}.",
            )
        )
    dtype = np.dtype(_SAFETENSORS_DTYPES[view["dtype"]]).newbyteorder("<")
    values = np.frombuffer(view["data"], dtype).reshape(view["shape"])
    return (
        from_bits(values)
        if view["dtype"] == "BF16"
        else values.astype(dtype.newbyteorder("="), copy=False)
    )


def _write_safetensors(arrays: Mapping[str, Any]) -> bytes:
    # the library writes the memory as it lies: views must be laid out anew
    whole = {name: np.ascontiguousarray(x).reshape(x.shape) for name, x in arrays.items()}
    return library("safetensors.numpy", "safetensors").save(whole)


# ---- PyTorch and Keras -----------------------------------------------------------------------
def _read_torch(content: bytes) -> Arrays:
    from dlstudio.interop.checkpoints import read_torch

    return read_torch(content)


def _read_hdf5(content: bytes) -> Arrays:
    from dlstudio.interop.checkpoints import read_hdf5

    return read_hdf5(content, library("h5py", "h5py"))


def _read_keras(content: bytes) -> Arrays:
    from dlstudio.interop.checkpoints import read_keras

    return read_keras(content, library("h5py", "h5py"))


def library(module: str, package: str) -> Any:
    """Import an optional library that reads files.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            explain(
                f"this file is read by the library {package}, which is not installed.",
                fix='pip install "dlstudio[files]"',
            )
        ) from error


_READERS: dict[str, Callable[[bytes], Arrays]] = {
    ".params": _read_params,
    ".npz": npz.loads,
    ".safetensors": _read_safetensors,
    ".pt": _read_torch,
    ".pth": _read_torch,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
    ".keras": _read_keras,
}
_WRITERS: dict[str, Callable[[Mapping[str, Any]], bytes]] = {
    ".params": params.dumps,
    ".npz": npz.dumps,
    ".safetensors": _write_safetensors,
}
