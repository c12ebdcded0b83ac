"""`Trainer`: applies an optimizer to a set of parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Real
from time import perf_counter_ns
from typing import Any

from dlstudio import optimizer as opt
from dlstudio.core.device import Device
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.core.late import unfinished, wait_for_gradients
from dlstudio.errors import GradError, ParamError, explain, knows_its_names
from dlstudio.gluon.parameter import Parameter, shape_is_known
from dlstudio.gluon.parameter_dict import ParameterDict
from dlstudio.gluon.storage import add_up
from dlstudio.interop.files import read_file, write_atomically
from dlstudio.kvstore import KVStore, KVStoreBase, create
from dlstudio.optimizer.compression import TwoBitCompression, compression_of
from dlstudio.trace import bus

__all__ = ["StaleGradientError", "Trainer"]


class StaleGradientError(GradError, UserWarning):
    """A step whose gradients no backward pass has written since the last step.

    Wrong: ``trainer.step(batch_size)`` before ``loss.backward()``
    Right: ``loss.backward()`` and then ``trainer.step(batch_size)``
    """


class Trainer:
    """Updates parameters from their gradients.

    Parameters
    ----------
    params : ParameterDict, dict or list of Parameter
        Usually ``net.collect_params()``. A dict is sorted by name, numbers in it by their
        value (MXNet sorts them as text: states saved for ``dense9_``, ``dense10_`` then do not fit
        ``dense10_``, ``dense11_``).
    optimizer : str or Optimizer
    optimizer_params : dict, optional
        Arguments of the optimizer: ``{"learning_rate": 0.1, "momentum": 0.9}``.
    kvstore : str or KVStoreBase or None
        Where gradients of several devices are added up: "local" and "device" do so in this process;
        for a store of one's own, its ``pushpull(index, gradients, out=gradients)`` does.
    compression_params : dict, optional
        ``{"type": "2bit", "threshold": 0.5}`` sends two bits of each number between devices.
    update_on_kvstore : bool, optional
        True forbids `allreduce_grads` and `update`, as the store would run the optimizer.

    Raises
    ------
    ParamError
        If `params` holds something else than parameters, or the store is unknown.
    InitError
        If a parameter was not initialized.

    Examples
    --------
    >>> import dlstudio as mx
    >>> net = mx.gluon.nn.Dense(1, in_units=2)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    >>> with mx.autograd.record():
    ...     loss = net(mx.nd.ones((4, 2))).sum()
    >>> loss.backward()
    >>> trainer.step(4)
    """

    @knows_its_names
    def __init__(
        self,
        params: Any,
        optimizer: Any,
        optimizer_params: dict[str, Any] | None = None,
        kvstore: Any = "device",
        compression_params: dict[str, Any] | None = None,
        update_on_kvstore: bool | None = None,
    ) -> None:
        self._params = _as_list(params)
        optimizer_params = _as_options(optimizer_params)
        self._scale = float(optimizer_params.get("rescale_grad", 1.0))
        self._contexts = self._check_contexts()
        self._param2idx = {p.name: i for i, p in enumerate(self._params)}
        self._kvstore = _as_store(kvstore)
        self._compression = self._make_compression(compression_params)
        self._update_on_kvstore = bool(update_on_kvstore)
        self._amp_loss_scaler: Any = None  # set by `amp.init_trainer`
        self._amp_original_scale = self._scale
        self._make_optimizer(optimizer, optimizer_params)

    def _make_compression(self, params: Any) -> TwoBitCompression | None:
        store = self._kvstore
        if params:
            return compression_of(params, "none" if store is None else store.type)
        return getattr(store, "_compression", None)

    def _check_contexts(self) -> list[Device]:
        contexts: list[Device] | None = None
        for parameter in self._params:
            places = list(parameter.list_ctx())
            if contexts is not None and contexts != places:
                raise ParamError(
                    explain(
                        f"All Parameters must be initialized on the same set of contexts, but"
                        f" Parameter {parameter.name} is initialized on {places} while previous"
                        f" Parameters are initialized on {contexts}.",
                        fix="net.collect_params().reset_ctx([...]), or one Trainer per set",
                    )
                )
            contexts = places
        return contexts or []

    def _make_optimizer(self, optimizer: Any, arguments: dict[str, Any]) -> None:
        by_index = dict(enumerate(self._params))
        if isinstance(optimizer, opt.Optimizer):
            if arguments:
                raise ParamError(
                    "optimizer_params must be None if optimizer is an Optimizer instance: it has"
                    f" its arguments already. Got {arguments}."
                )
            self._optimizer = optimizer
            self._optimizer.param_dict = by_index
        else:
            self._optimizer = opt.create(optimizer, param_dict=by_index, **arguments)
        # one updater per device: each keeps the states of its device's copies
        self._updaters = [opt.get_updater(self._optimizer) for _ in self._contexts]

    # ---- rates ---------------------------------------------------------------------------
    @property
    def optimizer(self) -> opt.Optimizer:
        """The optimizer."""
        return self._optimizer

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return self._optimizer.learning_rate

    def set_learning_rate(self, lr: float) -> None:
        """Use `lr` from the next step on.

        Raises
        ------
        UserWarning
            If the optimizer has a schedule.
        """
        self._optimizer.set_learning_rate(lr)

    # ---- steps ---------------------------------------------------------------------------
    def step(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """Add up the gradients of all devices and update the parameters.

        Parameters
        ----------
        batch_size : int
            Gradients are divided by it; 1 if the loss was averaged over the batch already.
        ignore_stale_grad : bool
            Leave parameters alone that no backward pass has reached; otherwise they raise.

        Raises
        ------
        StaleGradientError
            If a gradient is old; no parameter is changed then.
        """
        scale = self._scaled(batch_size)
        ready = self._ready(ignore_stale_grad)
        self._optimizer.rescale_grad = scale
        self._allreduce_grads()
        self._update(ready)

    def allreduce_grads(self) -> None:
        """Add up the gradients of all devices, for changing them before `update`.

        Raises
        ------
        ParamError
            If the Trainer was made with ``update_on_kvstore=True``.
        """
        self._refuse_on_kvstore("allreduce_grads")
        self._allreduce_grads()

    def update(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """Update the parameters after `allreduce_grads`; see `step`.

        Raises
        ------
        StaleGradientError
            If a gradient is old; no parameter is changed then.
        ParamError
            If the Trainer was made with ``update_on_kvstore=True``.
        """
        self._refuse_on_kvstore("update")
        scale = self._scaled(batch_size)
        ready = self._ready(ignore_stale_grad)
        self._optimizer.rescale_grad = scale
        self._update(ready)

    def _refuse_on_kvstore(self, method: str) -> None:
        if self._update_on_kvstore:
            raise ParamError(
                f"{method}() when parameters are updated on kvstore is not supported. Try setting"
                " `update_on_kvstore` to False when creating trainer."
            )

    def _scaled(self, batch_size: float) -> float:
        if not isinstance(batch_size, Real) or not batch_size > 0:
            raise ParamError(f"Trainer.step: parameter batch_size must be > 0. Got {batch_size!r}.")
        return self._scale / batch_size

    def _ready(self, ignore: bool) -> list[tuple[list[int], list[Any]]]:
        """Indices and arrays to update, per device; refuse stale gradients, or leave them out."""
        if unfinished:
            wait_for_gradients()
        found: list[tuple[list[int], list[Any]]] = [([], []) for _ in self._contexts]
        for i, parameter in enumerate(self._params):
            if parameter._grad_req == "null":
                continue
            tensors = parameter._tensors()
            if len(tensors) != len(found) or any(d not in tensors for d in self._contexts):
                raise _moved(parameter, self._contexts)
            for (indices, weights), tensor in zip(found, tensors.values(), strict=True):
                if tensor._entry.fresh:
                    indices.append(i)
                    weights.append(tensor)
                elif not ignore:
                    raise _stale(parameter, tensor.context)
        return found

    def _allreduce_grads(self) -> None:
        if len(self._contexts) < 2:
            return
        for number, parameter in enumerate(self._params):
            if parameter._grad_req != "null":
                self._add_up(number, parameter.list_grad())

    def _add_up(self, number: int, grads: list[Any]) -> None:
        """Give all devices the sum of one parameter's gradients."""
        if self._kvstore is not None and not isinstance(self._kvstore, KVStore):
            self._kvstore.pushpull(number, grads, out=grads, priority=-number)
            return
        if self._compression is not None:
            for place, grad in enumerate(grads):
                grad._overwrite(self._compression((number, place), grad))
        if grads[0].stype != "default":
            add_up(grads)
            return
        total = grads[0]._data.copy()
        home = grads[0].context
        for grad in grads[1:]:
            total += grad.detach().as_in_context(home)._data
        summed = type(grads[0])._wrap(total, home)
        for grad in grads:
            grad._overwrite(summed)

    def _update(self, ready: list[tuple[list[int], list[Any]]]) -> None:
        if self._amp_loss_scaler is not None and self._skips(ready):
            return
        for number, (indices, weights) in enumerate(ready):
            if not indices:
                continue
            if len(self._contexts) > 1:
                self._optimizer._set_current_context(number)
            leaves = [tensor._entry for tensor in weights]
            self._run(self._updaters[number], self._contexts[number], indices, leaves, weights)
            for leaf in leaves:
                leaf.fresh = False

    def _skips(self, ready: list[tuple[list[int], list[Any]]]) -> bool:
        """Whether scaled gradients overflowed: they are dropped, and the next scale is smaller."""
        leaves = [tensor._entry for _, weights in ready for tensor in weights]
        overflow = self._amp_loss_scaler.has_overflow([leaf.grad for leaf in leaves])
        if overflow:
            for leaf in leaves:
                leaf.fresh = False
        return overflow

    def _run(
        self, updater: opt.Updater, device: Device, indices: list[int], leaves: Any, weights: Any
    ) -> None:
        grads = [leaf.grad for leaf in leaves]
        if not bus.subscribers:
            updater(indices, grads, weights)
            return
        from dlstudio.optimizer.watch import watched_update

        names = [self._params[i].name for i in indices]
        start = perf_counter_ns()
        updater(indices, grads, weights)
        watched_update(self._optimizer, device, names, grads, weights, start)

    # ---- files ---------------------------------------------------------------------------
    def save_states(self, fname: Any) -> None:
        """Write the optimizer's states and counters to a file, atomically.

        Parameters
        ----------
        fname : path
        """
        write_atomically(fname, self._updaters[0].get_states(dump_optimizer=True))

    def load_states(self, fname: Any) -> None:
        """Read what `save_states` wrote: training goes on as if it had not been interrupted.

        Parameters
        ----------
        fname : path

        Raises
        ------
        FileFormatError
            If the file is damaged, of another optimizer or other parameters; nothing changes then.
        """
        states = read_file(fname)
        shapes = {i: tuple(p.shape) for i, p in enumerate(self._params) if shape_is_known(p.shape)}
        for updater in self._updaters:
            updater.set_states(states, shapes)


def _as_options(given: Any) -> dict[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise ParamError(
            explain(
                f"Trainer: optimizer_params is a {type(given).__name__}.",
                "a dict of the optimizer's parameters.",
                'Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})',
            )
        )
    return dict(given or {})


def _as_store(given: Any) -> KVStoreBase | None:
    if given is None or isinstance(given, KVStoreBase):
        return given
    if isinstance(given, str):
        return create(given)
    raise ParamError(
        explain(
            f"Trainer: kvstore is a {type(given).__name__}.",
            "the name of a store, a mx.kv.KVStoreBase, or None.",
            'Trainer(net.collect_params(), "sgd", kvstore="device")',
        )
    )


def _as_list(params: Any) -> list[Parameter]:
    if isinstance(params, (dict, ParameterDict)):
        params = [params[name] for name in sorted(params.keys(), key=_counted)]
    if not isinstance(params, (list, tuple)):
        raise ParamError(
            "First argument must be a list or dict of Parameters, got"
            f" {type(params)}. Fix: Trainer(net.collect_params(), ...)"
        )
    for parameter in params:
        if not isinstance(parameter, Parameter):
            raise ParamError(
                "First argument must be a list or dict of Parameters, got list of"
                f" {type(parameter)}. Fix: Trainer(net.collect_params(), ...)"
            )
    return list(params)


def _counted(name: str) -> list[str | int]:
    """Sort ``dense9_`` before ``dense10_``, so that a network made again has the same order."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _moved(parameter: Parameter, contexts: list[Device]) -> ParamError:
    return ParamError(
        explain(
            f"Parameter {parameter.name} is on {parameter.list_ctx()}; it was on {contexts} when"
            " the Trainer was made.",
            "parameters that stay on their devices, where the optimizer's states are too.",
            "make a new gluon.Trainer after reset_ctx()",
        )
    )


def _stale(parameter: Parameter, device: Device) -> StaleGradientError:
    return StaleGradientError(
        explain(
            f"Gradient of Parameter `{parameter.name}` on context {device} has not been updated by"
            " backward since last `step`.",
            "loss.backward() before every trainer.step(). This could mean a bug in your model that"
            " made it only use a subset of the Parameters (Blocks) for this iteration.",
            "call loss.backward() first; if you are intentionally only using a subset, call step"
            " with ignore_stale_grad=True",
        )
    )


__getattr__ = held_elsewhere(__name__)  # what MXNet's module of this name has besides
