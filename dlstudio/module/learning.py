"""How a module's parameters learn: optimizer, key-value store, and what must outlive a restart."""

from __future__ import annotations

import inspect
from time import perf_counter_ns
from typing import Any

from dlstudio import optimizer as optimizers
from dlstudio.interop.files import read_file, write_atomically
from dlstudio.module.executor_group import DataParallelExecutorGroup
from dlstudio.optimizer import Optimizer, Updater
from dlstudio.trace import bus

__all__ = ["Learning", "make_optimizer"]


def make_optimizer(
    given: Any, arguments: dict[str, Any], group: DataParallelExecutorGroup, symbol: Any,
    logger: Any, *, one_state_each: bool,
) -> Optimizer:  # fmt: skip
    """Optimizer by name or as given, told the names of the parameters.

    Parameters
    ----------
    given : str or Optimizer
    arguments : dict
        For an optimizer made by name; gradients are divided by the batch size if they say nothing.
    group : DataParallelExecutorGroup
    symbol : Symbol
        Has ``__lr_mult__`` and ``__wd_mult__`` of parameters.
    logger : logger
    one_state_each : bool
        One state per parameter, not one per parameter and device.
    """
    names = group.param_names
    devices = 1 if one_state_each else len(group.execs)
    by_index = {i * devices + k: n for i, n in enumerate(names) for k in range(devices)}
    scale = 1.0 / group.batch_size if group.batch_size else 1.0
    if isinstance(given, str):
        arguments.setdefault("rescale_grad", scale)
        return optimizers.create(given, sym=symbol, param_idx2name=by_index, **arguments)
    if given.rescale_grad != scale:
        logger.warning(
            "The optimizer has rescale_grad=%s; for a mean over the batch it would be %s.",
            given.rescale_grad, scale,
        )  # fmt: skip
    if not given.idx2name:
        given.idx2name = by_index.copy()
    return given


class Learning:
    """An optimizer at work on the parameters of executor groups that share them.

    Parameters
    ----------
    optimizer : Optimizer
    store : KVStore or None
        Adds up the gradients of the devices and runs the optimizer.
    group : DataParallelExecutorGroup
        The parameters as they are now.
    """

    def __init__(self, optimizer: Optimizer, store: Any, group: DataParallelExecutorGroup) -> None:
        self.optimizer, self.store = optimizer, store
        self.index = {name: i for i, name in enumerate(group.param_names)}
        self.updater = Updater(optimizer)
        if store is not None:
            parameters = group.execs[0].arg_dict
            for name in group.param_names:
                store.init(name, parameters[name])
            store.set_optimizer(optimizer)
            self.updater = store._updater

    def adopt(self, group: DataParallelExecutorGroup) -> None:
        """Go on from the parameters as they are now, set by somebody else."""
        if self.store is not None:
            parameters = group.execs[0].arg_dict
            for name in self.index:
                self.store._stored(name)._overwrite(parameters[name])

    def update(self, group: DataParallelExecutorGroup) -> None:
        """Change the parameters of `group` along their gradients."""
        weights = [exe.arg_dict for exe in group.execs]
        grads = [exe.grad_dict for exe in group.execs]
        names = [n for n in group.param_names if grads[0][n] is not None]
        if not names:
            return
        start = perf_counter_ns() if bus.subscribers else 0
        if self.store is not None:
            self.store.push(names, [[g[n] for g in grads] for n in names])
            targets = [[w[n] for w in weights] for n in names]
            # a store of a user's own may know nothing about sparse arrays
            some = any(weight.stype != "default" for each in targets for weight in each)
            self.store.pull(names, targets, **({"ignore_sparse": False} if some else {}))
        else:
            self._update_each(names, grads, weights)
        if bus.subscribers:
            self._tell(names, grads, weights, start)

    def _update_each(self, names: list[str], grads: Any, weights: Any) -> None:
        """Without a store every device learns by itself."""
        count = len(weights)
        for k in range(count):
            indices = [self.index[n] * count + k for n in names]
            if count > 1:
                self.optimizer._set_current_context(k)
            self.updater(indices, [grads[k][n] for n in names], [weights[k][n] for n in names])

    def _tell(self, names: list[str], grads: Any, weights: Any, start: int) -> None:
        from dlstudio.optimizer.watch import watched_update

        for gradients, parameters in zip(grads, weights, strict=True):
            places: dict[Any, list[str]] = {}
            for n in names:
                places.setdefault(parameters[n].context, []).append(n)
            for device, there in places.items():
                found = [gradients[n] for n in there], [parameters[n] for n in there]
                watched_update(self.optimizer, device, there, *found, start)

    def save(self, fname: Any) -> None:
        """Write states and counts."""
        write_atomically(fname, self.updater.get_states(dump_optimizer=True))

    def load(self, fname: Any) -> None:
        """Read states and counts; what the optimizer's constructor takes stays as it is."""
        optimizer, schedule = self.optimizer, self.optimizer.lr_scheduler
        taken = _constructor_names(type(optimizer))
        kept = {n: v for n, v in vars(optimizer).items() if n in taken}
        # schedules count from the beginning again, by the number of updates
        kept_schedule = dict(vars(schedule)) if schedule is not None else {}
        self.updater.set_states(read_file(fname))
        self._take_keys()
        vars(optimizer).update(kept)
        if schedule is not None:
            vars(schedule).update(kept_schedule)

    def _take_keys(self) -> None:
        """Let states saved with a store be used without one, and the other way round.

        A store knows parameters by name, a single device by number.
        """
        names = list(self.index)

        def key(given: Any) -> Any:
            if self.store is None:
                return self.index.get(given, given)
            return names[given] if isinstance(given, int) and given < len(names) else given

        updater, counts = self.updater, self.optimizer._all_index_update_counts
        for table in (updater.states, updater.states_synced, *counts.values()):
            entries = {key(k): value for k, value in table.items()}
            table.clear()
            table.update(entries)


def _constructor_names(kind: type) -> set[str]:
    """Attributes that hold constructor arguments of an optimizer class."""
    names = {"lr"}  # called learning_rate there
    for base in kind.__mro__[:-1]:
        if "__init__" in vars(base):
            names |= set(inspect.signature(base.__init__).parameters)
    return names
