"""Symbolic programs: how they are composed, rewritten, planned, printed as Python, and run.

From a network to numbers, in reading order:

====================  =============================================================================
`compose`, `symbol`   nodes and `Symbol`s: what the user builds; `json` reads and writes them
`tracing`             ordinary array code run once, its calls noted as nodes
`ir`, `lower`         `Graph`: the symbol as a straight list of equations over numbered values
`passes`              small functions ``Graph -> Graph``; `pipeline` runs them in their order
`storage`             which values share memory
`memory`, `pack`      how long each buffer lives, who may write over whom, offsets in one arena
`codegen`             the planned graph as readable Python, which is the text that runs
`program`             kernels chosen, text compiled; `Frame` is one set of arenas bound to it
`executor`            `bind` and `simple_bind`: a program over the user's arrays
`arenas`              memory that executors use in turn; `sizes`: what a network takes, unallocated
`capture`, `leases`   `CachedOp`: a program behind `hybridize()`, one frame per call in flight
`workers`             one thread per device, for programs that run on several
`watching`            what a watched program tells the bus
`explaining`          `explain`: what each pass changed
`debugging`           `debug`: the program under control, one equation at a time
====================  =============================================================================

Examples
--------
>>> import dlstudio as mx
>>> net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=3, name="fc")
>>> executor = net.simple_bind(mx.cpu(), data=(2, 5))
>>> "gradient: 1 -> " in executor.graph.explain()
True
>>> "def forward(data, fc_weight, fc_bias, out_fc_output):" in executor.source
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlstudio.graph.debugging import Debugger, debug, gradient_norm_above, not_finite
    from dlstudio.graph.explaining import explain
    from dlstudio.graph.pipeline import memory_budget, without
    from dlstudio.graph.sizes import footprint

__all__ = [
    "Debugger",
    "debug",
    "explain",
    "footprint",
    "gradient_norm_above",
    "memory_budget",
    "not_finite",
    "without",
]
_HOMES = {
    "explain": "explaining",
    "footprint": "sizes",
    "memory_budget": "pipeline",
    "without": "pipeline",
}
_MODULES = ("debugging", "memory", "pipeline")  # found without an import of their own


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})


def __getattr__(name: str) -> Any:
    """Load what is seldom wanted when it is first asked for."""
    if name in _MODULES:
        return import_module(f"dlstudio.graph.{name}")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"dlstudio.graph.{_HOMES.get(name, 'debugging')}")
    return getattr(home, name)
