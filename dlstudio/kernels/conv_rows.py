"""Getting planes into the scratch of a convolution, and results out of it.

Scratch is addressed as ``base + c * plane + h * row + w * step``: with step 1 planes lie one after
the other, with a larger step the channels of a position lie side by side.
"""

from __future__ import annotations

import numpy as np

from dlstudio.kernels.jit import helper

__all__ = [
    "DEAD",
    "LOAD_MASKED",
    "LOAD_PLAIN",
    "LOAD_UNPOOLED",
    "load",
    "pool_plane",
    "store_plane",
]

LOAD_PLAIN, LOAD_MASKED, LOAD_UNPOOLED = 0, 1, 2
DEAD = np.uint8(4)  # the code of a pooled value that the rectifier cut off
_ZERO = np.float32(0)


# ---- loading -------------------------------------------------------------------------------


@helper
def _copy_plane(source, flat, base, row, step):
    height, width = source.shape
    for h in range(height):
        line = source[h]
        start = base + h * row
        if step == 1:
            target = flat[start : start + width]
            for w in range(width):
                target[w] = line[w]
        else:
            for w in range(width):
                flat[start + w * step] = line[w]


@helper
def _copy_masked(source, mask, flat, base, row, step):
    height, width = source.shape
    for h in range(height):
        line, keep = source[h], mask[h]
        start = base + h * row
        if step == 1:
            target = flat[start : start + width]
            for w in range(width):
                target[w] = line[w] if keep[w] > _ZERO else _ZERO
        else:
            for w in range(width):
                flat[start + w * step] = line[w] if keep[w] > _ZERO else _ZERO


@helper
def _spread(values, codes, left, right, row):
    """Values with code `left` to even places of a row, with code `right` to odd ones, else zero."""
    for w in range(values.size):
        v, k = values[w], codes[w]
        row[2 * w] = v if k == left else _ZERO
        row[2 * w + 1] = v if k == right else _ZERO


@helper
def _unpool_plane(source, codes, flat, base, row, lines):
    """Pooled gradients to the places that won.

    `lines` hold one row of values and codes, filled up with zeros to a whole number of vectors:
    without it the short rows of small images would run value by value. The surplus zeros that it
    writes behind a row fall on padding, or on places that the next row writes afterwards; for that
    the upper row of a pair must be complete before the lower one starts.
    """
    height, width = source.shape
    values, picks = lines[0], lines[1]
    places = 2 * values.size
    for h in range(height):
        line, code = source[h], codes[h]
        for w in range(width):
            values[w] = line[w]
            picks[w] = np.float32(code[w])
        start = base + 2 * h * row
        _spread(values, picks, 0, 1, flat[start : start + places])
        _spread(values, picks, 2, 3, flat[start + row : start + row + places])


@helper
def _unpool_strided(source, codes, flat, base, row, step):
    height, width = source.shape
    for h in range(height):
        line, code = source[h], codes[h]
        for w in range(width):
            v, k = line[w], code[w]
            at = base + 2 * h * row + 2 * w * step
            flat[at] = v if k == 0 else _ZERO
            flat[at + step] = v if k == 1 else _ZERO
            flat[at + row] = v if k == 2 else _ZERO
            flat[at + row + step] = v if k == 3 else _ZERO


@helper
def load(mode, source, codes, mask, n, first, channels, flat, base, plane, row, step, lines):
    """Planes `first ...` of image n into scratch, at ``base + c*plane + h*row + w*step``."""
    for c in range(channels):
        at = base + c * plane
        if mode == LOAD_PLAIN:
            _copy_plane(source[n, first + c], flat, at, row, step)
        elif mode == LOAD_MASKED:
            _copy_masked(source[n, first + c], mask[n, first + c], flat, at, row, step)
        elif step == 1:
            _unpool_plane(source[n, first + c], codes[n, first + c], flat, at, row, lines)
        else:
            _unpool_strided(source[n, first + c], codes[n, first + c], flat, at, row, step)


# ---- storing -------------------------------------------------------------------------------


@helper
def store_plane(tiles, base, row, step, bias, lowest, y, top, left, down, right, height, width):
    """Write a plane of results plus `bias`, at least `lowest`, to rows top, top + down, … of y."""
    for h in range(height):
        start = base + h * row
        line = y[top + h * down]
        if step == 1 and right == 1:
            source = tiles[start : start + width]
            target = line[left : left + width]
            for w in range(width):
                v = source[w] + bias
                target[w] = lowest if v < lowest else v
        else:
            for w in range(width):
                v = tiles[start + w * step] + bias
                line[left + w * right] = lowest if v < lowest else v


@helper
def _larger_of_quads(upper, lower, values, picks):
    """Largest of each 2 x 2 window of two rows, and its place, as a float."""
    for w in range(values.size):
        m, k = upper[2 * w], np.float32(0)
        v = upper[2 * w + 1]
        k = k if v <= m else np.float32(1)
        m = m if v <= m else v
        v = lower[2 * w]
        k = k if v <= m else np.float32(2)
        m = m if v <= m else v
        v = lower[2 * w + 1]
        k = k if v <= m else np.float32(3)
        values[w] = m if v <= m else v
        picks[w] = k


@helper
def _larger_of_strided_quads(tiles, start, row, step, values, picks, width):
    for w in range(width):
        at = start + 2 * w * step
        m, k = tiles[at], np.float32(0)
        v = tiles[at + step]
        k = k if v <= m else np.float32(1)
        m = m if v <= m else v
        v = tiles[at + row]
        k = k if v <= m else np.float32(2)
        m = m if v <= m else v
        v = tiles[at + row + step]
        k = k if v <= m else np.float32(3)
        values[w] = m if v <= m else v
        picks[w] = k


@helper
def pool_plane(tiles, base, row, step, bias, lowest, y, codes, lines):
    """Largest of each 2 x 2 window, plus bias, rectified; `codes` tell which one it was.

    Whole vectors go through `lines`; what they read behind the end of a row is dropped.
    """
    height, width = y.shape
    values, picks = lines[0], lines[1]
    for h in range(height):
        start = base + 2 * h * row
        if step == 1:
            _larger_of_quads(tiles[start:], tiles[start + row :], values, picks)
        else:
            _larger_of_strided_quads(tiles, start, row, step, values, picks, width)
        out, code = y[h], codes[h]
        for w in range(width):
            m = values[w] + bias
            code[w] = DEAD if m <= lowest else np.uint8(picks[w])
            out[w] = lowest if m <= lowest else m
