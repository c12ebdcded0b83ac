"""Helpers for training: splitting batches over devices, clipping gradients, downloading files."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, MutableMapping
from itertools import pairwise
from typing import Any, Self

import numpy as np

from dlstudio.core.device import Device
from dlstudio.core.sparse import stored
from dlstudio.core.tensor import Tensor
from dlstudio.dialects.switches import is_np_array, is_np_shape
from dlstudio.errors import ParamError, ShapeError, explain
from dlstudio.gluon.fetching import check_sha1, download, replace_file
from dlstudio.initializer.recurrent import packed_pieces, parameter_shapes

__all__ = [
    "HookHandle",
    "check_sha1",
    "clip_global_norm",
    "download",
    "is_np_array",
    "is_np_shape",
    "replace_file",
    "shape_is_known",
    "split_and_load",
    "split_data",
    "split_rnn_params",
]


class HookHandle:
    """Stands for a registered hook; `detach`, or the end of a ``with`` block, takes it off."""

    _next = 0

    def __init__(self) -> None:
        self._hooks: MutableMapping[int, Any] | None = None
        self._id = -1

    def attach(self, hooks_dict: MutableMapping[int, Any], hook: Callable[..., Any]) -> None:
        """Register `hook`."""
        if self._hooks is not None:
            raise ParamError("The same handle cannot be attached twice.")
        HookHandle._next += 1
        self._id, self._hooks = HookHandle._next, hooks_dict
        hooks_dict[self._id] = hook

    def detach(self) -> None:
        """Take the hook off; a second call does nothing."""
        if self._hooks is not None:
            self._hooks.pop(self._id, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.detach()


def shape_is_known(shape: Any) -> bool:
    """Whether `shape` is given and has no unknown (0 or -1) dimension."""
    return shape is not None and all(size > 0 for size in shape)


def split_data(
    data: Any, num_slice: int, batch_axis: int = 0, even_split: bool = True
) -> list[Any]:
    """Cut a batch into `num_slice` slices along `batch_axis`.

    Parameters
    ----------
    data : NDArray
    num_slice : int
    batch_axis : int
    even_split : bool
        Refuse sizes that cannot be cut evenly; otherwise the first slices are longer.

    Returns
    -------
    list of NDArray

    Raises
    ------
    ShapeError
        If the batch is too small, or uneven with `even_split`.

    Examples
    --------
    >>> import dlstudio as mx
    >>> [x.shape for x in split_data(mx.nd.ones((5, 2)), 2, even_split=False)]
    [(3, 2), (2, 2)]
    """
    size = data.shape[batch_axis]
    if size < num_slice:
        raise ShapeError(
            explain(
                f"data with shape {data.shape} cannot be evenly split into {num_slice} slices along"
                f" axis {batch_axis}: it has only {size}.",
                "a sample for each slice.",
                'DataLoader(…, last_batch="discard")',
            )
        )
    if even_split and size % num_slice:
        raise ShapeError(
            f"data with shape {data.shape} cannot be evenly split into {num_slice} slices along"
            f" axis {batch_axis}. Use a batch size that's multiple of {num_slice} or set"
            " even_split=False to allow uneven partitioning of data."
        )
    if num_slice == 1:
        return [data]
    step, longer = divmod(size, num_slice)
    edges = [0]
    for i in range(num_slice):
        edges.append(edges[-1] + step + (i < longer))
    if batch_axis == 0:  # a slice of rows is a view: no bytes move
        return [data[a:b] for a, b in pairwise(edges)]
    return [data.slice_axis(batch_axis, begin=a, end=b) for a, b in pairwise(edges)]


def split_and_load(
    data: Any, ctx_list: list[Device], batch_axis: int = 0, even_split: bool = True
) -> list[Any]:
    """Cut a batch into one slice per device and put each there.

    Parameters
    ----------
    data : NDArray or array-like
    ctx_list : list of Device, or one
    batch_axis : int
    even_split : bool
        See `split_data`.

    Returns
    -------
    list of NDArray
        With one device where the batch already is, the batch itself.
    """
    if isinstance(ctx_list, Device):
        ctx_list = [ctx_list]
    if not isinstance(ctx_list, (list, tuple)) or not ctx_list:
        raise ParamError(
            f"split_and_load: parameter ctx_list must be a list of devices, such as [mx.cpu()]."
            f" Got {ctx_list!r}."
        )
    if not isinstance(data, Tensor):
        from dlstudio import nd

        data = nd.array(data, ctx=ctx_list[0])
    slices = split_data(data, len(ctx_list), batch_axis, even_split)
    return [piece.as_in_context(ctx) for piece, ctx in zip(slices, ctx_list, strict=True)]


def clip_global_norm(arrays: list[Any], max_norm: float, check_isfinite: bool = True) -> Any:
    """Scale all arrays in place so that the norm of them together is at most `max_norm`.

    Parameters
    ----------
    arrays : list of NDArray
        Usually gradients.
    max_norm : float > 0
    check_isfinite : bool
        Warn if the norm is NaN or infinite. Then a float is returned, else an NDArray (1,).

    Returns
    -------
    float or NDArray
        The norm before scaling.
    """
    if not isinstance(arrays, (list, tuple)) or not all(isinstance(x, Tensor) for x in arrays):
        raise ParamError(
            explain(
                f"clip_global_norm: parameter arrays is a {type(arrays).__name__}.",
                "a list of arrays, whose norm is that of them together.",
                "grads = [p.grad() for p in net.collect_params().values() if p.grad_req != 'null']",
            )
        )
    if not arrays:
        raise ParamError("clip_global_norm: parameter arrays must hold at least one array. Got [].")
    # every array is summed where it lies; only one number per array travels
    total = math.sqrt(sum(float(_sum_of_squares(_values(array))) for array in arrays))
    if check_isfinite and not math.isfinite(total):
        warnings.warn("nan or inf is detected. Clipping results will be undefined.", stacklevel=2)
    scale = max_norm / (total + 1e-8)
    if scale < 1.0:
        for array in arrays:
            array._prepare_write()
            _values(array)[...] *= np.dtype(array.dtype).type(scale)
    norm = np.float32(total)
    return norm if check_isfinite else type(arrays[0])(np.array([norm]), arrays[0].context)


def _values(array: Any) -> Any:
    """What an array stores, all of it or what is not zero."""
    return array._data if array.stype == "default" else stored(array).data


def _sum_of_squares(array: Any) -> Any:
    wide = array.astype("float32") if array.dtype.itemsize < 4 else array
    return (wide * wide).sum()


def split_rnn_params(
    param: Tensor,
    mode: str,
    num_layers: int,
    input_size: int,
    hidden_size: int,
    bidirectional: bool = False,
    projection_size: int | None = None,
) -> dict[str, Tensor]:
    """Cut the packed parameters of a fused RNN operator into those of its layers.

    Parameters
    ----------
    param : Tensor, 1-d
        All weights, then all biases.
    mode : {"lstm", "gru", "rnn_relu", "rnn_tanh"}
    num_layers, input_size, hidden_size : int
    bidirectional : bool
    projection_size : int, optional
        Of the states of a projected LSTM.

    Returns
    -------
    dict of str to Tensor
        ``l0_i2h_weight``, ``l0_h2h_weight``, …; ``r0_…`` for the other direction.

    Examples
    --------
    >>> import dlstudio as mx
    >>> pieces = split_rnn_params(mx.nd.ones(55), "rnn_tanh", 1, input_size=4, hidden_size=5)
    >>> {name: piece.shape for name, piece in pieces.items()}["l0_h2h_weight"]
    (5, 5)
    """
    sizes = (num_layers, input_size, hidden_size, bidirectional, projection_size)
    return dict(packed_pieces(param, parameter_shapes(mode, *sizes)))
