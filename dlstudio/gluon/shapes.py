"""Shapes and dtypes of a block's parameters, from those of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlstudio.errors import MXNetError, ShapeError
from dlstudio.gluon.compiled import not_inferred, retrace, traced_on_arrays
from dlstudio.gluon.parameter import shape_is_known
from dlstudio.gluon.structure import flatten, leaves

if TYPE_CHECKING:
    from dlstudio.gluon.hybrid import HybridBlock

__all__ = ["infer_and_finish", "infer_attributes"]


def infer_attributes(block: HybridBlock, which: str, args: tuple[Any, ...]) -> None:
    """Set shapes or dtypes of all parameters to fit inputs like `args`.

    Parameters
    ----------
    which : "infer_shape" or "infer_type"
    """
    arrays, structure = flatten(args)
    known = not traced_on_arrays(block, arrays) or block._by_arrays
    # a user's code for arrays of mx.np cannot run on them before its parameters are there
    graph = block._graph(args) if known else retrace(block, structure)
    attribute = "shape" if which == "infer_shape" else "dtype"
    inputs = set(graph.symbol.list_inputs())
    given = {
        n: getattr(a, attribute)
        for n, a in zip(graph.names, leaves(args), strict=True)
        if n in inputs
    }
    # what stays unknown is reported with the parameter's name by whoever needs it
    arguments, _, states = getattr(graph.symbol, f"{which}_partial")(**given)
    found = dict(zip(graph.symbol.list_arguments(), arguments or (), strict=False))
    found.update(zip(graph.symbol.list_auxiliary_states(), states or (), strict=False))
    for parameter in block.collect_params().values():
        value = found.get(parameter.name)
        if value and (attribute == "dtype" or shape_is_known(value)):
            setattr(parameter, attribute, value)


def infer_and_finish(block: HybridBlock, args: tuple[Any, ...]) -> None:
    """Make the parameters that waited for their shapes."""
    try:
        block.infer_shape(*args)
    except MXNetError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise ShapeError(
            "Deferred initialization failed because shape cannot be inferred."
            f" {type(block).__name__} {block.name!r}: {error}"
        ) from error
    for parameter in block.collect_params().values():
        if parameter._deferred is not None and shape_is_known(parameter.shape):
            parameter._finish_deferred_init()
    if not traced_on_arrays(block, flatten(args)[0]):
        # variables of the graph note the shapes: make it anew
        vars(block)["_graphs"] = {k: retrace(block, k) for k in block._graphs}
    waiting = [p for p in block._reg_params.values() if p._deferred is not None]
    if waiting:
        raise not_inferred(block, waiting[0], args)
