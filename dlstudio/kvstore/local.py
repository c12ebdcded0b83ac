"""`KVStore`: values by key, for the devices of one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlstudio.core.sparse import stored
from dlstudio.core.sparse_calls import added, write
from dlstudio.core.sparse_kinds import wrap
from dlstudio.core.sparse_storage import INDEX, RowSparseArray, cast, kept_rows
from dlstudio.core.tensor import Tensor
from dlstudio.errors import ParamError, explain
from dlstudio.interop.files import write_atomically
from dlstudio.kvstore.base import KVStoreBase
from dlstudio.optimizer import Optimizer, Updater, get_updater
from dlstudio.optimizer.compression import TwoBitCompression, compression_of

__all__ = ["KVStore", "create"]

_LOCAL = ("local", "device", "local_update_cpu", "local_allreduce_cpu", "local_allreduce_device")


class KVStore(KVStoreBase):
    """Values by key, for the devices of one process.

    Parameters
    ----------
    name : str
        One of "local", "device" and MXNet's other names for stores within a process.

    Examples
    --------
    >>> import dlstudio as mx
    >>> kv = mx.kv.create("local")
    >>> kv.init(3, mx.nd.ones((2,)))
    >>> kv.push(3, [mx.nd.ones((2,)), mx.nd.ones((2,))])
    >>> out = mx.nd.zeros((2,))
    >>> kv.pull(3, out=out)
    >>> out.asnumpy().tolist()
    [2.0, 2.0]
    """

    def __init__(self, name: str = "local") -> None:
        self._name = name
        self._values: dict[Any, Any] = {}
        self._updater: Callable[..., None] | None = None
        self._compression: TwoBitCompression | None = None

    @staticmethod
    def is_capable(capability: str) -> bool:
        """Whether the store can do something: it can run an optimizer."""
        KVStoreBase.is_capable(capability)
        return True

    @property
    def type(self) -> str:
        """Name the store was made with."""
        return self._name

    def init(self, key: Any, value: Any) -> None:
        """Give keys their first values.

        Parameters
        ----------
        key : int or str, or list of them
        value : NDArray, or one per key
        """
        for k, v in _pairs(key, value):
            if k in self._values:
                raise ParamError(f"kvstore: key {k!r} is initialized already.")
            self._values[k] = (v[0] if isinstance(v, (list, tuple)) else v).copy()

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Add up the values of each key; then replace what is stored, or run the updater on it.

        Parameters
        ----------
        key : int or str, or list of them
        value : NDArray or list of NDArray (one per device), or such for each key
        priority : int
            Accepted for MXNet programs.
        """
        for k, v in _pairs(key, value):
            stored = self._stored(k)
            total = _sum(self._sent(k, v), stored)
            if self._updater is not None:
                self._updater(int(k) if str(k).isdigit() else k, total, stored)
            else:
                stored._overwrite(total)

    def pull(
        self, key: Any, out: Any = None, priority: int = 0, ignore_sparse: bool = True
    ) -> None:
        """Copy the stored value of each key into `out`, an array or one per device.

        With `ignore_sparse` row_sparse arrays are left as they are; see `row_sparse_pull`.
        """
        for k, targets in _pairs(key, out):
            value = self._stored(k)
            for target in targets if isinstance(targets, (list, tuple)) else [targets]:
                if not (ignore_sparse and target.stype != "default"):
                    target._overwrite(value)

    def row_sparse_pull(
        self, key: Any, out: Any = None, priority: int = 0, row_ids: Any = None
    ) -> None:
        """Copy some rows of each key's value into `out`; all other rows of it become zero.

        Parameters
        ----------
        key : int or str, or list of them
        out : RowSparseNDArray or list of them (one per device), or such for each key
        priority : int
            Accepted for MXNet programs.
        row_ids : NDArray of row numbers, or one per array of `out`
            Numbers may be unsorted and doubled.

        Raises
        ------
        ParamError
            If `out` or `row_ids` is missing.
        """
        if out is None or row_ids is None:
            missing = "out" if out is None else "row_ids"
            raise ParamError(f"row_sparse_pull: parameter {missing} is missing.")
        for k, targets in _pairs(key, out):
            value = self._stored(k)
            arrays = targets if isinstance(targets, (list, tuple)) else [targets]
            wanted = row_ids if isinstance(row_ids, (list, tuple)) else [row_ids] * len(arrays)
            for target, rows in zip(arrays, wanted, strict=True):
                write(target, _rows(value.as_in_context(target.context), rows))

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """`push`, then `pull` into `out`, by default into `value`."""
        self.push(key, value, priority)
        self.pull(key, value if out is None else out, priority)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """`init`, then `pull`."""
        self.init(key, value)
        self.pull(key, out, priority)

    def set_optimizer(self, optimizer: Optimizer) -> None:
        """Let pushes run `optimizer` on the stored values."""
        self._updater = get_updater(optimizer)

    def _set_updater(self, updater: Callable[..., None]) -> None:
        """Let pushes call ``updater(key, pushed, stored)``."""
        self._updater = updater

    def set_gradient_compression(self, compression_params: dict[str, Any]) -> None:
        """Send two bits of each number that several devices push; see `TwoBitCompression`.

        Parameters
        ----------
        compression_params : dict
            ``{"type": "2bit", "threshold": 0.5}``.

        Raises
        ------
        ParamError
            If the store is not a "device" one, or the compression is unknown.
        """
        self._compression = compression_of(compression_params, self._name)

    def _sent(self, key: Any, values: Any) -> Any:
        """What of the values of several devices is sent."""
        compress = self._compression
        if compress is None or isinstance(values, Tensor) or len(values) < 2:
            return values
        return [compress((key, number), value) for number, value in enumerate(values)]

    def save_optimizer_states(self, fname: Any, dump_optimizer: bool = False) -> None:
        """Write the states of the optimizer to a file."""
        write_atomically(fname, self._optimizer().get_states(dump_optimizer))

    def load_optimizer_states(self, fname: Any) -> None:
        """Read states written by `save_optimizer_states`."""
        from pathlib import Path

        self._optimizer().set_states(Path(fname).read_bytes())

    def _optimizer(self) -> Updater:
        if not isinstance(self._updater, Updater):
            raise ParamError("kvstore: there is no optimizer. Fix: kv.set_optimizer(...) first.")
        return self._updater

    def _stored(self, key: Any) -> Any:
        if key not in self._values:
            raise ParamError(
                f"kvstore: key {key!r} is not initialized. Fix: kv.init({key!r}, value)"
            )
        return self._values[key]


def _pairs(key: Any, value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(key, (list, tuple)):
        return [(key, value)]
    if len(value) == len(key):
        return list(zip(key, value, strict=True))
    if len(set(key)) == 1:  # one key, several devices
        return [(key[0], value)]
    raise ParamError(f"kvstore: {len(key)} keys and {len(value)} values were given.")


def _sum(values: Any, like: Tensor) -> Any:
    if isinstance(values, Tensor):
        return values.as_in_context(like.context)
    if any(value.stype != "default" for value in values):
        total = stored(values[0].as_in_context(like.context))
        for value in values[1:]:
            total = added(like.context.xp, total, stored(value.as_in_context(like.context)))
        return wrap(total, like.context)
    total = values[0].as_in_context(like.context)._data.copy()
    for value in values[1:]:
        total += value.as_in_context(like.context)._data
    return type(values[0])._wrap(total, like.context)


def _rows(value: Any, row_ids: Any) -> Any:
    """Rows of a stored value, whatever its storage."""
    xp = value.context.xp
    rows = xp.unique(row_ids.as_in_context(value.context)._data.astype(INDEX))
    if value.stype == "default":
        return RowSparseArray(value._data[rows], rows, value.shape)
    return kept_rows(xp, cast(xp, stored(value), "row_sparse"), rows)


def create(name: str = "local") -> KVStoreBase:
    """Make a store.

    Parameters
    ----------
    name : {"local", "device", …}
        Or the name of a class given to `KVStoreBase.register`.

    Raises
    ------
    ParamError
        For stores that span processes.
    """
    if not isinstance(name, str):
        raise ParamError(f"kvstore: parameter name must be a string. Got {name!r}.")
    own = KVStoreBase.kv_registry.get(name.lower())
    if own is not None:
        return own()
    if name.lower() not in _LOCAL:
        raise ParamError(
            explain(
                f"kvstore {name!r} is not available.",
                f"a store within this process: {', '.join(_LOCAL[:2])}.",
                'mx.kv.create("device")',
            )
        )
    return KVStore(name)
