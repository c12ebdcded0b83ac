"""Functions of `nd` that are more than one operator: histograms and candidate sampling."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from dlstudio.core.dispatch import attributes, invoke
from dlstudio.core.registry import OPS
from dlstudio.core.tensor import NDArray, Tensor
from dlstudio.dialects.explaining import explaining
from dlstudio.dialects.legacy.control import CONTROL_FLOW
from dlstudio.dialects.legacy.updates import UPDATES
from dlstudio.errors import ParamError
from dlstudio.graph.control import compose as symbolic

__all__ = ["CONTRIB", "FUNCTIONS", "SYM_CONTRIB", "SYM_FUNCTIONS"]


def histogram(a: NDArray, bins: Any = 10, range: Any = None) -> list[NDArray]:  # noqa: A002
    """Count elements in bins.

    Parameters
    ----------
    a : NDArray
    bins : int or NDArray
        Number of equal bins, or their edges in increasing order.
    range : tuple of two numbers, optional
        Outer edges; default: the smallest and largest element.

    Returns
    -------
    list of two NDArrays
        Counts, and edges.
    """
    if isinstance(bins, int) and range is not None:
        op = OPS["_histogram"]
        limits = tuple(float(x) for x in range)
        return invoke(op, (a,), attributes(op, {"bin_cnt": bins, "range": limits}), NDArray)
    edges = bins.asnumpy() if isinstance(bins, Tensor) else bins
    counts, found = np.histogram(a.asnumpy(), edges)
    return [_wrap(x.astype(np.float32), a) for x in (counts, found)]


def _wrap(array: Any, like: Tensor) -> NDArray:
    return NDArray._wrap(like._device.backend.from_numpy(array), like._device)


def rand_zipfian(
    true_classes: NDArray, num_sampled: int, range_max: int, ctx: Any = None
) -> tuple[NDArray, NDArray, NDArray]:
    """Draw classes by the log-uniform law of word frequencies, for sampled softmax.

    Parameters
    ----------
    true_classes : NDArray
        Classes whose expected counts are wanted.
    num_sampled, range_max : int
        How many classes are drawn, from 0 … range_max - 1.

    Returns
    -------
    tuple of three NDArrays
        Drawn classes (int64), expected counts of the true classes and of the drawn ones.
    """
    from dlstudio import nd

    span = log(range_max + 1)
    draws = nd.random.uniform(0, span, shape=(num_sampled,), dtype="float64", ctx=ctx)
    sampled = (nd.exp(draws) - 1).astype("int64") % range_max

    def expected(classes: NDArray) -> NDArray:
        number = classes.astype("float64")
        return nd.log((number + 2) / (number + 1)) / span * num_sampled

    return sampled, expected(true_classes), expected(sampled)


def sym_rand_zipfian(true_classes: Any, num_sampled: int, range_max: int) -> Any:
    """Draw classes as `rand_zipfian` does, in a graph: three symbols."""
    from dlstudio import sym

    span = log(range_max + 1)
    draws = sym.random.uniform(0, span, shape=(num_sampled,), dtype="float64")
    sampled = sym.cast(sym.cast(sym.exp(draws) - 1, dtype="int64") % range_max, dtype="int64")

    def expected(classes: Any) -> Any:
        number = sym.cast(classes, dtype="float64")
        return sym.log((number + 2) / (number + 1)) / span * num_sampled

    return sampled, expected(true_classes), expected(sampled)


def sym_histogram(a: Any, bins: int = 10, range: Any = None, **kwargs: Any) -> Any:  # noqa: A002
    """Count elements in equal bins over `range`, which graphs must be given.

    Returns
    -------
    Symbol with two outputs
        Counts, and edges.
    """
    from dlstudio import sym

    if range is None:
        raise ParamError("sym.histogram: parameter range must be (low, high) in a graph. Got None.")
    return sym._internal._histogram(a, bin_cnt=bins, range=tuple(range), **kwargs)


def imdecode(
    str_img: bytes, clip_rect: tuple[int, int, int, int] = (0, 0, 0, 0), out: Any = None,
    index: int = 0, channels: int = 3, mean: NDArray | None = None,
) -> NDArray:  # fmt: skip
    """Decode a picture to (1, C, H, W), cut out and less a mean; `mx.image.imdecode` is newer.

    Parameters
    ----------
    str_img : bytes
        A JPEG or PNG file.
    clip_rect : tuple of int
        Left, top, right and bottom of the part wanted; zeros take it whole.
    out : NDArray, optional
        A batch, whose picture `index` is written.
    index, channels : int
    mean : NDArray, optional
        Of the same shape as the picture, (C, H, W).
    """
    from dlstudio.dialects import pictures as image

    picture = image.imdecode(str_img, flag=int(channels != 1)).transpose((2, 0, 1))
    left, top, right, bottom = clip_rect
    if any(clip_rect):
        picture = picture[:, top:bottom, left:right]
    picture = picture.astype("float32")
    if mean is not None:
        picture = picture - mean
    if out is None:
        return picture.expand_dims(0)
    out[index] = picture
    return out


FUNCTIONS = {"histogram": explaining(histogram), "imdecode": imdecode}
SYM_FUNCTIONS = {"histogram": sym_histogram}
SYM_CONTRIB: dict[str, Any] = {"rand_zipfian": sym_rand_zipfian} | {
    f.__name__: f for f in (symbolic.cond, symbolic.foreach, symbolic.while_loop)
}
CONTRIB = {"rand_zipfian": rand_zipfian, **CONTROL_FLOW, **UPDATES}
