"""The profiler behind `mx.profiler`: records the bus while it runs, writes traces and tables."""

from __future__ import annotations

import atexit
import difflib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from time import perf_counter_ns
from typing import Any

from dlstudio.errors import ArgumentError, ParamError, explain
from dlstudio.trace import bus, chrome, marks, statistics
from dlstudio.trace.events import Allocated, Freed, OpRan, SlotFreed, SlotTaken
from dlstudio.trace.recorder import Recorder

__all__ = ["Config", "Profiler"]

CAPACITY = 1_000_000  # events; the oldest go first, and the trace says how many went
_MEMORY = (Allocated, Freed, SlotTaken, SlotFreed)


@dataclass(frozen=True)
class Config:
    """What a profile records, and where it goes; names and defaults as in MXNet.

    Attributes
    ----------
    filename : str
        Where `Profiler.dump` writes the Chrome trace.
    profile_all : bool
        Record everything, whatever the next four say.
    profile_symbolic : bool
        Record operators of planned graphs (executors, hybridized blocks).
    profile_imperative : bool
        Record operators called one by one, and optimizer updates.
    profile_memory : bool
        Record allocations and the use of plans' arenas.
    profile_api : bool
        Record copies between arrays and devices. (In MXNet: calls of its C functions.)
    continuous_dump : bool
        Write the file every `dump_period` seconds while the profile runs.
    dump_period : float, seconds
    aggregate_stats : bool
        Taken for MXNet's sake: `Profiler.dumps` always knows its table.
    profile_process : {"worker", "server"}
        Taken for MXNet's sake: there are no server processes.
    gpu_memory_profile_filename_prefix : str
        Taken for MXNet's sake: the memory of all devices is in the trace.
    """

    filename: str = "profile.json"
    profile_all: bool = False
    profile_symbolic: bool = True
    profile_imperative: bool = True
    profile_memory: bool = True
    profile_api: bool = True
    continuous_dump: bool = False
    dump_period: float = 1.0
    aggregate_stats: bool = False
    profile_process: str = "worker"
    gpu_memory_profile_filename_prefix: str = "gpu_memory_profile"

    def wants(self, event: Any) -> bool:
        """Whether a bus event belongs into the profile."""
        if self.profile_all:
            return True
        if isinstance(event, OpRan):
            planned = bool(event.name) and event.phase != "update"
            return self.profile_symbolic if planned else self.profile_imperative
        return self.profile_memory if isinstance(event, _MEMORY) else self.profile_api


_SPELLINGS = {"contiguous_dump": "continuous_dump", "file_name": "filename"}


class Profiler:
    """Records while it runs; costs nothing while it does not.

    Parameters
    ----------
    alive : function -> list of Allocated
        Lists the buffers alive, so that memory counters begin with what was there before.

    Examples
    --------
    >>> from dlstudio.trace.events import Copied
    >>> profiler = Profiler()
    >>> profiler.set_state("run")
    >>> bus.emit(Copied("cpu(0)", "cpu(1)", 2048, "as_in_context", 0))
    >>> profiler.set_state("stop")
    >>> [type(event).__name__ for event in profiler.events]
    ['Copied', 'Census']
    """

    def __init__(self, alive: Callable[[], Iterable[Allocated]] = list) -> None:
        self.config = Config()
        self._alive = alive
        self._recorder = Recorder(CAPACITY)
        self._census: list[chrome.Census] = []
        self._since = 0  # tables count from here
        self._leave: Callable[[], None] | None = None
        self._running = self._saved = self._will_save = False
        self._writer: threading.Event | None = None

    # ---- settings --------------------------------------------------------------------------
    def set_config(self, **changes: Any) -> None:
        """Change settings; those not named stay.

        Raises
        ------
        ArgumentError
            For a setting that does not exist.
        ParamError
            For a process other than "worker" and "server", or a period that is not positive.
        """
        known = [f.name for f in fields(Config)]
        changes = {_SPELLINGS.get(name, name): value for name, value in changes.items()}
        for name in changes:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                raise ArgumentError(
                    explain(
                        f"profiler.set_config has no setting {name!r}.",
                        f"one of {', '.join(known)}.",
                        f"did you mean {near[0]!r}?" if near else "set_config(profile_all=True)",
                    )
                )
        config = replace(self.config, **changes)
        check_process(config.profile_process)
        if not config.dump_period > 0:
            raise ParamError(f"profiler: dump_period must be positive. Got {config.dump_period}.")
        self.config = config

    # ---- running ---------------------------------------------------------------------------
    @property
    def state(self) -> str:
        """Whether it runs: "run" or "stop"."""
        return "run" if self._running else "stop"

    @property
    def recording(self) -> bool:
        """Whether events are kept now: running and not paused."""
        return self._leave is not None

    def set_state(self, state: str = "stop") -> None:
        """Start or stop.

        Parameters
        ----------
        state : {"run", "stop"}
            Running again goes on with the same profile, unless `dump` has finished it.

        Raises
        ------
        ParamError
            If it is neither.
        """
        if state not in ("run", "stop"):
            raise ParamError(
                explain(
                    f"profiler: parameter state={state!r}.",
                    '"run" or "stop".',
                    'mx.profiler.set_state("run")',
                )
            )
        if state == "stop":
            self._running = False
            self.pause()
            self._stop_writer()
        elif not self._running:
            self._begin()

    def _begin(self) -> None:
        if self._saved:
            self.clear()
        self._running = True
        self.resume()
        if not self._will_save:
            self._will_save = True
            atexit.register(self._save_at_exit)
        if self.config.continuous_dump:
            self._start_writer()

    def pause(self) -> None:
        """Keep nothing until `resume`."""
        if self._leave is not None:
            self._leave()
            self._leave = None
            marks.listener = None

    def resume(self) -> None:
        """Go on after `pause`; does nothing while stopped."""
        if self._running and self._leave is None:
            self._leave = bus.subscribe(self._keep)
            marks.listener = self._recorder._keep
            self._census.append(chrome.Census(tuple(self._alive()), perf_counter_ns()))

    def _keep(self, event: Any) -> None:
        if self.config.wants(event):
            self._recorder._keep(event)

    # ---- results ---------------------------------------------------------------------------
    @property
    def events(self) -> list[Any]:
        """What was recorded, and what was alive whenever recording began, by time."""
        census = self._census if self.config.profile_memory or self.config.profile_all else []
        return sorted([*self._recorder.events, *census], key=chrome.ending)

    def dump(self, finished: bool = True) -> None:
        """Write the Chrome trace to the configured file.

        Parameters
        ----------
        finished : bool
            Also stop; the next run begins a new profile.
        """
        if finished:
            self.set_state("stop")
            self._saved = True
        chrome.save(self.config.filename, self.events, self._recorder.dropped)

    def dumps(
        self,
        reset: bool = False,
        format: str = "table",  # noqa: A002  MXNet's name
        sort_by: str = "total",
        ascending: bool = False,
    ) -> str:
        """Return the aggregate statistics as text; parameters as in `mx.profiler.dumps`.

        Raises
        ------
        ParamError
            If `format` or `sort_by` is unknown.
        """
        if format not in ("table", "json"):
            raise ParamError(
                explain(
                    f"profiler: parameter format={format!r}.",
                    '"table" or "json".',
                    'mx.profiler.dumps(format="table")',
                )
            )
        write = statistics.as_table if format == "table" else statistics.as_json
        text = write(statistics.collect(self.events, self._since), sort_by, ascending)
        if reset:
            self._since = perf_counter_ns()
        return text

    def clear(self) -> None:
        """Forget what was recorded."""
        self._recorder.clear()
        self._census.clear()
        self._since, self._saved = 0, False

    # ---- writing without being asked ---------------------------------------------------------
    def _save_at_exit(self) -> None:
        """Save a profile that the program never dumped, as MXNet does."""
        if not self._saved and (self._running or self.config.continuous_dump):
            self.dump()

    def _start_writer(self) -> None:
        self._writer = threading.Event()
        threading.Thread(target=self._write, args=(self._writer,), daemon=True).start()

    def _stop_writer(self) -> None:
        if self._writer is not None:
            self._writer.set()
            self._writer = None

    def _write(self, stopped: threading.Event) -> None:
        while not stopped.wait(self.config.dump_period):
            self.dump(finished=False)


def check_process(name: str) -> None:
    """Refuse a process that is neither worker nor server."""
    if name not in ("worker", "server"):
        raise ParamError(
            explain(
                f"profiler: parameter profile_process={name!r}.",
                '"worker" or "server".',
                'profile_process="worker"',
            )
        )
