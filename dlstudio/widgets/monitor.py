"""TrainingMonitor: metric lines while the cell runs, and controls that act while it runs."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from dlstudio.errors import ArgumentError, ParamError, explain
from dlstudio.widgets import kernel
from dlstudio.widgets.background import Run
from dlstudio.widgets.control import Control, stop_on_interrupt
from dlstudio.widgets.feed import Stream, pump
from dlstudio.widgets.progress import Clock, Metrics, number
from dlstudio.widgets.schema import Command, Frame, Progress, State
from dlstudio.widgets.text import format_seconds
from dlstudio.widgets.view import STATIC, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["TrainingMonitor"]

# Points of one series in a saved notebook, and after a page reload.
_KEPT_POINTS = 4_000
# Seconds between two lines of text where no browser shows the widget.
_TEXT_PAUSE = 5.0
# Seconds that a browser has to answer before text is written in its stead.
_PATIENCE = 2.0
# Seconds between two chances for the kernel's messages in an async cell.
_BREATH = 1 / 50


class SupportsRate(Protocol):
    """What the monitor needs of a `gluon.Trainer`."""

    @property
    def learning_rate(self) -> float:
        """The rate in force."""
        ...

    def set_learning_rate(self, lr: float) -> None:
        """Change the rate."""
        ...


class TrainingMonitor(View):
    """Watch and steer a training loop from the cell that runs it.

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
        self.trainer = trainer
        self.control = Control(self._set_rate, self._standing_changed)
        self.metrics = Metrics()
        self.state: State = "empty"
        self._message = ""
        self._rate = _checked_rate(lr)
        self._rate_locked = False
        self._clock = Clock()
        self._stream = Stream()
        self._waiting: deque[tuple[str, int, float]] = deque()
        self._step = self._position = self._total = self._epoch = self._epochs = 0
        self._session: ExitStack | None = None
        self._entered = False
        self._said: tuple[Any, ...] = ()
        self._next_text = 0.0
        super().__init__(locale=locale)
        if trainer is not None and lr is not None:
            self._set_rate(lr)
        pump.add(self)

    # Reading -----------------------------------------------------------------------------

    @property
    def lr(self) -> float:
        """The learning rate in force. Setting it acts at once, on the trainer too."""
        rate = self._current_rate()
        if rate is None:
            raise ArgumentError(
                explain(
                    "TrainingMonitor.lr: this monitor has no learning rate.",
                    "a rate to start from.",
                    "TrainingMonitor(lr=0.1) or TrainingMonitor(trainer=trainer)",
                )
            )
        return rate

    @lr.setter
    def lr(self, rate: float) -> None:
        self._set_rate(rate)

    @property
    def steps(self) -> int:
        """Steps done so far."""
        return self._step

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
        at = self._position
        for name, value in values.items():
            self._waiting.append((name, at, value if type(value) is float else number(value)))
        if self._session is None:
            self._untracked_step()

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

    # Loops -------------------------------------------------------------------------------

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
        self._open(loader, epochs, total)
        try:
            for epoch in range(epochs):
                self._epoch = epoch + 1
                for item in loader:
                    if not self._next_step(self.control.boundary()):
                        return
                    yield item
                    self._step += 1
        except GeneratorExit:  # the user's loop ended early, by break
            self._close("stopped")
            raise
        finally:
            self._finish()

    async def atrack(
        self, loader: Iterable[Any], *, epochs: int = 1, total: int = 0
    ) -> AsyncIterator[Any]:
        """As `track`, for ``async for``: needs no special kernel and works in every front-end."""
        self._open(loader, epochs, total)
        breath = time.perf_counter()
        try:
            for epoch in range(epochs):
                self._epoch = epoch + 1
                for item in loader:
                    if time.perf_counter() - breath > _BREATH:
                        await asyncio.sleep(0)
                        breath = time.perf_counter()
                    if not self._next_step(await self.control.boundary_async()):
                        return
                    yield item
                    self._step += 1
        except GeneratorExit:
            self._close("stopped")
            raise
        finally:
            self._finish()

    def run(self, train: Callable[..., Any], *args: Any, background: bool = True, **kw: Any) -> Run:
        """Run ``train(*args, **kw)``, which uses `track` and `log`, in a thread; return at once.

        Returns
        -------
        Run
            With `pause`, `resume`, `step`, `set`, `stop`, `wait`; it can be awaited.
        """
        self._show_once()
        return Run(self, lambda: train(*args, **kw)).start(background=background)

    def _open(self, loader: Iterable[Any], epochs: int, total: int) -> None:
        """Begin a loop: counters, controls, display, and the question who is watching."""
        if self._session is not None:
            self._close("stopped")
        length = total or _length(loader)
        self._total = self._step + length * epochs if length else 0
        self._epochs = epochs
        self._message = ""
        self._show_once()
        session = self._session = ExitStack()
        self.control.begin()
        session.callback(self.control.end)
        session.enter_context(stop_on_interrupt(self.control))
        session.callback(_on_cell_error(self._cell_failed))
        self._clock.start()
        self._enter_state("running")
        kernel.open_line(self)
        self.ping()
        self._next_text = time.monotonic() + _PATIENCE

    def _next_step(self, go_on: bool) -> bool:
        self._position = self._step + 1
        if time.monotonic() >= self._next_text:
            self._write_line()
        return go_on

    def _finish(self) -> None:
        self._close("stopped" if self.control.stopping else "done")

    def _close(self, state: State, message: str = "") -> None:
        """End the loop, if one is open, and store what is seen."""
        session, self._session = self._session, None
        if session is None:
            return
        session.close()
        self._clock.stop()
        self._message = message
        self._position = self._step
        self._enter_state(state)
        self._write_line(last=True)
        if not self._entered:
            self.refresh_still()

    def _cell_failed(self, error: BaseException) -> None:
        """Note that the cell of the loop raised; its generator is not told and just lies there."""
        if isinstance(error, KeyboardInterrupt):
            self._close("stopped")
        else:
            self._close("error", f"{type(error).__name__}: {error}")

    def _standing_changed(self) -> None:
        """Note that the loop began or ended to stand still; called in its thread."""
        if self.control.paused:
            self._clock.stop()
            self._enter_state("paused")
            self._keep_still()
        elif self._session is not None:
            self._clock.start()
            self._enter_state("running")

    def _untracked_step(self) -> None:
        """Count `log` calls as steps where the loop does not go through `track`."""
        if self.state != "running":
            self._show_once()
            self._clock.start()
            self._enter_state("running")
            self._next_text = time.monotonic() + _PATIENCE
        self._step += 1
        self._position = self._step
        if time.monotonic() >= self._next_text:
            self._write_line()

    def _enter_state(self, state: State) -> None:
        self.state = state
        pump.wake()

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
        self._entered = False
        if error is not None:
            self._cell_failed(error)
        elif self._session is not None:
            self._close("done")
        elif self.state == "running":  # logged without track
            self._clock.stop()
            self._enter_state("done")
        self.refresh_still()

    def close(self) -> None:
        """End the view; what it drew stays in the notebook."""
        pump.remove(self)
        super().close()

    # Learning rate -----------------------------------------------------------------------

    def _current_rate(self) -> float | None:
        return self._rate if self.trainer is None else float(self.trainer.learning_rate)

    def _set_rate(self, rate: float) -> None:
        self._rate = _checked_rate(rate)
        if self.trainer is None:
            return
        try:
            self.trainer.set_learning_rate(rate)
        except UserWarning:  # MXNet's way to say that a schedule decides
            self._rate_locked = True

    def command(self, message: Command) -> None:
        """Leave a browser's command for the next step boundary."""
        self.control.post(message)
        pump.wake()

    def applied(self) -> dict[str, int]:
        """Return, per browser client, the number of its last command that took effect."""
        return self.control.applied

    # Sending -----------------------------------------------------------------------------

    def _collect(self) -> list[tuple[str, int, float]]:
        """Move the waiting values into the history and return them."""
        with self._guard:
            rows = [self._waiting.popleft() for _ in range(len(self._waiting))]
            self.metrics.add(rows)
            return rows

    def flush(self) -> bool:
        """Send what was logged since the last time; called by the pump."""
        with self._guard:
            acknowledged = self._acknowledge()
            rows = self._collect()
            progress = self._progress()
            news = (progress["state"], progress["step"], progress["lr"], progress["message"])
            reset = self._take_reset()
            if not rows and not reset and news == self._said:
                return acknowledged
            self._said = news
            table = self._everything() if reset else self._rows(rows)
            frame, data = self._stream.frame([("metrics", table)], reset=reset, progress=progress)
            self.send(frame, [data])
            return True

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
        rate = self._current_rate()
        pace = self._clock.pace(self._step)
        left = max(0, self._total - self._step)
        return {
            "state": self.state,
            "step": self._step,
            "total": self._total,
            "epoch": self._epoch,
            "epochs": self._epochs,
            "rate": pace,
            "remaining": left / pace if self._total and pace > 0 else -1,
            "elapsed": self._clock.elapsed,
            "lr": -1 if rate is None else rate,
            "message": self._message,
            "rateLocked": self._rate_locked,
        }

    # Text and pictures --------------------------------------------------------------------

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

    def _write_line(self, *, last: bool = False) -> None:
        """Say in text what no browser shows: in place on a terminal, else a line now and then."""
        terminal = sys.stdout.isatty() and not kernel.in_kernel()
        self._next_text = time.monotonic() + (0.25 if terminal else _TEXT_PAUSE)
        if self.watched:
            return
        line = self.summary()
        if terminal:
            sys.stdout.write(f"\r\x1b[K{line}" + ("\n" if last else ""))
        else:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

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
            lines += [
                f"{name},{step:g},{value!r}"
                for step, value in zip(steps, values.tolist(), strict=True)
            ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def _show_once(self) -> None:
        if not self._displayed and kernel.in_kernel():
            self.show()


def _checked_rate(rate: float | None) -> float | None:
    if rate is None or rate > 0:
        return rate
    raise ParamError(
        explain(f"TrainingMonitor: lr={rate!r}.", "a positive learning rate.", "lr=0.1")
    )


def _length(loader: Iterable[Any]) -> int:
    try:
        return len(loader)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    except TypeError:
        return 0


def _on_cell_error(failed: Callable[[BaseException], None]) -> Callable[[], None]:
    """Call `failed` if the running cell raises; return what ends that.

    A generator does not learn that the body of its loop raised: Python only drops it, some time.
    """
    events = getattr(kernel.shell(), "events", None)
    if events is None:
        return lambda: None

    def after_cell(result: Any) -> None:
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            failed(error)

    events.register("post_run_cell", after_cell)
    return lambda: events.unregister("post_run_cell", after_cell)
