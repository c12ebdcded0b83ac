"""What every key-value store can do, and how stores of other libraries are made known."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import ParamError, explain

__all__ = ["KVStoreBase", "TestStore"]

C = TypeVar("C", bound=type)


class KVStoreBase:
    """What a Trainer may be given as `kvstore`; derive from it and define the methods.

    Examples
    --------
    >>> import dlstudio as mx
    >>> @mx.kv.KVStoreBase.register
    ... class Mine(mx.kv.TestStore):
    ...     pass
    >>> type(mx.kv.create("mine")).__name__
    'Mine'
    """

    OPTIMIZER = "optimizer"
    kv_registry: ClassVar[dict[str, type]] = {}

    @staticmethod
    def register(klass: C) -> C:
        """Make a class known to `create` by its name in lower case; a later class wins."""
        KVStoreBase.kv_registry[klass.__name__.lower()] = klass
        return klass

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Copy `value` into all arrays of `out`."""
        raise self._undefined("broadcast")

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Add up the arrays of `value` and write the sum into `out`, by default into `value`."""
        raise self._undefined("pushpull")

    def set_optimizer(self, optimizer: Any) -> None:
        """Let the store run an optimizer, if it can."""
        raise self._undefined("set_optimizer")

    def set_gradient_compression(self, compression_params: dict[str, Any]) -> None:
        """Let the store compress what it is given, if it can."""
        raise self._undefined("set_gradient_compression")

    def save_optimizer_states(self, fname: Any, dump_optimizer: bool = False) -> None:
        """Write the states of that optimizer to a file."""
        raise self._undefined("save_optimizer_states")

    def load_optimizer_states(self, fname: Any) -> None:
        """Read them."""
        raise self._undefined("load_optimizer_states")

    @staticmethod
    def is_capable(capability: str) -> bool:
        """Whether the store can do something: `OPTIMIZER` is running an optimizer itself."""
        if capability.lower() != KVStoreBase.OPTIMIZER:
            raise ParamError(f"is_capable: unknown capability {capability!r}. Fix: 'optimizer'")
        return False

    @property
    def type(self) -> str:
        """Name of the store."""
        return type(self).__name__.lower()

    @property
    def rank(self) -> int:
        """Number of this process."""
        return 0

    @property
    def num_workers(self) -> int:
        """Number of processes."""
        return 1

    def _undefined(self, method: str) -> ParamError:
        name = type(self).__name__
        return ParamError(
            explain(f"kvstore {name} has no {method}().", fix=f"define {name}.{method}")
        )


@KVStoreBase.register
class TestStore(KVStoreBase):
    """The least that a store must do, in this process; a model for stores of one's own."""

    __test__ = False  # pytest takes every Test... for a collection of tests

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """Copy `value` into all arrays of `out`."""
        for target in _listed(out):
            target[:] = value.as_in_context(target.context)

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """Add up the arrays of `value` and write the sum into `out`, by default into `value`."""
        values = _listed(value)
        total = values[0].copy()
        for other in values[1:]:
            total += other.as_in_context(total.context)
        self.broadcast(key, total, values if out is None else out, priority)


def _listed(arrays: Any) -> list[Any]:
    return list(arrays) if isinstance(arrays, (list, tuple)) else [arrays]


# MXNet's module of that name makes stores too
__getattr__ = held_elsewhere(__name__, {"KVStore": "kvstore.local", "create": "kvstore.local"})
