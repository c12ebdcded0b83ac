"""Objects handed from process to process with their arrays in shared memory.

An object is pickled; its large arrays are left out and lie in *blocks* of anonymous shared memory
instead. A block has no name, so there is nothing to unlink and nothing can be left behind, even if
every process is killed: what travels over the pipe is a handle to it, the receiver maps it, and
the memory is gone with the last array that looks at it.

Arrays made by `empty` while a `Blocks` is collecting lie in a block from the beginning and are
handed over without being copied at all; other large arrays are copied into one block together.
"""

from __future__ import annotations

import functools
import io
import math
import mmap
import os
import pickle
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from dlstudio.core.device import Device
from dlstudio.core.sparse import BaseSparseNDArray
from dlstudio.core.tensor import Tensor
from dlstudio.trace import copies

__all__ = ["Block", "Message", "collecting", "empty", "pack", "receive"]

SMALL = 1 << 14  # below this many bytes, copying is cheaper than mapping pages
ALIGNMENT = 64

Array = Any
Place = tuple[int, int, tuple[int, ...], np.dtype[Any]]  # block, offset in bytes, shape, dtype


@dataclass(frozen=True)
class Block:
    """Anonymous memory that another process can map by its file descriptor."""

    descriptor: int
    memory: mmap.mmap

    @classmethod
    def allocate(cls, nbytes: int) -> Block:
        """Make a zero-filled block of at least one byte."""
        descriptor = _anonymous_file()
        os.ftruncate(descriptor, max(nbytes, 1))
        return cls(descriptor, mmap.mmap(descriptor, max(nbytes, 1)))

    @property
    def address(self) -> int:
        """Where the block begins in this process."""
        return _address(np.frombuffer(self.memory, np.uint8))

    def close(self) -> None:
        """Give up the handle; arrays that still look at the memory keep it."""
        os.close(self.descriptor)


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):  # Linux; unlike /dev/shm not limited to 64 MB in containers
        return os.memfd_create("dlstudio")
    with tempfile.TemporaryFile() as file:  # on Windows it goes with its last handle
        return os.dup(file.fileno())


_collected: list[Block] | None = None  # the blocks that `empty` adds to; a worker has one thread


@contextmanager
def collecting() -> Iterator[list[Block]]:
    """Let `empty` make its arrays in shared memory, for one object that will be packed."""
    global _collected  # noqa: PLW0603
    _collected = []
    try:
        yield _collected
    finally:
        _collected = None


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Make an array like ``np.empty``; in a block of its own while `collecting`."""
    nbytes = math.prod(shape) * dtype.itemsize
    if _collected is None or nbytes < SMALL or dtype.hasobject:
        return np.empty(shape, dtype)
    block = Block.allocate(nbytes)
    _collected.append(block)
    return np.frombuffer(block.memory, dtype, math.prod(shape)).reshape(shape)


@dataclass(frozen=True)
class Message:
    """A pickle and the blocks it refers to, ready to be sent any number of times."""

    body: bytes
    blocks: list[Block]
    sizes: list[int]

    def send(self, connection: Connection, receiver: int) -> None:
        """Send to the process with id `receiver` (Windows needs to know whom handles go to)."""
        connection.send((self.body, self.sizes))
        for block in self.blocks:
            reduction.send_handle(connection, _handle_of(block.descriptor), receiver)

    def close(self) -> None:
        """Give up the blocks' handles."""
        for block in self.blocks:
            block.close()


def pack(obj: Any, blocks: list[Block], base: type[pickle.Pickler] = pickle.Pickler) -> Message:
    """Pickle `obj` with its large arrays in shared memory.

    Parameters
    ----------
    obj : object
    blocks : list of Block
        Made by `empty`; arrays lying in one of them are not copied.
    base : type
        The pickler that knows how to write `obj`: pickle's, or cloudpickle's.
    """
    writer = _ArrayWriter(blocks)
    body = io.BytesIO()
    _pickler_class(base)(body, writer).dump(obj)
    everything = [*blocks, *writer.copy_into_block()]
    return Message(body.getvalue(), everything, [len(block.memory) for block in everything])


@functools.cache
def _pickler_class(base: type[pickle.Pickler]) -> Callable[[io.BytesIO, _ArrayWriter], Any]:
    class ArrayPickler(base):
        def __init__(self, body: io.BytesIO, writer: _ArrayWriter) -> None:
            super().__init__(body, protocol=pickle.HIGHEST_PROTOCOL)
            self._writer = writer

        def persistent_id(self, obj: Any) -> Place | None:
            return self._writer.place(obj)

        def reducer_override(self, obj: Any) -> Any:
            if (
                isinstance(obj, Tensor)
                and not isinstance(obj, BaseSparseNDArray)
                and obj.context.device_type == "cpu"
            ):
                return _wrap, (type(obj), np.asarray(obj), obj.context)
            inherited = getattr(super(), "reducer_override", None)
            return inherited(obj) if inherited else NotImplemented

    return ArrayPickler


def _wrap(cls: type[Tensor], array: Array, device: Device) -> Tensor:
    return cls._wrap(array, device)  # unlike unpickling elsewhere, without a copy


class _ArrayWriter:
    """Decides for each array where in shared memory the receiver will find it."""

    def __init__(self, blocks: list[Block]) -> None:
        self._starts = {block.address: number for number, block in enumerate(blocks)}
        self._packed_block = len(blocks)
        self._to_copy: dict[int, tuple[Array, Place]] = {}  # by id: the array is kept alive
        self._end = 0

    def place(self, obj: Any) -> Place | None:
        """Pickle's hook: where a large array will be found, None for what is pickled as usual."""
        if type(obj) is not np.ndarray or obj.nbytes < SMALL or obj.dtype.hasobject:
            return None
        if obj.flags.c_contiguous and (number := self._starts.get(_address(obj))) is not None:
            return number, 0, obj.shape, obj.dtype
        if id(obj) not in self._to_copy:
            offset = -(-self._end // ALIGNMENT) * ALIGNMENT  # rounded up
            self._end = offset + obj.nbytes
            self._to_copy[id(obj)] = obj, (self._packed_block, offset, obj.shape, obj.dtype)
        return self._to_copy[id(obj)][1]

    def copy_into_block(self) -> list[Block]:
        """Copy the arrays that are not shared yet into one block, if there are any."""
        if not self._to_copy:
            return []
        block = Block.allocate(self._end)
        for array, (_, offset, _, _) in self._to_copy.values():
            copies.count("cpu", "shared memory", array.nbytes, "sent to another process")
            flat = np.frombuffer(block.memory, array.dtype, array.size, offset)
            np.copyto(flat.reshape(array.shape), array)
        return [block]


def receive(connection: Connection, private: bool = False) -> Any:
    """Receive what `Message.send` sent; its arrays look at the shared memory.

    Parameters
    ----------
    connection : Connection
    private : bool, default False
        True: writing to an array copies its pages first and stays invisible to other receivers.
    """
    body, sizes = connection.recv()
    access = mmap.ACCESS_COPY if private else mmap.ACCESS_WRITE
    memories = [_map(reduction.recv_handle(connection), size, access) for size in sizes]
    return _Unpickler(io.BytesIO(body), memories, copy=len(_mapped) > MOST_MAPPED).load()


class _Unpickler(pickle.Unpickler):
    """Reads pickles of our own processes, whose arrays lie in `memories`."""

    def __init__(self, body: io.BytesIO, memories: list[mmap.mmap], copy: bool) -> None:
        super().__init__(body)
        self._memories = memories
        self._copy = copy

    def persistent_load(self, place: Place) -> Array:
        block, offset, shape, dtype = place
        flat = np.frombuffer(self._memories[block], dtype, math.prod(shape), offset)
        if self._copy:
            reason = f"more than {MOST_MAPPED} batches of loader workers are kept"
            copies.count("shared memory", "cpu", flat.nbytes, reason)
            flat = flat.copy()
        return flat.reshape(shape)


# Before Python 3.13 each mapping holds a file descriptor as long as it lives, and macOS gives a
# process 256 of them. A program that keeps more batches than this gets copies of the others.
MOST_MAPPED = 128
_mapped: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()


def _map(handle: int, size: int, access: int) -> mmap.mmap:
    descriptor = _descriptor_of(handle)
    try:
        memory = mmap.mmap(descriptor, size, access=access)
    finally:
        os.close(descriptor)  # a mapping does not need the handle it was made from
    _mapped.add(memory)
    return memory


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]


if sys.platform == "win32":
    import msvcrt

    _handle_of = msvcrt.get_osfhandle

    def _descriptor_of(handle: int) -> int:
        return msvcrt.open_osfhandle(handle, os.O_RDWR)

else:

    def _handle_of(descriptor: int) -> int:
        return descriptor

    def _descriptor_of(handle: int) -> int:
        return handle
