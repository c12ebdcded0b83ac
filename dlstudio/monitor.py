"""`Monitor`: a figure for every array of a network, at every so many batches."""

from __future__ import annotations

import logging
import math
import numbers
import re
from collections.abc import Callable
from typing import Any

from dlstudio.core.tensor import NDArray
from dlstudio.errors import ArgumentError, ParamError, explain

__all__ = ["Monitor"]

Entry = tuple[int, str, Any]


class Monitor:
    r"""Look at outputs, weights and states of executors while they train.

    Between `tic` and `toc` the executors report what every operator computed; at other batches
    they run as if nobody watched.

    Parameters
    ----------
    interval : int
        Batches from one look to the next.
    stat_func : function of NDArray to NDArray (or a list of them), optional
        The figure; by default :math:`\lVert x \rVert_2 / \sqrt{n}`, the size of a typical element.
    pattern : str
        Regular expression that a name must match from its beginning.
    sort : bool
        Sort by name instead of by time.
    monitor_all : bool
        Also what operators read.

    Examples
    --------
    >>> import dlstudio as mx
    >>> double = mx.sym.var("x") * 2
    >>> executor = double.bind(mx.cpu(), {"x": mx.nd.array([3.0, 4.0])})
    >>> monitor = mx.mon.Monitor(1, stat_func=lambda x: x.max(), pattern="x")
    >>> monitor.install(executor)
    >>> monitor.tic()
    >>> _ = executor.forward()
    >>> monitor.toc()
    [(1, 'x', '4.0\t')]
    """

    def __init__(
        self,
        interval: int,
        stat_func: Callable[[Any], Any] | None = None,
        pattern: str = ".*",
        sort: bool = False,
        monitor_all: bool = False,
    ) -> None:
        self.interval = _checked(interval)
        self.stat_func = stat_func or _typical_size
        self.sort = sort
        self.monitor_all = monitor_all
        self.re_pattern = re.compile(pattern)
        self.exes: list[Any] = []
        self.queue: list[Entry] = []
        self.step = 0
        self.activated = False

    def install(self, exe: Any) -> None:
        """Watch one more executor.

        Raises
        ------
        ArgumentError
            If it is none.
        """
        if not hasattr(exe, "set_monitor_callback"):
            raise ArgumentError(
                explain(
                    f"Monitor.install was given a {type(exe).__name__}.",
                    "an executor.",
                    "symbol.simple_bind(...), or mod.install_monitor(monitor) for a module",
                )
            )
        self.exes.append(exe)
        if self.activated:
            exe.set_monitor_callback(self._record, self.monitor_all)

    def uninstall(self, exe: Any) -> None:
        """Watch an executor no longer."""
        self.exes = [other for other in self.exes if other is not exe]
        exe.set_monitor_callback(None)

    def tic(self) -> None:
        """Begin a batch; call it before `forward`."""
        if self.step % self.interval == 0:
            self.queue, self.activated = [], True
            for exe in self.exes:
                exe.set_monitor_callback(self._record, self.monitor_all)
        self.step += 1

    def toc(self) -> list[tuple[int, str, str]]:
        """End a batch.

        Returns
        -------
        list of (step, name, figure as text)
            Empty if it was not this batch's turn.
        """
        if not self.activated:
            return []
        for exe in self.exes:
            exe.set_monitor_callback(None)
            for name, array in [*exe.arg_dict.items(), *exe.aux_dict.items()]:
                self._record(name, array)
        found, self.queue, self.activated = self.queue, [], False
        if self.sort:
            found.sort(key=lambda entry: entry[1])
        return [(step, name, _text(figure)) for step, name, figure in found]

    def toc_print(self) -> None:
        """End a batch and log what `toc` returns."""
        for step, name, text in self.toc():
            logging.info("Batch: %7d %30s %s", step, name, text)

    def _record(self, name: str, array: Any) -> None:
        if self.re_pattern.match(name):
            self.queue.append((self.step, name, self.stat_func(array)))


def _checked(interval: Any) -> int:
    if not isinstance(interval, numbers.Integral) or interval < 1:
        raise ParamError(
            explain(
                f"Monitor: parameter interval={interval!r}.",
                "batches from one look to the next, an integer >= 1.",
                "mx.mon.Monitor(100)",
            )
        )
    return int(interval)


def _typical_size(x: Any) -> Any:
    return x.norm() / math.sqrt(math.prod(x.shape))


def _text(figure: Any) -> str:
    figures = figure if isinstance(figure, (list, tuple)) else [figure]
    return "".join(f"{_number(x)}\t" for x in figures)


def _number(x: Any) -> Any:
    if not isinstance(x, NDArray):
        return x
    # str, since the format of a float32 would print it as the nearest float64
    return str(x.asscalar() if x.size == 1 else x.asnumpy())
