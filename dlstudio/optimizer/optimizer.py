"""The optimizer interface: rates and decays per parameter, update counts, states, multi-precision.

An optimizer of dlstudio is a pure rule on arrays (`Optimizer.rule`) that changes a weight and its
states in place. Everything around it is written once here. Programs written for MXNet may instead
override `update` or, in the way of MXNet 2, `step`, which get NDArrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from dlstudio.core import sparse_kinds
from dlstudio.core.elsewhere import held_elsewhere
from dlstudio.errors import ParamError, ShapeError, explain, knows_its_names
from dlstudio.optimizer.rates import checked_rate, first_rate
from dlstudio.registry import Registry

__all__ = ["Optimizer", "create", "register"]

Array = Any
C = TypeVar("C", bound=type)
State = Any  # None, an NDArray, or a tuple of states


class Optimizer:
    """Base class of all optimizers.

    Parameters
    ----------
    rescale_grad : float
        Gradients are multiplied by it first; `Trainer.step(batch_size)` sets ``1 / batch_size``.
    param_idx2name : dict of int to str, optional
        Names of the parameters by index, for `lr_mult` and `wd_mult` by name.
    wd : float >= 0
        Weight decay (L2 penalty).
    clip_gradient : float > 0, optional
        Limit every gradient element to [-clip_gradient, clip_gradient].
    learning_rate : float, optional
        Default 0.01, or the schedule's `base_lr`.
    lr_scheduler : LRScheduler, optional
    sym : Symbol, optional
        Its ``__lr_mult__`` and ``__wd_mult__`` attributes are taken over.
    begin_num_update : int
        Number of updates done before.
    multi_precision : bool
        Keep a float32 copy of float16 weights and update that.
    param_dict : dict of int to Parameter, optional
        Their `lr_mult` and `wd_mult` apply.
    aggregate_num
        MXNet 2's, accepted and without effect: how updates are computed is decided here.
    use_fused_step : bool, optional
        Whether `update` calls a `fused_step` of a class of yours, not its `step`.

    Raises
    ------
    ParamError
        If `param_idx2name` or `lr_scheduler` is of another kind.
    """

    opt_registry: ClassVar[dict[str, type]] = {}
    lazy_update = False  # whether rows without a row-sparse gradient stay as they are

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = knows_its_names(cls.__init__)

    @knows_its_names
    def __init__(
        self,
        rescale_grad: float = 1.0,
        param_idx2name: dict[int, str] | None = None,
        wd: float = 0.0,
        clip_gradient: float | None = None,
        learning_rate: float | None = None,
        lr_scheduler: Any = None,
        sym: Any = None,
        begin_num_update: int = 0,
        multi_precision: bool = False,
        param_dict: dict[int, Any] | None = None,
        *,
        aggregate_num: int | None = None,
        use_fused_step: bool | None = None,
    ) -> None:
        del aggregate_num
        self.use_fused_step = use_fused_step
        self.rescale_grad = rescale_grad
        self.lr_scheduler = lr_scheduler
        self.lr = first_rate(type(self), learning_rate, lr_scheduler)
        self.wd = wd
        self.clip_gradient = clip_gradient
        self.multi_precision = multi_precision
        self.begin_num_update = begin_num_update
        self.num_update = begin_num_update
        self._all_index_update_counts: dict[int, dict[Any, int]] = {0: {}}
        self._index_update_count = self._all_index_update_counts[0]
        self.idx2name = _index_names(param_idx2name)
        self.sym_info = _symbol_attributes(sym)
        self.param_dict: Mapping[Any, Any] = param_dict or {}
        self.lr_mult: dict[Any, float] = {}
        self.wd_mult: dict[Any, float] = {}
        self.set_lr_mult({})
        self.set_wd_mult({})

    # ---- the rule ------------------------------------------------------------------------
    def create_state(self, index: Any, weight: Any) -> State:
        """Make the states for `weight`: None, an NDArray or a tuple of them."""
        return None

    def rule(
        self,
        xp: Any,
        weight: Array,
        grad: Array,
        states: tuple[Array, ...],
        lr: float,
        wd: float,
        t: int,
    ) -> None:
        """Update `weight` and `states` (bare arrays of one shape) in place.

        `lr` and `wd` are those of this parameter, `t` is its number of updates, this one included.
        """
        raise NotImplementedError(f"{type(self).__name__} must define rule(), update() or step().")

    def step(self, indices: Any, weights: Any, grads: Any, states: Any) -> None:
        """Update lists of weights and their states in place.

        MXNet 2's optimizers define this method; those of MXNet 1 define `update`.
        """
        for each in zip(indices, weights, grads, states, strict=True):
            self.update(*each)

    def fused_step(self, indices: Any, weights: Any, grads: Any, states: Any) -> None:
        """Update like `step`; MXNet 2's optimizers may define it with operators that do it all."""
        self.step(indices, weights, grads, states)

    def update(self, index: Any, weight: Any, grad: Any, state: State) -> None:
        """Update one weight (or a list of them) and its state in place.

        Parameters
        ----------
        index : int or list of int
        weight, grad : NDArray or list of NDArray
        state : as `create_state` made it, or a list
        """
        if isinstance(index, (tuple, list)):
            for each in zip(index, weight, grad, state, strict=True):
                self.update(*each)
            return
        fused = self.use_fused_step and type(self).fused_step is not Optimizer.fused_step
        if fused or type(self).step is not Optimizer.step:
            step = self.fused_step if fused else self.step
            step([index], [weight], [grad], [state])
            return
        if weight.shape != grad.shape:
            raise ShapeError(
                explain(
                    f"{type(self).__name__}: weight {index!r} has shape {weight.shape}, its"
                    f" gradient {grad.shape}.",
                    "one number of the gradient per number of the weight.",
                )
            )
        if weight.stype != "default" or grad.stype != "default":
            self._update_sparse(index, weight, grad, state)
            return
        self._update_count(index)
        arrays = _arrays(state)
        for tensor in (weight, *_tensors(state)):
            tensor._prepare_write()
        self.rule(
            weight.context.xp, weight._data, grad._data, arrays,
            self._get_lr(index), self._get_wd(index), self._index_update_count[index],
        )  # fmt: skip

    def _update_sparse(self, index: Any, weight: Any, grad: Any, state: State) -> None:
        """Update where weight or gradient is sparse; `lazy_update` touches the gradient's rows."""
        from dlstudio.optimizer.lazy import step

        self._update_count(index)
        step(
            self, weight, grad, state, self._get_lr(index), self._get_wd(index),
            self._index_update_count[index],
        )  # fmt: skip

    def _is_lazy(self, weight: Any) -> bool:
        """Whether a row-sparse gradient of `weight` touches its own rows only."""
        del weight
        return self.lazy_update

    def kernel(self) -> tuple[str, dict[str, float]] | None:
        """Name the operator whose kernel computes this rule for many weights, and its constants.

        None if there is none for these settings.
        """
        return None

    def kernel_rate(self, lr: float, t: int) -> float:
        """Learning rate as `kernel` wants it for update number `t`."""
        del t
        return lr

    def prepared(
        self, xp: Any, grad: Array, weight: Array, wd: float, *, clip_last: bool = False
    ) -> Array:
        """Rescaled and clipped gradient plus ``wd * weight``, in a new array.

        Most rules clip the data's gradient and then add the decay; some clip the sum.
        """
        g = grad * grad.dtype.type(self.rescale_grad)
        limit = self.clip_gradient
        if clip_last:
            g += wd * weight
        if limit is not None and limit > 0:
            xp.clip(g, -limit, limit, out=g)
        if wd and not clip_last:
            g += wd * weight
        return g

    # ---- multi-precision -----------------------------------------------------------------
    def create_state_multi_precision(self, index: Any, weight: Any) -> State:
        """States for `weight`; for float16 a float32 copy of the weight and its states."""
        if self.multi_precision and weight.dtype == np.float16:
            master = master_of(weight)
            return (master, self.create_state(index, master))
        return self.create_state(index, weight)

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: State) -> None:
        """Update float16 weights through their float32 copy; other weights as `update` does."""
        if isinstance(index, (tuple, list)):
            for each in zip(index, weight, grad, state, strict=True):
                self.update_multi_precision(*each)
            return
        if self.multi_precision and weight.dtype == np.float16:
            master, inner = self._split_master(state)
            self.update(index, master, master_of(grad), inner)
            narrowed = master.astype(weight.dtype)
            weight._overwrite(narrowed)
        else:
            self.update(index, weight, grad, state)

    def _split_master(self, state: State) -> tuple[Any, State]:
        return state

    # ---- rates and decays ----------------------------------------------------------------
    @property
    def learning_rate(self) -> float:
        """Rate of the next update before any `lr_mult`."""
        return self.lr if self.lr_scheduler is None else self.lr_scheduler(self.num_update)

    def set_learning_rate(self, lr: float) -> None:
        """Use `lr` from now on.

        Raises
        ------
        UserWarning
            If a schedule decides about the rate.
        ParamError
            If `lr` is no number.
        """
        if self.lr_scheduler is not None:
            raise UserWarning(
                explain(
                    "set_learning_rate() was called on an optimizer with a schedule.",
                    "either a schedule or rates set by hand.",
                    "optimizer.lr_scheduler.base_lr = ..., or an optimizer without lr_scheduler",
                )
            )
        self.lr = checked_rate(lr)

    def set_lr_mult(self, args_lr_mult: Mapping[Any, float]) -> None:
        """Multiply the rate of single parameters, given by index or name."""
        self.lr_mult = self._from_symbol("__lr_mult__")
        self.lr_mult.update(args_lr_mult)

    def set_wd_mult(self, args_wd_mult: Mapping[Any, float]) -> None:
        """Multiply the decay of single parameters, given by index or name.

        Parameters known by a name that ends in neither ``_weight`` nor ``_gamma`` are not decayed
        unless asked for here.
        """
        names = self.idx2name.values()
        self.wd_mult = {n: 0.0 for n in names if not n.endswith(("_weight", "_gamma"))}
        self.wd_mult.update(self._from_symbol("__wd_mult__"))
        self.wd_mult.update(args_wd_mult)

    def set_lr_scale(self, args_lrscale: Any) -> None:
        """MXNet's old name of `set_lr_mult`."""
        self.set_lr_mult(args_lrscale)

    def _from_symbol(self, key: str) -> dict[Any, float]:
        if not self.sym_info:
            return {}
        attributes, arguments = self.sym_info
        return {
            name: float(attributes[name][key])
            for name in arguments
            if key in attributes.get(name, {})
        }

    def _multiplier(self, index: Any, by_hand: Mapping[Any, float], attribute: str) -> float:
        if index in self.param_dict:
            return getattr(self.param_dict[index], attribute)
        if index in by_hand:
            return by_hand[index]
        return by_hand.get(self.idx2name.get(index), 1.0)

    def _get_lrs(self, indices: Sequence[Any]) -> list[float]:
        lr = self.learning_rate
        return [lr * self._multiplier(i, self.lr_mult, "lr_mult") for i in indices]

    def _get_lr(self, index: Any) -> float:
        return self._get_lrs([index])[0]

    def _get_wds(self, indices: Sequence[Any]) -> list[float]:
        return [self.wd * self._multiplier(i, self.wd_mult, "wd_mult") for i in indices]

    def _get_wd(self, index: Any) -> float:
        return self._get_wds([index])[0]

    # ---- update counts -------------------------------------------------------------------
    def _set_current_context(self, device_id: int) -> None:
        """Count updates per device, so that several devices see the same number."""
        counts = self._all_index_update_counts.setdefault(device_id, {})
        self._index_update_count = counts

    def _update_count(self, index: Any) -> None:
        for i in index if isinstance(index, (list, tuple)) else (index,):
            count = self._index_update_count.get(i, self.begin_num_update) + 1
            self._index_update_count[i] = count
            self.num_update = max(count, self.num_update)

    # ---- making by name ------------------------------------------------------------------
    @staticmethod
    def register(klass: type) -> type:
        """Make an optimizer class known by its lower-case name."""
        return register(klass)

    @staticmethod
    def create_optimizer(name: str, **kwargs: Any) -> Optimizer:
        """Make an optimizer by name; see `create`."""
        return create(name, **kwargs)


def _index_names(param_idx2name: Any) -> dict[Any, str]:
    if param_idx2name is None:
        return {}
    if not isinstance(param_idx2name, dict):
        raise ParamError(
            f"parameter param_idx2name must be a dict of indices to names. Got {param_idx2name!r}."
        )
    return param_idx2name.copy()


def _symbol_attributes(sym: Any) -> Any:
    if sym is None:
        return ()
    return sym.attr_dict(), sym.list_arguments()


def _tensors(state: State) -> list[Any]:
    if state is None:
        return []
    return [s for s in state if s is not None] if isinstance(state, (tuple, list)) else [state]


def _arrays(state: State) -> tuple[Array, ...]:
    if isinstance(state, (tuple, list)):
        return tuple(None if s is None else s._data for s in state)
    return () if state is None else (state._data,)


def zeros_like(weight: Any) -> Any:
    """Make a zeroed state of the weight's shape, dtype, device and storage."""
    if weight.stype != "default":
        return sparse_kinds.zeros(weight.stype, weight.shape, weight.context, weight.dtype)
    array = weight.context.backend.empty(weight.shape, weight._data.dtype)
    array.fill(0)
    return type(weight)._wrap(array, weight.context)


def master_of(weight: Any) -> Any:
    """Make the float32 copy of a float16 weight."""
    if weight.stype != "default":
        return weight.astype(np.float32)
    return type(weight)._wrap(weight._data.astype(np.float32), weight.context)


_REGISTRY = Registry("optimizer", Optimizer)
Optimizer.opt_registry = _REGISTRY.classes


def register(klass: C) -> C:
    """Make an optimizer class known by its lower-case name, for ``Trainer(..., "myoptimizer")``."""
    return _REGISTRY.register(klass)


def create(name: str | Optimizer, **kwargs: Any) -> Optimizer:
    """Optimizer by its name in any case, or as given.

    Raises
    ------
    ParamError
        If the name is unknown; the message lists those near to it.

    Examples
    --------
    >>> create("sgd", learning_rate=0.1, momentum=0.9).momentum
    0.9
    """
    return _REGISTRY.create(name, **kwargs)


__getattr__ = held_elsewhere(__name__, {}, "optimizer")  # MXNet keeps all of them here
