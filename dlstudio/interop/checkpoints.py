"""Weights that PyTorch and Keras saved, without their libraries and without running anything.

A PyTorch file is a zip archive: ``data.pkl`` describes the tensors, ``data/<key>`` are their bytes.
The description is a pickle, which in general is a program. `_Reader` gives it nothing to call
but four functions that note what they were asked for; any other name ends the reading.
"""

from __future__ import annotations

import collections
import io
import pickle
import pickletools
import zipfile
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from dlstudio.errors import FileFormatError, explain
from dlstudio.interop.npz import check_members

__all__ = ["read_hdf5", "read_keras", "read_torch"]

Arrays = dict[str, Any]
_MAX_DESCRIPTION = 1 << 28
_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16",
    "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "BFloat16Storage": "bfloat16", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}  # fmt: skip


# ---- PyTorch ---------------------------------------------------------------------------------
class _Storage(NamedTuple):
    """Elements of one or more tensors."""

    values: Any
    name: str  # of the dtype


class _DType(NamedTuple):
    name: str


class _Thing:
    """Stands for an object that is no tensor: it keeps nothing and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        del args, kwargs

    def __setstate__(self, state: Any) -> None:
        del state


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Any:
    """Stand in for ``torch._utils._rebuild_tensor_v2``; every element is checked to exist."""
    del rest
    shape, strides = tuple(shape), tuple(strides)
    whole = all(isinstance(n, int) and 0 <= n < 1 << 48 for n in (offset, *shape, *strides))
    if not isinstance(storage, _Storage) or not whole or len(shape) != len(strides):
        raise FileFormatError("a tensor is described wrongly.")
    values = storage.values
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if prod(shape) > values.size or (prod(shape) and last >= values.size):
        raise FileFormatError(
            f"a tensor of shape {shape} does not fit its storage of {values.size} elements."
        )
    if not prod(shape):
        return np.zeros(shape, values.dtype)
    size = values.itemsize
    view = np.lib.stride_tricks.as_strided(
        values[offset:], shape, tuple(step * size for step in strides), writeable=False
    )
    return _widened(np.array(view), storage.name)


def _parameter(data: Any, *rest: Any) -> Any:
    """Stand in for ``torch._utils._rebuild_parameter``: a parameter is its tensor."""
    del rest
    return data


def _widened(values: Any, name: str) -> Any:
    """Bfloat16, which NumPy lacks, arrives as float32."""
    if name != "bfloat16":
        return values
    return (values.astype(np.uint32) << 16).view(np.float32)


_CALLABLE: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch", "Size"): tuple,
    ("torch", "device"): _Thing,
}


# everything PyTorch's pickles are made of; no opcode here runs anything but `find_class`
_OPCODES = frozenset(
    "PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG"
    " LONG1 LONG4 FLOAT BINFLOAT UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINSTRING"
    " SHORT_BINSTRING STRING BINBYTES SHORT_BINBYTES EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3"
    " EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT DICT SETITEM SETITEMS GLOBAL STACK_GLOBAL REDUCE"
    " BUILD BINPERSID PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET".split()
)


def _check_description(content: bytes) -> None:
    """Refuse opcodes no weight file has, and numbers that would make the reader take memory."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name not in _OPCODES:
            raise FileFormatError(
                explain(
                    f"it holds objects that are no tensors (instruction {opcode.name}).",
                    "a file of tensors only; nothing in it is executed.",
                    "torch.save(model.state_dict(), path), instead of the whole model",
                )
            )
        if opcode.name.endswith("PUT") and int(argument or 0) > len(content):
            raise FileFormatError("its description is damaged.")


class _Reader(pickle.Unpickler):
    """Reads a description; names outside the list above end it."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        description = archive.read(f"{folder}data.pkl")
        _check_description(description)
        super().__init__(io.BytesIO(description), encoding="utf-8")
        self._archive, self._folder = archive, folder
        self._storages: dict[str, _Storage] = {}

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Answer the harmless stand-in for a name."""
        found = _CALLABLE.get((module_name, global_name))
        if found is not None:
            return found
        if module_name in ("torch", "torch.storage") and global_name in _STORAGES:
            return _DType(_STORAGES[global_name])
        if module_name == "torch" and global_name in _TORCH_DTYPES:
            return _DType(_TORCH_DTYPES[global_name])
        raise FileFormatError(
            explain(
                f"it asks to run {module_name}.{global_name}, which is no part of a weight file.",
                "a file of tensors only; nothing in it is executed.",
                "torch.save(model.state_dict(), path), instead of the whole model",
            )
        )

    def persistent_load(self, pid: Any, /) -> _Storage:
        """Read a storage: ``("storage", type, key, device, elements)``."""
        if not isinstance(pid, tuple) or len(pid) != 5 or not isinstance(pid[1], _DType):
            raise FileFormatError("a storage is described wrongly.")
        _, dtype, key, _, count = pid
        if key not in self._storages:
            plain = np.dtype("uint16" if dtype.name == "bfloat16" else dtype.name)
            content = self._archive.read(f"{self._folder}data/{key}")
            if not isinstance(count, int) or len(content) < count * plain.itemsize or count < 0:
                raise FileFormatError(f"storage {key} holds fewer than {count} elements.")
            self._storages[key] = _Storage(np.frombuffer(content, plain, count), dtype.name)
        return self._storages[key]


_TORCH_DTYPES = {
    "float32": "float32", "float64": "float64", "float16": "float16", "bfloat16": "bfloat16",
    "int64": "int64", "int32": "int32", "int16": "int16", "int8": "int8", "uint8": "uint8",
    "bool": "bool",
}  # fmt: skip


def read_torch(content: bytes) -> Arrays:
    """Read the tensors of a ``.pt`` or ``.pth`` file of PyTorch 1.6 or newer.

    Nested dictionaries, as in ``{"model": …, "epoch": 3}``, give dotted names; numbers and texts
    are left out. Memory is bounded by the size of `content`.

    Raises
    ------
    FileFormatError
        If the file is of the older format, damaged, or asks for anything but tensors.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_archive(archive)
    except zipfile.BadZipFile as error:
        raise FileFormatError(
            explain(
                "not a PyTorch file in zip format.",
                "a file saved by PyTorch 1.6 or newer.",
                "torch.save(torch.load(old), new)",
            )
        ) from error
    except FileFormatError:
        raise
    except Exception as error:  # a hostile description can fail in any way inside pickle
        raise FileFormatError(f"the description of the tensors is damaged: {error}") from error


def _read_archive(archive: zipfile.ZipFile) -> Arrays:
    check_members(archive)
    found = [
        name for name in archive.namelist() if name.endswith("/data.pkl") or name == "data.pkl"
    ]
    if len(found) != 1:
        raise FileFormatError("no data.pkl in it, which describes the tensors.")
    if archive.getinfo(found[0]).file_size > _MAX_DESCRIPTION:
        raise FileFormatError("the description of the tensors is far too large.")
    arrays: Arrays = {}
    folder = found[0][: -len("data.pkl")]
    if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") == b"big":
        raise FileFormatError("it was written on a big-endian machine, whose bytes are not read.")
    value = _Reader(archive, folder).load()
    steps = iter(range(1_000_000))  # a description may refer to one list a million times
    _collect(value, "", arrays, frozenset(), steps)
    if not arrays:
        raise FileFormatError("no tensors in it.")
    return arrays


def _collect(
    value: Any, name: str, arrays: Arrays, inside: frozenset[int], steps: Iterator[int]
) -> None:
    """Walk dictionaries and lists; note arrays by their dotted names."""
    if next(steps, None) is None:
        raise FileFormatError("the description of the tensors is far too large.")
    if isinstance(value, np.ndarray):
        arrays[name or "0"] = value
        return
    if not isinstance(value, (dict, list, tuple)):
        return
    if id(value) in inside or len(inside) > 100:
        raise FileFormatError("the description of the tensors contains itself.")
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        path = f"{name}.{key}" if name else str(key)
        _collect(item, path, arrays, inside | {id(value)}, steps)


# ---- Keras -----------------------------------------------------------------------------------
def read_hdf5(content: bytes, h5py: Any) -> Arrays:
    """Read all numeric data sets of an HDF5 file, by their paths; links out of it are refused."""
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            arrays: Arrays = {}
            _walk(file, "", arrays, h5py, len(content))
    except FileFormatError:
        raise
    except Exception as error:  # damage shows in any way inside the library
        raise FileFormatError(f"not a whole HDF5 file: {error}") from error
    if not arrays:
        raise FileFormatError("no arrays in it.")
    return arrays


def _walk(group: Any, path: str, arrays: Arrays, h5py: Any, limit: int) -> None:
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise FileFormatError(f"{path}{name} is a link, which no weight file needs.")
        item = group[name]
        if isinstance(item, h5py.Group):
            if path.count("/") > 50:
                raise FileFormatError("its groups are nested too deeply.")
            _walk(item, f"{path}{name}/", arrays, h5py, limit)
        elif item.dtype.kind in "fiub":
            if item.nbytes > max(1 << 28, 200 * limit):
                raise FileFormatError(f"{path}{name} claims to hold {item.nbytes} bytes.")
            arrays[path + name] = item[()]


def read_keras(content: bytes, h5py: Any) -> Arrays:
    """Read the weights of a ``.keras`` file, a zip archive around an HDF5 file.

    Names are paths such as ``layers/dense/vars/0``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_members(archive)
            weights = archive.read("model.weights.h5")
    except (zipfile.BadZipFile, KeyError, EOFError, OSError) as error:
        raise FileFormatError(f"not a .keras file: {error}") from error
    return read_hdf5(weights, h5py)
