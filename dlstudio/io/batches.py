"""What an iterator says about its data, what it yields, and what it must be able to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from dlstudio.errors import DTypeError, explain

__all__ = ["DataBatch", "DataDesc", "DataIter"]


class _NameAndShape(NamedTuple):
    name: str
    shape: tuple[int, ...]


class DataDesc(_NameAndShape):
    """Name and shape of one input; unpacks as the pair (name, shape).

    Parameters
    ----------
    name : str
    shape : tuple of int
    dtype : dtype, default float32
    layout : str, default "NCHW"
        Meaning of the axes; "N" marks the batch.

    Examples
    --------
    >>> name, shape = DataDesc("data", (32, 1, 28, 28))
    >>> name, shape
    ('data', (32, 1, 28, 28))
    """

    dtype: Any
    layout: str | None

    def __new__(
        cls,
        name: str,
        shape: tuple[int, ...],
        dtype: Any = np.float32,
        layout: str | None = "NCHW",
    ) -> Self:
        """Make the pair and hang dtype and layout on it."""
        made = super().__new__(cls, name, shape)
        made.dtype = dtype.type if isinstance(dtype, np.dtype) else dtype  # as arrays have it
        made.layout = layout
        return made

    def __repr__(self) -> str:
        return f"DataDesc[{self.name},{self.shape},{self.dtype},{self.layout}]"

    @staticmethod
    def get_batch_axis(layout: str | None) -> int:
        """Return the axis of the batch in `layout`: 0 if it is None, -1 if it has none."""
        return 0 if layout is None else layout.find("N")

    @staticmethod
    def get_list(
        shapes: Sequence[tuple[str, tuple[int, ...]]],
        types: Sequence[tuple[str, Any]] | None,
    ) -> list[DataDesc]:
        """Make descriptions of (name, shape) pairs and, if given, (name, dtype) pairs."""
        if types is None:
            return [DataDesc(name, shape) for name, shape in shapes]
        dtypes = dict(types)
        return [DataDesc(name, shape, dtypes[name]) for name, shape in shapes]


class DataBatch:
    """One batch of data.

    Parameters
    ----------
    data, label : list of NDArray, optional
    pad : int, optional
        How many samples at the end are only there to fill the batch.
    index : sequence of int, optional
        Numbers of the samples.
    bucket_key : object, optional
        Which network the batch is for, where there is one for each sequence length.
    provide_data, provide_label : list of DataDesc, optional
    """

    def __init__(
        self,
        data: list[Any] | None,
        label: list[Any] | None = None,
        pad: int | None = None,
        index: Any = None,
        bucket_key: Any = None,
        provide_data: list[DataDesc] | None = None,
        provide_label: list[DataDesc] | None = None,
    ) -> None:
        for name, value in (("data", data), ("label", label)):
            if value is not None and not isinstance(value, (list, tuple)):
                raise DTypeError(
                    explain(
                        f"DataBatch: {name} is a {type(value).__name__}.",
                        "a list with one array for each input.",
                        f"DataBatch({name}=[x])",
                    )
                )
        self.data = data
        self.label = label
        self.pad = pad
        self.index = index
        self.bucket_key = bucket_key
        self.provide_data = provide_data
        self.provide_label = provide_label

    def __str__(self) -> str:
        data = [x.shape for x in self.data or ()]
        label = [x.shape for x in self.label] if self.label else None
        return f"{type(self).__name__}: data shapes: {data} label shapes: {label}"


class DataIter:
    """Base of iterators over batches; also iterates as Python does.

    Subclasses define `reset`, `iter_next`, `getdata`, `getlabel`, `getpad`, or `next` itself.

    Parameters
    ----------
    batch_size : int
    """

    def __init__(self, batch_size: int = 0) -> None:
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[DataBatch]:
        return self

    def __next__(self) -> DataBatch:
        return self.next()

    def reset(self) -> None:
        """Go back to the beginning."""

    def next(self) -> DataBatch:
        """Return the next batch.

        Raises
        ------
        StopIteration
            At the end.
        """
        if not self.iter_next():
            raise StopIteration
        return DataBatch(self.getdata(), self.getlabel(), self.getpad(), self.getindex())

    def iter_next(self) -> bool:
        """Move on; False at the end."""
        return False

    def getdata(self) -> list[Any]:
        """Return the data of the current batch."""
        return []

    def getlabel(self) -> list[Any]:
        """Return the labels of the current batch."""
        return []

    def getindex(self) -> Any:
        """Return the sample numbers of the current batch, None if unknown."""
        return None

    def getpad(self) -> int:
        """Return how many samples only fill up the current batch."""
        return 0
