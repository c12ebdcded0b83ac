"""The compiled loops of convolution: one image at a time through scratch that stays in the cache.

All three convolutions of a training step are correlations over a zero-padded image held in
scratch, driven by offset tables (built in `conv.py`):

- *spatial*: a vector holds neighbouring positions of one output channel. Best for few channels.
  Rows are computed at the padded width; the surplus columns are dropped when results are stored.
- *channel*: a vector holds neighbouring output channels of one position. Best from 16 channels on,
  and the only one with a stride.

Loading can undo a pooling or a rectifier (so that gradients of a fused layer are never stored at
full size), and storing can add a bias, rectify and pool.
"""

from __future__ import annotations

import numpy as np

from dlstudio.kernels.conv_rows import LOAD_PLAIN, load, pool_plane, store_plane
from dlstudio.kernels.jit import compiled, declared, helper
from dlstudio.kernels.vector_ir import LANES, dot_tile, machine, outer_tile, pointer

__all__ = ["CHANNEL", "DOT", "KERNELS", "SPATIAL", "SPATIAL_ONE", "SPATIAL_SIX"]

_wide = machine().registers >= 32
# (rows, vectors) of each block: as many sums as registers, less those for the operands.
SPATIAL = (8, 3) if _wide else (4, 3)
SPATIAL_SIX = (6, 4) if _wide else (6, 2)
SPATIAL_ONE = (1, 8)
CHANNEL = (8, 2) if _wide else (6, 2)
DOT = (4, 6) if _wide else (3, 4)

METHOD_SPATIAL, METHOD_SIX, METHOD_ONE, METHOD_CHANNEL = 0, 1, 2, 3

_spatial_tile = outer_tile(*SPATIAL)
_six_tile = outer_tile(*SPATIAL_SIX)
_one_tile = outer_tile(*SPATIAL_ONE)
_channel_tile = outer_tile(*CHANNEL)
_channel_half = outer_tile(CHANNEL[0], 1)
_dot = dot_tile(*DOT)
_ZERO = np.float32(0)
_LOWEST = np.float32(-np.inf)
_ROWS, _SIX, _HALF, _BLOCK = SPATIAL[0], SPATIAL_SIX[0], CHANNEL[0], CHANNEL[1] * LANES
_DOT_ROWS, _DOT_COLUMNS = DOT
_STEP, _SIX_STEP, _ONE_STEP = SPATIAL[1] * LANES, SPATIAL_SIX[1] * LANES, SPATIAL_ONE[1] * LANES
_L1_FLOATS = 6144  # three quarters of a 32 KiB first-level cache, in floats


# ---- correlation ---------------------------------------------------------------------------


def _spatial_fill(tile, rows, step):
    def fill(packed, unit, count, steps, image, taps, tiles, plane, extent, blocks):
        for t in range(0, extent, step):
            for m in range(blocks):
                tile(
                    pointer(packed, m * count * rows), pointer(unit, 0), pointer(steps, 0), count,
                    pointer(image, t), pointer(taps, 0),
                    pointer(tiles, m * rows * plane + t), plane, 0,
                )  # fmt: skip

    return helper(fill)


_fill_spatial = _spatial_fill(_spatial_tile, _ROWS, _STEP)
_fill_six = _spatial_fill(_six_tile, _SIX, _SIX_STEP)
_fill_one = _spatial_fill(_one_tile, 1, _ONE_STEP)


@helper
def _fill(method, packed, unit, count, steps, image, taps, tiles, plane, extent, blocks):
    """All results of a group by one of the spatial methods."""
    if method == METHOD_SPATIAL:
        _fill_spatial(packed, unit, count, steps, image, taps, tiles, plane, extent, blocks)
    elif method == METHOD_SIX:
        _fill_six(packed, unit, count, steps, image, taps, tiles, plane, extent, blocks)
    else:
        _fill_one(packed, unit, count, steps, image, taps, tiles, plane, extent, blocks)


@helper
def _fill_channel(packed, rows, count, steps, image, taps, tiles, extent, blocks, channels):
    stride = blocks * _BLOCK
    pieces = (count * _BLOCK + _L1_FLOATS - 1) // _L1_FLOATS
    size = (count + pieces - 1) // pieces  # weights of one piece stay in the first-level cache
    for q in range(blocks):
        half = channels - q * _BLOCK <= LANES
        for k in range(0, count, size):
            length = min(size, count - k)
            weights = (q * count + k) * _BLOCK
            for r in range(0, extent, _HALF):
                if half:
                    _channel_half(
                        pointer(image, 0), pointer(rows, r), pointer(taps, k), length,
                        pointer(packed, weights), pointer(steps, 0),
                        pointer(tiles, r * stride + q * _BLOCK), stride, k,
                    )  # fmt: skip
                else:
                    _channel_tile(
                        pointer(image, 0), pointer(rows, r), pointer(taps, k), length,
                        pointer(packed, weights), pointer(steps, 0),
                        pointer(tiles, r * stride + q * _BLOCK), stride, k,
                    )  # fmt: skip


@compiled(
    "float32[:,:,:,::1]", "uint8[:,:,:,::1]", "float32[:,:,:,::1]",  # source, codes, mask
    "float32[:,::1]", "float32[::1]",  # packed weights of each group, bias
    "int64[::1]", "int64[::1]", "int64[::1]", "int64[::1]",  # taps, rows, steps, shape
    "float32[:,::1]", "float32[:,::1]", "float32[:,:,::1]",  # scratch: image, tiles, lines
    "float32[:,:,:,::1]", "uint8[:,:,:,::1]", "int64", "int64", "int64",
)  # fmt: skip
def correlate(
    source, codes, mask, packed, bias, taps, rows, steps, shape, images, all_tiles, all_lines,
    y, y_codes, lo, hi, worker,
):  # fmt: skip
    """Images lo ... hi of a (transposed) convolution; `shape` is `conv.Correlation.shape`."""
    method, how, channels, outputs, extent, blocks = shape[:6]
    base, row, plane, tile_plane, tile_row, tile_step = shape[6:12]
    top, left, down, right, height, width, relu, pool, chunk = shape[12:21]
    image, tiles, lines = images[worker], all_tiles[worker], all_lines[worker]
    lowest = _ZERO if relu == 1 else _LOWEST
    count = taps.size
    for n in range(lo, hi):
        for g in range(packed.shape[0]):
            load(how, source, codes, mask, n, g * channels, channels, image, base, plane, row, 1,
                  lines)  # fmt: skip
            for first in range(0, height, chunk):  # rows whose results stay in the cache
                last = min(first + chunk, height)
                if method == METHOD_CHANNEL:
                    _fill_channel(
                        packed[g], rows[first * width :], count, steps, image, taps, tiles,
                        (last - first) * width, blocks, outputs,
                    )  # fmt: skip
                else:
                    _fill(
                        method, packed[g], rows, count, steps, image, taps, tiles, tile_plane,
                        extent, blocks,
                    )  # fmt: skip
                for o in range(outputs):
                    c = g * outputs + o
                    if pool == 1:
                        pool_plane(
                            tiles, o * tile_plane, tile_row, tile_step, bias[c], lowest,
                            y[n, c, first // 2 : last // 2], y_codes[n, c, first // 2 : last // 2],
                            lines,
                        )  # fmt: skip
                    else:
                        store_plane(
                            tiles, o * tile_plane, tile_row, tile_step, bias[c], lowest, y[n, c],
                            top + first * down, left, down, right, last - first, width,
                        )  # fmt: skip


@compiled(
    "float32[:,:,::1]", "int64[::1]", "int64", "int64", "int64", "float32[:,::1]"
)  # fmt: skip
def pack(weight, taps, transposed, groups, block, packed):
    """Weights (OC, C/groups, kh*kw) into the order in which a tile reads them.

    ``packed[g]`` is (blocks, K, block): `block` output channels lie side by side. The gradient
    with respect to data exchanges input and output channels (`transposed`).
    """
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    count = taps.size * (outputs if transposed == 1 else inputs)
    for g in range(groups):
        target = packed[g]
        for o in range(outputs):
            for c in range(inputs):
                lane, channel = (c, o) if transposed == 1 else (o, c)
                at = ((lane // block) * count + channel * taps.size) * block + lane % block
                line = weight[g * outputs + o, c]
                for t in range(taps.size):
                    target[at + t * block] = line[taps[t]]


# ---- gradient with respect to weights --------------------------------------------------------


@helper
def _dot_products(image, grads, grad_rows, taps, extent, sums):
    columns = taps.size // _DOT_COLUMNS
    piece = 512  # floats of a row that are worked on while they are in the first-level cache
    for t in range(0, extent, piece):
        length = min(piece, extent - t)
        for j in range(columns):
            for i in range(grad_rows.size // _DOT_ROWS):
                _dot(
                    pointer(grads, t), pointer(grad_rows, i * _DOT_ROWS),
                    pointer(image, t), pointer(taps, j * _DOT_COLUMNS), length,
                    pointer(sums, (i * columns + j) * _DOT_ROWS * _DOT_COLUMNS),
                )  # fmt: skip


@helper
def _outer_products(image, grads, positions, steps, taps, blocks, channels, sums):
    stride = blocks * _BLOCK
    piece = min(512, max(32, 4096 // stride))  # half a first-level cache of gradients
    for p in range(0, positions.size, piece):
        length = min(piece, positions.size - p)
        for q in range(blocks):
            half = channels - q * _BLOCK <= LANES
            for r in range(0, taps.size, _HALF):
                if half:
                    _channel_half(
                        pointer(image, 0), pointer(taps, r), pointer(positions, p), length,
                        pointer(grads, p * stride + q * _BLOCK), pointer(steps, 0),
                        pointer(sums, (q * taps.size + r) * _BLOCK), _BLOCK, 1,
                    )  # fmt: skip
                else:
                    _channel_tile(
                        pointer(image, 0), pointer(taps, r), pointer(positions, p), length,
                        pointer(grads, p * stride + q * _BLOCK), pointer(steps, 0),
                        pointer(sums, (q * taps.size + r) * _BLOCK), _BLOCK, 1,
                    )  # fmt: skip


@helper
def _add_bias_gradient(grads, plane, step, positions, totals):
    """``totals += sums over positions`` of the loaded gradient, whose padding is zero."""
    if step == 1:
        for o in range(totals.size):
            line = grads[o * plane : (o + 1) * plane]
            s = _ZERO
            for p in range(line.size):
                s += line[p]
            totals[o] += s
    else:
        for p in range(positions):
            line = grads[p * step : (p + 1) * step]
            for o in range(totals.size):
                totals[o] += line[o]


@compiled(
    "float32[:,:,:,::1]", "float32[:,:,:,::1]", "uint8[:,:,:,::1]", "float32[:,:,:,::1]",
    "int64[::1]", "int64[::1]", "int64[::1]", "int64[::1]",  # taps, positions, steps, shape
    "float32[:,::1]", "float32[:,::1]", "float32[:,:,::1]",  # scratch: image, gradient, lines
    "float32[:,:,::1]", "float32[:,::1]", "int64", "int64", "int64",
)  # fmt: skip
def weight_gradient(
    source, grad, codes, mask, taps, positions, steps, shape, images, all_grads, all_lines, sums,
    bias_sums, lo, hi, worker,
):  # fmt: skip
    """Add images lo ... hi to ``sums[worker]``; `shape` is `conv.WeightGradient.shape`."""
    method, how, channels, outputs, extent, blocks = shape[:6]
    base, row, plane, grad_plane, grad_row, grad_step = shape[6:12]
    image, grads, lines = images[worker], all_grads[worker], all_lines[worker]
    for n in range(lo, hi):
        for g in range(sums.shape[1]):
            first = g * outputs
            load(LOAD_PLAIN, source, codes, mask, n, g * channels, channels, image, base, plane,
                  row, 1, lines)  # fmt: skip
            load(how, grad, codes, mask, n, first, outputs, grads, 0, grad_plane, grad_row,
                  grad_step, lines)  # fmt: skip
            _add_bias_gradient(
                grads, grad_plane, grad_step, positions.size,
                bias_sums[worker, first : first + outputs],
            )  # fmt: skip
            if method == METHOD_CHANNEL:
                _outer_products(
                    image, grads, positions, steps, taps, blocks, outputs, sums[worker, g]
                )
            else:
                _dot_products(image, grads, positions, taps, extent, sums[worker, g])


@compiled("float32[:,:,::1]", "int64[::1]", "float32[:,:,::1]")
def unpack(sums, shape, out):
    """Sum the workers' results and put them in the order of the weights (OC, C/groups, kh*kw)."""
    method, _, channels, outputs, padded_taps, _ = shape[:6]
    taps = out.shape[2]
    columns = padded_taps // _DOT_COLUMNS
    for o in range(out.shape[0]):
        g, lane = o // outputs, o % outputs
        for c in range(channels):
            for t in range(taps):
                k = c * taps + t
                if method == METHOD_CHANNEL:
                    at = ((lane // _BLOCK) * padded_taps + k) * _BLOCK + lane % _BLOCK
                else:
                    at = ((lane // _DOT_ROWS) * columns + k // _DOT_COLUMNS) * _DOT_ROWS
                    at = (at + lane % _DOT_ROWS) * _DOT_COLUMNS + k % _DOT_COLUMNS
                total = _ZERO
                for worker in range(sums.shape[0]):
                    total += sums[worker, g, at]
                out[o, c, t] = total


KERNELS = declared(__name__)
