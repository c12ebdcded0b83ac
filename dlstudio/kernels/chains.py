"""Chains of elementwise operators, computed block by block.

Between two operators a block stays in the processor's second-level cache, so that memory is read
and written once for the whole chain. Each operator runs as in eager calls, into a register: a
block-sized buffer that is used again as soon as its value is dead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.registry import OPS
from dlstudio.kernels.scratch import aligned_zeros
from dlstudio.kernels.threads import parallel_for

__all__ = ["BLOCK", "BUILDERS", "Chain"]

Array = Any
Call = Callable[..., None]  # (out, *operands)
BLOCK = 16_384  # elements: 64 KiB of float32, a handful of which fit into the cache
GRAIN = 200_000  # operations that are worth one more thread


class Chain:
    """One chain for fixed shapes and dtypes.

    Parameters
    ----------
    ins : avals of the inputs, of the result's shape or of one element
    out : aval of the result
    steps : see `graph.pointwise`
    """

    def __init__(self, ins: Sequence[Aval], out: Aval, steps: Sequence[Any]) -> None:
        self.size, self.count = out.size, len(ins)
        self.single = [a.size == 1 and out.size > 1 for a in ins]
        self.steps = steps
        self.dtypes = _dtypes(ins, steps)
        self.registers, self.kinds = _allocate(self.dtypes, self.count, steps)
        tail = self.size % BLOCK
        self.blocks = -(-self.size // BLOCK)
        self._calls = {n: self._prepare(n) for n in {min(BLOCK, self.size), tail} if n}
        self._direct = self._writes_in_order()
        self._free: list[list[Array]] = [self._make()]

    def _make(self) -> list[Array]:
        return [aligned_zeros((min(BLOCK, self.size),), d) for d in self.kinds]

    def _writes_in_order(self) -> bool:
        """Whether the last step may write right over any input, which `out` may lie upon."""
        name, operands, _ = self.steps[-1]
        flags = OPS[name].flags
        return flags.out and all(
            k in flags.inplace for k, i in enumerate(operands) if i < self.count
        )

    def _prepare(self, length: int) -> list[tuple[Call, tuple[int, ...]]]:
        """One call per step, for blocks of a length: a compiled kernel, or NumPy."""
        return [
            (self._call(name, operands, dict(attrs), k, length), operands)
            for k, (name, operands, attrs) in enumerate(self.steps)
        ]

    def _call(
        self, name: str, operands: tuple[int, ...], attrs: dict[str, Any], k: int, length: int
    ) -> Call:
        from dlstudio import kernels

        lengths = [1 if i < self.count and self.single[i] else length for i in operands]
        avals = [Aval((n,), self.dtypes[i]) for n, i in zip(lengths, operands, strict=True)]
        result = Aval((length,), self.dtypes[self.count + k])
        fast = kernels.find(name, avals, (result,), {**OPS[name].attrs, **attrs})
        return fast or _on_numpy(name, attrs)

    # ---- running -------------------------------------------------------------------------
    def __call__(self, out: Array, *arrays: Array) -> None:
        """Fill `out`; all arrays are C-contiguous."""
        flat = [a.reshape(-1) for a in arrays]
        work = self.size * len(self.steps)
        parallel_for(
            self._run, self.blocks, (out.reshape(-1), flat), work=work, grain=GRAIN
        )  # fmt: skip

    def _run(self, out: Array, flat: list[Array], lo: int, hi: int, worker: int) -> None:
        del worker
        try:
            registers = self._free.pop()  # pop and append are atomic
        except IndexError:
            registers = self._make()
        for block in range(lo, hi):
            start, stop = block * BLOCK, min((block + 1) * BLOCK, self.size)
            self._block(out[start:stop], flat, registers, start, stop)
        self._free.append(registers)

    def _block(
        self, out: Array, flat: list[Array], registers: list[Array], start: int, stop: int
    ) -> None:
        values = [
            a if one else a[start:stop] for a, one in zip(flat, self.single, strict=True)
        ]  # fmt: skip
        calls, last = self._calls[stop - start], len(self.steps) - 1
        for k, (call, operands) in enumerate(calls):
            direct = k == last and self._direct
            target = out if direct else registers[self.registers[k]][: stop - start]
            call(target, *[values[i] for i in operands])
            values.append(target)
        if not self._direct:
            out[...] = values[-1]


def _on_numpy(name: str, attrs: dict[str, Any]) -> Call:
    forward = OPS[name].forward
    if OPS[name].flags.out:

        def into(out: Array, *operands: Array) -> None:
            forward(np, *operands, out=out, **attrs)

        return into

    def through(out: Array, *operands: Array) -> None:
        out[...] = forward(np, *operands, **attrs)

    return through


def _dtypes(ins: Sequence[Aval], steps: Sequence[Any]) -> list[np.dtype[Any]]:
    """Dtypes of the inputs and then of every step."""
    avals = [Aval((1,), a.dtype) for a in ins]
    for name, operands, attrs in steps:
        given = {**OPS[name].attrs, **dict(attrs)}
        avals.append(OPS[name].infer(*(avals[i] for i in operands), **given))
    return [np.dtype(a.dtype) for a in avals]


def _allocate(
    dtypes: Sequence[np.dtype[Any]], count: int, steps: Sequence[Any]
) -> tuple[list[int], list[np.dtype[Any]]]:
    """Give each step a register, and each register a dtype; registers of dead values return."""
    last = {i: k for k, (_, operands, _) in enumerate(steps) for i in operands}
    chosen: list[int] = []
    kinds: list[np.dtype[Any]] = []
    free: list[int] = []
    for k, (_, operands, _) in enumerate(steps):
        dtype = dtypes[count + k]
        found = next((r for r in free if kinds[r] == dtype), None)
        if found is None:
            found = len(kinds)
            kinds.append(dtype)
        else:
            free.remove(found)
        chosen.append(found)
        free += {chosen[i - count] for i in operands if i >= count and last[i] == k}
    return chosen, kinds


def _build(ins: Sequence[Aval], outs: Sequence[Aval], attrs: dict[str, Any]) -> Call | None:
    out = outs[0]
    alike = all(a.shape == out.shape or a.size == 1 for a in ins)
    return Chain(ins, out, attrs["steps"]) if alike and out.size else None


BUILDERS = {"fused_pointwise": _build}
