"""`CheckpointHandler`: files from which a training goes on as if it had never been killed."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any

from dlstudio.errors import FileFormatError, ParamError, explain
from dlstudio.gluon.contrib.estimator import saved
from dlstudio.gluon.contrib.estimator.events import BatchEnd, EpochEnd, TrainBegin
from dlstudio.gluon.contrib.estimator.utils import better_than, check_monitor
from dlstudio.interop.files import read_file, write_atomically

__all__ = ["CheckpointHandler"]

_PARTS = ("params", "states", "progress")


class CheckpointHandler(TrainBegin, BatchEnd, EpochEnd):
    """Saves the training now and then, and takes it up again.

    A checkpoint is ``PREFIX-epochEbatchB.params`` (weights), ``.states`` (optimizer) and
    ``.progress`` (random numbers, counters, metrics), ``B`` counting over all epochs. Each file
    appears whole or not at all, and the last one holds checksums of the others, so that a kill at
    any moment leaves the checkpoint before it usable. With `resume_from_checkpoint` the newest
    whole one is taken and the continuation is identical to an uninterrupted run, also from the
    middle of an epoch: batches that were done are read again and dropped.

    Parameters
    ----------
    model_dir : path
        Made if need be.
    model_prefix : str, default "model"
    monitor : EvalMetric, optional
        Which of the estimator's metrics decides about the best; needed with `save_best`.
    verbose : int, default 0
        Above 0, a line is logged for each checkpoint.
    save_best : bool, default False
        Also keep ``PREFIX-best.params`` and ``.states``, of the best `monitor` seen.
    mode : {"auto", "min", "max"}
        Which direction of `monitor` is better; "auto" goes by its name.
    epoch_period, batch_period : int or None
        Save every so many epochs (1 by default) and batches (not by default).
    max_checkpoints : int, default 5
        Older ones are removed.
    resume_from_checkpoint : bool, default False
        Go on from the newest checkpoint in `model_dir`, if there is one.

    Notes
    -----
    A loader with ``auto_reload=True`` draws the next epoch's order while this one runs: such a
    training goes on whole, but from there on with another order than without the interruption.

    Raises
    ------
    ParamError
        If `save_best` has no metric to monitor, or a period is not positive.
    """

    saved_fields = ("current_epoch", "current_batch", "best")
    _rank = 1

    def __init__(
        self,
        model_dir: Any,
        model_prefix: str = "model",
        monitor: Any = None,
        verbose: int = 0,
        save_best: bool = False,
        mode: str = "auto",
        epoch_period: int | None = 1,
        batch_period: int | None = None,
        max_checkpoints: int = 5,
        resume_from_checkpoint: bool = False,
    ) -> None:
        # after every other handler, so that what is saved is what the next batch will find
        self.priority = float("inf")
        self.model_dir = Path(model_dir)
        self.model_prefix = model_prefix
        self.monitor = monitor
        self.verbose = verbose
        self.save_best = save_best
        self.epoch_period, self.batch_period = epoch_period, batch_period
        self.max_checkpoints = max_checkpoints
        self.resume_from_checkpoint = resume_from_checkpoint
        self._check()
        self._is_better = better_than(mode, monitor) if save_best else None
        self.trained_epoch = self.trained_batch = -1
        self.saved_checkpoints: list[str] = []
        self._start()

    def _check(self) -> None:
        if self.save_best:
            check_monitor("CheckpointHandler(save_best=True)", self.monitor)
        numbers = {
            "epoch_period": self.epoch_period,
            "batch_period": self.batch_period,
            "max_checkpoints": self.max_checkpoints,
        }
        for name, number in numbers.items():
            if number is not None and number < 1:
                raise ParamError(
                    explain(f"CheckpointHandler: {name}={number}.", "a whole number from 1 on.")
                )

    def _start(self) -> None:
        self.current_epoch = self.current_batch = 0
        higher = self._is_better is not None and self._is_better(1, 0)
        self.best = -math.inf if higher else math.inf

    # ---- events ------------------------------------------------------------------------------
    def train_begin(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Make the folder; go on from the newest checkpoint if asked to."""
        self._start()
        self.saved_checkpoints = []
        self.trained_epoch = self.trained_batch = -1
        self.model_dir.mkdir(parents=True, exist_ok=True)
        if self.resume_from_checkpoint:
            self._resume(estimator)

    def batch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Save if the batch is due."""
        if self.current_batch == 0:
            self._save_symbol(estimator)
        self.current_batch += 1
        if self.batch_period and self.current_batch % self.batch_period == 0:
            self._save(estimator, self.current_epoch, self.current_batch - 1)

    def epoch_end(self, estimator: Any, *args: Any, **kwargs: Any) -> None:
        """Save if the epoch is due."""
        self.current_epoch += 1
        if self.epoch_period and self.current_epoch % self.epoch_period == 0:
            self._save(estimator, self.current_epoch - 1, self.current_batch)

    # ---- saving ------------------------------------------------------------------------------
    def _save_symbol(self, estimator: Any) -> None:
        net = estimator.net
        graph = getattr(net, "_graphs", {}).get(getattr(net, "_last_structure", None))
        if graph is not None:
            graph.symbol.save(str(self.model_dir / f"{self.model_prefix}-symbol.json"))
        else:
            estimator.logger.info(
                "Model architecture (symbol file) is not saved: use a HybridBlock and call"
                " net.hybridize() before fit() to have it in %s-symbol.json.",
                self.model_prefix,
            )

    def _save(self, estimator: Any, epoch: int, batch: int) -> None:
        name = f"{self.model_prefix}-epoch{epoch}batch{batch}"
        if self.save_best:
            self._save_best(estimator)
        # an older file of this name must not vouch for the new ones
        self._file(name, "progress").unlink(missing_ok=True)
        self._save_weights(estimator, name)
        write_atomically(self._file(name, "progress"), self._progress(estimator, name))
        if self.verbose > 0:
            estimator.logger.info(
                "[Epoch %d] CheckpointHandler: trained total %d batches, saving model at %s"
                " with prefix: %s",
                epoch,
                self.current_batch,
                self.model_dir,
                name,
            )
        self._drop_old(name)

    def _save_weights(self, estimator: Any, name: str) -> None:
        estimator.net.save_parameters(self._file(name, "params"))
        estimator.trainer.save_states(self._file(name, "states"))

    def _progress(self, estimator: Any, name: str) -> bytes:
        sums = {part: _checksum(self._file(name, part)) for part in ("params", "states")}
        return saved.dumps({"checksums": sums, "loop": estimator._loop.progress()})

    def _save_best(self, estimator: Any) -> None:
        name, value = self.monitor.get()
        assert self._is_better is not None
        if math.isnan(value):
            estimator.logger.warning(
                "Skipping save best: %s has no value yet. If it is one of val_metrics, it needs"
                " fit(val_data=...), which is evaluated before the checkpoint is saved.",
                name,
            )
        elif self._is_better(value, self.best):
            self.best = float(value)
            self._save_weights(estimator, f"{self.model_prefix}-best")
            if self.verbose > 0:
                estimator.logger.info("CheckpointHandler: new best %s: %.4f", name, value)

    def _drop_old(self, name: str) -> None:
        self.saved_checkpoints = [old for old in self.saved_checkpoints if old != name] + [name]
        while len(self.saved_checkpoints) > self.max_checkpoints:
            old = self.saved_checkpoints.pop(0)
            for part in reversed(_PARTS):
                self._file(old, part).unlink(missing_ok=True)

    def _file(self, name: str, part: str) -> Path:
        return self.model_dir / f"{name}.{part}"

    # ---- resuming ------------------------------------------------------------------------------
    def _resume(self, estimator: Any) -> None:
        self._sweep()
        found = self._found()
        self.saved_checkpoints = [name for _, _, name in found]
        for epoch, batch, name in reversed(found):
            progress = self._read(name)
            if progress is not None:
                self.trained_epoch, self.trained_batch = epoch, batch
                self._take(estimator, name, progress)
                return
        if found:
            estimator.logger.warning(
                "No checkpoint in %s is whole: training begins anew.", self.model_dir
            )
        else:
            estimator.logger.info("No checkpoint in %s yet: training begins anew.", self.model_dir)

    def _sweep(self) -> None:
        """Remove the unfinished files of a killed process (see `write_atomically`)."""
        for file in list(self.model_dir.iterdir()):
            if file.name.startswith(f".{self.model_prefix}-"):
                file.unlink(missing_ok=True)

    def _found(self) -> list[tuple[int, int, str]]:
        """Checkpoints in the folder, oldest first."""
        pattern = re.compile(rf"({re.escape(self.model_prefix)}-epoch(\d+)batch(\d+))\.params")
        matches = (pattern.fullmatch(file.name) for file in self.model_dir.iterdir())
        return sorted((int(m[2]), int(m[3]), m[1]) for m in matches if m)

    def _read(self, name: str) -> dict[str, Any] | None:
        """Progress of a checkpoint; None unless all its files are there and whole."""
        try:
            content = saved.loads(read_file(self._file(name, "progress")))
            sums = content["checksums"]
            if all(_checksum(self._file(name, part)) == sums[part] for part in sums):
                return content["loop"]
        except (FileFormatError, FileNotFoundError, KeyError):
            pass
        return None

    def _take(self, estimator: Any, name: str, progress: dict[str, Any]) -> None:
        estimator.net.load_parameters(self._file(name, "params"), ctx=estimator.context)
        estimator.trainer.load_states(self._file(name, "states"))
        estimator._loop.resume(progress)
        estimator.logger.info(
            "Loaded checkpoint %s, resuming from epoch %d, batch %d.",
            self.model_dir / name,
            progress["epoch"],
            progress["batch"],
        )


def _checksum(file: Path) -> str:
    return hashlib.sha256(read_file(file)).hexdigest()
