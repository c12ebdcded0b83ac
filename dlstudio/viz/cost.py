"""What a network costs: parameters and multiply-adds, in all and per operator."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from dlstudio.core.avals import Aval
from dlstudio.errors import ShapeError, explain

__all__ = ["Cost", "count_cost"]


_NUMBER = np.dtype(np.float32)  # dtypes cost nothing


@dataclass(frozen=True)
class Cost:
    """Parameters and multiply-adds of a network.

    Parameters
    ----------
    params : int
        Elements of all learned values; moving statistics are in `auxiliary`.
    auxiliary : int
        Elements of the values that training updates without gradients.
    macs : int
        Multiply-adds of one forward run, of convolutions and products of matrices. Papers call
        them FLOPs; strictly a multiply-add is two floating-point operations.
    layers : dict of str to int
        Multiply-adds by operator, in the order of the graph.
    """

    params: int
    auxiliary: int
    macs: int
    layers: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.params:,} parameters, {self.macs / 1e9:.3g} G multiply-adds"


def count_cost(model: Any, shape: Any) -> Cost:
    """Count parameters and multiply-adds.

    Parameters
    ----------
    model : HybridBlock or Symbol
    shape : tuple of int, or dict of str to tuple of int
        Of the input, or of every input, with the batch axis.

    Raises
    ------
    ShapeError
        If a shape does not follow from `shape`.

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.gluon.nn.Dense(3, in_units=4)
    >>> print(mx.viz.count_cost(net, (1, 4)))
    15 parameters, 1.2e-08 G multiply-adds
    """
    symbol = _symbol_of(model)
    shapes = dict(shape) if isinstance(shape, Mapping) else {_only_input(symbol): tuple(shape)}
    inside = symbol.get_internals()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is unknown is said below, as an error
        arguments, outputs, states = inside.infer_shape(**shapes)
    if outputs is None:
        raise _unknown(shapes)
    known = {
        (id(node), index): Aval(tuple(found), _NUMBER)
        for (node, index), found in zip(inside.outputs_, outputs, strict=True)
    }
    layers: dict[str, int] = {}
    for node in dict.fromkeys(node for node, _ in inside.outputs_):
        if node.op is not None and node.op.macs is not None:
            ins = [known[id(source), index] for source, index in node.inputs]
            attrs = {**node.op.attrs, **node.attrs}
            layers[node.name] = node.op.macs(ins, [known[id(node), 0]], attrs)
    learned = zip(inside.list_arguments(), arguments, strict=True)
    return Cost(
        sum(prod(s) for name, s in learned if name not in shapes),
        sum(map(prod, states)),
        sum(layers.values()),
        layers,
    )


def _symbol_of(model: Any) -> Any:
    if hasattr(model, "list_arguments"):
        return model
    from dlstudio import sym

    out = model(sym.var("data"))
    return sym.Group(out) if isinstance(out, (list, tuple)) else out


def _only_input(symbol: Any) -> str:
    names = symbol.list_arguments()
    return "data" if "data" in names else names[0]


def _unknown(shapes: Mapping[str, Any]) -> ShapeError:
    return ShapeError(
        explain(
            f"count_cost: not every shape follows from {dict(shapes)}.",
            "the shape of every input.",
            'count_cost(net, {"data": (1, 3, 224, 224)})',
        )
    )
