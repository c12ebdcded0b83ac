"""Batchify functions: from a list of samples to one batch.

All of them work on NumPy arrays and hand out tensors in the dialect in force. Inside a worker
process the stacked arrays lie in shared memory from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlstudio.core.device import current_context
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.dialects.switches import is_np_array
from dlstudio.errors import DataError, ParamError, explain
from dlstudio.gluon.data import shared

__all__ = [
    "Append",
    "AsList",
    "Group",
    "Pad",
    "Stack",
    "default_batchify_fn",
    "default_mp_batchify_fn",
    "stack_samples",
    "to_numpy",
    "to_tensors",
]

Array = Any


def default_batchify_fn(data: Sequence[Any]) -> Any:
    """Stack samples; a list with one batch per field if samples are tuples.

    Parameters
    ----------
    data : sequence of array, number, or tuple of these
        All of one shape.

    Returns
    -------
    NDArray, shape (B, ...), or list of these
        In the dtype of the samples (numbers: int64 or float64).

    Raises
    ------
    DataError
        If shapes differ, or samples are not numbers or arrays.
    """
    return to_tensors(stack_samples(data))


def default_mp_batchify_fn(data: Sequence[Any]) -> Any:
    """Do as `default_batchify_fn`; in a worker process, the result lies in shared memory."""
    return default_batchify_fn(data)


def stack_samples(samples: Sequence[Any]) -> Any:
    """Stack samples into NumPy arrays, field by field."""
    if isinstance(samples[0], tuple):
        _check_field_counts(samples)
        return [stack_samples(field) for field in zip(*samples, strict=True)]
    arrays = [to_numpy(sample) for sample in samples]
    first = arrays[0]
    # bfloat16 is not NumPy's own: its kind is that of raw bytes
    if first.dtype.kind not in "biufc" and first.dtype.name != "bfloat16":
        raise DataError(
            explain(
                f"DataLoader: samples of type {type(samples[0]).__name__} cannot be stacked.",
                "numbers, arrays, or tuples of these.",
                "DataLoader(…, batchify_fn=gluon.data.batchify.AsList())",
            )
        )
    if any(array.shape != first.shape for array in arrays):
        shapes = ", ".join(str(shape) for shape in dict.fromkeys(a.shape for a in arrays))
        raise DataError(
            explain(
                f"DataLoader: samples of different shapes cannot be stacked: {shapes}.",
                "one shape for all samples of a batch.",
                "transforms.Resize or CenterCrop for images, batchify.Pad() for sequences",
            )
        )
    dtype = np.result_type(*arrays) if first.ndim == 0 else first.dtype
    return np.stack(arrays, out=shared.empty((len(arrays), *first.shape), dtype), casting="unsafe")


def _check_field_counts(samples: Sequence[Any]) -> None:
    counts = {len(sample) for sample in samples}
    if len(counts) > 1:
        raise DataError(
            explain(
                f"DataLoader: samples have {sorted(counts)} fields.",
                "the same number of fields in every sample of a batch.",
            )
        )


def to_numpy(sample: Any) -> Array:
    """Look at a sample as a NumPy array; CPU tensors are not copied."""
    return np.asarray(sample)


def to_tensors(batch: Any) -> Any:
    """Wrap arrays, in nested lists, as tensors of the dialect in force; on a CPU without a copy."""
    if isinstance(batch, (list, tuple)):
        return [to_tensors(part) for part in batch]
    if not isinstance(batch, np.ndarray):
        return batch
    device = current_context()
    array = batch if device.device_type == "cpu" else device.backend.from_numpy(batch)
    return _dialect()._wrap(array, device)


def _dialect() -> type[Tensor]:
    return ndarray if is_np_array() else NDArray


class Stack:
    """Stack samples along a new first axis.

    Parameters
    ----------
    use_shared_mem : bool
        Accepted for MXNet's sake: in worker processes batches always lie in shared memory.
    """

    def __init__(self, use_shared_mem: bool = False) -> None:
        self._use_shared_mem = use_shared_mem

    def __call__(self, data: Sequence[Any]) -> Any:
        """Stack `data`, a list of samples."""
        return default_batchify_fn(data)


class Pad:
    """Pad samples to the size of the largest one along every axis, then stack them.

    Parameters
    ----------
    val : number, default 0
        What is written in the free places, at the end of each axis.
    dtype : dtype, optional
        Of the batch; that of the first sample by default.
    round_to : int, optional
        Sizes are rounded up to a multiple of it.
    use_shared_mem : bool
        Accepted for MXNet's sake.

    Examples
    --------
    >>> Pad()([[1, 2, 3], [4]]).asnumpy().tolist()
    [[1, 2, 3], [4, 0, 0]]
    """

    def __init__(
        self,
        val: float = 0,
        dtype: Any = None,
        round_to: int | None = None,
        use_shared_mem: bool = False,
    ) -> None:
        if round_to is not None and round_to < 1:
            raise ParamError(explain(f"Pad: got round_to={round_to}.", "at least 1, or None."))
        self._val = val
        self._dtype = dtype
        self._round_to = round_to or 1
        self._use_shared_mem = use_shared_mem

    def __call__(self, data: Sequence[Any]) -> Any:
        """Pad and stack `data`, a list of samples."""
        arrays = [to_numpy(sample) for sample in data]
        if len({array.ndim for array in arrays}) > 1:
            raise DataError(explain("Pad: samples have different numbers of axes."))
        if arrays[0].ndim == 0:
            raise DataError(
                explain(
                    f"Pad: samples are single numbers, such as {data[0]!r}.",
                    "sequences of numbers.",
                    "batchify.Stack()",
                )
            )
        step = self._round_to
        largest = np.max([array.shape for array in arrays], axis=0)
        sizes = (int(size) for size in -(-largest // step) * step)  # rounded up
        dtype = np.dtype(self._dtype or arrays[0].dtype)
        batch = shared.empty((len(arrays), *sizes), dtype)
        batch[...] = self._val
        for row, array in zip(batch, arrays, strict=True):
            row[tuple(slice(size) for size in array.shape)] = array
        return to_tensors(batch)


class Append:
    """Keep samples apart, as a list of batches of one sample each.

    Parameters
    ----------
    expand : bool, default True
        Whether each gets a batch axis of size 1.
    batch_axis : int, default 0
    use_shared_mem : bool
        Accepted for MXNet's sake.
    """

    def __init__(
        self, expand: bool = True, batch_axis: int = 0, use_shared_mem: bool = False
    ) -> None:
        self._expand = expand
        self._batch_axis = batch_axis
        self._use_shared_mem = use_shared_mem

    def __call__(self, data: Sequence[Any]) -> Any:
        """Turn each sample of `data` into a batch."""
        arrays = [np.array(sample) for sample in data]  # copies: a batch is nobody else's memory
        if self._expand:
            arrays = [np.expand_dims(array, self._batch_axis) for array in arrays]
        return to_tensors(arrays)


class AsList:
    """Leave the samples in a list, untouched (texts, variable structures)."""

    def __call__(self, data: Sequence[Any]) -> list[Any]:
        """Return the samples of `data` as they are."""
        return list(data)


class Group:
    """Treat each field of the samples by its own batchify function.

    Parameters
    ----------
    fn : callable, or list of callable
        One per field.
    *args : callable
        The functions for the second, third, … field, if `fn` is a single one.

    Examples
    --------
    >>> tokens, label = Group(Pad(), Stack())([([1, 2], 0), ([3], 1)])
    >>> tokens.shape, label.shape
    ((2, 2), (2,))
    """

    def __init__(self, fn: Any, *args: Callable[[Sequence[Any]], Any]) -> None:
        self._functions = list(fn) if isinstance(fn, (list, tuple)) else [fn, *args]

    def __call__(self, data: Sequence[Any]) -> tuple[Any, ...]:
        """Split `data`, a list of samples, into fields and make a batch of each."""
        if any(len(sample) != len(self._functions) for sample in data):
            raise DataError(
                explain(
                    f"Group: samples have {len(data[0])} fields, but there are "
                    f"{len(self._functions)} batchify functions.",
                    "one function per field.",
                )
            )
        fields = zip(*data, strict=True)
        return tuple(fn(list(field)) for fn, field in zip(self._functions, fields, strict=True))
