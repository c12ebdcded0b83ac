"""Batches from arrays in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio.errors import DTypeError, ParamError, ShapeError, explain
from dlstudio.io.batches import DataBatch, DataDesc, DataIter

__all__ = ["NDArrayIter"]

_LAST_BATCH = ("pad", "discard", "roll_over")


class NDArrayIter(DataIter):
    """Iterate over arrays batch by batch.

    Parameters
    ----------
    data : array, list of arrays, or dict of name to array
        Of shape (N, ...); all with the same N. Of csr arrays and SciPy matrices batches are csr.
    label : likewise, optional
    batch_size : int, default 1
    shuffle : bool, default False
        A new order at each `reset`, from NumPy's global generator.
    last_batch_handle : {"pad", "discard", "roll_over"}
        What to do if the last batch is too small: fill it up with samples from the beginning,
        drop it, or begin the next epoch with it.
    data_name, label_name : str
        Names for a single array; several are called ``_0_data``, ``_1_data``, ….
    layout : str, default "NCHW"

    Examples
    --------
    >>> batches = NDArrayIter(np.arange(5.0), batch_size=2)
    >>> [(batch.data[0].asnumpy().tolist(), batch.pad) for batch in batches]
    [([0.0, 1.0], 0), ([2.0, 3.0], 0), ([4.0, 0.0], 1)]
    """

    def __init__(
        self,
        data: Any,
        label: Any = None,
        batch_size: int = 1,
        shuffle: bool = False,
        last_batch_handle: str = "pad",
        data_name: str = "data",
        label_name: str = "softmax_label",
        layout: str = "NCHW",
    ) -> None:
        super().__init__(batch_size)
        if last_batch_handle not in _LAST_BATCH:
            raise ParamError(
                explain(
                    f"NDArrayIter: got last_batch_handle={last_batch_handle!r}.",
                    f"one of {', '.join(_LAST_BATCH)}.",
                )
            )
        self.data = _named(data, data_name)
        self.label = [] if label is None else _named(label, label_name)
        self.num_data = _common_length([*self.data, *self.label])
        if not 1 <= batch_size <= self.num_data:
            raise ParamError(
                explain(
                    f"NDArrayIter: got batch_size={batch_size} for {self.num_data} samples.",
                    "a batch size from 1 to the number of samples.",
                )
            )
        self.layout = layout
        self.last_batch_handle = last_batch_handle
        self._shuffle = shuffle
        self._left_over = np.empty(0, np.int64)
        self.hard_reset()

    @property
    def provide_data(self) -> list[DataDesc]:
        """Name, shape and dtype of each data array of a batch."""
        return self._describe(self.data)

    @property
    def provide_label(self) -> list[DataDesc]:
        """Name, shape and dtype of each label array of a batch."""
        return self._describe(self.label)

    def _describe(self, arrays: list[tuple[str, Any]]) -> list[DataDesc]:
        return [
            DataDesc(name, (self.batch_size, *array.shape[1:]), array.dtype, self.layout)
            for name, array in arrays
        ]

    def hard_reset(self) -> None:
        """Go back to the beginning, forgetting samples that were to roll over."""
        self._left_over = np.empty(0, np.int64)
        self._begin()

    def reset(self) -> None:
        """Go back to the beginning; samples that roll over come first."""
        self._begin()

    def _begin(self) -> None:
        order = np.arange(self.num_data)
        if self._shuffle:
            np.random.shuffle(order)  # noqa: NPY002  programs seed this generator
        self._order = np.concatenate([self._left_over, order])
        self._left_over = self._left_over[:0]
        self._cursor = -self.batch_size
        self._pad = 0

    def iter_next(self) -> bool:
        """Move on; False at the end."""
        self._cursor += self.batch_size
        missing = self._cursor + self.batch_size - len(self._order)
        self._pad = max(0, missing)
        if missing <= 0:
            return True
        rest = self._order[self._cursor :]
        if not len(rest) or self.last_batch_handle == "discard":
            return False
        if self.last_batch_handle == "roll_over":
            self._left_over = rest
            return False
        return True

    def next(self) -> DataBatch:
        """Return the next batch."""
        batch = super().next()
        batch.provide_data, batch.provide_label = self.provide_data, self.provide_label
        return batch

    def getdata(self) -> list[Any]:
        """Return the data of the current batch."""
        return self._pick(self.data)

    def getlabel(self) -> list[Any]:
        """Return the labels of the current batch."""
        return self._pick(self.label)

    def getindex(self) -> Any:
        """Return the sample numbers of the current batch."""
        return self._current()

    def getpad(self) -> int:
        """Return how many samples only fill up the current batch."""
        return self._pad

    def _current(self) -> np.ndarray[Any, Any]:
        chosen = self._order[self._cursor : self._cursor + self.batch_size]
        return np.concatenate([chosen, self._order[: self._pad]])

    def _pick(self, arrays: list[tuple[str, Any]]) -> list[Any]:
        from dlstudio import nd

        chosen = self._current()
        return [
            nd.from_numpy(array[chosen])
            if isinstance(array, np.ndarray)
            else nd.take(array, nd.array(chosen, array.context, "int64"))
            for _, array in arrays
        ]


def _named(arrays: Any, default: str) -> list[tuple[str, Any]]:
    """Turn an array, list or dict into (name, NumPy array) pairs, float64 becoming float32."""
    if isinstance(arrays, dict):
        pairs = list(arrays.items())
    elif isinstance(arrays, (list, tuple)):
        stranger = next((x for x in arrays if not hasattr(x, "shape")), None)
        if stranger is not None:
            raise DTypeError(
                explain(
                    f"NDArrayIter: got a {type(stranger).__name__} among the arrays of {default}.",
                    "an array of samples, or a list of such arrays, one for each input.",
                    f"NDArrayIter(np.array({default}), …)",
                )
            )
        single = len(arrays) == 1
        pairs = [(default if single else f"_{i}_{default}", x) for i, x in enumerate(arrays)]
    else:
        pairs = [(default, arrays)]
    return [(name, _as_nd_would(array)) for name, array in pairs]


def _as_nd_would(array: Any) -> Any:
    """Keep csr storage and the dtype of tensors; the rest is float32, as `nd.array` makes it."""
    if getattr(array, "stype", "") == "csr":
        return array
    if hasattr(array, "tocsr"):
        from dlstudio import nd

        return nd.sparse.array(array, dtype=np.float32)
    converted = np.asarray(array)
    return converted if hasattr(array, "asnumpy") else converted.astype(np.float32, copy=False)


def _common_length(arrays: list[tuple[str, Any]]) -> int:
    lengths = {name: len(array) for name, array in arrays}
    if not arrays or len(set(lengths.values())) > 1:
        raise ShapeError(
            explain(
                f"NDArrayIter: got arrays of lengths {lengths}.", "equal lengths, at least one."
            )
        )
    return len(arrays[0][1])
