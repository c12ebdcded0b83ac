"""Plans of a convolution and its two gradients: which loops, which tables, how much scratch.

A correlation reads a padded plane of the source at ``row(h, w) + tap(c, i, j)``. With the stride
s, dilation d and padding p of a layer (written for one axis; the other is alike):

- forward: output h reads source ``h*s + i*d - p``;
- gradient of the data: source position ``x = a + h*s`` (one *phase* per a < s) receives from
  output ``h + (a + p - i*d) / s``, for those taps i where that division leaves no remainder.

Both are correlations with whole offsets, so one class serves both; a stride s makes the second one
s * s small correlations that together write every position once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from dlstudio.kernels import conv_loops as loops
from dlstudio.kernels.conv_rows import LOAD_PLAIN
from dlstudio.kernels.scratch import Scratch
from dlstudio.kernels.threads import budget, parallel_for
from dlstudio.kernels.vector_ir import LANES

__all__ = [
    "Correlation",
    "Layer",
    "WeightGradient",
    "data_gradient",
    "forward",
    "weight_gradient",
]

Array = Any
_GRAIN = 200_000  # multiply-adds worth one more thread
_CHUNK = 16_384  # floats of results that are computed before they are stored: 64 KiB
_SLACK = 4 * LANES  # floats behind a buffer whose last row is worked on in whole vectors
_NO_CODES = np.zeros((1, 1, 1, 1), np.uint8)
_NO_MASK = np.zeros((1, 1, 1, 1), np.float32)
_NOTHING = np.zeros((1, 1, 1, 1), np.uint8)


class Layer(NamedTuple):
    """Sizes of a two-dimensional convolution, rows before columns."""

    batch: int
    channels: int
    size: tuple[int, int]
    outputs: int
    out_size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilate: tuple[int, int]
    pad: tuple[int, int]
    groups: int

    @property
    def work(self) -> int:
        """Multiply-adds of one pass."""
        taps = self.kernel[0] * self.kernel[1] * self.channels // self.groups
        return self.batch * self.outputs * self.out_size[0] * self.out_size[1] * taps


class _Offsets(NamedTuple):
    """One axis of a correlation: taps used, their offsets, step of the grid, its length."""

    taps: tuple[int, ...]
    offsets: tuple[int, ...]
    step: int
    length: int
    first: int = 0  # where results go: first, first + out_step, ...
    out_step: int = 1


def _forward_axis(layer: Layer, axis: int) -> _Offsets:
    taps = tuple(range(layer.kernel[axis]))
    offsets = tuple(i * layer.dilate[axis] - layer.pad[axis] for i in taps)
    return _Offsets(taps, offsets, layer.stride[axis], layer.out_size[axis])


def _phase_axes(layer: Layer, axis: int) -> list[_Offsets]:
    """Data-gradient phases of one axis."""
    stride = layer.stride[axis]
    phases = []
    for a in range(min(stride, layer.size[axis])):
        shift = [a + layer.pad[axis] - i * layer.dilate[axis] for i in range(layer.kernel[axis])]
        taps = tuple(i for i, d in enumerate(shift) if d % stride == 0)
        offsets = tuple(shift[i] // stride for i in taps)
        length = -(-(layer.size[axis] - a) // stride)
        phases.append(_Offsets(taps, offsets, 1, length, a, stride))
    return phases


class _Frame(NamedTuple):
    """A plane with room for every offset: `before` zeros in front, `length` in all."""

    before: int
    length: int


def _frame(axis: _Offsets, size: int) -> _Frame:
    before = max(0, -min(axis.offsets))
    reach = (axis.length - 1) * axis.step + max(axis.offsets) + 1
    return _Frame(before, before + max(size, reach))


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def _taps(
    channels: int, plane: int, rows: _Offsets, columns: _Offsets, frames: tuple[_Frame, _Frame]
) -> Array:
    """Offset of each (channel, tap) from a position's own offset."""
    down = (np.array(rows.offsets) + frames[0].before) * frames[1].length
    right = np.array(columns.offsets) + frames[1].before
    inside = (down[:, None] + right[None, :]).reshape(-1)
    return (np.arange(channels)[:, None] * plane + inside).reshape(-1).astype(np.int64)


def _positions(rows: _Offsets, columns: _Offsets, width: int, multiple: int) -> Array:
    """Offset of each output position, padded with zeros to a multiple."""
    down = np.arange(rows.length) * rows.step * width
    grid = (down[:, None] + np.arange(columns.length) * columns.step).reshape(-1)
    return np.pad(grid, (0, -len(grid) % multiple)).astype(np.int64)


def _lines(layer: Layer) -> tuple[int, int, int]:
    """Shape of the scratch for pooled rows: two rows of whole vectors per thread."""
    return budget(), 2, _round_up(max(1, layer.out_size[1] // 2), LANES)


_SPATIAL_BLOCKS = {
    0: loops.SPATIAL,
    1: loops.SPATIAL_SIX,
    2: loops.SPATIAL_ONE,
}


def _choose(outputs: int, extent: int, useful: int, step: int) -> int:
    """Choose the method whose vectors carry most useful results."""
    channel_use = outputs / _round_up(outputs, LANES)
    best, method = (channel_use if outputs > LANES // 4 or step > 1 else 0.0), 3
    if step > 1:
        return method
    for candidate, (rows, vectors) in _SPATIAL_BLOCKS.items():
        columns = useful / _round_up(extent, vectors * LANES)
        # One row per block loads two operands for each product, and reaches half the speed.
        use = outputs / _round_up(outputs, rows) * columns * (0.5 if rows == 1 else 1.0)
        if use > 1.05 * best:
            best, method = use, candidate
    return method


class Correlation:
    """One grid of results, ``y[o, h, w] = sum over taps``, with its tables and scratch.

    Parameters
    ----------
    layer : Layer
    rows, columns : _Offsets
    transposed : bool
        Gradient of the data: output channels of the layer are the source.
    load : int
        ``LOAD_PLAIN``, ``LOAD_MASKED`` (source counts where the mask is positive) or
        ``LOAD_UNPOOLED`` (source is a pooled gradient, the codes say where it belongs).
    relu, pool : bool
        What is done to results as they are stored.
    """

    def __init__(
        self,
        layer: Layer,
        rows: _Offsets,
        columns: _Offsets,
        *,
        transposed: bool = False,
        load: int = LOAD_PLAIN,
        relu: bool = False,
        pool: bool = False,
    ) -> None:
        groups = layer.groups
        source, outputs = layer.channels // groups, layer.outputs // groups
        if transposed:
            source, outputs = outputs, source
        size = layer.out_size if transposed else layer.size
        frames = _frame(rows, size[0]), _frame(columns, size[1])
        width = frames[1].length
        plane = _round_up(frames[0].length * width, LANES)
        extent = rows.length * width
        self.method = _choose(
            outputs, extent, rows.length * columns.length, max(rows.step, columns.step)
        )
        self.layer, self.transposed = layer, transposed
        self._pack, self._correlate = loops.pack.load(), loops.correlate.load()
        self.taps = _taps(source, plane, rows, columns, frames)
        self.weight_taps = np.array(
            [i * layer.kernel[1] + j for i in rows.taps for j in columns.taps], np.int64
        )
        where = [rows.first, columns.first, rows.out_step, columns.out_step]
        grid = [*where, rows.length, columns.length, int(relu), int(pool)]
        head = [self.method, load, source, outputs]
        base = [frames[0].before * width + frames[1].before, width, plane]
        if self.method == loops.METHOD_CHANNEL:
            self._use_channels(head, base, grid, rows, columns)
        else:
            self._use_space(head, base, grid, extent)
        slack = source * plane + 64 * LANES + width
        self.bias = np.zeros(layer.channels if transposed else layer.outputs, np.float32)
        common = dict(
            tiles=(budget(), self._tile_floats + _SLACK),
            packed=(groups, self._blocks * len(self.taps) * self.block),
        )
        self.scratch = Scratch(image=(budget(), slack), lines=_lines(layer), common=common)

    def _use_channels(
        self, head: list[int], base: list[int], grid: list[int], rows: _Offsets, columns: _Offsets
    ) -> None:
        outputs, width = head[3], base[1]
        self.block = loops.CHANNEL[1] * LANES
        self._blocks = -(-outputs // self.block)
        stride = self._blocks * self.block
        # A chunk may start at any position, so that its last tile can reach beyond the last one.
        self.rows = np.pad(_positions(rows, columns, width, 1), (0, loops.CHANNEL[0]))
        self.steps = np.arange(len(self.taps), dtype=np.int64) * self.block
        pairs = max(1, _CHUNK // (2 * columns.length * stride))  # whole pairs, for pooling
        chunk = min(2 * pairs, rows.length)
        self._tile_floats = (chunk * columns.length + loops.CHANNEL[0]) * stride
        places = [1, columns.length * stride, stride]
        self.shape = np.array([*head, 0, self._blocks, *base, *places, *grid, chunk], np.int64)

    def _use_space(self, head: list[int], base: list[int], grid: list[int], extent: int) -> None:
        rows, vectors = _SPATIAL_BLOCKS[self.method]
        self.block = rows
        self._blocks = -(-head[3] // rows)
        plane = _round_up(extent, vectors * LANES)
        self.rows = np.arange(rows, dtype=np.int64)
        self.steps = np.arange(len(self.taps), dtype=np.int64) * rows
        self._tile_floats = self._blocks * rows * plane
        places = [plane, base[1], 1]
        numbers = [*head, extent, self._blocks, *base, *places, *grid, grid[4]]
        self.shape = np.array(numbers, np.int64)

    def __call__(
        self,
        source: Array,
        weight: Array,
        y: Array,
        *,
        bias: Array = None,
        codes: Array = _NO_CODES,
        mask: Array = _NO_MASK,
        y_codes: Array = _NOTHING,
    ) -> None:
        """Fill `y`; `weight` is (OC, C/groups, kh*kw)."""
        scratch = self.scratch.borrow()
        transposed, groups = int(self.transposed), self.layer.groups
        self._pack(weight, self.weight_taps, transposed, groups, self.block, scratch.packed)
        arguments = (
            source, codes, mask, scratch.packed, self.bias if bias is None else bias,
            self.taps, self.rows, self.steps, self.shape, scratch.image, scratch.tiles,
            scratch.lines, y, y_codes,
        )  # fmt: skip
        parallel_for(
            self._correlate, self.layer.batch, arguments,
            work=self.layer.work, grain=_GRAIN, workers=len(scratch.image),
        )  # fmt: skip
        self.scratch.give_back(scratch)


class WeightGradient:
    """``dw[o, c, i, j] = sum over images and positions``, and the gradient of the bias beside it.

    Parameters
    ----------
    layer : Layer
    load : int
        How the head gradient is read, as in `Correlation`.
    """

    def __init__(self, layer: Layer, *, load: int = LOAD_PLAIN) -> None:
        self.layer = layer
        self._accumulate, self._unpack = loops.weight_gradient.load(), loops.unpack.load()
        rows, columns = _forward_axis(layer, 0), _forward_axis(layer, 1)
        channels, outputs = layer.channels // layer.groups, layer.outputs // layer.groups
        frames = _frame(rows, layer.size[0]), _frame(columns, layer.size[1])
        width = frames[1].length
        plane = _round_up(frames[0].length * width, LANES)
        taps = _taps(channels, plane, rows, columns, frames)
        base = [frames[0].before * width + frames[1].before, width, plane]
        strided = max(layer.stride) > 1
        # Summing over positions costs a reduction at the end, summing over channels costs empty
        # lanes: from half a vector of channels on the second is cheaper.
        by_channel = strided or outputs > LANES // 2
        self.method = loops.METHOD_CHANNEL if by_channel else loops.METHOD_SPATIAL
        head = [self.method, load, channels, outputs]
        if by_channel:
            self._use_channels(head, base, taps, rows, columns)
        else:
            self._use_space(head, base, taps, rows)
        threads = budget()
        self.scratch = Scratch(
            image=(threads, channels * plane + 64 * LANES + width),
            grads=(threads, self._grad_floats + _SLACK),
            lines=_lines(layer),
            common=dict(
                sums=(threads, layer.groups, self._sum_floats), bias=(threads, layer.outputs)
            ),
        )

    def _use_channels(
        self, head: list[int], base: list[int], taps: Array, rows: _Offsets, columns: _Offsets
    ) -> None:
        block = loops.CHANNEL[1] * LANES
        blocks = -(-head[3] // block)
        stride = blocks * block
        self.taps = np.pad(taps, (0, -len(taps) % loops.CHANNEL[0]))
        self.positions = _positions(rows, columns, base[1], 1)
        self.steps = np.arange(512, dtype=np.int64) * stride
        self._grad_floats = len(self.positions) * stride
        self._sum_floats = blocks * len(self.taps) * block
        places = [1, columns.length * stride, stride]
        self.shape = np.array([*head, 0, blocks, *base, *places], np.int64)
        self.unpack_shape = np.array([*head, len(self.taps), blocks], np.int64)

    def _use_space(self, head: list[int], base: list[int], taps: Array, rows: _Offsets) -> None:
        width = base[1]
        extent = _round_up(rows.length * width, LANES)
        outputs = _round_up(head[3], loops.DOT[0])
        self.taps = np.pad(taps, (0, -len(taps) % loops.DOT[1]))
        self.positions = np.arange(outputs, dtype=np.int64) * extent
        self.steps = np.zeros(1, np.int64)
        self._grad_floats = outputs * extent
        self._sum_floats = outputs * len(self.taps)
        self.shape = np.array([*head, extent, 1, *base, extent, width, 1], np.int64)
        self.unpack_shape = np.array([*head, len(self.taps), 1], np.int64)

    def __call__(
        self,
        grad: Array,
        source: Array,
        weight: Array,
        *,
        bias: Array = None,
        codes: Array = _NO_CODES,
        mask: Array = _NO_MASK,
    ) -> None:
        """Fill `weight`, (OC, C/groups, kh*kw), and `bias` if given."""
        scratch = self.scratch.borrow()
        scratch.sums.fill(0)
        scratch.bias.fill(0)
        arguments = (
            source, grad, codes, mask, self.taps, self.positions, self.steps, self.shape,
            scratch.image, scratch.grads, scratch.lines, scratch.sums, scratch.bias,
        )  # fmt: skip
        parallel_for(
            self._accumulate, self.layer.batch, arguments,
            work=self.layer.work, grain=_GRAIN, workers=len(scratch.image),
        )  # fmt: skip
        self._unpack(scratch.sums, self.unpack_shape, weight)
        if bias is not None:
            scratch.bias.sum(axis=0, out=bias)
        self.scratch.give_back(scratch)


# Layers alike in all sizes share one plan, and so its scratch: a residual network has few kinds.
_plans: WeakValueDictionary[Any, Any] = WeakValueDictionary()


def _shared(make: Callable[..., Any], layer: Layer, *rest: Any, **options: Any) -> Any:
    key = (make, layer, rest, tuple(options.items()), budget())
    found = _plans.get(key)
    if found is None:
        found = _plans[key] = make(layer, *rest, **options)
    return found


def forward(layer: Layer, *, relu: bool = False, pool: bool = False) -> Correlation:
    """Make the correlation that computes a convolution's output."""
    axes = _forward_axis(layer, 0), _forward_axis(layer, 1)
    return _shared(Correlation, layer, *axes, relu=relu, pool=pool)


def data_gradient(layer: Layer, *, load: int = LOAD_PLAIN) -> tuple[list[Correlation], bool]:
    """Make the correlations that compute the gradient of the data, and whether they leave gaps."""
    phases = [
        (rows, columns) for rows in _phase_axes(layer, 0) for columns in _phase_axes(layer, 1)
    ]
    used = [(rows, columns) for rows, columns in phases if rows.taps and columns.taps]
    passes = [_shared(Correlation, layer, *axes, transposed=True, load=load) for axes in used]
    return passes, len(used) < len(phases)


def weight_gradient(layer: Layer, *, load: int = LOAD_PLAIN) -> WeightGradient:
    """Make the plan of the gradient of the weights."""
    return _shared(WeightGradient, layer, load=load)
