"""The learning rate that the slider moves: a number of its own, or a trainer's."""

from __future__ import annotations

from typing import Protocol

from dlstudio.errors import ArgumentError, ParamError, explain

__all__ = ["Rate", "SupportsRate"]


class SupportsRate(Protocol):
    """What is needed of a `gluon.Trainer`."""

    @property
    def learning_rate(self) -> float:
        """The rate in force."""
        ...

    def set_learning_rate(self, lr: float) -> None:
        """Change the rate."""
        ...


class Rate:
    """A learning rate, or none.

    Parameters
    ----------
    value : float > 0, optional
    trainer : Trainer, optional
        Its rate is the one in force; `set` changes it there.
    """

    def __init__(self, value: float | None, trainer: SupportsRate | None) -> None:
        self.trainer = trainer
        self.locked = False  # a schedule sets the rate
        self._value = None if value is None else _checked(value)
        if value is not None:
            self.set(value)

    @property
    def known(self) -> float | None:
        """The rate in force, or None where there is none."""
        return self._value if self.trainer is None else float(self.trainer.learning_rate)

    def get(self) -> float:
        """Return the rate in force; raise where there is none."""
        rate = self.known
        if rate is None:
            raise ArgumentError(
                explain(
                    "TrainingMonitor.lr: this monitor has no learning rate.",
                    "a rate to start from.",
                    "TrainingMonitor(lr=0.1) or TrainingMonitor(trainer=trainer)",
                )
            )
        return rate

    def set(self, value: float) -> None:
        """Change the rate, in the trainer too."""
        self._value = _checked(value)
        if self.trainer is None:
            return
        try:
            self.trainer.set_learning_rate(self._value)
        except UserWarning:  # MXNet's way to say that a schedule decides
            self.locked = True


def _checked(rate: float) -> float:
    if rate > 0:
        return float(rate)
    raise ParamError(
        explain(f"TrainingMonitor: lr={rate!r}.", "a positive learning rate.", "lr=0.1")
    )
