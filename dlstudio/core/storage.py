"""Who owns which bytes: versions and sharing of storages, and their addresses while watched."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

from dlstudio.trace import bus, copies

if TYPE_CHECKING:
    from dlstudio.core.tensor import Tensor

__all__ = ["Store", "count_own", "materialize_views", "root"]

Array = Any

_MANY = 64  # views that are noted before it is looked whether they are still there


class Store:
    """Version counter of one piece of memory, shared by all tensors that look at it.

    `lazy` holds weak references to tensors that share this memory although MXNet's semantics
    give them a copy (a transpose, say): they are copied out just before the memory is written.
    """

    __slots__ = ("lazy", "version")

    def __init__(self) -> None:
        self.version = 0
        self.lazy: list[weakref.ref[Tensor]] | None = None

    def add_lazy(self, view: Tensor) -> None:
        """Note a view that is a copy to the user, and now and then forget those that are gone."""
        if self.lazy is None:
            self.lazy = []
        self.lazy.append(weakref.ref(view))
        count = len(self.lazy)
        if count >= _MANY and not count & (count - 1):  # a power of two
            self.lazy = [reference for reference in self.lazy if reference() is not None]


_lock = threading.Lock()


def materialize_views(store: Store, writer: Tensor) -> None:
    """Give every lazy view of `store` but `writer` memory of its own, before `store` is written."""
    with _lock:
        views, store.lazy = store.lazy or [], None
    kept = []
    for reference in views:
        view = reference()
        if view is None or view._store is not store:
            continue
        if view is writer:
            kept.append(reference)
        else:
            count_own(view)
            view._data = view._data.copy()
            view._store = None
    store.lazy = kept or None


def count_own(view: Tensor) -> None:
    """Tell the ledger that a view gets memory of its own."""
    if bus.subscribers:
        place = str(view._device)
        copies.count(place, place, view._data.nbytes, "its memory is about to be written")


def root(array: Array) -> Array:
    """The object that owns the memory `array` looks at: the end of NumPy's `base` chain."""
    base = array.base
    while base is not None:
        array, base = base, getattr(base, "base", None)
    return array
