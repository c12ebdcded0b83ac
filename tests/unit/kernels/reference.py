"""Slow formulas in float64 that the kernels are compared with."""

import itertools

import numpy as np


def padded(x, pad):
    return np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in pad]])


def _slices(offset, stride, count):
    return tuple(
        slice(o, o + s * (n - 1) + 1, s) for o, s, n in zip(offset, stride, count, strict=True)
    )


def _taps(kernel, dilate):
    for tap in itertools.product(*map(range, kernel)):
        yield tap, tuple(i * d for i, d in zip(tap, dilate, strict=True))


def out_size(size, kernel, stride, dilate, pad):
    rows = zip(size, kernel, stride, dilate, pad, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, d, p in rows)


def convolution(x, w, bias, stride, dilate, pad, groups):
    """y[n, o, p] = sum over c, taps of x[n, c, p * stride + tap * dilate - pad] w[o, c, tap]."""
    x, w = padded(x.astype("f8"), pad), w.astype("f8")
    count = tuple(
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(x.shape[2:], w.shape[2:], stride, dilate, strict=True)
    )
    y = np.zeros((x.shape[0], w.shape[0], *count))
    c, o = w.shape[1], w.shape[0] // groups
    for g in range(groups):
        for tap, offset in _taps(w.shape[2:], dilate):
            part = x[:, g * c : (g + 1) * c][(..., *_slices(offset, stride, count))]
            kernel = w[(slice(g * o, (g + 1) * o), slice(None), *tap)]
            y[:, g * o : (g + 1) * o] += np.einsum("nc...,oc->no...", part, kernel)
    return y if bias is None else y + bias.reshape(1, -1, *[1] * len(stride))


def convolution_gradients(g, x, w, stride, dilate, pad, groups):
    """The adjoint of `convolution`, tap by tap."""
    big, g64, w64 = padded(x.astype("f8"), pad), g.astype("f8"), w.astype("f8")
    dx, dw = np.zeros_like(big), np.zeros_like(w64)
    c, o = w.shape[1], w.shape[0] // groups
    for k in range(groups):
        ins, outs = slice(k * c, (k + 1) * c), slice(k * o, (k + 1) * o)
        for tap, offset in _taps(w.shape[2:], dilate):
            where = (slice(None), ins, *_slices(offset, stride, g.shape[2:]))
            dx[where] += np.einsum("no...,oc->nc...", g64[:, outs], w64[(outs, slice(None), *tap)])
            flat = [a.reshape(*a.shape[:2], -1) for a in (g64[:, outs], big[where])]
            dw[(outs, slice(None), *tap)] = np.einsum("nop,ncp->oc", *flat)
    inner = tuple(slice(p, p + n) for p, n in zip(pad, x.shape[2:], strict=True))
    return dx[(..., *inner)], dw


def windows(x, out, kernel, stride, pad):
    """Yield (n, c, h, w) of each output and the (clipped) slices of its window."""
    for n, c, h, w in np.ndindex(*out):
        rows = h * stride[0] - pad[0], h * stride[0] - pad[0] + kernel[0]
        columns = w * stride[1] - pad[1], w * stride[1] - pad[1] + kernel[1]
        window = tuple(
            slice(max(a, 0), min(b, size))
            for (a, b), size in zip((rows, columns), x.shape[2:], strict=True)
        )
        # Elements counted by a mean that includes padding: the window up to the padded edge.
        full = [
            min(b, size + p) - a
            for (a, b), size, p in zip((rows, columns), x.shape[2:], pad, strict=True)
        ]
        yield (n, c, h, w), (n, c, *window), full[0] * full[1]
