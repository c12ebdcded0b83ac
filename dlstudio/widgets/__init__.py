"""Live views of the running engine for Jupyter: graph, memory, devices, training, debugger.

Needs the extra ``lab`` (anywidget). Each view is a widget; all of them show themselves in a cell,
write files with `to_file`, and share one selection after `link`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlstudio.widgets.debugger import Debugger
    from dlstudio.widgets.devices import DeviceView
    from dlstudio.widgets.graph import GraphView
    from dlstudio.widgets.linking import link, unlink
    from dlstudio.widgets.memory import MemoryView
    from dlstudio.widgets.monitor import TrainingMonitor

__all__ = [
    "Debugger",
    "DeviceView",
    "GraphView",
    "MemoryView",
    "TrainingMonitor",
    "link",
    "unlink",
]

_HOMES = {
    "Debugger": "debugger",
    "DeviceView": "devices",
    "GraphView": "graph",
    "MemoryView": "memory",
    "TrainingMonitor": "monitor",
    "link": "linking",
    "unlink": "linking",
}


def __getattr__(name: str) -> Any:
    """Load a view on first use: importing dlstudio must not load ipywidgets."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
