"""Nested arguments of blocks, taken apart into a flat list of arrays and put together again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from dlstudio.core.sparse import BaseSparseNDArray
from dlstudio.core.tensor import NDArray, Tensor, ndarray
from dlstudio.graph.symbol import Symbol

__all__ = [
    "Leaf", "as_numpy_dialect", "count_leaves", "flatten", "has_sparse", "leaves", "regroup",
]  # fmt: skip


class Leaf(NamedTuple):
    """Place of an array; `count` > 0 stands for a list of that many outputs of one symbol."""

    count: int = 0
    sparse: bool = False


class _Fixed(NamedTuple):
    """Something that is no array and stays as it is: None, a number, a text."""

    value: Any


class _List(NamedTuple):
    kind: type
    items: tuple[Any, ...]
    keys: tuple[Any, ...] = ()  # of a dictionary


Structure = Any
_DENSE, _SPARSE = Leaf(), Leaf(sparse=True)


def has_sparse(structure: Structure) -> bool:
    """Whether one of the arrays has sparse storage."""
    if isinstance(structure, _List):
        return any(map(has_sparse, structure.items))
    return isinstance(structure, Leaf) and structure.sparse


def flatten(thing: Any) -> tuple[list[Any], Structure]:
    """Arrays (or symbols) inside nested lists, tuples and dicts, and the structure without them.

    The structure is hashable as long as the fixed values are, so that it can be part of a key.
    """
    found: list[Any] = []
    return found, _flatten(thing, found)


def _flatten(thing: Any, found: list[Any]) -> Structure:
    if isinstance(thing, Tensor):
        found.append(thing)
        return _SPARSE if isinstance(thing, BaseSparseNDArray) else _DENSE
    if isinstance(thing, Symbol):
        found.append(thing)
        return Leaf(len(thing) if len(thing) > 1 else 0)
    if isinstance(thing, (list, tuple)):
        return _List(type(thing), tuple(_flatten(x, found) for x in thing))
    if isinstance(thing, dict):
        return _List(dict, tuple(_flatten(x, found) for x in thing.values()), tuple(thing))
    return _Fixed(thing)


def leaves(thing: Any) -> list[Any]:
    """Arrays or symbols inside nested lists and tuples, in order."""
    return flatten(thing)[0]


def regroup(values: Sequence[Any], structure: Structure) -> Any:
    """Put `values` back where `flatten` found arrays."""
    return _regroup(iter(values), structure)


def _regroup(values: Iterator[Any], structure: Structure) -> Any:
    if isinstance(structure, Leaf):
        if structure.count:
            return [next(values) for _ in range(structure.count)]
        return next(values)
    if isinstance(structure, _List):
        items = [_regroup(values, s) for s in structure.items]
        if structure.kind is dict:
            return dict(zip(structure.keys, items, strict=True))
        if hasattr(structure.kind, "_fields"):  # named tuples take their items one by one
            return structure.kind(*items)
        return structure.kind(items)
    return structure.value


def count_leaves(structure: Structure) -> int:
    """Count the arrays `regroup` takes for this structure."""
    if isinstance(structure, Leaf):
        return max(structure.count, 1)
    return sum(map(count_leaves, structure.items)) if isinstance(structure, _List) else 0


def as_numpy_dialect(out: Any) -> Any:
    """Relabel results for callers who gave `mx.np` arrays."""
    if isinstance(out, NDArray):
        return out._as(ndarray)
    if isinstance(out, (list, tuple)):
        return type(out)(as_numpy_dialect(x) for x in out)
    return out
