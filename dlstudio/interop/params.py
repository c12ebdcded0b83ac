"""MXNet's ``.params`` files, read and written byte for byte as MXNet 1.9 does.

Layout, all little-endian::

    uint64 0x112    uint64 0
    uint64 n        n arrays
    uint64 k        k names (k is 0 for a list, n for a dict), each uint64 length + UTF-8

An array is ``uint32 magic, int32 storage, shapes, int32 device, int32 device number, int32 dtype``,
for sparse storage the dtypes and shapes of its index arrays, and then the raw values. A shape is
``int32 ndim, ndim x int64``. Magic V2 is written today; V3 (NumPy shapes: 0 is a real size and a
0-d array exists) is written when an array needs it; V1 and the headerless V0 are read.

Everything here works on NumPy arrays, so that it serves every device and needs no engine.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from dlstudio.errors import DTypeError, FileFormatError, explain
from dlstudio.interop import npz
from dlstudio.interop.dtypes import from_bits
from dlstudio.interop.files import read_file, write_atomically
from dlstudio.interop.stored import CsrArray, RowSparseArray

__all__ = ["CsrArray", "RowSparseArray", "dumps", "load", "loads", "save"]

Array = Any
LIST_MAGIC = 0x112
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DENSE, ROW_SPARSE, CSR = 0, 1, 2
MAX_NDIM = 32
DTYPES = {
    0: "float32", 1: "float64", 2: "float16", 3: "uint8", 4: "int32", 5: "int8",
    6: "int64", 7: "bool", 8: "int16", 9: "uint16", 10: "uint32", 11: "uint64",
}  # fmt: skip
DTYPE_CODES = {np.dtype(name): code for code, name in DTYPES.items()}
BFLOAT16 = 12


def _fail(what: str) -> NoReturn:
    raise FileFormatError(
        explain(
            f"This is not a readable .params file: {what}.",
            "a file written by nd.save, save_parameters or export (dlstudio's or MXNet's).",
            "copy or download the file again and compare its size and checksum.",
        )
    )


class _Reader:
    """A cursor over the bytes; `take` never goes past the end, which bounds all memory use."""

    def __init__(self, content: bytes | memoryview) -> None:
        self.content = memoryview(content)
        self.position = 0

    def take(self, count: int) -> memoryview:
        end = self.position + count
        if count < 0 or end > len(self.content):
            _fail(
                f"it ends after {len(self.content)} bytes, while {count} more are due"
                f" at byte {self.position}"
            )
        piece = self.content[self.position : end]
        self.position = end
        return piece

    def number(self, code: str) -> int:
        return struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]

    def peek(self, code: str) -> int:
        before = self.position
        value = self.number(code)
        self.position = before
        return value

    def shape(self) -> tuple[int, ...] | None:
        """Read a shape; None means unknown (V3 writes it as ndim -1)."""
        ndim = self.number("i")
        if ndim == -1:
            return None
        if not 0 <= ndim <= MAX_NDIM:
            _fail(f"an array claims to have {ndim} dimensions")
        return tuple(self.number("q") for _ in range(ndim))

    def dtype(self) -> np.dtype[Any]:
        code = self.number("i")
        if code not in DTYPES:
            _fail(f"dtype number {code} is unknown")
        return np.dtype(DTYPES[code])

    def values(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        if any(size < 0 for size in shape):
            _fail(f"an array claims to have shape {shape}")
        raw = self.take(prod(shape) * dtype.itemsize)
        try:
            # astype copies: the result must be writable and not keep the whole file alive
            return np.frombuffer(raw, dtype.newbyteorder("<")).reshape(shape).astype(dtype)
        except (ValueError, OverflowError) as error:
            _fail(str(error))


def _read_array(reader: _Reader) -> Any:
    magic = reader.number("I")
    if magic in (V2, V3):
        return _read_modern(reader, magic)
    if magic == V1:
        shape = reader.shape()
    elif magic <= MAX_NDIM:  # V0: what stands in the magic's place is the number of dimensions
        shape = tuple(reader.number("I") for _ in range(magic))
    else:
        _fail(f"an array starts with the unknown number {magic:#x}")
    return _read_dense(reader, shape) if shape else None


def _read_modern(reader: _Reader, magic: int) -> Any:
    storage = reader.number("i")
    if storage not in (DENSE, ROW_SPARSE, CSR):
        _fail(f"storage kind {storage} is unknown")
    stored_shape = reader.shape() if storage != DENSE else None
    shape = reader.shape()
    if shape is None or (magic == V2 and not shape):
        return None  # an array that was declared and never given a shape
    if storage == DENSE:
        return _read_dense(reader, shape)
    return _read_sparse(reader, storage, stored_shape or (), shape)


def _read_dense(reader: _Reader, shape: tuple[int, ...]) -> Array:
    reader.take(8)  # device type and number: values are loaded where the caller wants them
    if reader.peek("i") == BFLOAT16:
        reader.take(4)
        return from_bits(reader.values(shape, np.dtype("uint16")))
    dtype = reader.dtype()
    return reader.values(shape, dtype)


def _read_sparse(
    reader: _Reader, storage: int, stored_shape: tuple[int, ...], shape: tuple[int, ...]
) -> RowSparseArray | CsrArray:
    reader.take(8)
    dtype = reader.dtype()
    heads = [(reader.dtype(), reader.shape() or ()) for _ in range(storage)]  # 1 or 2 index arrays
    # MXNet writes 0 stored rows for an array built from (data, indices); the indices tell the truth
    stored = prod(heads[-1][1])
    data = reader.values((stored, *stored_shape[1:]), dtype)
    indices = [reader.values(aux_shape, aux_dtype) for aux_dtype, aux_shape in heads]
    sparse = (
        RowSparseArray(data, indices[0], shape)
        if storage == ROW_SPARSE
        else CsrArray(data, indices[1], indices[0], shape)  # type: ignore[arg-type]
    )
    _check_sparse(sparse)
    return sparse


def _check_sparse(sparse: RowSparseArray | CsrArray) -> None:
    """Refuse indices that would make `todense` read or write outside, or eat the memory."""
    indices, shape = sparse.indices, sparse.shape
    columns = shape[0] if isinstance(sparse, RowSparseArray) else shape[-1]
    good = indices.ndim == 1 and indices.dtype.kind in "iu" and all(s >= 0 for s in shape)
    good = good and (indices.size == 0 or (indices.min() >= 0 and indices.max() < columns))
    good = good and len(sparse.data) == len(indices)
    if isinstance(sparse, CsrArray):
        good = good and len(shape) == 2 and _is_row_pointer(sparse.indptr, shape[0], indices.size)
    else:
        good = good and sparse.data.shape[1:] == tuple(shape[1:])
    if not good:
        _fail(f"the indices of a sparse array of shape {shape} do not fit it")


def _is_row_pointer(indptr: Array, rows: int, stored: int) -> bool:
    return bool(
        indptr.shape == (rows + 1,)
        and indptr[0] == 0
        and indptr[-1] == stored
        and (np.diff(indptr) >= 0).all()
    )


def loads(content: bytes) -> dict[str, Any] | list[Any]:
    """Arrays from the bytes of a ``.params`` file, or of MXNet 2's, which are ``.npz`` archives.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    dict of str to array, or list of arrays
        As the file was saved; bfloat16 arrives as float32 where `ml_dtypes` is missing. An array
        is a NumPy array, a `RowSparseArray`, a `CsrArray`, or None for one that never got a shape.

    Raises
    ------
    FileFormatError
        If the bytes are truncated, corrupt or of another format. Memory use is bounded by the
        size of `content` even then.
    """
    if content[:2] == b"PK":
        return npz.loads(content)
    if content.startswith(npz.NPY_MARK):
        return [npz.load_one(content)]
    reader = _Reader(content)
    if len(content) < 24 or reader.number("Q") != LIST_MAGIC:
        _fail("it does not start with MXNet's file mark 0x112")
    reader.take(8)
    count = reader.number("Q")
    if count > len(content) // 8:
        _fail(f"it claims to hold {count} arrays in {len(content)} bytes")
    arrays = [_read_array(reader) for _ in range(count)]
    names = _read_names(reader, count)
    return dict(zip(names, arrays, strict=True)) if names else arrays


def _read_names(reader: _Reader, count: int) -> list[str]:
    named = reader.number("Q")
    if named not in (0, count):
        _fail(f"it has {named} names for {count} arrays")
    try:
        return [bytes(reader.take(reader.number("Q"))).decode("utf-8") for _ in range(named)]
    except UnicodeDecodeError:
        _fail("a name is not valid UTF-8")


def load(path: str | os.PathLike[str]) -> dict[str, Any] | list[Any]:
    """Arrays from the ``.params`` file at `path`; see `loads`.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FileFormatError
        If it is not a whole ``.params`` file; the message names it.
    """
    content = read_file(path)
    try:
        return loads(content)
    except FileFormatError as error:
        raise FileFormatError(f"{Path(path)}: {error}") from None


def _pack_shape(shape: Iterable[int]) -> bytes:
    sizes = tuple(shape)
    return struct.pack(f"<i{len(sizes)}q", len(sizes), *sizes)


def _dtype_code(dtype: np.dtype[Any]) -> int:
    if dtype.name == "bfloat16":
        return BFLOAT16
    code = DTYPE_CODES.get(dtype.newbyteorder("="))
    if code is None:
        raise DTypeError(
            explain(
                f"arrays of dtype {dtype} cannot be saved in a .params file.",
                f"one of {', '.join(DTYPES.values())}.",
                'convert first: x.astype("float32")',
            )
        )
    return code


def _pack_values(array: Array) -> bytes:
    array = np.asarray(array)
    if array.dtype.name == "bfloat16":
        array = array.view(np.uint16)
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _pack_array(array: Any, magic: int) -> bytes:
    if isinstance(array, RowSparseArray):
        return _pack_sparse(array, ROW_SPARSE, (array.indices,), magic)
    if isinstance(array, CsrArray):
        return _pack_sparse(array, CSR, (array.indptr, array.indices), magic)
    array = np.asarray(array)
    head = struct.pack("<Ii", magic, DENSE) + _pack_shape(array.shape)
    # device cpu(0): MXNet too writes where the bytes are now, not where the array lived
    return head + struct.pack("<3i", 1, 0, _dtype_code(array.dtype)) + _pack_values(array)


def _pack_sparse(
    array: RowSparseArray | CsrArray, storage: int, indices: tuple[Array, ...], magic: int
) -> bytes:
    head = struct.pack("<Ii", magic, storage) + _pack_shape(array.data.shape)
    head += _pack_shape(array.shape) + struct.pack("<3i", 1, 0, _dtype_code(array.data.dtype))
    for index in indices:
        head += struct.pack("<i", _dtype_code(index.dtype)) + _pack_shape(index.shape)
    return head + _pack_values(array.data) + b"".join(_pack_values(index) for index in indices)


def dumps(arrays: Mapping[str, Any] | Iterable[Any], *, numpy_shapes: bool = False) -> bytes:
    """Bytes of the ``.params`` file that holds `arrays`.

    Parameters
    ----------
    arrays : mapping of str to array, or iterable of arrays
        NumPy arrays of any shape, `RowSparseArray` or `CsrArray`.
    numpy_shapes : bool
        Write format V3, as ``npx.save`` does. It is used anyway when an array is 0-d or has no
        elements, which the older format cannot say.

    Returns
    -------
    bytes

    Raises
    ------
    DTypeError
        If an array's dtype has no number in the format, for example complex64.
    """
    named = isinstance(arrays, Mapping)
    values = list(arrays.values()) if isinstance(arrays, Mapping) else list(arrays)
    names = [str(name).encode("utf-8") for name in arrays] if named else []
    modern = numpy_shapes or any(0 in v.shape or len(v.shape) == 0 for v in values)
    pieces = [struct.pack("<3Q", LIST_MAGIC, 0, len(values))]
    pieces += [_pack_array(value, V3 if modern else V2) for value in values]
    pieces.append(struct.pack("<Q", len(names)))
    pieces += [struct.pack("<Q", len(name)) + name for name in names]
    return b"".join(pieces)


def save(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Any] | Iterable[Any],
    *,
    numpy_shapes: bool = False,
) -> None:
    """Write `arrays` to the ``.params`` file at `path`, atomically; see `dumps`."""
    write_atomically(path, dumps(arrays, numpy_shapes=numpy_shapes))
