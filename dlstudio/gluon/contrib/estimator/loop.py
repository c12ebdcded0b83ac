"""The loop behind `Estimator.fit`: calls the handlers, knows where it stands, can go on there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from dlstudio.gluon.contrib.estimator import saved
from dlstudio.gluon.contrib.estimator.control import Gate
from dlstudio.gluon.contrib.estimator.events import (
    BatchBegin,
    BatchEnd,
    EpochBegin,
    EpochEnd,
    EventHandler,
    TrainBegin,
    TrainEnd,
    in_order,
)

if TYPE_CHECKING:
    from dlstudio.gluon.contrib.estimator.estimator import Estimator

__all__ = ["FitLoop", "call"]


def call(handlers: list[Any], kind: type, method: str, estimator: Any, **kw: Any) -> list[Any]:
    """Call `method` of all handlers of the event `kind`; return their answers."""
    return [getattr(h, method)(estimator, **kw) for h in handlers if isinstance(h, kind)]


class FitLoop:
    """One training, from the first batch or from a checkpoint.

    Attributes
    ----------
    epoch : int
        Epochs done.
    batch : int
        Batches done of the running epoch.
    """

    def __init__(self, estimator: Estimator, train_data: Any, handlers: list[Any]) -> None:
        self.estimator = estimator
        self.train_data = train_data
        self.handlers = in_order(handlers)
        self.gate = Gate(estimator.trainer.set_learning_rate)
        self.epoch = self.batch = 0
        self._running_epoch = False
        self._begin: dict[str, Any] = {}  # what the order of this epoch's batches came from
        self._cut: dict[str, Any] | None = None  # progress when an epoch was ended early
        self._resumed: dict[str, Any] | None = None

    # ---- running ---------------------------------------------------------------------------
    def run(self) -> None:
        """Train until a handler ends it; tell handlers of an error."""
        self.estimator._loop = self
        try:
            self._run()
        except BaseException as error:
            for handler in self.handlers:
                if isinstance(handler, EventHandler):
                    handler.training_failed(error)
            raise
        finally:
            self.estimator._loop = None

    def _run(self) -> None:
        call(self.handlers, TrainBegin, "train_begin", self.estimator)
        ended = self._resumed is not None and self._go_back()
        while not ended:
            ended = self._run_epoch()
        call(self.handlers, TrainEnd, "train_end", self.estimator)

    def _run_epoch(self) -> bool:
        self._cut = None
        call(self.handlers, EpochBegin, "epoch_begin", self.estimator)
        self._running_epoch = True
        stop = False
        for batch in self._batches():
            if self._run_batch(batch):
                # an epoch that is cut short is not over: its checkpoint goes on inside it
                self._cut, stop = self.progress(), True
                break
        self._running_epoch = False
        stop = any(call(self.handlers, EpochEnd, "epoch_end", self.estimator)) or stop
        self.epoch, self.batch = self.epoch + 1, 0
        return stop

    def _run_batch(self, batch: Any) -> bool:
        estimator = self.estimator
        call(self.handlers, BatchBegin, "batch_begin", estimator, batch=batch)
        processor = estimator.batch_processor
        _, label, pred, loss = processor.fit_batch(estimator, batch, estimator.batch_axis)
        self.batch += 1
        facts = {"batch": batch, "pred": pred, "label": label, "loss": loss}
        answers = call(self.handlers, BatchEnd, "batch_end", estimator, **facts)
        return any(answers) or not self.gate.passes()

    def _batches(self) -> Iterator[Any]:
        """Batches of this epoch, without those done before a checkpoint."""
        if self._resumed is None:
            self._begin = self._epoch_seed()
            yield from self.train_data
            return
        resumed, self._resumed = self._resumed, None
        self._begin = resumed["begin"]
        # The batches done already are read again and dropped: whatever the loader draws from
        # random generators, in this process or ahead of it, it draws as it did the first time.
        saved.set_random_state(self._begin["random"])
        _set_left_over(self.train_data, self._begin["left_over"])
        batches = iter(self.train_data)
        for _ in islice(batches, self.batch):
            pass
        self._put_back(resumed)
        yield from batches

    def _epoch_seed(self) -> dict[str, Any]:
        return {"random": saved.random_state(), "left_over": _left_over(self.train_data)}

    # ---- stopping here and going on later ----------------------------------------------------
    def progress(self) -> dict[str, Any]:
        """Everything but weights and optimizer states that the rest of the training depends on."""
        if self._cut is not None:
            return self._cut
        inside = self._running_epoch
        return {
            "epoch": self.epoch if inside else self.epoch + 1,
            "batch": self.batch if inside else 0,
            "begin": self._begin if inside else {"left_over": _left_over(self.train_data)},
            "random": saved.random_state(),
            "handlers": {
                name: saved.state_of(handler, handler.saved_fields)
                for name, handler in self._named_handlers()
            },
            "metrics": [saved.state_of(metric) for metric in self._metrics()],
        }

    def resume(self, progress: dict[str, Any]) -> None:
        """Go on from `progress`; called while training begins."""
        self._resumed = progress
        self.epoch, self.batch = progress["epoch"], progress["batch"]

    def _go_back(self) -> bool:
        """Take the saved state back; whether nothing is left to do."""
        resumed = self._resumed
        assert resumed is not None
        self._put_back(resumed)
        if self.batch == 0:
            _set_left_over(self.train_data, resumed["begin"]["left_over"])
            self._resumed = None
        return any(getattr(handler, "stop_training", False) for handler in self.handlers)

    def _put_back(self, progress: dict[str, Any]) -> None:
        for name, handler in self._named_handlers():
            if name in progress["handlers"]:
                saved.put_back(handler, progress["handlers"][name])
                handler.restored(self.estimator)
        for metric, state in zip(self._metrics(), progress["metrics"], strict=False):
            saved.put_back(metric, state)
        saved.set_random_state(progress["random"])

    def _metrics(self) -> list[Any]:
        return [*self.estimator.train_metrics, *self.estimator.val_metrics]

    def _named_handlers(self) -> Iterator[tuple[str, EventHandler]]:
        """Handlers with a state, by class name and a number among those of their class."""
        count: dict[str, int] = {}
        for handler in self.handlers:
            if isinstance(handler, EventHandler) and handler.saved_fields:
                kind = type(handler).__name__
                count[kind] = count.get(kind, -1) + 1
                yield f"{kind}{count[kind]}", handler


def _left_over(loader: Any) -> list[int]:
    """Samples that ``last_batch="rollover"`` keeps for the next epoch."""
    return [int(i) for i in getattr(loader._batch_sampler, "_left_over", ())]


def _set_left_over(loader: Any, left_over: list[int]) -> None:
    if hasattr(loader._batch_sampler, "_left_over"):
        loader._batch_sampler._left_over = list(left_over)
