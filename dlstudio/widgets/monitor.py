"""TrainingMonitor: metric lines while the cell runs, and controls that act while it runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from dlstudio import kernels
from dlstudio.core.shell import in_kernel
from dlstudio.widgets import kernel
from dlstudio.widgets.background import Run
from dlstudio.widgets.console import Lines
from dlstudio.widgets.control import Control
from dlstudio.widgets.feed import Stream, pump
from dlstudio.widgets.loop import Loop
from dlstudio.widgets.progress import Metrics, number
from dlstudio.widgets.rate import Rate, SupportsRate
from dlstudio.widgets.schema import Command, Frame, Progress, State
from dlstudio.widgets.text import format_seconds
from dlstudio.widgets.view import STATIC, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["TrainingMonitor"]

# What of the progress is worth a message of its own.
_TOLD = ("state", "step", "lr", "message")
# A pause renews the stored picture, but stepping must not wait for it each time; in seconds.
_STILL_PAUSE = 10
# While a loop runs, the browser hears at least so often that the kernel is there, in seconds.
_HEARTBEAT = 2
# Points of one series in a saved notebook, and after a page reload.
_KEPT_POINTS = 4_000


class TrainingMonitor(View):
    """Watch and steer a training loop from the cell that runs it.

    The loop goes through `track` (or `atrack` in an async cell, or runs in a thread by `run`).
    Buttons and slider act between two steps, while the cell runs. ■ stops gracefully, pressed
    twice it interrupts. Without a browser, progress is written as text.

    Parameters
    ----------
    trainer : Trainer, optional
        Its learning rate follows the slider at step boundaries.
    lr : float > 0, optional
        Start value of the slider; the trainer's rate if there is a trainer.
    locale : {"auto", "en", "zh"}

    Examples
    --------
    >>> with TrainingMonitor(lr=0.1) as monitor:  # doctest: +SKIP
    ...     for data, label in monitor.track(loader, epochs=5):
    ...         loss = train_step(data, label, lr=monitor.lr)
    ...         monitor.log(loss=loss)
    """

    _esm = STATIC / "monitor.js"
    _css = STATIC / "monitor.css"

    def __init__(
        self,
        *,
        trainer: SupportsRate | None = None,
        lr: float | None = None,
        locale: str = "auto",
    ) -> None:
        self.metrics = Metrics()
        self._rate = Rate(lr, trainer)
        self._loop = Loop(self._rate.set, self)
        self._stream = Stream()
        self._lines = Lines()
        self._waiting: deque[tuple[str, int, float]] = deque()
        self._unsent: list[tuple[str, int, float]] = []
        self._entered = False
        self._next_still = 0.0
        self._said: tuple[Any, ...] = ()
        super().__init__(locale=locale)
        pump.add(self)

    # Reading -----------------------------------------------------------------------------

    @property
    def lr(self) -> float:
        """The learning rate in force. Setting it acts at once, on the trainer too."""
        return self._rate.get()

    @lr.setter
    def lr(self, rate: float) -> None:
        self._rate.set(rate)
        pump.wake()

    @property
    def state(self) -> State:
        """``"empty" | "running" | "paused" | "done" | "stopped" | "error"``."""
        return self._loop.state

    @property
    def steps(self) -> int:
        """Steps done so far."""
        return self._loop.step

    @property
    def control(self) -> Control:
        """The switchboard that the buttons act on."""
        return self._loop.control

    @property
    def history(self) -> dict[str, tuple[Any, Any]]:
        """Per series its (steps, values), float64 arrays of one length."""
        self._collect()
        return {name: self.metrics.series(name) for name in self.metrics.names}

    def log(self, **values: Any) -> None:
        """Add one value to each named series, at the current step.

        Parameters
        ----------
        **values : float, or an array or tensor, whose mean is taken
        """
        loop = self._loop
        if not loop.tracked:
            loop.count_untracked()
        at = loop.position
        for name, value in values.items():
            self._waiting.append((name, at, value if type(value) is float else number(value)))

    # Steering ----------------------------------------------------------------------------

    def pause(self) -> None:
        """Hold the loop before its next step."""
        self.control.pause()

    def resume(self) -> None:
        """Let the loop go on."""
        self.control.resume()

    def step(self, count: int = 1) -> None:
        """Do `count` steps, then hold."""
        self.control.step(count)

    def stop(self) -> None:
        """End the loop before its next step."""
        self.control.stop()

    def set(self, *, lr: float) -> None:
        """Change the learning rate at the next step boundary."""
        self.control.set_rate(lr)

    def track(self, loader: Iterable[Any], *, epochs: int = 1, total: int = 0) -> Iterator[Any]:
        """Yield the items of `loader`, `epochs` times over; controls act between two of them.

        Parameters
        ----------
        loader : iterable
            Iterated anew for each epoch.
        epochs : int
        total : int, optional
            Steps of one epoch, where `loader` has no length.
        """
        return self._loop.track(loader, epochs, total)

    def atrack(
        self, loader: Iterable[Any], *, epochs: int = 1, total: int = 0
    ) -> AsyncIterator[Any]:
        """As `track`, for ``async for``: needs no special kernel and works in every front-end."""
        return self._loop.atrack(loader, epochs, total)

    def run(self, train: Callable[..., Any], *args: Any, background: bool = True, **kw: Any) -> Run:
        """Run ``train(*args, **kw)``, which uses `track` and `log`, in a thread; return at once.

        Returns
        -------
        Run
            With `pause`, `resume`, `step`, `set`, `stop`, `wait`; it can be awaited.
        """
        self._show_once()
        return Run(self, lambda: train(*args, **kw)).start(background=background)

    def command(self, message: Command) -> None:
        """Leave a browser's command for the next step boundary."""
        self.control.post(message)
        pump.wake()

    def applied(self) -> dict[str, int]:
        """Return, per browser client, the number of its last command that took effect."""
        return self.control.applied

    # What the loop tells -----------------------------------------------------------------

    def loop_opened(self) -> None:
        """Show the view and ask who is watching."""
        self._show_once()
        kernel.open_line(self)
        self.ping()
        self._lines.begin()

    def loop_stepped(self) -> None:
        """Write a line where nobody sees the widget."""
        if news := kernels.announcement():  # once per process: why a first run is slower
            print(news, flush=True)
        if self._lines.due:
            self._write_line()

    def loop_changed(self) -> None:
        """Tell the browser soon; store what is seen for a saved notebook."""
        pump.wake()
        if self._loop.state == "paused" and time.monotonic() >= self._next_still:
            self._next_still = time.monotonic() + _STILL_PAUSE
            self.refresh_still()

    def loop_closed(self) -> None:
        """Write the last line and store the picture of the end."""
        self._write_line(last=True)
        if not self._entered:
            self.refresh_still()

    def _write_line(self, *, last: bool = False) -> None:
        if self.watched:
            self._lines.postpone()
        else:
            self._lines.write(self.summary(), last=last)

    def _show_once(self) -> None:
        if not self._displayed and in_kernel():
            self.show()

    def __enter__(self) -> Self:
        self._entered = True
        self._show_once()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._loop.end("done")
        else:
            self._loop.fail(error)
        self._entered = False
        self.refresh_still()

    def close(self) -> None:
        """End the view; what it drew stays in the notebook."""
        pump.remove(self)
        super().close()

    # Sending -----------------------------------------------------------------------------

    def _collect(self) -> None:
        """Move the waiting values into the history, and note that they were not sent yet."""
        with self._guard:
            rows = [self._waiting.popleft() for _ in range(len(self._waiting))]
            self.metrics.add(rows)
            self._unsent += rows

    def flush(self) -> bool:
        """Send what was logged since the last time; called by the pump."""
        with self._guard:
            acknowledged = self._acknowledge()
            self._collect()
            rows, self._unsent = self._unsent, []
            progress = self._progress()
            news = (*(progress[key] for key in _TOLD), self._heartbeat())
            reset = self._take_reset()
            if not rows and not reset and news == self._said:
                return acknowledged
            self._said = news
            table = self._everything() if reset else self._rows(rows)
            frame, data = self._stream.frame([("metrics", table)], reset=reset, progress=progress)
            self.send(frame, [data])
            return True

    def _heartbeat(self) -> int:
        """Return a number that changes now and then while a loop is open."""
        return int(time.monotonic() / _HEARTBEAT) if self._loop.tracked else 0

    def durable(self) -> tuple[Frame, bytes] | None:
        """Return all series, thinned, as one frame."""
        with self._guard:
            self._collect()
            if self.state == "empty" and len(self.metrics) == 0:
                return None
            tables = [("metrics", self._everything())]
            return self._stream.frame(tables, durable=True, progress=self._progress())

    def _rows(self, rows: list[tuple[str, int, float]]) -> Any:
        names = self._stream.strings
        table = [(names[name], step, value) for name, step, value in rows]
        return np.array(table, dtype=np.float64).reshape(-1, 3).T

    def _everything(self) -> Any:
        names = self._stream.strings
        parts = [
            np.stack([np.full(len(steps), float(names[name])), steps, values])
            for name, steps, values in self.metrics.thinned(_KEPT_POINTS)
        ]
        return np.concatenate(parts, axis=1) if parts else np.zeros((3, 0))

    def _progress(self) -> Progress:
        loop, rate = self._loop, self._rate.known
        pace = loop.clock.pace(loop.step)
        left = max(0, loop.total - loop.step)
        return {
            "state": loop.state,
            "step": loop.step,
            "total": loop.total,
            "epoch": loop.epoch,
            "epochs": loop.epochs,
            "rate": pace,
            "remaining": left / pace if loop.total and pace > 0 else -1,
            "elapsed": loop.clock.elapsed,
            "lr": -1 if rate is None else rate,
            "message": loop.message,
            "rateLocked": self._rate.locked,
        }

    # Text and pictures -------------------------------------------------------------------

    def summary(self) -> str:
        """Return one line: where the run stands, its pace and its latest values."""
        self._collect()
        progress = self._progress()
        if progress["state"] == "empty":
            return self.text("monitor.empty")
        parts = [self.text(f"monitor.state.{progress['state']}"), self._counted(progress)]
        if progress["rate"]:
            parts.append(self.text("monitor.rate", rate=f"{progress['rate']:.1f}"))
        if progress["remaining"] >= 0 and progress["state"] in {"running", "paused"}:
            parts.append(self.text("monitor.left", time=format_seconds(progress["remaining"])))
        parts += [f"{name} {value:.4g}" for name, value in self.metrics.latest().items()]
        if progress["message"]:
            parts.append(progress["message"])
        return " · ".join(parts)

    def _counted(self, progress: Progress) -> str:
        total = f"/{progress['total']}" if progress["total"] else ""
        counted = self.text("monitor.step", step=f"{progress['step']}{total}")
        if progress["epochs"] > 1:
            epoch = f"{progress['epoch']}/{progress['epochs']}"
            counted += " · " + self.text("monitor.epoch", epoch=epoch)
        return counted

    def figure(self) -> Figure | None:
        """Return the curves as a matplotlib figure."""
        from dlstudio.widgets import figures

        self._collect()
        if len(self.metrics) == 0:
            return None
        return figures.curves(self.metrics, self.text("monitor.axis"))

    def to_file(self, path: str | Path) -> Path:
        """Write the curves: ``.svg .png .pdf``, the live page ``.html``, the numbers ``.csv``."""
        path = Path(path)
        if path.suffix.lower() != ".csv":
            return super().to_file(path)
        lines = ["series,step,value"]
        for name, (steps, values) in self.history.items():
            pairs = zip(steps.tolist(), values.tolist(), strict=True)
            lines += [f"{name},{step:g},{value!r}" for step, value in pairs]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path
