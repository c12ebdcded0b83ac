"""`mx.contrib.io`: batches of Gluon's loaders, for `Module`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlstudio import nd
from dlstudio.io import DataDesc, DataIter

__all__ = ["DataDesc", "DataIter", "DataLoaderIter"]


class DataLoaderIter(DataIter):
    """A `gluon.data.DataLoader` as a data iterator.

    Parameters
    ----------
    loader : gluon.data.DataLoader
        Of pairs (data, label).
    data_name, label_name : str
        Names of the symbol's inputs.
    dtype : dtype, default float32
        Of the batches handed out.

    Notes
    -----
    A last batch that is smaller is filled up with zeros, which `getpad` counts.

    Examples
    --------
    >>> from dlstudio.gluon.data import ArrayDataset, DataLoader
    >>> loader = DataLoader(ArrayDataset(np.ones((5, 3)), np.zeros(5)), batch_size=2)
    >>> [(batch.data[0].shape, batch.pad) for batch in DataLoaderIter(loader)]
    [((2, 3), 0), ((2, 3), 0), ((2, 3), 1)]
    """

    def __init__(
        self,
        loader: Any,
        data_name: str = "data",
        label_name: str = "softmax_label",
        dtype: Any = "float32",
    ) -> None:
        self._loader, self.dtype = loader, np.dtype(dtype)
        data, label = next(iter(loader))
        super().__init__(data.shape[0])
        self.provide_data = [DataDesc(data_name, data.shape, self.dtype)]
        self.provide_label = [DataDesc(label_name, label.shape, self.dtype)]
        self.reset()

    def reset(self) -> None:
        """Start a new pass of the loader."""
        self._batches = iter(self._loader)
        self._current: Any = None

    def iter_next(self) -> bool:
        """Move on; False at the end."""
        self._current = next(self._batches, None)
        return self._current is not None

    def getdata(self) -> list[Any]:
        """Return the data of the current batch."""
        return [self._filled(self._current[0])]

    def getlabel(self) -> list[Any]:
        """Return the labels of the current batch."""
        return [self._filled(self._current[1])]

    def getpad(self) -> int:
        """Return how many samples only fill up the current batch."""
        return self.batch_size - self._current[0].shape[0]

    def _filled(self, part: Any) -> Any:
        """Bring a part of the batch to its dtype and size."""
        part = part.astype(self.dtype)
        missing = self.batch_size - part.shape[0]
        if not missing:
            return part
        zeros = nd.zeros((missing, *part.shape[1:]), dtype=self.dtype, ctx=part.context)
        return nd.concat(part, zeros, dim=0)
