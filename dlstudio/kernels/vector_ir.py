"""Vector micro-kernels written in LLVM's own language, for any vector width.

numba's loops vectorise well when they stream through memory, but a convolution lives from keeping
a block of results in registers while inputs flow by. Here those inner blocks are emitted as
explicit ``<L x float>`` instructions; LLVM chooses the registers of the machine it runs on.

Two shapes of block are enough:

outer_tile    ``y[m, v] (+)= sum_k a[m, k] * b[k, v]``: scalars times vectors, for values and for
              gradients with respect to data.
dot_tile      ``out[i, j] += sum_p a[i, p] * b[j, p]``: vectors times vectors, for gradients with
              respect to weights when channels are too few to fill a vector.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types

from dlstudio.kernels.jit import intrinsic

__all__ = [
    "LANES",
    "VECTOR",
    "Machine",
    "VectorLoop",
    "call_vector",
    "dot_tile",
    "load_vector",
    "machine",
    "outer_tile",
    "pointer",
    "splat",
    "store_vector",
]

FLOAT = ir.FloatType()
INT64 = ir.IntType(64)


class Machine(NamedTuple):
    """What the block sizes depend on."""

    lanes: int  # float32 values in one vector register
    registers: int  # vector registers


def machine(features: dict[str, bool] | None = None, triple: str | None = None) -> Machine:
    """Vector unit of a CPU (of this one by default)."""
    features = llvm.get_host_cpu_features() if features is None else features
    triple = llvm.get_default_triple() if triple is None else triple
    if triple.startswith(("x86_64", "i686", "i386")):
        if features.get("avx512f"):
            return Machine(lanes=16, registers=32)
        return Machine(lanes=8 if features.get("avx") else 4, registers=16)
    if triple.startswith(("aarch64", "arm64", "powerpc64")):
        return Machine(lanes=4, registers=32)  # 128-bit vectors; SVE is used as if it were NEON
    return Machine(lanes=4, registers=16)


LANES = machine().lanes
VECTOR = ir.VectorType(FLOAT, LANES)


def _int(value: int) -> ir.Constant:
    return ir.Constant(INT64, value)


def _intrinsic(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, arguments), name)


def _multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    # fmuladd fuses where the machine can and multiplies, then adds, where it cannot; fma would
    # call a slow library function there.
    name = f"llvm.fmuladd.v{LANES}f32"
    return builder.call(_intrinsic(builder, name, VECTOR, [VECTOR] * 3), [x, y, z])


def call_vector(builder: Any, name: str, x: Any) -> Any:
    """``llvm.name`` of a vector, such as "sqrt" or "fabs"."""
    function = _intrinsic(builder, f"llvm.{name}.v{LANES}f32", VECTOR, [VECTOR])
    return builder.call(function, [x])


def splat(builder: Any, scalar: Any) -> Any:
    """Put a number into every lane."""
    int32 = ir.IntType(32)
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(int32, 0))
    everywhere = ir.Constant(ir.VectorType(int32, LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, everywhere)


def load_vector(builder: Any, address: Any) -> Any:
    """Read the vector that starts at an address of a float."""
    value = builder.load(builder.bitcast(address, VECTOR.as_pointer()))
    value.align = 4
    return value


def store_vector(builder: Any, value: Any, address: Any) -> None:
    """Write a vector from an address of a float on."""
    builder.store(value, builder.bitcast(address, VECTOR.as_pointer())).align = 4


def _lookup(builder: Any, base: Any, table: Any, index: Any) -> Any:
    """Address ``base + table[index]``."""
    return builder.gep(base, [builder.load(builder.gep(table, [index]))])


class VectorLoop:
    """``for k in range(0, count, step)`` with a block of vector accumulators, in SSA form."""

    def __init__(self, builder: Any, rows: int, columns: int) -> None:
        before = builder.block
        self.builder = builder
        self.body = builder.append_basic_block("body")
        self.after = builder.append_basic_block("after")
        builder.branch(self.body)
        builder.position_at_end(self.body)
        self.index = builder.phi(INT64)
        self.index.add_incoming(_int(0), before)
        self.sums = [[builder.phi(VECTOR) for _ in range(columns)] for _ in range(rows)]
        zero = ir.Constant(VECTOR, [0.0] * LANES)
        for row in self.sums:
            for phi in row:
                phi.add_incoming(zero, before)

    def close(self, new: list[list[Any]], count: Any, step: int) -> None:
        """Go round again with the accumulators `new`, or leave."""
        builder = self.builder
        following = builder.add(self.index, _int(step))
        self.index.add_incoming(following, self.body)
        for phis, values in zip(self.sums, new, strict=True):
            for phi, value in zip(phis, values, strict=True):
                phi.add_incoming(value, self.body)
        again = builder.icmp_signed("<", following, count)
        builder.cbranch(again, self.body, self.after)
        builder.position_at_end(self.after)


def _outer_sums(builder: Any, rows: int, vectors: int, arguments: Any) -> list[list[Any]]:
    a, a_row, a_k, count, b, b_k = arguments
    bases = [_lookup(builder, a, a_row, _int(m)) for m in range(rows)]
    loop = VectorLoop(builder, rows, vectors)
    offset = builder.load(builder.gep(a_k, [loop.index]))
    base = _lookup(builder, b, b_k, loop.index)
    values = [load_vector(builder, builder.gep(base, [_int(v * LANES)])) for v in range(vectors)]
    new = []
    for m in range(rows):
        factor = splat(builder, builder.load(builder.gep(bases[m], [offset])))
        pairs = zip(values, loop.sums[m], strict=True)
        new.append([_multiply_add(builder, factor, x, total) for x, total in pairs])
    loop.close(new, count, 1)
    return new


def _write_block(builder: Any, sums: list[list[Any]], y: Any, stride: Any, add: Any) -> None:
    """Store the block of sums at `y`, or add it to what is there."""
    addresses = [
        builder.gep(y, [builder.add(builder.mul(stride, _int(m)), _int(v * LANES))])
        for m, row in enumerate(sums)
        for v in range(len(row))
    ]
    flat = [value for row in sums for value in row]
    with builder.if_else(builder.icmp_signed("!=", add, _int(0))) as (adding, storing):
        with adding:
            for value, address in zip(flat, addresses, strict=True):
                store_vector(builder, builder.fadd(value, load_vector(builder, address)), address)
        with storing:
            for value, address in zip(flat, addresses, strict=True):
                store_vector(builder, value, address)


_FLOATS = types.CPointer(types.float32)
_INTS = types.CPointer(types.int64)


def outer_tile(rows: int, vectors: int) -> Any:
    """Make the block kernel ``y[m, v] (+)= sum_k a[a_row[m] + a_k[k]] * b[b_k[k] + v]``.

    Called in a kernel as ``tile(a, a_row, a_k, count, b, b_k, y, y_stride, add)`` with
    ``m < rows``, ``v < vectors * LANES``, pointers (see `pointer`), ``count >= 1`` and `add` 0 or
    1. The offset tables make strides, padding, dilation and any layout a matter of data.
    """

    @intrinsic
    def tile(context, a, a_row, a_k, count, b, b_k, y, stride, add):
        int64 = types.int64
        signature = types.void(_FLOATS, _INTS, _INTS, int64, _FLOATS, _INTS, _FLOATS, int64, int64)

        def generate(context, builder, signature, arguments):
            *inputs, y, stride, add = arguments
            sums = _outer_sums(builder, rows, vectors, inputs)
            _write_block(builder, sums, y, stride, add)
            return context.get_dummy_value()

        return signature, generate

    return tile


def _dot_sums(builder: Any, rows: int, columns: int, arguments: Any) -> list[list[Any]]:
    a, a_row, b, b_row, count = arguments
    left = [_lookup(builder, a, a_row, _int(i)) for i in range(rows)]
    right = [_lookup(builder, b, b_row, _int(j)) for j in range(columns)]
    loop = VectorLoop(builder, rows, columns)
    xs = [load_vector(builder, builder.gep(base, [loop.index])) for base in left]
    new: list[list[Any]] = [[] for _ in range(rows)]
    for j, base in enumerate(right):
        y = load_vector(builder, builder.gep(base, [loop.index]))
        for i, x in enumerate(xs):
            new[i].append(_multiply_add(builder, x, y, loop.sums[i][j]))
    loop.close(new, count, LANES)
    return new


def _add_scalar_sums(builder: Any, sums: list[list[Any]], out: Any) -> None:
    """Add the sum over the lanes of every accumulator to the scalars at `out`."""
    reduce = _intrinsic(builder, f"llvm.vector.reduce.fadd.v{LANES}f32", FLOAT, [FLOAT, VECTOR])
    zero = ir.Constant(FLOAT, 0.0)
    for k, value in enumerate(v for row in sums for v in row):
        total = builder.call(reduce, [zero, value], fastmath=("reassoc",))
        address = builder.gep(out, [_int(k)])
        builder.store(builder.fadd(total, builder.load(address)), address)


def dot_tile(rows: int, columns: int) -> Any:
    """Make the block kernel ``out[i, j] += sum_p a[a_row[i] + p] * b[b_row[j] + p]``.

    Called in a kernel as ``tile(a, a_row, b, b_row, count, out)``; `count` is a positive multiple
    of LANES and `out` is contiguous, ``rows * columns`` values.
    """

    @intrinsic
    def tile(context, a, a_row, b, b_row, count, out):
        signature = types.void(_FLOATS, _INTS, _FLOATS, _INTS, types.int64, _FLOATS)

        def generate(context, builder, signature, arguments):
            *inputs, out = arguments
            sums = _dot_sums(builder, rows, columns, inputs)
            _add_scalar_sums(builder, sums, out)
            return context.get_dummy_value()

        return signature, generate

    return tile


@intrinsic
def pointer(context, array, offset):
    """Address of ``array.reshape(-1)[offset]``, for a contiguous array."""
    signature = types.CPointer(array.dtype)(array, types.int64)

    def generate(context, builder, signature, arguments):
        array_type = signature.args[0]
        data = context.make_array(array_type)(context, builder, arguments[0]).data
        return builder.gep(data, [arguments[1]])

    return signature, generate
