"""`mx.profiler`: what ran when, how long it took, and the memory it used.

    mx.profiler.set_config(filename="profile.json", profile_all=True)
    mx.profiler.set_state("run")
    train()
    mx.profiler.set_state("stop")
    print(mx.profiler.dumps())   # a table
    mx.profiler.dump()           # profile.json opens in https://ui.perfetto.dev

Functions, signatures and defaults are MXNet 1.9's. While no profile runs, nothing is recorded and
nothing is paid. There are no server processes: what is meant for them
(``profile_process="server"``) does nothing.
"""

from __future__ import annotations

import warnings
from typing import Any

from dlstudio.core.watch import live_buffers
from dlstudio.trace.marks import Counter, Domain, Event, Frame, Marker, Task
from dlstudio.trace.profiler import Profiler, check_process

__all__ = [
    "Counter",
    "Domain",
    "Event",
    "Frame",
    "Marker",
    "Task",
    "dump",
    "dump_profile",
    "dumps",
    "pause",
    "profiler_set_config",
    "profiler_set_state",
    "resume",
    "set_config",
    "set_kvstore_handle",
    "set_state",
    "start",
    "state",
    "stop",
]

_profiler = Profiler(live_buffers)


def set_config(**kwargs: Any) -> None:
    """Say what is recorded and where it goes.

    Parameters
    ----------
    filename : str, default "profile.json"
    profile_all : bool, default False
        Everything; overrides the next four.
    profile_symbolic, profile_imperative, profile_memory, profile_api : bool, default True
        Planned operators, eager operators, memory, copies.
    continuous_dump : bool, default False
        Write the file every `dump_period` (1.0) seconds.
    aggregate_stats : bool, default False
        Taken for MXNet's sake; `dumps` always works.
    profile_process : {"worker", "server"}

    Raises
    ------
    ArgumentError
        For a setting that does not exist.

    Examples
    --------
    >>> set_config(profile_all=True, filename="profile.json")
    """
    if kwargs.get("profile_process") != "server":
        _profiler.set_config(**kwargs)


def set_state(state: str = "stop", profile_process: str = "worker") -> None:
    """Start or stop recording.

    Parameters
    ----------
    state : {"run", "stop"}
    profile_process : {"worker", "server"}

    Raises
    ------
    ParamError
        If one is something else.
    """
    if _is_ours(profile_process):
        _profiler.set_state(state)


def state() -> str:
    """Whether a profile is running: "run" or "stop"."""
    return _profiler.state


def start() -> None:
    """Start recording: ``set_state("run")``."""
    _profiler.set_state("run")


def stop() -> None:
    """Stop recording: ``set_state("stop")``."""
    _profiler.set_state("stop")


def pause(profile_process: str = "worker") -> None:
    """Record nothing until `resume`."""
    if _is_ours(profile_process):
        _profiler.pause()


def resume(profile_process: str = "worker") -> None:
    """Record again after `pause`."""
    if _is_ours(profile_process):
        _profiler.resume()


def dump(finished: bool = True, profile_process: str = "worker") -> None:
    """Write the profile to the configured file, as a Chrome trace.

    Parameters
    ----------
    finished : bool
        Stop as well; the next run begins a new profile.
    profile_process : {"worker", "server"}
    """
    if _is_ours(profile_process):
        _profiler.dump(finished)


def dumps(
    reset: bool = False,
    format: str = "table",  # noqa: A002  MXNet's name
    sort_by: str = "total",
    ascending: bool = False,
) -> str:
    """Return how often each operator ran and how long it took.

    Parameters
    ----------
    reset : bool
        Count anew from now on.
    format : {"table", "json"}
    sort_by : {"total", "avg", "min", "max", "count"}
    ascending : bool

    Returns
    -------
    str
        Times in milliseconds, memory in kilobytes.

    Raises
    ------
    ParamError
        If `format` or `sort_by` is something else.
    """
    return _profiler.dumps(reset, format, sort_by, ascending)


def set_kvstore_handle(handle: Any) -> None:
    """Do nothing: MXNet profiles its servers through this handle, and there are none."""
    del handle


def profiler_set_config(mode: str = "symbolic", filename: str = "profile.json") -> None:
    """Say what is recorded; MXNet's former name of `set_config`.

    Parameters
    ----------
    mode : {"symbolic", "all"}
    filename : str
    """
    _deprecated("profiler_set_config", "set_config")
    wanted = mode == "all"
    set_config(
        profile_symbolic=True,
        profile_imperative=wanted,
        profile_memory=wanted,
        profile_api=wanted,
        filename=filename,
    )


def profiler_set_state(state: str = "stop") -> None:
    """Start or stop; MXNet's former name of `set_state`."""
    _deprecated("profiler_set_state", "set_state")
    set_state(state)


def dump_profile() -> None:
    """Write the profile; MXNet's former name of `dump`."""
    _deprecated("dump_profile", "dump")
    dump(finished=True)


def _is_ours(profile_process: str) -> bool:
    check_process(profile_process)
    return profile_process == "worker"


def _deprecated(old: str, new: str) -> None:
    warnings.warn(
        f"mx.profiler.{old} is MXNet's former name of mx.profiler.{new}.",
        DeprecationWarning,
        stacklevel=3,
    )
