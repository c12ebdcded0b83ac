"""Arenas that several plans use in turn: the two modes of an executor, and executors that share.

A block of memory is as large as the largest plan needs. Whoever runs its forward half takes the
block over, so that what another left there for its backward half is gone: that is noticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dlstudio.graph.program import Program

__all__ = ["Arenas", "Block"]

Array = Any


class Block:
    """Bytes on one device, and whose values lie there."""

    __slots__ = ("array", "user")

    def __init__(self, array: Array) -> None:
        self.array = array
        self.user: object = None


class Arenas:
    """One block per device, replaced by a larger one when a plan needs more."""

    def __init__(self) -> None:
        self._blocks: dict[str, Block] = {}

    def blocks(self, program: Program) -> dict[str, Block]:
        """Find room for a program, by device."""
        sizes = program.memory.arenas
        for device, nbytes in sizes.items():
            have = self._blocks.get(device)
            if have is None or have.array.nbytes < nbytes:
                array = program.devices[device].backend.empty((nbytes,), np.dtype(np.uint8))
                self._blocks[device] = Block(array)
        return {device: self._blocks[device] for device in sizes}

    @property
    def nbytes(self) -> int:
        """Bytes of all blocks."""
        return sum(block.array.nbytes for block in self._blocks.values())
