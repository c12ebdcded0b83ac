"""What inference knows so far of each node output: shapes and dtypes, and how they are merged.

An unknown shape is None and an unknown dimension -1; `dlstudio.core.unknown` translates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.core.params import DType
from dlstudio.core.params import Shape as ShapeParam
from dlstudio.core.unknown import is_np_shape
from dlstudio.errors import DTypeError, MXNetError, ShapeError, explain
from dlstudio.graph.compose import Output, label

if TYPE_CHECKING:
    from dlstudio.core.node import Node

__all__ = [
    "FLOAT32",
    "Facts",
    "Shape",
    "known",
    "merged",
    "node_outputs",
    "read_variable",
    "zero_sized",
]

Shape = tuple[int, ...]
FLOAT32 = np.dtype(np.float32)
_RARE = tuple(np.dtype(name) for name in ("int32", "bool", "int8", "complex64"))
_CODES = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")
_NUMBERS = frozenset(str(i) for i in range(len(_CODES)))  # files hold MXNet's numbers of dtypes
_SHAPE, _DTYPE = ShapeParam(-1), DType()


def known(shape: Shape | None) -> bool:
    """Whether every dimension is known."""
    return shape is not None and -1 not in shape


def merged(old: Shape | None, new: Shape | None) -> Shape | None:
    """Join what two shapes tell; None if they contradict each other or both are unknown."""
    if old is None or new is None:
        return new if old is None else old
    pairs = list(zip(old, new, strict=False))
    if len(old) != len(new) or any(a != b and min(a, b) >= 0 for a, b in pairs):
        return None
    return tuple(max(pair) for pair in pairs)


class Facts:
    """What is known so far of each node output: shapes and dtypes, None where unknown."""

    def __init__(self) -> None:
        self.shapes: dict[tuple[int, int], Shape | None] = {}
        self.dtypes: dict[tuple[int, int], np.dtype[Any] | None] = {}
        self.changed = False

    def shape(self, edge: Output) -> Shape | None:
        """Shape of a node output, -1 for unknown dimensions."""
        return self.shapes.get((id(edge[0]), edge[1]))

    def dtype(self, edge: Output) -> np.dtype[Any] | None:
        """Dtype of a node output."""
        return self.dtypes.get((id(edge[0]), edge[1]))

    def learn_shape(self, edge: Output, shape: Shape | None, because: Node) -> None:
        """Merge `shape` with what is known; raise ShapeError on a contradiction."""
        if shape is None:
            return
        key, old = (id(edge[0]), edge[1]), self.shape(edge)
        new = merged(old, tuple(shape))
        if new is None:
            raise ShapeError(
                explain(
                    f"{label(because)} needs {edge[0].name} to have shape {tuple(shape)}, "
                    f"but {label(edge[0])} has shape {old}.",
                    "one shape for each variable.",
                    f"change the shape given for {edge[0].name!r}, or the layer that uses it",
                )
            )
        if new != old:
            self.shapes[key], self.changed = new, True

    def learn_dtype(self, edge: Output, dtype: Any) -> None:
        """Note the dtype of an output that had none."""
        if dtype is not None and self.dtype(edge) is None:
            self.dtypes[id(edge[0]), edge[1]], self.changed = np.dtype(dtype), True

    def likely_dtypes(self, node: Node) -> Iterator[list[np.dtype[Any]]]:
        """Dtypes of a node's inputs: where unknown, those that may be meant, likely ones first.

        These are that of a floating sibling or float32, and then what bits and numbers of steps
        are stored in, for all inputs or for those that follow floating data.
        """
        dtypes = [self.dtype(edge) for edge in node.inputs]
        first = next((d for d in dtypes if d is not None and d.kind == "f"), FLOAT32)
        whole = [d for d in dtypes if d is not None]
        if len(whole) == len(dtypes):
            yield whole
            return
        for assumed in (first, *_RARE):
            yield [assumed if d is None else d for d in dtypes]
        data_first = [first, *[_RARE[0]] * (len(dtypes) - 1)]
        yield [b if a is None else a for a, b in zip(dtypes, data_first, strict=True)]


def read_variable(
    facts: Facts, node: Node, shapes: Mapping[str, Shape | None], dtypes: Mapping[str, Any]
) -> None:
    """Learn what a variable says of itself, and what is given for it by name."""
    edge = (node, 0)
    where = f"{label(node)}: attribute"
    if "__shape__" in node.raw:
        # files are written under either semantics: 0 may mean unknown (see `zero_sized`)
        sizes = _SHAPE.parse(node.raw["__shape__"], f"{where} __shape__")
        facts.learn_shape(edge, tuple(n or -1 for n in sizes), node)
    if shapes.get(node.name) is not None:
        facts.learn_shape(edge, shapes[node.name], node)
    if dtypes.get(node.name) is not None:
        facts.learn_dtype(edge, dtypes[node.name])
    elif "__dtype__" in node.raw:
        text = node.raw["__dtype__"]
        if text == "-1":  # a file's way to say: unknown
            return
        name = _CODES[int(text)] if text in _NUMBERS else text
        facts.learn_dtype(edge, _DTYPE.parse(name, f"{where} __dtype__"))


def zero_sized(facts: Facts, nodes: Sequence[Node]) -> None:
    """Under NumPy shape semantics a 0 stated by a variable is a size, if nothing else is told."""
    if not is_np_shape():
        return
    for node in nodes:
        shape = facts.shape((node, 0))
        if node.is_variable and shape is not None and not known(shape):
            sizes = _SHAPE.parse(node.raw.get("__shape__", shape), "__shape__")
            facts.learn_shape((node, 0), sizes, node)


def node_outputs(node: Node, avals: Sequence[Aval]) -> tuple[Aval, ...]:
    """Avals of all outputs of `node`; errors name the node and its line."""
    assert node.op is not None
    try:
        result = node.op.infer(*avals, **node.attrs)
    except MXNetError as error:
        raise type(error)(f"{label(node)}: {error}") from None
    except (ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError) as error:
        wrong = DTypeError if isinstance(error, TypeError) else ShapeError
        given = ", ".join(f"{a.dtype.name}{list(a.shape)}" for a in avals)
        raise wrong(explain(f"{label(node)} cannot take {given}: {error}")) from error
    return (result,) if isinstance(result, Aval) else tuple(result)
