"""What a symbol is asked for in vain: values, rows, and what only arrays have."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from dlstudio.errors import (
    ArgumentError,
    GraphError,
    IndexRangeError,
    NotImplementedForSymbol,
    UnknownNameError,
    explain,
)

if TYPE_CHECKING:
    from dlstudio.core.node import Node
    from dlstudio.graph.symbol_class import Symbol

__all__ = ["install", "lacks", "mention_rows", "no_elements", "no_such_output"]

_ROWS = "mx.sym.slice_axis(x, axis=0, begin=0, end=1), or x.slice(...), for elements"


def no_elements(index: Any) -> ArgumentError:
    """Say that a symbol cannot be cut like an array."""
    return ArgumentError(
        explain(
            f"a symbol was indexed by {index!r}.",
            "the number or the name of an output: a symbol has outputs, no elements.",
            _ROWS,
        )
    )


def no_such_output(symbol: Symbol, index: int) -> IndexRangeError:
    """Say how many outputs there are."""
    count = len(symbol.outputs_)
    return IndexRangeError(
        explain(f"output {index} was asked for of a symbol with {count} outputs.", fix=_ROWS)
    )


def mention_rows(node: Node, index: Any) -> None:
    """Say in a hybridized block that ``x[0]`` is no row, unless operators may give several."""
    if node.op is not None and (callable(node.op.outputs) or node.op.outputs != 1):
        return
    warnings.warn(
        f"{node.name}[{index}] in a hybridized block is the output itself, all of it: a symbol has "
        "no rows. On arrays it is a row, so the block computes something else when it is not "
        "hybridized. F.slice_axis(x, axis=0, begin=0, end=1) takes a row in both.",
        stacklevel=3,
    )


_OF_ARRAYS = ("shape", "dtype", "size", "ndim", "context", "ctx", "device", "stype", "grad")


def lacks(symbol: Symbol, name: str) -> UnknownNameError:
    """Say why a symbol has no attribute of that name."""
    if name not in _OF_ARRAYS:
        return UnknownNameError(f"a symbol has no attribute {name!r}.")
    return UnknownNameError(
        explain(
            f"{name} of a symbol was asked for: no array is there yet.",
            "a graph that holds for arrays of any shape and dtype.",
            "x.infer_shape(data=...)[1] tells shapes; operators take codes for sizes, such as "
            "reshape(x, shape=(0, -1)), slice_like and broadcast_like; a HybridBlock with "
            "forward(self, x) instead of hybrid_forward(self, F, x) sees arrays",
        )
    )


def _not_an_array(name: str) -> Any:
    def method(self: Symbol, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedForSymbol(
            explain(
                f"{name}() was called on symbol {self.name!r}, which has no value yet.",
                "an array: inside a hybridized block the inputs are symbols.",
                f"remove the {name}() call from hybrid_forward, or do not hybridize the block",
            )
        )

    method.__name__ = name
    method.__doc__ = f"Raise NotImplementedForSymbol: a symbol has no value to {name}."
    return method


_BY_PYTHON = {  # what is asked of a symbol where Python or NumPy wants values
    "__float__": ("a number was asked of", "F.sqrt(x) and the like, instead of math.sqrt(x)"),
    "__int__": ("a number was asked of", "F.cast(x, dtype='int32')"),
    "__array__": ("NumPy was handed", "F.sqrt(x) and the like, instead of np.sqrt(x)"),
    "__setitem__": ("a part was to be overwritten of", "F.where(condition, x, y), F.concat(...)"),
}


def _no_values(name: str) -> Any:
    what, instead = _BY_PYTHON[name]

    def method(self: Symbol, *args: Any, **kwargs: Any) -> Any:
        raise GraphError(
            explain(
                f"{what} symbol {self.name!r}, which has no value yet.",
                "operators of mx.sym (F in a hybrid block): they are computed later.",
                instead,
            )
        )

    method.__name__ = name
    return method


_METHODS = ("asnumpy", "asscalar", "wait_to_read", "backward", "detach", "copy", "as_in_context")


def install(kind: type[Symbol]) -> None:
    """Let methods that would need values say so."""
    for name in _METHODS:
        setattr(kind, name, _not_an_array(name))
    for name in _BY_PYTHON:
        setattr(kind, name, _no_values(name))
