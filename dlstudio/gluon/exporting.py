"""Files of a hybridized block: its symbol and its parameters, which need no Python code to run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlstudio.errors import GraphError, InitError, explain
from dlstudio.gluon.compiled import retrace

if TYPE_CHECKING:
    from dlstudio.gluon.hybrid import HybridBlock
    from dlstudio.graph.symbol import Symbol

__all__ = ["export", "exported"]


def export(block: HybridBlock, path: Any, epoch: int, *, remove_amp_cast: bool) -> tuple[str, str]:
    """Write both files; see `HybridBlock.export`."""
    from dlstudio.interop import params

    _, symbol, values = exported(block)
    states = set(symbol.list_auxiliary_states())
    symbol_file, params_file = f"{path}-symbol.json", f"{path}-{epoch:04d}.params"
    arrays = {f"{'aux' if n in states else 'arg'}:{n}": v.asnumpy() for n, v in values.items()}
    Path(symbol_file).parent.mkdir(parents=True, exist_ok=True)
    symbol.save(symbol_file, remove_amp_cast=remove_amp_cast)
    params.save(params_file, arrays)
    return symbol_file, params_file


def exported(block: HybridBlock) -> tuple[list[str], Symbol, dict[str, Any]]:
    """Names of the inputs, the symbol, and the values of all its other variables."""
    if block._last_structure is None:
        raise InitError(
            explain(
                f"{type(block).__name__} {block.name!r} was exported before it was traced.",
                "one call, from which the number and shapes of inputs are known.",
                "Please first call block.hybridize() and then run forward with this block at"
                " least once before calling export",
            )
        )
    traced = block._last_structure in block._graphs and not block._dynamic
    if block._by_arrays and not traced:  # symbols hold for all values, array code does not
        why = block._dynamic or "it works with sparse arrays"
        raise GraphError(explain(f"{block.name} has no graph to export: {why}.", "operators only."))
    graph = block._graphs.get(block._last_structure) or retrace(block, block._last_structure)
    known = set(graph.symbol.list_inputs())
    values = {n: p._reduce() for n, p in block.collect_params().items() if n in known}
    return list(graph.names), graph.symbol, {**values, **graph.constants}
