"""The line between a widget and its notebook: which kernel runs us, and who takes its messages.

While a cell runs, the main shell of an IPython kernel handles nothing else, so a click on *Pause*
would wait for the cell. ipykernel 7 has subshells: threads that handle messages meanwhile. From
7.4 on it sends a comm's messages to the shell that last published on this comm, which is the
busy one; `open_line` points them to a subshell of our own instead. Everything here asks with
`getattr` first: without the hook the widget says "controls queued" and ■ (SIGINT) still works.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from dlstudio.core.shell import shell

__all__ = ["after_cells", "open_line", "show"]

_subshell: str | None = None
_lock = threading.Lock()


def open_line(widget: Any) -> bool:
    """Let the widget's messages be handled while a cell keeps the main shell busy.

    Returns
    -------
    bool
        True where the kernel has the hook; False where the front-end's own way must do.
    """
    comm = getattr(widget, "comm", None)
    if comm is None or not hasattr(comm, "_reply_subshell_for"):
        return False
    own = _own_subshell()
    if own is None:
        return False
    # A front-end that asks for a subshell of its own gets it; the main shell is never chosen.
    comm._reply_subshell_for = lambda data, default: default or own
    return True


def _own_subshell() -> str | None:
    """Return the id of the one subshell that all our widgets share, made on first need."""
    global _subshell  # noqa: PLW0603  one per kernel
    with _lock:
        if _subshell is None:
            channel = getattr(getattr(shell(), "kernel", None), "shell_channel_thread", None)
            manager = getattr(channel, "manager", None)
            if manager is not None and hasattr(manager, "_create_subshell"):
                _subshell = _create_subshell(manager)
        return _subshell


def _create_subshell(manager: Any) -> str | None:
    """Make a subshell; ipykernel insists that its shell-channel thread does it."""
    made: list[str] = []
    ready = threading.Event()

    def create() -> None:
        made.append(manager._create_subshell())
        ready.set()

    manager._shell_channel_io_loop.add_callback(create)
    ready.wait(5)
    return made[0] if made else None


def after_cells(callback: Callable[[], None]) -> Callable[[], None]:
    """Call `callback` at the end of every cell; return what ends that."""
    events = getattr(shell(), "events", None)
    if events is None:
        return lambda: None

    def after_cell(_result: Any) -> None:
        callback()

    events.register("post_run_cell", after_cell)
    return lambda: events.unregister("post_run_cell", after_cell)


def show(bundle: dict[str, Any], display_id: str, *, update: bool = False) -> None:
    """Display a MIME bundle, or replace what was displayed under `display_id`."""
    from IPython.display import display

    display(bundle, raw=True, display_id=display_id, update=update)
